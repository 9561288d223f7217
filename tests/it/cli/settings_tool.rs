//! The settings file at the command line: an example, a check, a schema, calls.

use std::path::Path;

use external_providers::settings;

use crate::gateway::settings::LOGIN;
use crate::support::{self, Folder};

fn tool(arguments: &[&str]) -> (i32, String, String) {
    let output = support::tool(&[&["settings"], arguments].concat(), "").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_tool_writes_an_example_once_and_prints_the_schema() {
    let folder = Folder::new("init");
    let (code, stdout, stderr) = tool(&["init"]);
    assert_eq!((code, stdout, stderr.as_str()), (0, settings::example(), ""));
    let path = folder.0.join("s.toml");
    let path = path.to_str().unwrap();
    assert_eq!(tool(&["init", "--out", path]), (0, String::new(), String::new()));
    assert_eq!(std::fs::read_to_string(path).unwrap(), settings::example());
    std::fs::write(path, "kept").unwrap();
    let (code, _, stderr) = tool(&["init", "--out", path]);
    assert!(code == 1 && stderr.contains("hint: no file is overwritten"), "{code} {stderr}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "kept");
    let (code, stdout, _) = tool(&["schema"]);
    let printed: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, printed), (0, settings::schema()));
}

#[test]
fn the_tool_checks_a_file_for_people_and_machines() {
    let folder = Folder::new("check");
    let good = format!("{LOGIN}url = 'https://h/P.asmx?key=hunter2'\npassword = 'hunter2'\n");
    let good = folder.file("good.toml", good.replace("[login]", "ticket = true\n[login]"));
    let bad = folder.file("bad.toml", "[options]\nlogin = 1\n[login]\npasswort = 'hunter2'\n");
    let both = folder.file("both.toml", "[options]\nlogin = 1\n[login]\npassword = 'hunter2'\n");
    let (code, _, stderr) = tool(&["check", both.to_str().unwrap()]);
    assert!(code == 3 && stderr.contains("both.toml:4: login.password: the password"), "{stderr}");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let (code, stdout, stderr) = tool(&["check", good]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.starts_with("login             https://h/P.asmx\nregistration      not enabled")
    );
    assert!(stdout.contains("\nticket            built-in\n"), "{stdout}");
    let warning = format!("warning: {good}:9: login.password: the password stands in this file");
    assert!(stderr.starts_with(&warning) && stderr.lines().count() == 1, "{stderr}");
    assert!(!format!("{stdout}{stderr}").contains("hunter2"));
    let (code, stdout, stderr) = tool(&["check", bad]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    let expected = format!(
        "error: {bad}:2: options.login: must be true or false, not this number\n\
         error: {bad}:4: login.passwort: there is no such key (did you mean password?)\n"
    );
    assert_eq!(stderr, expected);

    let json = |file: &str| -> (i32, serde_json::Value) {
        let (code, stdout, stderr) = tool(&["check", file, "--json"]);
        assert!(stderr.is_empty() && !stdout.contains("hunter2"), "{stderr} {stdout}");
        (code, serde_json::from_str(&stdout).unwrap())
    };
    let (code, report) = json(good);
    assert_eq!((code, &report["valid"]), (0, &true.into()));
    assert_eq!(report["warnings"][0]["key"], "login.password");
    assert_eq!(report["providers"][0]["kind"], "login");
    assert_eq!(report["providers"][0]["url"], "https://h/P.asmx");
    assert_eq!(report["providers"][3]["provider"], "built-in");
    let (code, report) = json(bad);
    assert_eq!((code, &report["valid"]), (3, &false.into()));
    assert_eq!(report["problems"][1]["line"], 4);
    assert_eq!(report["problems"][1]["hint"], "did you mean password?");
    let (code, report) = json("/nowhere/s.toml");
    assert_eq!((code, &report["problems"][0]["line"]), (3, &0.into()));
}

fn call(file: &Path, arguments: &[&str]) -> (i32, String, String) {
    let arguments = [&["call"], arguments, &["--settings", file.to_str().unwrap()]].concat();
    let output = support::tool(&arguments, "not this one").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(!format!("{stdout}{stderr}").contains("hunter2"), "{stdout}{stderr}");
    (output.status.code().unwrap(), stdout, stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tool_calls_as_the_settings_say() {
    let folder = Folder::new("call");
    folder.file("password", "hunter2");
    let services = external_providers::sample::services("hunter2", "urn:other");
    let base = crate::gateway::kinds::serve(services).await;
    let settings = |namespace: &str, rest: &str| {
        let tab = |kind: &str, path: &str| {
            format!(
                "[{kind}]\nprovider = 'external'\nurl = '{base}{path}'\n\
                 password_file = 'password'\nnamespace = '{namespace}'\nretries = 0\n"
            )
        };
        let switches = "[options]\nlogin = true\nuser_information = true\nevents = true\n";
        let (login, info) =
            (tab("login", "/Provider.asmx"), tab("user_information", "/Extended.asmx"));
        let login =
            format!("{login}forgot_password_url = '{base}/forgot'\ndefault_role = 'registered'\n");
        folder.file("s.toml", format!("{switches}{login}{info}{rest}"))
    };
    let login = ["Authenticate", "loginUsername=myusername", "loginPassword=mypassword"];
    let info = ["GetUserInfo", "emailFrom=myusername@example.com", "--json"];
    for namespace in ["urn:other", "discover"] {
        let file = settings(namespace, "operation = 'GetUserInfo'\n");
        let (code, stdout, stderr) = call(&file, &login);
        assert_eq!((code, stderr.as_str()), (0, ""), "{namespace}");
        assert!(stdout.starts_with("Authenticate: authenticated\n"), "{stdout}");
        let (code, stdout, _) = call(&file, &info);
        assert!(code == 0 && stdout.contains("\"outcome\": \"found\""), "{stdout}");
    }
    let file = settings("http://tempuri.org/", "operation = 'discover'\n");
    let (code, _, stderr) = call(&file, &login);
    assert!(code == 6 && stderr.contains("its namespace is another"), "{code} {stderr}");
    let (code, _, stderr) = call(&file, &["StartTicket"]);
    assert!(code == 3 && stderr.contains("s.toml: the ticket provider is not enabled"), "{stderr}");
    assert!(stderr.contains("hint: say ticket = true in [options]"), "{stderr}");
    let (code, _, stderr) = call(&file, &["HandleEvent", "eventName=x"]);
    assert!(code == 3 && stderr.contains("the events provider is built-in"), "{stderr}");
    let file = settings("urn:other", "operation = 'Lookup'\n");
    let (_, _, stderr) = call(&file, &["GetSignInCookieInfo", "loginUsername=myusername"]);
    assert!(stderr.starts_with("note: accept_sign_on_cookies is off"), "{stderr}");
    let (code, _, stderr) = call(&file, &info);
    assert!(code == 6 && stderr.contains("did not recognize"), "{code} {stderr}");

    // What keeps a service from being discovered is the call's own error.
    let file = settings("discover", "");
    let text = std::fs::read_to_string(&file).unwrap();
    let dead = format!("http://{}", {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    });
    std::fs::write(&file, text.replace(&base, &dead)).unwrap();
    let (code, stdout, _) = call(&file, &info);
    assert!(code == 4 && stdout.contains("\"kind\": \"transport\""), "{code} {stdout}");
    std::fs::write(&file, text.replace(".asmx", ".none")).unwrap();
    let (code, stdout, _) = call(&file, &info);
    assert!(code == 5 && stdout.contains("the WSDL was asked for at"), "{code} {stdout}");
    assert!(stdout.contains("HTTP 404") && stdout.contains("\"kind\": \"not-soap\""), "{stdout}");

    for (option, value) in [("--url", base.as_str()), ("--namespace", "urn:x"), ("--soap", "1.2")] {
        let (code, _, stderr) = call(&file, &[login.as_slice(), &[option, value]].concat());
        assert!(code == 2 && stderr.contains("cannot be used with"), "{option}: {stderr}");
    }
    // A proxy that says what it was told.
    let page = b"<html>hunter2 is not known here";
    let proxy = crate::doctor::peers::serve(move |_| {
        crate::doctor::peers::respond(
            "407 Proxy Authentication Required",
            "Content-Type: text/html\r\n",
            page,
        )
    });
    let through = format!(
        "password_env = 'EXTERNAL_PROVIDERS_AUTH_PASSWORD'\nproxy = 'http://user:hunter%32@{proxy}'"
    );
    let through = text.replace("password_file = 'password'", &through);
    for text in [&through, &through.replace("'discover'", "'urn:other'")] {
        std::fs::write(&file, text).unwrap();
        let (code, _, stderr) = call(&file, &[login.as_slice(), &["--show-wire"]].concat());
        assert!(code == 5 && stderr.contains("*** is not known here"), "{code} {stderr}");
    }
    std::fs::write(&file, "[options]\nlogin = 1\n").unwrap();
    let (code, _, stderr) = call(&file, &login);
    assert!(code == 3 && stderr.contains("s.toml:2: options.login: must be"), "{stderr}");
}
