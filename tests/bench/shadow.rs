//! What a shadow costs callers, as ratios inside one run.
//!
//! `cargo bench --bench shadow` puts five proxies before the sample provider: two that only forward, one
//! with a candidate that answers, one whose candidate hangs, one whose candidate is dead. A caller asks
//! them in turn; the second that only forwards says how much of a ratio is noise.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use external_providers::contract::Authenticate;
use external_providers::record::Proxy;
use external_providers::shadow::{Candidate, Shadow, ShadowOptions};
use external_providers::soap::Binding;
use external_providers::{Host, Secret, sample};

const PASSWORD: &str = "s3cret";
const CALLS: usize = 3000;
/// Between two calls: a busy help desk, not a flood.
const PAUSE: Duration = Duration::from_millis(2);

fn bytes() -> Vec<u8> {
    let request = Authenticate {
        login_username: "myusername".into(),
        login_password: "mypassword".into(),
        ..Default::default()
    };
    let password = Secret::new(PASSWORD);
    let request =
        Binding::default().encode_request("/Provider.asmx", Some(&password), &request).unwrap();
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
    let (mut answer, mut piece) = (Vec::new(), [0; 8192]);
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

async fn service() -> SocketAddr {
    let services = sample::services(PASSWORD, "http://tempuri.org/");
    let host = Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    address
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = deaf.local_addr().unwrap();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut shadows = Vec::new();
    let names = ["bare", "bare again", "good candidate", "hanging candidate", "dead candidate"];
    let proxies: Vec<SocketAddr> = runtime.block_on(async {
        let old = format!("http://{}", service().await);
        let candidates = [None, None, Some(service().await), Some(hanging), Some(dead)];
        let mut proxies = Vec::new();
        for candidate in candidates {
            let mut builder = Proxy::forwarder(&old);
            if let Some(address) = candidate {
                let candidate = Candidate::at(&format!("http://{address}")).unwrap();
                let shadow = Shadow::start(&old, candidate, ShadowOptions::default()).unwrap();
                builder = builder.observer(shadow.observer());
                shadows.push(shadow);
            }
            let proxy = builder.bind("127.0.0.1:0").await.unwrap();
            proxies.push(proxy.local_addr());
            tokio::spawn(proxy.serve(std::future::pending()));
        }
        proxies
    });
    let mut streams: Vec<_> = proxies.iter().map(|at| TcpStream::connect(at).unwrap()).collect();
    streams.iter().for_each(|stream| stream.set_nodelay(true).unwrap());
    let request = bytes();
    let mut times = vec![Vec::new(); streams.len()];
    for n in 0..CALLS + 100 {
        for (times, stream) in times.iter_mut().zip(&mut streams) {
            let time = call(stream, &request);
            // The first ones warm up.
            if n >= 100 {
                times.push(time);
            }
            std::thread::sleep(PAUSE);
        }
    }
    for part in [0.5, 0.99] {
        let bare = percentile(&mut times[0], part);
        for (name, times) in names.iter().zip(&mut times) {
            let time = percentile(times, part);
            println!("p{:<2.0} {name:18} {time:7.0} us: {:.3} of bare", part * 100.0, time / bare);
        }
    }
    for (shadow, name) in shadows.into_iter().zip(&names[2..]) {
        let report = runtime.block_on(shadow.finish(Duration::from_millis(100)));
        println!(
            "{name}: {} calls, {} compared, {} different, {} dropped",
            report.calls, report.compared, report.different, report.dropped
        );
    }
}
