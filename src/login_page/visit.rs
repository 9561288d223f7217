//! Who asks, and where to go back to: what the settings make of a request.

use std::net::IpAddr;

use url::form_urlencoded;

use super::settings::LoginPageSettings;
use crate::host::site::Visit;
use crate::http::url::Url;

impl LoginPageSettings {
    /// Who asks. Where the proxy is known, nobody else is believed who names a caller.
    pub(super) fn caller(&self, visit: &Visit<'_>) -> Option<IpAddr> {
        match &self.trusted_header {
            Some(header) if !header.is_proxy(visit) => visit.peer,
            _ => visit.caller,
        }
    }

    /// Whose attempts to log in count together. Of a proxy that names no callers, nobody's: one person's wrong
    /// passwords would keep out all.
    pub(super) fn counted(&self, visit: &Visit<'_>) -> Option<IpAddr> {
        let caller = self.caller(visit);
        match &self.trusted_header {
            Some(header) if header.is_proxy(visit) => caller.filter(|_| caller != visit.peer),
            _ => caller.or(visit.peer),
        }
    }

    /// The address that the query names; of several, none.
    pub(super) fn given(&self, visit: &Visit<'_>) -> Option<String> {
        let query = visit.head.uri.query().unwrap_or_default().as_bytes();
        let wanted = &self.return_parameter;
        let named =
            form_urlencoded::parse(query).filter(|(key, _)| key.eq_ignore_ascii_case(wanted));
        let mut values = named.map(|(_, value)| value.into_owned());
        let first = values.next()?;
        // ASP.NET would join them.
        Some(if values.next().is_some() { String::new() } else { first })
    }

    /// Where the user goes: where the query says, if that is on the list, else to the first address there.
    pub(super) fn return_address(&self, visit: &Visit<'_>) -> Url {
        let list = &self.return_to;
        let Some(given) = self.given(visit) else { return list.default().clone() };
        if let Some(address) = list.find(&given) {
            return address;
        }
        // What follows may be somebody's secret.
        let shown: String = given.chars().take_while(|c| !"?#".contains(*c)).take(200).collect();
        tracing::warn!(
            address = shown,
            parameter = self.return_parameter,
            "login page: the address to return to is not in return_to, and the first one there takes its place"
        );
        list.default().clone()
    }
}
