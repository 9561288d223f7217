//! SOAP, and the form of answers.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Check, Expect::*, Soap};
use crate::conform::judgement::{Judgement, Miss};
use crate::conform::kit::{Answered, Kit};
use crate::conform::reading::{Reading, outputs};
use crate::contract::OPERATIONS;
use crate::http::media_type;
use crate::soap::{SoapVersion, answer_version};
use crate::xml::charset::{Charset, parameter};
use crate::xml::{Limits, Reader};

pub(super) const CASES: &[Case] = cases! {
    2 1 Must C5 "A plain request is answered with a result that the help desk can read" => Check::Seen(is_answered);
    2 2 Must C6 "SOAP 1.1 is answered in SOAP 1.1, as text/xml: callers take no other envelope" => Check::Seen(|kit| is_in(kit, SoapVersion::V11));
    2 3 Must C2 "Where SOAP 1.2 is offered, the same request in it gets the same answer" => Check::Seen(speaks_both);
    2 4 Must C6 "SOAP 1.2 is answered in SOAP 1.2, as application/soap+xml" => Check::Seen(|kit| is_in(kit, SoapVersion::V12));
    2 5 Should A4 "A SOAP 1.2 envelope as text/xml with a SOAPAction is answered" => Check::Vary(Soap::V12, |m| { m.content_type("text/xml; charset=utf-8"); m.soap_action(&format!("\"{}\"", m.action)); }, Same);
    2 6 Should A4 "A SOAP 1.1 envelope as application/soap+xml is refused: HTTP 415, empty body" => Check::Vary(Soap::V11, |m| m.content_type("application/soap+xml; charset=utf-8"), Empty(415));
    3 1 Must C2 "The result stands in OperationResponse and OperationResult, both in the service's namespace" => Check::Seen(|kit| each(kit, stands_in_place));
    3 2 Must C2 "A result has Success, which is true or false in lower case" => Check::Seen(|kit| each(kit, has_success));
    3 3 Must C3 "Each output variable is a string of its own, key=value" => Check::Seen(|kit| each(kit, has_variables));
    3 4 Should C2 "A list without entries is written (<OutputVariables />) and not left out, which is null to callers" => Check::Seen(|kit| each(kit, has_lists));
    3 5 Should C6 "The content type of an answer names its charset, utf-8" => Check::Seen(|kit| each(kit, names_charset));
    3 6 Must C5 "Every character of an answer is in the charset that its content type names: without one, .NET reads ? for what is not ASCII" => Check::Seen(|kit| each(kit, keeps_characters));
    3 7 Should C6 "An answer begins without a byte order mark" => Check::Seen(|kit| each(kit, has_no_mark));
    3 8 Should A2 "The fields of a result stand in the order of the schema" => Check::Seen(|kit| each(kit, is_in_order));
    3 9 Must C5 "An answer is not compressed, since callers did not ask for it" => Check::Seen(|kit| each(kit, is_plain));
    3 10 Must C5 "Text in an answer is escaped once" => Check::Seen(|kit| each(kit, is_escaped_once));
    3 11 Must C5 "An answer holds only characters that XML can hold: with another, no reader takes it" => Check::Seen(|kit| each(kit, is_legal));
    3 12 Must C6 "A result comes with HTTP 200" => Check::Seen(|kit| each(kit, is_ok));
    3 13 Should C6 "An answer says that nobody in between may keep it (Cache-Control: private)" => Check::Seen(|kit| each(kit, is_private));
};

fn is_answered(kit: &Kit) -> Judgement {
    if kit.is_cut {
        return Err(Miss::of(&kit.page, "plain requests were not answered in time"));
    }
    if kit.trials.is_empty() {
        return Err(Miss::skipped(kit.no_probe()));
    }
    if kit.probe.is_some() {
        return Ok(());
    }
    let trial = &kit.trials[0];
    let Answered { exchange, reading } = trial.ours.as_ref().unwrap_or(&trial.wrong);
    Err(Miss::of(exchange, format!("it answered: {}", reading.words(&kit.mask))))
}

/// The plain answer in a version.
fn plain(kit: &Kit, version: SoapVersion) -> Result<&Answered, Miss> {
    let probe = kit.probe()?;
    match (probe.soap == version, &kit.second) {
        (true, _) => Ok(&probe.plain),
        (false, Some(second)) if version == SoapVersion::V12 => Ok(second),
        _ => Err(Miss::skipped(format!("SOAP {version} is not offered, or not answered"))),
    }
}

fn is_in(kit: &Kit, version: SoapVersion) -> Judgement {
    let Answered { exchange, reading } = plain(kit, version)?;
    let Ok(got) = &exchange.got else {
        return Err(Miss::skipped(format!("SOAP {version} is not answered")));
    };
    let content_type = got.response.headers.get("Content-Type").unwrap_or_default();
    match answer_version(&got.response) {
        Some(found) if found != version => {
            Err(Miss::of(exchange, format!("it is answered in SOAP {found}")))
        }
        Some(_) if !media_type(&content_type).eq_ignore_ascii_case(version.media_type()) => {
            Err(Miss::of(exchange, format!("the answer's content type is {content_type:?}")))
        }
        Some(_) => Ok(()),
        None => Err(Miss::of(exchange, format!("it answered: {}", reading.words(&kit.mask)))),
    }
}

fn speaks_both(kit: &Kit) -> Judgement {
    let Answered { exchange, reading } = plain(kit, SoapVersion::V12)?;
    match kit.is_plain(reading) {
        true => Ok(()),
        false => Err(Miss::of(exchange, format!("it answered: {}", reading.words(&kit.mask)))),
    }
}

/// Looks at every answer to a plain request.
fn each(kit: &Kit, look: fn(&Kit, &Answered, &str) -> Result<(), String>) -> Judgement {
    let mut seen = false;
    for answered in kit.answers() {
        let Ok(got) = &answered.exchange.got else { continue };
        let content_type = got.response.headers.get("Content-Type").unwrap_or_default();
        let text = Charset::of_response(&content_type).decode(&got.response.body);
        seen = true;
        look(kit, answered, &text.unwrap_or_default())
            .map_err(|why| Miss::of(&answered.exchange, why))?;
    }
    if seen { Ok(()) } else { Err(Miss::skipped("there is no answer to look at (2.1)")) }
}

/// The value of a header of the answer.
fn header(answered: &Answered, name: &str) -> String {
    let got = answered.exchange.got.as_ref().ok();
    got.and_then(|got| got.response.headers.get(name)).unwrap_or_default().into_owned()
}

fn body(answered: &Answered) -> &[u8] {
    answered.exchange.got.as_ref().map(|got| &*got.response.body).unwrap_or_default()
}

/// The result's place in the answer: namespace and name of the wrapper, of the result, and the names and
/// texts of its fields.
struct Place {
    names: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

/// Nothing for faults, and for what is not a SOAP answer at all.
fn place(text: &str) -> Option<Place> {
    let mut reader = Reader::new(text, Limits::default()).ok()?;
    reader.root().ok()?;
    while reader.child().ok()? {
        if reader.local() != "Body" {
            reader.skip().ok()?;
            continue;
        }
        let (mut names, mut fields) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            if !reader.child().ok()? || reader.local() == "Fault" {
                break;
            }
            names.push((reader.namespace().to_owned(), reader.local().to_owned()));
        }
        while names.len() == 2 && reader.child().ok()? {
            let name = reader.local().to_owned();
            let value = match name.as_str() {
                "Success" => reader.text_with_markup().ok()?,
                _ => {
                    reader.skip().ok()?;
                    String::new()
                }
            };
            fields.push((name, value));
        }
        return (!names.is_empty()).then_some(Place { names, fields });
    }
    None
}

fn stands_in_place(kit: &Kit, answered: &Answered, text: &str) -> Result<(), String> {
    let Some(Place { names, .. }) = place(text) else { return Ok(()) };
    let sent = &answered.exchange.sent;
    let Some(binding) = kit.binding(sent.operation, sent.soap) else { return Ok(()) };
    let wire = binding.wire_name(sent.operation);
    for ((namespace, name), end) in names.iter().zip(["Response", "Result"]) {
        let due = format!("{wire}{end}");
        if (namespace.as_str(), name) != (binding.namespace(), &due) {
            return Err(format!(
                "{{{}}}{due} is due, and {{{namespace}}}{name} stands there",
                binding.namespace()
            ));
        }
    }
    Ok(())
}

fn has_success(_: &Kit, _: &Answered, text: &str) -> Result<(), String> {
    let Some(Place { names, fields }) = place(text) else { return Ok(()) };
    let success = fields.iter().find(|(name, _)| name == "Success");
    match success.map(|(_, value)| value.trim()) {
        Some("true" | "false" | "1" | "0") => Ok(()),
        Some(value) => Err(format!("Success is {value:?}")),
        None if names.len() < 2 => Ok(()),
        None => Err("there is no Success".to_owned()),
    }
}

fn has_variables(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    let Some(result) = answered.reading.result() else { return Ok(()) };
    let list = result.output_variables.as_ref().value();
    if list.is_some_and(|list| {
        list.0.iter().any(|entry| !entry.as_ref().is_some_and(|e| e.contains('=')))
    }) {
        return Err("an output is nil, or has no \"=\"".to_owned());
    }
    let known = OPERATIONS.iter().flat_map(|info| info.outputs);
    let keys: Vec<String> = known.map(|name| format!("{name}=")).collect();
    let joined =
        outputs(result).into_iter().find(|(_, value)| keys.iter().any(|key| value.contains(key)));
    match joined {
        Some((key, _)) => Err(format!("the output {key} holds another variable")),
        None => Ok(()),
    }
}

fn has_lists(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    let absent = |result: &crate::contract::raw::RawResult| {
        result.output_variables.as_ref().value().is_none()
    };
    match answered.reading.result().is_some_and(absent) {
        true => Err("OutputVariables is left out".to_owned()),
        false => Ok(()),
    }
}

fn names_charset(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    let content_type = header(answered, "Content-Type");
    let charset = parameter(&content_type, "charset").unwrap_or_default();
    match charset.trim_matches('"').eq_ignore_ascii_case("utf-8") || body(answered).is_empty() {
        true => Ok(()),
        false => Err(format!("the content type is {content_type:?}")),
    }
}

fn keeps_characters(_: &Kit, answered: &Answered, text: &str) -> Result<(), String> {
    let content_type = header(answered, "Content-Type");
    let is_named = parameter(&content_type, "charset").is_some();
    if !is_named && !body(answered).is_ascii() {
        return Err(format!("it holds more than ASCII, and its content type is {content_type:?}"));
    }
    match text.contains('\u{fffd}') {
        true => {
            Err(format!("not all of it is in the charset of its content type, {content_type:?}"))
        }
        false => Ok(()),
    }
}

fn has_no_mark(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    match body(answered).starts_with(&[0xef, 0xbb, 0xbf]) {
        true => Err("it begins with a byte order mark".to_owned()),
        false => Ok(()),
    }
}

fn is_in_order(_: &Kit, _: &Answered, text: &str) -> Result<(), String> {
    const ORDER: [&str; 4] = ["Success", "Message", "OutputVariables", "CustomFieldDataItems"];
    let Some(Place { fields, .. }) = place(text) else { return Ok(()) };
    let places = fields.iter().filter_map(|(name, _)| ORDER.iter().position(|known| known == name));
    match places.is_sorted() {
        true => Ok(()),
        false => {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            Err(format!("the order is {}", names.join(", ")))
        }
    }
}

fn is_plain(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    match header(answered, "Content-Encoding").as_str() {
        "" | "identity" => Ok(()),
        coding => Err(format!("it is compressed ({coding})")),
    }
}

fn is_escaped_once(_: &Kit, answered: &Answered, text: &str) -> Result<(), String> {
    if text.contains("& ") {
        return Err("a & is not escaped".to_owned());
    }
    const ESCAPES: [&str; 6] = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"];
    let Some(result) = answered.reading.result() else { return Ok(()) };
    let items = result.custom_field_data_items.as_ref().value();
    let options = items.into_iter().flatten().flatten().flat_map(|item| {
        let options = item.list_options.as_ref().value();
        let options = options.into_iter().flat_map(|list| list.0.iter().flatten());
        options
            .map(String::as_str)
            .chain(item.custom_field_name.as_ref().value().map(String::as_str))
    });
    let message = result.message.as_ref().value().map(String::as_str);
    let mut texts =
        outputs(result).into_iter().map(|(_, value)| value).chain(message).chain(options);
    match texts.find(|text| ESCAPES.iter().any(|escape| text.contains(escape))) {
        Some(text) => Err(format!("what is read is still escaped: {text:.60?}")),
        None => Ok(()),
    }
}

fn is_legal(_: &Kit, _: &Answered, text: &str) -> Result<(), String> {
    let is_legal = |code: u32| {
        char::from_u32(code).is_some_and(|c| {
            matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        })
    };
    let reference = |rest: &str| {
        let digits = rest.split(';').next().unwrap_or_default();
        match digits.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        }
    };
    let references = text.match_indices("&#").filter_map(|(at, _)| reference(&text[at + 2..]));
    match text.chars().map(u32::from).chain(references).find(|code| !is_legal(*code)) {
        Some(code) => Err(format!("it holds U+{code:04X}")),
        None => Ok(()),
    }
}

fn is_ok(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    let status = answered.exchange.got.as_ref().map_or(0, |got| got.response.status);
    match (&answered.reading, status) {
        (Reading::Result(_), 200) => Ok(()),
        (Reading::Result(_), status) => Err(format!("it comes with HTTP {status}")),
        _ => Ok(()),
    }
}

fn is_private(_: &Kit, answered: &Answered, _: &str) -> Result<(), String> {
    let control = header(answered, "Cache-Control").to_ascii_lowercase();
    let is_kept = !["private", "no-store", "no-cache"].iter().any(|word| control.contains(word));
    match answered.reading.result().is_some() && is_kept {
        true => Err(format!("its Cache-Control is {control:?}")),
        false => Ok(()),
    }
}
