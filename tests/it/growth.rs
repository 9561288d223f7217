//! What an input ten times as large takes: at most twenty times the memory and the allocations, for
//! each shape in which somebody may send it. Counted, not timed: a noisy machine gives the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;

use external_providers::wsdl::{Documents, WsdlError};

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
