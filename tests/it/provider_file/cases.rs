//! The files of `tests/provider/cases`, served, and asked over SOAP what their examples ask.

use std::path::{Path, PathBuf};

use external_providers::Client;
use external_providers::contract::{
    Operation, OperationInfo, OperationResult as _, Variables, dispatch,
};
use external_providers::soap::SoapVersion;

use crate::backends::ldap_stub::{Stub, staff};
use crate::support::{Folder, Running, repository, tool};

const PASSWORD: &str = "s3cret-of-the-service";

/// What an example asks, and what it wants to hear.
struct Example {
    operation: &'static OperationInfo,
    request: Variables,
    answer: Variables,
    message: Option<String>,
}

fn text(path: &str) -> String {
    std::fs::read_to_string(repository("tests/provider").join(path)).unwrap()
}

fn cases() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository("tests/provider/cases")).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn examples(case: &str) -> Vec<Example> {
    let file: toml::Table = case.parse().unwrap();
    let variables = |table: Option<&toml::Value>| {
        let table = table.and_then(|table| table.as_table()).into_iter().flatten();
        table.map(|(key, value)| (key, value.as_str().unwrap())).collect()
    };
    let example = |example: &toml::Value| Example {
        operation: OperationInfo::named(example["operation"].as_str().unwrap()).unwrap(),
        request: variables(example.get("request")),
        answer: variables(example.get("answer")),
        message: example.get("message").map(|message| message.as_str().unwrap().to_owned()),
    };
    file["examples"].as_array().unwrap().iter().map(example).collect()
}

/// A case with its servers in a folder, ready to be served.
fn prepared(case: &str) -> (Folder, PathBuf) {
    let folder = Folder::new("case");
    let database = rusqlite::Connection::open(folder.path().join("billing.sqlite")).unwrap();
    database.execute_batch(&text("database.sql")).unwrap();
    let directory = match case.contains("[login]") {
        true => text("directory.toml")
            .replace("DIRECTORY\"]", &format!("{}\"]", Stub::new(|_, asked| staff(asked)).address)),
        false => String::new(),
    };
    let file = folder.file("provider.toml", [&text("servers.toml"), &*directory, case].concat());
    (folder, file)
}

fn serve(file: &Path) -> Running {
    let arguments = ["serve", "--provider", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    Running::spawn(&mut tool(&arguments, PASSWORD), 2)
}

fn client(running: &Running, version: SoapVersion) -> Client {
    let url = format!("http://{}/Provider.asmx", running.address);
    Client::builder(&url, PASSWORD).soap_version(version).build().unwrap()
}

/// The variables of the answer and its message; what becomes of a custom field goes by its name in
/// brackets.
async fn ask<T: Operation>(client: &Client, inputs: &Variables) -> (Variables, Option<String>) {
    let answer = client.call(T::read_inputs(inputs.clone()).unwrap()).await.unwrap();
    let mut outputs = Variables::new();
    T::write_outputs(&answer.result, &mut outputs);
    for change in answer.result.items().into_iter().flatten() {
        outputs.push(&format!("[{}]", change.name), &change.to_string());
    }
    outputs.extend(answer.other.iter());
    (outputs, answer.message)
}

/// The four things that the vendor promises of providers, and what its sample does, in files.
#[tokio::test]
async fn every_case_takes_six_lines_and_answers_over_soap() {
    let cases = cases();
    assert_eq!(cases.len(), 12);
    for path in cases {
        let case = std::fs::read_to_string(&path).unwrap();
        let shown = path.file_name().unwrap().display();
        let own = case.split("[[examples]]").next().unwrap();
        let own = own.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert!((1..=6).contains(&own.count()), "{shown}");
        let (_folder, file) = prepared(&case);

        let output =
            tool(&["provider", "test", file.to_str().unwrap()], PASSWORD).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shown}: {said}");

        let running = serve(&file);
        for (version, number) in [(SoapVersion::V11, 0), (SoapVersion::V12, 1)] {
            let client = client(&running, version);
            for example in examples(&case).iter().skip(number) {
                let answered =
                    dispatch!(example.operation, T => ask::<T>(&client, &example.request).await);
                let (outputs, message) = answered.unwrap();
                for (name, wanted) in example.answer.iter() {
                    assert_eq!(outputs.get(name), Some(wanted), "{shown}: {name} of {outputs:?}");
                }
                if let Some(wanted) = &example.message {
                    assert_eq!(message.as_ref(), Some(wanted), "{shown}");
                }
            }
        }
        running.stop();
    }
}

#[tokio::test]
async fn the_last_paid_ticket_is_deducted_once() {
    let (folder, file) = prepared(&text("cases/deduct-a-paid-ticket.toml"));
    let running = serve(&file);
    let client = client(&running, SoapVersion::V11);
    let ticket = || Variables::from([("emailFrom", "bob@example.com"), ("subject", "Hello")]);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = ask::<external_providers::contract::StartTicket>(&client, &ticket()).await;
        answers.push((answer.0.get("TicketCreation").unwrap().to_owned(), answer.1));
    }
    let refused = ("FALSE".to_owned(), Some("You have no tickets left.".to_owned()));
    assert_eq!(answers[0].0, "TRUE");
    assert_eq!(answers[1], refused);
    let database = rusqlite::Connection::open(folder.path().join("billing.sqlite")).unwrap();
    let left = "select tickets from customers where login = 'bob'";
    let left: i64 = database.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    running.stop();
}
