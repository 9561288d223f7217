//! What the help desk makes of the cookie, as far as the page knows.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use external_providers::host::Settings;
use external_providers::provider_file::{Provider, ProviderFile};

use super::super::logins::users;
use super::http::{Visitor, send};
use super::{LOGINS, Page, keys};
use crate::doctor::peers::{respond, serve};
use crate::support::Folder;

const TRUSTED: &str = "trusted_header = 'X-Remote-User'\ntrusted_proxies = ['127.0.0.1']\n";
const NOT_ACCEPTED: &str = "If the help desk sent you back, it did not accept the login";

/// A web.config with this `<forms>`.
fn web_config(forms: &str) -> String {
    format!(
        "<configuration><system.web><machineKey compatibilityMode=\"Framework45\" validationKey=\"{}\" \
         decryptionKey=\"{}\"/><authentication mode=\"Forms\">{forms}</authentication></system.web>\
         </configuration>",
        "A1B2".repeat(32),
        "0123".repeat(16)
    )
}

/// What a file warns of, beside a web.config with this `<forms>`.
fn warnings(text: &str, forms: &str) -> String {
    let folder = Folder::new("login-page");
    folder.file("machine-key.toml", keys());
    folder.file("web.config", web_config(forms));
    let file = ProviderFile::load(folder.file("p.toml", text)).unwrap();
    file.warnings().iter().map(|w| format!("{}: {}\n", w.key, w.what)).collect()
}

#[test]
fn whom_it_sends_back_is_told_so() {
    let mut page = Page::start("", &[]);
    let mut ann = page.visitor();
    assert!(!ann.get("/login").body.contains(NOT_ACCEPTED));
    assert_eq!(ann.log_in("/login", "ann", "hunter2").status, 303);
    let form = ann.get("/login?ReturnUrl=/portal/");
    assert!(form.status == 200 && form.body.contains(NOT_ACCEPTED), "{}", form.body);
    page.running.logs("outcome=\"not-accepted\"");
    page.running.logs("somebody is back who was let in a moment ago");
    assert_eq!(ann.fill_in(&form, "/login", "ann", "hunter2").status, 303);
    // Whoever logs out comes back for other reasons.
    ann.post("/login/logout", &[("token", form.token())]);
    assert!(!ann.get("/login").body.contains(NOT_ACCEPTED));
    page.running.stop();
}

#[test]
fn whom_a_proxy_names_does_not_go_round_for_ever_and_can_log_out() {
    let page = Page::start(TRUSTED, &[]);
    let mut ann = page.visitor();
    let form = ann.get("/login");
    ann.headers = "X-Remote-User: ann\r\n".to_owned();
    let statuses = [(); 4].map(|()| ann.get("/login?ReturnUrl=/portal/").status);
    assert_eq!(statuses, [303, 303, 303, 403]);
    assert!(ann.get("/login").body.contains(NOT_ACCEPTED));
    let answer = ann.post("/login/logout?ReturnUrl=/portal/", &[("token", form.token())]);
    assert!(answer.status == 200 && answer.body.contains("You are logged out."));
    assert_eq!(ann.get("/login").status, 303, "by a click, and no sooner");
    page.running.stop();
}

#[test]
fn the_cookie_has_the_path_under_which_it_is_renewed_and_deleted() {
    let folder = Folder::new("login-page");
    users(&folder);
    let key =
        folder.file("web.config", web_config("<forms path=\"/Support\" domain=\"example.com\"/>"));
    let text = LOGINS.replace("machine-key.toml", key.to_str().unwrap());
    let page = Page::of(&text, &[]);
    let mut ann = page.visitor();
    let answer = ann.log_in("/login", "ann", "hunter2");
    let cookie = answer.cookie(".ASPXAUTH").unwrap();
    assert!(cookie.contains("; Path=/Support; Domain=example.com; "), "{cookie}");
    assert_eq!(page.ticket(&answer).path, "/Support");
    let form = ann.get("/login/logout");
    let answer = ann.post("/login/logout", &[("token", form.token())]);
    let cookie = answer.cookie(".ASPXAUTH").unwrap();
    assert!(cookie.starts_with("; Path=/Support; Domain=example.com; Expires=Thu, 01 Jan 1970"));
    page.running.stop();
}

#[test]
fn a_cookie_other_than_its_own_is_warned_of() {
    let text = LOGINS.replace("machine-key.toml", "web.config");
    let insecure = format!("{text}cookie_secure = false\n");
    let others = "login_page.cookie_domain: is not what <forms> says";
    let elsewhere = format!("{text}cookie_path = '/desk'\n");
    let path = "login_page.cookie_path: is not what <forms> says";
    for (text, forms, warning, is_there) in [
        (&text, "<forms/>", others, true),
        (&text, "<forms domain=\".Example.com\"/>", others, false),
        (&text, "", others, false),
        (&elsewhere, "<forms/>", path, true),
        (&elsewhere, "<forms path=\"/desk\"/>", path, false),
        (&text, "<forms path=\"/desk\"/>", path, false),
        (
            &insecure,
            "<forms requireSSL=\"true\"/>",
            "login_page.cookie_secure: is false, and",
            true,
        ),
        (&insecure, "<forms/>", "login_page.cookie_secure: is false, and", false),
        (&text, "<forms cookieless=\"UseUri\"/>", "takes no cookie", true),
        (&text, "<forms cookieless=\"UseCookies\"/>", "takes no cookie", false),
    ] {
        let found = warnings(text, forms);
        assert_eq!(found.contains(warning), is_there, "{forms}: {found}");
    }
    let text = LOGINS.replace("cookie_domain = 'example.com'", "");
    let text = text
        .replace("https://help.example.com/portal/', 'https://kb.example.com", "https://[::1]/");
    assert!(warnings(&text, "").contains("login_page.return_to: [::1]: Chromium"));
}

#[test]
fn a_cookie_that_does_not_reach_it_is_warned_of_once() {
    for (domain, return_to) in
        [("", "['https://help.example.com']"), ("example.org", "['https://x.example.org']")]
    {
        let (logins, _) = LOGINS.split_once("return_to").unwrap();
        let domain =
            if domain.is_empty() { String::new() } else { format!("cookie_domain = '{domain}'\n") };
        let page = Page::of(&format!("{logins}return_to = {return_to}\n{domain}"), &[]);
        for _ in 0..2 {
            assert_eq!(page.visitor().log_in("/login", "ann", "hunter2").status, 303);
        }
        let (_, _, log) = page.running.stop();
        assert_eq!(log.matches("the help desk does not get the cookie").count(), 1, "{log}");
    }
    let page = Page::start("", &[]);
    page.visitor().log_in("/login", "ann", "hunter2");
    let (_, _, log) = page.running.stop();
    assert!(!log.contains("does not get the cookie"), "{log}");
}

#[test]
fn users_whom_its_own_question_refuses_get_in_with_a_warning() {
    let answer = br#"{"login_successful": true, "username": "zed"}"#;
    let endpoint = serve(|_| respond("200 OK", "Content-Type: application/json\r\n", answer));
    let text = LOGINS.replace("[login]\n", "[login]\nprovider = 'json'\n");
    let text = format!(
        "{text}[json.login]\nformat = 'vendor-login'\nsite_id = '7'\n[json]\nurl = 'http://{endpoint}/x'\n"
    );
    let found = warnings(&text, "");
    assert!(
        found.contains("login_page: the format vendor-login has no GetSignInCookieInfo"),
        "{found}"
    );
    let page = Page::of(&text, &[]);
    assert_eq!(page.visitor().log_in("/login", "ann", "hunter2").status, 303);
    assert_eq!(page.visitor().log_in("/login", "zed", "x").status, 303);
    let (_, _, log) = page.running.stop();
    let warning = "but the help desk will ask GetSignInCookieInfo: it is refused user=\"zed\"";
    assert!(log.contains(warning) && log.matches("will ask").count() == 1, "{log}");

    let directory = "[directories.d]\nkind = 'openldap'\nservers = ['ldaps://x']\nbase = 'dc=x'\n\
        dn_template = 'uid={name},dc=x'\n";
    assert!(
        warnings(&format!("{LOGINS}{directory}"), "")
            .contains("d is asked GetSignInCookieInfo without")
    );
}

#[test]
fn whoever_may_not_see_the_page_is_told_before_the_form_is_read() {
    let page = Page::start("allow = ['10.0.0.0/8']\n", &[]);
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(send(page.running.address, head.as_bytes()).status, 403);
    page.running.stop();
}

#[tokio::test]
async fn pages_leave_half_of_the_room_to_the_service() {
    let ((begun, begin), (go, going)) = (channel(), channel::<()>());
    let channels = Mutex::new((begun, going));
    let endpoint = serve(move |_| {
        let (begun, going) = &*channels.lock().unwrap();
        let _ = begun.send(());
        let _ = going.recv();
        respond("200 OK", "", b"{}")
    });
    let folder = Folder::new("login-page");
    users(&folder);
    folder.file("machine-key.toml", keys());
    let text = LOGINS.replace("[login]\n", "[login]\nprovider = 'json'\n");
    let text = format!("{text}[json]\nurl = 'http://{endpoint}/x'\ntimeout = '60s'\n");
    let provider = Provider::load(folder.file("p.toml", text)).unwrap();
    let settings = Settings { max_requests: 2, ..Settings::default() };
    let host = provider.host("any".into()).settings(settings).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let serving = tokio::spawn(server.serve(std::future::pending()));
    let asking = tokio::task::spawn_blocking(move || {
        let first =
            std::thread::spawn(move || Visitor::new(address).log_in("/login", "zed", "x").status);
        begin.recv_timeout(Duration::from_secs(60)).unwrap();
        let mut other = Visitor::new(address);
        assert_eq!(other.get("/login").status, 503);
        assert_ne!(other.ask("POST", "/Provider.asmx", "").status, 503);
        drop(go);
        first.join().unwrap();
    });
    asking.await.unwrap();
    serving.abort();
}
