//! The way of a login: find the user, bind once, look at groups.

use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::bind_result::{Verdict, verdict};
use super::connection::is_sendable;
use super::dn::{self, Dn};
use super::groups::{self, Group};
use super::message::{Entry, Scope, Search};
use super::name::{LONGEST, Name};
use super::search::Searcher;
use super::throttle::{Pass, Turn};
use super::{
    Cause, DirectoryError, DirectorySettings, GroupSource, Inner, Kind, Login, Person, Reason,
    Refusal, filter, state,
};
use crate::explanation::Explanation;
use crate::secret::Secret;

/// What a look-up found.
enum Found {
    One(Entry),
    /// More than one, so nobody.
    Many(Refusal),
    Nobody,
}

pub(super) async fn authenticate(
    inner: &Inner,
    login: &str,
    password: &Secret,
    explanation: &Explanation,
) -> Result<Login, DirectoryError> {
    if !is_sendable(password) {
        let words = "the password is empty or blank, or holds a NUL: it was not sent";
        return Ok(Login::Refused(Refusal::new(Reason::NoPassword, words)));
    }
    let name = match usual(inner, login) {
        Ok(name) => name,
        Err(login) => return Ok(login),
    };
    let mut searcher = Searcher::new(inner, explanation);
    let entry = match &inner.settings.dn_template {
        Some(template) => Entry::named(&name.fill(template, dn::escape)),
        None => match look_up(inner, name, &mut searcher).await? {
            Found::One(entry) => entry,
            Found::Many(refusal) => return Ok(Login::Refused(refusal)),
            Found::Nobody => return Ok(Login::Unknown),
        },
    };
    let entry = match bind(inner, entry, password, &mut searcher).await? {
        Ok(entry) => entry,
        Err(login) => return Ok(login),
    };
    let answer = person(inner, &entry, &mut searcher).await;
    searcher.close().await;
    answer
}

pub(super) async fn find(
    inner: &Inner,
    login: &str,
    explanation: &Explanation,
) -> Result<Login, DirectoryError> {
    let name = match usual(inner, login) {
        Ok(name) => name,
        Err(login) => return Ok(login),
    };
    let mut searcher = Searcher::new(inner, explanation);
    let entry = match found(inner, name, &mut searcher).await? {
        Found::One(entry) => entry,
        Found::Many(refusal) => return Ok(Login::Refused(refusal)),
        Found::Nobody => return Ok(Login::Unknown),
    };
    // Every user of Active Directory has it; an account that may not read it cannot tell who is disabled.
    if inner.settings.kind == Kind::ActiveDirectory && entry.text("userAccountControl").is_none() {
        let words = format!("userAccountControl of {} is not shown", searcher.shown(&entry.dn));
        return Err(searcher.error(Cause::Rights(words)));
    }
    let policy = policy(inner, &entry, &mut searcher).await?;
    let now = Timestamp::now();
    match state::refusal(inner.settings.kind, &entry, policy.as_ref(), now) {
        Some(refusal) => Ok(Login::Refused(refusal.of(&entry.dn))),
        None => person(inner, &entry, &mut searcher).await,
    }
}

/// The user's entry, as the account sees it.
async fn found(
    inner: &Inner,
    name: Name<'_>,
    searcher: &mut Searcher<'_>,
) -> Result<Found, DirectoryError> {
    let Some(template) = &inner.settings.dn_template else {
        return look_up(inner, name, searcher).await;
    };
    match searcher.entry(&name.fill(template, dn::escape), attributes(inner)).await? {
        Some(entry) => Ok(Found::One(entry)),
        None => can_read(inner, searcher).await.map(|()| Found::Nobody),
    }
}

/// The name without its domain, if anybody can be called so here.
fn usual<'n>(inner: &Inner, login: &'n str) -> Result<Name<'n>, Login> {
    let name = Name::of(login, &inner.settings.domains).ok_or(Login::Elsewhere)?;
    match name.name.trim().is_empty() || login.len() > LONGEST {
        true => Err(Login::Unknown),
        false => Ok(name),
    }
}

/// What is asked for of a user.
fn attributes(inner: &Inner) -> Vec<&str> {
    let settings = &inner.settings;
    let mut names = state::attributes(settings.kind).to_vec();
    names.extend(settings.email.iter().chain(&settings.display_name).map(String::as_str));
    names.extend_from_slice(match settings.groups {
        GroupSource::MemberOf => &["memberOf"],
        GroupSource::Search => &["uid", "objectClass"],
        _ => &[],
    });
    names
}

async fn look_up(
    inner: &Inner,
    name: Name<'_>,
    searcher: &mut Searcher<'_>,
) -> Result<Found, DirectoryError> {
    let base = &inner.settings.base;
    let text = name.fill(&inner.settings.filter, filter::escape);
    let search = Search {
        base,
        scope: Scope::Subtree,
        filter: searcher.encode(&text)?,
        attributes: attributes(inner),
        // One more than may be there.
        limit: 2,
        domain_scope: searcher.domain_scope,
    };
    let (mut entries, answer) = searcher.raw(&search).await?;
    let count = entries.len();
    searcher.note(|| format!("search from \"{base}\" for {text}: {count} found, {answer}"));
    if answer.code != 4 || count < 2 {
        searcher.judge(&answer, base)?;
    }
    match entries.pop() {
        Some(entry) if entries.is_empty() => {
            if let Some(server) = searcher.server {
                inner.servers.get(server).found_somebody.store(true, Ordering::Relaxed);
            }
            searcher.note(|| format!("the user is {}", searcher.shown(&entry.dn)));
            Ok(Found::One(entry))
        }
        Some(entry) => {
            let dns = entries.iter().chain([&entry]).map(|entry| entry.dn.as_str());
            let dns = dns.collect::<Vec<_>>().join("; ");
            let dns = searcher.shown(&dns);
            let words = format!("the name fits more than one entry, nobody was bound: {dns}");
            Ok(Found::Many(Refusal::new(Reason::Ambiguous, words)))
        }
        None => {
            can_read(inner, searcher).await?;
            Ok(Found::Nobody)
        }
    }
}

/// A search that finds nobody may be one without rights, where servers say so of no search. As long as
/// nobody was ever found at this server, the base itself must be there.
async fn can_read(inner: &Inner, searcher: &mut Searcher<'_>) -> Result<(), DirectoryError> {
    let base = &inner.settings.base;
    let server = searcher.server.map(|server| inner.servers.get(server));
    if server.is_some_and(|server| server.found_somebody.load(Ordering::Relaxed))
        || base.is_empty()
        || searcher.entry(base, vec!["1.1"]).await?.is_some()
    {
        return Ok(());
    }
    let words = format!("nobody was found, and not even {base} is shown");
    Err(searcher.error(Cause::Rights(words)))
}

/// The right to send a password, or why it is not sent.
async fn turn<'t>(
    inner: &'t Inner,
    key: &'t str,
    password: &Secret,
    searcher: &Searcher<'_>,
) -> Result<Result<Pass<'t>, Refusal>, DirectoryError> {
    let (within, most) = (inner.settings.throttle_window, inner.settings.throttle_failures);
    let timeout = inner.settings.timeout;
    match inner.throttle.turn(key, password, timeout).await {
        Some(Turn::Go(pass)) => Ok(Ok(pass)),
        Some(Turn::Again) => {
            let words = "this password was wrong a while ago: it was not sent again";
            Ok(Err(Refusal::new(Reason::WrongPassword, words)))
        }
        Some(Turn::Enough(0)) => {
            let words = format!("{most} wrong passwords within {within:?}: no more are sent");
            Ok(Err(Refusal::new(Reason::Throttled, words)))
        }
        // Perhaps none of them was wrong.
        Some(Turn::Enough(count)) => Err(searcher.error(Cause::Unanswered { count, within })),
        None => Err(searcher.error(Cause::Busy(timeout))),
    }
}

/// Binds once. Gives the entry, which the template's user reads itself, or what the login comes to.
async fn bind<'s>(
    inner: &'s Inner,
    entry: Entry,
    password: &'s Secret,
    searcher: &mut Searcher<'s>,
) -> Result<Result<Entry, Login>, DirectoryError> {
    let refused = |refusal: Refusal| Ok(Err(Login::Refused(refusal.of(&entry.dn))));
    let settings = &inner.settings;
    let key = Dn::parse(&entry.dn).map_or_else(|| entry.dn.clone(), |dn| dn.key());
    let mut pass = match turn(inner, &key, password, searcher).await? {
        Ok(pass) => pass,
        Err(refusal) => return refused(refusal),
    };
    let mut user = inner.servers.connect(searcher.server).await?;
    searcher.server = Some(user.number);
    pass.sent();
    searcher.sent = Some(password);
    let answer = user.connection.bind(&entry.dn, password, settings.timeout).await;
    let answer = answer.map_err(|cause| searcher.error(cause))?;
    pass.answered();
    if answer.policy.is_some() {
        inner.tells_policy.store(true, Ordering::Relaxed);
    }
    // A DN that was there before the user's password was sent has that in it by chance; a mask would tell.
    searcher.note(|| format!("bind as {}: {answer}", inner.servers.shown(&entry.dn, None)));
    let verdict = verdict(&answer, settings).map_err(|cause| searcher.error(cause))?;
    let by_user = settings.dn_template.is_some() && settings.account.is_none();
    if by_user && matches!(verdict, Verdict::Right(_)) {
        searcher.by_user(user);
    } else {
        user.connection.close().await;
    }
    match verdict {
        Verdict::Nobody => Ok(Err(Login::Unknown)),
        Verdict::No(refusal) => {
            let is_wrong = refusal.reason == Reason::WrongPassword;
            // OpenLDAP leaves the control out where there is no such entry: nobody's password was wrong.
            if settings.dn_template.is_some()
                && is_wrong
                && answer.policy.is_none()
                && inner.tells_policy.load(Ordering::Relaxed)
            {
                return Ok(Err(Login::Unknown));
            }
            let explained = explained(inner, refusal, &entry, searcher).await;
            // Of a locked account, the password may be the right one.
            let is_other = explained.as_ref().is_ok_and(|no| no.reason != Reason::WrongPassword);
            if is_wrong && !is_other {
                pass.wrong();
            }
            refused(explained?)
        }
        Verdict::Right(note) => {
            pass.right();
            if let Some(note) = note {
                searcher.note(|| note);
            }
            if settings.dn_template.is_none() {
                return Ok(Ok(entry));
            }
            let own = searcher.entry(&entry.dn, attributes(inner)).await?;
            own.map(Ok).ok_or_else(|| {
                searcher.error(Cause::Rights(format!("the entry {} is not shown", entry.dn)))
            })
        }
    }
}

/// Says which of its states OpenLDAP means, as far as the entry tells; without `ppolicy_use_lockout` it
/// says of locked accounts that the password is wrong.
async fn explained(
    inner: &Inner,
    mut refusal: Refusal,
    entry: &Entry,
    searcher: &mut Searcher<'_>,
) -> Result<Refusal, DirectoryError> {
    let (settings, now) = (&inner.settings, Timestamp::now());
    let is_wrong = refusal.reason == Reason::WrongPassword;
    if settings.kind == Kind::ActiveDirectory || !(is_wrong || refusal.reason == Reason::Locked) {
        return Ok(refusal);
    }
    let seen = match settings.dn_template.is_some() && settings.account.is_some() {
        true => searcher.entry(&entry.dn, attributes(inner)).await?,
        false => None,
    };
    let entry = seen.as_ref().unwrap_or(entry);
    let found = if settings.kind == Kind::OpenLdap && !is_wrong {
        state::which_lock(entry, now)
    } else {
        // A lock that is over still stands in the entry; only the policy tells, of idle users too.
        let policy = policy(inner, entry, searcher).await?;
        let found = state::refusal(settings.kind, entry, policy.as_ref(), now);
        let found = found.filter(|found| found.reason != Reason::PasswordExpired);
        found.map(|found| (found.reason, found.words))
    };
    if let Some((reason, words)) = found {
        refusal.reason = reason;
        refusal.words = format!("{}; {words}", refusal.words);
    }
    Ok(refusal)
}

/// The policy that an entry of OpenLDAP names, if it can be read; the default one is not known.
async fn policy(
    inner: &Inner,
    entry: &Entry,
    searcher: &mut Searcher<'_>,
) -> Result<Option<Entry>, DirectoryError> {
    match entry.text("pwdPolicySubentry").filter(|_| inner.settings.kind == Kind::OpenLdap) {
        Some(dn) => searcher.entry_found(dn, state::POLICY.to_vec()).await,
        None => Ok(None),
    }
}

/// Is one of the groups there that the settings ask for?
pub(super) fn admits(settings: &DirectorySettings, groups: &[Group]) -> bool {
    let is_in = |wanted: &String| groups.iter().any(|group| group.is(wanted));
    settings.require_groups.is_empty() || settings.require_groups.iter().any(is_in)
}

/// The user, whose password is right, unless a group is missing.
async fn person(
    inner: &Inner,
    entry: &Entry,
    searcher: &mut Searcher<'_>,
) -> Result<Login, DirectoryError> {
    let settings = &inner.settings;
    let before = searcher.count;
    let groups = groups::of(entry, settings, &inner.group_base, searcher).await?;
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    if settings.groups != GroupSource::No {
        let searches = searcher.count - before;
        let searches =
            if searches == 1 { "1 search".into() } else { format!("{searches} searches") };
        let names = || searcher.shown(&names.join(", "));
        searcher.note(|| format!("groups, by {searches}: {}", names()));
    }
    if !admits(settings, &groups) {
        let words = format!("in none of the groups {}", settings.require_groups.join(", "));
        return Ok(Login::Refused(Refusal::proven(Reason::NotInGroup, words).of(&entry.dn)));
    }
    Ok(Login::Accepted(Person {
        dn: entry.dn.clone(),
        email: first(entry, &settings.email, "e-mail", searcher),
        display_name: first(entry, &settings.display_name, "display name", searcher),
        groups: names,
    }))
}

/// The first attribute that has a value.
fn first(entry: &Entry, names: &[String], what: &str, searcher: &Searcher<'_>) -> Option<String> {
    let found = names.iter().find_map(|name| Some((name, entry.text(name)?)));
    searcher.note(|| match found {
        Some((name, value)) => format!("{what} from {name}: {}", searcher.shown(value)),
        None => format!("no {what}: none of {} has a value", names.join(", ")),
    });
    found.map(|(_, value)| value.to_owned())
}
