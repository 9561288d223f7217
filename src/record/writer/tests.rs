//! What waits, and how often it is read.

use super::*;
use crate::http::HttpResponse;
use crate::record::Retention;
use crate::redact::{ROUNDS_OF_ALL, Rules};
use crate::soap::SoapVersion;
use crate::xml::READ;

#[test]
fn what_waits_is_counted_as_a_whole() {
    let part = |n: u32| "x".repeat(1000 << n);
    let mut headers = Headers::new();
    headers.push(part(0), part(1));
    let request = HttpRequest {
        method: part(2).into(),
        target: part(3),
        headers: headers.clone(),
        body: part(4).into_bytes(),
    };
    let response = HttpResponse { status: 200, headers, body: part(5).into_bytes() };
    let answered = Answered { response, reason: part(6), version: HttpVersion::Http11 };
    let exchange = |outcome| Exchange {
        request: request.clone(),
        version: HttpVersion::Http11,
        outcome,
        took: Duration::ZERO,
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    let (overhead, head, sent) = (1000, 3000, (4 + 8 + 16) * 1000);
    for (outcome, answer) in [
        (Outcome::Answered(answered), head + (32 + 64) * 1000),
        (Outcome::Failed(part(7)), 128_000),
    ] {
        let (held, size) = (sent + head + answer, exchange(outcome).size());
        assert!((held..held + overhead).contains(&size), "{size} of {held}");
    }
    // Headers without a byte take room, too.
    let mut many = Headers::new();
    (0..1000).for_each(|_| many.push("", ""));
    let mut exchange = exchange(Outcome::Failed(String::new()));
    let before = exchange.size();
    exchange.request.headers = many;
    assert!(exchange.size() - before > 1000 * size_of::<usize>());
}

#[test]
fn each_message_of_an_exchange_is_redacted_once_and_read_once_more() {
    let out = std::env::temp_dir().join(format!("read-once-{}", std::process::id()));
    std::fs::create_dir_all(&out).unwrap();
    let mut writer = Writer {
        shared: Arc::default(),
        builder: FixtureBuilder::live(Rules::default()),
        known: Known::default(),
        mode: Mode::New,
        keep_equal: false,
        everything: false,
        out: out.clone(),
        edited: Vec::new(),
        kept: Kept::new(Retention::default()),
        services: None,
        counts: BTreeMap::new(),
        counted: None,
        finished: false,
    };
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    let body = |inside: &str| {
        let uri = SoapVersion::V11.envelope();
        format!("<e:Envelope xmlns:e='{uri}'><e:Body>{inside}</e:Body></e:Envelope>")
    };
    let exchange = |user: &str, status| Exchange {
        request: HttpRequest {
            method: "POST".into(),
            target: "/p.asmx".into(),
            headers: headers.clone(),
            body: body(&format!("<A><string>{user}</string><string>authPW=s3cret</string></A>"))
                .into(),
        },
        version: HttpVersion::Http11,
        outcome: Outcome::Answered(Answered {
            response: HttpResponse {
                status,
                headers: headers.clone(),
                body: body("<R><S><Message>Hi</Message></S></R>").into(),
            },
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
        }),
        took: Duration::ZERO,
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    for (user, status) in [("a", 200), ("b", 200), ("b", 200), ("a", 500)] {
        let (read, redacted) = (READ.get(), ROUNDS_OF_ALL.get());
        writer.keep(&exchange(user, status)).unwrap();
        assert_eq!((READ.get() - read, ROUNDS_OF_ALL.get() - redacted), (4, 2), "{user}");
    }
    // What is too large to be recorded is not expanded either where no answer came.
    let mut large = exchange("a", 200);
    large.request.body = vec![b' '; BODY_LIMIT + 1];
    large.outcome = Outcome::Failed("no".to_owned());
    let redacted = ROUNDS_OF_ALL.get();
    writer.keep(&large).unwrap();
    assert_eq!(ROUNDS_OF_ALL.get() - redacted, 1, "why");
    std::fs::remove_dir_all(&out).unwrap();
}
