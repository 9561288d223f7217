//! What an answer says, as far as the cases look at it.

use crate::contract::raw::{Presence, RawResult};
use crate::contract::{
    Failure, Operation, OperationInfo, OperationResult as _, Verdict, dispatch, first_line,
};
use crate::http::HttpResponse;
use crate::secret::Mask;
use crate::soap::{Binding, DecodeError, Fault};

/// An answer as it was understood.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// A result of the operation that was asked.
    Result(RawResult),
    Fault(Box<Fault>),
    /// Not an answer that the help desk could read: a page, something malformed.
    Unreadable(String),
    /// None came, or none that is HTTP.
    Silence(String),
}

/// What answers are compared by: nobody promises the same values twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gist {
    success: bool,
    message: Option<String>,
    /// The keys of the output variables.
    keys: Vec<String>,
    /// The names of the custom fields.
    items: Vec<String>,
}

impl Reading {
    pub(super) fn of(
        binding: &Binding,
        operation: &'static str,
        response: &HttpResponse,
        mask: &Mask,
    ) -> Self {
        match binding.decode_raw_response(operation, response, &Mask::default()) {
            Ok(Presence::Value(result)) => Self::Result(result),
            Ok(_) => {
                let info = OperationInfo::named(operation);
                let typed = info.and_then(|info| verdict(info, binding, response, mask).err());
                Self::Unreadable(typed.unwrap_or_else(|| "the result is null".to_owned()))
            }
            Err(_) => match binding.decode_raw_response(operation, response, mask) {
                Err(DecodeError::Fault(fault)) => Self::Fault(fault),
                Err(error) => Self::Unreadable(error.to_string()),
                Ok(_) => Self::Unreadable("it cannot be read".to_owned()),
            },
        }
    }

    pub(super) fn result(&self) -> Option<&RawResult> {
        match self {
            Self::Result(result) => Some(result),
            _ => None,
        }
    }

    pub(super) fn gist(&self) -> Option<Gist> {
        let result = self.result()?;
        let keys = outputs(result).into_iter().map(|(key, _)| key.to_owned()).collect();
        let items = result.custom_field_data_items.as_ref().value();
        let items = items.into_iter().flatten().flatten();
        Some(Gist {
            success: result.success,
            message: result.message.as_ref().value().map(|message| first_line(message).to_owned()),
            keys,
            items: items
                .filter_map(|item| item.custom_field_name.as_ref().value().cloned())
                .collect(),
        })
    }

    /// Is it what a wrong web service password is answered with?
    pub(super) fn is_denial(&self) -> bool {
        self.result().is_some_and(|result| {
            let message = result.message.as_ref().value();
            !result.success && message.is_some_and(|m| m == Failure::PERMISSION_DENIED)
        })
    }

    /// In a few words, passwords masked.
    pub(super) fn words(&self, mask: &Mask) -> String {
        match self {
            Self::Result(result) => {
                let message = match &result.message {
                    Presence::Value(message) => format!("\"{}\"", mask.apply(first_line(message))),
                    _ => "no message".to_owned(),
                };
                let outputs: Vec<String> = outputs(result)
                    .into_iter()
                    .take(4)
                    .map(|(key, value)| mask.apply(&format!("{key}={value:.40}")))
                    .collect();
                format!("Success={}, {message}, outputs [{}]", result.success, outputs.join(", "))
            }
            Self::Fault(fault) => fault.to_string(),
            Self::Unreadable(text) | Self::Silence(text) => text.clone(),
        }
    }
}

impl Gist {
    /// The same but for the message, which may hold a time or a number.
    pub(super) fn is_nearly(&self, other: &Self) -> bool {
        let Self { success, keys, items, .. } = other;
        (self.success, &self.keys, &self.items) == (*success, keys, items)
    }
}

/// All texts of a result: message, outputs, names and options of fields.
pub(super) fn texts(result: &RawResult) -> Vec<&str> {
    let outputs = result.output_variables.as_ref().value();
    let outputs = outputs.into_iter().flat_map(|list| list.0.iter().flatten());
    let items = result.custom_field_data_items.as_ref().value();
    let items = items.into_iter().flatten().flatten().flat_map(|item| {
        let options = item.list_options.as_ref().value();
        let options = options.into_iter().flat_map(|list| list.0.iter().flatten());
        options.chain(item.custom_field_name.as_ref().value())
    });
    let message = result.message.as_ref().value();
    message.into_iter().chain(outputs).chain(items).map(String::as_str).collect()
}

/// The output variables as the legacy reader takes them apart (wsdl/CONTRACT.md, section 3).
pub(super) fn outputs(result: &RawResult) -> Vec<(&str, &str)> {
    let list = result.output_variables.as_ref().value();
    let entries = list.into_iter().flat_map(|list| list.0.iter().flatten());
    entries.map(|entry| entry.split_once('=').unwrap_or((entry, ""))).collect()
}

/// What the answer to an operation comes down to; `None` where it declines (`Success=false`). The error
/// says what the help desk could not read.
pub(super) fn verdict(
    info: &OperationInfo,
    binding: &Binding,
    response: &HttpResponse,
    mask: &Mask,
) -> Result<Option<Verdict>, String> {
    let read = dispatch!(info, T => typed::<T>(binding, response, mask));
    read.unwrap_or_else(|| Err(format!("{} is not an operation of the contract", info.name)))
}

fn typed<T: Operation>(
    binding: &Binding,
    response: &HttpResponse,
    mask: &Mask,
) -> Result<Option<Verdict>, String> {
    match binding.decode_response::<T>(response, mask) {
        Ok(Ok(answer)) => Ok(Some(answer.result.verdict())),
        Ok(Err(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
