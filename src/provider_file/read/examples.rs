//! `[[examples]]`: calls and what they should be answered.

use std::collections::BTreeMap;

use super::Reading;
use crate::contract::{Kind, OPERATIONS, OperationInfo, Variables, custom_field_name};
use crate::provider_file::model::{Example, Kinds, Servers};
use crate::rules::Rows;
use crate::suggest::{meant, nearest};
use crate::toml_document::{Problem, Shape, Table};

/// Is it a variable of the operation's requests, or a custom field of them?
fn is_input(info: &OperationInfo, name: &str) -> bool {
    let is_field = info.custom_fields && custom_field_name(name).is_some_and(|f| !f.is_empty());
    is_field || info.inputs.iter().any(|input| input.name == name)
}

impl Reading<'_> {
    pub(super) fn examples(
        &mut self,
        root: &Table<'_>,
        servers: &Servers,
        kinds: &Kinds,
    ) -> Vec<Example> {
        let tables = root.tables("examples", &mut self.problems);
        tables.into_iter().filter_map(|table| self.example(&table, servers, kinds)).collect()
    }

    fn example(&mut self, table: &Table<'_>, servers: &Servers, kinds: &Kinds) -> Option<Example> {
        let (name, operation, [groups, sinks], message) =
            self.in_section("examples", table.path(), Some(table.clone()), |section| {
                let lists = ["groups", "sinks"];
                let lists = lists.map(|key| section.has(key).then(|| section.list(key)));
                let operation = section.text("operation");
                if !section.has("operation") {
                    let names = OPERATIONS.iter().map(|info| info.name);
                    let hint = names.collect::<Vec<_>>().join(", ");
                    section.wrong("operation", "is missing", Some(format!("one of {hint}")));
                }
                (section.text("name"), operation, lists, section.text("message"))
            });
        let operation = operation?;
        let Some(info) = OperationInfo::named(&operation) else {
            let problem = table.problem("operation", "there is no such operation");
            let hint = meant(&operation, OPERATIONS.iter().map(|info| info.name));
            self.problems.push(Problem { hint, ..problem });
            return None;
        };
        if !kinds.provided().any(|kind| kind == info.kind) {
            let what = format!("{operation} is not answered: there is no [{}]", info.kind);
            self.problems.push(table.problem("operation", what));
        }
        let request = self.variables(table, "request");
        for (name, _) in request.iter().filter(|(name, _)| !is_input(info, name)) {
            let near = nearest(name, info.inputs.iter().map(|input| input.name));
            let near = near.map(|near| format!("did you mean {near}?"));
            let hint = near.unwrap_or_else(|| info.to_string());
            let what = format!("{operation} has no variable {name}");
            let problem = table.table("request", &mut Vec::new()).map(|t| t.problem(name, what));
            self.problems.extend(problem.map(|problem| problem.hint(hint)));
        }
        for input in info.inputs.iter().filter(|input| input.required) {
            if request.get(input.name).is_some() {
                continue;
            }
            let what = format!("{operation} needs {}", input.name);
            if input.name != "loginPassword" {
                self.problems.push(table.problem("request", what));
            } else if info.kind == Kind::Login && groups.is_none() {
                // Any other would be tried at the directory, and count towards its lock-out.
                let hint =
                    "give it, or groups = [\"NAME\"], which stand for the directory's answer";
                self.problems.push(table.problem("request", what).hint(hint));
            }
        }
        if table.has("sinks") && info.kind != Kind::Events {
            let what = format!("{operation} is not told to sinks");
            self.problems.push(table.problem("sinks", what));
        }
        for name in sinks.iter().flatten() {
            if let Err((what, hint)) = self.uses("sinks", name) {
                self.problems.push(Problem { hint, ..table.problem("sinks", what) });
            }
        }
        Some(Example {
            name: name.unwrap_or_else(|| format!("example of {operation}")),
            line: table.line(),
            operation: info,
            request,
            lookups: self.stand_ins(table, servers),
            groups,
            sinks,
            answer: self.variables(table, "answer"),
            message,
        })
    }

    /// A table of strings.
    fn variables(&mut self, table: &Table<'_>, key: &str) -> Variables {
        let mut variables = Variables::new();
        let Some(table) = table.table(key, &mut self.problems) else { return variables };
        for key in table.keys() {
            if let Some(value) = table.string(key, &mut self.problems) {
                variables.push(key, value);
            }
        }
        variables
    }

    /// Rows that stand for the answers of look-ups.
    fn stand_ins(&mut self, table: &Table<'_>, servers: &Servers) -> BTreeMap<String, Rows> {
        let mut found = BTreeMap::new();
        let Some(table) = table.table("lookups", &mut self.problems) else { return found };
        for name in table.keys() {
            if let Err((what, hint)) = self.uses("lookups", name) {
                self.problems.push(Problem { hint, ..table.problem(name, what) });
                continue;
            }
            let mut rows = Rows::default();
            for row in table.tables(name, &mut self.problems) {
                // A column that a row lacks is NULL.
                for column in row.keys() {
                    if rows.column(column).is_none() {
                        rows.columns.push(column.to_owned());
                        rows.rows.iter_mut().for_each(|row| row.push(None));
                    }
                }
                let value = |column: &String| match row.shape(column)? {
                    Shape::Text(text) | Shape::Number(text) => Some(text.to_owned()),
                    _ => None,
                };
                rows.rows.push(rows.columns.iter().map(value).collect());
            }
            // Columns that no row has are not missing, but NULL.
            let section = servers.lookups.get(name);
            for column in section.iter().flat_map(|section| &section.settings.columns) {
                if rows.column(column).is_none() {
                    rows.columns.push(column.clone());
                    rows.rows.iter_mut().for_each(|row| row.push(None));
                }
            }
            found.insert(name.to_owned(), rows);
        }
        found
    }
}
