//! A request to the page, and what comes of it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use hyper::header::CONTENT_TYPE;
use hyper::{Method, StatusCode};

use super::answer::{Answer, html, line, methods, retry_after, see_other, set_cookie};
use super::cookie::{rounds, set_rounds};
use super::form::{Form, is_user_name, new_token, token_of};
use super::html::{LoginForm, logged_out_page, logout_page, refusal_page, security_policy};
use super::proxy::Named;
use super::settings::LoginPageSettings;
use super::throttle::Throttle;
use crate::contract::{
    Authenticate, Authentication, BoxFuture, GetSignInCookieInfo, LoginProvider, ProviderError,
};
use crate::error_chain::error_chain;
use crate::host::site::{Site, Visit};
use crate::http::media_type;
use crate::http::url::Url;
use crate::metrics::PAGE_LOGINS;
use crate::sign_on::{Ticket, Timestamp};

/// So often in a row whoever needs no form is let in.
const MOST_ROUNDS: u8 = 3;

/// A login page at work.
pub(crate) struct LoginPage<P> {
    settings: Arc<LoginPageSettings>,
    throttle: Arc<Throttle>,
    provider: P,
    policy: String,
    /// Has the log a warning of the cookie's domain?
    warned: AtomicBool,
}

impl<P: LoginProvider + 'static> Site for LoginPage<P> {
    fn has(&self, path: &str) -> bool {
        self.is_login(path) || self.is_logout(path)
    }

    fn refuse(&self, visit: &Visit<'_>) -> Option<Answer> {
        let networks = self.settings.allow.as_ref()?;
        let is_in = |caller| networks.iter().any(|network| network.holds(caller));
        let is_allowed = self.settings.caller(visit).is_some_and(is_in);
        (!is_allowed).then(|| {
            self.log(visit, None, "refused");
            self.refusal(self.text("denied"))
        })
    }

    fn answer<'v>(&'v self, visit: &'v Visit<'v>) -> BoxFuture<'v, Answer> {
        Box::pin(self.page(visit))
    }
}

/// What a form shows again.
#[derive(Default)]
struct Again<'a> {
    error: Option<&'a str>,
    user_name: &'a str,
    keep: bool,
}

impl<P: LoginProvider + 'static> LoginPage<P> {
    /// A page as the settings say, at which the provider lets people in.
    pub(crate) fn new(
        settings: Arc<LoginPageSettings>,
        throttle: Arc<Throttle>,
        provider: P,
    ) -> Self {
        let policy = security_policy(&settings.return_to);
        Self { settings, throttle, provider, policy, warned: AtomicBool::new(false) }
    }

    fn is_login(&self, path: &str) -> bool {
        path.eq_ignore_ascii_case(&self.settings.path)
    }

    fn is_logout(&self, path: &str) -> bool {
        let parent =
            path.len().checked_sub("/logout".len()).and_then(|at| path.split_at_checked(at));
        parent.is_some_and(|(parent, end)| {
            self.is_login(parent) && end.eq_ignore_ascii_case("/logout")
        })
    }

    async fn page(&self, visit: &Visit<'_>) -> Answer {
        let is_logout = self.is_logout(visit.path);
        match visit.head.method {
            Method::GET if !is_logout => self.arrive(visit).await,
            Method::HEAD if !is_logout => self.form(visit, StatusCode::OK, Again::default()),
            Method::GET | Method::HEAD => self.ask_to_log_out(visit, StatusCode::OK, None),
            Method::POST => self.post(visit, is_logout).await,
            Method::OPTIONS => methods(StatusCode::NO_CONTENT),
            _ => methods(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Somebody comes: with a name that a proxy vouches for, or to fill in the form.
    async fn arrive(&self, visit: &Visit<'_>) -> Answer {
        let rounds = rounds(&visit.head.headers, Timestamp::now());
        let name = match self.named(visit) {
            Named::Nobody => {
                let error = (rounds > 0).then(|| self.not_accepted(visit));
                return self.form(visit, StatusCode::OK, Again { error, ..Default::default() });
            }
            // Nobody would end it but the browser.
            Named::User(_) if rounds >= MOST_ROUNDS => {
                return self.refusal(self.not_accepted(visit));
            }
            Named::Unusable(why) => {
                self.log(visit, None, "refused");
                tracing::warn!("login page: the proxy's header cannot be a user name: {why}");
                return self.refusal(self.text("denied"));
            }
            Named::User(name) => name,
        };
        match self.admits(&name).await {
            Ok(false) => {
                self.log(visit, Some(&name), "refused");
                self.refusal(self.text("denied"))
            }
            Ok(true) => {
                self.log(visit, Some(&name), "by-header");
                self.let_in(visit, &name, self.settings.persistent, self.settings.lifetime)
            }
            Err(error) => self.unavailable(visit, &name, &error, Again::default()),
        }
    }

    fn named(&self, visit: &Visit<'_>) -> Named {
        let header = self.settings.trusted_header.as_ref();
        header.map_or(Named::Nobody, |header| header.user(visit))
    }

    /// What the help desk asks about whoever comes with the cookie.
    async fn admits(&self, name: &str) -> Result<bool, ProviderError> {
        let request = GetSignInCookieInfo { login_username: name.to_owned(), ..Default::default() };
        let answer = self.provider.get_sign_in_cookie_info(request).await?;
        Ok(answer.result != Authentication::Refused)
    }

    /// Logs why the help desk may have sent somebody back who was let in a moment ago.
    fn not_accepted(&self, visit: &Visit<'_>) -> &str {
        self.log(visit, None, "not-accepted");
        tracing::warn!(
            "login page: somebody is back who was let in a moment ago. If the help desk did not take the cookie, \
             its keys or compatibilityMode may be others (`cookie find-mode` tells), or the cookie's name, domain \
             or path; or it takes the cookie over https alone, or does not let this user in"
        );
        self.text("not_accepted")
    }

    async fn post(&self, visit: &Visit<'_>, is_logout: bool) -> Answer {
        let kind = visit.head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let form = "application/x-www-form-urlencoded";
        if !kind.is_some_and(|kind| media_type(kind).eq_ignore_ascii_case(form)) {
            return line(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Only the form of this page is taken.",
            );
        }
        let form = Form::read(&visit.body);
        if !visit.is_own || !form.is_own(&visit.head.headers, &self.settings.cookie) {
            return self.stale(visit, &form, is_logout);
        }
        match is_logout {
            true => self.log_out(visit),
            false => self.log_in(visit, &form).await,
        }
    }

    /// A form that this page has not sent, as far as is known: somebody else's, or one whose cookie is gone.
    fn stale(&self, visit: &Visit<'_>, form: &Form, is_logout: bool) -> Answer {
        self.log(visit, None, "stale");
        let reason = match visit.is_own {
            true => "it does not go with the cookie of the form",
            false => {
                "the browser names another site; a proxy that changes Host needs --trust-forwarded"
            }
        };
        tracing::info!(reason, "login page: a form was not taken");
        if self.settings.cookie.secure && !visit.is_https {
            tracing::warn!(
                "login page: a form came by http, with which browsers send no Secure cookie: serve the \
                 page by https, behind a proxy with --trust-forwarded, or set cookie_secure = false"
            );
        }
        let (status, error) = (StatusCode::FORBIDDEN, Some(self.text("stale")));
        match is_logout {
            true => self.ask_to_log_out(visit, status, error),
            false => {
                let user_name = form.user_name.as_str();
                self.form(visit, status, Again { error, user_name, keep: form.keep })
            }
        }
    }

    async fn log_in(&self, visit: &Visit<'_>, form: &Form) -> Answer {
        let name = form.user_name.as_str();
        let again = |error| Again { error: Some(error), user_name: name, keep: form.keep };
        if name.is_empty() || form.password.expose().trim().is_empty() {
            return self.form(visit, StatusCode::BAD_REQUEST, again(self.text("incomplete")));
        }
        if !is_user_name(name) {
            self.log(visit, None, "refused");
            return self.refusal(self.text("denied"));
        }
        let limits = self.settings.limits;
        let attempt =
            match self.throttle.attempt(limits, name, self.settings.counted(visit), Instant::now())
            {
                Ok(attempt) => attempt,
                Err(wait) => {
                    self.log(visit, Some(name), "throttled");
                    let minutes = wait.as_secs() / 60 + 1;
                    let error = self.text("throttled").replace("{minutes}", &minutes.to_string());
                    let mut answer = self.form(visit, StatusCode::TOO_MANY_REQUESTS, again(&error));
                    retry_after(&mut answer, wait);
                    return answer;
                }
            };
        let request = Authenticate {
            login_username: name.to_owned(),
            login_password: form.password.clone(),
            ..Default::default()
        };
        match self.provider.authenticate(request).await {
            Ok(answer) if answer.result == Authentication::Refused => {
                self.log(visit, Some(name), "refused");
                let error = answer.message.unwrap_or_else(|| self.text("denied").to_owned());
                self.form(visit, StatusCode::FORBIDDEN, again(&error))
            }
            Ok(_) => {
                attempt.was_right();
                self.log(visit, Some(name), "logged-in");
                // The help desk decides, of which not all is known here.
                let why = match self.admits(name).await {
                    Ok(true) => None,
                    Ok(false) => Some("it is refused".to_owned()),
                    Err(error) => Some(error.to_string()),
                };
                if let Some(why) = why {
                    tracing::warn!(
                        user = name,
                        "login page: the password is right, but the help desk will ask GetSignInCookieInfo: {why}"
                    );
                }
                let settings = &self.settings;
                match form.keep && self.has_keep() {
                    true => self.let_in(visit, name, true, settings.keep_lifetime),
                    false => self.let_in(visit, name, settings.persistent, settings.lifetime),
                }
            }
            Err(error) => self.unavailable(visit, name, &error, again(self.text("unavailable"))),
        }
    }

    /// Gives a ticket, and sends the user back.
    fn let_in(
        &self,
        visit: &Visit<'_>,
        name: &str,
        persistent: bool,
        lifetime: Duration,
    ) -> Answer {
        let (now, cookie) = (Timestamp::now(), &self.settings.cookie);
        let ticket =
            Ticket { persistent, path: cookie.path.clone(), ..Ticket::new(name, now, lifetime) };
        let value = match self.settings.machine_key.seal(&ticket) {
            Ok(value) => value,
            Err(error) => {
                tracing::error!("login page: no ticket can be made: {}", error_chain(&error));
                let again = Again { error: Some(self.text("unavailable")), ..Default::default() };
                return self.form(visit, StatusCode::SERVICE_UNAVAILABLE, again);
            }
        };
        let until = persistent.then_some(ticket.expires);
        let address = self.settings.return_address(visit);
        self.warn_of_domain(visit, &address);
        let mut answer = see_other(address.as_str());
        set_cookie(&mut answer, cookie.set(&value, until));
        let rounds = rounds(&visit.head.headers, now).saturating_add(1);
        set_cookie(&mut answer, set_rounds(rounds, now));
        answer
    }

    /// Warns, once, if browsers have no cookie of this host for the help desk.
    fn warn_of_domain(&self, visit: &Visit<'_>, address: &Url) {
        let cookie = &self.settings.cookie;
        let here: Option<Url> = format!("http://{}/", visit.authority).parse().ok();
        let here = here.as_ref().and_then(Url::host_str);
        let gets_there = match cookie.domain {
            Some(_) => here.is_none_or(|here| cookie.reaches(here)),
            None => here.is_none_or(|here| Some(here) == address.host_str()),
        };
        if !gets_there && !self.warned.swap(true, Relaxed) {
            tracing::warn!(
                here,
                help_desk = address.host_str(),
                domain = cookie.domain.as_deref(),
                "login page: the help desk does not get the cookie: cookie_domain must be a domain that both \
                 hosts share (a proxy that changes Host needs --trust-forwarded)"
            );
        }
    }

    fn log_out(&self, visit: &Visit<'_>) -> Answer {
        self.log(visit, None, "logged-out");
        // Whom a proxy names, the help desk would send here, and this page back in.
        let goes_on =
            self.settings.given(visit).is_some() && matches!(self.named(visit), Named::Nobody);
        let mut answer = match goes_on {
            true => see_other(self.settings.return_address(visit).as_str()),
            false => {
                let login = self.settings.path.rsplit('/').next().unwrap_or_default();
                let page = logged_out_page(&self.settings.texts, login);
                html(StatusCode::OK, page, &self.policy)
            }
        };
        set_cookie(&mut answer, self.settings.cookie.delete());
        set_cookie(&mut answer, set_rounds(0, Timestamp::now()));
        answer
    }

    fn unavailable(
        &self,
        visit: &Visit<'_>,
        name: &str,
        error: &ProviderError,
        again: Again<'_>,
    ) -> Answer {
        self.log(visit, Some(name), "unavailable");
        tracing::warn!("login page: the provider cannot say who may come in: {error}");
        let again = Again { error: Some(self.text("unavailable")), ..again };
        self.form(visit, StatusCode::SERVICE_UNAVAILABLE, again)
    }

    fn form(&self, visit: &Visit<'_>, status: StatusCode, again: Again<'_>) -> Answer {
        let Again { error, user_name, keep } = again;
        let keep = self.has_keep().then_some(keep);
        self.with_token(visit, status, |token| {
            LoginForm { error, user_name, keep, token }.page(&self.settings.texts)
        })
    }

    fn ask_to_log_out(&self, visit: &Visit<'_>, status: StatusCode, error: Option<&str>) -> Answer {
        self.with_token(visit, status, |token| logout_page(&self.settings.texts, error, token))
    }

    /// A page with a form, for which the browser gets a random value unless it has one: other tabs hold it.
    fn with_token(
        &self,
        visit: &Visit<'_>,
        status: StatusCode,
        page: impl FnOnce(&str) -> String,
    ) -> Answer {
        let cookie = &self.settings.cookie;
        if let Some(token) = token_of(&visit.head.headers, cookie) {
            return html(status, page(token), &self.policy);
        }
        let Some(token) = new_token() else {
            tracing::error!("login page: the system has no random numbers");
            return line(StatusCode::SERVICE_UNAVAILABLE, self.text("unavailable"));
        };
        let mut answer = html(status, page(&token), &self.policy);
        set_cookie(&mut answer, cookie.set_form(&token));
        answer
    }

    fn refusal(&self, sentence: &str) -> Answer {
        html(StatusCode::FORBIDDEN, refusal_page(&self.settings.texts, sentence), &self.policy)
    }

    fn text(&self, key: &str) -> &str {
        self.settings.texts.get(key)
    }

    fn has_keep(&self) -> bool {
        !self.text("keep").is_empty()
    }

    /// Counts what became of somebody, and logs it in a line.
    fn log(&self, visit: &Visit<'_>, user: Option<&str>, outcome: &'static str) {
        PAGE_LOGINS.count(&[outcome]);
        let caller = self.settings.caller(visit).map(tracing::field::display);
        tracing::info!(user, outcome, caller, "login page");
    }
}
