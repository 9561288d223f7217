//! What the kit spares a service: locked accounts, changes, harm, secrets in what is printed.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use external_providers::conform::{Level, Outcome, Suite, User};

use super::glass::{pass, spoiled, text};
use super::{NAMESPACE, echoing, failed, suite};
use crate::doctor::peers::{PASSWORD, serve};
use crate::support::tool;

/// A service of the sample's, and what it was asked: heads and bodies.
fn watched() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let (host, asked) = (echoing(NAMESPACE), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&asked);
    let service = serve(move |request| {
        log.lock().unwrap().push(format!("{}\r\n\r\n{}", request.head, text(request)));
        pass(host, request).bytes()
    });
    (service, asked)
}

fn count(asked: &Mutex<Vec<String>>, is: impl Fn(&str) -> bool) -> usize {
    asked.lock().unwrap().iter().filter(|request| is(request)).count()
}

fn of_user(request: &str) -> bool {
    request.contains("<Authenticate ") && request.contains("=myusername<")
}

#[tokio::test]
async fn a_user_is_refused_twice_and_never_again_where_he_is_not_let_in() {
    let (service, asked) = watched();
    suite(service, "/Provider.asmx").run().await.unwrap();
    let is_refused = |request: &str| of_user(request) && !request.contains("=mypassword<");
    assert_eq!(count(&asked, is_refused), 2);
    let (service, asked) = watched();
    let user = User { name: "myusername".to_owned(), password: Some("mistyped".into()) };
    let mistyped = Suite { user: Some(user), ..suite(service, "/Provider.asmx") };
    let report = mistyped.run().await.unwrap();
    assert_eq!(count(&asked, of_user), 1, "he is asked about once");
    assert_eq!(failed(&report, Level::Must), super::set(&["14.1"]));
    for number in ["14.4", "14.5", "14.12", "8.14"] {
        let case = report.case(number).unwrap();
        assert_eq!(case.outcome, Outcome::Skipped, "{case:#?}");
        assert!(case.text.as_ref().unwrap().contains("is not let in"), "{case:#?}");
    }
}

#[tokio::test]
async fn nothing_does_harm_where_only_reading_is_allowed() {
    let (service, asked) = watched();
    let report = suite(service, "/Provider.asmx").run().await.unwrap();
    let is_harm = |request: &str| {
        let is_attack = request.contains("OR &#39;1") || request.contains("=*<");
        let is_method = !request.starts_with("POST ") && !request.starts_with("GET ");
        is_attack || is_method || request.contains("<StartTicket ")
    };
    assert_eq!(count(&asked, is_harm), 0);
    for number in ["14.13", "14.14", "10.11", "16.1"] {
        let why = report.case(number).unwrap().text.clone().unwrap();
        assert!(why.contains("--allow-changes"), "{number}: {why}");
    }
}

#[tokio::test]
async fn what_changes_something_is_asked_as_often_as_the_help_says() {
    let mut names = Vec::new();
    for _ in 0..2 {
        let (service, asked) = watched();
        for path in ["/Provider.asmx", "/Extended.asmx"] {
            Suite { allow_changes: true, ..suite(service, path) }.run().await.unwrap();
        }
        let tells = [("StartTicket", 3), ("StartChat", 2), ("HandleEvent", 2), ("RegisterUser", 2)];
        for (operation, times) in tells {
            let is = |request: &str| request.contains(&format!("<{operation} "));
            assert_eq!(count(&asked, is), times, "{operation}");
        }
        let all = asked.lock().unwrap();
        let registers = all.iter().find(|request| request.contains("<RegisterUser ")).unwrap();
        names.extend(["loginUsername=", "loginPassword="].map(|key| {
            let (_, value) = registers.split_once(key).unwrap();
            value.split('<').next().unwrap().to_owned()
        }));
    }
    assert!(names.iter().all(|name| name.len() > 16), "{names:?}");
    assert_ne!((&names[0], &names[1]), (&names[2], &names[3]), "each run has its own");
    // Where no operation only reads, none is asked again and again either.
    let broken = spoiled(echoing(NAMESPACE), |request, answer| {
        if text(request).contains("<StartTicket ") {
            answer.replace("TicketCreation=", "Creation=");
        }
    });
    let report = Suite { allow_changes: true, ..suite(broken, "/Provider.asmx") }.run().await;
    let again = report.unwrap().case("16.1").unwrap().again.clone().unwrap();
    assert!(again.starts_with(": 'this calls StartTicket again, which changes something'; "));
}

#[tokio::test]
async fn a_run_sends_about_as_much_as_the_help_says() {
    let (service, asked) = watched();
    suite(service, "/Provider.asmx").run().await.unwrap();
    let logins = count(&asked, |request| request.contains("<Authenticate "));
    let all = asked.lock().unwrap();
    let largest = all.iter().map(String::len).max().unwrap();
    assert!((110..=150).contains(&all.len()), "{}", all.len());
    assert!((8..=20).contains(&logins), "{logins}");
    assert!((5 << 20..6 << 20).contains(&largest), "{largest}");
}

#[tokio::test]
async fn only_what_the_cases_need_is_asked() {
    let (service, asked) = watched();
    let only =
        |only: &str| Suite { only: only.parse().unwrap(), ..suite(service, "/Provider.asmx") };
    only("1").run().await.unwrap();
    assert_eq!(count(&asked, |request| request.starts_with("POST ")), 0);
    only("13.5").run().await.unwrap();
    assert_eq!(count(&asked, of_user), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_turned_away_are_not_mixed_up() {
    let (host, busy) = (echoing(NAMESPACE), Mutex::new(()));
    let service = serve(move |request| {
        let Ok(_alone) = busy.try_lock() else {
            return b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_vec();
        };
        std::thread::sleep(std::time::Duration::from_millis(100));
        pass(host, request).bytes()
    });
    let only = Suite { only: "13.7".parse().unwrap(), ..suite(service, "/Provider.asmx") };
    let report = only.run().await.unwrap();
    assert_eq!(report.cases[0].outcome, Outcome::Skipped, "{report:#?}");
}

/// An address whose query is a key: nobody sees it, and the lines work.
#[tokio::test]
async fn the_query_of_an_address_stays_secret() {
    const QUERY: &str = "key=a-secret-key&b=[1]";
    let service = spoiled(echoing(NAMESPACE), |request, answer| {
        let is_told = request.head.contains(QUERY);
        let broken = ["conform=a=b==c", "cf_Conform=1"];
        if is_told && broken.iter().any(|variable| text(request).contains(variable)) {
            answer.status = "418 Teapot".to_owned();
            answer.body = QUERY.replace('&', "&amp;").into_bytes();
        }
    });
    let report = suite(service, &format!("/Provider.asmx?{QUERY}")).run().await.unwrap();
    assert!(!format!("{report:?}").contains("a-secret-key"), "{report:#?}");
    let case = report.case("9.7").unwrap();
    assert!(case.sent.as_ref().unwrap().contains("/Provider.asmx?… HTTP"), "{case:#?}");
    let line = case.again.as_ref().unwrap();
    let run = |query: Option<&str>| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD);
        if let Some(query) = query {
            shell.env("QUERY", query);
        }
        let output = shell.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let shown = run(Some(QUERY));
    assert!(shown.contains("418 Teapot"), "{line}\n{shown}");
    let shown = run(None);
    assert!(shown.contains("the query of the address"), "{line}\n{shown}");
}

#[test]
fn what_was_not_judged_is_no_success() {
    let (hanging, silent) =
        (std::net::TcpListener::bind("127.0.0.1:0").unwrap(), echoing(NAMESPACE));
    let hangs = format!("http://{}/Provider.asmx", hanging.local_addr().unwrap());
    let output =
        tool(&["conform", "--url", &hangs, "--timeout", "0.4"], PASSWORD).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(9), "{said}");
    assert!(said.contains("must not judged ("), "{said}");
    let url = format!("http://{silent}/Provider.asmx");
    let without = |more: &[&str]| {
        let mut command = tool(&[&["conform", "--url", &url], more].concat(), PASSWORD);
        command.env_remove("EXTERNAL_PROVIDERS_AUTH_PASSWORD").output().unwrap()
    };
    let refused = without(&[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("--without-password"), "{said}");
    assert_eq!(without(&["--without-password"]).status.code(), Some(0));
}
