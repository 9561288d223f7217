//! A TLS handshake's first words by hand, to learn what a server speaks that rustls does not: only
//! the versions from 1.2 down, with the cipher suites that were common then (RFC 5246, section 7.4).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a server answers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It picks a version (`0x0301` is TLS 1.0) and a cipher suite.
    Hello { version: u16, suite: u16 },
    /// It refuses, with the number of an alert.
    Alert(u8),
    /// It is no TLS; these are the first characters.
    Other(String),
    /// It closes the connection, or says nothing.
    Silence,
}

/// Suites from modern to ancient.
const SUITES: [u16; 24] = [
    0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, 0x009e, 0x009f, 0xc027, 0xc028, 0xc023, 0xc024,
    0xc013, 0xc014, 0xc009, 0xc00a, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x000a, 0x0005,
];

/// The name of a version.
pub(super) fn version_name(version: u16) -> String {
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
pub(super) fn suite_name(suite: u16) -> String {
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

/// Asks a server on a new connection.
pub(super) async fn ask(mut stream: TcpStream, host: &str, within: Duration) -> Answer {
    let mut bytes = Vec::new();
    let exchange = async {
        stream.write_all(&client_hello(host)).await.ok()?;
        let mut buffer = [0; 1024];
        // Up to the cipher suite, which stands at most 43 bytes after the session's 32.
        while bytes.len() < 96 {
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

fn read(bytes: &[u8]) -> Answer {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    match bytes {
        [] => Answer::Silence,
        [21, 3, _, _, _, _, number, ..] => Answer::Alert(*number),
        [22, 3, _, _, _, 2, ..] => {
            let session = usize::from(bytes.get(43).copied().unwrap_or(0));
            match (word(9), word(44 + session)) {
                (Some(version), Some(suite)) => Answer::Hello { version, suite },
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
        assert_eq!(read(&hello), Answer::Hello { version: 0x0301, suite: 0x002f });
        for cut in 0..hello.len() {
            let _ = read(&hello[..cut]);
        }
        let sent = client_hello("a.example");
        assert_eq!(sent.len(), 5 + usize::from(u16::from_be_bytes([sent[3], sent[4]])));
        assert!(sent.windows(9).any(|w| w == b"a.example"));
        assert!(!client_hello("127.0.0.1").windows(9).any(|w| w == b"127.0.0.1"));
    }
}
