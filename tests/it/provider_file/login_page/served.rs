//! The page beside the service: paths, methods, headers, reloads, the log, mistakes in the file.

use std::time::Duration;

use external_providers::host::Settings;
use external_providers::provider_file::{Provider, ProviderFile};
use external_providers::sign_on::MachineKey;

use super::super::logins::users;
use super::http::{Visitor, send};
use super::{LOGINS, Page, keys};
use crate::support::{self, Folder, Running, repository};

#[test]
fn the_page_has_rules_for_browsers_and_answers_every_method() {
    let page = Page::start("title = 'Sign <in>'\nlanguage = 'de'\nintroduction = 'a & b'\n", &[]);
    let address = page.running.address;
    assert_eq!(page.running.lines[2], format!("login page: http://{address}/login"));
    let mut ann = page.visitor();
    let form = ann.get("/LOGIN?ReturnUrl=%22%3E%3Cscript%3E");
    assert_eq!(form.status, 200);
    let policy = form.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let actions = "; form-action 'self' https://help.example.com https://kb.example.com; base-uri 'none'; \
                   frame-ancestors 'none'";
    assert!(policy.ends_with(actions), "{policy}");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(form.header(name), Some(value));
    }
    let body = &form.body;
    assert!(body.contains("<html lang=\"de\">") && body.contains("<h1>Sign &lt;in&gt;</h1>"));
    assert!(body.contains("<p>a &amp; b</p>") && body.contains("autofocus"), "{body}");
    assert!(
        !body.contains("script") && !body.contains("http:") && !body.contains("https:"),
        "{body}"
    );
    let style = body.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let digest = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");

    let head = ann.ask("HEAD", "/login", "");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let options = ann.ask("OPTIONS", "/login/logout", "");
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
    for method in ["PUT", "DELETE", "TRACE", "PATCH", "LOGIN"] {
        let answer = ann.ask(method, "/login", "");
        assert_eq!((answer.status, answer.header("allow").is_some()), (405, true), "{method}");
    }
    for (path, status) in [
        ("/login/", 404),
        ("/login/x", 404),
        ("/logins", 404),
        ("/logout", 404),
        ("/login/logout/", 404),
        ("/%6Cogin", 200),
        ("/healthz", 200),
        ("/Provider.asmx", 200),
    ] {
        assert_eq!(ann.get(path).status, status, "{path}");
    }
    page.running.stop();
}

#[test]
fn who_may_call_the_service_says_nothing_about_the_page() {
    for (service, more, page_status) in
        [("['10.0.0.0/8']", "", 200), ("['127.0.0.1']", "allow = ['10.0.0.0/8']\n", 403)]
    {
        let page = Page::start(&format!("{more}[service]\nallow = {service}\n"), &[]);
        let mut ann = page.visitor();
        let service_status = if page_status == 200 { 403 } else { 200 };
        assert_eq!(ann.get("/Provider.asmx").status, service_status);
        assert_eq!(ann.get("/login").status, page_status);
        page.running.stop();
    }
}

#[test]
fn a_new_file_changes_the_page_at_once_or_not_at_all() {
    let mut page = Page::start("throttle_failures = 1\n", &[]);
    let mut ann = page.visitor();
    let form = ann.get("/login");
    assert_eq!(ann.fill_in(&form, "/login", "ann", "wrong").status, 403);
    let file = |more: &str| page.folder.file("p.toml", format!("{LOGINS}{more}"));
    file("title = ''\n");
    page.running.signal("HUP");
    page.running.logs("login_page.title: must");
    assert!(ann.get("/login").body.contains("<h1>Log in</h1>"));

    let file = |more: &str| page.folder.file("p.toml", format!("{LOGINS}{more}"));
    file("throttle_failures = 1\ntitle = 'Welcome'\npath = '/sso'\n");
    page.running.signal("HUP");
    page.running.logs("provider's file reloaded");
    // The line comes before the host has the new page.
    let answer = (0..).map(|_| ann.get("/sso")).take(200).find(|answer| answer.status == 200);
    let new = answer.unwrap();
    assert!(new.body.contains("<h1>Welcome</h1>") && ann.get("/login").status == 404);
    assert_eq!(new.token(), form.token(), "forms that are open stay good");
    assert_eq!(ann.fill_in(&form, "/sso", "ann", "hunter2").status, 429, "and guesses count");
    page.running.stop();
}

#[test]
fn the_log_names_users_and_addresses_and_never_a_secret() {
    let page = Page::start("throttle_failures = 1\n", &[]);
    let mut ann = page.visitor();
    let given = "/login?ReturnUrl=https://evil.example/x%3Fcode=s3cret-code";
    let ticket = ann.log_in(given, "ann", "hunter2");
    let value = ticket.cookie(".ASPXAUTH").unwrap().split(';').next().unwrap().to_owned();
    ann.log_in("/login", "bob", "s3cret-guess");
    ann.log_in("/login", "bob", "s3cret-guess");
    let form = ann.get("/login");
    ann.post("/login", &[("token", "s3cret"), ("user_name", "cat"), ("password", "s3cret-too")]);
    ann.post("/login/logout", &[("token", form.token())]);
    let (_, _, log) = page.running.stop();
    for line in [
        "login page user=\"ann\" outcome=\"logged-in\" caller=127.0.0.1",
        "address=\"https://evil.example/x\" parameter=\"ReturnUrl\"",
        "login page user=\"bob\" outcome=\"refused\" caller=127.0.0.1",
        "login page user=\"bob\" outcome=\"throttled\"",
        "login page outcome=\"stale\"",
        "login page outcome=\"logged-out\" caller=127.0.0.1",
    ] {
        assert!(log.contains(line), "{line} is not in {log}");
    }
    for secret in ["hunter2", "s3cret", form.token(), &value] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

/// What is wrong with a file, and what it warns of.
fn found(more: &str) -> (String, String) {
    let folder = Folder::new("login-page");
    folder.file("machine-key.toml", keys());
    let text = format!("{LOGINS}{more}");
    // A key that is given here takes the place of the one above.
    let lines = text.lines().enumerate().filter(|(at, line)| {
        let key = line.split(" = ").next().unwrap();
        let again = text.lines().skip(at + 1).any(|later| later.split(" = ").next() == Some(key));
        !(again && ["machine_key", "return_to", "cookie_domain"].contains(&key))
    });
    let text: String = lines.map(|(_, line)| format!("{line}\n")).collect();
    let file = folder.file("p.toml", text);
    match ProviderFile::load(file) {
        Ok(file) => {
            let warnings = file.warnings().iter().map(|w| format!("{}: {}\n", w.key, w.what));
            (String::new(), warnings.collect())
        }
        Err(error) => (error.to_string(), String::new()),
    }
}

#[test]
fn mistakes_are_named_by_their_keys() {
    assert_eq!(found(""), (String::new(), String::new()));
    for (more, problem) in [
        ("machine_key = 'none.toml'", "login_page.machine_key: cannot read"),
        ("return_to = []", "login_page.return_to: there must be at least one address"),
        (
            "return_to = ['https://a:b@help.example.com']",
            "login_page.return_to: address 1 must have",
        ),
        ("return_to = ['help.example.com']", "login_page.return_to: address 1 must have"),
        ("throttled = 'Wait {minuts}'", "login_page.throttled: names something that is not there"),
        ("return_parameter = 'a&b'", "login_page.return_parameter: is not the name"),
        ("cookie_name = 'a;b'", "login_page.cookie_name: is not a name"),
        ("cookie_name = \"a\\r\\nb\"", "login_page.cookie_name: is not a name"),
        ("cookie_path = 'x'", "login_page.cookie_path: is not a path"),
        ("cookie_path = '/x; Domain=evil'", "login_page.cookie_path: is not a path"),
        ("cookie_name = '__Host-x'", "login_page.cookie_name: is not a name"),
        ("cookie_domain = 'a; Secure'", "login_page.cookie_domain: is not a domain"),
        ("cookie_domain = '192.0.2.1'", "login_page.cookie_domain: is not a domain"),
        (
            "cookie_domain = 'other.example'",
            "login_page.cookie_domain: other.example does not have help.example.com of return_to below it",
        ),
        ("cookie_secure = false\ncookie_same_site = 'none'", "login_page.cookie_same_site: needs"),
        ("cookie_same_site = 'loose'", "login_page.cookie_same_site: must be"),
        ("path = 'login'", "login_page.path: is not a path"),
        ("path = '/'", "login_page.path: is not a path"),
        ("path = '/login/'", "login_page.path: is not a path"),
        ("path = '/a/../b'", "login_page.path: is not a path"),
        ("path = '/a?b'", "login_page.path: is not a path"),
        ("path = '/provider.asmx'", "login_page.path: is at the path of the service"),
        ("path = '/Provider.asmx/login'", "login_page.path: is at the path of the service"),
        ("path = '/healthz'", "login_page.path: is at the path of the service"),
        ("trusted_header = 'X-User'", "login_page.trusted_proxies: is missing"),
        ("trusted_proxies = ['10.0.0.5']", "login_page.trusted_header: is missing"),
        (
            "trusted_header = 'a b'\ntrusted_proxies = ['::1']",
            "login_page.trusted_header: is not the name",
        ),
        (
            "trusted_header = 'Cookie'\ntrusted_proxies = ['::1']",
            "login_page.trusted_header: is a header",
        ),
        (
            "trusted_header = 'X-User'\ntrusted_proxies = ['x']",
            "login_page.trusted_proxies: \"x\":",
        ),
        (
            "trusted_header = 'X-User'\ntrusted_proxies = ['::/0']",
            "login_page.trusted_proxies: ::/0 is too wide",
        ),
        (
            "trusted_header = 'X-User'\ntrusted_proxies = ['0.0.0.0/00']",
            "login_page.trusted_proxies: 0.0.0.0/0 is too wide",
        ),
        (
            "trusted_header = 'X-User'\ntrusted_proxies = ['0.0.0.0/1', '128.0.0.0/1']",
            "login_page.trusted_proxies: 0.0.0.0/1 is too wide",
        ),
        ("trusted_header = 'X-User'\ntrusted_proxies = []", "login_page.trusted_proxies:"),
        ("cookie_domain = 'com'", "login_page.cookie_domain: is not a domain"),
        ("lifetime = '0s'", "login_page.lifetime: must be from 1m to 366d"),
        ("button = ' '", "login_page.button: is empty"),
        ("buton = 'x'", "login_page.buton: there is no such key"),
    ] {
        let (problems, _) = found(more);
        assert!(problems.contains(problem), "{more}: {problems}");
        assert!(!problems.contains("a:b"), "{problems}");
    }
    for (more, warning) in [
        ("return_to = ['http://help.example.com']", "login_page.return_to: http:// lets everybody"),
        ("cookie_secure = false", "login_page.cookie_secure: lets the cookie go over http"),
    ] {
        let (problems, warnings) = found(more);
        assert!(problems.is_empty() && warnings.contains(warning), "{more}: {problems} {warnings}");
    }
}

#[test]
fn a_page_needs_logins() {
    let folder = Folder::new("login-page");
    folder.file("machine-key.toml", keys());
    let file = folder.file(
        "p.toml",
        "[events]\n[login_page]\nmachine_key = 'machine-key.toml'\nreturn_to = ['https://x.example']\n",
    );
    let error = ProviderFile::load(file).unwrap_err().to_string();
    assert!(error.contains("login_page: there is no [login]"), "{error}");
}

#[test]
fn check_says_what_the_help_desk_must_have() {
    let folder = Folder::new("login-page");
    users(&folder);
    let web_config = format!(
        "<configuration><system.web><httpRuntime targetFramework=\"4.8\"/><authentication mode=\"Forms\">\
         <forms name=\"Desk\" timeout=\"60\"/></authentication><machineKey validationKey=\"{}\" \
         decryptionKey=\"{}\"/></system.web></configuration>",
        "A1B2".repeat(32),
        "0123".repeat(16)
    );
    folder.file("machine-key.toml", web_config);
    let check = |more: &str| {
        let file = folder.file("p.toml", format!("{LOGINS}{more}"));
        let arguments = ["provider", "check", "--offline", file.to_str().unwrap()];
        let output = support::tool(&arguments, "any").output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.contains("A1B2A1B2"), "{text}");
        (output.status.code(), text)
    };
    let (code, text) = check("");
    assert!(code == Some(0) && !text.contains("cookie-name"), "{text}");
    for line in [
        "Desk, for example.com",
        "warning (clear-text)",
        "https://help.example.com/portal/, https://kb.",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    folder.file("machine-key.toml", keys() + "validation = 'HMACSHA512'\n");
    let (_, text) = check("cookie_name = 'Other'\n");
    let settings = "compatibilityMode=\"Framework45\" validation=\"HMACSHA512\" decryption=\"AES\"";
    assert!(text.contains(settings) && !text.contains("cookie-name"), "{text}");
    folder.file("machine-key.toml", keys() + "validation = 'SHA1'\n");
    let (code, text) = check("");
    assert!(
        code == Some(3) && text.contains("login_page.machine_key: ") && text.contains("unproven"),
        "{text}"
    );
}

#[test]
fn the_help_desks_cookie_is_named_as_its_web_config_says() {
    let folder = Folder::new("login-page");
    users(&folder);
    let web_config = format!(
        "<configuration><system.web><authentication mode=\"Forms\"><forms name=\"Desk\" timeout=\"60\" \
         domain=\"example.com\"/></authentication><machineKey validationKey=\"{}\" decryptionKey=\"{}\" \
         validation=\"SHA1\"/></system.web></configuration>",
        "A1B2".repeat(32),
        "0123".repeat(16)
    );
    let key = folder.file("web.config", web_config);
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let (_, section) = readme.split_once("### Single sign-on").unwrap();
    // As the README prints it: the section, and what is added behind a proxy.
    let blocks: String = section
        .split("```toml\n")
        .skip(1)
        .take(2)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    let (logins, _) = LOGINS.split_once("[login_page]").unwrap();
    let text = format!("{logins}{blocks}").replace("cookie_domain", "#");
    let file = folder.file("p.toml", text);
    let arguments = ["serve", "--provider", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let running = Running::spawn(&mut support::tool(&arguments, "any"), 3);
    let mut proxied = Visitor::new(running.address);
    proxied.headers = "X-Forwarded-Preferred-Username: ann\r\n".to_owned();
    let answer = proxied.get("/login");
    let cookie = answer.cookie("Desk").unwrap();
    assert!(cookie.contains("; Domain=example.com; "), "{cookie}");
    let ticket = MachineKey::load(key).unwrap().open(cookie.split(';').next().unwrap()).unwrap();
    assert_eq!(ticket.expires, ticket.issued.saturating_add(Duration::from_secs(3600)));
    running.stop();
}

#[tokio::test]
async fn a_form_that_does_not_come_is_not_waited_for_and_what_was_done_is_counted() {
    let folder = Folder::new("login-page");
    users(&folder);
    folder.file("machine-key.toml", keys());
    let provider = Provider::load(folder.file("p.toml", LOGINS)).unwrap();
    let stall_timeout = Duration::from_millis(50);
    let settings = Settings { stall_timeout, ..Settings::default() };
    let host = provider.host("any".into()).settings(settings).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let serving = tokio::spawn(server.serve(std::future::pending()));
    let asking = tokio::task::spawn_blocking(move || {
        let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n\r\ntoken=";
        assert_eq!(send(address, head.as_bytes()).status, 408);
        assert_eq!(Visitor::new(address).log_in("/login", "ann", "hunter2").status, 303);
    });
    asking.await.unwrap();
    serving.abort();
    let metrics = host.metrics();
    assert!(
        metrics.contains("external_providers_page_logins_total{outcome=\"logged-in\"} "),
        "{metrics}"
    );
}
