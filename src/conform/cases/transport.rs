//! Limits, and HTTP.

use std::time::Duration;

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Check, Expect::*, any};
use crate::conform::judgement::{Judgement, Miss, NOTHING_TO_JUDGE};
use crate::conform::kit::{Kit, WRONG};
use crate::conform::message::{Delivery, Message};
use crate::conform::reading::Reading;

/// What no page of the law says, since HTTP does.
const HTTP: &str = "RFC 9110, section 5.1";
const ALONE: &str = "RFC 9110, section 3.3";
const DATE: &str = "RFC 9110, section 6.6.1";

pub(super) const CASES: &[Case] = cases! {
    12 1 Must A4 "A value of 64 KB is read" => any(|m| m.fill("<string>conform=", PIECE, 64 * 8, "</string>"), Same);
    12 3 Should C6 "A request of just under 4096 KB is read" => any(|m| m.fill("<string>conform=", PIECE, 4080 * 8, "</string>"), Same);
    12 4 Should C6 "A request of 5 MB is refused, with an answer" => any(|m| m.fill("<string>conform=", PIECE, 5120 * 8, "</string>"), Shut);
    12 5 Must A4 "1000 variables are read" => any(|m| m.fill("", "<string>conform=x</string>", 1000, ""), Same);
    12 7 Should A4 "2000 elements one inside of the other are passed over" => any(nested, Same);

    13 1 Must C5 "A connection that the service keeps answers a second request: callers use it again, and cannot send everything twice" => any(|m| m.delivery = Delivery::Twice, Same);
    13 2 Should C6 "Expect: 100-continue is answered at once: else a .NET caller waits 350 ms in each call" => Check::Own(|kit| Box::pin(continues(kit)));
    13 3 Must A5 "A request with Expect: 100-continue is answered when its body comes after 350 ms, as .NET sends it" => any(|m| { m.header("Expect", Some("100-continue")); m.delivery = Delivery::Paused; }, Same);
    13 4 Must C5 "An answer is whole, and as long as its headers say" => Check::Seen(is_whole);
    13 5 Should C6 "HTTP/1.0 is answered" => any(|m| m.http = "HTTP/1.0", Same);
    13 6 Must HTTP "Names of headers may be in lower case, as proxies write them" => any(lower_case, Same);
    13 7 Must ALONE "Calls at the same time get each its own answer" => Check::Own(|kit| Box::pin(keeps_apart(kit)));
    13 8 Should A1 "A chunked request is read" => any(|m| m.delivery = Delivery::Chunked, Same);
    13 11 Should C6 "The path is matched without case" => any(|m| m.target = swapped(&m.target), Same);
    13 12 Should A4 "A query on a request is ignored, ?WSDL too" => any(|m| m.target = described(&m.target), Same);
    13 13 Should DATE "The Date of an answer is valid, and within a minute of ours" => Check::Seen(is_on_time);
};

/// 128 characters: eight of it are 1 KB.
const PIECE: &str = concat!(
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
);

fn swapped(target: &str) -> String {
    let swap = |c: char| match c.is_ascii_lowercase() {
        true => c.to_ascii_uppercase(),
        false => c.to_ascii_lowercase(),
    };
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    path.chars().map(swap).chain(query.chars()).collect()
}

fn described(target: &str) -> String {
    let separator = if target.contains('?') { '&' } else { '?' };
    format!("{target}{separator}WSDL")
}

fn lower_case(message: &mut Message) {
    for (name, _) in &mut message.headers {
        name.make_ascii_lowercase();
    }
}

fn nested(message: &mut Message) {
    let mark = crate::conform::message::FILL;
    message.fills = vec![("<u>", 2000), ("</u>", 2000)];
    message.replace("<InputVariables>", &format!("{mark}{mark}<InputVariables>"));
}

async fn continues(kit: &Kit) -> Judgement {
    let mut message = kit.plain_of_probe()?;
    message.header("Expect", Some("100-continue"));
    message.delivery = Delivery::Expecting;
    let answered = kit.ask(message).await;
    kit.expect(Same, &answered)?;
    match answered.exchange.got.as_ref().is_ok_and(|got| got.continued.is_some()) {
        true => Ok(()),
        false => Err(Miss::of(&answered.exchange, "100 Continue did not come within 350 ms")),
    }
}

fn is_whole(kit: &Kit) -> Judgement {
    if kit.trials.is_empty() {
        return Err(Miss::skipped(kit.no_probe()));
    }
    let mut seen = false;
    for answered in kit.trials.iter().flat_map(|trial| trial.ours.iter().chain([&trial.wrong])) {
        if let Reading::Silence(why) = &answered.reading {
            return Err(Miss::of(&answered.exchange, why.as_str()));
        }
        seen |= answered.exchange.got.as_ref().is_ok_and(|got| !got.response.body.is_empty());
    }
    if seen { Ok(()) } else { Err(Miss::skipped(NOTHING_TO_JUDGE)) }
}

async fn keeps_apart(kit: &Kit) -> Judgement {
    let probe = kit.probe()?;
    if !probe.tells {
        return Err(Miss::skipped(kit.untold()));
    }
    let ours = kit.plain_of_probe()?;
    let mut wrong = ours.clone();
    wrong.set("authPW", WRONG);
    let both = || async { tokio::join!(kit.ask(ours.clone()), kit.ask(wrong.clone())) };
    let (one, two, three) = tokio::join!(both(), both(), both());
    let mut are_all = true;
    for (right, denied) in [one, two, three] {
        // Only the other's answer is mixed up: one that takes a call at a time may let the rest wait.
        let is_right = kit.is_plain(&right.reading);
        let is_denied = kit.is_like(&probe.wrong.reading, &denied.reading);
        let mixed = match () {
            () if kit.is_plain(&denied.reading) => Some((denied, "a wrong password")),
            () if right.reading.result().is_some()
                && kit.is_like(&probe.wrong.reading, &right.reading) =>
            {
                Some((right, "the right password"))
            }
            () => None,
        };
        if let Some((answered, of)) = mixed {
            return Err(Miss::Failed {
                why: format!("the answer to {of} was {}", answered.reading.words(&kit.mask)),
                exchange: Some(Box::new(answered.exchange)),
                again: Some(kit.shell.pairs(&kit.origin, &ours, &wrong)),
            });
        }
        are_all &= is_right && is_denied;
    }
    match are_all {
        true => Ok(()),
        false => Err(Miss::skipped("not all calls at the same time were answered")),
    }
}

fn is_on_time(kit: &Kit) -> Judgement {
    let exchange = &kit.probe()?.plain.exchange;
    let Ok(got) = &exchange.got else { return Err(Miss::skipped("there is no answer")) };
    let Some(date) = got.response.headers.get("Date") else {
        return Err(Miss::of(exchange, "it has no Date"));
    };
    let Ok(there) = jiff::fmt::rfc2822::parse(&date) else {
        return Err(Miss::of(exchange, format!("its Date is {date:?}")));
    };
    let apart = there.timestamp().duration_since(jiff::Timestamp::now()).unsigned_abs();
    match apart < Duration::from_secs(60).saturating_add(kit.within) {
        true => Ok(()),
        false => Err(Miss::of(exchange, format!("its Date is {} s from ours", apart.as_secs()))),
    }
}
