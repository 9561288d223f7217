//! What an Active Directory domain controller says of accounts in each state, as it comes out here.

use external_providers::backends::directory::{Decision, GroupSource};
use external_providers::explanation::Explanation;

use super::Reason::*;
use super::{In, Nobody, Out, Outcome, RIGHT, Row, UMLAUTS, WRONG};
use super::{active_directory, directory, log_in, person, try_all};
use crate::rig::Rig;

#[tokio::test]
async fn every_state_is_told_to_the_administrator_and_none_to_the_person() {
    let rig = Rig::shared("samba");
    let directory = directory(active_directory(&rig));
    let rows: [Row<'_>; 21] = [
        ("ok", RIGHT, In, "bind as CN=ok Rig,OU=Staff"),
        ("nomail", RIGHT, In, ""),
        ("pwuml", UMLAUTS, In, ""),
        ("mü ller", RIGHT, In, ""),
        ("wrong3", WRONG, Out(WrongPassword, false), "data 52e"),
        ("nobody", RIGHT, Nobody, ""),
        ("nohours", RIGHT, Out(Hours, true), "data 530"),
        ("nohours", WRONG, Out(WrongPassword, false), "data 52e"),
        ("workstation", RIGHT, Out(Workstation, true), "data 531"),
        ("workstation", WRONG, Out(WrongPassword, false), "data 52e"),
        ("pwexpired", RIGHT, Out(PasswordExpired, true), "data 532"),
        ("pwexpired", WRONG, Out(WrongPassword, false), "data 52e"),
        ("disabled", RIGHT, Out(Disabled, true), "data 533"),
        ("disabled", WRONG, Out(WrongPassword, false), "data 52e"),
        ("expired", RIGHT, Out(Expired, true), "data 701"),
        ("expired", WRONG, Out(WrongPassword, false), "data 52e"),
        ("mustchange", RIGHT, Out(MustChange, true), "data 773"),
        ("mustchange", WRONG, Out(WrongPassword, false), "data 52e"),
        ("locked", RIGHT, Out(Locked, false), "data 775"),
        ("locked", WRONG, Out(Locked, false), "data 775"),
        ("ok", "", Out(NoPassword, false), "not sent"),
    ];
    try_all(&directory, rows).await;
    let mut settings = active_directory(&rig);
    settings.must_change = Decision::Accept;
    // It is no bind that succeeds there, but the password was right.
    let accepting = super::directory(settings);
    try_all(&accepting, [("mustchange", RIGHT, In, "data 773")]).await;
}

#[tokio::test]
async fn users_are_known_by_each_of_their_names() {
    let rig = Rig::shared("samba");
    let directory = directory(active_directory(&rig));
    for name in [
        "ok",
        "OK",
        "ADEX\\ok",
        "adex\\OK",
        "ADEX/ok",
        "ok@ad.example.test",
        "ok@AD.EXAMPLE.TEST",
        "ok@ADEX",
    ] {
        let found = person(&directory, name, RIGHT).await;
        assert_eq!(found.dn, "CN=ok Rig,OU=Staff,DC=ad,DC=example,DC=test", "{name}");
        assert_eq!(found.email.as_deref(), Some("ok@example.test"), "{name}");
    }
    let odd = person(&directory, "odd(#)&ü", RIGHT).await;
    assert_eq!(odd.display_name.as_deref(), Some("odd (*)\\,=+\"<>#; ü"));
    // userPrincipalName is another name than sAMAccountName with the domain.
    for name in ["lastfirst", "ADEX\\lastfirst", "lastfirst@ad.example.test"] {
        let found = person(&directory, name, RIGHT).await;
        assert_eq!(found.display_name.as_deref(), Some("Last, First"), "{name}");
    }
    // Without a mail address there is that name.
    let nomail = person(&directory, "nomail", RIGHT).await;
    assert_eq!(nomail.email.as_deref(), Some("nomail@ad.example.test"));
    for name in ["OTHER\\ok", "ok@other.test", "alias@other.test"] {
        let answer = log_in(&directory, name, RIGHT).await;
        assert_eq!(Outcome::of(&answer), Outcome::Elsewhere, "{name}");
    }
    for name in ["*", "o*", "ok)(mail=*", "\\2a", "ADEX\\*"] {
        let answer = log_in(&directory, name, RIGHT).await;
        let nobody = [Nobody, Outcome::Elsewhere];
        assert!(nobody.contains(&Outcome::of(&answer)), "{name}: {answer:?}");
    }
}

/// 389 and 3268 with StartTLS, the catalogue with TLS; with and without references.
#[tokio::test]
async fn every_port_and_every_base_will_do() {
    let rig = Rig::shared("samba");
    for (url, base) in [
        (rig.get("plain"), rig.get("base")),
        (rig.get("url"), "OU=Staff,DC=ad,DC=example,DC=test"),
        (rig.get("catalogue"), rig.get("base")),
        (rig.get("catalogue"), ""),
    ] {
        let mut settings = active_directory(&rig);
        settings.servers = vec![url.to_owned()];
        settings.base = base.to_owned();
        settings.groups = GroupSource::No;
        let found = person(&directory(settings), "ok", RIGHT).await;
        assert_eq!(found.email.as_deref(), Some("ok@example.test"), "{url} {base}");
    }
}

#[tokio::test]
async fn users_whose_password_is_not_asked_for_are_found_and_their_states_read() {
    let rig = Rig::shared("samba");
    let directory = directory(active_directory(&rig));
    for (login, expected) in [
        ("ok", In),
        ("ADEX\\ok", In),
        ("nobody", Nobody),
        ("OTHER\\ok", Outcome::Elsewhere),
        ("disabled", Out(Disabled, false)),
        ("expired", Out(Expired, false)),
        ("pwexpired", Out(PasswordExpired, false)),
        ("locked", Out(Locked, false)),
    ] {
        let answer = directory.find(login, &Explanation::default()).await;
        assert_eq!(Outcome::of(&answer), expected, "{login}: {answer:?}");
    }
}
