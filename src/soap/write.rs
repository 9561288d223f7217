//! Messages as .NET writes them (wsdl/CONTRACT.md, section 5; wsdl/ASMX.md, section 3): one line,
//! no byte order mark, no indentation.

mod elements;
mod items;
mod variables;

use super::Binding;
use super::error::EncodeError;
use super::version::prologue;
use crate::contract::raw::{Presence, RawInputs, RawResult};
use crate::contract::{
    AUTH_PASSWORD, Absent, Answer, Failure, Operation, OperationInfo, OperationResult as _, Sink,
};
use crate::secret::Secret;
use crate::xml::Writer;

use elements::{write_list, write_presence, write_string};
use items::{item_size, write_change, write_items, write_raw_item};
use variables::{ListWriter, Reserved, Size};

const EPILOGUE: &str = "</soap:Body></soap:Envelope>";

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
        let mut w = self.begin(T::NAME, "", capacity)?;
        w.raw("<inputs><InputVariables");
        let reserved = Reserved(Some(OperationInfo::of::<T>()));
        let mut list = ListWriter::new(&mut w, T::NAME, reserved, self.absent());
        if let Some(password) = password {
            list.put(AUTH_PASSWORD, password.expose());
        }
        request.write_inputs(&mut list);
        list.finish("InputVariables")?;
        w.raw("</inputs>");
        Ok(self.end(w, T::NAME, ""))
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
        self.wrap(operation, "", w)
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
        let mut w = self.begin(T::NAME, "Response", capacity)?;
        self.open_result(&mut w, T::NAME, true, message)?;
        w.raw("<OutputVariables");
        let mut list = ListWriter::new(&mut w, T::NAME, Reserved(None), Absent::Omit);
        T::write_outputs(&answer.result, &mut list);
        list.put_all(&answer.other);
        list.finish("OutputVariables")?;
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
        let mut w = self.begin(T::NAME, "Response", self.overhead(T::NAME))?;
        self.open_result(&mut w, T::NAME, false, failure.message.as_deref())?;
        w.raw("<OutputVariables");
        let mut list = ListWriter::new(&mut w, T::NAME, Reserved(None), Absent::Omit);
        list.put_all(&failure.outputs);
        list.finish("OutputVariables")?;
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
        self.wrap(operation, "Response", w)
    }

    /// What the markup around the variables takes, an answer's (the longer) at most.
    fn overhead(&self, operation: &str) -> usize {
        /// All of it but the names of operation and namespace.
        const FIXED: &str = "<soap:Body><Response xmlns=\"\"><Result><Success>false</Success>\
            <Message></Message><OutputVariables></OutputVariables><CustomFieldDataItems>\
            </CustomFieldDataItems></Result></Response>";
        prologue(self.version()).len()
            + FIXED.len()
            + EPILOGUE.len()
            + self.escaped.as_ref().map_or(0, String::len)
            + 4 * self.wire_name(operation).len()
    }

    fn begin(
        &self,
        operation: &'static str,
        suffix: &str,
        capacity: usize,
    ) -> Result<Writer, EncodeError> {
        let mut w = Writer::with_capacity(capacity);
        self.open_wrapper(&mut w, operation, suffix)?;
        w.raw(">");
        Ok(w)
    }

    fn open_wrapper(
        &self,
        w: &mut Writer,
        operation: &'static str,
        suffix: &str,
    ) -> Result<(), EncodeError> {
        let namespace = self.escaped.as_ref().ok_or(EncodeError::Namespace { operation })?;
        w.raw(prologue(self.version()));
        w.raw("<soap:Body><");
        w.raw(self.wire_name(operation));
        w.raw(suffix);
        w.raw(" xmlns=\"");
        w.raw(namespace);
        w.raw("\"");
        Ok(())
    }

    fn end(&self, mut w: Writer, operation: &str, suffix: &str) -> Vec<u8> {
        w.raw("</");
        w.raw(self.wire_name(operation));
        w.raw(suffix);
        w.raw(">");
        w.raw(EPILOGUE);
        w.into_bytes()
    }

    fn open_result(
        &self,
        w: &mut Writer,
        operation: &'static str,
        success: bool,
        message: Option<&str>,
    ) -> Result<(), EncodeError> {
        w.raw("<");
        w.raw(self.wire_name(operation));
        w.raw("Result><Success>");
        w.raw(if success { "true" } else { "false" });
        w.raw("</Success>");
        if let Some(message) = message {
            w.leaf("Message", message)
                .map_err(|error| EncodeError::character(operation, error.into()))?;
        }
        Ok(())
    }

    fn close_result(&self, mut w: Writer, operation: &str) -> Vec<u8> {
        w.raw("</");
        w.raw(self.wire_name(operation));
        w.raw("Result>");
        self.end(w, operation, "Response")
    }

    /// Puts the wrapper element around its content; an empty one is `<Op xmlns="…" />`.
    fn wrap(
        &self,
        operation: &'static str,
        suffix: &str,
        content: Writer,
    ) -> Result<Vec<u8>, EncodeError> {
        let content = content.into_string();
        let mut w = Writer::with_capacity(self.overhead(operation) + content.len());
        self.open_wrapper(&mut w, operation, suffix)?;
        if content.is_empty() {
            w.raw(" />");
            w.raw(EPILOGUE);
            return Ok(w.into_bytes());
        }
        w.raw(">");
        w.raw(&content);
        Ok(self.end(w, operation, suffix))
    }
}
