//! SOAP over the wire: is it spoken, how long does it take, what time is it there?

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::report::{Finding, Step};
use super::subject::Subject;
use super::trouble;
use crate::client::remedy;
use crate::client::{CallError, Client, Transport as _};
use crate::contract::first_line;
use crate::contract::raw::Presence;
use crate::exchange::HttpResponse;
use crate::secret::Mask;
use crate::soap::{Binding, DecodeError, SoapVersion};

/// An operation that no service has: asking for it does nothing, and shows whether SOAP is spoken.
const NO_OPERATION: &str = "ExternalProvidersCheck";

/// A request for no operation, and what came of it.
pub(super) struct Probe {
    /// When it was answered.
    pub(super) at: Timestamp,
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
    Probe { at: Timestamp::now(), version, took: started.elapsed(), result }
}

impl Probe {
    /// Is it SOAP that came back? A fault is what is due; the finding says what came instead.
    fn verdict(&self, subject: &Subject, namespace: &str) -> Result<String, Finding> {
        let response = match &self.result {
            Ok(response) => response,
            Err(error) => return Err(trouble::call(error, namespace)),
        };
        let binding = Binding::new(namespace, self.version);
        let unmasked = binding.decode_raw_response(NO_OPERATION, response, &Mask::default());
        let is_refusal = matches!(&unmasked, Err(DecodeError::Fault(fault)) if remedy::is_unknown_action(&fault.reason));
        match binding.decode_raw_response(NO_OPERATION, response, &subject.mask()) {
            // A mask could hide what it is known by.
            Err(DecodeError::Fault(_)) if is_refusal => Ok(format!(
                "SOAP {}: an unknown operation is refused, as it should be",
                self.version
            )),
            Err(DecodeError::Fault(fault)) => {
                let reason: String = first_line(&fault.reason).chars().take(200).collect();
                Ok(format!("SOAP {}: answers with a fault ({reason})", self.version))
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
    let unanswered = |probe: &Probe| matches!(probe.result, Err(CallError::Transport(_)));
    step.text = match spoken.len() {
        0 if probes.iter().all(unanswered) => "there is no answer to SOAP".to_owned(),
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
        return Step::not_checked("clock", "the answer's Date is no date");
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
    use super::super::report::Outcome;
    use super::*;
    use crate::exchange::Headers;

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
