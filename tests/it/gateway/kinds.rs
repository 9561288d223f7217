//! The facade: what each operation answers as each kind is set, and what each setting does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use external_providers::contract::*;
use external_providers::gateway::{
    Blame, Cause, Gateway, GatewayBuilder, LoadError, LoginOutcome, LoginPage, RefusedBy,
    RegistrationOutcome, ServiceError,
};
use external_providers::settings::{ExternalService, Name, Role, Settings};
use external_providers::{Host, sample};

pub(crate) const PASSWORD: &str = "hunter2-of-the-service";

/// The application's own implementation of everything; counts what it is asked.
#[derive(Default)]
pub(crate) struct Own(pub(crate) AtomicUsize);

impl Own {
    fn says<R, E>(&self, result: R) -> Result<Answer<R>, E> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Answer::new(result, "own"))
    }
}

impl LoginProvider for Own {
    async fn authenticate(&self, request: Authenticate) -> ProviderResult<Authenticate> {
        match request.login_username.as_str() {
            "declined" => Err(ProviderError::failure("not now")),
            "broken" => Err(std::io::Error::other("disk on fire").into()),
            "stranger" => self.says(Authentication::Refused),
            name => self.says(Authentication::Authenticated {
                email_address: (name.contains('@') || name.is_empty()).then(|| name.to_owned()),
                display_name: None,
            }),
        }
    }
    async fn get_sign_in_cookie_info(
        &self,
        _: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        self.says(Authentication::Authenticated { email_address: None, display_name: None })
    }
}
impl CustomFieldProvider for Own {
    async fn get_custom_field_options(
        &self,
        _: GetCustomFieldOptions,
    ) -> ProviderResult<GetCustomFieldOptions> {
        self.says(CustomFieldOptions { can_start_chats: Some(false), ..Default::default() })
    }
}
impl TicketProvider for Own {
    async fn start_ticket(&self, _: StartTicket) -> ProviderResult<StartTicket> {
        self.says(Start::Refused)
    }
}
impl ChatProvider for Own {
    async fn start_chat(&self, _: StartChat) -> ProviderResult<StartChat> {
        self.says(Start::Refused)
    }
}
impl UserInformationProvider for Own {
    async fn get_user_info(&self, _: GetUserInfo) -> ProviderResult<GetUserInfo> {
        self.says(UserInformation::Found { rows: [("plan", "own")].into() })
    }
}
impl EventProvider for Own {
    async fn handle_event(&self, _: HandleEvent) -> ProviderResult<HandleEvent> {
        self.says(EventHandled)
    }
}
impl RegistrationProvider for Own {
    async fn register_user(&self, _: RegisterUser) -> ProviderResult<RegisterUser> {
        self.says(Registration::Refused)
    }
}

fn with_own(settings: Settings, own: &Arc<Own>) -> GatewayBuilder {
    let own = || Arc::clone(own);
    Gateway::builder(settings)
        .login(own())
        .custom_fields(own())
        .ticket(own())
        .live_chat(own())
        .user_information(own())
        .events(own())
        .registration(own())
}

/// Serves until the end of the test; gives `http://address`.
pub(crate) async fn serve(
    services: impl IntoIterator<Item = external_providers::host::Service>,
) -> String {
    let host = Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", server.local_addr());
    tokio::spawn(server.serve(std::future::pending()));
    base
}

pub(crate) async fn sample_host() -> String {
    serve(sample::services(PASSWORD, "http://tempuri.org/")).await
}

/// Where the sample has a kind.
pub(crate) fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::UserInformation | Kind::Events | Kind::Registration => "/Extended.asmx",
        _ => "/Provider.asmx",
    }
}

/// The sample's service for a kind.
fn external(base: &str, kind: Kind) -> ExternalService {
    ExternalService::new(kind, format!("{base}{}", path(kind)), PASSWORD)
}

pub(crate) fn login(name: &str) -> Authenticate {
    Authenticate {
        login_username: name.into(),
        login_password: "mypassword".into(),
        ..Default::default()
    }
}

pub(crate) fn cookie(name: &str) -> GetSignInCookieInfo {
    GetSignInCookieInfo { login_username: name.into(), ..Default::default() }
}

pub(crate) fn ticket() -> StartTicket {
    StartTicket {
        email_from: Some("a@example.com".into()),
        department_name: Some("Sales".into()),
        ..Default::default()
    }
}

fn chat() -> StartChat {
    StartChat {
        email_from: Some("a@example.com".into()),
        department_name: Some("Sales".into()),
        ..Default::default()
    }
}

fn registration() -> RegisterUser {
    RegisterUser {
        login_username: "new".into(),
        login_password: "new".into(),
        ..Default::default()
    }
}

/// An outcome in a few words.
fn words(outcome: LoginOutcome) -> String {
    match outcome {
        LoginOutcome::SignedIn(user) => format!("in: {:?}", user.message),
        LoginOutcome::Refused(no) => format!("{:?}: {:?}", no.by, no.message),
        LoginOutcome::NotDecided => "own database".into(),
    }
}

/// Asks everything, in the order of the contract's table.
pub(crate) async fn ask_all(p: &Gateway) -> [(Kind, String); 8] {
    let fields = p.get_custom_field_options(GetCustomFieldOptions::default()).await.unwrap();
    let info =
        GetUserInfo { email_from: Some("myusername@example.com".into()), ..Default::default() };
    let event = HandleEvent { event_name: "Closed".into(), ..Default::default() };
    let start = |answer: Answer<Start>| match answer.result {
        Start::Allowed { .. } => format!("may: {:?}", answer.message),
        Start::Refused => format!("may not: {:?}", answer.message),
    };
    let info = p.get_user_info(info).await.unwrap();
    [
        (Kind::Login, words(p.authenticate(login("myusername")).await.unwrap())),
        (Kind::Login, words(p.get_sign_in_cookie_info(cookie("myusername")).await.unwrap())),
        (
            Kind::CustomFields,
            format!("{:?} {}", fields.result.can_start_chats, fields.result.items.len()),
        ),
        (Kind::Ticket, start(p.start_ticket(ticket()).await.unwrap())),
        (Kind::LiveChat, start(p.start_chat(chat()).await.unwrap())),
        (
            Kind::UserInformation,
            match info.result {
                UserInformation::Found { rows } => format!("{:?}", rows.iter().last()),
                UserInformation::NotFound => "nobody".into(),
            },
        ),
        (Kind::Events, format!("{:?}", p.handle_event(event).await.unwrap().message)),
        (
            Kind::Registration,
            match p.register_user(registration()).await.unwrap() {
                RegistrationOutcome::Decided(answer) => format!("{:?}", answer.message),
                RegistrationOutcome::NotDecided => "own database".into(),
            },
        ),
    ]
}

/// What each operation says without a provider, with the application's, with the service.
pub(crate) const ANSWERS: [[&str; 3]; 8] = [
    ["own database", "in: Some(\"own\")", "in: Some(\"Login Successful\")"],
    ["own database", "in: Some(\"own\")", "in: Some(\"Login Successful\")"],
    ["None 0", "Some(false) 0", "Some(true) 1"],
    ["may: None", "may not: Some(\"own\")", "may: Some(\"Ticket Allowed\")"],
    ["may: None", "may not: Some(\"own\")", "may: Some(\"Chat Allowed\")"],
    ["nobody", "Some((\"plan\", \"own\"))", "Some((\"Plan\", \"Gold\"))"],
    ["None", "Some(\"own\")", "Some(\"Event Handled\")"],
    ["own database", "Some(\"own\")", "Some(\"User Registered\")"],
];

#[tokio::test]
async fn every_combination_of_kinds_disabled_built_in_and_external_answers() {
    let base = sample_host().await;
    let own = Arc::new(Own::default());
    let providers = with_own(Settings::default(), &own).build().unwrap();
    let bare = Gateway::builder(Settings::default()).build().unwrap();
    for combination in 0..3_usize.pow(7) {
        // The digits in base three say how each kind is set.
        let digit = |kind: Kind| combination / 3_usize.pow(kind as u32) % 3;
        let mut settings = Settings::default();
        settings.login.accept_sign_on_cookies = true;
        for &kind in Kind::ALL {
            match digit(kind) {
                0 => {}
                1 => settings.enable_built_in(kind),
                _ => settings.enable(external(&base, kind)),
            }
        }
        providers.replace(settings.clone()).unwrap();
        for ((kind, answer), expected) in ask_all(&providers).await.iter().zip(ANSWERS) {
            assert_eq!(answer, expected[digit(*kind)], "{kind} in {combination}");
        }
        // Without an implementation, built-in is what the product does on its own.
        if Kind::ALL.iter().copied().all(|kind| digit(kind) < 2) {
            bare.replace(settings).unwrap();
            for ((kind, answer), expected) in ask_all(&bare).await.iter().zip(ANSWERS) {
                assert_eq!(answer, expected[0], "{kind} in {combination}");
            }
        }
    }
}

#[tokio::test]
async fn the_role_and_the_verified_address_are_those_of_the_settings() {
    let base = sample_host().await;
    let own = Arc::new(Own::default());
    let mut settings = Settings::default();
    settings.enable(external(&base, Kind::Login));
    let providers = with_own(settings.clone(), &own).build().unwrap();
    for (role, verified) in [
        (Role::Registered, false),
        (Role::Registered, true),
        (Role::Anonymous, false),
        (Role::Anonymous, true),
    ] {
        settings.login.default_role = role;
        settings.login.mark_email_verified = verified;
        providers.replace(settings.clone()).unwrap();
        let LoginOutcome::SignedIn(user) =
            providers.authenticate(login("myusername")).await.unwrap()
        else {
            panic!("not signed in");
        };
        assert_eq!((user.role, user.email_verified), (role, verified));
        assert_eq!(user.email_address.as_deref(), Some("myusername@example.com"));
        assert_eq!(user.display_name.as_deref(), Some("My Username"));
    }
    // The same with the application's own; an address that is not there, or empty, is not verified.
    settings.enable_built_in(Kind::Login);
    providers.replace(settings).unwrap();
    for (name, verified) in [("own@example.com", true), ("nameless", false), ("", false)] {
        match providers.authenticate(login(name)).await.unwrap() {
            LoginOutcome::SignedIn(user) => {
                assert_eq!((user.role, user.email_verified), (Role::Anonymous, verified));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn visitors_are_sent_where_the_settings_say() {
    let base = sample_host().await;
    let mut settings = Settings::default();
    let (forgot, custom) = ("https://crm.example.com/forgot", "https://crm.example.com/login");
    let form = |url: Option<&str>| LoginPage::Form { forgot_password_url: url.map(str::to_owned) };
    settings.login.forgot_password_url = Some(forgot.into());
    let own = Arc::new(Own::default());
    let providers = with_own(settings.clone(), &own).build().unwrap();
    assert_eq!(providers.login_page(), form(None), "the provider is not enabled");
    settings.enable(external(&base, Kind::Login));
    providers.replace(settings.clone()).unwrap();
    assert_eq!(providers.login_page(), form(Some(forgot)));
    let refused = |outcome: LoginOutcome| match outcome {
        LoginOutcome::Refused(refused) => (refused.by, refused.next),
        other => panic!("{other:?}"),
    };
    let outcome = providers.authenticate(login("stranger")).await.unwrap();
    assert_eq!(refused(outcome), (RefusedBy::Provider, form(Some(forgot))));

    settings.login.custom_login_url = Some(custom.into());
    settings.login.accept_sign_on_cookies = true;
    providers.replace(settings.clone()).unwrap();
    let redirect = LoginPage::Redirect { url: custom.into() };
    assert_eq!(providers.login_page(), redirect);
    let outcome = providers.get_sign_in_cookie_info(cookie("stranger")).await.unwrap();
    assert_eq!(refused(outcome), (RefusedBy::Provider, redirect.clone()));

    settings.enable_built_in(Kind::Login);
    providers.replace(settings.clone()).unwrap();
    assert_eq!(providers.login_page(), redirect, "the application's own is a provider, too");
    let bare = Gateway::builder(settings).build().unwrap();
    assert_eq!(bare.login_page(), form(None), "nobody has one");
}

#[tokio::test]
async fn cookies_are_refused_without_a_call_unless_they_are_accepted() {
    let counting = Arc::new(Own::default());
    let base = serve([external_providers::host::Service::new("/Provider.asmx", PASSWORD)
        .login(Arc::clone(&counting))])
    .await;
    let own = Arc::new(Own::default());
    let mut settings = Settings::default();
    settings.enable(external(&base, Kind::Login));
    let providers = with_own(settings.clone(), &own).build().unwrap();
    for built_in in [false, true] {
        if built_in {
            settings.enable_built_in(Kind::Login);
        }
        let asked = |n: usize| {
            let provider = if built_in { &own } else { &counting };
            assert_eq!(provider.0.load(Ordering::Relaxed), n, "built-in: {built_in}");
        };
        settings.login.accept_sign_on_cookies = false;
        providers.replace(settings.clone()).unwrap();
        match providers.get_sign_in_cookie_info(cookie("u")).await.unwrap() {
            LoginOutcome::Refused(refused) => assert_eq!(refused.by, RefusedBy::Settings),
            other => panic!("{other:?}"),
        }
        asked(0);
        settings.login.accept_sign_on_cookies = true;
        providers.replace(settings.clone()).unwrap();
        let outcome = providers.get_sign_in_cookie_info(cookie("u")).await.unwrap();
        assert!(matches!(outcome, LoginOutcome::SignedIn(_)), "{outcome:?}");
        asked(1);
    }
}

#[tokio::test]
async fn the_url_and_password_of_each_tab_are_its_own() {
    let (a, b) = (sample_host().await, serve(sample::services("other", "urn:b")).await);
    for &kind in Kind::ALL {
        let mut settings = Settings::default();
        settings.login.accept_sign_on_cookies = true;
        for &other in Kind::ALL {
            settings.enable(external(&a, other));
        }
        let mut service = external(&b, kind);
        service.password = "other".into();
        service.namespace = Name::Is("urn:b".into());
        settings.enable(service);
        let providers = Gateway::builder(settings.clone()).build().unwrap();
        for ((_, answer), expected) in ask_all(&providers).await.iter().zip(ANSWERS) {
            assert_eq!(answer, expected[2], "{kind}");
        }
        // With the password of the others this one is not let in, and says so.
        settings.tab_mut(kind).service.password = PASSWORD.into();
        providers.replace(settings.clone()).unwrap();
        let error = ask(&providers, kind).await.unwrap_err();
        assert_eq!((error.kind, error.blame()), (kind, Blame::Settings), "{error:?}");
        assert_eq!(error.hint().as_deref(), Some("the web service password is wrong"));
        // Nor does it answer in the namespace of the others.
        settings.tab_mut(kind).service.password = "other".into();
        settings.tab_mut(kind).service.namespace = Name::Is("http://tempuri.org/".into());
        providers.replace(settings).unwrap();
        let error = ask(&providers, kind).await.unwrap_err();
        assert!(error.hint().unwrap().contains("namespace"), "{error:?}");
    }
}

/// Asks one operation of a kind.
pub(crate) async fn ask(
    providers: &Gateway,
    kind: Kind,
) -> Result<(), external_providers::gateway::GatewayError> {
    match kind {
        Kind::Login => providers.authenticate(login("myusername")).await.map(drop),
        Kind::CustomFields => {
            providers.get_custom_field_options(GetCustomFieldOptions::default()).await.map(drop)
        }
        Kind::Ticket => providers.start_ticket(ticket()).await.map(drop),
        Kind::LiveChat => providers.start_chat(chat()).await.map(drop),
        Kind::UserInformation => {
            let email_from = Some("a@example.com".to_owned());
            let request = GetUserInfo { email_from, ..Default::default() };
            providers.get_user_info(request).await.map(drop)
        }
        Kind::Events => {
            let event = HandleEvent { event_name: "x".into(), ..Default::default() };
            providers.handle_event(event).await.map(drop)
        }
        Kind::Registration => providers.register_user(registration()).await.map(drop),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn errors_say_which_provider_and_whose_fault() {
    let own = Arc::new(Own::default());
    let mut settings = Settings::default();
    settings.enable_built_in(Kind::Login);
    let providers = with_own(settings.clone(), &own).build().unwrap();
    let error = providers.authenticate(login("declined")).await.unwrap_err();
    assert_eq!(error.to_string(), "the login provider gave no answer to Authenticate");
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the provider declined: not now"
    );
    assert_eq!((error.blame(), error.sent()), (Blame::Provider, true));
    let error = providers.authenticate(login("broken")).await.unwrap_err();
    assert_eq!(error.cause, Cause::Exception(vec!["disk on fire".into()]));

    settings.enable(external(&sample_host().await, Kind::Login));
    providers.replace(settings).unwrap();
    let mut request = login("myusername");
    request.other.push("a=b", "c");
    let error = providers.authenticate(request).await.unwrap_err();
    assert_eq!((error.blame(), error.sent()), (Blame::Caller, false));
    assert!(!format!("{error:?} {providers:?}").contains("hunter2"));
}

#[test]
fn services_that_cannot_be_called_are_refused_by_kind() {
    let build = |service: ExternalService| {
        let mut settings = Settings::default();
        settings.enable(service);
        Gateway::builder(settings).build().unwrap_err()
    };
    let none = build(ExternalService::new(Kind::Ticket, "http://h/", ""));
    let expected = LoadError::Service { kind: Kind::Ticket, error: ServiceError::NoPassword };
    assert_eq!(none, expected);
    let url = build(ExternalService::new(Kind::Events, "nowhere", "x"));
    assert_eq!(url.to_string(), "the web service of the events provider cannot be called");
    let mut settings = Settings::default();
    settings.enable(ExternalService::new(Kind::Ticket, "http://h/", "x"));
    settings.tab_mut(Kind::Ticket).service = ExternalService::new(Kind::Login, "http://h/", "x");
    let other = Gateway::builder(settings).build().unwrap_err();
    let error = ServiceError::OtherKind(Kind::Login);
    assert_eq!(other, LoadError::Service { kind: Kind::Ticket, error });
}
