//! What a tab says of the wire, seen on the wire.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use external_providers::client::{CallError, TransportErrorKind};
use external_providers::contract::{GetUserInfo, Kind};
use external_providers::gateway::{Cause, Gateway, LoginOutcome};
use external_providers::settings::Settings;

use super::kinds::{PASSWORD, login};
use crate::support::Folder;

/// A peer that takes one request in, whole, and hangs up.
fn peer() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        let (mut stream, _) = listener.accept().unwrap();
        while !bytes.ends_with(b":Envelope>") {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0, "the request ended early");
            bytes.extend_from_slice(&buffer[..n]);
        }
        send.send(String::from_utf8(bytes).unwrap()).unwrap();
    });
    (address, receive)
}

/// Providers whose tab of this kind has these lines, and the right password.
fn providers(folder: &Folder, kind: Kind, lines: &str) -> Gateway {
    folder.file("password", PASSWORD);
    let text = format!(
        "[options]\n{kind} = true\n[{kind}]\nprovider = 'external'\npassword_file = 'password'\n\
         retries = 0\n{lines}\n"
    );
    Gateway::builder(Settings::load(folder.file("s.toml", text)).unwrap()).build().unwrap()
}

#[tokio::test]
async fn namespace_version_and_operation_are_those_of_the_tab() {
    let folder = Folder::new("wire");
    for (soap, media_type) in [("1.1", "text/xml"), ("1.2", "application/soap+xml")] {
        let (address, seen) = peer();
        let lines = format!(
            "url = 'http://{address}/U.asmx'\nsoap = '{soap}'\nnamespace = 'urn:crm'\n\
             operation = 'LookupCustomer'"
        );
        let providers = providers(&folder, Kind::UserInformation, &lines);
        assert!(providers.get_user_info(GetUserInfo::default()).await.is_err());
        let request = seen.recv().unwrap();
        assert!(request.starts_with("POST /U.asmx HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("{media_type}; charset=utf-8")), "{request}");
        assert!(request.contains("\"urn:crm/LookupCustomer\""), "{request}");
        assert!(request.contains("<LookupCustomer xmlns=\"urn:crm\">"), "{request}");
        assert!(request.contains(&format!("<string>authPW={PASSWORD}</string>")), "{request}");
    }
}

#[tokio::test]
async fn the_proxy_is_the_tabs_own() {
    let folder = Folder::new("wire-proxy");
    let (address, seen) = peer();
    let lines = format!("url = 'http://service.invalid/P.asmx'\nproxy = 'http://{address}'");
    assert!(providers(&folder, Kind::Login, &lines).authenticate(login("u")).await.is_err());
    let request = seen.recv().unwrap();
    assert!(request.starts_with("POST http://service.invalid/P.asmx HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn certificates_of_the_companys_own_are_trusted_when_they_are_given() {
    let folder = Folder::new("wire-tls");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = folder.file("certificate.pem", certified.cert.pem());
    let key = folder.file("key.pem", certified.signing_key.serialize_pem());
    let tls = external_providers::host::Tls::read(&certificate, &key).unwrap();
    let services = external_providers::sample::services(PASSWORD, "http://tempuri.org/");
    let host = external_providers::Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap().with_tls(tls);
    let url = format!("url = 'https://localhost:{}/Provider.asmx'", server.local_addr().port());
    tokio::spawn(server.serve(std::future::pending()));

    let trusting = format!("{url}\nroot_certificates = 'certificate.pem'");
    let outcome = providers(&folder, Kind::Login, &trusting).authenticate(login("u")).await;
    assert!(matches!(outcome.unwrap(), LoginOutcome::Refused(_)), "the sample knows another user");
    let error = providers(&folder, Kind::Login, &url).authenticate(login("u")).await.unwrap_err();
    assert!(error.hint().unwrap().contains("trust it explicitly"), "{error:?}");
}

#[tokio::test]
async fn connections_and_calls_end_in_their_time() {
    let folder = Folder::new("wire-time");
    // The system takes connections in; nobody ever says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let short = Duration::from_millis(100);
    for (lines, expected) in [
        (
            format!("url = 'https://{address}/'\nconnect_timeout = '100ms'"),
            TransportErrorKind::ConnectTimeout(short),
        ),
        (
            format!("url = 'http://{address}/'\ntimeout = '100ms'"),
            TransportErrorKind::Timeout(short),
        ),
    ] {
        let result = providers(&folder, Kind::Login, &lines).authenticate(login("u")).await;
        match result.unwrap_err().cause {
            Cause::Call(CallError::Transport(error)) => assert_eq!(error.kind, expected),
            other => panic!("{other:?}"),
        }
    }
}
