//! Logins from LDAP directories and Active Directory.
