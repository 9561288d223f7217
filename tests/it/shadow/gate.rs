//! What the candidate is shown, and what it is not.

use external_providers::Secret;
use external_providers::shadow::{Candidate, Shadow, ShadowOptions};

use super::{LOGIN, Rig, Spoiled, groups, reasons};
use crate::codec::raw::{Peer, Service, answer, call};
use crate::fixtures::recordings::sample_service;

/// The calls of a candidate, not of its WSDL.
fn posts(candidate: &Spoiled) -> Vec<String> {
    candidate.requests().into_iter().filter(|request| request.starts_with("POST")).collect()
}

#[test]
fn a_wrong_password_never_reaches_the_candidate() {
    let service = sample_service();
    let candidate = Spoiled::start(service, Some);
    let rig = Rig::new(service, candidate.candidate());
    let wrong = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=wrong-one"];
    let twice = [
        "authPW=s3cret",
        "loginUsername=myusername",
        "loginPassword=mypassword",
        "loginPassword=wrong-one",
    ];
    let elsewhere = ["authPW=s3cret", "loginUsername=nobody", "LoginPassword=wrong-one"];
    for variables in [&wrong[..], &twice, &elsewhere] {
        rig.call(call("Authenticate", variables));
    }
    // One that is broken, and one whose body names another operation.
    rig.call(call("Authenticate", &wrong).replace("</soap:Body>", "</soap:Bodi>"));
    rig.call(
        call("Authenticate", &wrong).replace(
            "http://tempuri.org/Authenticate\"\r\n",
            "http://tempuri.org/GetUserInfo\"\r\n",
        ),
    );
    rig.call(call("Authenticate", &LOGIN));
    let report = rig.finish();
    assert_eq!((report.calls, report.compared), (6, 1), "{report}");
    assert_eq!(reasons(&report), [("a login that the old service did not accept", 5)]);
    let posts = posts(&candidate);
    assert_eq!(posts.len(), 1);
    assert!(!posts[0].contains("wrong-one"));
}

#[test]
fn what_may_change_something_is_shown_only_by_name() {
    let service = sample_service();
    let ticket = ["authPW=s3cret", "loginUsername=myusername", "departmentName=Sales"];
    for allowed in [false, true] {
        let candidate = Spoiled::start(service, Some);
        let allow_changes = allowed.then(|| "StartTicket".to_owned()).into_iter().collect();
        let options = ShadowOptions { allow_changes, ..Default::default() };
        let rig = Rig::with(service, candidate.candidate(), options);
        rig.call(call("StartTicket", &ticket));
        rig.call(call("StartChat", &ticket));
        rig.call(call("MakeCoffee", &ticket));
        // The action names what reads, the body what does not: a service chooses.
        rig.call(
            call("StartChat", &ticket)
                .replace("tempuri.org/StartChat\"\r\n", "tempuri.org/GetUserInfo\"\r\n"),
        );
        let report = rig.finish();
        let changes = "it may change something (--allow-changes shows it all the same)";
        let unknown = "the contract does not know it, so it may change something (--allow-changes shows it all the same)";
        let expected = [(changes, if allowed { 2 } else { 3 }), (unknown, 1)];
        assert_eq!(reasons(&report), expected);
        assert_eq!(posts(&candidate).len(), usize::from(allowed));
        assert_eq!((report.compared, report.different), (u64::from(allowed), 0), "{report}");
    }
}

#[test]
fn names_of_the_old_services_own_are_found_in_its_wsdl() {
    let service = sample_service();
    // An old service that calls two operations otherwise.
    let old = Spoiled::start(service, |answer| {
        Some(
            answer.replace("GetCustomFieldOptions", "FormFields").replace("StartTicket", "MayOpen"),
        )
    });
    let candidate = Spoiled::start(service, |a| Some(a.replace("not recognize", "not know")));
    let rig = Rig::new(old.address, candidate.candidate());
    let variables = ["authPW=s3cret", "loginUsername=myusername", "departmentName=Sales"];
    rig.call(call("FormFields", &variables));
    rig.call(call("MayOpen", &variables));
    let report = rig.finish();
    assert_eq!(report.compared, 1, "{report}");
    assert_eq!(report.groups[0].operation, "GetCustomFieldOptions");
    let posts = posts(&candidate);
    assert_eq!(posts.len(), 1);
    assert!(posts[0].contains("<FormFields "), "{}", posts[0]);
    let not = &report.not_compared[0];
    assert!(not.reason.starts_with("it may change something"), "{report}");
}

#[test]
fn a_wsdl_is_asked_for_seldom_and_never_by_names_of_the_contract() {
    let service = sample_service();
    let wsdl = |request: &String| request.starts_with("GET");
    // One that has no WSDL.
    let old = Spoiled::start(service, |text| (!text.contains("wsdl:")).then_some(text));
    let candidate = Spoiled::start(service, Some);
    let rig = Rig::new(old.address, candidate.candidate());
    rig.call(call("Authenticate", &LOGIN));
    let unknown = call("MakeCoffee", &LOGIN[..2]);
    // Paths that do not speak SOAP are nobody's service.
    (0..20).for_each(|n| drop(rig.call(unknown.replace("/Provider.asmx", &format!("/{n}.x")))));
    while rig.shadow.progress().waiting > 0 {
        std::thread::yield_now();
    }
    assert_eq!(old.requests().iter().filter(|request| wsdl(request)).count(), 0);
    rig.call(&unknown);
    while rig.shadow.progress().waiting > 0 {
        std::thread::yield_now();
    }
    let once = old.requests().into_iter().filter(wsdl).count();
    (0..5).for_each(|_| drop(rig.call(&unknown)));
    let text = rig.finish();
    assert!(once > 0, "{text}");
    assert_eq!(old.requests().into_iter().filter(wsdl).count(), once);
    // The caller's word is in the report, so that the option can be given; a secret in it is not.
    let not = text.not_compared.iter().find(|not| not.operation.as_deref() == Some("MakeCoffee"));
    assert!(not.unwrap().reason.contains("--allow-changes shows it all the same"), "{text}");
}

#[test]
fn names_of_callers_are_shown_without_secrets() {
    let service = sample_service();
    let rig = Rig::new(service, Spoiled::start(service, Some).candidate());
    let named = ["authPW=Make7Coffee", "loginUsername=a"];
    rig.call(call("Make7Coffee", &named));
    rig.call(call(&"x".repeat(500), &LOGIN[..2]));
    let report = rig.finish();
    assert_eq!((report.calls, report.left_out()), (2, 2), "{report}");
    assert!(!report.json().contains("Make7Coffee"), "{report}");
    let names = report.not_compared.iter().filter_map(|not| not.operation.as_ref());
    assert!(names.clone().any(|name| name.len() == 64), "{report}");
    assert!(names.clone().all(|name| name.len() <= 64), "{report}");
}

#[test]
fn pages_and_documents_are_passed_on_and_not_compared() {
    let service = sample_service();
    let candidate = Spoiled::start(service, Some);
    let rig = Rig::new(service, candidate.candidate());
    for target in ["/Provider.asmx", "/Provider.asmx?WSDL", "/favicon.ico"] {
        rig.call(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    rig.call(
        "POST /Provider.asmx/Authenticate HTTP/1.1\r\nHost: h\r\nContent-Type: \
              application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b",
    );
    let report = rig.finish();
    assert_eq!((report.calls, report.compared, report.beside), (1, 0, 3), "{report}");
    assert_eq!(reasons(&report), [("not a SOAP call", 1)]);
    assert_eq!(candidate.count(), 0);
}

#[test]
fn a_challenge_to_sign_in_is_not_an_answer() {
    let service = sample_service();
    let old = Spoiled::start(service, |answer| Some(answer.replace("200 OK", "401 Unauthorized")));
    let candidate = Spoiled::start(service, Some);
    let rig = Rig::new(old.address, candidate.candidate());
    rig.call(call("GetCustomFieldOptions", &LOGIN[..2]));
    let report = rig.finish();
    assert_eq!(reasons(&report), [("the old service asked for a sign-in (HTTP 401)", 1)]);
    assert_eq!(posts(&candidate).len(), 0);
}

#[test]
fn a_candidate_may_have_another_path_namespace_and_password() {
    let service = sample_service();
    let new = answer("200 OK", "Content-Type: text/xml\r\n", "<x/>");
    let candidate = Service::start(vec![new.clone(), new]);
    let at = Candidate::at(&format!("{}/New/P.asmx", candidate.origin())).unwrap();
    let at = at.with_namespace("urn:new&<").with_password(Secret::new("n3w & <better>"));
    let rig = Rig::new(service, at);
    let variables =
        ["authPW=s3cret", "loginUsername=xmlns=\"http://tempuri.org/\"", "authPW=s3cret"];
    rig.call(call("GetCustomFieldOptions", &variables));
    let request = String::from_utf8(candidate.request()).unwrap();
    assert!(request.starts_with("POST /New/P.asmx HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\"urn:new&</GetCustomFieldOptions\"\r\n"), "{request}");
    assert!(request.contains("<GetCustomFieldOptions xmlns=\"urn:new&amp;&lt;\">"), "{request}");
    assert!(request.contains("<string>loginUsername=xmlns=\"http://tempuri.org/\"</string>"));
    assert_eq!(request.matches("<string>authPW=n3w &amp; &lt;better&gt;</string>").count(), 2);
    assert!(!request.contains("s3cret"), "{request}");
    // The old service's refusal says nothing of one that is given another password.
    rig.call(call("GetCustomFieldOptions", &["authPW=wrong", "loginUsername=a"]));
    // SOAP 1.2 stays SOAP 1.2.
    let twelve = call("GetCustomFieldOptions", &variables)
        .replace(
            "http://schemas.xmlsoap.org/soap/envelope/",
            "http://www.w3.org/2003/05/soap-envelope",
        )
        .replace("text/xml", "application/soap+xml");
    let twelve = twelve.replace("SOAPAction: \"http://tempuri.org/GetCustomFieldOptions\"\r\n", "");
    let length = twelve.split_once("\r\n\r\n").unwrap().1.len();
    let (head, body) = twelve.split_once("\r\n\r\n").unwrap();
    let head: Vec<_> = head.lines().filter(|line| !line.starts_with("Content-Length")).collect();
    rig.call(format!("{}\r\nContent-Length: {length}\r\n\r\n{body}", head.join("\r\n")));
    let request = String::from_utf8(candidate.request()).unwrap();
    assert!(
        request.to_ascii_lowercase().contains("content-type: application/soap+xml"),
        "{request}"
    );
    assert!(request.contains("http://www.w3.org/2003/05/soap-envelope"), "{request}");
    let report = rig.finish();
    assert_eq!(reasons(&report), [("the old service refused the web service password", 1)]);
    assert_eq!(report.compared, 2);
}

#[test]
fn the_old_service_is_not_its_own_candidate() {
    let service = sample_service();
    let origin = format!("http://{service}");
    let candidate = Candidate::at(&format!("http://localhost:{}/", service.port())).unwrap();
    let error = Shadow::start(&origin, candidate, ShadowOptions::default()).unwrap_err();
    assert!(error.to_string().contains("the candidate is the old service itself"), "{error}");
    // By its whole URL, it is seen when it is called.
    let rig = Rig::new(service, Candidate::at(&format!("{origin}/provider.asmx")).unwrap());
    rig.call(call("Authenticate", &LOGIN));
    let report = rig.finish();
    assert_eq!(
        reasons(&report),
        [("the candidate is the old service itself: give its own URL", 1)]
    );
    // Another one on the same server is not.
    let rig = Rig::new(service, Candidate::at(&format!("{origin}/New.asmx")).unwrap());
    rig.call(call("Authenticate", &LOGIN));
    assert_eq!(groups(&rig.finish()).len(), 1);
}

#[test]
fn the_old_service_is_known_by_its_other_addresses() {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let is_reachable = socket.connect("192.0.2.1:9").is_ok();
    let outer = socket.local_addr().unwrap().ip();
    let service = sample_service();
    let mut hosts = vec!["[::ffff:127.0.0.1]".to_owned(), "0.0.0.0".to_owned()];
    hosts.extend(is_reachable.then(|| outer.to_string()));
    for host in hosts {
        let url = format!("http://{host}:{}", service.port());
        let same = Candidate::at(&url).unwrap();
        let error =
            Shadow::start(&format!("http://{service}"), same, Default::default()).unwrap_err();
        assert!(error.to_string().contains("the candidate is the old service itself"), "{error}");
        // The listener, too.
        let elsewhere = Candidate::at(&url).unwrap();
        let shadow = Shadow::start("http://127.0.0.1:1", elsewhere, Default::default()).unwrap();
        assert!(shadow.asks(([0, 0, 0, 0], service.port()).into()), "{url}");
        assert!(!shadow.asks(([0, 0, 0, 0], 1).into()), "{url}");
    }
    let error = Candidate::at("http://127.0.0.1:1/P.asmx?tenant=1").unwrap_err();
    assert!(error.to_string().contains("a query"), "{error}");
}

#[test]
fn a_loop_ends_at_once() {
    let service = sample_service();
    // A candidate that leads back to where callers call.
    let (way_back, loops) = std::sync::mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let candidate = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let shadow: std::net::SocketAddr = loops.recv().unwrap();
        while let Ok((stream, _)) = listener.accept() {
            std::thread::spawn(move || {
                let mut peer = Peer::new(stream);
                let mut real = Peer::connect(shadow);
                while let Some(request) = peer.message() {
                    real.send(&request);
                    peer.send(real.message().unwrap());
                }
            });
        }
    });
    let old = Spoiled::start(service, Some);
    let rig = Rig::new(old.address, Candidate::at(&format!("http://{candidate}")).unwrap());
    way_back.send(rig.address).unwrap();
    rig.call(call("Authenticate", &LOGIN));
    let report = rig.finish();
    assert_eq!((report.calls, report.compared, posts(&old).len()), (2, 1, 2), "{report}");
    let reason = "a shadow asks: does the candidate's URL lead back here?";
    assert_eq!(reasons(&report), [(reason, 1)]);
}
