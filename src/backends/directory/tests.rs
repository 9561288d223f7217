//! A directory whose server says what a test wants: what no real one can be made to say.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::ber::{header, number, octets, tlv};
use super::*;

/// What is said to a request, whose operation has this tag; `None` ends the connection.
type Say = Box<dyn Fn(&Server, u8, u32, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

struct Server {
    say: Say,
    connections: AtomicUsize,
    /// The operations that came, by tag.
    seen: Mutex<Vec<u8>>,
}

const BIND: u8 = 0x60;
const SEARCH: u8 = 0x63;

fn message(id: u32, operation: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&number(2, id), operation].concat())
}

fn result(id: u32, tag: u8, code: u32, text: &[u8]) -> Vec<u8> {
    message(id, &tlv(tag, &[number(0x0a, code), octets(b""), octets(text)].concat()))
}

fn entry(id: u32, dn: &str) -> Vec<u8> {
    let mail = tlv(0x30, &[octets(b"mail"), tlv(0x31, &octets(b"a@b.c"))].concat());
    message(id, &tlv(0x64, &[octets(dn.as_bytes()), tlv(0x30, &mail)].concat()))
}

/// A well-behaved server with one user.
fn usual(tag: u8, id: u32) -> Vec<u8> {
    match tag {
        BIND => result(id, 0x61, 0, b""),
        _ => [entry(id, "uid=ann,dc=a"), result(id, 0x65, 0, b"")].concat(),
    }
}

impl Server {
    async fn start(say: Say) -> (Arc<Self>, String) {
        Self::start_at("127.0.0.1:0", say).await
    }

    async fn start_at(address: &str, say: Say) -> (Arc<Self>, String) {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let server =
            Arc::new(Self { say, connections: AtomicUsize::new(0), seen: Mutex::default() });
        let own = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                own.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(Arc::clone(&own).serve(stream));
            }
        });
        (server, url)
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        loop {
            if let Ok(Some((start, length))) = header(&buffer)
                && let Some(content) = buffer.get(start..start + length)
            {
                let mut reader = ber::Reader(content);
                let id = ber::unsigned(reader.expect(2).unwrap()).unwrap();
                let (tag, body) = reader.element().unwrap();
                self.seen.lock().unwrap().push(tag);
                let answer = (self.say)(&self, tag, id, body);
                buffer.drain(..start + length);
                match answer {
                    Some(answer) => stream.write_all(&answer).await.unwrap(),
                    None => return,
                }
            } else if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
    }

    fn count(&self, tag: u8) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| **seen == tag).count()
    }
}

fn directory(kind: Kind, urls: &[&str]) -> Directory {
    let mut settings = DirectorySettings::new(kind, urls.iter().copied(), "dc=a");
    settings.insecure_plain_text = true;
    settings.account = Some("cn=svc".to_owned());
    settings.password = "svc".into();
    settings.groups = GroupSource::No;
    Directory::new("test", settings).unwrap_or_else(|error| panic!("{error}"))
}

async fn login(directory: &Directory, password: &str) -> Result<Login, DirectoryError> {
    directory.authenticate("ann", &password.into(), &Explanation::default()).await
}

fn is_accepted(login: &Result<Login, DirectoryError>) -> bool {
    matches!(login, Ok(Login::Accepted(person)) if person.email.as_deref() == Some("a@b.c"))
}

#[tokio::test]
async fn a_warm_login_opens_one_connection_and_binds_once() {
    let (server, url) = Server::start(Box::new(|_, tag, id, _| Some(usual(tag, id)))).await;
    let directory = directory(Kind::OpenLdap, &[&url]);
    assert!(is_accepted(&login(&directory, "right").await));
    assert_eq!((server.count(BIND), server.connections.load(Ordering::SeqCst)), (2, 2));
    for _ in 0..5 {
        assert!(is_accepted(&login(&directory, "right").await));
    }
    assert_eq!((server.count(BIND), server.connections.load(Ordering::SeqCst)), (7, 7));
    assert_eq!(server.count(SEARCH), 6);
}

#[tokio::test]
async fn no_empty_or_blank_password_and_no_other_domain_reaches_the_network() {
    let (server, url) = Server::start(Box::new(|_, tag, id, _| Some(usual(tag, id)))).await;
    let directory = directory(Kind::OpenLdap, &[&url]);
    for password in ["", " ", "\t\u{a0}", "a\0b", "\0"] {
        let Ok(Login::Refused(refusal)) = login(&directory, password).await else { panic!() };
        assert_eq!((refusal.reason, refusal.told()), (Reason::NoPassword, false));
    }
    let mut settings = directory.0.settings.clone();
    settings.domains = vec!["OWN".to_owned()];
    let other = Directory::new("other", settings).unwrap_or_else(|error| panic!("{error}"));
    let answer = other.authenticate("OTHER\\ann", &"x".into(), &Explanation::default()).await;
    assert_eq!(answer.unwrap_or_else(|error| panic!("{error}")), Login::Elsewhere);
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_and_only_so_many_are() {
    let say = |server: &Server, tag: u8, id: u32, _: &[u8]| {
        // The account's bind is the first one.
        Some(match tag {
            BIND if server.count(BIND) > 1 => result(id, 0x61, 49, b""),
            _ => usual(tag, id),
        })
    };
    let (server, url) = Server::start(Box::new(say)).await;
    let directory = directory(Kind::OpenLdap, &[&url]);
    let mut reasons = Vec::new();
    for password in ["a", "a", "b", "c", "d", "a", "right"] {
        let Ok(Login::Refused(refusal)) = login(&directory, password).await else { panic!() };
        reasons.push(refusal.reason);
    }
    let (wrong, throttled) = (Reason::WrongPassword, Reason::Throttled);
    assert_eq!(reasons, [wrong, wrong, wrong, wrong, throttled, wrong, throttled]);
    assert_eq!(server.count(BIND), 1 + 3);
}

#[tokio::test]
async fn a_dropped_connection_is_replaced_and_a_bind_never_repeated() {
    // Every second search, and the users' binds when told so, end the connection.
    let say = |server: &Server, tag: u8, id: u32, _: &[u8]| match tag {
        SEARCH if server.count(SEARCH).is_multiple_of(2) => None,
        _ => Some(usual(tag, id)),
    };
    let (server, url) = Server::start(Box::new(say)).await;
    let directory_one = directory(Kind::OpenLdap, &[&url]);
    for _ in 0..4 {
        assert!(is_accepted(&login(&directory_one, "right").await));
    }
    assert_eq!(server.count(SEARCH), 7, "each login but the first searched twice");

    let say = |server: &Server, tag: u8, id: u32, _: &[u8]| match tag {
        BIND if server.count(BIND) > 1 => None,
        _ => Some(usual(tag, id)),
    };
    let (server, url) = Server::start(Box::new(say)).await;
    let (other, other_url) = Server::start(Box::new(|_, tag, id, _| Some(usual(tag, id)))).await;
    let two = directory(Kind::OpenLdap, &[&url, &other_url]);
    let error = login(&two, "right").await.unwrap_err();
    assert!(matches!(error.cause, Cause::Lost(_)), "{error}");
    assert_eq!((server.count(BIND), other.count(BIND)), (2, 0));
}

#[tokio::test]
async fn the_next_server_is_asked_only_where_the_connection_fails() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("ldap://{}", closed.local_addr().unwrap());
    drop(closed);
    let (server, url) = Server::start(Box::new(|_, tag, id, _| Some(usual(tag, id)))).await;
    assert!(is_accepted(&login(&directory(Kind::OpenLdap, &[&nobody, &url]), "right").await));
    assert_eq!(server.count(BIND), 2);

    let refuse = |_: &Server, _: u8, id: u32, _: &[u8]| Some(result(id, 0x61, 49, b""));
    let (refusing, refusing_url) = Server::start(Box::new(refuse)).await;
    let two = directory(Kind::OpenLdap, &[&refusing_url, &url]);
    let (one, other) = tokio::join!(login(&two, "right"), login(&two, "right"));
    for answer in [one, other, login(&two, "right").await] {
        let error = answer.unwrap_err();
        assert!(matches!(error.cause, Cause::Account { .. }), "{error}");
    }
    assert_eq!((refusing.count(BIND), server.count(BIND)), (1, 2), "neither again nor elsewhere");
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_at_once() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap().to_string();
    drop(closed);
    let directory = directory(Kind::OpenLdap, &[&format!("ldap://{address}")]);
    for _ in 0..3 {
        let error = login(&directory, "right").await.unwrap_err();
        assert!(matches!(error.cause, Cause::Connect(_)), "{error}");
    }
    let usual: Say = Box::new(|_, tag, id, _| Some(usual(tag, id)));
    let _server = Server::start_at(&address, usual).await;
    assert!(is_accepted(&login(&directory, "right").await));
}

#[tokio::test]
async fn references_are_passed_over_and_two_entries_are_nobody() {
    let say = |_: &Server, tag: u8, id: u32, _: &[u8]| {
        let reference = message(id, &tlv(0x73, &octets(b"ldap://127.0.0.1:9/dc=b??sub")));
        Some(if tag == SEARCH { [reference, usual(tag, id)].concat() } else { usual(tag, id) })
    };
    let (_, url) = Server::start(Box::new(say)).await;
    assert!(is_accepted(&login(&directory(Kind::OpenLdap, &[&url]), "right").await));

    let say = |_: &Server, tag: u8, id: u32, _: &[u8]| {
        Some(if tag == SEARCH {
            [entry(id, "uid=x"), usual(tag, id)].concat()
        } else {
            usual(tag, id)
        })
    };
    let (server, url) = Server::start(Box::new(say)).await;
    let answer = login(&directory(Kind::OpenLdap, &[&url]), "right").await;
    let Ok(Login::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!((refusal.reason, server.count(BIND)), (Reason::Ambiguous, 1));
}

/// A server writes the passwords that it was given wherever it may write: none is shown, and what our
/// settings say stays as it is.
#[tokio::test]
async fn passwords_that_a_server_repeats_are_not_shown() {
    let say = |_: &Server, tag: u8, id: u32, _: &[u8]| {
        let attribute = |name: &str, value: &str| {
            tlv(0x30, &[octets(name.as_bytes()), tlv(0x31, &octets(value.as_bytes()))].concat())
        };
        let attributes = [
            attribute("mail", "hunter2@b.c"),
            attribute("cn", "hunter2 s3same"),
            attribute("memberOf", "cn=hunter2s3same,dc=a"),
            attribute("pwdPolicySubentry", "cn=hunter2,dc=a"),
            attribute("pwdAccountLockedTime", "hunter2"),
        ];
        let parts = [octets(b"uid=hunter2,dc=a"), tlv(0x30, &attributes.concat())];
        Some(match tag {
            BIND => result(id, 0x61, 0, b""),
            _ => {
                [message(id, &tlv(0x64, &parts.concat())), result(id, 0x65, 0, b"hunter2")].concat()
            }
        })
    };
    let (_, url) = Server::start(Box::new(say)).await;
    let mut settings = directory(Kind::OpenLdap, &[&url]).0.settings.clone();
    settings.groups = GroupSource::MemberOf;
    // Where a user is, and where groups are, is in the settings.
    settings.group_base = Some("ou=g,dc=a".to_owned());
    settings.password = "ou=g".into();
    let groups = Directory::new("d", settings.clone());
    let groups = groups.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(groups.0.servers.shown("cn=x,ou=g,dc=a", None), "cn=x,ou=g,dc=a");
    for (account_password, dn) in [("hunter2", "uid=***,dc=a"), ("dc=a", "uid=hunter2,dc=a")] {
        settings.password = account_password.into();
        let one = Directory::new("d", settings.clone()).unwrap_or_else(|error| panic!("{error}"));
        let explanation = Explanation::wanted();
        let found = one.find("ann", &explanation).await;
        let Ok(Login::Refused(refusal)) = found else { panic!("{found:?}") };
        assert_eq!(refusal.to_string(), "pwdAccountLockedTime (not a time)");
        let login = one.authenticate("ann", &"s3same".into(), &explanation).await;
        let Ok(Login::Accepted(person)) = login else { panic!("{login:?}") };
        assert_eq!(person.dn, "uid=hunter2,dc=a", "what is answered is as it came");
        let shown = explanation.lines().join("\n");
        assert!(shown.contains(&format!("the user is {dn}\n")), "{shown}");
        assert!(shown.ends_with(&format!("{dn} may log in")), "{shown}");
        let shown = format!("{shown} {:?}", one.check(Some("ann")).await);
        assert!(!shown.contains("s3same"), "{shown}");
        assert!(!shown.contains(account_password) || account_password == "dc=a", "{shown}");
    }
}

#[tokio::test]
async fn active_directory_may_end_its_text_in_a_nul() {
    let say = |server: &Server, tag: u8, id: u32, _: &[u8]| {
        let text = b"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 533, v3839\0";
        Some(match tag {
            BIND if server.count(BIND) > 1 => result(id, 0x61, 49, text),
            _ => usual(tag, id),
        })
    };
    let (_, url) = Server::start(Box::new(say)).await;
    let answer = login(&directory(Kind::ActiveDirectory, &[&url]), "right").await;
    let Ok(Login::Refused(refusal)) = answer else { panic!("{answer:?}") };
    assert_eq!(refusal.reason, Reason::Disabled);
    assert_eq!(refusal.to_string(), "data 533, account disabled");
}

/// Whatever a server sends is a failure of the call, never a panic, and never kept in memory without end.
#[tokio::test]
async fn hostile_answers_are_failures() {
    let nested = (0..20_000).fold(Vec::new(), |inner: Vec<u8>, _| match inner.len() {
        0..60_000 => tlv(0x30, &inner),
        _ => inner,
    });
    let answers = [
        nested.clone(),
        message(1, &nested),
        vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        vec![0x30, 0x80],
        vec![0x1f, 0x81, 1],
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        message(0, &tlv(0x78, &[])),
        result(77, 0x61, 0, b""),
        entry(2, "uid=ann"),
        message(2, &tlv(0x61, &number(0x0a, 0))),
        message(2, &tlv(0x61, &[0x0a, 9, 0])),
        vec![],
    ];
    for answer in answers {
        for at_bind in [true, false] {
            let sent = answer.clone();
            let say = move |_: &Server, tag: u8, id: u32, _: &[u8]| match tag == BIND || !at_bind {
                true if at_bind || tag == SEARCH => (!sent.is_empty()).then(|| sent.clone()),
                _ => Some(usual(tag, id)),
            };
            let (_, url) = Server::start(Box::new(say)).await;
            let one = directory(Kind::OpenLdap, &[&url]);
            let answer = login(&one, "right").await;
            assert!(answer.is_err(), "{answer:?}");
        }
    }
}

#[test]
fn what_can_be_known_without_the_network_is_said_at_once() {
    let refused = |change: &dyn Fn(&mut DirectorySettings)| {
        let mut settings = DirectorySettings::new(Kind::OpenLdap, ["ldaps://a"], "dc=a");
        settings.account = Some("cn=svc".to_owned());
        settings.password = "svc".into();
        change(&mut settings);
        match Directory::new("d", settings) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => match error.cause {
                Cause::Setting { key, .. } => key.to_owned(),
                cause => panic!("{cause}"),
            },
        }
    };
    assert_eq!(refused(&|_| {}), "accepted");
    assert_eq!(refused(&|s| s.servers.clear()), "servers");
    assert_eq!(refused(&|s| s.servers.push("http://a".into())), "servers");
    assert_eq!(refused(&|s| s.base = "garbage".into()), "base");
    assert_eq!(refused(&|s| s.filter = "(uid=x)".into()), "filter");
    assert_eq!(refused(&|s| s.filter = "(uid={nam})".into()), "filter");
    assert_eq!(refused(&|s| s.filter = "(uid={name}".into()), "filter");
    assert_eq!(refused(&|s| s.filter = "({name}=x)".into()), "filter");
    assert_eq!(refused(&|s| s.dn_template = Some("{name}".into())), "dn_template");
    assert_eq!(refused(&|s| s.dn_template = Some("{name}=x,dc=a".into())), "dn_template");
    assert_eq!(refused(&|s| s.dn_template = Some("uid={name},dc=a".into())), "accepted");
    assert_eq!(refused(&|s| s.account = None), "account");
    assert_eq!(refused(&|s| s.password = " ".into()), "password");
    assert_eq!(refused(&|s| s.root_certificates = b"no".to_vec()), "root_certificates");
    assert_eq!(refused(&|s| s.group_base = Some("x".into())), "group_base");
    assert_eq!(refused(&|s| s.timeout = Duration::ZERO), "timeout");
}
