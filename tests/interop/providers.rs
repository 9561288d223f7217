//! The facade against the C# services, with nothing known of them but their addresses.

use external_providers::contract::{
    Answer, EventHandled, GetUserInfo, HandleEvent, Kind, RegisterUser, Registration, Start,
    StartTicket, UserInformation,
};
use external_providers::gateway::{Gateway, LoginOutcome, RegistrationOutcome};
use external_providers::settings::{ExternalService, Name, Settings};
use external_providers::soap::SoapVersion;

use crate::{base, password, user};

fn providers(services: &[(Kind, &str)], version: SoapVersion) -> Gateway {
    let mut settings = Settings::default();
    for (kind, path) in services {
        let mut service = ExternalService::new(*kind, format!("{}{path}", base()), password());
        (service.namespace, service.operation) = (Name::Discover, Name::Discover);
        service.soap = version;
        settings.enable(service);
    }
    Gateway::builder(settings).build().unwrap()
}

#[tokio::test]
async fn operations_with_other_names_are_discovered() {
    let renamed = [Kind::UserInformation, Kind::Events, Kind::Registration];
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let providers = providers(&renamed.map(|kind| (kind, "Renamed.asmx")), version);
        let email_from = Some("myusername@example.com".to_owned());
        let request = GetUserInfo { email_from, ..Default::default() };
        let rows = [("DisplayName", "My Username"), ("Plan", "Gold")].into();
        let answer = providers.get_user_info(request).await.unwrap();
        assert_eq!(answer, Answer::new(UserInformation::Found { rows }, "User Found"));

        let event = HandleEvent { event_name: "TicketClosed".into(), ..Default::default() };
        let answer = providers.handle_event(event).await.unwrap();
        assert_eq!(
            (answer.result, answer.message.unwrap().as_str()),
            (EventHandled, "Event Handled")
        );

        let request = RegisterUser {
            login_username: "new".into(),
            login_password: "new".into(),
            ..Default::default()
        };
        let result = Registration::Registered { login_username: Some("new".into()) };
        let expected = RegistrationOutcome::Decided(Answer::new(result, "User Registered"));
        assert_eq!(providers.register_user(request).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn another_namespace_is_discovered() {
    for version in [SoapVersion::V11, SoapVersion::V12] {
        let path = "other/Provider.asmx";
        let providers = providers(&[(Kind::Login, path), (Kind::Ticket, path)], version);
        match providers.authenticate(user("mypassword")).await.unwrap() {
            LoginOutcome::SignedIn(user) => {
                assert_eq!(user.email_address.as_deref(), Some("myusername@example.com"));
            }
            other => panic!("{other:?}"),
        }
        let request = StartTicket {
            email_from: Some("outoftickets@example.com".into()),
            department_name: Some("Sales".into()),
            ..Default::default()
        };
        let answer = providers.start_ticket(request).await.unwrap();
        assert_eq!(answer, Answer::new(Start::Refused, "Out of tickets"));
    }
}
