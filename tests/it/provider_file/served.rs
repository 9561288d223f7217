//! `serve --provider` as the help desk and its administrator meet it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::answers::{DATABASE, customers};
use crate::support::{Folder, Running, tool};

const PASSWORD: &str = "s3cret-of-the-service";

fn call(arguments: &[&str], password: &str) -> String {
    let output = tool(&[&["call"], arguments].concat(), password).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn serve(folder: &Folder, text: &str, arguments: &[&str]) -> Running {
    let file = folder.file("p.toml", text);
    let all = ["serve", "--provider", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    Running::spawn(&mut tool(&[&all, arguments].concat(), PASSWORD), 2)
}

fn file(path: &str, more: &str) -> String {
    format!(
        "[service]\npath = '{path}'\n{more}\n{DATABASE}
        [ticket]
        rules = [
            {{ when = {{ customer.plan = 'Gold' }}, department = 'Urgent', set = {{ Plan = '{{customer.plan}}' }} }},
            {{ when = {{ customer.rows = {{ at_least = 1 }} }}, effect = 'deduct' }},
        ]
        "
    )
}

#[test]
fn it_answers_from_a_database_says_how_to_call_it_and_reloads() {
    let folder = Folder::new("served");
    let _customers = customers(&folder);
    let mut running = serve(&folder, &file("/Desk.asmx", ""), &[]);
    let url = format!("http://{}/Desk.asmx", running.address);
    assert_eq!(running.lines[0], format!("listening on {url}, which answers ticket"));
    assert!(
        running.lines[1]
            .ends_with(&format!("StartTicket departmentName=NAME subject=TEXT --url {url}"))
    );
    let ask = ["StartTicket", "emailFrom=ann@x", "--url", &url];
    let answer = call(&ask, PASSWORD);
    for line in ["StartTicket: allowed", "departmentName  Urgent", "cf_Plan         Gold"] {
        assert!(answer.contains(line), "{answer}");
    }
    assert!(call(&ask, PASSWORD).contains("No tickets left, Ann."), "the only one was deducted");
    assert!(call(&ask, "another").contains("Permission Denied"));
    assert!(
        call(&["StartChat", "--url", &url], PASSWORD).contains("did not recognize"),
        "no [live_chat]"
    );

    // Another path, another password, another kind: in force without a restart, or not at all.
    let log = running.process.stderr.take().unwrap();
    let mut log = BufReader::new(log).lines().map(Result::unwrap);
    let new = file("/New.asmx", "password = 'new'").replace("[ticket]", "[events]\n[ticket]");
    folder.file("p.toml", new.replace("[events]", "[evnts]"));
    running.signal("HUP");
    let line = log.find(|line| line.contains("not reloaded")).unwrap();
    assert!(line.contains("p.toml:") && line.contains("evnts: there is no such key"), "{line}");
    assert!(call(&ask, PASSWORD).contains("No tickets left"), "the old file is in force");
    folder.file("p.toml", new);
    running.signal("HUP");
    log.find(|line| line.contains("provider's file reloaded")).unwrap();
    let new_url = url.replace("Desk", "New");
    // The line comes before the host has the new services.
    let answer = (0..).map(|_| call(&["HandleEvent", "eventName=x", "--url", &new_url], "new"));
    answer.take(100).find(|answer| answer.starts_with("HandleEvent: handled")).unwrap();
    assert!(call(&ask, PASSWORD).contains("404"), "{}", call(&ask, PASSWORD));
    running.signal("TERM");
    assert_eq!(running.process.wait().unwrap().code(), Some(0));
}

/// The status of an answer to a GET with these headers.
fn status(address: SocketAddr, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn who_may_call_is_said_by_networks() {
    let folder = Folder::new("allow");
    for (allow, trust, headers, expected) in [
        ("['127.0.0.0/8', '::1']", false, "", "200"),
        ("['10.0.0.0/8']", false, "", "403"),
        ("[]", false, "", "403"),
        // Nobody is believed to be another, unless it is said.
        ("['10.0.0.0/8']", false, "X-Forwarded-For: 10.1.1.1\r\n", "403"),
        ("['10.0.0.0/8']", true, "X-Forwarded-For: 10.1.1.1\r\n", "200"),
        ("['10.0.0.0/8']", true, "X-Forwarded-For: 10.1.1.1, 192.0.2.1\r\n", "403"),
        (
            "['2001:db8::/32']",
            true,
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 2001:db8::7\r\n",
            "200",
        ),
        ("['10.0.0.0/8']", true, "X-Forwarded-For: unknown\r\n", "403"),
        ("['127.0.0.1']", true, "", "200"),
    ] {
        let text = format!("[service]\nallow = {allow}\n[events]\n");
        let arguments: &[&str] = if trust { &["--trust-forwarded"] } else { &[] };
        let running = serve(&folder, &text, arguments);
        assert_eq!(status(running.address, headers), expected, "{allow} {trust} {headers}");
        running.stop();
    }
}

#[test]
fn what_cannot_be_served_is_said() {
    let folder = Folder::new("refused");
    let text = "[service]\nlisten = '127.0.0.1:0'\n[events]\n";
    let path = folder.file("p.toml", text);
    let path = path.to_str().unwrap();
    let output = tool(&["serve", "--provider", path], "").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr.contains("there is no web service password"), "{stderr}");
    assert!(stderr.contains("give password_file in [service]"), "{stderr}");
    folder.file("p.toml", "[evnts]\n");
    let output = tool(&["serve", "--provider", path], PASSWORD).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(3) && stderr.contains("p.toml:1: evnts:"), "{stderr}");

    // A loop that only the port of this start shows.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    folder.file(
        "p.toml",
        format!("[events]\notherwise = 'forward'\n[forward]\nurl = 'http://{address}/Provider.asmx'\npassword = 'x'\n"),
    );
    let arguments = ["serve", "--provider", path, "--listen", &address.to_string()];
    let output = tool(&arguments, PASSWORD).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("events is forwarded to this service itself"), "{stderr}");
}
