//! Messages as .NET writes them (wsdl/CONTRACT.md, section 5; wsdl/ASMX.md, section 3): one line,
//! no byte order mark, no indentation.

mod elements;
mod items;
mod variables;

use super::Binding;
use super::error::EncodeError;
use super::version::opening;
use crate::contract::raw::{Presence, RawInputs, RawResult};
use crate::contract::{
    AUTH_PASSWORD, Absent, Answer, Failure, Operation, OperationInfo, OperationResult as _, Sink,
};
use crate::secret::Secret;
use crate::xml::Writer;

use elements::{write_list, write_presence, write_string};
use items::{item_size, write_change, write_items, write_raw_item};
use variables::{ListWriter, Reserved, Size};

macro_rules! epilogue {
    () => {
        "</soap:Body></soap:Envelope>"
    };
}

/// What follows the operation's name in the tags of the wrapper element. Markup is written in pieces as
/// large as they can be: in a small message, their number is what writing costs.
struct Wrapper {
    /// In the start tag, up to the namespace.
    start: &'static str,
    /// In the end tag, with all that follows.
    end: &'static str,
}

const REQUEST: Wrapper = Wrapper { start: " xmlns=\"", end: concat!(">", epilogue!()) };
const ANSWER: Wrapper =
    Wrapper { start: "Response xmlns=\"", end: concat!("Response>", epilogue!()) };

impl Binding {
    /// The body of a typed request, in one allocation unless much of it must be escaped.
    pub(super) fn write_request<T: Operation>(
        &self,
        password: Option<&Secret>,
        request: &T,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut size = Size::new(self.absent());
        request.write_inputs(&mut size);
        let capacity =
            self.overhead(T::NAME) + size.bytes + password.map_or(0, |p| p.expose().len());
        let mut w = Writer::with_capacity(capacity);
        self.open_wrapper(&mut w, T::NAME, &REQUEST)?;
        w.raw("\"><inputs><InputVariables");
        let reserved = Reserved(Some(OperationInfo::of::<T>()));
        let mut list = ListWriter::new(&mut w, T::NAME, reserved, self.absent());
        if let Some(password) = password {
            list.put(AUTH_PASSWORD, password.expose());
        }
        request.write_inputs(&mut list);
        list.finish(" />", "</string></InputVariables>")?;
        w.raw("</inputs></");
        Ok(self.end(w, T::NAME, &REQUEST))
    }

    /// The body of a raw request.
    pub(super) fn write_raw_request(
        &self,
        operation: &'static str,
        inputs: &Presence<RawInputs>,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut w = Writer::default();
        let list = |w: &mut Writer, inputs: &RawInputs| {
            write_list(w, "InputVariables", &inputs.input_variables)
        };
        write_presence(
            &mut w,
            "inputs",
            inputs.as_ref(),
            |inputs| !matches!(inputs.input_variables, Presence::Absent),
            list,
        )
        .map_err(|error| EncodeError::character(operation, error))?;
        self.wrap(operation, &REQUEST, w)
    }

    /// The body of a typed answer.
    pub(crate) fn write_answer<T: Operation>(
        &self,
        answer: &Answer<T::Result>,
    ) -> Result<Vec<u8>, EncodeError> {
        let items = answer.result.items();
        let mut size = Size::new(Absent::Omit);
        T::write_outputs(&answer.result, &mut size);
        size.put_all(&answer.other);
        let items_size: usize = items.iter().copied().flatten().map(item_size).sum();
        let message = answer.message.as_deref();
        let capacity =
            self.overhead(T::NAME) + message.map_or(0, str::len) + size.bytes + items_size;
        let mut w = Writer::with_capacity(capacity);
        self.open_result(&mut w, T::NAME, true, message)?;
        let mut list = ListWriter::new(&mut w, T::NAME, Reserved(None), Absent::Omit);
        T::write_outputs(&answer.result, &mut list);
        list.put_all(&answer.other);
        list.finish(" />", "</string></OutputVariables>")?;
        if let Some(items) = items {
            write_items(&mut w, items, write_change)
                .map_err(|error| EncodeError::character(T::NAME, error))?;
        }
        Ok(self.close_result(w, T::NAME))
    }

    /// The body of a failure. Its outputs are an empty list when there are none (wsdl/SAMPLE.md),
    /// and so are the custom field items.
    pub(crate) fn write_failure<T: Operation>(
        &self,
        failure: &Failure,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut w = Writer::with_capacity(self.overhead(T::NAME));
        self.open_result(&mut w, T::NAME, false, failure.message.as_deref())?;
        let mut list = ListWriter::new(&mut w, T::NAME, Reserved(None), Absent::Omit);
        list.put_all(&failure.outputs);
        list.finish(" />", "</string></OutputVariables>")?;
        if T::KIND.has_items() {
            w.raw("<CustomFieldDataItems />");
        }
        Ok(self.close_result(w, T::NAME))
    }

    /// The body of a raw answer, with an empty writer that knows what to do with illegal characters.
    pub(crate) fn write_raw_result(
        &self,
        operation: &'static str,
        result: &Presence<RawResult>,
        mut w: Writer,
    ) -> Result<Vec<u8>, EncodeError> {
        write_presence(
            &mut w,
            &format!("{}Result", self.wire_name(operation)),
            result.as_ref(),
            |_| true,
            |w, r| {
                w.raw("<Success>");
                w.raw(if r.success { "true" } else { "false" });
                w.raw("</Success>");
                write_string(w, "Message", &r.message)?;
                write_list(w, "OutputVariables", &r.output_variables)?;
                write_presence(
                    w,
                    "CustomFieldDataItems",
                    r.custom_field_data_items.as_ref(),
                    |items| !items.is_empty(),
                    |w, items| items.iter().try_for_each(|item| write_raw_item(w, item.as_ref())),
                )
            },
        )
        .map_err(|error| EncodeError::character(operation, error))?;
        self.wrap(operation, &ANSWER, w)
    }

    /// What the markup around the variables takes, an answer's (the longer) at most.
    fn overhead(&self, operation: &str) -> usize {
        /// All of it but the names of operation and namespace.
        const FIXED: &str = concat!(
            "Response xmlns=\"\"><Result><Success>false</Success><Message></Message>",
            "<OutputVariables></OutputVariables><CustomFieldDataItems></CustomFieldDataItems>",
            "</Result></Response>",
            epilogue!()
        );
        opening(self.version()).len()
            + FIXED.len()
            + self.escaped.as_ref().map_or(0, String::len)
            + 4 * self.wire_name(operation).len()
    }

    /// The wrapper's start tag, up to the quote that closes its namespace.
    fn open_wrapper(
        &self,
        w: &mut Writer,
        operation: &'static str,
        wrapper: &Wrapper,
    ) -> Result<(), EncodeError> {
        let namespace = self.escaped.as_ref().ok_or(EncodeError::Namespace { operation })?;
        w.raw(opening(self.version()));
        w.raw(self.wire_name(operation));
        w.raw(wrapper.start);
        w.raw(namespace);
        Ok(())
    }

    /// The wrapper's end tag, whose first two characters are written, and the end.
    fn end(&self, mut w: Writer, operation: &str, wrapper: &Wrapper) -> Vec<u8> {
        w.raw(self.wire_name(operation));
        w.raw(wrapper.end);
        w.into_bytes()
    }

    /// All of an answer up to the variables, whose start tag is left open.
    fn open_result(
        &self,
        w: &mut Writer,
        operation: &'static str,
        success: bool,
        message: Option<&str>,
    ) -> Result<(), EncodeError> {
        self.open_wrapper(w, operation, &ANSWER)?;
        w.raw("\"><");
        w.raw(self.wire_name(operation));
        match success {
            true => w.raw("Result><Success>true</Success>"),
            false => w.raw("Result><Success>false</Success>"),
        }
        match message {
            None => w.raw("<OutputVariables"),
            Some("") => w.raw("<Message /><OutputVariables"),
            Some(message) => {
                w.raw("<Message>");
                w.text(message).map_err(|error| EncodeError::character(operation, error.into()))?;
                w.raw("</Message><OutputVariables");
            }
        }
        Ok(())
    }

    fn close_result(&self, mut w: Writer, operation: &str) -> Vec<u8> {
        w.raw("</");
        w.raw(self.wire_name(operation));
        w.raw("Result></");
        self.end(w, operation, &ANSWER)
    }

    /// Puts the wrapper element around its content; an empty one is `<Op xmlns="…" />`.
    fn wrap(
        &self,
        operation: &'static str,
        wrapper: &Wrapper,
        content: Writer,
    ) -> Result<Vec<u8>, EncodeError> {
        let content = content.into_string();
        let mut w = Writer::with_capacity(self.overhead(operation) + content.len());
        self.open_wrapper(&mut w, operation, wrapper)?;
        if content.is_empty() {
            w.raw(concat!("\" />", epilogue!()));
            return Ok(w.into_bytes());
        }
        w.raw("\">");
        w.raw(&content);
        w.raw("</");
        Ok(self.end(w, operation, wrapper))
    }
}
