//! What became of the cases: as values, and as the JSON of `conform --json`.

use serde::Serialize;

use super::Case;
use super::case::{Level, Number, group};
use super::judgement::{Judgement, Miss};
use super::kit::Kit;
use crate::http::HttpResponse;
use crate::redact::structure;
use crate::report::Finding;
use crate::xml::charset::Charset;

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The service is as the contract says.
    Passed,
    /// It is not.
    Failed,
    /// It cannot be judged, or is not this service's affair.
    Skipped,
    /// There was no time for it.
    NotRun,
}

/// A case and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseReport {
    /// The case's number, `3.9`.
    pub number: Number,
    /// The name of its group.
    pub group: &'static str,
    /// How much it counts.
    pub level: Level,
    /// What holds of a provider in order.
    pub says: &'static str,
    /// Path and section of the law.
    pub law: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// What is wrong; or why it was skipped or not run. Passwords are masked.
    pub text: Option<String>,
    /// Of a failure what was sent, masked and bounded.
    pub sent: Option<String>,
    /// What came, masked and bounded.
    pub got: Option<String>,
    /// A line for a POSIX shell that shows it again.
    pub again: Option<String>,
    /// How long it took.
    pub milliseconds: u64,
}

/// What was found about a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The service's address, without its query.
    pub url: String,
    /// The cases, in the order of their numbers.
    pub cases: Vec<CaseReport>,
    /// Ways in which real providers are odd (wsdl/CONTRACT.md, section 3), and this one is, too.
    pub oddities: Vec<Finding>,
    /// How long all took.
    pub milliseconds: u64,
    /// Was there a web service password?
    pub has_password: bool,
}

/// What proves that the service answers, and that it takes the password: without these the rest says little.
const PROOF: [Number; 2] = [Number { group: 2, place: 1 }, Number { group: 10, place: 1 }];

impl Report {
    /// How many cases of any level or of one ended so.
    pub fn count(&self, outcome: Outcome, level: Option<Level>) -> usize {
        let is = |case: &&CaseReport| {
            case.outcome == outcome && level.is_none_or(|level| level == case.level)
        };
        self.cases.iter().filter(is).count()
    }

    /// What was not judged though it had to be: each `must` that was not run; and, where they were
    /// skipped, 2.1 (the plain request is answered) and, if there is a web service password, 10.1 (it is
    /// accepted).
    pub fn not_judged(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| match case.outcome {
            Outcome::NotRun => case.level == Level::Must,
            Outcome::Skipped if case.number == PROOF[1] => self.has_password,
            Outcome::Skipped => case.number == PROOF[0],
            Outcome::Passed | Outcome::Failed => false,
        })
    }

    /// Was any case judged: passed or failed?
    pub fn is_judged(&self) -> bool {
        self.count(Outcome::Passed, None) + self.count(Outcome::Failed, None) > 0
    }

    /// Does no `must` fail, and was all judged that had to be? Of a report in which nothing was judged it
    /// is false.
    pub fn is_conformant(&self) -> bool {
        let failed = self.count(Outcome::Failed, Some(Level::Must));
        failed == 0 && self.is_judged() && self.not_judged().next().is_none()
    }

    /// A case by its number, `3.9`.
    pub fn case(&self, number: &str) -> Option<&CaseReport> {
        self.cases.iter().find(|case| case.number.to_string() == number)
    }
}

impl CaseReport {
    pub(super) fn not_run(case: &Case, why: &str) -> Self {
        Self {
            number: case.number,
            group: group(case.number.group),
            level: case.level,
            says: case.says,
            law: case.law,
            outcome: Outcome::NotRun,
            text: Some(why.to_owned()),
            sent: None,
            got: None,
            again: None,
            milliseconds: 0,
        }
    }

    pub(super) fn of(case: &Case, judgement: Judgement, kit: &Kit, milliseconds: u64) -> Self {
        let mut report = Self { milliseconds, ..Self::not_run(case, "") };
        (report.outcome, report.text) = match judgement {
            Ok(()) => (Outcome::Passed, None),
            Err(Miss::Skipped(why)) => (Outcome::Skipped, Some(why)),
            Err(Miss::Failed { why, exchange, again }) => {
                if let Some(exchange) = exchange {
                    report.sent = Some(exchange.sent.shown());
                    report.got = Some(match &exchange.got {
                        Ok(got) => shown(&got.response, kit),
                        Err(error) => error.clone(),
                    });
                    report.again = Some(kit.shell.line(&kit.origin, &exchange.sent));
                }
                report.again = again.or(report.again);
                (Outcome::Failed, Some(why))
            }
        };
        report
    }
}

/// An answer for people: masked, then cut.
fn shown(response: &HttpResponse, kit: &Kit) -> String {
    /// Bytes of a body that are shown.
    const SHOWN: usize = 1500;
    let mut text = format!("HTTP {}\n", response.status);
    for header in response.headers.iter().take(30) {
        let value = kit.mask.apply_outside(&header.shown(), &[]);
        text.push_str(&format!("{}: {value:.200}\n", header.name));
    }
    let content_type = response.headers.get("Content-Type").unwrap_or_default();
    let start = &response.body[..response.body.len().min(64 << 10)];
    let body = Charset::of_response(&content_type).decode(start);
    let body = body.unwrap_or_else(|_| String::from_utf8_lossy(start));
    let masked = kit.mask.apply_outside(&body, &structure(&body));
    let cut = (0..=SHOWN.min(masked.len())).rev().find(|at| masked.is_char_boundary(*at));
    let cut = cut.unwrap_or_default();
    if !masked.is_empty() {
        let more = if cut < masked.len() { "…" } else { "" };
        text.push_str(&format!("\n{}{more}", &masked[..cut]));
    }
    text
}
