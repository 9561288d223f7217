//! Directories as a provider of logins, and what people are told.

use super::{Directory, Login, Person, Reason, Refusal};
use crate::contract::{
    Answer, Authenticate, Authentication, GetSignInCookieInfo, LoginProvider, ProviderError,
    ProviderResult,
};
use crate::explanation::Explanation;
use crate::secret::Secret;

/// What the caller is told of a failure; the log says more.
const FAILED: &str = "The directory cannot be asked at the moment.";

/// What a person is told who may not log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// Of unknown users, wrong passwords, and all that has no text of its own. Default
    /// `Wrong user name or password.`
    pub refused: String,
    /// Of a locked account. Directories say so of wrong passwords, too: this text shows that there is
    /// such a user. Default as `refused`.
    pub locked: Option<String>,
    /// Of an account or a password that has expired. Default as `refused`.
    pub expired: Option<String>,
    /// Of a disabled account. Default as `refused`.
    pub disabled: Option<String>,
    /// Of a password that must be changed first. Default as `refused`.
    pub must_change: Option<String>,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            refused: "Wrong user name or password.".to_owned(),
            locked: None,
            expired: None,
            disabled: None,
            must_change: None,
        }
    }
}

impl Messages {
    /// The text for a refusal; none for unknown users. What only the right password brings to light is
    /// told only then.
    pub fn text(&self, refusal: Option<&Refusal>) -> &str {
        let own = refusal.and_then(|refusal| match refusal.reason {
            Reason::Locked => self.locked.as_deref(),
            _ if !refusal.told() => None,
            Reason::Expired | Reason::PasswordExpired => self.expired.as_deref(),
            Reason::Disabled => self.disabled.as_deref(),
            Reason::MustChange => self.must_change.as_deref(),
            _ => None,
        });
        own.unwrap_or(&self.refused)
    }
}

/// Directories that are asked in order: the first that knows the user decides.
///
/// A directory that cannot be asked fails the call, unless a later one accepts the user.
#[derive(Debug, Clone)]
pub struct DirectoryLogin {
    directories: Vec<Directory>,
    messages: Messages,
}

impl DirectoryLogin {
    /// Asks these, in this order.
    pub fn new(directories: impl IntoIterator<Item = Directory>) -> Self {
        Self { directories: directories.into_iter().collect(), messages: Messages::default() }
    }

    /// What people are told.
    #[must_use]
    pub fn messages(mut self, messages: Messages) -> Self {
        self.messages = messages;
        self
    }

    async fn ask(
        &self,
        login: &str,
        password: Option<&Secret>,
    ) -> Result<Answer<Authentication>, ProviderError> {
        let explanation = Explanation::default();
        let mut failure = None;
        let mut refusal = None;
        for directory in &self.directories {
            let answer = match password {
                Some(password) => directory.authenticate(login, password, &explanation).await,
                None => directory.find(login, &explanation).await,
            };
            match answer {
                Ok(Login::Accepted(person)) => return Ok(accepted(person)),
                Ok(Login::Refused(refused)) => {
                    refusal = Some(refused);
                    break;
                }
                Ok(Login::Unknown | Login::Elsewhere) => {}
                Err(error) => {
                    tracing::error!(directory = directory.name(), %error, "directory failed");
                    failure = failure.or(Some(error));
                }
            }
        }
        match failure {
            Some(_) => Err(ProviderError::failure(FAILED)),
            None => {
                let message = self.messages.text(refusal.as_ref());
                Ok(Answer::new(Authentication::Refused, message))
            }
        }
    }
}

fn accepted(person: Person) -> Answer<Authentication> {
    let (email_address, display_name) = (person.email, person.display_name);
    Answer::new(Authentication::Authenticated { email_address, display_name }, "Login Successful")
}

impl LoginProvider for DirectoryLogin {
    async fn authenticate(&self, request: Authenticate) -> ProviderResult<Authenticate> {
        self.ask(&request.login_username, Some(&request.login_password)).await
    }

    async fn get_sign_in_cookie_info(
        &self,
        request: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        self.ask(&request.login_username, None).await
    }
}
