//! What ails a directory, step by step: the way to each server, the account, what it finds.

use std::time::Instant;

use jiff::Timestamp;
use tokio::time::timeout;

use super::connection::{Connection, Encryption};
use super::dn::Dn;
use super::login::{self, Found};
use super::message::{Entry, PASSWORD_POLICY, Scope, Search};
use super::name::Name;
use super::search::Searcher;
use super::{Cause, DirectoryError, GroupSource, Inner, Kind, filter, groups, state};
use crate::explanation::Explanation;
use crate::http::bare_host;
use crate::report::{Finding, Report, Step};

/// A name that nobody has.
const NOBODY: &str = "external-providers-check-nobody";
/// Seconds that clocks may differ: Kerberos takes five minutes, certificates less.
const MOST_SECONDS: i64 = 120;

pub(super) async fn report(inner: &Inner, user: Option<&str>) -> Report {
    let servers = inner.settings.servers.join(" ");
    let mut report = Report::new(Some(inner.name.clone()), servers);
    report.steps = ways(inner).await;
    let explanation = Explanation::default();
    let mut searcher = Searcher::new(inner, &explanation);
    let after = ["base", "filter", "user", "groups", "lock-out", "clock"];
    if inner.settings.account.is_none() {
        let why = "there is no account: users are bound by dn_template";
        report
            .steps
            .extend(["account"].into_iter().chain(after).map(|n| Step::not_checked(n, why)));
        return report.finish();
    }
    let started = Instant::now();
    let root = match searcher.entry("", ROOT.to_vec()).await {
        Ok(root) => root.unwrap_or_default(),
        Err(error) => {
            report.steps.push(
                Step::new("account", "no search is possible").with(finding("account", &error)),
            );
            let why = "the account cannot search";
            report.steps.extend(after.map(|name| Step::not_checked(name, why)));
            return report.finish();
        }
    };
    let account = inner.settings.account.as_deref().unwrap_or_default();
    let text = format!("{account} is logged in at {}", searcher.url());
    report.steps.push(Step::new("account", text).took(started.elapsed()));
    report.steps.push(base(inner, &mut searcher).await);
    report.steps.push(filter_step(inner, &mut searcher).await);
    let (step, entry) = user_step(inner, user, &mut searcher).await;
    report.steps.push(step);
    report.steps.push(groups_step(inner, entry.as_ref(), &mut searcher).await);
    report.steps.push(lock_out(inner, &root, &mut searcher).await);
    report.steps.push(clock(&root));
    report.finish()
}

/// What a server says of itself to anybody (RFC 4512, section 5.1).
const ROOT: [&str; 3] = ["supportedControl", "defaultNamingContext", "currentTime"];

fn finding(code: &'static str, error: &DirectoryError) -> Finding {
    let server = error.server.as_ref().map(|url| format!("{url}: ")).unwrap_or_default();
    Finding::new(code, format!("{server}{}", error.cause)).remedy(error.cause.remedy())
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
    resolve.text = format!("{} of {count} names have an address", resolve.details.len());
    connect.text = format!("{open} of {count} servers can be used");
    tls.text = match tls.findings.is_empty() {
        true if open > 0 => "the servers' certificates are accepted".to_owned(),
        true => "no server got as far".to_owned(),
        false => "not as it should be".to_owned(),
    };
    steps.to_vec()
}

async fn base(inner: &Inner, searcher: &mut Searcher<'_>) -> Step {
    let base = &inner.settings.base;
    match searcher.entry(base, vec!["1.1"]).await {
        Ok(Some(_)) => Step::new("base", format!("{base} is there")),
        Ok(None) => {
            let text = format!("{base} does not exist, or the account may not see it");
            let finding = Finding::new("base", text).remedy("check base, and the account's rights");
            Step::new("base", "not found").with(finding)
        }
        Err(error) => Step::new("base", "not found").with(finding("base", &error)),
    }
}

/// The filter should find somebody when any name will do, and nobody for a name that nobody has.
async fn filter_step(inner: &Inner, searcher: &mut Searcher<'_>) -> Step {
    let template = inner.settings.dn_template.as_ref().map_or(&inner.settings.filter, |dn| dn);
    if inner.settings.dn_template.is_some() {
        return Step::not_checked("filter", format!("users are bound as {template}"));
    }
    let nobody = Name { login: NOBODY, name: NOBODY };
    let mut counts = Vec::new();
    for escape in [|_: &str| "*".to_owned(), filter::escape as fn(&str) -> String] {
        let text = nobody.fill(template, escape);
        let found = async {
            let search = Search {
                base: &inner.settings.base,
                scope: Scope::Subtree,
                filter: searcher.encode(&text)?,
                attributes: vec!["1.1"],
                limit: 2,
                domain_scope: searcher.domain_scope,
            };
            let (entries, answer) = searcher.raw(&search).await?;
            // More than were asked for is what should come for any name.
            if answer.code != 4 {
                searcher.judge(&answer, &inner.settings.base)?;
            }
            Ok(entries.len())
        };
        match found.await {
            Ok(count) => counts.push(count),
            Err(error) => {
                return Step::new("filter", "the search fails").with(finding("filter", &error));
            }
        }
    }
    let step = Step::new("filter", format!("{template} finds users"));
    match counts[..] {
        [0, _] => step.with(
            Finding::new("filter-finds-nobody", "it finds nobody, whatever the name")
                .remedy("check its attributes (a misspelt one finds nothing), base, and the account's rights"),
        ),
        [_, found] if found > 0 => step.with(
            Finding::new("filter-finds-anybody", format!("it finds somebody for the name {NOBODY}"))
                .remedy("let every part of it that may hold name the user by {name} or {login}"),
        ),
        _ => step,
    }
}

async fn user_step(
    inner: &Inner,
    user: Option<&str>,
    searcher: &mut Searcher<'_>,
) -> (Step, Option<Entry>) {
    let Some(user) = user else {
        return (Step::not_checked("user", "give a user's name to look for one"), None);
    };
    let step = |text: String| Step::new("user", text);
    let Some(name) = Name::of(user, &inner.settings.domains) else {
        let finding = Finding::new("user", format!("{user} has a domain that is not in domains"))
            .remedy("add it, if its users are in this directory");
        return (step("not of this directory".to_owned()).with(finding), None);
    };
    match login::found(inner, name, searcher).await {
        Ok(Found::One(entry)) => {
            let mut step = step(format!("{user} is {}", entry.dn));
            for (what, names) in
                [("e-mail", &inner.settings.email), ("display name", &inner.settings.display_name)]
            {
                let found = names.iter().find_map(|name| Some((name, entry.text(name)?)));
                match found {
                    Some((name, value)) => {
                        step.details.push(format!("{what} from {name}: {value}"))
                    }
                    None => {
                        let text = format!("no {what}: none of {} has a value", names.join(", "));
                        step.add(Finding::warning("user-attributes", text));
                    }
                }
            }
            let now = Timestamp::now();
            if let Some(refusal) = state::refusal(inner.settings.kind, &entry, None, now) {
                step.add(Finding::warning("user-refused", format!("may not log in: {refusal}")));
            }
            (step, Some(entry))
        }
        Ok(Found::Many(refusal)) => {
            let finding = Finding::new("user-ambiguous", refusal.to_string());
            (step("more than one".to_owned()).with(finding.remedy("let the filter find one")), None)
        }
        Ok(Found::Nobody) => {
            let finding = Finding::new("user-unknown", format!("nobody is found for {user}"));
            (step("not found".to_owned()).with(finding.remedy("check filter and base")), None)
        }
        Err(error) => (step("the search fails".to_owned()).with(finding("user", &error)), None),
    }
}

async fn groups_step(inner: &Inner, entry: Option<&Entry>, searcher: &mut Searcher<'_>) -> Step {
    if inner.settings.groups == GroupSource::No {
        return Step::not_checked("groups", "groups are not looked for");
    }
    let mut step = Step::new("groups", format!("from {}", inner.group_base));
    for wanted in &inner.settings.require_groups {
        let found = match Dn::parse(wanted) {
            Some(dn) if !dn.is_empty() => {
                searcher.entry(wanted, vec!["1.1"]).await.map(|entry| entry.is_some())
            }
            _ => {
                let text = format!("(cn={})", filter::escape(wanted));
                let found = groups::matching(&text, &inner.group_base, &["1.1"], searcher).await;
                found.map(|found| !found.is_empty())
            }
        };
        match found {
            Ok(true) => {}
            Ok(false) => step.add(
                Finding::new("group-unknown", format!("there is no group {wanted}"))
                    .remedy("check require_groups and group_base: nobody can log in by it"),
            ),
            Err(error) => step.add(finding("groups", &error)),
        }
    }
    if let Some(entry) = entry {
        match groups::of(entry, &inner.settings, &inner.group_base, searcher).await {
            Ok(found) => {
                let names = found.iter().map(|group| group.name.as_str()).collect::<Vec<_>>();
                step.text = format!("the user is in {}: {}", names.len(), names.join(", "));
            }
            Err(error) => step.add(finding("groups", &error)),
        }
    }
    step
}

/// Is our limit of wrong passwords below the directory's own?
async fn lock_out(inner: &Inner, root: &Entry, searcher: &mut Searcher<'_>) -> Step {
    let thresholds = match inner.settings.kind {
        Kind::ActiveDirectory => {
            let domain = root.text("defaultNamingContext").unwrap_or(&inner.group_base).to_owned();
            let entry = searcher.entry(&domain, vec!["lockoutThreshold"]).await;
            entry.map(|entry| entry.into_iter().collect())
        }
        _ => {
            let text = "(|(objectClass=pwdPolicy)(objectClass=krbPwdPolicy))";
            let attributes = ["pwdLockout", "pwdMaxFailure", "krbPwdMaxFailure"];
            let base = Dn::parse(&inner.settings.base);
            let base = base.as_ref().map_or("", |base| base.domain());
            groups::matching(text, base, &attributes, searcher).await
        }
    };
    let policies: Vec<Entry> = match thresholds {
        Ok(policies) => policies,
        Err(error) => return Step::not_checked("lock-out", error.cause.to_string()),
    };
    let names = ["lockoutThreshold", "pwdMaxFailure", "krbPwdMaxFailure"];
    let limit = |policy: &Entry| -> Option<u32> {
        let limit = names.iter().find_map(|name| policy.text(name)?.parse().ok());
        limit.filter(|limit| *limit > 0 && policy.text("pwdLockout") != Some("FALSE"))
    };
    let lowest = policies.iter().filter_map(limit).min();
    let own = inner.settings.throttle_failures;
    let mut step = match lowest {
        _ if policies.is_empty() => Step::not_checked("lock-out", "the account can read no policy"),
        None => Step::new("lock-out", "the directory locks nobody"),
        Some(limit) => {
            Step::new("lock-out", format!("locks after {limit}; throttle_failures {own}"))
        }
    };
    if let Some(limit) = lowest.filter(|limit| own == 0 || own >= *limit) {
        let text = format!(
            "the directory locks an account after {limit} wrong passwords, and up to {} are sent",
            if own == 0 { "any number".to_owned() } else { own.to_string() }
        );
        let remedy = format!("set throttle_failures to {} or less", limit.saturating_sub(1).max(1));
        step.add(Finding::warning("lock-out", text).remedy(remedy));
    }
    match inner.settings.kind {
        Kind::ActiveDirectory => step.details.push(
            "a fine-grained policy may be stricter, and cannot be read by a plain account".to_owned(),
        ),
        _ if !root.texts("supportedControl").any(|control| control == PASSWORD_POLICY) => step.add(
            Finding::note("no-policy", "the server does not tell the states of passwords apart")
                .remedy("OpenLDAP: load the overlay ppolicy"),
        ),
        _ => step.details.push(
            "OpenLDAP tells a locked account from a wrong password only with ppolicy_use_lockout, which cannot be read from here".to_owned(),
        ),
    }
    step
}

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
