//! Every captured exchange goes from SOAP to JSON and back, and comes back as it went.

use std::collections::BTreeMap;

use external_providers::contract::json::Document;
use external_providers::contract::*;
use external_providers::fixture;
use external_providers::http::{HttpRequest, HttpResponse};
use external_providers::json_provider::{read_answer, request_body};
use external_providers::secret::Mask;
use external_providers::soap::{
    Binding, DEFAULT_NAMESPACE, DecodeError, Envelope, Limits, SoapVersion,
};

use crate::support::{SECRETS, repository, with_secrets};

/// How often what happened, numbers apart.
#[derive(Default)]
struct Counts(BTreeMap<String, usize>);

impl Counts {
    fn count(&mut self, what: &str) {
        let mut words: Vec<&str> = what.split(' ').collect();
        words.iter_mut().filter(|word| word.parse::<u32>().is_ok()).for_each(|word| *word = "N");
        *self.0.entry(words.join(" ")).or_default() += 1;
    }
}

/// The folders of recordings below `fixtures`.
const FOLDERS: [&str; 16] = [
    "asmx/op",
    "asmx/structure",
    "asmx/header",
    "asmx/text",
    "asmx/response",
    "asmx/soapaction",
    "asmx/contenttype",
    "asmx/xml",
    "asmx/http",
    "asmx/meta",
    "asmx/clients/mono-wsdl-1.1",
    "asmx/clients/mono-wsdl-1.2",
    "asmx/clients/php-1.2",
    "asmx/clients/zeep-1.1",
    "sample",
    "odd",
];

/// Through JSON and back: the same request, and the same message.
fn request<T>(binding: &Binding, request: &HttpRequest) -> Result<&'static str, String>
where
    T: Operation + PartialEq + std::fmt::Debug + for<'de> serde::Deserialize<'de>,
{
    let call = binding.decode_request::<T>(request).map_err(|error| error.to_string())?;
    let password = call.auth_password.as_ref();
    let once = binding.encode_request("/", password, &call.request).map_err(|e| e.to_string())?;
    let json = request_body(&call.request).unwrap();
    let text = String::from_utf8(json.clone()).unwrap();
    assert!(!text.contains(SECRETS[0]), "{text}");
    let read: T = serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{text}: {error}"));
    let again = binding.encode_request("/", password, &read).unwrap();
    let is_same = once.body == again.body;
    Ok(match (is_same, read == call.request) {
        (true, true) => "the same",
        (true, false) => "the same message, read otherwise",
        (false, _) => "another message",
    })
}

fn answer<T: Operation>(
    binding: &Binding,
    response: &HttpResponse,
) -> Result<&'static str, DecodeError>
where
    T::Result: PartialEq + std::fmt::Debug,
{
    let said = binding.decode_response::<T>(response, &Mask::default())?;
    let document = match &said {
        Ok(answer) => Document::answer::<T>(answer),
        Err(failure) => Document::failure::<T>(failure),
    };
    let json = serde_json::to_string(&document).unwrap();
    let read = read_answer::<T>(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(read, said, "{json}");
    let (once, again) = (
        binding.encode_response::<T>(said.as_ref()).unwrap(),
        binding.encode_response::<T>(read.as_ref()).unwrap(),
    );
    assert_eq!(once.body, again.body, "{json}");
    Ok(if said.is_ok() { "answer" } else { "declined" })
}

/// An operation with any variables whatsoever.
struct Any(Variables);

impl Operation for Any {
    const KIND: Kind = Kind::Events;
    const NAME: &'static str = "Any";
    const SIDE_EFFECT: SideEffect = SideEffect::ReadOnly;
    const NAME_SOURCE: NameSource = NameSource::Convention;
    const INPUTS: &'static [VariableInfo] = &[];
    const OUTPUTS: &'static [&'static str] = &[];
    type Result = EventHandled;

    fn probe() -> Self {
        Self(Variables::new())
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put_all(&self.0);
    }

    fn read_inputs(inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self(inputs))
    }

    fn write_outputs<S: Sink>(_: &EventHandled, _: &mut S) {}

    fn read_outputs(_: &mut Variables) -> Result<EventHandled, VariableError> {
        Ok(EventHandled)
    }
}

/// Do the variables of a message come back as they went, but for passwords?
fn comes_back(request: &HttpRequest, operation: &str) -> bool {
    let envelope = Envelope::read(request, DEFAULT_NAMESPACE, &Limits::default()).unwrap();
    let inputs = envelope.into_inputs(DEFAULT_NAMESPACE, operation);
    let list = inputs.value().map(|inputs| inputs.input_variables).unwrap_or_default();
    let all = Variables::read(list).unwrap();
    let json = request_body(&Any(all.clone())).unwrap();
    let read: Variables = serde_json::from_slice(&json).unwrap();
    let is_password = |key: &str| ["authpw", "loginpassword"].contains(&&*key.to_ascii_lowercase());
    let kept = |(key, _): &(&str, &str)| !is_password(key.trim());
    read.iter().eq(all.iter().filter(kept))
}

fn version(content_type: Option<impl AsRef<str>>) -> SoapVersion {
    match content_type {
        Some(value) if value.as_ref().starts_with("application/soap+xml") => SoapVersion::V12,
        _ => SoapVersion::V11,
    }
}

/// The operation that a request is for.
fn operation(request: &HttpRequest) -> Option<&'static str> {
    let envelope = Envelope::read(request, DEFAULT_NAMESPACE, &Limits::default()).ok()?;
    let known = |name: &str| OPERATIONS.iter().map(|o| o.name).find(|known| *known == name);
    envelope
        .route(
            |_, name| known(name),
            |action| known(action.strip_prefix(DEFAULT_NAMESPACE).unwrap_or_default()),
        )
        .ok()
}

#[test]
fn all_of_them() {
    let (mut requests, mut answers, mut all) = (Counts::default(), Counts::default(), 0);
    for folder in FOLDERS {
        for fixture in fixture::load(&repository("fixtures").join(folder)).unwrap() {
            all += 1;
            let sent = with_secrets(&fixture, &SECRETS);
            let by = Binding::new(DEFAULT_NAMESPACE, version(sent.headers.get("Content-Type")))
                .with_absent(Absent::Omit);
            let name = operation(&sent);
            let info = OPERATIONS.iter().find(|info| Some(info.name) == name);
            let outcome = info.map(|info| dispatch!(info, T => request::<T>(&by, &sent)).unwrap());
            match outcome {
                None => requests.count("for no operation"),
                Some(Ok(what)) => requests.count(what),
                // Other operations would have such variables: the JSON carries them all the same.
                Some(Err(why)) if why.contains("missing") => {
                    assert!(comes_back(&sent, name.unwrap()), "{}", fixture.name);
                    requests.count("the same variables, of no request");
                }
                Some(Err(why)) => requests.count(&why),
            }
            let Some(response) = fixture.answer().map(|answered| answered.response.clone()) else {
                answers.count("no answer");
                continue;
            };
            let by = Binding::new(DEFAULT_NAMESPACE, version(response.headers.get("Content-Type")));
            let body = String::from_utf8_lossy(&response.body).into_owned();
            let is_of = |name: &str| body.contains(&format!("<{name}Response "));
            let Some(info) = OPERATIONS.iter().find(|info| is_of(info.name)).or(info) else {
                answers.count("to no operation");
                continue;
            };
            match dispatch!(info, T => answer::<T>(&by, &response)).unwrap() {
                Ok(what) => answers.count(what),
                Err(DecodeError::Fault(_)) => answers.count("a fault"),
                Err(DecodeError::NotSoap(_)) => answers.count("a page"),
                Err(other) => {
                    let why = other.to_string();
                    answers.count(why.rsplit(": ").next().unwrap());
                }
            }
        }
    }
    println!("{all} exchanges; requests {:#?}; answers {:#?}", requests.0, answers.0);
    let expected = |table: &[(&str, usize)]| -> BTreeMap<String, usize> {
        table.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect()
    };
    let carried = [("the same", 250), ("the same variables, of no request", 180)];
    let not_carried = [
        // GETs, and POSTs whose action, element or body is of no operation.
        ("for no operation", 66),
        // A web service password under a name of its own, "authPW ": it must not be passed on.
        ("another message", 1),
        // What the legacy parser throws on, so no provider ever sees it.
        ("entry N has no \"=\"", 14),
        ("entry N is nil", 9),
        ("there is no inputs element", 9),
    ];
    assert_eq!(requests.0, expected(&[&carried[..], &not_carried[..]].concat()));
    let carried = [("answer", 101), ("declined", 63)];
    let not_carried = [
        ("no answer", 131),
        ("to no operation", 66),
        // Exceptions and pages are not answers: an endpoint has statuses for them.
        ("a fault", 39),
        ("a page", 6),
        // What no caller of the contract can read, either.
        ("entry N has no \"=\"", 37),
        ("entry N is nil", 10),
        ("the variable Authentication is missing", 63),
        ("the variable Registration is missing", 2),
        ("the variable TicketCreation is missing", 4),
        ("the provider returned null", 6),
        ("the character U+0001 is not allowed in XML 1.0", 1),
    ];
    assert_eq!(answers.0, expected(&[&carried[..], &not_carried[..]].concat()));
}
