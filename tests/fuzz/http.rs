//! The servers at the other end of a socket: any bytes are answered, or the connection closed.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use external_providers::contract::{Kind, OPERATIONS};
use external_providers::gateway::Gateway;
use external_providers::gateway_server::{GatewayServer, Tokens};
use external_providers::host::{Host, Settings};
use external_providers::replay::Replay;
use external_providers::sample;
use external_providers::settings::{self, ExternalService};

use super::corpus::root;

/// Longer than any of the time-outs below, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

const TOKEN: &str = "the-token-of-targets-0123";

/// Host, replay server and a gateway to the host, on a thread that ends with the process.
fn servers() -> &'static [SocketAddr; 3] {
    static SERVERS: OnceLock<[SocketAddr; 3]> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let settings = Settings {
                    header_timeout: Duration::from_millis(500),
                    body_timeout: Duration::from_millis(500),
                    idle_timeout: Duration::from_millis(500),
                    ..Settings::default()
                };
                let services = sample::diagnostic_services("s3cret", "http://tempuri.org/");
                let host = Host::builder().services(services).settings(settings).build();
                let host = host.expect("in order").bind("127.0.0.1:0").await.expect("a port");
                let replay = Replay::load(root().join("fixtures/sample")).expect("recordings");
                let replay = replay.server().patience(Duration::from_millis(500)).start().await;
                let replay = replay.expect("a port");
                let gateway = gateway_to(host.local_addr()).await;
                let all = [host.local_addr(), replay.local_addr(), gateway.local_addr()];
                sender.send(all).expect("somebody waits");
                tokio::join!(
                    host.serve(std::future::pending()),
                    gateway.serve(std::future::pending())
                );
            });
        });
        receiver.recv().expect("servers")
    })
}

/// A gateway that asks the sample.
async fn gateway_to(host: SocketAddr) -> external_providers::host::Server {
    let mut settings = settings::Settings::default();
    for &kind in Kind::ALL {
        let service = match kind {
            Kind::UserInformation | Kind::Events | Kind::Registration => "Extended",
            _ => "Provider",
        };
        let url = format!("http://{host}/{service}.asmx");
        settings.enable(ExternalService::new(kind, url, "s3cret"));
    }
    settings.login.accept_sign_on_cookies = true;
    let gateway = Gateway::builder(settings).build().expect("in order");
    let tokens = Tokens::new([TOKEN]).expect("a token");
    let server = GatewayServer::new(gateway, tokens, Settings::default());
    server.bind("127.0.0.1:0").await.expect("a port")
}

/// What a server answers to this, up to the end of the connection.
fn exchange(address: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("they listen");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    // Whoever is answered before all is sent may be cut off.
    let _ = stream.write_all(data).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    let text = String::from_utf8_lossy(&answer);
    assert!(text.is_empty() || text.starts_with("HTTP/1."), "{text}");
    answer
}

/// Any bytes at the port of a host and of a replay server.
pub(super) fn http(data: &[u8]) {
    for address in &servers()[..2] {
        exchange(*address, data);
    }
}

/// Any document for the gateway, which asks the sample: a document comes back, without the password.
pub(super) fn gateway(data: &[u8]) {
    let (choice, body) = data.split_first().unwrap_or((&0, &[]));
    let operation = OPERATIONS[usize::from(*choice) % OPERATIONS.len()].name;
    let length = body.len();
    let head = format!(
        "POST /v1/{operation} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    let answer = exchange(servers()[2], &[head.as_bytes(), body].concat());
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, document) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    assert!(serde_json::from_str::<serde_json::Value>(document).is_ok(), "{answer}");
    assert!(!head.starts_with("HTTP/1.1 500") && !head.starts_with("HTTP/1.1 503"), "{answer}");
}
