//! A provider of 2008 (`Owner.cs`), to which what did not come is null: every operation, with the
//! fewest arguments, works there.

use std::process::Command;

use external_providers::client::CallError;
use external_providers::contract::{Absent, OPERATIONS, Operation, OperationInfo, dispatch};
use external_providers::soap::SoapVersion;
use external_providers::{Client, Secret};

use crate::{base, password};

/// Has the operation variables that are sent, though nobody gave them?
fn leaves_out(operation: &str) -> bool {
    OperationInfo::named(operation).unwrap().inputs.iter().any(|input| !input.required)
}

#[test]
fn the_fewest_arguments_are_enough_on_the_command_line() {
    for (arguments, read) in [
        (&["Authenticate", "loginUsername=U", "loginPassword=P"][..], "u|p"),
        (&["GetSignInCookieInfo", "loginUsername=U"], "u"),
        (&["GetCustomFieldOptions"], "||(null)|(null)"),
        (&["StartTicket"], "||||"),
        (&["StartChat"], "||"),
        (&["GetUserInfo"], "|||"),
        (&["HandleEvent", "eventName=E"], "e"),
        (&["RegisterUser", "loginUsername=U", "loginPassword=P"], "u|p||"),
    ] {
        for soap in ["1.1", "1.2"] {
            let call = |absent: &str| {
                let output = Command::new(env!("CARGO_BIN_EXE_external-providers"))
                    .arg("call")
                    .args(arguments)
                    .args(["--url", &format!("{}Owner.asmx", base()), "--soap", soap])
                    .args(["--absent", absent, "--json"])
                    .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", password())
                    .output()
                    .unwrap();
                let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                (output.status.code().unwrap(), json)
            };
            let (code, json) = call("empty");
            assert_eq!((code, &json["message"]), (0, &read.into()), "{arguments:?} {json}");
            // The service is as strict as is meant.
            let (code, json) = call("omit");
            assert_eq!(code, if leaves_out(arguments[0]) { 6 } else { 0 }, "{arguments:?} {json}");
        }
    }
}

async fn calls<T: Operation + Default>() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let builder = Client::builder(&format!("{}Owner.asmx", base()), Secret::new(password()))
            .soap_version(version);
        let answer = builder.clone().build().unwrap().call(T::default()).await;
        assert!(answer.is_ok(), "{}: {:?}", T::NAME, answer.err());
        let strict = builder.absent(Absent::Omit).build().unwrap().call(T::default()).await;
        let fault = matches!(strict, Err(CallError::Fault(_)));
        assert_eq!(fault, leaves_out(T::NAME), "{}", T::NAME);
    }
}

#[test]
fn the_typed_client_needs_no_values() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for info in OPERATIONS {
            dispatch!(info, T => calls::<T>().await);
        }
    });
}
