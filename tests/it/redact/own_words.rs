//! Passwords and the tool's own words: these never change with them, and values come as they are.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Output;

use serde_json::Value;

use crate::codec::raw::Service;
use crate::doctor::peers::sample_host;
use crate::support::{Folder, tool};

/// Passwords that look like what is printed, and one that looks like nothing.
const ODD: &str = "Zq9~odd~Zq9";
const LIKE_WORDS: [&str; 22] = [
    "e",
    "a",
    "b",
    "x",
    "t",
    "o",
    "http",
    "nope",
    "connect",
    "Provider",
    "127",
    "127.0.0.1",
    "true",
    "SOAP",
    "not",
    "error",
    "request",
    "Authenticate",
    "service",
    "password",
    "AuthenticateResponse",
    "Envelope",
];

fn shown(output: Output) -> (Option<i32>, String) {
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// What is printed by a tool with this password in both places.
fn call(url: &str, password: &str, more: &[&str]) -> (Option<i32>, String) {
    let login = format!("loginPassword={password}");
    let arguments =
        [&["call", "Authenticate", "loginUsername=#", &login, "--url", url][..], more].concat();
    shown(tool(&arguments, password).output().unwrap())
}

/// Answers that say nothing in words: what a password might look like is the tool's own.
fn answers() -> Vec<String> {
    let soap = |inner: &str| {
        format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{inner}</s:Body></s:Envelope>"
        )
    };
    let result = |inner: &str| {
        soap(&format!(
            "<AuthenticateResponse xmlns='http://tempuri.org/'><AuthenticateResult>{inner}\
             </AuthenticateResult></AuthenticateResponse>"
        ))
    };
    let answer = |status: &str, kind: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let mut all: Vec<String> =
        ["400 #", "401 #", "403 #", "404 #", "405 #", "415 #", "500 #", "503 #"]
            .map(|status| answer(status, "text/html", ""))
            .into();
    all.extend([
        answer("302 #\r\nLocation: /#", "text/html", ""),
        answer("200 #", "text/html", "<html>#</html>"),
        answer("200 #", "text/xml", ""),
        answer("200 #", "text/xml", "#"),
        answer("200 #", "text/xml", "<!DOCTYPE a><a/>"),
        answer(
            "500 #",
            "text/xml",
            &soap("<s:Fault><faultcode>s:#</faultcode><faultstring>#</faultstring></s:Fault>"),
        ),
        answer("200 #", "text/xml", &result("<Success>false</Success><Message>#</Message>")),
        answer("200 #", "text/xml", &result("<Success>true</Success>")),
        answer("200 #", "text/xml", &result("<Success>#</Success>")),
        answer("200 #", "text/xml", &soap("")),
        answer("200 #", "text/xml", &soap("<AuthenticateResponse xmlns='#'/>")),
        answer("200 #", "text/xml", "<Envelope xmlns='#'/>"),
    ]);
    all
}

#[test]
fn errors_of_a_call_say_the_same_whatever_the_password_is() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/Provider.asmx", listener.local_addr().unwrap())
    };
    let mut cases: Vec<(String, Option<String>)> = vec![
        (closed, None),
        ("http://nope.invalid/Provider.asmx".into(), None),
        ("nope".into(), None),
        ("http://127.0.0.1:1/Provider.asmx?a=b".into(), None),
    ];
    cases.extend(answers().into_iter().map(|answer| (String::new(), Some(answer))));
    for (url, answer) in cases {
        let run = |password: &str| match &answer {
            None => call(&url, password, &[]),
            Some(answer) => {
                let service = Service::start(vec![answer.clone().into_bytes()]);
                let (code, text) =
                    call(&format!("{}/Provider.asmx", service.origin()), password, &[]);
                (code, text.replace(&service.origin(), "http://service"))
            }
        };
        let odd = run(ODD);
        assert!(odd.1.contains("error: "), "{}", odd.1);
        for password in LIKE_WORDS {
            assert_eq!(run(password), odd, "{password}");
        }
    }
}

#[test]
fn check_says_the_same_whatever_the_password_is() {
    let host = sample_host("http://tempuri.org/");
    let urls = [
        "http://127.0.0.1:1/Provider.asmx".to_owned(),
        format!("http://{host}/Provider.asmx"),
        format!("http://{host}/nothing"),
    ];
    for url in urls {
        // Times differ, and so may whether they are worth a word.
        let run = |password: &str| -> Vec<String> {
            let (_, text) = shown(tool(&["check", "--url", &url], password).output().unwrap());
            let lines = text.lines().map(|line| match line.rsplit_once(" (") {
                Some((line, ms)) if ms.ends_with(" ms)") => line.to_owned(),
                _ => line.to_owned(),
            });
            lines.filter(|line| !line.contains("  times ") && !line.contains(" ms")).collect()
        };
        let odd = run(ODD);
        for password in ["e", "nope", "http", "SOAP", "Provider", "127.0.0.1", "true", "refused"] {
            assert_eq!(run(password), odd, "{password}");
        }
    }
}

#[test]
fn a_miss_says_the_same_whatever_the_password_is() {
    let folder = Folder::to_be("own-words");
    let recorded = Service::start(vec![answers()[10].clone().into_bytes()]);
    let running = crate::record::proxy::Running::start(&recorded.origin());
    let mut caller = running.caller();
    caller.send("POST /Provider.asmx HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n<a/>");
    caller.message().unwrap();
    drop(caller);
    let folder = {
        drop(folder);
        running.stop()
    };
    let mut serve = tool(&["serve", "--fixtures", folder.text(), "--listen", "127.0.0.1:0"], ODD)
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(serve.stdout.take().unwrap()));
    let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let at = line.find("http://127.0.0.1:")?;
        line[at..].split_whitespace().next().map(str::to_owned)
    });
    let url = url.unwrap();
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    let run = |password: &str| call(&format!("{origin}/other"), password, &[]);
    let odd = run(ODD);
    let words: Vec<_> = ["e", "recording", "not", "Authenticate", "x"]
        .map(|password| (password, run(password)))
        .into();
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert!(odd.1.contains("recording"), "{}", odd.1);
    for (password, said) in words {
        // What the replay writes is another's words to the caller: masked where a word is whole.
        assert_eq!(said.0, odd.0, "{password}: {}", said.1);
    }
}

fn answering(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/Provider.asmx", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut peer = crate::codec::raw::Peer::new(stream.try_clone().unwrap());
        peer.message().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nConnection: close";
        let length = body.len();
        write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    });
    url
}

const REPEATS: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
    <RegisterUserResponse xmlns='http://tempuri.org/'><RegisterUserResult><Success>true</Success>\
    <Message>acme-joe, pw=acme</Message><OutputVariables><string>Registration=OK</string>\
    <string>loginUsername=acme-joe</string><string>EmailAddress=joe@acme.com</string>\
    <string>echo=acme</string><string>newPassword=acme</string></OutputVariables>\
    </RegisterUserResult></RegisterUserResponse></s:Body></s:Envelope>";

const DECLINES: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
    <RegisterUserResponse xmlns='http://tempuri.org/'><RegisterUserResult><Success>false</Success>\
    <Message>acme-joe, pw=acme</Message><OutputVariables><string>loginUsername=acme-joe</string>\
    <string>echo=acme</string></OutputVariables></RegisterUserResult></RegisterUserResponse>\
    </s:Body></s:Envelope>";

fn register(body: &'static str, more: &[&str]) -> String {
    let url = answering(body);
    let arguments =
        ["call", "RegisterUser", "loginUsername=acme-joe", "loginPassword=acme", "--url", &url];
    let output = tool(&[&arguments[..], more].concat(), "acme").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn json_has_values_as_they_came() {
    for (body, outputs) in [(REPEATS, 5), (DECLINES, 2)] {
        let exact: Value = serde_json::from_str(&register(body, &["--json"])).unwrap();
        assert_eq!(exact["message"], "acme-joe, pw=acme");
        let values = exact["outputs"].as_array().unwrap();
        assert_eq!(values.len(), outputs, "{exact}");
        assert!(values.iter().any(|o| o["key"] == "echo" && o["value"] == "acme"));
        assert!(values.iter().any(|o| o["value"] == "acme-joe"));
        assert!(!exact.to_string().contains("***,") && !exact.to_string().contains("asked"));
        let masked: Value = serde_json::from_str(&register(body, &["--json", "--mask"])).unwrap();
        assert!(!masked.to_string().contains("acme"), "{masked}");
        assert_eq!(masked["messageMasked"], true);
        for output in masked["outputs"].as_array().unwrap() {
            let is_masked = output["value"].as_str().unwrap().contains("***");
            assert_eq!(output["masked"] == true, is_masked, "{output}");
        }
    }
}

#[test]
fn people_see_no_value_that_is_a_password_as_a_whole() {
    let text = register(REPEATS, &[]);
    for line in [
        "  Message        acme-joe, pw=acme",
        "  loginUsername  acme-joe",
        "  EmailAddress   joe@acme.com",
        "  echo           ***",
        "  newPassword    ***",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let text = register(REPEATS, &["--mask"]);
    assert!(!text.contains("acme") && text.contains("  EmailAddress   joe@***.com"), "{text}");
}

#[test]
fn the_wire_is_shown_with_its_structure_whatever_the_password_is() {
    const BODY: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
        <AuthenticateResponse xmlns='http://tempuri.org/'><AuthenticateResult><Success>true</Success>\
        <Message>#</Message><OutputVariables><string>Authentication=OK</string><string>EmailAddress=#</string>\
        <string>DisplayName=#</string></OutputVariables></AuthenticateResult></AuthenticateResponse>\
        </s:Body></s:Envelope>";
    let run = |password: &str| call(&answering(BODY), password, &["--show-wire"]);
    let odd = run(ODD);
    assert!(odd.1.contains("loginPassword=***") && odd.1.contains("<Success>true</Success>"));
    for password in [
        "xmlns",
        "true",
        "string",
        "Success",
        "OK",
        "EmailAddress",
        "utf-8",
        "close",
        "authPW",
        "http://tempuri.org/",
        "AuthenticateResult",
        "encoding",
    ] {
        assert_eq!(run(password), odd, "{password}");
    }
    // What anybody chose is masked as before.
    let shown = call(&answering(REPEATS), "acme", &["--show-wire"]).1;
    assert!(shown.contains("<string>echo=***</string>"), "{shown}");
    assert!(shown.contains("<Message>acme-joe, pw=***</Message>"), "{shown}");
}

#[test]
fn of_many_lines_people_see_the_first() {
    const STACK: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
        <faultcode>s:Server</faultcode><faultstring>\n System.Exception: first line\n   at A.B(String c)\n\
           at C.D()</faultstring></s:Fault></s:Body></s:Envelope>";
    let run = |more: &[&str]| call(&answering(STACK), ODD, more);
    let (code, text) = run(&[]);
    assert_eq!(code, Some(6));
    assert!(text.starts_with("error: the service answered with a fault (Server): System.Exception: first line\nhint: "), "{text}");
    assert!(!text.contains("at A.B") && text.contains("--show-wire"), "{text}");
    assert!(run(&["--show-wire"]).1.contains("at A.B(String c)"));
    let (_, json) = run(&["--json"]);
    let json: Value = serde_json::from_str(&json[..json.rfind('}').unwrap() + 1]).unwrap();
    assert!(json["error"]["text"].as_str().unwrap().contains("at C.D()"), "{json}");
}
