//! What recording costs callers, and what a large recording costs the recorder, as ratios inside one run.
//!
//! `cargo bench --bench record` puts two proxies before the sample provider: one forwards and nothing
//! else, one records. A caller asks both in alternating rounds: with a user of its own in each call, so
//! that each is written, and with the same call again and again, so that it is counted. Then
//! recordings of 400, 2 000 and 8 000 exchanges are gone on with.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use external_providers::contract::Authenticate;
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::record::{Mode, Proxy, Recording};
use external_providers::redact::Rules;
use external_providers::soap::Binding;
use external_providers::{Host, Secret, sample};

const PASSWORD: &str = "s3cret";
const ROUNDS: usize = 20;
const CALLS: usize = 100;
/// Between two calls: a busy help desk, not a flood.
const PAUSE: Duration = Duration::from_millis(2);

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("bench-record-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn request(user: &str) -> HttpRequest {
    let request = Authenticate {
        login_username: user.into(),
        login_password: "mypassword".into(),
        ..Default::default()
    };
    let password = Secret::new(PASSWORD);
    Binding::default().encode_request("/Provider.asmx", Some(&password), &request).unwrap()
}

fn bytes(user: &str) -> Vec<u8> {
    let request = request(user);
    let mut head = format!(
        "POST /Provider.asmx HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n",
        request.body.len()
    );
    for header in request.headers.iter() {
        head.push_str(&format!("{}: {}\r\n", header.name, String::from_utf8_lossy(&header.value)));
    }
    [head.as_bytes(), b"\r\n", &request.body].concat()
}

/// A call over a connection that stays open; its time in microseconds.
fn call(stream: &mut TcpStream, request: &[u8]) -> f64 {
    let started = Instant::now();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0);
        answer.extend_from_slice(&piece[..read]);
        let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap();
        if answer.len() >= end + 4 + length.trim().parse::<usize>().unwrap() {
            return started.elapsed().as_secs_f64() * 1e6;
        }
    }
}

fn percentile(times: &mut [f64], part: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * part) as usize]
}

async fn proxy(builder: external_providers::record::ProxyBuilder) -> SocketAddr {
    let proxy = builder.bind("127.0.0.1:0").await.unwrap();
    let address = proxy.local_addr();
    tokio::spawn(proxy.serve(std::future::pending()));
    address
}

fn latency() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let dir = folder("latency");
    let recording = Arc::new(Recording::open(&dir, Mode::New, Rules::default()).unwrap());
    let (bare, recorded) = runtime.block_on(async {
        let services = sample::services(PASSWORD, "http://tempuri.org/");
        let host = Host::builder().services(services).build().unwrap();
        let server = host.bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", server.local_addr());
        tokio::spawn(server.serve(std::future::pending()));
        let recorded = Proxy::builder(&origin, Arc::clone(&recording));
        (proxy(Proxy::forwarder(&origin)).await, proxy(recorded).await)
    });
    let mut streams = [bare, recorded].map(|address| TcpStream::connect(address).unwrap());
    streams.iter().for_each(|stream| stream.set_nodelay(true).unwrap());
    for (what, equal) in [("each call is written", false), ("each call is counted", true)] {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for (times, stream) in times.iter_mut().zip(&mut streams) {
                for n in 0..CALLS {
                    let user = if equal { "same".to_owned() } else { format!("{round}-{n}") };
                    times.push(call(stream, &bytes(&user)));
                    std::thread::sleep(PAUSE);
                }
            }
        }
        let [bare, recorded] = &mut times;
        for part in [0.5, 0.99] {
            let (bare, recorded) = (percentile(bare, part), percentile(recorded, part));
            let ratio = recorded / bare;
            println!(
                "{what}: p{:<2.0} {bare:7.0} us bare, {recorded:7.0} us recorded: {ratio:.2}",
                part * 100.0
            );
        }
    }
    let summary = recording.finish().unwrap();
    println!("{} written, {} counted, {} lost", summary.recorded, summary.equal, summary.failed);
    std::fs::remove_dir_all(&dir).unwrap();
}

fn growth() {
    let answer = |message: &str| {
        let mut headers = Headers::new();
        headers.push("Content-Type", "text/xml; charset=utf-8");
        let body = format!(
            "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
             <AuthenticateResponse xmlns=\"http://tempuri.org/\"><AuthenticateResult><Success>true\
             </Success><Message>{message}</Message></AuthenticateResult></AuthenticateResponse>\
             </soap:Body></soap:Envelope>"
        );
        let response = HttpResponse { status: 200, headers, body: body.into_bytes() };
        Outcome::Answered(Answered { response, reason: "OK".into(), version: HttpVersion::Http11 })
    };
    let dir = folder("growth");
    let mut next = 0;
    let mut first = None;
    for size in [400, 2_000, 8_000] {
        for (timed, until) in [(false, size), (true, size + 400)] {
            let recording = Recording::open(&dir, Mode::New, Rules::default()).unwrap();
            let (started, from) = (Instant::now(), next);
            while next < until {
                let request = request(&format!("user{next}"));
                recording.pass(request, HttpVersion::Http11, answer("Hi"), Duration::ZERO);
                next += 1;
            }
            recording.finish().unwrap();
            if timed {
                let rate = (next - from) as f64 / started.elapsed().as_secs_f64();
                let ratio = rate / *first.get_or_insert(rate);
                println!(
                    "mode new at {size:5} exchanges: {rate:6.0} a second, {ratio:.2} of the first"
                );
            }
        }
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

fn main() {
    latency();
    growth();
}
