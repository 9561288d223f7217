//! The command line as a user meets it: answers, errors, exit codes, and no password anywhere.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use crate::support::{Folder, tool};

const PASSWORD: &str = "s3cret-of-the-service";
const USER_PASSWORD: &str = "mypassword";

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

fn command(arguments: &[&str]) -> Command {
    tool(&[&["call"], arguments].concat(), PASSWORD)
}

fn finish(output: Output) -> Run {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run {
        code: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    for secret in [PASSWORD, USER_PASSWORD] {
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains(secret), "{all}");
    }
    run
}

fn call(arguments: &[&str]) -> Run {
    finish(command(arguments).output().unwrap())
}

const LOGIN: [&str; 3] = ["Authenticate", "loginUsername=myusername", "loginPassword=mypassword"];

#[test]
fn the_first_command_of_the_readme_answers() {
    let run = call(&LOGIN);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("Authenticate: authenticated\n"), "{}", run.stdout);
    assert!(run.stdout.contains("EmailAddress    myusername@example.com"), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn json_has_the_documented_shape() {
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&call(arguments).stdout).unwrap()
    };
    let login = json(&[&LOGIN[..], &["--json"]].concat());
    assert_eq!(login["operation"], "Authenticate");
    assert_eq!(login["outcome"], "authenticated");
    assert_eq!(login["message"], "Login Successful");
    assert_eq!(login["outputs"][0]["key"], "Authentication");
    assert_eq!(login["outputs"][2]["value"], "My Username");
    assert_eq!(login["error"], serde_json::Value::Null);
    assert_eq!(login.get("items"), None);

    let fields = json(&["GetCustomFieldOptions", "departmentName=Support Department", "--json"]);
    let item = &fields["items"][1];
    assert_eq!(item["name"], "Serial Number");
    assert_eq!(item["required"], false);
    assert_eq!(item["options"], serde_json::Value::Null);
    assert_eq!(item["displayWithInformationLookup"], true);

    let declined = json(&["GetUserInfo", "--json"]);
    assert_eq!(declined["outcome"], "declined");
    assert_eq!(declined["error"]["kind"], "declined");
    let refused = json(&[&LOGIN[..], &["--json", "--url", "http://nowhere.invalid/"]].concat());
    assert_eq!(refused["error"]["kind"], "transport");
    assert_eq!(refused["error"]["sent"], false);
}

#[test]
fn every_operation_can_be_called() {
    for (arguments, code, word) in [
        (&["GetSignInCookieInfo", "loginUsername=myusername"][..], 0, "authenticated"),
        (&["GetCustomFieldOptions"], 0, "options"),
        (&["StartTicket", "departmentName=a", "emailFrom=b"], 0, "allowed"),
        (&["StartTicket", "departmentName=a", "emailFrom=outoftickets"], 7, "refused"),
        (&["StartTicket", "departmentName=a", "loginUsername=b"], 0, "allowed"),
        (&["StartChat", "departmentName=a", "loginUsername=b"], 0, "allowed"),
        (&["StartChat", "departmentName=a", "emailFrom=b", "cf_x=server down"], 0, "allowed"),
        (&["GetUserInfo", "emailFrom=myusername@example.com"], 0, "found"),
        (&["GetUserInfo", "emailFrom=x"], 0, "not-found"),
        (&["HandleEvent", "eventName=x", "more=y"], 0, "handled"),
        (&["RegisterUser", "loginUsername=new", "loginPassword=mypassword"], 0, "registered"),
        (&["RegisterUser", "loginUsername=myusername", "loginPassword=pw"], 7, "refused"),
    ] {
        for soap in ["1.1", "1.2"] {
            let run = call(&[arguments, &["--soap", soap, "--namespace", "urn:any"]].concat());
            assert_eq!(run.code, code, "{arguments:?} {}", run.stderr);
            let start = format!("{}: {word}\n", arguments[0]);
            assert!(run.stdout.starts_with(&start), "{}", run.stdout);
        }
    }
    let fields = ["cf_=1", "cf_x=1", "CF_x=2", "cf_x=3", "cf_y=4"];
    let run = call(
        &[&["StartChat", "departmentName=a", "loginUsername=b", "--show-wire"], &fields[..]]
            .concat(),
    );
    for note in [
        "note: cf_ names no custom field: it is not sent\n",
        "note: cf_x and CF_x are one custom field: it is sent once\n",
        "cf_x=2",
    ] {
        assert!(run.stderr.contains(note), "{note}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("cf_x=3") && !run.stderr.contains("cf_=1"), "{}", run.stderr);
    for arguments in [
        &["StartTicket", "departmentName=a"][..],
        &["StartTicket", "loginUsername=a", "emailFrom=b"],
        &["StartChat", "departmentName=a", "loginUsername="],
        &["StartChat", "loginUsername=a"],
    ] {
        let run = call(arguments);
        assert_eq!(run.code, 7, "{arguments:?} {}", run.stderr);
        assert!(run.stderr.contains("Required Input Missing"), "{}", run.stderr);
    }
}

#[test]
fn the_wire_is_shown_masked() {
    let run = call(&[&LOGIN[..], &["--show-wire"]].concat());
    assert_eq!(run.code, 0);
    for line in [
        "POST /Provider.asmx",
        "          <string>authPW=***</string>",
        "          <string>loginPassword=***</string>",
        "        <Message>Login Successful</Message>",
    ] {
        assert!(run.stderr.lines().any(|l| l == line), "{line}\n{}", run.stderr);
    }
}

#[test]
fn nothing_is_logged_that_is_secret() {
    let mut logged = command(&[&LOGIN[..], &["--show-wire", "--json"]].concat());
    let run = finish(logged.env("EXTERNAL_PROVIDERS_LOG", "trace").output().unwrap());
    assert!(run.stderr.contains("TRACE"), "{}", run.stderr);
    let mut bad = command(&LOGIN);
    let run = finish(bad.env("EXTERNAL_PROVIDERS_LOG", "a=b=c").output().unwrap());
    assert_eq!(run.code, 3);
}

#[test]
fn passwords_come_from_files_and_standard_input() {
    let folder = Folder::new("cli");
    let folder = folder.path();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let user = format!("loginPassword=@{}", file("user", "\u{feff}mypassword\r\n"));
    let auth = file("auth", "s3cret-of-the-service\n");
    let run =
        call(&["Authenticate", "loginUsername=myusername", &user, "--auth-password-file", &auth]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("authenticated"));

    let piped = |arguments: &[&str]| {
        let mut child = command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses at once does not read.
        let _ = child.stdin.take().unwrap().write_all(b"mypassword\n");
        finish(child.wait_with_output().unwrap())
    };
    let run = piped(&["Authenticate", "loginUsername=myusername", "loginPassword=-"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let both = ["Authenticate", "loginUsername=u", "loginPassword=-", "--auth-password-file", "-"];
    assert_eq!(piped(&both).code, 2);

    for (bad, why) in [
        (folder.join("none").to_str().unwrap().to_owned(), "No such file"),
        (file("two", "mypassword\nmore\n"), "more than one line"),
        (folder.to_str().unwrap().to_owned(), "directory"),
        (file("empty", "\n"), "empty"),
    ] {
        let run = call(&[&LOGIN[..], &["--auth-password-file", &bad]].concat());
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains(&bad) && run.stderr.contains(why), "{}", run.stderr);
    }
}

#[test]
fn mistakes_are_one_clear_error_with_its_exit_code() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refusing = format!("http://{free}/Provider.asmx");
    for (arguments, code, says) in [
        (&["Authentcate"][..], 2, "a similar value exists: 'Authenticate'"),
        (&["Nothing"], 2, "StartTicket"),
        (&["Authenticate", "loginUsername=u"], 2, "needs loginPassword"),
        (
            &["Authenticate", "loginUsername=u", "s3cret-of-the-service"],
            2,
            "variable 2 has no \"=\"",
        ),
        (
            &["Authenticate", "loginUsername=u", "loginPasword=mypassword"],
            2,
            "did you mean loginPassword (you wrote loginPasword)?",
        ),
        (
            &["Authenticate", "loginUsername=u", "loginPassword=@s3cret-of-the-service"],
            3,
            "the file given for loginPassword",
        ),
        (&["loginPassword=mypassword", "Authenticate"], 2, "invalid value"),
        (&["HandleEvent", "eventName=x", "--timeout", "loginPassword=mypassword"], 2, "seconds"),
        (&["HandleEvent", "eventName=x", "--timeout", "-1"], 2, "seconds"),
        (&["HandleEvent", "eventName=x", "=y"], 2, "variable 2 has no key"),
        (&["HandleEvent", "eventName=x", "--url", "localhost/x"], 2, "did you forget http://"),
        (&["Authenticate", "authPW=s3cret-of-the-service"], 2, "cannot be an argument"),
        (&["HandleEvent", "eventName=x", "--soap", "1.3"], 2, "1.1, 1.2"),
        (&["HandleEvent", "eventName=x", "--timeout", "0"], 2, "seconds"),
        (&["HandleEvent", "eventName=x", "--url", "ftp://h/"], 2, "must begin with http"),
        (&["HandleEvent", "eventName=x", "--url", "http://u:mypassword@h/"], 2, "take it out"),
        (&["HandleEvent", "eventName=x", "--url", "http://nowhere.invalid/"], 4, "not sent"),
        (&["HandleEvent", "eventName=x", "--url", &refusing], 4, "refused"),
        (&["HandleEvent", "eventName=a\u{1}"], 2, "U+0001"),
    ] {
        let run = call(arguments);
        assert_eq!(run.code, code, "{arguments:?} {}", run.stderr);
        assert!(run.stderr.contains(says), "{arguments:?} {}", run.stderr);
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    let mut bare = command(&["HandleEvent", "eventName=x", "--url", &refusing]);
    let run = finish(bare.env_remove("EXTERNAL_PROVIDERS_AUTH_PASSWORD").output().unwrap());
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("EXTERNAL_PROVIDERS_AUTH_PASSWORD"), "{}", run.stderr);
    // A key in another case is a site's own variable, but worth a word.
    let run = call(&["GetUserInfo", "emailfrom=x"]);
    assert!(run.stderr.contains("the contract's variable is emailFrom"), "{}", run.stderr);
}

/// A server that takes one connection, reads the request, and does as it is told. Gives its URL.
fn answering(act: impl FnOnce(std::net::TcpStream) + Send + 'static) -> String {
    use std::io::Read as _;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/Provider.asmx", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"Envelope>") {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0);
            request.extend_from_slice(&buffer[..n]);
        }
        act(stream);
    });
    url
}

#[test]
fn every_bad_answer_has_its_error_and_exit_code() {
    let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no, mypassword</faultstring></s:Fault></s:Body></s:Envelope>";
    let page = "<html><h1>Oops</h1>authPW=s3cret-of-the-service mypassword</html>";
    for (status, kind, body, code, says) in [
        ("200 OK", "text/html", page, 5, "an HTML page"),
        ("301 Moved Permanently\r\nLocation: https://h/login", "text/html", "", 5, "a redirect"),
        ("401 Unauthorized", "text/html", page, 5, "a demand to sign in"),
        ("403 Forbidden", "text/html", page, 5, "HTTP 403"),
        ("404 Not Found", "text/html", page, 5, "check the path"),
        ("502 Bad Gateway", "text/html", page, 5, "is it running?"),
        ("200 OK", "text/xml", "", 5, "an empty body"),
        ("200 OK", "text/xml; charset=utf-8", "<a><b></a>", 5, "not a SOAP Envelope"),
        (
            "500 Internal Server Error",
            "text/xml; charset=utf-8",
            fault,
            6,
            "a fault (Server): no, ***",
        ),
        ("200 OK", "text/xml; charset=utf-8", fault, 6, "a fault (Server): no, ***"),
    ] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let url = answering(move |mut stream| stream.write_all(answer.as_bytes()).unwrap());
        let run = call(&[&LOGIN[..], &["--url", &url, "--show-wire"]].concat());
        assert_eq!(run.code, code, "{status} {}", run.stderr);
        assert!(run.stderr.contains(says), "{status} {}", run.stderr);
        assert_eq!(run.stderr.lines().filter(|l| l.starts_with("error: ")).count(), 1);
    }
    let url = answering(drop);
    let run = call(&[&LOGIN[..], &["--url", &url]].concat());
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("(the request was sent)"), "{}", run.stderr);
    let (release, held) = std::sync::mpsc::channel::<()>();
    let url = answering(move |_stream| {
        let _ = held.recv();
    });
    let run = call(&[&LOGIN[..], &["--url", &url, "--timeout", "0.3"]].concat());
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("within 0.3 s"), "{}", run.stderr);
    drop(release);
}

#[test]
fn a_deep_answer_is_shown_without_exploding() {
    let body = "<a>".repeat(40_000);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let url = answering(move |mut stream| stream.write_all(answer.as_bytes()).unwrap());
    let run = call(&[&LOGIN[..], &["--url", &url, "--show-wire"]].concat());
    assert_eq!(run.code, 5, "{}", run.code);
    assert!(run.stderr.len() < 200_000, "{}", run.stderr.len());
}

#[test]
fn a_password_that_the_operation_does_not_know_is_masked_too() {
    let arguments = ["HandleEvent", "eventName=mypassword", "loginPassword=mypassword"];
    let run = call(&[&arguments[..], &["--json", "--mask"]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("\"value\": \"***\",\n      \"masked\": true"), "{}", run.stdout);
    let run = call(&arguments);
    assert!(run.stdout.contains("eventName  ***\n"), "{}", run.stdout);
}

#[test]
fn a_password_under_a_misspelt_key_is_kept_too() {
    use std::os::unix::ffi::OsStringExt as _;
    let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>bad mypassword</faultstring></s:Fault></s:Body></s:Envelope>";
    for key in ["loginPasword=mypassword", "authPQ=mypassword"] {
        let answer = format!(
            "HTTP/1.1 500 Oops\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{fault}",
            fault.len()
        );
        let url = answering(move |mut stream| stream.write_all(answer.as_bytes()).unwrap());
        let run = call(&["HandleEvent", "eventName=x", key, "--url", &url, "--show-wire"]);
        assert_eq!(run.code, 6, "{}", run.stderr);
        assert!(run.stderr.contains("bad ***"), "{}", run.stderr);
        let run = call(&[key, "Authenticate"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("=***' for '<OPERATION>'"), "{}", run.stderr);
    }
    let mut odd = command(&["Authenticate", "loginUsername=u"]);
    odd.arg(std::ffi::OsString::from_vec(b"loginPassword=mypassword\xff".to_vec()));
    let run = finish(odd.output().unwrap());
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn what_a_service_says_cannot_steer_the_terminal() {
    let run = call(&["HandleEvent", "eventName=a\u{9b}31mb\u{7f}"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("a\u{fffd}31mb\u{fffd}"), "{}", run.stdout);
}
