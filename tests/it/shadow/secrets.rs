//! Which passwords and credentials a candidate sees, and what both sides' silence is worth.

use external_providers::shadow::{Candidate, Report, ShadowOptions};

use super::{LOGIN, Rig, Spoiled, groups, reasons};
use crate::codec::raw::{Service, answer, call};
use crate::fixtures::recordings::sample_service;

const NOT_ACCEPTED: &str = "a login that the old service did not accept";

/// Requests with a body, not those of a WSDL.
fn posts(candidate: &Spoiled) -> usize {
    candidate.requests().iter().filter(|request| request.starts_with("POST")).count()
}

#[test]
fn success_without_a_word_of_the_login_proves_no_password() {
    let service = sample_service();
    for (outputs, shown) in [
        ("", false),
        ("<string>Registration=OK</string>", false),
        ("<string>Authentication=FAIL</string>", false),
        ("<string>Authentication=OK</string>", true),
    ] {
        // An old service that calls its login otherwise.
        let body = format!(
            "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
             <LogOnResponse xmlns=\"http://tempuri.org/\"><LogOnResult><Success>true</Success>\
             <OutputVariables>{outputs}</OutputVariables></LogOnResult></LogOnResponse>\
             </soap:Body></soap:Envelope>"
        );
        let accepted = answer("200 OK", "Content-Type: text/xml; charset=utf-8\r\n", &body);
        let accepted = String::from_utf8(accepted).unwrap();
        let old = Spoiled::start(service, move |_| Some(accepted.clone()));
        let candidate = Spoiled::start(service, Some);
        let allow_changes = vec!["LogOn".to_owned()];
        let options = ShadowOptions { allow_changes, ..Default::default() };
        let rig = Rig::with(old.address, candidate.candidate(), options);
        rig.call(call("LogOn", &LOGIN));
        let report = rig.finish();
        let expected = if shown { vec![] } else { vec![(NOT_ACCEPTED, 1)] };
        assert_eq!(reasons(&report), expected, "{outputs}: {report}");
        assert_eq!(posts(&candidate), usize::from(shown), "{outputs}");
    }
}

#[test]
fn http_credentials_stay_with_the_old_service() {
    let service = sample_service();
    let with_credentials = call("Authenticate", &LOGIN).replace(
        "SOAPAction:",
        "Authorization: Basic c2VjcmV0\r\ncookie: session=1\r\nX-Api-Key: k1\r\nSOAPAction:",
    );
    for shown in [false, true] {
        let candidate = Spoiled::start(service, Some);
        let url = Candidate::at(&format!("http://{}", candidate.address)).unwrap();
        let url = if shown { url.with_credentials() } else { url };
        let rig = Rig::new(service, url);
        rig.call(&with_credentials);
        assert_eq!(rig.finish().compared, 1);
        let request = &candidate.requests()[0];
        for header in ["Basic c2VjcmV0", "session=1", "X-Api-Key"] {
            assert_eq!(request.contains(header), shown, "{request}");
        }
    }
    for status in ["401 Unauthorized", "403 Forbidden", "407 Proxy Authentication Required"] {
        let candidate = Spoiled::start(service, Some);
        let old = Service::start(vec![answer(status, "Content-Type: text/html\r\n", "no")]);
        let rig = Rig::new(old.address, candidate.candidate());
        rig.call(call("GetUserInfo", &["authPW=s3cret"]));
        let report = rig.finish();
        let reason = format!("the old service asked for a sign-in (HTTP {})", &status[..3]);
        assert_eq!(reasons(&report), [(reason.as_str(), 1)]);
        assert_eq!(candidate.count(), 0);
    }
}

/// The report of one call to services that answer so.
fn of_answers(old: Option<&[u8]>, candidate: Option<&[u8]>) -> Report {
    let [old, candidate] = [old, candidate].map(|answer| match answer {
        Some(answer) => Service::start(vec![answer.to_vec()]).address,
        None => std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(),
    });
    let rig = Rig::new(old, Candidate::at(&format!("http://{candidate}")).unwrap());
    rig.call(call("GetUserInfo", &["authPW=s3cret", "loginUsername=a"]));
    rig.finish()
}

#[test]
fn silence_on_both_sides_is_no_agreement() {
    let page = answer("503 Service Unavailable", "Content-Type: text/html\r\n", "<p>later</p>");
    let other = answer("404 Not Found", "Content-Type: text/html\r\n", "<p>nothing</p>");
    for (old, candidate) in [(None, None), (Some(&page[..]), Some(&page[..]))] {
        let report = of_answers(old, candidate);
        assert_eq!((report.calls, report.compared), (1, 0), "{report}");
        assert_eq!(reasons(&report), [("the old service gave no answer in SOAP", 1)]);
    }
    for (old, candidate) in [(Some(&page[..]), None), (Some(&page[..]), Some(&other[..]))] {
        let report = of_answers(old, candidate);
        assert_eq!((report.compared, report.different), (1, 1), "{report}");
        assert!(!groups(&report).is_empty());
    }
}

#[test]
fn a_call_that_may_name_two_operations_is_not_shown() {
    let service = sample_service();
    let candidate = Spoiled::start(service, Some);
    let rig = Rig::new(service, candidate.candidate());
    let usual = call("GetUserInfo", &["authPW=s3cret", "loginUsername=myusername"]);
    let action = |name: &str| format!("SOAPAction: \"http://tempuri.org/{name}\"\r\n");
    let body = |request: String, from: &str, to: &str| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let body = body.replacen(from, to, 1);
        let lines = head.lines().filter(|line| !line.starts_with("Content-Length"));
        let head: Vec<_> = lines.collect();
        format!("{}\r\nContent-Length: {}\r\n\r\n{body}", head.join("\r\n"), body.len())
    };
    let read = action("GetUserInfo");
    rig.call(usual.replace(&read, &format!("{}{read}", action("StartTicket"))));
    rig.call(usual.replace(&read, &format!("{read}{}", action("StartTicket"))));
    let two = "<soap:Body><StartTicket xmlns=\"http://tempuri.org/\"/>";
    rig.call(body(usual.clone(), "<soap:Body>", two));
    let two = "<StartTicket xmlns=\"http://tempuri.org/\"/></soap:Body>";
    rig.call(body(usual.clone(), "</soap:Body>", two));
    rig.call(usual);
    let report = rig.finish();
    let reason = "it may name two operations, and a service chooses";
    assert_eq!(reasons(&report), [(reason, 4)], "{report}");
    assert_eq!((report.compared, posts(&candidate)), (1, 1), "{report}");
}
