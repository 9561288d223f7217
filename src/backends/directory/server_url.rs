//! Servers' URLs: of LDAP's own (RFC 4516), only the host and the port.

use std::sync::Arc;

use rustls::ClientConfig;

use super::Cause;
use super::connection::{Encryption, Target};

/// Reads a server's URL; `tls` makes the configuration for a host.
pub(super) fn target(
    url: &str,
    plain: bool,
    tls: impl Fn(&str) -> Result<Arc<ClientConfig>, Cause>,
) -> Result<Target, Cause> {
    let mistake = |problem: &str| Cause::Setting {
        key: "servers",
        problem: format!("\"{url}\" {problem}: it looks like ldaps://HOST or ldaps://HOST:PORT"),
    };
    let (scheme, rest) = url.split_once("://").ok_or_else(|| mistake("is not a URL"))?;
    let is_ldaps = scheme.eq_ignore_ascii_case("ldaps");
    if !is_ldaps && !scheme.eq_ignore_ascii_case("ldap") {
        return Err(mistake("begins neither with ldaps:// nor with ldap://"));
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let end = if rest.starts_with('[') { rest.find(']').map(|at| at + 1) } else { rest.find(':') };
    let (host, port) = rest.split_at(end.unwrap_or(rest.len()));
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => {
            if is_ldaps {
                636
            } else {
                389
            }
        }
        Some(port) => {
            port.parse().ok().filter(|port| *port > 0).ok_or_else(|| mistake("has no port"))?
        }
        None => return Err(mistake("has no host")),
    };
    let is_host =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    let is_whole = host.starts_with('[') == host.ends_with(']');
    if host.is_empty() || !is_whole || !host.chars().all(is_host) {
        return Err(mistake("has no host, or more than host and port"));
    }
    let encryption = match (is_ldaps, plain) {
        (true, _) => Encryption::Tls(tls(host)?),
        (false, false) => Encryption::StartTls(tls(host)?),
        (false, true) => Encryption::No,
    };
    Ok(Target { host: host.to_owned(), port, encryption })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let tls = |_: &str| {
            let config = crate::tls::trust_in_nobody();
            Ok(Arc::new(config.unwrap_or_else(|error| panic!("{error:?}"))))
        };
        for (url, plain, host, port, kind) in [
            ("ldaps://dc1.example.com", false, "dc1.example.com", 636, "tls"),
            ("LDAPS://[::1]:1636/", false, "[::1]", 1636, "tls"),
            ("ldap://127.0.0.1:1389", false, "127.0.0.1", 1389, "start"),
            ("ldap://a", true, "a", 389, "no"),
            ("ldaps://a", true, "a", 636, "tls"),
        ] {
            let target = target(url, plain, tls).unwrap_or_else(|error| panic!("{error}"));
            let found = match target.encryption {
                Encryption::Tls(_) => "tls",
                Encryption::StartTls(_) => "start",
                Encryption::No => "no",
            };
            assert_eq!((target.host.as_str(), target.port, found), (host, port, kind), "{url}");
        }
        for url in [
            "dc1",
            "http://a",
            "ldaps://",
            "ldaps://:636",
            "ldaps://a:0",
            "ldaps://a:x",
            "ldap://a/dc=b",
            "ldap://[::1",
            "ldap://u@a",
        ] {
            assert!(target(url, false, tls).is_err(), "{url}");
        }
    }
}
