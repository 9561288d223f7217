//! A provider service: no tickets for one department, and one for each customer. Try it with the example `call`,
//! with `external-providers check --url http://127.0.0.1:8080/Provider.asmx`, and in a browser.

#![allow(clippy::print_stdout)]

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use external_providers::contract::{Answer, ProviderResult, Start, StartTicket, TicketProvider};
use external_providers::host::{Host, Service};

#[derive(Default)]
struct OneForEach {
    customers: Mutex<HashSet<String>>,
}

impl TicketProvider for OneForEach {
    async fn start_ticket(&self, request: StartTicket) -> ProviderResult<StartTicket> {
        if request.department_name.as_deref() == Some("Sunday") {
            return Ok(Answer::new(Start::Refused, "Come back on Monday"));
        }
        // Any error, and text, becomes the fault that ASMX makes of an exception.
        let customer = request.email_from.ok_or("who is it?")?;
        let mut customers = self.customers.lock().unwrap_or_else(PoisonError::into_inner);
        match customers.insert(customer) {
            true => Ok(Answer::new(Start::allowed(), "Ticket Allowed")),
            false => Ok(Answer::new(Start::Refused, "One ticket for each customer")),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let password = std::env::var("EXTERNAL_PROVIDERS_AUTH_PASSWORD")
        .map_err(|_| "set EXTERNAL_PROVIDERS_AUTH_PASSWORD")?;
    let service = Service::new("/Provider.asmx", password).ticket(OneForEach::default());
    let server = Host::builder().service(service).build()?.bind("127.0.0.1:8080").await?;
    println!("http://{}/Provider.asmx", server.local_addr());
    // A future that is ready when the host is to stop, for instance tokio's ctrl_c.
    server.serve(std::future::pending()).await;
    Ok(())
}
