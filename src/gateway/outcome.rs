//! What the facade answers where the product does more than the provider says.

use crate::contract::{Answer, Authentication, Registration, Variables};
use crate::settings::{LoginSettings, Role};

/// How a login went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The provider knows the user.
    SignedIn(SignedIn),
    /// The user is not let in.
    Refused(Refused),
    /// No login provider decides: the product asks its own user database.
    NotDecided,
}

/// A user who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The role to give: Default Role for Users.
    pub role: Role,
    /// The e-mail address, if the provider named one.
    pub email_address: Option<String>,
    /// Is that address to count as verified? Mark email addresses as verified.
    pub email_verified: bool,
    /// The name to show, if the provider named one.
    pub display_name: Option<String>,
    /// The provider's message.
    pub message: Option<String>,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

/// A user who is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Who refused.
    pub by: RefusedBy,
    /// The provider's message.
    pub message: Option<String>,
    /// Where the visitor goes from here.
    pub next: LoginPage,
    /// Variables that the contract does not name, in order.
    pub other: Variables,
}

/// Who refused a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusedBy {
    /// The provider: the user is not known, or the password is wrong.
    Provider,
    /// The settings: sign-on cookies of other sites are not accepted. The provider was not asked.
    Settings,
}

/// What a visitor who is not logged in is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginPage {
    /// The product's own question for name and password.
    Form {
        /// Where to recover a password: Forgot Password URL. `None`: the product's own way.
        forgot_password_url: Option<String>,
    },
    /// Another site: redirect there, and ask for no password.
    Redirect {
        /// Custom Login URL.
        url: String,
    },
}

impl LoginPage {
    /// The page while no login provider decides.
    pub(super) const OWN: Self = Self::Form { forgot_password_url: None };

    pub(super) fn new(settings: &LoginSettings) -> Self {
        match &settings.custom_login_url {
            Some(url) => Self::Redirect { url: url.clone() },
            None => Self::Form { forgot_password_url: settings.forgot_password_url.clone() },
        }
    }
}

impl LoginOutcome {
    pub(super) fn new(settings: &LoginSettings, answer: Option<Answer<Authentication>>) -> Self {
        let Some(Answer { result, message, other }) = answer else { return Self::NotDecided };
        match result {
            Authentication::Authenticated { email_address, display_name } => {
                Self::SignedIn(SignedIn {
                    role: settings.default_role,
                    // The vendor's list writer makes `EmailAddress=` of null.
                    email_verified: settings.mark_email_verified
                        && email_address.as_ref().is_some_and(|address| !address.is_empty()),
                    email_address,
                    display_name,
                    message,
                    other,
                })
            }
            Authentication::Refused => Self::Refused(Refused {
                by: RefusedBy::Provider,
                message,
                next: LoginPage::new(settings),
                other,
            }),
        }
    }

    pub(super) fn no_cookies(settings: &LoginSettings) -> Self {
        Self::Refused(Refused {
            by: RefusedBy::Settings,
            message: None,
            next: LoginPage::new(settings),
            other: Variables::new(),
        })
    }
}

/// How a registration went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationOutcome {
    /// The provider created the user, or refused to.
    Decided(Answer<Registration>),
    /// No registration provider decides: the product creates the user in its own database.
    NotDecided,
}
