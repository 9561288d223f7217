//! A provider as an owner wrote it in 2008 after the vendor's sample: what did not come is null, and
//! nobody looked. Every operation, with the fewest arguments, must work there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use external_providers::client::CallError;
use external_providers::contract::raw::{Presence, RawResult};
use external_providers::contract::{Absent, Kind, OPERATIONS, Operation, StartTicket, dispatch};
use external_providers::gateway::Gateway;
use external_providers::host::{RawAnswer, RawCall, RawError, RawProvider, Service};
use external_providers::sample::Sample;
use external_providers::settings::{ExternalService, Settings};
use external_providers::soap::SoapVersion;
use external_providers::{Client, Host};

use crate::support::{Folder, tool};

const PASSWORD: &str = "s3cret-of-the-owner";

struct Owner;

/// `null.ToLowerInvariant()`
fn lower(value: Option<&String>) -> Result<String, RawError> {
    let null = || RawError::exception("Object reference not set to an instance of an object.");
    Ok(value.ok_or_else(null)?.to_lowercase())
}

impl RawProvider for Owner {
    fn call<'a>(&'a self, call: RawCall<'a>) -> RawAnswer<'a> {
        RawAnswer::Answered(Box::pin(async move {
            let operation = call.operation;
            let variables: BTreeMap<String, String> =
                call.admit()?.iter().map(|(key, value)| (key.into(), value.into())).collect();
            let mut read = Vec::new();
            for known in operation.inputs {
                let value = variables.get(known.name);
                // The vendor's sample itself asks whether these two came.
                let asked = ["location", "interactiontype"].contains(&known.name);
                read.push(match value {
                    None if asked => "(null)".to_owned(),
                    value => lower(value)?,
                });
            }
            let decision = match operation.kind {
                Kind::Login => "Authentication=OK",
                Kind::CustomFields => "CanStartTickets=True",
                Kind::Ticket => "TicketCreation=TRUE",
                Kind::LiveChat => "ChatCreation=TRUE",
                Kind::UserInformation => "UserFound=TRUE",
                Kind::Events => "Handled=TRUE",
                Kind::Registration => "Registration=OK",
                other => panic!("{other}"),
            };
            Ok(Presence::Value(RawResult {
                success: true,
                message: Presence::Value(read.join("|")),
                output_variables: Presence::Value([decision].into_iter().collect()),
                custom_field_data_items: match operation.kind.has_items() {
                    true => Presence::Value(Vec::new()),
                    false => Presence::Absent,
                },
            }))
        }))
    }
}

async fn host() -> SocketAddr {
    let sample = Arc::new(Sample);
    let service = Service::new("/Owner.asmx", PASSWORD)
        .login(Arc::clone(&sample))
        .custom_fields(Arc::clone(&sample))
        .ticket(Arc::clone(&sample))
        .live_chat(Arc::clone(&sample))
        .user_information(Arc::clone(&sample))
        .events(Arc::clone(&sample))
        .registration(sample)
        .raw(Arc::new(Owner));
    let host = Host::builder().service(service).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

/// The operations with the fewest arguments that the command line takes, and what the owner reads.
const FEWEST: [(&[&str], &str); 8] = [
    (&["Authenticate", "loginUsername=U", "loginPassword=P"], "u|p"),
    (&["GetSignInCookieInfo", "loginUsername=U"], "u"),
    (&["GetCustomFieldOptions"], "||(null)|(null)"),
    (&["StartTicket"], "||||"),
    (&["StartChat"], "||"),
    (&["GetUserInfo"], "|||"),
    (&["HandleEvent", "eventName=E"], "e"),
    (&["RegisterUser", "loginUsername=U", "loginPassword=P"], "u|p||"),
];

/// Has the operation variables that need not be given, of those that are sent empty?
fn leaves_out(operation: &str) -> bool {
    ["GetCustomFieldOptions", "StartTicket", "StartChat", "GetUserInfo", "RegisterUser"]
        .contains(&operation)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fewest_arguments_are_enough_on_the_command_line() {
    let url = format!("http://{}/Owner.asmx", host().await);
    let call = |arguments: &[&str]| {
        let arguments = [&["call"], arguments, &["--url", &url, "--json"]].concat();
        let output = tool(&arguments, PASSWORD).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), json)
    };
    for (arguments, read) in FEWEST {
        for soap in ["1.1", "1.2"] {
            let (code, json) = call(&[arguments, &["--soap", soap]].concat());
            assert_eq!((code, &json["message"]), (0, &read.into()), "{arguments:?}");
            // The owner is as strict as is meant.
            let (code, json) = call(&[arguments, &["--soap", soap, "--absent", "omit"]].concat());
            match leaves_out(arguments[0]) {
                true => {
                    assert_eq!((code, json["error"]["kind"].as_str()), (6, Some("fault")));
                    let text = json["error"]["text"].as_str().unwrap();
                    assert!(text.contains("Object reference not set"), "{text}");
                }
                false => assert_eq!((code, &json["message"]), (0, &read.into()), "{arguments:?}"),
            }
        }
    }
    // What is given empty is sent so, but for the two that are never sent empty.
    let given = ["location=", "interactiontype=", "departmentName=D", "loginUsername="];
    let given = [&["GetCustomFieldOptions", "--absent", "omit"], &given[..]].concat();
    assert_eq!(call(&given).1["message"], "|d|(null)|chat");
}

async fn calls<T: Operation + Default>(address: SocketAddr) {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let url = format!("http://{address}/Owner.asmx");
        let builder = Client::builder(&url, PASSWORD).soap_version(version);
        let answer = builder.clone().build().unwrap().call(T::default()).await;
        assert!(answer.is_ok(), "{}: {:?}", T::NAME, answer.err());
        let strict = builder.absent(Absent::Omit).build().unwrap().call(T::default()).await;
        match leaves_out(T::NAME) {
            true => assert!(matches!(strict, Err(CallError::Fault(_))), "{}", T::NAME),
            false => assert!(strict.is_ok(), "{}", T::NAME),
        }
    }
}

#[tokio::test]
async fn the_typed_client_needs_no_values() {
    let address = host().await;
    for info in OPERATIONS {
        dispatch!(info, T => calls::<T>(address).await);
    }
    assert_eq!(OPERATIONS.len(), FEWEST.len());
}

#[tokio::test]
async fn a_tab_says_what_its_calls_leave_out() {
    let address = host().await;
    for (absent, works) in [("", true), ("absent = 'empty'", true), ("absent = 'omit'", false)] {
        let text = format!(
            "[options]\nticket = true\n[ticket]\nprovider = 'external'\npassword = '{PASSWORD}'\n\
             url = 'http://{address}/Owner.asmx'\n{absent}\n"
        );
        let settings = Settings::parse(&text, "s.toml").unwrap();
        let providers = Gateway::builder(settings).build().unwrap();
        let answer = providers.start_ticket(StartTicket::default()).await;
        assert_eq!(answer.is_ok(), works, "{absent}: {answer:?}");
    }
    let error = Settings::parse("[ticket]\nabsent = 'emtpy'", "s.toml").unwrap_err().to_string();
    assert!(error.contains("did you mean \"empty\"?"), "{error}");
    assert_eq!(ExternalService::new(Kind::Ticket, "", "").absent, Absent::Empty);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_nothing_wrong_but_with_what_is_left_out() {
    let url = format!("http://{}/Owner.asmx", host().await);
    let folder = Folder::new("owner");
    let tab = |absent: &str| {
        let text = format!(
            "[options]\ncustom_fields = true\n[custom_fields]\nprovider = 'external'\n\
             password = '{PASSWORD}'\nurl = '{url}'\nabsent = '{absent}'\n"
        );
        folder.file(&format!("{absent}.toml"), text).to_str().unwrap().to_owned()
    };
    let (empty, omit) = (tab("empty"), tab("omit"));
    for (arguments, code) in [
        (vec!["--url", &url, "--kind", "custom_fields"], 0),
        (vec!["--url", &url, "--kind", "custom_fields", "--absent", "omit"], 9),
        (vec!["--settings", &empty], 0),
        (vec!["--settings", &omit], 9),
    ] {
        let arguments = [&["check", "--round-trips", "1"], &arguments[..]].concat();
        let output = tool(&arguments, PASSWORD).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {said}");
        assert_eq!(said.contains("Object reference not set"), code != 0, "{said}");
    }
}
