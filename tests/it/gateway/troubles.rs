//! The gateway in trouble: services that hang, refuse, break; settings that change meanwhile. Nothing
//! is measured by the clock: a test waits for what must happen.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use external_providers::client::{CallError, TransportErrorKind};
use external_providers::contract::*;
use external_providers::gateway::{
    Blame, Cause, Gateway, GatewayError, LoadError, LoginOutcome, LoginPage,
};
use external_providers::host::{Host, Service};
use external_providers::settings::{ExternalService, Settings};
use tokio::sync::Semaphore;

use super::kinds::{Own, PASSWORD, login, serve, ticket};
use crate::support::Folder;

/// Longer than any test may take.
const LONG: Duration = Duration::from_secs(60);

/// A provider that answers when it is let, and says when it is asked.
struct Held {
    asked: Semaphore,
    released: Semaphore,
}

impl Held {
    fn new() -> Arc<Self> {
        Arc::new(Self { asked: Semaphore::new(0), released: Semaphore::new(0) })
    }

    async fn hold(&self) {
        self.asked.add_permits(1);
        self.released.acquire().await.unwrap().forget();
    }

    /// Waits until so many calls have arrived.
    async fn arrived(&self, calls: u32) {
        let arrived = tokio::time::timeout(LONG, self.asked.acquire_many(calls)).await;
        arrived.unwrap().unwrap().forget();
    }
}

impl TicketProvider for Held {
    async fn start_ticket(&self, _: StartTicket) -> ProviderResult<StartTicket> {
        self.hold().await;
        Ok(Answer::new(Start::allowed(), "late"))
    }
}

impl LoginProvider for Held {
    async fn authenticate(&self, _: Authenticate) -> ProviderResult<Authenticate> {
        self.hold().await;
        Ok(Answer::new(Authentication::Refused, "late"))
    }
    async fn get_sign_in_cookie_info(
        &self,
        _: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        Ok(Answer::new(Authentication::Refused, "late"))
    }
}

fn service() -> Service {
    Service::new("/Provider.asmx", PASSWORD)
}

fn at(base: &str, kind: Kind) -> ExternalService {
    ExternalService::new(kind, format!("{base}/Provider.asmx"), PASSWORD)
}

fn providers(services: impl IntoIterator<Item = ExternalService>) -> Gateway {
    let mut settings = Settings::default();
    services.into_iter().for_each(|service| settings.enable(service));
    Gateway::builder(settings).build().unwrap()
}

/// An address where nobody listens.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A peer that reads what comes, up to the end of a request, and hangs up. Counts connections, and
/// those of them that brought anything of a request.
fn hanging_up() -> (String, Arc<[AtomicUsize; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counted = Arc::clone(&counts);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut bytes, mut buffer) = (stream.unwrap(), Vec::new(), [0; 4096]);
            counted[0].fetch_add(1, Ordering::SeqCst);
            // The body is last, and ends so; TLS begins with a 22 and is answered with nothing.
            while !bytes.ends_with(b"</soap:Envelope>") && bytes.first() != Some(&22) {
                match stream.read(&mut buffer) {
                    Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
                    _ => break,
                }
            }
            if bytes.starts_with(b"POST") {
                counted[1].fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (address.to_string(), counts)
}

fn transport(error: GatewayError) -> (TransportErrorKind, bool) {
    assert_eq!(error.blame(), Blame::Network);
    match error.cause {
        Cause::Call(CallError::Transport(error)) => (error.kind, error.sent),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hanging_provider_at_full_load_leaves_the_others_alone() {
    let held = Held::new();
    let slow = serve([service().ticket(Arc::clone(&held))]).await;
    let quick = serve([service().login(Own::default())]).await;
    let mut tickets = at(&slow, Kind::Ticket);
    (tickets.max_calls, tickets.max_wait) = (8, Duration::ZERO);
    let mut logins = at(&quick, Kind::Login);
    logins.max_calls = 2;
    let providers = providers([tickets, logins]);
    let mut hanging = Vec::new();
    for _ in 0..8 {
        let providers = providers.clone();
        hanging.push(tokio::spawn(async move { providers.start_ticket(ticket()).await }));
    }
    held.arrived(8).await;
    // The ninth is turned away at once, and nothing of it is sent.
    let error = providers.start_ticket(ticket()).await.unwrap_err();
    assert_eq!(error.cause, Cause::Busy { max_calls: 8, waited: Duration::ZERO });
    assert_eq!((error.blame(), error.sent()), (Blame::Load, false));
    for _ in 0..200 {
        let outcome = tokio::time::timeout(LONG, providers.authenticate(login("u"))).await;
        assert!(matches!(outcome.unwrap().unwrap(), LoginOutcome::SignedIn(_)));
    }
    assert!(hanging.iter().all(|call| !call.is_finished()), "all of that while these hung");
    assert_eq!(held.asked.available_permits(), 0);
    held.released.add_permits(8);
    for call in hanging {
        assert_eq!(call.await.unwrap().unwrap().message.as_deref(), Some("late"));
    }
}

#[tokio::test]
async fn a_call_beyond_the_limit_waits_for_its_turn() {
    let held = Held::new();
    let base = serve([service().ticket(Arc::clone(&held))]).await;
    let mut tickets = at(&base, Kind::Ticket);
    (tickets.max_calls, tickets.max_wait) = (1, LONG);
    let providers = providers([tickets]);
    let call = || {
        let providers = providers.clone();
        tokio::spawn(async move { providers.start_ticket(ticket()).await })
    };
    let (first, second) = (call(), call());
    held.arrived(1).await;
    held.released.add_permits(1);
    // One of them has ended, so the other one arrives.
    held.arrived(1).await;
    assert!(first.is_finished() != second.is_finished());
    held.released.add_permits(1);
    for call in [first, second] {
        call.await.unwrap().unwrap();
    }
    // A caller who gives up gives the turn back.
    let third = call();
    held.arrived(1).await;
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    held.released.add_permits(2);
    call().await.unwrap().unwrap();
}

#[tokio::test]
async fn reads_are_repeated_and_changes_are_not_once_they_were_sent() {
    let (address, counts) = hanging_up();
    let base = format!("http://{address}");
    let seen = || [0, 1].map(|i| counts[i].swap(0, Ordering::SeqCst));
    let mut services = [at(&base, Kind::Login), at(&base, Kind::Ticket)];
    for retries in 0..3 {
        for service in &mut services {
            service.retries = retries;
            service.breaker_failures = 0;
        }
        let providers = providers(services.clone());
        let (kind, sent) = transport(providers.authenticate(login("u")).await.unwrap_err());
        assert!(sent && matches!(kind, TransportErrorKind::Broken(_)), "{kind:?}");
        let tries = retries as usize + 1;
        assert_eq!(seen(), [tries, tries], "a login only reads");
        let (_, sent) = transport(providers.start_ticket(ticket()).await.unwrap_err());
        assert!(sent);
        assert_eq!(seen(), [1, 1], "a ticket may have been deducted");
    }
}

#[tokio::test]
async fn changes_are_repeated_while_nothing_was_sent() {
    // TLS is never established, so no byte of the request leaves.
    let (address, counts) = hanging_up();
    for (retries, connections) in [(0, 1), (2, 3)] {
        let mut tickets = ExternalService::new(
            Kind::Ticket,
            format!("https://{address}/Provider.asmx"),
            PASSWORD,
        );
        tickets.retries = retries;
        let providers = providers([tickets]);
        let (kind, sent) = transport(providers.start_ticket(ticket()).await.unwrap_err());
        assert!(!sent && matches!(kind, TransportErrorKind::Connect(_)), "{kind:?}");
        let seen = [0, 1].map(|i| counts[i].swap(0, Ordering::SeqCst));
        assert_eq!(seen, [connections, 0]);
    }
}

#[tokio::test]
async fn a_time_out_is_not_repeated() {
    let held = Held::new();
    let base = serve([service().login(Arc::clone(&held))]).await;
    let mut logins = at(&base, Kind::Login);
    logins.timeout = Duration::from_millis(100);
    logins.retries = 5;
    let providers = providers([logins]);
    let (kind, sent) = transport(providers.authenticate(login("u")).await.unwrap_err());
    assert_eq!((kind, sent), (TransportErrorKind::Timeout(Duration::from_millis(100)), true));
    held.arrived(1).await;
    assert_eq!(held.asked.available_permits(), 0);
}

#[tokio::test]
async fn a_service_that_is_down_is_left_alone_until_it_is_back() {
    let address = free();
    let mut logins = at(&format!("http://{address}"), Kind::Login);
    (logins.retries, logins.breaker_failures) = (0, 2);
    logins.breaker_pause = Duration::from_millis(50);
    let providers = providers([logins]);
    for _ in 0..2 {
        let (_, sent) = transport(providers.authenticate(login("u")).await.unwrap_err());
        assert!(!sent);
    }
    let error = providers.authenticate(login("u")).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Open { .. }), "{error:?}");
    assert_eq!((error.blame(), error.sent()), (Blame::Network, false));

    let host = external_providers::Host::builder().service(service().login(Own::default()));
    let server = host.build().unwrap().bind(address).await.unwrap();
    tokio::spawn(server.serve(std::future::pending()));
    let back = async {
        loop {
            match providers.authenticate(login("u")).await {
                Ok(outcome) => break outcome,
                Err(GatewayError { cause: Cause::Open { retry_in, .. }, .. }) => {
                    tokio::time::sleep(retry_in).await;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    let outcome = tokio::time::timeout(LONG, back).await.unwrap();
    assert!(matches!(outcome, LoginOutcome::SignedIn(_)));
}

#[tokio::test]
async fn answers_of_any_kind_do_not_open_the_breaker() {
    let base = serve([service().login(Own::default())]).await;
    let mut wrong = at(&base, Kind::Login);
    (wrong.password, wrong.breaker_failures) = ("wrong".into(), 1);
    // A path where nothing is, and a SOAP action that is not known.
    let mut nowhere = ExternalService::new(Kind::Ticket, format!("{base}/x"), PASSWORD);
    nowhere.breaker_failures = 1;
    let mut unknown = at(&base, Kind::LiveChat);
    unknown.breaker_failures = 1;
    let providers = providers([wrong, nowhere, unknown]);
    for _ in 0..3 {
        let denied = providers.authenticate(login("u")).await.unwrap_err();
        assert_eq!(denied.blame(), Blame::Settings);
        let none = providers.start_ticket(ticket()).await.unwrap_err();
        assert!(matches!(none.cause, Cause::Call(CallError::NotSoap(_))), "{none:?}");
        let fault = providers.start_chat(StartChat::default()).await.unwrap_err();
        assert!(matches!(fault.cause, Cause::Call(CallError::Fault(_))), "{fault:?}");
    }
}

#[tokio::test]
async fn a_gateway_before_a_dead_service_opens_the_breaker() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut bytes, mut buffer) = (stream.unwrap(), Vec::new(), [0; 4096]);
            while !bytes.ends_with(b"</soap:Envelope>") {
                let n = stream.read(&mut buffer).unwrap();
                bytes.extend_from_slice(&buffer[..n]);
            }
            let answer =
                "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let mut logins = at(&base, Kind::Login);
    logins.breaker_failures = 2;
    let providers = providers([logins]);
    for _ in 0..2 {
        let error = providers.authenticate(login("u")).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Call(CallError::NotSoap(_))), "{error:?}");
    }
    let error = providers.authenticate(login("u")).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Open { .. }), "{error:?}");
}

/// A settings file of a login provider at `base`.
fn file(folder: &Folder, base: &str, rest: &str) -> std::path::PathBuf {
    folder.file("password", PASSWORD);
    folder.file(
        "settings.toml",
        format!(
            "[options]\nlogin = true\n[login]\nprovider = \"external\"\n\
             url = \"{base}/Provider.asmx\"\npassword_file = \"password\"\n{rest}"
        ),
    )
}

fn message(outcome: LoginOutcome) -> Option<String> {
    match outcome {
        LoginOutcome::SignedIn(user) => user.message,
        LoginOutcome::Refused(refused) => refused.message,
        LoginOutcome::NotDecided => None,
    }
}

#[tokio::test]
async fn calls_under_way_end_with_the_settings_that_they_began_with() {
    let (folder, held) = (Folder::new("reload"), Held::new());
    let old = serve([service().login(Arc::clone(&held))]).await;
    let new = serve([service().login(Own::default())]).await;
    let path = file(&folder, &old, "");
    let providers = Gateway::load(&path).unwrap();
    let under_way = {
        let providers = providers.clone();
        tokio::spawn(async move { providers.authenticate(login("u")).await })
    };
    held.arrived(1).await;
    file(&folder, &new, "default_role = \"anonymous\"\n");
    providers.reload().await.unwrap();
    let outcome = providers.authenticate(login("u")).await.unwrap();
    assert_eq!(message(outcome).as_deref(), Some("own"));
    assert!(!under_way.is_finished());
    held.released.add_permits(1);
    let outcome = under_way.await.unwrap().unwrap();
    assert_eq!(message(outcome).as_deref(), Some("late"));
}

#[tokio::test]
async fn a_bad_file_leaves_the_old_settings_in_force_and_says_so() {
    let folder = Folder::new("bad-reload");
    let base = serve([service().login(Own::default())]).await;
    let path = file(&folder, &base, "");
    let providers = Gateway::load(&path).unwrap();
    let (log, _guard) = log();
    for contents in ["", "[options", "[options]\nlogin = 1\n", "[options]\nticket = true\n[x]\n"] {
        folder.file("settings.toml", contents);
        let error = providers.reload().await.unwrap_err();
        assert!(matches!(error, LoadError::Settings(_)), "{error:?}");
        let outcome = providers.authenticate(login("u")).await.unwrap();
        assert_eq!(message(outcome).as_deref(), Some("own"), "after {contents:?}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(providers.reload().await.is_err());
    let text = log.text();
    let said = "settings not reloaded: the old ones stay in force";
    assert_eq!(text.matches(said).count(), 5, "{text}");
    assert!(text.contains("settings.toml:2: options.login: must be true or false"), "{text}");
    file(&folder, &base, "mark_email_verified = true\n");
    providers.reload().await.unwrap();
    assert!(log.text().contains("settings reloaded"));
    assert!(providers.settings().login.mark_email_verified);

    let unsaved = Gateway::builder(Settings::default()).build().unwrap();
    assert_eq!(unsaved.reload().await, Err(LoadError::NoFile));
}

#[tokio::test]
async fn breakers_and_limits_of_unchanged_services_survive_a_reload() {
    let folder = Folder::new("survive");
    let base = format!("http://{}", free());
    let path = file(&folder, &base, "retries = 0\nbreaker_failures = 1\nbreaker_pause = \"1h\"\n");
    let providers = Gateway::load(&path).unwrap();
    transport(providers.authenticate(login("u")).await.unwrap_err());
    let unchanged =
        "retries = 0\nbreaker_failures = 1\nbreaker_pause = \"1h\"\ndefault_role = \"anonymous\"\n";
    file(&folder, &base, unchanged);
    providers.reload().await.unwrap();
    let error = providers.authenticate(login("u")).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Open { .. }), "{error:?}");
    // Another service is another matter.
    file(&folder, &base, "retries = 0\nbreaker_failures = 2\n");
    providers.reload().await.unwrap();
    transport(providers.authenticate(login("u")).await.unwrap_err());

    let held = Held::new();
    let base = serve([service().login(Arc::clone(&held))]).await;
    let limits = "max_calls = 1\nmax_wait = \"0s\"\n";
    file(&folder, &base, limits);
    providers.reload().await.unwrap();
    let under_way = {
        let providers = providers.clone();
        tokio::spawn(async move { providers.authenticate(login("u")).await })
    };
    held.arrived(1).await;
    file(&folder, &base, &format!("{limits}default_role = \"anonymous\"\n"));
    providers.reload().await.unwrap();
    let error = providers.authenticate(login("u")).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Busy { max_calls: 1, .. }), "{error:?}");
    held.released.add_permits(1);
    under_way.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_unwise_about_a_file_is_logged_when_it_is_loaded() {
    let folder = Folder::new("unwise");
    let path = file(&folder, "http://provider.example.com", "");
    let (log, _guard) = log();
    let providers = Gateway::load(&path).unwrap();
    let warned = format!(
        "WARN external_providers::gateway::reload: {}:5: login.url: http://",
        path.display()
    );
    assert_eq!(log.text().matches(&warned).count(), 1, "{}", log.text());
    providers.reload().await.unwrap();
    assert_eq!(log.text().matches(&warned).count(), 2, "{}", log.text());
}

#[tokio::test]
async fn sighup_reloads() {
    let folder = Folder::new("sighup");
    let path = file(&folder, "http://127.0.0.1:9", "");
    let providers = Gateway::load(&path).unwrap();
    providers.reload_on_sighup().unwrap();
    let hangup = || {
        let id = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    };
    let (log, _guard) = log();
    let url = "https://crm.example.com/login".to_owned();
    file(&folder, "http://127.0.0.1:9", &format!("custom_login_url = \"{url}\"\n"));
    hangup();
    let redirect = LoginPage::Redirect { url };
    log.says("settings reloaded", 1).await;
    assert_eq!(providers.login_page(), redirect);
    // A bad file does not end it.
    folder.file("settings.toml", "nonsense");
    hangup();
    log.says("not reloaded", 1).await;
    assert_eq!(providers.login_page(), redirect);
    file(&folder, "http://127.0.0.1:9", "");
    hangup();
    log.says("settings reloaded", 2).await;
    assert_eq!(providers.login_page(), LoginPage::Form { forgot_password_url: None });
}

#[tokio::test]
async fn events_without_a_provider_are_logged_by_name_alone() {
    let mut settings = Settings::default();
    settings.enable_built_in(Kind::Events);
    let providers = Gateway::builder(settings).build().unwrap();
    let (log, _guard) = log();
    let event = || HandleEvent {
        event_name: "Ticket\nClosed".into(),
        other: [("subject", "private matters")].into(),
    };
    providers.handle_event(event()).await.unwrap();
    let text = log.text();
    assert!(text.contains(r#"event="Ticket\nClosed""#) && !text.contains("private"), "{text}");
    providers.replace(Settings::default()).unwrap();
    providers.handle_event(event()).await.unwrap();
    assert_eq!(log.text(), text, "not enabled, it is nobody's business");
}

/// A host's endpoint shows what the gateways of its process asked.
#[tokio::test]
async fn what_providers_were_asked_is_counted() {
    let host = Host::builder().service(service().ticket(Held::new())).build().unwrap();
    let counted = |outcome: &str| -> u64 {
        let labels = format!("kind=\"ticket\",operation=\"StartTicket\",outcome=\"{outcome}\"");
        let begin = format!("external_providers_service_calls_total{{{labels}}} ");
        let metrics = host.metrics();
        let count = metrics.lines().find_map(|line| line.strip_prefix(&*begin));
        count.map_or(0, |count| count.parse().unwrap())
    };
    let before = [counted("network"), counted("denied")];
    let down = providers([at(&format!("http://{}", free()), Kind::Ticket)]);
    down.start_ticket(ticket()).await.unwrap_err();
    let mut settings = at(&serve([service().ticket(Held::new())]).await, Kind::Ticket);
    settings.password = "another".into();
    providers([settings]).start_ticket(ticket()).await.unwrap_err();
    assert!(counted("network") > before[0] && counted("denied") > before[1], "{}", host.metrics());
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>, Arc<tokio::sync::Notify>);

impl Log {
    /// Waits until it was said so often.
    async fn says(&self, words: &str, times: usize) {
        let said = async {
            while self.text().matches(words).count() < times {
                self.1.notified().await;
            }
        };
        tokio::time::timeout(LONG, said).await.unwrap_or_else(|_| panic!("{}", self.text()));
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        self.1.notify_one();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}
