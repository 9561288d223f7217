//! `[events]` and `[sinks.NAME]`: every mistake with its line, and what is unwise.

use external_providers::provider_file::{Provider, ProviderFile, example, schema};

const STORE: &str = "[events]\nstore = 'e.sqlite'\n";
const DATABASE: &str = "[databases.b]\nkind = 'sqlite'\nfile = 'b.sqlite'\n";

/// A file's mistakes, a line each.
fn problems(text: &str) -> Vec<String> {
    match ProviderFile::parse(text, "f") {
        Ok(file) => panic!("{text} is in order: {file:?}"),
        Err(error) => error.to_string().lines().map(|line| line[2..].to_owned()).collect(),
    }
}

fn warnings(text: &str) -> Vec<String> {
    let file = ProviderFile::parse(text, "f").unwrap_or_else(|error| panic!("{error}\n{text}"));
    file.warnings().iter().map(ToString::to_string).collect()
}

/// Looks that a mistake is found in each text.
fn all_found(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        let found = problems(text);
        assert!(found.iter().any(|line| line.starts_with(expected)), "{text}\n{found:#?}");
    }
}

/// A sink of a kind in line 4, with other lines from 5 on.
fn sink(kind: &str, lines: &str) -> String {
    format!("{STORE}[sinks.crm]\nkind = '{kind}'\n{lines}\n")
}

const URL: &str = "url = 'https://crm.example.com/hook'\n";

#[test]
fn mistakes_of_the_store_have_their_lines() {
    let hook = sink("webhook", URL);
    let in_store = |line: &str| format!("{DATABASE}{}", hook.replace("store = 'e.sqlite'", line));
    all_found(&[
        (
            hook.replace("store = 'e.sqlite'\n", ""),
            "1: events: there are sinks, and no place where events are kept for them (add store",
        ),
        (
            hook.replace("[events]\nstore = 'e.sqlite'\n", "[ticket]\n"),
            "2: sinks.crm: nobody is told of events: there is no [events] (add store",
        ),
        (
            in_store("store = 'e.sqlite'\ndatabase = 'b'"),
            "6: events.database: is one store too many: there is store (keep one",
        ),
        (
            in_store("database = 'b'"),
            "5: events.database: events cannot be kept in SQLite (name a database of kind postgres",
        ),
        (in_store("database = 'bb'"), "5: events.database: there is no database \"bb\""),
        (in_store("store = 1"), "5: events.store: must be a string"),
        (in_store("store = ''"), "5: events.store: must not be empty"),
        (in_store("store = 'e'\nkeep = '2 fortnights'"), "6: events.keep: must be a duration"),
        (in_store("store = 'e'\nkeep = '0s'"), "6: events.keep: must be from 1s to 366d"),
        (in_store("store = 'e'\nloop_limit = -1"), "6: events.loop_limit: must be a whole number"),
        (in_store("store = 'e'\norder = ['x']"), "6: events.order: there is no such key"),
        (in_store("store = 'e'\nrules = []"), "6: events.rules: there is no such key"),
    ]);
}

#[test]
fn mistakes_of_sinks_have_their_lines() {
    let sql = |lines: &str| format!("{DATABASE}{}", sink("sql", lines));
    let named = |name: &str| sink("webhook", URL).replace("[sinks.crm]", name);
    let short = format!("{URL}secret = 'short'");
    let reserved = format!("{URL}when = {{ eventName = {{ contians = 'x' }} }}");
    all_found(&[
        (
            sink("webhok", URL),
            "4: sinks.crm.kind: must be \"webhook\" or \"sql\" or \"soap\" or \"nats\" (did you mean \"webhook\"?)",
        ),
        (
            sink("webhook", URL).replace("kind = 'webhook'\n", ""),
            "3: sinks.crm.kind: is missing (webhook, sql, soap or nats",
        ),
        (named("[sinks.'a b']"), "3: sinks.a b: the name of a sink has letters"),
        (sink("webhook", ""), "3: sinks.crm.url: is missing (give url, url_env, url_file"),
        (sink("webhook", "url = 'crm.example.com'"), "5: sinks.crm.url: the URL"),
        (sink("webhook", "url = 'ftp://h/'"), "5: sinks.crm.url: the URL must begin with https://"),
        (
            sink("webhook", "url = 'https://u:hunter2@h/'"),
            "5: sinks.crm.url: the URL holds a user name",
        ),
        (
            sink("webhook", "url_env = 'NO_SUCH_HOOK'"),
            "5: sinks.crm.url_env: the environment variable NO_SUCH_HOOK is not set",
        ),
        (
            sink("webhook", &format!("{URL}url_env = 'HOME'")),
            "5: sinks.crm.url: is one url too many: there is url_env",
        ),
        (sink("webhook", &short), "6: sinks.crm.secret: it has 5 bytes"),
        (
            sink("webhook", &format!("{URL}previous_secret = 'ffffffffffffffffffffffffffff'")),
            "6: sinks.crm.previous_secret: is there without secret",
        ),
        (
            sink("webhook", &format!("{URL}client_key = 'k.pem'")),
            "3: sinks.crm.client_certificate: is missing",
        ),
        (
            sink("webhook", &format!("{URL}root_certificates = 'no.pem'")),
            "6: sinks.crm.root_certificates: cannot read certificates",
        ),
        (
            sink("webhook", &format!("{URL}statement = 'x'")),
            "6: sinks.crm.statement: has no meaning for webhook (it is a key of kind sql",
        ),
        (
            sink("webhook", &format!("{URL}namespace = 'http://x/'")),
            "6: sinks.crm.namespace: has no meaning for webhook (it is a key of kind soap",
        ),
        (
            sink("webhook", &format!("{URL}password_file = 'x'")),
            "6: sinks.crm.password_file: has no meaning for webhook (it is a key of kind soap and nats",
        ),
        (
            sink("webhook", &format!("{URL}parallel = 0")),
            "6: sinks.crm.parallel: must be a whole number from 1 to 64",
        ),
        (
            sink("webhook", &format!("{URL}give_up = '1d'")),
            "6: sinks.crm.give_up: there is no such key",
        ),
        (sink("webhook", &reserved), "6: sinks.crm.when.eventName.contians: there is no such key"),
        (
            sink("webhook", &format!("{URL}when = {{ eventname = 'x' }}")),
            "6: sinks.crm.when.eventname: there is no \"eventname\" here (did you mean eventName?)",
        ),
        (
            sink("webhook", &format!("{URL}when = {{ field.x = 'x' }}")),
            "6: sinks.crm.when.field.x: events have no custom fields",
        ),
        (
            sink("webhook", &format!("{URL}when = {{ newPassword = 'x' }}")),
            "6: sinks.crm.when.newPassword: passwords are not shown",
        ),
        (
            sink("webhook", &format!("{URL}when = {{ customer.plan = 'x' }}")),
            "6: sinks.crm.when.customer.plan: there is no such key",
        ),
        (sql(""), "6: sinks.crm.database: is missing"),
        (
            sql("database = 'bb'\nstatement = 'insert into e values (:eventId)'"),
            "8: sinks.crm.database: there is no database \"bb\"",
        ),
        (
            sql("database = 'b'\nstatement = 'select :eventId'"),
            "9: sinks.crm.statement: it begins with select",
        ),
        (
            sql("database = 'b'\nstatement = \"insert into e values (':eventId')\""),
            "9: sinks.crm.statement: :eventId stands within",
        ),
        (
            sql(
                "database = 'b'\nstatement = 'insert into e values (:p)'\nparameters = { q = 'x' }",
            ),
            "10: sinks.crm.parameters.q: the statement has no :q",
        ),
        (
            sql("database = 'b'\nstatement = 'insert into e values (:newPassword)'"),
            "9: sinks.crm.statement: :newPassword is not bound: passwords",
        ),
        (
            sql(&format!("database = 'b'\nstatement = 'delete from e'\n{URL}")),
            "10: sinks.crm.url: has no meaning for sql (it is a key of kind webhook and soap",
        ),
        (sink("soap", URL), "3: sinks.crm.password_file: the web service password is missing"),
        (sink("soap", "password = 'x'"), "3: sinks.crm.url: is missing"),
        (
            sink("soap", &format!("{URL}password = 'x'\nsoap = '1.3'")),
            "7: sinks.crm.soap: must be \"1.1\"",
        ),
        (
            sink("soap", &format!("{URL}password = 'x'\nsecret = 'x'")),
            "7: sinks.crm.secret: has no meaning for soap",
        ),
        (
            sink("soap", "url = 'http://localhost:8080/provider.asmx'\npassword = 'x'"),
            "5: sinks.crm.url: crm is this service itself (give the other",
        ),
        (
            sink("webhook", "url = 'http://127.0.0.1:8080/Provider.asmx'"),
            "5: sinks.crm.url: crm is this service itself (give the other",
        ),
    ]);
}

#[cfg(feature = "nats")]
#[test]
fn mistakes_of_nats_have_their_lines() {
    let servers = "servers = ['nats://localhost']\n";
    all_found(&[
        (sink("nats", ""), "3: sinks.crm.servers: name at least one"),
        (sink("nats", "servers = ['http://h']"), "5: sinks.crm.servers:"),
        (
            sink("nats", &format!("{servers}user = 'u'")),
            "6: sinks.crm.user: give user and password",
        ),
        (sink("nats", &format!("{servers}subject = 'a b'")), "6: sinks.crm.subject:"),
        (sink("nats", &format!("{servers}{URL}")), "6: sinks.crm.url: has no meaning for nats"),
    ]);
}

#[cfg(not(feature = "nats"))]
#[test]
fn a_build_without_nats_says_so() {
    let text = sink("nats", "servers = ['nats://localhost']");
    let said = "4: sinks.crm.kind: this build does not speak NATS (it needs the feature nats: ";
    all_found(&[(text, said)]);
}

#[test]
fn mistakes_of_examples_have_their_lines() {
    let example = |operation: &str, name: &str| {
        let request = "request = { eventName = 'x' }";
        format!(
            "{}[ticket]\n[[examples]]\noperation = '{operation}'\n{request}\nsinks = ['{name}']\n",
            sink("webhook", URL)
        )
    };
    all_found(&[
        (
            example("HandleEvent", "crmm"),
            "11: examples[1].sinks: there is no sink \"crmm\" (did you mean crm?)",
        ),
        (example("StartTicket", "crm"), "11: examples[1].sinks: StartTicket is not told to sinks"),
    ]);
}

#[test]
fn all_mistakes_are_found_at_once() {
    let found = problems(
        "[events]\nstore = 'a'\nkeep = 1\n[sinks.a]\nkind = 'x'\n[sinks.b]\nkind = 'webhook'\nurl = 'x'\nrows = 1\n",
    );
    let lines: Vec<_> = found.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["3", "5", "8", "9"], "{found:#?}");
}

#[test]
fn what_has_no_effect_and_what_is_unwise_is_warned_of() {
    assert_eq!(
        warnings(STORE),
        ["line 2: events.store: nothing is kept there: there are no sinks (add a [sinks.NAME])"]
    );
    let found = warnings(&sink("webhook", "url = 'http://crm.example.com/hook'"));
    assert_eq!(
        found,
        ["line 5: sinks.crm.url: http:// lets everybody on the way read the events (use https://)"]
    );
    let found =
        warnings(&sink("webhook", &format!("{URL}secret = 'ffffffffffffffffffffffffffff'")));
    assert!(
        found[0].starts_with("line 6: sinks.crm.secret: the secret stands in this file"),
        "{found:?}"
    );
    assert_eq!(warnings(&sink("webhook", URL)), Vec::<String>::new());
    let never = format!("{URL}when = {{ eventName = 'a', not = {{ eventName = 'a' }} }}");
    let found = warnings(&sink("webhook", &never));
    assert!(found.is_empty() || found[0].contains("can never be true"), "{found:?}");
    assert_eq!(warnings("[events]\n"), Vec::<String>::new());
}

#[test]
fn every_kind_is_read_and_no_secret_is_shown() {
    let text = format!(
        "{DATABASE}[events]\nstore = 'e.sqlite'\notherwise = 'nothing'\norder_by = ['ticketNumber']\n\
        keep = '30d'\nloop_limit = 7\n\
        [sinks.hook]\nkind = 'webhook'\nurl = 'https://h/hook?key=hunter2'\n\
        secret = 'hunter3-hunter3-hunter3-hunter3'\nprevious_secret = 'hunter4-hunter4-hunter4-hunter4'\n\
        when = {{ any = [{{ eventName = ['A', 'B'] }}, {{ ticketNumber = {{ present = true }} }}] }}\n\
        parallel = 1\ngive_up_after = '36h'\n\
        [sinks.log]\nkind = 'sql'\ndatabase = 'b'\nrows = 0\nidempotent = true\n\
        statement = 'insert into e values (:eventId, :eventName, :eventTime, :ticketNumber, :what)'\n\
        parameters = {{ what = '{{eventName}} of {{ticketNumber}}' }}\n\
        [sinks.old]\nkind = 'soap'\nurl = 'https://h/Old.asmx'\npassword = 'hunter5'\nsoap = '1.2'\n\
        idempotent = true\n"
    );
    let file = ProviderFile::parse(&text, "f").unwrap_or_else(|error| panic!("{error}"));
    let provider = Provider::new(file).unwrap();
    assert_eq!(provider.event_sinks(), ["hook", "log", "old"]);
    assert!(provider.event_store().is_some());
    let shown = format!("{provider:?}");
    for secret in ["hunter2", "hunter3", "hunter4", "hunter5"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

#[test]
fn the_example_and_the_schema_have_the_sinks() {
    let example = example();
    for line in
        ["#[sinks.crm]", "#kind = \"webhook\"  # an example: no default", "#give_up_after = \"5d\""]
    {
        assert!(example.lines().any(|found| found == line), "{line}");
    }
    let schema = schema();
    let sink = &schema["properties"]["sinks"]["additionalProperties"]["properties"];
    assert_eq!(sink["kind"]["enum"][3], "nats");
    assert_eq!(sink["namespace"]["default"], "http://tempuri.org/");
    let order_by = &schema["properties"]["events"]["properties"]["order_by"];
    assert_eq!(order_by["default"][0], "ticketNumber", "{order_by}");
}
