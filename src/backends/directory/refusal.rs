//! Why a user whom the directory knows may not log in.

use std::fmt;

/// Why a known user may not log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The password is empty or blank, or holds a NUL: it is not sent, since directories take such
    /// a bind for an anonymous one, which succeeds.
    NoPassword,
    /// The password is wrong, as far as the directory says.
    WrongPassword,
    /// The account is locked, after too many wrong passwords or idle for too long.
    Locked,
    /// An administrator has disabled the account.
    Disabled,
    /// The account's time is over.
    Expired,
    /// The account's time has not come.
    NotYetValid,
    /// The password has expired.
    PasswordExpired,
    /// The password must be changed first.
    MustChange,
    /// Not at this hour.
    Hours,
    /// Not from this computer.
    Workstation,
    /// In none of the groups that are required.
    NotInGroup,
    /// Too many wrong passwords were tried: this one was not sent, so that the directory locks nobody.
    Throttled,
    /// The name fits more than one entry, and no bind was tried.
    Ambiguous,
    /// Anything else: the number in Active Directory's `data`, or else the result code.
    Other(u32),
}

/// A known user who may not log in. It displays as the administrator's text, in the directory's own
/// terms; a person is told what [`Messages`](super::Messages) says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The user's DN; none where there is more than one, or no search was made.
    pub dn: Option<String>,
    /// What the directory said, or what was found.
    pub words: String,
    /// Does it show that the password was right?
    pub(super) proven: bool,
}

impl Refusal {
    pub(super) fn new(reason: Reason, words: impl Into<String>) -> Self {
        Self { reason, dn: None, words: words.into(), proven: false }
    }

    /// The same, which directories say only after the right password.
    pub(super) fn proven(reason: Reason, words: impl Into<String>) -> Self {
        Self { proven: true, ..Self::new(reason, words) }
    }

    pub(super) fn of(self, dn: &str) -> Self {
        Self { dn: Some(dn.to_owned()), ..self }
    }

    /// May the person be told? Only where the password was right: whoever knows it learns nothing that
    /// a stranger should not. `Locked` is said of wrong passwords, too, by Active Directory (775) and
    /// OpenLDAP (`accountLocked`): to tell it shows that there is such a user.
    pub fn told(&self) -> bool {
        self.proven
    }
}

impl Reason {
    /// A word for logs and metrics, which stays.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPassword => "no-password",
            Self::WrongPassword => "wrong-password",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::PasswordExpired => "password-expired",
            Self::MustChange => "must-change",
            Self::Hours => "hours",
            Self::Workstation => "workstation",
            Self::NotInGroup => "not-in-group",
            Self::Throttled => "throttled",
            Self::Ambiguous => "ambiguous",
            Self::Other(_) => "other",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
