//! Old services, endpoints and sinks that are this service itself.

use std::net::{IpAddr, SocketAddr};

use super::model::{HostedService, Otherwise, ProviderFile};
use crate::contract::Kind;
use crate::http::url::{Url, service_url};

/// What would call this service itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loop<'f> {
    /// The kind whose old service or endpoint it is.
    Kind(Kind),
    /// The sink by its name.
    Sink(&'f str),
}

impl std::fmt::Display for Loop<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "{kind} is forwarded to this service itself"),
            Self::Sink(name) => write!(f, "the sink {name} tells this service itself"),
        }
    }
}

/// The first old service, endpoint or sink that is at this address and path.
pub(super) fn loops_to<'f>(
    file: &'f ProviderFile,
    address: SocketAddr,
    path: &str,
) -> Option<Loop<'f>> {
    let forwarded = file.kinds.left_to(Otherwise::Forward).filter_map(|kind| {
        let service = file.forward.tab(kind).external()?;
        Some((Loop::Kind(kind), service_url(&service.url).ok()?))
    });
    let operation = |kind: &Kind| kind.operations().next().map_or("", |info| info.name);
    let json = file.json.iter().filter_map(|(kind, settings)| {
        Some((Loop::Kind(*kind), settings.url_of(operation(kind)).ok()?))
    });
    let sinks = file.kinds.events.iter().flat_map(|events| &events.sinks);
    let sinks = sinks
        .filter_map(|(name, sink)| Some((Loop::Sink(name), service_url(sink.target.url()?).ok()?)));
    let mut all = forwarded.chain(json).chain(sinks);
    all.find(|(_, url)| is_at(url, address, path)).map(|(found, _)| found)
}

/// The same before it listens: at the address in the file, if that is one.
pub(super) fn loops(file: &ProviderFile) -> Option<Loop<'_>> {
    let HostedService { listen, path, .. } = &file.service;
    let listen = listen.replace("localhost:", "127.0.0.1:");
    let address = listen.parse().ok().filter(|address: &SocketAddr| address.port() != 0)?;
    loops_to(file, address, path)
}

/// Is a URL at this address of this machine? Names other than `localhost` are not looked up.
fn is_at(url: &Url, address: SocketAddr, path: &str) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = match (bare.parse::<IpAddr>(), address.ip()) {
        (Ok(called), ip) if ip.is_unspecified() => called.is_loopback() || called == ip,
        (Ok(called), ip) => called == ip || called.is_unspecified() && ip.is_loopback(),
        (Err(_), ip) => {
            bare.eq_ignore_ascii_case("localhost") && (ip.is_loopback() || ip.is_unspecified())
        }
    };
    let is_path = url.path().eq_ignore_ascii_case(path);
    is_here && is_path && url.port_or_known_default() == Some(address.port())
}
