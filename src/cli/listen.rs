//! Addresses that are listened on: as arguments, and when they cannot be.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Failed, LOCAL, error_chain, output};

/// An address to listen on as an argument: a name or IP address, and a port.
pub(super) fn address(text: &str) -> Result<String, String> {
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    let example = match text.strip_prefix(':').unwrap_or(text) {
        port if is_port(port) => format!("127.0.0.1:{port}"),
        _ => match text.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, 8080).to_string(),
            Err(_) => "127.0.0.1:8080".to_owned(),
        },
    };
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', '[', ']', ' ']),
    };
    match is_host && is_port(port) {
        true => Ok(text.to_owned()),
        false => Err(format!("give ADDRESS:PORT, for example {example}")),
    }
}

/// The failure that an address cannot be listened on, with what to do about it.
pub(super) fn failed(error: &(dyn Error + 'static)) -> Failed {
    let failed = Failed::new(LOCAL, error_chain(error));
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::AddrInUse) => {
                return failed.hint(
                    "another program listens there: give another port, or 0 for any that is free",
                );
            }
            Some(io::ErrorKind::AddrNotAvailable) => {
                return failed.hint("this machine does not have the address: give one that it has");
            }
            Some(io::ErrorKind::PermissionDenied) => {
                return failed.hint("ports below 1024 need a privilege: give a higher one");
            }
            _ => cause = error.source(),
        }
    }
    failed
}

/// The address at which to call what listens at this one: nobody can call the one of all interfaces.
pub(super) fn to_call(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Words for an address that stands for all interfaces.
pub(super) fn everywhere(address: SocketAddr) -> &'static str {
    if address.ip().is_unspecified() { ", and at every other address of this machine" } else { "" }
}

/// Warns of passwords that everybody on the way can read.
pub(super) fn warn_of_clear_text(address: SocketAddr, remedy: &str) {
    if !address.ip().is_loopback() {
        output::warning(&format!(
            "other machines reach {address} in plain http, so that passwords can be read on the way: {remedy}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for text in ["127.0.0.1:0", "localhost:8080", "[::1]:80", "0.0.0.0:65535", "a.example:1"] {
            assert_eq!(address(text).as_deref(), Ok(text));
        }
        for (text, example) in [
            ("8080", "127.0.0.1:8080"),
            (":81", "127.0.0.1:81"),
            ("10.0.0.1", "10.0.0.1:8080"),
            ("::1", "[::1]:8080"),
            ("", "127.0.0.1:8080"),
            ("localhost", "127.0.0.1:8080"),
            ("localhost:", "127.0.0.1:8080"),
            ("localhost:65536", "127.0.0.1:8080"),
            ("127.0.0.1:http", "127.0.0.1:8080"),
            ("http://127.0.0.1:80", "127.0.0.1:8080"),
            ("[::1:80", "127.0.0.1:8080"),
            ("[localhost]:80", "127.0.0.1:8080"),
        ] {
            let expected = format!("give ADDRESS:PORT, for example {example}");
            assert_eq!(address(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn what_is_called_is_an_address_of_this_machine() {
        for (from, to) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(to_call(from.parse().unwrap()).to_string(), to);
        }
    }
}
