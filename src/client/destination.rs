//! Where a URL leads, whatever it is called there: two names may be one server, and one may be this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};

use crate::http::bare_host;
use crate::http::url::Url;

/// A server's port.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    host: String,
    port: u16,
    /// None where the name is not known.
    addresses: Vec<IpAddr>,
    /// Is one of them this machine's?
    is_here: bool,
}

/// Are two destinations one?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    Same,
    /// They share an address and go by different names, by which a server may tell virtual hosts apart.
    OtherName,
    Different,
}

impl Destination {
    /// Looks the host's addresses up, which takes as long as the system takes.
    pub(crate) fn look_up(url: &Url) -> Self {
        let host = bare_host(url.host_str().unwrap_or_default());
        Self::of(host, url.port_or_known_default().unwrap_or_default())
    }

    /// The same of a host and a port.
    pub(crate) fn of(host: &str, port: u16) -> Self {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let found = (host.as_str(), port).to_socket_addrs();
        let addresses: Vec<_> = found.into_iter().flatten().map(|at| canonical(at.ip())).collect();
        let is_here = addresses.iter().any(|ip| is_here(*ip));
        Self { host, port, addresses, is_here }
    }

    fn is_named(&self) -> bool {
        self.host != "localhost" && self.host.parse::<IpAddr>().is_err()
    }

    /// Does it lead to what listens at this address of this machine?
    pub(crate) fn is(&self, local: SocketAddr) -> bool {
        let listens = canonical(local.ip());
        let leads_here = |ip: &IpAddr| *ip == listens || ip.is_loopback() && listens.is_loopback();
        let is_any = local.ip().is_unspecified() && self.is_here;
        self.port == local.port() && (is_any || self.addresses.iter().any(leads_here))
    }

    /// Is it where another one leads, by whichever address of a machine?
    pub(crate) fn compare(&self, other: &Self) -> Sameness {
        let is_shared = self.addresses.iter().any(|ip| other.addresses.contains(ip))
            || self.is_here && other.is_here;
        match self.host == other.host {
            _ if self.port != other.port => Sameness::Different,
            true => Sameness::Same,
            false if is_shared && self.is_named() && other.is_named() => Sameness::OtherName,
            false if is_shared => Sameness::Same,
            false => Sameness::Different,
        }
    }
}

/// Without the disguise of an IPv4 address; where "any" leads to, is this machine.
fn canonical(ip: IpAddr) -> IpAddr {
    let ip = ip.to_canonical();
    if ip.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { ip }
}

/// Is it an address of this machine? The system then takes it for the source, too. Nothing is sent.
fn is_here(ip: IpAddr) -> bool {
    let any: SocketAddr = match ip {
        IpAddr::V4(_) => ([0; 4], 0).into(),
        IpAddr::V6(_) => ([0; 16], 0).into(),
    };
    let source = || {
        let socket = UdpSocket::bind(any)?;
        socket.connect((ip, 9))?;
        socket.local_addr()
    };
    ip.is_loopback() || source().is_ok_and(|source| source.ip() == ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address by which others reach this machine, if it has one.
    fn outer() -> Option<IpAddr> {
        let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
        socket.connect("192.0.2.1:9").ok()?;
        Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_loopback())
    }

    fn at(host: &str) -> Destination {
        Destination::of(host, 81)
    }

    #[test]
    fn this_machine_is_known_by_all_its_addresses() {
        let leads = |host: &str, local: &str| at(host).is(local.parse().unwrap());
        for (host, local, expected) in [
            ("127.0.0.1", "127.0.0.1:81", true),
            ("127.0.0.1", "0.0.0.0:81", true),
            ("LocalHost.", "[::]:81", true),
            ("0.0.0.0", "127.0.0.1:81", true),
            ("::ffff:127.0.0.1", "127.0.0.1:81", true),
            ("127.0.0.1", "127.0.0.1:82", false),
            ("127.0.0.1", "192.0.2.1:81", false),
            ("192.0.2.1", "0.0.0.0:81", false),
            ("no.such.host.invalid", "0.0.0.0:81", false),
        ] {
            assert_eq!(leads(host, local), expected, "{host} {local}");
        }
        if let Some(outer) = outer() {
            assert!(leads(&outer.to_string(), "0.0.0.0:81"));
            assert!(!leads(&outer.to_string(), "127.0.0.1:81"), "another program may listen there");
            assert_eq!(at("127.0.0.1").compare(&at(&outer.to_string())), Sameness::Same);
        }
    }

    #[test]
    fn virtual_hosts_may_share_an_address() {
        let named = |name: &str| Destination { host: name.to_owned(), ..at("192.0.2.7") };
        assert_eq!(named("old.example").compare(&at("192.0.2.7")), Sameness::Same);
        assert_eq!(named("old.example").compare(&named("new.example")), Sameness::OtherName);
        assert_eq!(at("192.0.2.7").compare(&Destination::of("192.0.2.7", 82)), Sameness::Different);
        assert_eq!(at("192.0.2.7").compare(&at("192.0.2.8")), Sameness::Different);
        assert_eq!(at("no.such.host.invalid").compare(&at("NO.such.host.invalid")), Sameness::Same);
    }
}
