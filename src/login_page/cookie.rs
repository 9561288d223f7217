//! Cookies as they are set and sent (RFC 6265).

use std::fmt::Write as _;

use hyper::header::{COOKIE, HeaderMap, HeaderValue};

use crate::sign_on::Timestamp;

/// With which requests from other sites browsers send a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SameSite {
    Strict,
    /// When somebody follows a link.
    Lax,
    /// With all; only if it is `Secure`.
    None,
}

/// The cookie that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CookieSettings {
    pub(crate) name: String,
    /// The domain that it is sent to, with all below it; `None`: the page's own host alone.
    pub(crate) domain: Option<String>,
    /// The path below which it is sent. The help desk renews and deletes it there.
    pub(crate) path: String,
    /// Is it for https alone?
    pub(crate) secure: bool,
    pub(crate) same_site: SameSite,
}

/// Names of hosts, perhaps with the dot before them that browsers ignore; not an address, and not `com` or
/// `localhost`, for which browsers take no cookie.
pub(crate) fn is_cookie_domain(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(is_label)
        && !name.ends_with(|c: char| c.is_ascii_digit())
}

impl CookieSettings {
    /// Is the cookie sent to this host, wherever the page is?
    pub(crate) fn reaches(&self, host: &str) -> bool {
        self.domain.as_deref().is_none_or(|domain| {
            let domain = domain.trim_start_matches('.').to_ascii_lowercase();
            let rest = host.strip_suffix(&domain);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Sets the cookie; for as long as the browser runs, or until this time.
    pub(super) fn set(&self, value: &str, until: Option<Timestamp>) -> Option<HeaderValue> {
        let until = until.map(|until| {
            let until = jiff::Timestamp::from_second(until.unix_seconds()).unwrap_or_default();
            until.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        });
        self.ticket(value, until.as_deref())
    }

    /// Takes it away.
    pub(super) fn delete(&self) -> Option<HeaderValue> {
        self.ticket("", Some("Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"))
    }

    fn ticket(&self, value: &str, expires: Option<&str>) -> Option<HeaderValue> {
        let mut place = self.path.clone();
        // Writing to a string cannot fail.
        if let Some(domain) = &self.domain {
            let _ = write!(place, "; Domain={domain}");
        }
        if let Some(expires) = expires {
            let _ = write!(place, "; Expires={expires}");
        }
        self.header(&self.name, value, &place, self.same_site)
    }

    /// The name of the cookie that makes forms the page's own. No other host can set one that is called
    /// `__Host-…` (RFC 6265bis, section 4.1.3.2), which must be `Secure`.
    pub(super) fn form_name(&self) -> &'static str {
        if self.secure { "__Host-login-form" } else { "login-form" }
    }

    /// Sets it.
    pub(super) fn set_form(&self, value: &str) -> Option<HeaderValue> {
        self.header(self.form_name(), value, "/", SameSite::Lax)
    }

    fn header(
        &self,
        name: &str,
        value: &str,
        place: &str,
        same_site: SameSite,
    ) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path={place}{secure}; HttpOnly; SameSite={same_site:?}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The name of the cookie that counts how often in a row somebody was let in. Without `Secure`, it comes
/// back also where the ticket does not.
const ROUNDS: &str = "login-rounds";
/// Seconds. Whoever comes back so soon has been sent back.
const ROUND: u64 = 10;

/// How often in a row somebody was let in, the last time a moment ago.
pub(super) fn rounds(headers: &HeaderMap, now: Timestamp) -> u8 {
    let value = sent(headers, ROUNDS).and_then(|value| value.split_once('.'));
    let read =
        |(rounds, at): (&str, &str)| Some((rounds.parse::<u8>().ok()?, at.parse::<i64>().ok()?));
    let recent = |(_, at): &(u8, i64)| at.abs_diff(now.unix_seconds()) <= ROUND;
    value.and_then(read).filter(recent).map_or(0, |(rounds, _)| rounds)
}

/// Says so to the next request.
pub(super) fn set_rounds(rounds: u8, now: Timestamp) -> Option<HeaderValue> {
    let at = now.unix_seconds();
    let text = format!("{ROUNDS}={rounds}.{at}; Path=/; Max-Age={ROUND}; HttpOnly; SameSite=Lax");
    HeaderValue::try_from(text).ok()
}

/// The value of a cookie that was sent; the first, if it stands there more than once. Other cookies may
/// hold whatever bytes.
pub(super) fn sent<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let mut values = lines.flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        // ASCII alone: more would let `\u{2000}__Host-…` pass, which anybody can set.
        (pair[..at].trim_ascii() == name.as_bytes()).then(|| pair[at + 1..].trim_ascii())
    });
    std::str::from_utf8(values.next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_on::is_cookie_name;

    fn settings(domain: Option<&str>) -> CookieSettings {
        let (name, domain) = (".ASPXAUTH".to_owned(), domain.map(str::to_owned));
        let path = "/".to_owned();
        CookieSettings { name, domain, path, secure: true, same_site: SameSite::Lax }
    }

    #[test]
    fn names_and_domains_hold_nothing_that_ends_them() {
        for name in [".ASPXAUTH", "a", "SmarterTrack_Auth"] {
            assert!(is_cookie_name(name), "{name}");
        }
        for name in ["", "a b", "a;b", "a=b", "a\r\nb", "a,b", "ä", "\"a\"", "a/b"] {
            assert!(!is_cookie_name(name), "{name}");
        }
        for domain in ["example.com", ".example.com", "a-b.example"] {
            assert!(is_cookie_domain(domain), "{domain}");
        }
        for domain in [
            "",
            ".",
            "a..b",
            "a;b.c",
            "a b.c",
            "192.0.2.1",
            "[::1]",
            "ex.com\r\nX: y",
            "a/b.c",
            "com",
            ".com",
            "localhost",
        ] {
            assert!(!is_cookie_domain(domain), "{domain}");
        }
    }

    #[test]
    fn a_domain_reaches_its_hosts_and_no_others() {
        for (domain, host, reaches) in [
            (Some("example.com"), "help.example.com", true),
            (Some(".Example.com"), "help.example.com", true),
            (Some("example.com"), "example.com", true),
            (Some("example.com"), "notexample.com", false),
            (Some("help.example.com"), "example.com", false),
            (None, "any.example", true),
        ] {
            assert_eq!(settings(domain).reaches(host), reaches, "{domain:?} {host}");
        }
    }

    #[test]
    fn rounds_are_counted_for_a_moment() {
        let now = Timestamp::now();
        let after = |seconds| now.saturating_add(std::time::Duration::from_secs(seconds));
        let sent = |value: &str| HeaderMap::from_iter([(COOKIE, value.parse().unwrap())]);
        let set = set_rounds(2, now).unwrap();
        let set = sent(set.to_str().unwrap());
        assert_eq!([0, 10, 11].map(|seconds| rounds(&set, after(seconds))), [2, 2, 0]);
        for value in ["", "2", "2.", "2.x", ".1", "999.1", "-1.1"] {
            assert_eq!(rounds(&sent(&format!("{ROUNDS}={value}")), now), 0, "{value}");
        }
        let planted = format!("{ROUNDS}=9.{}", after(1000).unix_seconds());
        assert_eq!(rounds(&sent(&planted), now), 0);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; login-form=x; login-form=y"));
        headers.append(COOKIE, HeaderValue::from_static("xlogin-form=z; b=c=d"));
        assert_eq!(sent(&headers, "login-form"), Some("x"));
        assert_eq!(sent(&headers, "b"), Some("c=d"));
        assert_eq!(sent(&headers, "form"), None);
        let line = "town=K\u{f6}ln; \u{2000}form=planted; form = x ;\tlatin=".as_bytes();
        let line = HeaderValue::from_bytes(&[line, b"\xe9"].concat()).unwrap();
        headers.append(COOKIE, line);
        assert_eq!(sent(&headers, "form"), Some("x"));
        assert_eq!(sent(&headers, "latin"), None, "a value that is not text");
    }
}
