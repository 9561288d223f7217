//! SOAP, and the form of answers.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Check, Expect::*, Soap};
use crate::conform::judgement::{Judgement, Miss, NOTHING_TO_JUDGE};
use crate::conform::kit::{Answered, Kit};
use crate::conform::reading::{Reading, outputs, texts};
use crate::contract::OPERATIONS;
use crate::http::media_type;
use crate::soap::{SoapVersion, answer_version};
use crate::xml::charset::{Charset, parameter};

pub(super) const CASES: &[Case] = cases! {
    2 1 Must C5 "A plain request is answered with a result that the help desk can read" => Check::Seen(is_answered);
    2 2 Must C6 "SOAP 1.1 is answered in SOAP 1.1, as text/xml: callers take no other envelope" => Check::Seen(|kit| is_in(kit, SoapVersion::V11));
    2 3 Must C2 "Where SOAP 1.2 is offered, the same request in it gets the same answer" => Check::Seen(speaks_both);
    2 4 Must C6 "SOAP 1.2, where it is offered, is answered in SOAP 1.2, as application/soap+xml" => Check::Seen(|kit| is_in(kit, SoapVersion::V12));
    2 5 Should A4 "A SOAP 1.2 envelope as text/xml with a SOAPAction is answered" => Check::Vary(Soap::V12, |m| { m.content_type("text/xml; charset=utf-8"); m.soap_action(&format!("\"{}\"", m.action)); }, Same);
    2 6 Should A4 "A SOAP 1.1 envelope as application/soap+xml is refused: HTTP 415, empty body" => Check::Vary(Soap::V11, |m| m.content_type("application/soap+xml; charset=utf-8"), Empty(415));
    3 1 Must C2 "An answer can be read as the contract has it: OperationResponse and OperationResult in the service's namespace, Success true or false, no character that XML cannot hold" => Check::Seen(|kit| each(kit, is_readable));
    3 3 Must C3 "Each output variable is a string of its own, key=value" => Check::Seen(|kit| each(kit, has_variables));
    3 4 Should C2 "A list without entries is written (<OutputVariables />) and not left out, which is null to callers" => Check::Seen(|kit| each(kit, has_lists));
    3 5 Should C6 "The content type of an answer names its charset, utf-8" => Check::Seen(|kit| each(kit, names_charset));
    3 6 Must C5 "Every character of an answer is in the charset that its content type names: in text/xml without one, .NET reads ? for what is not ASCII" => Check::Seen(|kit| each(kit, keeps_characters));
    3 9 Must C5 "An answer is not compressed, since callers did not ask for it" => Check::Seen(|kit| each(kit, is_plain));
    3 10 Should C5 "Text in an answer is escaped once" => Check::Seen(|kit| each(kit, is_escaped_once));
    3 12 Must C6 "A result comes with HTTP 200" => Check::Seen(|kit| each(kit, is_ok));
};

fn is_answered(kit: &Kit) -> Judgement {
    let Some(trial) = kit.trials.first() else {
        return Err(match kit.is_cut {
            true => Miss::of(&kit.page, "plain requests were not answered in time"),
            false => Miss::skipped(kit.no_probe()),
        });
    };
    let mut answers = kit.trials.iter().flat_map(|trial| trial.ours.iter().chain([&trial.wrong]));
    if answers.any(|answered| answered.reading.result().is_some()) {
        return Ok(());
    }
    let Answered { exchange, reading } = trial.ours.as_ref().unwrap_or(&trial.wrong);
    Err(Miss::of(exchange, format!("it answered: {}", reading.words(&kit.mask))))
}

/// The plain answer in a version.
fn plain(kit: &Kit, version: SoapVersion) -> Result<&Answered, Miss> {
    let probe = kit.probe()?;
    match (probe.soap() == version, &kit.second) {
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

/// What a look at an answer shows; `None` where the answer has nothing of what is looked for.
type Look = Option<Result<(), String>>;

/// Looks at every answer to a plain request.
fn each(kit: &Kit, look: fn(&Answered) -> Look) -> Judgement {
    let mut seen = false;
    for answered in kit.answers().filter(|answered| answered.exchange.got.is_ok()) {
        let Some(is_right) = look(answered) else { continue };
        seen = true;
        is_right.map_err(|why| Miss::of(&answered.exchange, why))?;
    }
    if seen { Ok(()) } else { Err(Miss::skipped(NOTHING_TO_JUDGE)) }
}

fn unless(is_wrong: bool, why: impl Into<String>) -> Look {
    Some(if is_wrong { Err(why.into()) } else { Ok(()) })
}

/// The value of a header of the answer.
fn header(answered: &Answered, name: &str) -> String {
    let got = answered.exchange.got.as_ref().ok();
    got.and_then(|got| got.response.headers.get(name)).unwrap_or_default().into_owned()
}

/// The body of an answer that has one.
fn body(answered: &Answered) -> Option<&[u8]> {
    let body = answered.exchange.got.as_ref().ok().map(|got| &*got.response.body);
    body.filter(|body| !body.is_empty())
}

fn is_readable(answered: &Answered) -> Look {
    match &answered.reading {
        Reading::Unreadable(why) => Some(Err(why.clone())),
        Reading::Result(_) => Some(Ok(())),
        Reading::Fault(_) | Reading::Silence(_) => None,
    }
}

fn has_variables(answered: &Answered) -> Look {
    let result = answered.reading.result()?;
    let list = result.output_variables.as_ref().value().filter(|list| !list.0.is_empty())?;
    if list.0.iter().any(|entry| !entry.as_ref().is_some_and(|entry| entry.contains('='))) {
        return Some(Err("an output is nil, or has no \"=\"".to_owned()));
    }
    // What separates them; an address may well have such a parameter.
    const SEPARATORS: [char; 7] = [';', ',', '|', '&', '\t', '\r', '\n'];
    let is_key = |part: &str| {
        let key = part.trim_start().split_once('=').map(|(key, _)| key);
        key.is_some_and(|key| OPERATIONS.iter().any(|info| info.outputs.contains(&key)))
    };
    let joined = outputs(result)
        .into_iter()
        .find(|(_, value)| !value.contains('?') && value.split(SEPARATORS).skip(1).any(is_key));
    Some(match joined {
        Some((key, _)) => Err(format!("the output {key} holds another variable")),
        None => Ok(()),
    })
}

fn has_lists(answered: &Answered) -> Look {
    match answered.reading.result()?.output_variables.as_ref().value() {
        Some(list) if !list.0.is_empty() => None,
        list => unless(list.is_none(), "OutputVariables is left out"),
    }
}

fn names_charset(answered: &Answered) -> Look {
    body(answered)?;
    let content_type = header(answered, "Content-Type");
    let charset = parameter(&content_type, "charset").unwrap_or_default();
    let is_utf_8 = charset.trim_matches('"').eq_ignore_ascii_case("utf-8");
    unless(!is_utf_8, format!("the content type is {content_type:?}"))
}

fn keeps_characters(answered: &Answered) -> Look {
    let (content_type, body) = (header(answered, "Content-Type"), body(answered)?);
    let is_text = media_type(&content_type).eq_ignore_ascii_case("text/xml");
    if parameter(&content_type, "charset").is_none() && is_text && !body.is_ascii() {
        let why = format!("it holds more than ASCII, and its content type is {content_type:?}");
        return Some(Err(why));
    }
    let text = Charset::of_response(&content_type).decode(body);
    // U+FFFD may be what the provider has to say.
    let is_broken = text.is_ok_and(|text| text.contains('\u{fffd}'));
    unless(
        is_broken && std::str::from_utf8(body).is_err(),
        format!("not all of it is in the charset of its content type, {content_type:?}"),
    )
}

fn is_plain(answered: &Answered) -> Look {
    body(answered)?;
    let coding = header(answered, "Content-Encoding");
    unless(!["", "identity"].contains(&coding.as_str()), format!("it is compressed ({coding})"))
}

/// HTML, as messages may be, has escapes of its own.
fn is_escaped_once(answered: &Answered) -> Look {
    const ESCAPES: [&str; 6] = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"];
    let texts = texts(answered.reading.result()?);
    texts.iter().find(|text| !text.is_empty())?;
    let is_escaped =
        |text: &&str| !text.contains('<') && ESCAPES.iter().any(|escape| text.contains(escape));
    Some(match texts.into_iter().find(is_escaped) {
        Some(text) => Err(format!("what is read is still escaped: {text:.60?}")),
        None => Ok(()),
    })
}

fn is_ok(answered: &Answered) -> Look {
    answered.reading.result()?;
    let status = answered.exchange.got.as_ref().map_or(0, |got| got.response.status);
    unless(status != 200, format!("it comes with HTTP {status}"))
}
