//! A conformance kit: numbered cases that test a provider, written in any language, against the
//! contract from the outside.
//!
//! Each [`Case`] has a number that stays, a [`Level`], a sentence, and the section of the law that says
//! so. [`Suite::run`] carries them out over the network and gives a [`Report`]: what failed, what was
//! sent and what came, and a line for a shell that shows it again. What cannot be judged is *skipped*,
//! and what there was no time for *not run*; neither counts as passed.
//!
//! - A plain request of an operation that only reads, about nobody, is varied. Where a wrong web service
//!   password is answered otherwise than the right one, its answer shows what the service has read.
//! - Nothing is changed at the service unless [`Suite::allow_changes`] says so: then a ticket is asked for
//!   three times, and a chat, an event and a registration twice each, all about nobody, and one of each
//!   with a wrong web service password. The service may keep what it makes of them. Logins with SQL and
//!   with the wildcard of directories are tried then, too.
//! - Without a user, logins that succeed are not tested. With one, he logs in, and is then refused twice,
//!   which counts where accounts are locked out; where his login is refused, he is not asked about again.
//! - A service that answers the variable `diagnostic=echo` with all that it was given, as the sample
//!   does (`wsdl/SAMPLE.md`), has the cases about text judged by that.
//!
//! ```no_run
//! use external_providers::conform::{Outcome, Suite, User};
//! use external_providers::doctor::Subject;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut subject = Subject::new("http://localhost:8080/provider");
//! subject.password = Some("the web service password".into());
//! let mut suite = Suite::new(subject);
//! suite.user = Some(User { name: "jane".into(), password: Some("her password".into()) });
//! let report = suite.run().await?;
//! for case in report.cases.iter().filter(|case| case.outcome == Outcome::Failed) {
//!     println!("{} {}: {:?}", case.number, case.says, case.text);
//! }
//! assert!(report.is_conformant());
//! # Ok(())
//! # }
//! ```

mod case;
mod cases;
mod judge;
mod judgement;
mod kit;
mod look;
mod message;
mod oddities;
mod offer;
mod reading;
mod report;
mod selection;
mod shell;
mod wire;

use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

pub use self::case::{Case, GROUPS, Level, Number};
use self::judgement::Miss;
use self::kit::Kit;
pub use self::report::{CaseReport, Outcome, Report};
pub use self::selection::{Selection, SelectionError};
use crate::bounded::wait;
use crate::client::BuildError;
use crate::doctor::Subject;
use crate::record::UpstreamError;
use crate::record::upstream::{Trust, Upstream};
use crate::secret::Secret;

/// All cases, in the order of their numbers.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    cases::all()
}

/// A user of the service, for whom logins are tested.
#[derive(Debug, Clone)]
pub struct User {
    /// The name by which he logs in.
    pub name: String,
    /// His password; without one, only what asks for none is tested.
    pub password: Option<Secret>,
}

/// How the lines for a shell get at what is not to stand in them.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The web service password, as a word of the shell: `"$EXTERNAL_PROVIDERS_AUTH_PASSWORD"`.
    pub auth: String,
    /// The user's password, as a word of the shell.
    pub password: String,
    /// Options of curl, for TLS.
    pub curl: Vec<String>,
    max_time: Duration,
}

impl Default for Shell {
    fn default() -> Self {
        Self {
            auth: "\"$EXTERNAL_PROVIDERS_AUTH_PASSWORD\"".to_owned(),
            password: "\"$EXTERNAL_PROVIDERS_USER_PASSWORD\"".to_owned(),
            curl: Vec::new(),
            max_time: Duration::from_secs(5),
        }
    }
}

/// What is tested, and how.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The service: address, web service password, namespace (by default that of its WSDL), TLS. Its kind,
    /// SOAP version and proxy are not looked at.
    pub subject: Subject,
    /// A user of the service. Default none.
    pub user: Option<User>,
    /// Operations of the contract that the service calls otherwise, with their names there. Default: its
    /// WSDL tells.
    pub operations: Vec<(String, String)>,
    /// Which cases to run. Default all.
    pub only: Selection,
    /// May operations be called that change something? Default no.
    pub allow_changes: bool,
    /// How long all may take. Default 30 s; what is not done by then is not run.
    pub timeout: Duration,
    /// How long an answer may take. Default 5 s.
    pub answer_timeout: Duration,
    /// What the lines for a shell are made with.
    pub shell: Shell,
}

/// Why nothing could be tested.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The settings make no client.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The address or its TLS.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// There is no connection; why, for people.
    #[error("{0}")]
    Unreachable(String),
}

impl Suite {
    /// All cases about a service, all else at its default.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            user: None,
            operations: Vec::new(),
            only: Selection::default(),
            allow_changes: false,
            timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(5),
            shell: Shell::default(),
        }
    }

    /// Carries out the cases that are selected.
    ///
    /// # Errors
    ///
    /// There is no connection to the service, or its address or TLS are wrong. A service that answers
    /// nothing is a report.
    pub async fn run(&self) -> Result<Report, RunError> {
        self.run_until(std::future::pending()).await
    }

    /// Carries out the cases that are selected until `stop` is ready: what is not done by then is not run.
    ///
    /// # Errors
    ///
    /// As of [`Suite::run`].
    pub async fn run_until(&self, stop: impl Future<Output = ()>) -> Result<Report, RunError> {
        let started = Instant::now();
        let deadline = started + wait(self.timeout);
        let url = self.subject.parsed_url()?;
        let trust = Trust {
            roots: self.subject.root_certificates.clone(),
            fingerprint: self.subject.trust_fingerprint,
            certificate: self.subject.client_certificate.clone(),
            #[cfg(feature = "native-tls")]
            native: self.subject.native_tls,
        };
        let origin = url.origin().ascii_serialization();
        let connect = self.subject.connect_timeout.min(self.answer_timeout);
        let upstream = Upstream::new(&origin, &trust, connect, self.answer_timeout)?;
        drop(upstream.wire().await.map_err(RunError::Unreachable)?);
        let mut kit = Kit::new(self, upstream, &url);
        let selected: Vec<&'static Case> =
            cases::all().filter(|case| self.only.holds(case.number)).collect();
        let mut end = pin!(async {
            tokio::select! {
                () = tokio::time::sleep_until(deadline.into()) => "the time for all cases was used up",
                () = stop => "the run was stopped",
            }
        });
        let (is_cut, ended) = tokio::select! {
            biased;
            why = &mut end => (true, Some(why)),
            look = tokio::time::timeout_at((started + wait(self.timeout) / 2).into(), kit.look(self, &selected)) => {
                (look.is_err(), None)
            }
        };
        kit.is_cut = is_cut;
        let cases = carry_out(&kit, selected, end, ended).await;
        Ok(Report {
            url: self.subject.shown_url(),
            oddities: oddities::of(&kit),
            cases,
            milliseconds: millis(started),
            has_password: self.subject.password.is_some(),
        })
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Carries out the cases one after the other, since some servers serve one connection at a time, and what
/// must be first, since a slow service may not come to the end. What ends it says why.
async fn carry_out(
    kit: &Kit,
    mut cases: Vec<&'static Case>,
    mut end: Pin<&mut impl Future<Output = &'static str>>,
    mut ended: Option<&'static str>,
) -> Vec<CaseReport> {
    cases.sort_by_key(|case| case.level == Level::Should);
    let mut reports = Vec::new();
    for case in cases {
        let started = Instant::now();
        let judgement = match ended {
            Some(why) => Err(why),
            None => tokio::select! {
                biased;
                why = &mut end => Err(why),
                judgement = case.check.run(kit) => Ok(judgement),
            },
        };
        ended = judgement.as_ref().err().copied();
        reports.push(match judgement {
            Err(why) => CaseReport::not_run(case, why),
            Ok(Err(Miss::Skipped(_))) if kit.is_cut => CaseReport::not_run(
                case,
                "there was no time to look at the service as a whole: give more (--timeout)",
            ),
            Ok(judgement) => CaseReport::of(case, judgement, kit, millis(started)),
        });
    }
    reports.sort_by_key(|report| report.number);
    reports
}
