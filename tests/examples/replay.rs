//! A program's calls answered from recordings, in process: what a test does. `Replay::start` does the
//! same at a port, for programs in any language.

#![allow(clippy::print_stdout)]

use external_providers::Client;
use external_providers::contract::{Authenticate, Authentication};
use external_providers::replay::Replay;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recordings = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sample");
    let replay = Replay::load(recordings)?;
    // No connection is made: path and query of the URL count, the host does not.
    let client = Client::new("http://crm.invalid/Provider.asmx", "any, if it is always the same")?;
    let client = client.over(|_| replay.clone());
    for (user, password) in
        [("myusername", "the first is right"), ("myusername", "another is wrong")]
    {
        let login = Authenticate {
            login_username: user.into(),
            login_password: password.into(),
            ..Default::default()
        };
        let answer = client.call(login).await?;
        let is_signed_in = matches!(answer.result, Authentication::Authenticated { .. });
        println!("{user}: {is_signed_in} ({})", answer.message.unwrap_or_default());
    }
    println!("{} of {} recordings were not asked for", replay.unused().len(), replay.len());
    Ok(())
}
