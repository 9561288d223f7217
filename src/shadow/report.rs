//! What a shadow found, for people and as JSON.

mod html;

use std::fmt;

use serde::Serialize;

use super::conditions::Conditions;

/// What a shadow found. It holds no secret: passwords and what was found to be one are masked.
///
/// Printed, it is a text; serialized, an object whose keys are the fields' names (`notCompared`,
/// `oldTimes`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Report {
    /// The result in a sentence: `In 3 h 1204 calls were compared; 2 kinds of difference`, or `Nothing
    /// was compared`.
    pub headline: String,
    /// Where the old service is.
    pub old: String,
    /// Where the candidate is.
    pub candidate: String,
    /// What was said at the start; none where a recording was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Since when is counted.
    pub started: jiff::Timestamp,
    /// Until when.
    pub ended: jiff::Timestamp,
    /// Calls that went by.
    pub calls: u64,
    /// Those whose answers were compared.
    pub compared: u64,
    /// Those of these that differ.
    pub different: u64,
    /// Those that were not compared, by operation and reason, the most first.
    pub not_compared: Vec<NotCompared>,
    /// Those that were dropped, since too many waited for the candidate.
    pub dropped: u64,
    /// Requests that are not calls: WSDLs and help pages, which are passed on.
    pub beside: u64,
    /// The same by operation, by their names. Of those that are not of the contract, 50 are told apart.
    pub operations: Vec<OperationCount>,
    /// The operations of the contract none of whose calls were compared: of these nothing is known.
    pub never_compared: Vec<String>,
    /// How long the old service took over the calls that were compared.
    pub old_times: Times,
    /// How long the candidate did.
    pub candidate_times: Times,
    /// The differences, by operation and part, the most frequent first; at most 200.
    pub groups: Vec<Group>,
    /// Differences of further kinds.
    pub ungrouped: u64,
}

/// What calls of one operation came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationCount {
    /// The operation; `not known`, or `others` where there are too many.
    pub operation: String,
    /// Calls whose answers were compared.
    pub compared: u64,
    /// Those of these that were answered otherwise.
    pub different: u64,
    /// Those of the compared ones that one side gave no answer to: it could not be reached, failed, or said
    /// 502, 503 or 504. They count in [`Report::different`], too.
    pub unanswered: u64,
    /// Calls that were not compared.
    pub not_compared: u64,
}

/// Calls that were not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NotCompared {
    /// The operation, where that is known: one of the contract's, or the caller's word without secrets.
    pub operation: Option<String>,
    /// Why not.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Times in milliseconds, right within 3 %; `None` where nothing was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// What half of the calls did not exceed.
    pub median_ms: Option<f64>,
    /// What 99 of 100 did not.
    pub p99_ms: Option<f64>,
}

/// Differences of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Group {
    /// The operation.
    pub operation: String,
    /// What differs: `Success`, `Message`, `output EmailAddress`, `field Serial: NewVisibleValue`,
    /// `order of outputs`, `fault reason`, `status`, `a fault in place of a result`,
    /// `no answer of the candidate`.
    pub part: String,
    /// In how many calls.
    pub count: u64,
    /// The first few.
    pub examples: Vec<Example>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Example {
    /// When.
    pub at: jiff::Timestamp,
    /// What the old service said; secrets are masked, and long texts cut.
    pub old: String,
    /// What the candidate said.
    pub candidate: String,
    /// The exchange's name, where it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Report {
    /// How many calls were not compared.
    pub fn left_out(&self) -> u64 {
        self.not_compared.iter().map(|reason| reason.count).sum()
    }

    /// As JSON, in lines.
    pub fn json(&self) -> String {
        // Strings and numbers with string keys: this cannot fail.
        format!("{}\n", serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.median_ms, self.p99_ms) {
            (Some(median), Some(p99)) => {
                write!(f, "median {}, p99 {}", millis(median), millis(p99))
            }
            _ => f.write_str("nothing was compared"),
        }
    }
}

/// A time in people's words, with three digits.
fn millis(time: f64) -> String {
    let (time, unit) = if time < 999.5 { (time, "ms") } else { (time / 1000.0, "s") };
    match time {
        ..9.995 => format!("{time:.2} {unit}"),
        ..99.95 => format!("{time:.1} {unit}"),
        _ => format!("{time:.0} {unit}"),
    }
}

/// What was found, in a sentence.
pub(super) fn headline(seconds: i64, compared: u64, kinds: usize, is_more: bool) -> String {
    let span = match seconds {
        // So long only a recording takes, whose own time is not known.
        ..1 => String::new(),
        1..120 => format!("In {seconds} s "),
        120..7200 => format!("In {} min ", seconds / 60),
        _ => format!("In {} h ", seconds / 3600),
    };
    let calls = if compared == 1 { "call was" } else { "calls were" };
    let kinds = match kinds {
        0 => "no difference".to_owned(),
        1 => "1 kind of difference".to_owned(),
        _ => format!("{}{kinds} kinds of difference", if is_more { "more than " } else { "" }),
    };
    match compared {
        0 => "Nothing was compared".to_owned(),
        _ => format!("{span}{compared} {calls} compared; {kinds}"),
    }
}

/// What the report's words mean.
const WORDS: &str = "Dropped: too many calls waited for the candidate; the old service answered them all the \
    same. Pages and documents: WSDLs and help pages, which are passed on and not compared. No answer: one side \
    could not be reached, failed, or said 502, 503 or 504.";

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        write!(f, "{:>8}  {operation}{}", self.count, self.reason)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, part, count, examples } = self;
        writeln!(f, "{operation}: {part}  ({count} times)")?;
        for Example { old, candidate, name, .. } in examples {
            writeln!(f, "    old        {old}\n    candidate  {candidate}")?;
            if let Some(name) = name {
                writeln!(f, "    kept as    {name}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    /// The report as a text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%d %H:%M:%S UTC");
        writeln!(f, "{}\n", self.headline)?;
        writeln!(f, "old        {}   ({})", self.old, self.old_times)?;
        writeln!(f, "candidate  {}   ({})", self.candidate, self.candidate_times)?;
        writeln!(f, "from {} to {}", time(self.started), time(self.ended))?;
        let not_compared = self.left_out();
        writeln!(
            f,
            "{} calls: {} compared, {} different, {not_compared} not compared, {} dropped; {} requests for pages and documents",
            self.calls, self.compared, self.different, self.dropped, self.beside
        )?;
        for line in self.conditions.iter().flat_map(Conditions::lines) {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "{WORDS}\n\ncompared  different  no answer  not compared")?;
        for count in &self.operations {
            let OperationCount { operation, compared, different, unanswered, not_compared } = count;
            writeln!(
                f,
                "{compared:>8}  {different:>9}  {unanswered:>9}  {not_compared:>12}  {operation}"
            )?;
        }
        if !self.never_compared.is_empty() {
            writeln!(f, "never compared: {}", self.never_compared.join(", "))?;
        }
        self.groups.iter().try_for_each(|group| write!(f, "\n{group}"))?;
        if self.ungrouped > 0 {
            writeln!(f, "\nand {} differences of further kinds", self.ungrouped)?;
        }
        if !self.not_compared.is_empty() {
            writeln!(f, "\nnot compared:")?;
            self.not_compared.iter().try_for_each(|reason| writeln!(f, "{reason}"))?;
        }
        Ok(())
    }
}
