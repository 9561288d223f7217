//! What must hold for the administrator's files and statements, and for the JSON of others.

use std::path::Path;

use external_providers::Secret;
use external_providers::backends::database::{DatabaseKind, Statement};
use external_providers::backends::password_hash::{PasswordHashes, Scheme};
use external_providers::contract::json::Document;
use external_providers::contract::{
    Authenticate, GetCustomFieldOptions, GetUserInfo, HandleEvent, Kind, Operation, RegisterUser,
    StartTicket, may_be_secret,
};
use external_providers::explanation::Explanation;
use external_providers::json_provider::read_answer;
use external_providers::outbox::Event;
use external_providers::provider_file::ProviderFile;
use external_providers::rules::{Facts, Rows, RuleSet, Scope, Template};
use external_providers::settings::Surroundings;
use external_providers::sign_on::{
    Decryption, Layout, MachineKey, Protection, Settings, Validation,
};
use external_providers::tls::{ClientCertificate, certificates};

use super::{PLANTED, holds};

/// A provider's file: errors and warnings hold no password.
pub(super) fn provider(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if text.contains("/dev/") || text.contains("/proc/") {
        return;
    }
    // Keys are shown as they are, and so are all values but these.
    let secret = |line: &str| {
        let (key, rest) = line.split_once('=').unwrap_or((line, ""));
        let key = key.trim();
        matches!(key, "password" | "secret" | "token") && rest.trim_start().starts_with('"')
    };
    let planted = || text.lines().filter(|line| holds(line.as_bytes()));
    // In a text of several lines, what looks like a key is none.
    let is_secret = !text.contains("\"\"\"") && !text.contains("'''") && planted().all(secret);
    let around = Surroundings { folder: Path::new("/nonexistent"), variable: &|_| None };
    let shown = match ProviderFile::parse_in(&text, "fuzz", around) {
        Ok(file) => format!("{file:?} {:?}", file.warnings()),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(!is_secret || !holds(shown.as_bytes()), "{shown}");
}

/// A file of machine keys, and a cookie: errors show no key, and no bytes pass for a ticket that was signed.
pub(super) fn cookie(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let planted: usize = ["validationKey", "decryptionKey"]
        .map(|name| text.matches(&format!("{name}='{PLANTED}")).count())
        .iter()
        .sum();
    let shown = match MachineKey::parse(data, "fuzz") {
        Ok(key) => format!("{key:?} {:?} {:?}", key.warnings(), key.settings().unproven()),
        Err(error) => format!("{error} {error:?}"),
    };
    // Names of elements and attributes are shown, and are where they stand in well-formed XML alone.
    let is_secret = super::is_xml(&text) && text.matches(PLANTED).count() == planted;
    assert!(!is_secret || !holds(shown.as_bytes()), "{shown}");

    let key = |protection| {
        let settings = Settings {
            layout: Layout::Legacy,
            validation: Validation::Sha1,
            decryption: Decryption::Aes,
            protection,
        };
        let keys = ["00112233445566778899aabbccddeeff00112233", "000102030405060708090a0b0c0d0e0f"];
        let [validation, decryption] = keys.map(Secret::from);
        MachineKey::new(settings, &validation, &decryption).expect("in order")
    };
    let all = key(Protection::All);
    let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(all.open(&text).is_err() && all.open(&hex).is_err());
    let unsigned = key(Protection::None).allow_unproven();
    if let Ok(ticket) = unsigned.open(&hex)
        && let Ok(cookie) = all.seal(&ticket)
    {
        assert_eq!(all.open(&cookie).as_ref(), Ok(&ticket));
    }
}

/// A statement in each dialect: what is bound is counted as the database counts it.
pub(super) fn statement(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for kind in
        [DatabaseKind::Sqlite, DatabaseKind::Postgres, DatabaseKind::MySql, DatabaseKind::SqlServer]
    {
        let Ok(statement) = Statement::parse(&text, kind) else { continue };
        assert_eq!(statement.text(), text);
        let (names, places) = (statement.parameters(), statement.places());
        assert!(places.iter().all(|place| *place < names.len()), "{places:?}");
        assert!(names.iter().all(|name| text.contains(&format!(":{name}"))), "{names:?}");
        if kind == DatabaseKind::Sqlite {
            let database = rusqlite::Connection::open_in_memory().expect("a database");
            let tables = "create table customers (id, name, login, email, plan, tickets)";
            database.execute_batch(tables).expect("tables");
            if let Ok(prepared) = database.prepare(statement.sql()) {
                assert_eq!(prepared.parameter_count(), names.len(), "{}", statement.sql());
            }
        }
    }
}

/// Rules, and after a NUL what a person typed: decided without a panic, and a template shows a value
/// as it is.
pub(super) fn rules(data: &[u8]) {
    let (choice, data) = data.split_first().unwrap_or((&0, &[]));
    let kinds = [Kind::Ticket, Kind::LiveChat, Kind::CustomFields, Kind::UserInformation];
    let kind = kinds[usize::from(*choice) % kinds.len()];
    let mut parts = data.splitn(2, |byte| *byte == 0).map(String::from_utf8_lossy);
    let text = parts.next().unwrap_or_default();
    let typed = parts.next().unwrap_or_default();
    let columns = vec!["name".to_owned(), "plan".to_owned()];
    let scope = Scope {
        kind: Some(kind),
        lookups: [("customer".to_owned(), Some(columns.clone()))].into(),
        groups: true,
        departments: None,
        custom_fields: None,
        effects: ["deduct".to_owned()].into(),
    };
    let request = StartTicket {
        subject: Some(typed.clone().into_owned()),
        custom_fields: [("Plan", &*typed)].into(),
        ..StartTicket::default()
    };
    let mut facts = Facts::of(&request);
    facts.kind = kind;
    let row = vec![Some(typed.clone().into_owned()), None];
    facts.lookups.insert("customer".to_owned(), Rows { columns, rows: vec![row] });
    facts.groups = vec![typed.clone().into_owned()];
    if let Ok((rules, _)) = RuleSet::parse(kind, &text, &scope) {
        let _ = rules.decide(&facts, &Explanation::wanted());
    }
    if let Ok(template) = Template::parse(&text, &scope) {
        let shown = template.render_text(&facts);
        assert!(template.literal().is_none_or(|literal| literal == shown), "{shown}");
    }
    let template = Template::parse("<{subject}>", &scope);
    if let Ok(template) = template {
        assert_eq!(template.render_text(&facts), format!("<{typed}>"));
    }
}

/// Is the password part of a name, which errors show?
fn names_hold(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::Object(members) => members.iter().any(|(key, value)| {
            holds(key.as_bytes())
                || (key == "key" && holds(value.to_string().as_bytes()))
                || names_hold(value)
        }),
        serde_json::Value::Array(all) => all.iter().any(names_hold),
        _ => false,
    }
}

/// An answer as an endpoint gives it, which is then one of `call --json`, and is read as the same.
fn answers<T: Operation>(data: &[u8])
where
    T::Result: PartialEq + std::fmt::Debug,
{
    let Ok(Ok(answer)) = read_answer::<T>(data) else { return };
    let Ok(written) = serde_json::to_string(&Document::answer::<T>(&answer)) else { return };
    let again: Document = serde_json::from_str(&written).expect("our own writing");
    assert_eq!(again.into_answer::<T>().expect("an answer"), Ok(answer), "{written}");
}

/// JSON of answers and requests: errors show no value.
pub(super) fn json(data: &[u8]) {
    answers::<Authenticate>(data);
    answers::<StartTicket>(data);
    answers::<GetCustomFieldOptions>(data);
    answers::<GetUserInfo>(data);
    let mut shown = String::new();
    shown += &serde_json::from_slice::<Authenticate>(data)
        .map_or_else(|e| e.to_string(), |_| String::new());
    shown += &serde_json::from_slice::<RegisterUser>(data)
        .map_or_else(|e| e.to_string(), |_| String::new());
    shown += &serde_json::from_slice::<HandleEvent>(data)
        .map_or_else(|e| e.to_string(), |_| String::new());
    shown +=
        &read_answer::<StartTicket>(data).map_or_else(|e| format!("{e} {e:?}"), |_| String::new());
    let named = serde_json::from_slice(data).is_ok_and(|json| names_hold(&json));
    assert!(named || !holds(shown.as_bytes()), "{shown}");
}

/// What the help desk fires, as sinks are told of it: without passwords, and read as the same.
pub(super) fn event(data: &[u8]) {
    let Ok(fired) = serde_json::from_slice::<HandleEvent>(data) else { return };
    let event = Event::new(&fired, &["ticketNumber".to_owned(), "chatID".to_owned()]);
    assert!(event.variables.iter().all(|(key, _)| !may_be_secret(key)), "{event:?}");
    let json = event.json();
    assert!(!json.contains('\n'), "{json}");
    // A key with `=` in it is told, and is no variable.
    let Ok(again) = serde_json::from_str::<Event>(&json) else {
        assert!(event.variables.iter().any(|(key, _)| key.contains('=')), "{json}");
        return;
    };
    assert_eq!((again.name, again.id, again.time), (event.name, event.id, event.time));
    assert_eq!(again.variables, event.variables);
}

/// A stored hash, whatever is in the column: no panic, and no word of it in an error.
pub(super) fn hash(data: &[u8]) {
    const CHEAP: [Scheme; 8] = [
        Scheme::Ssha,
        Scheme::Ssha256,
        Scheme::Ssha512,
        Scheme::Smd5,
        Scheme::AspNetMembership,
        Scheme::Md5Unsafe,
        Scheme::Sha1Unsafe,
        Scheme::Sha512Unsafe,
    ];
    let mut parts = data.splitn(2, |byte| *byte == 0).map(String::from_utf8_lossy);
    let stored = parts.next().unwrap_or_default();
    let salt = parts.next();
    let password = PLANTED.into();
    super::peers::run(async {
        let right = PasswordHashes::new(CHEAP).verify(&password, &stored, salt.as_deref()).await;
        let Err(error) = right else { return };
        let shown = format!("{error} {error:?}");
        let names_scheme = stored.trim_start().starts_with(['{', '$']);
        assert!(names_scheme || !holds(shown.as_bytes()), "{shown}");
    });
}

/// Files of certificates and keys, PEM or DER.
pub(super) fn certificate(data: &[u8]) {
    let shown = match certificates(data) {
        Ok(found) => {
            assert!(!found.is_empty());
            String::new()
        }
        Err(error) => format!("{error} {:?}", error.remedy("file")),
    };
    assert!(!holds(shown.as_bytes()), "{shown}");
    let _ = ClientCertificate::new(data, data);
}
