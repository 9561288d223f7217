//! Logins from directories.

mod active_directory;
mod groups;
mod openldap;
mod outage;
mod setup;
mod throttle;

use external_providers::backends::directory::{
    Directory, DirectoryError, DirectorySettings, Kind, Login, Messages, Person, Reason,
};
use external_providers::explanation::Explanation;

use crate::rig::Rig;

/// Everybody's password, but that of `pwuml`.
const RIGHT: &str = "Passw0rd-1";
/// Nobody's, and in no text of a server.
const WRONG: &str = "Gu3ss-me-n0t";
const UMLAUTS: &str = "Pässwört-ß€";

/// What a login comes to.
#[derive(Debug, PartialEq)]
enum Outcome {
    In,
    /// Why, and whether the person may be told.
    Out(Reason, bool),
    Nobody,
    Elsewhere,
    /// The call failed: no word about the user.
    Failure,
}

use Outcome::{Failure, In, Nobody, Out};

impl Outcome {
    fn of(login: &Result<Login, DirectoryError>) -> Self {
        match login {
            Ok(Login::Accepted(_)) => In,
            Ok(Login::Refused(refusal)) => Out(refusal.reason, refusal.told()),
            Ok(Login::Unknown) => Nobody,
            Ok(Login::Elsewhere) => Self::Elsewhere,
            Err(_) => Failure,
        }
    }
}

/// A slapd of the test's own, with the account that searches from the root.
fn openldap(rig: &Rig) -> DirectorySettings {
    let mut settings = DirectorySettings::new(Kind::OpenLdap, [rig.get("url")], rig.get("base"));
    settings.account = Some("uid=svc,ou=people,dc=example,dc=test".to_owned());
    settings.password = RIGHT.into();
    settings.root_certificates = std::fs::read(rig.file("ca.pem")).unwrap();
    settings
}

/// Samba, from the domain's root, where references come with every answer.
fn active_directory(rig: &Rig) -> DirectorySettings {
    let mut settings =
        DirectorySettings::new(Kind::ActiveDirectory, [rig.get("url")], rig.get("base"));
    settings.account = Some("svc@ad.example.test".to_owned());
    settings.password = RIGHT.into();
    settings.domains = ["ADEX", "ad.example.test"].map(str::to_owned).to_vec();
    settings.root_certificates = std::fs::read(rig.file("ca.pem")).unwrap();
    settings
}

fn directory(settings: DirectorySettings) -> Directory {
    Directory::new("directory", settings).unwrap()
}

async fn log_in(
    directory: &Directory,
    login: &str,
    password: &str,
) -> Result<Login, DirectoryError> {
    directory.authenticate(login, &password.into(), &Explanation::default()).await
}

async fn person(directory: &Directory, login: &str, password: &str) -> Person {
    match log_in(directory, login, password).await {
        Ok(Login::Accepted(person)) => person,
        other => panic!("{login:?}: {other:?}"),
    }
}

/// One row of a table: who, with which password, what it comes to, and words of the explanation.
type Row<'r> = (&'r str, &'r str, Outcome, &'r str);

/// Tries each: the administrator is told which state it is, the person the same of all that are refused.
async fn try_all(directory: &Directory, rows: impl IntoIterator<Item = Row<'_>>) {
    let told = Messages::default().text(None).to_owned();
    for (login, password, expected, words) in rows {
        let explanation = Explanation::wanted();
        let answer = directory.authenticate(login, &password.into(), &explanation).await;
        let lines = explanation.lines().join("\n");
        assert_eq!(Outcome::of(&answer), expected, "{login:?}, {password:?}: {answer:?}\n{lines}");
        let said = match &answer {
            Ok(Login::Refused(refusal)) => {
                assert_eq!(Messages::default().text(Some(refusal)), told, "{login}");
                refusal.to_string()
            }
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        };
        assert!(said.contains(words) || lines.contains(words), "{login}: {said}\n{lines}");
        for text in [&said, &lines, &format!("{answer:?}")] {
            assert!(password.trim().is_empty() || !text.contains(password), "{login}: {text}");
            assert!(text.len() < 10_000, "{login}: {} characters", text.len());
        }
        // A line of a log, or a note, is one line.
        for text in explanation.lines().iter().chain([&said]) {
            assert!(!text.contains(char::is_control), "{login}: {text:?}");
        }
    }
}
