//! Where people may be sent back to.

use crate::http::url::{Url, service_url};

/// A longer address is not one of the help desk's.
const LONGEST: usize = 2048;

/// The addresses that people may be sent to: those that begin with one of a list. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnAddresses {
    first: Url,
    others: Vec<Url>,
}

/// What is wrong with a list of return addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReturnAddressError {
    #[error("there must be at least one address")]
    Empty,
    /// It may hold a password, and is not shown.
    #[error(
        "address {0} must have http or https, a host, and no user name, query or fragment, like \
         https://help.example.com/"
    )]
    Address(usize),
}

impl ReturnAddresses {
    /// Takes addresses of http or https, each with a path that is compared by whole segments.
    pub(crate) fn new(texts: &[String]) -> Result<Self, ReturnAddressError> {
        let parsed = texts.iter().zip(1..).map(|(text, number)| {
            let url = service_url(text).ok();
            let url = url.filter(|url| url.query().or(url.fragment()).is_none());
            url.ok_or(ReturnAddressError::Address(number))
        });
        let mut urls = parsed.collect::<Result<Vec<_>, _>>()?.into_iter();
        let first = urls.next().ok_or(ReturnAddressError::Empty)?;
        Ok(Self { first, others: urls.collect() })
    }

    /// All of them, the default first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Url> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Where people go who come from nowhere.
    pub(crate) fn default(&self) -> &Url {
        &self.first
    }

    /// The address that somebody gave, as a browser would understand it, if it is on the list. One that
    /// begins with a single `/` is of the first one's host.
    pub(super) fn find(&self, given: &str) -> Option<Url> {
        // Browsers throw some of these away, and take backslashes for slashes. A space inside becomes %20.
        let is_strange = |c: char| c.is_control() || (c.is_whitespace() && c != ' ') || c == '\\';
        if given.len() > LONGEST || given.contains(is_strange) || given.trim() != given {
            return None;
        }
        let url = match given.strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => return None,
            Some(_) => self.first.join(given).ok()?,
            // Browsers take `https:host` and `https:///host` for the same as `https://host`.
            None => {
                let (_, rest) = given.split_once("://")?;
                service_url(given).ok().filter(|_| !rest.starts_with('/'))?
            }
        };
        // A server behind the help desk's might read these as what they stand for.
        let path = url.path().to_ascii_lowercase();
        if ["%2f", "%5c", "%00"].iter().any(|code| path.contains(code)) {
            return None;
        }
        self.iter().any(|allowed| is_below(&url, allowed)).then_some(url)
    }
}

/// The same scheme, host and port, and the path or one below it; as in IIS, case does not count in it.
fn is_below(url: &Url, allowed: &Url) -> bool {
    let prefix = allowed.path().trim_end_matches('/');
    let split = url.path().split_at_checked(prefix.len());
    let is_there = |(start, rest): (&str, &str)| {
        start.eq_ignore_ascii_case(prefix) && (rest.is_empty() || rest.starts_with('/'))
    };
    url.origin() == allowed.origin() && split.is_some_and(is_there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Result<ReturnAddresses, ReturnAddressError> {
        ReturnAddresses::new(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_begins_with_an_address_of_the_list_is_returned_to() {
        let list = list(&[
            "https://help.example.com/portal/",
            "http://localhost:9998",
            "https://bücher.example",
        ])
        .unwrap();
        for (given, expected) in [
            ("https://help.example.com/portal", "https://help.example.com/portal"),
            ("https://help.example.com/portal/", "https://help.example.com/portal/"),
            (
                "https://help.example.com:443/portal/a?b=c&d=%2F#e",
                "https://help.example.com/portal/a?b=c&d=%2F#e",
            ),
            ("HTTPS://HELP.example.com/portal/x", "https://help.example.com/portal/x"),
            (
                "/portal/x?y=https://evil.example/",
                "https://help.example.com/portal/x?y=https://evil.example/",
            ),
            ("https://help.example.com/portal/a/../b", "https://help.example.com/portal/b"),
            ("https://help.example.com/portal/ü", "https://help.example.com/portal/%C3%BC"),
            ("https://help.example.com/Portal/A", "https://help.example.com/Portal/A"),
            ("/PORTAL", "https://help.example.com/PORTAL"),
            ("/portal/a b?q=a b", "https://help.example.com/portal/a%20b?q=a%20b"),
            ("http://localhost:9998", "http://localhost:9998/"),
            ("http://localhost:9998/any/where", "http://localhost:9998/any/where"),
            ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
            ("https://BÜCHER.example/x", "https://xn--bcher-kva.example/x"),
        ] {
            assert_eq!(list.find(given).as_ref().map(Url::as_str), Some(expected), "{given}");
        }
        for given in [
            "",
            "https://evil.example/",
            "https://evil.example/https://help.example.com/portal/",
            "https://help.example.com.evil.example/portal/",
            "https://help.example.com@evil.example/portal/",
            "https://user@help.example.com/portal/",
            "https://user:pw@help.example.com/portal/",
            "https://:@evil.example/portal/",
            "https://evilhelp.example.com/portal/",
            "https://example.com/portal/",
            "https://help.example.com./portal/",
            "https://help.example.com:8443/portal/",
            "https://help.example.com:443@evil.example/portal/",
            "http://help.example.com/portal/",
            "//evil.example/portal/",
            "//help.example.com/portal/",
            "///evil.example/portal/",
            "/\\evil.example/portal/",
            "\\\\evil.example/portal/",
            "\\/evil.example",
            "https:\\\\evil.example\\portal",
            "https:help.example.com/portal/",
            "https:/help.example.com/portal/",
            "https:///help.example.com/portal/",
            "https:////evil.example/portal/",
            "javascript:alert(1)",
            "javascript://help.example.com/portal/%0aalert(1)",
            "data:text/html,x",
            "ftp://help.example.com/portal/",
            "blob:https://help.example.com/portal/",
            " https://help.example.com/portal/",
            "https://help.example.com/portal/x ",
            "https://help.example .com/portal/",
            "https://help.example.com/portal/\u{a0}x",
            "https://help.example.com/portal/\r\nSet-Cookie: a=b",
            "https://help.example.com\t.evil.example/portal/",
            "ht\ntps://help.example.com/portal/",
            "/\t/evil.example/",
            "/portal/\0",
            "\u{feff}https://help.example.com/portal/",
            "https://help.example.com／.evil.example/portal/",
            "https://help.example.com%2f.evil.example/portal/",
            "https://help.example.com%00.evil.example/portal/",
            "https://help.example.com/portals/",
            "https://help.example.com/portal%2f../admin",
            "https://help.example.com/portal/..%2Fadmin",
            "https://help.example.com/portal/..%5cadmin",
            "https://help.example.com/portal/x%00",
            "https://help.example.com/portal/../admin",
            "https://help.example.com/portal/%2e%2E/admin",
            "/portal/../admin",
            "/",
            "/evil",
            "portal/x",
            "../portal/",
            "?x",
            "#x",
            "help.example.com/portal/",
            "https://[::1]/portal/",
            "http://127.0.0.1:9998/",
            "https://",
            "https://help.example.com:99999/portal/",
        ] {
            assert_eq!(list.find(given), None, "{given}");
        }
        let long = format!("https://help.example.com/portal/{}", "x".repeat(LONGEST));
        assert_eq!(list.find(&long), None);
    }

    #[test]
    fn a_list_holds_plain_addresses() {
        assert_eq!(list(&[]), Err(ReturnAddressError::Empty));
        for text in [
            "help.example.com",
            "ftp://x",
            "https://a:b@x",
            "/portal",
            "https://x/?a",
            "https://x/#a",
        ] {
            let found = list(&["https://help.example.com", text]);
            assert_eq!(found, Err(ReturnAddressError::Address(2)), "{text}");
        }
    }
}
