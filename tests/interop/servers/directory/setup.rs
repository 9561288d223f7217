//! Connections, TLS, the account, the base: what is wrong with them is a failure, never a word about a user.

use external_providers::backends::directory::{Cause, DirectoryError, Login};
use external_providers::report::Outcome as Step;

use super::{RIGHT, active_directory, directory, log_in, openldap, person};
use crate::rig::Rig;

fn cause(answer: Result<Login, DirectoryError>) -> Cause {
    match answer {
        Err(error) => error.cause,
        Ok(login) => panic!("{login:?}"),
    }
}

#[tokio::test]
async fn a_warm_login_opens_no_connection_for_the_account() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let directory = directory(openldap(&rig));
    person(&directory, "ok", RIGHT).await;
    let counts = || {
        let words =
            [" ACCEPT from", "BIND dn=\"uid=svc,", "BIND dn=\"uid=ok,", "BIND dn=\"uid=nomail,"];
        words.map(|words| rig.logged(words))
    };
    let before = counts();
    for _ in 0..10 {
        person(&directory, "ok", RIGHT).await;
        person(&directory, "nomail", RIGHT).await;
    }
    let now = counts();
    let new: Vec<_> = now.iter().zip(before).map(|(now, before)| now - before).collect();
    // One for each user's bind; slapd writes two lines for a bind that succeeds.
    assert_eq!(new, [20, 0, 20, 20]);
}

#[tokio::test]
async fn connections_are_encrypted_and_the_certificate_is_looked_at() {
    let rig = Rig::start("directory/slapd.sh", &[("SLAPD_GLOBAL", "security simple_bind=128")]);
    let mut settings = openldap(&rig);
    person(&directory(settings.clone()), "ok", RIGHT).await;

    settings.servers = vec![rig.get("plain").to_owned()];
    person(&directory(settings.clone()), "ok", RIGHT).await;

    settings.insecure_plain_text = true;
    let answer = log_in(&directory(settings.clone()), "ok", RIGHT).await;
    assert!(matches!(cause(answer), Cause::Unencrypted(_)));

    let mut settings = openldap(&rig);
    settings.root_certificates.clear();
    let answer = log_in(&directory(settings.clone()), "ok", RIGHT).await;
    assert!(matches!(cause(answer), Cause::Tls(_)));

    // Another authority's.
    let other = Rig::start("directory/slapd.sh", &[]);
    settings.root_certificates = std::fs::read(other.file("ca.pem")).unwrap();
    let answer = log_in(&directory(settings.clone()), "ok", RIGHT).await;
    assert!(matches!(cause(answer), Cause::Tls(_)));

    // A name that the certificate does not have.
    let mut settings = openldap(&rig);
    settings.servers[0] = settings.servers[0].replace("127.0.0.1", "127.0.0.2");
    let answer = log_in(&directory(settings), "ok", RIGHT).await;
    assert!(matches!(cause(answer), Cause::Connect(_) | Cause::Tls(_)));
}

#[tokio::test]
async fn wrong_settings_are_failures_of_the_call() {
    let rig = Rig::start("directory/slapd.sh", &[]);
    let with = |change: &dyn Fn(&mut super::DirectorySettings)| {
        let mut settings = openldap(&rig);
        change(&mut settings);
        directory(settings)
    };
    let directory = with(&|settings| settings.password = "wrong".into());
    for login in ["ok", "nobody"] {
        let cause = cause(log_in(&directory, login, RIGHT).await);
        assert!(matches!(cause, Cause::Account { .. }), "{cause:?}");
    }
    let locked = with(&|settings| {
        settings.account = Some("uid=locked,ou=people,dc=example,dc=test".to_owned());
    });
    assert!(matches!(cause(log_in(&locked, "ok", RIGHT).await), Cause::Account { .. }));
    let must_change = with(&|settings| {
        settings.account = Some("uid=mustchange,ou=people,dc=example,dc=test".to_owned());
    });
    assert!(matches!(cause(log_in(&must_change, "ok", RIGHT).await), Cause::Account { .. }));
    for base in [
        "ou=nowhere,dc=example,dc=test",
        "dc=other,dc=test",
        "ou=hidden,dc=example,dc=test",
        "ou=elsewhere,ou=people,dc=example,dc=test",
    ] {
        let directory = with(&|settings| settings.base = base.to_owned());
        for login in ["ok", "nobody"] {
            let cause = cause(log_in(&directory, login, RIGHT).await);
            let is_about_it =
                matches!(cause, Cause::Base { .. } | Cause::Rights(_) | Cause::Answer { .. });
            assert!(is_about_it, "{base}, {login}: {cause:?}");
        }
    }
    let limited = with(&|settings| {
        settings.account = Some("uid=limited,ou=people,dc=example,dc=test".to_owned());
        settings.filter = "(|(uid={name})(objectClass=inetOrgPerson))".to_owned();
    });
    assert!(!matches!(
        log_in(&limited, "ok", RIGHT).await,
        Ok(Login::Accepted(_) | Login::Unknown)
    ));
}

/// What `check` says of a directory that is in order, and of the limit that the throttle must stay below.
#[tokio::test]
async fn a_check_looks_at_everything() {
    let rig = Rig::shared("samba");
    let report = directory(active_directory(&rig)).check(Some("ok")).await;
    let text: String = report.steps.iter().map(|step| format!("{step:?}\n")).collect();
    assert!(report.steps.len() > 5, "{text}");
    assert!(report.steps.iter().all(|step| step.outcome < Step::Finding), "{text}");
    assert!(text.contains("level3"), "{text}");
    assert!(report.steps.iter().any(|step| step.text.contains('4')), "{text}");

    let rig = Rig::start("directory/slapd.sh", &[]);
    let before = rig.logged("BIND dn=\"uid=ok,");
    let report = directory(openldap(&rig)).check(Some("ok")).await;
    let text: String = report.steps.iter().map(|step| format!("{step:?}\n")).collect();
    assert!(report.steps.iter().all(|step| step.outcome < Step::Finding), "{text}");
    assert_eq!(rig.logged("BIND dn=\"uid=ok,"), before, "nobody is bound");

    let mut settings = openldap(&rig);
    settings.base = "ou=nowhere,dc=example,dc=test".to_owned();
    let report = directory(settings).check(Some("ok")).await;
    let findings = report.steps.iter().flat_map(|step| &step.findings);
    let texts: Vec<_> = findings.map(|finding| finding.text.clone()).collect();
    assert!(texts.iter().any(|text| text.contains("ou=nowhere")), "{texts:?}");
}
