//! What a call costs beside the bare minimum, as ratios inside one run (Linux).
//!
//! `cargo bench --bench client` starts the sample provider in a process of its own and measures,
//! interleaved: the CPU time of a warm client's call beside a bare reqwest POST of the same bytes;
//! and the time from process start to answer of `external-providers call` beside curl's.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use external_providers::contract::Authenticate;
use external_providers::soap::Binding;
use external_providers::{Client, Host, Secret, sample};

const PASSWORD: &str = "s3cret";

fn request() -> Authenticate {
    Authenticate {
        login_username: "myusername".into(),
        login_password: "mypassword".into(),
        ..Default::default()
    }
}

/// The other process: serves until its standard input ends.
async fn serve() {
    let services = sample::services(PASSWORD, "http://tempuri.org/");
    let server =
        Host::builder().services(services).build().unwrap().bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/Provider.asmx", server.local_addr());
    server.serve(std::future::pending()).await;
}

/// CPU time of this thread in nanoseconds.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn warm(url: &str) {
    let client = Client::new(url, PASSWORD).unwrap();
    // The bare client: no redirects, no retries, no proxies either, and the bytes made in advance.
    let bare = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tls_backend_preconfigured(
            rustls::ClientConfig::builder_with_provider(
                rustls::crypto::ring::default_provider().into(),
            )
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
        )
        .build()
        .unwrap();
    let secret = Secret::new(PASSWORD);
    let http = Binding::default().encode_request("/", Some(&secret), &request()).unwrap();
    let action = http.headers.get("SOAPAction").unwrap().into_owned();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..60 {
        let calls = 200;
        let started = cpu();
        for _ in 0..calls {
            client.call(request()).await.unwrap();
        }
        let middle = cpu();
        for _ in 0..calls {
            let answer = bare
                .post(url)
                .header("Content-Type", "text/xml; charset=utf-8")
                .header("SOAPAction", &action)
                .body(http.body.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.bytes().await.unwrap().len(), 579);
        }
        if round > 4 {
            ours.push((middle - started) as f64 / f64::from(calls));
            theirs.push((cpu() - middle) as f64 / f64::from(calls));
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "warm call: {:.1} µs CPU, bare reqwest POST {:.1} µs: {:.2} x",
        ours / 1e3,
        theirs / 1e3,
        ours / theirs
    );
}

fn cold(url: &str) {
    let secret = Secret::new(PASSWORD);
    let http = Binding::default().encode_request("/", Some(&secret), &request()).unwrap();
    let body = String::from_utf8(http.body).unwrap();
    let call = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_external-providers"));
        command
            .args(["call", "Authenticate", "loginUsername=myusername"])
            .args(["loginPassword=mypassword", "--url", url])
            .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD);
        command
    };
    let curl = || {
        let mut command = Command::new("curl");
        command
            .args(["-sS", "-H", "Content-Type: text/xml; charset=utf-8"])
            .args(["-H", "SOAPAction: \"http://tempuri.org/Authenticate\""])
            .args(["--data-binary", &body, url]);
        command
    };
    let time = |mut command: Command| {
        let started = Instant::now();
        let output = command.output().unwrap();
        let elapsed = started.elapsed().as_secs_f64();
        assert!(String::from_utf8_lossy(&output.stdout).contains("myusername@example.com"));
        elapsed
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..105 {
        let (a, b) = (time(call()), time(curl()));
        if round > 4 {
            ours.push(a);
            theirs.push(b);
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "cold call: {:.2} ms from start to answer, curl {:.2} ms: {:.2} x",
        ours * 1e3,
        theirs * 1e3,
        ours / theirs
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == "--serve") {
        return runtime.block_on(serve());
    }
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("--serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    runtime.block_on(warm(url));
    cold(url);
    server.kill().unwrap();
    server.wait().unwrap();
}
