//! What slapd says of accounts in each state, as it comes out here.

use external_providers::backends::directory::{Decision, Kind, Login};
use external_providers::explanation::Explanation;

use super::Reason::*;
use super::{Failure, In, Nobody, Out, Outcome, RIGHT, Row, UMLAUTS, WRONG};
use super::{directory, log_in, openldap, person, try_all};
use crate::rig::Rig;

#[tokio::test]
async fn every_state_is_told_to_the_administrator_and_none_to_the_person() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let directory = directory(openldap(&rig));
    let rows: [Row<'_>; 25] = [
        ("ok", RIGHT, In, "bind as uid=ok,ou=people"),
        ("nomail", RIGHT, In, ""),
        ("pwuml", UMLAUTS, In, ""),
        ("warn", RIGHT, In, "the password expires in "),
        ("grace", RIGHT, In, "grace logins left: 2"),
        ("ok", WRONG, Out(WrongPassword, false), "49"),
        ("pwuml", "Gu3ss-ss€", Out(WrongPassword, false), "49"),
        ("nopassword", RIGHT, Out(WrongPassword, false), "49"),
        ("nobody", RIGHT, Nobody, ""),
        ("unseen", RIGHT, Nobody, ""),
        ("elsewhere", RIGHT, Nobody, ""),
        ("twin", RIGHT, Out(Ambiguous, false), "uid=twin,ou=people"),
        ("locked", RIGHT, Out(Locked, false), "pwdAccountLockedTime 2"),
        ("locked", WRONG, Out(Locked, false), "pwdAccountLockedTime 2"),
        ("disabled", RIGHT, Out(Disabled, false), "pwdAccountLockedTime 000001010000Z"),
        ("notyet", RIGHT, Out(NotYetValid, false), "pwdStartTime"),
        ("ended", RIGHT, Out(Expired, false), "pwdEndTime"),
        ("idle", RIGHT, Out(Locked, false), "idle"),
        ("expired", WRONG, Out(WrongPassword, false), "49"),
        ("expired", RIGHT, Out(PasswordExpired, true), "passwordExpired"),
        ("gracegone", RIGHT, Out(PasswordExpired, true), "passwordExpired"),
        ("mustchange", RIGHT, Out(MustChange, true), "changeAfterReset"),
        ("ok", "", Out(NoPassword, false), "not sent"),
        ("ok", " \u{a0}", Out(NoPassword, false), "not sent"),
        ("ok", "\0", Out(NoPassword, false), "not sent"),
    ];
    try_all(&directory, rows).await;
}

#[tokio::test]
async fn grace_and_must_change_are_binds_that_succeed_and_the_file_decides() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let mut settings = openldap(&rig);
    (settings.grace, settings.must_change) = (Decision::Refuse, Decision::Accept);
    let directory = directory(settings);
    try_all(
        &directory,
        [
            ("grace", RIGHT, Out(PasswordExpired, true), "grace logins left: 2"),
            ("grace", WRONG, Out(WrongPassword, false), "49"),
            ("mustchange", RIGHT, In, "changeAfterReset"),
            ("mustchange", WRONG, Out(WrongPassword, false), "49"),
        ],
    )
    .await;
}

/// OpenLDAP's default: a lock looks like a wrong password, so only the entry tells them apart.
#[tokio::test]
async fn states_are_told_where_the_server_hides_locks() {
    let rig = Rig::start("directory/slapd.sh", &[("SLAPD_USE_LOCKOUT", "no")]);
    let directory = directory(openldap(&rig));
    try_all(
        &directory,
        [
            ("ok", WRONG, Out(WrongPassword, false), "49"),
            ("locked", RIGHT, Out(Locked, false), "pwdAccountLockedTime"),
            ("disabled", RIGHT, Out(Disabled, false), "pwdAccountLockedTime 000001010000Z"),
            ("notyet", RIGHT, Out(NotYetValid, false), "pwdStartTime"),
            ("ended", RIGHT, Out(Expired, false), "pwdEndTime"),
            ("expired", RIGHT, Out(PasswordExpired, true), "passwordExpired"),
        ],
    )
    .await;
}

/// Sign-in by cookie: the account looks, and nobody is bound.
#[tokio::test]
async fn users_whose_password_is_not_asked_for_are_found_and_their_states_read() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let directory = directory(openldap(&rig));
    let before = rig.logged("BIND dn=");
    for (login, expected) in [
        ("ok", In),
        ("müller", In),
        ("grace", In),
        ("nobody", Nobody),
        ("unseen", Nobody),
        ("twin", Out(Ambiguous, false)),
        ("locked", Out(Locked, false)),
        ("disabled", Out(Disabled, false)),
        ("notyet", Out(NotYetValid, false)),
        ("ended", Out(Expired, false)),
        ("idle", Out(Locked, false)),
        ("expired", Out(PasswordExpired, false)),
    ] {
        let answer = directory.find(login, &Explanation::default()).await;
        assert_eq!(Outcome::of(&answer), expected, "{login}: {answer:?}");
    }
    // The account's own, in slapd's two lines for each.
    assert_eq!(rig.logged("BIND dn=") - before, 2);
}

/// An empty password "succeeds" there, for anybody, even for locked and unknown users.
#[tokio::test]
async fn a_password_that_is_empty_never_reaches_a_server_that_takes_it() {
    let rig = Rig::start("directory/slapd.sh", &[("SLAPD_GLOBAL", "allow bind_anon_dn")]);
    let mut settings = openldap(&rig);
    let searching = directory(settings.clone());
    settings.dn_template = Some("uid={name},ou=people,dc=example,dc=test".to_owned());
    let by_template = directory(settings);
    let before = rig.logged("BIND dn=\"uid=");
    for directory in [&searching, &by_template] {
        for login in ["ok", "nobody", "locked", ""] {
            for password in ["", " ", "\t\n", "\u{3000}", "\0", "\0\0", "\0Passw0rd-1"] {
                let answer = log_in(directory, login, password).await;
                assert_eq!(Outcome::of(&answer), Out(NoPassword, false), "{login} {password:?}");
            }
        }
    }
    assert_eq!(rig.logged("BIND dn=\"uid="), before);
}

#[tokio::test]
async fn names_with_everything_that_is_escaped_log_in_by_filter_and_by_template() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let mut settings = openldap(&rig);
    let searching = directory(settings.clone());
    settings.dn_template = Some("uid={name},ou=people,dc=example,dc=test".to_owned());
    let by_template = directory(settings);
    for directory in [&searching, &by_template] {
        let odd = person(directory, "odd(*)\\,=+\"<>#; ü", RIGHT).await;
        assert_eq!(odd.email.as_deref(), Some("odd@example.test"));
        assert_eq!(odd.display_name.as_deref(), Some("odd (*)\\,=+\"<>#; ü"));
        for spelling in ["müller", "MÜLLER", "mu\u{308}ller", "  müller "] {
            let müller = person(directory, spelling, RIGHT).await;
            assert_eq!(müller.email.as_deref(), Some("mueller@example.test"), "{spelling}");
        }
        for name in
            ["*", "o*", "ok)(uid=*", "ok)(|(uid=*", "\\6fk", "ok\\00", "ok,ou=people", "ok+cn=x"]
        {
            let answer = log_in(directory, name, RIGHT).await;
            // By the template, nobody knows whether there is such a user.
            let expected = [Nobody, Out(WrongPassword, false)];
            assert!(expected.contains(&Outcome::of(&answer)), "{name}: {answer:?}");
        }
    }
    // DNs with escapes, which come back in another spelling.
    for (login, email) in [("hash", "hash@example.test"), ("lastfirst", "lastfirst@example.test")] {
        assert_eq!(person(&searching, login, RIGHT).await.email.as_deref(), Some(email));
    }
    let first = person(&searching, "manymail", RIGHT).await;
    assert_eq!(first.email.as_deref(), Some("first@example.test"));
    assert_eq!(person(&searching, "nomail", RIGHT).await.email, None);
}

/// Answers that slapd gives in the name of other servers, and of broken ones.
#[tokio::test]
async fn answers_of_other_directories_are_told_as_theirs() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let mut settings = openldap(&rig);
    settings.kind = Kind::ActiveDirectory;
    settings.base = "ou=answers,dc=example,dc=test".to_owned();
    let active_directory = directory(settings.clone());
    try_all(
        &active_directory,
        [
            ("ad525", WRONG, Out(WrongPassword, false), "data 525"),
            ("ad52e", WRONG, Out(WrongPassword, false), "data 52e"),
            ("ad530", WRONG, Out(Hours, true), "data 530"),
            ("ad531", WRONG, Out(Workstation, true), "data 531"),
            ("ad532", WRONG, Out(PasswordExpired, true), "data 532"),
            ("ad533", WRONG, Out(Disabled, true), "data 533"),
            ("ad701", WRONG, Out(Expired, true), "data 701"),
            ("ad773", WRONG, Out(MustChange, true), "data 773"),
            ("ad775", WRONG, Out(Locked, false), "data 775"),
            ("ad57", WRONG, Out(Other(0x57), false), "data 57"),
            ("ad52f", WRONG, Out(Other(0x52f), false), "data 52f"),
            ("ad568", WRONG, Out(Other(0x568), false), "data 568"),
            ("ad-unknown", WRONG, Out(Other(0x999), false), "data 999"),
            ("ad80090346", WRONG, Failure, "80090346"),
            ("ad-signing", WRONG, Failure, "encryption"),
        ],
    )
    .await;
    settings.kind = Kind::FreeIpa;
    let free_ipa = directory(settings);
    try_all(
        &free_ipa,
        [
            ("ds-locked", WRONG, Out(Locked, false), "retry limit"),
            ("ds-inactive", WRONG, Out(Disabled, false), "inactivated"),
            ("ds-expired", WRONG, Out(PasswordExpired, true), "password expired"),
            ("noobject", WRONG, Nobody, "32"),
            ("inappropriate", WRONG, Out(Other(48), false), "48"),
            ("crlf", WRONG, Out(WrongPassword, false), "FAIL: two"),
            ("long", WRONG, Out(WrongPassword, false), "xxx"),
            ("operations", WRONG, Failure, "1"),
            ("timelimit", WRONG, Failure, "3"),
            ("authmethod", WRONG, Failure, "7"),
            ("admin", WRONG, Failure, "11"),
            ("confidential", WRONG, Failure, "encryption"),
            ("busy", WRONG, Failure, "51"),
            ("unavailable", WRONG, Failure, "52"),
            ("unwilling", WRONG, Failure, "53"),
            ("other", WRONG, Failure, "80"),
        ],
    )
    .await;
}

/// One wrong password makes a connection anonymous, on which the next user would be an unknown one.
#[tokio::test]
async fn a_refused_user_leaves_the_next_one_known() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let mut settings = openldap(&rig);
    settings.max_connections = 1;
    let directory = directory(settings);
    for _ in 0..10 {
        let answer = log_in(&directory, "wrong", "wrong").await;
        assert_eq!(Outcome::of(&answer), Out(WrongPassword, false));
        assert!(matches!(log_in(&directory, "ok", RIGHT).await, Ok(Login::Accepted(_))));
    }
}
