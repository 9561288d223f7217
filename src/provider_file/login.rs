//! Logins: who is asked, in which order, and what becomes of the answers.

use super::current::{Current, Manner, failure};
use super::model::{Login as Section, Otherwise};
use crate::backends::directory::{Login, Person};
use crate::contract::{Answer, Authentication, Operation, ProviderError, ProviderResult};
use crate::error_chain::error_chain;
use crate::rules::Verdict;
use crate::secret::Secret;

impl Current {
    /// Asks directories and logins in order: the first that knows the user decides, then the rules.
    /// Without a `password`, another site's cookie has proved the user.
    ///
    /// One that cannot be asked fails the call, unless a later one lets the user in.
    pub(super) async fn log_in<T>(
        &self,
        section: &Section,
        request: T,
        (name, password): (String, Option<Secret>),
        manner: &Manner,
    ) -> ProviderResult<T>
    where
        T: Operation<Result = Authentication> + Clone,
    {
        let refused = |message: &str| Ok(Answer::new(Authentication::Refused, message));
        let is_blank = |password: &Secret| password.expose().trim().is_empty();
        if name.trim().is_empty() || password.as_ref().is_some_and(is_blank) {
            // An empty password would be an anonymous login, which directories let in.
            manner
                .explanation
                .note(|| "no name or no password: refused, nobody is asked".to_owned());
            return refused(&section.messages.refused);
        }
        if let Some(groups) = &manner.groups {
            let person = Person { groups: groups.clone(), ..Person::default() };
            return self.accepted(section, request, accepted(person), manner).await;
        }
        let mut failed = None;
        for server in &section.ask {
            let answer = match self.ask(server, &name, password.as_ref(), manner).await {
                Ok(answer) => answer,
                Err(error) => {
                    failed = failed.or(Some(error));
                    continue;
                }
            };
            match answer {
                Login::Accepted(person) => {
                    return self.accepted(section, request, accepted(person), manner).await;
                }
                Login::Refused(refusal) => {
                    let reason = refusal.reason.code();
                    tracing::info!(server, reason, dn = refusal.dn, "login refused: {refusal}");
                    return match failed {
                        // The one that failed might have let the user in.
                        Some(error) => Err(error),
                        None => refused(section.messages.text(Some(&refusal))),
                    };
                }
                Login::Unknown | Login::Elsewhere => {}
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if section.rules.otherwise == Otherwise::Forward {
            let answer = self.forward(request.clone(), manner).await?;
            return match answer.result {
                Authentication::Refused => Ok(answer),
                Authentication::Authenticated { .. } => {
                    self.accepted(section, request, (answer, Vec::new()), manner).await
                }
            };
        }
        tracing::info!(reason = "unknown", "login refused: nobody knows the user");
        manner.explanation.note(|| "nobody knows the user: refused".to_owned());
        refused(&section.messages.refused)
    }

    async fn ask(
        &self,
        server: &str,
        name: &str,
        password: Option<&Secret>,
        manner: &Manner,
    ) -> Result<Login, ProviderError> {
        let explanation = &manner.explanation;
        if let Some(directory) = self.directories.get(server) {
            let answer = match password {
                Some(password) => directory.authenticate(name, password, explanation).await,
                None => directory.find(name, explanation).await,
            };
            return answer.map_err(|error| failure(&error_chain(&error), manner));
        }
        Err(failure(&format!("there is no {server} to ask"), manner))
    }

    /// The rules have the last word about a user who is let in.
    async fn accepted<T: Operation<Result = Authentication>>(
        &self,
        section: &Section,
        request: T,
        (answer, groups): (Answer<Authentication>, Vec<String>),
        manner: &Manner,
    ) -> ProviderResult<T> {
        let rules = &section.rules.rules;
        let mut facts = self.facts(&request, rules, manner).await?;
        facts.groups = groups;
        let decision = self.decide(rules, &facts, manner)?;
        match decision.verdict {
            Some(Verdict::Refused(message)) => {
                tracing::info!(reason = "rule", "login refused by a rule");
                Ok(Answer::new(Authentication::Refused, message))
            }
            _ => Ok(Answer { message: decision.message.or(answer.message), ..answer }),
        }
    }
}

fn accepted(person: Person) -> (Answer<Authentication>, Vec<String>) {
    let Person { email, display_name, groups, .. } = person;
    let result = Authentication::Authenticated { email_address: email, display_name };
    (Answer::new(result, "Login Successful"), groups)
}
