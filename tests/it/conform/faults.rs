//! Each case fails on a service that is wrong in just that way.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use external_providers::conform::{Level, Outcome, Report, Suite, cases};

use super::glass::{Answer, Request, is_soap_12, pass, spoiled, text};
use super::{NAMESPACE, echoing, failed, numbers, set, suite};
use crate::doctor::peers::{Expect, PASSWORD, serve, serve_expecting};

type Spoil = fn(&Request, &mut Answer);

/// A fault, the musts that fail by it, and the shoulds that do.
type Fault = (&'static str, Spoil, &'static [&'static str], &'static [&'static str]);

fn is_post(request: &Request) -> bool {
    request.head.starts_with("POST")
}

/// In answers to calls.
fn in_calls(request: &Request, answer: &mut Answer, from: &str, to: &str) {
    if is_post(request) {
        answer.replace(from, to);
    }
}

/// In the WSDL.
fn in_wsdl(request: &Request, answer: &mut Answer, from: &str, to: &str) {
    if request.is_get() {
        answer.replace(from, to);
    }
}

fn asks(request: &Request, operation: &str) -> bool {
    text(request).contains(&format!("<{operation} "))
}

fn has(request: &Request, variable: &str) -> bool {
    text(request).contains(&format!("<string>{variable}</string>"))
}

const OK: &str = "Authentication=OK";
const NO: &str = "Authentication=FAIL";

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    ("there is no WSDL", |r, a| if r.is_get() { *a = Answer::new("404 Not Found", "text/html", "<html>"); }, &[], &["1.1"]),
    ("the WSDL is another service's", |r, a| { in_wsdl(r, a, "External", "Foreign"); for name in ["Authenticate", "GetSignInCookieInfo", "GetCustomFieldOptions", "StartTicket", "StartChat"] { in_wsdl(r, a, name, &format!("Foreign{name}")); } }, &["1.2"], &[]),
    ("the WSDL is rpc", |r, a| in_wsdl(r, a, "style=\"document\"", "style=\"rpc\""), &["1.3"], &[]),
    ("a field of the result is missing in the WSDL", |r, a| in_wsdl(r, a, "name=\"Success\"", "name=\"Succeeded\""), &["1.3"], &["1.4"]),
    ("the WSDL lets Success be left out", |r, a| in_wsdl(r, a, "minOccurs=\"1\" maxOccurs=\"1\" name=\"Success\"", "minOccurs=\"0\" maxOccurs=\"1\" name=\"Success\""), &[], &["1.4"]),
    ("the WSDL has no SOAP 1.1", |r, a| in_wsdl(r, a, "http://schemas.xmlsoap.org/wsdl/soap/", "urn:none"), &[], &["1.5"]),
    ("the WSDL has no SOAP 1.2", |r, a| in_wsdl(r, a, "http://schemas.xmlsoap.org/wsdl/soap12/", "urn:none"), &[], &["1.6"]),
    ("the WSDL has WCF's actions", |r, a| in_wsdl(r, a, "soapAction=\"http://tempuri.org/", "soapAction=\"http://tempuri.org/ILogin/"), &["2.1"], &["1.7"]),
    ("the WSDL gives an inner address", |r, a| in_wsdl(r, a, "location=\"http://127.0.0.1:", "location=\"http://10.0.0.1:"), &[], &["1.8"]),
    ("the WSDL has no charset", |r, a| if r.is_get() { a.header("Content-Type", "text/xml"); }, &[], &["1.9"]),
    ("the WSDL begins with a mark", |r, a| in_wsdl(r, a, "<?xml", "\u{feff}<?xml"), &[], &["1.9"]),
    ("calls are answered with a page", |r, a| if is_post(r) { *a = Answer::new("200 OK", "text/html", "<html>sign in</html>"); }, &["2.1", "3.1"], &["10.3"]),
    ("SOAP 1.1 is answered in SOAP 1.2", |r, a| if is_post(r) && !is_soap_12(r) { a.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"); a.header("Content-Type", "application/soap+xml; charset=utf-8"); }, &["2.2"], &[]),
    ("SOAP 1.2 is refused", |r, a| if is_soap_12(r) { *a = Answer::new("415 Unsupported Media Type", "text/xml", ""); }, &["2.3", "2.4", "3.1"], &[]),
    ("SOAP 1.2 is answered as text/xml", |r, a| if is_soap_12(r) { a.header("Content-Type", "text/xml; charset=utf-8"); }, &["2.4"], &[]),
    ("the result is in no namespace", |r, a| in_calls(r, a, "Result><Success", "Result xmlns=\"\"><Success"), &["2.1", "3.1"], &[]),
    ("the result is in another namespace", |r, a| in_calls(r, a, " xmlns=\"http://tempuri.org/\"", " xmlns=\"urn:other\""), &["2.1", "3.1"], &[]),
    ("Success is capitalised", |r, a| { in_calls(r, a, "<Success>true", "<Success>True"); in_calls(r, a, "<Success>false", "<Success>False"); }, &["2.1", "3.1"], &[]),
    ("outputs are joined", |r, a| in_calls(r, a, "</string><string>EmailAddress", ";EmailAddress"), &["14.1", "14.10", "3.3"], &[]),
    ("an empty list is left out", |r, a| in_calls(r, a, "<OutputVariables />", ""), &[], &["3.4"]),
    ("answers have no charset", |r, a| if is_post(r) { let kind = if is_soap_12(r) { "application/soap+xml" } else { "text/xml" }; a.header("Content-Type", kind); }, &[], &["3.5"]),
    ("answers beyond ASCII have no charset", |r, a| if is_post(r) { let kind = if is_soap_12(r) { "application/soap+xml" } else { "text/xml" }; a.header("Content-Type", kind); a.replace("Permission", "Per\u{1e3f}ission"); a.replace("My Username", "My \u{dc}sername"); }, &["3.6"], &["3.5", "10.3"]),
    ("answers are not in their charset", |r, a| if a.holds("My Username") && is_post(r) { a.body = String::from_utf8_lossy(&a.body).replace("My Username", "My \u{dc}sername").chars().map(|c| c as u8).collect(); }, &["3.6"], &[]),
    ("answers say that they are compressed", |r, a| if is_post(r) { a.header("Content-Encoding", "gzip"); }, &["2.1", "3.1", "3.9"], &[]),
    ("texts are escaped twice", |r, a| in_calls(r, a, "My Username", "My &amp;amp; Username"), &[], &["3.10"]),
    ("a character is written that XML cannot hold", |r, a| in_calls(r, a, "My Username", "My &#x1; Username"), &["3.1", "14.1", "14.10"], &[]),
    ("results come with HTTP 500", |r, a| if is_post(r) && a.holds("Result>") { a.status = "500 Internal Server Error".to_owned(); }, &["3.12"], &[]),
    ("the password is refused", |r, a| if is_post(r) && a.holds("Result>") { a.replace("<Success>true</Success><Message>Login Failure", "<Success>false</Success><Message>Permission Denied"); a.replace("<Success>true</Success><Message>Custom Fields Loaded", "<Success>false</Success><Message>Permission Denied"); }, &["10.1"], &[]),
    ("any password lets in", |r, a| if asks(r, "GetCustomFieldOptions") && a.holds("Permission Denied") { *a = fields(); }, &["10.2"], &["10.3"]),
    ("a wrong password is a fault", |r, a| if is_post(r) && a.holds("Permission Denied") { *a = fault(r, "Permission Denied"); }, &[], &["10.3"]),
    ("a wrong password is answered in other words", |r, a| in_calls(r, a, "Permission Denied", "Go away"), &[], &["10.3"]),
    ("the answer repeats the password", |r, a| in_calls(r, a, "Permission Denied", "not-the-web-service-password is wrong"), &["10.10"], &["10.3"]),
    ("faults have a stack", |r, a| in_calls(r, a, "</faultstring>", "\n   at Provider.Authenticate()</faultstring>"), &[], &["11.6"]),
    ("an unknown operation is answered with an empty page", |r, a| if text(r).contains("ConformUnknown") { *a = Answer::new("200 OK", "text/xml", ""); }, &["11.1"], &["11.7"]),
    ("answers break off", |r, a| if is_post(r) { a.header("Content-Length", "9999"); }, &["2.1", "13.4"], &[]),
    ("the clock is wrong", |_, a| a.header("Date", "Tue, 15 Nov 1994 08:12:31 GMT"), &[], &["13.13"]),
    ("all are let in", |r, a| in_calls(r, a, NO, OK), &["14.2", "14.4", "14.6", "14.13", "14.14"], &["14.3", "14.9"]),
    ("none is let in", |r, a| in_calls(r, a, OK, NO), &["14.1", "14.10"], &[]),
    ("an empty password lets in", |r, a| if has(r, "loginPassword=") && has(r, "loginUsername=myusername") { a.replace("<Success>false</Success><Message>Required Input Missing</Message><OutputVariables />", "<Success>true</Success><OutputVariables><string>Authentication=OK</string></OutputVariables>"); }, &["14.5"], &[]),
    ("a variable is dropped", |r, a| in_calls(r, a, "<string>conform_b=2</string>", ""), &[], &["8.1"]),
    ("SQL lets in", |r, a| if text(r).contains("OR &#39;1") { a.replace(NO, OK); }, &["14.13"], &[]),
    ("a wildcard lets in", |r, a| if has(r, "loginUsername=*") { a.replace(NO, OK); }, &["14.14"], &[]),
    ("a quote breaks the login", |r, a| if text(r).contains("loginUsername=o&#39;conform") { *a = fault(r, "syntax error"); }, &["14.6"], &[]),
    ("options do not say what may be started", |r, a| in_calls(r, a, "<string>CanStartTickets=True</string>", ""), &["15.1", "15.2"], &[]),
    ("a ticket is answered without a word", |r, a| in_calls(r, a, "<string>TicketCreation=TRUE</string>", ""), &["16.1", "16.2"], &[]),
    ("a refused login is Success=false", |r, a| if asks(r, "Authenticate") { a.replace("<Success>true</Success><Message>Login Failure", "<Success>false</Success><Message>Login Failure"); }, &[], &["14.3"]),
    ("missing input is a refused login", |r, a| in_calls(r, a, "<Success>false</Success><Message>Required Input Missing</Message><OutputVariables />", "<Success>true</Success><Message>Login Failure</Message><OutputVariables><string>Authentication=FAIL</string></OutputVariables>"), &[], &["14.7", "14.8", "14.11"]),
    ("a call without inputs is let in", |r, a| if is_post(r) && !text(r).contains("<inputs>") && text(r).contains("<GetSignInCookieInfo ") { let passed = a.clone(); *a = passed; a.status = "200 OK".to_owned(); a.body = no_login(r); }, &["7.4"], &[]),
    ("a variable without = is passed over", |r, a| if has(r, "conform") { a.status = "200 OK".to_owned(); a.body = no_login(r); }, &[], &["7.6"]),
    ("variables that are left out are a fault", |r, a| if text(r).contains("<InputVariables><string>authPW=s3cret</string></InputVariables>") { *a = fault(r, "Object reference not set"); }, &[], &["7.8"]),
    ("keys are in small letters", |r, a| in_calls(r, a, "<string>Authentication=", "<string>authentication="), &["14.1", "14.2", "14.6", "14.10", "14.13", "14.14"], &["14.3", "14.9"]),
    ("the cookie tells another address", |r, a| if asks(r, "GetSignInCookieInfo") { a.replace("myusername@", "other@"); }, &[], &["14.12"]),
    ("a field's permission is another word", |r, a| in_calls(r, a, "CanStartTickets=True", "CanStartTickets=Yes"), &["15.1", "15.2", "15.3"], &["15.4"]),
    ("options fail for the user", |r, a| if asks(r, "GetCustomFieldOptions") && has(r, "loginUsername=myusername") { *a = fault(r, "Object reference not set"); }, &["15.2"], &[]),
    ("a field has no name", |r, a| in_calls(r, a, "<CustomFieldName>Notes</CustomFieldName>", "<CustomFieldName> </CustomFieldName>"), &["15.3"], &[]),
    ("a field stands twice", |_, a| if a.holds("<CustomFieldDataItems>") { let body = String::from_utf8_lossy(&a.body).into_owned(); let (start, end) = (body.find("<ExternalCustomFieldData>").unwrap(), body.find("</CustomFieldDataItems>").unwrap()); let item = body[start..end].to_owned(); a.replace("</CustomFieldDataItems>", &format!("{item}</CustomFieldDataItems>")); }, &[], &["15.4"]),
    ("a ticket wants both names", |r, a| if asks(r, "StartTicket") && has(r, "emailFrom=nobody@conform.invalid") { a.replace("<Success>true", "<Success>false"); }, &["16.2"], &[]),
    ("a ticket is answered in other words", |r, a| in_calls(r, a, "TicketCreation=TRUE", "TicketCreation=Maybe"), &["16.1", "16.2"], &[]),
    ("a chat fails", |r, a| if asks(r, "StartChat") { *a = fault(r, "no"); }, &["17.1"], &[]),
    ("a ticket is started by a wrong password", |r, a| if asks(r, "StartTicket") && a.holds("Permission Denied") { a.replace("<Success>false</Success><Message>Permission Denied</Message><OutputVariables />", "<Success>true</Success><OutputVariables><string>TicketCreation=TRUE</string></OutputVariables>"); }, &["10.11"], &[]),
];

/// Those of the other service.
#[rustfmt::skip]
const OTHERS: &[Fault] = &[
    ("a user is found or not in other words", |r, a| in_calls(r, a, "UserFound=", "Found="), &["18.1"], &[]),
    ("an event is not taken", |r, a| if asks(r, "HandleEvent") { *a = fault(r, "unknown"); }, &["19.1"], &[]),
    ("a registration says nothing", |r, a| in_calls(r, a, "Registration=OK", "Registered=OK"), &["20.1", "20.2"], &[]),
    ("a name is cut", |r, a| in_calls(r, a, "loginUsername=conform a=b", "loginUsername=conform a"), &["20.2"], &[]),
];

/// What nobody is told who shows a cookie.
fn no_login(request: &Request) -> Vec<u8> {
    let envelope = match is_soap_12(request) {
        true => "http://www.w3.org/2003/05/soap-envelope",
        false => "http://schemas.xmlsoap.org/soap/envelope/",
    };
    let body = format!(
        "<s:Envelope xmlns:s='{envelope}'><s:Body><GetSignInCookieInfoResponse xmlns='http://tempuri.org/'>\
         <GetSignInCookieInfoResult><Success>true</Success><Message>Login Failure</Message><OutputVariables>\
         <string>Authentication=FAIL</string></OutputVariables></GetSignInCookieInfoResult>\
         </GetSignInCookieInfoResponse></s:Body></s:Envelope>"
    );
    body.into_bytes()
}

fn fields() -> Answer {
    Answer::new(
        "200 OK",
        "text/xml; charset=utf-8",
        "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body>\
         <GetCustomFieldOptionsResponse xmlns='http://tempuri.org/'><GetCustomFieldOptionsResult>\
         <Success>true</Success><OutputVariables><string>CanStartTickets=True</string></OutputVariables>\
         </GetCustomFieldOptionsResult></GetCustomFieldOptionsResponse></soap:Body></soap:Envelope>",
    )
}

fn fault(request: &Request, words: &str) -> Answer {
    let (envelope, content_type, inner) = match is_soap_12(request) {
        true => (
            "http://www.w3.org/2003/05/soap-envelope",
            "application/soap+xml; charset=utf-8",
            format!(
                "<s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>{words}</s:Text></s:Reason>"
            ),
        ),
        false => (
            "http://schemas.xmlsoap.org/soap/envelope/",
            "text/xml; charset=utf-8",
            format!("<faultcode>s:Server</faultcode><faultstring>{words}</faultstring>"),
        ),
    };
    let body = format!(
        "<s:Envelope xmlns:s='{envelope}'><s:Body><s:Fault>{inner}</s:Fault></s:Body></s:Envelope>"
    );
    Answer::new("500 Internal Server Error", content_type, &body)
}

async fn look(service: SocketAddr, path: &str) -> Report {
    // Requests in all forms and sizes are tried against a contrary service, and take long in a build
    // that is not optimised.
    let only = "1-3,7,8.1,10-11,13-20".parse().unwrap();
    Suite { allow_changes: true, only, ..suite(service, path) }.run().await.unwrap()
}

async fn names(faults: &[Fault], path: &str) -> Vec<String> {
    let host = echoing(NAMESPACE);
    let mut wrong = Vec::new();
    for (fault, spoil, musts, shoulds) in faults {
        let report = look(spoiled(host, *spoil), path).await;
        let (must, should) = (failed(&report, Level::Must), failed(&report, Level::Should));
        if must != set(musts) || !should.is_superset(&set(shoulds)) {
            wrong.push(format!("{fault}: {must:?}, {should:?}"));
        }
        for case in report.cases.iter().filter(|case| case.outcome == Outcome::Failed) {
            let is_shown = case.sent.is_some() && case.got.is_some() && case.again.is_some();
            assert!(is_shown && case.text.is_some(), "{fault}: {case:#?}");
        }
        let all = format!("{report:?}");
        assert!(!all.contains("s3cret") && !all.contains("mypassword"), "{fault}: {all}");
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_named_by_its_case_and_no_other_must() {
    let mut wrong = names(FAULTS, "/Provider.asmx").await;
    wrong.extend(names(OTHERS, "/Extended.asmx").await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What tells a request from another: all but where it goes.
fn key(request: &Request) -> Vec<u8> {
    let lines = request.head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("host:"));
    [lines.collect::<Vec<_>>().join("\n").as_bytes(), &request.body].concat()
}

/// The message of an answer.
fn words(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let message = body.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or("no message", |(message, _)| message).to_owned()
}

/// Passes on what is known, and answers all else as it should not be: what is to be answered as the plain
/// request is with a fault, and all else as the plain request. Learns what is known where nothing is.
fn contrary(
    host: SocketAddr,
    known: Arc<Mutex<BTreeSet<Vec<u8>>>>,
    others: Arc<AtomicUsize>,
) -> SocketAddr {
    let learns = known.lock().unwrap().is_empty();
    let plain: Mutex<Option<Answer>> = Mutex::default();
    serve(move |request| {
        let answer = pass(host, request);
        let mut known = known.lock().unwrap();
        let mut plain = plain.lock().unwrap();
        if plain.is_none() && answer.holds("<Success>true") {
            *plain = Some(answer.clone());
        }
        // Both versions of SOAP say it in the same words.
        let is_plain = plain.as_ref().is_some_and(|plain| words(plain) == words(&answer));
        if learns {
            known.insert(key(request));
        }
        if known.contains(&key(request)) {
            return answer.bytes();
        }
        others.fetch_add(1, Ordering::Relaxed);
        match &*plain {
            Some(plain) if !is_plain => plain.bytes(),
            _ => fault(request, "contrary").bytes(),
        }
    })
}

/// One case, on a service of the sample's.
fn only(number: &str, service: SocketAddr, path: &str) -> Suite {
    let only = number.parse().unwrap();
    Suite { only, allow_changes: true, ..suite(service, path) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_case_that_asks_by_itself_can_fail() {
    let host = echoing(NAMESPACE);
    let faulty: BTreeSet<String> = FAULTS
        .iter()
        .chain(OTHERS)
        .flat_map(|(_, _, musts, shoulds)| musts.iter().chain(*shoulds))
        .chain(&CONNECTIONS)
        .map(|number| (*number).to_owned())
        .collect();
    let mut left: Vec<String> = cases().map(|case| case.number.to_string()).collect();
    for path in ["/Provider.asmx", "/Extended.asmx"] {
        let known = Arc::default();
        let service = contrary(host, Arc::clone(&known), Arc::default());
        only("2.1,3.1,8.1,10.1,11.1,14.1,16.1,17.1,18.1,19.1,20.1", service, path)
            .run()
            .await
            .unwrap();
        let others = Arc::new(AtomicUsize::new(0));
        let service = contrary(host, known, Arc::clone(&others));
        for number in std::mem::take(&mut left) {
            let before = others.load(Ordering::Relaxed);
            let report = only(&number, service, path).run().await.unwrap();
            let asked = others.load(Ordering::Relaxed) > before;
            // What looks at earlier answers, or for another than a wrong one, has its fault above; what
            // the one service does not have, the other has.
            if !(asked && report.cases[0].outcome == Outcome::Failed) {
                left.push(number);
            }
        }
        left.retain(|number| !faulty.contains(number));
    }
    assert_eq!(left, [""; 0]);
}

/// Cases about connections, which have faults of their own.
const CONNECTIONS: [&str; 3] = ["13.1", "13.2", "13.7"];

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_kept_badly_are_named() {
    let host = echoing(NAMESPACE);
    let fails = async |number: &str, service: SocketAddr| {
        let answer_timeout = Duration::from_millis(800);
        let suite = Suite { answer_timeout, ..only(number, service, "/Provider.asmx") };
        let report = suite.run().await.unwrap();
        assert_eq!(failed(&report, report.cases[0].level), set(&[number]), "{report:#?}");
        report.cases[0].clone()
    };
    // The second request on a connection that is kept is not answered.
    let kept = AtomicUsize::new(0);
    let silent = serve(move |request| {
        let lower = request.head.to_ascii_lowercase();
        let is_kept = is_post(request) && !lower.contains("\r\nconnection: close");
        match is_kept && kept.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
            true => Vec::new(),
            false => pass(host, request).bytes(),
        }
    });
    let case = fails("13.1", silent).await;
    assert!(case.text.unwrap().contains("no answer came within 0.8 s"));
    let waiting = serve_expecting(Expect::Wait, move |request| pass(host, request).bytes());
    let case = fails("13.2", waiting).await;
    assert!(case.text.unwrap().contains("within 350 ms"));
    let refusing = serve_expecting(Expect::Refuse, move |request| pass(host, request).bytes());
    let case = fails("13.2", refusing).await;
    assert!(case.text.unwrap().contains("417"));
    // Calls at the same time are all answered as the right one among them.
    let crowd = Arc::new(AtomicUsize::new(0));
    let mixing = serve(move |request| {
        crowd.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(100));
        let is_crowd = crowd.load(Ordering::SeqCst) > 1;
        let mut request = request.clone();
        if is_crowd {
            let body = text(&request).replace("not-the-web-service-password", PASSWORD);
            request.body = body.into_bytes();
        }
        let bytes = pass(host, &request).bytes();
        crowd.fetch_sub(1, Ordering::SeqCst);
        bytes
    });
    let case = fails("13.7", mixing).await;
    assert!(
        case.again.unwrap().starts_with("for n in 1 2 3; do { printf"),
        "the line asks at once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn real_oddities_are_named_and_no_false_alarm() {
    let host = echoing(NAMESPACE);
    let to_all: Spoil = |r, a| {
        if is_post(r) && a.holds("Result>") {
            let body = String::from_utf8_lossy(&a.body).into_owned();
            let (start, end) = (body.find("<Success>").unwrap(), body.rfind("Result></").unwrap());
            let end = body[..end].rfind("</").unwrap();
            let no = "<Success>true</Success><Message>Login Failure</Message>\
                <OutputVariables><string>Authentication=FAIL</string></OutputVariables>";
            a.body = [&body[..start], no, &body[end..]].concat().into_bytes();
        }
    };
    let fields: Spoil = |r, a| {
        if asks(r, "GetCustomFieldOptions") {
            *a = fault(r, "Object reference not set to an instance of an object.");
        }
    };
    let each: Spoil = |r, a| {
        if !asks(r, "Authenticate") && is_post(r) && !a.holds("Fault") {
            let body = String::from_utf8_lossy(&a.body).into_owned();
            let (Some(start), Some(end)) = (body.find("<Success>"), body.rfind("Result></")) else {
                return;
            };
            let end = body[..end].rfind("</").unwrap();
            let no =
                "<Success>false</Success><Message>Permission Denied</Message><OutputVariables />";
            a.body = [&body[..start], no, &body[end..]].concat().into_bytes();
        }
    };
    let down: Spoil = |r, a| {
        if asks(r, "Authenticate") {
            a.replace("Login Successful", "Login Failure");
            a.replace(OK, NO);
        }
    };
    let stack: Spoil = |r, a| in_calls(r, a, "</faultstring>", "\r\n   at P.A()\r\n</faultstring>");
    for (oddity, spoil, musts) in [
        ("password-unproven", to_all, set(&["14.1", "14.10", "15.1", "15.2"])),
        ("always-faults", fields, set(&["15.1"])),
        ("password-per-operation", each, set(&[])),
        ("login-unproven", down, set(&["14.1"])),
        ("custom-errors-off", stack, set(&[])),
    ] {
        let report = suite(spoiled(host, spoil), "/Provider.asmx").run().await.unwrap();
        let named = report.oddities.iter().find(|finding| finding.code == oddity);
        let named = named.unwrap_or_else(|| panic!("{oddity}: {:?}", report.oddities));
        assert!(named.remedy.is_some());
        let alarms: Vec<_> =
            failed(&report, Level::Must).into_iter().filter(|n| n.starts_with("10.")).collect();
        assert_eq!(alarms, [""; 0], "{oddity}");
        assert_eq!(failed(&report, Level::Must), musts, "{oddity}");
        assert!(!numbers(&report, Outcome::Passed).is_empty());
    }
}
