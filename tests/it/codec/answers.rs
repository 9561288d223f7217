//! Answers as real servers write them: odd heads, ends without a word, compression unasked.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use external_providers::client::{CallError, TransportErrorKind};
use external_providers::contract::{Authenticate, Authentication};
use external_providers::doctor::{Options, Subject, check};
use external_providers::soap::NonSoapKind;
use external_providers::{Client, client::DiscoverError};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::doctor::peers::{respond, serve};

const ENVELOPE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
    xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><AuthenticateResponse \
    xmlns=\"http://tempuri.org/\"><AuthenticateResult><Success>true</Success><OutputVariables>\
    <string>Authentication=OK</string></OutputVariables></AuthenticateResult></AuthenticateResponse>\
    </soap:Body></soap:Envelope>";

async fn call(client: Client) -> Result<Authentication, CallError> {
    let request = Authenticate { login_username: "u".into(), ..Default::default() };
    client.call(request).await.map(|answer| answer.result)
}

async fn call_at(address: SocketAddr) -> Result<Authentication, CallError> {
    call(Client::new(&format!("http://{address}/Provider.asmx"), "s3cret").unwrap()).await
}

#[tokio::test]
async fn heads_that_dotnet_reads_are_read() {
    const TYPE: &str = "Content-Type: text/xml; charset=utf-8\r\n";
    let length = format!("Content-Length: {}\r\n", ENVELOPE.len());
    for head in [
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml;\r\n charset=utf-8\r\n{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TYPE}X: a;\r\n\tb\r\n \r\n  c\r\n{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Type : text/xml\r\n{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TYPE}X: a\u{1}b\r\nY: Ungültig\r\n{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TYPE}no colon\r\nX Y: 1\r\n{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TYPE}: no name\r\nX:\r\n{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TYPE}{length}{length}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{TYPE}Content-Length: {0}, {0}\r\n\r\n", ENVELOPE.len()),
        format!("HTTP/1.1 200\r\n{TYPE}{length}\r\n"),
        format!("HTTP/1.1 200 \r\n{TYPE}{length}\r\n"),
        format!("HTTP/1.0 200 Ungültig\n{TYPE}{length}\n"),
        format!("\r\nHTTP/1.1 200 OK\r\n{TYPE}{length}\r\n"),
        format!("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n{TYPE}{length}\r\n"),
    ] {
        let answer = format!("{head}{ENVELOPE}");
        let address = serve(move |_| answer.clone().into_bytes());
        let result = call_at(address).await;
        assert_eq!(
            result.ok(),
            Some(Authentication::Authenticated { email_address: None, display_name: None }),
            "{head}"
        );
    }
    // Two lengths that differ may be two answers.
    let two = format!("HTTP/1.1 200 OK\r\n{TYPE}{length}Content-Length: 5\r\n\r\n{ENVELOPE}");
    assert!(call_at(serve(move |_| two.clone().into_bytes())).await.is_err());
}

/// A TLS peer that answers each connection with these bytes and ends TCP without a word; with the
/// certificate to trust.
fn rude(answer: &str) -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key);
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = StreamOwned::new(connection, stream.unwrap());
            let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
            // A request ends with its envelope, or with its head.
            let ends = |seen: &[u8]| match seen.starts_with(b"POST") {
                true => seen.ends_with(b"Envelope>"),
                false => seen.ends_with(b"\r\n\r\n"),
            };
            while !ends(&seen) {
                match tls.read(&mut buffer) {
                    Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
                    _ => break,
                }
            }
            let _ = tls.write_all(answer.as_bytes()).and_then(|()| tls.flush());
            let _ = tls.sock.shutdown(std::net::Shutdown::Both);
        }
    });
    (format!("https://localhost:{port}/Provider.asmx"), certified.cert.pem())
}

#[tokio::test]
async fn a_whole_answer_needs_no_close_notify() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nConnection: close\r\n";
    let chunked =
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{ENVELOPE}\r\n", ENVELOPE.len());
    let half = &ENVELOPE[..ENVELOPE.len() - 1];
    for (rest, whole) in [
        (format!("\r\n{ENVELOPE}"), true),
        (format!("\r\n{ENVELOPE}\r\n"), true),
        (format!("Content-Length: {}\r\n\r\n{ENVELOPE}", ENVELOPE.len()), true),
        (format!("{chunked}0\r\n\r\n"), true),
        (format!("\r\n{half}"), false),
        ("\r\n".to_owned(), false),
        (format!("Content-Length: {}\r\n\r\n{ENVELOPE}", ENVELOPE.len() + 1), false),
        (chunked, false),
    ] {
        let (url, roots) = rude(&format!("{head}{rest}"));
        let client = Client::builder(&url, "s3cret").root_certificates(roots).build().unwrap();
        match call(client).await {
            Ok(_) => assert!(whole, "{rest}"),
            Err(CallError::Transport(error)) => {
                assert!(!whole && error.sent, "{rest}: {error}");
                assert!(matches!(error.kind, TransportErrorKind::Broken(_)), "{rest}: {error}");
            }
            Err(other) => panic!("{rest}: {other}"),
        }
    }
    // A WSDL ends with its root, too; and what is cut off is not one.
    let wsdl = "<w:definitions xmlns:w=\"http://schemas.xmlsoap.org/wsdl/\"></w:definitions>";
    for (text, whole) in [(wsdl, true), (&wsdl[..60], false)] {
        let (url, roots) = rude(&format!("{head}\r\n<!-- a > b -->{text}\n"));
        let builder = Client::builder(&url, "s3cret").root_certificates(roots);
        let broken = matches!(builder.discover().await, Err(DiscoverError::Transport(_)));
        assert_eq!(broken, !whole, "{text}");
    }
}

#[tokio::test]
async fn compression_unasked_is_named() {
    let packed = |coding: &str| {
        let headers = format!("Content-Type: text/xml; charset=utf-8\r\n{coding}");
        serve(move |_| respond("200 OK", &headers, b"\x1f\x8b\x08\0\0\0\0\0\0\x03"))
    };
    // The first bytes tell, too, where the header is missing.
    for coding in ["Content-Encoding: gzip\r\n", "Content-Encoding: x-gzip\r\n", ""] {
        let address = packed(coding);
        let error = call_at(address).await.unwrap_err();
        assert!(error.to_string().contains("compressed body ("), "{error}");
        assert!(error.hint().unwrap().contains("switch compression off"), "{error}");
        let url = format!("http://{address}/Provider.asmx");
        let error = Client::builder(&url, "s3cret").discover().await.unwrap_err();
        let compressed = matches!(&error, DiscoverError::NotWsdl { answer, .. }
            if matches!(&answer.page, NonSoapKind::Compressed(coding) if coding.ends_with("gzip")));
        assert!(compressed, "{error}");
        let options = Options { round_trips: 1, ..Options::default() };
        let report = check(&Subject::new(url), &options, |_| ()).await;
        for step in ["wsdl", "soap"] {
            let findings = &report.step(step).unwrap().findings;
            assert_eq!(findings.iter().filter(|f| f.code == "compression").count(), 1, "{step}");
        }
    }
}
