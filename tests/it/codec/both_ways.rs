//! The four functions, case by case.

use external_providers::Secret;
use external_providers::client::CallError;
use external_providers::contract::custom_fields::Interaction;
use external_providers::contract::raw::{
    Presence, RawCustomFieldData, RawInputs, RawResult, StringList,
};
use external_providers::contract::{
    Absent, Answer, Authenticate, Authentication, CustomFieldChange, CustomFieldOptions,
    EventHandled, Failure, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent,
    Operation, RegisterUser, Registration, Start, StartChat, StartTicket, UserInformation,
    VariableError, Variables,
};
use external_providers::http::{Headers, HttpResponse};
use external_providers::secret::Mask;
use external_providers::soap::{
    Binding, DEFAULT_NAMESPACE, DecodeError, EncodeError, Fault, FaultCode, Problem, RequestError,
    SoapVersion,
};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

fn body(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn answer(inner: &str) -> HttpResponse {
    soap(&format!(
        "<AuthenticateResponse xmlns='{DEFAULT_NAMESPACE}'>{inner}</AuthenticateResponse>"
    ))
}

fn soap(inner: &str) -> HttpResponse {
    respond(&format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:xsi='{XSI}'><s:Body>{inner}</s:Body></s:Envelope>"
    ))
}

fn respond(body: &str) -> HttpResponse {
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    HttpResponse { status: 200, headers, body: body.as_bytes().to_vec() }
}

fn decode(response: &HttpResponse) -> Result<Answer<Authentication>, DecodeError> {
    Binding::default()
        .decode_response::<Authenticate>(response, &Mask::default())
        .map(|answer| answer.unwrap())
}

fn problem(response: &HttpResponse) -> (String, Problem) {
    match decode(response) {
        Err(DecodeError::Malformed(error)) => (error.path.clone(), error.problem.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_is_written_in_the_order_of_the_contract() {
    let request = StartTicket {
        login_username: Some("u".into()),
        email_from: None,
        department_name: Some(String::new()),
        subject: Some("a<b & \"c\"".into()),
        ticket_number: None,
        custom_fields: Variables::from([("Serial", "1"), ("é x", "2")]),
        other: Variables::from([("z", "1"), ("a", "2")]),
    };
    let binding = Binding::new("urn:x&y", SoapVersion::V12);
    let http = binding.encode_request("/p.asmx", Some(&Secret::new("p<w")), &request).unwrap();
    let expected = concat!(
        "<StartTicket xmlns=\"urn:x&amp;y\"><inputs><InputVariables>",
        "<string>authPW=p&lt;w</string><string>loginUsername=u</string>",
        "<string>emailFrom=</string><string>departmentName=</string>",
        "<string>subject=a&lt;b &amp; \"c\"</string><string>ticketNumber=</string>",
        "<string>cf_Serial=1</string><string>cf_é x=2</string><string>z=1</string>",
        "<string>a=2</string></InputVariables></inputs></StartTicket></soap:Body></soap:Envelope>"
    );
    let text = body(http.body.clone());
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(
        http.headers.get("Content-Type").unwrap(),
        "application/soap+xml; charset=utf-8; action=\"urn:x&y/StartTicket\""
    );
    assert_eq!(http.headers.get("SOAPAction"), None);
    // A setting restores leaving out; what is given empty is sent all the same.
    let binding = binding.with_absent(Absent::Omit);
    let http = binding.encode_request("/p.asmx", Some(&Secret::new("p<w")), &request).unwrap();
    let expected = expected
        .replace("<string>emailFrom=</string>", "")
        .replace("<string>ticketNumber=</string>", "");
    let text = body(http.body.clone());
    assert!(text.ends_with(&expected), "{text}");
    let call = binding.decode_request::<StartTicket>(&http).unwrap();
    assert_eq!(call.request, request);
    assert_eq!(call.auth_password, Some(Secret::new("p<w")));
    assert_eq!(call.version, SoapVersion::V12);
}

#[test]
fn what_has_no_value_is_sent_empty_but_for_two() {
    fn keys<T: Operation>(request: &T) -> Vec<String> {
        let text = body(Binding::default().encode_request("/", None, request).unwrap().body);
        let entries = text.split("<string>").skip(1);
        entries.map(|entry| entry.split("</string>").next().unwrap().to_owned()).collect()
    }
    assert_eq!(keys(&Authenticate::default()), ["loginUsername=", "loginPassword="]);
    assert_eq!(keys(&GetSignInCookieInfo::default()), ["loginUsername="]);
    // Absent, location is page two and interactiontype a ticket. Empty they are never sent: a place
    // says nothing then, and an interaction means a chat.
    let mut fields = GetCustomFieldOptions::default();
    assert_eq!(keys(&fields), ["loginUsername=", "departmentName="]);
    fields.interaction_type = Some(String::new());
    assert_eq!(fields.interaction(), Interaction::Chat);
    assert_eq!(keys(&fields), ["loginUsername=", "departmentName=", "interactiontype=CHAT"]);
    fields.location = Some(String::new());
    assert_eq!(keys(&fields)[2..], ["interactiontype=CHAT"]);
    (fields.location, fields.interaction_type) = (Some(" ".into()), Some("x".into()));
    assert_eq!(keys(&fields)[2..], ["location= ", "interactiontype=x"]);
    let ticket = ["loginUsername=", "emailFrom=", "departmentName=", "subject=", "ticketNumber="];
    assert_eq!(keys(&StartTicket::default()), ticket);
    assert_eq!(keys(&StartChat::default()), ticket[..3]);
    let user = ["loginUsername=", "emailFrom=", "departmentName=", "ticketNumber="];
    assert_eq!(keys(&GetUserInfo::default()), user);
    assert_eq!(keys(&HandleEvent::default()), ["eventName="]);
    let register = ["loginUsername=", "loginPassword=", "EmailAddress=", "DisplayName="];
    assert_eq!(keys(&RegisterUser::default()), register);
}

#[test]
fn what_cannot_be_read_again_is_not_written() {
    let encode = |other: Variables, username: &str| {
        let request = Authenticate {
            login_username: username.into(),
            login_password: "hunter2".into(),
            other,
        };
        Binding::default().encode_request("/", None, &request).unwrap_err()
    };
    let error = encode(Variables::from([("a=b", "1")]), "u");
    assert!(matches!(&error, EncodeError::Key { key, .. } if key == "a=b"), "{error}");
    assert!(error.to_string().contains("\"a=b\" holds \"=\""), "{error}");
    let error = encode(Variables::from([("loginPassword=hunter2", "")]), "u");
    assert!(error.to_string().contains("\"loginPassword=***\""), "{error}");
    let fields = Variables::from([("a=b", "1")]);
    let ticket = StartTicket { custom_fields: fields.clone(), ..Default::default() };
    let error = Binding::default().encode_request("/", None, &ticket).unwrap_err();
    assert!(error.to_string().contains("\"cf_a=b\""), "{error}");
    let result = Start::Allowed { department_name: None, custom_fields: fields };
    let answer = Answer::new(result, "");
    let error = Binding::default().encode_response::<StartTicket>(Ok(&answer)).unwrap_err();
    assert!(error.to_string().contains("\"cf_a=b\""), "{error}");
    for key in ["authPW", "loginUsername", "loginPassword"] {
        let error = encode(Variables::from([(key, "1")]), "u");
        assert!(matches!(&error, EncodeError::Reserved { .. }), "{error}");
    }
    let error = encode(Variables::new(), "a\u{1}hunter2");
    assert!(matches!(&error, EncodeError::Character { code: 1, .. }), "{error}");
    assert!(error.to_string().contains("loginUsername"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");

    let refused = Answer {
        result: Authentication::Refused,
        message: None,
        other: Variables::from([("Authentication", "OK")]),
    };
    let error = Binding::default().encode_response::<Authenticate>(Ok(&refused)).unwrap_err();
    assert!(matches!(error, EncodeError::Reserved { .. }), "an answer must not contradict itself");
}

#[test]
fn absent_empty_and_nil_stay_three_things() {
    let binding = Binding::default();
    let lists = [
        Presence::Absent,
        Presence::Nil,
        Presence::Value(StringList::default()),
        Presence::Value(StringList(vec![None, Some(String::new()), Some("  ".into()), None])),
    ];
    let messages = [
        Presence::Absent,
        Presence::Nil,
        Presence::Value(String::new()),
        Presence::Value("m".into()),
    ];
    let items = [
        Presence::Absent,
        Presence::Nil,
        Presence::Value(Vec::new()),
        Presence::Value(vec![
            None,
            Some(RawCustomFieldData::default()),
            Some(RawCustomFieldData {
                custom_field_name: Presence::Nil,
                list_options: Presence::Nil,
                change_required: true,
                ..Default::default()
            }),
            Some(RawCustomFieldData {
                custom_field_name: Presence::Value(String::new()),
                list_options: Presence::Value(StringList(vec![None])),
                new_visible_value: true,
                ..Default::default()
            }),
        ]),
    ];
    let mut count = 0;
    for list in &lists {
        for message in &messages {
            for items in &items {
                let result = Presence::Value(RawResult {
                    success: count % 2 == 0,
                    message: message.clone(),
                    output_variables: list.clone(),
                    custom_field_data_items: items.clone(),
                });
                let http = binding.encode_raw_response("GetCustomFieldOptions", &result).unwrap();
                let again = binding
                    .decode_raw_response("GetCustomFieldOptions", &http, &Mask::default())
                    .unwrap();
                assert_eq!(again, result, "{}", body(http.body));
                count += 1;
            }
        }
        let inputs = Presence::Value(RawInputs { input_variables: list.clone() });
        let http = binding.encode_raw_request("/", "Authenticate", &inputs).unwrap();
        let read = external_providers::soap::Envelope::read(
            &http,
            DEFAULT_NAMESPACE,
            &external_providers::soap::Limits::default(),
        )
        .unwrap();
        assert_eq!(read.inputs, inputs);
    }
    for result in [Presence::Absent, Presence::Nil] {
        let http = binding.encode_raw_response("Authenticate", &result).unwrap();
        let again = binding.decode_raw_response("Authenticate", &http, &Mask::default()).unwrap();
        assert_eq!(again, result);
        let error = binding.decode_response::<Authenticate>(&http, &Mask::default()).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed(e) if e.problem == Problem::NullResult));
    }
}

#[test]
fn answers_of_other_peers_are_read() {
    let ok = |response: &HttpResponse| {
        let answer = decode(response).unwrap();
        assert!(matches!(answer.result, Authentication::Authenticated { .. }));
        answer
    };
    // Any prefixes, comments between elements, CDATA, another order, unknown elements, a header.
    let answer = ok(&respond(&format!(
        "\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<!-- a --><E:Envelope xmlns:E='http://www.w3.org/2003/05/soap-envelope'>
         <E:Header><x xmlns='urn:x' E:mustUnderstand='0'/></E:Header><E:Body>
         <n:AuthenticateResponse xmlns:n='{DEFAULT_NAMESPACE}'><!-- b --><n:AuthenticateResult>
         <n:OutputVariables><n:string>Authentication=<![CDATA[OK]]></n:string></n:OutputVariables>
         <n:New><n:Deep/></n:New><n:Message>a &amp; b</n:Message><n:Success> 1 </n:Success>
         </n:AuthenticateResult></n:AuthenticateResponse></E:Body></E:Envelope>"
    )));
    assert_eq!(answer.message.as_deref(), Some("a & b"));
    // The declared charset is honoured where the content type names none.
    let text = "<?xml version='1.0' encoding='iso-8859-1'?><s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><AuthenticateResponse xmlns='http://tempuri.org/'><AuthenticateResult><Success>true</Success><Message>é</Message><OutputVariables><string>Authentication=OK</string></OutputVariables></AuthenticateResult></AuthenticateResponse></s:Body></s:Envelope>";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml");
    let answer = ok(&HttpResponse { status: 200, headers, body: latin });
    assert_eq!(answer.message.as_deref(), Some("é"));
}

#[test]
fn malformed_answers_name_the_place() {
    let result = |inner: &str| answer(&format!("<AuthenticateResult>{inner}</AuthenticateResult>"));
    let at = "Envelope/Body/AuthenticateResponse/AuthenticateResult";
    for (response, path, expected) in [
        (result(""), format!("{at}/Success"), Problem::Missing),
        (result("<Success>yes</Success>"), format!("{at}/Success"), Problem::Boolean),
        (result("<Success xsi:nil='true'/>"), format!("{at}/Success"), Problem::Nil),
        (
            result("<Success>true</Success><OutputVariables><string>x</string></OutputVariables>"),
            format!("{at}/OutputVariables"),
            VariableError::NoEquals { index: 0 }.into(),
        ),
        (
            result("<Success>true</Success>"),
            format!("{at}/OutputVariables"),
            VariableError::Missing { key: "Authentication" }.into(),
        ),
        (
            result(
                "<Success>true</Success><OutputVariables><string>Authentication=MAYBE</string></OutputVariables>",
            ),
            format!("{at}/OutputVariables"),
            VariableError::Value { key: "Authentication", expected: "OK nor FAIL" }.into(),
        ),
        (
            result("<Success>true</Success><OutputVariables xsi:type='xsi:Nope'/>"),
            format!("{at}/OutputVariables"),
            Problem::Type { name: "xsi:Nope".into() },
        ),
        (answer(""), at.to_owned(), Problem::NullResult),
        (
            soap(""),
            "Envelope/Body".into(),
            Problem::EmptyBody { expected: "AuthenticateResponse".into() },
        ),
        (
            respond("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>"),
            "Envelope".into(),
            Problem::NoBody,
        ),
        (
            respond(
                "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><h xmlns='u' s:mustUnderstand='1'/></s:Header><s:Body/></s:Envelope>",
            ),
            "Envelope/Header".into(),
            Problem::MustUnderstand { name: "h".into() },
        ),
    ] {
        assert_eq!(problem(&response), (path, expected), "{}", body(response.body.clone()));
    }
    let (path, found) = problem(&soap("<AuthenticateResponse xmlns='urn:other'/>"));
    assert_eq!(path, "Envelope/Body");
    assert!(found.to_string().contains("another namespace"), "{found}");
    let (_, found) = problem(&answer("\n<b></c>"));
    assert!(found.to_string().starts_with("line 2, column 4"), "{found}");
    let (_, found) = problem(&result("<Success>true</Success><Message>a<b/></Message>"));
    assert!(matches!(found, Problem::Xml(_)), "{found}");
}

#[test]
fn what_stands_in_the_place_of_a_result_is_named() {
    let at = "Envelope/Body/AuthenticateResponse/AuthenticateResult";
    let item = "<CustomFieldDataItems><ExternalCustomFieldData><ChangeVisible xmlns=''>true</ChangeVisible>\
                </ExternalCustomFieldData></CustomFieldDataItems>";
    let result = |inner: &str| format!("<AuthenticateResult>{inner}</AuthenticateResult>");
    for (inner, place, namespace, local, expected) in [
        (
            "<return xmlns=''><Success>true</Success></return>".to_owned(),
            "",
            "",
            "return",
            "AuthenticateResult",
        ),
        ("<return/>".to_owned(), "", "http://tempuri.org/", "return", "AuthenticateResult"),
        (
            "<AuthenticateResult xmlns=''/>".to_owned(),
            "",
            "",
            "AuthenticateResult",
            "AuthenticateResult",
        ),
        // The right name goes before what comes first.
        (
            "<a/><AuthenticateResult xmlns='urn:x'/>".to_owned(),
            "",
            "urn:x",
            "AuthenticateResult",
            "AuthenticateResult",
        ),
        (result("<Success xmlns=''>true</Success>"), "/Success", "", "Success", "Success"),
        (
            result("<x xmlns=''/><Success xmlns='urn:x'/>"),
            "/Success",
            "urn:x",
            "Success",
            "Success",
        ),
        (
            result(&format!("<Success>true</Success>{item}")),
            "/CustomFieldDataItems/ExternalCustomFieldData[1]/ChangeVisible",
            "",
            "ChangeVisible",
            "ChangeVisible",
        ),
    ] {
        let (path, found) = problem(&answer(&inner));
        assert_eq!(path, format!("{at}{place}"), "{inner}");
        let (namespace, local) = (namespace.to_owned(), local.to_owned());
        let text = found.to_string();
        assert_eq!(
            found,
            Problem::Instead { namespace, local, expected: expected.into() },
            "{inner}"
        );
        assert!(text.contains(&format!(" instead of {expected} (")), "{text}");
    }
    // For .NET it is null.
    let response = answer("<return xmlns=''/>");
    let raw = Binding::default().decode_raw_response("Authenticate", &response, &Mask::default());
    assert_eq!(raw.unwrap(), Presence::Absent);
    let error = CallError::from(
        Binding::default()
            .decode_response::<Authenticate>(&response, &Mask::default())
            .unwrap_err(),
    );
    assert!(error.to_string().contains("there is return instead of AuthenticateResult"), "{error}");
    assert!(error.hint().unwrap().contains("elementFormDefault"));
}

#[test]
fn faults_of_both_versions_are_read_whatever_the_status() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let mut fault = Fault::new(FaultCode::Client, "no <way> for hunter2");
        fault.actor = Some("urn:actor".into());
        fault.detail = Some("<code xmlns=\"urn:d\">42</code>".into());
        if version == SoapVersion::V12 {
            fault.subcodes = vec!["m:Timeout".into(), "m:Deep".into()];
            fault.role = Some("urn:role".into());
        }
        for status in [200, 500] {
            let mut response = fault.encode(version);
            response.status = status;
            let mask = Mask::new([&Secret::new("hunter2")]);
            let read = Binding::default().decode_response::<Authenticate>(&response, &mask);
            let Err(DecodeError::Fault(read)) = read else { panic!("{version} {status}") };
            let mut expected = fault.clone();
            expected.reason = "no <way> for ***".into();
            expected.other_version = (version != SoapVersion::V11).then_some(version);
            assert_eq!(*read, expected, "{version} {status}");
        }
    }
    let bare =
        soap("<s:Fault><faultcode>s:Server.Busy</faultcode><faultstring>x</faultstring></s:Fault>");
    let Err(DecodeError::Fault(fault)) = decode(&bare) else { panic!() };
    assert_eq!((fault.code, fault.detail), (FaultCode::Server, None));
}

#[test]
fn failures_are_the_providers_own_words_masked() {
    let failure = Failure::new("wrong password hunter2");
    let response = Binding::default().encode_response::<Authenticate>(Err(&failure)).unwrap();
    assert!(body(response.body.clone()).contains("<Success>false</Success>"));
    let mask = Mask::new([&Secret::new("hunter2")]);
    let read =
        Binding::default().decode_response::<Authenticate>(&response, &mask).unwrap().unwrap_err();
    assert_eq!(read.message.as_deref(), Some("wrong password ***"));
}

#[test]
fn every_kind_of_answer_survives() {
    fn round<T: external_providers::contract::Operation>(result: T::Result)
    where
        T::Result: PartialEq + std::fmt::Debug + Clone,
    {
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let binding = Binding::new("http://example.com/providers", version);
            let answer = Answer {
                result: result.clone(),
                message: Some("m <&>".into()),
                other: Variables::new(),
            };
            let http = binding.encode_response::<T>(Ok(&answer)).unwrap();
            let read = binding.decode_response::<T>(&http, &Mask::default()).unwrap().unwrap();
            assert_eq!(read, answer);
        }
    }
    round::<Authenticate>(Authentication::Refused);
    round::<Authenticate>(Authentication::Authenticated {
        email_address: None,
        display_name: Some(String::new()),
    });
    round::<StartTicket>(Start::Refused);
    round::<StartTicket>(Start::Allowed {
        department_name: Some("d".into()),
        custom_fields: Variables::from([("a", "1"), ("b", "")]),
    });
    round::<GetUserInfo>(UserInformation::NotFound);
    round::<GetUserInfo>(UserInformation::Found {
        rows: Variables::from([("Plan", "Gold"), ("Plan", "Twice"), ("cf_x", "y")]),
    });
    round::<HandleEvent>(EventHandled);
    round::<RegisterUser>(Registration::Refused);
    round::<RegisterUser>(Registration::Registered { login_username: Some("u".into()) });
    round::<GetCustomFieldOptions>(CustomFieldOptions::default());
    round::<GetCustomFieldOptions>(CustomFieldOptions {
        can_start_tickets: Some(false),
        can_start_chats: None,
        items: vec![
            CustomFieldChange { name: "n".into(), options: Some(vec![]), ..Default::default() },
            CustomFieldChange {
                name: "Box & Sons <special>".into(),
                visible: Some(false),
                required: Some(true),
                options: Some(vec!["a".into(), String::new(), "<b>".into()]),
                display_with_information_lookup: true,
            },
        ],
    });
}

#[test]
fn requests_that_do_not_fit_say_why() {
    let binding = Binding::default();
    let request = |body: &str| {
        let mut http = binding.encode_request("/", None, &GetUserInfo::default()).unwrap();
        http.body = format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{body}</s:Body></s:Envelope>"
        )
        .into_bytes();
        binding.decode_request::<GetUserInfo>(&http)
    };
    let ns = DEFAULT_NAMESPACE;
    assert!(request(&format!("<GetUserInfo xmlns='{ns}'><inputs/></GetUserInfo>")).is_ok());
    for none in [String::new(), format!("<GetUserInfo xmlns='{ns}'/>"), "<GetUserInfo/>".into()] {
        assert!(matches!(request(&none), Err(RequestError::NullInputs { .. })), "{none}");
    }
    let twice = format!(
        "<GetUserInfo xmlns='{ns}'><inputs><InputVariables><string>emailFrom=a</string></InputVariables><x/><InputVariables><string>emailFrom=b</string></InputVariables></inputs><inputs/></GetUserInfo>"
    );
    assert_eq!(request(&twice).unwrap().request.email_from.as_deref(), Some("b"));
    let bad = format!(
        "<GetUserInfo xmlns='{ns}'><inputs><InputVariables><string>x</string></InputVariables></inputs></GetUserInfo>"
    );
    assert!(matches!(request(&bad), Err(RequestError::Variable { .. })));
    let mut http = binding.encode_request("/", None, &GetUserInfo::default()).unwrap();
    http.headers.push("SOAPAction", "\"http://tempuri.org/Nope\"");
    assert!(matches!(
        binding.decode_request::<GetUserInfo>(&http),
        Err(RequestError::UnknownAction { .. })
    ));
}

/// Answers that repeat the password `hunter2secret` wherever a message has room for it.
#[test]
fn no_part_of_an_answer_carries_a_secret_into_an_error() {
    let soap_12 = |inner: &str| {
        respond(&format!(
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:xsi='{XSI}'><s:Body>{inner}</s:Body></s:Envelope>"
        ))
    };
    let fault = |inner: &str| soap(&format!("<s:Fault>{inner}</s:Fault>"));
    let mask = Mask::new([&Secret::new("A&hunter2secret;b"), &Secret::new("hunter2secret")]);
    for response in [
        soap("A&hunter2secret;b"),
        soap("<hunter2secret></x>"),
        soap("<a xmlns='urn:hunter2secret'/>"),
        soap("<hunter2secret:a/>"),
        soap("<a hunter2secret:a='1'/>"),
        soap("<a hunter2secret='1' hunter2secret='2'/>"),
        respond("<hunter2secret/>"),
        respond("<a>hunter2secret"),
        answer(
            "<AuthenticateResult xsi:type='hunter2secret'><Success>x</Success></AuthenticateResult>",
        ),
        answer(
            "<AuthenticateResult><OutputVariables xsi:type='hunter2secret'/></AuthenticateResult>",
        ),
        fault("<faultcode>s:hunter2secret</faultcode><faultstring>x</faultstring>"),
        fault("<faultstring>h&#117;nter2secret<!-- c --></faultstring>"),
        fault("<faultactor>hunter2<![CDATA[secret]]></faultactor>"),
        fault("<detail>h&#117;nter2 <a>hun<![CDATA[ter2secret]]></a> hunter<b/>2secret</detail>"),
        soap_12(
            "<s:Fault><s:Code><s:Value>hunter2secret</s:Value><s:Subcode><s:Value>hunter2secret</s:Value></s:Subcode></s:Code></s:Fault>",
        ),
        soap_12(
            "<s:Fault><s:Reason><s:Text>hunter2secret</s:Text></s:Reason><s:Node>hunter2secret</s:Node><s:Role>hunter2secret</s:Role></s:Fault>",
        ),
    ] {
        let error = Binding::default()
            .decode_response::<Authenticate>(&response, &mask)
            .expect_err("an error");
        let shown = format!("{error} {error:?}");
        for piece in ["hunter2", "ter2secret", "2secret"] {
            assert!(!shown.contains(piece), "{}\n{shown}", body(response.body.clone()));
        }
    }
}

#[test]
fn a_provider_that_declines_is_heard_however_it_says_it() {
    let response = answer(
        "<AuthenticateResult><Success>false</Success><Message>Permission Denied</Message><OutputVariables><string>junk</string></OutputVariables></AuthenticateResult>",
    );
    let read = Binding::default().decode_response::<Authenticate>(&response, &Mask::default());
    assert!(read.unwrap().unwrap_err().is_permission_denied());
    let commented =
        soap("<s:Fault><faultstring>bo<!-- c -->om <b>and</b> more</faultstring></s:Fault>");
    let Err(DecodeError::Fault(fault)) = decode(&commented) else { panic!() };
    assert_eq!(fault.reason, "boom and more");
}

#[test]
fn what_is_read_can_be_written_again() {
    use external_providers::contract::Operation;
    fn again<T: Operation>(entries: &[&str])
    where
        T::Result: PartialEq + std::fmt::Debug,
    {
        let list = Presence::Value(entries.iter().copied().collect::<StringList>());
        let result = RawResult { success: true, output_variables: list, ..Default::default() };
        let binding = Binding::default();
        let http = binding.encode_raw_response(T::NAME, &Presence::Value(result)).unwrap();
        let read = binding.decode_response::<T>(&http, &Mask::default()).unwrap().unwrap();
        let http = binding.encode_response::<T>(Ok(&read)).unwrap();
        let twice = binding.decode_response::<T>(&http, &Mask::default()).unwrap().unwrap();
        assert_eq!(twice, read);
    }
    again::<Authenticate>(&["Authentication=FAIL", "EmailAddress=a@b"]);
    again::<StartTicket>(&["TicketCreation=FALSE", "departmentName=d", "cf_x=1"]);
    again::<RegisterUser>(&["Registration=FAIL", "loginUsername=u"]);
    again::<GetUserInfo>(&["UserFound=FALSE", "Plan=x"]);

    let nameless =
        StartTicket { custom_fields: Variables::from([("", "v")]), ..Default::default() };
    let error = Binding::default().encode_request("/", None, &nameless).unwrap_err();
    assert!(matches!(error, EncodeError::NamelessField { .. }), "{error}");
    for namespace in ["", "urn:\u{1}\"><evil", "urn:a\r\nb"] {
        let binding = Binding::new(namespace, SoapVersion::V11);
        let error = binding.encode_request("/", None, &GetUserInfo::default()).unwrap_err();
        assert!(matches!(error, EncodeError::Namespace { .. }), "{error}");
    }
    let mut fault = Fault::new(FaultCode::Server, "x");
    fault.detail = Some("a < b".into());
    let Err(DecodeError::Fault(read)) = decode(&fault.encode(SoapVersion::V11)) else { panic!() };
    assert_eq!(read.detail.as_deref(), Some("a &lt; b"));
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let limits = external_providers::soap::Limits { body: 10, ..Default::default() };
    let binding = Binding::default().with_limits(limits);
    let error = binding
        .decode_response::<Authenticate>(&answer("<AuthenticateResult/>"), &Mask::default())
        .unwrap_err();
    assert!(error.to_string().contains("limit `body`"), "{error}");
}

#[test]
fn a_renamed_operation_has_its_own_name_on_the_wire_both_ways() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let service = Binding::new("urn:x", version)
            .with_absent(Absent::Omit)
            .with_operation_name("GetUserInfo", "LookupCustomer")
            .unwrap();
        let request = GetUserInfo { email_from: Some("a@b".into()), ..Default::default() };
        let sent = service.encode_request("/", None, &request).unwrap();
        let header = match version {
            SoapVersion::V11 => sent.headers.get("SOAPAction"),
            SoapVersion::V12 => sent.headers.get("Content-Type"),
        };
        assert!(header.unwrap().contains("\"urn:x/LookupCustomer\""));
        let text = body(sent.body.clone());
        assert!(text.contains("<LookupCustomer xmlns=\"urn:x\"><inputs>"), "{text}");
        assert!(text.contains("</LookupCustomer></soap:Body>"), "{text}");
        assert_eq!(service.decode_request::<GetUserInfo>(&sent).unwrap().request, request);
        assert!(Binding::new("urn:x", version).decode_request::<GetUserInfo>(&sent).is_err());

        let answer = Answer::new(UserInformation::NotFound, "no");
        let response = service.encode_response::<GetUserInfo>(Ok(&answer)).unwrap();
        let text = body(response.body.clone());
        for part in ["<LookupCustomerResponse xmlns=", "<LookupCustomerResult>", "GetUserInfo"] {
            assert_eq!(text.contains(part), part != "GetUserInfo", "{text}");
        }
        let read = service.decode_response::<GetUserInfo>(&response, &Mask::default());
        assert_eq!(read.unwrap().unwrap(), answer);
        let failure = Failure::new("later");
        let response = service.encode_response::<GetUserInfo>(Err(&failure)).unwrap();
        let read = service.decode_response::<GetUserInfo>(&response, &Mask::default());
        assert_eq!(read.unwrap().unwrap_err(), failure);

        // The raw twins, and an action that is not namespace and name.
        let service = service.with_operation_action("GetUserInfo", "urn:a \"b\"").unwrap();
        let inputs = Presence::Value(RawInputs { input_variables: Presence::Nil });
        let sent = service.encode_raw_request("/", "GetUserInfo", &inputs).unwrap();
        assert!(body(sent.body).contains("<LookupCustomer "));
        match version {
            SoapVersion::V11 => {
                assert_eq!(sent.headers.get("SOAPAction").unwrap(), "\"urn:a \"b\"\"");
            }
            SoapVersion::V12 => {
                let content_type = sent.headers.get("Content-Type").unwrap();
                assert!(content_type.ends_with("action=\"urn:a \\\"b\\\"\""), "{content_type}");
            }
        }
        let result = Presence::Value(RawResult { success: true, ..Default::default() });
        let response = service.encode_raw_response("GetUserInfo", &result).unwrap();
        let text = body(response.body.clone());
        assert!(text.contains("<LookupCustomerResponse") && !text.contains("GetUserInfo"));
        let read = service.decode_raw_response("GetUserInfo", &response, &Mask::default());
        assert_eq!(read.unwrap(), result);
        // Errors name the contract's operation, and the path of the wire.
        let error = service
            .decode_response::<GetUserInfo>(
                &service.encode_raw_response("GetUserInfo", &Presence::Absent).unwrap(),
                &Mask::default(),
            )
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("answer to GetUserInfo") && text.contains("LookupCustomerResult"));
    }
}
