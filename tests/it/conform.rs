//! The conformance kit: services in order pass, each fault is named by its case.

mod care;
mod faults;
mod glass;
mod right;
mod tool;
mod unjudged;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use external_providers::conform::{Level, Outcome, Report, Suite, User};
use external_providers::doctor::Subject;
use external_providers::host::Host;
use external_providers::sample;

use crate::doctor::peers::{PASSWORD, run};

const NAMESPACE: &str = "http://tempuri.org/";

/// The sample, which echoes, in this namespace.
fn echoing(namespace: &str) -> SocketAddr {
    let services = sample::diagnostic_services(PASSWORD, namespace);
    run(Host::builder().services(services).build().unwrap(), None)
}

/// All cases about a service of the sample's, its user included.
fn suite(address: SocketAddr, path: &str) -> Suite {
    let subject = Subject {
        password: Some(PASSWORD.into()),
        ..Subject::new(format!("http://{address}{path}"))
    };
    let user = User { name: "myusername".to_owned(), password: Some("mypassword".into()) };
    Suite { user: Some(user), ..Suite::new(subject) }
}

/// The numbers of the cases that ended so.
fn numbers(report: &Report, outcome: Outcome) -> BTreeSet<String> {
    let cases = report.cases.iter().filter(|case| case.outcome == outcome);
    cases.map(|case| case.number.to_string()).collect()
}

fn failed(report: &Report, level: Level) -> BTreeSet<String> {
    let is = |number: &String| report.case(number).unwrap().level == level;
    numbers(report, Outcome::Failed).into_iter().filter(is).collect()
}

fn set(numbers: &[&str]) -> BTreeSet<String> {
    numbers.iter().map(|number| (*number).to_owned()).collect()
}
