//! Opening a port.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, ToSocketAddrs, lookup_host};

use super::HostError;

/// Connections that wait to be accepted: what a crowd brings beyond is dropped, and tried again only
/// after a second.
const BACKLOG: u32 = 4096;

pub(super) async fn listen<A: ToSocketAddrs + fmt::Display>(
    address: A,
) -> Result<(TcpListener, SocketAddr), HostError> {
    let shown = address.to_string();
    let open = async {
        let mut last = None;
        for address in lookup_host(address).await? {
            match open(address) {
                Ok(listener) => return Ok((listener.local_addr()?, listener)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::other("the name has no address")))
    };
    let (local, listener) =
        open.await.map_err(|error| HostError::Bind { address: shown, error })?;
    Ok((listener, local))
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A host that is started again can have its port at once.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
