//! What ails a directory, step by step: the way to each server, the account, what it finds.

use std::time::Instant;

use jiff::Timestamp;
use tokio::time::timeout;

use super::connection::{Connection, Encryption};
use super::dn::Dn;
use super::login;
use super::message::{Entry, PASSWORD_POLICY, Scope, Search};
use super::name::Name;
use super::search::Searcher;
use super::{Cause, DirectoryError, GroupSource, Inner, Kind, Login, filter, groups, state};
use crate::explanation::Explanation;
use crate::http::bare_host;
use crate::report::{Finding, Outcome, Report, Step};

/// A name that nobody has.
const NOBODY: &str = "external-providers-check-nobody";
/// Seconds that clocks may differ: Kerberos takes five minutes, certificates less.
const MOST_SECONDS: i64 = 120;

/// What a server says of itself to anybody (RFC 4512, section 5.1).
const ROOT: [&str; 3] = ["supportedControl", "defaultNamingContext", "currentTime"];

pub(super) async fn report(inner: &Inner, user: Option<&str>) -> Report {
    let servers = inner.settings.servers.join(" ");
    let mut report = Report::new(Some(inner.name.clone()), servers);
    report.steps = ways(inner).await;
    let explanation = Explanation::default();
    let mut searcher = Searcher::new(inner, &explanation);
    let started = Instant::now();
    let why = match &inner.settings.account {
        None => "there is no account: users are bound by dn_template",
        Some(account) => match searcher.entry("", ROOT.to_vec()).await {
            Ok(root) => {
                let text = format!("{account} is logged in at {}", searcher.url());
                report.steps.push(Step::new("account", text).took(started.elapsed()));
                let steps = searches(inner, user, &root.unwrap_or_default(), &mut searcher).await;
                report.steps.extend(steps);
                return report.finish();
            }
            Err(error) => {
                report.steps.push(failed("account", &error));
                "the account cannot search"
            }
        },
    };
    let rest = ["base", "filter", "user", "groups", "lock-out", "clock"];
    report.steps.extend(rest.map(|name| Step::not_checked(name, why)));
    report.finish()
}

async fn searches(
    inner: &Inner,
    user: Option<&str>,
    root: &Entry,
    searcher: &mut Searcher<'_>,
) -> [Step; 6] {
    [
        base(inner, searcher).await.unwrap_or_else(|error| failed("base", &error)),
        any_user(inner, searcher).await.unwrap_or_else(|error| failed("filter", &error)),
        one_user(inner, user).await,
        groups_step(inner, searcher).await.unwrap_or_else(|error| failed("groups", &error)),
        lock_out(inner, root, searcher).await.unwrap_or_else(|error| failed("lock-out", &error)),
        clock(root),
    ]
}

fn finding(code: &'static str, error: &DirectoryError) -> Finding {
    let server = error.server.as_ref().map(|url| format!("{url}: ")).unwrap_or_default();
    Finding::new(code, format!("{server}{}", error.cause)).remedy(error.cause.remedy())
}

fn failed(name: &'static str, error: &DirectoryError) -> Step {
    Step::new(name, "the search fails").with(finding(name, error))
}

/// Name, connection and TLS of each server.
async fn ways(inner: &Inner) -> Vec<Step> {
    let within = inner.settings.connect_timeout;
    let mut steps = ["resolve", "connect", "tls"].map(|name| Step::new(name, ""));
    let [resolve, connect, tls] = &mut steps;
    let count = inner.settings.servers.len();
    let mut open = 0;
    for (number, url) in inner.settings.servers.iter().enumerate() {
        let target = &inner.servers.get(number).target;
        let host = (bare_host(&target.host), target.port);
        if let Ok(Ok(found)) = timeout(within, tokio::net::lookup_host(host)).await {
            let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
            resolve.details.push(format!("{url}: {}", found.join(", ")));
        }
        let started = Instant::now();
        match Connection::open(target, within).await {
            Ok(connection) => {
                open += 1;
                connect
                    .details
                    .push(format!("{url}: {:.1} ms", started.elapsed().as_secs_f64() * 1e3));
                connection.close().await;
            }
            Err(cause) => {
                let error = inner.servers.error(Some(number), cause);
                match &error.cause {
                    Cause::Tls(tls_error) => tls.add(finding(tls_error.cause.code(), &error)),
                    Cause::StartTls(_) => tls.add(finding("start-tls", &error)),
                    _ => connect.add(finding("connect", &error)),
                }
            }
        }
        if matches!(target.encryption, Encryption::No) {
            let text = format!("{url}: passwords can be read on the way");
            tls.add(Finding::warning("plain-text", text).remedy("take out insecure_plain_text"));
        }
    }
    let not_checked = |step: &mut Step| step.outcome = Outcome::NotChecked;
    if open == 0 && tls.findings.is_empty() {
        not_checked(tls);
    }
    if open == 0 && connect.findings.is_empty() {
        not_checked(connect);
    }
    if resolve.details.is_empty() {
        not_checked(resolve);
    }
    resolve.text = format!("{} of {count} names have an address", resolve.details.len());
    connect.text = format!("{open} of {count} servers can be used");
    tls.text = match tls.findings.is_empty() {
        true if open > 0 => "the servers' certificates are accepted".to_owned(),
        true => "no server got as far".to_owned(),
        false => "not as it should be".to_owned(),
    };
    steps.to_vec()
}

async fn base(inner: &Inner, searcher: &mut Searcher<'_>) -> Result<Step, DirectoryError> {
    let base = &inner.settings.base;
    if searcher.entry(base, vec!["1.1"]).await?.is_some() {
        return Ok(Step::new("base", format!("{base} is there")));
    }
    let text = format!("{base} does not exist, or the account may not see it");
    let finding = Finding::new("base", text).remedy("check base, and the account's rights");
    Ok(Step::new("base", "not found").with(finding))
}

/// The filter should find somebody when any name will do, and nobody for a name that nobody has.
async fn any_user(inner: &Inner, searcher: &mut Searcher<'_>) -> Result<Step, DirectoryError> {
    if let Some(template) = &inner.settings.dn_template {
        return Ok(Step::not_checked("filter", format!("users are bound as {template}")));
    }
    let (base, template) = (&inner.settings.base, &inner.settings.filter);
    let mut counts = [0; 2];
    let any: fn(&str) -> String = |_| "*".to_owned();
    for (count, escape) in counts.iter_mut().zip([any, filter::escape]) {
        let search = Search {
            base,
            scope: Scope::Subtree,
            filter: searcher
                .encode(&Name { login: NOBODY, name: NOBODY }.fill(template, escape))?,
            attributes: vec!["1.1"],
            limit: 2,
            domain_scope: searcher.domain_scope,
        };
        let (entries, answer) = searcher.raw(&search).await?;
        // More than were asked for is what should come for any name.
        if answer.code != 4 {
            searcher.judge(&answer, base)?;
        }
        *count = entries.len();
    }
    let step = Step::new("filter", format!("{template} finds users"));
    Ok(match counts {
        [0, _] => step.with(
            Finding::new("filter-finds-nobody", "it finds nobody, whatever the name").remedy(
                "check its attributes (a misspelt one finds nothing), base, and the account's rights",
            ),
        ),
        [_, found] if found > 0 => {
            let text = format!("it finds somebody for the name {NOBODY}");
            step.with(Finding::new("filter-finds-anybody", text).remedy(
                "let every part of it that may hold name the user by {name} or {login}",
            ))
        }
        _ => step,
    })
}

/// Looks for a user as for one with a sign-in cookie.
async fn one_user(inner: &Inner, user: Option<&str>) -> Step {
    let Some(user) = user else {
        return Step::not_checked("user", "give a user's name to look for one");
    };
    let explanation = Explanation::wanted();
    let found = login::find(inner, user, &explanation).await;
    let mut step = match found {
        Ok(Login::Accepted(person)) => {
            Step::new("user", format!("{user} is {}", inner.servers.shown(&person.dn, None)))
        }
        Ok(Login::Refused(refusal)) => {
            let text = format!("{user} may not log in: {refusal}");
            Step::new("user", "found").with(Finding::warning(refusal.reason.code(), text))
        }
        Ok(Login::Unknown) => {
            let finding = Finding::new("user-unknown", format!("nobody is found for {user}"));
            Step::new("user", "not found").with(finding.remedy("check filter and base"))
        }
        Ok(Login::Elsewhere) => {
            let finding = Finding::new("user-elsewhere", format!("{user} has another domain"));
            let remedy = "add it to domains, if its users are in this directory";
            Step::new("user", "not of this directory").with(finding.remedy(remedy))
        }
        Err(error) => failed("user", &error),
    };
    step.details = explanation.lines();
    step
}

/// Nobody can log in by a group that does not exist.
async fn groups_step(inner: &Inner, searcher: &mut Searcher<'_>) -> Result<Step, DirectoryError> {
    let required = &inner.settings.require_groups;
    if inner.settings.groups == GroupSource::No || required.is_empty() {
        return Ok(Step::not_checked("groups", "no group is required"));
    }
    let mut step = Step::new("groups", format!("required: {}", required.join(", ")));
    for wanted in required {
        let there = match Dn::parse(wanted) {
            Some(_) => searcher.entry(wanted, vec!["1.1"]).await?.is_some(),
            None => {
                let text = format!("(cn={})", filter::escape(wanted));
                !groups::matching(&text, &inner.group_base, &["1.1"], searcher).await?.is_empty()
            }
        };
        if !there {
            let finding = Finding::new("group-unknown", format!("there is no group {wanted}"));
            step.add(finding.remedy("check require_groups and group_base"));
        }
    }
    Ok(step)
}

/// Is our limit of wrong passwords below the directory's own?
async fn lock_out(
    inner: &Inner,
    root: &Entry,
    searcher: &mut Searcher<'_>,
) -> Result<Step, DirectoryError> {
    let is_windows = inner.settings.kind == Kind::ActiveDirectory;
    let policies: Vec<Entry> = if is_windows {
        let domain = root.text("defaultNamingContext").unwrap_or(&inner.group_base).to_owned();
        searcher.entry_found(&domain, vec![LIMITS[0]]).await?.into_iter().collect()
    } else {
        let text = "(|(objectClass=pwdPolicy)(objectClass=krbPwdPolicy))";
        let base = Dn::parse(&inner.settings.base);
        let base = base.as_ref().map_or("", |base| base.domain());
        let attributes = ["pwdLockout", LIMITS[1], LIMITS[2]];
        groups::matching(text, base, &attributes, searcher).await?
    };
    let limit = |policy: &Entry| -> Option<u32> {
        let limit = LIMITS.iter().find_map(|name| policy.text(name)?.parse().ok());
        limit.filter(|limit| *limit > 0 && policy.text("pwdLockout") != Some("FALSE"))
    };
    let own = inner.settings.throttle_failures;
    let mut step = match policies.iter().filter_map(limit).min() {
        _ if policies.is_empty() => Step::not_checked("lock-out", "the account can read no policy"),
        None => Step::new("lock-out", "the directory locks nobody"),
        Some(limit) => {
            let text = format!("it locks after {limit} wrong passwords; throttle_failures {own}");
            let step = Step::new("lock-out", text);
            let remedy = format!("set throttle_failures to {}", limit.saturating_sub(1).max(1));
            match own > 0 && own < limit {
                true => step,
                false => step.with(
                    Finding::warning("lock-out", "logins here can lock an account").remedy(remedy),
                ),
            }
        }
    };
    step.details.push(if is_windows {
        "a fine-grained policy may be stricter; a plain account cannot read it".to_owned()
    } else if root.texts("supportedControl").any(|control| control == PASSWORD_POLICY) {
        "OpenLDAP tells a locked account from a wrong password only with ppolicy_use_lockout, which does not show from here".to_owned()
    } else {
        "the server tells no states of passwords apart (OpenLDAP: the overlay ppolicy)".to_owned()
    });
    Ok(step)
}

/// Where a policy says after how many wrong passwords it locks.
const LIMITS: [&str; 3] = ["lockoutThreshold", "pwdMaxFailure", "krbPwdMaxFailure"];

fn clock(root: &Entry) -> Step {
    let Some(theirs) = root.text("currentTime").and_then(state::generalized_time) else {
        return Step::not_checked("clock", "the server does not tell its time");
    };
    let seconds = theirs.duration_since(Timestamp::now()).as_secs();
    let step = Step::new("clock", format!("the server's differs by {seconds} s"));
    match seconds.abs() > MOST_SECONDS {
        true => step.with(
            Finding::warning("clock", "the clocks differ").remedy("let both follow a time server"),
        ),
        false => step,
    }
}
