//! Each operation's own rules.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Answer, Check};
use crate::conform::judgement::{Judgement, Miss, Needs};
use crate::conform::kit::{Answered, Kit};
use crate::conform::message::Message;
use crate::conform::reading::outputs;
use crate::contract::raw::{Presence, RawCustomFieldData};
use crate::contract::{
    Authenticate, Failure, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent,
    NOBODY, Operation as _, RegisterUser, StartChat, StartTicket, Verdict,
};

const LOGIN: &str = Authenticate::NAME;
const COOKIE: &str = GetSignInCookieInfo::NAME;
const FIELDS: &str = GetCustomFieldOptions::NAME;

pub(super) const CASES: &[Case] = cases! {
    14 1 Must C3 "The user is let in with his password: Authentication=OK" => Check::Call(LOGIN, Needs::Password, as_it_is, is_let_in);
    14 2 Must C3 "Nobody is not let in" => Check::Call(LOGIN, Needs::Plain, as_it_is, is_not_let_in);
    14 3 Should C3 "A login that is refused is Success=true with Authentication=FAIL: the call itself succeeded" => Check::Call(LOGIN, Needs::Nothing, as_it_is, is_refused);
    14 4 Must C3 "The user is not let in with a wrong password" => Check::Call(LOGIN, Needs::User, |_, m| m.set("loginPassword", NOBODY), is_not_let_in);
    14 5 Must C3 "The user is not let in with an empty password, which many directories take for a login of nobody's" => Check::Call(LOGIN, Needs::User, |_, m| m.set("loginPassword", ""), is_not_let_in);
    14 6 Must C3 "A name and password of wildcards and quotes let nobody in" => Check::Call(LOGIN, Needs::Nothing, |_, m| { m.set("loginUsername", "*' OR '1'='1"); m.set("loginPassword", "*' OR '1'='1"); }, is_not_let_in);
    14 7 Should C3 "A login without a password is Success=false, \"Required Input Missing\"" => Check::Call(LOGIN, Needs::Nothing, |_, m| m.unset("loginPassword"), misses_input);
    14 8 Should C3 "A login without a name is Success=false, \"Required Input Missing\"" => Check::Call(LOGIN, Needs::Nothing, |_, m| m.unset("loginUsername"), misses_input);
    14 9 Must C3 "A sign-in cookie of nobody's lets nobody in" => Check::Call(COOKIE, Needs::Plain, as_it_is, is_not_let_in);
    14 10 Must C3 "A sign-in cookie of the user's lets him in, without a password" => Check::Call(COOKIE, Needs::User, as_it_is, is_let_in);
    14 11 Should C3 "A sign-in cookie without a name is Success=false, \"Required Input Missing\"" => Check::Call(COOKIE, Needs::Nothing, |_, m| m.unset("loginUsername"), misses_input);
    14 12 Should C3 "Login and sign-in cookie give the user the same name and address" => Check::Own(|kit| Box::pin(agree(kit)));

    15 1 Must C3 "The options for nobody are a result with True or False in CanStartTickets and CanStartChats" => Check::Call(FIELDS, Needs::Plain, as_it_is, is_successful);
    15 2 Must C3 "So are the options for the user" => Check::Call(FIELDS, Needs::User, as_it_is, is_successful);
    15 3 Must C2 "Each item names its field" => Check::Call(FIELDS, Needs::Nothing, as_it_is, names_fields);
    15 4 Should C3 "No item stands twice: which one counts would be open" => Check::Call(FIELDS, Needs::Nothing, as_it_is, names_each_once);
    15 5 Should C3 "A location that is absent, REGULAR, or anything but PRE is page two" => Check::Own(|kit| Box::pin(alike(kit, "location", &[None, Some("REGULAR"), Some("conform")])));
    15 6 Should C3 "interactiontype is read whatever its case" => Check::Own(|kit| Box::pin(alike(kit, "interactiontype", &[Some("TICKET"), Some("ticket")])));

    16 1 Must C3 "A web ticket, which has a loginUsername, is allowed or refused: TicketCreation=TRUE or FALSE" => Check::Call(StartTicket::NAME, Needs::Nothing, |_, m| started(m, "loginUsername"), is_successful);
    16 2 Must C3 "A mailed ticket, which has an emailFrom, is allowed or refused, too: it has no loginUsername" => Check::Call(StartTicket::NAME, Needs::Nothing, |_, m| started(m, "emailFrom"), is_successful);
    17 1 Must C3 "A chat is allowed or refused: ChatCreation=TRUE or FALSE" => Check::Call(StartChat::NAME, Needs::Nothing, |_, m| started(m, "loginUsername"), is_successful);
    18 1 Must C3 "User information is found or not: UserFound=TRUE or FALSE" => Check::Call(GetUserInfo::NAME, Needs::Plain, |_, m| m.set("emailFrom", "nobody@conform.invalid"), is_successful);
    19 1 Must C3 "An event is taken: Success=true" => Check::Call(HandleEvent::NAME, Needs::Nothing, |_, m| m.set("eventName", "conform"), is_successful);
    20 1 Must C3 "A registration is made or refused: Registration=OK or FAIL" => Check::Call(RegisterUser::NAME, Needs::Nothing, |_, m| m.set("loginUsername", "conform"), is_successful);
    20 2 Must C3 "A registration gives the name by which the user logs in just as it was given" => Check::Call(RegisterUser::NAME, Needs::Nothing, |_, m| m.set("loginUsername", NAME), gives_name);
};

/// A name in which much can go wrong.
const NAME: &str = "conform a=b & <c> \u{e9}\u{1f600}";

type Due = Result<(), String>;

fn as_it_is(_: &Kit, _: &mut Message) {}

fn started(message: &mut Message, by: &str) {
    for key in ["loginUsername", "emailFrom"] {
        message.set(key, if key == by { "nobody@conform.invalid" } else { "" });
    }
    message.set("departmentName", "Conform");
}

fn unless(is_met: bool, answer: &Answer<'_>, due: &str) -> Due {
    if is_met { Ok(()) } else { Err(format!("{due} is due; it answered {}", answer.said)) }
}

fn is_let_in(_: &Kit, answer: &Answer<'_>) -> Due {
    let why = "Authentication=OK is due (is the password right? A directory that is down answers so, too)";
    if answer.is_yes() { Ok(()) } else { Err(format!("{why}; it answered {}", answer.said)) }
}

fn is_not_let_in(_: &Kit, answer: &Answer<'_>) -> Due {
    unless(!answer.is_yes(), answer, "a refusal")
}

fn is_refused(_: &Kit, answer: &Answer<'_>) -> Due {
    unless(answer.verdict == Some(Verdict::Refused), answer, "Success=true, Authentication=FAIL")
}

fn misses_input(_: &Kit, answer: &Answer<'_>) -> Due {
    let message = answer.result.message.as_ref().value();
    let is_met = !answer.result.success
        && message.is_some_and(|message| message == Failure::REQUIRED_INPUT_MISSING);
    unless(is_met, answer, "Success=false, \"Required Input Missing\"")
}

fn is_successful(_: &Kit, answer: &Answer<'_>) -> Due {
    unless(answer.result.success, answer, "Success=true")
}

fn gives_name(_: &Kit, answer: &Answer<'_>) -> Due {
    let given = answer.output("loginUsername");
    unless(!answer.is_yes() || given.is_none_or(|given| given == NAME), answer, "the same name")
}

fn items<'a>(answer: &'a Answer<'_>) -> impl Iterator<Item = &'a Option<RawCustomFieldData>> {
    answer.result.custom_field_data_items.as_ref().value().into_iter().flatten()
}

fn name(item: &Option<RawCustomFieldData>) -> &str {
    match item.as_ref().map(|item| &item.custom_field_name) {
        Some(Presence::Value(name)) => name.trim(),
        _ => "",
    }
}

fn names_fields(_: &Kit, answer: &Answer<'_>) -> Due {
    unless(items(answer).all(|item| !name(item).is_empty()), answer, "a name in each item")
}

fn names_each_once(_: &Kit, answer: &Answer<'_>) -> Due {
    let names: Vec<&str> = items(answer).map(name).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    match twice {
        Some((_, name)) => Err(format!("the field {name:.60} stands twice")),
        None => Ok(()),
    }
}

async fn agree(kit: &Kit) -> Judgement {
    let (_, login) = kit.request(LOGIN, Needs::Password)?;
    let (_, cookie) = kit.request(COOKIE, Needs::User)?;
    let told = |answered: &Answered| {
        let result = answered.reading.result()?;
        let of_user = |(key, _): &(&str, &str)| matches!(*key, "EmailAddress" | "DisplayName");
        let all = outputs(result).into_iter().filter(of_user);
        let mut all: Vec<(String, String)> =
            all.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        all.sort_unstable();
        Some(all)
    };
    let (login, cookie) = (kit.ask(login).await, kit.ask(cookie).await);
    let (Some(one), Some(other)) = (told(&login), told(&cookie)) else {
        return Err(Miss::skipped("one of them is not answered with a result (14.1, 14.10)"));
    };
    match one == other {
        true => Ok(()),
        false => Err(Miss::of(&cookie.exchange, "they differ")),
    }
}

/// Is an operation answered alike with these values of a variable?
async fn alike(kit: &Kit, key: &str, values: &[Option<&str>]) -> Judgement {
    let (_, plain) = kit.request(FIELDS, Needs::Nothing)?;
    let mut first: Option<Answered> = None;
    for value in values {
        let mut message = plain.clone();
        match value {
            Some(value) => message.set(key, value),
            None => message.unset(key),
        }
        let answered = kit.ask(message).await;
        let Some(result) = answered.reading.result() else {
            return Err(Miss::of(&answered.exchange, answered.reading.words(&kit.mask)));
        };
        let same = |first: &Answered| {
            let first = first.reading.result();
            first.is_some_and(|first| {
                first.custom_field_data_items == result.custom_field_data_items
            })
        };
        if first.as_ref().is_some_and(|first| !same(first)) {
            let why = format!("with {key}={} the items are others", value.unwrap_or_default());
            return Err(Miss::of(&answered.exchange, why));
        }
        first.get_or_insert(answered);
    }
    Ok(())
}
