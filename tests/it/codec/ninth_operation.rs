//! An operation that the crate has never heard of goes everywhere that the contract's go: codec,
//! client, host, gateway, recording, replay, the contract check and the words for people.

use std::sync::Arc;

use external_providers::client::CallError;
use external_providers::contract::{
    Answer, Failure, Kind, NOBODY, NameSource, OPERATIONS, Operation, OperationInfo,
    OperationResult, ProviderError, ProviderResult, SideEffect, Sink, VariableError, VariableInfo,
    Variables, Verdict, optional, required,
};
use external_providers::gateway::Gateway;
use external_providers::host::{Host, Service};
use external_providers::http::{HttpRequest, HttpResponse};
use external_providers::inspect::{ContractCheck, Severity};
use external_providers::record::{Mode, Recorder, Recording};
use external_providers::redact::Rules;
use external_providers::replay::Replay;
use external_providers::sample::Sample;
use external_providers::secret::{Mask, Secret};
use external_providers::settings::{ExternalService, Settings};
use external_providers::soap::{Binding, EncodeError, SoapVersion};
use external_providers::{Client, fixture};

use crate::client::library::InProcess;
use crate::host::http::{exchange, get};
use crate::support::Folder;

const TICKET_NUMBER: &str = "ticketNumber";
const REASON: &str = "reason";
const RATING: &str = "TicketRating";
/// More than the codec has room for without an allocation.
const NOTES: [&str; 9] =
    ["note1", "note2", "note3", "note4", "note5", "note6", "note7", "note8", "note9"];

/// Rate this ticket.
#[derive(Debug, Clone, PartialEq, Default)]
struct RateTicket {
    ticket_number: String,
    reason: Option<String>,
    other: Variables,
}

#[derive(Debug, Clone, PartialEq)]
enum Rating {
    Rated { notes: Vec<Option<String>> },
    Refused,
}

impl Operation for RateTicket {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "RateTicket";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    const NAME_SOURCE: NameSource = NameSource::Convention;
    const INPUTS: &'static [VariableInfo] = &[required(TICKET_NUMBER), optional(REASON)];
    const OUTPUTS: &'static [&'static str] = {
        let [a, b, c, d, e, f, g, h, i] = NOTES;
        &[RATING, a, b, c, d, e, f, g, h, i]
    };
    type Result = Rating;

    fn probe() -> Self {
        Self { ticket_number: NOBODY.to_owned(), ..Default::default() }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put(TICKET_NUMBER, &self.ticket_number);
        sink.put_input(REASON, self.reason.as_deref());
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self {
            ticket_number: inputs.require(TICKET_NUMBER)?,
            reason: inputs.take(REASON),
            other: inputs,
        })
    }

    fn write_outputs<S: Sink>(result: &Rating, sink: &mut S) {
        match result {
            Rating::Rated { notes } => {
                sink.put(RATING, "OK");
                for (name, note) in NOTES.into_iter().zip(notes) {
                    sink.put_optional(name, note.as_deref());
                }
            }
            Rating::Refused => sink.put(RATING, "FAIL"),
        }
    }

    fn read_outputs(outputs: &mut Variables) -> Result<Rating, VariableError> {
        Ok(match outputs.require(RATING)?.as_str() {
            "OK" => Rating::Rated { notes: NOTES.map(|name| outputs.take(name)).into() },
            _ => Rating::Refused,
        })
    }
}

impl OperationResult for Rating {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Rated { .. } => Verdict::Yes("rated"),
            Self::Refused => Verdict::Refused,
        }
    }
}

fn rate(number: &str) -> RateTicket {
    RateTicket { ticket_number: number.into(), reason: Some("spam".into()), ..Default::default() }
}

fn rated() -> Rating {
    Rating::Rated { notes: NOTES.map(|name| Some(format!("the {name}"))).into() }
}

async fn provider(request: RateTicket) -> ProviderResult<RateTicket> {
    match request.ticket_number.as_str() {
        "1" => Ok(Answer::new(rated(), "Ticket Rated")),
        "" => Err(ProviderError::failure(Failure::REQUIRED_INPUT_MISSING)),
        _ => Ok(Answer::new(Rating::Refused, "No such ticket")),
    }
}

fn host() -> Host {
    let service = Service::new("/Provider.asmx", "s3cret").operation(provider).ticket(Sample);
    Host::builder().service(service).build().unwrap()
}

fn client(password: &str) -> Client<InProcess> {
    let builder = Client::builder("http://localhost/Provider.asmx", password);
    builder.build().unwrap().over(|_| InProcess(host()))
}

#[test]
fn the_codec_writes_and_reads_it() {
    let (password, mask) = (Secret::new("s3cret"), Mask::default());
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let binding = Binding::new("urn:site", version);
        let request: HttpRequest =
            binding.encode_request("/Provider.asmx", Some(&password), &rate("1")).unwrap();
        let call = binding.decode_request::<RateTicket>(&request).unwrap();
        assert_eq!((call.auth_password, call.request), (Some(password.clone()), rate("1")));
        for result in [rated(), Rating::Refused] {
            let answer = Answer::new(result, "m");
            let response: HttpResponse =
                binding.encode_response::<RateTicket>(Ok(&answer)).unwrap();
            let read = binding.decode_response::<RateTicket>(&response, &mask).unwrap();
            assert_eq!(read, Ok(answer));
        }
    }
    // Neither its inputs nor the last of many outputs can be overridden.
    let binding = Binding::default();
    for name in [TICKET_NUMBER, REASON] {
        let request = RateTicket { other: Variables::from([(name, "x")]), ..rate("1") };
        let error = binding.encode_request("/", None, &request).unwrap_err();
        assert!(matches!(error, EncodeError::Reserved { key, .. } if key == name));
    }
    for name in NOTES {
        let mut answer = Answer::new(rated(), "m");
        answer.other.push(name, "x");
        let error = binding.encode_response::<RateTicket>(Ok(&answer)).unwrap_err();
        assert!(matches!(error, EncodeError::Reserved { key, .. } if key == name));
    }
}

#[tokio::test]
async fn client_and_host_speak_it() {
    let answer = client("s3cret").call(rate("1")).await.unwrap();
    assert_eq!((answer.result, answer.message.as_deref()), (rated(), Some("Ticket Rated")));
    assert_eq!(client("s3cret").call(rate("2")).await.unwrap().result, Rating::Refused);
    for (password, number, message) in [
        ("wrong", "1", Failure::PERMISSION_DENIED),
        ("s3cret", "", Failure::REQUIRED_INPUT_MISSING),
    ] {
        match client(password).call(rate(number)).await {
            Err(CallError::Failure(failure)) => assert_eq!(failure.message.unwrap(), message),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_gateway_calls_it() {
    let gateway = Gateway::builder(Settings::default()).operation(provider).build().unwrap();
    assert_eq!(gateway.call(rate("1")).await.unwrap(), None, "the kind is not enabled");

    let mut settings = Settings::default();
    settings.enable_built_in(Kind::Ticket);
    let gateway = Gateway::builder(settings).operation(provider).build().unwrap();
    assert_eq!(gateway.call(rate("1")).await.unwrap().unwrap().result, rated());

    let server = host().bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/Provider.asmx", server.local_addr());
    tokio::spawn(server.serve(std::future::pending()));
    let mut settings = Settings::default();
    settings.enable(ExternalService::new(Kind::Ticket, url, "s3cret"));
    let gateway = Gateway::builder(settings).build().unwrap();
    assert_eq!(gateway.call(rate("2")).await.unwrap().unwrap().result, Rating::Refused);
}

#[tokio::test]
async fn it_is_recorded_checked_and_replayed() {
    let scratch = Folder::new("ninth");
    let recording = Arc::new(Recording::open(scratch.path(), Mode::New, Rules::default()).unwrap());
    let client = client("s3cret").over(|inner| Recorder::new(inner, Arc::clone(&recording)));
    let more = Variables::from([("reasons", "more")]);
    let request = RateTicket { other: more, ..rate("1") };
    let answer = client.call(request.clone()).await.unwrap();
    recording.flush();
    let fixtures = fixture::load(scratch.path()).unwrap();
    assert_eq!(fixtures[0].operation.as_deref(), Some(RateTicket::NAME));

    let check = |check: ContractCheck| -> Vec<String> {
        check.check(&fixtures[0]).iter().map(ToString::to_string).collect()
    };
    let found = check(ContractCheck::new(&fixtures));
    let unknown = "note: request: RateTicket is not a contract operation";
    assert!(found.len() == 1 && found[0].starts_with(unknown), "{found:?}");
    let found = check(ContractCheck::new(&fixtures).operation::<RateTicket>());
    assert_eq!(
        found,
        [
            "note: request: the contract does not name the variable \"reasons\" (did you mean reason?)"
        ]
    );
    // An answer that is not its own is found.
    let mut broken = fixtures[0].clone();
    if let external_providers::http::Outcome::Answered(answered) = &mut broken.outcome {
        let body = String::from_utf8(answered.response.body.clone()).unwrap();
        answered.response.body = body.replace(RATING, "TicketCreation").into_bytes();
    }
    let found = ContractCheck::new(&fixtures).operation::<RateTicket>().check(&broken);
    assert!(
        found.iter().any(|f| f.severity == Severity::Error && f.text.contains(RATING)),
        "{found:?}"
    );

    let replayed = client.over(|_| Replay::new(fixtures.clone()).unwrap());
    assert_eq!(replayed.call(request).await.unwrap(), answer);
}

#[tokio::test]
async fn people_read_of_it() {
    let info = OperationInfo::of::<RateTicket>();
    assert_eq!(info.to_string(), "RateTicket (c): ticketNumber*, reason");
    assert_eq!([rated(), Rating::Refused].map(|r| r.verdict().word()), ["rated", "refused"]);
    assert!(OperationInfo::named(info.name).is_none() && !OPERATIONS.contains(info));

    let server = host().bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let wsdl =
        Client::builder(&format!("http://{address}/Provider.asmx"), "").discover().await.unwrap();
    assert!(wsdl.description.operation_names().contains(&RateTicket::NAME));
    let page = exchange(address, get("/Provider.asmx")).await;
    assert!(page.contains(">RateTicket</a> (changes something at the provider)"), "{page}");
}
