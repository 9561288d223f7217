//! The library as an application uses it: what its authors expect to compile does.

use std::error::Error;
use std::sync::Arc;

use anyhow::Context as _;
use external_providers::Client;
use external_providers::client::CallError;
use external_providers::contract::{
    Answer, Authenticate, Authentication, DynLoginProvider, DynTicketProvider, Failure,
    GetSignInCookieInfo, LoginProvider, ProviderError, ProviderResult, Start, StartTicket,
    TicketProvider,
};
use external_providers::host::{Host, Service};
use external_providers::http::{
    DynTransport, HttpRequest, HttpResponse, Transport, TransportError,
};
use external_providers::secret::Secret;
use external_providers::soap::SoapVersion;

/// A host that is called without a network.
#[derive(Clone)]
pub(crate) struct InProcess(pub(crate) Host);

impl Transport for InProcess {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        Ok(self.0.answer(&request).await.expect("a service is at the path"))
    }

    fn origin(&self) -> Option<String> {
        Some("http://in.process".into())
    }
}

/// A client of a service in this process.
fn client(service: impl FnOnce(Service) -> Service) -> Client<InProcess> {
    let service = service(Service::new("/Provider.asmx", "s3cret"));
    let host = Host::builder().service(service).build().unwrap();
    Client::new("http://localhost/Provider.asmx", "s3cret").unwrap().over(|_| InProcess(host))
}

#[tokio::test]
async fn a_transport_may_be_an_object_or_shared() {
    async fn allowed<T: Transport>(client: Client<T>) {
        assert_eq!(client.transport().origin().as_deref(), Some("http://in.process"));
        let answer = client.call(StartTicket::default()).await.unwrap();
        assert_eq!(answer.result, Start::allowed());
    }
    let client = client(|service| service.ticket(Failing));
    let transport = client.transport().clone();
    allowed(client.clone().over(|_| &transport)).await;
    allowed(client.clone().over(Arc::new)).await;
    let shared = client.clone().over(|t| Arc::new(t) as Arc<dyn DynTransport>);
    allowed(shared.clone()).await;
    allowed(shared.over(Box::new)).await;
    allowed(client.over(|t| Box::new(t) as Box<dyn DynTransport>)).await;
}

/// Fails in the way that the subject names.
struct Failing;

impl TicketProvider for Failing {
    async fn start_ticket(&self, request: StartTicket) -> ProviderResult<StartTicket> {
        let subject = request.subject.unwrap_or_default();
        match subject.as_str() {
            "std" => subject.parse::<u32>().map(drop)?,
            "anyhow" => subject.parse::<u32>().map(drop).context("no number")?,
            "boxed" => boxed()?,
            "text" => Err("just words")?,
            "failure" => Err(Failure::new("not today"))?,
            "unsendable" => {
                unsendable().map_err(|error| ProviderError::exception(&*error))?;
            }
            _ => {}
        }
        Ok(Answer::new(Start::allowed(), "Ticket Allowed"))
    }
}

fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
    Err("in a box".into())
}

fn unsendable() -> Result<(), Box<dyn Error>> {
    Err("of one thread".into())
}

#[tokio::test]
async fn whatever_fails_in_a_provider_goes_through_a_question_mark() {
    let client = client(|service| service.ticket(Failing));
    for (subject, fault) in [
        ("std", "invalid digit found in string"),
        ("anyhow", "no number ---> invalid digit found in string"),
        ("boxed", "in a box"),
        ("text", "just words"),
        ("unsendable", "of one thread"),
    ] {
        let request = StartTicket { subject: Some(subject.into()), ..Default::default() };
        match client.call(request).await {
            Err(CallError::Fault(said)) => assert_eq!(
                said.reason,
                format!("Server was unable to process request. ---> {fault}"),
                "{subject}"
            ),
            other => panic!("{subject}: {other:?}"),
        }
    }
    let request = StartTicket { subject: Some("failure".into()), ..Default::default() };
    match client.call(request).await {
        Err(CallError::Failure(failure)) => assert_eq!(*failure, Failure::new("not today")),
        other => panic!("{other:?}"),
    }
}

/// Which provider answers is known when the program runs.
#[tokio::test]
async fn a_provider_may_be_an_object() {
    struct Allowing;
    impl TicketProvider for Allowing {
        async fn start_ticket(&self, _: StartTicket) -> ProviderResult<StartTicket> {
            Ok(Answer::new(Start::allowed(), "Allowing"))
        }
    }
    impl LoginProvider for Allowing {
        async fn authenticate(&self, _: Authenticate) -> ProviderResult<Authenticate> {
            Ok(Answer::new(Authentication::Refused, "with a password"))
        }

        async fn get_sign_in_cookie_info(
            &self,
            _: GetSignInCookieInfo,
        ) -> ProviderResult<GetSignInCookieInfo> {
            Ok(Answer::new(Authentication::Refused, "with a cookie"))
        }
    }
    for (which, said) in [("allowing", "Allowing"), ("failing", "Ticket Allowed")] {
        let tickets: Arc<dyn DynTicketProvider> = match which {
            "allowing" => Arc::new(Allowing),
            _ => Arc::new(Failing),
        };
        let logins: Box<dyn DynLoginProvider> = Box::new(Allowing);
        let client = client(|service| service.ticket(tickets).login(logins));
        let answer = client.call(StartTicket::default()).await.unwrap();
        assert_eq!(answer.message.as_deref(), Some(said));
        let answer = client.call(Authenticate::default()).await.unwrap();
        assert_eq!(answer.message.as_deref(), Some("with a password"));
        let answer = client.call(GetSignInCookieInfo::default()).await.unwrap();
        assert_eq!(answer.message.as_deref(), Some("with a cookie"));
    }
}

/// What knows passwords alone need not say anything of cookies: what is not registered is answered
/// as ASMX answers for a method that its class does not have.
#[tokio::test]
async fn a_login_provider_may_know_authenticate_alone() {
    let service =
        Service::new("/Provider.asmx", "s3cret").operation(async |request: Authenticate| {
            match request.login_username.as_str() {
                "myusername" => Ok(Answer::new(
                    Authentication::Authenticated { email_address: None, display_name: None },
                    "Login Successful",
                )),
                _ => Ok(Answer::new(Authentication::Refused, "Login Failure")),
            }
        });
    let host = Host::builder().service(service).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/Provider.asmx", server.local_addr());
    tokio::spawn(server.serve(std::future::pending()));
    let client = Client::new(&url, "s3cret").unwrap();
    let answer = client.call(Authenticate::default()).await.unwrap();
    assert_eq!(answer.result, Authentication::Refused);
    match client.call(GetSignInCookieInfo::default()).await {
        Err(CallError::Fault(fault)) => assert_eq!(
            fault.reason,
            "Server did not recognize the value of HTTP Header SOAPAction: \
             http://tempuri.org/GetSignInCookieInfo."
        ),
        other => panic!("{other:?}"),
    }
    let found = Client::builder(&url, "s3cret").discover().await.unwrap().find;
    let names: Vec<_> = found.found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["Authenticate"]);
}

#[test]
fn a_providers_error_is_shown_and_goes_on_as_an_error() {
    fn anyhow_of(error: ProviderError) -> anyhow::Result<()> {
        Err(error.into_error())?
    }
    fn boxed_of(error: ProviderError) -> Result<(), Box<dyn Error>> {
        Err(error)?
    }
    let cause = anyhow::anyhow!("disk on fire").context("cannot look that up");
    for (error, text) in [
        (cause.into(), "cannot look that up: disk on fire"),
        (ProviderError::failure("not today\nsee you"), "the provider declined: not today"),
        (Failure::default().into(), "the provider declined"),
    ] {
        assert_eq!(ProviderError::to_string(&error), text);
        assert_eq!(format!("{:#}", anyhow_of(error.clone()).unwrap_err()), text);
        assert_eq!(boxed_of(error).unwrap_err().to_string(), text);
    }
}

#[tokio::test]
async fn a_client_is_cloned_into_the_state_of_each_task() {
    fn state<T: Clone + Send + Sync + 'static>(state: &T) -> T {
        state.clone()
    }
    state(&Client::new("http://localhost/Provider.asmx", "s3cret").unwrap());
    let client = client(|service| service.ticket(Failing));
    for task in [state(&client), state(&client)]
        .map(|client| async move { client.call(StartTicket::default()).await })
    {
        assert_eq!(tokio::spawn(task).await.unwrap().unwrap().result, Start::allowed());
    }
}

#[test]
fn words_are_parsed_into_what_they_display_as() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
    let error = "2".parse::<SoapVersion>().unwrap_err();
    assert_eq!(error.to_string(), "the version of SOAP must be 1.1 or 1.2");
    let secret: Secret = "hunter2".parse().unwrap();
    assert!(secret.matches("hunter2") && secret.to_string() == "***");
}
