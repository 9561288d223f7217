//! New users.

use super::current::{Current, Manner, failed, failure};
use super::model::{Otherwise, Registration as Section};
use super::read::PASSWORD_HASH;
use crate::backends::database::{Cause, DatabaseError};
use crate::backends::password_hash::{HashError, hash};
use crate::contract::{
    Answer, Failure, ProviderError, ProviderResult, RegisterUser, Registration, Variables,
};
use crate::error_chain::error_chain;
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
        let Some((bound, scheme)) = &section.insert else {
            return match section.otherwise {
                Otherwise::Forward if manner.dry => {
                    manner.explanation.note(|| "the old service is not told here".to_owned());
                    refused(None)
                }
                Otherwise::Forward => self.forward(request, manner).await,
                _ => refused(section.refused.clone()),
            };
        };
        let is_blank = |text: &str| text.trim().is_empty();
        if is_blank(&request.login_username) || is_blank(request.login_password.expose()) {
            return Err(ProviderError::failure(Failure::REQUIRED_INPUT_MISSING));
        }
        if manner.dry {
            manner.explanation.note(|| "the statement is not run here".to_owned());
            return refused(None);
        }
        let Some(effect) = &self.registration else {
            return Err(failure("the database of [registration] is not there", manner));
        };
        let hash = match hash(*scheme, request.login_password.clone()).await {
            Ok(hash) => hash,
            // The person can choose another.
            Err(error @ HashError::TooLong) => return refused(Some(error.to_string())),
            Err(error) => return Err(failure(&error_chain(&error), manner)),
        };
        let facts = Facts::of(&request);
        let value = |name: &str| match name {
            PASSWORD_HASH => Some(hash.clone()),
            name => bound.value(name, &facts),
        };
        match effect.run(&value, &manner.explanation).await {
            Ok(true) => {
                let login_username = Some(request.login_username);
                let result = Registration::Registered { login_username };
                Ok(Answer { result, message: None, other: Variables::new() })
            }
            Ok(false) => refused(Some(section.exists.clone())),
            Err(DatabaseError { cause: Cause::Duplicate(_), .. }) => {
                refused(Some(section.exists.clone()))
            }
            Err(error) => Err(failed(&error)),
        }
    }
}
