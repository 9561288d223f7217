//! A provider's file as the candidate: it answers, and nothing is changed.

use std::net::{SocketAddr, TcpListener};

use external_providers::provider_file::{Provider, ProviderFile};
use external_providers::shadow::Candidate;

use super::tool::start_with;
use super::{LOGIN, Rig, Spoiled, groups, reasons};
use crate::codec::raw::{Peer, call};
use crate::fixtures::recordings::sample_service;
use crate::provider_file::answers::{DATABASE, customers};
use crate::support::Folder;

/// A file that forwards to a service which must not be asked, and that tells a sink which must not hear.
fn file(folder: &Folder, silent: SocketAddr, more: &str) -> Provider {
    let text = format!(
        "{DATABASE}
        [login]
        otherwise = 'forward'
        [ticket]
        rules = [{{ when = {{ customer.rows = {{ at_least = 1 }} }}, effect = 'deduct' }}]
        otherwise = 'forward'
        [events]
        store = 'events.sqlite'
        otherwise = 'forward'
        [sinks.crm]
        kind = 'webhook'
        url = 'http://{silent}/hook'
        when = {{ eventName = 'Told' }}
        [forward]
        url = 'http://{silent}/Old.asmx'
        password = 's3cret'
        [json]
        url = 'http://{silent}/json'
        {more}"
    );
    let file = ProviderFile::load(folder.file("p.toml", text)).unwrap_or_else(|e| panic!("{e}"));
    Provider::new(file).unwrap()
}

/// A service that nobody may call.
fn silent() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn ticket(email: &str) -> String {
    call("StartTicket", &["authPW=s3cret", &format!("emailFrom={email}"), "departmentName=Sales"])
}

/// The same at the path where the sample has the operations of our own naming.
fn extended(operation: &str, variables: &[&str]) -> String {
    call(operation, variables).replace("/Provider.asmx", "/Extended.asmx")
}

#[test]
fn a_file_answers_without_its_effects_sinks_and_old_service() {
    let (folder, (listener, address)) = (Folder::new("shadow"), silent());
    let database = customers(&folder);
    database.execute("insert into c values ('Cat', null, 'outoftickets@x', 5)", ()).unwrap();
    let old = Spoiled::start(sample_service(), Some);
    let rig = Rig::new(old.address, Candidate::file(file(&folder, address, "")));
    // With an effect, without one, and refused by the old service, whose word the rules leave open.
    for email in ["ann@x", "dan@x", "outoftickets@x"] {
        assert!(String::from_utf8(rig.call(ticket(email))).unwrap().contains("TicketCreation="));
    }
    rig.call(call("Authenticate", &LOGIN));
    rig.call(call(
        "Authenticate",
        &["authPW=s3cret", "loginUsername=x", "loginPassword=wrong-one"],
    ));
    rig.call(ticket("ann@x").replace("authPW=s3cret", "authPW=wrong1"));
    for event in ["Told", "Untold"] {
        rig.call(extended("HandleEvent", &["authPW=s3cret", &format!("eventName={event}")]));
    }
    let posts = old.requests().into_iter().filter(|request| request.starts_with("POST")).count();
    let report = rig.finish();
    assert_eq!((report.calls, report.compared), (8, 5), "{report}");
    let not = [
        "a login that the old service did not accept",
        // That it would have worked is not known.
        "effect deduct: not run here; it refuses unless 1 rows change",
        "the old service refused the web service password",
    ];
    assert_eq!(reasons(&report), not.map(|reason| (reason, 1)));
    // What the sink would be told has no answer of the old service.
    let expected = ["HandleEvent: Message", "HandleEvent: output eventName"];
    let mut found: Vec<_> = groups(&report).into_iter().map(|(name, _)| name).collect();
    found.sort();
    assert_eq!((found, report.different), (expected.map(str::to_owned).to_vec(), 1), "{report}");
    let left: i64 = database.query_row("select sum(tickets) from c", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 6, "no effect was run");
    assert_eq!(posts, 8, "the old service is asked once for each call");
    assert!(listener.accept().is_err(), "nobody was told or asked again");
    assert!(!folder.0.join("events.sqlite").exists(), "no store was made");
    assert!(report.candidate.ends_with("p.toml"), "{}", report.candidate);
}

#[test]
fn what_an_effect_or_an_endpoint_decides_is_not_compared() {
    let (folder, (listener, address)) = (Folder::new("shadow"), silent());
    let database = customers(&folder);
    database
        .execute_batch(
            "insert into c values ('Cat', null, 'outoftickets@x', 5); create table u(a, b)",
        )
        .unwrap();
    let more = "
        [live_chat]
        provider = 'json'
        [registration]
        database = 'b'
        statement = 'insert into u values (:loginUsername, :passwordHash)'
        scheme = 'bcrypt'
        ";
    let provider = file(&folder, address, more);
    let text = std::fs::read_to_string(folder.0.join("p.toml")).unwrap();
    // A rule that allows by itself: the statement has the last word.
    let text = text.replace("effect = 'deduct'", "allow = true, effect = 'deduct'");
    provider.replace(ProviderFile::load(folder.file("p.toml", text)).unwrap()).unwrap();
    let rig = Rig::new(sample_service(), Candidate::file(provider));
    rig.call(ticket("outoftickets@x"));
    rig.call(call("StartChat", &["authPW=s3cret", "emailFrom=ann@x", "departmentName=Sales"]));
    let user = ["authPW=s3cret", "loginUsername=new", "loginPassword=mypassword"];
    rig.call(extended("RegisterUser", &user));
    let report = rig.finish();
    let expected = [
        "effect deduct: not run here; it refuses unless 1 rows change",
        "the endpoint is not asked, since that may change something there",
        "the statement is not run here",
    ];
    assert_eq!(reasons(&report), expected.map(|reason| (reason, 1)));
    assert_eq!(report.compared, 0, "{report}");
    let users: i64 = database.query_row("select count(*) from u", (), |row| row.get(0)).unwrap();
    assert_eq!(users, 0);
    assert!(listener.accept().is_err(), "the endpoint was not asked");
}

#[test]
fn a_web_service_password_that_the_file_does_not_have_is_a_difference() {
    // Who does not know a caller may say so in words of his own.
    let own_words = |text: String| Some(text.replace("Permission Denied", "Unknown caller"));
    let old = Spoiled::start(sample_service(), own_words);
    for (passwords, is_known) in [
        ("password = 's3cret'", true),
        ("password = 'next'\nprevious_password = 's3cret'", true),
        ("password = 'next'", false),
        // It is given elsewhere, to whoever hosts the file.
        ("", true),
    ] {
        let folder = Folder::new("shadow");
        let rules = "[ticket]\nrules = [{ allow = true, message = 'Ticket Allowed' }]\n";
        let path = folder.file("p.toml", format!("[service]\n{passwords}\n{rules}"));
        let file = ProviderFile::load(path).unwrap_or_else(|error| panic!("{error}"));
        let rig = Rig::new(old.address, Candidate::file(Provider::new(file).unwrap()));
        rig.call(ticket("ann@x"));
        rig.call(call("StartTicket", &["emailFrom=ann@x", "departmentName=Sales"]));
        let report = rig.finish();
        let expected = [("StartTicket: web service password".to_owned(), 1)];
        let expected = if is_known { &[][..] } else { &expected };
        assert_eq!(groups(&report), expected, "{passwords}: {report}");
        assert_eq!((report.compared, report.different), (1, u64::from(!is_known)), "{report}");
        assert_eq!(reasons(&report), [("it has no web service password", 1)]);
        assert!(!report.json().contains("s3cret"), "{report}");
    }
}

#[test]
fn what_an_old_service_says_of_a_fault_is_not_logged() {
    let folder = Folder::new("shadow");
    let text = "[ticket]\notherwise = 'forward'\n\
                [forward]\nurl = 'http://127.0.0.1:9/Old.asmx'\npassword = 'other'\n";
    let path = folder.file("p.toml", text);
    let fault = |text: String| {
        let (head, body) = text.split_once("<soap:Body>")?;
        let (_, tail) = body.split_once("</soap:Body>")?;
        let fault = "<soap:Fault><faultcode>soap:Server</faultcode>\
                     <faultstring>no database for s3cret</faultstring></soap:Fault>";
        Some(format!("{head}<soap:Body>{fault}</soap:Body>{tail}").replacen("200 OK", "500 No", 1))
    };
    let old = Spoiled::start(sample_service(), fault);
    let running = start_with(old.address, &["--provider", path.to_str().unwrap()]);
    let mut caller = Peer::connect(running.address);
    caller.send(ticket("ann@x"));
    assert!(caller.text().contains("no database for s3cret"));
    let (_, output, log) = running.stop();
    assert!(output.contains("1 calls: 1 compared"), "{output}{log}");
    assert!(!log.contains("s3cret") && !output.contains("s3cret"), "{output}{log}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_loaded_again_begins_the_report_anew() {
    let folder = Folder::new("shadow");
    let path = folder.file("p.toml", "[ticket]\nrefused = 'no'\n");
    let path = path.to_str().unwrap();
    let service = sample_service();
    let mut running = start_with(service, &["--provider", path]);
    assert!(running.lines[0].ends_with(&format!("comparing with {path}")), "{}", running.lines[0]);
    let ask = |running: &crate::support::Running| {
        let mut caller = Peer::connect(running.address);
        caller.send(ticket("ann@x"));
        assert!(caller.text().contains("Ticket Allowed"));
    };
    ask(&running);
    folder.file("p.toml", "[tickt]\n");
    running.signal("HUP");
    running.logs("not reloaded");
    folder.file("p.toml", "[ticket]\nrules = [{ allow = true, message = 'Ticket Allowed' }]\n");
    running.signal("HUP");
    running.logs("the report begins anew");
    ask(&running);
    let (code, output, log) = running.stop();
    assert!(output.contains("1 calls: 1 compared, 0 different"), "{output}{log}");
    assert_eq!(code, 0, "{log}");
}
