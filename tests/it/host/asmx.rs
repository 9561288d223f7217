//! The rules of ASMX that no captured exchange shows, on the host without any network.

use external_providers::http::{Headers, HttpRequest, HttpResponse};
use external_providers::{Host, sample};

const V11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const V12: &str = "http://www.w3.org/2003/05/soap-envelope";
const TEXT: &str = "text/xml; charset=utf-8";
const SOAP: &str = "application/soap+xml; charset=utf-8";
const ECHO: &str =
    "<inputs><InputVariables><string>diagnostic=echo</string></InputVariables></inputs>";

fn host() -> Host {
    let services = sample::diagnostic_services("s3cret", "http://tempuri.org/");
    Host::builder().services(services).build().unwrap()
}

/// An envelope as the captured requests have it.
fn envelope(namespace: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:soap=\"{namespace}\"><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

fn call(operation: &str, inputs: &str) -> String {
    format!("<{operation} xmlns=\"http://tempuri.org/\">{inputs}</{operation}>")
}

async fn post(content_type: &str, action: Option<&str>, body: impl Into<Vec<u8>>) -> HttpResponse {
    let mut headers = Headers::new();
    if !content_type.is_empty() {
        headers.push("Content-Type", content_type.to_owned());
    }
    if let Some(action) = action {
        headers.push("SOAPAction", action.to_owned());
    }
    let target = "/provider.ASMX".to_owned();
    let request = HttpRequest { method: "POST".into(), target, headers, body: body.into() };
    host().answer(&request).await.unwrap()
}

fn text(response: &HttpResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

#[track_caller]
fn expect(response: &HttpResponse, status: u16, content_type: &str, body: &str) {
    let shown = text(response);
    assert_eq!(response.status, status, "{shown}");
    assert_eq!(response.headers.get("Content-Type").as_deref(), Some(content_type), "{shown}");
    match body {
        "" => assert_eq!(shown, ""),
        body => assert!(shown.contains(body), "{body}: {shown}"),
    }
}

const AUTHENTICATE: Option<&str> = Some("\"http://tempuri.org/Authenticate\"");

#[tokio::test]
async fn types_are_looked_at_where_dotnet_looks() {
    let inputs = |attribute: &str, string: &str| {
        let list =
            format!("<InputVariables><string>diagnostic=echo</string>{string}</InputVariables>");
        envelope(V11, &call("Authenticate", &format!("<inputs {attribute}>{list}</inputs>")))
    };
    let right = "xmlns:t=\"http://tempuri.org/\" xsi:type=\"t:ExternalLoginProviderInputs\"";
    expect(&post(TEXT, AUTHENTICATE, inputs(right, "")).await, 200, TEXT, "diagnostic=echo");
    let number = "<string xsi:type=\"xsd:int\">7</string>";
    expect(&post(TEXT, AUTHENTICATE, inputs("", number)).await, 200, TEXT, "<string>7</string>");
    let unknown = post(TEXT, AUTHENTICATE, inputs("xsi:type=\"Nope\"", "")).await;
    let fault = "<faultcode>soap:Client</faultcode><faultstring>Server was unable to read request. \
                 ---&gt; There is an error in XML document (1, 262). ---&gt; The specified type was \
                 not recognized: name='Nope', namespace='http://tempuri.org/', at &lt;inputs \
                 xmlns='http://tempuri.org/'&gt;.</faultstring><detail />";
    expect(&unknown, 500, TEXT, fault);
    assert_eq!(unknown.headers.get("Cache-Control").as_deref(), Some("private"));
}

#[tokio::test]
async fn the_operation_is_found_as_asmx_finds_it() {
    let echo = envelope(V11, &call("Authenticate", ECHO));
    let echo12 = envelope(V12, &call("Authenticate", ECHO));
    for action in ["http://tempuri.org/Authenticate", "http%3A//tempuri.org/Authenticate"] {
        expect(&post(TEXT, Some(action), echo.clone()).await, 200, TEXT, "echo Authenticate");
    }
    let other = Some("\"http://tempuri.org/StartChat\"");
    let null = "---&gt; Object reference not set to an instance of an object.<";
    expect(&post(TEXT, other, echo.clone()).await, 500, TEXT, null);
    // An unknown SOAPAction goes before anything that is wrong with the message.
    for (action, shown) in [
        ("'http://tempuri.org/Authenticate'", "'http://tempuri.org/Authenticate'"),
        ("\" http://tempuri.org/Authenticate \"", " http://tempuri.org/Authenticate "),
        ("\"Authenticate\"", "Authenticate"),
        ("\"HTTP://TEMPURI.ORG/Authenticate\"", "HTTP://TEMPURI.ORG/Authenticate"),
        ("\"a&b\"", "a&amp;b"),
    ] {
        let fault = format!("value of HTTP Header SOAPAction: {shown}.</faultstring>");
        for (content_type, body) in [(TEXT, &*echo), (TEXT, "<"), ("text/plain", "")] {
            expect(&post(content_type, Some(action), body).await, 500, TEXT, &fault);
        }
    }
    let of = |action: &str| format!("{SOAP}; action={action}");
    for content_type in [
        of("\"http://tempuri.org/Authenticate\""),
        of("http://tempuri.org/Authenticate"),
        of("\"http://tempuri.org/Nope\""),
        of("\"\""),
        "application/soap+xml; action=\"http://tempuri.org/Authenticate\"; charset=utf-8".into(),
        SOAP.to_owned(),
    ] {
        expect(&post(&content_type, None, echo12.clone()).await, 200, SOAP, "echo Authenticate");
        // A SOAPAction beside it is ignored.
        let nope = Some("\"http://tempuri.org/Nope\"");
        expect(&post(&content_type, nope, echo12.clone()).await, 200, SOAP, "echo Authenticate");
    }
    let unknown = envelope(V12, &call("Nope", ""));
    let fault = "<soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason><soap:Text \
                 xml:lang=\"en\">Unable to handle request. The action 'urn:x' was not \
                 recognized.</soap:Text>";
    expect(&post(&of("\"urn:x\""), None, unknown).await, 500, SOAP, fault);
    let other = of("\"http://tempuri.org/StartChat\"");
    expect(&post(&other, None, echo12.clone()).await, 500, SOAP, null);
    expect(&post(TEXT, AUTHENTICATE, echo12.clone()).await, 200, SOAP, "echo Authenticate");
    expect(&post(TEXT, None, echo12).await, 200, SOAP, "echo Authenticate");
    expect(&post(SOAP, None, echo).await, 415, TEXT, "");
}

#[tokio::test]
async fn what_is_no_soap_is_refused_as_asmx_refuses_it() {
    let echo = envelope(V11, &call("Authenticate", ECHO));
    for content_type in ["", "text/plain", "application/xml", "multipart/related", "text/xmlx"] {
        expect(&post(content_type, AUTHENTICATE, echo.clone()).await, 415, TEXT, "");
    }
    let cut = |at: usize| echo[..at].to_owned();
    let broken = [
        String::new(),
        "no XML".to_owned(),
        cut(20),
        cut(150),
        cut(echo.len() - 1),
        format!(" {echo}"),
        format!("{echo}x"),
        format!("{echo}<a/>"),
        echo.replace("</inputs>", "</outputs>"),
        echo.replace("diagnostic", "&nbsp;"),
        echo.replace("diagnostic", "&#1;"),
        echo.replace("diagnostic", "a<!-- -->"),
        echo.replace("1.0", "1.1"),
        echo.replace("?>", "?><!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x\">"),
        echo.replace("<inputs>", "<inputs a=\"1\" a=\"2\">"),
    ];
    for body in broken {
        expect(&post(TEXT, AUTHENTICATE, body.clone()).await, 400, TEXT, "");
        let (of, body) =
            (format!("{SOAP}; action={}", AUTHENTICATE.unwrap()), body.replace(V11, V12));
        expect(&post(&of, None, body).await, 400, SOAP, "");
    }
    for (body, sentence) in [
        ("", "Root element is missing."),
        ("  \n x", "Data at the root level is invalid. Line 2, position 2."),
    ] {
        let fault = format!("Server was unable to process request. ---&gt; {sentence}</soap:Text>");
        expect(&post(TEXT, None, body).await, 500, SOAP, &fault);
        expect(&post("text/plain", None, body).await, 500, SOAP, &fault);
    }
    let no_body = echo.replace("soap:Body", "soap:Nobody");
    let fault = "<faultcode>soap:Client</faultcode><faultstring>Server was unable to read request. \
                 ---&gt; Request format is invalid: Missing required soap:Body element.<";
    expect(&post(TEXT, AUTHENTICATE, no_body).await, 500, TEXT, fault);
    for (body, namespace) in [
        ("<a/>".to_owned(), ""),
        ("<a xmlns='urn:a'/>".to_owned(), "urn:a"),
        (envelope("urn:b", ""), "urn:b"),
    ] {
        let fault = format!("version mismatch: Envelope namespace {namespace} was unexpected.");
        for (content_type, action) in [(TEXT, AUTHENTICATE), (SOAP, None), (TEXT, None)] {
            let answer = post(content_type, action, body.clone()).await;
            expect(&answer, 500, TEXT, &fault);
            assert!(text(&answer).contains("soap12:Upgrade"));
        }
    }
}

#[tokio::test]
async fn inputs_are_read_as_asmx_reads_them() {
    let answer = |inputs: &'static str| async move {
        post(TEXT, AUTHENTICATE, envelope(V11, &call("Authenticate", inputs))).await
    };
    let denied = "<Success>false</Success><Message>Permission Denied</Message><OutputVariables />";
    for inputs in [
        "<inputs/>",
        "<inputs xsi:nil=\"true\"/>",
        "<inputs><InputVariables/></inputs>",
        "<inputs><InputVariables xsi:nil=\"1\"/></inputs>",
        "<inputs><InputVariables><item>a=b</item></InputVariables></inputs>",
        "<inputs><InputVariables><string>=v</string><string>k==v=</string></InputVariables></inputs>",
    ] {
        expect(&answer(inputs).await, 200, TEXT, denied);
    }
    let null = "---&gt; Object reference not set to an instance of an object.<";
    for inputs in [
        "",
        "<Inputs/>",
        "<inputs xmlns=\"\"/>",
        "<inputs><InputVariables><string xsi:nil=\"true\">a=b</string></InputVariables></inputs>",
    ] {
        expect(&answer(inputs).await, 500, TEXT, null);
    }
    let index = "---&gt; Index was outside the bounds of the array.<";
    let empty = "<inputs><InputVariables><string/></InputVariables></inputs>";
    expect(&answer(empty).await, 500, TEXT, index);
    let surrogate = "<inputs><InputVariables><string>diagnostic=badchar</string>\
                     <string>codePoint=55296</string></InputVariables></inputs>";
    expect(&answer(surrogate).await, 500, TEXT, "There was an error generating the XML document.");
}

#[tokio::test]
async fn long_values_come_back_as_code_units() {
    let value = "x".repeat(60_000);
    let inputs = format!(
        "<inputs><InputVariables><string>diagnostic=codepoints</string><string>v={value}</string>\
         </InputVariables></inputs>"
    );
    let body = envelope(V11, &call("Authenticate", &inputs));
    let units = format!("<string>0076 003D{}</string>", " 0078".repeat(60_000));
    expect(&post(TEXT, AUTHENTICATE, body).await, 200, TEXT, &units);
}

/// Whatever is done to a message, the answer is one that ASMX gives, and nothing panics.
#[tokio::test]
async fn mutilated_messages_are_answered() {
    let host = host();
    let messages = crate::support::captures("structure");
    // Not random, so that a failure can be repeated (Knuth's MMIX generator).
    let mut state = 1_u64;
    let mut below = |limit: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit.max(1)
    };
    let pieces: [&[u8]; 8] =
        [b"<", b">", b"&#", b"]]>", b"<!--", b"xmlns:a=\"\" ", b"\xed\xa0\x80", b"\0"];
    for capture in messages.iter().cycle().take(6_000) {
        let mut request = capture.request.clone();
        for _ in 0..=below(3) {
            let at = below(request.body.len());
            match below(5) {
                0 => request.body.truncate(at),
                1 if !request.body.is_empty() => request.body[at] ^= 1 << below(8),
                2 => drop(request.body.splice(at..at, pieces[below(pieces.len())].iter().copied())),
                3 => {
                    let end = (at + below(40)).min(request.body.len());
                    drop(request.body.drain(at..end));
                }
                _ => request.body.extend_from_within(at..),
            }
        }
        let answer = host.answer(&request).await.unwrap();
        let known = matches!(answer.status, 200 | 400 | 415 | 500);
        assert!(known, "{}: {}", capture.name, answer.status);
        assert!(!text(&answer).contains("failed unexpectedly"), "{}", capture.name);
    }
}
