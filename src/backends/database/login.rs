//! Logins from a database: a look-up finds the user, and the hash in the row proves the password,
//! which itself never reaches the database.

use super::error::DatabaseError;
use super::lookup::LookUp;
use crate::backends::password_hash::{HashError, PasswordHashes, Scheme};
use crate::contract::{
    Answer, Authenticate, Authentication, GetSignInCookieInfo, LoginProvider, ProviderError,
    ProviderResult,
};
use crate::error_chain::error_chain;
use crate::explanation::Explanation;
use crate::rules::Rows;
use crate::secret::{Secret, is_secret_key};

/// The parameter of the look-up that is the name of the user.
const USERNAME: &str = "loginUsername";

/// What the caller is told of a failure; the log says more.
const FAILED: &str = "The database cannot be asked at the moment.";

/// Which columns of a look-up say what of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSettings {
    /// The stored hash; NULL and the empty text are of users who have no password.
    pub password: String,
    /// The schemes of stored hashes that are taken. A hash of any other is a failure.
    pub schemes: Vec<Scheme>,
    /// The salt, where it is not in the hash ([`Scheme::AspNetMembership`]).
    pub salt: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The display name.
    pub display_name: Option<String>,
    /// Those are refused for whom this is true, or a number other than 0. NULL is false.
    pub refuse: Option<String>,
}

impl LoginSettings {
    /// The column of the hash, and the schemes that it may be of.
    pub fn new(password: impl Into<String>, schemes: impl Into<Vec<Scheme>>) -> Self {
        let (password, schemes) = (password.into(), schemes.into());
        Self { password, schemes, salt: None, email: None, display_name: None, refuse: None }
    }

    fn columns(&self) -> impl Iterator<Item = &String> {
        let more = [&self.salt, &self.email, &self.display_name, &self.refuse];
        std::iter::once(&self.password).chain(more.into_iter().flatten())
    }
}

/// What a database says of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// The user may log in.
    Accepted {
        /// The e-mail address, unless it is NULL.
        email: Option<String>,
        /// The display name, unless it is NULL.
        display_name: Option<String>,
    },
    /// There is such a user, who may not log in.
    Refused(Refusal),
    /// There is no such user.
    Unknown,
}

/// Why a known user may not log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The database has no password of the user, or there is none to check.
    #[error("the user has no password")]
    NoPassword,
    /// The column `refuse` is true, and the password right.
    #[error("the row says that the user is to be refused")]
    Disabled,
}

/// Why nobody can say whether a user may log in.
#[derive(Debug, thiserror::Error)]
#[error("login {login}")]
pub struct LoginError {
    /// Which login.
    pub login: String,
    /// Why.
    #[source]
    pub cause: LoginCause,
}

/// Why nobody can say whether a user may log in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginCause {
    /// The look-up failed.
    #[error(transparent)]
    LookUp(DatabaseError),
    /// The look-up has a parameter that is, by its name, a secret.
    #[error("the look-up must not be given the password: take out the parameter :{0}")]
    Secret(String),
    /// There are several rows for one name.
    #[error("there are {0} rows for one name; the look-up must find one user")]
    Ambiguous(usize),
    /// The look-up has no such column.
    #[error("the look-up has no column {0}")]
    NoColumn(String),
    /// The column `refuse` is neither true nor false.
    #[error("column {0} is neither true nor false nor a number")]
    NotBoolean(String),
    /// The stored hash cannot be verified.
    #[error(transparent)]
    Hash(HashError),
}

/// Logins by a look-up that gives one row of the user's; it gives none for unknown users.
///
/// Whether there is such a user does not show in the time that a refusal takes: see
/// [`PasswordHashes::refuse`].
#[derive(Debug)]
pub struct DatabaseLogin {
    name: String,
    lookup: LookUp,
    settings: LoginSettings,
    hashes: PasswordHashes,
    refused: String,
}

impl DatabaseLogin {
    /// A login by its name. The parameter `:loginUsername` of the look-up is the name that was typed.
    ///
    /// # Errors
    ///
    /// If the look-up has a parameter named like a secret: the password may not reach a statement.
    pub fn new(name: &str, lookup: LookUp, settings: LoginSettings) -> Result<Self, LoginError> {
        if let Some(secret) = lookup.parameters().iter().find(|name| is_secret_key(name)) {
            let cause = LoginCause::Secret(secret.clone());
            return Err(LoginError { login: name.to_owned(), cause });
        }
        let hashes = PasswordHashes::new(settings.schemes.clone());
        let refused = "Wrong user name or password.".to_owned();
        Ok(Self { name: name.to_owned(), lookup, settings, hashes, refused })
    }

    /// What a person is told, the same for unknown users; default `Wrong user name or password.`
    #[must_use]
    pub fn refused(mut self, message: impl Into<String>) -> Self {
        self.refused = message.into();
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its look-up.
    pub fn lookup(&self) -> &LookUp {
        &self.lookup
    }

    /// May this user log in with this password? With no password, another site's cookie has proved the
    /// user, who is looked up. `value` gives the values of the look-up's parameters, and is called
    /// before anything else happens; [`by_name`] is one that knows the user's name alone.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from an answer, several rows for one name, and a stored hash that
    /// cannot be verified. Nothing of that is said as if it were the user's fault.
    pub fn log_in<'l>(
        &'l self,
        value: &dyn Fn(&str) -> Option<String>,
        password: Option<&'l Secret>,
        explanation: &'l Explanation,
    ) -> impl Future<Output = Result<Login, LoginError>> + Send + use<'l> {
        let parameters = self.lookup.parameters();
        let values: Vec<_> = parameters.iter().map(|name| value(name)).collect();
        async move {
            let value = |name: &str| values[parameters.iter().position(|one| one == name)?].clone();
            // Of the look-up's notes, those about the row show the hash.
            let wanted = Explanation::wanted();
            let notes = if explanation.is_wanted() { wanted } else { Explanation::default() };
            let rows = self.lookup.look_up(&value, &notes);
            let rows = rows.await.map_err(LoginCause::LookUp);
            notes.lines().into_iter().take(1).for_each(|question| explanation.note(|| question));
            let answer = match rows {
                Ok(rows) => self.judge(&rows, password).await,
                Err(cause) => Err(cause),
            };
            let answer = answer.map_err(|cause| LoginError { login: self.name.clone(), cause });
            explanation.note(|| match &answer {
                Ok(Login::Accepted { .. }) => format!("login {}: accepted", self.name),
                Ok(Login::Refused(refusal)) => format!("login {}: refused: {refusal}", self.name),
                Ok(Login::Unknown) => format!("login {}: no such user", self.name),
                Err(error) => error_chain(error),
            });
            answer
        }
    }

    async fn judge(&self, rows: &Rows, password: Option<&Secret>) -> Result<Login, LoginCause> {
        if rows.rows.len() > 1 {
            return Err(LoginCause::Ambiguous(rows.rows.len()));
        }
        // Also where there is no row: a mistake should not wait for the first user.
        if let Some(missing) = self.settings.columns().find(|name| rows.column(name).is_none()) {
            return Err(LoginCause::NoColumn(missing.clone()));
        }
        let value = |column: &str| rows.first(column).flatten();
        let optional = |column: &Option<String>| column.as_deref().and_then(value);
        let is_refused = self.is_refused(optional(&self.settings.refuse))?;
        let stored = value(&self.settings.password).filter(|stored| !stored.trim().is_empty());
        let refusal = match (password, stored) {
            (None, _) => None,
            (Some(password), Some(stored)) => {
                let salt = optional(&self.settings.salt);
                let is_right = self.hashes.verify(password, stored, salt).await;
                let is_right = is_right.map_err(LoginCause::Hash)?;
                (!is_right).then_some(Refusal::WrongPassword)
            }
            (Some(password), None) => {
                self.hashes.refuse(password).await.map_err(LoginCause::Hash)?;
                Some(Refusal::NoPassword)
            }
        };
        Ok(match refusal.or(is_refused.then_some(Refusal::Disabled)) {
            _ if rows.rows.is_empty() => Login::Unknown,
            Some(refusal) => Login::Refused(refusal),
            None => Login::Accepted {
                email: optional(&self.settings.email).map(str::to_owned),
                display_name: optional(&self.settings.display_name).map(str::to_owned),
            },
        })
    }

    fn is_refused(&self, value: Option<&str>) -> Result<bool, LoginCause> {
        let Some(value) = value else { return Ok(false) };
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" => Ok(true),
            "" | "false" | "f" | "no" | "n" | "off" => Ok(false),
            number => {
                let number: Result<f64, _> = number.parse();
                let column = self.settings.refuse.clone().unwrap_or_default();
                number.map(|number| number != 0.0).map_err(|_| LoginCause::NotBoolean(column))
            }
        }
    }

    async fn answer(
        &self,
        login: &str,
        password: Option<&Secret>,
    ) -> Result<Answer<Authentication>, ProviderError> {
        let is_blank = |secret: &Secret| secret.expose().trim().is_empty();
        if login.trim().is_empty() || password.is_some_and(is_blank) {
            return Ok(Answer::new(Authentication::Refused, self.refused.clone()));
        }
        match self.log_in(&by_name(login), password, &Explanation::default()).await {
            Ok(Login::Accepted { email, display_name }) => {
                let result = Authentication::Authenticated { email_address: email, display_name };
                Ok(Answer::new(result, "Login Successful"))
            }
            Ok(Login::Refused(refusal)) => {
                tracing::info!(login = self.name, user = ?login, %refusal, "login refused");
                Ok(Answer::new(Authentication::Refused, self.refused.clone()))
            }
            Ok(Login::Unknown) => {
                tracing::info!(login = self.name, user = ?login, "no such user");
                Ok(Answer::new(Authentication::Refused, self.refused.clone()))
            }
            Err(error) => {
                tracing::error!("{}", error_chain(&error));
                Err(ProviderError::failure(FAILED))
            }
        }
    }
}

/// The values of a look-up that needs the name of the user alone, its parameter `:loginUsername`.
pub fn by_name(login: &str) -> impl Fn(&str) -> Option<String> {
    move |name| (name == USERNAME).then(|| login.to_owned())
}

impl LoginProvider for DatabaseLogin {
    async fn authenticate(&self, request: Authenticate) -> ProviderResult<Authenticate> {
        self.answer(&request.login_username, Some(&request.login_password)).await
    }

    async fn get_sign_in_cookie_info(
        &self,
        request: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        self.answer(&request.login_username, None).await
    }
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests;
