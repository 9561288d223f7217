//! Directories that answer what no real one can be made to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use external_providers::backends::directory::{
    Cause, Directory, DirectoryError, DirectoryLogin, DirectorySettings, GroupSource, Kind, Login,
    Messages, Reason,
};
use external_providers::contract::{Authenticate, Authentication, LoginProvider};
use external_providers::explanation::Explanation;
use proptest::prelude::*;

use super::ldap_stub::{
    Asked, Reply, Stub, bound, done, entry, extended, reference, referral, tlv, with_controls,
};

/// The directory of these: one user, whose name is in the filter.
fn usual(asked: &Asked) -> Vec<Reply> {
    match asked {
        Asked::Bind { password, .. } if password == "right" => vec![bound(0, "")],
        Asked::Bind { .. } => vec![bound(49, "")],
        Asked::Search { filter, .. } if filter.contains("=ann)") => {
            vec![entry(ANN, &[("cn", "Ann"), ("mail", "ann@example.test")]), done(0, "")]
        }
        // The base itself is there.
        Asked::Search { scope: 0, base, .. } => vec![entry(base, &[]), done(0, "")],
        Asked::Search { .. } => vec![done(0, "")],
        _ => vec![extended(2, "not here")],
    }
}

const ANN: &str = "uid=ann,dc=example,dc=test";

/// The same, but for what `change` answers.
fn stub(change: impl Fn(&Asked) -> Option<Vec<Reply>> + Send + Sync + 'static) -> Stub {
    Stub::new(move |_, asked| change(asked).unwrap_or_else(|| usual(asked)))
}

/// As the bind of the user alone is answered.
fn stub_bind(answer: impl Fn() -> Vec<Reply> + Send + Sync + 'static) -> Stub {
    stub(move |asked| match asked {
        Asked::Bind { dn, .. } if dn == ANN => Some(answer()),
        _ => None,
    })
}

fn settings<'s>(kind: Kind, stubs: impl IntoIterator<Item = &'s Stub>) -> DirectorySettings {
    let servers = stubs.into_iter().map(Stub::url);
    let mut settings = DirectorySettings::new(kind, servers, "dc=example,dc=test");
    settings.insecure_plain_text = true;
    settings.filter = "(uid={name})".to_owned();
    settings.account = Some("cn=svc,dc=example,dc=test".to_owned());
    settings.password = "right".into();
    settings.groups = GroupSource::No;
    settings
}

fn directory(settings: DirectorySettings) -> Directory {
    Directory::new("stub", settings).unwrap()
}

async fn log_in(directory: &Directory, password: &str) -> Result<Login, DirectoryError> {
    directory.authenticate("ann", &password.into(), &Explanation::default()).await
}

fn reason(answer: &Result<Login, DirectoryError>) -> Reason {
    match answer {
        Ok(Login::Refused(refusal)) => refusal.reason,
        other => panic!("{other:?}"),
    }
}

/// AD's codes with the NUL that stands at the end of its texts, and the one that no other server has: a
/// user who is unknown at the bind. The administrator is told each, the person the same of all.
#[tokio::test]
async fn active_directory_ends_its_texts_with_nul() {
    for (code, expected) in [
        ("525", Reason::WrongPassword),
        ("52e", Reason::WrongPassword),
        ("530", Reason::Hours),
        ("531", Reason::Workstation),
        ("532", Reason::PasswordExpired),
        ("533", Reason::Disabled),
        ("701", Reason::Expired),
        ("773", Reason::MustChange),
        ("775", Reason::Locked),
        ("57", Reason::Other(0x57)),
        ("52f", Reason::Other(0x52f)),
        ("568", Reason::Other(0x568)),
    ] {
        for (before, after) in
            [("80090308", "v1db1\0"), ("8009030C", "v4563\0"), ("80090308", "v2580")]
        {
            let text = format!(
                "{before}: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {code}, {after}"
            );
            let server = stub_bind(move || vec![bound(49, &text)]);
            let directory = directory(settings(Kind::ActiveDirectory, [&server]));
            let answer = log_in(&directory, "a").await;
            assert_eq!(reason(&answer), expected, "{code}");
            let Ok(Login::Refused(refusal)) = &answer else { unreachable!() };
            assert!(refusal.to_string().contains(&format!("data {code}")), "{refusal}");
            assert!(!refusal.to_string().contains('\0'), "{refusal}");
            let person = Messages::default();
            assert_eq!(person.text(Some(refusal)), person.text(None), "{code}");
        }
    }
    // A channel binding is asked for, which no simple bind has: not the user's fault.
    let text = "80090346: LdapErr: DSID-0C0906BD, comment: AcceptSecurityContext error, data 80090346, v4563\0";
    let server = stub_bind(|| vec![bound(49, text)]);
    let answer = log_in(&directory(settings(Kind::ActiveDirectory, [&server])), "right").await;
    assert!(
        matches!(answer, Err(DirectoryError { cause: Cause::Answer { .. }, .. })),
        "{answer:?}"
    );
}

/// What the help desk is answered: unknown users as wrong passwords, and failures as neither.
#[tokio::test]
async fn the_help_desk_cannot_tell_unknown_users_from_wrong_passwords() {
    let server = stub(|_| None);
    let provider = DirectoryLogin::new([directory(settings(Kind::OpenLdap, [&server]))]);
    let ask = async |name: &str, password: &str| {
        let (login_username, login_password) = (name.into(), password.into());
        provider
            .authenticate(Authenticate { login_username, login_password, ..Default::default() })
            .await
    };
    let known = ask("ann", "wrong").await.unwrap();
    let unknown = ask("bob", "wrong").await.unwrap();
    let empty = ask("ann", "").await.unwrap();
    assert!(matches!(known.result, Authentication::Refused));
    assert_eq!(format!("{known:?}"), format!("{unknown:?}"));
    assert_eq!(format!("{known:?}"), format!("{empty:?}"));
    assert!(matches!(
        ask("ann", "right").await.unwrap().result,
        Authentication::Authenticated { .. }
    ));

    let down = stub(|_| Some(vec![Reply::Close]));
    let provider = DirectoryLogin::new([directory(settings(Kind::OpenLdap, [&down]))]);
    let ask = |name: &str| {
        let (login_username, login_password) = (name.into(), "right".into());
        provider.authenticate(Authenticate { login_username, login_password, ..Default::default() })
    };
    assert!(ask("ann").await.is_err());
    assert!(ask("bob").await.is_err());
}

/// Whatever becomes of a user's bind, it is not sent again, to this server or another: a directory
/// would count it twice.
#[tokio::test]
async fn one_wrong_password_is_one_bind_whatever_happens() {
    let answers: [fn() -> Vec<Reply>; 9] = [
        || vec![bound(49, "")],
        // 20 000 elements in each other.
        || vec![Reply::Raw((0..20_000).fold(Vec::new(), |inner, _| tlv(0x30, &inner)))],
        || vec![Reply::Close],
        || vec![bound(51, "busy")],
        || vec![bound(52, "unavailable")],
        || vec![referral(0x61, "ldap://127.0.0.1:9/")],
        || vec![Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())],
        || vec![Reply::Raw(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Reply::Close],
        || vec![Reply::Hang],
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let servers = [(); 3].map(|()| stub_bind(answer));
        let mut settings = settings(Kind::OpenLdap, &servers);
        settings.timeout = Duration::from_millis(300);
        let directory = directory(settings);
        let answer = log_in(&directory, "wrong").await;
        match number {
            0 => assert_eq!(reason(&answer), Reason::WrongPassword),
            _ => assert!(answer.is_err(), "{number}: {answer:?}"),
        }
        let binds = |stub: &Stub| stub.binds().iter().filter(|dn| *dn == ANN).count();
        assert_eq!(servers.each_ref().map(binds).iter().sum::<usize>(), 1, "{number}");
    }
}

/// A directory may count a password that it leaves unanswered: it is never brought to lock an account by
/// time-outs, and nobody is told that the password was wrong.
#[tokio::test]
async fn passwords_without_an_answer_count_and_stay_failures() {
    let hangs = Arc::new(AtomicBool::new(true));
    let does = Arc::clone(&hangs);
    let server = stub(move |asked| match asked {
        Asked::Bind { dn, .. } if dn == ANN && does.load(Ordering::Relaxed) => {
            Some(vec![Reply::Hang])
        }
        _ => None,
    });
    let mut settings = settings(Kind::OpenLdap, [&server]);
    settings.timeout = Duration::from_millis(500);
    settings.throttle_failures = 2;
    let directory = directory(settings);
    let binds = || server.binds().iter().filter(|dn| *dn == ANN).count();
    // The right one, the first time; then it is known to be right, and nothing counts any more.
    for (is_slow, sent) in [(true, 1), (false, 2), (true, 3), (true, 4)] {
        hangs.store(is_slow, Ordering::Relaxed);
        let answer = log_in(&directory, "right").await;
        assert_eq!((answer.is_err(), binds()), (is_slow, sent), "{answer:?}");
    }
    hangs.store(false, Ordering::Relaxed);
    for password in ["right", "other", "right"] {
        let cause = log_in(&directory, password).await.map_err(|error| error.cause);
        assert!(matches!(cause, Err(Cause::Unanswered { count: 2, .. })), "{cause:?}");
    }
    assert_eq!(binds(), 4);
}

/// The account searches elsewhere when a server is gone or talks rubbish; refused, it tries nowhere else.
#[tokio::test]
async fn searches_go_on_at_the_next_server_and_a_refused_account_does_not() {
    let answers: [fn() -> Vec<Reply>; 3] = [
        || vec![Reply::Close],
        || vec![Reply::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Reply::Close],
        || vec![Reply::Raw(vec![0; 100]), Reply::Close],
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let (bad, good) = (stub(move |_| Some(answer())), stub(|_| None));
        let directory = directory(settings(Kind::OpenLdap, [&bad, &good]));
        let answer = log_in(&directory, "right").await;
        assert!(matches!(answer, Ok(Login::Accepted(_))), "{number}: {answer:?}");
    }
    let servers = [(); 2].map(|()| {
        stub(|asked| match asked {
            Asked::Bind { dn, .. } if dn.starts_with("cn=svc") => Some(vec![bound(49, "no")]),
            _ => None,
        })
    });
    let directory = directory(settings(Kind::OpenLdap, &servers));
    for _ in 0..10 {
        let answer = log_in(&directory, "right").await;
        let is_account =
            matches!(&answer, Err(error) if matches!(error.cause, Cause::Account { .. }));
        assert!(is_account, "{answer:?}");
    }
    // Each try would count towards its own lock-out.
    assert_eq!(servers.each_ref().map(|stub| stub.binds().len()), [1, 0]);
}

/// Searches that end in another way than with all entries: never an unknown user.
#[tokio::test]
async fn a_search_that_fails_is_no_unknown_user() {
    let answers: [fn() -> Vec<Reply>; 12] = [
        || {
            vec![done(
                1,
                "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563\0",
            )]
        },
        || vec![done(3, "time limit")],
        || vec![done(4, "size limit")],
        || vec![done(11, "admin limit")],
        || vec![done(12, "critical extension")],
        || vec![done(32, "no such object")],
        || vec![done(34, "invalid DN")],
        || vec![done(50, "insufficient access")],
        || vec![done(51, "busy")],
        || vec![done(53, "unwilling")],
        || vec![done(80, "other")],
        || vec![referral(0x65, "ldap://127.0.0.1:9/dc=example,dc=test")],
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let server = stub(move |asked| match asked {
            Asked::Search { .. } => Some(answer()),
            _ => None,
        });
        let directory = directory(settings(Kind::OpenLdap, [&server]));
        let answer = log_in(&directory, "right").await;
        assert!(answer.is_err(), "{number}: {answer:?}");
        assert_eq!(server.binds(), ["cn=svc,dc=example,dc=test"], "{number}");
    }
    // A reference beside the entry is not followed, and no trouble.
    let server = stub(|asked| match asked {
        Asked::Search { scope: 2, .. } => Some(vec![
            reference("ldaps://other.example.test/CN=Configuration,DC=example,DC=test"),
            entry(ANN, &[]),
            reference("ldaps://DomainDnsZones.example.test/DC=DomainDnsZones"),
            done(0, ""),
        ]),
        _ => None,
    });
    let directory = directory(settings(Kind::ActiveDirectory, [&server]));
    assert!(matches!(log_in(&directory, "right").await, Ok(Login::Accepted(_))));
}

/// Controls that nobody asked for, that hold rubbish, or that say nothing.
#[tokio::test]
async fn other_controls_are_passed_over() {
    const POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
    let controls: [&[(&'static str, &[u8])]; 6] = [
        &[],
        &[("1.2.3.4", b"")],
        &[("1.2.3.4", b"\x30\x84\xff\xff\xff\xff"), (POLICY, b"\x30\x00")],
        &[(POLICY, b"")],
        &[(POLICY, b"\x30\x84\xff\xff\xff\xff")],
        &[(POLICY, b"\xff\xff\xff")],
    ];
    for controls in controls {
        for (code, password) in [(0, "right"), (49, "wrong")] {
            let controls: Vec<(&'static str, Vec<u8>)> =
                controls.iter().map(|(oid, value)| (*oid, value.to_vec())).collect();
            let said = format!("{controls:?}");
            let server = stub_bind(move || {
                let controls: Vec<_> =
                    controls.iter().map(|(oid, value)| (*oid, &**value)).collect();
                vec![with_controls(bound(code, ""), &controls)]
            });
            let directory = directory(settings(Kind::OpenLdap, [&server]));
            let answer = log_in(&directory, password).await;
            match code {
                0 => assert!(matches!(answer, Ok(Login::Accepted(_))), "{said}: {answer:?}"),
                _ => assert_eq!(reason(&answer), Reason::WrongPassword, "{said}"),
            }
            // Ours is asked for at the user's bind.
            let asked = server.seen().into_iter().filter(|(_, asked, controls)| {
                let is_user = matches!(asked, Asked::Bind { dn, .. } if dn == ANN);
                is_user && controls.iter().any(|oid| oid == POLICY)
            });
            assert_eq!(asked.count(), 1);
        }
    }
}

/// Entries without an end, and ones as large as a memory.
#[tokio::test]
async fn answers_are_bounded() {
    let many = stub(|asked| match asked {
        Asked::Search { .. } => {
            Some((0..200_000).map(|n| entry(&format!("uid={n},dc=a"), &[("cn", "x")])).collect())
        }
        _ => None,
    });
    let large = stub(|asked| match asked {
        Asked::Search { .. } => {
            Some(vec![entry(ANN, &[("cn", &"x".repeat(64 << 20))]), done(0, "")])
        }
        _ => None,
    });
    let endless = stub(|asked| match asked {
        // An entry of 2 GB is announced, and begins.
        Asked::Search { .. } => Some(
            std::iter::once(Reply::Raw(vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]))
                .chain((0..256).map(|_| Reply::Raw(vec![b'x'; 1 << 20])))
                .collect(),
        ),
        _ => None,
    });
    for (number, server) in [many, large, endless].iter().enumerate() {
        let directory = directory(settings(Kind::OpenLdap, [server]));
        let answer = log_in(&directory, "right").await;
        let cause = answer.map_err(|error| error.cause);
        match cause {
            // More than one entry is enough to know.
            Ok(Login::Refused(refusal)) => {
                assert_eq!((number, refusal.reason), (0, Reason::Ambiguous))
            }
            Err(Cause::TooMuch(_) | Cause::Malformed(_)) => {}
            other => panic!("{number}: {other:?}"),
        }
    }
    // Texts, too.
    let server = stub_bind(|| vec![bound(49, &"x".repeat(1 << 20))]);
    let answer = log_in(&directory(settings(Kind::OpenLdap, [&server])), "wrong").await;
    assert_eq!(reason(&answer), Reason::WrongPassword);
    assert!(format!("{answer:?}").len() < 10_000);
}

/// A server that repeats the password in its text is not repeated by us.
#[tokio::test]
async fn a_server_that_repeats_the_password_is_masked() {
    let server = stub(|asked| match asked {
        Asked::Bind { dn, password } if dn == ANN => {
            Some(vec![bound(49, &format!("not {password}, {password}\u{1b}[31m\r\nnext"))])
        }
        _ => None,
    });
    let directory = directory(settings(Kind::OpenLdap, [&server]));
    let explanation = Explanation::wanted();
    let answer = directory.authenticate("ann", &"hunter2-hunter2".into(), &explanation).await;
    let said = format!("{answer:?}{:?}", explanation.lines());
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(reason(&answer), Reason::WrongPassword);
    let Ok(Login::Refused(refusal)) = answer else { unreachable!() };
    assert!(!refusal.to_string().contains(char::is_control), "{refusal:?}");
}

#[tokio::test]
async fn a_refused_starttls_is_a_failure_and_nothing_is_sent_in_the_clear() {
    for reply in [extended(2, "unsupported"), extended(52, "no TLS"), Reply::Close] {
        let server = stub(move |asked| match asked {
            Asked::Extended(_) => Some(vec![reply.clone()]),
            _ => None,
        });
        let mut settings = settings(Kind::OpenLdap, [&server]);
        settings.insecure_plain_text = false;
        let answer = log_in(&directory(settings), "right").await;
        let Err(error) = &answer else { panic!("{answer:?}") };
        assert!(matches!(error.cause, Cause::StartTls(_) | Cause::Lost(_)), "{error:?}");
        assert_eq!(server.binds(), [""; 0]);
    }
}

/// Messages for others, or for nobody: the answer is waited for, or the connection ends.
#[tokio::test]
async fn answers_to_other_questions_are_not_taken_for_ours() {
    // A success with another message's number, before the refusal.
    let foreign = tlv(0x30, &[tlv(0x02, &[99]), tlv(0x61, &[0x0a, 1, 0, 4, 0, 4, 0])].concat());
    let server = stub_bind(move || vec![Reply::Raw(foreign.clone()), bound(49, "")]);
    let answer = log_in(&directory(settings(Kind::OpenLdap, [&server])), "wrong").await;
    assert!(!matches!(answer, Ok(Login::Accepted(_) | Login::Unknown)), "{answer:?}");
    // A success of another operation.
    let server = stub_bind(|| vec![done(0, "")]);
    let answer = log_in(&directory(settings(Kind::OpenLdap, [&server])), "wrong").await;
    assert!(answer.is_err(), "{answer:?}");
    // Notice of disconnection (RFC 4511, section 4.4.1).
    let notice =
        [tlv(0x0a, &[52]), tlv(0x04, b""), tlv(0x04, b""), tlv(0x8a, b"1.3.6.1.4.1.1466.20036")];
    let notice = tlv(0x30, &[tlv(0x02, &[0]), tlv(0x78, &notice.concat())].concat());
    let server = stub_bind(move || vec![Reply::Raw(notice.clone()), Reply::Close]);
    let answer = log_in(&directory(settings(Kind::OpenLdap, [&server])), "right").await;
    assert!(answer.is_err(), "{answer:?}");
}

/// One connection for the account's searches, one more for each user's bind.
#[tokio::test]
async fn a_warm_login_opens_one_connection() {
    let server = stub(|_| None);
    let directory = directory(settings(Kind::OpenLdap, [&server]));
    for logins in 1..=5 {
        assert!(matches!(log_in(&directory, "right").await, Ok(Login::Accepted(_))));
        assert_eq!(server.connections(), 1 + logins);
    }
    let accounts = server.binds().iter().filter(|dn| dn.starts_with("cn=svc")).count();
    assert_eq!(accounts, 1);
}

/// Whatever is typed, the filter has one more value and nothing else, and the password goes as it is.
#[test]
fn hostile_names_and_passwords_arrive_as_they_were_typed() {
    static CASES: AtomicUsize = AtomicUsize::new(0);
    let server = stub(|_| None);
    let by_filter = directory(settings(Kind::OpenLdap, [&server]));
    let mut by_template = settings(Kind::OpenLdap, [&server]);
    by_template.throttle_failures = 0;
    by_template.dn_template = Some("uid={name},dc=example,dc=test".to_owned());
    let by_template = directory(by_template);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut config = ProptestConfig::with_cases(10_000);
    config.max_global_rejects = 100_000;
    let piece = prop_oneof![
        4 => "[()*\\\\,=+\"<>#;&|! \u{0}]{1,4}",
        2 => "\\PC{1,4}",
        1 => Just(")(uid=*".to_owned()),
        1 => Just("\\2a".to_owned()),
        1 => "[a-z]{1,4}",
    ];
    let name = proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat());
    proptest!(config, |(name in name)| {
        let name = name.trim().to_owned();
        prop_assume!(!name.is_empty() && name != "ann");
        let answer = runtime.block_on(by_filter.authenticate(&name, &"a".into(), &Explanation::default()));
        prop_assert!(matches!(answer, Ok(Login::Unknown)), "{answer:?}");
        let found = server.take().into_iter().find_map(|(_, asked, _)| match asked {
            Asked::Search { scope: 2, filter, .. } => Some(filter),
            _ => None,
        });
        prop_assert_eq!(found, Some(format!("(uid={name})")));
        let case = CASES.fetch_add(1, Ordering::Relaxed);
        if case.is_multiple_of(20) {
                let answer = runtime.block_on(by_template.authenticate(&name, &format!("wrong-{case}").into(), &Explanation::default()));
            prop_assert!(matches!(answer, Ok(Login::Refused(_))), "{answer:?}");
            let bound = server.take().into_iter().find_map(|(_, asked, _)| match asked {
                Asked::Bind { dn, .. } => Some(dn),
                _ => None,
            });
            prop_assert_eq!(unescaped(&bound.unwrap()), Some((name, "dc=example,dc=test".to_owned())));
        }
    });
}

/// The value of a DN's first part (RFC 4514, section 3), and the rest.
fn unescaped(dn: &str) -> Option<(String, String)> {
    let (mut bytes, mut at) = (Vec::new(), dn.strip_prefix("uid=")?.bytes().peekable());
    while let Some(byte) = at.next() {
        match byte {
            b',' => {
                return Some((
                    String::from_utf8(bytes).ok()?,
                    String::from_utf8(at.collect()).ok()?,
                ));
            }
            b'\\' => {
                let first = at.next()?;
                let pair = [first, at.peek().copied().unwrap_or(b' ')];
                match u8::from_str_radix(std::str::from_utf8(&pair).ok().unwrap_or("x"), 16) {
                    Ok(byte) if pair.iter().all(u8::is_ascii_hexdigit) => {
                        at.next();
                        bytes.push(byte);
                    }
                    _ => bytes.push(first),
                }
            }
            // What is not escaped must need none.
            b'"' | b'+' | b';' | b'<' | b'>' | 0 => return None,
            plain => bytes.push(plain),
        }
    }
    None
}
