//! The login page as browsers meet it.

mod http;

mod forms;
mod help_desk;
mod proxy;
mod returns;
mod served;

use external_providers::sign_on::{MachineKey, Ticket};
use http::{Answer, Visitor};

use super::logins::users;
use crate::support::{Folder, Running, tool};

/// The help desk's keys.
fn keys() -> String {
    format!(
        "validationKey = '{}'\ndecryptionKey = '{}'\ncompatibilityMode = 'Framework45'\n",
        "A1B2".repeat(32),
        "0123".repeat(16)
    )
}

const LOGINS: &str = "
[databases.b]
kind = 'sqlite'
file = 'u.sqlite'
[lookups.staff]
database = 'b'
statement = 'select * from staff where name = :loginUsername'
[logins.staff]
lookup = 'staff'
password = 'pw'
schemes = ['plain-unsafe']
refuse = 'disabled'
[login]
disabled = 'Your account is closed.'
[login_page]
machine_key = 'machine-key.toml'
return_to = ['https://help.example.com/portal/', 'https://kb.example.com']
cookie_domain = 'example.com'
";

/// A page for the users of a database, `ann` with the password `hunter2` among them.
struct Page {
    folder: Folder,
    running: Running,
}

impl Page {
    /// With more keys of the section, and arguments.
    fn start(more: &str, arguments: &[&str]) -> Self {
        Self::of(&format!("{LOGINS}{more}"), arguments)
    }

    /// As the whole file says.
    fn of(text: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new("login-page");
        users(&folder);
        folder.file("machine-key.toml", keys());
        let file = folder.file("p.toml", text);
        let all = ["serve", "--provider", file.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        let running = Running::spawn(&mut tool(&[&all, arguments].concat(), "any"), 3);
        Self { folder, running }
    }

    fn visitor(&self) -> Visitor {
        Visitor::new(self.running.address)
    }

    /// The ticket that an answer sets, as the help desk reads it.
    fn ticket(&self, answer: &Answer) -> Ticket {
        let cookie = answer.cookie(".ASPXAUTH").expect("a ticket");
        let value = cookie.split(';').next().unwrap();
        MachineKey::load(self.folder.0.join("machine-key.toml")).unwrap().open(value).unwrap()
    }
}
