//! The WSDL documents against what a real service publishes, and against the codec.

use std::collections::BTreeMap;

use external_providers::contract::raw::{
    Presence, RawCustomFieldData, RawInputs, RawResult, StringList,
};
use external_providers::contract::{Kind, OPERATIONS};
use external_providers::host::{Host, Service};
use external_providers::sample::Sample;
use external_providers::soap::{Binding, DEFAULT_NAMESPACE, SoapVersion};
use external_providers::xml::{Limits, Reader};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{captures, repository};

const XSD: &str = "http://www.w3.org/2001/XMLSchema";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";

/// An element with its attributes, text and children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Node {
    name: String,
    namespace: String,
    attributes: BTreeMap<&'static str, String>,
    children: Vec<Node>,
}

fn tree(text: &str) -> Node {
    let mut r = Reader::new(text, Limits::default()).unwrap();
    r.root().unwrap();
    let root = node(&mut r);
    r.finish().unwrap();
    root
}

fn node(r: &mut Reader<'_>) -> Node {
    let mut node =
        Node { name: r.local().to_owned(), namespace: r.namespace().to_owned(), ..Node::default() };
    for name in [
        "name",
        "type",
        "element",
        "minOccurs",
        "maxOccurs",
        "nillable",
        "message",
        "soapAction",
        "style",
        "use",
        "transport",
        "binding",
        "location",
        "targetNamespace",
        "elementFormDefault",
    ] {
        if let Some(value) = r.attribute("", name) {
            node.attributes.insert(name, value.into_owned());
        }
    }
    while r.child().unwrap() {
        node.children.push(self::node(r));
    }
    node
}

impl Node {
    fn all<'n>(&'n self, namespace: &str, name: &str, found: &mut Vec<&'n Self>) {
        if self.name == name && self.namespace == namespace {
            found.push(self);
        }
        for child in &self.children {
            child.all(namespace, name, found);
        }
    }

    fn named(&self) -> &str {
        self.attributes.get("name").map_or("", String::as_str)
    }
}

/// What a WSDL says of its types, messages and operations, but for names that follow the service's.
fn facts(text: &str) -> BTreeMap<String, Node> {
    let root = tree(text);
    let mut facts = BTreeMap::new();
    let mut schemas = Vec::new();
    root.all(XSD, "schema", &mut schemas);
    assert_eq!(schemas.len(), 1);
    assert_eq!(schemas[0].attributes["elementFormDefault"], "qualified");
    assert_eq!(schemas[0].attributes["targetNamespace"], root.attributes["targetNamespace"]);
    for part in &schemas[0].children {
        facts.insert(format!("{} {}", part.name, part.named()), part.clone());
    }
    for message in root.children.iter().filter(|c| c.name == "message") {
        facts.insert(format!("message {}", message.named()), message.clone());
    }
    for owner in root.children.iter().filter(|c| matches!(c.name.as_str(), "portType" | "binding"))
    {
        let transport = owner.children.iter().find(|c| c.name == "binding");
        let soap = transport.map_or("", |t| t.namespace.as_str());
        for operation in owner.children.iter().filter(|c| c.name == "operation") {
            let key = format!("{} {soap} {}", owner.name, operation.named());
            facts.insert(key, operation.clone());
        }
    }
    facts
}

fn document(kind: Kind) -> String {
    let path = repository("wsdl").join(format!("{kind}.wsdl"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_document_says_what_the_captured_service_says() {
    let captured: BTreeMap<String, Node> = captures("meta")
        .iter()
        .filter(|c| matches!(c.name.as_str(), "meta-wsdl" | "meta-ext-wsdl"))
        .flat_map(|c| facts(std::str::from_utf8(&c.response.as_ref().unwrap().body).unwrap()))
        .collect();
    let mut ours = BTreeMap::new();
    for &kind in Kind::ALL {
        ours.extend(facts(&document(kind)));
    }
    // Operations that came later are as the others are: the host publishes them in ASMX's order.
    let is_later = |name: &&str| !captured.contains_key(&format!("element {name}"));
    let later: Vec<_> = OPERATIONS.iter().map(|info| info.name).filter(is_later).collect();
    ours.retain(|key, _| !later.iter().any(|name| key.contains(name)));
    assert_eq!(ours.keys().collect::<Vec<_>>(), captured.keys().collect::<Vec<_>>());
    assert_eq!(ours, captured);
    assert!(ours.len() > 60, "{}", ours.len());
}

#[test]
fn each_operation_stands_in_its_kinds_document_alone() {
    for &kind in Kind::ALL {
        let text = document(kind);
        for operation in OPERATIONS {
            let offered = text.contains(&format!("<wsdl:operation name=\"{}\">", operation.name));
            assert_eq!(offered, operation.kind == kind, "{kind} {}", operation.name);
        }
        let root = tree(&text);
        let mut services = Vec::new();
        root.all(WSDL, "service", &mut services);
        assert_eq!(services.len(), 1);
        assert_eq!(services[0].children.len(), 2, "a port for each SOAP version");
    }
}

/// Checks an element against the schema: children in sequence, each as often as it may be.
fn check(schema: &BTreeMap<String, Node>, element: &Node, type_of: &Node) {
    let mut sequences = Vec::new();
    type_of.all(XSD, "element", &mut sequences);
    let particles: Vec<_> = sequences.into_iter().filter(|p| !std::ptr::eq(*p, type_of)).collect();
    let mut at = 0;
    for child in &element.children {
        let place = particles[at..].iter().position(|p| p.named() == child.name);
        let place = place.unwrap_or_else(|| panic!("{} in {}", child.name, element.name));
        for skipped in &particles[at..at + place] {
            assert_eq!(skipped.attributes["minOccurs"], "0", "{} is due", skipped.named());
        }
        at += place;
        let particle = particles[at];
        let type_name = particle.attributes["type"].trim_start_matches("tns:");
        let nil = particle.attributes.contains_key("nillable") && child.children.is_empty();
        if nil {
            continue;
        }
        if let Some(complex) = schema.get(&format!("complexType {type_name}")) {
            check(schema, child, complex);
        } else {
            assert!(matches!(type_name, "s:string" | "s:boolean"), "{type_name}");
            assert_eq!(child.children, []);
        }
        if particle.attributes["maxOccurs"] == "1" {
            at += 1;
        }
    }
    for rest in &particles[at..] {
        assert_eq!(rest.attributes["minOccurs"], "0", "{} is due", rest.named());
    }
}

#[test]
fn what_the_codec_writes_is_valid() {
    let list = || Presence::Value(StringList(vec![Some("a=b".into()), None, Some(String::new())]));
    let item = RawCustomFieldData {
        custom_field_name: Presence::Value("n".into()),
        list_options: list(),
        ..Default::default()
    };
    let results = [
        RawResult::default(),
        RawResult {
            success: true,
            message: Presence::Value("m".into()),
            output_variables: list(),
            custom_field_data_items: Presence::Absent,
        },
    ];
    let mut checked = 0;
    for operation in OPERATIONS {
        let schema = facts(&document(operation.kind));
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let binding = Binding::new(DEFAULT_NAMESPACE, version);
            let mut valid = |body: Vec<u8>, suffix: &str| {
                let root = tree(std::str::from_utf8(&body).unwrap());
                let wrapper = &root.children[0].children[0];
                let declared = &schema[&format!("element {}{suffix}", operation.name)];
                assert_eq!(wrapper.name, declared.named());
                assert_eq!(wrapper.namespace, DEFAULT_NAMESPACE);
                check(&schema, wrapper, declared);
                checked += 1;
            };
            for inputs in [Presence::Absent, Presence::Value(RawInputs { input_variables: list() })]
            {
                let http = binding.encode_raw_request("/", operation.name, &inputs).unwrap();
                valid(http.body, "");
            }
            for result in &results {
                let mut result = result.clone();
                if operation.kind.has_items() {
                    let items = vec![None, Some(RawCustomFieldData::default()), Some(item.clone())];
                    result.custom_field_data_items = Presence::Value(items);
                }
                let result = Presence::Value(result);
                let http = binding.encode_raw_response(operation.name, &result).unwrap();
                valid(http.body, "Response");
            }
        }
    }
    assert_eq!(checked, 8 * OPERATIONS.len());
}

#[tokio::test]
async fn the_host_publishes_these_documents() {
    let service = |kind: Kind, name: &str| {
        let service = Service::new(format!("/{name}.asmx"), "pw");
        match kind {
            Kind::Login => service.login(Sample),
            Kind::CustomFields => service.custom_fields(Sample),
            Kind::Ticket => service.ticket(Sample),
            Kind::LiveChat => service.live_chat(Sample),
            Kind::UserInformation => service.user_information(Sample),
            Kind::Events => service.events(Sample),
            Kind::Registration => service.registration(Sample),
            other => panic!("{other}"),
        }
    };
    let name = |kind: Kind| {
        let inputs = kind.inputs_type();
        inputs["External".len()..inputs.len() - "Inputs".len()].to_owned()
    };
    let services = Kind::ALL.iter().map(|&kind| service(kind, &name(kind)));
    let host = Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    for &kind in Kind::ALL {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let get = format!(
            "GET /{}.asmx?WSDL HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            name(kind)
        );
        stream.write_all(get.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, published) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(published.trim_end(), document(kind).trim_end(), "{kind}");
    }
}
