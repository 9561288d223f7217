//! Pages, and what is said of them.

use super::*;
use crate::http::Headers;
use crate::secret::Secret;

fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> HttpResponse {
    let mut all = Headers::new();
    for (name, value) in headers {
        all.push(*name, *value);
    }
    HttpResponse { status, headers: all, body: body.as_bytes().to_vec() }
}

fn recognise(response: &HttpResponse) -> Option<NonSoapResponse> {
    NonSoapResponse::recognise(response, &Mask::new([&Secret::new("hunter2")]))
}

#[test]
fn each_page_is_recognised() {
    let html = [("Content-Type", "text/html; charset=utf-8")];
    let location = |to| [("Location", to)];
    for (response, page) in [
        (response(200, &html, "<html><input type=\"password\"></html>"), NonSoapKind::SignIn),
        (response(401, &html, "<html>denied</html>"), NonSoapKind::SignIn),
        (response(404, &html, "<html>none</html>"), NonSoapKind::Html),
        (response(200, &[], "<!DOCTYPE html><p>x"), NonSoapKind::Html),
        (response(200, &[("Content-Type", "text/xml")], ""), NonSoapKind::Empty),
        (response(415, &[("Content-Type", "text/xml")], ""), NonSoapKind::Empty),
        (response(200, &[("Content-Type", "application/json")], "{}"), NonSoapKind::Other),
        (
            response(200, &[("Content-Type", "text/xml"), ("content-encoding", "GZip")], "\x1f"),
            NonSoapKind::Compressed("gzip".into()),
        ),
        (
            response(404, &[("Content-Encoding", "identity, br")], "x"),
            NonSoapKind::Compressed("br".into()),
        ),
        (response(503, &[("Content-Type", "text/xml")], "<a/>"), NonSoapKind::Other),
        (
            response(302, &location("https://a/Login.aspx?u=hunter2"), ""),
            NonSoapKind::Redirect { location: "https://a/Login.aspx?…".into(), sign_in: true },
        ),
        (
            response(302, &location("https://bob:x@a:1/b@c#d"), ""),
            NonSoapKind::Redirect { location: "https://a:1/b@c?…".into(), sign_in: false },
        ),
        (
            response(301, &location("https://a/b"), ""),
            NonSoapKind::Redirect { location: "https://a/b".into(), sign_in: false },
        ),
    ] {
        assert_eq!(recognise(&response).unwrap().page, page);
    }
}

#[test]
fn what_may_be_soap_is_not_refused_here() {
    for (status, content_type) in [
        (200, "text/xml; charset=utf-8"),
        (202, "TEXT/XML"),
        (400, "application/soap+xml"),
        (500, "text/xml"),
    ] {
        for coding in ["identity", "utf-8", ""] {
            let headers = [("Content-Type", content_type), ("Content-Encoding", coding)];
            assert_eq!(recognise(&response(status, &headers, "x")), None);
        }
    }
}

#[test]
fn the_excerpt_is_masked_and_short() {
    let body = format!(
        "<html><style>hunter2 a {{}}</style><script>x</script><h1>No\n  way</h1> hunter2 {}",
        "word ".repeat(40_000)
    );
    let found = recognise(&response(500, &[("Content-Type", "text/html")], &body)).unwrap();
    assert!(found.excerpt.starts_with("No way *** word word"), "{}", found.excerpt);
    assert_eq!(found.excerpt.chars().count(), EXCERPT + 1);
    assert!(!format!("{found:?} {found}").contains("hunter2"));
}

#[test]
fn what_is_binary_is_a_number_of_bytes_and_no_text() {
    let body = [&b"\x89PNG\r\n\x1a\n"[..], &[0xff; 182]].concat();
    let answer = |body: &[u8], content_type: &'static str| {
        let body = body.to_vec();
        HttpResponse { body, ..response(200, &[("Content-Type", content_type)], "") }
    };
    let secret = crate::secret::Secret::new("PNG");
    for (mask, start) in
        [(Mask::default(), " (89 50 4e 47 0d 0a 1a 0a)"), (Mask::new([&secret]), "")]
    {
        let found = NonSoapResponse::describe(&answer(&body, "image/png"), &mask).to_string();
        assert_eq!(
            found,
            format!("the answer is not SOAP: HTTP 200, binary, 190 bytes{start}, image/png")
        );
    }
    let json = NonSoapResponse::describe(&answer(b"{}", "application/json"), &Mask::default());
    assert_eq!(json.to_string(), "the answer is not SOAP: HTTP 200, application/json: \"{}\"");
    let german = answer("gr\u{fc}\u{df}e, \u{fffd}".as_bytes(), "text/plain");
    assert_eq!(NonSoapResponse::describe(&german, &Mask::default()).page, NonSoapKind::Other);
}
