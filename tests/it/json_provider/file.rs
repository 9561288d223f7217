//! `provider = "json"` in the provider's file.

use external_providers::contract::*;
use external_providers::explanation::Explanation;
use external_providers::provider_file::{Provider, ProviderFile};

use super::peer::{Endpoint, JSON, closed, header};
use crate::doctor::peers::serve_tls;
use crate::provider_file::answers::{DATABASE, customers, provider, ticket};
use crate::support::Folder;
use crate::tls::client_certificate::Authority;

/// A file whose endpoint is there.
fn load(folder: &Folder, endpoint: &Endpoint, text: &str) -> Provider {
    let url = endpoint.url();
    provider(
        folder,
        &format!("{DATABASE}\n{text}\n[json]\nurl = '{url}'\ntoken = 'planted-token'\n"),
    )
}

#[tokio::test]
async fn what_rules_leave_open_the_endpoint_answers() {
    let folder = Folder::new("json-file");
    let connection = customers(&folder);
    let endpoint = Endpoint::new("");
    let provider = load(
        &folder,
        &endpoint,
        "[ticket]
        provider = 'json'
        rules = [
            { when = { subject = 'no' }, refuse = 'by a rule' },
            { when = { subject = 'yes' }, allow = true },
            { when = { customer.plan = 'Gold' }, set = { Plan = 'ours' }, effect = 'deduct' },
        ]
        [custom_fields]
        provider = 'json'
        rules = [{ show = ['Server'] }]
        [user_information]
        provider = 'json'
        rows = [{ name = 'Plan', value = 'ours' }]
        [events]
        provider = 'json'
        [registration]
        provider = 'json'
        ",
    );
    let start = async |email, subject| provider.start_ticket(ticket(email, subject)).await;
    // What a rule refuses the endpoint does not hear of.
    let answer = start("bob@x", "no").await.unwrap();
    assert_eq!(answer, Answer::new(Start::Refused, "by a rule"));
    assert!(endpoint.asked().is_empty());
    // What rules set wins.
    endpoint.says(
        "200 OK",
        JSON,
        r#"{"outcome": "allowed", "message": "welcome", "outputs": {"departmentName": "Sales", "cf_Plan": "theirs", "cf_Other": "1"}}"#,
    );
    let answer = start("ann@x", "hm").await.unwrap();
    let expected = Start::Allowed {
        department_name: Some("Sales".into()),
        custom_fields: Variables::from([("Other", "1"), ("Plan", "ours")]),
    };
    assert_eq!((answer.result, answer.message.as_deref()), (expected, Some("welcome")));
    let [(head, body)] = <[_; 1]>::try_from(endpoint.asked()).unwrap();
    assert!(head.starts_with("POST /providers/StartTicket "), "{head}");
    assert_eq!(header(&head, "authorization"), Some("Bearer planted-token"));
    assert_eq!(body, r#"{"emailFrom":"ann@x","subject":"hm","cf_Site":"7"}"#);
    let left = "select tickets from c where name = 'Ann'";
    let left = || connection.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(left(), 0, "the effect came last");
    // The endpoint's no is one, unless a rule allows; declined is a failure in its words.
    endpoint.says("200 OK", JSON, r#"{"outcome": "refused", "message": "theirs"}"#);
    assert_eq!(start("bob@x", "hm").await.unwrap(), Answer::new(Start::Refused, "theirs"));
    assert_eq!(start("bob@x", "yes").await.unwrap().result, Start::allowed());
    endpoint.says("200 OK", JSON, r#"{"outcome": "declined", "message": "closed"}"#);
    assert_eq!(start("bob@x", "hm").await, Err(ProviderError::failure("closed")));
    // What goes wrong is for the log.
    endpoint.asked();
    for (status, body) in [("500 Oops", "planted-token"), ("200 OK", "{\"outcome\": 1}")] {
        endpoint.says(status, JSON, body);
        let error = start("bob@x", "hm").await.unwrap_err();
        assert_eq!(error, ProviderError::failure("The provider cannot answer at the moment."));
        assert_eq!(endpoint.asked().len(), 1, "what changes something is sent once");
    }

    endpoint.says(
        "200 OK",
        JSON,
        r#"{"outcome": "options", "items": [{"name": "Server", "visible": false, "required": true}, {"name": "Other", "visible": false}]}"#,
    );
    let fields = provider.get_custom_field_options(Default::default()).await.unwrap().result;
    let shown: Vec<_> = fields.items.iter().map(|i| (i.name.as_str(), i.visible)).collect();
    assert_eq!(shown, [("Server", Some(true)), ("Other", Some(false))]);
    assert_eq!(fields.items[0].required, Some(true));

    endpoint.says(
        "200 OK",
        JSON,
        r#"{"outcome": "found", "outputs": {"Plan": "theirs", "Phone": "123"}}"#,
    );
    let found = provider.get_user_info(GetUserInfo::default()).await.unwrap().result;
    let rows = Variables::from([("Plan", "ours"), ("Phone", "123")]);
    assert_eq!(found, UserInformation::Found { rows });

    endpoint.says("200 OK", JSON, r#"{"outcome": "handled", "outputs": {"seen": "1"}}"#);
    endpoint.asked();
    let event = HandleEvent { event_name: "TicketCreated".into(), ..Default::default() };
    let answer = provider.handle_event(event.clone()).await.unwrap();
    assert_eq!(answer.other, Variables::from([("seen", "1")]));
    assert_eq!(endpoint.asked_once(), r#"{"eventName":"TicketCreated"}"#);

    endpoint.says(
        "200 OK",
        JSON,
        r#"{"outcome": "registered", "outputs": {"loginUsername": "joe2"}}"#,
    );
    let joe = RegisterUser {
        login_username: "joe".into(),
        login_password: "hunter2".into(),
        ..Default::default()
    };
    let answer = provider.register_user(joe.clone()).await.unwrap();
    let login_username = Some("joe2".to_owned());
    assert_eq!(answer.result, Registration::Registered { login_username });
    assert_eq!(endpoint.asked_once(), r#"{"loginUsername":"joe","loginPassword":"hunter2"}"#);

    // An explanation asks what only reads, and says what was not asked.
    let explanation = Explanation::wanted();
    for result in [
        provider.explain(ticket("bob@x", "hm"), &explanation).await.map(drop),
        provider.explain(event, &explanation).await.map(drop),
        provider.explain(joe, &explanation).await.map(drop),
    ] {
        result.unwrap();
    }
    assert!(endpoint.asked().is_empty());
    assert!(explanation.is_open(), "nobody knows what it would have said");
    endpoint.says("200 OK", JSON, r#"{"outcome": "not-found"}"#);
    provider.explain(GetUserInfo::default(), &explanation).await.unwrap();
    endpoint.says("401 Unauthorized", JSON, "planted-token");
    provider.explain(GetUserInfo::default(), &explanation).await.unwrap_err();
    let lines = explanation.lines().join("\n");
    for words in [
        "the endpoint is not asked, since that may change something there",
        "the endpoint is not told here",
        &format!("endpoint {}: it is asked", endpoint.url()),
        &format!("endpoint {}: not-found", endpoint.url()),
        "HTTP 401, a demand to sign in",
        "compare it with token",
    ] {
        assert!(lines.contains(words), "{words}: {lines}");
    }
    assert!(!lines.contains("planted-token") && !lines.contains("hunter2"), "{lines}");
    assert!(!format!("{provider:?}").contains("planted-token"));
}

#[tokio::test]
async fn users_whom_nobody_knows_are_asked_about() {
    let folder = Folder::new("json-login");
    let endpoint =
        Endpoint::new(r#"{"login_successful": true, "username": "Joe", "email_address": "joe@x"}"#);
    let url = endpoint.url();
    let text = format!(
        "[login]\nprovider = 'json'\nrules = [{{ when = {{ loginUsername = 'eve' }}, refuse = 'not here' }}]
        [json.login]\nformat = 'vendor-login'\nsite_id = '7'\n[json]\nurl = '{url}'\n"
    );
    let provider = provider(&folder, &text);
    let login = async |name: &str, password: &str| {
        let (login_username, login_password) = (name.into(), password.into());
        let request = Authenticate { login_username, login_password, ..Default::default() };
        provider.authenticate(request).await
    };
    let answer = login("joe", "hunter2").await.unwrap();
    let expected = Authentication::Authenticated {
        email_address: Some("joe@x".into()),
        display_name: Some("Joe".into()),
    };
    assert_eq!(answer.result, expected);
    let body = r#"{"site_id":"7","username":"joe","password":"hunter2"}"#;
    assert_eq!(endpoint.asked_once(), body);
    // The rules have the last word; the endpoint's no is told as ours.
    assert_eq!(login("eve", "x").await.unwrap().message.as_deref(), Some("not here"));
    endpoint.says("200 OK", JSON, r#"{"login_successful": false, "reason": "no such user"}"#);
    let answer = login("joe", "wrong").await.unwrap();
    assert_eq!(answer, Answer::new(Authentication::Refused, "Wrong user name or password."));
    // An empty password is nobody's.
    endpoint.asked();
    assert_eq!(login("joe", " ").await.unwrap().result, Authentication::Refused);
    assert!(endpoint.asked().is_empty());
    // The format knows no cookies.
    let cookie = || GetSignInCookieInfo { login_username: "joe".into(), ..Default::default() };
    let answer = provider.get_sign_in_cookie_info(cookie()).await.unwrap();
    assert_eq!(answer, Answer::new(Authentication::Refused, "Wrong user name or password."));
    let explanation = Explanation::wanted();
    provider.explain(cookie(), &explanation).await.unwrap();
    let lines = explanation.lines().join("\n");
    assert!(lines.contains("not asked, its format has no GetSignInCookieInfo"), "{lines}");
    assert!(endpoint.asked().is_empty());
    // One that cannot answer says nothing of the password.
    endpoint.says("503 Unavailable", "", "");
    assert!(login("joe", "hunter2").await.is_err());
}

#[tokio::test]
async fn breakers_of_what_is_unchanged_are_kept() {
    let folder = Folder::new("json-reload");
    let (port, address) = closed();
    let url = format!("http://{address}/");
    let text = |department: &str, more: &str| {
        format!(
            "[ticket]\nprovider = 'json'\nrules = [{{ department = '{department}' }}]
            [json]\nurl = '{url}'\nbreaker_failures = 1\nbreaker_pause = '1h'\n{more}"
        )
    };
    let provider = provider(&folder, &text("One", ""));
    assert!(provider.start_ticket(StartTicket::default()).await.is_err(), "it opens the breaker");
    // Like all of tokio's, it does not block.
    let listener = port.listen(8).unwrap().into_std().unwrap();
    folder.file("p.toml", text("Two", ""));
    provider.reload().await.unwrap();
    assert!(provider.start_ticket(StartTicket::default()).await.is_err());
    assert!(listener.accept().is_err(), "the breaker is open still: nobody was called");
    folder.file("p.toml", text("Two", "timeout = '1s'\n"));
    provider.reload().await.unwrap();
    assert!(provider.start_ticket(StartTicket::default()).await.is_err());
    assert!(listener.accept().is_ok(), "other settings, another breaker");
}

#[test]
fn mistakes_have_their_lines() {
    let folder = Folder::new("json-mistakes");
    folder.file("key.pem", "hunter2");
    let ticket = "[ticket]\nprovider = 'json'\n";
    let json = "[json]\nurl = 'https://h/{operation}'\n";
    let load = |text: &str| ProviderFile::load(folder.file("p.toml", text));
    for (text, expected) in [
        (ticket.to_owned(), ":2: ticket.provider: there is no [json]"),
        ("[ticket]\nprovider = 'jsn'\n".to_owned(), ":2: ticket.provider: must be \"rules\" or \"json\" (did you mean \"json\"?)"),
        (format!("{ticket}otherwise = 'allow'\n{json}"), ":3: ticket.otherwise: the endpoint answers what is left open"),
        (format!("{ticket}[json]\ntimeout = '1s'\n"), ":3: json.ticket.url: is missing"),
        (format!("{ticket}[json]\nurl = 'https://h/{{op}}'\n"), ":4: json.url: {op} has no meaning there"),
        (format!("{ticket}[json]\nurl = 'h'\n"), ":4: json.url: is not a URL"),
        (format!("{ticket}[json]\nurl = 'https://a:hunter2@h/'\n"), ":4: json.url: holds a user name or password"),
        (format!("{ticket}{json}tokn = 'x'\n"), ":5: json.tokn: there is no such key (did you mean token?)"),
        (format!("{ticket}{json}token = 'hunter2 x'\n"), ":5: json.token: the token is empty or holds a space"),
        (format!("{ticket}{json}token_file = 'none'\n"), ":5: json.token_file: cannot read a token from"),
        (format!("{ticket}{json}token = 'a'\ntoken_env = 'B'\n"), ":5: json.token: is one token too many: there is token_env"),
        (format!("{ticket}{json}secret = 'whsec_hunter2!'\n"), ":5: json.secret: the secret is empty, or begins with whsec_"),
        (format!("{ticket}{json}client_key = 'key.pem'\n"), "json.ticket.client_certificate: is missing"),
        (format!("{ticket}{json}timeout = '0s'\n"), ":5: json.timeout: must be from 1ms to 1h"),
        (format!("{ticket}{json}format = 'vendor-login'\n"), ":5: json.format: has no ticket: it is for logins"),
        (format!("{ticket}{json}site_id = '1'\n"), ":5: json.site_id: is for format = \"vendor-login\""),
        (format!("[login]\nprovider = 'json'\n{json}format = 'vendor-login'\n"), "json.login.site_id: is missing"),
        (format!("{ticket}{json}[json.ticket]\nmax_calls = 0\n"), ":6: json.ticket.max_calls: "),
        (format!("{ticket}{json}[json.tickets]\n"), "json.tickets: there is no such key (did you mean ticket?)"),
        (
            format!("{DATABASE}[registration]\nprovider = 'json'\ndatabase = 'b'\nstatement = 'insert into c (name) values (:loginUsername)'\nscheme = 'bcrypt'\n{json}"),
            "registration.provider: the statement answers all of it",
        ),
        (
            "[service]\nlisten = '127.0.0.1:8080'\npath = '/P'\n[ticket]\nprovider = 'json'\n[json]\nurl = 'http://localhost:8080/p'\n".to_owned(),
            ":7: json.url: ticket would be forwarded to this service itself",
        ),
    ] {
        let error = load(&text).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}\n{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let warnings = |text: &str| -> String {
        let file = load(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        file.warnings().iter().map(|warning| format!("{warning}\n")).collect()
    };
    for (text, expected) in [
        (
            format!("[ticket]\n{json}"),
            "json.url: has no effect, since no kind says provider = \"json\"",
        ),
        (
            format!("{ticket}{json}[json.login]\ntimeout = '1s'\n"),
            "json.login: has no effect, since the kind is not answered in JSON",
        ),
        (
            format!("{ticket}{json}token = 'x'\n"),
            "json.token: the secret stands in this file (put it elsewhere: token_file, token_env or token_credential)",
        ),
        (
            format!("{ticket}[json]\nurl = 'http://h.example/'\n"),
            "json.url: http:// lets everybody on the way read",
        ),
    ] {
        let warnings = warnings(&text);
        assert!(warnings.contains(expected), "{expected}\n{warnings}");
    }
    // A kind's own token takes the place of the shared one, wherever that comes from.
    folder.file("token", "shared");
    let text = format!("{ticket}{json}token_file = 'token'\n[json.ticket]\ntoken = 'own'\n");
    assert!(warnings(&text).contains("json.ticket.token: the secret stands"));
}

#[tokio::test]
async fn check_looks_whether_it_can_be_reached_and_asks_nothing() {
    let folder = Folder::new("json-check");
    let endpoint = Endpoint::new("");
    let file =
        load(&folder, &endpoint, "[ticket]\nprovider = 'json'\n[live_chat]\nprovider = 'json'\n");
    let reports = file.check(None).await;
    let report = reports.last().unwrap();
    assert_eq!(reports.len(), 2, "the database, and one for both kinds: {reports:?}");
    assert_eq!(report.url, endpoint.url());
    let steps: Vec<_> = report.steps.iter().map(|step| step.name).collect();
    assert_eq!(steps, ["resolve", "connect"]);
    assert!(!report.has_findings() && endpoint.asked().is_empty(), "{report:?}");

    let (_port, address) = closed();
    let text = format!("[ticket]\nprovider = 'json'\n[json]\nurl = 'https://{address}/'\n");
    let reports = provider(&folder, &text).check(None).await;
    assert!(reports[0].has_findings(), "{reports:?}");
}

#[tokio::test]
async fn check_says_whether_the_client_certificate_is_taken() {
    let folder = Folder::new("json-client-certificate");
    let authority = Authority::new("The company");
    let address = serve_tls(authority.demanding(), |_: &_| Vec::new());
    folder.file("ca.pem", authority.pem());
    let expired = authority.signed_with("caller", |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    for (shown, expected) in [
        (None, &["client-certificate"][..]),
        (Some(authority.signed("caller")), &[]),
        (Some(Authority::new("Somebody else").signed("caller")), &["client-certificate"]),
        (Some(expired), &["certificate-expires", "client-certificate"]),
    ] {
        let mut text = format!(
            "[ticket]\nprovider = 'json'\n[json]\nurl = 'https://localhost:{}/'\nroot_certificates = 'ca.pem'\n",
            address.port()
        );
        if let Some((certificate, key)) = shown {
            folder.file("caller.pem", certificate);
            folder.file("caller.key", key);
            text += "client_certificate = 'caller.pem'\nclient_key = 'caller.key'\n";
        }
        let reports = provider(&folder, &text).check(None).await;
        let tls = reports[0].steps.iter().find(|step| step.name == "tls").unwrap();
        let codes: Vec<_> = tls.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, expected, "{tls:?}");
    }
}
