//! SOAP over the wire: is it spoken, is the password asked for and accepted, how long does it take,
//! what time is it there?

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::report::{Finding, Step};
use super::subject::Subject;
use super::trouble;
use crate::client::{CallError, Client, Discovery, Transport as _};
use crate::contract::raw::Presence;
use crate::contract::{
    Answer, Authenticate, Effect, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo,
    HandleEvent, Kind, OPERATIONS, Operation, OperationInfo, RegisterUser, StartChat, StartTicket,
};
use crate::exchange::HttpResponse;
use crate::secret::Secret;
use crate::soap::{Binding, DecodeError, SoapVersion};

/// An operation that no service has: asking for it does nothing, and shows whether SOAP is spoken.
const NO_OPERATION: &str = "ExternalProvidersCheck";

/// A request for no operation, and what came of it.
pub(super) struct Probe {
    pub(super) version: SoapVersion,
    pub(super) took: Duration,
    pub(super) result: Result<HttpResponse, CallError>,
}

/// Asks for no operation.
pub(super) async fn probe(client: &Client, namespace: &str, version: SoapVersion) -> Probe {
    let binding = Binding::new(namespace, version);
    let started = Instant::now();
    let result = async {
        let request =
            binding.encode_raw_request(client.target(), NO_OPERATION, &Presence::Absent)?;
        let response = client.transport().send(request).await?;
        Ok(response)
    };
    let result = result.await;
    Probe { version, took: started.elapsed(), result }
}

impl Probe {
    /// Is it SOAP that came back? A fault is what is due; the finding says what came instead.
    fn verdict(&self, subject: &Subject, namespace: &str) -> Result<String, Finding> {
        let response = match &self.result {
            Ok(response) => response,
            Err(error) => return Err(trouble::call(error, namespace)),
        };
        let binding = Binding::new(namespace, self.version);
        match binding.decode_raw_response(NO_OPERATION, response, &subject.mask()) {
            Err(DecodeError::Fault(fault)) if trouble::is_unknown_action(&fault.reason) => Ok(
                format!("SOAP {}: an unknown operation is refused, as it should be", self.version),
            ),
            Err(DecodeError::Fault(fault)) => {
                Ok(format!("SOAP {}: answers with a fault ({})", self.version, fault.reason))
            }
            Err(error) => Err(trouble::call(&error.into(), namespace)),
            Ok(_) => Ok(format!("SOAP {}: even an unknown operation is answered", self.version)),
        }
    }
}

/// Which versions of SOAP are spoken.
pub(super) fn soap(subject: &Subject, probes: &[Probe], namespace: &str) -> Step {
    let mut step = Step::new("soap", "");
    let (mut spoken, mut others) = (Vec::new(), Vec::new());
    for probe in probes {
        match probe.verdict(subject, namespace) {
            Ok(line) => {
                spoken.push(probe.version.to_string());
                step.details.push(line);
            }
            Err(finding) if probe.version == subject.soap => step.add(finding),
            Err(finding) => others.push((probe.version, finding)),
        }
        if let Ok(response) = &probe.result {
            oddities(&mut step, probe.version, response);
        }
    }
    step.text = match spoken.len() {
        0 => "SOAP is not spoken".to_owned(),
        _ => format!("spoken: SOAP {}", spoken.join(" and ")),
    };
    // Where nothing is spoken at all, once is enough.
    for (version, finding) in others.into_iter().filter(|_| !spoken.is_empty()) {
        let text = format!("SOAP {version} is not spoken: {}", finding.text);
        step.add(Finding::note("soap-version", text).remedy("do not set this version"));
    }
    step
}

/// What a message has that it should not.
fn oddities(step: &mut Step, version: SoapVersion, response: &HttpResponse) {
    if response.body.starts_with(&[0xEF, 0xBB, 0xBF]) {
        let text = format!("SOAP {version}: answers begin with a byte order mark");
        step.add(Finding::note("bom", text).remedy(
            "this client reads them; some do not: let the service write UTF-8 without one",
        ));
    }
    if let Some(coding) = response.headers.get("Content-Encoding")
        && !coding.eq_ignore_ascii_case("identity")
    {
        let text = format!("SOAP {version}: answers are compressed ({coding}) without being asked");
        step.add(Finding::new("compression", text).remedy(
            "switch compression off for the service's path (IIS: dynamic compression; or at the proxy)",
        ));
    }
}

/// The round trips' times.
pub(super) async fn times(
    client: &Client,
    namespace: &str,
    version: SoapVersion,
    count: usize,
) -> Step {
    let mut times = Vec::new();
    for _ in 0..count.clamp(1, 100) {
        let probe = probe(client, namespace, version).await;
        if probe.result.is_ok() {
            times.push(probe.took);
        }
    }
    times.sort_unstable();
    let (Some(least), Some(most)) = (times.first(), times.last()) else {
        return Step::not_checked("times", "no round trip came about");
    };
    let median = times[times.len() / 2];
    let ms = |time: &Duration| time.as_secs_f64() * 1e3;
    let text = format!(
        "{} round trips: {:.1} ms at least, {:.1} ms in the middle, {:.1} ms at most",
        times.len(),
        ms(least),
        ms(&median),
        ms(most)
    );
    let step = Step::new("times", text).took(median);
    if median > Duration::from_secs(2) {
        return step.with(
            Finding::warning("slow", format!("an answer takes {:.1} s", median.as_secs_f64()))
                .remedy("people wait for it at the login and the ticket form: look at the service's load"),
        );
    }
    step
}

/// The service's clock against ours, by the `Date` of an answer.
pub(super) fn clock(response: Option<&HttpResponse>) -> Step {
    let Some(date) = response.and_then(|response| response.headers.get("Date")) else {
        return Step::not_checked("clock", "no answer carried a Date");
    };
    // RFC 9110, section 5.6.7: the preferred format is one of RFC 5322.
    let Ok(there) = jiff::fmt::rfc2822::parse(&date) else {
        return Step::not_checked("clock", "the answer's Date is no date");
    };
    let skew = there.timestamp().duration_since(Timestamp::now()).as_secs_f64();
    // A Date has whole seconds, and was written some time before it was read.
    let text = match skew.abs() {
        s if s < 5.0 => "the clocks agree".to_owned(),
        s if skew > 0.0 => format!("the service's clock is {s:.0} s ahead of ours"),
        s => format!("the service's clock is {s:.0} s behind ours"),
    };
    let step = Step::new("clock", text.as_str());
    if skew.abs() < 60.0 {
        return step;
    }
    step.with(
        Finding::warning("clock", text).remedy(
            "certificates and logs will not fit together: let both machines keep time by NTP",
        ),
    )
}

/// Is the password asked for, and is ours accepted?
pub(super) struct PasswordCheck<'p> {
    pub(super) subject: &'p Subject,
    pub(super) discovery: Option<&'p Discovery>,
    pub(super) client: &'p Client,
    pub(super) wrong: &'p Client,
    pub(super) namespace: &'p str,
    pub(super) allow_changes: bool,
}

impl PasswordCheck<'_> {
    pub(super) async fn run(&self) -> Step {
        let info = match self.operation() {
            Ok(info) => info,
            Err(why) => return Step::not_checked("password", why),
        };
        let started = Instant::now();
        let refused = call_named(self.wrong, info).await;
        let mut step = Step::new("password", "").took(started.elapsed());
        match &refused {
            Err(CallError::Failure(failure)) if failure.is_permission_denied() => {
                step.details.push(format!("{}: a wrong password is refused", info.name));
            }
            Err(CallError::Failure(failure)) => {
                let message = failure.message.as_deref().unwrap_or("(no message)");
                let text =
                    format!("a wrong password is answered with \"{message}\", not Permission Denied");
                step.add(Finding::warning("wrong-refusal", text).remedy(
                    "nobody can tell a wrong password from another failure: answer \"Permission Denied\", before anything else is looked at",
                ));
            }
            Ok(()) => step.add(
                Finding::new("any-password", "a wrong password is accepted: anybody can call").remedy(
                    "let the service compare authPW with its own, and answer Success=false, \"Permission Denied\"",
                ),
            ),
            Err(error) => {
                step.add(trouble::call(error, self.namespace));
                step.text = format!("{} cannot be called", info.name);
                return step;
            }
        }
        if self.subject.password.is_none() {
            let text = "ours was not tried: there is none";
            step.text = match refused {
                Ok(()) => "any password is accepted".to_owned(),
                Err(_) => format!("a wrong one is refused; {text}"),
            };
            return step;
        }
        self.right(info, step, refused.is_ok()).await
    }

    /// The second call, with the password that is set.
    async fn right(&self, info: &OperationInfo, mut step: Step, any: bool) -> Step {
        match call_named(self.client, info).await {
            Ok(()) => {
                step.text = match any {
                    true => "any password is accepted".to_owned(),
                    false => "ours is accepted, a wrong one is refused".to_owned(),
                };
            }
            Err(CallError::Failure(failure)) if failure.is_permission_denied() => {
                step.text = "ours is refused".to_owned();
                step.add(
                    Finding::new("wrong-password", "the web service password is refused").remedy(
                        "set the password that the service has (and mind spaces and ends of lines in files)",
                    ),
                );
            }
            Err(CallError::Failure(failure)) => {
                let message = failure.message.as_deref().unwrap_or("(no message)");
                step.text = format!("ours is accepted ({} answers \"{message}\")", info.name);
            }
            Err(error) => {
                step.text = format!("{} fails", info.name);
                step.add(trouble::call(&error, self.namespace));
            }
        }
        step
    }

    /// The operation to call: one that only reads, of the kind that is looked at or else of any
    /// that the service has, since the password is the service's.
    fn operation(&self) -> Result<&'static OperationInfo, String> {
        let there = |info: &&OperationInfo| match self.discovery {
            Some(discovery) => discovery.find.named(info.name).is_some(),
            None => self.subject.kind.is_none_or(|kind| kind == info.kind),
        };
        let of_kind =
            |info: &&OperationInfo| self.subject.kind.is_none_or(|kind| kind == info.kind);
        let reads = |info: &&OperationInfo| info.effect == Effect::Reads;
        // Looking a cookie up or a form touches less than a login that fails.
        let harmless = || {
            let mut all: Vec<&OperationInfo> =
                OPERATIONS.iter().filter(there).filter(reads).collect();
            all.sort_by_key(|info| info.name == Authenticate::NAME);
            all
        };
        if self.discovery.is_none() && self.subject.kind.is_none() {
            return Err("without a WSDL it is not known which operations there are".to_owned());
        }
        if let Some(info) = harmless().into_iter().find(of_kind) {
            return Ok(info);
        }
        let same_namespace = |info: &&&OperationInfo| {
            let found = self.discovery.and_then(|discovery| discovery.find.named(info.name));
            found.is_some_and(|found| found.namespace == self.namespace)
        };
        if let Some(info) = harmless().iter().find(same_namespace) {
            return Ok(info);
        }
        let changing = OPERATIONS.iter().filter(there).find(of_kind);
        match changing {
            Some(info) if self.allow_changes => Ok(info),
            Some(info) => Err(format!(
                "its only operation, {}, changes something: call it with --allow-changes",
                info.name
            )),
            None => Err("the service has no operation that could be called".to_owned()),
        }
    }
}

async fn call_named(client: &Client, info: &OperationInfo) -> Result<(), CallError> {
    /// Nobody is called so; what changes something says in its log where it came from.
    const NOBODY: &str = "external-providers-check";
    let some = || Some(NOBODY.to_owned());
    match info.kind {
        Kind::Login if info.name == Authenticate::NAME => {
            let login_password = Secret::new("no-such-password");
            let login_username = NOBODY.to_owned();
            call(client, Authenticate { login_username, login_password, ..Default::default() })
                .await
        }
        Kind::Login => {
            let login_username = NOBODY.to_owned();
            call(client, GetSignInCookieInfo { login_username, ..Default::default() }).await
        }
        Kind::CustomFields => call(client, GetCustomFieldOptions::default()).await,
        Kind::Ticket => {
            let request = StartTicket {
                email_from: some(),
                department_name: some(),
                subject: some(),
                ..Default::default()
            };
            call(client, request).await
        }
        Kind::LiveChat => {
            let request =
                StartChat { email_from: some(), department_name: some(), ..Default::default() };
            call(client, request).await
        }
        Kind::UserInformation => {
            let email_from = Some(format!("{NOBODY}@example.invalid"));
            call(client, GetUserInfo { email_from, ..Default::default() }).await
        }
        Kind::Events => {
            call(client, HandleEvent { event_name: NOBODY.to_owned(), ..Default::default() }).await
        }
        Kind::Registration => {
            let login_password = Secret::new("no-such-password");
            let login_username = NOBODY.to_owned();
            call(client, RegisterUser { login_username, login_password, ..Default::default() })
                .await
        }
    }
}

async fn call<O: Operation>(client: &Client, request: O) -> Result<(), CallError> {
    client.call(request).await.map(|_: Answer<O::Result>| ())
}
