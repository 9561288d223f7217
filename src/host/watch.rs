//! Knows of a connection what it is waiting for, and since when.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
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
    over: Notify,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let (phase, since) = (AtomicU8::new(IDLE), AtomicU64::new(0));
        Arc::new(Self { opened: Instant::now(), phase, since, over: Notify::new() })
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

    /// Its answer is ready to be sent.
    pub(super) fn answered(&self) {
        self.enter(IDLE);
    }

    /// Tells whoever serves the connection that its time is over.
    pub(super) fn give_up(&self) {
        self.over.notify_one();
    }

    /// Waits for [`give_up`](Self::give_up).
    pub(super) async fn given_up(&self) {
        self.over.notified().await;
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
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn wrote(&self, written: &io::Result<usize>) {
        if written.is_ok() && self.activity.phase.load(Relaxed) == IDLE {
            self.activity.enter(IDLE);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
