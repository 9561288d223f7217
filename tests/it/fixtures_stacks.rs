//! Replay across stacks: recorded with one, answered for all others that make the same call.

use external_providers::Secret;
use external_providers::contract::{Authenticate, Variables};
use external_providers::http::{Headers, HttpRequest};
use external_providers::replay::Replay;
use external_providers::soap::{Binding, SoapVersion};

use crate::fixtures_replay::{answer, recording};
use crate::support::{Capture, captures};

const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
const NS: &str = "http://tempuri.org/";
const TYPES: &str = "xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:d='http://www.w3.org/2001/XMLSchema'";
const STRINGS: &str = "<string>authPW=pw</string><string>loginUsername=me</string>";

fn request(content_type: &str, action: Option<&str>, body: String) -> HttpRequest {
    let mut headers = Headers::new();
    headers.push("Content-Type", content_type.to_owned());
    if let Some(action) = action {
        headers.push("SOAPAction", action.to_owned());
    }
    let target = "/Provider.asmx".to_owned();
    HttpRequest { method: "POST".into(), target, headers, body: body.into_bytes() }
}

/// A call in SOAP 1.1 with a header, and with what stands in the operation's element.
fn call(header: &str, wrapper: &str) -> HttpRequest {
    let body = format!(
        "<s:Envelope xmlns:s='{SOAP11}' {TYPES}>{header}<s:Body>\
         <GetSignInCookieInfo xmlns='{NS}' xmlns:n='{NS}'>{wrapper}</GetSignInCookieInfo></s:Body></s:Envelope>"
    );
    request("text/xml; charset=utf-8", Some(&format!("\"{NS}GetSignInCookieInfo\"")), body)
}

fn header(entries: &str) -> HttpRequest {
    call(&format!("<s:Header>{entries}</s:Header>"), &inputs(STRINGS))
}

fn inputs(strings: &str) -> String {
    format!("<inputs><InputVariables>{strings}</InputVariables></inputs>")
}

fn replay_of(request: &HttpRequest, headers: &[&str]) -> Replay {
    let request = request.clone();
    let mut fixtures = recording(&[Capture { name: "it".to_owned(), request, response: None }]);
    fixtures[0].policy.headers = headers.iter().map(|&name| name.to_owned()).collect();
    Replay::new(fixtures).unwrap()
}

fn matches(one: &HttpRequest, other: &HttpRequest) -> bool {
    answer(&replay_of(one, &[]), other) == "it"
}

/// Each of them answers each.
fn assert_same(requests: &[(&str, HttpRequest)]) -> usize {
    for (name, one) in requests {
        let replay = replay_of(one, &[]);
        for (other, request) in requests {
            assert_eq!(answer(&replay, request), "it", "recorded: {name}, sent: {other}");
        }
    }
    requests.len() * requests.len()
}

#[test]
fn captured_clients_answer_for_each_other() {
    let mut pairs = 0;
    for clients in [
        &["clients/mono-wsdl-1.1", "clients/zeep-1.1"][..],
        &["clients/mono-wsdl-1.2", "clients/php-1.2"],
    ] {
        for recorded in clients {
            let replay = Replay::new(recording(&captures(recorded))).unwrap();
            for capture in clients.iter().flat_map(|client| captures(client)) {
                // Mono writes a CR as it is, which is read as an LF: another call.
                if capture.name != "diagnostic-echo-cr" {
                    assert_eq!(answer(&replay, &capture.request), capture.name, "{recorded}");
                    pairs += 1;
                }
            }
            // The versions stay apart.
            let is_11 = recorded.ends_with("1.1");
            let foreign = if is_11 { "clients/php-1.2" } else { "clients/zeep-1.1" };
            for capture in captures(foreign) {
                assert_ne!(answer(&replay, &capture.request), capture.name, "{recorded}");
            }
        }
    }
    assert_eq!(pairs, 2 * 2 * 2 * 31);
}

#[test]
fn other_stacks_make_the_same_call() {
    let soap11 = |content_type: &str, action: Option<&str>, body: String| {
        request(content_type, action, body)
    };
    let (quoted, bare) =
        (format!("\"{NS}GetSignInCookieInfo\""), format!("{NS}GetSignInCookieInfo"));
    let utf8 = "text/xml; charset=utf-8";
    let axis = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n <soapenv:Envelope xmlns:soapenv=\"{SOAP11}\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n  \
         <soapenv:Body soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\n   \
         <GetSignInCookieInfo xmlns=\"{NS}\">\n    <inputs xsi:type=\"ns1:ExternalLoginProviderInputs\" xmlns:ns1=\"{NS}\">\n     \
         <InputVariables xsi:type=\"ns1:ArrayOfString\"><string xsi:type=\"xsd:string\">authPW=pw</string>\
         <string xsi:type=\"xsd:string\">loginUsername=me</string></InputVariables></inputs>\n   \
         </GetSignInCookieInfo>\n  </soapenv:Body>\n </soapenv:Envelope>"
    );
    let jaxws = format!(
        "<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S=\"{SOAP11}\" xmlns:SOAP-ENV=\"{SOAP11}\">\
         <SOAP-ENV:Header/><S:Body><ns2:GetSignInCookieInfo xmlns:ns2=\"{NS}\"><ns2:inputs><ns2:InputVariables>\
         <ns2:string>authPW=pw</ns2:string><ns2:string>loginUsername=me</ns2:string></ns2:InputVariables>\
         </ns2:inputs></ns2:GetSignInCookieInfo></S:Body></S:Envelope>"
    );
    let suds = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope xmlns:ns0=\"{NS}\" xmlns:ns1=\"{SOAP11}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:SOAP-ENV=\"{SOAP11}\" \
         xsi:schemaLocation=\"{NS} provider.xsd\"><SOAP-ENV:Header/><ns1:Body><ns0:GetSignInCookieInfo><ns0:inputs>\
         <ns0:InputVariables><ns0:string>authPW=pw</ns0:string><ns0:string>loginUsername=me</ns0:string>\
         </ns0:InputVariables></ns0:inputs></ns0:GetSignInCookieInfo></ns1:Body></SOAP-ENV:Envelope>"
    );
    let lite = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope \
         soap:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\" xmlns:soap=\"{SOAP11}\" \
         xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body><GetSignInCookieInfo xmlns=\"{NS}\"><inputs>\
         <InputVariables soapenc:arrayType=\"xsd:string[2]\" xsi:type=\"soapenc:Array\">\
         <string xsi:type=\"xsd:string\">authPW=pw</string><string xsi:type=\"xsd:string\">loginUsername=me</string>\
         </InputVariables></inputs></GetSignInCookieInfo></soap:Body></soap:Envelope>"
    );
    let wcf = header(
        "<a:MessageID xmlns:a='http://www.w3.org/2005/08/addressing'>urn:uuid:1</a:MessageID>\
         <ActivityId xmlns='http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics'>2</ActivityId>",
    );
    let strings = inputs(STRINGS);
    let all = [
        ("plain", call("", &strings)),
        ("Axis", soap11("text/xml;charset=UTF-8", Some(&quoted), axis)),
        ("JAX-WS", soap11("text/xml; charset='utf-8'", Some(&quoted), jaxws.clone())),
        ("JAX-WS without an action", soap11("text/xml; charset=\"UTF-8\"", None, jaxws)),
        ("suds", soap11(utf8, Some(&bare), suds)),
        ("SOAP::Lite", soap11(utf8, Some(&quoted), lite)),
        ("WCF", wcf),
        ("empty header", header("")),
        ("comment and instruction", header("<!-- c --><?p i?>")),
        (
            "two lists",
            call(
                "",
                &strings.replacen("</string>", "</string></InputVariables><InputVariables>", 1),
            ),
        ),
        ("unknown element", call("<x/>", &format!("<Other>1</Other>{strings}stray"))),
        ("unknown member", call("", &strings.replace("<inputs>", "<inputs a='b'><More/>text"))),
        ("second inputs", call("", &format!("{strings}<inputs/>"))),
    ];
    assert_eq!(assert_same(&all), 169);

    let body = |header: &str| {
        format!(
            "<s:Envelope xmlns:s='{SOAP12}' {TYPES}>{header}<s:Body><GetSignInCookieInfo xmlns='{NS}'>{strings}\
             </GetSignInCookieInfo></s:Body></s:Envelope>"
        )
    };
    let media = |rest: &str| format!("application/soap+xml{rest}");
    let soap12 = [
        ("bare", request(&media("; charset=utf-8"), None, body(""))),
        ("action", request(&media(&format!("; charset=utf-8; action={quoted}")), None, body(""))),
        (
            "action first",
            request(&media(&format!(";action={quoted};charset=UTF-8")), None, body("<s:Header/>")),
        ),
        ("header beside it", request(&media("; charset=utf-8"), Some(&quoted), body(""))),
        ("empty action", request(&media("; charset=utf-8; action=\"\""), None, body(""))),
        ("unknown action", request(&media("; charset=utf-8; action=\"urn:x\""), None, body(""))),
    ];
    assert_eq!(assert_same(&soap12), 36);
    assert!(!matches(&all[0].1, &soap12[0].1) && !matches(&soap12[0].1, &all[0].1));
}

#[test]
fn lists_without_members_are_one() {
    let all: Vec<_> = [
        "<inputs/>",
        "<inputs></inputs>",
        "<inputs i:nil='true'/>",
        "<inputs i:nil='1'/>",
        "<inputs><InputVariables/></inputs>",
        "<inputs><InputVariables i:nil='true'/></inputs>",
        "<inputs><InputVariables><item>authPW=x</item></InputVariables></inputs>",
        "<inputs><String>x</String></inputs>",
        "<inputs><InputVariables xmlns='urn:other'><string>a=b</string></InputVariables></inputs>",
    ]
    .into_iter()
    .map(|wrapper| (wrapper, call("", wrapper)))
    .collect();
    assert_eq!(assert_same(&all), 81);
}

#[test]
fn what_the_service_tells_apart_stays_apart() {
    let security = "<w:Security xmlns:w='urn:w' s:mustUnderstand='1'>n</w:Security>";
    let all = [
        call("", &inputs(STRINGS)),
        call("", ""),
        call("", "<inputs/>"),
        call("", &inputs("<string/>")),
        call("", &inputs("<string i:nil='true'/>")),
        call("", &inputs("<string>authPW=pw</string>")),
        call("", &inputs("<string>loginUsername=me</string><string>authPW=pw</string><string/>")),
        call("", &inputs(STRINGS).replace("<inputs>", "<inputs i:type='n:Unknown'>")),
        call("", &inputs(STRINGS).replace("<inputs>", "<inputs i:type='d:string'>")),
        call("", &inputs(STRINGS).replacen("<string>", "<string i:type='n:Unknown'>", 1)),
        call("", &inputs(STRINGS).replacen("=me", "=me<b/>", 1)),
        header(security),
        header(&security.replace("Security", "Other")),
    ];
    for (i, one) in all.iter().enumerate() {
        for (j, other) in all.iter().enumerate() {
            assert_eq!(matches(one, other), i == j, "{i} and {j}");
        }
    }
    for same in [security.replace("'1'", "' true '"), security.replace(">n<", ">another nonce<")] {
        assert!(matches(&header(security), &header(&same)), "{same}");
    }
    assert!(matches(&header(&security.replace("'1'", "'0'")), &header("")));
    let error = answer(&replay_of(&header(security), &[]), &header(""));
    assert!(
        error.contains("Envelope/Header: recorded an element with content, received absent"),
        "{error}"
    );
}

#[test]
fn headers_are_compared_where_the_policy_names_them() {
    let message = |id: &str, tenant: &str| {
        header(&format!(
            "<a:MessageID xmlns:a='urn:a'>{id}</a:MessageID><b:Tenant xmlns:b='urn:b' s:mustUnderstand='0'>{tenant}</b:Tenant>"
        ))
    };
    let recorded = message("1", "north");
    for (headers, same, other) in [
        (&[][..], message("2", "south"), None),
        (&["Tenant"], message("2", "north"), Some(message("1", "south"))),
        (&["{urn:b}Tenant"], message("2", "north"), Some(message("1", "south"))),
        (&["{urn:c}Tenant"], message("2", "south"), None),
        (&["MessageID", "{urn:b}Tenant"], message("1", "north"), Some(message("2", "north"))),
        (&["MessageID"], message("1", "south"), Some(header(""))),
    ] {
        let replay = replay_of(&recorded, headers);
        assert_eq!(answer(&replay, &same), "it", "{headers:?}");
        if let Some(other) = other {
            let error = answer(&replay, &other);
            assert!(error.contains("Envelope/Header"), "{headers:?}: {error}");
        }
    }
}

#[test]
fn calls_beyond_the_contract_are_compared_as_a_whole() {
    let call = |inside: &str| {
        let body = format!(
            "<s:Envelope xmlns:s='{SOAP11}' {TYPES}><s:Body><Other xmlns='urn:o'>{inside}</Other></s:Body></s:Envelope>"
        );
        request("text/xml; charset=utf-8", Some("\"urn:o/Other\""), body)
    };
    let one = call("<a>1</a>");
    assert!(matches(&one, &call(&format!("<a i:type='d:string' s:encodingStyle='{NS}'>1</a>"))));
    for other in ["<a>2</a>", "<a i:type='d:int'>1</a>", "<a>1</a><b/>", "<a c=''>1</a>", ""] {
        assert!(!matches(&one, &call(other)), "{other}");
    }
}

#[test]
fn the_own_client_makes_the_same_calls() {
    let mut pairs = 0;
    for (version, clients) in [
        (SoapVersion::V11, ["clients/mono-wsdl-1.1", "clients/zeep-1.1"]),
        (SoapVersion::V12, ["clients/mono-wsdl-1.2", "clients/php-1.2"]),
    ] {
        let binding = Binding::new(NS, version);
        let password = Secret::new("secret");
        let login = |login_password: &str| {
            let login = Authenticate {
                login_username: "myusername".into(),
                login_password: login_password.into(),
                other: Variables::new(),
            };
            binding.encode_request("/Provider.asmx", Some(&password), &login).unwrap()
        };
        let own = [("auth-badlogin", login("wrong")), ("auth-ok", login("mypassword"))];
        for client in clients {
            let captures = captures(client);
            let replay = Replay::new(recording(&captures)).unwrap();
            for (name, own) in &own {
                assert_eq!(answer(&replay, own), *name, "{client}");
                let theirs = captures.iter().find(|capture| capture.name == *name).unwrap();
                assert!(matches(own, &theirs.request), "{client}");
                pairs += 2;
            }
        }
    }
    assert_eq!(pairs, 16);
}
