//! Names and connections, as steps.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::{Finding, Step};
use crate::http::{ConnectCause, bare_host};

/// Looks a host name up.
pub(crate) async fn resolve(host: &str, port: u16, within: Duration) -> (Step, Vec<SocketAddr>) {
    let started = Instant::now();
    let bare = bare_host(host);
    let looked_up = tokio::time::timeout(within, tokio::net::lookup_host((bare, port))).await;
    let took = started.elapsed();
    let failed = |text: String, cause: ConnectCause| {
        let finding = Finding::new("unknown-host", text).remedy(cause.remedy().unwrap_or_default());
        (
            Step::new("resolve", format!("{bare} has no address")).with(finding).took(took),
            Vec::new(),
        )
    };
    let mut found: Vec<SocketAddr> = match looked_up {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            let cause = match ConnectCause::of(&error) {
                ConnectCause::Other => ConnectCause::UnknownHost,
                cause => cause,
            };
            return failed(format!("{bare}: {error}"), cause);
        }
        Err(_) => {
            let text = format!("{bare}: no answer within {within:?}");
            return failed(text, ConnectCause::NoNameServer);
        }
    };
    found.dedup();
    if found.is_empty() {
        return failed(format!("{bare}: no addresses"), ConnectCause::UnknownHost);
    }
    let addresses: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
    let text = match bare.parse::<std::net::IpAddr>() {
        Ok(_) => format!("{bare} is an address"),
        Err(_) => format!("{bare} is {}", addresses.join(", ")),
    };
    let mut step = Step::new("resolve", text).took(took);
    if took > Duration::from_secs(2) {
        let text = format!("the look-up took {:.1} s", took.as_secs_f64());
        step.add(
            Finding::warning("slow-dns", text)
                .remedy("each new connection waits for it: look at this machine's DNS settings"),
        );
    }
    (step, found)
}

/// Connects to each address; gives those that answer.
pub(crate) async fn connect(addresses: &[SocketAddr], within: Duration) -> (Step, Vec<SocketAddr>) {
    /// More are tried by no client.
    const TRIED: usize = 6;
    let tries = addresses.iter().take(TRIED).map(|address| {
        let address = *address;
        tokio::spawn(async move {
            let started = Instant::now();
            let tried = tokio::time::timeout(within, TcpStream::connect(address)).await;
            (address, started.elapsed(), tried.map(|tried| tried.map(drop)))
        })
    });
    let tries: Vec<_> = tries.collect();
    let (mut open, mut quickest) = (Vec::new(), None::<Duration>);
    let (mut details, mut refused) = (Vec::new(), 0);
    let mut no_way = None::<String>;
    for tried in tries {
        let Ok((address, took, tried)) = tried.await else { continue };
        match tried {
            Ok(Ok(())) => {
                details.push(format!("{address}: {:.1} ms", took.as_secs_f64() * 1e3));
                quickest = Some(quickest.map_or(took, |best| best.min(took)));
                open.push(address);
            }
            Ok(Err(error)) => {
                details.push(format!("{address}: {error}"));
                match error.kind() {
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => refused += 1,
                    _ => no_way = Some(error.to_string()),
                }
            }
            Err(_) => {
                details.push(format!("{address}: no answer within {within:?}"));
            }
        }
    }
    let count = details.len();
    let mut step = Step::new("connect", format!("{} of {count} addresses answer", open.len()));
    step.details = details;
    if let Some(quickest) = quickest {
        step = step.took(quickest);
    }
    if open.is_empty() {
        let finding = if refused > 0 {
            Finding::new("refused", "no connection: it is refused")
                .remedy(ConnectCause::Refused.remedy().unwrap_or_default())
        } else if let Some(error) = no_way {
            Finding::new("unreachable", format!("no connection: {error}"))
                .remedy(ConnectCause::Unreachable.remedy().unwrap_or_default())
        } else {
            Finding::new("connect-timeout", "no connection: nobody answers").remedy(
                "check host and port, and the firewalls between this machine and the server",
            )
        };
        step.add(finding);
    } else if open.len() < count {
        let text = format!("{} of {count} addresses do not answer", count - open.len());
        step.add(Finding::warning("some-addresses", text).remedy(
            "clients may try these first and lose time: take them out of the DNS, or let the server listen there",
        ));
    }
    (step, open)
}
