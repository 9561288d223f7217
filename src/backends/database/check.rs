//! Looks at a database step by step, and says what is wrong and what to do.

use std::time::{Duration, Instant};

use super::connection::Access;
use super::error::Cause;
use super::pool::{Database, Lent, Limit};
use super::settings::DatabaseKind;
use crate::http::{ConnectCause, bare_host};
use crate::report::{Finding, Report, Step};

/// How long one question of the check may take.
const TIME: Duration = Duration::from_secs(5);

impl Database {
    /// Looks at name, connection, TLS, login, version, and whether writing is refused, as it should be
    /// where there are look-ups alone.
    pub async fn check(&self) -> Report {
        let settings = self.settings();
        let mut report = Report::new(Some(self.name().to_owned()), settings.address());
        let is_file = settings.kind == DatabaseKind::Sqlite;
        let reached = is_file || self.reach(&mut report).await;
        if reached && let Some(lent) = self.log_in(&mut report).await {
            report.steps.extend(self.session(lent).await);
        }
        report.finish()
    }

    /// Name and port.
    async fn reach(&self, report: &mut Report) -> bool {
        let settings = self.settings();
        let host = bare_host(&settings.host);
        let started = Instant::now();
        let within = settings.connect_timeout;
        let names = tokio::net::lookup_host((host, settings.port()));
        let found: Vec<_> = match tokio::time::timeout(within, names).await {
            Ok(Ok(found)) => found.collect(),
            failed => {
                let (why, cause) = match failed {
                    Ok(Err(error)) => (error.to_string(), ConnectCause::of(&error)),
                    _ => (format!("no answer within {within:?}"), ConnectCause::NoNameServer),
                };
                let finding = Finding::new("unknown-host", format!("{host}: {why}"));
                let finding = finding.remedy(cause.remedy().unwrap_or("check host"));
                let step = Step::new("resolve", format!("{host} has no address"));
                report.steps.push(step.with(finding));
                return false;
            }
        };
        let addresses: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
        let text = format!("{host} is {}", addresses.join(", "));
        report.steps.push(Step::new("resolve", text).took(started.elapsed()));
        let started = Instant::now();
        let connecting = tokio::net::TcpStream::connect(found.as_slice());
        let why = match tokio::time::timeout(within, connecting).await {
            Ok(Ok(_)) => {
                let step = Step::new("connect", format!("port {} answers", settings.port()));
                report.steps.push(step.took(started.elapsed()));
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {within:?}"),
        };
        let finding = Cause::Unreachable(why).finding();
        report.steps.push(Step::new("connect", "no connection").with(finding));
        false
    }

    /// TLS and login.
    async fn log_in(&self, report: &mut Report) -> Option<Lent> {
        let started = Instant::now();
        match self.lend(Access::Read, Limit::new(TIME), true).await {
            Ok(lent) => {
                let user = match self.kind() {
                    DatabaseKind::Sqlite => "the file is open".to_owned(),
                    _ => format!("as {}", self.settings().user),
                };
                report.steps.push(Step::new("login", user).took(started.elapsed()));
                Some(lent)
            }
            Err(cause) => {
                let name = if matches!(cause, Cause::Tls(_)) { "tls" } else { "login" };
                report.steps.push(Step::new(name, "no connection").with(cause.finding()));
                None
            }
        }
    }

    /// Version, encryption, and an attempt to write.
    async fn session(&self, mut lent: Lent) -> Vec<Step> {
        let limit = Limit::new(TIME);
        let failed = |name, cause: Cause| {
            Step::not_checked(name, format!("the server does not say: {cause}"))
        };
        let session = match limit.wait(lent.connection.session()).await {
            Ok(session) => session,
            Err(cause) => return vec![failed("version", cause)],
        };
        let mut steps = Vec::new();
        if self.kind() != DatabaseKind::Sqlite {
            steps.push(match session.encryption {
                Some(protocol) => Step::new("tls", protocol),
                None if self.settings().is_loopback() => Step::new("tls", "not encrypted"),
                None => {
                    let text = "everybody on the way can read passwords and rows";
                    let finding = Finding::warning("plain-text", text);
                    let remedy = "set up TLS at the server, and say encryption = \"required\"";
                    Step::new("tls", "not encrypted").with(finding.remedy(remedy))
                }
            });
        }
        steps.push(Step::new("version", session.version));
        steps.push(match limit.wait(lent.connection.try_to_write()).await {
            Ok(Some(refused)) => Step::new("read-only", format!("writing is refused: {refused}")),
            Ok(None) => {
                let finding = Finding::warning("writable", "a look-up could write");
                let remedy = "grant the account SELECT alone, on the tables that it needs";
                Step::new("read-only", "writing is not refused").with(finding.remedy(remedy))
            }
            Err(cause) => failed("read-only", cause),
        });
        // The connection is not given back: who knows what the attempt left behind.
        steps
    }
}
