//! What a hanging ticket provider costs those who log in, as a ratio inside one run (Linux).
//!
//! `cargo bench --bench providers` starts, in a process of its own, the sample provider and beside it
//! a service that takes requests and never answers. It measures the time of logins through
//! `Gateway`, in alternating rounds: with nothing else under way, and while the ticket provider's
//! calls are all hanging and more of them keep being turned away or end in time-outs.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use external_providers::contract::{
    Answer, Authenticate, Kind, ProviderResult, Start, StartTicket, TicketProvider,
};
use external_providers::gateway::{Cause, Gateway, LoginOutcome};
use external_providers::host::{self, Service};
use external_providers::settings::{ExternalService, Settings};
use external_providers::{Host, sample};

const PASSWORD: &str = "s3cret";
/// Calls of the hanging provider under way at a time.
const HANGING: usize = 100;

/// Answers after 30 s.
struct Slow;

impl TicketProvider for Slow {
    async fn start_ticket(&self, _: StartTicket) -> ProviderResult<StartTicket> {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Ok(Answer::new(Start::allowed(), "late"))
    }
}

/// The other process: serves until it is killed.
async fn serve() {
    let services = sample::services(PASSWORD, "http://tempuri.org/");
    let slow = Service::new("/Slow.asmx", PASSWORD).ticket(Slow);
    // A caller who gives up does not end what the provider does: the rounds add up.
    let settings = host::Settings { max_requests: 100_000, ..host::Settings::default() };
    let host = Host::builder().services(services).service(slow).settings(settings);
    let host = host.build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", server.local_addr());
    server.serve(std::future::pending()).await;
}

fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part) as usize]
}

async fn log_in(providers: &Gateway, times: &mut Vec<f64>) {
    for _ in 0..1000 {
        let request = Authenticate {
            login_username: "myusername".into(),
            login_password: "mypassword".into(),
            ..Default::default()
        };
        let started = Instant::now();
        let outcome = providers.authenticate(request).await.unwrap();
        times.push(started.elapsed().as_secs_f64());
        assert!(matches!(outcome, LoginOutcome::SignedIn(_)));
    }
}

async fn measure(base: &str) {
    let mut settings = Settings::default();
    settings.enable(ExternalService::new(Kind::Login, format!("{base}/Provider.asmx"), PASSWORD));
    let mut slow = ExternalService::new(Kind::Ticket, format!("{base}/Slow.asmx"), PASSWORD);
    slow.max_calls = HANGING;
    slow.max_wait = Duration::from_millis(100);
    // Without it every call after the first time-outs would fail at once: that would be too easy.
    slow.breaker_failures = 0;
    settings.enable(slow);
    let providers = Gateway::builder(settings).build().unwrap();

    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let turned_away = Arc::new(AtomicU64::new(0));
    for round in 0..11 {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        log_in(&providers, &mut a).await;
        let stop = Arc::new(AtomicBool::new(false));
        let tickets: Vec<_> = (0..HANGING * 2)
            .map(|_| {
                let (providers, stop) = (providers.clone(), Arc::clone(&stop));
                let turned_away = Arc::clone(&turned_away);
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let answer = providers.start_ticket(StartTicket::default()).await;
                        let cause = answer.unwrap_err().cause;
                        assert!(matches!(cause, Cause::Busy { .. }), "{cause:?}");
                        turned_away.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        // Until the first are turned away, all turns are taken.
        let before = turned_away.load(Ordering::Relaxed);
        while turned_away.load(Ordering::Relaxed) == before {
            assert!(!tickets.iter().any(tokio::task::JoinHandle::is_finished), "a ticket failed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        log_in(&providers, &mut b).await;
        stop.store(true, Ordering::Relaxed);
        let hanging = tickets.iter().filter(|call| !call.is_finished()).count();
        assert!(hanging >= HANGING, "{hanging}");
        tickets.iter().for_each(tokio::task::JoinHandle::abort);
        for ticket in tickets {
            let _ = ticket.await;
        }
        if round > 0 {
            alone.extend(a);
            beside.extend(b);
        }
    }
    for (name, part) in [("median", 0.5), ("p99", 0.99)] {
        let (a, b) = (percentile(&mut alone, part), percentile(&mut beside, part));
        println!(
            "login {name}: {:.0} µs alone, {:.0} µs beside {HANGING} hanging tickets: {:.2} x",
            a * 1e6,
            b * 1e6,
            b / a
        );
    }
    println!("tickets turned away meanwhile: {}", turned_away.load(Ordering::Relaxed));
}

fn main() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == "--serve") {
        return runtime().block_on(serve());
    }
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("--serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut base = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut base).unwrap();
    runtime().block_on(measure(base.trim()));
    server.kill().unwrap();
    server.wait().unwrap();
}
