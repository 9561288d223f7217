//! `check` as a command: the table, JSON, exit codes, settings.

use std::net::{SocketAddr, TcpListener};
use std::process::Output;

use serde_json::Value;

use crate::doctor::peers::{PASSWORD, sample_host};
use crate::support::{Folder, tool};

const VARIABLE: &str = "EXTERNAL_PROVIDERS_AUTH_PASSWORD";

fn run(arguments: &[&str], password: Option<&str>) -> (Option<i32>, String, String) {
    let mut command = tool(&[&["check"], arguments].concat(), password.unwrap_or_default());
    if password.is_none() {
        command.env_remove(VARIABLE);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(!out.contains(PASSWORD) && !err.contains(PASSWORD), "{out}{err}");
    assert!(!out.contains('\x1b'), "colours and progress are for terminals: {out}");
    (status.code(), out, err)
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/Provider.asmx")
}

#[test]
fn a_table_for_people() {
    let host = sample_host("http://tempuri.org/");
    let (code, out, err) = run(&["--url", &url(host)], Some(PASSWORD));
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with(&format!("service  {}\n", url(host))), "{out}");
    assert!(out.contains("  ok       password  ours is accepted, a wrong one is refused"), "{out}");
    assert!(out.contains("  -        tls       not checked: the URL is http"), "{out}");
    assert!(out.ends_with("\nall well; not checked: tls\n"), "{out}");

    let (code, out, _) = run(&["--url", &url(host), "--namespace", "urn:x"], Some(PASSWORD));
    assert_eq!(code, Some(9), "{out}");
    assert!(out.contains("  FINDING  contract "), "{out}");
    assert!(out.contains("remedy: set namespace = \"http://tempuri.org/\""), "{out}");

    let (code, out, err) = run(&["--url", &url(host)], None);
    assert_eq!(code, Some(0), "{out}");
    assert!(err.starts_with("note: without a password"), "{err}");
    assert!(
        out.contains("  -        password  not checked: there is none of ours to try"),
        "{out}"
    );
    assert!(out.ends_with("\nall well; not checked: tls, password\n"), "{out}");

    let (code, out, _) = run(&["--url", &url(host)], Some("a wrong one"));
    assert_eq!(code, Some(9), "{out}");
    assert!(out.contains("finding (wrong-password): "), "{out}");
    let folder = Folder::new("check");
    let file = folder.file("password", format!("{PASSWORD}\n"));
    let file = file.to_str().unwrap();
    let (code, out, _) = run(&["--url", &url(host), "--auth-password-file", file], Some("other"));
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn json_for_machines() {
    let host = sample_host("http://tempuri.org/");
    let (code, out, _) = run(&["--url", &url(host), "--json", "--kind", "ticket"], Some(PASSWORD));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["ok"]), (Some(0), &Value::Bool(true)), "{out}");
    let check = &json["checks"][0];
    assert_eq!(check["kind"], "ticket");
    assert_eq!(check["url"], url(host));
    assert_eq!(check["outcome"], "ok");
    let steps = check["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "resolve", "connect", "tls", "wsdl", "contract", "soap", "password", "times", "clock",
            "http"
        ]
    );
    assert_eq!(steps[2]["outcome"], "not-checked");
    assert!(steps[2]["milliseconds"].is_null() && steps[1]["milliseconds"].is_f64());

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, out, _) = run(&["--url", &url(free), "--json"], Some(PASSWORD));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["ok"]), (Some(9), &Value::Bool(false)), "{out}");
    assert_eq!(json["checks"][0]["kind"], Value::Null);
    let finding = &json["checks"][0]["steps"][1]["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&"refused".into(), &"finding".into()));
    assert!(finding["remedy"].as_str().unwrap().contains("nothing listens"));
}

#[test]
fn every_enabled_tab_of_the_settings() {
    let host = sample_host("urn:company");
    let folder = Folder::new("check");
    let settings = format!(
        "[options]\nlogin = true\nticket = true\nevents = true\n\
         [login]\nprovider = \"external\"\nurl = \"{0}\"\nnamespace = \"urn:company\"\npassword = \"{PASSWORD}\"\n\
         forgot_password_url = \"https://h/forgot\"\ndefault_role = \"registered\"\n\
         [ticket]\nprovider = \"built-in\"\n\
         [events]\nprovider = \"external\"\nurl = \"http://{host}/Extended.asmx\"\nnamespace = \"discover\"\noperation = \"discover\"\npassword = \"{PASSWORD}\"\n",
        url(host)
    );
    let file = folder.file("settings.toml", &settings);
    let file = file.to_str().unwrap();
    let (code, out, err) = run(&["--settings", file], None);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("login  http://") && out.contains("events  http://"), "{out}");
    assert!(!out.contains("ticket  http"), "{out}");
    assert_eq!(err.lines().count(), 2, "{err}");
    assert!(err.starts_with(&format!("warning: {file}:9: login.password: the password")), "{err}");
    let (code, out, _) = run(&["--settings", file, "--kind", "events"], None);
    assert_eq!(code, Some(0), "{out}");
    assert!(!out.contains("login  http"), "{out}");
    let (code, _, err) = run(&["--settings", file, "--kind", "ticket"], None);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("ticket is not enabled with an external provider"), "{err}");

    let wrong = folder.file("wrong.toml", settings.replace("\"urn:company\"", "\"urn:other\""));
    let (code, out, _) = run(&["--settings", wrong.to_str().unwrap()], None);
    assert_eq!(code, Some(9), "{out}");
    assert!(out.contains("namespace is urn:company, and urn:other is set"), "{out}");
}

#[test]
fn what_cannot_be_asked() {
    for (arguments, code, words) in [
        (&[][..], 2, "--url"),
        (&["--url", "http://h/", "--settings", "f"], 2, "cannot be used with"),
        (&["--settings", "/nowhere/at/all.toml"], 3, "/nowhere/at/all.toml"),
        (&["--url", "http://h/", "--kind", "tickets"], 2, "it is one of login"),
        (&["--url", "http://h/", "--timeout", "0"], 2, "0.01 to 3600"),
        (&["--url", "http://h/", "--root-certificates", "/nowhere"], 3, "/nowhere"),
        (&["--url", "https://h/", "--root-certificates", "/dev/zero"], 3, "larger than 4 MiB"),
        (&["--url", "ftp://h/"], 2, "must begin with http:// or https://"),
        (&["--url", "127.0.0.1/x.asmx"], 2, "did you forget http://?"),
    ] {
        let (found, out, err) = run(arguments, Some(PASSWORD));
        assert_eq!(found, Some(code), "{arguments:?} {out} {err}");
        assert!(err.contains(words), "{arguments:?} {err}");
    }
}

#[test]
fn a_user_of_another_site_is_asked_about() {
    let host = sample_host("http://tempuri.org/");
    let folder = Folder::new("check-cookie");
    let key = "validationKey = \"30101052676849B0B494466B7A99656346328E89\"\n\
        decryptionKey = \"AC7387D7E54B156377D81930CF237888\"\ncompatibilityMode = \"Framework45\"\n";
    let file = folder.file("key.toml", key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let file = file.to_str().unwrap();
    let check = |user: &str, file: &str| {
        run(&["--url", &url(host), "--cookie-key", file, "--user", user], Some(PASSWORD))
    };
    let (code, out, err) = check("myusername", file);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("cookie    one for \"myusername\" was made and read again"), "{out}");
    assert!(out.contains("sign-on   \"myusername\" is known to the service"), "{out}");
    let (code, out, _) = check("nobody", file);
    assert_eq!(code, Some(9), "{out}");
    assert!(out.contains("FINDING  sign-on "), "{out}");
    assert!(out.contains("finding (user-refused): \"nobody\" is refused"), "{out}");
    let unproven = folder.file("md5.toml", format!("{key}validation = \"SHA1\"\n"));
    let (code, out, _) = check("myusername", unproven.to_str().unwrap());
    assert_eq!(code, Some(9), "{out}");
    assert!(
        out.contains("finding (machine-key): Framework45 with validation=\"SHA1\" is unproven"),
        "{out}"
    );
    let asked = ["--url", &url(host), "--cookie-key", file, "--user", "myusername"];
    let (_, out, _) = run(&asked, None);
    assert!(out.contains("sign-on   not checked: the service asks for its password"), "{out}");
    let settings = folder.file(
        "settings.toml",
        format!(
            "[options]\nlogin = true\n[login]\nprovider = \"external\"\nurl = \"{}\"\npassword = \"{PASSWORD}\"\n",
            url(host)
        ),
    );
    let settings = settings.to_str().unwrap();
    let off = ["--settings", settings, "--cookie-key", file, "--user", "myusername"];
    let (code, out, _) = run(&off, None);
    assert_eq!(code, Some(9), "{out}");
    assert!(
        out.contains("finding (cookies-off): by the settings, the help desk lets nobody in"),
        "{out}"
    );
    let (code, out, err) = check("myusername", "/nowhere");
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(err.contains("cannot read /nowhere"), "{err}");
    assert_eq!(run(&["--url", &url(host), "--user", "jane"], Some(PASSWORD)).0, Some(2));
}
