//! Where people are sent back to.

use super::Page;

/// `application/x-www-form-urlencoded`, of whatever bytes.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn nobody_is_sent_to_an_address_off_the_list() {
    let page = Page::start("throttle_failures = 0\n", &[]);
    let mut ann = page.visitor();
    let form = ann.get("/login");
    let mut to = |query: &str| {
        let answer = ann.fill_in(&form, &format!("/login{query}"), "ann", "hunter2");
        assert_eq!(answer.status, 303, "{query}");
        assert!(answer.cookie(".ASPXAUTH").is_some(), "{query}");
        let headers = answer.headers.iter();
        assert_eq!(headers.filter(|(key, _)| key.eq_ignore_ascii_case("location")).count(), 1);
        assert!(answer.header("x-evil").is_none(), "{query}");
        answer.header("location").unwrap().to_owned()
    };
    const FIRST: &str = "https://help.example.com/portal/";
    for (query, expected) in [
        ("", FIRST),
        ("?", FIRST),
        ("?ReturnUrl", FIRST),
        ("?ReturnUrl=", FIRST),
        ("?returnurl=/portal/x", "https://help.example.com/portal/x"),
        (
            "?a=b&ReturnUrl=https%3A%2F%2Fkb.example.com%2Fx%3Fy%3Dz%23w",
            "https://kb.example.com/x?y=z#w",
        ),
        // Which of two would the next one believe?
        ("?ReturnUrl=/portal/a&ReturnUrl=/portal/b", FIRST),
        ("?ReturnUrl=/portal/a&returnURL=//evil.example", FIRST),
        ("?ReturnUrl=%2Fportal%2F%0d%0aX-Evil:%201", FIRST),
        (
            "?ReturnUrl=https://help.example.com/portal/%250d%250aX-Evil:1",
            "https://help.example.com/portal/%0d%0aX-Evil:1",
        ),
    ] {
        assert_eq!(to(query), expected, "{query}");
    }
    for given in [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:\\\\evil.example",
        "https://help.example.com@evil.example/",
        "https://help.example.com.evil.example/portal/",
        "https://help.example.com:8443/portal/",
        "https://help.example.com\\@evil.example/portal/",
        "https://help.example.com#@evil.example/portal/",
        "https://help.example.com?@evil.example/portal/",
        "https://evil.example#https://help.example.com/portal/",
        "http://help.example.com/portal/",
        "https://help.example.com/",
        "https://help.example.com/portals",
        "https://help.example.com/portal/../admin",
        "https://help.example.com/portal/%2e%2e/admin",
        "https://help.example.com/portal/..%2fadmin",
        "https://kb.example.com.evil.example/",
        "https://xkb.example.com/",
        "https://example.com/",
        "javascript:alert(document.cookie)",
        "JavaScript://help.example.com/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "\tjavascript:alert(1)",
        " https://evil.example",
        "https://evil.example\t/portal/",
        "/\t/evil.example",
        "/portal/\r\nLocation: https://evil.example",
        "/portal/\0",
        "portal",
        "evil.example",
        "https://[::1",
        "https://help。example。com.evil.example/portal/",
        "https://help.example.com／portal/",
    ] {
        assert_eq!(to(&format!("?ReturnUrl={}", encoded(given))), FIRST, "{given}");
    }
    // Bytes that are not UTF-8.
    assert_eq!(to("?ReturnUrl=%ff%fe//evil.example"), FIRST);
    page.running.stop();
}

#[test]
fn the_parameter_has_the_name_that_it_is_given() {
    let page = Page::start("return_parameter = 'next'\n", &[]);
    let mut ann = page.visitor();
    let answer = ann.log_in("/login?next=/portal/a&ReturnUrl=/portal/b", "ann", "hunter2");
    assert_eq!(answer.header("location"), Some("https://help.example.com/portal/a"));
    page.running.stop();
}
