//! The servers that an administrator has already: directories and databases. Each is an
//! implementation of the provider traits that a program can use by itself.

#[cfg(feature = "ldap")]
pub mod directory;

#[cfg(feature = "databases")]
pub mod database;

#[cfg(feature = "databases")]
pub mod password_hash;
