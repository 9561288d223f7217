//! Our client and command line against a real ASMX service: the C# sample provider of this folder
//! on Mono. Run by `run.sh`, which starts the service and says where it is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod check;
mod differential;
mod json_provider;
mod owner;
mod provider_file;
mod providers;

use std::process::Command;

use external_providers::client::CallError;
use external_providers::contract::raw::{Presence, RawInputs, RawResult, StringList};
use external_providers::contract::{
    Answer, Authenticate, Authentication, CustomFieldChange, EventHandled, Failure,
    GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent, Operation, RegisterUser,
    Registration, Start, StartChat, StartTicket, UserInformation, Variables,
};
use external_providers::soap::{FaultCode, SoapVersion};
use external_providers::{Client, Secret, sample};

/// The second namespace that the C# service offers, below `/other/`.
const OTHER: (&str, &str) = ("other/", "urn:example:helpdesk/providers");

fn base() -> String {
    std::env::var("INTEROP_URL")
        .expect("INTEROP_URL must say where the C# service is: run tests/interop/run.sh")
}

fn password() -> String {
    std::env::var("INTEROP_PASSWORD").unwrap_or_else(|_| "s3cret".to_owned())
}

struct Peer {
    folder: &'static str,
    namespace: &'static str,
    version: SoapVersion,
    password: Secret,
}

impl Peer {
    fn client<T: Operation>(&self) -> Client {
        let page = sample::path(T::KIND).trim_start_matches('/');
        Client::builder(&format!("{}{}{page}", base(), self.folder), self.password.clone())
            .namespace(self.namespace)
            .soap_version(self.version)
            .build()
            .unwrap()
    }

    async fn call<T: Operation>(&self, request: T) -> Result<Answer<T::Result>, CallError> {
        self.client::<T>().call(request).await
    }
}

/// Both versions, in both namespaces.
fn peers() -> Vec<Peer> {
    let mut peers = Vec::new();
    for (folder, namespace) in [("", "http://tempuri.org/"), OTHER] {
        for version in [SoapVersion::V11, SoapVersion::V12] {
            peers.push(Peer { folder, namespace, version, password: password().into() });
        }
    }
    peers
}

/// Runs a test with every peer.
fn with_peers(test: impl AsyncFn(&Peer)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for peer in peers() {
        runtime.block_on(test(&peer));
    }
}

fn declined<T>(result: Result<T, CallError>) -> Failure {
    match result {
        Err(CallError::Failure(failure)) => *failure,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("answered"),
    }
}

fn user(password: &str) -> Authenticate {
    Authenticate {
        login_username: "myusername".into(),
        login_password: password.into(),
        ..Default::default()
    }
}

fn my_username() -> Authentication {
    Authentication::Authenticated {
        email_address: Some("myusername@example.com".into()),
        display_name: Some("My Username".into()),
    }
}

#[test]
fn logins() {
    with_peers(async |peer| {
        let answer = peer.call(user("mypassword")).await.unwrap();
        assert_eq!(answer, Answer::new(my_username(), "Login Successful"));
        let answer = peer.call(user("wrong")).await.unwrap();
        assert_eq!(answer, Answer::new(Authentication::Refused, "Login Failure"));
        let missing = declined(peer.call(user("")).await);
        assert_eq!(missing, Failure::new(Failure::REQUIRED_INPUT_MISSING));

        let cookie =
            |name: &str| GetSignInCookieInfo { login_username: name.into(), ..Default::default() };
        let answer = peer.call(cookie("myusername")).await.unwrap();
        assert_eq!(answer.result, my_username());
        let answer = peer.call(cookie("else")).await.unwrap();
        assert_eq!(answer.result, Authentication::Refused);
    });
}

#[test]
fn a_wrong_web_service_password_is_refused() {
    with_peers(async |peer| {
        let wrong = Peer { password: "wr<ong>".into(), ..*peer };
        let failure = declined(wrong.call(user("mypassword")).await);
        assert!(failure.is_permission_denied() && failure.outputs.is_empty());
        let failure = declined(wrong.call(GetCustomFieldOptions::default()).await);
        assert!(failure.is_permission_denied());
    });
}

#[test]
fn custom_fields() {
    with_peers(async |peer| {
        let request = GetCustomFieldOptions {
            login_username: Some("myusername".into()),
            department_name: Some("Support Department".into()),
            location: Some("REGULAR".into()),
            interaction_type: Some("TICKET".into()),
            ..Default::default()
        };
        let answer = peer.call(request).await.unwrap();
        let options = answer.result;
        assert_eq!((options.can_start_tickets, options.can_start_chats), (Some(true), Some(true)));
        let list = |name: &str, required, options: &[&str]| CustomFieldChange {
            name: name.into(),
            visible: Some(true),
            required: Some(required),
            options: Some(options.iter().map(|o| (*o).to_owned()).collect()),
            ..Default::default()
        };
        let notes = |visible| CustomFieldChange {
            name: "Notes".into(),
            visible: Some(visible),
            ..Default::default()
        };
        let serial = CustomFieldChange {
            name: "Serial Number".into(),
            visible: Some(true),
            required: Some(false),
            display_with_information_lookup: true,
            ..Default::default()
        };
        let servers = list("Server", true, &["web01", "web02", "db01 (server down)"]);
        assert_eq!(options.items, [servers, serial, notes(true)]);

        let request = GetCustomFieldOptions {
            department_name: Some("Sales Department".into()),
            location: Some("PRE".into()),
            ..Default::default()
        };
        let options = peer.call(request).await.unwrap().result;
        let product = list("Product", false, &["SmallBox", "BigBox", "Box & Sons <special>"]);
        assert_eq!(options.items, [product, notes(false)]);

        let request = GetCustomFieldOptions {
            department_name: Some("Tickets Only".into()),
            ..Default::default()
        };
        let options = peer.call(request).await.unwrap().result;
        assert_eq!((options.can_start_tickets, options.can_start_chats), (Some(true), Some(false)));
    });
}

#[test]
fn tickets_and_chats() {
    with_peers(async |peer| {
        let ticket = |email: &str, subject: &str| StartTicket {
            department_name: Some("Sales Department".into()),
            email_from: Some(email.into()),
            subject: Some(subject.into()),
            ..Default::default()
        };
        let rerouted = |department: &str, fields: &[(&str, &str)]| Start::Allowed {
            department_name: Some(department.into()),
            custom_fields: fields.iter().copied().collect(),
        };
        let answer = peer.call(ticket("a@b", "hello")).await.unwrap();
        assert_eq!(answer, Answer::new(Start::allowed(), "Ticket Allowed"));
        let answer = peer.call(ticket("OutOfTickets@b", "hello")).await.unwrap();
        assert_eq!(answer, Answer::new(Start::Refused, "Out of tickets"));
        let answer = peer.call(ticket("a@b", "so Urgent")).await.unwrap();
        assert_eq!(answer.result, rerouted("Urgent Department", &[]));
        let mut down = ticket("a@b", "urgent");
        down.custom_fields = Variables::from([("Server", "db01 (Server Down)")]);
        let answer = peer.call(down).await.unwrap();
        assert_eq!(answer.result, rerouted("Emergency Department", &[("Priority", "Critical")]));
        let missing = declined(peer.call(StartTicket::default()).await);
        assert_eq!(missing, Failure::new(Failure::REQUIRED_INPUT_MISSING));

        let chat = |email: &str| StartChat {
            department_name: Some("Sales Department".into()),
            email_from: Some(email.into()),
            ..Default::default()
        };
        let answer = peer.call(chat("a@b")).await.unwrap();
        assert_eq!(answer, Answer::new(Start::allowed(), "Chat Allowed"));
        let answer = peer.call(chat("outoftickets")).await.unwrap();
        assert_eq!(answer, Answer::new(Start::Refused, "Out of chats"));
    });
}

#[test]
fn operations_named_by_convention() {
    with_peers(async |peer| {
        let info =
            |email: &str| GetUserInfo { email_from: Some(email.into()), ..Default::default() };
        let answer = peer.call(info("myusername@example.com")).await.unwrap();
        let rows = Variables::from([("DisplayName", "My Username"), ("Plan", "Gold")]);
        assert_eq!(answer, Answer::new(UserInformation::Found { rows }, "User Found"));
        let answer = peer.call(info("else@example.com")).await.unwrap();
        assert_eq!(answer, Answer::new(UserInformation::NotFound, "User Not Found"));

        let event = HandleEvent {
            event_name: "TicketClosed".into(),
            other: Variables::from([("ticketNumber", "1")]),
        };
        let answer = peer.call(event).await.unwrap();
        assert_eq!(answer.result, EventHandled);
        assert_eq!(answer.other, Variables::from([("eventName", "TicketClosed")]));

        let register = |name: &str| RegisterUser {
            login_username: name.into(),
            login_password: "pw".into(),
            ..Default::default()
        };
        let answer = peer.call(register("new")).await.unwrap();
        let registered = Registration::Registered { login_username: Some("new".into()) };
        assert_eq!(answer, Answer::new(registered, "User Registered"));
        let answer = peer.call(register("myusername")).await.unwrap();
        assert_eq!(answer, Answer::new(Registration::Refused, "User Exists"));
    });
}

async fn diagnose(
    peer: &Peer,
    mode: &str,
    more: &[&str],
) -> Result<Presence<RawResult>, CallError> {
    let first = format!("diagnostic={mode}");
    let list: StringList = std::iter::once(first.as_str()).chain(more.iter().copied()).collect();
    let inputs = RawInputs { input_variables: Presence::Value(list) };
    peer.client::<GetCustomFieldOptions>()
        .call_raw("GetCustomFieldOptions", Presence::Value(inputs))
        .await
}

#[test]
fn whatever_the_wire_can_say() {
    with_peers(async |peer| {
        let echoed =
            ["m=<b a=\"1\">&amp; ]]>", "s=  a \t b  ", "u=é😀\u{2028}\u{85}\u{feff}", "e="];
        let Presence::Value(result) = diagnose(peer, "echo", &echoed).await.unwrap() else {
            panic!("no result")
        };
        let Presence::Value(list) = result.output_variables else { panic!("no outputs") };
        let expected: StringList = std::iter::once("diagnostic=echo").chain(echoed).collect();
        assert_eq!(list, expected);

        assert_eq!(diagnose(peer, "nullresult", &[]).await.unwrap(), Presence::Absent);
        let nothing = RawResult { success: true, ..Default::default() };
        assert_eq!(diagnose(peer, "nullfields", &[]).await.unwrap(), Presence::Value(nothing));
        let Presence::Value(result) = diagnose(peer, "nullentries", &[]).await.unwrap() else {
            panic!("no result")
        };
        assert_eq!(result.message, Presence::Value(String::new()));
        let entries = |all: &[Option<&str>]| {
            Presence::Value(StringList(all.iter().map(|e| e.map(str::to_owned)).collect()))
        };
        let expected = entries(&[None, Some(""), Some("  "), Some("a=b"), None]);
        assert_eq!(result.output_variables, expected);
        let Presence::Value(items) = result.custom_field_data_items else { panic!("no items") };
        assert_eq!(items, [None, Some(Default::default())]);

        let fault = |result| match result {
            Err(CallError::Fault(fault)) => *fault,
            other => panic!("{other:?}"),
        };
        let found = fault(diagnose(peer, "fault", &[]).await);
        assert_eq!(found.code, FaultCode::Server);
        assert!(found.reason.contains("---> deliberate failure <in> & \"GetCustomFieldOptions\""));
        let found = fault(diagnose(peer, "soapexception", &[]).await);
        assert_eq!(found.code, FaultCode::Client);
        assert_eq!(found.actor.as_deref(), Some("urn:diagnostic:actor"));
        assert!(found.detail.unwrap().contains("42"));
        // An entry without "=" makes a legacy provider throw.
        let list = Presence::Value(StringList(vec![Some("nonsense".into())]));
        let inputs = Presence::Value(RawInputs { input_variables: list });
        let client = peer.client::<Authenticate>();
        let found = fault(client.call_raw("Authenticate", inputs).await);
        assert!(found.reason.contains("Index was outside the bounds of the array."));
        assert!(matches!(
            diagnose(peer, "badchar", &["codePoint=1"]).await,
            Err(CallError::Malformed(_))
        ));
        let Presence::Value(big) = diagnose(peer, "big", &["entries=100000"]).await.unwrap() else {
            panic!("no result")
        };
        assert_eq!(big.output_variables.value().unwrap().0.len(), 100_000);
    });
}

#[test]
fn mistakes_are_told_apart() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Another namespace than the service's: the action is not known.
        let client = Client::builder(&format!("{}Provider.asmx", base()), password())
            .namespace("urn:wrong")
            .build()
            .unwrap();
        let error = client.call(user("mypassword")).await.unwrap_err();
        assert!(matches!(&error, CallError::Fault(f) if f.code == FaultCode::Client), "{error}");
        // A path that is not there.
        let client = Client::new(&format!("{}Nowhere.asmx", base()), password()).unwrap();
        let error = client.call(user("mypassword")).await.unwrap_err();
        assert!(matches!(&error, CallError::NotSoap(answer) if answer.status == 404), "{error}");
    });
}

#[test]
fn the_command_line_gives_the_same_answer() {
    for soap in ["1.1", "1.2"] {
        for (folder, namespace) in [("", "http://tempuri.org/"), OTHER] {
            let run = |url: Option<&str>| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_external-providers"));
                command
                    .args(["call", "Authenticate", "loginUsername=myusername"])
                    .args(["loginPassword=mypassword", "--soap", soap, "--namespace", namespace])
                    .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", password());
                if let Some(url) = url {
                    command.args(["--url", url]);
                }
                let output = command.output().unwrap();
                (output.status.code(), String::from_utf8(output.stdout).unwrap())
            };
            let url = format!("{}{folder}Provider.asmx", base());
            let (code, text) = run(Some(&url));
            assert_eq!(code, Some(0), "{text}");
            assert!(text.contains("myusername@example.com"), "{text}");
            assert_eq!((code, text), run(None), "the sample in the process answers the same");
        }
    }
}
