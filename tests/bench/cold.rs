//! What `call` costs from the start of its process to its end, beside `--help`.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{PASSWORD, TOOL, median, status};

fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(TOOL);
    command.args(arguments).env("EXTERNAL_PROVIDERS_AUTH_PASSWORD", PASSWORD);
    command
}

/// Milliseconds.
fn time(arguments: &[&str]) -> f64 {
    let start = Instant::now();
    assert!(tool(arguments).stdout(Stdio::null()).status().unwrap().success());
    start.elapsed().as_secs_f64() * 1e3
}

/// Kibibytes at most, until it prints, which a full pipe keeps it from.
fn memory(arguments: &[&str]) -> i64 {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[0; 64 << 10]).unwrap();
    let mut process = tool(arguments).stdout(writer).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let most = status(process.id(), "VmHWM:");
    reader.read_to_end(&mut Vec::new()).unwrap();
    assert!(process.wait().unwrap().success());
    most
}

/// In turn: help, a call of that service, a call of the sample that is started for it.
pub(super) fn measure(url: &str) {
    let call = ["call", "Authenticate", "loginUsername=myusername", "loginPassword=mypassword"];
    let asking = [&call[..], &["--url", url]].concat();
    let ways: [(&str, &[&str]); 3] =
        [("--help", &["--help"]), ("call --url", &asking), ("call of the sample", &call)];
    let mut times = [(); 3].map(|()| Vec::new());
    for round in 0..45 {
        for (at, (_, arguments)) in ways.iter().enumerate() {
            let time = time(arguments);
            if round > 4 {
                times[at].push(time);
            }
        }
    }
    for ((name, arguments), own) in ways.iter().zip(&times) {
        let ratio = median(own.iter().zip(&times[0]).map(|(own, help)| own / help).collect());
        let (time, memory) = (median(own.clone()), memory(arguments));
        println!("{name}: {time:.2} ms, {ratio:.2} x --help, {memory} KiB");
    }
}
