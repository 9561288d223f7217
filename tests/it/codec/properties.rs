//! What holds for any input: whatever is encoded decodes to itself, and nothing makes the decoder
//! panic.

use external_providers::contract::raw::{Presence, RawInputs, RawResult, StringList};
use external_providers::contract::{
    Absent, Answer, Authenticate, Authentication, EventHandled, GetCustomFieldOptions,
    GetSignInCookieInfo, GetUserInfo, HandleEvent, Operation, OperationInfo, RegisterUser, Start,
    StartChat, StartTicket, Variables,
};
use external_providers::http::{Headers, HttpRequest, HttpResponse};
use external_providers::secret::Mask;
use external_providers::soap::{Binding, Envelope, Limits, SoapVersion};
use proptest::prelude::*;

/// Any text that XML can hold and that a reader gives back (CR becomes LF).
fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        '<',
        '>',
        '&',
        '"',
        '\'',
        '=',
        ' ',
        '\t',
        '\n',
        ']',
        '\u{85}',
        '\u{2028}',
        '\u{feff}',
        '\u{fdd0}',
        '\u{fffd}',
        'é',
        '😀',
        '\u{10ffff}',
    ]);
    let legal = any::<char>().prop_filter(
        "XML 1.0 Char without CR",
        |c| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
    );
    prop::collection::vec(prop_oneof![legal, awkward], 0..24)
        .prop_map(|chars| chars.into_iter().collect())
}

/// A key that no contract names: with a prefix of its own, without `=`.
fn key() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("x{}", text.replace('=', "")))
}

fn variables() -> impl Strategy<Value = Variables> {
    prop::collection::vec((key(), text()), 0..6).prop_map(|all| all.into_iter().collect())
}

/// Custom fields, each once: of duplicates a reader keeps the last.
fn custom_fields() -> impl Strategy<Value = Variables> {
    prop::collection::btree_map(key(), text(), 0..6).prop_map(|all| all.into_iter().collect())
}

fn binding() -> impl Strategy<Value = Binding> {
    let namespaces = vec!["http://tempuri.org/", "urn:a b", "http://e.com/x?a=1&b=\"2\"<>", "x"];
    (prop::sample::select(namespaces), any::<bool>()).prop_map(|(namespace, first)| {
        Binding::new(namespace, if first { SoapVersion::V11 } else { SoapVersion::V12 })
    })
}

fn list() -> impl Strategy<Value = Presence<StringList>> {
    let entries = prop::collection::vec(prop::option::of(text()), 0..6);
    prop_oneof![
        Just(Presence::Absent),
        Just(Presence::Nil),
        entries.prop_map(|entries| Presence::Value(StringList(entries))),
    ]
}

fn request_survives<T: Operation + PartialEq + std::fmt::Debug>(
    binding: &Binding,
    password: &str,
    request: T,
) -> Result<(), TestCaseError> {
    let password = external_providers::Secret::new(password);
    let as_given = binding.clone().with_absent(Absent::Omit);
    let http = as_given.encode_request("/p.asmx", Some(&password), &request).unwrap();
    let call = binding.decode_request::<T>(&http).unwrap();
    prop_assert_eq!(&call.request, &request);
    prop_assert_eq!(call.auth_password.as_ref(), Some(&password));
    // What has no value is sent empty, what has one as it is.
    let http = binding.encode_request("/p.asmx", Some(&password), &request).unwrap();
    let filled = binding.decode_request::<T>(&http).unwrap().request;
    let known = OperationInfo::named(T::NAME).unwrap().inputs;
    let (given, filled) = (written(&request), written(&filled));
    for name in known.iter().map(|known| known.name) {
        let empty = (!["location", "interactiontype"].contains(&name)).then_some("");
        prop_assert_eq!(filled.get(name), given.get(name).or(empty), "{}", name);
    }
    let further = |all: &Variables| {
        all.iter()
            .filter(|(key, _)| known.iter().all(|k| k.name != *key))
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
    };
    prop_assert_eq!(further(&filled), further(&given));
    let sent_again =
        as_given.encode_request("/p.asmx", Some(&password), &T::read_inputs(filled).unwrap());
    prop_assert_eq!(sent_again.unwrap().body, http.body, "the order is the contract's");
    Ok(())
}

fn written<T: Operation>(request: &T) -> Variables {
    let mut variables = Variables::new();
    request.write_inputs(&mut variables);
    variables
}

/// Reads anything at both ends.
fn read_anything(content_type: &str, status: u16, body: Vec<u8>) {
    let mut headers = Headers::new();
    headers.push("Content-Type", content_type.to_owned());
    let response = HttpResponse { status, headers: headers.clone(), body: body.clone() };
    let request = HttpRequest { method: "POST".into(), target: "/".into(), headers, body };
    let binding = Binding::default();
    let mask = Mask::new([&external_providers::Secret::new("a<é&b"), &"m".into()]);
    let _ = binding.decode_response::<Authenticate>(&response, &mask);
    let _ = binding.decode_response::<GetCustomFieldOptions>(&response, &Mask::default());
    let _ = binding.decode_request::<StartTicket>(&request);
    let _ = Envelope::read(&request, "http://tempuri.org/", &Limits::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_survive(
        binding in binding(), password in text(), fields in custom_fields(), other in variables(),
        a in text(), b in text(), c in prop::option::of(text()), d in prop::option::of(text()),
    ) {
        request_survives(&binding, &password, Authenticate {
            login_username: a.clone(),
            login_password: b.clone().into(),
            other: other.clone(),
        })?;
        request_survives(&binding, &password, StartTicket {
            login_username: c.clone(),
            email_from: d.clone(),
            subject: c.clone(),
            custom_fields: fields.clone(),
            other: other.clone(),
            ..Default::default()
        })?;
        request_survives(&binding, &password, StartChat {
            department_name: d.clone(),
            custom_fields: fields.clone(),
            ..Default::default()
        })?;
        request_survives(&binding, &password, GetCustomFieldOptions {
            login_username: d.clone(),
            // Empty, these two are never sent.
            location: c.clone().filter(|place| !place.is_empty()),
            interaction_type: d.clone().filter(|kind| !kind.is_empty()),
            custom_fields: fields.clone(),
            ..Default::default()
        })?;
        request_survives(&binding, &password, GetUserInfo {
            email_from: c.clone(),
            ticket_number: d.clone(),
            other: other.clone(),
            ..Default::default()
        })?;
        request_survives(&binding, &password, GetSignInCookieInfo {
            login_username: a.clone(),
            other: other.clone(),
        })?;
        request_survives(&binding, &password, RegisterUser {
            login_username: a.clone(),
            login_password: b.into(),
            email_address: c,
            display_name: d,
            custom_fields: fields,
            other: other.clone(),
        })?;
        request_survives(&binding, &password, HandleEvent { event_name: a, other })?;
    }

    #[test]
    fn custom_fields_read_as_a_dictionary_of_full_keys_and_then_of_names(
        entries in prop::collection::vec(("cf_|CF_|Cf_|cF_", "[xyX]{0,1}", 0..9u8), 0..12),
    ) {
        let mut keys: Vec<(String, u8)> = Vec::new();
        for (prefix, name, value) in &entries {
            let key = format!("{prefix}{name}");
            match keys.iter_mut().find(|(known, _)| *known == key) {
                Some((_, last)) => *last = *value,
                None => keys.push((key, *value)),
            }
        }
        let mut names: Vec<(String, String)> = Vec::new();
        for (key, value) in keys.iter().filter(|(key, _)| key.len() > 3) {
            match names.iter_mut().find(|(known, _)| known == &key[3..]) {
                Some((_, last)) => *last = value.to_string(),
                None => names.push((key[3..].to_owned(), value.to_string())),
            }
        }
        let all = entries.iter().map(|(prefix, name, value)| (format!("{prefix}{name}"), value.to_string()));
        let mut all: Variables = all.collect();
        prop_assert_eq!(all.take_custom_fields(), names.into_iter().collect::<Variables>());
    }

    #[test]
    fn answers_survive(
        binding in binding(), message in prop::option::of(text()), other in variables(),
        a in prop::option::of(text()), fields in custom_fields(),
    ) {
        let login = Answer {
            result: Authentication::Authenticated { email_address: a.clone(), display_name: a.clone() },
            message: message.clone(),
            other: other.clone(),
        };
        let http = binding.encode_response::<Authenticate>(Ok(&login)).unwrap();
        let read = binding.decode_response::<Authenticate>(&http, &Mask::default()).unwrap();
        prop_assert_eq!(read.unwrap(), login);
        let start = Answer {
            result: Start::Allowed { department_name: a, custom_fields: fields },
            message,
            other,
        };
        let http = binding.encode_response::<StartChat>(Ok(&start)).unwrap();
        let read = binding.decode_response::<StartChat>(&http, &Mask::default()).unwrap();
        prop_assert_eq!(read.unwrap(), start);
    }

    #[test]
    fn raw_messages_survive(binding in binding(), list in list(), message in prop::option::of(text())) {
        let result = Presence::Value(RawResult {
            success: true,
            message: message.into(),
            output_variables: list.clone(),
            ..Default::default()
        });
        let http = binding.encode_raw_response("StartTicket", &result).unwrap();
        let read = binding.decode_raw_response("StartTicket", &http, &Mask::default()).unwrap();
        prop_assert_eq!(read, result);
        let inputs = Presence::Value(RawInputs { input_variables: list });
        let http = binding.encode_raw_request("/", "StartTicket", &inputs).unwrap();
        let read = Envelope::read(&http, binding.namespace(), &Limits::default()).unwrap();
        prop_assert_eq!(read.inputs, inputs);
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands(
        secret in "[!-~é😀 ]{4,20}", before in text(), after in text(), limit in 0..200usize,
    ) {
        prop_assume!(secret.trim() == secret && !secret.contains("***"));
        let mask = Mask::new([&external_providers::Secret::new(secret.as_str())]);
        let escaped = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        for form in [secret.clone(), escaped.clone(), escaped.replace('&', "&amp;")] {
            let masked = mask.apply(&format!("{before} {form} {after}"));
            prop_assert!(!masked.contains(&form), "{}", masked);
            mask.apply_to_start(&format!("{before}{form}{after}"), limit);
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(
        body in prop::collection::vec(any::<u8>(), 0..512),
        status in any::<u16>(),
        content_type in "(text/xml|application/soap\\+xml|text/html)(; ?charset=[a-z0-9\"-]{0,12})?",
    ) {
        read_anything(&content_type, status, body);
    }

    #[test]
    fn no_damage_makes_the_decoder_panic(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
        first in any::<bool>(),
    ) {
        let login = Answer {
            result: Authentication::Authenticated { email_address: Some("a<é".into()), display_name: None },
            message: Some("m".into()),
            other: Variables::from([("a", "b")]),
        };
        let binding = Binding::default();
        let mut body = if first {
            binding.encode_response::<Authenticate>(Ok(&login)).unwrap().body
        } else {
            binding.encode_request("/", None, &StartTicket::default()).unwrap().body
        };
        for (index, byte, how) in cuts {
            if body.is_empty() {
                break;
            }
            let at = index.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.truncate(at),
                2 => body.insert(at, byte),
                _ => {
                    body.remove(at);
                }
            }
        }
        read_anything("text/xml; charset=utf-8", 200, body);
    }

    #[test]
    fn what_dotnet_writes_is_read_as_if_another_had_written_it(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "[<>/&\"' =a:;\\]\r\u{1}\u{feff}]", 0..4u8), 0..4),
        values in prop::collection::vec(text(), 0..4),
        binding in binding(),
        is_answer in any::<bool>(),
    ) {
        let other: Variables = values.into_iter().map(|value| ("k".to_owned(), value)).collect();
        let body = if is_answer {
            let answer = Answer { result: EventHandled, message: None, other };
            binding.encode_response::<HandleEvent>(Ok(&answer)).unwrap().body
        } else {
            let event = HandleEvent { event_name: "e".into(), other };
            binding.encode_request("/", None, &event).unwrap().body
        };
        let mut body = String::from_utf8(body).unwrap();
        let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
        for (index, new, how) in cuts {
            let at = declaration.len() + index.index(body.len() - declaration.len());
            let at = (at..).find(|&at| body.is_char_boundary(at)).unwrap();
            match how {
                0 => body.insert_str(at, &new),
                1 => body.truncate(at),
                2 => body.insert_str(at, "</soap:Envelope>"),
                _ if at == body.len() => {}
                _ => {
                    body.remove(at);
                }
            }
        }
        // As long, so that errors name the same places.
        let other = body.replacen(declaration, &declaration.replace('"', "'"), 1);
        prop_assert_ne!(&body, &other);
        let say = |body: String| {
            let mut headers = Headers::new();
            headers.push("Content-Type", "text/xml; charset=utf-8");
            let body = body.into_bytes();
            let response = HttpResponse { status: 200, headers: headers.clone(), body: body.clone() };
            let request = HttpRequest { method: "POST".into(), target: "/".into(), headers, body };
            let answer = binding.decode_response::<HandleEvent>(&response, &Mask::default());
            (format!("{answer:?}"), Envelope::read(&request, binding.namespace(), &Limits::default()))
        };
        prop_assert_eq!(say(body), say(other));
    }
}
