//! New users.

use super::current::{Current, Manner, failed, failure};
use super::model::Registration as Section;
use crate::backends::database::RegistrationError;
use crate::contract::{
    Answer, Failure, Kind, ProviderError, ProviderResult, RegisterUser, Registration, Variables,
};
use crate::rules::Facts;

impl Current {
    /// Creates a user by the file's statement, or as the file says without one.
    pub(super) async fn register(
        &self,
        section: &Section,
        request: RegisterUser,
        manner: &Manner,
    ) -> ProviderResult<RegisterUser> {
        let refused = |message: Option<String>| {
            Ok(Answer { result: Registration::Refused, message, other: Variables::new() })
        };
        let Some((bound, _)) = &section.insert else {
            let may_change = manner.may_change(self, Kind::Registration);
            return match (section.otherwise.is_elsewhere(), may_change) {
                (true, false) => {
                    let who = self.who_else(Kind::Registration);
                    manner.explanation.leave_open(|| format!("{who} is not told here"));
                    refused(None)
                }
                (true, true) => self.elsewhere(request, manner).await,
                (false, _) => refused(section.refused.clone()),
            };
        };
        if manner.dry {
            manner.explanation.leave_open(|| "the statement is not run here".to_owned());
            return refused(None);
        }
        let Some(registration) = &self.registration else {
            return Err(failure("the database of [registration] is not there", manner));
        };
        let facts = Facts::of(&request);
        let value = |name: &str| bound.value(name, &facts);
        let answer = registration.register(request, &value, &manner.explanation);
        answer.await.map_err(|error| match error {
            RegistrationError::InputMissing => {
                ProviderError::failure(Failure::REQUIRED_INPUT_MISSING)
            }
            error => failed(&error),
        })
    }
}
