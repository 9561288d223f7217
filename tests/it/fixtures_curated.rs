//! The curated fixtures of this repository, at both ends: what the client sends and reads, and what
//! the host answers, is what was recorded with a real service.

use external_providers::contract::raw::Presence;
use external_providers::contract::{Absent, OPERATIONS, Operation, OperationInfo, dispatch};
use external_providers::fixture::{self, Fixture};
use external_providers::http::{HttpResponse, Outcome};
use external_providers::inspect::{ContractCheck, Severity};
use external_providers::redact::{Redactor, Rules};
use external_providers::replay::Replay;
use external_providers::secret::Mask;
use external_providers::soap::{Binding, DEFAULT_NAMESPACE, DecodeError, Envelope, Limits};
use external_providers::{CallError, Client, Host, sample};

use crate::support::{repository, with_secrets};

/// What the placeholders of `sample` stood for when it was recorded; all but the first two are
/// wrong, or nobody's.
const SECRETS: [&str; 5] = ["s3cret", "mypassword", "MyPassword", "wrong", "secret"];

/// What Mono says and .NET Framework says otherwise (wsdl/ASMX.md, section 1).
const MONO: [(&str, &str); 5] = [
    ("not set to an instance of an object<", "not set to an instance of an object.<"),
    ("HTTP Header {0}: {1}.", "HTTP Header SOAPAction: http://tempuri.org/Nope."),
    (
        "Envelope namespace {0} was unexpected. Expecting {1}.",
        "Envelope namespace urn:not-soap was unexpected. Expecting http://schemas.xmlsoap.org/soap/envelope/.",
    ),
    ("SOAP header {0} was not understood.", "SOAP header T was not understood."),
    (
        "The action '{0}' was not recognized.",
        "The action 'http://tempuri.org/Nope' was not recognized.",
    ),
];

fn collection(name: &str) -> Vec<Fixture> {
    let fixtures = fixture::load(&repository("fixtures").join(name)).unwrap();
    assert!(fixtures.len() > 40, "{name}: {}", fixtures.len());
    fixtures
}

fn response(fixture: &Fixture) -> &HttpResponse {
    match &fixture.outcome {
        Outcome::Answered(answered) => &answered.response,
        Outcome::Failed(why) => panic!("{}: {why}", fixture.name),
    }
}

fn soap_calls(name: &str) -> Vec<Fixture> {
    collection(name).into_iter().filter(|fixture| fixture.request.method == "POST").collect()
}

#[tokio::test]
async fn the_host_answers_as_the_real_service_did() {
    let host = Host::builder()
        .services(sample::diagnostic_services("s3cret", DEFAULT_NAMESPACE))
        .build()
        .unwrap();
    let mut bodies = 0;
    for name in ["sample", "odd"] {
        for fixture in soap_calls(name) {
            let name = &fixture.name;
            let recorded = response(&fixture);
            let answer = host.answer(&with_secrets(&fixture, &SECRETS)).await.unwrap();
            assert_eq!(answer.status, recorded.status, "{name}");
            let type_of = |r: &HttpResponse| r.headers.get("Content-Type").unwrap().into_owned();
            assert_eq!(type_of(&answer), type_of(recorded), "{name}");
            let mut expected = String::from_utf8(recorded.body.clone()).unwrap();
            for (mono, dotnet) in MONO {
                expected = expected.replace(mono, dotnet);
            }
            assert_eq!(String::from_utf8(answer.body).unwrap(), expected, "{name}");
            bodies += usize::from(!expected.is_empty());
        }
    }
    assert!(bodies > 140, "{bodies}");
}

#[test]
fn the_codec_reads_and_writes_what_was_recorded() {
    let (mut requests, mut results, mut faults) = (0, 0, 0);
    for name in ["sample", "odd"] {
        for fixture in soap_calls(name) {
            let (Some(version), Some(operation)) = (fixture.soap, &fixture.operation) else {
                continue;
            };
            let Some(info) = OPERATIONS.iter().find(|info| info.name == operation) else {
                continue;
            };
            let (binding, name) = (Binding::new(DEFAULT_NAMESPACE, version), &fixture.name);
            let recorded = response(&fixture);
            match binding.decode_raw_response(info.name, recorded, &Mask::default()) {
                Ok(result) => {
                    let written = binding.encode_raw_response(info.name, &result).unwrap();
                    let (written, recorded) = (written.body, recorded.body.clone());
                    let text = |bytes| String::from_utf8(bytes).unwrap();
                    let expected = text(recorded).replace("\r\n", "\n").replace('\r', "\n");
                    assert_eq!(text(written), expected, "{name}");
                    results += 1;
                }
                Err(DecodeError::Fault(fault)) => {
                    assert!(!fault.reason.is_empty() && recorded.status == 500, "{name}");
                    faults += 1;
                }
                Err(DecodeError::NotSoap(page)) => {
                    assert!([400, 415].contains(&page.status), "{name}");
                }
                Err(other) => panic!("{name}: {other}"),
            }
            // Those of the .NET proxy, byte for byte.
            let dotnet = fixture.request.headers.get("User-Agent");
            if dotnet.is_some_and(|agent| agent.contains("MS Web Services Client Protocol")) {
                let envelope =
                    Envelope::read(&fixture.request, DEFAULT_NAMESPACE, &Limits::default())
                        .unwrap();
                let inputs = envelope.into_inputs(DEFAULT_NAMESPACE, info.name);
                let written = binding
                    .encode_raw_request(&fixture.request.target, info.name, &inputs)
                    .unwrap();
                // The proxy writes CR as it is, and every reader reads LF.
                let sent = String::from_utf8(fixture.request.body.clone()).unwrap();
                let sent = sent.replace("\r\n", "\n").replace('\r', "\n");
                assert_eq!(String::from_utf8(written.body).unwrap(), sent, "{name}");
                for header in written.headers.iter() {
                    let sent = fixture.request.headers.get(&header.name).unwrap();
                    assert_eq!(sent.as_bytes(), &*header.value, "{name}: {}", header.name);
                }
                requests += 1;
            }
        }
    }
    assert!(requests > 120 && results > 110 && faults > 10, "{requests} {results} {faults}");
}

/// Calls the operation as the client's users do, against the recording, and holds the answer
/// against what is recorded.
async fn call<T: Operation>(fixture: &Fixture) -> bool
where
    T::Result: PartialEq + std::fmt::Debug,
{
    let version = fixture.soap.unwrap();
    let binding = Binding::new(DEFAULT_NAMESPACE, version);
    let Ok(request) = binding.decode_request::<T>(&fixture.request) else { return false };
    // A custom field without a name is ignored by those who read it, and of one that came twice one is
    // read: neither is sent again.
    let body = String::from_utf8_lossy(&fixture.request.body);
    if body.contains("<string>cf_=") || body.contains("<string>CF_") {
        return false;
    }
    let Some(password) = request.auth_password else { return false };
    let url = format!("http://service{}", fixture.request.target);
    // As the recorded caller did, which leaves out what has no value.
    let builder = Client::builder(&url, password).soap_version(version).absent(Absent::Omit);
    let client = builder.build().unwrap();
    let client = client.over(|_| Replay::new(collection("sample")).unwrap());
    let expected = match binding.decode_response::<T>(response(fixture), &Mask::default()) {
        Ok(expected) => expected,
        Err(_) => return false,
    };
    let found = match client.call(request.request).await {
        Ok(answer) => Ok(answer),
        Err(CallError::Failure(failure)) => Err(*failure),
        Err(other) => panic!("{}: {other}", fixture.name),
    };
    assert_eq!(found, expected, "{}", fixture.name);
    true
}

#[tokio::test]
async fn the_typed_client_is_answered_from_a_recording_of_dotnet() {
    let mut called = std::collections::BTreeMap::<&str, usize>::new();
    for fixture in soap_calls("sample") {
        let operation = fixture.operation.as_deref().unwrap();
        let info = OperationInfo::named(operation).unwrap();
        let answered = dispatch!(info, T => call::<T>(&fixture).await).unwrap();
        *called.entry(info.name).or_default() += usize::from(answered);
    }
    assert_eq!(called.len(), OPERATIONS.len());
    for (operation, calls) in called {
        assert!(calls >= 4, "{operation}: {calls}");
    }
}

#[test]
fn they_are_what_the_contract_says_and_hold_no_secrets() {
    let fixtures = collection("sample");
    let check = ContractCheck::new(&fixtures);
    for fixture in &fixtures {
        let errors = check.check(fixture).into_iter().filter(|f| f.severity == Severity::Error);
        assert_eq!(errors.count(), 0, "{}", fixture.name);
    }
    for name in ["sample", "odd"] {
        for fixture in collection(name) {
            // What is redacted stays as it is.
            let mut redactor = Redactor::new(Rules::default());
            for secret in ["s3cret", "mypassword"] {
                redactor.know(&secret.into());
            }
            let (request, answer) = redactor.exchange(&fixture.request, Some(response(&fixture)));
            assert_eq!(request, fixture.request, "{}", fixture.name);
            assert_eq!(answer.as_ref(), Some(response(&fixture)), "{}", fixture.name);
        }
    }
}

#[test]
fn absent_empty_and_nil_are_all_there() {
    let mut seen = [false; 3];
    for fixture in soap_calls("odd") {
        let Some(info) = OPERATIONS.iter().find(|i| Some(i.name) == fixture.operation.as_deref())
        else {
            continue;
        };
        let binding = Binding::default();
        let read = binding.decode_raw_response(info.name, response(&fixture), &Mask::default());
        if let Ok(Presence::Value(result)) = read {
            match result.output_variables {
                Presence::Absent => seen[0] = true,
                Presence::Nil => {}
                Presence::Value(list) => {
                    seen[1] |= list.0.iter().any(|entry| entry.as_deref() == Some(""));
                    seen[2] |= list.0.contains(&None);
                }
            }
        }
    }
    assert_eq!(seen, [true; 3]);
}
