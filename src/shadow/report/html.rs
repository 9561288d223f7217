//! The report as one page, to be sent to a colleague: nothing in it is loaded or run.

use super::{Example, Group, NotCompared, OperationCount, Report, WORDS};
use crate::host::html::page;
use crate::shadow::conditions::Conditions;
use crate::xml::escape;

impl Report {
    /// The report as one HTML page without scripts, links and pictures.
    pub fn html(&self) -> String {
        let row = |name: &str, value: String| {
            format!("<tr><th>{name}</th><td>{}</td></tr>\n", escape(&value))
        };
        let mut content = format!("<h2>{}</h2>\n<table>\n", escape(&self.headline));
        for (name, value) in [
            ("old", format!("{} ({})", self.old, self.old_times)),
            ("candidate", format!("{} ({})", self.candidate, self.candidate_times)),
            ("from", self.started.to_string()),
            ("to", self.ended.to_string()),
            ("calls", self.calls.to_string()),
            ("compared", self.compared.to_string()),
            ("different", self.different.to_string()),
            ("not compared", self.left_out().to_string()),
            ("dropped", self.dropped.to_string()),
            ("pages and documents", self.beside.to_string()),
        ] {
            content.push_str(&row(name, value));
        }
        let conditions = self.conditions.iter().flat_map(Conditions::lines);
        let conditions: String =
            conditions.map(|line| format!("<p>{}</p>\n", escape(&line))).collect();
        content.push_str(&format!(
            "</table>\n{conditions}<p>{WORDS}</p>\n<h2>Operations</h2>\n<table>\n<tr><th>operation</th><th>compared</th><th>different</th><th>no answer</th><th>not compared</th></tr>\n"
        ));
        for count in &self.operations {
            let OperationCount { operation, compared, different, unanswered, not_compared } = count;
            content.push_str(&format!(
                "<tr><td>{}</td><td>{compared}</td><td>{different}</td><td>{unanswered}</td><td>{not_compared}</td></tr>\n",
                escape(operation)
            ));
        }
        content.push_str("</table>\n");
        if !self.never_compared.is_empty() {
            let never = escape(&self.never_compared.join(", "));
            content.push_str(&format!("<p>Never compared: {never}.</p>\n"));
        }
        for Group { operation, part, count, examples } in &self.groups {
            let (operation, part) = (escape(operation), escape(part));
            content.push_str(&format!(
                "<h2>{operation}: {part} ({count})</h2>\n<table>\n<tr><th>at</th><th>old</th><th>candidate</th><th>kept as</th></tr>\n"
            ));
            for Example { at, old, candidate, name } in examples {
                let name = name.as_deref().unwrap_or_default();
                let cells = [&at.to_string(), old, candidate, name]
                    .map(|text| format!("<td>{}</td>", escape(text)));
                content.push_str(&format!("<tr>{}</tr>\n", cells.concat()));
            }
            content.push_str("</table>\n");
        }
        if self.ungrouped > 0 {
            content.push_str(&format!(
                "<p>And {} differences of further kinds.</p>\n",
                self.ungrouped
            ));
        }
        if !self.not_compared.is_empty() {
            content.push_str("<h2>Not compared</h2>\n<table>\n");
            for NotCompared { operation, reason, count } in &self.not_compared {
                let operation = operation.as_deref().unwrap_or_default();
                content.push_str(&format!(
                    "<tr><td>{count}</td><td>{}</td><td>{}</td></tr>\n",
                    escape(operation),
                    escape(reason)
                ));
            }
            content.push_str("</table>\n");
        }
        page("Old service and candidate", &content)
    }
}
