//! Lines that a thread of its own writes, so that nobody waits for whoever reads them.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

/// After lines were written, more are waited for, so that a crowd of them is written at once.
const PAUSE: Duration = Duration::from_millis(10);
/// Bytes that may wait; a line beyond that is dropped, and counted.
const MOST: usize = 4 << 20;
/// A buffer that grew beyond that in a bad hour is let go.
const KEPT: usize = 256 << 10;
/// Whole lines up to this are written in one piece: a pipe takes so much without the bytes of other
/// writers in between (PIPE_BUF of Linux).
const PIECE: usize = 4096;

/// Takes lines at once, and writes them as soon as they are taken from it.
pub(super) struct Writer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// There is something to do.
    wake: Condvar,
    /// Something was done.
    progress: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    /// Lines for which there was no room.
    dropped: u64,
    /// Bytes that ever waited, and one for each time that lines were dropped.
    queued: u64,
    /// Those of them that were written, or could not be.
    done: u64,
    /// Does the thread wait for lines?
    idle: bool,
    /// Somebody waits for it: no pause.
    urgent: bool,
    /// Somebody waited for it in vain.
    stuck: bool,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole whatever happened to whoever held it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, count: usize) {
        let mut queue = self.queue();
        queue.done += count as u64;
        queue.stuck = false;
        self.progress.notify_all();
    }

    /// Takes all that waits, when there is something. Returns how many lines are missing behind it.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut queue = self.queue();
        while queue.lines.is_empty() && queue.dropped == 0 {
            queue.urgent = false;
            queue.idle = true;
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.idle = false;
        std::mem::swap(&mut queue.lines, lines);
        std::mem::take(&mut queue.dropped)
    }

    fn pause(&self) {
        // How it ends does not matter.
        let _ = self.wake.wait_timeout_while(self.queue(), PAUSE, |queue| !queue.urgent);
    }
}

impl Writer {
    /// Starts the thread, which writes to `out` from now on.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut pen = Pen { out, lost: 0 };
        let writing = Arc::clone(&shared);
        thread::Builder::new().name("log".to_owned()).stack_size(64 << 10).spawn(move || {
            let mut lines = Vec::new();
            loop {
                let dropped = writing.take(&mut lines);
                pieces(&lines).for_each(|piece| {
                    pen.write(piece);
                    writing.done(piece.len());
                });
                if dropped > 0 {
                    pen.lost += dropped;
                    pen.tell();
                    writing.done(1);
                }
                lines.clear();
                lines.shrink_to(KEPT);
                writing.pause();
            }
        })?;
        Ok(Self(shared))
    }

    /// Takes one line or more.
    pub(super) fn write(&self, lines: &[u8]) {
        let mut queue = self.0.queue();
        // None overtakes those that were dropped.
        if queue.dropped > 0 || queue.lines.len() + lines.len() > MOST {
            queue.queued += u64::from(queue.dropped == 0);
            queue.dropped += count(lines);
        } else {
            queue.lines.extend_from_slice(lines);
            queue.queued += lines.len() as u64;
        }
        if std::mem::take(&mut queue.idle) {
            drop(queue);
            self.0.wake.notify_one();
        }
    }

    /// Waits until all is written that was taken before, but no longer than this for a reader that
    /// takes nothing meanwhile.
    pub(super) fn flush(&self, patience: Duration) {
        let mut queue = self.0.queue();
        let end = queue.queued;
        while queue.done < end && !queue.stuck {
            let before = queue.done;
            queue.urgent = true;
            self.0.wake.notify_one();
            let waiting = |queue: &mut Queue| queue.done == before;
            let waited = self.0.progress.wait_timeout_while(queue, patience, waiting);
            let (now, end) = waited.unwrap_or_else(PoisonError::into_inner);
            queue = now;
            queue.stuck = end.timed_out();
        }
    }
}

/// What writes, and what it could not.
struct Pen<W> {
    out: W,
    lost: u64,
}

impl<W: Write> Pen<W> {
    fn write(&mut self, piece: &[u8]) {
        self.tell();
        if self.lost > 0 || self.out.write_all(piece).is_err() {
            self.lost += count(piece);
        }
    }

    /// Says how many lines are missing here, as a log line.
    fn tell(&mut self) {
        if self.lost == 0 {
            return;
        }
        let line = format!(
            "{:.6} ERROR external_providers::cli: log lines were lost here: they could not be written, or were \
             not taken in time lines={}\n",
            Timestamp::now(),
            self.lost
        );
        if self.out.write_all(line.as_bytes()).is_ok() {
            self.lost = 0;
        }
    }
}

fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

/// Whole lines, as many as fit in a piece, or one that does not.
fn pieces(mut lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let fits = lines.len().min(PIECE);
        let end = match memchr::memrchr(b'\n', &lines[..fits]) {
            Some(last) => last + 1,
            None => memchr::memchr(b'\n', lines).map_or(lines.len(), |first| first + 1),
        };
        let (piece, rest) = lines.split_at(end);
        lines = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes a piece with each word that comes, or refuses it.
    struct Reader {
        words: Receiver<bool>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.words.recv() {
                Ok(false) => Err(ErrorKind::StorageFull.into()),
                // Nobody speaks any more: it takes everything.
                _ => {
                    self.taken.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn reader() -> (Writer, Sender<bool>, Receiver<Vec<u8>>) {
        let ((say, words), (taken, pieces)) = (channel(), channel());
        (Writer::start(Reader { words, taken }).unwrap(), say, pieces)
    }

    /// All that was written; the pieces it came in.
    fn written(writer: &Writer, pieces: &Receiver<Vec<u8>>) -> (String, Vec<Vec<u8>>) {
        writer.flush(Duration::from_secs(60));
        let pieces: Vec<_> = pieces.try_iter().collect();
        (String::from_utf8(pieces.concat()).unwrap(), pieces)
    }

    fn line(number: usize) -> String {
        format!("line {number} {}.\n", "x".repeat(number % 300))
    }

    #[test]
    fn lines_are_written_whole_in_their_order_many_at_once() {
        let (writer, say, pieces) = reader();
        drop(say);
        let long = "long ".repeat(2000) + "\n";
        let lines: Vec<_> = (0..10_000).map(line).chain([long.clone()]).collect();
        lines.iter().for_each(|line| writer.write(line.as_bytes()));
        let (text, pieces) = written(&writer, &pieces);
        assert!(text == lines.concat());
        assert!(pieces.len() < lines.len() / 10, "{}", pieces.len());
        for piece in pieces {
            assert!(piece.ends_with(b"\n") && (piece.len() <= PIECE || piece == long.as_bytes()));
        }
    }

    #[test]
    fn a_reader_that_stops_keeps_nobody_waiting_and_hears_what_it_missed() {
        let (writer, say, pieces) = reader();
        let filled = MOST / 300;
        let lines: Vec<_> = (0..3 * filled).map(line).collect();
        lines.iter().for_each(|line| writer.write(line.as_bytes()));
        // Neither does it keep the end waiting, and it is not asked twice.
        writer.flush(Duration::from_millis(1));
        writer.flush(Duration::from_secs(3600));
        assert!(pieces.try_recv().is_err());

        drop(say);
        let first = pieces.recv().unwrap();
        let (rest, _) = written(&writer, &pieces);
        writer.write(b"and on\n");
        let text = String::from_utf8(first).unwrap() + &rest + &written(&writer, &pieces).0;
        let kept = text.lines().zip(&lines).take_while(|(a, b)| *a == b.trim_end()).count();
        assert!((filled..lines.len()).contains(&kept), "{kept}");
        let mut rest = text.lines().skip(kept);
        let note = rest.next().unwrap();
        let missing = format!(" lines={}", lines.len() - kept);
        assert!(note.contains(" ERROR external_providers::cli: ") && note.ends_with(&missing));
        assert_eq!(rest.collect::<Vec<_>>(), ["and on"]);
    }

    #[test]
    fn lines_that_could_not_be_written_are_counted() {
        let (writer, say, pieces) = reader();
        for ok in [true, false, false, true, true] {
            say.send(ok).unwrap();
        }
        let mut text = String::new();
        for number in 0..4 {
            writer.write(line(number).as_bytes());
            text += &written(&writer, &pieces).0;
        }
        let lines: Vec<_> = text.lines().collect();
        // Two were lost: the second, and the third, when the loss of the second could not be told.
        assert!(lines[1].ends_with(" lines=2"), "{text}");
        assert_eq!([lines[0], lines[2]], ["line 0 .", "line 3 xxx."]);
    }
}
