//! Logins: who is asked, what the person is told, what the administrator.

use external_providers::contract::*;
use external_providers::explanation::Explanation;
use external_providers::provider_file::Provider;

use super::answers::{old, provider};
use crate::gateway::kinds::PASSWORD;
use crate::support::Folder;

/// Two tables of users, which have `bob` both, and with more to come.
fn file(more: &str) -> String {
    format!(
        "[databases.b]
        kind = 'sqlite'
        file = 'u.sqlite'
        [lookups.staff]
        database = 'b'
        statement = 'select * from staff where name = :loginUsername'
        [lookups.customers]
        database = 'b'
        statement = 'select * from customers where name = :loginUsername'
        [logins.staff]
        lookup = 'staff'
        password = 'pw'
        schemes = ['plain-unsafe']
        email = 'mail'
        display_name = 'shown'
        refuse = 'disabled'
        [logins.customers]
        lookup = 'customers'
        password = 'pw'
        schemes = ['plain-unsafe']
        [login]
        ask = ['staff', 'customers']
        disabled = 'Your account is closed.'
        {more}"
    )
}

pub(super) fn users(folder: &Folder) {
    let connection = rusqlite::Connection::open(folder.0.join("u.sqlite")).unwrap();
    let tables = "
        create table staff(name, pw, mail, shown, disabled);
        insert into staff values
            ('ann', 'hunter2', 'ann@x', 'Ann', 0), ('bob', 'hunter3', null, null, 0),
            ('eve', 'hunter4', null, null, 1);
        create table customers(name, pw);
        insert into customers values ('bob', 'hunter5'), ('cat', 'hunter6'), ('dup', 'a'), ('dup', 'a');";
    connection.execute_batch(tables).unwrap();
}

async fn log_in(provider: &Provider, name: &str, password: &str) -> String {
    let request = Authenticate {
        login_username: name.to_owned(),
        login_password: password.into(),
        ..Default::default()
    };
    words(provider.authenticate(request).await)
}

fn words(answer: Result<Answer<Authentication>, ProviderError>) -> String {
    match answer {
        Ok(Answer { result: Authentication::Refused, message, .. }) => {
            format!("no: {}", message.unwrap_or_default())
        }
        Ok(Answer {
            result: Authentication::Authenticated { email_address, display_name },
            ..
        }) => {
            format!("{email_address:?} {display_name:?}")
        }
        Err(error) => format!("failed: {error}"),
    }
}

const WRONG: &str = "no: Wrong user name or password.";

#[tokio::test]
async fn the_first_that_knows_the_user_decides() {
    let folder = Folder::new("logins");
    users(&folder);
    let rules = "rules = [{ when = { loginUsername = 'cat' }, refuse = 'Not today.' }]";
    let provider = provider(&folder, &file(rules));
    for (name, password, expected) in [
        ("ann", "hunter2", "Some(\"ann@x\") Some(\"Ann\")"),
        ("ann", "hunter3", WRONG),
        ("bob", "hunter3", "None None"),
        // His password as a customer does not count.
        ("bob", "hunter5", WRONG),
        ("nobody", "hunter2", WRONG),
        ("", "hunter2", WRONG),
        ("ann", "", WRONG),
        // Whoever knows the password may know why it is of no use.
        ("eve", "hunter4", "no: Your account is closed."),
        ("eve", "hunter5", WRONG),
        // Rules look at those whose password is right.
        ("cat", "hunter6", "no: Not today."),
        ("cat", "hunter7", WRONG),
        ("dup", "a", "failed: the provider declined: The provider cannot answer at the moment."),
    ] {
        assert_eq!(log_in(&provider, name, password).await, expected, "{name} {password}");
    }
    let cookie = async |name: &str| {
        let request = GetSignInCookieInfo { login_username: name.to_owned(), ..Default::default() };
        words(provider.get_sign_in_cookie_info(request).await)
    };
    assert_eq!(cookie("ann").await, "Some(\"ann@x\") Some(\"Ann\")");
    assert_eq!(cookie("eve").await, "no: Your account is closed.");
    assert_eq!(cookie("nobody").await, WRONG);
}

#[tokio::test]
async fn without_an_order_it_is_that_of_the_file() {
    let folder = Folder::new("logins");
    users(&folder);
    // Of the two that know bob, the one that stands first.
    for (ask, staff, customers) in
        [("ask = ['customers', 'staff']", WRONG, "None None"), ("", "None None", WRONG)]
    {
        let provider = provider(&folder, &file("").replace("ask = ['staff', 'customers']", ask));
        assert_eq!(log_in(&provider, "bob", "hunter3").await, staff, "{ask}");
        assert_eq!(log_in(&provider, "bob", "hunter5").await, customers, "{ask}");
    }
}

#[tokio::test]
async fn users_whom_nobody_knows_are_the_old_services() {
    let (folder, (old, url)) = (Folder::new("logins"), old().await);
    users(&folder);
    let more =
        format!("otherwise = 'forward'\n[forward]\nurl = '{url}'\npassword = '{PASSWORD}'\n");
    let provider = provider(&folder, &file(&more));
    assert_eq!(log_in(&provider, "ann", "wrong").await, WRONG);
    assert_eq!(old.asked(), Vec::<String>::new(), "a user who is known is asked about once");
    assert_eq!(log_in(&provider, "nobody", "x").await, "Some(\"a@old\") None");
    assert_eq!(old.asked(), ["login nobody"]);
}

#[tokio::test]
async fn what_is_explained_holds_no_password() {
    let folder = Folder::new("logins");
    users(&folder);
    let provider = provider(&folder, &file(""));
    for (name, password, expected) in [
        ("ann", "hunter2", "accepted"),
        ("ann", "hunter9", "wrong"),
        ("nobody", "hunter9", "nobody"),
    ] {
        let request = Authenticate {
            login_username: name.to_owned(),
            login_password: password.into(),
            ..Default::default()
        };
        let explanation = Explanation::wanted();
        provider.explain(request, &explanation).await.unwrap();
        let lines = explanation.lines().join("\n");
        assert!(lines.contains(expected) && !lines.contains("hunter"), "{lines}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_fails_the_call_unless_another_lets_the_user_in() {
    let folder = Folder::new("logins");
    users(&folder);
    let text = file("").replace(
        "[lookups.staff]\n        database = 'b'",
        "[databases.gone]\nkind = 'sqlite'\nfile = 'gone.sqlite'\n[lookups.staff]\n        database = 'gone'",
    );
    let provider = provider(&folder, &text);
    let failed = "failed: the provider declined: The provider cannot answer at the moment.";
    assert_eq!(log_in(&provider, "cat", "hunter6").await, "None None");
    assert_eq!(log_in(&provider, "cat", "wrong").await, failed, "staff might have known better");
    assert_eq!(log_in(&provider, "ann", "hunter2").await, failed);
}
