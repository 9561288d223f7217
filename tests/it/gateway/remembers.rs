//! Users with sign-in cookies are remembered for a while, where the settings say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use external_providers::contract::*;
use external_providers::gateway::{Gateway, LoginOutcome};
use external_providers::host::Service;
use external_providers::settings::{ExternalService, Settings};

use super::kinds::{PASSWORD, cookie, serve};

/// A service that counts what it is asked; strangers it refuses, and for the broken it fails.
async fn counting() -> (Arc<AtomicUsize>, String) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let answer = move |request: GetSignInCookieInfo| {
        let number = counted.fetch_add(1, Relaxed);
        let user = Authentication::Authenticated {
            email_address: None,
            display_name: Some(number.to_string()),
        };
        async move {
            match request.login_username.as_str() {
                "stranger" => Ok(Answer::new(Authentication::Refused, "no")),
                "declined" => Err(ProviderError::failure("not now")),
                "broken" => Err("disk on fire".into()),
                _ => Ok(Answer::new(user, "known")),
            }
        }
    };
    let base = serve([Service::new("/P.asmx", PASSWORD).operation(answer)]).await;
    (count, format!("{base}/P.asmx"))
}

fn settings(url: &str, remember: Duration) -> Settings {
    let mut settings = Settings::default();
    settings.enable(ExternalService::new(Kind::Login, url, PASSWORD));
    settings.login.accept_sign_on_cookies = true;
    settings.login.remember = remember;
    settings
}

const HOUR: Duration = Duration::from_secs(3600);

/// The name that the user was given, if let in.
async fn name(gateway: &Gateway, request: GetSignInCookieInfo) -> Option<String> {
    match gateway.get_sign_in_cookie_info(request).await {
        Ok(LoginOutcome::SignedIn(user)) => user.display_name,
        _ => None,
    }
}

#[tokio::test]
async fn who_was_let_in_is_not_asked_about_again_where_the_settings_say_so() {
    let (count, url) = counting().await;
    let gateway = Gateway::builder(settings(&url, Duration::ZERO)).build().unwrap();
    for number in ["0", "1"] {
        assert_eq!(name(&gateway, cookie("u")).await.as_deref(), Some(number), "off by default");
    }
    gateway.replace(settings(&url, HOUR)).unwrap();
    for gateway in [&gateway, &gateway.clone(), &gateway] {
        assert_eq!(name(gateway, cookie("u")).await.as_deref(), Some("2"));
    }
    assert_eq!(name(&gateway, cookie("v")).await.as_deref(), Some("3"), "another user");
    let with = GetSignInCookieInfo { other: [("site", "1")].into(), ..cookie("u") };
    assert_eq!(name(&gateway, with.clone()).await.as_deref(), Some("4"), "another variable");
    assert_eq!(name(&gateway, with).await.as_deref(), Some("4"));
    for user in ["stranger", "declined", "broken"] {
        for _ in 0..2 {
            let before = count.load(Relaxed);
            assert_eq!(name(&gateway, cookie(user)).await, None);
            assert_eq!(count.load(Relaxed), before + 1, "{user} is asked about each time");
        }
    }
}

#[tokio::test]
async fn it_is_forgotten_when_the_service_is_another() {
    let (_, url) = counting().await;
    let gateway = Gateway::builder(settings(&url, HOUR)).build().unwrap();
    assert_eq!(name(&gateway, cookie("u")).await.as_deref(), Some("0"));
    let mut other = settings(&url, HOUR);
    other.login.mark_email_verified = true;
    gateway.replace(other.clone()).unwrap();
    assert_eq!(name(&gateway, cookie("u")).await.as_deref(), Some("0"), "the service is the same");
    other.tab_mut(Kind::Login).service.timeout = Duration::from_secs(9);
    gateway.replace(other.clone()).unwrap();
    assert_eq!(name(&gateway, cookie("u")).await.as_deref(), Some("1"));
    for (remember, number) in [(2 * HOUR, "2"), (Duration::ZERO, "3"), (2 * HOUR, "4")] {
        other.login.remember = remember;
        gateway.replace(other.clone()).unwrap();
        let name = name(&gateway, cookie("u")).await;
        assert_eq!(name.as_deref(), Some(number), "what is old by other settings is not revived");
    }
    other.login.accept_sign_on_cookies = false;
    gateway.replace(other).unwrap();
    assert_eq!(name(&gateway, cookie("u")).await, None, "the settings refuse it");
}

#[tokio::test]
async fn the_applications_own_provider_is_asked_each_time() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let mut settings = settings("http://127.0.0.1:9/", HOUR);
    settings.enable_built_in(Kind::Login);
    let gateway = Gateway::builder(settings)
        .operation(move |_: Authenticate| async { Ok(Answer::new(Authentication::Refused, "no")) });
    let gateway = gateway.operation(move |_: GetSignInCookieInfo| {
        counted.fetch_add(1, Relaxed);
        async {
            let user = Authentication::Authenticated { email_address: None, display_name: None };
            Ok(Answer::new(user, "known"))
        }
    });
    let gateway = gateway.build().unwrap();
    for asked in [1, 2] {
        gateway.get_sign_in_cookie_info(cookie("u")).await.unwrap();
        assert_eq!(count.load(Relaxed), asked);
    }
}
