//! New users by one statement, which gets a hash of the password and never the password itself.

use std::collections::BTreeMap;

use super::effect::Effect;
use super::error::{Cause, DatabaseError};
use crate::backends::password_hash::{HashError, Scheme, hash};
use crate::contract::{
    Answer, Failure, Operation as _, ProviderError, ProviderResult, RegisterUser, Registration,
    RegistrationProvider, Variables,
};
use crate::error_chain::error_chain;
use crate::explanation::Explanation;

/// The parameter of the statement that is the hash.
pub(crate) const PASSWORD_HASH: &str = "passwordHash";

/// Creates users by one statement.
///
/// Its parameters are the request's variables by their names (`:loginUsername`, `:EmailAddress`,
/// `:DisplayName`), and `:passwordHash`. A variable that the request lacks is NULL, and so is
/// `:loginPassword` always.
#[derive(Debug)]
pub struct DatabaseRegistration {
    insert: Effect,
    scheme: Scheme,
    exists: String,
}

/// Why nobody knows whether a user could be created. No password in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The request has no name, or no password.
    #[error("a name and a password are needed")]
    InputMissing,
    /// The password cannot be hashed.
    #[error("the password cannot be hashed")]
    Hash(#[from] HashError),
    /// The database cannot be asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl DatabaseRegistration {
    /// By this statement, which must change one row, with hashes of a scheme of [`Scheme::MADE`].
    /// `exists` is what a person is told if no row changed, or a unique index refused it.
    pub fn new(insert: Effect, scheme: Scheme, exists: impl Into<String>) -> Self {
        Self { insert, scheme, exists: exists.into() }
    }

    /// The statement.
    pub fn effect(&self) -> &Effect {
        &self.insert
    }

    /// Creates a user; `value` gives the statement's parameters but for the hash, before anything is
    /// waited for.
    ///
    /// # Errors
    ///
    /// It is not known whether the user could be created, or was ([`Cause::InDoubt`]).
    pub fn register<'r>(
        &'r self,
        request: RegisterUser,
        value: &dyn Fn(&str) -> Option<String>,
        explanation: &'r Explanation,
    ) -> impl Future<Output = Result<Answer<Registration>, RegistrationError>> + Send + use<'r>
    {
        let named = |name: &String| Some((name.clone(), value(name)?));
        let values: BTreeMap<_, _> = self.insert.parameters().iter().filter_map(named).collect();
        async move {
            let refused = |message: String| Ok(Answer::new(Registration::Refused, message));
            let is_blank = |text: &str| text.trim().is_empty();
            if is_blank(&request.login_username) || is_blank(request.login_password.expose()) {
                return Err(RegistrationError::InputMissing);
            }
            let hash = match hash(self.scheme, request.login_password).await {
                // The person can choose another.
                Err(error @ HashError::TooLong) => return refused(error.to_string()),
                hash => hash?,
            };
            let value = |name: &str| match name {
                PASSWORD_HASH => Some(hash.clone()),
                "loginPassword" => None,
                name => values.get(name).cloned(),
            };
            match self.insert.run(&value, explanation).await {
                Ok(true) => {
                    let login_username = Some(request.login_username);
                    let result = Registration::Registered { login_username };
                    Ok(Answer { result, message: None, other: Variables::new() })
                }
                Ok(false) | Err(DatabaseError { cause: Cause::Duplicate(_), .. }) => {
                    refused(self.exists.clone())
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

impl RegistrationProvider for DatabaseRegistration {
    async fn register_user(&self, request: RegisterUser) -> ProviderResult<RegisterUser> {
        let mut inputs = Variables::new();
        request.write_inputs(&mut inputs);
        let value = |name: &str| inputs.get(name).map(str::to_owned);
        let explanation = Explanation::default();
        let answer = self.register(request, &value, &explanation);
        answer.await.map_err(|error| match error {
            RegistrationError::InputMissing => {
                ProviderError::failure(Failure::REQUIRED_INPUT_MISSING)
            }
            error => {
                tracing::error!("{}", error_chain(&error));
                ProviderError::failure("The database cannot be asked at the moment.")
            }
        })
    }
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Database, DatabaseKind, DatabaseSettings};
    use super::*;

    #[tokio::test]
    async fn a_user_is_created_once() {
        let path = std::env::temp_dir().join(format!("ep-registration-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let file = rusqlite::Connection::open(&path).unwrap();
        let table = "create table users (name text primary key, hash text, mail text, plain text)";
        file.execute_batch(table).unwrap();
        let settings =
            DatabaseSettings { file: path.clone(), ..DatabaseSettings::new(DatabaseKind::Sqlite) };
        let database = Database::new("shop", settings).unwrap();
        let statement = "insert into users values \
            (:loginUsername, :passwordHash, :EmailAddress, :loginPassword)";
        let insert = Effect::new("new", database, statement, 1, Duration::from_secs(5)).unwrap();
        let registration = DatabaseRegistration::new(insert, Scheme::Bcrypt, "Taken.");
        let request = |password: &str| RegisterUser {
            login_username: "ann".to_owned(),
            login_password: password.into(),
            email_address: Some("ann@example.com".to_owned()),
            ..Default::default()
        };
        let answer = registration.register_user(request("secret")).await.unwrap();
        let login_username = Some("ann".to_owned());
        assert_eq!(answer.result, Registration::Registered { login_username });
        let row: (String, String, Option<String>) = file
            .query_row("select hash, mail, plain from users", (), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert!(row.0.starts_with("$2b$12$"), "{row:?}");
        assert_eq!((row.1.as_str(), row.2), ("ann@example.com", None));
        let answer = registration.register_user(request("secret")).await.unwrap();
        assert_eq!(answer, Answer::new(Registration::Refused, "Taken."));
        let answer = registration.register_user(request(&"a".repeat(73))).await.unwrap();
        assert_eq!(answer.result, Registration::Refused);
        let error = registration.register_user(request(" ")).await.unwrap_err();
        assert_eq!(error, ProviderError::failure(Failure::REQUIRED_INPUT_MISSING));
        std::fs::remove_file(&path).unwrap();
    }
}
