//! What the process itself must not give away, since it holds passwords, and what it may take.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{Location, PanicHookInfo};

use super::logging;

/// Prevents core dumps (on Linux), keeps the messages of panics to itself, and lets it open as many files as it may.
pub(crate) fn guard() {
    // A core is a copy of the memory on disk, or with whoever collects them. Nor can anybody but
    // root look into the process with a debugger then. Where the kernel refuses, it stays as it was.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    open_more_files();
    std::panic::set_hook(Box::new(say));
}

/// Each connection is an open file. Of those, a process may have 1024 until it asks for more, so that a
/// thousand idle callers would keep all others out, and a provider from its database.
#[cfg(unix)]
fn open_more_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    // Where the kernel refuses, it stays as it was.
    let _ = setrlimit(Resource::Nofile, files);
}

/// Says where it happened. What happened may quote a message: a slice that ends inside of a
/// character shows the whole text.
fn say(info: &PanicHookInfo<'_>) {
    logging::panicked(&place(info.location(), &Backtrace::capture()));
}

fn place(location: Option<&Location<'_>>, backtrace: &Backtrace) -> String {
    let place = location.map_or("an unknown place".to_owned(), Location::to_string);
    let mut text = format!("error: internal error at {place}; this is a bug, please report it\n");
    match backtrace.status() {
        BacktraceStatus::Captured => text.push_str(&backtrace.to_string()),
        _ => text.push_str("  hint: RUST_BACKTRACE=1 says how it came to that\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_place_alone() {
        let text = place(Some(Location::caller()), &Backtrace::disabled());
        assert!(text.starts_with("error: internal error at src/cli/process.rs:"), "{text}");
        let text = place(None, &Backtrace::force_capture());
        assert!(text.contains("an unknown place") && text.lines().count() > 2, "{text}");
    }
}
