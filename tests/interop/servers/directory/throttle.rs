//! Wrong passwords are counted by the directory, too: once each, and never up to its limit.

use std::process::Command;

use super::Reason::*;
use super::{In, Out, Outcome, RIGHT};
use super::{active_directory, directory, log_in, openldap};
use crate::rig::Rig;

/// How many wrong passwords slapd holds against somebody.
fn failures(rig: &Rig, name: &str) -> usize {
    let found = Command::new("ldapsearch")
        .args(["-x", "-LLL", "-H", rig.get("url"), "-D", "cn=admin,dc=example,dc=test"])
        .args(["-w", "admin-Passw0rd", "-b", &format!("uid={name},ou=people,dc=example,dc=test")])
        .args(["-s", "base", "pwdFailureTime"])
        .env("LDAPTLS_CACERT", rig.file("ca.pem"))
        .output()
        .unwrap();
    assert!(found.status.success(), "{found:?}");
    String::from_utf8_lossy(&found.stdout).matches("pwdFailureTime: ").count()
}

/// The same of Samba, past the server.
fn bad_passwords(rig: &Rig, name: &str) -> u32 {
    let found = Command::new("ldbsearch")
        .arg("-H")
        .arg(rig.file("private/sam.ldb"))
        .args([&format!("(sAMAccountName={name})"), "badPwdCount"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let count = text.lines().find_map(|line| line.strip_prefix("badPwdCount: "));
    // It is not there as long as there was none.
    count.map_or(0, |count| count.parse().unwrap())
}

/// Other spellings of one name, as slapd finds it.
const SPELLINGS: [&str; 7] =
    ["wrong", "WRONG", "wrong ", " wrong", "wrong\u{a0}", "ｗｒｏｎｇ", "Wrong"];

#[tokio::test]
async fn openldap_counts_a_wrong_password_once_and_is_never_brought_to_lock() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let mut settings = openldap(&rig);
    // It locks after three.
    settings.throttle_failures = 2;
    let directory = directory(settings);
    let wrong = Out(WrongPassword, false);
    assert_eq!(Outcome::of(&log_in(&directory, "wrong", "first").await), wrong);
    assert_eq!(failures(&rig, "wrong"), 1);
    for spelling in SPELLINGS {
        assert_eq!(Outcome::of(&log_in(&directory, spelling, "first").await), wrong, "{spelling}");
    }
    assert_eq!(failures(&rig, "wrong"), 1, "the same again is answered from memory");
    assert_eq!(Outcome::of(&log_in(&directory, "wrong", "second").await), wrong);
    for (number, spelling) in SPELLINGS.iter().cycle().take(50).enumerate() {
        let answer = log_in(&directory, spelling, &format!("guess-{number}")).await;
        assert_eq!(Outcome::of(&answer), Out(Throttled, false), "{spelling}: {answer:?}");
    }
    assert_eq!(failures(&rig, "wrong"), 2);
    // Nobody else is held up, and the directory still lets the user in.
    assert_eq!(Outcome::of(&log_in(&directory, "ok", RIGHT).await), In);
    let fresh = super::directory(openldap(&rig));
    assert_eq!(Outcome::of(&log_in(&fresh, "wrong", RIGHT).await), In);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_at_the_same_time_are_held_back_as_well() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let mut settings = openldap(&rig);
    settings.throttle_failures = 2;
    let directory = directory(settings);
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let directory = directory.clone();
            let spelling = SPELLINGS[number % SPELLINGS.len()];
            tokio::spawn(async move {
                Outcome::of(&log_in(&directory, spelling, &format!("guess-{number}")).await)
            })
        })
        .collect();
    let mut sent = 0;
    for task in tasks {
        match task.await.unwrap() {
            Out(WrongPassword, false) => sent += 1,
            other => assert_eq!(other, Out(Throttled, false)),
        }
    }
    assert_eq!((sent, failures(&rig, "wrong")), (2, 2));
}

/// With two servers for one directory, a wrong password is tried at one of them.
#[tokio::test]
async fn a_wrong_password_is_bound_at_one_server_alone() {
    let rigs = [(); 2].map(|()| Rig::start("directory/slapd.sh", &[]));
    let mut settings = openldap(&rigs[0]);
    settings.servers = rigs.iter().map(|rig| rig.get("url").to_owned()).collect();
    settings.root_certificates =
        rigs.iter().flat_map(|rig| std::fs::read(rig.file("ca.pem")).unwrap()).collect();
    let directory = directory(settings);
    let answer = log_in(&directory, "wrong", "wrong").await;
    assert_eq!(Outcome::of(&answer), Out(WrongPassword, false));
    assert_eq!(rigs.each_ref().map(|rig| failures(rig, "wrong")), [1, 0]);
}

#[tokio::test]
async fn active_directory_counts_a_wrong_password_once_under_all_names() {
    let rig = Rig::shared("samba");
    let mut settings = active_directory(&rig);
    settings.throttle_failures = 3;
    let directory = directory(settings);
    let names = [
        "wrong",
        "WRONG",
        "ADEX\\wrong",
        "adex/wrong",
        "wrong@ad.example.test",
        "Wrong@AD.example.test",
    ];
    for name in names {
        let answer = log_in(&directory, name, "first").await;
        assert_eq!(Outcome::of(&answer), Out(WrongPassword, false), "{name}: {answer:?}");
    }
    assert_eq!(bad_passwords(&rig, "wrong"), 1);
    for (number, name) in names.iter().cycle().take(30).enumerate() {
        let answer = log_in(&directory, name, &format!("guess-{number}")).await;
        let expected = if number < 2 { WrongPassword } else { Throttled };
        assert_eq!(Outcome::of(&answer), Out(expected, false), "{name}");
    }
    assert_eq!(bad_passwords(&rig, "wrong"), 3);
    // Samba counts an empty one, too: it must not get there.
    for password in ["", " ", "\0"] {
        assert_eq!(
            Outcome::of(&log_in(&directory, "wrong2", password).await),
            Out(NoPassword, false)
        );
    }
    assert_eq!(bad_passwords(&rig, "wrong2"), 0);
}
