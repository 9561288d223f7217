//! Reading a request's body, up to a limit and within a time.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use tokio::time::timeout;

use super::Hosting;
use super::metrics::Buffered;

/// Why there is no body.
#[derive(Debug)]
pub(super) enum Unread {
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

/// All of the body. One that comes in one piece is not copied.
pub(super) async fn read(
    hosting: &Hosting,
    mut body: Incoming,
    limit: usize,
    expects_continue: bool,
) -> Result<Bytes, Unread> {
    let announced = body.size_hint().exact();
    let read = match announced {
        Some(length) if length > limit as u64 => Err(Unread::TooLong),
        _ => {
            let patience = hosting.settings.body_timeout;
            let collected = timeout(patience, collect(hosting, &mut body, limit, announced)).await;
            collected.unwrap_or(Err(Unread::Slow))
        }
    };
    // Whoever asks before sending has sent nothing yet, unless it was read already.
    let unsent = expects_continue && announced.is_some_and(|length| length > limit as u64);
    if matches!(read, Err(Unread::TooLong | Unread::Overload)) && !unsent {
        drain(body).await;
    }
    read
}

async fn collect(
    hosting: &Hosting,
    body: &mut Incoming,
    limit: usize,
    announced: Option<u64>,
) -> Result<Bytes, Unread> {
    let mut buffered = Buffered::new(&hosting.metrics);
    let mut first: Option<Bytes> = None;
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Incomplete)?.into_data() else { continue };
        let have = first.as_ref().map_or(all.len(), Bytes::len);
        if data.len() > limit - have {
            return Err(Unread::TooLong);
        }
        if !buffered.grow(data.len(), hosting.settings.max_buffered) {
            return Err(Unread::Overload);
        }
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
    }
    Ok(first.unwrap_or_else(|| all.into()))
}

async fn drain(mut body: Incoming) {
    let (patience, most) = DRAIN;
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
    let _ = timeout(patience, drained).await;
}
