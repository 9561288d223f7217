//! Messages as .NET writes them (contract, section 5; asmx.md, section 3): one line, no byte order
//! mark, no indentation.

use super::error::EncodeError;
use super::{Binding, SoapVersion};
use crate::contract::raw::{Presence, RawCustomFieldData, RawInputs, RawResult, StringList};
use crate::contract::{
    AUTH_PASSWORD, Answer, CUSTOM_FIELD_PREFIX, CustomFieldChange, Failure, Operation,
    OperationInfo, Sink,
};
use crate::secret::Secret;
use crate::xml::{IllegalCharacter, Writer};

const EPILOGUE: &str = "</soap:Body></soap:Envelope>";

macro_rules! prologue {
    ($envelope:literal) => {
        concat!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"",
            $envelope,
            "\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
            " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"
        )
    };
}

/// The envelope's start tag.
pub(super) const fn prologue(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::V11 => prologue!("http://schemas.xmlsoap.org/soap/envelope/"),
        SoapVersion::V12 => prologue!("http://www.w3.org/2003/05/soap-envelope"),
    }
}

impl Binding {
    /// The body of a typed request, in one allocation unless much of it must be escaped.
    pub(super) fn write_request<T: Operation>(
        &self,
        password: Option<&Secret>,
        request: &T,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut size = Size::default();
        request.write_inputs(&mut size);
        let capacity = self.overhead(T::NAME) + size.0 + password.map_or(0, |p| p.expose().len());
        let mut w = self.begin(T::NAME, "", capacity);
        w.raw("<inputs><InputVariables");
        let reserved = Reserved::inputs(OperationInfo::named(T::NAME));
        let mut list = ListWriter::new(&mut w, T::NAME, reserved);
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
        let items = T::items(&answer.result);
        let mut size = Size::default();
        T::write_outputs(&answer.result, &mut size);
        size.put_all(&answer.other);
        let items_size = match &items {
            Presence::Value(items) => items.iter().map(item_size).sum(),
            _ => 0,
        };
        let message = answer.message.as_deref();
        let capacity = self.overhead(T::NAME) + message.map_or(0, str::len) + size.0 + items_size;
        let mut w = self.begin(T::NAME, "Response", capacity);
        self.open_result(&mut w, T::NAME, true, message)?;
        w.raw("<OutputVariables");
        let reserved = Reserved::outputs(OperationInfo::named(T::NAME));
        let mut list = ListWriter::new(&mut w, T::NAME, reserved);
        T::write_outputs(&answer.result, &mut list);
        list.put_all(&answer.other);
        list.finish("OutputVariables")?;
        if let Presence::Value(items) = items {
            write_items(&mut w, items, write_change)
                .map_err(|error| EncodeError::character(T::NAME, error))?;
        }
        Ok(self.close_result(w, T::NAME))
    }

    /// The body of a failure. Its outputs are an empty list when there are none (sample-provider.md),
    /// and so are the custom field items.
    pub(crate) fn write_failure<T: Operation>(
        &self,
        failure: &Failure,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut w = self.begin(T::NAME, "Response", self.overhead(T::NAME));
        self.open_result(&mut w, T::NAME, false, failure.message.as_deref())?;
        w.raw("<OutputVariables");
        let mut list = ListWriter::new(&mut w, T::NAME, Reserved::none());
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
            &format!("{operation}Result"),
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
            + self.escaped.len()
            + 4 * operation.len()
    }

    fn begin(&self, operation: &str, suffix: &str, capacity: usize) -> Writer {
        let mut w = Writer::with_capacity(capacity);
        self.open_wrapper(&mut w, operation, suffix);
        w.raw(">");
        w
    }

    fn open_wrapper(&self, w: &mut Writer, operation: &str, suffix: &str) {
        w.raw(prologue(self.version()));
        w.raw("<soap:Body><");
        w.raw(operation);
        w.raw(suffix);
        w.raw(" xmlns=\"");
        w.raw(&self.escaped);
        w.raw("\"");
    }

    fn end(&self, mut w: Writer, operation: &str, suffix: &str) -> Vec<u8> {
        w.raw("</");
        w.raw(operation);
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
        w.raw(operation);
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
        w.raw(operation);
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
        self.open_wrapper(&mut w, operation, suffix);
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

/// A character that cannot be written, and in which element or variable it stands.
#[derive(Debug)]
pub(super) struct Misplaced {
    pub(super) place: String,
    pub(super) character: IllegalCharacter,
}

impl From<IllegalCharacter> for Misplaced {
    fn from(character: IllegalCharacter) -> Self {
        Self { place: "Message".to_owned(), character }
    }
}

fn at(place: &str) -> impl Fn(IllegalCharacter) -> Misplaced + '_ {
    move |character| Misplaced { place: place.to_owned(), character }
}

/// Counts what variables take on the wire when nothing has to be escaped.
#[derive(Default)]
struct Size(usize);

impl Sink for Size {
    fn put(&mut self, key: &'static str, value: &str) {
        self.0 += "<string>=</string>".len() + key.len() + value.len();
    }

    fn put_custom_field(&mut self, entry: &str) {
        self.0 += "<string>cf_</string>".len() + entry.len();
    }

    fn put_other(&mut self, entry: &str) {
        self.0 += "<string></string>".len() + entry.len();
    }

    fn refuse(&mut self, _: &str) {}
}

/// The names that a caller's own variables may not take.
struct Reserved {
    authentication: bool,
    names: &'static [&'static str],
    inputs: &'static [crate::contract::VariableInfo],
    custom_fields: bool,
}

impl Reserved {
    fn none() -> Self {
        Self { authentication: false, names: &[], inputs: &[], custom_fields: false }
    }

    fn inputs(operation: Option<&'static OperationInfo>) -> Self {
        Self {
            authentication: true,
            names: &[],
            inputs: operation.map_or(&[], |o| o.inputs),
            custom_fields: operation.is_some_and(|o| o.custom_fields),
        }
    }

    fn outputs(operation: Option<&'static OperationInfo>) -> Self {
        Self {
            authentication: false,
            names: operation.map_or(&[], |o| o.outputs),
            inputs: &[],
            custom_fields: false,
        }
    }

    fn has(&self, entry: &str) -> bool {
        let is =
            |key: &str| entry.as_bytes().get(key.len()) == Some(&b'=') && entry.starts_with(key);
        let prefix = CUSTOM_FIELD_PREFIX.as_bytes();
        (self.authentication && is(AUTH_PASSWORD))
            || self.names.iter().any(|name| is(name))
            || self.inputs.iter().any(|v| is(v.name))
            || (self.custom_fields
                && entry
                    .as_bytes()
                    .get(..prefix.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
    }
}

/// Writes variables as `<string>` elements. Remembers the first error, since a [`Sink`] cannot
/// return one.
struct ListWriter<'w> {
    w: &'w mut Writer,
    operation: &'static str,
    reserved: Reserved,
    empty: bool,
    error: Option<EncodeError>,
}

impl<'w> ListWriter<'w> {
    fn new(w: &'w mut Writer, operation: &'static str, reserved: Reserved) -> Self {
        Self { w, operation, reserved, empty: true, error: None }
    }

    /// Closes the list whose start tag is open.
    fn finish(self, element: &str) -> Result<(), EncodeError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.empty {
            self.w.raw(" />");
        } else {
            self.w.raw("</");
            self.w.raw(element);
            self.w.raw(">");
        }
        Ok(())
    }

    fn fail(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}

impl ListWriter<'_> {
    /// Opens an entry.
    fn open(&mut self, start: &str) {
        if self.empty {
            self.w.raw(">");
            self.empty = false;
        }
        self.w.raw(start);
    }

    fn text(&mut self, text: &str, entry: &str) {
        if let Err(character) = self.w.text(text) {
            let place = format!("the variable {}", key_of(entry).escape_debug());
            let misplaced = Misplaced { place, character };
            self.fail(EncodeError::character(self.operation, misplaced));
        }
    }
}

/// The key alone, for an error text.
fn key_of(entry: &str) -> &str {
    entry.split('=').next().unwrap_or_default()
}

impl Sink for ListWriter<'_> {
    fn put(&mut self, key: &'static str, value: &str) {
        self.open("<string>");
        // The contract's own keys need no escaping.
        self.w.raw(key);
        self.w.raw("=");
        self.text(value, key);
        self.w.raw("</string>");
    }

    fn put_custom_field(&mut self, entry: &str) {
        self.open("<string>cf_");
        self.text(entry, entry);
        self.w.raw("</string>");
    }

    fn put_other(&mut self, entry: &str) {
        if self.reserved.has(entry) {
            let key = key_of(entry).to_owned();
            return self.fail(EncodeError::Reserved { operation: self.operation, key });
        }
        self.open("<string>");
        self.text(entry, entry);
        self.w.raw("</string>");
    }

    fn refuse(&mut self, key: &str) {
        let key = key.to_owned();
        self.fail(EncodeError::Key { operation: self.operation, key });
    }
}

fn write_nil(w: &mut Writer, name: &str) {
    w.raw("<");
    w.raw(name);
    w.raw(" xsi:nil=\"true\" />");
}

/// An element that is left out, nil, empty (`<x />`) or has content.
fn write_presence<'p, P: ?Sized>(
    w: &mut Writer,
    name: &str,
    presence: Presence<&'p P>,
    has_content: impl FnOnce(&P) -> bool,
    content: impl FnOnce(&mut Writer, &'p P) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    match presence {
        Presence::Absent => {}
        Presence::Nil => write_nil(w, name),
        Presence::Value(value) => {
            w.raw("<");
            w.raw(name);
            if has_content(value) {
                w.raw(">");
                content(w, value)?;
                w.raw("</");
                w.raw(name);
                w.raw(">");
            } else {
                w.raw(" />");
            }
        }
    }
    Ok(())
}

fn write_string(w: &mut Writer, name: &str, value: &Presence<String>) -> Result<(), Misplaced> {
    write_presence(
        w,
        name,
        value.as_ref(),
        |text| !text.is_empty(),
        |w, text| w.text(text).map_err(at(name)),
    )
}

fn write_list(w: &mut Writer, name: &str, list: &Presence<StringList>) -> Result<(), Misplaced> {
    write_presence(
        w,
        name,
        list.as_ref(),
        |list| !list.0.is_empty(),
        |w, list| {
            for entry in &list.0 {
                match entry {
                    None => write_nil(w, "string"),
                    Some(text) => w.leaf("string", text).map_err(at(name))?,
                }
            }
            Ok(())
        },
    )
}

fn write_items<I>(
    w: &mut Writer,
    items: &[I],
    item: impl Fn(&mut Writer, &I) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    write_presence(
        w,
        "CustomFieldDataItems",
        Presence::Value(items),
        |i| !i.is_empty(),
        |w, items| items.iter().try_for_each(|i| item(w, i)),
    )
}

/// The six flags of an item, in wire order, with the list options between the fifth and the sixth.
fn write_item(
    w: &mut Writer,
    name: Presence<&str>,
    flags: [bool; 6],
    options: impl FnOnce(&mut Writer) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    const NAMES: [&str; 6] = [
        "ChangeVisible",
        "NewVisibleValue",
        "ChangeRequired",
        "NewRequiredValue",
        "ChangeListOptions",
        "DisplayWithInformationLookup",
    ];
    w.raw("<ExternalCustomFieldData>");
    write_presence(
        w,
        "CustomFieldName",
        name.as_ref().map(|n| *n).as_ref(),
        |n| !n.is_empty(),
        |w, n| w.text(n).map_err(at("CustomFieldName")),
    )?;
    let flag = |w: &mut Writer, i: usize| {
        w.raw("<");
        w.raw(NAMES[i]);
        w.raw(if flags[i] { ">true</" } else { ">false</" });
        w.raw(NAMES[i]);
        w.raw(">");
    };
    for i in 0..5 {
        flag(w, i);
    }
    options(w)?;
    flag(w, 5);
    w.raw("</ExternalCustomFieldData>");
    Ok(())
}

fn write_change(w: &mut Writer, item: &CustomFieldChange) -> Result<(), Misplaced> {
    let flags = [
        item.visible.is_some(),
        item.visible.unwrap_or_default(),
        item.required.is_some(),
        item.required.unwrap_or_default(),
        item.options.is_some(),
        item.display_with_information_lookup,
    ];
    write_item(w, Presence::Value(&item.name), flags, |w| {
        let options = Presence::from(item.options.as_ref());
        write_presence(
            w,
            "ListOptions",
            options,
            |o| !o.is_empty(),
            |w, options| {
                options.iter().try_for_each(|o| w.leaf("string", o).map_err(at("ListOptions")))
            },
        )
    })
}

fn write_raw_item(w: &mut Writer, item: Option<&RawCustomFieldData>) -> Result<(), Misplaced> {
    let Some(item) = item else {
        write_nil(w, "ExternalCustomFieldData");
        return Ok(());
    };
    let flags = [
        item.change_visible,
        item.new_visible_value,
        item.change_required,
        item.new_required_value,
        item.change_list_options,
        item.display_with_information_lookup,
    ];
    let name = item.custom_field_name.as_ref().map(String::as_str);
    write_item(w, name, flags, |w| write_list(w, "ListOptions", &item.list_options))
}

/// What an item takes on the wire when nothing has to be escaped.
fn item_size(item: &CustomFieldChange) -> usize {
    let options = item.options.iter().flatten();
    420 + item.name.len() + options.map(|o| o.len() + "<string></string>".len()).sum::<usize>()
}
