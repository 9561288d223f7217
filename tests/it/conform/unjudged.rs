//! What cannot be judged is skipped with the reason, and never passed.

use std::time::Duration;

use external_providers::conform::{Level, Outcome, Suite};

use super::glass::{Answer, is_soap_12, spoiled};
use super::{NAMESPACE, echoing, failed, numbers, set, suite};

#[tokio::test]
async fn nothing_is_passed_where_nothing_is_answered() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().map(|address| (address, silent)).unwrap();
    let failing = spoiled(echoing(NAMESPACE), |_, answer| {
        *answer = Answer::new("500 Internal Server Error", "text/html", "");
    });
    for service in [silent.0, failing] {
        let answer_timeout = Duration::from_millis(500);
        let all = Suite { allow_changes: true, ..suite(service, "/Provider.asmx") };
        let report = Suite { answer_timeout, ..all }.run().await.unwrap();
        assert_eq!(numbers(&report, Outcome::Passed), set(&[]));
        assert_eq!(report.case("2.1").unwrap().outcome, Outcome::Failed);
        assert!(!report.is_conformant());
    }
    // Of one that only has a WSDL, that alone is judged.
    let described = spoiled(echoing(NAMESPACE), |request, answer| {
        if !request.is_get() {
            *answer = Answer::new("500 Internal Server Error", "text/xml", "");
        }
    });
    let all = Suite { allow_changes: true, ..suite(described, "/Provider.asmx") };
    let passed = numbers(&all.run().await.unwrap(), Outcome::Passed);
    assert!(passed.iter().all(|number| number.starts_with("1.")), "{passed:?}");
}

#[tokio::test]
async fn a_case_that_is_not_allowed_is_not_in_order() {
    let only = "ticket".parse().unwrap();
    let suite = Suite { only, ..suite(echoing(NAMESPACE), "/Provider.asmx") };
    let report = suite.run().await.unwrap();
    assert_eq!(report.count(Outcome::Skipped, None), report.cases.len());
    assert!(!report.is_judged() && !report.is_conformant());
}

#[tokio::test]
async fn a_wrong_password_is_one_reason() {
    let mut suite = suite(echoing(NAMESPACE), "/Provider.asmx");
    suite.subject.password = Some("not the service's".into());
    let report = suite.run().await.unwrap();
    assert_eq!(failed(&report, Level::Must), set(&["10.1"]));
    let reasons = |words: &str| {
        let is = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(words));
        report.cases.iter().filter(|case| is(&case.text)).count()
    };
    assert_eq!(reasons("as the right one"), 0);
    assert!(reasons("the given password is refused (10.1)") > 20, "{report:#?}");
}

#[tokio::test]
async fn soap_12_is_asked_for_only_where_it_is_offered() {
    let service = spoiled(echoing(NAMESPACE), |request, answer| {
        if request.is_get() {
            *answer = Answer::new("404 Not Found", "text/html", "<html>");
        } else if is_soap_12(request) {
            *answer = Answer::new("415 Unsupported Media Type", "text/xml", "");
        }
    });
    let report = suite(service, "/Provider.asmx").run().await.unwrap();
    assert_eq!(failed(&report, Level::Must), set(&[]));
    assert_eq!(failed(&report, Level::Should), set(&["1.1"]));
    for number in ["2.3", "2.4", "4.8", "11.7"] {
        assert_eq!(report.case(number).unwrap().outcome, Outcome::Skipped, "{number}");
    }
}
