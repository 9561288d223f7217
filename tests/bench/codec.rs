//! What the codec costs beside the bare minimum, as ratios inside one run.
//!
//! `cargo bench --bench codec` measures, for real messages: our decode, a bare quick-xml `NsReader`
//! loop over the same bytes, and quick-xml's serde; our encode, and plain string pushes of the same
//! bytes. The runs are interleaved, the figure is the median of many rounds, and the last table
//! gives ratios and allocations. Criterion's own statistics follow with `-- --criterion`.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::Criterion;
use external_providers::Secret;
use external_providers::contract::{
    Answer, Authenticate, Authentication, CustomFieldChange, CustomFieldOptions, EventHandled,
    GetCustomFieldOptions, HandleEvent, Operation, Variables,
};
use external_providers::http::HttpResponse;
use external_providers::secret::Mask;
use external_providers::soap::Binding;
use quick_xml::NsReader;
use quick_xml::events::Event;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system allocator as it came; only a counter is added.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations<R>(f: impl FnOnce() -> R) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let kept = black_box(f());
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    drop(kept);
    after - before
}

/// The peer: quick-xml's serde over the same messages, with what it needs to read them at all.
#[allow(unreachable_pub)]
mod peer {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    #[serde(rename = "soap:Envelope")]
    pub struct Envelope<B> {
        #[serde(rename = "Body", alias = "soap:Body")]
        pub body: B,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct AuthenticateBody {
        #[serde(alias = "HandleEventResponse", alias = "GetCustomFieldOptionsResponse")]
        pub authenticate_response: Response,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Response {
        #[serde(alias = "HandleEventResult", alias = "GetCustomFieldOptionsResult")]
        pub authenticate_result: Outcome,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Outcome {
        pub success: bool,
        pub message: Option<String>,
        pub output_variables: Strings,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub custom_field_data_items: Option<Items>,
    }

    #[derive(Serialize, Deserialize, Default)]
    pub struct Strings {
        #[serde(default)]
        pub string: Vec<String>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Items {
        #[serde(default)]
        pub external_custom_field_data: Vec<Item>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    pub struct Item {
        pub custom_field_name: String,
        pub change_visible: bool,
        pub new_visible_value: bool,
        pub change_required: bool,
        pub new_required_value: bool,
        pub change_list_options: bool,
        #[serde(default)]
        pub list_options: Option<Strings>,
        pub display_with_information_lookup: bool,
    }
}

fn bare_loop(bytes: &[u8]) -> usize {
    let mut reader = NsReader::from_reader(bytes);
    let mut events = 0;
    loop {
        match reader.read_resolved_event() {
            Ok((_, Event::Eof)) => return events,
            Ok(event) => {
                black_box(&event);
                events += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn serde_read(bytes: &[u8]) -> peer::Envelope<peer::AuthenticateBody> {
    quick_xml::de::from_str(std::str::from_utf8(bytes).unwrap()).unwrap()
}

fn decode<T: Operation>(binding: &Binding, response: &HttpResponse) -> Answer<T::Result> {
    binding.decode_response::<T>(response, &Mask::default()).unwrap().unwrap()
}

/// The same bytes by nothing but pushes into a string of the right size.
fn pushes(pieces: &[&str], size: usize) -> String {
    let mut out = String::with_capacity(size);
    for piece in pieces {
        out.push_str(piece);
    }
    out
}

/// A message cut at its tags, as hand-written pushes would have it.
fn pieces(message: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let at = rest[1..].find(['<', '>']).map_or(rest.len(), |at| at + 1);
        let at = if rest.as_bytes().get(at) == Some(&b'>') { at + 1 } else { at };
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Medians of interleaved rounds, in seconds for one call each.
fn measure(contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let rounds = 61;
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    let batches: Vec<u32> = contestants
        .iter_mut()
        .map(|run| {
            let started = Instant::now();
            let mut calls = 0;
            while started.elapsed() < Duration::from_millis(20) {
                run();
                calls += 1;
            }
            (calls / 5).max(1)
        })
        .collect();
    for _ in 0..rounds {
        for ((run, batch), times) in contestants.iter_mut().zip(&batches).zip(&mut times) {
            let started = Instant::now();
            for _ in 0..*batch {
                run();
            }
            times.push(started.elapsed().as_secs_f64() / f64::from(*batch));
        }
    }
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    times.iter().map(|times| times[times.len() / 2]).collect()
}

fn authenticated() -> Answer<Authentication> {
    let result = Authentication::Authenticated {
        email_address: Some("myusername@example.com".into()),
        display_name: Some("My Username".into()),
    };
    Answer::new(result, "Login Successful")
}

fn options() -> Answer<CustomFieldOptions> {
    let server = CustomFieldChange {
        name: "Server".into(),
        visible: Some(true),
        required: Some(true),
        options: Some(["web01", "web02", "db01 (server down)"].map(str::to_owned).to_vec()),
        display_with_information_lookup: false,
    };
    let serial = CustomFieldChange {
        name: "Serial Number".into(),
        visible: Some(true),
        required: Some(false),
        options: None,
        display_with_information_lookup: true,
    };
    let notes =
        CustomFieldChange { name: "Notes".into(), visible: Some(true), ..Default::default() };
    let result = CustomFieldOptions {
        can_start_tickets: Some(true),
        can_start_chats: Some(true),
        items: vec![server, serial, notes],
    };
    Answer::new(result, "Custom Fields Loaded")
}

fn many(count: usize) -> Answer<EventHandled> {
    let other: Variables = (0..count).map(|i| (format!("v{i}"), "x".repeat(16 + i % 8))).collect();
    Answer { result: EventHandled, message: Some("Event Handled".into()), other }
}

fn report<T: Operation>(name: &str, answer: &Answer<T::Result>, strings: usize, with_serde: bool) {
    let binding = Binding::default();
    let response = binding.encode_response::<T>(Ok(answer)).unwrap();
    let bytes = &response.body;
    let text = std::str::from_utf8(bytes).unwrap().to_owned();
    let pieces = pieces(&text);
    assert_eq!(pushes(&pieces, text.len()), text);

    let mut runs: Vec<Box<dyn FnMut()>> = vec![
        Box::new(|| drop(black_box(decode::<T>(&binding, black_box(&response))))),
        Box::new(|| {
            black_box(bare_loop(black_box(bytes)));
        }),
        Box::new(|| drop(black_box(binding.encode_response::<T>(Ok(black_box(answer)))))),
        Box::new(|| drop(black_box(pushes(black_box(&pieces), text.len())))),
    ];
    if with_serde {
        runs.push(Box::new(|| drop(black_box(serde_read(black_box(bytes))))));
        let value = serde_read(bytes);
        runs.push(Box::new(move || {
            drop(black_box(quick_xml::se::to_string(black_box(&value)).unwrap()));
        }));
    }
    let mut contestants: Vec<&mut dyn FnMut()> =
        runs.iter_mut().map(|run| run.as_mut() as &mut dyn FnMut()).collect();
    let t = measure(&mut contestants);
    let decoded = allocations(|| decode::<T>(&binding, &response));
    let encoded = allocations(|| binding.encode_response::<T>(Ok(answer)).unwrap().body);
    println!(
        "{name:<28} {:>7} bytes | decode {:>9.2} µs = {:.2} x bare loop, {decoded} allocations ({strings} strings) | encode {:>8.3} µs = {:.2} x pushes, {encoded} allocations",
        bytes.len(),
        t[0] * 1e6,
        t[0] / t[1],
        t[2] * 1e6,
        t[2] / t[3],
    );
    if with_serde {
        println!(
            "{:<28} {:>13} | serde  {:>9.2} µs = {:.2} x bare loop | serde  {:>8.3} µs = {:.2} x pushes",
            "",
            "",
            t[4] * 1e6,
            t[4] / t[1],
            t[5] * 1e6,
            t[5] / t[3],
        );
    }
}

fn report_request() {
    let binding = Binding::default();
    let password = Secret::new("s3cret");
    let request = Authenticate {
        login_username: "myusername".into(),
        login_password: "mypassword".into(),
        other: Variables::new(),
    };
    let encode = || binding.encode_request("/Provider.asmx", Some(&password), &request).unwrap();
    let text = String::from_utf8(encode().body).unwrap();
    let pieces = pieces(&text);
    // The same four values by pushes alone: target, action, headers, body.
    let by_hand = || {
        let action = pushes(&["\"", "http://tempuri.org/", "Authenticate", "\""], 33);
        let headers = vec![("Content-Type", String::new()), ("SOAPAction", action)];
        (pushes(&["/Provider.asmx"], 14), headers, pushes(black_box(&pieces), text.len()))
    };
    let t = measure(&mut [&mut || drop(black_box(encode())), &mut || drop(black_box(by_hand()))]);
    println!(
        "{:<28} {:>7} bytes | encode with headers {:.3} µs = {:.2} x pushes of the same, {} allocations (one of them the body)",
        "Authenticate request",
        text.len(),
        t[0] * 1e6,
        t[0] / t[1],
        allocations(encode)
    );
}

/// The cost for each variable, from 100 to 100 000.
fn report_growth() {
    let binding = Binding::default();
    let mut per_variable = Vec::new();
    for count in [100, 1_000, 10_000, 100_000] {
        let answer = many(count);
        let response = binding.encode_response::<HandleEvent>(Ok(&answer)).unwrap();
        let t = measure(&mut [
            &mut || drop(black_box(decode::<HandleEvent>(&binding, &response))),
            &mut || drop(black_box(binding.encode_response::<HandleEvent>(Ok(&answer)))),
        ]);
        println!(
            "{count:>7} variables: decode {:.1} ns, encode {:.1} ns for each",
            t[0] * 1e9 / count as f64,
            t[1] * 1e9 / count as f64
        );
        per_variable.push((t[0] / count as f64, t[1] / count as f64));
    }
    let spread = |pick: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = per_variable.iter().map(pick).collect();
        values.iter().copied().fold(0.0, f64::max) / values.iter().copied().fold(f64::MAX, f64::min)
    };
    println!("largest / smallest: decode {:.2}, encode {:.2}", spread(|v| v.0), spread(|v| v.1));
}

fn criterion() {
    let binding = Binding::default();
    let answer = authenticated();
    let response = binding.encode_response::<Authenticate>(Ok(&answer)).unwrap();
    let mut c = Criterion::default();
    let mut group = c.benchmark_group("Authenticate answer");
    group.bench_function("decode", |b| b.iter(|| decode::<Authenticate>(&binding, &response)));
    group.bench_function("bare NsReader loop", |b| b.iter(|| bare_loop(&response.body)));
    group.bench_function("serde", |b| b.iter(|| serde_read(&response.body)));
    group.bench_function("encode", |b| {
        b.iter(|| binding.encode_response::<Authenticate>(Ok(&answer)).unwrap());
    });
    group.finish();
}

fn main() {
    report::<Authenticate>("Authenticate answer", &authenticated(), 4, true);
    report::<GetCustomFieldOptions>("GetCustomFieldOptions answer", &options(), 9, true);
    report::<HandleEvent>("1 000 variables", &many(1_000), 1_001, true);
    report_request();
    report_growth();
    if std::env::args().any(|argument| argument == "--criterion") {
        criterion();
    }
}
