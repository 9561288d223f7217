//! Several services at once, and what is under way.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use external_providers::doctor::{Options, Report, Subject, check};
use tokio::sync::mpsc::UnboundedSender;

use crate::cli::output::{is_dumb, is_quiet};
use crate::cli::{Failed, LOCAL};

/// A step that takes longer is named where there is no terminal.
const LONG: Duration = Duration::from_secs(2);

/// What is found, too, where a server that serves one caller at a time is asked by several.
const BUSY: [&str; 8] = [
    "refused",
    "tls-timeout",
    "timeout",
    "time-up",
    "connect-timeout",
    "connect",
    "broken",
    "transport",
];

fn is_busy(report: &Report) -> bool {
    report.findings().any(|finding| BUSY.contains(&finding.code))
}

/// Looks at all services at once. `done` is told of each report, in the order of the services.
pub(super) async fn look(
    subjects: Vec<Subject>,
    options: &Options,
    mut done: impl FnMut(&Report) -> Result<(), Failed>,
) -> Result<Vec<Report>, Failed> {
    let progress = Arc::new(Progress::of(&subjects));
    let mut reports: Vec<Option<Report>> = subjects.iter().map(|_| None).collect();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for group in by_server(subjects) {
        tokio::spawn(look_at_server(group, options.clone(), Arc::clone(&progress), sender.clone()));
    }
    drop(sender);
    let mut ticks = tokio::time::interval(LONG / 4);
    let mut next = 0;
    loop {
        tokio::select! {
            received = receiver.recv() => match received {
                Some((i, report)) => reports[i] = Some(report),
                None => break,
            },
            _ = ticks.tick() => progress.tick(),
        }
        while let Some(Some(report)) = reports.get(next) {
            progress.clear();
            done(report)?;
            next += 1;
        }
        progress.draw();
    }
    progress.clear();
    let all: Option<Vec<Report>> = reports.into_iter().collect();
    all.ok_or_else(|| Failed::new(LOCAL, "a check did not come to its end"))
}

type Group = Vec<(usize, Subject)>;

/// Looks at the services of one server: at once, and those again alone that may have been in each
/// other's way. What changes something is done once, so that none is in another's way.
async fn look_at_server(
    group: Group,
    options: Options,
    progress: Arc<Progress>,
    sender: UnboundedSender<(usize, Report)>,
) {
    let one = |(i, subject): (usize, Subject)| {
        let (options, progress) = (options.clone(), Arc::clone(&progress));
        async move {
            let report = check(&subject, &options, |step| progress.begin(i, step)).await;
            progress.end(i);
            (i, report)
        }
    };
    // Nobody listens once the output is closed.
    let send = |(i, report)| drop(sender.send((i, report)));
    if group.len() == 1 || options.allow_changes {
        for member in group {
            send(one(member).await);
        }
        return;
    }
    let tasks: Vec<_> = group.iter().cloned().map(|member| tokio::spawn(one(member))).collect();
    let mut busy = Vec::new();
    let mut works = false;
    for (member, task) in group.into_iter().zip(tasks) {
        let Ok((i, report)) = task.await else { return };
        if is_busy(&report) {
            busy.push((member, report));
        } else {
            works = true;
            send((i, report));
        }
    }
    for (n, (member, report)) in busy.into_iter().enumerate() {
        // A server that works for nobody, not even for one alone, is not asked again.
        let (i, report) = if n == 0 || works { one(member).await } else { (member.0, report) };
        works |= !is_busy(&report);
        send((i, report));
    }
}

/// The services with their numbers, those of one server together.
fn by_server(subjects: Vec<Subject>) -> Vec<Group> {
    let mut groups: Vec<(String, Group)> = Vec::new();
    for (i, subject) in subjects.into_iter().enumerate() {
        let server = server(&subject.url);
        match groups.iter_mut().find(|(known, _)| *known == server) {
            Some((_, group)) => group.push((i, subject)),
            None => groups.push((server, vec![(i, subject)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Host and port of a URL.
fn server(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    match (has_port, scheme.eq_ignore_ascii_case("https")) {
        (true, _) => authority,
        (false, true) => format!("{authority}:443"),
        (false, false) => format!("{authority}:80"),
    }
}

/// A step that is under way.
struct Running {
    step: &'static str,
    since: Instant,
    said: bool,
}

/// What is under way, on standard error.
struct Progress {
    shown: bool,
    is_terminal: bool,
    names: Vec<String>,
    running: Mutex<Vec<Option<Running>>>,
}

impl Progress {
    fn of(subjects: &[Subject]) -> Self {
        let name = |subject: &Subject| {
            subject.kind.map_or_else(|| "the service".to_owned(), |kind| kind.to_string())
        };
        Self {
            shown: !is_quiet(),
            is_terminal: std::io::stderr().is_terminal() && !is_dumb(),
            names: subjects.iter().map(name).collect(),
            running: Mutex::new(subjects.iter().map(|_| None).collect()),
        }
    }

    fn begin(&self, i: usize, step: &'static str) {
        if let Ok(mut running) = self.running.lock() {
            running[i] = Some(Running { step, since: Instant::now(), said: false });
        }
        self.draw();
    }

    fn end(&self, i: usize) {
        if let Ok(mut running) = self.running.lock() {
            running[i] = None;
        }
    }

    /// All of it in one line that is written again and again.
    fn draw(&self) {
        if !self.shown || !self.is_terminal {
            return;
        }
        let Ok(running) = self.running.lock() else { return };
        let steps = self.names.iter().zip(running.iter());
        let steps = steps.filter_map(|(name, run)| Some(format!("{name}: {}", run.as_ref()?.step)));
        let steps = steps.collect::<Vec<_>>().join(", ");
        if steps.is_empty() {
            return;
        }
        let width = terminal_size::terminal_size_of(std::io::stderr());
        let width = width.map_or(80, |(width, _)| usize::from(width.0)).saturating_sub(1);
        let line: String = format!("checking {steps} …").chars().take(width).collect();
        write(&format!("\r\x1b[K{line}"));
    }

    fn clear(&self) {
        if self.shown && self.is_terminal {
            write("\r\x1b[K");
        }
    }

    /// Names what takes long where nothing can be written again.
    fn tick(&self) {
        if !self.shown || self.is_terminal {
            return;
        }
        let Ok(mut running) = self.running.lock() else { return };
        for (name, run) in self.names.iter().zip(running.iter_mut()) {
            if let Some(run) = run.as_mut().filter(|run| !run.said && run.since.elapsed() >= LONG) {
                run.said = true;
                write(&format!("checking {name}: {} …\n", run.step));
            }
        }
    }
}

/// Nobody is served by an end because progress cannot be shown.
fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_one_server_are_one_group() {
        let urls = ["http://A/x", "https://b/x", "http://a:80/y", "http://b:443", "http://[::1]/"];
        let groups = by_server(urls.map(Subject::new).to_vec());
        let numbers: Vec<Vec<usize>> =
            groups.iter().map(|group| group.iter().map(|(i, _)| *i).collect()).collect();
        assert_eq!(numbers, [vec![0, 2], vec![1, 3], vec![4]]);
        assert_eq!(server("https://[::1]/"), "[::1]:443");
        assert_eq!(server("https://[::1]:8443/?a:b"), "[::1]:8443");
    }
}
