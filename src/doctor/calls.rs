//! SOAP over the wire: is it spoken, how long does it take, what time is it there?

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::diagnoses;
use super::subject::Subject;
use crate::client::{BuildError, CallError, Client, Discovery, Transport as _, remedy};
use crate::contract::raw::{Presence, RawInputs, StringList};
use crate::contract::{Kind, OperationInfo, SideEffect, first_line};
use crate::http::HttpResponse;
use crate::report::{Finding, Outcome, Step};
use crate::secret::Mask;
use crate::soap::{Binding, DecodeError, FaultCode, SoapVersion, answer_version};

/// An operation that no service has: asking for it does nothing, and shows whether SOAP is spoken.
const NO_OPERATION: &str = "ExternalProvidersCheck";

/// A request, for no operation first, and what came of it.
pub(super) struct Probe {
    /// When it was answered.
    pub(super) at: Timestamp,
    pub(super) version: SoapVersion,
    /// The operation that was asked, by its name on the wire.
    asked: Option<String>,
    pub(super) took: Duration,
    pub(super) result: Result<HttpResponse, CallError>,
}

/// Asks for no operation.
pub(super) async fn probe(client: &Client, namespace: &str, version: SoapVersion) -> Probe {
    let binding = Binding::new(namespace, version);
    send(client, &binding, NO_OPERATION, &Presence::Absent).await
}

/// An operation that only reads, and that is there, or else should be.
pub(super) fn reading(
    subject: &Subject,
    discovery: Option<&Discovery>,
    namespace: &str,
) -> Option<&'static str> {
    let reads = |info: &&OperationInfo| info.side_effect == SideEffect::ReadOnly;
    let found = match discovery {
        Some(discovery) => {
            let there = discovery.find.found.iter().filter(|found| found.namespace == namespace);
            there.map(|found| found.operation).filter(reads).collect::<Vec<_>>()
        }
        None => {
            let kind = subject.kind.unwrap_or(Kind::Login);
            kind.operations().filter(reads).collect()
        }
    };
    // A form that is looked up touches less than a login that fails.
    let harmless = found.iter().find(|info| info.kind != Kind::Login);
    harmless.or(found.first()).map(|info| info.name)
}

/// Asks an operation that only reads, with a wrong password.
pub(super) async fn probe_reading(client: &Client, operation: &'static str) -> Probe {
    let list = StringList(vec![Some("authPW=external-providers-check".to_owned())]);
    let inputs = Presence::Value(RawInputs { input_variables: Presence::Value(list) });
    let asked = Some(client.binding().wire_name(operation).to_owned());
    Probe { asked, ..send(client, client.binding(), operation, &inputs).await }
}

/// Does an operation answer that is asked with the action that the settings make, not with its own?
/// Stacks that go by the body's element (spyne) do not mind.
pub(super) async fn ignores_actions(
    subject: &Subject,
    discovery: &Discovery,
    namespace: &str,
    plain: &Client,
    within: Duration,
) -> Result<bool, BuildError> {
    let found = discovery.find.found.iter().find(|found| {
        found.namespace == namespace
            && found.operation.side_effect == SideEffect::ReadOnly
            && found.unusual_action(subject.soap).is_some()
    });
    let Some(operation) = found.map(|found| found.operation.name) else { return Ok(false) };
    let mut builder = subject.builder(within).namespace(namespace);
    for found in &discovery.find.found {
        builder = builder.operation_name(found.operation.name, found.name.as_str());
    }
    let client = builder.build()?.sharing(plain);
    let probe = probe_reading(&client, operation).await;
    Ok(probe.result.is_ok_and(|response| {
        client.binding().decode_raw_response(operation, &response, &Mask::default()).is_ok()
    }))
}

async fn send(
    client: &Client,
    binding: &Binding,
    operation: &'static str,
    inputs: &Presence<RawInputs>,
) -> Probe {
    let started = Instant::now();
    let result = async {
        let request = binding.encode_raw_request(client.target(), operation, inputs)?;
        Ok(client.transport().send(request).await?)
    };
    let result = result.await;
    let (at, version) = (Timestamp::now(), binding.version());
    Probe { at, version, asked: None, took: started.elapsed(), result }
}

impl Probe {
    /// Does the answer leave open whether SOAP is spoken? Some stacks answer an unknown operation with
    /// a page (Node's soap) or in another version (spyne), so one that is there must be asked.
    pub(super) fn is_undecided(&self, subject: &Subject, namespace: &str) -> bool {
        self.result.is_ok() && self.verdict(subject, namespace).is_err()
    }

    /// Was nothing asked but an unknown operation, whose answer proves nothing?
    fn is_unproven(&self, subject: &Subject) -> bool {
        if self.asked.is_some() {
            return false;
        }
        let Ok(response) = &self.result else { return false };
        let binding = Binding::new("urn:none", self.version);
        match binding.decode_raw_response(NO_OPERATION, response, &subject.mask()) {
            Err(DecodeError::NotSoap(answer)) => matches!(
                remedy::page(&answer).0,
                "not-soap" | "html-page" | "empty-answer" | "not-found" | "bad-request"
            ),
            _ => true,
        }
    }

    /// Is it SOAP of the version that came back? A fault is what is due; the finding says what came
    /// instead.
    fn verdict(&self, subject: &Subject, namespace: &str) -> Result<String, Finding> {
        let response = match &self.result {
            Ok(response) => response,
            Err(error) => return Err(diagnoses::call(error, namespace)),
        };
        let (binding, version) = (Binding::new(namespace, self.version), self.version);
        let unmasked = binding.decode_raw_response(NO_OPERATION, response, &Mask::default());
        let is_refusal = matches!(&unmasked, Err(DecodeError::Fault(fault)) if remedy::is_unknown_action(&fault.reason));
        let read = binding.decode_raw_response(NO_OPERATION, response, &subject.mask());
        let other = answer_version(response).filter(|other| *other != version);
        let mismatch = matches!(&read, Err(DecodeError::Fault(fault)) if fault.code == FaultCode::VersionMismatch);
        if !matches!(read, Err(DecodeError::NotSoap(_))) && (other.is_some() || mismatch) {
            let said = match &read {
                Err(DecodeError::Fault(fault)) => format!(" ({})", shortened(&fault.reason)),
                _ => String::new(),
            };
            let finding = match other {
                // Node's soap understands both, and answers in one.
                Some(other) if self.asked.is_some() && said.is_empty() => {
                    let text = format!(
                        "the answer to SOAP {version} is SOAP {other}, which .NET callers do not take"
                    );
                    Finding::warning("soap-version", text)
                }
                Some(other) => {
                    let text = format!("the answer to SOAP {version} is SOAP {other}{said}");
                    Finding::new("soap-version", text)
                }
                None => Finding::new("soap-version", format!("SOAP {version} is refused{said}")),
            };
            return Err(finding.remedy("set the other version"));
        }
        match (read, &self.asked) {
            (Err(DecodeError::NotSoap(answer)), _) => {
                Err(diagnoses::call(&DecodeError::NotSoap(answer).into(), namespace))
            }
            // Whatever it says, it says so in the version.
            (_, Some(asked)) if answer_version(response).is_some() => {
                Ok(format!("SOAP {version}: {asked} is answered"))
            }
            // A mask could hide what it is known by.
            (Err(DecodeError::Fault(_)), _) if is_refusal => {
                Ok(format!("SOAP {version}: an unknown operation is refused, as it should be"))
            }
            (Err(DecodeError::Fault(fault)), _) => {
                Ok(format!("SOAP {version}: answers with a fault ({})", shortened(&fault.reason)))
            }
            (Err(error), _) => Err(diagnoses::call(&error.into(), namespace)),
            (Ok(_), _) => Ok(format!("SOAP {version}: even an unknown operation is answered")),
        }
    }
}

fn shortened(reason: &str) -> String {
    first_line(reason).chars().take(200).collect()
}

/// Which versions of SOAP are spoken: the step, and the version to go on in, which is the one that is
/// set where that is spoken.
pub(super) fn soap(
    subject: &Subject,
    probes: &[Probe],
    namespace: &str,
) -> (Step, Option<SoapVersion>) {
    let mut step = Step::new("soap", "");
    let (mut spoken, mut silent) = (Vec::new(), Vec::new());
    for probe in probes {
        match probe.verdict(subject, namespace) {
            Ok(line) => {
                spoken.push(probe.version);
                step.details.push(line);
            }
            Err(finding) => silent.push((probe, finding)),
        }
        if let Ok(response) = &probe.result {
            oddities(&mut step, probe.version, response);
        }
    }
    let unanswered = |probe: &Probe| matches!(probe.result, Err(CallError::Transport(_)));
    let names: Vec<String> = spoken.iter().map(SoapVersion::to_string).collect();
    step.text = match spoken.len() {
        0 if probes.iter().all(unanswered) => "there is no answer to SOAP".to_owned(),
        0 => "SOAP is not spoken".to_owned(),
        _ => format!("spoken: SOAP {}", names.join(" and ")),
    };
    for (probe, finding) in silent {
        let (version, is_set) = (probe.version, probe.version == subject.soap);
        let why = format!("SOAP {version} is not spoken: {}", finding.text);
        match names.first() {
            Some(other) if is_set => {
                // As grave as what came makes it: this client reads an answer of the other version.
                let remedy = Some(format!("set soap = \"{other}\""));
                step.add(Finding { code: "soap-version", text: why, remedy, ..finding });
            }
            Some(_) => {
                step.add(Finding::note("soap-version", why).remedy("do not set this version"));
            }
            // Nothing was there to be asked that could have proven more.
            None if is_set && probe.is_unproven(subject) => {
                step.outcome = Outcome::NotChecked;
                step.text = format!(
                    "an unknown operation is answered with {}, which proves nothing, and there is no operation that only reads",
                    finding.text
                );
            }
            // Where nothing is spoken at all, once is enough.
            None if is_set => step.add(finding),
            None => {}
        }
    }
    let version = spoken.iter().find(|version| **version == subject.soap).or(spoken.first());
    (step, version.copied())
}

/// What a message has that it should not.
fn oddities(step: &mut Step, version: SoapVersion, response: &HttpResponse) {
    if response.body.starts_with(&[0xEF, 0xBB, 0xBF]) {
        let text = format!("SOAP {version}: answers begin with a byte order mark");
        step.add(Finding::note("bom", text).remedy(
            "this client reads them; some do not: let the service write UTF-8 without one",
        ));
    }
}

/// The round trips' times: as many as there is time for, but one at least.
pub(super) async fn times(
    client: &Client,
    namespace: &str,
    version: SoapVersion,
    count: usize,
    within: Duration,
) -> Step {
    let started = Instant::now();
    let mut times = Vec::new();
    for _ in 0..count.clamp(1, 100) {
        let left = within.saturating_sub(started.elapsed());
        let asked = probe(client, namespace, version);
        let probe = match times.is_empty() {
            true => asked.await,
            false => match tokio::time::timeout(left, asked).await {
                Ok(probe) => probe,
                Err(_) => break,
            },
        };
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
    let trips = if times.len() == 1 { "round trip" } else { "round trips" };
    let text = format!(
        "{} {trips}: {:.1} ms at least, {:.1} ms in the middle, {:.1} ms at most",
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

/// The service's clock against ours, by the `Date` of an answer and when it came.
pub(super) fn clock(answer: Option<(&HttpResponse, Timestamp)>) -> Step {
    let date = answer.and_then(|(response, at)| Some((response.headers.get("Date")?, at)));
    let Some((date, at)) = date else {
        return Step::not_checked("clock", "no answer carried a Date");
    };
    // RFC 9110, section 5.6.7: the preferred format is one of RFC 5322.
    let Ok(there) = jiff::fmt::rfc2822::parse(&date) else {
        return Step::not_checked("clock", "the answer's Date is invalid");
    };
    let skew = there.timestamp().duration_since(at).as_secs_f64();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;
    use crate::report::Outcome;

    #[test]
    fn the_clock_is_compared_with_when_the_answer_came() {
        let mut headers = Headers::default();
        headers.push("Date", "Tue, 15 Nov 1994 08:12:31 GMT");
        let answer = HttpResponse { status: 200, headers, body: Vec::new() };
        let at = |text: &str| clock(Some((&answer, text.parse().unwrap())));
        assert_eq!(at("1994-11-15T08:12:32Z").text, "the clocks agree");
        assert_eq!(at("1994-11-15T08:12:51Z").text, "the service's clock is 20 s behind ours");
        let ahead = at("1994-11-15T08:10:31Z");
        assert_eq!(ahead.text, "the service's clock is 120 s ahead of ours");
        assert_eq!(ahead.outcome, Outcome::Warning);
    }
}
