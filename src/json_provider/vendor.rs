//! The JSON login of the vendor's newer products: `{"site_id", "username", "password"}`, answered by
//! `{"login_successful", "reason", "username", "email_address"}`, always with status 200.

use std::io::Write;

use super::answer::{MalformedAnswer, Members};
use super::request::{text, written};
use crate::contract::{Answer, Authenticate, GetSignInCookieInfo, Operation, Sink, Variables};
use crate::secret::Secret;

/// The answer to visits with a sign-in cookie, which the format does not know: every page of the help
/// desk would else be an error.
pub(super) fn unasked<T: Operation>() -> Option<Answer<T::Result>> {
    let mut outputs = Variables::from([("Authentication", "FAIL")]);
    let result = (T::NAME == GetSignInCookieInfo::NAME).then(|| T::read_outputs(&mut outputs));
    Some(Answer { result: result?.ok()?, message: None, other: Variables::new() })
}

/// The body of a login. Other operations do not exist in this format.
pub(super) fn body<T: Operation>(request: &T, site_id: &str) -> Result<Vec<u8>, String> {
    if T::NAME != Authenticate::NAME {
        return Err(format!("the format vendor-login has no {}", T::NAME));
    }
    let mut login = Login::default();
    request.write_inputs(&mut login);
    let members = [
        ("{\"site_id\":", site_id),
        (",\"username\":", &login.username),
        (",\"password\":", login.password.expose()),
    ];
    Ok(written(&|to: &mut dyn Write| {
        for (begin, value) in members {
            to.write_all(begin.as_bytes())?;
            text(to, value)?;
        }
        to.write_all(b"}")
    }))
}

/// Takes name and password of a login.
#[derive(Default)]
struct Login {
    username: String,
    password: Secret,
}

impl Sink for Login {
    fn put(&mut self, key: &'static str, value: &str) {
        match key {
            "loginUsername" => value.clone_into(&mut self.username),
            "loginPassword" => self.password = value.into(),
            _ => {}
        }
    }

    fn put_custom_field(&mut self, _: &str) {}

    fn put_other(&mut self, _: &str) {}

    fn refuse(&mut self, _: &str) {}
}

/// The answer to a login.
pub(super) fn read<T: Operation>(body: &[u8]) -> Result<Answer<T::Result>, MalformedAnswer> {
    let mut members = Members::read(body)?;
    let is_successful = members.switch("login_successful")?;
    let is_successful =
        is_successful.ok_or_else(|| MalformedAnswer::new("login_successful", "is missing"))?;
    let message = members.optional_text("reason")?;
    let mut outputs = Variables::new();
    if is_successful {
        outputs.push("Authentication", "OK");
        for (key, member) in [("EmailAddress", "email_address"), ("DisplayName", "username")] {
            outputs.extend(members.optional_text(member)?.map(|value| (key, value)));
        }
    } else {
        outputs.push("Authentication", "FAIL");
    }
    let result = T::read_outputs(&mut outputs)
        .map_err(|error| MalformedAnswer::new("", error.to_string()))?;
    Ok(Answer { result, message, other: Variables::new() })
}
