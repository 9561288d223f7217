//! The settings file: complete, in order, and every mistake in it named without a password.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use external_providers::contract::Kind;
use external_providers::settings::{
    self, DEFAULTS, ExternalService, Name, OPTIONS, ProviderSource, Role, SWITCHES, Settings,
    SettingsError, Surroundings, TABS,
};
use external_providers::soap::SoapVersion;

use crate::support::Folder;

fn permit(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn parse_with(
    text: &str,
    folder: &Path,
    variables: &[(&str, &str)],
) -> Result<Settings, SettingsError> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let result = Settings::parse_in(text, "s.toml", Surroundings { folder, variable: &variable });
    let shown = match &result {
        Ok(settings) => format!("{settings:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(!shown.contains("hunter2"), "{shown}");
    result
}

fn parse(text: &str) -> Result<Settings, SettingsError> {
    parse_with(text, Path::new("/nowhere"), &[("CRM_PASSWORD", "hunter2")])
}

fn without_warnings(text: &str) -> Settings {
    let settings = parse(text).unwrap();
    assert_eq!(settings.warnings(), [], "{text}");
    settings
}

/// The lines of an error.
fn wrong(text: &str) -> Vec<String> {
    parse(text).unwrap_err().to_string().lines().map(str::to_owned).collect()
}

pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    settings.warnings().iter().map(|warning| settings::line("s.toml", warning)).collect()
}

/// The keys of all sections, `section.key`.
fn all_keys() -> BTreeSet<String> {
    let switches = SWITCHES.iter().map(|key| format!("{OPTIONS}.{}", key.name));
    let of = |kind: &Kind| -> Vec<String> {
        settings::keys(*kind).iter().map(|key| format!("{kind}.{}", key.name)).collect()
    };
    let shared = settings::shared_keys();
    let shared = shared.iter().map(|key| format!("{DEFAULTS}.{}", key.name));
    switches.chain(shared).chain(TABS.iter().flat_map(of)).collect()
}

/// The example with those lines uncommented for which `take` says so.
fn uncommented(take: impl Fn(&str, &str) -> bool) -> String {
    let mut section = String::new();
    let mut text = String::new();
    for line in settings::example().lines() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
        }
        let key =
            line.strip_prefix('#').and_then(|rest| rest.split_once(" = ")).map(|(key, _)| key);
        match key.filter(|key| !key.contains(' ')) {
            Some(key) if take(&format!("{section}.{key}"), line) => text.push_str(&line[1..]),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_example_has_every_key_and_its_default() {
    let taken = std::cell::RefCell::new(Vec::new());
    let text = uncommented(|key, line| {
        taken.borrow_mut().push(key.to_owned());
        !line.ends_with("no default")
    });
    let taken = taken.into_inner();
    assert_eq!(taken.len(), all_keys().len(), "no key stands twice");
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), all_keys());
    let untouched = parse(&settings::example()).unwrap();
    assert_eq!(warnings(&untouched).len(), 1, "{:?}", untouched.warnings());
    for settings in [&untouched, &parse(&text).unwrap()] {
        assert_eq!(settings.login, Settings::default().login);
        for &kind in TABS {
            assert_eq!(settings.tab(kind), Settings::default().tab(kind), "{kind}");
        }
    }
    for line in settings::example().lines() {
        assert!(line.len() <= 100, "{line}");
    }
}

#[test]
fn every_example_of_a_value_can_be_used() {
    for key in all_keys() {
        // One at a time: passwords exclude each other.
        let text = uncommented(|this, _| this == key);
        parse(&text).unwrap();
        // And it is looked at: nothing takes a list.
        let broken: String = text
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some((name, _)) if !line.starts_with('#') => format!("{name} = []\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let error = parse(&broken).unwrap_err().to_string();
        assert!(error.contains(&format!(": {key}: must be ")), "{error}");
    }
}

#[test]
fn the_schema_allows_the_example_and_nothing_else() {
    let schema = settings::schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let text = uncommented(|_, _| true);
    let document: toml::Table = text.parse().unwrap();
    let mut seen = BTreeSet::new();
    for (section, keys) in document {
        let described = &schema["properties"][&section];
        assert_eq!(described["additionalProperties"], false, "{section}");
        for (key, value) in keys.as_table().unwrap() {
            let property = &described["properties"][key];
            let matches = match value {
                toml::Value::Boolean(_) => property["type"] == "boolean",
                toml::Value::Integer(number) => {
                    property["type"] == "integer"
                        && property["minimum"].as_i64().unwrap() <= *number
                        && property["maximum"].as_i64().unwrap() >= *number
                }
                toml::Value::String(text) => {
                    let choices = property.get("enum").and_then(|list| list.as_array());
                    property["type"] == "string"
                        && choices.is_none_or(|list| list.contains(&text.as_str().into()))
                }
                _ => false,
            };
            assert!(matches, "{section}.{key}: {value} is no {property}");
            assert!(property["description"].as_str().unwrap().ends_with('.'), "{section}.{key}");
            let shown = property.get("default").or_else(|| property["examples"].get(0)).unwrap();
            assert_eq!(&serde_json::to_value(value).unwrap(), shown, "{section}.{key}");
            seen.insert(format!("{section}.{key}"));
        }
        let properties = described["properties"].as_object().unwrap();
        assert_eq!(properties.len(), keys.as_table().unwrap().len(), "{section}");
    }
    assert_eq!(seen, all_keys());
    assert_eq!(schema["properties"].as_object().unwrap().len(), 9);
}

pub(crate) const LOGIN: &str = "[options]\nlogin = true\n[login]\nprovider = \"external\"\n\
    forgot_password_url = \"https://h/forgot\"\ndefault_role = \"registered\"\n";

#[test]
fn every_value_arrives() {
    let settings = without_warnings(
        r#"
        [options]
        login = true
        events = true
        ticket = true
        [login]
        provider = "external"
        url = "https://crm.example.com/Provider.asmx?key=hunter2"
        password_env = "CRM_PASSWORD"
        forgot_password_url = "https://crm.example.com/forgot"
        custom_login_url = "https://crm.example.com/login"
        default_role = "anonymous"
        mark_email_verified = true
        accept_sign_on_cookies = true
        remember = "1m 30s"
        namespace = "urn:crm"
        soap = "1.2"
        connect_timeout = "1s 500ms"
        timeout = "1m"
        max_calls = 7
        max_wait = "0s"
        retries = 0
        breaker_failures = 9
        breaker_pause = "2s"
        [events]
        provider = "external"
        url = "http://127.0.0.1/Events.asmx"
        password_env = "CRM_PASSWORD"
        namespace = "discover"
        operation = "OnEvent"
        proxy = "http://proxy.example.com:3128"
        "#,
    );
    let login = &settings.login;
    assert_eq!(login.forgot_password_url.as_deref(), Some("https://crm.example.com/forgot"));
    assert_eq!(login.custom_login_url.as_deref(), Some("https://crm.example.com/login"));
    assert_eq!(login.default_role, Role::Anonymous);
    assert!(login.mark_email_verified && login.accept_sign_on_cookies);
    assert_eq!(login.remember, Duration::from_secs(90));
    let service = settings.tab(Kind::Login).external().unwrap();
    assert_eq!(service.shown_url(), "https://crm.example.com/Provider.asmx");
    assert_eq!(service.password.expose(), "hunter2");
    assert_eq!(service.namespace, Name::Is("urn:crm".into()));
    assert_eq!(service.soap, SoapVersion::V12);
    assert_eq!(service.connect_timeout, Duration::from_millis(1500));
    assert_eq!(service.timeout, Duration::from_secs(60));
    assert_eq!((service.max_calls, service.max_wait), (7, Duration::ZERO));
    assert_eq!((service.retries, service.breaker_failures), (0, 9));
    assert_eq!(service.breaker_pause, Duration::from_secs(2));
    let events = settings.tab(Kind::Events).external().unwrap();
    assert_eq!(events.namespace, Name::Discover);
    assert_eq!(events.operation, Name::Is("OnEvent".into()));
    assert_eq!(events.proxy.as_ref().unwrap().expose(), "http://proxy.example.com:3128");
    let ticket = settings.tab(Kind::Ticket);
    assert_eq!((ticket.enabled, ticket.provider), (true, ProviderSource::BuiltIn));
    assert_eq!(ticket.external(), None);
    assert!(!settings.tab(Kind::LiveChat).enabled);
}

#[test]
fn all_mistakes_are_named_at_once() {
    let text = r#"[options]
login = "yes"
tickets = true

[login]
enabled = true
provider = "externl"
urll = "x"
soapp = "x"
default_role = "registred"
mark_email_verified = 1
soap = "2"
timeout = "soon"
connect_timeout = "2h"
max_calls = 0
max_wait = 1
retries = 9
breaker_pause = "-1s"
namespace = "Discover"
operation = "Authenticate"
forgot_password_url = "hunter2 /"
custom_login_url = "https://bob:hunter2@example.com/"
password = "hunter2"
password_env = "CRM_PASSWORD"

[custom_field]
url = ""
"#;
    let lines = wrong(text);
    let expected = [
        "s.toml:2: options.login: must be true or false, not this string",
        "s.toml:3: options.tickets: there is no such key (did you mean ticket?)",
        "s.toml:6: login.enabled: a provider is not enabled here (in the section [options]: login = true)",
        "s.toml:7: login.provider: must be \"built-in\" or \"external\" (did you mean \"external\"?)",
        "s.toml:8: login.urll: there is no such key (did you mean url?)",
        "s.toml:9: login.soapp: there is no such key (did you mean soap?)",
        "s.toml:10: login.default_role: must be \"registered\" or \"anonymous\" (did you mean \"registered\"?)",
        "s.toml:11: login.mark_email_verified: must be true or false, not this number",
        "s.toml:12: login.soap: must be \"1.1\" or \"1.2\"",
        "s.toml:13: login.timeout: must be a duration (like \"10s\", \"1m 30s\" or \"500ms\")",
        "s.toml:14: login.connect_timeout: must be from 1ms to 1h",
        "s.toml:15: login.max_calls: must be a whole number from 1 to 10000, not this number",
        "s.toml:16: login.max_wait: must be a string, not this number (in quotes, like \"10s\", \"1m 30s\" or \"500ms\")",
        "s.toml:17: login.retries: must be a whole number from 0 to 5, not this number",
        "s.toml:18: login.breaker_pause: must be a duration",
        "s.toml:19: login.namespace: is nearly \"discover\", which has a meaning of its own (did you mean \"discover\"?)",
        "s.toml:20: login.operation: there is no such key",
        "s.toml:21: login.forgot_password_url: is not a URL",
        "s.toml:22: login.custom_login_url: holds a user name or password (take it out",
        "s.toml:23: login.password: is one password too many: there is password_env (keep one of them)",
        "s.toml:26: custom_field: there is no such key (did you mean custom_fields?)",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\nis not\n{expected}");
    }
}

#[test]
fn what_an_enabled_external_provider_needs_must_be_there() {
    for (rest, expected) in [
        ("", vec!["s.toml:3: login.url: is missing", "the web service password is missing"]),
        ("url = 'https://h/'", vec!["s.toml:3: login.password_file: the web service password is"]),
        (
            "url = 'https://h/'\npassword_env = 'NOT_SET'",
            vec!["s.toml:8: login.password_env: the environment variable NOT_SET is not set"],
        ),
        (
            "url = 'https://h/'\npassword_env = 'hunter2'",
            vec!["s.toml:8: login.password_env: the environment variable named here is not set"],
        ),
        ("url = 'https://h/'\npassword = ''", vec!["s.toml:8: login.password: must not be empty"]),
        (
            "url = 'https://h/'\npassword = \"hunter2\\nx\"",
            vec!["s.toml:8: login.password: cannot be the password: it has more than one line"],
        ),
        (
            "url = 'https://h/'\npassword_file = 'missing'",
            vec![
                "s.toml:8: login.password_file: cannot read a password from /nowhere/missing: No such",
            ],
        ),
        (
            "url = 'https://h/'\npassword_credential = 'x'",
            vec!["s.toml:8: login.password_credential: there are no credentials"],
        ),
        (
            "url = 'https://h/'\npassword_credential = '../x'",
            vec!["s.toml:8: login.password_credential: must be the name"],
        ),
        (
            "url = 'https://h/'\npassword_env = 'CRM_PASSWORD'\nroot_certificates = 'missing'",
            vec![
                "s.toml:9: login.root_certificates: cannot read certificates from /nowhere/missing",
            ],
        ),
        (
            "url = 'https://h/'\npassword_env = 'CRM_PASSWORD'\nproxy = 'hunter2'",
            vec!["s.toml:9: login.proxy: the proxy is not an http:// or https:// URL"],
        ),
        (
            "url = 'https://h/'\npassword_env = 'CRM_PASSWORD'\nproxy_env = 'NOT_SET'",
            vec!["s.toml:9: login.proxy_env: the environment variable NOT_SET is not set"],
        ),
        (
            "url = 'ftp://h/'\npassword_env = 'CRM_PASSWORD'",
            vec!["s.toml:7: login.url: must begin with http:// or https://"],
        ),
        (
            "url = 'ftp://h/'\nproxy = 'hunter2'",
            vec![
                "s.toml:3: login.password_file: the web service password is missing",
                "s.toml:7: login.url: must begin with http:// or https://",
                "s.toml:8: login.proxy: the proxy is not an http:// or https:// URL",
            ],
        ),
    ] {
        let lines = wrong(&format!("{LOGIN}{rest}\n"));
        assert_eq!(lines.len(), expected.len(), "{rest}: {lines:#?}");
        for (line, expected) in lines.iter().zip(&expected) {
            assert!(line.contains(expected), "{line}\nis not\n{expected}");
        }
        // Of a provider that is not asked nothing is missing.
        let off = format!("{LOGIN}{rest}\n").replace("login = true", "login = false");
        if !rest.contains("''") && !rest.contains("ftp") {
            assert_eq!(parse(&off).err(), None);
        }
    }
    let events = "[options]\nevents = true\n[events]\nprovider = 'external'\nurl = 'http://[::1]/'\npassword_env = 'CRM_PASSWORD'\n";
    let lines = wrong(&format!("{events}operation = '1a'\n"));
    assert!(lines[0].starts_with("s.toml:7: events.operation: HandleEvent cannot be called"));
    without_warnings(&format!("{events}operation = 'discover'\n"));
    if cfg!(not(feature = "native-tls")) {
        let lines = wrong(&format!("{events}native_tls = true\n"));
        assert!(lines[0].contains("(build with --features native-tls)"), "{lines:?}");
    }
}

#[test]
fn a_service_that_is_printed_shows_no_password() {
    for url in ["https://bob:hunter2@h/", "bob:hunter2@h/x", "hunter2", "https://h/x?key=hunter2"] {
        let mut service = ExternalService::new(Kind::Login, url, "hunter2");
        service.proxy = Some("http://bob:hunter2@proxy/".into());
        let shown = format!("{service:?} {service:#?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn what_is_unwise_is_a_warning() {
    let folder = Folder::new("unwise");
    let open = folder.file("open", "hunter2\n");
    permit(&open, 0o644);
    folder.file("kept", "\u{feff}hunter2\r\n");
    let run = |rest: &str| {
        let variables = [("CREDENTIALS_DIRECTORY", folder.0.to_str().unwrap())];
        let settings = parse_with(&format!("{LOGIN}{rest}"), &folder.0, &variables).unwrap();
        let password = &settings.tab(Kind::Login).service.password;
        assert_eq!(password.expose(), "hunter2", "{rest}");
        warnings(&settings)
    };
    let url = "url = 'https://h/'\n";
    assert_eq!(run(&format!("{url}password_file = 'kept'\n")), [""; 0]);
    assert_eq!(run(&format!("{url}password_credential = 'kept'\n")), [""; 0]);
    let lines = run(&format!("{url}password_file = 'open'\n"));
    let expected = "s.toml:8: login.password_file: every user of this machine can read the file";
    assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}");
    let lines = run("url = 'http://crm.example.com/'\npassword = 'hunter2'\n");
    assert!(lines[0].starts_with("s.toml:7: login.url: http:// lets everybody"), "{lines:?}");
    let expected = "s.toml:8: login.password: the password stands in this file (put it elsewhere";
    assert!(lines.len() == 2 && lines[1].starts_with(expected), "{lines:?}");
    for url in ["http://localhost/", "http://127.0.0.2:80/", "http://[::1]/"] {
        assert_eq!(run(&format!("url = '{url}'\npassword_file = 'kept'\n")), [""; 0]);
    }
    let lines = run(&format!(
        "{url}password_file = 'kept'\nproxy = 'http://bob:hunter2@proxy.example.com/'\n"
    ));
    assert!(
        lines.len() == 1 && lines[0].contains("login.proxy: the proxy's password"),
        "{lines:?}"
    );
    let built_in = parse("[options]\nticket = true\n[ticket]\nurl = 'https://h/'\n").unwrap();
    let expected = "s.toml:4: ticket.url: has no effect while provider is \"built-in\"";
    assert!(warnings(&built_in)[0].starts_with(expected), "{:?}", built_in.warnings());
    let none = parse("[options]\n").unwrap();
    assert!(warnings(&none)[0].starts_with("s.toml:1: options: no provider is enabled"));
}

#[test]
fn certificates_and_passwords_are_read_from_files_in_order() {
    let folder = Folder::new("sources");
    for (contents, why) in
        [("", "it is empty"), ("\n", "it is empty"), ("hunter2\nhunter2\n", "more than one line")]
    {
        folder.file("p", contents);
        let text = format!("{LOGIN}url = 'https://h/'\npassword_file = 'p'\n");
        let error = parse_with(&text, &folder.0, &[]).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    folder.file("p", "hunter2");
    folder.file("roots", "hunter2");
    let text =
        format!("{LOGIN}url = 'https://h/'\npassword_file = 'p'\nroot_certificates = 'roots'\n");
    let error = parse_with(&text, &folder.0, &[]).unwrap_err().to_string();
    assert!(
        error.starts_with("s.toml:9: login.root_certificates: the root certificates"),
        "{error}"
    );
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.file("roots", certified.cert.pem());
    let settings = parse_with(&text, &folder.0, &[]).unwrap();
    assert_eq!(
        settings.tab(Kind::Login).service.root_certificates,
        certified.cert.pem().as_bytes()
    );

    // The certificate that is shown needs its key, and the right one.
    let text = text.replace("root_certificates = 'roots'", "client_certificate = 'roots'");
    let error = parse_with(&text, &folder.0, &[]).unwrap_err().to_string();
    assert!(error.contains("login.client_key: is missing"), "{error}");
    let text = format!("{text}client_key = 'key'\n");
    folder.file("key", rcgen::KeyPair::generate().unwrap().serialize_pem());
    let error = parse_with(&text, &folder.0, &[]).unwrap_err().to_string();
    assert!(error.contains(":10: login.client_key: it is not the key of"), "{error}");
    let key = folder.file("key", certified.signing_key.serialize_pem());
    let open = |mode| {
        permit(&key, mode);
        let settings = parse_with(&text, &folder.0, &[]).unwrap();
        assert!(settings.tab(Kind::Login).service.client_certificate.is_some());
        warnings(&settings).iter().any(|line| {
            line.contains(":10: login.client_key: every user of this machine can read the file")
        })
    };
    assert_eq!((open(0o644), open(0o640)), (true, false));
}

#[test]
fn syntax_errors_show_no_password() {
    for text in [
        "[login]\npassword = \"hunter2\n",
        "[login]\npassword = hunter2\n",
        "[login]\npassword = 'hunter2\n",
        "[login]\npassword = \"hunter2\" hunter2\n",
        "[login]\npassword = \"\\q hunter2\"\n",
        "[login]\npassword = \"\"\"hunter2\n",
        "[login]\npassword = [\"hunter2\"]\n",
        "[login]\npassword = {hunter2 = \"hunter2\"}\n",
        "[login]\npassword = \"hunter2\"\npassword = \"hunter2\"\n",
        "[login\npassword = \"hunter2\"\n",
        "[login]\npassword \"hunter2\"\n",
        "[login]\npassword = \"hunter2\"\n[login]\npassword = \"hunter2\"\n",
    ] {
        let lines = wrong(text);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("s.toml:"), "{lines:?}");
    }
    let twice = wrong("[login]\n[ticket]\n[login]\n");
    assert_eq!(twice, ["s.toml:3: login: stands twice (keep one, with all that belongs there)"]);
    let twice = wrong("[login]\nurl = \"hunter2\"\nurl = \"hunter2\"\n");
    assert_eq!(twice, ["s.toml:3: url: stands twice (keep one, with all that belongs there)"]);
}

#[test]
fn files_that_are_none_are_one_clear_error_each() {
    let folder = Folder::new("files");
    let load = |path: &Path| Settings::load(path).unwrap_err().to_string();
    assert!(load(&folder.0).ends_with(": it is a folder (give the file in it)"));
    let missing = load(&folder.0.join("missing"));
    assert!(missing.contains("missing: No such file"), "{missing}");
    assert!(missing.ends_with("(external-providers settings init writes an example)"), "{missing}");
    for contents in ["", "\n \n", "\u{feff}"] {
        let error = load(&folder.file("empty", contents));
        assert!(error.contains(": it is empty (external-providers settings init"), "{error}");
    }
    let error = load(&folder.file("latin", b"[options]\n# caf\xe9\n"));
    assert!(error.ends_with("latin:2: this line is not UTF-8 (save the file as UTF-8)"), "{error}");
    let large = folder.file("large", "[options]\n");
    std::fs::File::options().write(true).open(&large).unwrap().set_len(100 << 20).unwrap();
    let error = load(&large);
    assert!(error.ends_with("it is larger than 256 KiB (is it the settings file?)"), "{error}");
    assert!(load(Path::new("/dev/zero")).ends_with("it is not a regular file"));
    // As many keys as fit: named together, and soon.
    let keys: String = (0..20_000).map(|i| format!("a{i} = 1\n")).collect();
    let error = load(&folder.file("keys", keys));
    assert!(error.contains("20000 keys are too many"), "{error}");
    let deep = load(&folder.file("deep", format!("a = {}", "[".repeat(200_000))));
    assert_eq!(deep.lines().count(), 1, "{deep}");
}

#[test]
fn relative_paths_start_at_the_file_and_open_files_are_warned_of() {
    let folder = Folder::new("relative");
    folder.file("secret", "hunter2\n");
    let text = format!("{LOGIN}url = 'https://h/'\npassword_file = 'secret'\n");
    let path = folder.file("s.toml", text);
    let settings = Settings::load(&path).unwrap();
    assert_eq!(settings.tab(Kind::Login).service.password.expose(), "hunter2");
    assert_eq!(settings.file(), Some(path.as_path()));
    assert_eq!(settings.warnings(), []);
    let inline =
        folder.file("i.toml", format!("{LOGIN}url = 'https://h/'\npassword = 'hunter2'\n"));
    permit(&inline, 0o644);
    let warned = warnings(&Settings::load(&inline).unwrap());
    assert!(warned[0].contains("stands in this file, and every user"), "{warned:?}");
}

proptest::proptest! {
    /// Whatever is in the file, nothing panics, and no password is shown.
    #[test]
    fn no_file_is_too_strange(
        cut in proptest::collection::vec((0.0..1.0f64, "[\\[\\]\"'=#.{},\\n a-z0-9\u{e9}]{0,6}"), 0..6),
    ) {
        let mut text = uncommented(|_, _| true).replace("the password", "hunter2");
        for (at, put) in cut {
            let mut at = (text.len() as f64 * at) as usize;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, &put);
        }
        let variable = |_: &str| None;
        let surroundings = Surroundings { folder: Path::new("/nowhere"), variable: &variable };
        let shown = match Settings::parse_in(&text, "s.toml", surroundings) {
            Ok(settings) => format!("{settings:?} {:?}", settings.warnings()),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter2"), "{shown}\n{text}");
    }
}
