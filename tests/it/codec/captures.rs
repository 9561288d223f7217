//! The codec against what a real ASMX service and real clients sent.

use external_providers::contract::raw::{Presence, RawInputs, StringList};
use external_providers::contract::{
    Absent, Authenticate, GetCustomFieldOptions, OPERATIONS, Operation, OperationInfo, StartChat,
    StartTicket, Variables, dispatch,
};
use external_providers::http::{HttpRequest, HttpResponse};
use external_providers::secret::Mask;
use external_providers::soap::{
    Binding, DEFAULT_NAMESPACE, DecodeError, Envelope, Limits, NonSoapKind, SoapVersion,
};

use crate::support::captures;

const GROUPS: [&str; 8] =
    ["op", "structure", "header", "text", "response", "soapaction", "contenttype", "xml"];

/// The operation whose answer a body is, found as simply as can be.
fn operation_of(body: &str) -> Option<&'static str> {
    OPERATIONS.iter().map(|o| o.name).find(|name| body.contains(&format!("<{name}Response ")))
}

fn version_of(response: &HttpResponse) -> SoapVersion {
    match response.headers.get("Content-Type") {
        Some(value) if value.starts_with("application/soap+xml") => SoapVersion::V12,
        _ => SoapVersion::V11,
    }
}

#[test]
fn every_captured_answer_is_read_and_written_again_byte_for_byte() {
    let mask = Mask::default();
    let (mut results, mut faults, mut empty, mut pages, mut refused) = (0, 0, 0, 0, 0);
    for capture in GROUPS.iter().flat_map(|group| captures(group)) {
        let name = &capture.name;
        let Some(response) = capture.response else { continue };
        let binding = Binding::new(DEFAULT_NAMESPACE, version_of(&response));
        let body = String::from_utf8(response.body.clone()).unwrap();
        let operation = operation_of(&body).unwrap_or("Authenticate");
        match binding.decode_raw_response(operation, &response, &mask) {
            Ok(result) => {
                let again = binding.encode_raw_response(operation, &result);
                // Raw carriage returns read as line feeds, as at every XML parser.
                let body = body.replace("\r\n", "\n").replace('\r', "\n");
                assert_eq!(String::from_utf8(again.unwrap().body).unwrap(), body, "{name}");
                assert_eq!(response.status, 200, "{name}");
                results += 1;
            }
            Err(DecodeError::Fault(fault)) => {
                let again = fault.encode(binding.version());
                assert_eq!(String::from_utf8(again.body).unwrap(), body, "{name}");
                assert_eq!(response.status, 500, "{name}");
                faults += 1;
            }
            Err(DecodeError::NotSoap(answer)) if answer.page == NonSoapKind::Empty => {
                assert!(matches!(response.status, 400 | 415), "{name}");
                assert_eq!(answer.status, response.status, "{name}");
                empty += 1;
            }
            Err(DecodeError::NotSoap(answer)) => {
                assert_eq!(answer.page, NonSoapKind::Html, "{name}");
                pages += 1;
            }
            Err(DecodeError::Malformed(error)) => {
                // .NET wrote a character that no XML parser accepts.
                assert!(name.starts_with("rs-badchar"), "{name}: {error}");
                let text = format!("{error} {}", error.problem);
                assert!(text.contains("line 1, column 365") && text.contains("U+0001"), "{text}");
                refused += 1;
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
    println!(
        "{results} results and {faults} faults byte for byte, {empty} empty answers, {pages} pages, {refused} refused"
    );
    assert!(results >= 140 && faults >= 34 && empty >= 21 && pages >= 2 && refused == 1);
}

#[test]
fn captured_answers_say_what_they_say() {
    let all = captures("op");
    let find = |name: &str| {
        let capture = all.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{name}"));
        capture.response.as_ref().unwrap()
    };
    fn read<T: Operation>(
        response: &HttpResponse,
    ) -> external_providers::contract::Answer<T::Result> {
        Binding::default().decode_response::<T>(response, &Mask::default()).unwrap().unwrap()
    }
    use external_providers::contract::{Authentication, Start};

    let ok = read::<Authenticate>(find("op-authenticate-ok-12"));
    assert_eq!(
        ok.result,
        Authentication::Authenticated {
            email_address: Some("myusername@example.com".into()),
            display_name: Some("My Username".into()),
        }
    );
    assert_eq!(ok.message.as_deref(), Some("Login Successful"));
    let bad = read::<Authenticate>(find("op-authenticate-badlogin-11"));
    assert_eq!(bad.result, Authentication::Refused);
    let denied = Binding::default()
        .decode_response::<Authenticate>(find("op-authenticate-badpw-11"), &Mask::default())
        .unwrap()
        .unwrap_err();
    assert!(denied.is_permission_denied() && denied.outputs.is_empty());

    let down = read::<StartTicket>(find("op-ticket-serverdown-11"));
    assert_eq!(
        down.result,
        Start::Allowed {
            department_name: Some("Emergency Department".into()),
            custom_fields: Variables::from([("Priority", "Critical")]),
        }
    );
    let out = read::<StartTicket>(find("op-ticket-outoftickets-12"));
    assert_eq!((out.result, out.message.as_deref()), (Start::Refused, Some("Out of tickets")));
    assert_eq!(read::<StartChat>(find("op-chat-ok-11")).result, Start::allowed());

    let options = read::<GetCustomFieldOptions>(find("op-cfo-ok-support-11")).result;
    assert_eq!((options.can_start_tickets, options.can_start_chats), (Some(true), Some(true)));
    let names: Vec<_> = options.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["Server", "Serial Number", "Notes"]);
    let server = &options.items[0];
    assert_eq!((server.visible, server.required), (Some(true), Some(true)));
    assert_eq!(server.options.as_deref().unwrap(), ["web01", "web02", "db01 (server down)"]);
    let serial = &options.items[1];
    assert_eq!((serial.required, &serial.options), (Some(false), &None));
    assert!(serial.display_with_information_lookup);
    assert_eq!(options.items[2].required, None);
}

fn read(request: &HttpRequest) -> Envelope {
    Envelope::read(request, DEFAULT_NAMESPACE, &Limits::default()).unwrap()
}

fn operation_in(request: &HttpRequest) -> &'static str {
    let envelope = read(request);
    envelope
        .route(
            |namespace, name| {
                assert_eq!(namespace, DEFAULT_NAMESPACE);
                OPERATIONS.iter().map(|o| o.name).find(|known| *known == name)
            },
            |action| {
                OPERATIONS
                    .iter()
                    .map(|o| o.name)
                    .find(|name| action == format!("{DEFAULT_NAMESPACE}{name}"))
            },
        )
        .unwrap()
}

fn entries(inputs: Presence<RawInputs>) -> Vec<Option<String>> {
    match inputs {
        Presence::Value(RawInputs { input_variables: Presence::Value(StringList(list)) }) => list,
        _ => Vec::new(),
    }
}

/// Typed, where the request can be: what is read is written again as the same message.
fn typed_again(binding: &Binding, request: &HttpRequest, operation: &str) -> Option<HttpRequest> {
    fn again<T: Operation>(binding: &Binding, request: &HttpRequest) -> Option<HttpRequest> {
        let call = binding.decode_request::<T>(request).ok()?;
        binding.encode_request("/Provider.asmx", call.auth_password.as_ref(), &call.request).ok()
    }
    let info = OperationInfo::named(operation).unwrap();
    dispatch!(info, T => again::<T>(binding, request)).unwrap()
}

#[test]
fn requests_equal_those_of_the_dotnet_proxy() {
    let (mut raw, mut typed, mut in_order, mut whole) = (0, 0, 0, 0);
    for (folder, version) in
        [("clients/mono-wsdl-1.1", SoapVersion::V11), ("clients/mono-wsdl-1.2", SoapVersion::V12)]
    {
        let by_default = Binding::new(DEFAULT_NAMESPACE, version);
        let binding = by_default.clone().with_absent(Absent::Omit);
        for capture in captures(folder) {
            let (name, request) = (&capture.name, &capture.request);
            let operation = operation_in(request);
            let inputs = read(request).into_inputs(DEFAULT_NAMESPACE, operation);
            let text = String::from_utf8(request.body.clone()).unwrap();
            let expected = text.replace("\r\n", "\n").replace('\r', "\n");
            let same = |again: &HttpRequest| {
                assert_eq!(String::from_utf8(again.body.clone()).unwrap(), expected, "{name}");
                assert_eq!(again.method, request.method, "{name}");
                assert_eq!(again.target, request.target, "{name}");
                for header in ["Content-Type", "SOAPAction"] {
                    assert_eq!(again.headers.get(header), request.headers.get(header), "{name}");
                }
            };
            same(&binding.encode_raw_request(&request.target, operation, &inputs).unwrap());
            raw += 1;
            if !name.starts_with("diagnostic")
                && let Some(again) = typed_again(&binding, request, operation)
            {
                // The typed layer writes the contract's order, whichever the caller had.
                let sorted = |body: &[u8]| {
                    let text = String::from_utf8(body.to_vec()).unwrap();
                    let mut entries: Vec<_> = text
                        .split("<string>")
                        .map(|entry| entry.split("</string>").next().unwrap().to_owned())
                        .collect();
                    entries.sort();
                    (text.len(), entries)
                };
                assert_eq!(sorted(&again.body), sorted(expected.as_bytes()), "{name}");
                in_order += usize::from(again.body == expected.as_bytes());
                typed += 1;
                // What names all its variables is the same with either rule.
                let info = OPERATIONS.iter().find(|info| info.name == operation).unwrap();
                let left_alone = |name| ["location", "interactiontype"].contains(&name);
                let names_all = info.inputs.iter().all(|variable| {
                    left_alone(variable.name) || text.contains(&format!(">{}=", variable.name))
                });
                let filled = typed_again(&by_default, request, operation).unwrap();
                assert_eq!(filled.body == again.body, names_all, "{name}");
                whole += usize::from(names_all);
            }
        }
    }
    println!(
        "{raw} requests equal from the raw layer, {typed} from the typed one ({in_order} in the caller's order, {whole} with all variables)"
    );
    assert!(raw == 64 && typed >= 30 && in_order >= 15 && whole >= 15);
}

#[test]
fn all_clients_say_the_same() {
    let reference = captures("clients/mono-wsdl-1.1");
    let mut count = 0;
    for folder in ["clients/mono-wsdl-1.2", "clients/php-1.2", "clients/zeep-1.1"] {
        for (capture, reference) in captures(folder).iter().zip(&reference) {
            assert_eq!(capture.name, reference.name);
            let operation = operation_in(&reference.request);
            assert_eq!(operation_in(&capture.request), operation, "{folder}/{}", capture.name);
            let list = |request| {
                // A client may send CR raw (read as LF) or as a reference (read as CR).
                entries(read(request).into_inputs(DEFAULT_NAMESPACE, operation))
                    .into_iter()
                    .map(|entry| entry.map(|e: String| e.replace("\r\n", "\n").replace('\r', "\n")))
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                list(&capture.request),
                list(&reference.request),
                "{folder}/{}",
                capture.name
            );
            count += 1;
        }
    }
    println!("{count} requests of other clients read the same");
    assert_eq!(count, 96);
}
