//! What a call costs beside the bare minimum, as ratios inside one run (Linux).
//!
//! `cargo bench --bench client` starts the sample provider in a process and on a core of its own and
//! measures, interleaved: the CPU time of a warm client's call, on one thread, with one and with sixteen
//! calls in flight, beside a POST of the same bytes by bare reqwest and by hyper-util's client, on which reqwest
//! stands; and the time from process start to answer of `external-providers call` beside curl's.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use external_providers::contract::Authenticate;
use external_providers::soap::Binding;
use external_providers::{Client, Host, Secret, sample};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;

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

/// CPU time of a call, of which so many are under way at the same time.
async fn cost<F>(in_flight: u32, call: impl Fn() -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send,
{
    let each = 192 / in_flight;
    let started = cpu();
    let mut tasks = JoinSet::new();
    for _ in 0..in_flight {
        let call = call.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                call().await;
            }
        });
    }
    tasks.join_all().await;
    (cpu() - started) as f64 / f64::from(each * in_flight)
}

fn bare_reqwest() -> reqwest::Client {
    // No redirects, no retries, no proxies.
    reqwest::Client::builder()
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
        .unwrap()
}

fn bare_hyper() -> legacy::Client<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    legacy::Client::builder(TokioExecutor::new()).build(connector)
}

async fn warm(url: &str, in_flight: u32) {
    // The bare clients have the bytes made in advance, and do not read the answer.
    let secret = Secret::new(PASSWORD);
    let http = Binding::default().encode_request("/", Some(&secret), &request()).unwrap();
    let action = http.headers.get("SOAPAction").unwrap().into_owned();
    let body = http.body;
    let client = Arc::new(Client::new(url, PASSWORD).unwrap());
    let ours = move || {
        let client = Arc::clone(&client);
        async move { drop(client.call(request()).await.unwrap()) }
    };
    let (reqwest, post) = (bare_reqwest(), (url.to_owned(), action.clone(), body.clone()));
    let by_reqwest = move || {
        let post = reqwest
            .post(&post.0)
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", &post.1)
            .body(post.2.clone());
        async move {
            let answer = post.send().await.unwrap();
            assert_eq!(answer.bytes().await.unwrap().len(), 579);
        }
    };
    let (hyper, uri) = (bare_hyper(), url.parse::<hyper::Uri>().unwrap());
    let by_hyper = move || {
        let post = Request::post(uri.clone())
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", &action)
            .body(Full::new(Bytes::from(body.clone())))
            .unwrap();
        let answer = hyper.request(post);
        async move {
            let answer = answer.await.unwrap().into_body().collect().await.unwrap();
            assert_eq!(answer.to_bytes().len(), 579);
        }
    };
    let mut costs = [const { Vec::new() }; 3];
    for round in 0..60 {
        let costs_now = [
            cost(in_flight, ours.clone()).await,
            cost(in_flight, by_reqwest.clone()).await,
            cost(in_flight, by_hyper.clone()).await,
        ];
        if round > 4 {
            costs.iter_mut().zip(costs_now).for_each(|(all, now)| all.push(now));
        }
    }
    let [ours, by_reqwest, by_hyper] = costs.map(median);
    println!(
        "warm call, {in_flight} in flight: {:.1} µs CPU; bare reqwest POST {:.1} µs: {:.2} x; hyper-util's {:.1} µs: {:.2} x",
        ours / 1e3,
        by_reqwest / 1e3,
        ours / by_reqwest,
        by_hyper / 1e3,
        ours / by_hyper,
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
    // Where the scheduler happens to put the two would otherwise decide more than what they do.
    let pinned = Command::new("taskset")
        .args(["-cp", "0", &std::process::id().to_string()])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(pinned.success());
    let mut server = Command::new("taskset")
        .args(["-c", "1", std::env::current_exe().unwrap().to_str().unwrap(), "--serve"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    for in_flight in [1, 16] {
        runtime.block_on(warm(url, in_flight));
    }
    cold(url);
    server.kill().unwrap();
    server.wait().unwrap();
}
