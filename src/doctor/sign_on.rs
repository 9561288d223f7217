//! Single sign-on: a cookie for a user, and whether the service knows the user.

use std::time::{Duration, Instant};

use super::diagnoses;
use crate::client::{CallError, Client, remedy};
use crate::contract::{Authentication, GetSignInCookieInfo, first_line};
use crate::report::{Finding, Step};
use crate::sign_on::{MachineKey, Ticket, Timestamp};

/// A user of another site, and the key that its cookies are made with.
#[derive(Debug, Clone)]
pub struct SignOn {
    /// The key, of the help desk's own `web.config`.
    pub key: MachineKey,
    /// Who is to be let in.
    pub user: String,
    /// Do the settings say that the help desk takes no such cookies?
    pub is_off: bool,
}

impl SignOn {
    /// Is a cookie made, and read again?
    pub(super) fn cookie(&self) -> Step {
        let settings = self.key.settings();
        let mut step =
            Step::new("cookie", format!("one for {:?} was made and read again", self.user));
        step.details.push(format!("the help desk must have {settings}"));
        for warning in self.key.warnings() {
            step.add(Finding::warning("machine-key", warning));
        }
        if self.is_off {
            let text = "by the settings, the help desk lets nobody in with a cookie";
            step.add(Finding::new("cookies-off", text).remedy(
                "set accept_sign_on_cookies = true in [login], as \"Enable single sign-on cookies from other sites\" says",
            ));
        }
        let ticket = Ticket::new(self.user.as_str(), Timestamp::now(), Duration::from_secs(60));
        let wrong = match self.key.seal(&ticket) {
            Ok(cookie) => match self.key.diagnose(&cookie) {
                Ok(read) if read == ticket => return step,
                Ok(_) => "what is read is not what was made".to_owned(),
                Err(reason) => reason.to_string(),
            },
            Err(error) => error.to_string(),
        };
        step.text = "none can be made".to_owned();
        step.with(
            Finding::new("machine-key", wrong).remedy(
                "use HMACSHA256 and AES on all sites, and names of less than 900 characters",
            ),
        )
    }

    /// What the help desk asks about whoever comes with such a cookie.
    pub(super) async fn user(&self, client: &Client, namespace: &str, has_password: bool) -> Step {
        if !has_password {
            let why = "the service asks for its password, and none is given";
            return Step::not_checked("sign-on", why);
        }
        let (user, started) = (&self.user, Instant::now());
        let request =
            GetSignInCookieInfo { login_username: user.clone(), ..GetSignInCookieInfo::default() };
        let answer = client.call(request).await;
        let step = |text: &str| Step::new("sign-on", text).took(started.elapsed());
        match answer {
            Ok(answer) => match &answer.result {
                Authentication::Authenticated { .. } => {
                    step(&format!("{user:?} is known to the service"))
                }
                Authentication::Refused => {
                    let message = answer.message.as_deref().map_or("(no message)", first_line);
                    let text = format!("{user:?} is refused: \"{message}\"");
                    step("the user is not let in").with(Finding::new("user-refused", text).remedy(
                        "the name in the cookie must be the one that the service looks up, without a password; \
                         give a user who exists there",
                    ))
                }
            },
            Err(CallError::Failure(failure)) if failure.is_permission_denied() => {
                let finding = Finding::new("wrong-password", "the web service password is refused");
                step("the user was not asked about").with(finding.remedy("see the step password"))
            }
            Err(CallError::Fault(fault)) if remedy::is_unknown_action(&fault.reason) => {
                step("nobody is let in with a cookie").with(
                    Finding::new("no-cookies", "the service has no GetSignInCookieInfo").remedy(
                        "let it implement the operation, or answer it by a provider's file, whose [login] does",
                    ),
                )
            }
            Err(error) => {
                step("the user was not asked about").with(diagnoses::call(&error, namespace))
            }
        }
    }
}
