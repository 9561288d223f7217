//! Tries the examples of a file.

use std::collections::BTreeSet;

use super::answer::Answered;
use super::current::{Current, Manner};
use super::model::Example;
use crate::contract::{
    AUTH_PASSWORD, Answer, HandleEvent, Operation as _, OperationResult as _, ProviderError,
    Variables, dispatch,
};
use crate::explanation::Explanation;

/// What became of one of `[[examples]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExampleOutcome {
    /// Its name.
    pub name: String,
    /// Where it begins in the file.
    pub line: usize,
    /// The operation.
    pub operation: &'static str,
    /// What is not as it should be, a line each; none if all is.
    pub differences: Vec<String>,
    /// Who was asked, what was said, which rules matched.
    pub explanation: Vec<String>,
}

impl Current {
    /// Tries the examples, one after the other. Nothing is changed anywhere.
    pub(super) async fn examples(&self) -> Vec<ExampleOutcome> {
        let mut outcomes = Vec::new();
        for example in &self.file.examples {
            let manner = Manner {
                explanation: Explanation::wanted(),
                dry: true,
                old: None,
                lookups: example.lookups.clone(),
                groups: example.groups.clone(),
            };
            let answer =
                dispatch!(example.operation, T => self.outputs::<T>(example, &manner).await);
            let mut differences = match answer {
                Some(Ok((outputs, message))) => differences(example, &outputs, message.as_deref()),
                Some(Err(error)) => vec![error.to_string()],
                None => vec!["there is no such operation".to_owned()],
            };
            differences.extend(self.other_takers(example));
            outcomes.push(ExampleOutcome {
                name: example.name.clone(),
                line: example.line,
                operation: example.operation.name,
                differences,
                explanation: manner.explanation.lines(),
            });
        }
        outcomes
    }

    /// Which sinks take an event, if they are others than an example says.
    fn other_takers(&self, example: &Example) -> Option<String> {
        let (wanted, section) = (example.sinks.as_ref()?, self.file.kinds.events.as_ref()?);
        let request = HandleEvent::read_inputs(example.request.clone()).ok()?;
        let found = self.takers(section, &request, &Explanation::default());
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        let shown = |names: &[String]| match names {
            [] => "nobody".to_owned(),
            names => names.join(", "),
        };
        (sorted(wanted) != sorted(&found))
            .then(|| format!("it is told to {}, not to {}", shown(&found), shown(wanted)))
    }

    /// The variables of the answer and its message. What becomes of a custom field goes by its name in
    /// brackets.
    async fn outputs<T: Answered>(
        &self,
        example: &Example,
        manner: &Manner,
    ) -> Result<(Variables, Option<String>), ProviderError> {
        let mut inputs = example.request.clone();
        let is_password = |name: &str| name != AUTH_PASSWORD && name == "loginPassword";
        let needs_password = T::INPUTS.iter().any(|input| is_password(input.name));
        if needs_password && inputs.get("loginPassword").is_none() {
            inputs.push("loginPassword", "(an example)");
        }
        let Answer { result, message, other } =
            T::read_inputs(inputs)?.answer(self, manner).await?;
        let mut outputs = Variables::new();
        T::write_outputs(&result, &mut outputs);
        for change in result.items().into_iter().flatten() {
            outputs.push(&format!("[{}]", change.name), &change.to_string());
        }
        outputs.extend(other.iter());
        Ok((outputs, message))
    }
}

fn differences(example: &Example, outputs: &Variables, message: Option<&str>) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |name: &str, wanted: &str, found: Option<&str>| match found {
        Some(found) if found == wanted => {}
        Some(found) => differences.push(format!("{name} is {found:?}, not {wanted:?}")),
        None => differences.push(format!("{name} is not there, and should be {wanted:?}")),
    };
    for (name, wanted) in example.answer.iter() {
        compare(name, wanted, outputs.get(name));
    }
    if let Some(wanted) = &example.message {
        compare("the message", wanted, message);
    }
    differences
}
