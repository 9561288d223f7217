//! What is set of a directory: the keys of `[directories.NAME]`, with each kind's defaults.

use std::time::Duration;

use crate::secret::Secret;
use crate::tls::Fingerprint;

/// What a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Active Directory, and Samba as its domain controller.
    ActiveDirectory,
    /// OpenLDAP, and any other that follows the standards.
    OpenLdap,
    /// FreeIPA, and 389 Directory Server below it.
    FreeIpa,
}

/// Where a user's groups are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupSource {
    /// Active Directory's `tokenGroups`: security groups at any depth, the primary one too, in one
    /// search and one more for their names.
    TokenGroups,
    /// The user's `memberOf`, then that of these groups, level by level. FreeIPA's holds all levels.
    MemberOf,
    /// The groups whose `member`, `uniqueMember` or `memberUid` is the user, then those whose `member`
    /// is one of these, level by level.
    Search,
    /// Groups are not looked for.
    No,
}

/// What becomes of a login that the directory lets in with a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is a login as any other.
    Accept,
    /// It is refused.
    Refuse,
}

/// A directory as an administrator describes it. Two that are equal are asked in the same way, so that
/// connections can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectorySettings {
    /// What it is; the other fields' defaults follow from it.
    pub kind: Kind,
    /// Its servers, `ldaps://HOST[:PORT]` or `ldap://HOST[:PORT]`, which does StartTLS. One after the
    /// other is tried, on errors of the connection alone.
    pub servers: Vec<String>,
    /// `ldap://` goes without StartTLS: passwords can be read on the way. Default no.
    pub insecure_plain_text: bool,
    /// Certificates (PEM, or one in DER) that are trusted beside the platform's. Default none.
    pub root_certificates: Vec<u8>,
    /// The one certificate that is trusted, in place of all others. Default none.
    pub trust_fingerprint: Option<Fingerprint>,
    /// How long a connection may take, name look-up, TLS and the account's login included. Default 5 s.
    pub connect_timeout: Duration,
    /// How long an operation may take. Default 10 s.
    pub timeout: Duration,
    /// Connections to each server for the account's searches; as many again for users' binds.
    /// Default 10.
    pub max_connections: usize,
    /// Who searches: a DN, or another name that the directory takes at a bind. Default none, which
    /// needs `dn_template`.
    pub account: Option<String>,
    /// The account's password.
    pub password: Secret,
    /// Where users are, as a DN.
    pub base: String,
    /// Which entry is the user's, with `{name}` (without its domain) or `{login}` (as typed). Default:
    /// by `sAMAccountName` and `userPrincipalName` in Active Directory, else by `uid`.
    pub filter: String,
    /// The user's DN, with `{name}` or `{login}`: in place of a search.
    pub dn_template: Option<String>,
    /// `DOMAIN\user`, `DOMAIN/user` and `user@domain` with one of these, whatever the case, are `user`;
    /// with another one, they are not of this directory. Default none: names are left as they are.
    pub domains: Vec<String>,
    /// The attributes of the e-mail address: the first that has a value. Default `mail`, and in Active
    /// Directory `userPrincipalName` after it.
    pub email: Vec<String>,
    /// The attributes of the name for people. Default `displayName`, `cn`.
    pub display_name: Vec<String>,
    /// Where groups are found. Default: `TokenGroups` in Active Directory, `Search` in OpenLDAP,
    /// `MemberOf` in FreeIPA.
    pub groups: GroupSource,
    /// Where groups are. Default: the part of `base` that is made of `dc`, else `base`.
    pub group_base: Option<String>,
    /// A user must be in one of these, directly or by other groups; each is a group's name (`cn`) or DN.
    /// Default none: everybody may log in.
    pub require_groups: Vec<String>,
    /// OpenLDAP lets an expired password in a few times more. Default accept.
    pub grace: Decision,
    /// The right password, which must be changed first. Default refuse.
    pub must_change: Decision,
    /// After so many wrong passwords of one user within the window, no more are sent to the directory;
    /// 0 for no limit. It belongs below the directory's own limit. Default 3.
    pub throttle_failures: u32,
    /// That window; a wrong password is answered from memory when it comes again within it, and so is
    /// the account's own. Default 15 min.
    pub throttle_window: Duration,
}

impl DirectorySettings {
    /// A directory with the defaults of its kind, without an account yet.
    pub fn new<S: Into<String>>(
        kind: Kind,
        servers: impl IntoIterator<Item = S>,
        base: impl Into<String>,
    ) -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let (filter, email, groups): (_, &[&str], _) = match kind {
            Kind::ActiveDirectory => (
                "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={name})(userPrincipalName={login})))",
                &["mail", "userPrincipalName"],
                GroupSource::TokenGroups,
            ),
            Kind::OpenLdap => ("(uid={name})", &["mail"], GroupSource::Search),
            Kind::FreeIpa => {
                ("(&(objectClass=posixAccount)(uid={name}))", &["mail"], GroupSource::MemberOf)
            }
        };
        Self {
            kind,
            servers: servers.into_iter().map(Into::into).collect(),
            insecure_plain_text: false,
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            max_connections: 10,
            account: None,
            password: Secret::default(),
            base: base.into(),
            filter: filter.to_owned(),
            dn_template: None,
            domains: Vec::new(),
            email: texts(email),
            display_name: texts(&["displayName", "cn"]),
            groups,
            group_base: None,
            require_groups: Vec::new(),
            grace: Decision::Accept,
            must_change: Decision::Refuse,
            throttle_failures: 3,
            throttle_window: Duration::from_secs(15 * 60),
        }
    }
}
