//! The cases of `conform` as JUnit shows them.

use external_providers::conform::{CaseReport, Level, Outcome, Report};

use crate::cli::fixtures::junit;

/// There are failures or errors just where the exit code is not 0.
pub(super) fn of(report: &Report, is_strict: bool) -> Vec<junit::Case> {
    let is_missed = |case: &CaseReport| {
        !report.is_judged()
            || report.not_judged().any(|missed| missed.number == case.number)
            || is_strict && case.outcome == Outcome::NotRun
    };
    let case = |case: &CaseReport| {
        let text = case.text.clone().unwrap_or_default();
        let all = || {
            let parts = [("sent", &case.sent), ("got", &case.got), ("again", &case.again)];
            let parts = parts
                .iter()
                .filter_map(|(name, part)| Some(format!("{name}:\n{}", part.as_ref()?)));
            [format!("{text}\n{} ({}, {})", case.says, case.law, case.level)]
                .into_iter()
                .chain(parts)
                .collect::<Vec<_>>()
        };
        junit::Case {
            name: format!("{} {}: {}", case.number, case.level, case.says),
            class: format!("conform.{}", case.group),
            millis: case.milliseconds,
            outcome: match case.outcome {
                Outcome::Passed => junit::Outcome::Passed,
                Outcome::Failed if case.level == Level::Should && !is_strict => {
                    junit::Outcome::Warning(format!("should: {text}"), all().join("\n\n"))
                }
                Outcome::Failed => junit::Outcome::Failure(text.clone(), all().join("\n\n")),
                _ if is_missed(case) => junit::Outcome::Error(format!("not judged: {text}")),
                Outcome::Skipped => junit::Outcome::Skipped(text),
                Outcome::NotRun => junit::Outcome::Skipped(format!("not run: {text}")),
            },
        }
    };
    report.cases.iter().map(case).collect()
}
