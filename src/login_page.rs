//! A page for people to log in, for the help desk's *Custom Login URL*: it asks a [`LoginProvider`], and sets
//! the cookie by which the help desk knows the user, an ASP.NET Forms Authentication
//! [ticket](crate::sign_on).
//!
//! What holds whatever the settings say:
//!
//! - Nobody is sent to an address that is not on the list; the first on it takes their place. Relative
//!   addresses (`/Main/`) are of the first one's host.
//! - A form is taken from the page itself only: it must carry the random value of a cookie that the page has
//!   set, with `cookie_secure` under a name (`__Host-…`) by which no other host of the domain can set one
//!   (without it, another host can log somebody in as somebody else). The value is not signed: whoever wants
//!   a signed one need only ask for the page; so it holds over restarts, and at each of several hosts. The cookie is `SameSite=Lax`: no browser sends it with a form of another site, and two
//!   tabs that are opened from elsewhere share it, which `Strict` would keep apart.
//! - Attempts are counted for each user name, however it is written, and each address (of IPv6 the first 64
//!   bits); see [`Limits`]. What a person is told never says which names there are, as far as the provider's own
//!   words do not.
//! - Logging out takes a click: what a GET alone did, a picture in a ticket could do to the agent who reads it.
//! - A header that names a user counts from the addresses of the proxy alone, and not as the only word: the
//!   provider is asked (`GetSignInCookieInfo`) whether the user may come in.
//!
//! Whoever has the right password gets a ticket, also where the provider says no to `GetSignInCookieInfo`,
//! which the help desk asks next: it decides, and the log has a warning. Whom it sends back within seconds is
//! told so, and does not go round for ever.
//!
//! Passwords and tickets are not logged; logins, refusals and what was ignored are, with names and addresses.

mod cookie;
mod html;
mod return_addresses;
mod settings;
mod throttle;

mod form;
mod proxy;
mod visit;

mod answer;

mod page;

pub(crate) use cookie::{CookieSettings, SameSite, is_cookie_domain};
pub(crate) use page::LoginPage;
pub(crate) use return_addresses::ReturnAddresses;
pub(crate) use settings::{LoginPageSettings, Texts, TrustedHeader};
pub(crate) use throttle::{Limits, Throttle};
