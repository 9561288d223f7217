//! A webhook: each event is posted as JSON, signed as Standard Webhooks has it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::{Delivery, Sink, SinkError, with_hint};
use crate::client::{BuildError, Client, HttpTransport, remedy};
use crate::contract::BoxFuture;
use crate::http::signature::{is_damaged, push_signature};
use crate::http::url::{Url, authority, is_http, is_local};
use crate::http::{
    Headers, HttpRequest, HttpResponse, Transport as _, TransportError, TransportErrorKind,
};
use crate::outbox::Event;
use crate::reach;
use crate::report::{Finding, Report, Step};
use crate::secret::{Mask, Secret};
use crate::soap::NonSoapResponse;
use crate::tls::{ClientCertificate, Fingerprint};

/// Bytes of an answer that are read: what is said is for people, and a few lines will do.
const ANSWER: usize = 64 << 10;
/// Bytes of a secret: shorter ones can be guessed.
const SHORTEST_SECRET: usize = 24;
/// Parts of a URL that have fewer characters are not secret, and stand in every text.
const SHORTEST_PART: usize = 4;
/// The longest pause that is granted.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a webhook is, and how it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookSettings {
    /// Its address, http or https. It may be secret as a whole: only scheme and host are ever shown.
    pub url: Secret,
    /// What requests are signed with: `whsec_` and base64, as the receiver's settings show it, or any other
    /// text. At least 24 bytes. Default none: requests are not signed.
    pub secret: Option<Secret>,
    /// The secret before that, while receivers change over: requests carry both signatures. Default none.
    pub previous_secret: Option<Secret>,
    /// Certificates (PEM, or one in DER) to trust beside the system's. Default none.
    pub root_certificates: Vec<u8>,
    /// The one certificate to trust, in place of all others. Default none.
    pub trust_fingerprint: Option<Fingerprint>,
    /// The certificate to show to a receiver that wants one. Default none.
    pub client_certificate: Option<ClientCertificate>,
    /// How long a connection may take. Default 5 s.
    pub connect_timeout: Duration,
    /// How long the whole call may take. Default 20 s.
    pub timeout: Duration,
}

impl WebhookSettings {
    /// The defaults for a URL.
    pub fn new(url: impl Into<Secret>) -> Self {
        Self {
            url: url.into(),
            secret: None,
            previous_secret: None,
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            client_certificate: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
        }
    }

    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secret.iter().chain(&self.previous_secret)
    }
}

/// Posts events to a URL, as [Standard Webhooks](https://www.standardwebhooks.com) says: `webhook-id` is
/// [`Event::id`], `webhook-timestamp` the time of the attempt in seconds, `webhook-signature` has
/// `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64 for each secret. The body is
/// [`Event::json`].
///
/// A status of 200 to 299 takes the event, unless what comes is a page: sign-in pages and errors of PHP
/// say 200, too. 410 wants no more events; of 429 and 503, `Retry-After` counts, up to a day. Redirects
/// are not followed. Whatever else happens, a connection that breaks included, the event is posted
/// again: receivers tell by `webhook-id` what they have.
pub struct WebhookSink {
    name: String,
    /// Scheme and host.
    address: String,
    url: Url,
    settings: WebhookSettings,
    transport: HttpTransport,
    mask: Mask,
}

impl fmt::Debug for WebhookSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebhookSink").field(&self.name).field(&self.address).finish()
    }
}

impl WebhookSink {
    /// A webhook by the name of its sink. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// A URL that is not one, a secret that is too short or not base64, certificates that cannot be read.
    pub fn new(name: &str, settings: WebhookSettings) -> Result<Self, SinkError> {
        let url = url(&settings.url)?;
        for (key, secret) in
            [("secret", &settings.secret), ("previous_secret", &settings.previous_secret)]
        {
            secret.as_ref().map_or(Ok(()), |secret| usable(key, secret))?;
        }
        let mut builder = Client::builder(url.as_str(), Secret::default())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .body_limit(ANSWER)
            .root_certificates(settings.root_certificates.as_slice());
        if let Some(fingerprint) = settings.trust_fingerprint {
            builder = builder.trust_fingerprint(fingerprint);
        }
        if let Some(certificate) = &settings.client_certificate {
            builder = builder.client_certificate(certificate.clone());
        }
        let transport = builder.http_transport().map_err(|error| match error {
            BuildError::Roots(error) => SinkError::new("root_certificates", error.to_string()),
            error => SinkError::new("url", error.to_string()),
        })?;
        let mut secrets = parts(&url);
        secrets.extend(settings.secrets().cloned());
        Ok(Self {
            name: name.to_owned(),
            address: format!("{}://{}/…", url.scheme(), authority(&url)),
            mask: Mask::new(&secrets),
            transport: transport.cutting(),
            url,
            settings,
        })
    }

    fn request(&self, event: &Event) -> HttpRequest {
        let body = event.json().into_bytes();
        let mut headers = Headers::with_capacity(4);
        headers.push("Content-Type", "application/json");
        push_signature(&mut headers, self.settings.secrets(), &event.id, &body);
        let target = self.url.path().to_owned();
        HttpRequest { method: "POST".into(), target, headers, body }
    }

    fn judged(&self, answer: &HttpResponse, now: Timestamp) -> Delivery {
        let refused = |why| Delivery::Refused { why, after: None };
        match answer.status {
            200..=299 if !is_page(answer, &self.mask) => Delivery::Delivered,
            200..=299 => refused(format!(
                "{}; it is a page, not a webhook: a sign-in page, or an error of the receiver's code",
                self.said(answer)
            )),
            410 => Delivery::Gone { why: self.said(answer) },
            429 | 503 => Delivery::Refused { why: self.said(answer), after: pause(answer, now) },
            // What is wrong with one event need not be with others.
            400 | 409 | 413 | 422 => {
                Delivery::Rejected { why: with_hint(self.said(answer), hint(answer.status)) }
            }
            status => refused(with_hint(self.said(answer), hint(status))),
        }
    }

    /// What it answered, for people.
    fn said(&self, answer: &HttpResponse) -> String {
        let (address, status) = (&self.address, answer.status);
        let location = answer.headers.get("Location").filter(|_| (300..400).contains(&status));
        if let Some(location) = location {
            let to = self.url.join(&location).ok().filter(is_http);
            let to = to.map(|to| to.origin()).filter(|to| *to != self.url.origin());
            let to = to.map_or_else(
                || "another path there".to_owned(),
                |to| self.mask.apply(&to.ascii_serialization()),
            );
            return format!("{address} answered {status}, a redirect to {to}: give that address");
        }
        let answer = NonSoapResponse::describe(answer, &self.mask);
        let quoted = match answer.excerpt.as_str() {
            "" => String::new(),
            excerpt => format!(": \"{excerpt}\""),
        };
        format!("{address} answered {status}, {}{quoted}", answer.what())
    }

    fn failed(&self, error: TransportError) -> Delivery {
        let hint = match &error.kind {
            TransportErrorKind::Tls(error) => Some(error.remedy_in_file().into()),
            kind => remedy::transport(kind).map(|(_, remedy)| remedy),
        };
        let error = TransportError { service: self.address.clone(), ..error };
        Delivery::Refused { why: with_hint(error, hint), after: None }
    }

    fn settings_step(&self) -> Step {
        let signed = match self.settings.secrets().count() {
            0 => "requests are not signed",
            1 => "requests are signed",
            _ => "requests are signed with two secrets",
        };
        let step = Step::new("settings", signed);
        if self.url.scheme() != "http" || is_local(&self.url) {
            return step;
        }
        let finding = Finding::warning("clear-text", "http: events travel in the clear");
        step.with(finding.remedy("let the receiver have https, and set the URL so"))
    }
}

impl Sink for WebhookSink {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async move {
            match self.transport.send(self.request(event)).await {
                Ok(answer) => self.judged(&answer, Timestamp::now()),
                Err(error) => self.failed(error),
            }
        })
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async move {
            let mut report = Report::new(Some(self.name.clone()), self.address.clone());
            report.steps.push(self.settings_step());
            let way = reach::Way {
                url: &self.url,
                root_certificates: &self.settings.root_certificates,
                trust_fingerprint: self.settings.trust_fingerprint,
                client_certificate: self.settings.client_certificate.as_ref(),
                within: self.settings.connect_timeout,
            };
            report.steps.extend(reach::steps(&way).await.0);
            report.finish()
        })
    }
}

fn url(text: &Secret) -> Result<Url, SinkError> {
    let error = |why: String| SinkError::new("url", why);
    let url = Url::parse(text.expose())
        .map_err(|why| error(format!("the URL is not valid: {why}; it begins with https://")))?;
    if !is_http(&url) {
        return Err(error("the URL must begin with https:// or http://".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(error("the URL holds a user name or password: take it out".to_owned()));
    }
    Ok(url)
}

/// What of a URL opens something, as a whole or in parts, for answers that quote it.
fn parts(url: &Url) -> Vec<Secret> {
    let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
    let values = url.query_pairs().map(|(_, value)| value.into_owned());
    let whole = [url.as_str(), url.path(), url.query().unwrap_or_default()];
    let parts = whole.map(str::to_owned).into_iter().chain(segments).chain(values);
    parts.filter(|part| part.len() >= SHORTEST_PART).map(Secret::new).collect()
}

/// Can it be signed with?
fn usable(key: &'static str, secret: &Secret) -> Result<(), SinkError> {
    if is_damaged(secret) {
        return Err(SinkError::new(key, "what follows whsec_ is not base64: is it whole?"));
    }
    let bytes = match secret.expose().strip_prefix("whsec_") {
        Some(coded) => coded.trim_end_matches('=').len() * 3 / 4,
        None => secret.expose().len(),
    };
    if bytes < SHORTEST_SECRET {
        let why = format!(
            "it has {bytes} bytes, and needs {SHORTEST_SECRET}: make one with openssl rand -base64 32, and write whsec_ before it"
        );
        return Err(SinkError::new(key, why));
    }
    Ok(())
}

/// Is an answer that says yes a page? PHP calls `ok` HTML, so what says so must begin with markup.
fn is_page(answer: &HttpResponse, mask: &Mask) -> bool {
    let content_type = answer.headers.get("Content-Type").unwrap_or_default();
    let is_html = content_type.to_ascii_lowercase().contains("html");
    let body = answer.body.trim_ascii_start();
    let bare = HttpResponse { headers: Headers::new(), ..answer.clone() };
    is_html && body.starts_with(b"<") || NonSoapResponse::html(&bare, mask).is_some()
}

/// How long it asks to be left alone: in seconds, or until a date (RFC 9110, section 10.2.3).
fn pause(answer: &HttpResponse, now: Timestamp) -> Option<Duration> {
    let value = answer.headers.get("Retry-After")?;
    let value = value.trim();
    let pause = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(value).ok()?;
            date.timestamp().duration_since(now).try_into().unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

fn hint(status: u16) -> Option<&'static str> {
    Some(match status {
        401 | 403 => "is the secret the same on both sides, and is the URL whole?",
        404 => "is the URL right?",
        405 | 501 => "what is there does not take POST: is the URL right?",
        407 => "a proxy wants credentials",
        413 => "the receiver's limit for requests is too low",
        502 | 504 => "a proxy could not reach the receiver: is it running?",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_read_in_both_forms() {
        let now = "1994-11-06T08:49:00Z".parse().unwrap();
        let pause = |value: &str| {
            let mut headers = Headers::new();
            headers.push("Retry-After", value.to_owned());
            pause(&HttpResponse { status: 429, headers, body: Vec::new() }, now)
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pause("120"), seconds(120));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT"), seconds(37));
        assert_eq!(pause("Sun, 06 Nov 1994 08:00:00 GMT"), seconds(0), "it is over");
        assert_eq!(pause("999999999999"), seconds(86_400));
        assert_eq!(pause("Sat, 06 Nov 2094 08:49:37 GMT"), seconds(86_400));
        for nothing in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(pause(nothing), None, "{nothing}");
        }
    }
}
