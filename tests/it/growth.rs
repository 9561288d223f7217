//! What an input ten times as large takes: at most twenty times the memory and the allocations, for
//! each shape in which somebody may send it. Counted, not timed: a noisy machine gives the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;

use std::path::Path;

use external_providers::Secret;
use external_providers::compare::Policy;
use external_providers::contract::{
    Answer, Authenticate, Authentication, CustomFieldChange, CustomFieldOptions, EventHandled,
    GetCustomFieldOptions, HandleEvent, Operation, Variables,
};
use external_providers::fixture::{Fixture, Redaction, export_har, import_har, load_one, store};
use external_providers::http::{
    Answered, Headers, HttpRequest, HttpResponse, HttpVersion, Outcome,
};
use external_providers::provider_file::ProviderFile;
use external_providers::redact::{Redactor, Rules};
use external_providers::replay::Replay;
use external_providers::secret::Mask;
use external_providers::settings::{Settings, Surroundings};
use external_providers::soap::{Binding, SoapVersion};
use external_providers::wsdl::{Documents, WsdlError};
use external_providers::xml::Reader;

/// What is found by its key is learned, and what is learned is looked for in many forms: this is for
/// hundreds of secrets in a few kilobytes.
const HEAP_OF_MANY_SECRETS: usize = 150;

/// Of this thread: bytes in use, their peak, allocations.
struct Counting;

thread_local! {
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let in_use = IN_USE.get() + bytes;
    IN_USE.set(in_use);
    PEAK.set(PEAK.get().max(in_use));
    CALLS.set(CALLS.get() + usize::from(bytes > 0));
}

#[allow(unsafe_code, reason = "an allocator is")]
// SAFETY: all is the system's; what is counted beside it does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // As if both were there at the same time, as they may be.
        count(size.cast_signed());
        count(-layout.size().cast_signed());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What something took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    input: usize,
    /// Bytes in use at the same time, beyond what was in use before.
    peak: usize,
    allocations: usize,
}

fn cost(input: usize, work: impl FnOnce()) -> Cost {
    let (before, calls) = (IN_USE.get(), CALLS.get());
    PEAK.set(before);
    work();
    let peak = (PEAK.get() - before).unsigned_abs();
    Cost { input, peak, allocations: CALLS.get() - calls }
}

/// Builds an input from a size, and does with it what is measured, at `n` and ten times that.
fn grows<I: AsRef<[u8]>>(
    shape: &str,
    n: usize,
    heap: usize,
    build: impl Fn(usize) -> I,
    work: impl Fn(&I),
) {
    let measure = |n| {
        let input = build(n);
        let size = input.as_ref().len();
        // What is set up once is not the input's.
        work(&input);
        cost(size, || work(&input))
    };
    let (small, large) = (measure(n), measure(10 * n));
    // Below this much, what is there anyway outweighs what grows.
    const FLOOR: usize = 16 << 10;
    let times = |small: usize, large: usize| large <= 20 * small;
    assert!(times(small.input, large.input), "{shape}: the input grows too fast");
    assert!(times(small.peak.max(FLOOR), large.peak), "{shape}: {small:?} {large:?}");
    assert!(times(small.allocations.max(100), large.allocations), "{shape}: {small:?} {large:?}");
    assert!(large.peak <= heap * large.input.max(FLOOR), "{shape}: {large:?}");
}

fn repeat(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect()
}

/// A whole document with these parts.
fn wsdl(namespace: &str, schema: &str, rest: &str) -> String {
    format!(
        "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:t='{namespace}' \
         targetNamespace='{namespace}' xmlns:x='http://www.w3.org/2001/XMLSchema' \
         xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/'><types><x:schema \
         targetNamespace='{namespace}'>{schema}</x:schema></types>{rest}</definitions>"
    )
}

fn binding(name: usize, operations: &str) -> String {
    format!("<binding name='b{name}' type='t:p'><s:binding/>{operations}</binding>")
}

/// Everything that is done with a description.
fn describe(document: &String) -> Result<(), WsdlError> {
    let mut documents = Documents::default();
    documents.add("a", document.as_bytes(), "text/xml", None)?;
    let description = documents.finish(false)?;
    for found in &description.find().found {
        let differences = description.compare(found);
        assert!(differences.len() < 500, "{}", differences.len());
    }
    description.operation_names();
    Ok(())
}

/// Operations called `o0`, `o1`, … with one input, in port type and binding.
fn operations(n: usize) -> (String, String) {
    let operation = |n| format!("<operation name='o{n}'><input message='t:m'/></operation>");
    (repeat(n, operation), repeat(n, |n| format!("<operation name='o{n}'/>")))
}

#[test]
fn wsdl_grows_with_its_input() {
    const PARTS: &str = "<message name='m'><part name='p' element='t:e'/></message>";
    type Shape = (&'static str, usize, fn(usize) -> String);
    let shapes: [Shape; 10] = [
        ("ports x operations", 200, |n| {
            let (declared, bound) = operations(n);
            let ports = repeat(2 * n, |n| format!("<port name='p{n}' binding='t:b0'/>"));
            let rest = format!(
                "{PARTS}<portType name='p'>{declared}</portType>{}<service name='s'>{ports}</service>",
                binding(0, &bound)
            );
            wsdl("urn:t", "<x:element name='e'/>", &rest)
        }),
        ("bindings x operations of their port type", 200, |n| {
            let (declared, _) = operations(n);
            let bindings = repeat(n, |n| binding(n, ""));
            let ports = repeat(n, |n| format!("<port name='p{n}' binding='t:b{n}'/>"));
            let rest = format!(
                "<portType name='p'>{declared}</portType>{bindings}<service name='s'>{ports}</service>"
            );
            wsdl("urn:t", "", &rest)
        }),
        ("fields x operations", 200, |n| {
            let (declared, bound) = operations(n);
            let fields = repeat(n, |n| format!("<x:element name='f{n}' type='t:y'/>"));
            let schema = format!(
                "<x:element name='e'><x:complexType><x:sequence>{fields}</x:sequence></x:complexType></x:element>"
            );
            let rest =
                format!("{PARTS}<portType name='p'>{declared}</portType>{}", binding(0, &bound));
            wsdl("urn:t", &schema, &rest)
        }),
        ("types that extend each other", 200, |n| {
            let schema = repeat(n, |n| {
                format!(
                    "<x:complexType name='y{}'><x:complexContent><x:extension base='t:y{n}'/></x:complexContent></x:complexType>",
                    n + 1
                )
            });
            wsdl("urn:t", &schema, "")
        }),
        ("further fields of an operation of the contract", 200, |n| {
            let fields = repeat(n, |n| format!("<x:element name='f{n}' type='x:string'/>"));
            let schema = format!(
                "<x:complexType name='ExternalTicketProviderInputs'><x:sequence>{fields}</x:sequence></x:complexType>\
                 <x:element name='e'><x:complexType><x:sequence><x:element name='inputs' \
                 type='t:ExternalTicketProviderInputs'/></x:sequence></x:complexType></x:element>"
            );
            let (declared, bound) = operations(1);
            let rest =
                format!("{PARTS}<portType name='p'>{declared}</portType>{}", binding(0, &bound));
            wsdl("urn:t", &schema, &rest)
        }),
        ("missing messages", 200, |n| {
            let declared = repeat(n, |n| {
                format!("<operation name='o{n}'><input message='t:m{n}'/></operation>")
            });
            let (_, bound) = operations(n);
            let rest = format!("<portType name='p'>{declared}</portType>{}", binding(0, &bound));
            wsdl("urn:t", "", &rest)
        }),
        ("a long namespace x definitions", 200, |n| {
            wsdl(&"u".repeat(20 * n), &repeat(n, |n| format!("<x:element name='e{n}'/>")), "")
        }),
        ("a long namespace x imports", 200, |n| {
            let includes = repeat(n, |n| format!("<x:include schemaLocation='{n}'/>"));
            wsdl(&"u".repeat(20 * n), &includes, "")
        }),
        ("a long service name x ports", 200, |n| {
            let ports = repeat(n, |_| "<port name='p' binding='t:b'/>".to_owned());
            wsdl("urn:t", "", &format!("<service name='{}'>{ports}</service>", "s".repeat(20 * n)))
        }),
        ("imports", 200, |n| {
            wsdl("urn:t", "", &repeat(n, |n| format!("<import location='{n}' namespace='n{n}'/>")))
        }),
    ];
    for (shape, n, build) in shapes {
        grows(shape, n, 20, build, |document| {
            let _ = describe(document);
        });
    }
}

fn envelope(content: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/' \
         xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><soap:Body>{content}</soap:Body></soap:Envelope>"
    )
}

fn request_with(variables: &str) -> String {
    let inputs = format!("<inputs><InputVariables>{variables}</InputVariables></inputs>");
    envelope(&format!("<Authenticate xmlns='http://tempuri.org/'>{inputs}</Authenticate>"))
}

fn post(body: &str) -> HttpRequest {
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/xml; charset=utf-8");
    headers.push("SOAPAction", "\"http://tempuri.org/Authenticate\"");
    let body = body.as_bytes().to_vec();
    HttpRequest { method: "POST".into(), target: "/Provider.asmx".into(), headers, body }
}

/// A name, and what there is so many of.
type Content = (&'static str, fn(usize) -> String);

/// What may stand anywhere in XML, many times over.
const XML: [Content; 9] = [
    ("nested elements", |n| "<a>".repeat(n) + &"</a>".repeat(n)),
    ("elements", |n| "<a/>".repeat(n)),
    ("attributes", |n| format!("<a{}/>", repeat(n, |n| format!(" a{n}='b'")))),
    ("namespaces", |n| format!("<a{}/>", repeat(n, |n| format!(" xmlns:a{n}='u{n}'")))),
    ("references", |n| format!("<string>x={}</string>", "&#65;".repeat(n))),
    ("CDATA sections", |n| format!("<string>x={}</string>", "<![CDATA[y]]>".repeat(n))),
    ("comments", |n| "<!--c-->".repeat(n)),
    ("variables", |n| repeat(n, |n| format!("<string>v{n}=x</string>"))),
    ("nil entries", |n| "<string xsi:nil='true'/>".repeat(n)),
];

#[test]
fn messages_grow_with_their_input() {
    let binding = Binding::default();
    for (shape, content) in XML {
        grows(
            shape,
            100,
            20,
            |n| request_with(&content(n)),
            |text: &String| {
                let mut reader =
                    Reader::new(text, external_providers::xml::Limits::default()).unwrap();
                let _ = reader.root().and_then(|()| reader.skip()).and_then(|()| reader.finish());
            },
        );
        grows(
            &format!("request: {shape}"),
            100,
            20,
            |n| request_with(&content(n)),
            |text| {
                let _ = binding.decode_request::<Authenticate>(&post(text));
            },
        );
        let result = |n| {
            let list = format!("<OutputVariables>{}</OutputVariables>", content(n));
            envelope(&format!(
                "<AuthenticateResponse xmlns='http://tempuri.org/'><AuthenticateResult><Success>true\
                 </Success>{list}</AuthenticateResult></AuthenticateResponse>"
            ))
        };
        let mask = Mask::new([&"s3cretPW".into()]);
        grows(&format!("response: {shape}"), 100, 20, result, |text| {
            let HttpRequest { headers, body, .. } = post(text);
            let response = HttpResponse { status: 200, headers, body };
            let _ = binding.decode_response::<Authenticate>(&response, &mask);
            let _ = binding.decode_raw_response("Authenticate", &response, &mask);
        });
    }
}

/// Texts in which secrets stand, or seem to.
const SECRETS: [Content; 8] = [
    ("known secrets", |n| "s3cretPW&amp;%+\\ ".repeat(n)),
    ("escapes and no secret", |n| "+%41&lt;\\u0041".repeat(n)),
    ("passwords under keys", |n| "pw=abcdef ".repeat(n)),
    ("different passwords under keys", |n| repeat(n, |n| format!("pw=x{n:06}&amp;"))),
    ("equals signs", |n| "a=".repeat(n)),
    ("addresses", |n| "http://u:p4ssw@h/ ".repeat(n)),
    ("quotes", |n| "\"{[':".repeat(n)),
    ("base64", |n| "dXNlcjpwdw== ".repeat(n)),
];

#[test]
fn what_is_written_takes_one_allocation() {
    fn writes<T: Operation>(result: T::Result, other: Variables) {
        let answer = Answer { result, message: Some("A message".into()), other };
        for version in [SoapVersion::V11, SoapVersion::V12] {
            let binding = Binding::new("http://tempuri.org/", version);
            let before = CALLS.get();
            let written = binding.encode_response::<T>(Ok(&answer));
            assert_eq!(CALLS.get() - before, 1, "{} {version}", T::NAME);
            drop(written.unwrap());
        }
    }
    let other = || (0..1_000).map(|n| (format!("key{n}"), "a value".repeat(n % 9))).collect();
    let name = || Some("A user's name".to_owned());
    let login = || Authentication::Authenticated { email_address: name(), display_name: name() };
    writes::<Authenticate>(login(), Variables::new());
    writes::<Authenticate>(login(), other());
    writes::<Authenticate>(Authentication::Refused, Variables::new());
    writes::<HandleEvent>(EventHandled, other());
    let item = |options| CustomFieldChange {
        name: "Serial Number".into(),
        visible: Some(true),
        required: Some(false),
        options,
        display_with_information_lookup: true,
    };
    let items = vec![item(None), item(Some(Vec::new())), item(Some(vec!["web01".into(); 100]))];
    let (can_start_tickets, can_start_chats) = (Some(true), Some(false));
    let options = CustomFieldOptions { can_start_tickets, can_start_chats, items };
    writes::<GetCustomFieldOptions>(options, other());

    // A request has a target, an action and the list of its headers, too.
    let login = Authenticate {
        login_username: "myusername".into(),
        login_password: "mypassword".into(),
        other: other(),
    };
    let (binding, password) = (Binding::default(), Secret::new("s3cret"));
    let before = CALLS.get();
    let written = binding.encode_request("/p.asmx", Some(&password), &login);
    assert_eq!(CALLS.get() - before, 4);
    drop(written.unwrap());
}

#[test]
fn redaction_and_masks_grow_with_their_input() {
    for (shape, text) in SECRETS {
        let mask = Mask::new([&"s3cretPW".into(), &"another".into()]);
        grows(&format!("mask: {shape}"), 40, 20, text, |text: &String| {
            mask.apply(text);
        });
        let redact = |text: &String| {
            let mut redactor = Redactor::new(Rules::default());
            redactor.know(&"s3cretPW".into());
            redactor.request(&post(text));
        };
        let entry = |n| request_with(&format!("<string>{}</string>", text(n)));
        let heap = if shape.contains("under keys") { HEAP_OF_MANY_SECRETS } else { 20 };
        grows(&format!("redact, in XML: {shape}"), 40, heap, entry, redact);
        grows(&format!("redact, as text: {shape}"), 40, heap, text, redact);
    }
    for (shape, content) in XML {
        let redact = |text: &String| {
            Redactor::new(Rules::default()).request(&post(text));
        };
        let entry = |n| request_with(&content(n));
        grows(&format!("redact: {shape}"), 40, 20, entry, redact);
    }
    // More places than are replaced: nothing of the message is kept, and little is spent on it.
    for (shape, one) in [
        ("text", "?pw=abcdef "),
        ("JSON", "{\"pw\":\"abcdef\"},"),
        ("elements", "<pw>abcdef</pw>"),
        ("attributes", "<a pw='abcdef'/>"),
        ("user information", "http://u:abcdef@h/ "),
        ("form", "pw=abcdef&"),
    ] {
        let redact = |text: &String| {
            let mut redactor = Redactor::new(Rules::default());
            redactor.request(&post(text));
            assert!(redactor.overload().is_some() || text.len() < 1 << 19, "{shape}");
        };
        grows(&format!("redact, too many: {shape}"), 20_000, 20, |n| one.repeat(n), redact);
    }
    grows(
        "mask: a secret of one character",
        40,
        20,
        |n| "abc ".repeat(n),
        |text| {
            Mask::new([&"a".into()]).apply(text);
        },
    );
}

fn fixture(n: usize, body: &str) -> Fixture {
    let response = HttpResponse { status: 200, headers: Headers::new(), body: body.into() };
    let answered = Answered { response, reason: "OK".into(), version: HttpVersion::Http11 };
    Fixture {
        name: format!("f{n}"),
        sequence: n as u64,
        recorded: jiff::Timestamp::UNIX_EPOCH,
        took: std::time::Duration::ZERO,
        count: 1,
        operation: None,
        soap: None,
        request: post(body),
        request_version: HttpVersion::Http11,
        outcome: Outcome::Answered(answered),
        redaction: Redaction::default(),
        policy: Policy::default(),
    }
}

#[test]
fn recordings_grow_with_their_input() {
    for (shape, content) in XML {
        grows(
            &format!("replay: {shape}"),
            100,
            60,
            |n| request_with(&content(n)),
            |text| {
                let replay = Replay::new(vec![fixture(1, text)]).unwrap();
                let _ = replay.answer(&post(text));
                let _ = replay.answer(&post(&text.replace("Authenticate", "Other")));
            },
        );
    }
    let har = |entry: fn(usize) -> String| {
        move |n| {
            let fixtures: Vec<_> = (0..n).map(|n| fixture(n, &request_with(&entry(n)))).collect();
            export_har(&fixtures, None)
        }
    };
    let import = |text: &String| drop(import_har(text, &Rules::default(), &[]).unwrap());
    grows("HAR of equal entries", 20, 20, har(|_| "<string>a=b</string>".into()), import);
    grows(
        "HAR of different passwords",
        20,
        20,
        har(|n| format!("<string>pw=x{n:06}</string>")),
        import,
    );
    grows(
        "HAR of a long body",
        1,
        20,
        |n| {
            let long = request_with(&"<string>a=b</string>".repeat(2000 * n));
            export_har(&[fixture(1, &long)], None)
        },
        import,
    );
    let headers = |n: usize| {
        let mut one = fixture(1, "<a/>");
        (0..n).for_each(|n| one.request.headers.push(format!("X-{n}"), "v"));
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("growth-{}", std::process::id()));
        let stored = store(&folder, &one).unwrap();
        let text = std::fs::read_to_string(stored.join("exchange.toml")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        text
    };
    grows("description of headers", 50, 75, headers, |text| {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("grown-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("one")).unwrap();
        std::fs::write(folder.join("one/exchange.toml"), text).unwrap();
        for file in ["request.xml", "response.xml"] {
            std::fs::write(folder.join("one").join(file), "<a/>").unwrap();
        }
        load_one(&folder.join("one")).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

#[test]
fn requests_larger_than_any_recording_are_not_expanded() {
    let replay = Replay::new(vec![fixture(1, "<a/>")]).unwrap();
    let large = post(&"<a>&lt;</a>".repeat(6 << 20));
    let took = cost(large.body.len(), || assert!(replay.answer(&large).is_err()));
    assert!(took.peak < 1 << 20, "{took:?}");
}

/// A provider's file with these rules.
fn rules(rules: &str) -> String {
    format!("[service]\npath = '/p.asmx'\n[ticket]\nrules = [{rules}]\n")
}

/// What people, or their programs, write into the files of providers and settings, mistakes included.
#[test]
fn files_grow_with_their_input() {
    let nowhere = || Surroundings { folder: Path::new("/nonexistent"), variable: &|_| None };
    fn each(n: usize, when: impl Fn(usize) -> String) -> String {
        rules(&repeat(n, |n| format!("{{ when = {{ {} }}, department = 'A' }},", when(n))))
    }
    type Shape = (&'static str, usize, usize, fn(usize) -> String);
    // A pattern becomes a machine.
    let files: [Shape; 5] = [
        ("rules", 40, 100, |n| each(n, |n| format!("subject = 'x{n}'"))),
        ("patterns", 4, 500, |n| each(n, |n| format!("subject = {{ matches = 'a{n}.*b' }}"))),
        ("conditions", 40, 100, |n| {
            let any = repeat(n, |n| format!("{{ subject = {{ contains = 'x{n}' }} }},"));
            each(1, |_| format!("any = [{any}]"))
        }),
        ("values", 40, 100, |n| {
            each(1, |_| format!("subject = [{}]", repeat(n, |n| format!("'x{n}',"))))
        }),
        ("templates", 40, 100, |n| rules(&format!("{{ message = '{}' }}", "{subject} ".repeat(n)))),
    ];
    for (shape, n, heap, build) in files {
        grows(&format!("provider's file: {shape}"), n, heap, build, |text| {
            ProviderFile::parse_in(text, "file", nowhere()).unwrap();
        });
    }
    let mistakes: [Content; 7] = [
        ("names x misspelt names", |n| {
            let names = repeat(n, |n| format!("'department {n}',"));
            let rules = each(n, |n| format!("subject = 'x{n}'"));
            format!("{rules}[names]\ndepartments = [{names}]\n")
        }),
        ("unknown operators", |n| each(n, |n| format!("subject = {{ contain{n} = 'x' }}"))),
        ("unknown keys", |n| repeat(n, |n| format!("key{n} = 1\n"))),
        ("unknown tables", |n| repeat(n, |n| format!("[table{n}]\n"))),
        ("unknown keys of a table", |n| {
            "[login]\n".to_owned() + &repeat(n, |n| format!("k{n} = 1\n"))
        }),
        ("nested lists", |n| format!("a = {}", "[".repeat(n))),
        ("the same key", |n| "path = 1\n".repeat(n)),
    ];
    for (shape, build) in mistakes {
        grows(&format!("provider's file: {shape}"), 40, 100, build, |text| {
            ProviderFile::parse_in(text, "file", nowhere()).unwrap_err();
        });
        grows(&format!("settings: {shape}"), 40, 100, build, |text| {
            Settings::parse_in(text, "file", nowhere()).unwrap_err();
        });
    }
}

/// Each operation has the parts of its message: what is multiplied by that ends at a limit.
#[test]
fn parts_of_messages_times_operations_end_at_a_limit() {
    let document = |n: usize| {
        let (declared, bound) = operations(n);
        let parts = repeat(n, |n| format!("<part name='p{n}' type='x:string'/>"));
        let message = format!("<message name='m'>{parts}</message>");
        let rest =
            format!("{message}<portType name='p'>{declared}</portType>{}", binding(0, &bound));
        wsdl("urn:t", "", &rest)
    };
    let input = document(10_000);
    let took = cost(input.len(), || {
        let error = describe(&input).unwrap_err().to_string();
        assert!(error.contains("bytes of names in the operations (limit `names`)"), "{error}");
    });
    assert!(took.peak < 256 << 20, "{took:?}");
    describe(&document(200)).unwrap();
}

#[test]
fn wsdl_names_and_documents_have_their_limits() {
    let read = |document: &str| describe(&document.to_owned()).map_err(|error| error.to_string());
    let long = "n".repeat(2049);
    for document in [
        wsdl(&long, "<x:element name='e'/>", ""),
        wsdl("urn:t", &format!("<x:element name='{long}'/>"), ""),
        wsdl("urn:t", "", &format!("<message name='{long}'/>")),
        wsdl("urn:t", "", &format!("<service name='{long}'/>")),
    ] {
        let error = read(&document).unwrap_err();
        assert!(error.contains("more than 2048 bytes in a name (limit `name`)"), "{error}");
    }
    let mut text = String::new();
    for n in 0..50_000 {
        let _ = write!(text, "<x:element name='e{n}'/>");
    }
    let error = read(&wsdl(&"u".repeat(2000), &text, "")).unwrap_err();
    assert!(error.contains("bytes of names (limit `names`)"), "{error}");

    let mut documents = Documents::default();
    let large = wsdl("urn:t", &format!("<!--{}-->", "c".repeat(3 << 20)), "");
    for n in 0..5 {
        documents.add(&n.to_string(), large.as_bytes(), "", None).unwrap();
    }
    let error = documents.add("5", large.as_bytes(), "", None).unwrap_err().to_string();
    assert!(error.contains("bytes in all documents (limit `total`)"), "{error}");
}
