//! The catalogue is complete, and what an operation says of itself is what it does.

use std::collections::BTreeSet;
use std::fmt::Debug;

use external_providers::contract::{
    Absent, Kind, OPERATIONS, Operation, SideEffect, Sink, VariableError, Variables, dispatch,
};
use external_providers::fixture;
use external_providers::secret::{Mask, Secret};
use external_providers::soap::{Binding, DEFAULT_NAMESPACE};
use external_providers::{Host, sample};

use crate::support::{repository, tool};

/// An operation is listed in the catalogue, described in `wsdl`, registered for its kind, answered
/// by the sample and recorded in `fixtures/sample`. What is missing here is the rest of adding one.
#[tokio::test]
async fn each_operation_has_all_its_places() {
    let recorded = fixture::load(&repository("fixtures/sample")).unwrap();
    let services = sample::services("s3cret", DEFAULT_NAMESPACE);
    let host = Host::builder().services(services).build().unwrap();
    let (binding, password) = (Binding::default(), Secret::new("s3cret"));
    for info in OPERATIONS {
        let name = info.name;
        let path = repository("wsdl").join(format!("{}.wsdl", info.kind));
        let wsdl = std::fs::read_to_string(path).unwrap();
        assert!(wsdl.contains(&format!("<wsdl:operation name=\"{name}\">")), "{name}: no WSDL");
        let fixtures = recorded.iter().filter(|fixture| fixture.operation.as_deref() == Some(name));
        assert!(fixtures.count() >= 4, "{name}: hardly any fixtures");
        let target = sample::path(info.kind);
        let answered = dispatch!(info, T => {
            let request = binding.encode_request(target, Some(&password), &T::probe()).unwrap();
            let response = host.answer(&request).await.unwrap();
            binding.decode_response::<T>(&response, &Mask::default()).map(drop)
        });
        assert_eq!(answered.map(|answer| answer.is_ok()), Some(true), "{name}: it has no route");
        assert!(Kind::ALL.contains(&info.kind), "{name}");
    }
}

#[test]
fn help_texts_follow_the_catalogue() {
    let help = |arguments: &[&str]| {
        let output = tool(&[arguments, &["--help"]].concat(), "x").output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (call, verify) = (help(&["call"]), help(&["fixtures", "verify"]));
    for info in OPERATIONS {
        assert!(call.contains(&info.to_string()), "{info}");
        let changes = info.side_effect == SideEffect::Mutating;
        assert_eq!(verify.contains(&format!("{},", info.name)), changes, "{info}");
    }
}

#[test]
fn kinds_are_known_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(*kind));
        assert!(kind.operations().next().is_some(), "{kind}");
    }
    let error = "Login".parse::<Kind>().unwrap_err().to_string();
    assert!(error.starts_with("it is one of login, custom_fields, ticket, "), "{error}");
}

/// What is written, by the way it is written.
#[derive(Debug, Default, PartialEq)]
struct Written {
    known: Vec<(&'static str, String)>,
    custom_fields: Vec<String>,
    other: Vec<String>,
}

impl Sink for Written {
    fn put(&mut self, key: &'static str, value: &str) {
        self.known.push((key, value.to_owned()));
    }

    fn put_custom_field(&mut self, entry: &str) {
        self.custom_fields.push(entry.to_owned());
    }

    fn put_other(&mut self, entry: &str) {
        self.other.push(entry.to_owned());
    }

    fn refuse(&mut self, key: &str) {
        panic!("{key}");
    }

    fn absent(&self) -> Absent {
        Absent::Omit
    }
}

/// Every input with a value, but for one; custom fields and others follow.
fn inputs<T: Operation>(but: &str) -> Variables {
    let names = T::INPUTS.iter().map(|input| input.name).filter(|name| *name != but);
    let values = names.map(|name| (name, format!("value of {name}")));
    let more = [("cf_a", "1"), ("z", "2")].map(|(key, value)| (key, value.to_owned()));
    values.chain(more).collect()
}

fn takes_what_it_says<T: Operation + Debug>() {
    let mut written = Written::default();
    T::read_inputs(inputs::<T>("")).unwrap().write_inputs(&mut written);
    let expected = T::INPUTS.iter().map(|input| (input.name, format!("value of {}", input.name)));
    assert_eq!(written.known, expected.collect::<Vec<_>>(), "{}", T::NAME);
    let (custom_fields, other) = match T::CUSTOM_FIELDS {
        true => (vec!["a=1"], vec!["z=2"]),
        false => (vec![], vec!["cf_a=1", "z=2"]),
    };
    assert_eq!(
        (written.custom_fields, written.other),
        (
            custom_fields.into_iter().map(str::to_owned).collect(),
            other.into_iter().map(str::to_owned).collect()
        )
    );
    for input in T::INPUTS {
        match T::read_inputs(inputs::<T>(input.name)) {
            Ok(_) => assert!(!input.required, "{}: {}", T::NAME, input.name),
            Err(VariableError::Missing { key }) => {
                assert!(input.required && key == input.name, "{}: {key}", T::NAME);
            }
            Err(other) => panic!("{}: {other}", T::NAME),
        }
    }
    // What the doctor asks can be read by whoever asks for what is required.
    let mut probe = Variables::new();
    T::probe().write_inputs(&mut probe);
    T::read_inputs(probe).unwrap();
}

fn answers_what_it_says<T: Operation>(recorded: &[fixture::Fixture]) {
    let mut seen = BTreeSet::new();
    for fixture in recorded.iter().filter(|f| f.operation.as_deref() == Some(T::NAME)) {
        let response = &fixture.answer().unwrap().response;
        let Ok(Ok(answer)) = Binding::default().decode_response::<T>(response, &Mask::default())
        else {
            continue;
        };
        let mut written = Written::default();
        T::write_outputs(&answer.result, &mut written);
        seen.extend(written.known.into_iter().map(|(name, _)| name));
    }
    assert_eq!(seen, T::OUTPUTS.iter().copied().collect(), "{}", T::NAME);
}

#[test]
fn constants_are_what_operations_do() {
    let recorded = fixture::load(&repository("fixtures/sample")).unwrap();
    for info in OPERATIONS {
        dispatch!(info, T => takes_what_it_says::<T>()).unwrap();
        dispatch!(info, T => answers_what_it_says::<T>(&recorded)).unwrap();
    }
}
