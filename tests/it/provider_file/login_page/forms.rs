//! Logging in and out, and forms that are not the page's own.

use std::time::Duration;

use external_providers::sign_on::Timestamp;

use super::http::{Visitor, send};
use super::{LOGINS, Page};

#[test]
fn the_right_password_gets_a_ticket_and_the_way_back() {
    let page = Page::start("", &[]);
    let answer =
        page.visitor().log_in("/login?ReturnUrl=%2Fportal%2FMain%3Fa%3Db", " ann ", "hunter2");
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("https://help.example.com/portal/Main?a=b"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = answer.cookie(".ASPXAUTH").unwrap();
    let (_, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Lax");
    let ticket = page.ticket(&answer);
    assert_eq!(
        (ticket.name.as_str(), ticket.persistent, ticket.path.as_str()),
        ("ann", false, "/")
    );
    assert_eq!(ticket.expires, ticket.issued.saturating_add(Duration::from_secs(1800)));
    assert!(!ticket.is_expired(Timestamp::now()) && ticket.user_data.is_empty());
    page.running.stop();
}

#[test]
fn whoever_is_refused_learns_no_more_than_that_and_keeps_the_name() {
    let page = Page::start("keep = 'Keep me'\n", &[]);
    let mut texts = Vec::new();
    for (name, password) in [("ann", "wrong"), ("<nobody>", "wrong"), ("eve", "wrong")] {
        let answer = page.visitor().log_in("/login", name, password);
        assert_eq!(answer.status, 403, "{name}");
        assert!(answer.cookie(".ASPXAUTH").is_none() && answer.header("location").is_none());
        assert!(!answer.body.contains(password), "{}", answer.body);
        let shown = name.replace('<', "&lt;").replace('>', "&gt;");
        assert!(answer.body.contains(&format!("value=\"{shown}\"")), "{}", answer.body);
        let text = answer.body.replace(answer.token(), "").replace(&shown, "");
        assert!(
            text.contains("role=\"alert\" id=\"error\">Wrong user name or password.<"),
            "{text}"
        );
        assert!(
            text.contains("aria-describedby=\"error\" autofocus></label>\n<label class"),
            "{text}"
        );
        texts.push(text);
    }
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "one text for all");
    let answer = page.visitor().log_in("/login", "eve", "hunter4");
    assert!(answer.status == 403 && answer.body.contains("Your account is closed."));
    for (name, password) in [("", "hunter2"), ("ann", ""), ("  ", "x"), ("ann", "  ")] {
        let answer = page.visitor().log_in("/login", name, password);
        assert!(answer.status == 400 && answer.body.contains("Enter your user name"), "{name}");
    }
    for name in
        ["ann\0", "an\nn", "ann\u{200b}", "a\u{ad}nn", "\u{ff41}nn", "a\u{a0}nn", &"x".repeat(257)]
    {
        let answer = page.visitor().log_in("/login", name, "hunter2");
        assert!(answer.status == 403 && answer.body.contains("You may not log in here."), "{name}");
    }
    page.running.stop();
}

#[test]
fn a_form_is_taken_from_its_own_page_alone() {
    let page = Page::start("", &[]);
    let mut ann = page.visitor();
    let form = ann.get("/login");
    let cookie = form.cookie("__Host-login-form").unwrap();
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
    let is_stale = |visitor: &mut Visitor, token: &str| {
        let fields = [("token", token), ("user_name", "ann"), ("password", "hunter2")];
        let answer = visitor.post("/login", &fields);
        let is_form =
            answer.body.contains("Please try again. If") && answer.body.contains("value=\"ann\"");
        let is_empty = answer.cookie(".ASPXAUTH").is_none() && !answer.body.contains("hunter2");
        answer.status == 403 && is_form && is_empty
    };
    for token in ["", "x", &form.token()[1..], &form.token().to_uppercase()] {
        assert!(is_stale(&mut ann, token), "{token}");
    }
    // Another's token, with the cookie and without.
    let others = page.visitor().get("/login").token().to_owned();
    assert!(is_stale(&mut ann, &others) && is_stale(&mut page.visitor(), form.token()));
    // Both from an attacker, who does not know how they look, and an empty cookie.
    for value in ["", "x"] {
        let mut planted = page.visitor();
        planted.cookies.insert("__Host-login-form".into(), value.into());
        assert!(is_stale(&mut planted, value), "{value}");
    }
    // A second line, for browsers that say where a form comes from.
    for header in [
        "Origin: https://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nOrigin: null\r\n",
    ] {
        header.clone_into(&mut ann.headers);
        assert!(is_stale(&mut ann, form.token()), "{header}");
    }
    // The form that was opened first is good still, whatever has happened in other tabs.
    ann.headers = "Origin: null\r\nSec-Fetch-Site: same-origin\r\n".to_owned();
    let tab = ann.get("/login");
    assert_eq!(tab.token(), form.token());
    assert!(tab.cookie("__Host-login-form").is_none());
    assert_eq!(ann.fill_in(&form, "/login", "ann", "hunter2").status, 303);
    ann.headers = "Origin: https://login.example.com\r\n".to_owned();
    assert_eq!(ann.fill_in(&tab, "/login", "ann", "hunter2").status, 303);
    page.running.stop();
}

#[test]
fn logging_out_takes_a_click_and_takes_the_cookie_away() {
    let page = Page::start("", &[]);
    let mut ann = page.visitor();
    ann.log_in("/login", "ann", "hunter2");
    assert!(ann.cookies.contains_key(".ASPXAUTH"));
    let form = ann.get("/Login/LogOut");
    assert!(form.status == 200 && form.cookie(".ASPXAUTH").is_none(), "a GET changes nothing");
    assert_eq!(ann.post("/login/logout", &[("token", "x")]).status, 403);
    assert!(ann.cookies.contains_key(".ASPXAUTH"));
    let answer = ann.post("/login/logout", &[("token", form.token())]);
    assert!(answer.status == 200 && answer.body.contains("You are logged out."));
    assert!(answer.body.contains("<a href=\"../login\">"), "{}", answer.body);
    assert_eq!(
        answer.cookie(".ASPXAUTH"),
        Some(
            "; Path=/; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; \
             SameSite=Lax"
        )
    );
    assert!(!ann.cookies.contains_key(".ASPXAUTH"));
    for (given, to) in [
        ("/portal/bye", "https://help.example.com/portal/bye"),
        ("//evil.example", "https://help.example.com/portal/"),
    ] {
        let answer =
            ann.post(&format!("/login/logout?ReturnUrl={given}"), &[("token", form.token())]);
        assert_eq!((answer.status, answer.header("location")), (303, Some(to)));
    }
    page.running.stop();
}

#[test]
fn whoever_wants_to_stay_logged_in_does() {
    let more = "keep = 'Keep me'\nlifetime = '1h'\nkeep_lifetime = '30d'\n\
        cookie_name = 'Auth'\ncookie_same_site = 'strict'\n";
    let page = Page::start(more, &[]);
    let mut ann = page.visitor();
    let form = ann.get("/login");
    assert!(
        form.body.contains("<input type=\"checkbox\" name=\"keep\" value=\"yes\"> Keep me</label>")
    );
    let fields = |password| {
        [("token", form.token()), ("user_name", "ann"), ("password", password), ("keep", "yes")]
    };
    let again = ann.post("/login", &fields("wrong"));
    assert!(again.body.contains("name=\"keep\" value=\"yes\" checked>"), "it stays ticked");
    let answer = ann.post("/login", &fields("hunter2"));
    let cookie = answer.cookie("Auth").unwrap();
    assert!(cookie.contains("; Domain=example.com; Expires=") && cookie.contains(" GMT; Secure; "));
    assert!(cookie.ends_with("SameSite=Strict"), "{cookie}");
    let (value, _) = cookie.split_once(';').unwrap();
    let file = page.folder.0.join("machine-key.toml");
    let key = external_providers::sign_on::MachineKey::load(file).unwrap();
    let ticket = key.open(value).unwrap();
    let lasts = |days: u64| ticket.issued.saturating_add(Duration::from_secs(days * 86_400));
    assert!(ticket.persistent && ticket.expires == lasts(30));
    let answer = ann.log_in("/login", "ann", "hunter2");
    let cookie = answer.cookie("Auth").unwrap();
    assert!(!cookie.contains("Expires"), "{cookie}");
    page.running.stop();

    // Without the box, nobody can ask for it.
    let page = Page::start("persistent = true\nkeep_lifetime = '30d'\n", &[]);
    let mut ann = page.visitor();
    let form = ann.get("/login");
    assert!(!form.body.contains("checkbox"));
    let answer = ann.post(
        "/login",
        &[("token", form.token()), ("user_name", "ann"), ("password", "hunter2"), ("keep", "yes")],
    );
    let ticket = page.ticket(&answer);
    assert!(ticket.persistent && answer.cookie(".ASPXAUTH").unwrap().contains("Expires="));
    assert_eq!(ticket.expires, ticket.issued.saturating_add(Duration::from_secs(1800)));
    page.running.stop();
}

#[test]
fn guesses_are_slowed_down_and_the_right_password_counts_for_nothing() {
    let more = "throttle_failures = 2\nthrottle_address_failures = 6\nthrottle_window = '24h'\n";
    let page = Page::start(more, &["--trust-forwarded"]);
    let from = |address: &str, name: &str, password: &str| {
        let mut visitor = page.visitor();
        visitor.headers = format!("X-Forwarded-For: {address}\r\n");
        visitor.log_in("/login", name, password)
    };
    for _ in 0..10 {
        assert_eq!(from("192.0.2.1", "ann", "hunter2").status, 303);
    }
    assert_eq!(from("192.0.2.1", "ann", "a").status, 403);
    assert_eq!(from("192.0.2.2", "ANN", "b").status, 403);
    let answer = from("192.0.2.3", "ann", "hunter2");
    assert_eq!(answer.status, 429, "whoever asks, and with whatever password");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((43_100..=43_201).contains(&wait), "{wait}");
    assert!(
        answer.body.contains("Too many attempts. Please try again in 720 minutes."),
        "{}",
        answer.body
    );
    assert_eq!(from("192.0.2.3", "bob", "hunter3").status, 303);
    // A name that nobody has is counted the same.
    for status in [403, 403, 429] {
        assert_eq!(from("192.0.2.4", "nobody", "a").status, status);
    }
    for number in 0..6 {
        assert_eq!(from(&format!("2001:db8::{number}"), &format!("u{number}"), "a").status, 403);
    }
    assert_eq!(from("2001:db8::ffff", "bob", "hunter3").status, 429);
    assert_eq!(from("2001:db8:0:1::1", "bob", "hunter3").status, 303);
    page.running.stop();
}

#[test]
fn a_server_that_cannot_be_asked_is_no_wrong_password() {
    let page = Page::start("throttle_failures = 4\n", &[]);
    std::fs::rename(page.folder.0.join("u.sqlite"), page.folder.0.join("away")).unwrap();
    for _ in 0..3 {
        let answer = page.visitor().log_in("/login", "ann", "hunter2");
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains("Logging in is not possible at the moment."));
        assert!(answer.body.contains("value=\"ann\""), "{}", answer.body);
    }
    std::fs::rename(page.folder.0.join("away"), page.folder.0.join("u.sqlite")).unwrap();
    let answer = page.visitor().log_in("/login", "ann", "hunter2");
    assert_eq!(answer.status, 303);
    page.running.stop();
}

#[test]
fn guesses_count_while_one_of_the_servers_is_down() {
    let down = "throttle_failures = 2
        [databases.down]
        kind = 'sqlite'
        file = 'down.sqlite'
        [lookups.down]
        database = 'down'
        statement = 'select * from staff where name = :loginUsername'
        [logins.down]
        lookup = 'down'
        password = 'pw'
        schemes = ['plain-unsafe']
        ";
    let text = LOGINS.replace("[login]\n", "[login]\nask = ['down', 'staff']\n");
    let page = Page::of(&(text + down), &[]);
    assert_eq!(page.visitor().log_in("/login", "ann", "hunter2").status, 303);
    for status in [503, 503, 429] {
        assert_eq!(page.visitor().log_in("/login", "ann", "wrong").status, status);
    }
    assert_eq!(page.visitor().log_in("/login", "ann", "hunter2").status, 429);
    page.running.stop();
}

#[test]
fn other_cookies_keep_nobody_out() {
    let page = Page::start("", &[]);
    let mut ann = page.visitor();
    ann.cookies.insert("A-town".to_owned(), "Köln".to_owned());
    ann.cookies.insert("z".to_owned(), "x".repeat(20 << 10));
    assert_eq!(ann.log_in("/login", "ann", "hunter2").status, 303);
    assert_eq!(ann.get("/Provider.asmx").status, 400, "which no browser needs");
    page.running.stop();
}

#[test]
fn only_forms_of_some_length_are_taken() {
    let page = Page::start("", &[]);
    let mut ann = page.visitor();
    let long = "x".repeat(70_000);
    let form = ann.get("/login");
    let answer = ann.fill_in(&form, "/login", "ann", &long);
    assert_eq!((answer.status, answer.body.as_str()), (413, "The form is too long.\n"));
    // It says that more will come than is taken, and is answered before it does.
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(send(page.running.address, head.as_bytes()).status, 413);
    for kind in ["multipart/form-data; boundary=x", "text/plain", "application/json", ""] {
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: 1\r\n\r\nx"
        );
        assert_eq!(send(page.running.address, request.as_bytes()).status, 415, "{kind}");
    }
    for body in ["", "&&&===", "%", "%ff%fe=%00", "token", "token=&token=&user_name"] {
        assert_eq!(ann.ask("POST", "/login", body).status, 403, "{body}");
    }
    page.running.stop();
}
