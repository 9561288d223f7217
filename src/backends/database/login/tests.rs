use super::super::{Database, DatabaseKind, DatabaseSettings, LookUpSettings};
use super::*;

/// `secret` in plain, in `{SSHA}` (OpenSSL), as MD5, damaged, and not at all; some of them refused.
const USERS: &str = "create table users (name text, hash text, mail text, shown text, disabled);
    insert into users values
    ('plain', 'secret', 'plain@example.com', 'Plain', null),
    ('ssha', '{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0', null, '', 0),
    ('md5', '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', null, null, 'f'),
    ('damaged', '{SSHA}AAAA', null, null, null),
    ('null', null, null, null, null),
    ('empty', ' ', null, null, null),
    ('disabled', 'secret', null, null, 1),
    ('disabled too', 'secret', null, null, 'TRUE'),
    ('odd', 'secret', null, null, 'perhaps'),
    ('twin', 'secret', null, null, null),
    ('twin', 'secret', null, null, null);";

/// A file that goes when it is dropped.
struct Users(std::path::PathBuf);

impl Users {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ep-login-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(USERS).unwrap();
        Self(path)
    }

    fn lookup(&self, statement: &str) -> LookUp {
        let file = self.0.clone();
        let settings = DatabaseSettings { file, ..DatabaseSettings::new(DatabaseKind::Sqlite) };
        let database = Database::new("shop", settings).unwrap();
        LookUp::new("users", database, LookUpSettings::new(statement)).unwrap()
    }

    fn login(&self) -> DatabaseLogin {
        let settings = LoginSettings {
            email: Some("mail".to_owned()),
            display_name: Some("shown".to_owned()),
            refuse: Some("disabled".to_owned()),
            ..LoginSettings::new("hash", [Scheme::Ssha, Scheme::PlainUnsafe])
        };
        let lookup = self.lookup("select * from users where name = :loginUsername");
        DatabaseLogin::new("shop", lookup, settings).unwrap()
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn ask(login: &DatabaseLogin, name: &str, password: Option<&str>) -> Result<Login, String> {
    let password = password.map(Secret::from);
    let explanation = Explanation::wanted();
    let answer = login.log_in(&by_name(name), password.as_ref(), &explanation).await;
    let notes = explanation.lines().join("\n");
    for secret in ["secret", "gVK8WC9Y", "Xr4ilOzQ"] {
        assert!(!notes.contains(secret), "{notes}");
    }
    assert!(notes.starts_with("look-up users: database shop is asked with"), "{notes}");
    answer.map_err(|error| error_chain(&error))
}

#[tokio::test]
async fn the_row_decides() {
    let users = Users::new("decides");
    let login = users.login();
    let accepted = |email: Option<&str>, display_name: Option<&str>| {
        let (email, display_name) = (email.map(str::to_owned), display_name.map(str::to_owned));
        Ok(Login::Accepted { email, display_name })
    };
    let refused = |refusal| Ok(Login::Refused(refusal));
    let plain = accepted(Some("plain@example.com"), Some("Plain"));
    for (name, password, expected) in [
        ("plain", Some("secret"), plain.clone()),
        ("plain", Some("Secret"), refused(Refusal::WrongPassword)),
        ("plain", Some(""), refused(Refusal::WrongPassword)),
        ("plain", None, plain),
        ("ssha", Some("secret"), accepted(None, Some(""))),
        ("ssha", Some("wrong"), refused(Refusal::WrongPassword)),
        ("null", Some("secret"), refused(Refusal::NoPassword)),
        ("empty", Some(" "), refused(Refusal::NoPassword)),
        ("empty", None, accepted(None, None)),
        ("disabled", Some("secret"), refused(Refusal::Disabled)),
        // Who does not know the password is not told.
        ("disabled", Some("wrong"), refused(Refusal::WrongPassword)),
        ("disabled too", None, refused(Refusal::Disabled)),
        ("nobody", Some("secret"), Ok(Login::Unknown)),
        ("nobody", None, Ok(Login::Unknown)),
        ("' or 1=1 --", Some("secret"), Ok(Login::Unknown)),
    ] {
        assert_eq!(ask(&login, name, password).await, expected, "{name} {password:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_a_failure() {
    let users = Users::new("failure");
    let login = users.login();
    for (name, words) in [
        ("md5", "login shop: the stored hash is of the scheme md5-unsafe; list it"),
        ("damaged", "login shop: the stored hash of the scheme ssha is damaged"),
        ("odd", "login shop: column disabled is neither true nor false nor a number"),
        ("twin", "login shop: there are 2 rows for one name"),
    ] {
        let error = ask(&login, name, Some("secret")).await.unwrap_err();
        assert!(error.starts_with(words), "{error}");
    }
    let statement = "select hash from users where name = :loginUsername";
    let settings = LoginSettings {
        email: Some("e-mail".to_owned()),
        ..LoginSettings::new("hash", [Scheme::PlainUnsafe])
    };
    let login = DatabaseLogin::new("shop", users.lookup(statement), settings.clone()).unwrap();
    let error = ask(&login, "nobody", Some("secret")).await.unwrap_err();
    assert_eq!(error, "login shop: the look-up has no column e-mail");
    let lookup = users.lookup("select hash from users where hash = :loginPassword");
    let error = DatabaseLogin::new("shop", lookup, settings).unwrap_err();
    assert!(error_chain(&error).contains("take out the parameter :loginPassword"));
}

#[tokio::test]
async fn a_program_can_use_it_alone() {
    let users = Users::new("alone");
    let login = users.login().refused("No.");
    let request = |name: &str, password: &str| Authenticate {
        login_username: name.to_owned(),
        login_password: password.into(),
        ..Default::default()
    };
    let answer = login.authenticate(request("plain", "secret")).await.unwrap();
    assert!(matches!(answer.result, Authentication::Authenticated { .. }));
    for (name, password) in [
        ("plain", "wrong"),
        ("nobody", "secret"),
        ("disabled", "secret"),
        ("plain", " "),
        (" ", "x"),
    ] {
        let answer = login.authenticate(request(name, password)).await.unwrap();
        assert_eq!(answer, Answer::new(Authentication::Refused, "No."), "{name}");
    }
    let error = login.authenticate(request("damaged", "secret")).await.unwrap_err();
    assert_eq!(error, ProviderError::failure(FAILED));
    let cookie = GetSignInCookieInfo { login_username: "ssha".into(), ..Default::default() };
    let answer = login.get_sign_in_cookie_info(cookie).await.unwrap();
    assert!(matches!(answer.result, Authentication::Authenticated { .. }));
}
