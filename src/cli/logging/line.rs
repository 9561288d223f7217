//! Times and fields of log lines, written as tracing-subscriber writes them by default, for a fraction of
//! its time: there is a line for each call.

use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::fmt::time::FormatTime;

/// The time in UTC, to the microsecond.
pub(super) struct Time;

thread_local! {
    /// A second since 1970, and how it is written.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

impl FormatTime for Time {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        // A clock before 1970 shows the beginning of it.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        SECOND.with_borrow_mut(|(second, text)| {
            if *second != now.as_secs() {
                let time = Timestamp::from_second(now.as_secs().cast_signed()).unwrap_or_default();
                (*second, *text) = (now.as_secs(), time.strftime("%Y-%m-%dT%H:%M:%S.").to_string());
            }
            writer.write_str(text)
        })?;
        let mut digits = [b'0'; 20];
        number(now.subsec_micros().into(), &mut digits);
        writer.write_str(ascii(&digits[14..]))?;
        writer.write_char('Z')
    }
}

/// Writes a number to the end of zeros; returns where it begins.
fn number(mut number: u64, digits: &mut [u8; 20]) -> usize {
    let mut at = digits.len();
    while at == digits.len() || number > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    at
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The fields of an event.
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { writer, is_first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct Visitor<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl Visitor<'_> {
    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let separator = if std::mem::take(&mut self.is_first) { "" } else { " " };
        let writer = &mut self.writer;
        let mut write = || {
            writer.write_str(separator)?;
            writer.write_str(field.name())?;
            writer.write_char('=')
        };
        self.result = self.result.and_then(|()| write()).and_then(|()| value(&mut self.writer));
    }
}

impl Visit for Visitor<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let mut digits = [b'0'; 20];
        let begin = number(value, &mut digits);
        self.write(field, |writer| writer.write_str(ascii(&digits[begin..])));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if field.name() == "message" {
            return self.record_debug(field, &format_args!("{value}"));
        }
        if !value.bytes().all(is_plain) {
            return self.record_debug(field, &value);
        }
        self.write(field, |writer| {
            writer.write_char('"')?;
            writer.write_str(value)?;
            writer.write_char('"')
        });
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let is_first = std::mem::take(&mut self.is_first);
        DefaultVisitor::new(self.writer.by_ref(), is_first).record_error(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" && !field.name().starts_with("r#") {
            return self.write(field, |writer| write!(writer, "{value:?}"));
        }
        let is_first = std::mem::take(&mut self.is_first);
        DefaultVisitor::new(self.writer.by_ref(), is_first).record_debug(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Everything that is logged in any way.
    fn log(value: &str) {
        let error = io::Error::other(std::fmt::Error);
        tracing::info!(
            text = value,
            number = 1_u64,
            none = None::<u64>,
            r#type = 0_u16,
            "words {value}"
        );
        tracing::error!(error = &error as &dyn std::error::Error, %value, ?value, last = u64::MAX);
        tracing::warn!(small = -5, yes = true, ratio = 0.5, message = value);
    }

    #[test]
    fn lines_are_those_of_the_library() {
        let (own, theirs) = (Kept::default(), Kept::default());
        let lines = |kept: &Kept| {
            let kept = kept.clone();
            tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || kept.clone())
        };
        let log_all = || {
            ["", "plain", "a \"quote\" \\", "\u{1b}[2J\u{9b}", "zwei Wörter\n"]
                .into_iter()
                .for_each(log);
        };
        let registry = tracing_subscriber::registry();
        let layered = registry.with(lines(&own).with_timer(Time).fmt_fields(Fields));
        tracing::subscriber::with_default(layered, log_all);
        let layered = tracing_subscriber::registry().with(lines(&theirs));
        tracing::subscriber::with_default(layered, log_all);
        let text = |kept: &Kept| {
            let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            // The times are not the same, but of the same form.
            let line = |line: &str| {
                let time = line.len().min("2026-11-26T17:25:04.123456Z".len());
                let form: String = line[..time]
                    .chars()
                    .map(|c| if c.is_ascii_digit() { '0' } else { c })
                    .collect();
                form + &line[time..]
            };
            text.split('\n').map(line).collect::<Vec<_>>()
        };
        assert_eq!(text(&own), text(&theirs));
        assert_eq!(text(&own)[0].split(' ').next(), Some("0000-00-00T00:00:00.000000Z"));
    }

    #[test]
    fn a_time_is_that_of_the_clock() {
        let mut text = String::new();
        let before = Timestamp::now();
        Time.format_time(&mut Writer::new(&mut text)).unwrap();
        let time: Timestamp = text.parse().unwrap();
        assert!(before.as_microsecond() <= time.as_microsecond() && time <= Timestamp::now());
        assert_eq!(text.len(), "2026-11-26T17:25:04.123456Z".len(), "{text}");
    }
}
