//! What a hosted call costs beside a bare hyper service, as ratios inside one run (Linux).
//!
//! `cargo bench --bench host` starts processes on one core, and calls them in turn from another over 1, 16 and
//! 64 connections: the sample provider by the library, on a runtime of one thread; by the command line
//! (`serve --sample`), whose log goes to a pipe that is read, and without a log; and a hyper service that
//! reads the body, runs a quick-xml `NsReader` loop over it and pushes the constant answer as strings. CPU time
//! (all threads) and resident memory are read from `/proc`. Then `call` is started beside `--help`, in turn.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "the figures are the output")]

#[path = "cold.rs"]
mod cold;

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use external_providers::contract::{Answer, Authenticate, Authentication};
use external_providers::soap::Binding;
use external_providers::{Host, Secret, sample};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use quick_xml::NsReader;
use quick_xml::events::Event;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PASSWORD: &str = "s3cret";

async fn serve_sample() {
    let services = sample::services(PASSWORD, "http://tempuri.org/");
    let host = Host::builder().services(services).build().unwrap();
    let server = host.bind("127.0.0.1:0").await.unwrap();
    println!("{}", server.local_addr());
    server.serve(std::future::pending()).await;
}

async fn bare(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut reader = NsReader::from_reader(&body[..]);
    loop {
        match reader.read_resolved_event() {
            Ok((_, Event::Eof)) => break,
            Ok(event) => drop(black_box(event)),
            Err(error) => panic!("{error}"),
        }
    }
    let mut answer = String::with_capacity(640);
    for piece in [
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">",
        "<soap:Body>",
        "<AuthenticateResponse xmlns=\"",
        "http://tempuri.org/",
        "\">",
        "<AuthenticateResult>",
        "<Success>",
        "true",
        "</Success>",
        "<Message>",
        "Login Successful",
        "</Message>",
        "<OutputVariables>",
        "<string>",
        "Authentication=",
        "OK",
        "</string>",
        "<string>",
        "EmailAddress=",
        "myusername@example.com",
        "</string>",
        "<string>",
        "DisplayName=",
        "My Username",
        "</string>",
        "</OutputVariables>",
        "</AuthenticateResult>",
        "</AuthenticateResponse>",
        "</soap:Body>",
        "</soap:Envelope>",
    ] {
        answer.push_str(black_box(piece));
    }
    Ok(Response::builder()
        .header("Cache-Control", "private, max-age=0")
        .header("Content-Type", "text/xml; charset=utf-8")
        .header("X-AspNet-Version", "4.0.30319")
        .body(Full::new(Bytes::from(answer)))
        .unwrap())
}

async fn serve_bare() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(bare);
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The tool.
const TOOL: &str = env!("CARGO_BIN_EXE_external-providers");

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(program: &str, arguments: &[&str], log: &str) -> Self {
        // Each server on the same core, the callers on the other: where the scheduler happens to
        // put them would otherwise decide more than what they do.
        let mut process = Command::new("taskset")
            .args(["-c", "1", program])
            .args(arguments)
            .env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD)
            .env("EXTERNAL_PROVIDERS_LOG", log)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = process.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut taken = vec![0; 64 << 10];
            while stderr.read(&mut taken).is_ok_and(|bytes| bytes > 0) {}
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let line = line.trim_start_matches("listening on http://");
        let address = line.split(['/', '\n']).next().unwrap().parse().unwrap();
        Self { address, process }
    }

    fn own(which: &str) -> Self {
        Self::start(std::env::current_exe().unwrap().to_str().unwrap(), &[which], "")
    }

    fn tool(log: &str) -> Self {
        Self::start(TOOL, &["serve", "--sample", "--listen", "127.0.0.1:0"], log)
    }

    /// CPU time in nanoseconds.
    fn cpu(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        tasks
            .map(|task| {
                let path = task.unwrap().path().join("schedstat");
                let text = std::fs::read_to_string(path).unwrap();
                text.split(' ').next().unwrap().parse::<u64>().unwrap()
            })
            .sum()
    }

    /// Resident memory in KiB.
    fn memory(&self) -> i64 {
        status(self.process.id(), "VmRSS:")
    }
}

/// A number that the kernel tells of a process.
fn status(process: u32, name: &str) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn request() -> Vec<u8> {
    let http = Binding::default()
        .encode_request(
            "/Provider.asmx",
            Some(&Secret::new(PASSWORD)),
            &Authenticate {
                login_username: "myusername".into(),
                login_password: "mypassword".into(),
                ..Default::default()
            },
        )
        .unwrap();
    let mut bytes = format!("POST {} HTTP/1.1\r\nHost: localhost\r\n", http.target);
    for header in http.headers.iter() {
        bytes += &format!("{}: {}\r\n", header.name, header.shown());
    }
    bytes += &format!("Content-Length: {}\r\n\r\n", http.body.len());
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(&http.body);
    bytes
}

/// How long the body of the right answer is.
fn answer_len() -> usize {
    let result = Authentication::Authenticated {
        email_address: Some("myusername@example.com".into()),
        display_name: Some("My Username".into()),
    };
    let answer = Answer::new(result, "Login Successful");
    Binding::default().encode_response::<Authenticate>(Ok(&answer)).unwrap().body.len()
}

/// Calls over one connection, one after the other.
async fn calls(mut stream: TcpStream, request: &[u8], body: usize, count: usize) -> TcpStream {
    let mut buffer = vec![0; 4096];
    for _ in 0..count {
        stream.write_all(request).await.unwrap();
        let mut read = 0;
        loop {
            let n = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(n > 0);
            read += n;
            let head = buffer[..read].windows(4).position(|w| w == b"\r\n\r\n");
            if head.is_some_and(|end| read >= end + 4 + body) {
                break;
            }
        }
        assert!(buffer.starts_with(b"HTTP/1.1 200"));
    }
    stream
}

async fn load(server: &Server, streams: Vec<TcpStream>, count: usize) -> (f64, Vec<TcpStream>) {
    let (request, body) = (request(), answer_len());
    let before = server.cpu();
    let connections = streams.len();
    let each = count / connections;
    let mut tasks = tokio::task::JoinSet::new();
    for stream in streams {
        let request = request.clone();
        tasks.spawn(async move { calls(stream, &request, body, each).await });
    }
    let streams = tasks.join_all().await;
    ((server.cpu() - before) as f64 / (each * connections) as f64, streams)
}

async fn connect(server: &Server, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    streams
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The ratios of each to the last one, which is the bare service.
async fn at(servers: &[(&str, Server)], connections: usize) {
    let mut streams = Vec::new();
    for (_, server) in servers {
        streams.push(connect(server, connections).await);
    }
    let mut costs = vec![Vec::new(); servers.len()];
    for round in 0..25 {
        for (at, (_, server)) in servers.iter().enumerate() {
            let (cost, back) = load(server, std::mem::take(&mut streams[at]), 2_000).await;
            streams[at] = back;
            if round > 2 {
                costs[at].push(cost / 1e3);
            }
        }
    }
    let bare = costs.last().unwrap();
    for ((name, _), own) in servers.iter().zip(&costs) {
        let ratio = median(own.iter().zip(bare).map(|(own, bare)| own / bare).collect());
        let cost = median(own.clone());
        println!("{connections:>3} connections, {name}: {cost:.1} µs CPU each, {ratio:.2} x");
    }
}

async fn measure() {
    let servers = [
        ("library", Server::own("--sample")),
        ("command line", Server::tool("")),
        ("command line without log", Server::tool("off")),
        ("bare", Server::own("--bare")),
    ];
    let memory = |when: &str| {
        for (name, server) in &servers {
            println!("{when}, {name}: {} KiB resident", server.memory());
        }
    };
    memory("at first");
    for connections in [1, 16, 64] {
        at(&servers, connections).await;
    }
    memory("after 64 connections");
    let (request, body) = (request(), answer_len());
    for (name, server) in &servers {
        let before = server.memory();
        let mut idle = Vec::new();
        for stream in connect(server, 1_000).await {
            idle.push(calls(stream, &request, body, 1).await);
        }
        let each = (server.memory() - before) as f64 / idle.len() as f64;
        println!("1 000 idle connections after a call each, {name}: {each:.1} KiB for each");
    }
    cold::measure(&format!("http://{}/Provider.asmx", servers[0].1.address));
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match std::env::args().nth(1).as_deref() {
        Some("--sample") => runtime.block_on(serve_sample()),
        Some("--bare") => runtime.block_on(serve_bare()),
        _ => {
            let pinned = Command::new("taskset")
                .args(["-cp", "0", &std::process::id().to_string()])
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(pinned.success());
            runtime.block_on(measure());
        }
    }
}
