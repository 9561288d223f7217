//! Replay of real exchanges: the clients' requests against recordings of the .NET proxy's.

use std::time::Duration;

use external_providers::exchange::{Headers, HttpRequest, HttpResponse};
use external_providers::fixture::{
    Answered, Fixture, HttpVersion, Outcome, Policy, Redaction, Redactor, Replay, Rules,
};
use external_providers::soap::SoapVersion;

use crate::support::{Capture, captures};

/// A recording of captures, in their order, with their names; where there is no answer, one that
/// says the name.
pub(crate) fn recording(captures: &[Capture]) -> Vec<Fixture> {
    let mut redactor = Redactor::new(Rules::default());
    let record = |(i, capture): (usize, &Capture)| {
        let named = || HttpResponse {
            status: 200,
            headers: Headers::new(),
            body: capture.name.clone().into_bytes(),
        };
        let response = capture.response.clone().unwrap_or_else(named);
        let (request, response) = redactor.exchange(&capture.request, Some(&response));
        let content_type = request.headers.get("Content-Type").unwrap_or_default().into_owned();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let operation = external_providers::contract::OPERATIONS
            .iter()
            .map(|operation| operation.name)
            .find(|name| {
                body.contains(&format!("{name} xmlns")) || body.contains(&format!(":{name}>"))
            });
        let soap = match &*content_type {
            it if it.starts_with("text/xml") => Some(SoapVersion::V11),
            it if it.starts_with("application/soap+xml") => Some(SoapVersion::V12),
            _ => None,
        };
        let answered = Answered {
            response: response.unwrap(),
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
        };
        Fixture {
            name: capture.name.clone(),
            sequence: i as u64 + 1,
            recorded: jiff::Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(1),
            operation: operation.map(str::to_owned),
            soap,
            request,
            request_version: HttpVersion::Http11,
            outcome: Outcome::Answered(answered),
            redaction: Redaction {
                rules: Rules::default(),
                placeholders: redactor.used().to_vec(),
            },
            policy: Policy::default(),
        }
    };
    captures.iter().enumerate().map(record).collect()
}

fn answer(replay: &Replay, request: &HttpRequest) -> String {
    match replay.answer(request) {
        Ok(fixture) => fixture.name.clone(),
        Err(no_match) => no_match.to_string(),
    }
}

#[test]
fn requests_of_other_clients_match_recordings_of_the_dotnet_proxy() {
    for (recorded, client) in [
        ("clients/mono-wsdl-1.1", "clients/zeep-1.1"),
        ("clients/mono-wsdl-1.2", "clients/php-1.2"),
        ("clients/mono-wsdl-1.1", "clients/mono-wsdl-1.1"),
    ] {
        let replay = Replay::new(recording(&captures(recorded))).unwrap();
        let mut compared = 0;
        for capture in captures(client) {
            compared += 1;
            let found = answer(&replay, &capture.request);
            // Mono writes a CR as it is, which every XML reader takes for an LF; the others write
            // a reference. These requests do not say the same.
            if capture.name == "diagnostic-echo-cr" && client != recorded {
                assert!(found.contains("/cr: recorded \"a\\nb\", received \"a\\rb\""), "{found}");
                continue;
            }
            assert_eq!(found, capture.name, "{client}");
        }
        assert_eq!(compared, 32);
        let unused: Vec<_> = replay.unused().iter().map(|f| f.name.clone()).collect();
        let expected = if client == recorded { &[][..] } else { &["diagnostic-echo-cr"] };
        assert_eq!(unused, expected);
    }
}
