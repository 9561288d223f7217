//! Peers that hold what others need, and pages that are not the host's.

use std::time::Duration;

use external_providers::host::{Settings, TestForm, Tls};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::http::{PATIENCE, bind, certificate, echo, exchange, get, head, post, run};

/// Waits until the metrics say this.
async fn told(metrics: std::net::SocketAddr, line: &str) {
    let wait = async {
        loop {
            let metrics = exchange(metrics, get("/")).await;
            if metrics.lines().any(|told| told == line) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never said: {line}"));
}

#[tokio::test]
async fn stalled_uploads_do_not_keep_small_calls_out() {
    const LARGE: usize = 256 << 10;
    let settings = Settings { max_buffered: 4 * LARGE, ..Settings::default() };
    let server = bind(settings).await.with_metrics("127.0.0.1:0").await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    tokio::spawn(server.serve(std::future::pending()));
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(head("/Provider.asmx", "Authenticate", LARGE, "").as_bytes())
            .await
            .unwrap();
        stream.write_all(&vec![b' '; LARGE - 1]).await.unwrap();
        stalled.push(stream);
    }
    told(metrics, &format!("external_providers_buffered_bytes {}", 4 * (LARGE - 1))).await;
    let close = "Connection: close\r\n";
    for _ in 0..20 {
        let answer = exchange(address, echo(close)).await;
        assert!(answer.contains("echo Authenticate"), "{answer}");
    }
    let padded = "x".repeat(60 << 10);
    let variables = ["diagnostic=echo", &format!("x={padded}")];
    let small = exchange(address, post("/Provider.asmx", "Authenticate", &variables, close)).await;
    assert!(small.contains("echo Authenticate"), "{small}");
    let padded = "x".repeat(100 << 10);
    let variables = ["diagnostic=echo", &format!("x={padded}")];
    let large = exchange(address, post("/Provider.asmx", "Authenticate", &variables, close)).await;
    assert!(large.starts_with("HTTP/1.1 503 ") && large.contains("too many request bytes"));
    drop(stalled);
    told(metrics, "external_providers_buffered_bytes 0").await;
    let large = exchange(address, post("/Provider.asmx", "Authenticate", &variables, close)).await;
    assert!(large.contains("echo Authenticate"));
}

#[tokio::test]
async fn a_request_is_counted_until_it_is_answered() {
    let server = bind(Settings::default()).await.with_metrics("127.0.0.1:0").await.unwrap();
    let (address, metrics) = (server.local_addr(), server.metrics_addr().unwrap());
    tokio::spawn(server.serve(std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It is answered when this test has seen it, at the latest.
    let value = "x".repeat(200 << 10);
    let variables = ["diagnostic=slow", "delayMs=60000", &format!("x={value}")];
    let request = post("/Provider.asmx", "Authenticate", &variables, "");
    // What is not a value is not held while the provider works.
    let request = request.replace("<inputs>", &format!("<!--{}--><inputs>", "c".repeat(1 << 20)));
    let length = request.split_once("\r\n\r\n").unwrap().1.len();
    let old = request.lines().find(|line| line.starts_with("Content-Length")).unwrap().to_owned();
    let request = request.replace(&old, &format!("Content-Length: {length}"));
    stream.write_all(request.as_bytes()).await.unwrap();
    told(metrics, "external_providers_requests_in_flight 1").await;
    let held = async {
        loop {
            let metrics = exchange(metrics, get("/")).await;
            let line =
                metrics.lines().find_map(|l| l.strip_prefix("external_providers_buffered_bytes "));
            let bytes: usize = line.unwrap().parse().unwrap();
            // Until it is decoded, the whole of it is held.
            if bytes < 1 << 20 {
                return bytes;
            }
        }
    };
    let held = timeout(PATIENCE, held).await.unwrap();
    assert!((value.len()..value.len() + 1000).contains(&held), "{held}");
}

#[tokio::test]
async fn idle_connections_do_not_block_the_metrics() {
    let server = bind(Settings::default()).await.with_metrics("127.0.0.1:0").await.unwrap();
    let metrics = server.metrics_addr().unwrap();
    tokio::spawn(server.serve(std::future::pending()));
    let mut idle = Vec::new();
    for n in 0..20 {
        let mut stream = TcpStream::connect(metrics).await.unwrap();
        // Some say nothing, others half of something.
        if n % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
        }
        idle.push(stream);
    }
    for _ in 0..3 {
        let mut stream = TcpStream::connect(metrics).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        // No wish to close: the connection ends with its answer all the same.
        let answer = super::http::rest(&mut stream).await;
        assert!(answer.contains("external_providers_connections 0\n"), "{answer}");
        idle.push(stream);
    }
    for request in ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"] {
        let answer = exchange(metrics, request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
}

#[tokio::test]
async fn a_request_has_one_host() {
    let address = run(Settings::default()).await;
    let request = echo("Connection: close\r\n");
    for (host, answered) in [
        ("", false),
        ("Host: a\r\nHost: a\r\n", false),
        ("Host: a\r\nhost: b\r\n", false),
        ("Host: a\r\n", true),
    ] {
        let answer = exchange(address, request.replacen("Host: h\r\n", host, 1)).await;
        let status = if answered { "HTTP/1.1 200 " } else { "HTTP/1.1 400 " };
        assert!(answer.starts_with(status), "{host}: {answer}");
        if !answered {
            assert!(answer.contains("The request hostname is invalid."), "{answer}");
            assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        }
    }
    // HTTP/1.0 may do without, but not have two; absolute-form does not stand in for it.
    let old = request.replace("HTTP/1.1", "HTTP/1.0");
    let answer = exchange(address, old.replacen("Host: h\r\n", "", 1)).await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    let answer = exchange(address, old.replacen("Host: h", "Host: h\r\nHost: h", 1)).await;
    assert!(answer.starts_with("HTTP/1.0 400 "), "{answer}");
    let absolute = request.replacen("POST /", "POST http://h/", 1).replacen("Host: h\r\n", "", 1);
    assert!(exchange(address, absolute).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn forms_are_taken_from_the_own_page_only() {
    let fields = "authPW=s3cret&loginUsername=myusername&loginPassword=mypassword";
    let form = |headers: &str| {
        format!(
            "POST /Provider.asmx?op=Authenticate HTTP/1.1\r\n{headers}Content-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: \
             close\r\n\r\n{fields}",
            fields.len()
        )
    };
    let local = run(Settings::default()).await;
    let settings = Settings { test_form: TestForm::Always, ..Settings::default() };
    let always = run(settings).await;
    // With the default, and where everybody is offered the form: is it carried out?
    for (headers, here, everywhere) in [
        ("Host: localhost\r\n", true, true),
        ("Host: LOCALHOST:8080\r\n", true, true),
        ("Host: 127.0.0.1:8080\r\n", true, true),
        ("Host: [::1]:8080\r\n", true, true),
        ("Host: [::1]\r\n", true, true),
        ("Host: evil.com:18080\r\n", false, true),
        ("Host: localhost.evil.com\r\n", false, true),
        ("Host: 127.0.0.1.evil.com\r\n", false, true),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nOrigin: null\r\n", true, true),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: none\r\n", true, true),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n", false, false),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: same-site\r\n", false, false),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: \r\n", false, false),
        ("Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:1\r\n", true, true),
        ("Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:2\r\n", false, false),
        ("Host: 127.0.0.1\r\nOrigin: http://evil.com\r\n", false, false),
        ("Host: 127.0.0.1\r\nOrigin: evil\r\n", false, false),
        ("Host: 127.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\n", false, true),
        ("Host: 127.0.0.1\r\nX-Forwarded-Prefix: /x\r\n", false, true),
        ("Host: 127.0.0.1\r\nForwarded: for=10.0.0.1\r\n", false, true),
        ("Host: 127.0.0.1\r\nVia: 1.1 proxy\r\n", false, true),
        ("Host: 127.0.0.1\r\nX-Real-IP: 10.0.0.1\r\n", false, true),
    ] {
        for (address, taken) in [(local, here), (always, everywhere)] {
            let answer = exchange(address, form(headers)).await;
            assert_eq!(answer.contains("<td>Authentication=OK</td>"), taken, "{headers}: {answer}");
        }
    }
    // What came through a proxy is not offered the form in the first place.
    let page = get("/Provider.asmx?op=Authenticate");
    assert!(exchange(local, &page).await.contains("<form"));
    let forwarded = page.replace("Host: h", "Host: h\r\nVia: 1.1 proxy");
    assert!(!exchange(local, forwarded).await.contains("<form"));
}

#[tokio::test]
async fn an_open_handshake_does_not_delay_the_end() {
    let (certificate, key, _) = certificate();
    let server = bind(Settings::default()).await.with_tls(Tls::read(&certificate, &key).unwrap());
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(&[22, 3, 1]).await.unwrap();
    // Accepted for certain, since accepted in turn: this one is answered, if only by an alert.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    super::http::rest(&mut plain).await;
    stop.send(()).unwrap();
    // The default would wait for 30 s.
    timeout(Duration::from_secs(20), served).await.expect("it ends").unwrap();
}

/// A core is a copy of all passwords.
#[cfg(target_os = "linux")]
#[test]
fn the_tool_leaves_no_core() {
    use std::io::BufRead as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Stdio};
    let folder = crate::support::Folder::new("core");
    // With a limit that lets it be written, wherever the kernel writes it.
    let aborted = |program: &str, arguments: &[&str]| {
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$@\"", "sh", program])
            .args(arguments)
            .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", "s3cret")
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It runs when it says something.
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        std::io::BufReader::new(stdout).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-ABRT", &pid]).status().unwrap().success());
        child.wait().unwrap()
    };
    let other = aborted("sh", &["-c", "echo it runs; exec sleep 60"]);
    assert_eq!(other.signal(), Some(6));
    let tool = env!("CARGO_BIN_EXE_external-providers");
    let ours = aborted(tool, &["serve", "--sample", "--listen", "127.0.0.1:0"]);
    assert_eq!(ours.signal(), Some(6));
    // Where nobody can leave a core, nothing is shown by ours.
    assert!(!ours.core_dumped(), "that of another: {}", other.core_dumped());
}
