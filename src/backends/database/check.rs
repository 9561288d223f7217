//! Looks at a database step by step, and says what is wrong and what to do.

use std::time::{Duration, Instant};

use super::connection::Access;
use super::error::Cause;
use super::pool::{Database, Lent, Limit};
use super::settings::{DatabaseKind, DatabaseSettings};
use crate::report::{Finding, Report, Step, network};

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
        let DatabaseSettings { host, connect_timeout: within, .. } = self.settings();
        let (step, addresses) = network::resolve(host, self.settings().port(), *within).await;
        report.steps.push(step);
        if addresses.is_empty() {
            return false;
        }
        let (step, open) = network::connect(&addresses, *within).await;
        report.steps.push(step);
        !open.is_empty()
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
