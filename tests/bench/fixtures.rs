//! What loading and matching recorded exchanges costs.
//!
//! `cargo bench --bench fixtures` writes 10 000 and 100 000 fixtures, loads them, and matches one
//! request among 100 and among 10 000, beside the codec's decoding of the same message. The runs are
//! interleaved, the figures are medians, so the ratios hold whatever the machine. Criterion's own
//! statistics follow with `-- --criterion`.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::Criterion;
use external_providers::Secret;
use external_providers::compare::Policy;
use external_providers::contract::{Authenticate, Variables};
use external_providers::fixture::{Fixture, Redaction, load, store};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::redact::{Redactor, Rules};
use external_providers::replay::Replay;
use external_providers::soap::{Binding, SoapVersion};

/// How many fixtures a collection of a user's for years may have, and the target says.
const MANY: usize = 10_000;
/// More than anybody has: what loading them costs must grow as they do.
const TOO_MANY: usize = 100_000;

fn request(user: usize) -> HttpRequest {
    let request = Authenticate {
        login_username: format!("user{user}"),
        login_password: "mypassword".into(),
        other: Variables::new(),
    };
    let password = Secret::new("s3cret");
    Binding::default().encode_request("/Provider.asmx", Some(&password), &request).unwrap()
}

fn fixture(number: usize, redactor: &mut Redactor) -> Fixture {
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    let body = "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
        <AuthenticateResponse xmlns=\"http://tempuri.org/\"/></soap:Body></soap:Envelope>";
    let response = HttpResponse { status: 200, headers, body: body.into() };
    let answered = Answered { response, reason: "OK".into(), version: HttpVersion::Http11 };
    // Every tenth leaves something open, as testers have it.
    let ignore =
        if number.is_multiple_of(10) { vec!["loginPassword".to_owned()] } else { Vec::new() };
    Fixture {
        name: format!("authenticate-{number}"),
        sequence: number as u64 + 1,
        recorded: jiff::Timestamp::UNIX_EPOCH,
        took: Duration::from_millis(1),
        count: 1,
        operation: Some("Authenticate".into()),
        soap: Some(SoapVersion::V11),
        request: redactor.request(&request(number)),
        request_version: HttpVersion::Http11,
        outcome: Outcome::Answered(answered),
        redaction: Redaction { rules: Rules::default(), placeholders: redactor.used().to_vec() },
        policy: Policy { ignore, ..Policy::default() },
    }
}

fn fixtures(count: usize) -> Vec<Fixture> {
    let mut redactor = Redactor::new(Rules::default());
    (0..count).map(|number| fixture(number, &mut redactor)).collect()
}

/// Writes a collection: one fixture as the recorder writes it, the others as copies that are not
/// synced to the disk.
fn write(dir: &Path, count: usize) {
    let mut redactor = Redactor::new(Rules::default());
    let first = store(dir, &fixture(1, &mut redactor)).unwrap();
    let files = ["exchange.toml", "request.xml", "response.xml"];
    let texts = files.map(|file| fs::read_to_string(first.join(file)).unwrap());
    for number in (0..count).filter(|number| *number != 1) {
        let to = dir.join(format!("authenticate-{number}"));
        fs::create_dir(&to).unwrap();
        let changed = [
            texts[0].replace("sequence = 2", &format!("sequence = {}", number + 1)),
            texts[1].replace("user1", &format!("user{number}")),
            texts[2].clone(),
        ];
        for (file, text) in files.iter().zip(changed) {
            fs::write(to.join(file), text).unwrap();
        }
    }
}

/// Medians of interleaved rounds, in seconds for one call each.
fn measure(contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let (rounds, batch) = (61, 200);
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for _ in 0..rounds {
        for (run, times) in contestants.iter_mut().zip(&mut times) {
            let started = Instant::now();
            for _ in 0..batch {
                run();
            }
            times.push(started.elapsed().as_secs_f64() / f64::from(batch));
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    times.iter().map(|times| times[times.len() / 2]).collect()
}

fn report_loading() {
    let collections = [MANY, TOO_MANY].map(|count| {
        let dir = Directory::new(count);
        write(&dir.0, count);
        (dir, count)
    });
    let mut times = collections.each_ref().map(|_| Vec::new());
    for _ in 0..5 {
        for ((dir, count), times) in collections.iter().zip(&mut times) {
            let started = Instant::now();
            let fixtures = load(&dir.0).unwrap();
            let loaded = started.elapsed().as_secs_f64();
            assert_eq!(fixtures.len(), *count);
            let replay = Replay::new(fixtures).unwrap();
            assert_eq!(replay.len(), *count);
            times.push([loaded, started.elapsed().as_secs_f64()]);
        }
    }
    let [many, too_many] = times.map(|mut times| {
        times.sort_by(|a, b| a[1].total_cmp(&b[1]));
        times[times.len() / 2]
    });
    for (count, [loaded, all]) in [(MANY, many), (TOO_MANY, too_many)] {
        println!("{count} fixtures: loaded in {loaded:.3} s, with the index in {all:.3} s");
    }
    println!("{TOO_MANY} beside {MANY}: {:.2} x", too_many[1] / many[1]);
}

fn report_matching() {
    let binding = Binding::default();
    let [few, many] = [100, MANY].map(|count| Replay::new(fixtures(count)).unwrap());
    let request = request(57);
    let redact = || Redactor::new(Rules::default()).request(&request);
    let t = measure(&mut [
        &mut || drop(black_box(binding.decode_request::<Authenticate>(black_box(&request)))),
        &mut || drop(black_box(few.answer(black_box(&request)).unwrap())),
        &mut || drop(black_box(many.answer(black_box(&request)).unwrap())),
        &mut || drop(black_box(redact())),
    ]);
    println!(
        "match among 100: {:.2} µs, among {MANY}: {:.2} µs = {:.2} x ({:.2} x decode_request, {:.2} µs; the redaction takes {:.2} µs of it)",
        t[1] * 1e6,
        t[2] * 1e6,
        t[2] / t[1],
        t[2] / t[0],
        t[0] * 1e6,
        t[3] * 1e6,
    );
    let mut miss = request;
    miss.body = String::from_utf8(miss.body).unwrap().replace("user57", "nobody").into_bytes();
    let started = Instant::now();
    let explained = many.answer(&miss).unwrap_err();
    let took = started.elapsed().as_secs_f64();
    assert_eq!(explained.nearest.len(), 3);
    println!("no match among {MANY}, explained: {:.1} ms", took * 1e3);
}

fn criterion() {
    let many = Replay::new(fixtures(MANY)).unwrap();
    let request = request(57);
    let mut c = Criterion::default();
    c.bench_function("match among 10 000", |b| b.iter(|| many.answer(&request).unwrap()));
}

/// A directory that is gone afterwards.
struct Directory(PathBuf);

impl Directory {
    fn new(count: usize) -> Self {
        let name = format!("external-providers-bench-{}-{count}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn main() {
    report_loading();
    report_matching();
    if std::env::args().any(|argument| argument == "--criterion") {
        criterion();
    }
}
