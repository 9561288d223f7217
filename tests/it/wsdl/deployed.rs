//! WSDL documents of services as they are deployed: four ports and three port types, test forms,
//! DataSets, overloads. `deployed.wsdl` and `overloads.wsdl` are what ASMX (Mono) writes of such
//! services.

use external_providers::Client;
use external_providers::client::DiscoverError;
use external_providers::contract::Kind;
use external_providers::doctor::{Options, Severity, Subject, check};
use external_providers::soap::SoapVersion;
use external_providers::wsdl::{Description, Documents, Find, Match};

use crate::doctor::peers::{respond, serve};
use crate::support::repository;

const NAMESPACE: &str = "http://www.example.com/webservices/";

fn sample(name: &str) -> String {
    std::fs::read_to_string(repository(&format!("tests/it/wsdl/reader/{name}.wsdl"))).unwrap()
}

fn read(text: &str) -> Description {
    let mut documents = Documents::default();
    assert_eq!(documents.add("test.wsdl", text.as_bytes(), "text/xml", None).unwrap(), []);
    documents.finish(true).unwrap()
}

/// What is found: the contract's name, the service's, and how.
fn found(find: &Find) -> Vec<(&str, &str, Match)> {
    find.found.iter().map(|f| (f.operation.name, f.name.as_str(), f.by)).collect()
}

const ALL: [(&str, &str, Match); 3] = [
    ("Authenticate", "Authenticate", Match::Exact),
    ("GetCustomFieldOptions", "GetCustomFieldOptions", Match::Exact),
    ("StartTicket", "StartTicket", Match::Exact),
];

/// Another operation, a copy of one of the document's.
fn copied(text: &str, from: &str, to: &str) -> String {
    let mut text = text.to_owned();
    for (start, end) in [
        (format!("<s:element name=\"{from}\">"), "</s:element>\n      <s:"),
        (format!("<s:element name=\"{from}Response\">"), "</s:element>\n      <s:"),
        (format!("<wsdl:message name=\"{from}SoapIn\">"), "<wsdl:message"),
        (format!("<wsdl:message name=\"{from}SoapOut\">"), "<wsdl:message"),
        (format!("<wsdl:operation name=\"{from}\">"), "<wsdl:operation"),
    ] {
        let mut at = 0;
        while let Some(begin) = text[at..].find(&start).map(|begin| at + begin) {
            let rest = &text[begin + start.len()..];
            let length = match end.starts_with("</") {
                true => rest.find(end).unwrap() + "</s:element>\n      ".len(),
                false => {
                    let close = format!("</{}>", start[1..].split(' ').next().unwrap());
                    rest.find(&close).unwrap() + close.len()
                }
            };
            let end = begin + start.len() + length;
            let copy = text[begin..end].replace(from, to);
            text.insert_str(end, &copy);
            at = end + copy.len();
        }
    }
    text
}

#[test]
fn what_is_not_soap_is_ignored() {
    let text = sample("deployed");
    assert_eq!(text.matches("<wsdl:port ").count(), 4);
    assert_eq!(text.matches("<wsdl:portType ").count(), 3);
    // .NET Framework's way to say DataSet, Mono's being another.
    let begin = text.find("<s:sequence maxOccurs=\"unbounded\">").unwrap();
    let end = begin + text[begin..].find("</s:sequence>").unwrap();
    let dataset = "<s:sequence>\n<s:element ref=\"s:schema\" />\n<s:any />\n";
    let dotnet = [&text[..begin], dataset, &text[end..]].concat();
    // Port types without operations, as there are where no method has simple parameters alone.
    let mut empty = text.clone();
    for element in ["portType", "binding"] {
        for port in ["HttpGet", "HttpPost"] {
            let start = empty.find(&format!("<wsdl:{element} name=\"Deployed{port}\"")).unwrap();
            let close = format!("</wsdl:{element}>");
            let body = start + empty[start..].find("<wsdl:operation").unwrap();
            let end = body + empty[body..].find(&close).unwrap();
            empty.replace_range(body..end, "");
        }
    }
    assert!(empty.matches("<wsdl:operation").count() < text.matches("<wsdl:operation").count());
    let self_closed = empty.replace(
        "<wsdl:portType name=\"DeployedHttpGet\">\n    </wsdl:portType>",
        "<wsdl:portType name=\"DeployedHttpGet\" />",
    );
    // The order of the ports says nothing.
    let soap = text.find("<wsdl:port name=\"DeployedSoap\"").unwrap();
    let get = text.find("<wsdl:port name=\"DeployedHttpGet\"").unwrap();
    let end = text.find("</wsdl:service>").unwrap();
    let turned = [&text[..soap], &text[get..end], &text[soap..get], &text[end..]].concat();
    for (name, text) in [
        ("as it is", &text),
        (".NET's DataSet", &dotnet),
        ("empty port types", &empty),
        ("self-closed", &self_closed),
        ("another order", &turned),
    ] {
        let description = read(text);
        let versions: Vec<_> = description.ports.iter().map(|port| port.version).collect();
        assert_eq!(versions, [SoapVersion::V11, SoapVersion::V12], "{name}");
        assert_eq!(description.operation_names().len(), 8, "{name}");
        assert_eq!(description.missing, Vec::<String>::new(), "{name}");
        let find = description.find();
        assert_eq!(find.ambiguous, [], "{name}");
        assert_eq!(found(&find), ALL, "{name}");
        for found in &find.found {
            assert_eq!(description.compare(found), [], "{name}");
            assert_eq!(found.namespace, NAMESPACE);
            assert_eq!(found.unusual_action(SoapVersion::V11), None);
        }
    }
}

#[test]
fn the_type_of_the_input_tells_and_never_that_of_the_result() {
    let text = sample("deployed");
    // Whatever it is called, and whatever else there is.
    let renamed =
        copied(&text, "tAuthenticate", "StartTicketTest").replace("StartTicket\"", "NewCase\"");
    let renamed =
        renamed.replace("StartTicketSoap", "NewCaseSoap").replace("StartTicketRes", "NewCaseRes");
    let description = read(&renamed);
    let find = description.find();
    assert_eq!(found(&find)[2], ("StartTicket", "NewCase", Match::Type));
    let breaking = |kind: &str| {
        let differences = find.found.iter().flat_map(|found| description.compare(found));
        differences.filter(|d| d.severity.to_string() == kind).count()
    };
    assert_eq!((breaking("breaking"), breaking("harmless")), (0, 1), "its name");
    // A result of the kind's type makes no provider of it, even beside the very name's neighbour.
    let none = text.replace("type=\"tns:ExternalLoginProviderInputs\"", "type=\"s:string\"");
    let none = none.replace("Authenticate\"", "LogOn\"").replace("AuthenticateS", "LogOnS");
    let find = read(&none.replace("AuthenticateR", "LogOnR")).find();
    assert_eq!((found(&find), find.ambiguous.len()), (ALL[1..].to_vec(), 0));
}

#[test]
fn where_two_candidates_remain_it_is_said() {
    let text = sample("deployed");
    // The very name goes before all others.
    let find = read(&copied(&text, "StartTicket", "StartTicketOld")).find();
    assert_eq!((found(&find), find.ambiguous.len()), (ALL.to_vec(), 0));
    // Two foreign names, and two that are equally near.
    for [one, other] in [["NewCase", "OpenCase"], ["StartTicket1", "StartTicket2"]] {
        let text = copied(&text, "StartTicket", other);
        let text = text.replace("StartTicket\"", &format!("{one}\""));
        let text = text.replace("StartTicketS", &format!("{one}S"));
        let find = read(&text.replace("StartTicketR", &format!("{one}R"))).find();
        assert_eq!(found(&find), ALL[..2], "{one}");
        let said = find.ambiguous.iter().map(ToString::to_string).collect::<Vec<_>>();
        let [said] = &said[..] else { panic!("{said:?}") };
        assert!(
            said.starts_with(&format!("StartTicket of ticket may be any of {one}, {other}: ")),
            "{said}"
        );
    }
    // But for the case is nearer than but for a letter.
    let text =
        copied(&text, "StartTicket", "StartTicket2").replace("StartTicket\"", "Startticket\"");
    let text = text.replace("StartTicketS", "StartticketS").replace("StartTicketR", "StartticketR");
    assert_eq!(found(&read(&text).find())[2], ("StartTicket", "Startticket", Match::Near));
}

#[test]
fn of_logins_the_name_decides_and_the_second_may_be_missing() {
    let text = sample("deployed");
    // Others with the same inputs take nothing from it, and nothing is guessed for the cookies.
    let more = copied(&copied(&text, "Authenticate", "CheckAdmin"), "Authenticate", "CheckAgent");
    let find = read(&more).find();
    assert_eq!((found(&find), find.ambiguous.len()), (ALL.to_vec(), 0));
    let cookies = copied(&more, "Authenticate", "GetSignInCookieInfo");
    let expected = ("GetSignInCookieInfo", "GetSignInCookieInfo", Match::Exact);
    assert_eq!(found(&read(&cookies).find())[1], expected);
    // Without its name even the only one may be either: one of them asks for no password.
    let nameless =
        text.replace(":Authenticate\"", ":SignIn\"").replace("\"Authenticate\"", "\"SignIn\"");
    let find = read(&nameless).find();
    assert_eq!(found(&find), ALL[1..]);
    assert_eq!(find.ambiguous[0].candidates, ["SignIn"]);
    let said = find.ambiguous[0].to_string();
    assert!(said.ends_with("none has the contract's name"), "{said}");
}

#[test]
fn overloaded_methods_are_told_apart_by_their_messages() {
    let text = sample("overloads");
    let description = read(&text);
    let find = description.find();
    let expected = ("Authenticate", "Authenticate", Match::Exact);
    assert_eq!((found(&find), find.ambiguous.len()), (vec![expected], 0));
    assert_eq!(description.compare(&find.found[0]), []);
    assert_eq!(find.found[0].unusual_action(SoapVersion::V12), None);
    // The other way round: the provider's method is the one with a MessageName.
    let turned = text.replace("AuthenticateTest", "§").replace("Authenticate", "AuthenticateTest");
    let turned = turned.replace('§', "Authenticate");
    let turned =
        turned.replace("operation name=\"AuthenticateTest\"", "operation name=\"Authenticate\"");
    let description = read(&turned);
    let find = description.find();
    let expected = ("Authenticate", "AuthenticateTest", Match::Exact);
    assert_eq!(found(&find), [expected]);
    let binding = find.found[0].binding(SoapVersion::V11).unwrap();
    assert_eq!(binding.action("Authenticate"), "http://tempuri.org/AuthenticateTest");
    let differences = description.compare(&find.found[0]);
    assert!(differences.iter().all(|d| d.severity.to_string() == "harmless"), "{differences:?}");
}

#[tokio::test]
async fn they_are_discovered_and_checked_over_http() {
    let clear = sample("deployed");
    let two = copied(&clear, "StartTicket", "NewCase").replace("StartTicket\"", "OpenCase\"");
    let two = two.replace("StartTicketS", "OpenCaseS").replace("StartTicketR", "OpenCaseR");
    let host = |text: String| {
        serve(move |request| match request.is_get() {
            true => respond("200 OK", "Content-Type: text/xml\r\n", text.as_bytes()),
            false => respond("500 Internal Server Error", "", b""),
        })
    };
    let (clear, two) = (host(clear), host(two));
    let builder = |address| Client::builder(&format!("http://{address}/Deployed.asmx"), "pw");
    for kind in [Kind::Login, Kind::CustomFields, Kind::Ticket] {
        let discovery = builder(clear).discover().await.unwrap();
        let client = discovery.apply(kind, builder(clear)).unwrap().build().unwrap();
        assert_eq!(client.binding().namespace(), NAMESPACE);
    }
    let discovery = builder(two).discover().await.unwrap();
    let error = discovery.apply(Kind::Ticket, builder(two)).unwrap_err();
    assert!(matches!(error, DiscoverError::Ambiguous(_)), "{error}");
    assert!(error.to_string().contains("any of OpenCase, NewCase"), "{error}");
    assert!(discovery.apply(Kind::Login, builder(two)).is_ok());

    let subject = Subject::new(format!("http://{clear}/Deployed.asmx"));
    let report = check(&subject, &Options::default(), |_| ()).await;
    let step = report.step("contract").unwrap();
    assert_eq!(step.text, "implements login, custom_fields, ticket");
    let [missing] = &step.findings[..] else { panic!("{step:#?}") };
    assert_eq!((missing.code, missing.severity), ("missing-operation", Severity::Warning));
    // The document's own address is not the one where it is served here.
    let [address] = &report.step("wsdl").unwrap().findings[..] else { panic!("{report:#?}") };
    assert_eq!((address.code, address.severity), ("wsdl-address", Severity::Warning));
    let subject = Subject { kind: Some(Kind::Ticket), ..subject };
    let subject = Subject { url: format!("http://{two}/Deployed.asmx"), ..subject };
    let report = check(&subject, &Options::default(), |_| ()).await;
    let step = report.step("contract").unwrap();
    assert_eq!(step.findings[0].code, "ambiguous", "{step:#?}");
}
