//! The files of `tests/provider/cases`, served, and asked by .NET's proxy of each service's own WSDL.

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "../it/backends/ldap_stub.rs"]
mod ldap_stub;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::password;
use ldap_stub::{Stub, staff};

pub(super) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(repository("tests/provider").join(path)).unwrap()
}

/// A process that ends with the test.
pub(super) struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A case with its servers in a folder, and where it is served.
fn serve(case: &str, folder: &Path) -> (Served, String) {
    let database = rusqlite::Connection::open(folder.join("billing.sqlite")).unwrap();
    database.execute_batch(&text("database.sql")).unwrap();
    let directory = match case.contains("[login]") {
        true => {
            let address = Stub::new(|_, asked| staff(asked)).address;
            text("directory.toml").replace("DIRECTORY\"]", &format!("{address}\"]"))
        }
        false => String::new(),
    };
    serve_file(&[&text("servers.toml"), &*directory, case].concat(), folder)
}

/// A provider's file in a folder, and where it is served.
pub(super) fn serve_file(text: &str, folder: &Path) -> (Served, String) {
    let file = folder.join("provider.toml");
    std::fs::write(&file, text).unwrap();
    let mut tool = Command::new(env!("CARGO_BIN_EXE_external-providers"));
    let log = std::fs::File::create(folder.join("served.log")).unwrap();
    let all = ["serve", "--listen", "127.0.0.1:0", "--provider"];
    tool.args(all).arg(file).env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", password()).stderr(log);
    let (served, line) = start(&mut tool);
    let url = line.strip_prefix("listening on ").and_then(|rest| rest.split(',').next());
    (served, url.unwrap_or_else(|| panic!("{line}")).to_owned())
}

/// A process, and its first line.
pub(super) fn start(command: &mut Command) -> (Served, String) {
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    (Served(process), lines.next().expect("it began"))
}

/// A folder with nothing in it.
pub(super) fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What .NET's proxy of the service's own WSDL is answered, a line for each call.
pub(super) fn dot_net(folder: &Path, url: &str, version: &str, calls: String) -> String {
    let protocol = if version == "1.1" { "soap" } else { "soap12" };
    let (proxy, program) = (folder.join("Provider.dll"), folder.join("ProviderFile.exe"));
    run(Command::new(repository("tests/interop/mono.sh"))
        .arg("proxy")
        .arg(folder)
        .arg(format!("{url}?WSDL"))
        .args([&*proxy, Path::new(protocol)]));
    run(Command::new("mcs")
        .args(["-nologo", "-r:System.Web.Services"])
        .arg(format!("-out:{}", program.display()))
        .args(
            ["ProviderFile.cs", "Ending.cs"]
                .map(|name| repository(&format!("tests/interop/{name}"))),
        ));
    let file = folder.join("calls.tsv");
    std::fs::write(&file, calls).unwrap();
    run(Command::new("mono").arg(program).arg(file).args([url, version]))
}

/// Each example once, since some have an effect, in one SOAP version or the other.
#[test]
fn every_case_answers_dot_nets_proxy() {
    let entries = std::fs::read_dir(repository("tests/provider/cases")).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 12, "{cases:?}");
    for (number, path) in cases.iter().enumerate() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let folder = empty(&format!("provider-file-{name}"));
        let case = std::fs::read_to_string(path).unwrap();
        let (_served, url) = serve(&case, &folder);

        let file: toml::Table = case.parse().unwrap();
        let examples = file["examples"].as_array().unwrap();
        let pairs = |table: Option<&toml::Value>| -> Vec<String> {
            let table = table.and_then(toml::Value::as_table).into_iter().flatten();
            table.map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect()
        };
        let call = |example: &toml::Value| {
            let operation = example["operation"].as_str().unwrap().to_owned();
            let password = format!("authPW={}", password());
            [vec![operation, password], pairs(example.get("request"))].concat().join("\t") + "\n"
        };
        let version = ["1.1", "1.2"][number % 2];
        let said = dot_net(&folder, &url, version, examples.iter().map(call).collect());
        assert_eq!(said.lines().count(), examples.len(), "{name}: {said}");
        for (example, line) in examples.iter().zip(said.lines()) {
            let fields: Vec<_> = line.split('\t').collect();
            for wanted in pairs(example.get("answer")) {
                assert!(fields[1..].contains(&&*wanted), "{name}: {wanted} in {line}");
            }
            if let Some(message) = example.get("message") {
                assert_eq!(message.as_str(), Some(fields[0]), "{name}");
            }
        }
    }
}
