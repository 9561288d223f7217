//! What was found: steps, findings, remedies; as values, and as the JSON of `check --json`.

#[cfg(any(feature = "doctor", feature = "databases"))]
pub(crate) mod network;

use serde::Serialize;

/// Characters of a text that are kept.
const LONGEST: usize = 1000;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It could not be looked at; the step says why. Never a pass.
    NotChecked,
    /// All well.
    Ok,
    /// It works, but somebody should look at it.
    Warning,
    /// It does not work.
    Finding,
}

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// It works, but somebody should look at it.
    Warning,
    /// It does not work.
    Finding,
}

/// A trouble with its remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which trouble: a stable word for machines, `namespace`, `old-tls`.
    pub code: &'static str,
    /// How severe it is.
    pub severity: Severity,
    /// What is wrong, for people.
    pub text: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, severity: Severity::Finding, text: text.into(), remedy: None }
    }

    pub(crate) fn warning(code: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::new(code, text) }
    }

    pub(crate) fn note(code: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Note, ..Self::new(code, text) }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same, but no reason to fail.
    pub(crate) fn at_most_warning(mut self) -> Self {
        self.severity = self.severity.min(Severity::Warning);
        self
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Which: `settings`, `resolve`, `connect`, `tls`, `wsdl`, `contract`, `soap`, `password`,
    /// `times`, `clock`, `http`, of single sign-on `cookie`, `sign-on`; of a directory `account`, `base`,
    /// `filter`, `user`, `groups`, `lock-out`; of a store of events `store`, `waiting`; of a login page
    /// `machine-key`, `cookie`, `return`.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The result in a line; where it was not checked, why.
    pub text: String,
    /// How long it took, where that says something.
    pub milliseconds: Option<f64>,
    /// More about it, a line each.
    pub details: Vec<String>,
    /// What is wrong, and remedies.
    pub findings: Vec<Finding>,
}

impl Step {
    pub(crate) fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Ok,
            text: text.into(),
            milliseconds: None,
            details: Vec::new(),
            findings: Vec::new(),
        }
    }

    pub(crate) fn not_checked(name: &'static str, why: impl Into<String>) -> Self {
        Self { outcome: Outcome::NotChecked, ..Self::new(name, why) }
    }

    pub(crate) fn took(mut self, time: std::time::Duration) -> Self {
        self.milliseconds = Some((time.as_secs_f64() * 1e5).round() / 1e2);
        self
    }

    /// Adds a finding, and is as bad as it from then on.
    pub(crate) fn add(&mut self, finding: Finding) {
        let worst = match finding.severity {
            Severity::Note => self.outcome,
            Severity::Warning => Outcome::Warning,
            Severity::Finding => Outcome::Finding,
        };
        self.outcome = self.outcome.max(worst);
        self.findings.push(finding);
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Findings of a code turned out to be harmless, for the reason given.
    pub(crate) fn acquit(&mut self, code: &'static str, why: &str) {
        let findings = std::mem::take(&mut self.findings);
        self.outcome = self.outcome.min(Outcome::Ok);
        for finding in findings {
            self.add(match finding.code == code {
                true => Finding::note(code, format!("{} ({why})", finding.text)),
                false => finding,
            });
        }
    }

    /// It was checked after all, and is as good as its findings let it be.
    pub(crate) fn pass(&mut self, text: impl Into<String>) {
        self.outcome = self.outcome.max(Outcome::Ok);
        self.text = text.into();
    }

    pub(crate) fn with(mut self, finding: Finding) -> Self {
        self.add(finding);
        self
    }
}

/// What was found about one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The kind as its settings are called (`login`, …); none for a URL alone.
    pub kind: Option<String>,
    /// The service's address, without its query.
    pub url: String,
    /// The worst of all steps that were made: `ok`, `warning` or `finding`; `not-checked` when none
    /// was.
    pub outcome: Outcome,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Report {
    pub(crate) fn new(kind: Option<String>, url: String) -> Self {
        Self { kind, url, outcome: Outcome::NotChecked, steps: Vec::new() }
    }

    /// A step by its name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// All findings, whatever their severity, in order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.steps.iter().flat_map(|step| &step.findings)
    }

    /// Does anything not work?
    pub fn has_findings(&self) -> bool {
        self.outcome == Outcome::Finding
    }

    /// A cause that an earlier step has found already is only referred to.
    fn say_once(&mut self) {
        let mut said: Vec<(&'static str, Finding)> = Vec::new();
        for step in &mut self.steps {
            for finding in &mut step.findings {
                let same = |(_, other): &&(&str, Finding)| {
                    other.code == finding.code && finding.text.ends_with(&other.text)
                };
                match said.iter().find(same) {
                    Some((name, _)) if *name != step.name => {
                        finding.text = format!("the same as in step {name}");
                        finding.remedy = None;
                    }
                    _ => said.push((step.name, finding.clone())),
                }
            }
        }
    }

    /// Sums up, bounds every text, and takes out what could disturb a terminal. What others wrote was
    /// masked where it came in.
    pub(crate) fn finish(mut self) -> Self {
        let safe = |text: &mut String| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let line = lines.collect::<Vec<_>>().join(" ");
            let safe = |c: char| if c.is_control() { '\u{fffd}' } else { c };
            *text = line.chars().take(LONGEST).map(safe).collect();
        };
        for step in &mut self.steps {
            safe(&mut step.text);
            step.details.iter_mut().for_each(safe);
            for finding in &mut step.findings {
                safe(&mut finding.text);
                finding.remedy.iter_mut().for_each(safe);
            }
        }
        self.say_once();
        let made = self.steps.iter().map(|step| step.outcome);
        let made = made.filter(|outcome| *outcome != Outcome::NotChecked);
        self.outcome = made.max().unwrap_or(Outcome::NotChecked);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_one_line_without_what_disturbs_a_terminal() {
        let mut report = Report::new(None, String::new());
        let mut step = Step::not_checked("soap", "a\r\n  b\u{1b}[31m\n\n\tc\n");
        step.details.push("\n".repeat(5000) + &"d".repeat(5000));
        report.steps.push(step);
        let report = report.finish();
        assert_eq!(report.steps[0].text, "a b\u{fffd}[31m c");
        assert_eq!(report.steps[0].details[0], "d".repeat(LONGEST));
    }
}
