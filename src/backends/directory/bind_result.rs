//! What a bind's answer says of a user, in each directory's way (wsdl/DIRECTORIES.md, sections 1, 3
//! and 5).

use super::ber::{Reader, unsigned};
use super::message::Answer;
use super::{Cause, Decision, DirectorySettings, Reason, Refusal};

/// What a bind's answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The password is right; what else was said of it.
    Right(Option<String>),
    /// The user may not log in.
    No(Refusal),
    /// There is no such entry.
    Nobody,
}

/// Judges an answer to a user's bind. A failure of the server or of the way to it is not the user's.
pub(super) fn verdict(answer: &Answer, settings: &DirectorySettings) -> Result<Verdict, Cause> {
    let policy = answer.policy.as_deref().and_then(Policy::read).unwrap_or_default();
    let no = |reason| Ok(Verdict::No(Refusal::new(reason, answer.to_string())));
    match answer.code {
        0 => Ok(right(policy, settings)),
        49 => match sub_code(&answer.text) {
            // The server wants a channel binding, which no simple bind has.
            Some(0x8009_0346) => Err(failure(answer)),
            Some(code) => Ok(active_directory(code, settings)),
            None => Ok(Verdict::No(invalid_credentials(answer, policy))),
        },
        // 389 DS, and FreeIPA's words.
        19 | 53 if is_locked(&answer.text) => no(Reason::Locked),
        53 if answer.text.contains("inactivated") => no(Reason::Disabled),
        53 if answer.text.contains("is expired") => no(Reason::Expired),
        // An entry without a password, and a rule that the bind breaks.
        19 | 48 => no(Reason::Other(answer.code)),
        32 => Ok(Verdict::Nobody),
        8 | 13 => Err(Cause::Unencrypted(answer.to_string())),
        _ => Err(failure(answer)),
    }
}

fn is_locked(text: &str) -> bool {
    ["retry limit", "Too many failed logins", "permanently locked"]
        .iter()
        .any(|it| text.contains(it))
}

fn failure(answer: &Answer) -> Cause {
    Cause::Answer { operation: "the user's bind", answer: answer.to_string() }
}

/// Two states are binds that succeed: settings decide.
fn right(policy: Policy, settings: &DirectorySettings) -> Verdict {
    if policy.error == Some(2) {
        let words = "0 success, control changeAfterReset: the password must be changed";
        return must_change(words, settings);
    }
    match policy.grace {
        Some(left) => {
            let words = format!("the password has expired; grace logins left: {left}");
            match settings.grace {
                Decision::Accept => Verdict::Right(Some(words)),
                Decision::Refuse => Verdict::No(Refusal::proven(Reason::PasswordExpired, words)),
            }
        }
        None => Verdict::Right(
            policy.seconds.map(|seconds| format!("the password expires in {seconds} s")),
        ),
    }
}

fn must_change(words: &str, settings: &DirectorySettings) -> Verdict {
    match settings.must_change {
        Decision::Accept => Verdict::Right(Some(words.to_owned())),
        Decision::Refuse => Verdict::No(Refusal::proven(Reason::MustChange, words)),
    }
}

fn invalid_credentials(answer: &Answer, policy: Policy) -> Refusal {
    let words = |said: &str| format!("{answer}, control {said}");
    match policy.error {
        // Said of right and wrong passwords alike, and of five states.
        Some(1) => Refusal::new(Reason::Locked, words("accountLocked")),
        Some(0) => Refusal::proven(Reason::PasswordExpired, words("passwordExpired")),
        Some(2) => Refusal::proven(Reason::MustChange, words("changeAfterReset")),
        Some(code) => Refusal::new(Reason::Other(code), words(&format!("error {code}"))),
        None if answer.text.contains("password expired") => {
            Refusal::proven(Reason::PasswordExpired, answer.to_string())
        }
        None => Refusal::new(Reason::WrongPassword, answer.to_string()),
    }
}

/// Active Directory's word for why a bind failed: Windows' number of the error.
fn active_directory(code: u32, settings: &DirectorySettings) -> Verdict {
    let words = |said: &str| format!("data {code:x}, {said}");
    // Said of the right password alone, but for 775.
    let (reason, said) = match code {
        0x525 => return Verdict::No(Refusal::new(Reason::WrongPassword, words("no such user"))),
        0x52e => return Verdict::No(Refusal::new(Reason::WrongPassword, words("wrong password"))),
        0x775 => return Verdict::No(Refusal::new(Reason::Locked, words("account locked out"))),
        0x773 => return must_change(&words("the password must be changed"), settings),
        0x530 => (Reason::Hours, "not at this hour"),
        0x531 => (Reason::Workstation, "not from this workstation"),
        0x532 => (Reason::PasswordExpired, "password expired"),
        0x533 => (Reason::Disabled, "account disabled"),
        0x701 => (Reason::Expired, "account expired"),
        _ => {
            let said = match code {
                0x57 => "the name maps to no account or to several",
                0x52f => "an account restriction",
                0x568 => "too many groups",
                _ => "a code that is not known",
            };
            return Verdict::No(Refusal::new(Reason::Other(code), words(said)));
        }
    };
    Verdict::No(Refusal::proven(reason, words(said)))
}

/// The number behind `data` in Active Directory's text, whatever else stands there: the rest differs by
/// release, and may end in a NUL.
fn sub_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AcceptSecurityContext error, data ")?;
    let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
    u32::from_str_radix(&rest[..end], 16).ok()
}

/// The password policy's control (draft-behera-ldap-password-policy-10, section 6.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Policy {
    /// Seconds until the password expires.
    seconds: Option<u32>,
    /// Logins that are left with an expired one.
    grace: Option<u32>,
    /// 0 passwordExpired, 1 accountLocked, 2 changeAfterReset, and those of changes.
    error: Option<u32>,
}

impl Policy {
    fn read(value: &[u8]) -> Option<Self> {
        let mut policy = Self::default();
        let mut parts = Reader(Reader(value).expect(0x30)?);
        while let Some((tag, content)) = parts.element() {
            match tag {
                0xa0 => match Reader(content).element()? {
                    (0x80, seconds) => policy.seconds = unsigned(seconds),
                    (0x81, left) => policy.grace = unsigned(left),
                    _ => {}
                },
                0x81 => policy.error = unsigned(content),
                _ => {}
            }
        }
        Some(policy)
    }
}

/// Does the account's bind say that nothing but a change of its password is allowed?
pub(super) fn must_be_changed(answer: &Answer) -> bool {
    answer.policy.as_deref().and_then(Policy::read).is_some_and(|policy| policy.error == Some(2))
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn settings() -> DirectorySettings {
        DirectorySettings::new(Kind::OpenLdap, ["ldaps://a"], "dc=a")
    }

    fn answer(code: u32, text: &str, policy: &[u8]) -> Answer {
        let policy = (!policy.is_empty()).then(|| policy.to_vec());
        Answer { code, text: text.to_owned(), shown: text.to_owned(), policy }
    }

    fn refusal(verdict: Result<Verdict, Cause>) -> Refusal {
        match verdict {
            Ok(Verdict::No(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn active_directory_is_read_by_its_data_alone() {
        use Reason::*;
        for (data, reason, told) in [
            ("52e", WrongPassword, false),
            ("525", WrongPassword, false),
            ("530", Hours, true),
            ("531", Workstation, true),
            ("532", PasswordExpired, true),
            ("533", Disabled, true),
            ("701", Expired, true),
            ("773", MustChange, true),
            ("775", Locked, false),
            ("57", Other(0x57), false),
            ("52f", Other(0x52f), false),
            ("568", Other(0x568), false),
            ("999", Other(0x999), false),
        ] {
            for (before, after) in [
                ("80090308: LdapErr: DSID-0C0903A9, comment: ", ", v1db1"),
                ("8009030C: LdapErr: DSID-0C090447, comment: ", ", v3839\0"),
                ("", ""),
                ("", "\r\n\u{1b}[31m"),
            ] {
                let text = format!("{before}AcceptSecurityContext error, data {data}{after}");
                let refusal = refusal(verdict(&answer(49, &text, &[]), &settings()));
                assert_eq!((refusal.reason, refusal.told()), (reason, told), "{text}");
                assert!(refusal.to_string().starts_with(&format!("data {data}, ")), "{refusal}");
            }
        }
        let binding = "AcceptSecurityContext error, data 80090346, v1db1";
        assert!(verdict(&answer(49, binding, &[]), &settings()).is_err());
        let mut accepting = settings();
        accepting.must_change = Decision::Accept;
        let text = "AcceptSecurityContext error, data 773, v1db1";
        let accepted = verdict(&answer(49, text, &[]), &accepting);
        assert!(matches!(accepted, Ok(Verdict::Right(Some(_)))));
    }

    #[test]
    fn the_policy_control_is_read() {
        use Reason::*;
        for (code, control, reason, told) in [
            (49, &[0x30, 0][..], WrongPassword, false),
            (49, &[], WrongPassword, false),
            (49, &[0x30, 3, 0x81, 1, 1], Locked, false),
            (49, &[0x30, 3, 0x81, 1, 0], PasswordExpired, true),
            (0, &[0x30, 3, 0x81, 1, 2], MustChange, true),
            (49, &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], WrongPassword, false),
            (49, &[0x31], WrongPassword, false),
        ] {
            let refusal = refusal(verdict(&answer(code, "", control), &settings()));
            assert_eq!((refusal.reason, refusal.told()), (reason, told), "{control:?}");
        }
        let right = |control: &[u8], settings: &DirectorySettings| {
            verdict(&answer(0, "", control), settings).unwrap_or_else(|error| panic!("{error}"))
        };
        let grace = [0x30, 5, 0xa0, 3, 0x81, 1, 2];
        let words = "the password has expired; grace logins left: 2";
        assert_eq!(right(&grace, &settings()), Verdict::Right(Some(words.to_owned())));
        let mut strict = settings();
        strict.grace = Decision::Refuse;
        assert_eq!(refusal(Ok(right(&grace, &strict))).reason, PasswordExpired);
        let warning = [0x30, 7, 0xa0, 5, 0x80, 3, 6, 0x97, 0x35];
        let words = "the password expires in 431925 s";
        assert_eq!(right(&warning, &settings()), Verdict::Right(Some(words.to_owned())));
        assert_eq!(right(&[0x30, 0], &settings()), Verdict::Right(None));
    }

    #[test]
    fn failures_of_servers_are_not_refusals_and_389_ds_is_known_by_its_texts() {
        for code in [1, 2, 3, 7, 8, 10, 11, 12, 13, 14, 34, 50, 51, 52, 53, 80, 4096] {
            assert!(verdict(&answer(code, "", &[]), &settings()).is_err(), "{code}");
        }
        for (code, text, reason) in [
            (19, "Exceed password retry limit. Please try later.", Reason::Locked),
            (53, "Account inactivated. Contact system administrator.", Reason::Disabled),
            (49, "password expired!", Reason::PasswordExpired),
            (19, "", Reason::Other(19)),
            (48, "", Reason::Other(48)),
        ] {
            assert_eq!(refusal(verdict(&answer(code, text, &[]), &settings())).reason, reason);
        }
        assert!(matches!(verdict(&answer(32, "", &[]), &settings()), Ok(Verdict::Nobody)));
    }
}
