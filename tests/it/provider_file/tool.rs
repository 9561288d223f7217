//! `provider` at the command line: init, check, test, explain, schema.

use external_providers::provider_file::{example, preset, schema};
use serde_json::Value;

use super::answers::{DATABASE, customers};
use crate::support::{self, Folder};

fn tool(arguments: &[&str]) -> (i32, String, String) {
    let output = support::tool(&[&["provider"], arguments].concat(), "").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const RULES: &str = "
[ticket]
[[ticket.rules]]
name = 'gold'
when = { customer.plan = 'Gold' }
department = 'Urgent'
[[ticket.rules]]
effect = 'deduct'
[custom_fields]
rules = [{ show = ['Server'], options = { Server = ['a', 'b'] } }]
";

#[test]
fn examples_and_schema_are_printed_or_written_once() {
    let folder = Folder::new("init");
    assert_eq!(tool(&["init"]), (0, example(), String::new()));
    let path = folder.0.join("p.toml");
    let path = path.to_str().unwrap();
    let written = tool(&["init", "--preset", "openldap", "--out", path]);
    assert_eq!(written, (0, String::new(), String::new()));
    assert_eq!(std::fs::read_to_string(path).unwrap(), preset("openldap").unwrap());
    let (code, _, stderr) = tool(&["init", "--out", path]);
    assert!(code == 1 && stderr.contains("hint: no file is overwritten"), "{stderr}");
    assert_eq!(tool(&["init", "--preset", "novell"]).0, 2);
    let (code, stdout, _) = tool(&["schema"]);
    assert_eq!((code, serde_json::from_str::<Value>(&stdout).unwrap()), (0, schema()));
}

#[test]
fn a_file_and_its_servers_are_checked() {
    let folder = Folder::new("check");
    let _customers = customers(&folder);
    let good = folder.file("good.toml", format!("{DATABASE}{RULES}"));
    let good = good.to_str().unwrap();
    let offline = (0, format!("{good}: in order\n"), String::new());
    assert_eq!(tool(&["check", good, "--offline"]), offline);
    let (code, stdout, stderr) = tool(&["check", good]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    for line in ["look-up   customer: ", "effect    deduct: prepared", "all well"] {
        assert!(stdout.contains(line), "{stdout}");
    }

    let wrong =
        format!("{DATABASE}{RULES}").replace("select name, plan", "select name, plann as plan");
    let wrong = folder.file("wrong.toml", wrong);
    let (code, stdout, _) = tool(&["check", wrong.to_str().unwrap()]);
    assert!(code == 9 && stdout.contains("plann"), "{code} {stdout}");
    let lacks = format!("{DATABASE}{RULES}").replace("select name, plan", "select name");
    let lacks = folder.file("lacks.toml", lacks);
    let lacks = lacks.to_str().unwrap();
    let (code, stdout, stderr) = tool(&["check", lacks]);
    let line = format!(
        "error: {lacks}:16: ticket.rules[1].when.customer.plan: the look-up customer has no"
    );
    assert!(code == 3 && stderr.starts_with(&line), "{code} {stdout} {stderr}");
    assert!(stdout.contains("finding (no-column)"), "{stdout}");
    let (code, stdout, _) = tool(&["check", lacks, "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, &report["valid"], &report["ok"]),
        (3, &false.into(), &false.into()),
        "{stdout}"
    );
    assert_eq!(report["problems"][0]["line"], 16);
    assert_eq!(report["checks"][0]["kind"], "b");

    let bad = folder.file("bad.toml", "[ticket]\notherwise = 'x'\n");
    let bad = bad.to_str().unwrap();
    let (code, stdout, stderr) = tool(&["check", bad]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(stderr.starts_with(&format!("error: {bad}:2: ticket.otherwise: must be")), "{stderr}");
    let (code, stdout, _) = tool(&["check", bad, "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["problems"][0]["line"]), (3, &2.into()));
}

#[test]
fn the_service_s_own_certificate_is_looked_at() {
    let folder = Folder::new("certificate");
    let day = rcgen::date_time_ymd;
    let key = rcgen::KeyPair::generate().unwrap();
    folder.file("pw", "hunter2");
    folder.file("key.pem", key.serialize_pem());
    folder.file("other.pem", rcgen::KeyPair::generate().unwrap().serialize_pem());
    let make = |edit: &dyn Fn(&mut rcgen::CertificateParams)| {
        let mut params = rcgen::CertificateParams::new(vec!["crm.example.com".to_owned()]).unwrap();
        edit(&mut params);
        params.self_signed(&key).unwrap().pem()
    };
    let usual = make(&|_| ());
    let ca = |name: &str| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap()
    };
    let (company, other) = (ca("the company"), ca("another"));
    let names = vec!["*.example.com".to_owned()];
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &company);
    let leaf = leaf.unwrap().pem();
    for (pem, code, words) in [
        (usual.clone(), 0, "for crm.example.com"),
        (
            make(&|p| (p.not_before, p.not_after) = (day(2001, 1, 1), day(2002, 2, 3))),
            9,
            "finding (certificate-expired): the certificate expired at 2002-02-03T00:00:00Z",
        ),
        (make(&|p| p.not_before = day(2099, 1, 1)), 9, "finding (certificate-not-yet-valid)"),
        (
            make(&|p| p.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained)),
            9,
            "finding (certificate-authority)",
        ),
        (make(&|p| p.subject_alt_names.clear()), 9, "finding (certificate-no-alternative-name)"),
        (leaf.clone(), 0, "note (certificate-unknown-issuer): CN=the company is not in the file"),
        ([leaf.clone(), company.pem()].concat(), 0, "for *.example.com"),
        ([leaf, other.pem()].concat(), 9, "finding (certificate-chain): the second certificate"),
    ] {
        folder.file("cert.pem", &pem);
        let text = "[service]\npassword_file = 'pw'\ntls_certificate = 'cert.pem'\n\
            tls_key = 'key.pem'\n[ticket]\n";
        let file = folder.file("p.toml", text);
        let file = file.to_str().unwrap();
        for arguments in [&["check", file, "--offline"][..], &["check", file]] {
            let (found, stdout, stderr) = tool(arguments);
            assert_eq!(found, code, "{words}: {stdout}{stderr}");
            assert!(stdout.contains(words), "{words}: {stdout}{stderr}");
        }
        let file =
            folder.file("q.toml", text.replace("tls_key = 'key.pem'", "tls_key = 'other.pem'"));
        let (code, _, stderr) = tool(&["check", file.to_str().unwrap()]);
        assert!(code == 3 && stderr.contains("it is not the key of the certificate"), "{stderr}");
    }
}

#[test]
fn examples_are_tried() {
    let folder = Folder::new("test");
    let connection = customers(&folder);
    let examples = "
        [[examples]]
        name = 'asked'
        operation = 'StartTicket'
        request = { emailFrom = 'ann@x' }
        answer = { TicketCreation = 'TRUE', departmentName = 'Urgent' }
        [[examples]]
        name = 'stood in'
        operation = 'StartTicket'
        request = { emailFrom = 'nobody' }
        lookups = { customer = [{ plan = 'Gold' }] }
        answer = { departmentName = 'Urgent' }
        [[examples]]
        name = 'fields'
        operation = 'GetCustomFieldOptions'
        answer = { '[Server]' = 'visible, options: a | b' }
        ";
    let good = folder.file("good.toml", format!("{DATABASE}{RULES}{examples}"));
    let (code, stdout, stderr) = tool(&["test", good.to_str().unwrap()]);
    assert!(code == 0 && stdout.ends_with("3 examples, all as they say\n"), "{stdout}{stderr}");
    let tickets = "select tickets from c where name = 'Ann'";
    let tickets = || connection.query_row(tickets, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(tickets(), 1, "nothing was deducted");

    let bad = examples.replace(
        "departmentName = 'Urgent' }\n        [[examples]]\n        name = 'f",
        "departmentName = 'Sales', x = '1' }\n        [[examples]]\n        name = 'f",
    );
    let bad = folder.file("bad.toml", format!("{DATABASE}{RULES}{bad}"));
    let (code, stdout, _) = tool(&["test", bad.to_str().unwrap()]);
    assert_eq!(code, 8, "{stdout}");
    for line in [
        "FAILED stood in  (",
        "       departmentName is \"Urgent\", not \"Sales\"\n",
        "       x is not there, and should be \"1\"\n",
        "3 examples, 1 not as they say\n",
    ] {
        assert!(stdout.contains(line), "{stdout}");
    }
    let (code, stdout, _) = tool(&["test", bad.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, &report["ok"], &report["examples"][0]["passed"]),
        (8, &false.into(), &true.into())
    );
    let none = folder.file("none.toml", format!("{DATABASE}{RULES}"));
    let none = none.to_str().unwrap();
    assert_eq!(tool(&["test", none]).0, 3);

    // Those beside it are as good as those in it.
    let beside = folder.file("beside.toml", examples);
    let (code, stdout, _) = tool(&["test", none, "--examples", beside.to_str().unwrap()]);
    let place = format!("asked  ({}:2)", beside.display());
    assert!(code == 0 && stdout.contains(&place) && stdout.contains("3 examples"), "{stdout}");
    let wrong = "[ticket]\n[[examples]]\noperation = 'StartTicket'\nlookups = { custmer = [] }\n";
    let wrong = folder.file("wrong.toml", wrong);
    let (code, _, stderr) = tool(&["test", none, "--examples", wrong.to_str().unwrap()]);
    for line in [":1: ticket: there is no such key", ":4: examples[1].lookups.custmer: there is no"]
    {
        assert!(code == 3 && stderr.contains(&format!("{}{line}", wrong.display())), "{stderr}");
    }
}

#[test]
fn an_answer_is_explained_and_nothing_is_done() {
    let folder = Folder::new("explain");
    let connection = customers(&folder);
    let path = folder.file("p.toml", format!("{DATABASE}{RULES}"));
    let path = path.to_str().unwrap();
    let (code, stdout, stderr) = tool(&["explain", path, "startticket", "emailFrom=ann@x"]);
    let open = "warning: the answer may be another one: what could change something was not asked or done\n";
    assert_eq!((code, stderr.as_str()), (0, open), "{stdout}");
    for part in [
        "customer",
        "Gold",
        "gold",
        "effect deduct: not run here",
        "StartTicket: allowed\n",
        "departmentName  Urgent\n",
    ] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    let (code, stdout, _) = tool(&["explain", path, "StartTicket", "emailFrom=ann@x", "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &report["answer"]["outcome"]), (0, &"allowed".into()));
    assert!(report["explanation"].as_array().unwrap().len() > 2, "{report}");
    assert_eq!(report["open"], true);
    let free = folder.file("free.toml", "[ticket]\n");
    let (_, stdout, stderr) = tool(&["explain", free.to_str().unwrap(), "StartTicket", "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&report["open"], stderr.as_str()), (&false.into(), ""), "{report}");
    let tickets = "select tickets from c where name = 'Ann'";
    let left: i64 = connection.query_row(tickets, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
    assert_eq!(tool(&["explain", path, "StartTicket", "nonsense"]).0, 2);
    // The old service's password and people's are nowhere.
    let forwarded = folder.file(
        "f.toml",
        "[login]\notherwise = 'forward'\n[forward]\nurl = 'http://127.0.0.1:9/'\npassword = 'hunter2'\n",
    );
    let password = folder.file("pw", "hunter3");
    let password = format!("loginPassword=@{}", password.display());
    let arguments =
        ["explain", forwarded.to_str().unwrap(), "Authenticate", "loginUsername=a", &password];
    let (code, stdout, stderr) = tool(&arguments);
    assert_eq!(code, 7, "{stdout}{stderr}");
    assert!(stdout.contains("failed: old service http://127.0.0.1:9/"), "{stdout}");
    assert!(!format!("{stdout}{stderr}").contains("hunter"), "{stdout}{stderr}");
}
