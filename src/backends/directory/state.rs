//! What a user's entry says of its account: which attributes are asked for, and how they are read.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::message::Entry;
use super::{Kind, Reason, Refusal};

/// Between Windows' epoch, 1601, and Unix's, in seconds.
const FROM_1601: i64 = 11_644_473_600;

/// The attributes that say it. OpenLDAP's are operational: shown only when they are asked for.
pub(super) fn attributes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::ActiveDirectory => &[
            "userAccountControl",
            "msDS-User-Account-Control-Computed",
            "accountExpires",
            "lockoutTime",
        ],
        Kind::OpenLdap => &[
            "pwdAccountLockedTime",
            "pwdStartTime",
            "pwdEndTime",
            "pwdLastSuccess",
            "pwdChangedTime",
            "pwdGraceUseTime",
            "pwdReset",
            "pwdPolicySubentry",
        ],
        Kind::FreeIpa => &[
            "nsAccountLock",
            "krbPrincipalExpiration",
            "krbPasswordExpiration",
            "accountUnlockTime",
        ],
    }
}

/// The attributes of a password policy that say how long its states last.
pub(super) const POLICY: [&str; 4] =
    ["pwdLockoutDuration", "pwdMaxIdle", "pwdMaxAge", "pwdGraceAuthNLimit"];

/// Why this account may not log in, as far as its entry, and its policy where that can be read, say.
pub(super) fn refusal(
    kind: Kind,
    entry: &Entry,
    policy: Option<&Entry>,
    now: Timestamp,
) -> Option<Refusal> {
    let (reason, words) = match kind {
        Kind::ActiveDirectory => active_directory(entry, now),
        Kind::OpenLdap => open_ldap(entry, policy, now),
        Kind::FreeIpa => free_ipa(entry, now),
    }?;
    Some(Refusal::new(reason, words))
}

fn active_directory(entry: &Entry, now: Timestamp) -> Option<(Reason, String)> {
    let number = |name: &str| entry.text(name).and_then(|text| text.parse::<i64>().ok());
    let control = number("userAccountControl").unwrap_or(0);
    let computed = number("msDS-User-Account-Control-Computed");
    if control & 0x2 != 0 {
        return Some((Reason::Disabled, format!("userAccountControl {control}: disabled")));
    }
    // 0 and the largest number: never.
    let expires = number("accountExpires").filter(|time| !matches!(*time, 0 | i64::MAX));
    if let Some(at) = expires.and_then(windows_time).filter(|at| *at <= now) {
        return Some((Reason::Expired, format!("accountExpires {at}")));
    }
    // Of the two, the computed one knows whether the lock is over.
    let locked = number("lockoutTime").filter(|time| *time > 0).and_then(windows_time);
    match (computed, locked) {
        (Some(flags), _) if flags & 0x10 != 0 => Some((
            Reason::Locked,
            format!("msDS-User-Account-Control-Computed {flags}: locked out"),
        )),
        (Some(flags), _) if flags & 0x80_0000 != 0 => {
            let words = format!("msDS-User-Account-Control-Computed {flags}: password expired");
            Some((Reason::PasswordExpired, words))
        }
        (None, Some(at)) => Some((Reason::Locked, format!("lockoutTime {at}"))),
        _ => None,
    }
}

fn open_ldap(entry: &Entry, policy: Option<&Entry>, now: Timestamp) -> Option<(Reason, String)> {
    let seconds = |name: &str| policy?.text(name)?.parse::<i64>().ok();
    let after = |start: Timestamp, seconds: i64| {
        start.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    };
    if let Some(text) = entry.text("pwdAccountLockedTime") {
        if text.starts_with("000001010000") {
            return Some((Reason::Disabled, "pwdAccountLockedTime 000001010000Z".to_owned()));
        }
        // Without the policy, nobody knows how long the lock lasts; 0 is until it is taken off.
        let duration = seconds("pwdLockoutDuration").filter(|seconds| *seconds > 0);
        let over = generalized_time(text).zip(duration).map(|(at, length)| after(at, length));
        if over.is_none_or(|over| over > now) {
            return Some((Reason::Locked, format!("pwdAccountLockedTime {}", shown(text))));
        }
    }
    let time = |name: &str| Some((generalized_time(entry.text(name)?)?, entry.text(name)?));
    if let Some((_, text)) = time("pwdStartTime").filter(|(at, _)| *at > now) {
        return Some((Reason::NotYetValid, format!("pwdStartTime {text}")));
    }
    if let Some((_, text)) = time("pwdEndTime").filter(|(at, _)| *at <= now) {
        return Some((Reason::Expired, format!("pwdEndTime {text}")));
    }
    if let Some(((at, text), idle)) = time("pwdLastSuccess").zip(seconds("pwdMaxIdle"))
        && idle > 0
        && after(at, idle) <= now
    {
        return Some((Reason::Locked, format!("idle, pwdLastSuccess {text}, pwdMaxIdle {idle}")));
    }
    let (changed, age) = time("pwdChangedTime").zip(seconds("pwdMaxAge"))?;
    let grace = seconds("pwdGraceAuthNLimit").unwrap_or(0);
    let is_final = i64::try_from(entry.values("pwdGraceUseTime").len()).is_ok_and(|n| n >= grace);
    (age > 0 && is_final && after(changed.0, age) <= now).then(|| {
        (Reason::PasswordExpired, format!("pwdChangedTime {}, pwdMaxAge {age}", changed.1))
    })
}

fn free_ipa(entry: &Entry, now: Timestamp) -> Option<(Reason, String)> {
    if entry.text("nsAccountLock").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Some((Reason::Disabled, "nsAccountLock TRUE".to_owned()));
    }
    let past = |name: &str| {
        let text = entry.text(name)?;
        (generalized_time(text)? <= now).then(|| format!("{name} {text}"))
    };
    if let Some(words) = past("krbPrincipalExpiration") {
        return Some((Reason::Expired, words));
    }
    let unlock = entry.text("accountUnlockTime");
    if let Some(text) = unlock.filter(|text| {
        // 389 DS: until then, or for good.
        text.starts_with("19700101") || generalized_time(text).is_some_and(|at| at > now)
    }) {
        return Some((Reason::Locked, format!("accountUnlockTime {}", shown(text))));
    }
    past("krbPasswordExpiration").map(|words| (Reason::PasswordExpired, words))
}

/// What OpenLDAP's `accountLocked` means for this entry: one of five states. `None` where the account
/// may not read it.
pub(super) fn which_lock(entry: &Entry, now: Timestamp) -> Option<(Reason, String)> {
    let found = open_ldap(entry, None, now);
    // None of the others, so it was idle for too long.
    let idle = entry.text("pwdLastSuccess").map(|text| {
        let text = shown(text);
        (Reason::Locked, format!("idle for too long, or just locked; pwdLastSuccess {text}"))
    });
    found.or(idle)
}

/// A time as it is written. Whatever else a server writes there is not shown: nobody knows what it holds.
fn shown(text: &str) -> &str {
    generalized_time(text).map_or("(not a time)", |_| text)
}

fn windows_time(hundreds_of_nanoseconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(hundreds_of_nanoseconds / 10_000_000 - FROM_1601).ok()
}

/// Reads `20261126091500Z` (RFC 4517, section 3.3.13), with or without minutes, seconds and fractions.
pub(super) fn generalized_time(text: &str) -> Option<Timestamp> {
    let digits = &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())];
    let rest = text[digits.len()..].trim_start_matches(['.', ',']);
    if rest.trim_start_matches(|c: char| c.is_ascii_digit()) != "Z" || digits.len() < 10 {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |text| text.parse().ok());
    let (year, month, day) = (digits[..4].parse().ok()?, part(4)?, part(6)?);
    let time = DateTime::new(year, month, day, part(8)?, part(10)?, part(12)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}
