//! Variables, the web service password, faults.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Check, Expect::*, Soap, any};
use crate::conform::judgement::{Judgement, Miss, NOTHING_TO_JUDGE, Needs};
use crate::conform::kit::{Answered, Kit, Probe, SHORTEST, Trial, WRONG};
use crate::conform::message::{AUTH, AUTH_CUT, AUTH_SWAPPED, Message, PASSWORD};
use crate::conform::oddities::{fails, has_stack};
use crate::conform::reading::{Reading, texts};
use crate::contract::raw::Presence;
use crate::contract::{Authenticate, Operation as _, OperationInfo, SideEffect, first_line};
use crate::soap::{SoapVersion, answer_version};

pub(super) const CASES: &[Case] = cases! {
    9 1 Must C3 "A variable that the provider does not know does no harm: sites add their own" => any(|m| m.add("<string>conform=1</string><string>subject=</string>"), Same);
    9 2 Must C3 "The order of variables has no meaning" => any(|m| { m.auth(""); m.add(&format!("<string>authPW={AUTH}</string>")); }, Same);
    9 3 Should C3 "Of a variable that comes twice the last counts: the right password after a wrong one is taken" => any(|m| m.auth(&format!("<string>authPW={WRONG}</string><string>authPW={AUTH}</string>")), Read);
    9 4 Should C3 "Of a variable that comes twice the last counts: a wrong password after the right one is refused" => any(|m| m.add(&format!("<string>authPW={WRONG}</string>")), Shut);
    9 5 Should C3 "Keys are told apart by upper and lower case" => any(|m| m.auth(&format!("<string>AUTHPW={AUTH}</string>")), Shut);
    9 6 Must C3 "The value is all that follows the first =, further ones included" => any(|m| m.auth(&format!("<string>authPW={AUTH}=</string>")), Shut);
    9 7 Must C3 "A value with = in it does no harm" => any(|m| m.add("<string>conform=a=b==c</string>"), Same);
    9 8 Should C3 "A second = right after the first belongs to the value" => any(|m| m.auth(&format!("<string>authPW=={AUTH}</string>")), Shut);
    9 9 Should C3 "Custom fields do no harm, in whatever case their prefix is" => any(|m| m.add("<string>cf_Conform=1</string><string>CF_Conform Two=2</string><string>cf_Conform Three=</string><string>cf_=x</string>"), Same);

    10 1 Must C3 "The web service password that was given is accepted" => Check::Seen(is_accepted);
    10 2 Must C4 "A wrong web service password lets nobody in" => Check::Own(|kit| Box::pin(refuses_wrong(kit)));
    10 3 Should C3 "A wrong web service password is answered Success=false, \"Permission Denied\", without outputs, and not with a fault" => Check::Seen(denies_in_words);
    10 4 Must C4 "Without a web service password nobody is let in" => any(|m| m.auth(""), Shut);
    10 5 Must C4 "An empty web service password lets nobody in" => any(|m| m.auth("<string>authPW=</string>"), Shut);
    10 6 Must C4 "The web service password in the other case of letters lets nobody in" => Check::Own(|kit| Box::pin(minds_case(kit)));
    10 7 Must C4 "The web service password without its last character lets nobody in" => any(|m| m.auth(&format!("<string>authPW={AUTH_CUT}</string>")), Shut);
    10 10 Must C4 "No answer repeats a password" => Check::Seen(keeps_secrets);
    10 11 Must C4 "Operations that change something refuse a wrong web service password, too" => Check::Seen(changes_nothing);

    11 1 Must C5 "What cannot be answered is a fault or an HTTP error, and not an empty answer or a page at 200" => Check::Seen(refuses_in_order);
    11 2 Should C6 "XML that breaks off is refused: HTTP 400, empty body" => any(|m| m.replace("</soap:Envelope>", ""), Empty(400));
    11 3 Should A4 "Tags that do not match are refused: HTTP 400, empty body" => any(|m| m.replace("</inputs>", "</input>"), Empty(400));
    11 4 Should C6 "A document type is refused: HTTP 400, empty body" => any(|m| typed(m, "<!DOCTYPE x>"), Empty(400));
    11 5 Must C6 "An entity of the request's own is not read: what it does can bring a service down, or give its files away" => any(|m| { typed(m, "<!DOCTYPE x [<!ENTITY e \"authPW=\">]>"); m.auth(&format!("<string>&e;{AUTH}</string>")); }, Shut);
    11 6 Should C6 "A fault has one line, and no stack" => Check::Seen(shows_no_stack);
    11 7 Should C6 "A fault in SOAP 1.2 is of SOAP 1.2, with HTTP 500" => Check::Own(|kit| Box::pin(faults_in_version(kit)));
    11 8 Should A4 "An empty body with a SOAPAction is refused: HTTP 400, empty body" => Check::Vary(Soap::V11, |m| m.body.clear(), Empty(400));
};

fn typed(message: &mut Message, document_type: &str) {
    let end = message.body.find("?>").map_or(0, |at| at + 2);
    message.body.insert_str(end, document_type);
}

fn is_accepted(kit: &Kit) -> Judgement {
    if kit.password.is_none() {
        return Err(Miss::skipped("no web service password was given"));
    }
    let is_told = |probe: &Probe| probe.tells && !probe.plain.reading.is_denial();
    // Of a service that can only be asked for changes, their answers tell.
    let judged = || kit.trials.iter().filter(move |t| !kit.has_readers() || only_reads(t));
    let is_taken = || kit.probe.is_none() && judged().any(|trial| kit.accepts(trial));
    if kit.probe.as_ref().is_some_and(is_told) || is_taken() {
        return Ok(());
    }
    let ours = || judged().filter_map(|trial| trial.ours.as_ref());
    if ours().any(|answered| !answered.reading.is_denial() && answered.reading.result().is_some()) {
        return Err(Miss::skipped(kit.untold()));
    }
    match ours().find(|answered| answered.reading.is_denial()) {
        Some(Answered { exchange, .. }) => {
            let is_plain =
                kit.password.as_ref().is_none_or(|password| password.expose().is_ascii());
            let why = "it is refused (\"Permission Denied\"): is it the service's?";
            // Else whoever reads another charset is taken for one with another password.
            let other = " Or does the service not read UTF-8? It holds more than ASCII.";
            Err(Miss::of(exchange, [why, if is_plain { "" } else { other }].concat()))
        }
        None => Err(Miss::skipped("no operation that only reads answers with a result")),
    }
}

/// Does it say anything, to the right password or to a wrong one?
fn has_result(trial: &Trial) -> bool {
    trial.ours.iter().chain([&trial.wrong]).any(|answered| answered.reading.result().is_some())
}

fn only_reads(trial: &Trial) -> bool {
    trial.info.side_effect == SideEffect::ReadOnly
}

async fn refuses_wrong(kit: &Kit) -> Judgement {
    for trial in kit.trials.iter().filter(|trial| only_reads(trial)) {
        if kit.is_yes(&trial.wrong) {
            return Err(Miss::of(
                &trial.wrong.exchange,
                format!("{} lets in whom it should not", trial.info.name),
            ));
        }
    }
    // A login that is right but for this shows it even of a service that says no to everybody.
    if let Ok((_, mut message)) = kit.request(Authenticate::NAME, Needs::Entry) {
        message.set("authPW", WRONG);
        let answered = kit.ask(message).await;
        return match kit.is_yes(&answered) {
            true => Err(Miss::of(&answered.exchange, "the user is let in")),
            false => match &answered.reading {
                Reading::Silence(why) => Err(Miss::of(&answered.exchange, why.as_str())),
                _ => Ok(()),
            },
        };
    }
    let proves = |trial: &&Trial| has_result(trial) && !fails(trial) && !kit.is_unproven(trial);
    match kit.trials.iter().find(proves) {
        Some(_) => Ok(()),
        None => Err(Miss::skipped(match kit.trials.is_empty() {
            true => kit.no_probe(),
            false if !kit.trials.iter().any(has_result) => NOTHING_TO_JUDGE,
            false => {
                "nobody is answered no whatever the password: give a user (--user, --password)"
            }
        })),
    }
}

fn denies_in_words(kit: &Kit) -> Judgement {
    if kit.trials.is_empty() {
        return Err(Miss::skipped(kit.no_probe()));
    }
    for trial in &kit.trials {
        let Answered { exchange, reading } = &trial.wrong;
        let outputs = reading.result().map(|result| match &result.output_variables {
            Presence::Value(list) => list.0.len(),
            _ => 0,
        });
        if !reading.is_denial() || outputs != Some(0) {
            let words = reading.words(&kit.mask);
            return Err(Miss::of(exchange, format!("{} answered: {words}", trial.info.name)));
        }
    }
    Ok(())
}

async fn minds_case(kit: &Kit) -> Judgement {
    if kit.secret(AUTH_SWAPPED) == kit.secret(AUTH) {
        return Err(Miss::skipped("the password has no letters of two cases"));
    }
    let vary = |m: &mut Message| m.auth(&format!("<string>authPW={AUTH_SWAPPED}</string>"));
    any(vary, Shut).run(kit).await
}

/// Of a result in what it says: in its markup, a password stands where it is an ordinary word.
fn keeps_secrets(kit: &Kit) -> Judgement {
    let given = [kit.secret(AUTH), kit.secret(PASSWORD), WRONG.to_owned()];
    let secrets = given.iter().filter(|secret| secret.chars().count() >= SHORTEST);
    let mut seen = false;
    for Answered { exchange, reading } in kit.answers() {
        let Ok(got) = &exchange.got else { continue };
        seen |= !got.response.body.is_empty();
        let text = match reading.result() {
            Some(result) => texts(result).join("\n"),
            None => String::from_utf8_lossy(&got.response.body).into_owned(),
        };
        if secrets.clone().any(|secret| text.contains(secret)) {
            return Err(Miss::of(exchange, "the password that was sent stands in the answer"));
        }
    }
    if seen { Ok(()) } else { Err(Miss::skipped(NOTHING_TO_JUDGE)) }
}

fn changes_nothing(kit: &Kit) -> Judgement {
    let mutates = |info: &OperationInfo| info.side_effect == SideEffect::Mutating;
    let Some(offer) = kit.offers.iter().find(|offer| mutates(offer.info)) else {
        return Err(Miss::skipped("the service has no operation that changes something"));
    };
    kit.request(offer.info.name, Needs::Plain)?;
    for trial in kit.trials.iter().filter(|trial| mutates(trial.info)) {
        if kit.is_yes(&trial.wrong) {
            let why = format!("{} does what it was asked", trial.info.name);
            return Err(Miss::of(&trial.wrong.exchange, why));
        }
    }
    match kit.trials.iter().any(|trial| mutates(trial.info) && has_result(trial)) {
        true => Ok(()),
        false => Err(Miss::skipped(NOTHING_TO_JUDGE)),
    }
}

/// The answer to an operation that no service has.
fn refuses_in_order(kit: &Kit) -> Judgement {
    kit.probe()?;
    let Some(answered) = kit.faults.last() else { return Err(Miss::skipped(kit.no_probe())) };
    let status = answered.exchange.got.as_ref().map_or(0, |got| got.response.status);
    match &answered.reading {
        Reading::Fault(fault) if !fault.reason.trim().is_empty() => Ok(()),
        Reading::Fault(_) => Err(Miss::of(&answered.exchange, "the fault has no reason")),
        Reading::Unreadable(_) if status >= 400 => Ok(()),
        other => {
            let words = other.words(&kit.mask);
            let why = format!("an unknown operation is answered: HTTP {status}, {words}");
            Err(Miss::of(&answered.exchange, why))
        }
    }
}

fn shows_no_stack(kit: &Kit) -> Judgement {
    let faults = kit.answers().chain(&kit.faults);
    let mut faults = faults.filter_map(|answered| match &answered.reading {
        Reading::Fault(fault) => Some((answered, fault)),
        _ => None,
    });
    let mut seen = false;
    match faults.find(|(_, fault)| {
        seen = true;
        has_stack(&fault.reason)
    }) {
        Some((answered, fault)) => {
            let first = first_line(&fault.reason);
            Err(Miss::of(&answered.exchange, format!("it has many lines: {first:.200}")))
        }
        None if seen => Ok(()),
        None => Err(Miss::skipped("no fault came to look at")),
    }
}

async fn faults_in_version(kit: &Kit) -> Judgement {
    let mut message = kit.plain_in(SoapVersion::V12)?;
    message.ask_for_nothing();
    let answered = kit.ask(message).await;
    let Answered { exchange, reading } = &answered;
    let (Reading::Fault(_), Ok(got)) = (reading, &exchange.got) else {
        let words = reading.words(&kit.mask);
        return Err(Miss::of(exchange, format!("a fault is due; it answered {words}")));
    };
    match (answer_version(&got.response), got.response.status) {
        (Some(SoapVersion::V12), 500) => Ok(()),
        (version, status) => {
            let version = version.map_or_else(|| "?".to_owned(), |version| version.to_string());
            Err(Miss::of(exchange, format!("it is a fault of SOAP {version}, with HTTP {status}")))
        }
    }
}
