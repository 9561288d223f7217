//! The endpoints of `tests/examples`, one in Python and one in Node, behind a provider's file, asked by .NET's
//! proxy of the service's own WSDL.

use std::process::Command;

use super::password;
use super::provider_file::{dot_net, empty, repository, serve_file, start};

const TOKEN: &str = "the-token-of-the-endpoint";

#[test]
fn endpoints_in_other_languages_answer_dot_nets_proxy() {
    for (program, example, version) in
        [("python3", "json_provider.py", "1.1"), ("node", "json_provider.js", "1.2")]
    {
        let folder = empty(&format!("json-provider-{program}"));
        let mut endpoint = Command::new(program);
        endpoint.arg(repository("tests/examples").join(example)).arg("0").env("TOKEN", TOKEN);
        let (_endpoint, url) = start(&mut endpoint);
        std::fs::write(folder.join("token"), TOKEN).unwrap();
        let file = format!(
            "[ticket]\nprovider = \"json\"\n
            rules = [{{ when = {{ subject = {{ contains_word = \"spam\" }} }}, refuse = \"No.\" }}]
            [json]\nurl = \"{url}\"\ntoken_file = \"token\"\n"
        );
        let (_served, url) = serve_file(&file, &folder);
        let call = |variables: &str| format!("StartTicket\tauthPW={}\t{variables}\n", password());
        let calls = [
            "subject=Server down\tcf_Plan=Gold",
            "subject=hello\tcf_Plan=None",
            "subject=\tcf_Plan=Ünïcode \"quoted\"",
            "subject=spam",
        ];
        let said = dot_net(&folder, &url, version, calls.map(call).concat());
        let lines: Vec<_> = said.lines().collect();
        let expected = [
            "\tTicketCreation=TRUE\tdepartmentName=Emergency\tcf_Priority=High",
            "You have no support plan.\tTicketCreation=FALSE",
            "\tTicketCreation=TRUE",
            "No.\tTicketCreation=FALSE",
        ];
        assert_eq!(lines, expected, "{program}");
        let log = std::fs::read_to_string(folder.join("served.log")).unwrap();
        assert!(!log.contains(TOKEN), "{log}");
    }
}
