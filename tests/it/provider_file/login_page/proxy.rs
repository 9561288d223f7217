//! A proxy in front that knows the user.

use super::Page;
use super::http::Answer;

fn arrive(page: &Page, method: &str, headers: &str) -> Answer {
    let mut visitor = page.visitor();
    headers.clone_into(&mut visitor.headers);
    visitor.ask(method, "/login?ReturnUrl=/portal/x", "")
}

const TRUSTED: &str = "trusted_header = 'X-Remote-User'\ntrusted_proxies = ['127.0.0.0/8']\n";

#[test]
fn whom_the_proxy_names_gets_a_ticket_at_once_if_the_provider_lets_in() {
    let page = Page::start(TRUSTED, &[]);
    let answer = arrive(&page, "GET", "x-remote-user: ann\r\n");
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("https://help.example.com/portal/x"));
    assert_eq!(page.ticket(&answer).name, "ann");
    for (what, headers) in [
        ("nobody knows her", "X-Remote-User: nobody\r\n"),
        ("she is disabled", "X-Remote-User: eve\r\n"),
        ("twice", "X-Remote-User: ann\r\nX-Remote-User: bob\r\n"),
        ("twice the same", "X-Remote-User: ann\r\nX-Remote-User: ann\r\n"),
        ("empty", "X-Remote-User: \r\n"),
        ("a tab inside", "X-Remote-User: a\tnn\r\n"),
        ("too long", &format!("X-Remote-User: {}\r\n", "x".repeat(300))),
    ] {
        let answer = arrive(&page, "GET", headers);
        assert!(answer.status == 403 && answer.cookie(".ASPXAUTH").is_none(), "{what}");
        assert!(answer.body.contains("You may not log in here."), "{what}");
    }
    // Others than whoever arrives by GET have to log in.
    for method in ["HEAD", "POST", "OPTIONS"] {
        let answer = arrive(&page, method, "X-Remote-User: ann\r\n");
        assert!(answer.cookie(".ASPXAUTH").is_none(), "{method}");
    }
    assert!(arrive(&page, "GET", "").body.contains("<form"), "whom it does not know logs in here");
    assert!(arrive(&page, "GET", "X_Remote_User: ann\r\n").body.contains("<form"));
    std::fs::remove_file(page.folder.0.join("u.sqlite")).unwrap();
    assert_eq!(arrive(&page, "GET", "X-Remote-User: ann\r\n").status, 503);
    page.running.stop();
}

/// Logs in with the wrong password, each time with another name.
fn guess(page: &Page, forwarded: &str, names: &[&str]) -> Vec<u16> {
    let guess = |name: &&str| {
        let mut visitor = page.visitor();
        visitor.headers = format!("X-Forwarded-For: {forwarded}\r\n");
        visitor.log_in("/login", name, "wrong").status
    };
    names.iter().map(guess).collect()
}

#[test]
fn whoever_asks_is_counted_by_an_address_that_is_known() {
    let limit = "throttle_address_failures = 2\n";
    // The proxy does not say who asks: nobody is kept out for what others do.
    let page = Page::start(&format!("{TRUSTED}{limit}"), &[]);
    assert_eq!(guess(&page, "192.0.2.1", &["a", "b", "c"]), [403, 403, 403]);
    page.running.stop();
    let page = Page::start(&format!("{TRUSTED}{limit}"), &["--trust-forwarded"]);
    assert_eq!(guess(&page, "192.0.2.1", &["a", "b", "c"]), [403, 403, 429]);
    assert_eq!(guess(&page, "192.0.2.2", &["d"]), [403]);
    page.running.stop();
    // What is not an address is the address that it comes from.
    let page = Page::start(limit, &["--trust-forwarded"]);
    assert_eq!(guess(&page, "unknown", &["a", "b", "c"]), [403, 403, 429]);
    assert_eq!(guess(&page, "fe80::1%eth0", &["d"]), [429]);
    page.running.stop();
    // Others than the proxy are not believed.
    let elsewhere = TRUSTED.replace("127.0.0.0/8", "10.0.0.5");
    let page = Page::start(&format!("{elsewhere}{limit}"), &["--trust-forwarded"]);
    assert_eq!(guess(&page, "192.0.2.1", &["a", "b"]), [403, 403]);
    assert_eq!(guess(&page, "192.0.2.2", &["c"]), [429]);
    page.running.stop();
    let page =
        Page::start(&format!("{elsewhere}allow = ['192.0.2.0/24']\n"), &["--trust-forwarded"]);
    assert_eq!(arrive(&page, "GET", "X-Forwarded-For: 192.0.2.1\r\n").status, 403);
    page.running.stop();
}

#[test]
fn what_others_send_is_ignored_and_logged() {
    let elsewhere = TRUSTED.replace("127.0.0.0/8", "10.0.0.5");
    let mut page = Page::start(&elsewhere, &["--trust-forwarded"]);
    // Neither the header itself nor one that says who asked makes a proxy of a browser.
    let headers = "X-Remote-User: ann\r\nX-Forwarded-For: 10.0.0.5\r\n";
    let answer = arrive(&page, "GET", headers);
    assert!(answer.status == 200 && answer.cookie(".ASPXAUTH").is_none());
    assert!(answer.body.contains("<form"), "{}", answer.body);
    page.running
        .logs("a header that names a user is ignored: it did not come from one of trusted_proxies");
    page.running.stop();
}
