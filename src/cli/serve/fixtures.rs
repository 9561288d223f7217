//! `serve --fixtures`: answers as they were recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use external_providers::fixture::{Fixture, load, load_lenient};
use external_providers::record::leftovers;
use external_providers::redact::PLACEHOLDER;
use external_providers::replay::{Injection, Replay, ReplayServer};
use external_providers::suggest::nearest;
use jiff::{Span, SpanRelativeTo, Timestamp};
use tokio::runtime::Builder;

use super::super::passwords::{Passwords, file_in};
use super::super::signals::Signals;
use super::super::{
    DIFFERS, Failed, LOCAL, OK, SETTINGS, USAGE, error_chain, listen, output, plural, print,
    printable, runtime, were,
};

/// Addresses that are listed at the start.
const LISTED: usize = 10;

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// Answer as was recorded in this directory (see record). A request that is not recorded gets a
    /// SOAP fault, or 404, that names the nearest recordings and what differs
    #[arg(long, value_name = "DIR")]
    pub(super) fixtures: Option<PathBuf>,

    /// Read what REDACTED-NUMBER stands for from a file (- is standard input); may be repeated. In
    /// collections with several recordings: DIRECTORY/NUMBER=FILE. Without it the first value that comes
    /// is the right one. Give the number of the login that was accepted (see fixtures show) where a refused
    /// one was recorded before it, or where a password changed
    #[arg(long, value_name = "NUMBER=FILE", conflicts_with = "sample")]
    secret_file: Vec<String>,

    /// Trouble with the answers, of one operation or of all; may be repeated. The list is below
    #[arg(long, value_name = "[OPERATION:]TROUBLE[=VALUE]", conflicts_with = "sample",
        value_parser = injection)]
    inject: Vec<Injection>,

    /// When stopped, list the recordings that were never asked for, and fail (8) if there are any
    #[arg(long, conflicts_with = "sample")]
    fail_on_unused: bool,

    /// When stopped, fail (8) if there were requests without a recording
    #[arg(long, conflicts_with = "sample")]
    fail_on_unmatched: bool,

    /// Warn at the start about recordings that are older: 2w, 30d (of 24 hours), 12h, 90m (minutes), 45s.
    /// Default: no warning
    #[arg(long, value_name = "AGE", conflicts_with = "sample", value_parser = age)]
    max_age: Option<Duration>,

    /// Answer with the recordings that are in order where others are broken; each broken one is named
    #[arg(long, conflicts_with = "sample")]
    lenient: bool,
}

fn injection(text: &str) -> Result<Injection, String> {
    text.parse::<Injection>().map_err(|error| error.to_string())
}

/// An age in weeks, days, hours, minutes or seconds; a day has 24 hours.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let span = text.parse::<Span>().ok();
    let age = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let age = age.and_then(|age| Duration::try_from(age).ok());
    age.ok_or_else(|| "give an age with its unit: 2w, 30d, 12h, 90m or 45s".to_owned())
}

pub(super) fn run(
    dir: &Path,
    address: &str,
    auth_password: Option<&Path>,
    args: &ReplayArgs,
) -> Result<u8, Failed> {
    for leftover in leftovers(dir) {
        tracing::warn!("{}", printable(&leftover.to_string()));
    }
    let replay = with_secrets(replay(dir, args)?, auth_password, args)?;
    check(&args.inject, &replay)?;
    if let Some(age) = args.max_age {
        warn_of_old(&replay, age);
    }
    let runtime = runtime(Builder::new_current_thread())?;
    runtime.block_on(async {
        let mut signals = Signals::new()?;
        let mut server = replay.server().listen(address);
        for injection in &args.inject {
            server = server.inject(injection.clone());
        }
        let mut server = server.start().await.map_err(|error| {
            let failed = listen::failed(&error);
            Failed { message: format!("cannot listen on {address}: {error}"), ..failed }
        })?;
        listen::warn_of_clear_text(server.local_addr(), "listen on 127.0.0.1");
        print(&printable(&announcement(&server, dir, &args.inject)))?;
        signals.next().await;
        tokio::select! {
            stopped = server.stop() => {
                stopped.map_err(|error| Failed::new(LOCAL, error.to_string()))?;
            }
            // Whoever says it twice means it.
            () = signals.next() => {}
        }
        report(&server, args)
    })
}

fn replay(dir: &Path, args: &ReplayArgs) -> Result<Replay, Failed> {
    let fixtures = if args.lenient {
        let loaded =
            load_lenient(dir).map_err(|error| Failed::new(SETTINGS, error_chain(&error)))?;
        for error in &loaded.errors {
            tracing::warn!("left out: {}", printable(&error_chain(error)));
        }
        loaded.fixtures
    } else {
        load(dir).map_err(|error| {
            let failed = Failed::new(SETTINGS, error_chain(&error));
            match dir.is_dir() {
                true => failed.hint("--lenient answers with the recordings that are in order"),
                false => failed.hint("give the directory of a recording"),
            }
        })?
    };
    if fixtures.is_empty() {
        return Err(Failed::new(SETTINGS, format!("{} holds no recordings", dir.display()))
            .hint("record some: external-providers record --upstream http://HOST --out DIR"));
    }
    Replay::new(fixtures).map_err(|error| Failed::new(SETTINGS, error_chain(&error)))
}

/// Binds the secrets that are given. The environment's password does not count: it is meant for calls.
fn with_secrets(
    mut replay: Replay,
    auth_password: Option<&Path>,
    args: &ReplayArgs,
) -> Result<Replay, Failed> {
    let secrets = args.secret_file.iter().filter_map(|given| file_in(given));
    let mut passwords = Passwords::of(auth_password.into_iter().chain(secrets))?;
    for (directory, number, secret) in passwords.numbered(&args.secret_file)? {
        let stands = |fixture: &Fixture| {
            let parent = fixture.name.rsplit_once('/').map_or("", |(parent, _)| parent);
            directory.as_deref().is_none_or(|directory| directory == parent)
                && fixture.redaction.placeholders.iter().any(|p| p.number == number)
        };
        if !replay.fixtures().iter().any(|fixture| stands(fixture)) {
            let place = directory.map_or_else(String::new, |directory| format!(" in {directory}"));
            let message = format!("--secret-file: no recording holds {PLACEHOLDER}{number}{place}");
            let hint = "external-providers fixtures show NAME says what each number stands for";
            return Err(Failed::new(USAGE, message).hint(hint));
        }
        replay = replay.with_secret(directory.as_deref(), number, &secret);
    }
    match auth_password {
        Some(file) => Ok(replay.with_auth_password(&passwords.read(file, "web service password")?)),
        None => Ok(replay),
    }
}

/// Trouble for an operation that was never recorded is a misspelling.
fn check(injections: &[Injection], replay: &Replay) -> Result<(), Failed> {
    let mut known: Vec<String> =
        replay.fixtures().iter().filter_map(|fixture| fixture.operation.clone()).collect();
    known.sort_unstable();
    known.dedup();
    for operation in injections.iter().filter_map(|injection| injection.operation.as_deref()) {
        if known.iter().any(|name| name.eq_ignore_ascii_case(operation)) {
            continue;
        }
        let failed =
            Failed::new(USAGE, format!("--inject: no recording is of an operation {operation}"));
        return Err(match nearest(operation, known.iter().map(String::as_str)) {
            Some(meant) => failed.hint(format!("did you mean {meant}?")),
            None => failed.hint(format!("recorded are: {}", known.join(", "))),
        });
    }
    Ok(())
}

fn warn_of_old(replay: &Replay, age: Duration) {
    let now = Timestamp::now();
    for fixture in replay.older_than(age, now) {
        let Fixture { name, recorded, .. } = &*fixture;
        tracing::warn!(%name, %recorded, "an old recording");
    }
}

/// Where it listens, and what it answers there.
fn announcement(server: &ReplayServer, dir: &Path, injections: &[Injection]) -> String {
    let fixtures = server.replay().fixtures();
    let mut paths: BTreeMap<String, usize> = BTreeMap::new();
    for fixture in &fixtures {
        let target = &fixture.request.target;
        let path = target.split('?').next().unwrap_or_default();
        *paths.entry(path.to_owned()).or_default() += 1;
    }
    let mut text = format!(
        "listening on {}{} with the {} of {}\n",
        server.url("").trim_end_matches('/'),
        listen::everywhere(server.local_addr()),
        plural(fixtures.len(), "recording"),
        dir.display()
    );
    for (path, count) in paths.iter().take(LISTED) {
        text.push_str(&format!("{count:6}  {}\n", server.url(path)));
    }
    if paths.len() > LISTED {
        text.push_str(&format!("        and {} more\n", plural(paths.len() - LISTED, "path")));
    }
    for injection in injections {
        text.push_str(&format!("trouble: {injection}\n"));
    }
    text
}

/// What was asked for and what was not, and whether that is a failure.
fn report(server: &ReplayServer, args: &ReplayArgs) -> Result<u8, Failed> {
    let unused = server.replay().unused();
    let (unmatched, _) = server.unmatched();
    let all = server.replay().len();
    print(&format!(
        "stopped: {} of {} asked for; {} not recorded\n",
        all - unused.len(),
        were(all, "recording"),
        were(unmatched, "request"),
    ))?;
    let mut code = OK;
    if args.fail_on_unused && !unused.is_empty() {
        code = DIFFERS;
        for fixture in &unused {
            output::say_line(&format!("never asked for: {}", printable(&fixture.name)));
        }
        output::error(&format!("{} never asked for", were(unused.len(), "recording")));
    }
    if args.fail_on_unmatched && unmatched > 0 {
        code = DIFFERS;
        output::error(&format!("{} not recorded", were(unmatched, "request")));
    }
    Ok(code)
}
