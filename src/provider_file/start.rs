//! Tickets and chats: whether they may start, and where they go.

use super::current::{Current, Manner, failed};
use super::model::{Otherwise, Rules};
use crate::contract::{Answer, Operation, ProviderResult, Start, Variables};
use crate::rules::{Decision, Facts, Verdict};

impl Current {
    /// Decides about a ticket or chat. What changes something comes last: first the old service, then
    /// the statement with an effect.
    pub(super) async fn start<T: Operation<Result = Start> + Clone>(
        &self,
        rules: &Rules,
        request: T,
        manner: &Manner,
    ) -> ProviderResult<T> {
        let facts = self.facts(&request, &rules.rules, manner).await?;
        let decision = self.decide(&rules.rules, &facts, manner)?;
        if let Some(Verdict::Refused(message)) = decision.verdict {
            return Ok(Answer::new(Start::Refused, message));
        }
        let is_decided = decision.verdict.is_some();
        let answer = match rules.otherwise {
            elsewhere if elsewhere.is_elsewhere() && !manner.may_change(self, T::KIND) => {
                manner.explanation.leave_open(|| {
                    let who = self.who_else(T::KIND);
                    format!("{who} is not asked, since that may change something there")
                });
                allowed()
            }
            elsewhere if elsewhere.is_elsewhere() => self.elsewhere(request, manner).await?,
            Otherwise::Refuse if !is_decided => {
                manner.explanation.note(|| "no rule decides: refused".to_owned());
                let message = rules.refused.clone();
                return Ok(Answer { result: Start::Refused, message, other: Variables::new() });
            }
            _ => allowed(),
        };
        if answer.result == Start::Refused && !is_decided {
            return Ok(answer);
        }
        let effect = decision.effect.clone();
        let answer = merged(decision, answer);
        match effect {
            // It would be paid for, and never be answered.
            Some(_) if !can_be_written(&answer) => {
                let what = "the answer holds a character that XML does not allow";
                Err(super::current::failure(what, manner))
            }
            Some(effect) => self.effect(&effect, &facts, answer, manner).await,
            None => Ok(answer),
        }
    }

    /// Runs a statement with an effect, and refuses if it did not change what it should.
    async fn effect(
        &self,
        name: &str,
        facts: &Facts,
        answer: Answer<Start>,
        manner: &Manner,
    ) -> Result<Answer<Start>, crate::contract::ProviderError> {
        let (Some(effect), Some(section)) =
            (self.effects.get(name), self.file.servers.effects.get(name))
        else {
            return Err(super::current::failure(&format!("there is no effect {name}"), manner));
        };
        if manner.dry {
            manner.explanation.leave_open(|| {
                let rows = section.rows;
                format!("effect {name}: not run here; it refuses unless {rows} rows change")
            });
            return Ok(answer);
        }
        let value = |parameter: &str| section.bound.value(parameter, facts);
        match effect.run(&value, &manner.explanation).await {
            Ok(true) => Ok(answer),
            Ok(false) => Ok(Answer {
                result: Start::Refused,
                message: section.refuse.as_ref().map(|text| text.render_text(facts)),
                other: Variables::new(),
            }),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn can_be_written(answer: &Answer<Start>) -> bool {
    let Start::Allowed { department_name, custom_fields } = &answer.result else { return true };
    let pairs = custom_fields.iter().chain(answer.other.iter());
    let texts = pairs.flat_map(|(name, value)| [name, value]);
    let texts = texts.chain(department_name.as_deref()).chain(answer.message.as_deref());
    // XML 1.0, section 2.2.
    let is_allowed = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{7f}'..);
    let is_character = |c: char| is_allowed(c) && !matches!(c, '\u{fffe}' | '\u{ffff}');
    texts.into_iter().all(|text| text.chars().all(is_character))
}

fn allowed() -> Answer<Start> {
    Answer { result: Start::allowed(), message: None, other: Variables::new() }
}

/// What rules said, and the rest as it was answered elsewhere.
fn merged(decision: Decision, answer: Answer<Start>) -> Answer<Start> {
    let was_allowed = answer.result != Start::Refused;
    let (department, mut fields) = match answer.result {
        Start::Allowed { department_name, custom_fields } => (department_name, custom_fields),
        Start::Refused => (None, Variables::new()),
    };
    // What the old service says of a refusal is not true of a ticket that a rule allows.
    let message = answer.message.filter(|_| was_allowed);
    for (name, _) in decision.set.iter() {
        fields.take(name);
    }
    fields.extend(decision.set.iter());
    let department_name = decision.department.or(department);
    let result = Start::Allowed { department_name, custom_fields: fields };
    Answer { result, message: decision.message.or(message), other: answer.other }
}
