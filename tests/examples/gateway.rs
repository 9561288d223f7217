//! All kinds of provider as a settings file says, as a help desk would ask them. The arguments are the
//! file (`external-providers settings init` prints one) and a user, whose password is in `USER_PASSWORD`:
//! everybody can read the arguments of a process.

#![allow(clippy::print_stdout)]

use external_providers::contract::{Authenticate, StartTicket};
use external_providers::gateway::{Gateway, LoginOutcome, LoginPage};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(user)) = (arguments.next(), arguments.next()) else {
        return Err("give a settings file and a user".into());
    };
    let password = std::env::var("USER_PASSWORD").map_err(|_| "set USER_PASSWORD")?;
    let gateway = Gateway::load(file)?;
    // New settings are in force when the file is read again, all of them or none.
    #[cfg(unix)]
    gateway.reload_on_sighup()?;
    if let LoginPage::Redirect { url } = gateway.login_page() {
        println!("log in at {url}");
    }
    let login = Authenticate {
        login_username: user,
        login_password: password.into(),
        ..Default::default()
    };
    match gateway.authenticate(login).await? {
        LoginOutcome::SignedIn(user) => {
            println!("{:?}, verified: {}", user.role, user.email_verified)
        }
        LoginOutcome::Refused(no) => println!("no: {:?}, go on at {:?}", no.message, no.next),
        LoginOutcome::NotDecided => println!("ask the product's own user database"),
    }
    let ticket = gateway.start_ticket(StartTicket::default()).await?;
    println!("{:?}", ticket.result);
    Ok(())
}
