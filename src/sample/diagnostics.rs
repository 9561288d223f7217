//! Answers to `diagnostic=<mode>`: what a client must cope with, on demand. Works on the entries as
//! they came, since half of the modes exist for entries that no parser of variables takes.

use std::time::Duration;

use super::{Raw, value};
use crate::contract::raw::{Presence, RawCustomFieldData, RawResult, StringList};
use crate::contract::{OperationInfo, ProviderError};
use crate::host::{RawAnswer, RawCall, RawError, RawProvider};
use crate::soap::{Fault, FaultCode};

/// What `big` may take: more than any client reads, less than would hurt.
const BIGGEST: usize = 64 << 20;

/// The modes, each with what the answer is.
pub const DIAGNOSTICS: [(&str, &str); 13] = [
    ("echo", "the entries that came"),
    ("codepoints", "their UTF-16 units, in hexadecimal digits"),
    ("count", "how many entries, nulls and characters came"),
    ("slow", "it comes after delayMs=1000 milliseconds (at most 10 minutes)"),
    ("big", "entries=1000 entries of size=16 characters each (at most 64 MiB)"),
    ("fault", "the fault of an exception"),
    ("faultinner", "the fault of an exception with an inner one"),
    ("soapexception", "a fault with actor and detail, for which the caller is to blame"),
    ("nullresult", "no result"),
    ("nullfields", "a result without message and lists"),
    ("nullentries", "lists with null, empty and blank entries"),
    ("tricky", "characters that must be escaped, that readers change, and that look alike"),
    ("badchar", "the character codePoint=0 (UTF-16), which XML may not allow"),
];

/// What the sample cannot be asked for otherwise, before what it answers of its own.
pub(super) struct Diagnostics;

impl RawProvider for Diagnostics {
    fn call<'a>(&'a self, call: RawCall<'a>) -> RawAnswer<'a> {
        let Some(mode) = value(call.entries(), "diagnostic") else { return Raw.call(call) };
        let (mode, operation) = (mode.to_owned(), call.operation);
        let entries = call.entries().to_vec();
        RawAnswer::Answered(Box::pin(async move { answer(&mode, operation, entries).await }))
    }
}

async fn answer(
    mode: &str,
    operation: &'static OperationInfo,
    entries: Vec<Option<String>>,
) -> Result<Presence<RawResult>, RawError> {
    let number = |key, absent, most| number(&entries, key, absent, most);
    let mut outputs: Vec<Option<String>> = Vec::new();
    let mut items = Vec::new();
    let mut message = format!("{mode} {}", operation.name);
    match mode {
        "echo" => outputs = entries,
        "codepoints" => outputs.extend(entries.iter().map(|entry| Some(code_units(entry)))),
        "count" => {
            let nulls = entries.iter().filter(|entry| entry.is_none()).count();
            let chars: usize = entries.iter().flatten().map(|e| e.encode_utf16().count()).sum();
            outputs.push(Some(format!("entries={}", entries.len())));
            outputs.push(Some(format!("nulls={nulls}")));
            outputs.push(Some(format!("chars={chars}")));
        }
        "slow" => {
            let delay = number("delayMs", 1000, 600_000)?;
            tokio::time::sleep(Duration::from_millis(delay as u64)).await;
            outputs.push(Some(format!("slept={delay}")));
        }
        "big" => {
            let count = number("entries", 1000, 1_000_000)?;
            let size = number("size", 16, i32::MAX as usize)?;
            if count.saturating_mul(size + 16) > BIGGEST {
                let message = "Exception of type 'System.OutOfMemoryException' was thrown.";
                return Err(RawError::exception(message));
            }
            let filling = "x".repeat(size);
            outputs.extend((0..count).map(|i| Some(format!("v{i}={filling}"))));
        }
        "fault" => {
            let message = format!("deliberate failure <in> & \"{}\"", operation.name);
            return Err(RawError::exception(message));
        }
        "faultinner" => {
            let messages = ["outer failure", "inner cause"].map(str::to_owned).to_vec();
            return Err(ProviderError::Exception(messages).into());
        }
        "soapexception" => {
            let mut fault = Fault::new(FaultCode::Client, "deliberate SoapException");
            fault.actor = Some("urn:diagnostic:actor".to_owned());
            fault.detail = Some("<code xmlns=\"urn:diagnostic\">42</code>".to_owned());
            return Err(RawError::Fault(Box::new(fault)));
        }
        "nullresult" => return Ok(Presence::Absent),
        "nullfields" => {
            return Ok(Presence::Value(RawResult { success: true, ..RawResult::default() }));
        }
        "nullentries" => {
            message.clear();
            let entry = |text: &str| Some(text.to_owned());
            outputs = vec![None, entry(""), entry("  "), entry("a=b"), None];
            items = vec![None, Some(RawCustomFieldData::default())];
        }
        "tricky" => {
            "tricky <&>\"' ]]>".clone_into(&mut message);
            outputs.extend(TRICKY.iter().map(|&text| Some(text.to_owned())));
        }
        "badchar" => {
            "badchar".clone_into(&mut message);
            outputs.push(Some(format!("c={}", bad_character(number("codePoint", 0, 0xFFFF)?)?)));
        }
        _ => return Err(RawError::exception(format!("unknown diagnostic: {mode}"))),
    }
    let items = if operation.kind.has_items() { Presence::Value(items) } else { Presence::Absent };
    Ok(Presence::Value(RawResult {
        success: true,
        message: Presence::Value(message),
        output_variables: Presence::Value(StringList(outputs)),
        custom_field_data_items: items,
    }))
}

const TRICKY: [&str; 18] = [
    "lt=<",
    "gt=>",
    "amp=&",
    "quot=\"",
    "apos='",
    "cdataend=]]>",
    "tab=a\tb",
    "lf=a\nb",
    "cr=a\rb",
    "crlf=a\r\nb",
    "edge= a ",
    "nbsp=\u{a0}",
    "bmp=\u{4f60}\u{597d}",
    "astral=\u{1f600}",
    "rtl=\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "ls=\u{2028}",
    "nel=\u{85}",
    "bom=\u{feff}",
];

fn number(
    entries: &[Option<String>],
    key: &str,
    absent: usize,
    most: usize,
) -> Result<usize, RawError> {
    let Some(text) = value(entries, key) else { return Ok(absent) };
    let number: i32 = text
        .trim()
        .parse()
        .map_err(|_| RawError::exception("Input string was not in a correct format."))?;
    usize::try_from(number).map(|number| number.min(most)).map_err(|_| {
        RawError::exception("Specified argument was out of the range of valid values.")
    })
}

fn code_units(entry: &Option<String>) -> String {
    let Some(text) = entry else { return "<null>".to_owned() };
    let units: Vec<_> = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    units.join(" ")
}

/// The character of a UTF-16 code unit. On a lone surrogate, .NET's writer gives up.
fn bad_character(unit: usize) -> Result<char, RawError> {
    let unit = unit as u32;
    char::from_u32(unit).ok_or_else(|| {
        let reason = if unit < 0xDC00 {
            format!(
                "The surrogate pair (0x{unit:X}, 0x{unit:X}) is invalid. A high surrogate character \
                 (0xD800 - 0xDBFF) must always be paired with a low surrogate character (0xDC00 - \
                 0xDFFF)."
            )
        } else {
            format!(
                "Invalid high surrogate character (0x{unit:X}). A high surrogate character must \
                 have a value from range (0xD800 - 0xDBFF)."
            )
        };
        let outer = "There was an error generating the XML document.".to_owned();
        ProviderError::Exception(vec![outer, reason]).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_mode_that_is_listed_is_known() {
        for (mode, _) in DIAGNOSTICS {
            let entries =
                ["delayMs=0", "entries=1", "codePoint=65"].map(|entry| Some(entry.into()));
            let answer = answer(mode, &crate::contract::OPERATIONS[0], entries.into()).await;
            let is_unknown = format!("{answer:?}").contains("unknown diagnostic");
            assert!(!is_unknown, "{mode}");
        }
        let unknown = answer("nonsense", &crate::contract::OPERATIONS[0], Vec::new()).await;
        assert!(format!("{unknown:?}").contains("unknown diagnostic: nonsense"));
    }
}
