//! Our client holds a service against `cases.xml`, as the .NET and zeep clients do: the real one, or
//! a recording of it that is replayed.

use std::path::Path;
use std::time::{Duration, Instant};

use external_providers::client::CallError;
use external_providers::contract::raw::{
    Presence, RawCustomFieldData, RawInputs, RawResult, StringList,
};
use external_providers::contract::{OPERATIONS, OperationInfo};
use external_providers::soap::{FaultCode, SoapVersion};
use external_providers::xml::{Limits, Reader};
use external_providers::{Client, sample};

use super::{base, password};

/// A call with what must come back.
struct Case {
    name: String,
    operation: &'static OperationInfo,
    at_least: Duration,
    inputs: Presence<RawInputs>,
    expected: Expected,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Result(Presence<RawResult>),
    Fault { code: FaultCode, text: String, actor: String, detail: String },
    Other(String),
}

#[test]
fn every_case_is_answered_as_it_must_be() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/cases.xml");
    let text = std::fs::read_to_string(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let cases = cases(&text);
        assert!(cases.len() > 60, "{}", cases.len());
        for case in cases {
            let started = Instant::now();
            let found = runtime.block_on(call(&case, version));
            let name = &case.name;
            assert_eq!(found, case.expected, "{name}, SOAP {version}");
            assert!(started.elapsed() >= case.at_least, "{name}, SOAP {version}: too soon");
        }
    }
}

async fn call(case: &Case, version: SoapVersion) -> Expected {
    let page = sample::path(case.operation.kind).trim_start_matches('/');
    let url = format!("{}{page}", base());
    let client = Client::builder(&url, "").soap_version(version).build().unwrap();
    match client.call_raw(case.operation.name, case.inputs.clone()).await {
        Ok(result) => Expected::Result(result),
        Err(CallError::Fault(fault)) => Expected::Fault {
            code: fault.code,
            // Mono leaves out the full stop of one text.
            text: fault.reason.trim_end_matches('.').to_owned(),
            actor: fault.actor.unwrap_or_default(),
            detail: text_of(&fault.detail.unwrap_or_default()),
        },
        Err(other) => Expected::Other(other.to_string()),
    }
}

/// The text of a fault's detail, without its elements.
fn text_of(detail: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in detail.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

fn cases(text: &str) -> Vec<Case> {
    let mut r = Reader::new(text, Limits::default()).unwrap();
    r.root().unwrap();
    let mut cases = Vec::new();
    // The two groups: operations, diagnostics.
    while r.child().unwrap() {
        while r.child().unwrap() {
            cases.push(case(&mut r));
        }
    }
    r.finish().unwrap();
    cases
}

fn attribute(r: &Reader<'_>, name: &str) -> Option<String> {
    r.attribute("", name).map(|value| value.into_owned())
}

fn case(r: &mut Reader<'_>) -> Case {
    let name = attribute(r, "name").unwrap();
    let operation = attribute(r, "operation").unwrap();
    let operation = OPERATIONS.iter().find(|info| info.name == operation).unwrap();
    let at_least = attribute(r, "atLeast").map_or(0, |millis| millis.parse().unwrap());
    let (mut inputs, mut expected) = (Presence::Absent, None);
    while r.child().unwrap() {
        match r.local() {
            "inputs" => inputs = self::inputs(r),
            "result" => expected = Some(result(r, operation)),
            "fault" => expected = Some(fault(r)),
            "nothing" => {
                r.skip().unwrap();
                expected = Some(Expected::Result(Presence::Absent));
            }
            other => panic!("{name} holds {other}"),
        }
    }
    let at_least = Duration::from_millis(at_least);
    Case { name, operation, at_least, inputs, expected: expected.unwrap() }
}

fn inputs(r: &mut Reader<'_>) -> Presence<RawInputs> {
    let absent = attribute(r, "absent");
    let mut list = Vec::new();
    while r.child().unwrap() {
        list.push(match r.local() {
            "authPW" => {
                r.skip().unwrap();
                Some(format!("authPW={}", password()))
            }
            _ => entry(r),
        });
    }
    match absent.as_deref() {
        Some("inputs") => Presence::Absent,
        Some(_) => Presence::Value(RawInputs { input_variables: Presence::Absent }),
        None => {
            let input_variables = Presence::Value(StringList(list));
            Presence::Value(RawInputs { input_variables })
        }
    }
}

fn entry(r: &mut Reader<'_>) -> Option<String> {
    let nil = attribute(r, "nil").as_deref() == Some("true");
    let text = r.text().unwrap().into_owned();
    (!nil).then_some(text)
}

fn list(r: &mut Reader<'_>) -> Presence<StringList> {
    if let Some(big) = attribute(r, "big") {
        r.skip().unwrap();
        let count: usize = big.parse().unwrap();
        return Presence::Value((0..count).map(|i| format!("v{i}={}", "x".repeat(16))).collect());
    }
    let mut entries = Vec::new();
    while r.child().unwrap() {
        entries.push(entry(r));
    }
    Presence::Value(StringList(entries))
}

fn result(r: &mut Reader<'_>, operation: &OperationInfo) -> Expected {
    let mut result = RawResult {
        success: attribute(r, "Success").unwrap() == "true",
        message: attribute(r, "Message").into(),
        ..Default::default()
    };
    while r.child().unwrap() {
        match r.local() {
            "outputs" => result.output_variables = list(r),
            _ => result.custom_field_data_items = items(r),
        }
    }
    assert!(operation.kind.has_items() || result.custom_field_data_items == Presence::Absent);
    Expected::Result(Presence::Value(result))
}

fn items(r: &mut Reader<'_>) -> Presence<Vec<Option<RawCustomFieldData>>> {
    let mut items = Vec::new();
    while r.child().unwrap() {
        let nil = attribute(r, "nil").as_deref() == Some("true");
        let set = attribute(r, "true").unwrap_or_default();
        let is = |flag: &str| set.split(' ').any(|word| word == flag);
        let mut item = RawCustomFieldData {
            custom_field_name: attribute(r, "CustomFieldName").into(),
            change_visible: is("ChangeVisible"),
            new_visible_value: is("NewVisibleValue"),
            change_required: is("ChangeRequired"),
            new_required_value: is("NewRequiredValue"),
            change_list_options: is("ChangeListOptions"),
            list_options: Presence::Absent,
            display_with_information_lookup: is("DisplayWithInformationLookup"),
        };
        while r.child().unwrap() {
            item.list_options = list(r);
        }
        items.push((!nil).then_some(item));
    }
    Presence::Value(items)
}

fn fault(r: &mut Reader<'_>) -> Expected {
    let attribute = |name: &str| attribute(r, name).unwrap_or_default();
    let code = match attribute("code").as_str() {
        "Client" => FaultCode::Client,
        "Server" => FaultCode::Server,
        other => panic!("a fault of {other}"),
    };
    let (actor, detail) = (attribute("actor"), attribute("detail"));
    let text = r.text().unwrap().trim_end_matches('.').to_owned();
    Expected::Fault { code, text, actor, detail }
}
