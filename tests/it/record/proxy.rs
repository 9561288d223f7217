//! The recording proxy between a raw caller and a raw service.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use external_providers::fixture::{Fixture, load};
use external_providers::http::Outcome;
use external_providers::http1::Limits;
use external_providers::record::{
    HostHeader, Mode, Proxy, ProxyBuilder, Recording, RecordingOptions, Summary,
};
use external_providers::redact::Rules;
use tokio::sync::oneshot;

use crate::codec::raw::{Peer, Service, answer, call};
use crate::support::Folder;

/// A proxy that runs on a thread of its own, and what it records.
pub(crate) struct Running {
    address: SocketAddr,
    folder: Folder,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Summary>>,
}

impl Running {
    pub(crate) fn start(origin: &str) -> Self {
        Self::with(origin, |builder| builder)
    }

    fn with(origin: &str, set: impl FnOnce(ProxyBuilder) -> ProxyBuilder) -> Self {
        let folder = Folder::to_be("proxy");
        let rules = Rules::default();
        let options =
            RecordingOptions { everything: true, keep_equal: true, rules, ..Default::default() };
        let recording = Arc::new(Recording::open_with(folder.path(), Mode::Once, options).unwrap());
        let builder = Proxy::builder(origin, Arc::clone(&recording));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let proxy = runtime.block_on(set(builder).bind("127.0.0.1:0")).unwrap();
        let address = proxy.local_addr();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(proxy.serve(async {
                let _ = stopped.await;
            }));
            recording.finish().unwrap()
        });
        Self { address, folder, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn caller(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// Stops it; the folder with what it recorded.
    pub(crate) fn stop(mut self) -> Folder {
        drop(self.stop.take());
        let summary = self.thread.take().unwrap().join().unwrap();
        assert_eq!(summary.failed, 0, "exchanges were lost");
        std::mem::replace(&mut self.folder, Folder::to_be("proxy"))
    }

    /// Stops it; how many requests it had no answer to.
    fn unanswered(mut self) -> u64 {
        drop(self.stop.take());
        let summary = self.thread.take().unwrap().join().unwrap();
        assert_eq!((summary.recorded, summary.failed), (0, 0));
        summary.unanswered
    }

    /// Stops it; what it recorded, in order.
    fn recorded(mut self) -> Vec<Fixture> {
        drop(self.stop.take());
        let summary = self.thread.take().unwrap().join().unwrap();
        assert_eq!(summary.failed, 0, "exchanges were lost");
        let mut fixtures = load(self.folder.path()).unwrap();
        fixtures.sort_by_key(|fixture| fixture.sequence);
        fixtures
    }
}

#[test]
fn every_byte_is_the_same_at_both_ends() {
    let request =
        b"POST /Provider.asmx?a=%20B&c HTTP/1.1\r\nhOST:   crm.internal  \r\nX-dup: 1\r\n\
        x-DUP:2\r\nX-Latin: \xe9\r\nX-Empty:\r\nSOAPaction: \"urn:x\"\r\nCONTENT-length: 12\r\n\r\n\
        \xef\xbb\xbfa\r\n\r\n\0\xffb\r";
    let answers: Vec<Vec<u8>> = vec![
        b"HTTP/1.1 200 Alles  gut!\r\nserver:IIS\r\nX-B: 1\r\nx-a: 2\r\nX-B:   3 \r\n\
          content-LENGTH: 6\r\nConnection: Keep-Alive\r\n\r\n\xef\xbb\xbf\r\n\xff"
            .to_vec(),
        answer("404 Not Found", "Content-Type: text/html\r\n", "<html><br>no</html>\r\n"),
        answer("500 Internal Server Error", "X: y\r\n", ""),
        b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n".to_vec(),
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\na\r\n\r\n02\r\nbc\r\n0\r\n\r\n"
            .to_vec(),
        b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nWWW-Authenticate: \
          Basic\r\nContent-Length: 2\r\n\r\nno"
            .to_vec(),
        answer("413 Too Large", "Connection: close\r\n", "x"),
    ];
    let service = Service::start(answers.clone());
    let running = Running::start(&service.origin());
    let mut caller = running.caller();
    for answer in &answers {
        caller.send(request);
        assert_eq!(service.request(), request);
        let got = caller.message().unwrap();
        assert_eq!(got, *answer, "{}", String::from_utf8_lossy(&got));
    }
    assert_eq!(caller.rest(), b"", "closed as the service closed");
    let recorded = running.recorded();
    assert_eq!(recorded.len(), answers.len());
    let Fixture { request, outcome, .. } = &recorded[0];
    assert_eq!(request.target, "/Provider.asmx?a=%20B&c");
    let names: Vec<&str> = request.headers.iter().map(|h| &*h.name).collect();
    let expected = ["hOST", "X-dup", "x-DUP", "X-Latin", "X-Empty", "SOAPaction", "CONTENT-length"];
    assert_eq!(names, expected);
    assert_eq!(request.headers.iter().nth(3).unwrap().value, &b"\xe9"[..]);
    assert_eq!(request.body, b"\xef\xbb\xbfa\r\n\r\n\0\xffb\r");
    let Outcome::Answered(answered) = outcome else { panic!("{outcome:?}") };
    assert_eq!((answered.response.status, answered.reason.as_str()), (200, "Alles  gut!"));
    assert_eq!(answered.response.body, b"\xef\xbb\xbf\r\n\xff");
    let chunked = recorded[5].answer().unwrap();
    assert_eq!(chunked.response.body, b"a\r\nbc");
}

#[test]
fn chunked_requests_and_the_old_http_pass() {
    let to_the_end = b"HTTP/1.0 200 OK\r\nX: y\r\n\r\nto the end".to_vec();
    let service = Service::start(vec![answer("200 OK", "", "1"), to_the_end.clone()]);
    let running = Running::start(&service.origin());
    let chunked = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n\
        2;ext\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    let mut caller = running.caller();
    caller.send(chunked);
    assert_eq!(service.request(), chunked);
    assert!(caller.text().ends_with("\r\n\r\n1"));
    drop(caller);
    let old = b"POST /b HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi";
    let mut caller = running.caller();
    caller.send(old);
    assert_eq!(service.request(), old);
    assert_eq!(caller.rest(), to_the_end);
    let recorded = running.recorded();
    assert_eq!(recorded[0].request.body, b"abc");
    assert_eq!(recorded[1].answer().unwrap().response.body, b"to the end");
    assert_eq!(recorded[1].request_version.to_string(), "1.0");
}

#[test]
fn whoever_waits_for_a_100_gets_it_at_once() {
    let late = [&b"HTTP/1.1 100 Continue\r\n\r\n"[..], &answer("200 OK", "", "ok")].concat();
    let service = Service::start(vec![late]);
    let running = Running::start(&service.origin());
    let head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    let mut caller = running.caller();
    caller.send(head);
    assert_eq!(caller.until(b"\r\n\r\n").unwrap(), b"HTTP/1.1 100 Continue\r\n\r\n");
    assert!(service.is_silent(), "the request goes out whole");
    caller.send("body");
    assert_eq!(service.request(), [&head[..], b"body"].concat());
    assert_eq!(caller.message().unwrap(), answer("200 OK", "", "ok"), "no second 100");
}

#[test]
fn interim_answers_pass() {
    let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let last = answer("200 OK", "", "ok");
    let both = [&hints[..], &last].concat();
    let service = Service::start(vec![both.clone(), both]);
    let running = Running::start(&service.origin());
    let mut caller = running.caller();
    caller.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(caller.message().unwrap(), hints);
    assert_eq!(caller.message().unwrap(), last);
    caller.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(caller.message().unwrap(), last, "HTTP/1.0 knows none");
}

#[test]
fn pipelined_requests_are_answered_in_order_on_one_connection() {
    let answers: Vec<_> = (1..=3).map(|n| answer("200 OK", "", n.to_string())).collect();
    let service = Service::start(answers);
    let running = Running::start(&service.origin());
    let mut caller = running.caller();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    caller.send(get("/1") + &get("/2") + &call("Authenticate", &["x=3"]));
    for n in ["1", "2", "3"] {
        assert!(caller.text().ends_with(&format!("\r\n\r\n{n}")));
    }
    for path in ["GET /1 ", "GET /2 ", "POST /Provider.asmx "] {
        assert!(service.request().starts_with(path.as_bytes()));
    }
}

#[test]
fn a_wsdl_leads_back_to_the_proxy_and_is_stored_as_it_was() {
    let wsdl = |at: &str| {
        format!(
            "\u{feff}<?xml version=\"1.0\"?>\r\n<d:definitions \
             xmlns:d=\"http://schemas.xmlsoap.org/wsdl/\"><a:address \
             xmlns:a=\"http://schemas.xmlsoap.org/wsdl/soap/\" location=\"{at}/P.asmx\"/><b:address \
             location='{at}/P.asmx' xmlns:b=\"http://schemas.xmlsoap.org/wsdl/soap12/\"/>\
             <d:documentation>http://crm.internal/P.asmx</d:documentation></d:definitions>"
        )
    };
    let sent = wsdl("https://crm.internal");
    let headers = "Content-Type: text/xml\r\nX: y\r\n";
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{sent}\r\n0\r\n\r\n",
        sent.len()
    );
    let service = Service::start(vec![answer("200 OK", headers, &sent), chunked.into_bytes()]);
    let running = Running::start(&service.origin());
    let mut caller = running.caller();
    caller.send("GET /P.asmx?WSDL HTTP/1.1\r\nHost: tester:8080\r\n\r\n");
    let expected = answer("200 OK", headers, wsdl("http://tester:8080"));
    assert_eq!(caller.message().unwrap(), expected);
    caller.send("GET /P.asmx?wsdl&2 HTTP/1.1\r\nHost: tester:8080\r\n\r\n");
    let text = caller.text();
    assert!(text.contains("\r\nTransfer-Encoding: chunked\r\n\r\n"), "{text}");
    assert!(text.contains(&wsdl("http://tester:8080")), "{text}");
    for fixture in running.recorded() {
        assert_eq!(fixture.answer().unwrap().response.body, sent.as_bytes());
    }
}

#[test]
fn the_host_header_changes_only_where_it_must() {
    let request = "POST / HTTP/1.1\r\nhost: tester:8080\r\nContent-Length: 0\r\n\r\n";
    for (host, changed) in
        [(HostHeader::Auto, false), (HostHeader::Keep, false), (HostHeader::Upstream, true)]
    {
        let service = Service::start(vec![answer("200 OK", "", "")]);
        let running = Running::with(&service.origin(), |b| b.host_header(host));
        let mut caller = running.caller();
        caller.send(request);
        let expected = match changed {
            false => request.to_owned(),
            true => request.replace("tester:8080", &service.address.to_string()),
        };
        assert_eq!(String::from_utf8(service.request()).unwrap(), expected);
        caller.message().unwrap();
        let recorded = running.recorded();
        assert_eq!(recorded[0].request.headers.get("host").unwrap(), "tester:8080", "as it came");
    }
}

#[test]
fn a_connection_is_used_again_unless_the_service_closed_it() {
    // Each connection of this service says its own number.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, closed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for number in ["first", "second"] {
            let mut peer = Peer::new(listener.accept().unwrap().0);
            for _ in 0..2 {
                peer.message().unwrap();
                peer.send(answer("200 OK", "", number));
            }
            // Closes without a word, as IIS does with idle ones.
            drop(peer);
            tell.send(()).unwrap();
        }
    });
    let running = Running::start(&format!("http://{address}"));
    let mut caller = running.caller();
    for number in ["first", "second"] {
        for _ in 0..2 {
            caller.send(call("StartTicket", &["x=1"]));
            assert!(caller.text().ends_with(number), "{number}");
        }
        closed.recv().unwrap();
    }
}

#[test]
fn an_upstream_that_is_down_or_breaks_is_answered_502_and_not_recorded() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = Running::start(&format!("http://{closed}"));
    let mut caller = running.caller();
    caller.send(call("Authenticate", &["authPW=s3cret"]));
    let text = caller.text();
    assert!(text.starts_with("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain"), "{text}");
    assert!(text.contains(&format!("could not connect to http://{closed}: ")), "{text}");
    assert_eq!(running.unanswered(), 1);

    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nab".to_vec();
    let close = "Connection: close\r\n\r\n";
    for (answer, says) in [
        (cut, "closed in the middle of a body"),
        (format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{close}").replace(close, "").into_bytes(), "closed in the middle of the head"),
        (b"220 smtp.example.com ESMTP\r\n\r\n".to_vec(), "cannot be read"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n".to_vec(), "another protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\na".to_vec(), "two lengths"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n".to_vec(), "larger than"),
    ] {
        let service = Service::start(vec![answer]);
        let running = Running::start(&service.origin());
        let mut caller = running.caller();
        caller.send(call("Authenticate", &["authPW=s3cret"]));
        let text = caller.text();
        assert!(text.starts_with("HTTP/1.1 502 ") && text.contains(says), "{says}: {text}");
        drop(caller);
        assert_eq!(running.unanswered(), 1);
    }
}

#[test]
fn an_upstream_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", silent.local_addr().unwrap());
    let running = Running::with(&origin, |b| b.timeout(Duration::from_millis(200)));
    let mut caller = running.caller();
    caller.send(call("Authenticate", &["authPW=s3cret"]));
    let text = caller.text();
    assert!(text.contains(&format!("no answer from {origin} within 0.2 s")), "{text}");
    assert_eq!(running.unanswered(), 1);
}

#[test]
fn an_answer_before_the_request_is_whole_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut peer = Peer::new(listener.accept().unwrap().0);
        peer.until(b"\r\n\r\n");
        peer.send(answer("413 Too Large", "Connection: close\r\n", "no"));
    });
    let running = Running::start(&origin);
    let mut caller = running.caller();
    let length = 8 << 20;
    caller.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"));
    caller.send(vec![b'x'; length]);
    assert!(caller.text().starts_with("HTTP/1.1 413 "));
}

/// Counted until they are answered, chunks and all: nobody fills the memory with bodies.
#[test]
fn large_bodies_under_way_are_limited_and_keep_no_small_ones_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let limits = Limits { buffered: 500 << 10, ..Limits::default() };
    let running = Running::with(&origin, |builder| builder.limits(limits));
    let post = |size: usize| {
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n");
        [head.into_bytes(), vec![b'x'; size]].concat()
    };
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n32000\r\n";
    let chunked = [head.as_bytes(), &vec![b'x'; 200 << 10], b"\r\n0\r\n\r\n"].concat();
    // The service has the whole of it, and takes its time. As a chunk, it is held twice.
    let mut first = running.caller();
    first.send(chunked);
    let mut slow = Peer::new(listener.accept().unwrap().0);
    slow.message().unwrap();
    let mut large = running.caller();
    large.send(post(200 << 10));
    let text = String::from_utf8_lossy(&large.rest()).into_owned();
    assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("too many requests"), "{text}");
    let answered = |size| {
        let mut caller = running.caller();
        caller.send(post(size));
        let mut service = Peer::new(listener.accept().unwrap().0);
        service.message().unwrap();
        service.send(answer("200 OK", "", "done"));
        assert!(caller.text().ends_with("done"));
    };
    answered(60 << 10);
    slow.send(answer("200 OK", "", "late"));
    assert!(first.text().ends_with("late"));
    answered(200 << 10);
}

#[test]
fn a_caller_that_leaves_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let running = Running::start(&origin);
    // One leaves in the middle of its request: nothing is sent, nothing recorded.
    running.caller().send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
    // One leaves before its answer: the service did its work, and that is recorded.
    let mut caller = running.caller();
    caller.send(call("StartTicket", &["x=1"]));
    let mut service = Peer::new(listener.accept().unwrap().0);
    assert!(service.text().contains("StartTicket"), "the half request did not arrive");
    drop(caller);
    service.send(answer("200 OK", "", "done"));
    let recorded = running.recorded();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].answer().unwrap().response.body, b"done");
}

#[test]
fn a_request_that_may_be_read_in_two_ways_never_reaches_the_service() {
    let service = Service::start(vec![answer("200 OK", "", "")]);
    let running = Running::start(&service.origin());
    for request in [
        "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nGET ",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
    ] {
        let mut caller = running.caller();
        caller.send(request);
        let text = String::from_utf8(caller.rest()).unwrap();
        assert!(text.starts_with("HTTP/1.1 400 ") || text.starts_with("HTTP/1.1 501 "), "{text}");
    }
    assert!(service.is_silent());
    assert!(running.recorded().is_empty());
}

#[test]
fn a_service_behind_tls_is_reached_with_the_certificates_given() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = Folder::to_be("proxy");
    std::fs::create_dir_all(folder.path()).unwrap();
    let (certificate, key) = (folder.path().join("certificate"), folder.path().join("key"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = external_providers::host::Tls::read(&certificate, &key).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let port = runtime.block_on(async {
        let services = external_providers::sample::services("s3cret", "http://tempuri.org/");
        let host = external_providers::Host::builder().services(services).build().unwrap();
        let server = host.bind("127.0.0.1:0").await.unwrap().with_tls(tls);
        let port = server.local_addr().port();
        tokio::spawn(server.serve(std::future::pending()));
        port
    });
    let origin = format!("https://localhost:{port}");
    let running = Running::with(&origin, |b| b.root_certificates(certified.cert.pem()));
    let mut caller = running.caller();
    let login = ["authPW=s3cret", "loginUsername=myusername", "loginPassword=mypassword"];
    for _ in 0..2 {
        caller.send(call("Authenticate", &login));
        assert!(caller.text().contains("Login Successful"));
    }
    caller.send("GET /Provider.asmx?WSDL HTTP/1.1\r\nHost: tester:8080\r\n\r\n");
    assert!(caller.text().contains("location=\"http://tester:8080/Provider.asmx\""));
    let recorded = running.recorded();
    assert_eq!(recorded.len(), 3);
    let wsdl = String::from_utf8(recorded[2].answer().unwrap().response.body.clone()).unwrap();
    assert!(wsdl.contains("location=\"https://tester:8080/Provider.asmx\""), "{wsdl}");

    let running = Running::start(&origin);
    let mut caller = running.caller();
    caller.send(call("Authenticate", &login));
    let text = caller.text();
    assert!(text.starts_with("HTTP/1.1 502 ") && text.contains("certificate"), "{text}");
}

#[test]
fn odd_heads_pass_and_are_recorded() {
    let odd = "X : a\r\nY: b\r\n c\r\nno colon\r\nA B: \u{1}d\r\n: no name\r\nZ\u{2}: e\r\n";
    let lengths = "Content-Length: 2\r\nContent-length: 2, 2\r\n";
    let request = format!("POST /a HTTP/1.1\r\nHost: h\r\n{odd}{lengths}\r\nab");
    let answer = format!("HTTP/1.1 200 OK\r\n{odd}{lengths}\r\nyz");
    let service = Service::start(vec![answer.clone().into_bytes(); 2]);
    let running = Running::start(&service.origin());
    let mut caller = running.caller();
    // The connection goes on as if nothing were odd.
    for _ in 0..2 {
        caller.send(&request);
        assert_eq!(service.request(), request.as_bytes());
        assert_eq!(caller.message().unwrap(), answer.as_bytes());
    }
    let recorded = running.recorded();
    assert_eq!(recorded.len(), 2);
    let kept = recorded[0].answer().unwrap();
    for headers in [&recorded[0].request.headers, &kept.response.headers] {
        for (name, value) in [("X", "a"), ("Y", "b c"), ("A B", "\u{1}d"), ("Z\u{2}", "e")] {
            assert_eq!(headers.get(name).as_deref(), Some(value), "{headers:?}");
        }
    }
    assert_eq!((&*recorded[0].request.body, &*kept.response.body), (&b"ab"[..], &b"yz"[..]));
}
