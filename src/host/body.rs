//! Reading a request's body, up to a limit and within a time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame};
use tokio::time::{Instant, timeout, timeout_at};

use super::Settings;
use super::metrics::{Buffered, Metrics};
use crate::bounded::wait;

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is, or says that it is, longer than the limit.
    TooLong,
    /// It ended before its time.
    Incomplete,
    /// It did not come in time.
    Slow,
    /// There is no room for it.
    Overload,
}

/// Beyond the limit a body is read and thrown away for this long and this far, so that its sender,
/// who may read nothing before all is sent, gets to see the answer.
const DRAIN: (Duration, usize) = (Duration::from_secs(2), 64 << 20);

/// All of the body, and the room that it takes. One that comes in one piece is not copied.
pub(crate) async fn read<'m, B: Body<Data = Bytes> + Unpin>(
    settings: &Settings,
    metrics: &'m Metrics,
    mut body: B,
    expects_continue: bool,
) -> Result<(Bytes, Buffered<'m>), Unread> {
    let limit = settings.max_body;
    let announced = body.size_hint().exact();
    let read = match announced {
        Some(length) if length > limit as u64 => Err(Unread::TooLong),
        _ => collect(settings, metrics, &mut body, limit).await,
    };
    // Whoever asks before sending has sent nothing yet, unless it was read already.
    let unsent = expects_continue && announced.is_some_and(|length| length > limit as u64);
    if matches!(read, Err(Unread::TooLong | Unread::Overload)) && !unsent {
        drain(body).await;
    }
    read
}

/// Until when more of a body has to come. What comes puts it off, never beyond the pause that is
/// allowed from now on, so that nobody sends fast first and then waits.
struct Pace<'s> {
    settings: &'s Settings,
    latest: Instant,
    due: Instant,
}

impl<'s> Pace<'s> {
    fn new(settings: &'s Settings) -> Self {
        let now = Instant::now();
        let latest = now + wait(settings.body_timeout);
        Self { settings, latest, due: latest.min(now + wait(settings.stall_timeout)) }
    }

    /// Bytes came; `crowded` if there is little room for more of such a body.
    fn came(&mut self, bytes: usize, crowded: bool) {
        let Settings { min_bytes_per_second, max_body, body_timeout, stall_timeout, .. } =
            *self.settings;
        if min_bytes_per_second == 0 {
            self.due = self.latest;
            return;
        }
        let least = f64::from(min_bytes_per_second);
        // Whoever sets no time for a body gets what the addition of an hour cannot overflow.
        let rate = match crowded {
            true => least.max(max_body as f64 / body_timeout.as_secs_f64().max(0.001)),
            false => least,
        };
        let earned = Duration::from_secs_f64((bytes as f64 / rate).min(3600.0));
        let most = Instant::now() + wait(stall_timeout);
        self.due = (self.due + earned).min(most).min(self.latest);
    }
}

async fn collect<'m, B: Body<Data = Bytes> + Unpin>(
    settings: &Settings,
    metrics: &'m Metrics,
    body: &mut B,
    limit: usize,
) -> Result<(Bytes, Buffered<'m>), Unread> {
    let announced = body.size_hint().exact();
    // Most bodies are there as a whole, and need neither clock nor timer.
    let mut pace = None;
    let mut buffered = Buffered::new(metrics);
    let mut first: Option<Bytes> = None;
    let mut all = Vec::new();
    loop {
        let frame = match at_once(body).await {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let pace = pace.get_or_insert_with(|| Pace::new(settings));
                timeout_at(pace.due, body.frame()).await.map_err(|_| Unread::Slow)?
            }
        };
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| Unread::Incomplete)?.into_data() else { continue };
        let have = first.as_ref().map_or(all.len(), Bytes::len);
        if data.len() > limit - have {
            return Err(Unread::TooLong);
        }
        let together = buffered.grow(data.len());
        let large = buffered.bytes() > settings.small_body;
        if large && together > settings.max_buffered {
            return Err(Unread::Overload);
        }
        let length = data.len();
        match first.take() {
            None if all.is_empty() => first = Some(data),
            None => all.extend_from_slice(&data),
            Some(earlier) => {
                // Never more than twice what has really come, whatever was announced.
                let announced = announced.map_or(0, |length| length as usize);
                all.reserve(announced.min(2 * (earlier.len() + data.len())));
                all.extend_from_slice(&earlier);
                all.extend_from_slice(&data);
            }
        }
        if body.is_end_stream() {
            break;
        }
        let crowded = large && together > settings.max_buffered / 2;
        pace.get_or_insert_with(|| Pace::new(settings)).came(length, crowded);
    }
    Ok((first.unwrap_or_else(|| all.into()), buffered))
}

/// The next frame, if it is there.
async fn at_once<B: Body + Unpin>(body: &mut B) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *body).poll_frame(cx))).await
}

pub(crate) async fn drain<B: Body<Data = Bytes> + Unpin>(mut body: B) {
    let (grace_period, most) = DRAIN;
    let drained = async {
        let mut drained = 0;
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, Bytes::len);
            if drained > most {
                break;
            }
        }
    };
    // Whether it ended or not: the answer is due.
    let _ = timeout(grace_period, drained).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::Context;

    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::sleep;

    use super::*;

    struct Sent(Receiver<Bytes>);

    impl Body for Sent {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
        }
    }

    /// Bytes, and the pause after them in milliseconds; the body ends with the last pause. What is
    /// answered, and after how many seconds of a clock that stands still while anything is done.
    async fn sent(settings: &Settings, taken: usize, pieces: Vec<(usize, u64)>) -> (String, u64) {
        let metrics = Metrics::new([].into_iter());
        let mut others = Buffered::new(&metrics);
        others.grow(taken);
        let (sender, receiver) = channel(1);
        let started = Instant::now();
        tokio::spawn(async move {
            for (bytes, pause) in pieces {
                if sender.send(vec![b' '; bytes].into()).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(pause)).await;
            }
        });
        let body = &mut Sent(receiver);
        let answer = match collect(settings, &metrics, body, settings.max_body).await {
            Ok((body, buffered)) => {
                assert_eq!(buffered.bytes(), body.len());
                format!("{} bytes", body.len())
            }
            Err(unread) => format!("{unread:?}"),
        };
        (answer, started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_keeps_its_pace() {
        let settings = Settings::default();
        let whole = settings.max_body;
        let drip = |bytes, pause, times| vec![(bytes, pause); times];
        let then = |first: usize, rest: Vec<(usize, u64)>| [vec![(first, 0)], rest].concat();
        for (what, pieces, answer, seconds) in [
            ("nothing", vec![(0, 600_000)], "Slow", 10),
            ("all but a byte", vec![(whole - 1, 600_000)], "Slow", 10),
            ("all but 1 200, a byte a second", then(whole - 1200, drip(1, 1000, 1200)), "Slow", 10),
            ("239 bytes a second", drip(239, 1000, 100), "Slow", 60),
            ("100 bytes a second", drip(100, 1000, 100), "Slow", 16),
            ("240 bytes a second for 50 s", drip(240, 1000, 50), "12000 bytes", 50),
            ("a pause of 9 s", vec![(100, 9_000), (100, 0)], "200 bytes", 9),
            ("a slow line", drip(70_000, 1000, 59), "4130000 bytes", 59),
            ("for ever", drip(1000, 1000, 600), "Slow", 60),
        ] {
            assert_eq!(sent(&settings, 0, pieces).await, (answer.to_owned(), seconds), "{what}");
        }
        let settings = Settings { min_bytes_per_second: 0, ..Settings::default() };
        let answer = sent(&settings, 0, vec![(1, 9_000), (1, 50_000), (1, 0)]).await;
        assert_eq!(answer, ("3 bytes".to_owned(), 59));
    }

    #[tokio::test(start_paused = true)]
    async fn where_there_is_little_room_large_bodies_hurry_and_small_ones_have_time() {
        let settings = Settings::default();
        let (half, full) = (settings.max_buffered / 2, settings.max_buffered);
        let small = vec![(240, 1000); 50];
        for (taken, pieces, answer, seconds) in [
            (full, small.clone(), "12000 bytes", 50),
            (full, vec![(settings.small_body, 0)], "65536 bytes", 0),
            (full, vec![(settings.small_body + 1, 0)], "Overload", 0),
            (full - 100_000, vec![(100_000, 0)], "100000 bytes", 0),
            (full - 100_000, vec![(100_001, 0)], "Overload", 0),
            // 64 KiB at once, then a tenth of the pace that 4 MiB within 60 s need.
            (half, [vec![(65_537, 0)], vec![(7_000, 1000); 100]].concat(), "Slow", 11),
            (0, [vec![(65_537, 0)], vec![(7_000, 1000); 50]].concat(), "415537 bytes", 50),
            (half, [vec![(65_537, 0)], vec![(70_000, 1000); 50]].concat(), "3565537 bytes", 50),
        ] {
            let came = sent(&settings, taken, pieces).await;
            assert_eq!(came, (answer.to_owned(), seconds), "{taken}");
        }
    }
}
