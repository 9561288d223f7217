//! Services in order: all that can be judged is passed, and the rest says why not.

use std::sync::Arc;
use std::time::Duration;

use external_providers::conform::{Level, Outcome, Report, RunError, Suite, User, cases};
use external_providers::doctor::Subject;
use external_providers::host::{Host, Service};
use external_providers::provider_file::Provider;
use external_providers::sample::Sample;

use super::glass::spoiled;
use super::{echoing, failed, numbers, set, suite};
use crate::doctor::peers::{Certificate, PASSWORD, run, sample_host, tls_host};
use crate::support::Folder;

/// Nothing failed, and nothing was left over for want of time.
fn is_right(report: &Report) {
    for case in &report.cases {
        let is_judged = matches!(case.outcome, Outcome::Passed | Outcome::Skipped);
        assert!(is_judged, "{case:#?}");
        let is_explained = case.text.as_ref().is_some_and(|text| !text.is_empty());
        assert_eq!(is_explained, case.outcome == Outcome::Skipped, "{case:#?}");
    }
}

#[tokio::test]
async fn the_sample_passes_every_case() {
    let host = echoing("http://tempuri.org/");
    let mut passed = set(&[]);
    for path in ["/Provider.asmx", "/Extended.asmx"] {
        let report = Suite { allow_changes: true, ..suite(host, path) }.run().await.unwrap();
        is_right(&report);
        assert!(report.is_conformant());
        assert_eq!(report.oddities, []);
        passed.extend(numbers(&report, Outcome::Passed));
    }
    // Together they have all operations.
    let all: Vec<String> = cases().map(|case| case.number.to_string()).collect();
    let left: Vec<_> = all.iter().filter(|number| !passed.contains(*number)).collect();
    assert_eq!(left, [""; 0]);
    assert!(all.len() >= 60, "{}", all.len());
}

#[tokio::test]
async fn other_names_are_found_in_the_wsdl_or_given() {
    let host = sample_host("urn:company");
    is_right(&suite(host, "/Provider.asmx").run().await.unwrap());
    // Without a WSDL, what is given counts.
    let hidden = spoiled(host, |request, answer| {
        if request.is_get() {
            answer.status = "404 Not Found".to_owned();
        }
    });
    let mut suite = suite(hidden, "/Provider.asmx");
    suite.subject.namespace = Some("urn:company".to_owned());
    let report = suite.run().await.unwrap();
    assert_eq!(failed(&report, Level::Must), set(&[]), "what only reads is tried");
    assert!(numbers(&report, Outcome::Failed).contains("1.1"));
    assert!(numbers(&report, Outcome::Passed).is_superset(&set(&["2.1", "14.1", "15.1"])));
    suite.operations = vec![("Authenticate".to_owned(), "Authenticate".to_owned())];
    let report = suite.run().await.unwrap();
    assert_eq!(report.case("15.1").unwrap().outcome, Outcome::Skipped);
    assert_eq!(report.case("14.1").unwrap().outcome, Outcome::Passed);
    suite.operations = vec![("Authenticate".to_owned(), "LogIn".to_owned())];
    let report = suite.run().await.unwrap();
    let answered = report.case("2.1").unwrap();
    assert_eq!(answered.outcome, Outcome::Skipped, "{answered:#?}");
}

#[tokio::test]
async fn a_service_of_one_kind_is_judged_by_what_it_has() {
    let service = Service::new("/Ticket.asmx", PASSWORD).ticket(Arc::new(Sample));
    let host = run(Host::builder().service(service).build().unwrap(), None);
    let report = suite(host, "/Ticket.asmx").run().await.unwrap();
    is_right(&report);
    // Its only operation changes something.
    let passed = numbers(&report, Outcome::Passed);
    assert!(passed.iter().all(|number| number.starts_with("1.") || number.starts_with("13.")));
    let why = report.case("2.1").unwrap().text.clone().unwrap();
    assert!(why.contains("--allow-changes"), "{why}");
    assert!(!report.is_conformant(), "nothing was proven");
    let suite = Suite { allow_changes: true, ..suite(host, "/Ticket.asmx") };
    let report = suite.run().await.unwrap();
    is_right(&report);
    assert!(report.is_conformant());
    let passed = numbers(&report, Outcome::Passed);
    assert!(
        passed.is_superset(&set(&["2.1", "10.1", "10.2", "10.11", "16.1", "16.2"])),
        "{passed:?}"
    );
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_provider_file_passes_every_case() {
    let folder = Folder::new("conform");
    let connection = rusqlite::Connection::open(folder.0.join("u.sqlite")).unwrap();
    let users = "create table staff(name, pw, mail, shown);
        insert into staff values ('ann', 'hunter2hunter', 'ann@x', 'Änn & Söhne <x>');";
    connection.execute_batch(users).unwrap();
    let file = folder.file(
        "p.toml",
        "[databases.b]
        kind = 'sqlite'
        file = 'u.sqlite'
        [lookups.staff]
        database = 'b'
        statement = 'select * from staff where name = :loginUsername'
        [logins.staff]
        lookup = 'staff'
        password = 'pw'
        schemes = ['plain-unsafe']
        email = 'mail'
        display_name = 'shown'
        [login]
        ask = ['staff']
        [custom_fields]
        rules = [{ options = { Server = ['a & b', 'c'] } }]
        [ticket]
        rules = [{ when = { subject = { contains = 'urgent' } }, department = 'Urgent' }]
        [live_chat]
        [user_information]
        rows = [{ name = 'Plan', value = 'Gold' }]
        [events]
        ",
    );
    let provider = Provider::load(&file).unwrap();
    let host = run(provider.host(PASSWORD.into()).build().unwrap(), None);
    let password = Some("hunter2hunter".into());
    let user = Some(User { name: "ann".to_owned(), password });
    let suite = Suite { user, allow_changes: true, ..suite(host, "/Provider.asmx") };
    let report = suite.run().await.unwrap();
    is_right(&report);
    let own = ["14.1", "14.10", "14.12", "15.2", "16.1", "16.2", "17.1", "18.1", "19.1"];
    assert!(numbers(&report, Outcome::Passed).is_superset(&set(&own)));
}

#[tokio::test]
async fn without_passwords_and_over_tls() {
    let certificate = Certificate::new("localhost", |_| {});
    let host = tls_host(certificate.tls());
    let mut subject = Subject::new(format!("https://localhost:{}/Provider.asmx", host.port()));
    let refused = Suite::new(subject.clone()).run().await.unwrap_err();
    let RunError::Unreachable(why) = refused else { panic!("{refused:?}") };
    assert!(why.contains("certificate"), "{why}");
    subject.root_certificates = certificate.pem.clone().into_bytes();
    let report = Suite::new(subject).run().await.unwrap();
    is_right(&report);
    let skipped = numbers(&report, Outcome::Skipped);
    assert!(skipped.is_superset(&set(&["5.3", "8.8", "9.3", "10.1", "10.4", "14.1", "15.1"])));
    assert!(numbers(&report, Outcome::Passed).is_superset(&set(&["2.1", "4.1", "8.11", "13.1"])));
    let why = report.case("10.4").unwrap().text.clone().unwrap();
    assert!(why.contains("no web service password was given"), "{why}");
}

#[tokio::test]
async fn what_is_too_slow_is_not_run_and_never_passed() {
    // It takes connections, and says nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = Suite {
        timeout: Duration::from_secs(2),
        answer_timeout: Duration::from_millis(500),
        ..suite(listener.local_addr().unwrap(), "/Provider.asmx")
    };
    let started = std::time::Instant::now();
    let report = hanging.run().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(report.count(Outcome::Passed, None), 0, "{report:#?}");
    assert!(!report.is_conformant());
    let answered = report.case("2.1").unwrap();
    assert_eq!(answered.outcome, Outcome::Failed, "{answered:#?}");
    let hanging = Suite { timeout: Duration::from_millis(600), ..hanging };
    let report = hanging.run().await.unwrap();
    assert_eq!(report.count(Outcome::Passed, None), 0);
    // One that hangs in a few cases loses these alone.
    let host = echoing("http://tempuri.org/");
    let sticky = spoiled(host, |request, _| {
        if request.head.to_ascii_lowercase().contains("charset=\"utf-8\"") {
            std::thread::sleep(Duration::from_secs(5));
        }
    });
    let sticky = Suite {
        // The large requests take long in a build that is not optimised.
        only: "1-11,13-20".parse().unwrap(),
        answer_timeout: Duration::from_millis(400),
        ..suite(sticky, "/Provider.asmx")
    };
    let report = sticky.run().await.unwrap();
    assert_eq!(numbers(&report, Outcome::Failed), set(&["5.2"]));
    assert_eq!(numbers(&report, Outcome::NotRun), set(&[]));
}
