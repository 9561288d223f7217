//! The contract's types as JSON: the shapes that the command line prints and reads.

use external_providers::contract::json::{Document, NotAnAnswer};
use external_providers::contract::{
    Answer, Authenticate, Authentication, CustomFieldChange, CustomFieldOptions, EventHandled,
    Failure, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent, Operation,
    RegisterUser, Registration, Start, StartChat, StartTicket, UserInformation, Variables,
};
use external_providers::secret::Secret;

/// Through JSON and back.
#[track_caller]
fn round<T: Operation>(result: T::Result) -> String
where
    T::Result: PartialEq + Clone + std::fmt::Debug,
{
    let answer = Answer {
        result,
        message: Some("said".into()),
        other: Variables::from([("own", "1"), ("own", "2"), ("authPW", "x")]),
    };
    let json = serde_json::to_string(&Document::answer::<T>(&answer)).unwrap();
    let document: Document = serde_json::from_str(&json).unwrap();
    assert_eq!(document.into_answer::<T>(), Ok(Ok(answer)), "{json}");
    json
}

#[test]
fn answers_of_every_operation_come_back_as_they_went() {
    let json = round::<Authenticate>(Authentication::Authenticated {
        email_address: Some("a@b".into()),
        display_name: None,
    });
    assert_eq!(
        json,
        r#"{"operation":"Authenticate","outcome":"authenticated","message":"said","outputs":[{"key":"Authentication","value":"OK"},{"key":"EmailAddress","value":"a@b"},{"key":"own","value":"1"},{"key":"own","value":"2"},{"key":"authPW","value":"x"}],"error":null}"#
    );
    round::<GetSignInCookieInfo>(Authentication::Refused);
    let change = CustomFieldChange {
        name: "Product".into(),
        visible: Some(true),
        options: Some(vec!["SmallBox".into(), String::new()]),
        ..Default::default()
    };
    let json = round::<GetCustomFieldOptions>(CustomFieldOptions {
        can_start_tickets: Some(false),
        can_start_chats: None,
        items: vec![change, CustomFieldChange::default()],
    });
    let items = r#""items":[{"name":"Product","visible":true,"required":null,"options":["SmallBox",""],"displayWithInformationLookup":false},{"name":"","#;
    assert!(json.contains(items), "{json}");
    let start = Start::Allowed {
        department_name: Some("Emergency".into()),
        custom_fields: Variables::from([("Priority", "Critical")]),
    };
    assert!(round::<StartTicket>(start.clone()).contains(r#""key":"TicketCreation""#));
    assert!(round::<StartChat>(start).contains(r#""key":"ChatCreation""#));
    round::<StartChat>(Start::Refused);
    round::<GetUserInfo>(UserInformation::NotFound);
    round::<RegisterUser>(Registration::Refused);
    let event = Answer::new(EventHandled, "Event Handled");
    let document = Document::answer::<HandleEvent>(&event);
    assert_eq!(document.into_answer::<HandleEvent>(), Ok(Ok(event)));
}

#[test]
fn a_document_that_is_no_answer_says_why() {
    let failure = Failure { message: Some("no".into()), outputs: Variables::from([("a", "b")]) };
    let declined = Document::failure::<StartTicket>(&failure);
    assert_eq!(
        serde_json::to_string(&declined).unwrap(),
        r#"{"operation":"StartTicket","outcome":"declined","message":"no","outputs":[{"key":"a","value":"b"}],"error":{"kind":"declined","text":"the provider declined: no","hint":null}}"#
    );
    assert_eq!(declined.clone().into_answer::<StartTicket>(), Ok(Err(failure)));
    assert_eq!(declined.into_answer::<StartChat>(), Err(NotAnAnswer::Operation));
    let answer = |json: &str| {
        serde_json::from_str::<Document>(json).unwrap().into_answer::<StartTicket>().unwrap_err()
    };
    for (json, why) in [
        (r#"{"operation":"StartTicket","outcome":"error"}"#, "no answer came"),
        (r#"{"operation":"StartTicket","outcome":"allowed"}"#, "TicketCreation is missing"),
        (
            r#"{"operation":"StartTicket","outcome":"refused","outputs":[{"key":"TicketCreation","value":"TRUE"}]}"#,
            "outcome is not that",
        ),
        (
            r#"{"operation":"StartTicket","outcome":"refused","outputs":[{"key":"TicketCreation","value":"***","masked":true}]}"#,
            "is masked",
        ),
    ] {
        let error = answer(json);
        assert!(error.to_string().contains(why), "{json}: {error}");
    }
}

#[test]
fn requests_are_their_variables() {
    let json = r#"{"subject":"help","emailFrom":"a@b","CF_Serial":"1","own":"2"}"#;
    let request: StartTicket = serde_json::from_str(json).unwrap();
    let expected = StartTicket {
        email_from: Some("a@b".into()),
        subject: Some("help".into()),
        custom_fields: Variables::from([("Serial", "1")]),
        other: Variables::from([("own", "2")]),
        ..Default::default()
    };
    assert_eq!(request, expected);
    let written = serde_json::to_string(&request).unwrap();
    assert_eq!(
        written,
        r#"[{"key":"emailFrom","value":"a@b"},{"key":"subject","value":"help"},{"key":"cf_Serial","value":"1"},{"key":"own","value":"2"}]"#
    );
    assert_eq!(serde_json::from_str::<StartTicket>(&written).unwrap(), expected);
    let login: Authenticate =
        serde_json::from_str(r#"{"loginUsername":"u","loginPassword":"hunter2"}"#).unwrap();
    assert!(login.login_password.matches("hunter2"));
    let missing = serde_json::from_str::<Authenticate>(r#"{"loginPassword":"hunter2"}"#);
    assert_eq!(missing.unwrap_err().to_string(), "the variable loginUsername is missing");
    let unreadable = Variables::from([("a=b", "1")]);
    assert!(serde_json::to_string(&unreadable).is_err());
}

#[test]
fn no_error_shows_what_was_to_be_secret() {
    for json in [
        r#""hunter2""#,
        "[[\"hunter2\"]]",
        r#"{"loginPassword": ["hunter2"]}"#,
        r#"[{"key":"loginPassword","value":{"hunter2":1}}]"#,
        r#"[{"key":"loginPassword","value":"x","hunter2":1}]"#,
        r#"[{"key":"hunter2","key":"hunter2"}]"#,
        r#"{"hunter2": 2}"#,
    ] {
        let error = serde_json::from_str::<Authenticate>(json).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert!(serde_json::from_str::<Secret>("\"hunter2\"").unwrap().matches("hunter2"));
    for json in ["1234", "[1234]", "{\"1234\":1234}", "null", "true", "1234.5"] {
        let error = serde_json::from_str::<Secret>(json).unwrap_err().to_string();
        assert!(error.starts_with("a secret must be a string"), "{error}");
        assert!(!error.contains("1234"), "{error}");
    }
}

#[test]
fn a_document_does_not_tell_its_passwords_to_a_log() {
    let other = Variables::from([("newPassword", "hunter2"), ("plan", "gold")]);
    let answer = Answer { result: EventHandled, message: None, other };
    let shown = format!("{:?}", Document::answer::<HandleEvent>(&answer));
    assert!(shown.contains("newPassword") && shown.contains("gold"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn variables_are_an_object_a_list_or_a_list_in_an_object() {
    let list = r#"[{"key":"own","value":"1"},{"value":"2","key":"own"}]"#;
    let expected = Variables::from([("own", "1"), ("own", "2")]);
    let wrapped = format!(r#"{{"variables":{list}}}"#);
    for json in [list, wrapped.as_str()] {
        assert_eq!(serde_json::from_str::<Variables>(json).unwrap(), expected, "{json}");
    }
    // A variable may have this name, too.
    let named = serde_json::from_str::<Variables>(r#"{"variables":"1","own":"2"}"#).unwrap();
    assert_eq!(named, Variables::from([("variables", "1"), ("own", "2")]));
    for (json, why) in [
        ("7", "an object of strings, or a list"),
        (r#"{"variables":[],"own":"1"}"#, "must be the only member"),
        (r#"{"variables":[],"variables":[]}"#, "stands twice"),
        (r#"{"variables":null}"#, "the value of variable 1 must be a string"),
        (r#"{"variables":[{"key":"a"}]}"#, "variable 1 must be an object with key and value"),
        (
            r#"[{"key":"a","value":"1"},{"key":"b","value":2}]"#,
            "the value of variable 2 must be a string",
        ),
    ] {
        let error = serde_json::from_str::<Variables>(json).unwrap_err().to_string();
        assert!(error.contains(why), "{json}: {error}");
    }
}
