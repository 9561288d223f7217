//! Look-ups and logins from databases.
