//! What several tabs share, what the product asks for, and which file is used.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use external_providers::contract::Kind;
use external_providers::settings::{Name, Settings, SettingsError, Surroundings, TABS};
use external_providers::soap::SoapVersion;

use super::settings::{LOGIN, warnings};
use crate::support::{self, Folder};

fn parse(text: &str) -> Result<Settings, SettingsError> {
    let variable = |name: &str| (name == "CRM_PASSWORD").then(|| "hunter2".into());
    let surroundings = Surroundings { folder: Path::new("/nowhere"), variable: &variable };
    Settings::parse_in(text, "s.toml", surroundings)
}

fn wrong(text: &str) -> Vec<String> {
    parse(text).unwrap_err().to_string().lines().map(str::to_owned).collect()
}

const SHARED: &str = "\
[options]
registration = true
ticket = true
live_chat = true
[defaults]
provider = 'external'
url = 'https://h/All.asmx'
password_env = 'CRM_PASSWORD'
namespace = 'urn:crm'
soap = '1.2'
timeout = '7s'
retries = 0
proxy_env = 'NOT_SET'
[ticket]
url = 'https://h/Ticket.asmx'
timeout = '9s'
password = 'hunter3'
proxy = 'http://proxy.example.com:3128'
[live_chat]
provider = 'built-in'
[registration]
proxy = 'http://proxy.example.com:3128'
";

#[test]
fn a_tab_has_the_defaults_but_for_what_it_says_itself() {
    let settings = parse(SHARED).unwrap();
    let registration = settings.tab(Kind::Registration).external().unwrap();
    assert_eq!(registration.url, "https://h/All.asmx");
    assert_eq!(registration.password.expose(), "hunter2");
    assert_eq!(registration.namespace, Name::Is("urn:crm".into()));
    assert_eq!((registration.soap, registration.retries), (SoapVersion::V12, 0));
    assert_eq!(registration.timeout, Duration::from_secs(7));
    let ticket = settings.tab(Kind::Ticket).external().unwrap();
    assert_eq!(ticket.url, "https://h/Ticket.asmx");
    assert_eq!((ticket.timeout, ticket.soap), (Duration::from_secs(9), SoapVersion::V12));
    // One of its own takes the place of all keys for the same thing.
    assert_eq!(ticket.password.expose(), "hunter3");
    assert_eq!(ticket.proxy.as_ref().unwrap().expose(), "http://proxy.example.com:3128");
    assert!(settings.tab(Kind::LiveChat).enabled);
    assert_eq!(settings.tab(Kind::LiveChat).external(), None);
    assert!(!settings.tab(Kind::Events).enabled);
    // A kind needs no section of its own.
    let alone = "[options]\nticket = true\n[defaults]\nprovider = 'external'\n\
        url = 'https://h/'\npassword_env = 'CRM_PASSWORD'\n";
    assert!(parse(alone).unwrap().tab(Kind::Ticket).external().is_some());
}

#[test]
fn mistakes_in_the_defaults_are_named_once_where_they_stand() {
    let text = SHARED.replace("'7s'", "'soon'").replace("https://h/All", "ftp://h/All");
    let text = text.replace("retries = 0", "retries = 0\nforgot_password_url = 'https://h/'");
    let lines = wrong(&text);
    let expected = [
        "s.toml:7: defaults.url: must begin with http:// or https://",
        "s.toml:11: defaults.timeout: must be a duration",
        "s.toml:13: defaults.forgot_password_url: there is no such key",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\nis not\n{expected}");
    }
    // What no section but its own may have is wrong once, whatever its value is.
    for (key, value) in
        [("forgot_password_url", "'no'"), ("default_role", "3"), ("operation", "''")]
    {
        let lines = wrong(&SHARED.replace("retries = 0", &format!("retries = 0\n{key} = {value}")));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(&format!("s.toml:13: defaults.{key}: there is no such key")));
    }
    let lines = wrong(&SHARED.replace("CRM_PASSWORD", "NOT_SET"));
    let unset = "s.toml:8: defaults.password_env: the environment variable NOT_SET is not set";
    assert_eq!(lines, [unset]);
    // What is missing is missing in the tab, if there is one.
    let lines = wrong(
        "[options]\nticket = true\nevents = true\n[defaults]\nprovider = 'external'\npassword_env = 'CRM_PASSWORD'\n[events]\n",
    );
    assert!(lines[0].starts_with("s.toml:4: ticket.url: is missing"), "{lines:?}");
    assert!(lines[1].starts_with("s.toml:7: events.url: is missing"), "{lines:?}");
    // Warnings, too.
    let settings = parse(&SHARED.replace("https://h/All", "http://h/All")).unwrap();
    let lines = warnings(&settings);
    assert!(lines[0].starts_with("s.toml:7: defaults.url: http:// lets everybody"), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("lets everybody")).count(), 1);
}

#[test]
fn what_is_set_up_without_effect_is_a_warning() {
    let external = |kind: Kind| {
        format!(
            "[{kind}]\nprovider = 'external'\nurl = 'https://h/'\npassword_env = 'CRM_PASSWORD'\n"
        )
    };
    for &kind in TABS {
        for options in ["", "[options]\n"] {
            let settings = parse(&format!("{options}{}", external(kind))).unwrap();
            let lines = warnings(&settings);
            let expected = format!(
                "{kind}.url: has no effect, since the provider is not enabled \
                 (say {kind} = true in [options], or {kind} = false if it is to be off)"
            );
            assert!(lines.len() == 1 && lines[0].ends_with(&expected), "{lines:?}");
        }
        // Whoever says that it is off knows; who has it on has no slip.
        let other = if kind == Kind::Ticket { "events" } else { "ticket" };
        let off = format!("[options]\n{kind} = false\n{other} = true\n{}", external(kind));
        assert_eq!(warnings(&parse(&off).unwrap()), [""; 0], "{kind}");
    }
    let only_provider =
        parse("[options]\nevents = true\n[ticket]\nprovider = 'external'\n").unwrap();
    let lines = warnings(&only_provider);
    assert!(lines[0].starts_with("s.toml:4: ticket.provider: has no effect"), "{lines:?}");
    // Defaults alone set no tab up, but somebody is to have them.
    let nobody = "[defaults]\nurl = 'https://h/'\n";
    let lines = warnings(&parse(nobody).unwrap());
    assert!(lines.len() == 1 && lines[0].contains("options: no provider is enabled"), "{lines:?}");
    let lines = warnings(&parse(&format!("[options]\nticket = true\n{nobody}")).unwrap());
    let expected = "s.toml:4: defaults.url: has no effect while every enabled provider is";
    assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}");
}

#[test]
fn an_external_login_has_the_two_settings_that_the_product_asks_for() {
    let service = "url = 'https://h/'\npassword_env = 'CRM_PASSWORD'\n";
    let whole = format!("{LOGIN}{service}");
    assert_eq!(warnings(&parse(&whole).unwrap()), [""; 0]);
    for key in ["forgot_password_url", "default_role"] {
        let lines: String =
            whole.split_inclusive('\n').filter(|line| !line.starts_with(key)).collect();
        let found = warnings(&parse(&lines).unwrap());
        let expected = format!("s.toml:3: login.{key}: is missing, and the product asks for it (");
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{found:?}");
        // Neither the application's own login nor one that is off needs them.
        for (from, to) in [("\"external\"", "\"built-in\""), ("login = true", "login = false")] {
            let found = warnings(&parse(&lines.replace(from, to)).unwrap());
            assert!(!found.iter().any(|line| line.contains(key)), "{found:?}");
        }
    }
}

fn tool(arguments: &[&str], settings: Option<&Path>) -> (i32, String, String) {
    let mut command = support::tool(arguments, "");
    command.env("EXTERNAL_PROVIDERS_SETTINGS", settings.unwrap_or(Path::new("")));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_the_file_where_no_argument_does() {
    let folder = Folder::new("environment");
    folder.file("password", "hunter2");
    let services = external_providers::sample::services("hunter2", "urn:other");
    let base = super::kinds::serve(services).await;
    let text = format!(
        "[options]\nticket = true\n[defaults]\nprovider = 'external'\npassword_file = 'password'\n\
         url = '{base}/Provider.asmx'\nnamespace = 'urn:other'\n"
    );
    let file = folder.file("s.toml", &text);
    let file = Some(file.as_path());
    let ticket = ["call", "StartTicket", "departmentName=Sales", "emailFrom=a@b"];
    let (code, stdout, stderr) = tool(&ticket, file);
    assert!(code == 0 && stdout.starts_with("StartTicket: allowed"), "{stdout}{stderr}");
    let (code, stdout, _) = tool(&["settings", "check"], file);
    assert!(code == 0 && stdout.contains(&format!("{base}/Provider.asmx")), "{stdout}");
    let (code, stdout, _) = tool(&["check", "--json", "--round-trips", "1"], file);
    assert!(code == 0 && stdout.contains("\"kind\": \"ticket\""), "{code} {stdout}");
    // What it says holds: nothing of it is set aside unseen.
    for option in
        [["--namespace", "urn:x"], ["--soap", "1.2"], ["--timeout", "1"], ["--absent", "omit"]]
    {
        let (code, _, stderr) = tool(&[&ticket[..], &option].concat(), file);
        let expected = format!("error: {} cannot be used with the settings that", option[0]);
        assert!(code == 2 && stderr.starts_with(&expected), "{stderr}");
    }
    // An argument goes before it, and an empty variable is as good as none.
    let nobody = ["--url", "http://127.0.0.1:1/", "--auth-password-file", "/dev/null"];
    let (code, _, stderr) = tool(&[&ticket[..], &nobody].concat(), file);
    assert!(code == 3 && stderr.contains("cannot read a password"), "{stderr}");
    let (code, _, stderr) = tool(&["settings", "check"], None);
    assert!(code == 2 && stderr.contains("set EXTERNAL_PROVIDERS_SETTINGS"), "{stderr}");
    let (code, stdout, stderr) = tool(&ticket, None);
    assert!(code == 0 && stdout.starts_with("StartTicket: allowed"), "the sample: {stderr}");
    let (code, _, stderr) = tool(&["check"], None);
    assert!(code == 2 && stderr.contains("or set EXTERNAL_PROVIDERS_SETTINGS"), "{stderr}");

    // A mistake about another kind is a warning for who asks for one.
    let broken =
        format!("{text}[events]\nprovider = 'external'\nurll = 'x'\npassword_file = 'none'\n");
    let file =
        folder.file("b.toml", broken.replace("ticket = true", "ticket = true\nevents = true"));
    let file = Some(file.as_path());
    let (code, stdout, stderr) = tool(&ticket, file);
    assert!(code == 0 && stdout.starts_with("StartTicket: allowed"), "{stdout}{stderr}");
    let all = stderr.lines().all(|line| line.starts_with("warning: ") && line.contains("events."));
    assert!(stderr.lines().count() == 2 && all, "{stderr}");
    let (code, stdout, _) = tool(&["check", "--kind", "ticket", "--round-trips", "1"], file);
    assert!(code == 0 && stdout.starts_with("ticket  "), "{code} {stdout}");
    for arguments in
        [&["check", "--kind", "events"][..], &["check"], &["call", "HandleEvent", "eventName=x"]]
    {
        let (code, _, stderr) = tool(arguments, file);
        let errors = stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert!(code == 3 && errors == 2 && stderr.lines().count() == 2, "{stderr}");
    }
}
