//! Logins: who is asked, in which order, and what becomes of the answers.

use super::current::{Current, Manner, failed, failure};
use super::model::Login as Section;
use crate::backends::directory::Person;
use crate::backends::{database, directory};
use crate::contract::{Answer, Authentication, Operation, ProviderError, ProviderResult};
use crate::metrics::REFUSED_LOGINS;
use crate::rules::{Facts, Verdict};
use crate::secret::Secret;

/// What a directory or database says of a user; of one who is refused, why in a word, and what the
/// person is told.
enum Login<'s> {
    Accepted(Person),
    Refused { reason: &'static str, text: &'s str },
    Unknown,
}

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
            let asked = section.ask.iter();
            let directories = || asked.clone().filter_map(|name| self.directories.get(name));
            let is_admitted = directories().any(|directory| directory.admits(groups));
            if directories().next().is_some()
                && directories().count() == asked.len()
                && !is_admitted
            {
                manner.explanation.note(|| "in none of the groups of require_groups".to_owned());
                return refused(&section.messages.refused);
            }
            let person = Person { groups: groups.clone(), ..Person::default() };
            return self.accepted(section, request, accepted(person), manner).await;
        }
        let mut unasked = None;
        for server in &section.ask {
            let answer = match self
                .ask(section, (server, &request), (&name, password.as_ref()), manner)
                .await
            {
                Ok(answer) => answer,
                Err(error) => {
                    unasked = unasked.or(Some(error));
                    continue;
                }
            };
            match answer {
                Login::Accepted(person) => {
                    return self.accepted(section, request, accepted(person), manner).await;
                }
                Login::Refused { reason, text } => {
                    REFUSED_LOGINS.count(&[server, reason]);
                    return match unasked {
                        // The one that failed might have let the user in.
                        Some(error) => Err(error),
                        None => refused(text),
                    };
                }
                Login::Unknown => {}
            }
        }
        if let Some(error) = unasked {
            return Err(error);
        }
        if section.rules.otherwise.is_elsewhere() {
            let answer = self.elsewhere(request.clone(), manner).await?;
            return match answer.result {
                // In other words than ours, it would tell who is known here.
                Authentication::Refused => refused(&section.messages.refused),
                Authentication::Authenticated { .. } => {
                    self.accepted(section, request, (answer, Vec::new()), manner).await
                }
            };
        }
        REFUSED_LOGINS.count(&["", "unknown"]);
        tracing::info!(reason = "unknown", "login refused: nobody knows the user");
        manner.explanation.note(|| "nobody knows the user: refused".to_owned());
        refused(&section.messages.refused)
    }

    async fn ask<'s, T: Operation>(
        &self,
        section: &'s Section,
        (server, request): (&str, &T),
        (name, password): (&str, Option<&Secret>),
        manner: &Manner,
    ) -> Result<Login<'s>, ProviderError> {
        let (explanation, messages) = (&manner.explanation, &section.messages);
        if let Some(directory) = self.directories.get(server) {
            let answer = match password {
                Some(password) => directory.authenticate(name, password, explanation).await,
                None => directory.find(name, explanation).await,
            };
            return match answer {
                Ok(directory::Login::Accepted(person)) => Ok(Login::Accepted(person)),
                Ok(directory::Login::Refused(refusal)) => {
                    // Logged there.
                    let reason = refusal.reason.code();
                    Ok(Login::Refused { reason, text: messages.text(Some(&refusal)) })
                }
                Ok(directory::Login::Unknown | directory::Login::Elsewhere) => Ok(Login::Unknown),
                Err(error) => Err(failed(&error)),
            };
        }
        let login = self.logins.get(server);
        let lookup = login.and_then(|l| self.file.servers.lookups.get(l.lookup().name()));
        let (Some(login), Some(lookup)) = (login, lookup) else {
            return Err(failure(&format!("there is no {server} to ask"), manner));
        };
        let facts = Facts::of(request);
        let value = |parameter: &str| lookup.bound.value(parameter, &facts);
        match login.log_in(&value, password, explanation).await {
            Ok(database::Login::Accepted { email, display_name }) => {
                Ok(Login::Accepted(Person { email, display_name, ..Person::default() }))
            }
            Ok(database::Login::Refused(refusal)) => {
                tracing::info!(server, "login refused: {refusal}");
                let (reason, text) = match refusal {
                    // Known only after the right password.
                    database::Refusal::Disabled => ("disabled", messages.disabled.as_ref()),
                    database::Refusal::NoPassword => ("no-password", None),
                    _ => ("wrong-password", None),
                };
                Ok(Login::Refused { reason, text: text.unwrap_or(&messages.refused) })
            }
            Ok(database::Login::Unknown) => Ok(Login::Unknown),
            Err(error) => Err(failed(&error)),
        }
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
                REFUSED_LOGINS.count(&["", "rule"]);
                let login = facts.variables.get("loginUsername");
                tracing::info!(login, reason = "rule", words = message, "login refused by a rule");
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
