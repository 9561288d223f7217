//! What a file answers: rules, look-ups, the old service for the rest, effects last.

use std::sync::{Arc, Mutex};

use external_providers::contract::*;
use external_providers::explanation::Explanation;
use external_providers::host::Service;
use external_providers::provider_file::{Provider, ProviderFile};

use crate::gateway::kinds::{PASSWORD, serve};
use crate::support::Folder;

/// An old service that keeps what it is asked.
#[derive(Default)]
pub(super) struct Old {
    pub(super) asked: Mutex<Vec<String>>,
}

impl Old {
    fn hears(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }

    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl TicketProvider for Old {
    async fn start_ticket(&self, request: StartTicket) -> ProviderResult<StartTicket> {
        let subject = request.subject.clone().unwrap_or_default();
        self.hears(format!("ticket {subject} {:?}", request.custom_fields));
        match subject.as_str() {
            "old no" => Ok(Answer::new(Start::Refused, "the old one says no")),
            "old declines" => Err(ProviderError::failure("the old one is closed")),
            "old breaks" => Err("disk on fire".into()),
            _ => {
                let custom_fields = [("Plan", "old"), ("Other", "old")].into();
                let department_name = Some("Old".to_owned());
                let result = Start::Allowed { department_name, custom_fields };
                Ok(Answer::new(result, "the old one allows"))
            }
        }
    }
}

impl CustomFieldProvider for Old {
    async fn get_custom_field_options(
        &self,
        _: GetCustomFieldOptions,
    ) -> ProviderResult<GetCustomFieldOptions> {
        self.hears("fields");
        let item = |name: &str| CustomFieldChange {
            name: name.to_owned(),
            visible: Some(false),
            required: Some(true),
            ..Default::default()
        };
        let result = CustomFieldOptions {
            can_start_tickets: Some(false),
            can_start_chats: Some(false),
            items: vec![item("Server"), item("Other")],
        };
        Ok(Answer::new(result, "old"))
    }
}

impl UserInformationProvider for Old {
    async fn get_user_info(&self, _: GetUserInfo) -> ProviderResult<GetUserInfo> {
        self.hears("info");
        let rows = [("Plan", "old"), ("Phone", "123")].into();
        Ok(Answer { result: UserInformation::Found { rows }, ..answer() })
    }
}

fn answer() -> Answer<UserInformation> {
    Answer { result: UserInformation::NotFound, message: None, other: Variables::new() }
}

impl LoginProvider for Old {
    async fn authenticate(&self, request: Authenticate) -> ProviderResult<Authenticate> {
        self.hears(format!("login {}", request.login_username));
        if request.login_username == "stranger" {
            return Ok(Answer::new(Authentication::Refused, "unknown to the old one, too"));
        }
        let email_address = Some("a@old".to_owned());
        let result = Authentication::Authenticated { email_address, display_name: None };
        Ok(Answer::new(result, "old"))
    }
    async fn get_sign_in_cookie_info(
        &self,
        _: GetSignInCookieInfo,
    ) -> ProviderResult<GetSignInCookieInfo> {
        Ok(Answer::new(Authentication::Refused, "old"))
    }
}

impl EventProvider for Old {
    async fn handle_event(&self, request: HandleEvent) -> ProviderResult<HandleEvent> {
        self.hears(format!("event {}", request.event_name));
        Ok(Answer { result: EventHandled, message: None, other: [("seen", "1")].into() })
    }
}

/// The old service at work, and its URL.
pub(super) async fn old() -> (Arc<Old>, String) {
    let old = Arc::new(Old::default());
    let service = Service::new("/Old.asmx", PASSWORD)
        .ticket(Arc::clone(&old))
        .custom_fields(Arc::clone(&old))
        .user_information(Arc::clone(&old))
        .login(Arc::clone(&old))
        .events(Arc::clone(&old));
    let base = serve([service]).await;
    (old, format!("{base}/Old.asmx"))
}

/// A database of customers.
pub(crate) fn customers(folder: &Folder) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(folder.0.join("c.sqlite")).unwrap();
    connection
        .execute_batch(
            "create table c(name text, plan text, email text, tickets int);
             insert into c values ('Ann', 'Gold', 'ann@x', 1), ('Bob', null, 'bob@x', 0);",
        )
        .unwrap();
    connection
}

/// The database with look-up and effect.
pub(crate) const DATABASE: &str = "
[databases.b]
kind = 'sqlite'
file = 'c.sqlite'
[lookups.customer]
database = 'b'
statement = 'select name, plan from c where email = :emailFrom'
[effects.deduct]
database = 'b'
statement = 'update c set tickets = tickets - 1 where email = :emailFrom and tickets > 0'
refuse = 'No tickets left, {customer.name}.'
";

pub(crate) fn provider(folder: &Folder, text: &str) -> Provider {
    let file = ProviderFile::load(folder.file("p.toml", text)).unwrap_or_else(|e| panic!("{e}"));
    Provider::new(file).unwrap()
}

pub(crate) fn ticket(email: &str, subject: &str) -> StartTicket {
    StartTicket {
        email_from: Some(email.to_owned()),
        subject: Some(subject.to_owned()),
        custom_fields: [("Site", "7")].into(),
        ..Default::default()
    }
}

/// The answer in a line.
fn words(answer: ProviderResult<StartTicket>) -> String {
    match answer {
        Ok(Answer { result, message, .. }) => {
            let message = message.unwrap_or_default();
            match result {
                Start::Refused => format!("no: {message}"),
                Start::Allowed { department_name, custom_fields } => {
                    let department = department_name.unwrap_or_default();
                    format!("{department} {custom_fields:?}: {message}")
                }
            }
        }
        Err(error) => format!("failed: {error}"),
    }
}

const FAILED: &str = "failed: the provider declined: The provider cannot answer at the moment.";

#[tokio::test]
async fn what_rules_leave_open_is_the_old_services() {
    let (folder, (old, url)) = (Folder::new("forward"), old().await);
    let _customers = customers(&folder);
    let provider = provider(
        &folder,
        &format!(
            "{DATABASE}
            [ticket]
            otherwise = 'forward'
            rules = [
                {{ when = {{ subject = 'rule no' }}, refuse = 'the rule says no' }},
                {{ when = {{ subject = {{ starts = 'old' }}, customer.plan = 'Gold' }}, allow = true }},
                {{ when = {{ customer.plan = 'Gold' }}, department = 'Urgent', set = {{ Plan = '{{customer.plan}}' }} }},
            ]
            [forward]
            url = '{url}'
            password = '{PASSWORD}'
            "
        ),
    );
    for (email, subject, expected, asked) in [
        ("bob@x", "hi", "Old {\"Plan\": \"old\", \"Other\": \"old\"}: the old one allows", 1),
        ("ann@x", "hi", "Urgent {\"Other\": \"old\", \"Plan\": \"Gold\"}: the old one allows", 1),
        ("ann@x", "rule no", "no: the rule says no", 0),
        ("bob@x", "old no", "no: the old one says no", 1),
        ("ann@x", "old no", "Urgent {\"Plan\": \"Gold\"}: ", 1),
        ("bob@x", "old declines", "failed: the provider declined: the old one is closed", 1),
        ("bob@x", "old breaks", FAILED, 1),
    ] {
        let found = words(provider.start_ticket(ticket(email, subject)).await);
        assert_eq!(found, expected, "{email} {subject}");
        let heard = old.asked();
        assert_eq!(heard.len(), asked, "{heard:?}");
        if asked == 1 {
            assert_eq!(heard[0], format!("ticket {subject} {{\"Site\": \"7\"}}"), "unchanged");
        }
    }
}

#[tokio::test]
async fn forms_information_logins_and_events_are_merged_too() {
    let (folder, (old, url)) = (Folder::new("forward"), old().await);
    let _customers = customers(&folder);
    let provider = provider(
        &folder,
        &format!(
            "{DATABASE}
            [login]
            otherwise = 'forward'
            rules = [{{ when = {{ loginUsername = 'eve' }}, refuse = 'not you' }}]
            [custom_fields]
            otherwise = 'forward'
            rules = [{{ show = ['Server', 'New'], can_start_chats = true }}]
            [user_information]
            otherwise = 'forward'
            rows = [{{ name = 'Plan', value = '{{customer.plan}}' }}]
            [events]
            otherwise = 'forward'
            [forward]
            url = '{url}'
            password = '{PASSWORD}'
            "
        ),
    );
    let form = provider.get_custom_field_options(GetCustomFieldOptions::default()).await.unwrap();
    let items: Vec<_> = form.result.items.iter().map(|i| format!("{}: {i}", i.name)).collect();
    assert_eq!(items, ["Server: visible, required", "Other: hidden, required", "New: visible"]);
    assert_eq!(form.result.can_start_chats, Some(true));
    assert_eq!(form.result.can_start_tickets, Some(false));
    assert_eq!(form.message.as_deref(), Some("old"));

    for (email, rows) in [
        ("ann@x", [("Plan", "Gold"), ("Phone", "123")]),
        ("bob@x", [("Plan", "old"), ("Phone", "123")]),
    ] {
        let request = GetUserInfo { email_from: Some(email.to_owned()), ..Default::default() };
        let info = provider.get_user_info(request).await.unwrap();
        assert_eq!(info.result, UserInformation::Found { rows: rows.into() }, "{email}");
    }
    old.asked();

    for (name, password, expected, asked) in [
        ("ann", "secret", Ok("a@old"), vec!["login ann"]),
        ("eve", "secret", Err("not you"), vec!["login eve"]),
        ("stranger", "secret", Err("Wrong user name or password."), vec!["login stranger"]),
        ("ann", "", Err("Wrong user name or password."), vec![]),
        ("ann", " \t", Err("Wrong user name or password."), vec![]),
        (" ", "secret", Err("Wrong user name or password."), vec![]),
    ] {
        let request = Authenticate {
            login_username: name.to_owned(),
            login_password: password.into(),
            ..Default::default()
        };
        let answer = provider.authenticate(request).await.unwrap();
        let found = match &answer.result {
            Authentication::Authenticated { email_address, .. } => {
                Ok(email_address.as_deref().unwrap_or_default())
            }
            Authentication::Refused => Err(answer.message.as_deref().unwrap_or_default()),
        };
        assert_eq!(found, expected, "{name} {password:?}");
        assert_eq!(old.asked(), asked, "{name} {password:?}");
    }

    let event = HandleEvent { event_name: "Closed".to_owned(), ..Default::default() };
    let answer = provider.handle_event(event).await.unwrap();
    assert_eq!(
        (answer.other, old.asked()),
        ([("seen", "1")].into(), vec!["event Closed".to_owned()])
    );
}

fn tickets(connection: &rusqlite::Connection, email: &str) -> i64 {
    let row = "select tickets from c where email = ?1";
    connection.query_row(row, [email], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn an_effect_comes_last_and_at_most_once() {
    let (folder, (old, url)) = (Folder::new("effect"), old().await);
    let customers = customers(&folder);
    let provider = provider(
        &folder,
        &format!(
            "{DATABASE}
            [ticket]
            otherwise = 'forward'
            rules = [
                {{ effect = 'deduct' }},
                {{ when = {{ subject = 'rule no' }}, refuse = 'the rule says no' }},
            ]
            [forward]
            url = '{url}'
            password = '{PASSWORD}'
            "
        ),
    );
    for (email, subject, expected, left) in [
        // Whatever refuses or fails, nothing is deducted.
        ("ann@x", "rule no", "no: the rule says no", 1),
        ("ann@x", "old no", "no: the old one says no", 1),
        ("ann@x", "old breaks", FAILED, 1),
        ("ann@x", "hi", "Old {\"Plan\": \"old\", \"Other\": \"old\"}: the old one allows", 0),
        ("ann@x", "hi", "no: No tickets left, Ann.", 0),
        ("bob@x", "hi", "no: No tickets left, Bob.", 0),
        ("stranger", "hi", "no: No tickets left, .", 0),
    ] {
        let found = words(provider.start_ticket(ticket(email, subject)).await);
        assert_eq!(found, expected, "{email} {subject}");
        assert_eq!(tickets(&customers, "ann@x"), left, "{email} {subject}");
    }
    // To explain is not to do.
    customers.execute("update c set tickets = 5", []).unwrap();
    old.asked();
    let explanation = Explanation::wanted();
    let answer = provider.explain(ticket("ann@x", "hi"), &explanation).await;
    assert_eq!(words(answer), " {}: ");
    let lines = explanation.lines().join("\n");
    assert!(lines.contains("effect deduct: not run here"), "{lines}");
    assert!(lines.contains("the old service is not asked"), "{lines}");
    assert_eq!((tickets(&customers, "ann@x"), old.asked().len()), (5, 0));
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_failure_and_never_a_no() {
    let folder = Folder::new("failures");
    let text = format!(
        "{DATABASE}
        [ticket]
        rules = [{{ when = {{ customer.plan = 'Gold' }}, refuse = 'no' }}]
        [custom_fields]
        rules = [{{ options = {{ Server = 'customer.name' }} }}]
        [user_information]
        rows = [{{ name = 'Plan', value = '{{customer.plan}}' }}]
        [live_chat]
        otherwise = 'forward'
        [login]
        otherwise = 'forward'
        [forward]
        url = 'http://127.0.0.1:9/Old.asmx'
        password = 'x'
        "
    );
    // The database is not there, and nobody listens at the old service's port.
    let provider = provider(&folder, &text);
    assert_eq!(words(provider.start_ticket(ticket("ann@x", "hi")).await), FAILED);
    let failed = |failed: ProviderError| assert_eq!(format!("failed: {failed}"), FAILED);
    failed(provider.get_custom_field_options(GetCustomFieldOptions::default()).await.unwrap_err());
    failed(provider.get_user_info(GetUserInfo::default()).await.unwrap_err());
    failed(provider.start_chat(StartChat::default()).await.unwrap_err());
    let login = Authenticate {
        login_username: "a".to_owned(),
        login_password: "b".into(),
        ..Default::default()
    };
    failed(provider.authenticate(login).await.unwrap_err());
    // A kind without a section, for a program that asks all the same.
    failed(provider.register_user(RegisterUser::default()).await.unwrap_err());
}

#[tokio::test]
async fn registration_is_one_statement_with_a_hash() {
    let folder = Folder::new("registration");
    let connection = rusqlite::Connection::open(folder.0.join("c.sqlite")).unwrap();
    connection.execute_batch("create table u(name text unique, hash text, mail text)").unwrap();
    let provider = provider(
        &folder,
        "[databases.b]
        kind = 'sqlite'
        file = 'c.sqlite'
        [registration]
        database = 'b'
        statement = 'insert into u values (:loginUsername, :passwordHash, :EmailAddress)'
        scheme = 'pbkdf2'
        ",
    );
    let user = |name: &str, password: &str| RegisterUser {
        login_username: name.to_owned(),
        login_password: password.into(),
        ..Default::default()
    };
    let answer = provider.register_user(user("ann", "hunter2")).await.unwrap();
    assert_eq!(answer.result, Registration::Registered { login_username: Some("ann".to_owned()) });
    let again = provider.register_user(user("ann", "hunter2")).await.unwrap();
    assert_eq!(again, Answer::new(Registration::Refused, "That name is taken."));
    assert!(provider.register_user(user("bob", " ")).await.is_err());
    let row =
        |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?));
    let (hash, mail) = connection.query_row("select hash, mail from u", [], row).unwrap();
    assert!(hash.starts_with("$pbkdf2-sha256$") && mail.is_none(), "{hash}");
}
