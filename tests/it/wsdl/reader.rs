//! The WSDL reader: documents as ASMX, WCF and SoapCore write them, and as nobody should.

use external_providers::contract::{Kind, OPERATIONS};
use external_providers::soap::SoapVersion;
use external_providers::wsdl::{
    Description, DifferenceKind, Documents, Limits, Match, Severity, Style, WsdlError, WsdlProblem,
};

use crate::support::repository;

fn file(path: &str) -> Vec<u8> {
    std::fs::read(repository(path)).unwrap()
}

fn sample(name: &str) -> Vec<u8> {
    file(&format!("tests/it/wsdl/reader/{name}"))
}

fn read(text: &str) -> Result<Description, WsdlError> {
    let mut documents = Documents::default();
    documents.add("test.wsdl", text.as_bytes(), "text/xml", None)?;
    documents.finish(true)
}

/// Our own document of a kind, which is as ASMX writes it.
fn own(kind: &str) -> String {
    String::from_utf8(file(&format!("wsdl/{kind}.wsdl"))).unwrap()
}

/// The differences of all that is found, as `severity kind path`.
fn differences(description: &Description) -> Vec<String> {
    let mut lines = Vec::new();
    for found in &description.find().found {
        for d in description.compare(found) {
            lines.push(format!("{} {} {}", d.severity, d.kind, d.path));
            assert!(d.to_string().contains(&d.reason) && !d.reason.is_empty());
        }
    }
    lines
}

#[test]
fn asmx_documents_are_wholly_the_contract() {
    for &kind in Kind::ALL {
        let description = read(&own(&kind.to_string())).unwrap();
        assert_eq!(description.namespace, "http://tempuri.org/");
        let versions: Vec<_> = description.ports.iter().map(|port| port.version).collect();
        assert_eq!(versions, [SoapVersion::V11, SoapVersion::V12]);
        assert!(description.ports[0].address.as_ref().unwrap().ends_with(".asmx"));
        assert_eq!(description.missing, Vec::<String>::new());
        let find = description.find();
        assert_eq!(find.kinds(), [kind]);
        let expected: Vec<_> =
            OPERATIONS.iter().filter(|o| o.kind == kind).map(|o| o.name).collect();
        let found: Vec<_> = find.found.iter().map(|f| (f.name.as_str(), f.by)).collect();
        let expected: Vec<_> = expected.into_iter().map(|name| (name, Match::Exact)).collect();
        assert_eq!(found, expected);
        for found in &find.found {
            assert_eq!(description.compare(found), [], "{kind}");
            assert_eq!(found.unusual_action(SoapVersion::V11), None);
        }
    }
}

#[test]
fn the_captured_document_of_a_real_service_is_read() {
    let capture = crate::support::captures("meta")
        .into_iter()
        .find(|c| c.request.target.to_ascii_lowercase().ends_with("provider.asmx?wsdl"))
        .expect("a captured WSDL");
    let text = String::from_utf8(capture.response.unwrap().body).unwrap();
    let description = read(&text).unwrap();
    let find = description.find();
    assert_eq!(find.kinds(), [Kind::Login, Kind::CustomFields, Kind::Ticket, Kind::LiveChat]);
    assert_eq!(differences(&description), Vec::<String>::new());
}

#[test]
fn all_prefix_styles_are_one() {
    let with_prefixes = own("login");
    let default_is_wsdl = with_prefixes
        .replace("<wsdl:", "<")
        .replace("</wsdl:", "</")
        .replace("xmlns:wsdl=", "xmlns=")
        .replace("tns:", "me:")
        .replace("xmlns:tns", "xmlns:me");
    assert!(!default_is_wsdl.contains("wsdl:"));
    let default_is_schema = with_prefixes
        .replace("<s:schema ", "<schema xmlns='http://www.w3.org/2001/XMLSchema' ")
        .replace("<s:", "<")
        .replace("</s:", "</")
        .replace("\"s:", "\"");
    let expected = read(&with_prefixes).unwrap();
    assert_eq!(read(&default_is_wsdl).unwrap(), expected);
    assert_eq!(read(&default_is_schema).unwrap(), expected);
    let mut bytes = vec![0xEF, 0xBB, 0xBF];
    bytes.extend_from_slice(with_prefixes.as_bytes());
    let mut documents = Documents::default();
    documents.add("bom", &bytes, "", None).unwrap();
    assert_eq!(documents.finish(true).unwrap(), expected);
}

#[test]
fn what_wcf_splits_is_put_together() {
    let mut documents = Documents::default();
    let mut wanted = documents.add("?wsdl", &sample("wcf.wsdl"), "text/xml", None).unwrap();
    let mut asked = Vec::new();
    while let Some(import) = wanted.pop() {
        let name = match import.location.rsplit_once('?').unwrap().1 {
            "wsdl=wsdl0" => "wcf_wsdl0.wsdl",
            "xsd=xsd0" => "wcf_xsd0.xsd",
            other => panic!("{other}"),
        };
        assert!(import.line > 0);
        asked.push(name);
        let namespace = Some(import.namespace.as_str());
        wanted.extend(documents.add(name, &sample(name), "text/xml", namespace).unwrap());
    }
    // Not the schema of WCF's own types.
    assert_eq!(asked, ["wcf_wsdl0.wsdl", "wcf_xsd0.xsd"]);
    let description = documents.finish(true).unwrap();
    assert_eq!(description.ports.len(), 2);
    let find = description.find();
    let found = find.named("Authenticate").unwrap();
    assert_eq!((found.namespace.as_str(), found.by), ("urn:company:helpdesk", Match::Exact));
    let action = "urn:company:helpdesk/ILogin/Authenticate";
    assert_eq!(found.unusual_action(SoapVersion::V12), Some(action));
    let binding = found.binding(SoapVersion::V11).unwrap();
    assert_eq!(binding.action("Authenticate"), action);
    // Another case: nearly the contract's name.
    let cookie = find.named("GetSignInCookieInfo").unwrap();
    assert_eq!((cookie.name.as_str(), cookie.by), ("GetSigninCookieInfo", Match::Near));
    assert!(cookie.speaks(SoapVersion::V11) && !cookie.speaks(SoapVersion::V12));
    assert_eq!(
        differences(&description),
        [
            "harmless name Authenticate",
            "harmless name Authenticate",
            "harmless name GetSigninCookieInfo",
            "harmless name GetSigninCookieInfo",
            "harmless version GetSigninCookieInfo",
        ]
    );
}

#[test]
fn an_import_that_cannot_be_read_is_noted_or_an_error() {
    let start = || {
        let mut documents = Documents::default();
        documents.add("?wsdl", &sample("wcf.wsdl"), "text/xml", None).unwrap();
        documents
    };
    let description = start().finish(false).unwrap();
    assert_eq!(description.missing, ["portType {urn:company:helpdesk}ILogin"]);
    // What its operations are called in messages, and in which namespace, is in the import.
    assert_eq!(description.find().found, []);
    let error = start().finish(true).unwrap_err();
    assert!(matches!(error.problem, WsdlProblem::Dangling { what: "portType", .. }), "{error}");
    assert_eq!(error.line, 1);
}

#[test]
fn the_data_contract_serializer_breaks_the_contract() {
    let text = String::from_utf8(sample("wcf_datacontract.wsdl")).unwrap();
    let description = read(&text).unwrap();
    let lines = differences(&description);
    for expected in [
        "breaking namespace StartTicket/inputs/InputVariables",
        "breaking namespace StartTicketResponse/StartTicketResult/Success",
        "breaking namespace StartTicketResponse/StartTicketResult/OutputVariables/string",
        "harmless order StartTicketResponse/StartTicketResult",
        "harmless occurrence StartTicketResponse/StartTicketResult/Success",
        "harmless nillable StartTicketResponse/StartTicketResult/Message",
        "harmless version StartTicket",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected}: {lines:#?}");
    }
}

#[test]
fn soapcore_documents_are_read_and_found_by_type() {
    let text = String::from_utf8(sample("soapcore.wsdl")).unwrap();
    let description = read(&text).unwrap();
    let find = description.find();
    assert_eq!(find.kinds(), [Kind::UserInformation]);
    let found = find.named("GetUserInfo").unwrap();
    assert_eq!((found.name.as_str(), found.by), ("FindUser", Match::Type));
    let action = "http://tempuri.org/IUserInfoService/FindUser";
    assert_eq!(found.unusual_action(SoapVersion::V11), Some(action));
    assert!(differences(&description).iter().all(|line| line.starts_with("harmless")));
}

#[test]
fn login_operations_that_names_do_not_tell_apart_are_ambiguous() {
    let text = own("login").replace("Authenticate", "Check").replace("GetSignInCookieInfo", "Look");
    let find = read(&text).unwrap().find();
    assert_eq!(find.found, []);
    let names: Vec<_> = find.ambiguous.iter().map(|a| a.operation).collect();
    assert_eq!(names, ["Authenticate", "GetSignInCookieInfo"]);
    assert_eq!(find.ambiguous[0].candidates, ["Check", "Look"]);
    let said = find.ambiguous[0].to_string();
    assert!(said.contains("Authenticate of login may be any of Check, Look"), "{said}");
    let text = own("login").replace("\"Authenticate", "\"authenticate");
    let find = read(&text.replace(":Authenticate", ":authenticate")).unwrap().find();
    assert_eq!(find.named("Authenticate").unwrap().by, Match::Near);
    assert_eq!(find.named("GetSignInCookieInfo").unwrap().by, Match::Exact);
}

#[test]
fn each_difference_is_seen() {
    let inputs = "<s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"InputVariables\" type=\"tns:ArrayOfString\" />";
    let success =
        "<s:element minOccurs=\"1\" maxOccurs=\"1\" name=\"Success\" type=\"s:boolean\" />";
    let outputs = "<s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"OutputVariables\" type=\"tns:ArrayOfString\" />";
    let message =
        "<s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"Message\" type=\"s:string\" />";
    let extra = "<s:element minOccurs=\"1\" maxOccurs=\"1\" name=\"Extra\" type=\"s:int\" />";
    let result = "StartChatResponse/StartChatResult";
    let cases: Vec<(&str, String, String)> = vec![
        (outputs, String::new(), format!("breaking missing {result}")),
        (message, String::new(), format!("harmless missing {result}")),
        (success, success.replace("boolean", "string"), format!("breaking type {result}/Success")),
        (
            success,
            success.replace("\"1\" max", "\"0\" max"),
            format!("harmless occurrence {result}/Success"),
        ),
        (success, format!("{extra}{success}"), format!("harmless extra {result}")),
        (
            message,
            message.replace("/>", "nillable=\"true\" />"),
            format!("harmless nillable {result}/Message"),
        ),
        (message, message.replace("string", "dateTime"), format!("breaking type {result}/Message")),
        (inputs, String::new(), "breaking missing StartChat/inputs".into()),
        (inputs, format!("{inputs}{extra}"), "breaking extra StartChat/inputs".into()),
        (
            inputs,
            inputs.replace("\" type=\"tns:ArrayOfString", "\" type=\"s:string"),
            "breaking type StartChat/inputs/InputVariables".into(),
        ),
        ("name=\"inputs\"", "name=\"arg0\"".into(), "breaking name StartChat/arg0".into()),
        (
            "name=\"string\"",
            "name=\"item\"".into(),
            "breaking name StartChat/inputs/InputVariables/item".into(),
        ),
        (
            "name=\"StartChatResult\"",
            "name=\"return\"".into(),
            "breaking name StartChatResponse/return".into(),
        ),
        (
            "elementFormDefault=\"qualified\"",
            String::new(),
            "breaking namespace StartChat/inputs".into(),
        ),
        ("style=\"document\"", "style=\"rpc\"".into(), "breaking style StartChat".into()),
        ("use=\"literal\"", "use=\"encoded\"".into(), "breaking encoding StartChat".into()),
        (
            "soapAction=\"http://tempuri.org/StartChat\"",
            "soapAction=\"x\"".into(),
            "harmless name StartChat".into(),
        ),
        ("ExternalChatProviderInputs", "MyInputs".into(), "harmless type StartChat".into()),
        ("ExternalChatProviderResult", "MyResult".into(), format!("harmless type {result}")),
    ];
    let document = own("live_chat");
    for (from, to, expected) in cases {
        assert!(document.contains(from), "{from}");
        let lines = differences(&read(&document.replace(from, &to)).unwrap());
        assert!(lines.contains(&expected), "{expected}: {lines:#?}");
    }
    let swapped = document.replace(message, "").replace(outputs, &format!("{outputs}{message}"));
    let lines = differences(&read(&swapped).unwrap());
    assert!(lines.contains(&format!("harmless order {result}")), "{lines:?}");
    assert!(lines.iter().all(|line| line.starts_with("harmless order ")), "{lines:?}");
    // An item of the custom fields.
    let fields = own("custom_fields");
    let flag =
        "<s:element minOccurs=\"1\" maxOccurs=\"1\" name=\"ChangeVisible\" type=\"s:boolean\" />";
    let description = read(&fields.replace(flag, "")).unwrap();
    let found = description.find().found[0].clone();
    let [difference] = &description.compare(&found)[..] else { panic!() };
    assert_eq!(difference.kind, DifferenceKind::Missing);
    assert!(difference.path.ends_with("/CustomFieldDataItems/ExternalCustomFieldData"));
    assert_eq!(difference.severity, Severity::Breaking);
}

#[test]
fn what_is_not_needed_is_passed_over() {
    let extended = own("ticket")
        .replace("<wsdl:types>", "<x:policy xmlns:x='urn:x'><x:y/></x:policy><wsdl:documentation>a <b/></wsdl:documentation><wsdl:types><z xmlns='urn:z'/>")
        .replace("</wsdl:service>", "<wsdl:port name='Get' binding='tns:Get'><http:address location='http://h/'/></wsdl:port></wsdl:service>")
        .replace("<wsdl:service ", "<wsdl:binding name='Get' type='tns:None'><http:binding verb='GET'/></wsdl:binding><wsdl:service ");
    assert_eq!(read(&extended).unwrap(), read(&own("ticket")).unwrap());
}

#[test]
fn rpc_services_are_recognised_by_their_parts() {
    let text = own("ticket")
        .replace(
            "<wsdl:part name=\"parameters\" element=\"tns:StartTicket\" />",
            "<wsdl:part name=\"inputs\" type=\"tns:ExternalTicketProviderInputs\" />",
        )
        .replace("style=\"document\"", "style=\"rpc\"");
    let description = read(&text).unwrap();
    assert_eq!(description.ports[0].operations[0].style, Style::Rpc);
    let lines = differences(&description);
    assert_eq!(lines, ["breaking style StartTicket"], "{lines:?}");
}

#[test]
fn malformed_documents_are_refused_with_their_line() {
    let document = own("ticket");
    let line_of = |text: &str| 1 + document[..document.find(text).unwrap()].matches('\n').count();
    for (from, to, line) in [
        ("</wsdl:types>", "</wsdl:type>", line_of("</wsdl:types>")),
        (
            "type=\"tns:ArrayOfString\"",
            "type=\"zzz:ArrayOfString\"",
            line_of("name=\"InputVariables\""),
        ),
        (
            "<wsdl:binding name=\"TicketProviderSoap\" ",
            "<wsdl:binding ",
            line_of("<wsdl:binding name=\"TicketProviderSoap\" "),
        ),
        ("maxOccurs=\"unbounded\"", "maxOccurs=\"-1\"", line_of("maxOccurs=\"unbounded\"")),
        (
            "binding=\"tns:TicketProviderSoap\"",
            "binding=\"tns:Nowhere\"",
            line_of("<wsdl:port name=\"TicketProviderSoap\""),
        ),
        (
            "message=\"tns:StartTicketSoapIn\"",
            "message=\"tns:Nothing\"",
            line_of("message=\"tns:StartTicketSoapIn\""),
        ),
        (
            "element=\"tns:StartTicketResponse\"",
            "element=\"tns:Gone\"",
            line_of("message=\"tns:StartTicketSoapOut\""),
        ),
    ] {
        let error = read(&document.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().starts_with("test.wsdl, line "), "{error}");
    }
    for (text, problem) in [
        ("", "no root element"),
        ("<html><body/></html>", "root element is {}html"),
        ("<!DOCTYPE html><html/>", "DOCTYPE"),
        ("<s:schema xmlns:s='http://www.w3.org/2001/XMLSchema'/>", "not the definitions"),
        ("<d:description xmlns:d='http://www.w3.org/ns/wsdl'/>", "WSDL 2.0"),
        ("<d:definitions xmlns:d='http://schemas.xmlsoap.org/wsdl/'/>", "no SOAP service"),
        (&document[..document.len() / 2], "the document ends inside"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    // Any cut, any byte lost: an error or a description, never a panic.
    for at in (0..document.len()).step_by(37) {
        let _ = read(&document[..at]);
        let _ = read(&[&document[..at], &document[at + 1..]].concat());
    }
}

#[test]
fn limits_hold() {
    let document = own("login");
    let add = |limits: Limits| {
        let mut documents = Documents::with_limits(limits);
        documents.add("a", document.as_bytes(), "", None).map(|_| documents)
    };
    let size = Limits { size: 1000, ..Limits::default() };
    assert!(add(size).unwrap_err().to_string().contains("(limit `size`)"));
    let definitions = Limits { definitions: 10, ..Limits::default() };
    let error = add(definitions).unwrap_err();
    assert!(error.to_string().contains("(limit `definitions`)") && error.line > 1, "{error}");
    let mut documents = add(Limits { documents: 1, ..Limits::default() }).unwrap();
    let error = documents.add("b", document.as_bytes(), "", None).unwrap_err();
    assert!(error.to_string().contains("(limit `documents`)"), "{error}");
    // Ten thousand operations are no more than ten thousand.
    let many: String = (0..10_000)
        .map(|n| format!("<wsdl:operation name='o{n}'><wsdl:input message='tns:AuthenticateSoapIn'/></wsdl:operation>"))
        .collect();
    let bound: String = (0..10_000).map(|n| format!("<wsdl:operation name='o{n}'/>")).collect();
    let crowd = document
        .replace("</wsdl:portType>", &format!("{many}</wsdl:portType>"))
        .replace("</wsdl:binding>", &format!("{bound}</wsdl:binding>"));
    let description = read(&crowd).unwrap();
    assert_eq!(description.find().named("Authenticate").unwrap().by, Match::Exact);
    assert_eq!(description.operation_names().len(), 10_002);
    // Types in types in types: refused before the stack ends.
    let nested = "<s:sequence>".repeat(5000);
    let deep = document.replacen("<s:sequence>", &nested, 1);
    assert!(read(&deep).unwrap_err().to_string().contains("nested elements"));
    // Types that extend each other come to an end.
    let circle = document.replace("<s:complexType name=\"ExternalLoginProviderResult\">", "<s:complexType name=\"ExternalLoginProviderResult\"><s:complexContent><s:extension base=\"tns:ExternalLoginProviderResult\"/></s:complexContent>");
    let description = read(&circle).unwrap();
    assert!(description.find().found.iter().all(|f| description.compare(f).len() < 100));
}
