//! Heads that are read, and those that are refused.

use super::*;

fn framing(head: &str) -> Result<Framing, String> {
    request(head.as_bytes())
        .and_then(|head| request_framing(&head))
        .map_err(|error| error.to_string())
}

#[test]
fn what_may_be_read_in_two_ways_is_refused() {
    for (lines, says) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "both"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "two lengths"),
        ("Content-Length: +5\r\n", "not a number"),
        ("Content-Length: 5, 6\r\n", "two lengths"),
        ("Content-Length: 5,\r\n", "not a number"),
        ("Content-Length: \r\n", "not a number"),
        ("Transfer-Encoding: chunked, identity\r\n", "coding"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "coding"),
        ("Transfer-Encoding: xchunked\r\n", "coding"),
        ("X: a\n", "CR LF"),
        ("X: a\rb\r\n", "CR LF"),
        ("Content-Length : 5\r\n", "or not"),
        (" Content-Length: 5\r\n", "or not"),
        ("X: a\r\n Content-Length: 5\r\n", "or not"),
        ("X: a\r\n\ttransfer-encoding: chunked\r\n", "or not"),
        ("Transfer-Encoding\u{b}: chunked\r\n", "or not"),
        ("Content-\0Length: 5\r\n", "or not"),
        ("Content-Length: 5\r\n 6\r\n", "folded"),
        ("Transfer-Encoding:\r\n chunked\r\n", "folded"),
    ] {
        let error = framing(&format!("POST / HTTP/1.1\r\n{lines}\r\n")).unwrap_err();
        assert!(error.contains(says), "{lines:?}: {error}");
    }
    let error = framing("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap_err();
    assert!(error.contains("HTTP/1.0"), "{error}");
}

#[test]
fn names_values_and_order_are_kept() {
    let head = request(b"GET /a?b HTTP/1.1\r\nx-B:1\r\nX-a:  \xff \r\nx-B: 2\r\n\r\n").unwrap();
    let got: Vec<_> = head.headers.iter().map(|h| (&*h.name, &*h.value)).collect();
    let expected: [(&str, &[u8]); 3] = [("x-B", b"1"), ("X-a", b"\xff"), ("x-B", b"2")];
    assert_eq!(got, expected);
    assert_eq!((head.method.as_str(), head.target.as_str()), ("GET", "/a?b"));
    assert_eq!(framing("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"), Ok(Framing::Length(5)));
}

#[test]
fn odd_headers_pass_where_the_end_of_the_message_is_plain() {
    let odd = "X : a\r\nY: b\r\n c\r\n\t\r\n  d\r\nno colon\r\n: no name\r\nA B: \u{1}\0e\r\n";
    let lengths = "Content-Length: 2\r\ncontent-length: 2, 2\r\nHost: a\r\nHost: b\r\n";
    let expected = [("X", "a"), ("Y", "b c d"), ("A B", "\u{1}\0e")];
    let head = request(format!("POST / HTTP/1.1\r\n{odd}{lengths}\r\n").as_bytes()).unwrap();
    assert_eq!(request_framing(&head).unwrap(), Framing::Length(2));
    let got = |headers: &Headers| -> Vec<(String, String)> {
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        headers.iter().take(3).map(|h| (h.name.clone().into_owned(), text(&h.value))).collect()
    };
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(got(&head.headers), expected);
    let head = answer(format!("HTTP/1.1 200 OK\n{odd}{lengths}\n").as_bytes()).unwrap();
    assert_eq!(answer_framing(&head, "POST").unwrap(), Framing::Length(2));
    assert_eq!(got(&head.headers), expected);
    // The answer's reader is one alone, and lenient.
    for (lines, expected) in [
        ("Content-Length : 5\r\n", Framing::Length(5)),
        ("Transfer-Encoding:\r\n chunked\r\n", Framing::Chunked),
    ] {
        let head = answer(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").as_bytes()).unwrap();
        assert_eq!(answer_framing(&head, "POST").unwrap(), expected, "{lines}");
    }
    for lines in [
        "X: a\r\n Content-Length: 5\r\n",
        "Content-\u{1}Length: 5\r\n",
        "X: a\rContent-Length: 5\r\n",
    ] {
        assert!(answer(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").as_bytes()).is_err(), "{lines}");
    }
    let many = "X: y\r\n".repeat(513);
    assert!(answer(format!("HTTP/1.1 200 OK\r\n{many}\r\n").as_bytes()).is_err());
}

#[test]
fn answers_are_read_leniently() {
    let head = answer(b"HTTP/1.0  500\nX : a\n b\n\n").unwrap();
    assert_eq!((head.status, head.reason.as_str()), (500, ""));
    assert_eq!(head.version, HttpVersion::Http10);
    for (line, reason) in [
        (&b"HTTP/1.1 400  Bad  Request \r\n"[..], "Bad  Request"),
        (b"HTTP/1.1 400\r\n", ""),
        (b"\r\nHTTP/1.1 400 Ung\xfcltig\r\n", "Ungültig"),
        (b"HTTP/1.1 400 Ung\xc3\xbcltig\n", "Ungültig"),
    ] {
        let head = answer(&[line, b"A: b\r\n\r\n"].concat()).unwrap();
        assert_eq!((head.status, head.reason.as_str()), (400, reason));
    }
    for (status, method, lines, expected) in [
        (200, "GET", "", Framing::Close),
        (200, "HEAD", "Content-Length: 5\r\n", Framing::Empty),
        (304, "GET", "Content-Length: 5\r\n", Framing::Empty),
        (204, "GET", "", Framing::Empty),
        (200, "GET", "Content-Length: 0\r\n", Framing::Empty),
        (200, "GET", "Transfer-Encoding: Chunked\r\nContent-Length: 5\r\n", Framing::Chunked),
        (200, "GET", "Transfer-Encoding: gzip\r\n", Framing::Close),
    ] {
        let head = answer(format!("HTTP/1.1 {status} OK\r\n{lines}\r\n").as_bytes()).unwrap();
        assert_eq!(answer_framing(&head, method).unwrap(), expected, "{status} {lines}");
    }
}

#[test]
fn connections_are_kept_as_each_version_says() {
    use HttpVersion::{Http10, Http11};
    let with = |value: &str| {
        let mut headers = Headers::new();
        headers.push("connection", value.to_owned());
        headers
    };
    assert!(keeps_alive(Http11, &Headers::new()) && !keeps_alive(Http10, &Headers::new()));
    assert!(!keeps_alive(Http11, &with("x, Close")));
    assert!(keeps_alive(Http10, &with("Keep-Alive")));
}
