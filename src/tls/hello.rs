//! A TLS handshake's first words by hand, to learn what a server speaks that rustls does not: only
//! the versions from 1.2 down, with the cipher suites that were common then (RFC 5246, section 7.4).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, ToSocketAddrs};

use super::{TlsCause, TlsError};

/// What a server answers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// It picks a version (`0x0301` is TLS 1.0) and a cipher suite.
    Hello {
        version: u16,
        suite: u16,
        /// Does it want a client certificate?
        asks: bool,
    },
    /// It refuses, with the number of an alert.
    Alert(u8),
    /// It is not TLS; these are the first characters.
    Other(String),
    /// It closes the connection, or says nothing.
    Silence,
}

/// Those of the suites that rustls has, too.
const MODERN: [u16; 6] = [0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9];

/// Suites from modern to ancient.
const SUITES: [u16; 24] = [
    0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, 0x009e, 0x009f, 0xc027, 0xc028, 0xc023, 0xc024,
    0xc013, 0xc014, 0xc009, 0xc00a, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x000a, 0x0005,
];

/// The name of a version.
pub(crate) fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0304 => "TLS 1.3".to_owned(),
        other => format!("TLS version {other:#06x}"),
    }
}

/// The name of a cipher suite that rustls does not have (IANA's TLS registry).
fn suite_name(suite: u16) -> String {
    let known = match suite {
        0x0005 => "TLS_RSA_WITH_RC4_128_SHA",
        0x000a => "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        0x002f => "TLS_RSA_WITH_AES_128_CBC_SHA",
        0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
        0x003c => "TLS_RSA_WITH_AES_128_CBC_SHA256",
        0x003d => "TLS_RSA_WITH_AES_256_CBC_SHA256",
        0x009c => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        0x009d => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        0x009e => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        0x009f => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        0xc009 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        0xc00a => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        0xc013 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        0xc014 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        0xc023 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        0xc024 => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        0xc027 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        0xc028 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        other => return format!("cipher suite {other:#06x}"),
    };
    known.to_owned()
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &prefixed(content)].concat()
}

/// A ClientHello for a host (an address has no place in it: RFC 6066, section 3).
fn client_hello(host: &str) -> Vec<u8> {
    let mut extensions = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() && host.len() < 256 {
        let name = [&[0][..], &prefixed(host.as_bytes())].concat();
        extensions.extend(extension(0, &prefixed(&name)));
    }
    extensions.extend(extension(10, &prefixed(&words(&[0x001d, 0x0017, 0x0018]))));
    extensions.extend(extension(11, &[1, 0]));
    let signatures = [0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];
    extensions.extend(extension(13, &prefixed(&words(&signatures))));
    extensions.extend(extension(0xff01, &[0]));
    // Nothing secret is ever sent on this connection, so the random need not be one.
    let random = [0x42; 32];
    let body =
        [&[3, 3][..], &random, &[0], &prefixed(&words(&SUITES)), &[1, 0], &prefixed(&extensions)]
            .concat();
    // The lengths are of bytes that were just put together: a few hundred.
    let handshake = [&[1, 0][..], &prefixed(&body)].concat();
    [&[22, 3, 1][..], &prefixed(&handshake)].concat()
}

/// Asks a server with whom a handshake failed, on a new connection, what it does speak.
pub(crate) async fn examined(
    error: TlsError,
    address: impl ToSocketAddrs,
    within: Duration,
) -> TlsError {
    if !error.cause.is_vague() {
        return error;
    }
    let asked = async {
        match TcpStream::connect(address).await {
            Ok(stream) => ask(stream, &error.host, within).await,
            Err(_) => Answer::Silence,
        }
    };
    let answer = tokio::time::timeout(within, asked).await.unwrap_or(Answer::Silence);
    let cause = match (answer, error.cause) {
        (Answer::Hello { version, suite, .. }, _) if version < 0x0303 => {
            let newest = format!("{} ({})", version_name(version), suite_name(suite));
            TlsCause::OldVersion { newest: Some(newest) }
        }
        (Answer::Hello { suite, asks: true, .. }, _) if MODERN.contains(&suite) => {
            TlsCause::ClientCertificate
        }
        // One that rustls has: something else is amiss.
        (Answer::Hello { suite, .. }, cause) if MODERN.contains(&suite) => match cause {
            TlsCause::NoCipherSuite { .. } => TlsCause::Alert("handshake_failure".to_owned()),
            cause => cause,
        },
        (Answer::Hello { suite, .. }, _) => {
            TlsCause::NoCipherSuite { taken: Some(suite_name(suite)) }
        }
        (Answer::Other(start), _) => TlsCause::NotTls { start },
        // A server of TLS 1.3 alone says so to this question as well.
        (Answer::Alert(70), TlsCause::Closed | TlsCause::OldVersion { .. }) => {
            TlsCause::OldVersion { newest: None }
        }
        (_, cause) => cause,
    };
    TlsError { cause, ..error }
}

/// Does the port speak TLS, though it was asked in plain http?
pub(crate) async fn speaks_tls(address: impl ToSocketAddrs, host: &str, within: Duration) -> bool {
    let asked = async {
        let stream = TcpStream::connect(address).await.ok()?;
        Some(ask(stream, host, within).await)
    };
    let answer = tokio::time::timeout(within, asked).await;
    matches!(answer, Ok(Some(Answer::Hello { .. } | Answer::Alert(_))))
}

/// Asks a server on a new connection.
async fn ask(mut stream: TcpStream, host: &str, within: Duration) -> Answer {
    let mut bytes = Vec::new();
    let exchange = async {
        stream.write_all(&client_hello(host)).await.ok()?;
        let mut buffer = [0; 1024];
        // Up to the end of what the server has to say, which is some certificates long.
        while bytes.len() < LONGEST && !messages(&bytes).contains(&HELLO_DONE) {
            match stream.read(&mut buffer).await.ok()? {
                0 => break,
                n => bytes.extend_from_slice(&buffer[..n]),
            }
            if bytes.first() != Some(&22) {
                break;
            }
        }
        Some(())
    };
    // However it ends, what came counts.
    let _ = tokio::time::timeout(within, exchange).await;
    read(&bytes)
}

/// Handshake messages by their numbers (RFC 5246, section 7.4).
const CERTIFICATE_REQUEST: u8 = 13;
const HELLO_DONE: u8 = 14;
/// Bytes of a server's first words that are read.
const LONGEST: usize = 64 << 10;

/// Which handshake messages came whole.
fn messages(bytes: &[u8]) -> Vec<u8> {
    let (mut rest, mut joined) = (bytes, Vec::new());
    while let [22, 3, _, high, low, record @ ..] = rest {
        let Some((content, after)) =
            record.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
        else {
            break;
        };
        joined.extend_from_slice(content);
        rest = after;
    }
    let (mut rest, mut found) = (joined.as_slice(), Vec::new());
    while let [kind, high, middle, low, message @ ..] = rest {
        let length = u32::from_be_bytes([0, *high, *middle, *low]);
        let Some(after) = message.get(length as usize..) else { break };
        found.push(*kind);
        rest = after;
    }
    found
}

fn read(bytes: &[u8]) -> Answer {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    match bytes {
        [] => Answer::Silence,
        [21, 3, _, _, _, _, number, ..] => Answer::Alert(*number),
        [22, 3, _, _, _, 2, ..] => {
            let session = usize::from(bytes.get(43).copied().unwrap_or(0));
            let asks = messages(bytes).contains(&CERTIFICATE_REQUEST);
            match (word(9), word(44 + session)) {
                (Some(version), Some(suite)) => Answer::Hello { version, suite, asks },
                _ => Answer::Silence,
            }
        }
        _ => {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
            Answer::Other(text.split(['\r', '\n']).next().unwrap_or_default().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(read(b""), Answer::Silence);
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 70]), Answer::Alert(70));
        assert_eq!(read(b"HTTP/1.1 400 Bad\r\n"), Answer::Other("HTTP/1.1 400 Bad".into()));
        let mut hello = vec![22, 3, 1, 0, 80, 2, 0, 0, 76, 3, 1];
        hello.extend([7; 32]);
        hello.push(2);
        hello.extend([9, 9, 0x00, 0x2f, 0]);
        let said = Answer::Hello { version: 0x0301, suite: 0x002f, asks: false };
        assert_eq!(read(&hello), said);
        // Two messages in a record, one over two.
        let two = [22, 3, 1, 0, 8, 13, 0, 0, 0, 14, 0, 0, 1, 22, 3, 1, 0, 1, 9];
        assert_eq!(messages(&two), [13, 14]);
        assert_eq!(messages(&two[..18]), [13]);
        for cut in 0..hello.len() {
            let _ = read(&hello[..cut]);
        }
        let sent = client_hello("a.example");
        assert_eq!(sent.len(), 5 + usize::from(u16::from_be_bytes([sent[3], sent[4]])));
        assert!(sent.windows(9).any(|w| w == b"a.example"));
        assert!(!client_hello("127.0.0.1").windows(9).any(|w| w == b"127.0.0.1"));
    }
}
