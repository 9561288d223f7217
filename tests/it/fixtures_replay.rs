//! Replay of real exchanges: the clients' requests against recordings of the .NET proxy's.

use std::time::Duration;

use external_providers::Client;
use external_providers::compare::Policy;
use external_providers::contract::{Authenticate, Variables};
use external_providers::fixture::{Fixture, Redaction, store};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::redact::{Redactor, Rules};
use external_providers::replay::Replay;
use external_providers::soap::SoapVersion;
use proptest::prelude::*;

use crate::support::{Capture, Folder, captures};

/// A recording of captures, in their order, with their names; where there is no answer, one that
/// says the name.
pub(crate) fn recording(captures: &[Capture]) -> Vec<Fixture> {
    let mut redactor = Redactor::new(Rules::default());
    let record = |(i, capture): (usize, &Capture)| {
        let named = || HttpResponse {
            status: 200,
            headers: Headers::new(),
            body: capture.name.clone().into_bytes(),
        };
        let response = capture.response.clone().unwrap_or_else(named);
        let (request, response) = redactor.exchange(&capture.request, Some(&response));
        let content_type = request.headers.get("Content-Type").unwrap_or_default().into_owned();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let operation = external_providers::contract::OPERATIONS
            .iter()
            .map(|operation| operation.name)
            .find(|name| {
                body.contains(&format!("{name} xmlns")) || body.contains(&format!(":{name}>"))
            });
        let soap = match &*content_type {
            it if it.starts_with("text/xml") => Some(SoapVersion::V11),
            it if it.starts_with("application/soap+xml") => Some(SoapVersion::V12),
            _ => None,
        };
        let answered = Answered {
            response: response.unwrap(),
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
        };
        Fixture {
            name: capture.name.clone(),
            sequence: i as u64 + 1,
            recorded: jiff::Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(1),
            count: 1,
            operation: operation.map(str::to_owned),
            soap,
            request,
            request_version: HttpVersion::Http11,
            outcome: Outcome::Answered(answered),
            redaction: Redaction {
                rules: Rules::default(),
                placeholders: redactor.used().to_vec(),
            },
            policy: Policy::default(),
        }
    };
    captures.iter().enumerate().map(record).collect()
}

/// The name of the fixture that answers, or why none does.
pub(crate) fn answer(replay: &Replay, request: &HttpRequest) -> String {
    match replay.answer(request) {
        Ok(replayed) => replayed.fixture.name.clone(),
        Err(no_match) => no_match.to_string(),
    }
}

#[test]
fn requests_of_other_clients_match_recordings_of_the_dotnet_proxy() {
    for (recorded, client) in [
        ("clients/mono-wsdl-1.1", "clients/zeep-1.1"),
        ("clients/mono-wsdl-1.2", "clients/php-1.2"),
        ("clients/mono-wsdl-1.1", "clients/mono-wsdl-1.1"),
    ] {
        let replay = Replay::new(recording(&captures(recorded))).unwrap();
        let mut compared = 0;
        for capture in captures(client) {
            compared += 1;
            let found = answer(&replay, &capture.request);
            // Mono writes a CR as it is, which every XML reader takes for an LF; the others write
            // a reference. These requests do not say the same.
            if capture.name == "diagnostic-echo-cr" && client != recorded {
                assert!(found.contains("/cr: recorded \"a\\nb\", received \"a\\rb\""), "{found}");
                continue;
            }
            assert_eq!(found, capture.name, "{client}");
        }
        assert_eq!(compared, 32);
        let unused: Vec<_> = replay.unused().iter().map(|f| f.name.clone()).collect();
        let expected = if client == recorded { &[][..] } else { &["diagnostic-echo-cr"] };
        assert_eq!(unused, expected);
    }
}

#[tokio::test]
async fn a_client_is_answered_without_a_network() {
    let dir = Folder::new("replay-client");
    for fixture in recording(&captures("op")) {
        store(&dir.0, &fixture).unwrap();
    }
    let replay = Replay::load(&dir.0).unwrap();
    let client = Client::builder("http://nowhere.invalid/Provider.asmx", "any")
        .build()
        .unwrap()
        .over(|_| replay);
    let mut login = Authenticate {
        login_username: "myusername".into(),
        login_password: "whatever was wrong".into(),
        other: Variables::new(),
    };
    // Passwords are what they were in the recording by the order in which they come.
    for message in ["Login Failure", "Login Successful", "Login Successful"] {
        let answer = client.call(login.clone()).await.unwrap();
        assert_eq!(answer.message.as_deref(), Some(message));
        login.login_password = "whatever it was".into();
    }
    login.login_username = "nobody".into();
    let error = client.call(login).await.unwrap_err().to_string();
    assert!(error.contains("recordings answers POST /Provider.asmx"), "{error}");
    assert!(
        error.contains("/loginUsername: recorded \"myusername\", received \"nobody\""),
        "{error}"
    );
    assert!(!error.contains("whatever"), "{error}");
    assert_eq!(format!("{:?}", client.transport()), "Replay(58 fixtures)");
}

#[test]
fn a_bad_pattern_is_named_with_file_and_line() {
    let dir = Folder::new("replay-pattern");
    let mut fixture = recording(&captures("op")).remove(0);
    fixture.policy.patterns = vec![("loginUsername".to_owned(), "[a-z]+".to_owned())];
    let path = store(&dir.0, &fixture).unwrap();
    assert_eq!(Replay::load(&dir.0).unwrap().len(), 1);
    let file = path.join("exchange.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("[a-z]+", "[a-z+");
    let line = text.lines().position(|line| line.contains("[a-z+")).unwrap() + 1;
    std::fs::write(&file, text).unwrap();
    let error = Replay::load(&dir.0).unwrap_err();
    assert_eq!((&error.file, error.line), (&file, Some(line)));
    assert!(error.to_string().contains("match.patterns.loginUsername"), "{error}");
}

/// An element in any of the ways in which it may be written, by the bits of `taste`.
fn written(tree: &Tree, taste: &mut impl Iterator<Item = bool>, inherited: Option<bool>) -> String {
    let mut bit = || taste.next().unwrap_or(false);
    let quote = if bit() { '"' } else { '\'' };
    // One namespace, by a prefix or as the default, declared anew or inherited.
    let prefixed = match inherited {
        Some(prefixed) if bit() => prefixed,
        _ => bit(),
    };
    let name = if prefixed { format!("p:{}", tree.name) } else { tree.name.clone() };
    let mut tag = format!("<{name}");
    if inherited != Some(prefixed) {
        let colon = if prefixed { ":p" } else { "" };
        tag.push_str(&format!(" xmlns{colon}={quote}urn:n{quote}"));
    }
    if bit() {
        tag.push_str(&format!(" xmlns:unused={quote}urn:unused{quote}"));
    }
    let mut attributes: Vec<String> =
        tree.attributes.iter().map(|(k, v)| format!(" {k}={quote}{v}{quote}")).collect();
    if bit() {
        attributes.reverse();
    }
    tag.push_str(&attributes.concat());
    if tree.children.is_empty() {
        let text = match (tree.text.is_empty(), bit()) {
            (true, true) => return format!("{tag}/>"),
            (false, true) => format!("<![CDATA[{}]]>", tree.text),
            _ => tree.text.replace('&', if bit() { "&amp;" } else { "&#38;" }),
        };
        return format!("{tag}>{text}</{name}>");
    }
    tag.push('>');
    for child in &tree.children {
        let mut bit = || taste.next().unwrap_or(false);
        let before = match (bit(), bit()) {
            (true, true) => "\r\n  ",
            (true, false) => "<!-- c -->",
            (false, true) => "\t<?p i?> ",
            (false, false) => "",
        };
        tag.push_str(before);
        let own = written(child, taste, Some(prefixed));
        tag.push_str(&own);
    }
    tag + &format!("</{name} >")
}

#[derive(Debug, Clone)]
struct Tree {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Tree>,
}

fn trees() -> impl Strategy<Value = Tree> {
    let attributes = || prop::collection::btree_map("[a-c]", "[a-z ]{0,3}", 0..3);
    let tree = |name, attributes: std::collections::BTreeMap<_, _>, text, children| {
        let attributes = attributes.into_iter().collect();
        Tree { name, attributes, text, children }
    };
    let leaf = ("[a-d]|string", attributes(), "[a-z&= é]{0,6}")
        .prop_map(move |(name, attributes, text)| tree(name, attributes, text, Vec::new()));
    leaf.prop_recursive(4, 24, 4, move |inner| {
        ("[a-d]", attributes(), prop::collection::vec(inner, 1..4)).prop_map(
            move |(name, attributes, children)| tree(name, attributes, String::new(), children),
        )
    })
}

fn post(body: String) -> HttpRequest {
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    HttpRequest { method: "POST".into(), target: "/".into(), headers, body: body.into_bytes() }
}

fn replay_of(request: HttpRequest) -> Replay {
    let named = Capture { name: "it".to_owned(), request, response: None };
    Replay::new(recording(&[named])).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_way_a_request_is_written_it_matches(
        tree in trees(),
        one in prop::collection::vec(any::<bool>(), 200),
        other in prop::collection::vec(any::<bool>(), 200),
    ) {
        let [one, other] = [one, other].map(|t| post(written(&tree, &mut t.into_iter(), None)));
        prop_assert_eq!(answer(&replay_of(one), &other), "it");
    }

    #[test]
    fn another_request_does_not_match(tree in trees(), place in any::<prop::sample::Index>(), change in 0..4) {
        fn size(tree: &Tree) -> usize {
            1 + tree.children.iter().map(size).sum::<usize>()
        }
        fn at(tree: &mut Tree, place: &mut usize, change: i32) -> bool {
            if *place == 0 {
                match change {
                    0 => tree.name.push('x'),
                    1 => tree.attributes.push(("z".to_owned(), String::new())),
                    2 if tree.children.is_empty() => tree.text.push('.'),
                    2 => drop(tree.children.pop()),
                    _ => {
                        let child = Tree {
                            name: "y".to_owned(),
                            attributes: Vec::new(),
                            text: String::new(),
                            children: Vec::new(),
                        };
                        tree.children.push(child);
                        tree.text.clear();
                    }
                }
                return true;
            }
            *place -= 1;
            tree.children.iter_mut().any(|child| at(child, place, change))
        }
        let mut changed = tree.clone();
        prop_assert!(at(&mut changed, &mut place.index(size(&tree)), change));
        let [one, other] = [tree, changed].map(|t| post(written(&t, &mut std::iter::empty(), None)));
        let found = answer(&replay_of(one), &other);
        prop_assert!(found.starts_with("the recording does not answer POST /"), "{}", found);
        prop_assert!(found.contains("\n    "), "what differs is said: {}", found);
    }
}
