//! Reports for people.

use external_providers::doctor::{Outcome, Report, Severity, Step};

use crate::cli::help::fill;
use crate::cli::output::Paint;
use crate::cli::{plural, printable};

/// Columns before the text of a step.
const INDENT: usize = 21;
/// The narrowest that texts are fitted to.
const NARROWEST: usize = 60;

/// A new line below the text of a step.
fn below() -> String {
    format!("\n{:INDENT$}", "")
}

/// A report for people.
pub(in crate::cli) fn table(report: &Report, paint: Paint, columns: Option<usize>) -> String {
    let width = columns.unwrap_or(usize::MAX).max(NARROWEST);
    let paint = |code: &str, text: &str| paint.paint(code, text);
    let kind = report.kind.as_deref().unwrap_or("service");
    let mut text = format!("{}  {}\n", paint("1", kind), printable(&report.url));
    for step in &report.steps {
        let (word, code) = match step.outcome {
            Outcome::Ok => ("ok", "32"),
            Outcome::Warning => ("warning", "33"),
            Outcome::Finding => ("FINDING", "1;31"),
            Outcome::NotChecked => ("-", "2"),
        };
        let word = paint(code, &format!("{word:8}"));
        let rest = fill(&line(step), 0, width - INDENT).replace('\n', &below());
        text.push_str(&format!("  {word} {:9} {rest}\n", step.name));
        let item = |hang: usize, text: &str, code: &str| {
            let lines = fill(text, hang, width - INDENT);
            let paint = |line| if code.is_empty() { String::from(line) } else { paint(code, line) };
            let lines = lines.lines().map(paint).collect::<Vec<_>>();
            format!("{}{}\n", &below()[1..], lines.join(&below()))
        };
        for detail in &step.details {
            text.push_str(&item(2, &printable(detail), "2"));
        }
        for finding in &step.findings {
            let code = match finding.severity {
                Severity::Note => "2",
                Severity::Warning => "33",
                Severity::Finding => "31",
            };
            let severity = match finding.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Finding => "finding",
            };
            let said = format!("{severity} ({}): {}", finding.code, printable(&finding.text));
            text.push_str(&item(2, &said, code));
            if let Some(remedy) = &finding.remedy {
                text.push_str(&item(4, &format!("  remedy: {}", printable(remedy)), ""));
            }
        }
    }
    text.push('\n');
    text
}

fn line(step: &Step) -> String {
    let text = printable(&step.text);
    match (step.outcome, step.milliseconds) {
        (Outcome::NotChecked, _) => format!("not checked: {text}"),
        (_, Some(ms)) => format!("{text} ({ms:.1} ms)"),
        (_, None) => text,
    }
}

/// What the reports say together, in a line.
pub(in crate::cli) fn summary(reports: &[Report]) -> String {
    let count = |severity| {
        let all = reports.iter().flat_map(Report::findings);
        all.filter(|finding| finding.severity == severity).count()
    };
    let steps = reports.iter().flat_map(|report| &report.steps);
    let mut skipped: Vec<&str> = Vec::new();
    for step in steps.filter(|step| step.outcome == Outcome::NotChecked) {
        if !skipped.contains(&step.name) {
            skipped.push(step.name);
        }
    }
    let (findings, warnings) = (count(Severity::Finding), count(Severity::Warning));
    let begin = match (findings, warnings) {
        (0, 0) => "all well".to_owned(),
        (0, warnings) => format!("no findings, {}", plural(warnings, "warning")),
        (findings, warnings) => {
            format!("{}, {}", plural(findings, "finding"), plural(warnings, "warning"))
        }
    };
    match skipped.as_slice() {
        [] => format!("{begin}\n"),
        skipped => format!("{begin}; not checked: {}\n", skipped.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use external_providers::doctor::{Options, Subject, check};

    use super::*;

    const SUMMARY: &str = "1 finding, 0 warnings; not checked: resolve, connect, tls, wsdl, \
        contract, soap, password, times, clock, http\n";

    #[test]
    fn outcomes_have_colours_where_there_are_any() {
        let subject = Subject::new("nonsense");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let report = runtime.block_on(check(&subject, &Options::default(), |_| ()));
        let plain = table(&report, Paint::always(false), None);
        assert!(plain.contains("  FINDING  settings  ") && !plain.contains('\x1b'), "{plain}");
        let painted = table(&report, Paint::always(true), None);
        assert!(painted.contains("\x1b[1;31mFINDING \x1b[0m settings"), "{painted}");
        assert!(painted.contains("\x1b[2m-       \x1b[0m resolve"), "{painted}");
        let stripped = ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[1;31m", "\x1b[0m"]
            .iter()
            .fold(painted, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
        assert_eq!(summary(&[report]), SUMMARY);
    }

    #[test]
    fn texts_fit_the_terminal_below_where_they_begin() {
        let subject = Subject::new("nonsense");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let report = runtime.block_on(check(&subject, &Options::default(), |_| ()));
        let wide = table(&report, Paint::always(false), None);
        let narrow = table(&report, Paint::always(false), Some(80));
        assert!(wide.lines().any(|line| line.chars().count() > 80), "{wide}");
        for line in narrow.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&narrow), words(&wide), "nothing is lost");
    }
}
