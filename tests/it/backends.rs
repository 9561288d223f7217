//! Logins and look-ups, against servers that no real one can be made to be.

#[cfg(feature = "ldap")]
mod certificates;
#[cfg(feature = "ldap")]
pub(crate) mod directory;
#[cfg(feature = "ldap")]
pub(crate) mod ldap_stub;
