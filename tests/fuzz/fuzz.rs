//! The fuzz target that the variable `FUZZ_TARGET` names, in libFuzzer; `seeds` writes those of all targets
//! into `corpus/TARGET`, as the tests use them. What one input takes of memory, on the thread that runs it,
//! is held to its length.
#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::LazyLock;

use external_providers_fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    *TARGETS.iter().find(|(target, _)| *target == name).unwrap_or_else(|| {
        let names = TARGETS.map(|(name, _)| name).join(", ");
        panic!("FUZZ_TARGET is {name:?}, not one of these: {names}")
    })
});

/// Bytes of memory that any input may take; a regular expression takes up to ten million.
const ANY: usize = 24 << 20;
/// Bytes for each of an input's.
const EACH: usize = 300;

struct Counting;

thread_local! {
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let in_use = IN_USE.get() + bytes;
    IN_USE.set(in_use);
    PEAK.set(PEAK.get().max(in_use));
}

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
        count(size.cast_signed() - layout.size().cast_signed());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn write_seeds() -> std::io::Result<()> {
    for (target, _) in TARGETS {
        let folder = Path::new("corpus").join(target);
        std::fs::create_dir_all(&folder)?;
        for (n, seed) in external_providers_fuzz::seeds(target).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{n}")), seed)?;
        }
    }
    Ok(())
}

fn begin() {
    if std::env::var("FUZZ_TARGET").is_ok_and(|target| target == "seeds") {
        write_seeds().expect("written");
        std::process::exit(0);
    }
}

libfuzzer_sys::fuzz_target!(init: begin(), |data: &[u8]| {
    let before = IN_USE.get();
    PEAK.set(before);
    (TARGET.1)(data);
    let peak = (PEAK.get() - before).unsigned_abs();
    assert!(peak <= ANY + EACH * data.len(), "{peak} bytes of memory for {} of input", data.len());
});
