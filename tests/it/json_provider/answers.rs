//! What is an answer, and what is wrong with others, with its place.

use external_providers::contract::*;
use external_providers::json_provider::{MalformedAnswer, read_answer, request_body};

fn read<T: Operation>(text: &str) -> Answer<T::Result> {
    let answer = read_answer::<T>(text.as_bytes());
    answer.unwrap_or_else(|error| panic!("{text}: {error}")).unwrap()
}

#[track_caller]
fn wrong<T: Operation>(text: &[u8]) -> String
where
    T::Result: std::fmt::Debug,
{
    let error: MalformedAnswer = read_answer::<T>(text).unwrap_err();
    error.to_string()
}

#[test]
fn an_outcome_is_enough() {
    let plain = |outcome: &str| format!("{{\"outcome\": \"{outcome}\"}}");
    let result = read::<StartTicket>(&plain("allowed"));
    assert_eq!(
        result,
        Answer {
            result: Start::allowed(),
            message: None,
            ..read::<StartTicket>(&plain("allowed"))
        }
    );
    assert_eq!(read::<StartTicket>(&plain("refused")).result, Start::Refused);
    assert_eq!(read::<StartChat>(&plain("allowed")).result, Start::allowed());
    let nobody = Authentication::Authenticated { email_address: None, display_name: None };
    assert_eq!(read::<Authenticate>(&plain("authenticated")).result, nobody);
    assert_eq!(read::<GetSignInCookieInfo>(&plain("refused")).result, Authentication::Refused);
    let options = read::<GetCustomFieldOptions>(&plain("options")).result;
    assert_eq!(options, CustomFieldOptions::default());
    let rows = Variables::new();
    assert_eq!(read::<GetUserInfo>(&plain("found")).result, UserInformation::Found { rows });
    assert_eq!(read::<GetUserInfo>(&plain("not-found")).result, UserInformation::NotFound);
    assert_eq!(read::<HandleEvent>(&plain("handled")).result, EventHandled);
    let registered = Registration::Registered { login_username: None };
    assert_eq!(read::<RegisterUser>(&plain("registered")).result, registered);
    assert_eq!(read::<RegisterUser>(&plain("refused")).result, Registration::Refused);
    // Every operation has its own words, and they are named.
    for (outcome, expected) in [
        ("found", "outcome: must be \"allowed\", \"refused\" or \"declined\""),
        ("error", "outcome: error: it has no answer"),
    ] {
        assert_eq!(wrong::<StartTicket>(plain(outcome).as_bytes()), expected);
    }
    assert_eq!(
        wrong::<HandleEvent>(plain("refused").as_bytes()),
        "outcome: must be \"handled\" or \"declined\""
    );
    let missing = "outcome: is missing: \"found\", \"not-found\" or \"declined\"";
    assert_eq!(wrong::<GetUserInfo>(b"{}"), missing);
}

#[test]
fn outputs_are_an_object_or_a_list_and_keep_their_order() {
    let expected = Start::Allowed {
        department_name: Some(String::new()),
        custom_fields: Variables::from([("Plan", "Gold")]),
    };
    let other = Variables::from([("own", "1"), ("own2", "")]);
    for text in [
        r#"{"outcome": "allowed", "outputs": {"departmentName": "", "cf_Plan": "Gold", "own": "1", "own2": ""}}"#,
        r#"{"outcome": "allowed", "outputs": [{"key": "departmentName", "value": ""}, {"value": "Gold", "key": "cf_Plan"},
            {"key": "own", "value": "1", "masked": false}, {"key": "own2", "value": ""}]}"#,
        "\u{feff}{\"operation\": \"StartTicket\", \"outcome\": \"allowed\", \"message\": null, \"outputs\":
            {\"TicketCreation\": \"true\", \"departmentName\": \"\", \"cf_Plan\": \"Gold\", \"own\": \"1\", \"own2\": \"\"}, \"error\": null}",
    ] {
        let answer = read::<StartTicket>(text);
        assert_eq!((answer.result, answer.message, answer.other), (expected.clone(), None, other.clone()));
    }
    // What stands twice is said in a list.
    let text = r#"{"outcome": "handled", "outputs": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}"#;
    assert_eq!(read::<HandleEvent>(text).other, Variables::from([("a", "1"), ("a", "2")]));
    // An empty message is one, null and absent are not.
    let message = |text: &str| read::<HandleEvent>(text).message;
    assert_eq!(message(r#"{"outcome": "handled", "message": ""}"#).as_deref(), Some(""));
    assert_eq!(message(r#"{"outcome": "handled", "message": null}"#), None);
    // Success=false, with what came with it.
    let declined = br#"{"outcome": "declined", "message": "closed", "outputs": {"a": "b"}, "error": {"kind": "declined"}}"#;
    let failure = read_answer::<StartTicket>(declined).unwrap().unwrap_err();
    let outputs = Variables::from([("a", "b")]);
    assert_eq!(failure, Failure { message: Some("closed".into()), outputs });
}

#[test]
fn items_say_what_changes() {
    let text = r#"{"outcome": "options", "outputs": {"CanStartTickets": "False"}, "items": [
        {"name": "Plan", "visible": true, "required": null, "options": ["a", ""], "displayWithInformationLookup": true},
        {"name": "Notes", "options": []}, {"name": "Serial", "options": null, "visible": false}]}"#;
    let items = vec![
        CustomFieldChange {
            name: "Plan".into(),
            visible: Some(true),
            options: Some(vec!["a".into(), String::new()]),
            display_with_information_lookup: true,
            ..Default::default()
        },
        CustomFieldChange { name: "Notes".into(), options: Some(Vec::new()), ..Default::default() },
        CustomFieldChange { name: "Serial".into(), visible: Some(false), ..Default::default() },
    ];
    let expected =
        CustomFieldOptions { can_start_tickets: Some(false), can_start_chats: None, items };
    assert_eq!(read::<GetCustomFieldOptions>(text).result, expected);
}

#[test]
fn mistakes_are_named_with_their_places() {
    for (text, expected) in [
        ("", "not JSON: EOF while parsing a value at line 1 column 0"),
        ("<html>", "not JSON: expected value at line 1 column 1"),
        ("{\"outcome\": \"allowed\"} x", "not JSON: trailing characters at line 1 column 24"),
        ("\"allowed\"", "a string, not an object"),
        ("[]", "a list, not an object"),
        ("null", "null, not an object"),
        (r#"{"outcome": 1}"#, "outcome: a number, not a string"),
        (r#"{"outcome": null}"#, "outcome: null, not a string"),
        (r#"{"outcome": "allowed", "outcome": "refused"}"#, "outcome: stands twice"),
        (r#"{"outcome": "allowed", "answer": 1}"#, "answer: is not a known member"),
        (r#"{"outcome": "allowed", "message": 5}"#, "message: a number, not a string or null"),
        (
            r#"{"outcome": "allowed", "operation": "StartChat"}"#,
            "operation: must be StartTicket, or absent",
        ),
        (r#"{"outcome": "allowed", "outputs": null}"#, "outputs: null, not an object or a list"),
        (r#"{"outcome": "allowed", "outputs": "x"}"#, "outputs: a string, not an object or a list"),
        (
            r#"{"outcome": "allowed", "outputs": {"a": "1", "b": {"c": 1}}}"#,
            "outputs.b: an object, not a string",
        ),
        (r#"{"outcome": "allowed", "outputs": {"a": "1", "a": "2"}}"#, "outputs.a: stands twice"),
        (
            r#"{"outcome": "allowed", "outputs": {"a=b": "1"}}"#,
            "outputs.a=b: the name holds \"=\", which nobody can read",
        ),
        (
            r#"{"outcome": "allowed", "outputs": {"departmentName": 17}}"#,
            "outputs.departmentName: a number, not a string",
        ),
        (
            r#"{"outcome": "allowed", "outputs": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}, {"key": "c", "value": 3}]}"#,
            "outputs[2].value: a number, not a string",
        ),
        (r#"{"outcome": "allowed", "outputs": ["a=b"]}"#, "outputs[0]: a string, not an object"),
        (r#"{"outcome": "allowed", "outputs": [{"value": "a"}]}"#, "outputs[0].key: is missing"),
        (r#"{"outcome": "allowed", "outputs": [{"key": "a"}]}"#, "outputs[0].value: is missing"),
        (
            r#"{"outcome": "allowed", "outputs": [{"key": "a", "value": "b", "more": 1}]}"#,
            "outputs[0].more: is not a known member",
        ),
        (
            r#"{"outcome": "allowed", "outputs": [{"key": "a", "value": "b", "masked": true}]}"#,
            "outputs[0].masked: true: it must not be masked",
        ),
        (
            r#"{"outcome": "allowed", "messageMasked": true}"#,
            "messageMasked: true: it must not be masked",
        ),
        (
            r#"{"outcome": "allowed", "outputs": {"TicketCreation": "FALSE"}}"#,
            "outcome: the outputs say \"refused\"",
        ),
        (
            r#"{"outcome": "allowed", "outputs": {"TicketCreation": "yes"}}"#,
            "outputs: the variable TicketCreation is neither TRUE nor FALSE",
        ),
        (r#"{"outcome": "allowed", "items": []}"#, "items: StartTicket has no items"),
        (r#"{"outcome": "allowed", "error": "x"}"#, "error: a string, not null"),
        (r#"{"outcome": "allowed", "error": {"kind": "transport"}}"#, "error: an object, not null"),
        (r#"{"outcome": "allowed", "outputs": {"": "x"}}"#, "outputs: a name is empty"),
        (
            r#"{"outcome": "allowed", "outputs": [{"key": "", "value": "x"}]}"#,
            "outputs[0].key: a name is empty",
        ),
        (
            r#"{"outcome": "allowed", "message": "\u0000"}"#,
            "message: a character that XML does not allow (U+0000)",
        ),
        (
            r#"{"outcome": "allowed", "outputs": {"a": "\uffff"}}"#,
            "outputs.a: a character that XML does not allow (U+FFFF)",
        ),
    ] {
        assert_eq!(wrong::<StartTicket>(text.as_bytes()), expected, "{text}");
    }
    let item = |item: &str| {
        wrong::<GetCustomFieldOptions>(
            format!("{{\"outcome\": \"options\", \"items\": [{{\"name\": \"a\"}}, {item}]}}")
                .as_bytes(),
        )
    };
    for (text, expected) in [
        ("5", "items[1]: a number, not an object"),
        ("{}", "items[1].name: is missing"),
        (r#"{"name": "a", "visible": "yes"}"#, "items[1].visible: a string, not true or false"),
        (r#"{"name": "a", "options": "a"}"#, "items[1].options: a string, not a list or null"),
        (r#"{"name": "a", "options": ["a", 1]}"#, "items[1].options[1]: a number, not a string"),
        (r#"{"name": "a", "Visible": true}"#, "items[1].Visible: is not a known member"),
    ] {
        assert_eq!(item(text), expected, "{text}");
    }
    let chats = br#"{"outcome": "options", "outputs": {"CanStartChats": "maybe"}}"#;
    let expected = "outputs: the variable CanStartChats is neither True nor False";
    assert_eq!(wrong::<GetCustomFieldOptions>(chats), expected);
    let list = br#"{"outcome": "options", "items": {"name": "a"}}"#;
    assert_eq!(wrong::<GetCustomFieldOptions>(list), "items: an object, not a list");
    // Invalid UTF-8, half a surrogate, and depth without end.
    let invalid = wrong::<StartTicket>(b"{\"outcome\": \"allowed\", \"message\": \"\xff\"}");
    assert!(invalid.starts_with("not JSON: invalid unicode code point"), "{invalid}");
    let half = wrong::<StartTicket>(br#"{"outcome": "allowed", "message": "\ud800"}"#);
    assert!(half.starts_with("not JSON: "), "{half}");
    let deep = wrong::<StartTicket>("[".repeat(1_000_000).as_bytes());
    assert!(deep.starts_with("not JSON: recursion limit exceeded"), "{deep}");
    // Names are shown as far as they fit on a line.
    let long = format!("{{\"outcome\": \"allowed\", \"{}\\n\": 1}}", "x".repeat(100_000));
    assert_eq!(
        wrong::<StartTicket>(long.as_bytes()),
        format!("{}: is not a known member", "x".repeat(60))
    );
}

#[test]
fn requests_are_their_variables_in_order() {
    let text = |body: Vec<u8>| String::from_utf8(body).unwrap();
    let request = StartTicket {
        login_username: Some("u".into()),
        subject: Some(String::new()),
        custom_fields: Variables::from([("Serial", "1"), ("é \"x\"", "a\nb")]),
        other: Variables::from([("own", "=2="), ("AuthPw ", "hunter2")]),
        ..Default::default()
    };
    let body = text(request_body(&request).unwrap());
    let expected =
        r#"{"loginUsername":"u","subject":"","cf_Serial":"1","cf_é \"x\"":"a\nb","own":"=2="}"#;
    assert_eq!(body, expected);
    let again: StartTicket = serde_json::from_str(&body).unwrap();
    assert_eq!(again.other, Variables::from([("own", "=2=")]));
    assert_eq!(StartTicket { other: request.other.clone(), ..again }, request);

    let other = Variables::from([("a", "1"), ("b", "2"), ("a", "3")]);
    let event = HandleEvent { event_name: "TicketCreated".into(), other };
    let body = text(request_body(&event).unwrap());
    let expected = r#"{"variables":[{"key":"eventName","value":"TicketCreated"},{"key":"a","value":"1"},{"key":"b","value":"2"},{"key":"a","value":"3"}]}"#;
    assert_eq!(body, expected);
    assert_eq!(serde_json::from_str::<HandleEvent>(&body).unwrap(), event);

    // Passwords go to those who ask for them, and to nobody else.
    let login = Authenticate {
        login_username: "joe".into(),
        login_password: "p\"w".into(),
        ..Default::default()
    };
    let body = text(request_body(&login).unwrap());
    assert_eq!(body, r#"{"loginUsername":"joe","loginPassword":"p\"w"}"#);
    let cookie = GetSignInCookieInfo { login_username: "joe".into(), ..Default::default() };
    assert_eq!(text(request_body(&cookie).unwrap()), r#"{"loginUsername":"joe"}"#);
    assert_eq!(text(request_body(&StartChat::default()).unwrap()), "{}");
    let planted = [("loginPassword", "x"), (" LOGINPASSWORD", "x"), ("a", "1")];
    let event = HandleEvent { event_name: "E".into(), other: Variables::from(planted) };
    assert_eq!(text(request_body(&event).unwrap()), r#"{"eventName":"E","a":"1"}"#);

    let mut other = Variables::new();
    other.push("a=b", "1");
    let event = HandleEvent { other, ..Default::default() };
    assert_eq!(request_body(&event), Err("a=b".to_owned()));
}
