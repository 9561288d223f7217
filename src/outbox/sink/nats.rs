//! NATS JetStream: each event is published to a stream, and delivered when the stream says that it has it.

use std::fmt;
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::jetstream::context::{ContextBuilder, GetStreamByNameErrorKind, PublishErrorKind};
use async_nats::jetstream::{self, message::PublishMessage};
use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{Delivery, Sink, SinkError, with_hint};
use crate::contract::BoxFuture;
use crate::error_chain::error_chain;
use crate::outbox::Event;
use crate::report::{Finding, Report, Step};
use crate::secret::{Mask, Secret};
use crate::tls::{Fingerprint, TlsError, TrustError, client_config, trust_in_nobody, verifier};

/// What stands in a subject for the event's name.
const EVENT_NAME: &str = "{eventName}";
/// Characters of an event's name that become part of a subject.
const LONGEST_NAME: usize = 200;

/// Where NATS is, and where its events go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NatsSettings {
    /// The servers of one cluster, `nats://host:4222`, or `tls://` where nothing may go in the clear.
    pub servers: Vec<String>,
    /// The subject, in which `{eventName}` stands for the event's name (where a subject cannot have one of
    /// its characters, `_`): `events.{eventName}`.
    pub subject: String,
    /// The user, with the password. Default none.
    pub user: Option<String>,
    /// The user's password. Default none.
    pub password: Option<Secret>,
    /// A token in place of user and password. Default none.
    pub token: Option<Secret>,
    /// Certificates (PEM, or one in DER) to trust beside the system's. Default none.
    pub root_certificates: Vec<u8>,
    /// The one certificate to trust, in place of all others. Default none.
    pub trust_fingerprint: Option<Fingerprint>,
    /// How long a connection to one server may take. Default 5 s.
    pub connect_timeout: Duration,
    /// How long the stream may take to acknowledge. Default 10 s.
    pub timeout: Duration,
}

impl NatsSettings {
    /// The defaults for servers and a subject.
    pub fn new(servers: Vec<String>, subject: impl Into<String>) -> Self {
        Self {
            servers,
            subject: subject.into(),
            user: None,
            password: None,
            token: None,
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Publishes events to JetStream, with [`Event::json`] as the message and [`Event::id`] as its
/// `Nats-Msg-Id`, by which a stream drops what it has already: within its `duplicate_window`, two
/// minutes unless it is set longer.
///
/// An event is delivered when a stream has acknowledged it. The connection is made at the first event, and
/// anew when it is lost; nothing is kept for later meanwhile. A subject that no stream takes is a
/// refusal.
pub struct NatsSink {
    name: String,
    settings: NatsSettings,
    servers: Vec<ServerAddr>,
    tls: rustls::ClientConfig,
    context: Mutex<Option<jetstream::Context>>,
    mask: Mask,
}

impl fmt::Debug for NatsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, settings, .. } = self;
        f.debug_tuple("NatsSink").field(name).field(&settings.servers).finish()
    }
}

impl NatsSink {
    /// A stream's subject by the name of its sink. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// Addresses, a subject or certificates that cannot be used.
    pub fn new(name: &str, settings: NatsSettings) -> Result<Self, SinkError> {
        let servers = settings.servers.iter().map(|server| address(server));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        let Some(first) = servers.first() else {
            return Err(SinkError::new("servers", "name at least one"));
        };
        let (user, password) = (settings.user.is_some(), settings.password.is_some());
        if user != password || (user && settings.token.is_some()) {
            return Err(SinkError::new("user", "give user and password, or a token, or nothing"));
        }
        if let Some(why) = subject_mistake(&settings.subject) {
            return Err(SinkError::new("subject", why));
        }
        let trusted =
            verifier(first.host(), &settings.root_certificates, settings.trust_fingerprint)
                .and_then(client_config);
        let tls = match trusted {
            // Plain servers are reached where the system has no certificates, too.
            Err(TrustError::Platform(_)) if !servers.iter().any(ServerAddr::tls_required) => {
                trust_in_nobody()
            }
            trusted => trusted,
        };
        let tls = tls.map_err(|error| match error {
            TrustError::Roots(error) => SinkError::new("root_certificates", error.to_string()),
            TrustError::Platform(why) => SinkError::new("servers", why),
        })?;
        let mask = Mask::new(settings.password.iter().chain(&settings.token));
        let (name, context) = (name.to_owned(), Mutex::default());
        Ok(Self { name, settings, servers, tls, context, mask })
    }

    /// The connection that there is, or a new one.
    async fn context(&self) -> Result<jetstream::Context, String> {
        let mut kept = self.context.lock().await;
        if let Some(context) = &*kept
            && context.client().connection_state() == State::Connected
        {
            return Ok(context.clone());
        }
        *kept = None;
        let context = self.connect().await?;
        Ok(kept.insert(context).clone())
    }

    async fn connect(&self) -> Result<jetstream::Context, String> {
        let NatsSettings { user, password, token, connect_timeout, timeout: acknowledge, .. } =
            &self.settings;
        let mut options = ConnectOptions::new()
            .name("external-providers")
            .connection_timeout(*connect_timeout)
            .request_timeout(Some(*acknowledge))
            // Each server once: whoever delivers tries again, and a connection that comes back later
            // must not send what was counted as refused.
            .max_reconnects(self.servers.len())
            .retain_servers_order()
            .tls_client_config(self.tls.clone());
        if let (Some(user), Some(password)) = (user, password) {
            options = options.user_and_password(user.clone(), password.expose().to_owned());
        }
        if let Some(token) = token {
            options = options.token(token.expose().to_owned());
        }
        let count = u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
        let within = connect_timeout.saturating_mul(count);
        // The library sets no limit to the look-up of names.
        let connected = timeout(within, options.connect(self.servers.as_slice())).await;
        let connected = connected.unwrap_or_else(|_| Err(ConnectErrorKind::TimedOut.into()));
        let client = connected.map_err(|error| self.unconnected(&error))?;
        Ok(ContextBuilder::new().timeout(*acknowledge).build(client))
    }

    fn unconnected(&self, error: &async_nats::ConnectError) -> String {
        let what = format!("could not connect to {}", self.settings.servers.join(", "));
        let host = self.servers.first().map_or("", |server| server.host());
        if let Some(tls) = TlsError::below(error, host) {
            return with_hint(format!("{what}: {tls}"), Some(tls.remedy_in_file()));
        }
        let hint = match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                "check user and password, or the token"
            }
            ConnectErrorKind::Dns => "check the host name, and this machine's DNS",
            _ => "does NATS run there, and is the port right?",
        };
        let error = self.mask.apply(&error_chain(error));
        with_hint(format!("{what}: {error}"), Some(hint))
    }

    async fn publish(&self, event: &Event) -> Result<(), String> {
        let context = self.context().await?;
        let subject = self.settings.subject.replace(EVENT_NAME, &token(&event.name));
        let message =
            PublishMessage::build().payload(event.json().into()).message_id(event.id.as_str());
        let published = async {
            let acknowledged = context.send_publish(subject.clone(), message).await?;
            acknowledged.await
        };
        // The library's own limits are for each half.
        let error = match timeout(self.settings.timeout, published).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => PublishErrorKind::TimedOut.into(),
        };
        let said = self.mask.apply(&error_chain(&error));
        let hint = match error.kind() {
            PublishErrorKind::StreamNotFound => self.stream_hint(),
            PublishErrorKind::TimedOut => {
                "may the user publish there? Has the stream a leader?".to_owned()
            }
            PublishErrorKind::MaxPayloadExceeded => "raise max_payload of the server".to_owned(),
            _ => return Err(format!("{subject}: {said}")),
        };
        Err(with_hint(format!("{subject}: {said}"), Some(hint)))
    }

    fn stream_hint(&self) -> String {
        let subject = self.settings.subject.replace(EVENT_NAME, "*");
        format!("is JetStream on? Make one: nats stream add EVENTS --subjects '{subject}'")
    }

    /// Which stream there is for the subject.
    async fn stream_step(&self, context: &jetstream::Context) -> Step {
        let subject = self.settings.subject.replace(EVENT_NAME, "*");
        match timeout(self.settings.timeout, context.stream_by_subject(subject.as_str())).await {
            Ok(Ok(stream)) => Step::new("stream", format!("{stream} takes {subject}")),
            Ok(Err(error)) if error.kind() == GetStreamByNameErrorKind::NotFound => {
                let finding = Finding::new("no-stream", format!("no stream takes {subject}"));
                Step::new("stream", "nobody keeps events").with(finding.remedy(self.stream_hint()))
            }
            Ok(Err(error)) => {
                let why = self.mask.apply(&error_chain(&error));
                Step::not_checked("stream", format!("the server does not say: {why}"))
            }
            Err(_) => Step::not_checked("stream", "the server does not say in time"),
        }
    }
}

impl Sink for NatsSink {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async move {
            match self.publish(event).await {
                Ok(()) => Delivery::Delivered,
                Err(why) => Delivery::Refused { why, after: None },
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async move {
            let servers = self.settings.servers.join(", ");
            let mut report = Report::new(Some(self.name.clone()), servers);
            let started = Instant::now();
            match self.context().await {
                Ok(context) => {
                    let version = context.client().server_info().version;
                    let step = Step::new("connect", format!("NATS {version}"));
                    report.steps.push(step.took(started.elapsed()));
                    report.steps.push(self.stream_step(&context).await);
                }
                Err(why) => {
                    let step = Step::new("connect", "no connection");
                    report.steps.push(step.with(Finding::new("connect", why)));
                    report.steps.push(Step::not_checked("stream", "there is no connection"));
                }
            }
            report.finish()
        })
    }
}

fn address(server: &str) -> Result<ServerAddr, SinkError> {
    let address: Option<ServerAddr> = server.parse().ok();
    // With the library's features, it takes addresses of web sockets, too.
    let address = address.filter(|address| matches!(address.scheme(), "nats" | "tls"));
    let Some(address) = address else {
        let why = "an address is not valid: it looks like nats://host:4222, or tls://host:4222";
        return Err(SinkError::new("servers", why));
    };
    if address.has_user_pass() || address.password().is_some() {
        let why = "an address holds a user name or password: give them by user and password";
        return Err(SinkError::new("servers", why));
    }
    Ok(address)
}

/// What is wrong with a subject, if anything.
fn subject_mistake(subject: &str) -> Option<&'static str> {
    let subject = subject.replace(EVENT_NAME, "name");
    if subject.contains(['{', '}']) {
        return Some("only {eventName} can stand in braces");
    }
    if subject.contains(['*', '>'])
        || subject.contains(|c: char| c.is_whitespace() || c.is_control())
    {
        return Some("it must have neither wildcards nor white space");
    }
    if subject.split('.').any(str::is_empty) {
        return Some("a part of it between the points is empty");
    }
    subject
        .starts_with(['$', '_'])
        .then_some("subjects that begin with $ or _ are the server's own")
}

/// A name as one part of a subject.
fn token(name: &str) -> String {
    let other = |c: char| c.is_whitespace() || c.is_control() || ".*>$".contains(c);
    let token: String =
        name.chars().take(LONGEST_NAME).map(|c| if other(c) { '_' } else { c }).collect();
    if token.is_empty() { "_".to_owned() } else { token }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_subject() {
        for (name, part) in [
            ("TicketCreated", "TicketCreated"),
            ("a.b *>\r\n\u{a0}c", "a_b______c"),
            ("$JS.API.STREAM.DELETE.x", "_JS_API_STREAM_DELETE_x"),
            ("Größe", "Größe"),
            ("", "_"),
        ] {
            assert_eq!(token(name), part);
            assert_eq!(subject_mistake(&format!("events.{part}")), None, "{part}");
        }
        assert_eq!(token(&"x".repeat(5000)).len(), LONGEST_NAME);
    }

    #[test]
    fn mistakes_are_found_before_anything_is_connected() {
        let made = |edit: &dyn Fn(&mut NatsSettings)| {
            let mut settings =
                NatsSettings::new(vec!["nats://127.0.0.1".to_owned()], "events.{eventName}");
            edit(&mut settings);
            NatsSink::new("bus", settings).err().map(|error| error.to_string())
        };
        assert_eq!(made(&|_| {}), None);
        let server = |server: &str| made(&|s| s.servers = vec![server.to_owned()]).unwrap();
        assert!(server("http://x").contains("looks like nats://"));
        let secret = server("nats://me:hunter2@x");
        assert!(secret.contains("give them by user") && !secret.contains("hunter2"), "{secret}");
        assert!(server("nats://me:hunter2@x:port").contains("not valid"));
        for subject in
            ["", "a..b", "a.*", "a.>", "a b", "{name}", "$JS.API.x", "_INBOX.x", "a.{eventName"]
        {
            assert!(made(&|s| s.subject = subject.to_owned()).is_some(), "{subject}");
        }
        assert!(made(&|s| s.servers.clear()).is_some());
        assert!(made(&|s| s.user = Some("me".to_owned())).is_some());
        assert!(
            made(&|s| s.root_certificates = b"no".to_vec()).unwrap().contains("root_certificates")
        );
    }
}
