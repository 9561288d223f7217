//! May this ticket start? Asks the service at the URL in the first argument, the example `serve` if there is none,
//! and says whose fault it is if no answer comes.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use external_providers::Client;
use external_providers::client::CallError;
use external_providers::contract::{Start, StartTicket};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1);
    let password = std::env::var("EXTERNAL_PROVIDERS_AUTH_PASSWORD")
        .map_err(|_| "set EXTERNAL_PROVIDERS_AUTH_PASSWORD")?;
    let client =
        Client::new(url.as_deref().unwrap_or("http://127.0.0.1:8080/Provider.asmx"), password)?;
    let request = StartTicket {
        department_name: Some("Sales".into()),
        email_from: Some("jane@example.com".into()),
        subject: Some("It burns".into()),
        custom_fields: [("Serial", "123")].into(),
        ..Default::default()
    };
    match client.call(request).await {
        Ok(answer) => match answer.result {
            Start::Allowed { department_name: Some(other), .. } => println!("yes, in {other}"),
            Start::Allowed { .. } => println!("yes"),
            Start::Refused => println!("no: {}", answer.message.unwrap_or_default()),
        },
        Err(CallError::Failure(failure)) => println!("the provider declined: {failure:?}"),
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            std::process::exit(1);
        }
    }
    Ok(())
}
