//! A proxy in front that knows the user already.

use super::form::is_user_name;
use super::settings::TrustedHeader;
use crate::host::site::Visit;

/// What the header says.
pub(super) enum Named {
    /// It is not there, or not believed.
    Nobody,
    /// A user, whom the proxy has logged in.
    User(String),
    /// The proxy says something that cannot be a user; why.
    Unusable(&'static str),
}

impl TrustedHeader {
    /// Is it the proxy that has the connection?
    pub(super) fn is_proxy(&self, visit: &Visit<'_>) -> bool {
        visit.peer.is_some_and(|peer| self.proxies.iter().any(|network| network.holds(peer)))
    }

    /// Who the user is. What matters is who has the connection: whom a proxy names as its caller
    /// (`X-Forwarded-For`) has not sent the header.
    pub(super) fn user(&self, visit: &Visit<'_>) -> Named {
        let mut values = visit.head.headers.get_all(&self.name).iter();
        let Some(value) = values.next() else { return Named::Nobody };
        if !self.is_proxy(visit) {
            let peer = visit.peer.map(tracing::field::display);
            tracing::warn!(
                header = self.name.as_str(),
                peer,
                "login page: a header that names a user is ignored: it did not come from one of \
                 trusted_proxies"
            );
            return Named::Nobody;
        }
        if values.next().is_some() {
            return Named::Unusable("it stands there more than once");
        }
        let name = std::str::from_utf8(value.as_bytes()).map(str::trim);
        match name {
            Err(_) => Named::Unusable("it is not UTF-8"),
            Ok("") => Named::Unusable("it is empty"),
            Ok(name) if !is_user_name(name) => {
                Named::Unusable("it is too long, or holds characters that nobody sees")
            }
            Ok(name) => Named::User(name.to_owned()),
        }
    }
}
