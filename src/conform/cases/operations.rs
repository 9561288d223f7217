//! Each operation's own rules.

use std::collections::BTreeMap;

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Answer, Check};
use crate::conform::judgement::{Judgement, Miss, NOTHING_TO_JUDGE, Needs};
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
    14 4 Must C3 "The user is not let in with a wrong password" => Check::Call(LOGIN, Needs::Entry, |m| m.set("loginPassword", NOBODY), is_not_let_in);
    14 5 Must C3 "The user is not let in with an empty password, which many directories take for a login of nobody's" => Check::Call(LOGIN, Needs::Entry, |m| m.set("loginPassword", ""), is_not_let_in);
    14 6 Must C3 "A quote in name and password (o'conform) is read as any other character: nobody is let in, and nothing breaks" => Check::Call(LOGIN, Needs::Nothing, |m| { m.set("loginUsername", "o'conform"); m.set("loginPassword", "o'conform"); }, is_not_let_in);
    14 7 Should C3 "A login without a password is Success=false, \"Required Input Missing\"" => Check::Call(LOGIN, Needs::Nothing, |m| m.unset("loginPassword"), misses_input);
    14 8 Should C3 "A login without a name is Success=false, \"Required Input Missing\"" => Check::Call(LOGIN, Needs::Nothing, |m| m.unset("loginUsername"), misses_input);
    14 9 Should C3 "A sign-in cookie of nobody's lets nobody in" => Check::Call(COOKIE, Needs::Plain, as_it_is, is_not_let_in);
    14 10 Must C3 "A sign-in cookie of the user's lets him in, without a password" => Check::Call(COOKIE, Needs::User, as_it_is, is_let_in);
    14 11 Should C3 "A sign-in cookie without a name is Success=false, \"Required Input Missing\"" => Check::Call(COOKIE, Needs::Nothing, |m| m.unset("loginUsername"), misses_input);
    14 12 Should C3 "Login and sign-in cookie give the user the same name and address" => Check::Own(|kit| Box::pin(agree(kit)));

    14 13 Must C3 "A name and password that are SQL (' OR '1'='1) let nobody in" => Check::Call(LOGIN, Needs::Leave, |m| { m.set("loginUsername", "' OR '1'='1"); m.set("loginPassword", "' OR '1'='1"); }, is_not_let_in);
    14 14 Must C3 "A name and password that are a wildcard of directories (*) let nobody in" => Check::Call(LOGIN, Needs::Leave, |m| { m.set("loginUsername", "*"); m.set("loginPassword", "*"); }, is_not_let_in);

    15 1 Must C3 "The options for nobody, where there are any, say whether tickets may be started (CanStartTickets, True or False), or nothing at all" => Check::Call(FIELDS, Needs::Plain, as_it_is, |_, a| if_successful(a, says_or_nothing));
    15 2 Must C3 "The options for the user say whether tickets may be started (CanStartTickets, True or False), or nothing at all" => Check::Call(FIELDS, Needs::User, as_it_is, |_, a| says_or_nothing(a));
    15 3 Must C2 "Each item names its field" => Check::Call(FIELDS, Needs::Nothing, as_it_is, names_fields);
    15 4 Should C3 "No item stands twice: which one counts would be open" => Check::Call(FIELDS, Needs::Nothing, as_it_is, names_each_once);

    16 1 Must C3 "A web ticket, which has a loginUsername, is allowed or refused: TicketCreation=TRUE or FALSE" => Check::Call(StartTicket::NAME, Needs::Plain, as_it_is, |_, a| says(a, "TicketCreation"));
    16 2 Must C3 "A mailed ticket, which has an emailFrom, is allowed or refused, too: it has no loginUsername" => Check::Call(StartTicket::NAME, Needs::Nothing, |m| m.started_by("emailFrom"), |_, a| says(a, "TicketCreation"));
    17 1 Must C3 "A chat is allowed or refused: ChatCreation=TRUE or FALSE" => Check::Call(StartChat::NAME, Needs::Plain, as_it_is, |_, a| says(a, "ChatCreation"));
    18 1 Must C3 "Where nobody is answered with information, it says whether he was found: UserFound=TRUE or FALSE" => Check::Call(GetUserInfo::NAME, Needs::Plain, as_it_is, |_, a| if_successful(a, |a| says(a, "UserFound")));
    19 1 Must C3 "An event, though it is not known, is answered with a result" => Check::Call(HandleEvent::NAME, Needs::Plain, as_it_is, |_, _| Ok(()));
    20 1 Must C3 "A registration, where it is answered at all, is made or refused: Registration=OK or FAIL" => Check::Call(RegisterUser::NAME, Needs::Plain, as_it_is, |_, a| if_successful(a, |a| says(a, "Registration")));
    20 2 Must C3 "A registration gives the name by which the user logs in just as it was given" => Check::Call(RegisterUser::NAME, Needs::Plain, as_it_is, gives_name);
};

type Due = Judgement;

fn as_it_is(_: &mut Message) {}

fn unless(is_met: bool, answer: &Answer<'_>, due: &str) -> Due {
    if is_met { Ok(()) } else { Err(format!("{due} is due; it answered {}", answer.said).into()) }
}

fn is_let_in(_: &Kit, answer: &Answer<'_>) -> Due {
    let why = "Authentication=OK is due (is the password right? A directory that is down answers so, too)";
    if answer.is_yes() { Ok(()) } else { Err(format!("{why}; it answered {}", answer.said).into()) }
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

/// An output that was read already: with another word in it the answer could not be.
fn says(answer: &Answer<'_>, output: &str) -> Due {
    let is_met = answer.result.success && answer.output(output).is_some();
    unless(is_met, answer, &format!("Success=true with {output}"))
}

/// Outputs without the one that counts are another operation's.
fn says_or_nothing(answer: &Answer<'_>) -> Due {
    let is_silent = outputs(answer.result).is_empty() && answer.result.success;
    if is_silent { Ok(()) } else { says(answer, "CanStartTickets") }
}

/// The provider may decline to answer about nobody.
fn if_successful(answer: &Answer<'_>, expect: fn(&Answer<'_>) -> Due) -> Due {
    match answer.result.success {
        true => expect(answer),
        false => Err(Miss::skipped(format!("the call is declined: {}", answer.said))),
    }
}

fn gives_name(kit: &Kit, answer: &Answer<'_>) -> Due {
    let given = answer.output("loginUsername");
    match given.filter(|_| answer.is_yes()) {
        Some(given) => unless(given == kit.registered, answer, "the same name"),
        None => Err(Miss::skipped(NOTHING_TO_JUDGE)),
    }
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
    has_items(answer)?;
    unless(items(answer).all(|item| !name(item).is_empty()), answer, "a name in each item")
}

fn has_items(answer: &Answer<'_>) -> Due {
    let is_empty = items(answer).next().is_none();
    if is_empty { Err(Miss::skipped(NOTHING_TO_JUDGE)) } else { Ok(()) }
}

fn names_each_once(_: &Kit, answer: &Answer<'_>) -> Due {
    has_items(answer)?;
    let names: Vec<&str> = items(answer).map(name).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
    match twice {
        Some((_, name)) => Err(format!("the field {name:.60} stands twice").into()),
        None => Ok(()),
    }
}

async fn agree(kit: &Kit) -> Judgement {
    kit.request(LOGIN, Needs::Entry)?;
    let (_, cookie) = kit.request(COOKIE, Needs::User)?;
    let cookie = kit.ask(cookie).await;
    let told = |answered: &Answered| {
        let of_user = |(key, _): &(&str, &str)| matches!(*key, "EmailAddress" | "DisplayName");
        let all = outputs(answered.reading.result()?).into_iter().filter(of_user);
        Some(all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>())
    };
    match (kit.login.as_ref().and_then(told), told(&cookie)) {
        (Some(one), Some(other)) if one != other => Err(Miss::of(&cookie.exchange, "they differ")),
        (_, None) => Err(Miss::skipped("the cookie is not answered with a result (14.10)")),
        (_, Some(other)) if other.is_empty() => Err(Miss::skipped(NOTHING_TO_JUDGE)),
        _ => Ok(()),
    }
}
