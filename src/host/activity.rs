//! Knows of a connection what it is waiting for, and since when.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicU8, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Settings;

/// Waiting for a request, or for the caller to take an answer.
const IDLE: u8 = 0;
/// The first bytes of a request came, but its headers are not complete.
const HEAD: u8 = 1;
/// A request is being answered: what it waits for has a timeout of its own, or is the provider.
const BUSY: u8 = 2;

/// What a connection is waiting for, seen by those who read, answer and watch it.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    phase: AtomicU8,
    /// Microseconds since `opened`.
    since: AtomicU64,
    min_bytes_per_second: u32,
    /// Bits of [`Order`]s.
    orders: AtomicU8,
    /// Of the task that serves the connection.
    waker: Mutex<Option<Waker>>,
}

/// What whoever serves a connection is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// To finish what was begun: the host stops.
    Finish = 1,
    /// To end at once: the other side has used up its time.
    GiveUp = 2,
}

/// Hears of the orders of a connection; as long as there is none, for next to nothing.
#[derive(Debug)]
pub(super) struct Orders<'a> {
    activity: &'a Activity,
    heard: u8,
    /// The one that the activity has.
    waker: Option<Waker>,
}

impl Orders<'_> {
    /// The next order. Each comes once, and none after that to give up.
    pub(super) fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Order> {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
            self.activity.waker().clone_from(&self.waker);
        }
        let new = self.activity.orders.load(Acquire) & !self.heard;
        self.heard |= new;
        if new & Order::GiveUp as u8 != 0 {
            return Poll::Ready(Order::GiveUp);
        }
        if new != 0 { Poll::Ready(Order::Finish) } else { Poll::Pending }
    }
}

impl Activity {
    pub(super) fn new(settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            phase: AtomicU8::new(IDLE),
            since: AtomicU64::new(0),
            min_bytes_per_second: settings.min_bytes_per_second,
            orders: AtomicU8::new(0),
            waker: Mutex::new(None),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Relaxed);
        self.since.store(self.now(), Relaxed);
    }

    /// A request is complete but for its body, and is being answered from now on.
    pub(super) fn busy(&self) {
        self.phase.store(BUSY, Relaxed);
    }

    /// The caller took bytes of an answer: it has as much more time as they may have taken.
    fn took(&self, bytes: usize) {
        let earned = match self.min_bytes_per_second {
            0 => u64::MAX,
            rate => (bytes as u64).saturating_mul(1_000_000) / u64::from(rate),
        };
        let since = self.since.load(Relaxed).saturating_add(earned);
        self.since.store(since.min(self.now()), Relaxed);
    }

    /// Its answer is ready to be sent.
    pub(super) fn answered(&self) {
        self.enter(IDLE);
    }

    fn waker(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        // Nothing panics under this lock.
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever serves the connection.
    pub(super) fn order(&self, order: Order) {
        // Whoever registers a waker after it was looked for sees the order itself.
        self.orders.fetch_or(order as u8, AcqRel);
        let waker = self.waker().clone();
        waker.iter().for_each(Waker::wake_by_ref);
    }

    /// Is this connection's next answer its last?
    pub(super) fn finishing(&self) -> bool {
        self.orders.load(Acquire) & Order::Finish as u8 != 0
    }

    /// For the one task that serves the connection.
    pub(super) fn orders(&self) -> Orders<'_> {
        Orders { activity: self, heard: 0, waker: None }
    }

    /// Has the other side used up its time?
    pub(super) fn expired(&self, settings: &Settings) -> bool {
        let most = match self.phase.load(Relaxed) {
            IDLE => settings.idle_timeout,
            HEAD => settings.header_timeout,
            _ => return false,
        };
        Duration::from_micros(self.now().saturating_sub(self.since.load(Relaxed))) >= most
    }
}

/// A stream that notes what goes through it.
#[derive(Debug)]
pub(super) struct WatchedStream<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> WatchedStream<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn wrote(&self, written: &io::Result<usize>) {
        if let Ok(bytes) = written
            && self.activity.phase.load(Relaxed) == IDLE
        {
            self.activity.took(*bytes);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        if buf.filled().len() > before && self.activity.phase.load(Relaxed) == IDLE {
            self.activity.enter(HEAD);
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.wrote(&written);
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.wrote(&written);
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_an_answer_keeps_its_pace() {
        let settings = Settings::default();
        let taking = async |bytes: usize, seconds: u64| {
            let activity = Activity::new(&settings);
            activity.busy();
            activity.answered();
            for second in 0..seconds {
                if activity.expired(&settings) {
                    return second;
                }
                advance(Duration::from_secs(1)).await;
                activity.took(bytes);
            }
            seconds
        };
        assert_eq!(taking(0, 1000).await, 120);
        assert_eq!(taking(1, 1000).await, 121);
        assert_eq!(taking(120, 1000).await, 240);
        assert_eq!(taking(240, 1000).await, 1000);
        // A rush at first is not a right to wait later.
        let activity = Activity::new(&settings);
        activity.answered();
        activity.took(1 << 30);
        advance(Duration::from_secs(121)).await;
        assert!(activity.expired(&settings));
    }
}
