//! The two servers at the other end of a socket: any bytes are answered, or the connection closed.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use external_providers::host::{Host, Settings};
use external_providers::replay::Replay;
use external_providers::sample;

use super::corpus::root;

/// Longer than any of the time-outs below, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Host and replay server, both on a thread that ends with the process.
fn servers() -> &'static [SocketAddr; 2] {
    static SERVERS: OnceLock<[SocketAddr; 2]> = OnceLock::new();
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
                let both = [host.local_addr(), replay.local_addr()];
                sender.send(both).expect("somebody waits");
                host.serve(std::future::pending()).await;
            });
        });
        receiver.recv().expect("servers")
    })
}

pub(super) fn http(data: &[u8]) {
    for address in servers() {
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
    }
}
