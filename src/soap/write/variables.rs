//! Variables as `<string>` elements.

use crate::contract::variables::has_key;
use crate::contract::{
    AUTH_PASSWORD, Absent, CUSTOM_FIELD_PREFIX, OperationInfo, Sink, custom_field_name,
};
use crate::secret::{MASK, is_secret_key};
use crate::soap::EncodeError;
use crate::soap::error::Misplaced;
use crate::xml::{IllegalCharacter, Writer};

/// Counts what variables take on the wire when nothing has to be escaped.
pub(super) struct Size {
    pub(super) bytes: usize,
    absent: Absent,
}

impl Size {
    pub(super) fn new(absent: Absent) -> Self {
        Self { bytes: 0, absent }
    }
}

impl Sink for Size {
    fn absent(&self) -> Absent {
        self.absent
    }

    fn put(&mut self, key: &'static str, value: &str) {
        self.bytes += "<string>=</string>".len() + key.len() + value.len();
    }

    fn put_custom_field(&mut self, entry: &str) {
        self.bytes += "<string>cf_</string>".len() + entry.len();
    }

    fn put_other(&mut self, entry: &str) {
        self.bytes += "<string></string>".len() + entry.len();
    }

    fn refuse(&mut self, _: &str) {}
}

/// The names that a caller's own variables may not take: those of an operation's inputs, if any.
pub(super) struct Reserved(pub(super) Option<&'static OperationInfo>);

impl Reserved {
    fn has(&self, entry: &str) -> bool {
        let Some(operation) = self.0 else { return false };
        has_key(entry, AUTH_PASSWORD)
            || operation.inputs.iter().any(|v| has_key(entry, v.name))
            || (operation.custom_fields && custom_field_name(entry).is_some())
    }
}

/// Writes variables as `<string>` elements. Remembers the first error, since a [`Sink`] cannot
/// return one.
pub(super) struct ListWriter<'w> {
    w: &'w mut Writer,
    operation: &'static str,
    reserved: Reserved,
    absent: Absent,
    empty: bool,
    /// The contract's keys that were written: another variable of that key would override them.
    written: [&'static str; KEYS],
    /// How many they are; those that `written` has no room for stand in `more`.
    count: usize,
    more: Vec<&'static str>,
    error: Option<EncodeError>,
}

/// So many keys take no allocation: more than the contract gives any message.
const KEYS: usize = 8;

impl<'w> ListWriter<'w> {
    pub(super) fn new(
        w: &'w mut Writer,
        operation: &'static str,
        reserved: Reserved,
        absent: Absent,
    ) -> Self {
        let (written, count, more) = ([""; KEYS], 0, Vec::new());
        Self { w, operation, reserved, absent, empty: true, written, count, more, error: None }
    }

    /// Closes the list, whose start tag is open, as one that is empty or one that is not: there an entry
    /// is open, too.
    pub(super) fn finish(self, empty: &str, filled: &str) -> Result<(), EncodeError> {
        self.w.raw(if self.empty { empty } else { filled });
        self.error.map_or(Ok(()), Err)
    }

    fn fail(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}

impl ListWriter<'_> {
    /// Opens an entry, which closes the one before it.
    #[inline]
    fn open(&mut self) {
        match self.empty {
            true => self.w.raw("><string>"),
            false => self.w.raw("</string><string>"),
        }
        self.empty = false;
    }

    /// Writes the rest of an entry, of which `entry` begins with the key.
    #[inline]
    fn write(&mut self, text: &str, entry: &str) {
        if let Err(character) = self.w.text(text) {
            self.misplaced(character, entry);
        }
    }

    #[cold]
    fn misplaced(&mut self, character: IllegalCharacter, entry: &str) {
        let place = format!("the variable {}", key_of(entry).escape_debug());
        let misplaced = Misplaced { place, character };
        self.fail(EncodeError::character(self.operation, misplaced));
    }
}

/// The key alone, for an error text.
fn key_of(entry: &str) -> &str {
    entry.split('=').next().unwrap_or_default()
}

impl Sink for ListWriter<'_> {
    fn absent(&self) -> Absent {
        self.absent
    }

    fn put(&mut self, key: &'static str, value: &str) {
        match self.written.get_mut(self.count) {
            Some(place) => {
                *place = key;
                self.count += 1;
            }
            None => self.more.push(key),
        }
        self.open();
        // The contract's own keys need no escaping.
        self.w.raw(key);
        self.w.raw("=");
        self.write(value, key);
    }

    fn put_custom_field(&mut self, entry: &str) {
        if entry.starts_with('=') {
            return self.fail(EncodeError::NamelessField { operation: self.operation });
        }
        self.open();
        self.w.raw(CUSTOM_FIELD_PREFIX);
        self.write(entry, entry);
    }

    fn put_other(&mut self, entry: &str) {
        let mut written = self.written[..self.count].iter().chain(&self.more);
        let written = written.any(|key| has_key(entry, key));
        if written || self.reserved.has(entry) {
            let key = key_of(entry).to_owned();
            return self.fail(EncodeError::Reserved { operation: self.operation, key });
        }
        self.open();
        self.write(entry, entry);
    }

    fn refuse(&mut self, key: &str) {
        // What follows the first "=" may be what was meant to be the value.
        let key = match key.split_once('=') {
            Some((name, _)) if is_secret_key(name) => format!("{name}={MASK}"),
            _ => key.to_owned(),
        };
        self.fail(EncodeError::Key { operation: self.operation, key });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{GetCustomFieldOptions, Operation, StartTicket, Variables};

    /// What is not counted beforehand takes a second allocation.
    fn counted<T: Operation>(request: &T) {
        for absent in [Absent::Empty, Absent::Omit] {
            let mut size = Size::new(absent);
            request.write_inputs(&mut size);
            let mut w = Writer::default();
            let mut list = ListWriter::new(&mut w, T::NAME, Reserved(None), absent);
            request.write_inputs(&mut list);
            list.finish(" />", "</string></InputVariables>").unwrap();
            let written = w.into_string();
            let around = if size.bytes == 0 { " />".len() } else { "></InputVariables>".len() };
            assert_eq!(written.len(), size.bytes + around, "{written}");
        }
    }

    #[test]
    fn what_is_written_was_counted() {
        counted(&StartTicket::default());
        counted(&GetCustomFieldOptions::default());
        counted(&StartTicket {
            email_from: Some("a@b".into()),
            subject: Some(String::new()),
            custom_fields: Variables::from([("Serial", "1")]),
            other: Variables::from([("z", "1"), ("y", "")]),
            ..Default::default()
        });
    }
}
