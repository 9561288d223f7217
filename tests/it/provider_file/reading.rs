//! What is wrong with a file, each mistake with its line.

use external_providers::provider_file::{PRESETS, ProviderFile, example, preset, schema};
use external_providers::settings::SettingsError;

use crate::support::{Folder, repository};

/// What a service needs, in one line.
const SERVICE: &str = "service = { password = 'pw' }\n";
/// A database with a look-up.
const LOOKUP: &str = "[databases.b]\nkind = 'sqlite'\nfile = 'b.sqlite'\n\
    [lookups.customer]\ndatabase = 'b'\nstatement = 'select plan from c where e = :emailFrom'\n";

/// All problems, `LINE: key: what (hint)` each.
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

#[test]
fn mistakes_have_their_lines() {
    for (text, expected) in [
        ("", "it is empty (external-providers provider init writes an example)"),
        ("[service]\n", "1: it provides nothing (add a section: [login]"),
        ("[tickets]\n", "1: tickets: there is no such key (did you mean ticket?)"),
        ("[ticket]\notherwise = 'alow'\n", "2: ticket.otherwise: must be \"allow\" or \"refuse\""),
        ("[ticket]\nrule = []\n", "2: ticket.rule: there is no such key (did you mean rules?)"),
        ("[service]\npath = 'x'\n[ticket]\n", "2: service.path: \"x\" is not a valid path"),
        ("[service]\nnamespace = 'x'\n[ticket]\n", "2: service.namespace: the namespace \"x\""),
        ("[service]\nlisten = 'x'\n[ticket]\n", "2: service.listen: must be an address and a port"),
        ("[service]\nallow = ['10.0.0.1/8']\n[ticket]\n", "2: service.allow: \"10.0.0.1/8\": its"),
        (
            "[service]\nallow = ['here']\n[ticket]\n",
            "2: service.allow: \"here\": it is not an address",
        ),
        ("[service]\ntls_key = 'k'\n[ticket]\n", "1: service.tls_certificate: is missing"),
        (
            "[service]\npassword = 'a'\npassword_env = 'B'\n[ticket]\n",
            "2: service.password: is one",
        ),
        ("[directories.a]\nkind = 'openldap'\n[directories.a]\n", "3: a: stands twice"),
        ("[directories.a]\nkind = 'novell'\n[login]\n", "2: directories.a.kind: must be"),
        (
            "[directories.a]\nkind = 'openldap'\n[login]\n",
            "1: directories.a.servers: there is none",
        ),
        (
            "[directories.a]\nkind = 'openldap'\nservers = ['ldaps://h']\naccount = 'cn=a'\npassword = 'x'\nbase = 'dc=x'\nfilter = '(uid={name}'\n[login]\n",
            "7: directories.a.filter: ",
        ),
        (
            "[directories.a]\nkind = 'openldap'\nservers = ['ldaps://h']\naccount = 'cn=a'\npassword = 'x'\nbase = 'dc=x'\nfilter = '(uid=*)'\n[login]\n",
            "7: directories.a.filter: ",
        ),
        (
            "[directories.a]\nkind = 'openldap'\nservers = ['ldaps://h']\naccount = 'cn=a'\npassword = 'x'\nbase = 'dc=x'\ndn_template = 'uid={nam}'\n[login]\n",
            "7: directories.a.dn_template: ",
        ),
        ("[databases.b]\nkind = 'oracle'\n[ticket]\n", "2: databases.b.kind: must be \"postgres\""),
        (
            "[databases.b]\nkind = 'MSSQL'\n[ticket]\n",
            "2: databases.b.kind: must be \"postgres\" or \"sqlserver\" or \"mysql\" or \"sqlite\" (did you mean \"sqlserver\"?)",
        ),
        (
            "[directories.a]\nkind = 'ad'\n[login]\n",
            "2: directories.a.kind: must be \"active-directory\" or \"openldap\" or \"freeipa\" (did you mean \"active-directory\"?)",
        ),
        (
            "[directories.a]\n[logins.a]\n[login]\nask = ['nobody']\n",
            "4: login.ask: there is no directory and no login \"nobody\" (known are a)",
        ),
        (
            "[databases.b]\nkind = 'sqlite'\nport = 1\n[ticket]\n",
            "3: databases.b.port: has no meaning",
        ),
        ("[databases.b]\nkind = 'sqlite'\n[ticket]\n", "1: databases.b.file: is missing (SQLite"),
        (
            "[lookups.a]\ndatabase = 'b'\nstatement = 'x'\n[ticket]\n",
            "2: lookups.a.database: there is no database \"b\"",
        ),
        ("[lookups.a]\n[ticket]\n", "1: lookups.a.database: is missing"),
        (
            "[logins.a]\nlookup = 'c'\npassword = 'p'\nschemes = ['rot13']\n[login]\n",
            "4: logins.a.schemes: there is no scheme \"rot13\"",
        ),
        (
            "[logins.a]\nlookup = 'c'\npassword = 'p'\nschemes = []\n[login]\n",
            "2: logins.a.lookup: there is no look-up \"c\"",
        ),
        ("[login]\nask = ['ad']\n", "2: login.ask: there is no directory and no login \"ad\""),
        ("[login]\n", "1: login: there is nobody to ask about users"),
        ("[ticket]\notherwise = 'forward'\n", "2: ticket.otherwise: there is no [forward]"),
        (
            "[ticket]\notherwise = 'forward'\n[forward]\npassword = 'x'\n",
            "3: forward.ticket.url: is missing",
        ),
        (
            "[ticket]\notherwise = 'forward'\n[forward]\nurl = 'http://h/p'\n",
            "3: forward.ticket.password_file: the web service password is missing",
        ),
        (
            "[ticket]\notherwise = 'forward'\n[forward]\nurl = 'http://localhost:8080/provider.ASMX'\npassword = 'x'\n",
            "4: forward.url: ticket would be forwarded to this service itself",
        ),
        ("[registration]\ndatabase = 'b'\n", "1: registration.statement: is missing"),
        (
            "[[examples]]\noperation = 'StartTiket'\n[ticket]\n",
            "2: examples[1].operation: there is no such operation (did you mean StartTicket?)",
        ),
        (
            "[[examples]]\noperation = 'StartChat'\n[ticket]\n",
            "2: examples[1].operation: StartChat is not answered",
        ),
        (
            "[[examples]]\noperation = 'StartTicket'\nlookups = { c = [] }\n[ticket]\n",
            "3: examples[1].lookups.c: there is no look-up \"c\"",
        ),
        (
            "[[examples]]\noperation = 'StartTicket'\nrequest = { emailForm = 'a@x', cf_Plan = 'x' }\n[ticket]\n",
            "3: examples[1].request.emailForm: StartTicket has no variable emailForm (did you mean emailFrom?)",
        ),
        (
            "[[examples]]\noperation = 'StartTicket'\nrequest = { authPW = 'x' }\n[ticket]\n",
            "3: examples[1].request.authPW: StartTicket has no variable authPW (StartTicket: ",
        ),
    ] {
        let found = match ProviderFile::parse(text, "f") {
            Err(error @ SettingsError::Unread { .. }) => vec![error.to_string()[3..].to_owned()],
            _ => problems(text),
        };
        assert!(found.iter().any(|line| line.starts_with(expected)), "{text}\n{found:#?}");
    }
}

#[test]
fn statements_and_names_are_looked_at_with_their_databases() {
    for (lines, expected) in [
        (
            "statement = 'select 1; select 2'",
            "6: lookups.customer.statement: there are two statements",
        ),
        ("statement = 'delete from c'", "6: lookups.customer.statement: a look-up must not change"),
        (
            "statement = \"select ':emailFrom'\"",
            "6: lookups.customer.statement: :emailFrom stands within",
        ),
        (
            "statement = \"select '{emailFrom}'\"",
            "6: lookups.customer.statement: {emailFrom} is not bound in a statement (write :NAME",
        ),
        ("statement = 'select ?'", "6: lookups.customer.statement: nothing is bound to ?"),
        (
            "statement = 'select :emailForm'",
            "6: lookups.customer.statement: :emailForm is not bound: there is no",
        ),
        (
            "statement = 'select :loginPassword'",
            "6: lookups.customer.statement: :loginPassword is not bound: passwords",
        ),
        (
            "statement = 'select :a'\nparameters = { a = '{fied.x}' }",
            "7: lookups.customer.parameters.a: there is no",
        ),
        (
            "statement = 'select 1'\nparameters = { a = 'x' }",
            "7: lookups.customer.parameters.a: the statement has no :a",
        ),
        (
            "statement = 'select 1'\nrows = 0",
            "7: lookups.customer.rows: must be a whole number from 1",
        ),
        (
            "statement = 'select 1'\ncache = '1 fortnight'",
            "7: lookups.customer.cache: must be a duration",
        ),
        (
            "statement = 'select 1'\n[effects.e]\ndatabase = 'b'\nstatement = 'select 1'",
            "9: effects.e.statement: it begins with select",
        ),
        (
            "statement = 'select 1'\n[effects.e]\ndatabase = 'b'\nstatement = 'delete from c'\nrefuse = '{customr.x}'",
            "10: effects.e.refuse: there is no look-up",
        ),
        (
            "statement = 'select 1'\n[lookups.subject]\ndatabase = 'b'\nstatement = 'select 1'",
            "7: lookups.subject: subject has a meaning of its own",
        ),
        (
            "statement = 'select 1'\n[registration]\ndatabase = 'b'\nstatement = 'insert into u values (:loginPassword)'\nscheme = 'bcrypt'",
            "9: registration.statement: :loginPassword is not bound",
        ),
        (
            "statement = 'select 1'\n[registration]\ndatabase = 'b'\nstatement = 'insert into u values (:passwordHash)'\nscheme = 'md5-unsafe'",
            "10: registration.scheme: such hashes are not made",
        ),
        (
            "statement = 'select 1'\n[ticket]\n[[ticket.rules]]\nwhen = { custmer.plan = 'x' }\nallow = true",
            "9: ticket.rules[1].when.custmer",
        ),
        (
            "statement = 'select 1'\n[ticket]\n[[ticket.rules]]\nwhen = { subject = { contians = 'x' } }\nallow = true",
            "9: ticket.rules[1].when.subject.contians",
        ),
        (
            "statement = 'select 1'\n[ticket]\n[[ticket.rules]]\nwhen = { subject = 'x' }",
            "8: ticket.rules[1]",
        ),
        (
            "statement = 'select 1'\n[ticket]\nrules = [{ effect = 'deduct' }]",
            "8: ticket.rules[1].effect",
        ),
    ] {
        let before = LOOKUP.rsplit_once("statement").unwrap().0;
        let mut text = format!("{before}{lines}\n");
        if !text.contains("[ticket]") {
            text.push_str("[ticket]\n");
        }
        let found = problems(&text);
        assert!(found.iter().any(|line| line.starts_with(expected)), "{text}\n{found:#?}");
    }
}

/// Only what is wrong is told, and not what would follow from it.
#[test]
fn a_name_whose_section_is_broken_is_known() {
    let found = problems(
        "[databases.b]\nkind = 'oracle'\n\
         [databases.c]\nkind = 'sqlite'\nfile = 'c.sqlite'\n\
         [lookups.customer]\ndatabase = 'b'\nstatement = 'select 1'\n\
         [lookups.plan]\ndatabase = 'c'\nstatement = 'delete from c'\n\
         [lookups.none]\ndatabase = 'c'\nstatment = 'select 1'\n\
         [effects.deduct]\ndatabase = 'b'\n\
         [logins.shop]\nlookup = 'none'\npassword = 'p'\nschemes = ['rot13']\n\
         [directories.staff]\nknd = 'openldap'\n\
         [directoris.ghosts]\nkind = 'openldap'\n\
         [login]\nask = ['shop', 'staff', 'ghosts']\n\
         [ticket]\nrules = [{ when = { customer.a = 'x', plan.b = 'x' }, effect = 'deduct' }]\n\
         [user_information]\nrows = [{ name = 'x', value = '{none.x}' }]\n\
         [[examples]]\noperation = 'StartTicket'\nlookups = { plan = [{ b = 'x' }] }\n",
    );
    let keys: Vec<_> = found.iter().filter_map(|line| line.split(": ").nth(1)).collect();
    let expected = [
        "databases.b.kind",
        "lookups.plan.statement",
        "lookups.none.statement",
        "lookups.none.statment",
        "effects.deduct.statement",
        "logins.shop.schemes",
        "directories.staff.kind",
        "directories.staff.knd",
        "directoris",
    ];
    assert_eq!(keys, expected, "{found:#?}");
}

#[test]
fn all_mistakes_are_found_at_once_and_in_the_order_of_the_lines() {
    let found = problems("[service]\nlisten = 1\n[ticket]\notherwise = 'x'\n[names]\nx = 1\n");
    let lines: Vec<_> = found.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["2", "4", "6"], "{found:#?}");
}

#[test]
fn what_nothing_uses_and_what_is_unwise_is_warned_of() {
    let found = warnings(&format!("{SERVICE}{LOOKUP}[ticket]\n"));
    assert!(found[0].starts_with("line 1: service.password: the password stands in this file"));
    assert_eq!(found[1..], ["line 5: lookups.customer: nothing uses this look-up"]);
    let text = format!(
        "{LOOKUP}[forward]\nurl = 'https://h/'\npassword = 'x'\n[forward.events]\nsoap = '1.2'\n[ticket]\n"
    );
    let found = warnings(&text);
    for expected in [
        "line 8: forward.url: has no effect, since no kind says otherwise = \"forward\"",
        "line 10: forward.events: has no effect, since the kind is not forwarded",
    ] {
        assert!(found.iter().any(|line| line.starts_with(expected)), "{found:#?}");
    }
    let used = format!(
        "{LOOKUP}[user_information]\nrows = [{{ name = 'Plan', value = '{{customer.plan}}' }}]\n"
    );
    assert_eq!(warnings(&used), Vec::<String>::new());
}

#[test]
fn passwords_are_read_from_files_beside_it_and_never_shown() {
    let folder = Folder::new("provider-file");
    folder.file("pw", "hunter2\n");
    let path = folder.file("p.toml", "[service]\npassword_file = 'pw'\n[ticket]\n");
    let file = ProviderFile::load(&path).unwrap();
    assert_eq!(file.service.password.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{file:?}").contains("hunter2"));
    assert!(file.warnings().is_empty(), "{:?}", file.warnings());
    let path = folder.file("q.toml", "[service]\npassword_file = 'qw'\n[ticket]\n");
    let error = ProviderFile::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("q.toml:2: service.password_file: cannot read a password from"),
        "{error}"
    );
    let path = folder.file("large.toml", "#".repeat(300 << 10));
    let error = ProviderFile::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("it is larger than 256 KiB (is it the provider's file?)"), "{error}");
    let path = folder.file("bytes.toml", b"[ticket]\n\xff\n");
    let error = ProviderFile::load(&path).unwrap_err().to_string();
    assert!(error.contains("bytes.toml:2: this line is not UTF-8"), "{error}");
}

#[test]
fn example_schema_and_presets_are_what_is_read() {
    let example = example();
    let schema = schema();
    // With every key in force, none of them is unknown.
    let mut text = String::new();
    let mut sections = 0;
    for line in example.lines() {
        let Some(code) = line.strip_prefix('#').filter(|code| !code.starts_with(' ')) else {
            continue;
        };
        text.push_str(code);
        text.push('\n');
        if let Some(section) = code.strip_prefix('[') {
            sections += 1;
            let name = section.trim_matches(['[', ']']).split('.').next().unwrap();
            assert!(!schema["properties"][name].is_null(), "{name}");
        }
    }
    assert_eq!(sections, schema["properties"].as_object().unwrap().len());
    let unknown: Vec<_> =
        problems(&text).into_iter().filter(|line| line.contains("there is no such key")).collect();
    assert_eq!(unknown, Vec::<String>::new());

    let folder = Folder::new("presets");
    for name in ["provider-password", "directory-password"] {
        folder.file(name, "hunter2");
    }
    for kind in PRESETS {
        let path = folder.file(&format!("{kind}.toml"), preset(kind).unwrap());
        let file = ProviderFile::load(&path).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert!(file.warnings().is_empty(), "{kind}: {:?}", file.warnings());
    }
    assert_eq!(preset("novell"), None);
}

#[test]
fn an_effect_of_chats_needs_no_more_than_a_chat_has() {
    let effect =
        "[effects.deduct]\ndatabase = 'b'\nstatement = 'delete from c where p = :subject'\n";
    let rules = |kind| format!("[{kind}]\n[[{kind}.rules]]\neffect = 'deduct'\n");
    let text = [SERVICE, LOOKUP, effect, &rules("live_chat")].concat();
    let said = "live_chat.rules: the effect deduct needs subject, which [live_chat] does not have";
    assert!(problems(&text).iter().any(|problem| problem.ends_with(said)), "{:?}", problems(&text));
    warnings(&[SERVICE, LOOKUP, effect, &rules("ticket")].concat());
}

#[test]
fn a_look_up_of_an_effect_is_used() {
    let effect = "[effects.deduct]\ndatabase = 'b'\nstatement = 'delete from c where p = :plan'\n\
        parameters = { plan = '{customer.plan}' }\n[ticket]\n[[ticket.rules]]\neffect = 'deduct'\n";
    let found = warnings(&[SERVICE, LOOKUP, effect].concat());
    assert!(found.iter().all(|warning| !warning.contains("customer")), "{found:?}");
}

#[test]
fn the_files_of_the_readme_are_in_order() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let after = |heading: &str, fence: &str| {
        let rest = readme.split_once(heading).unwrap().1.split_once(fence).unwrap().1;
        rest[..rest.find("\n```").unwrap()].to_owned()
    };
    let rest = "[databases.billing]\nkind = 'sqlite'\nfile = 'b.sqlite'\n[custom_fields]\n\
        [forward]\nurl = 'http://localhost/Old.asmx'\npassword = 'pw'\n";
    let rules = after("### Answer without a programmer", "```toml\n");
    // It stands above the rules that are shown, as it does in a whole file.
    let text = [SERVICE, rest, &rules].concat();
    let found = warnings(&text);
    assert!(found.iter().all(|warning| warning.contains("the password stands in")), "{found:?}");
}
