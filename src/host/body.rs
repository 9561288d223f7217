//! Reading a request's body, up to a limit and within a time.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use tokio::time::timeout;

/// Why there is no body.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is, or says that it is, longer than the limit.
    TooLong,
    /// It ended before its time.
    Incomplete,
    /// It did not come in time.
    Slow,
}

/// Beyond the limit a body is read and thrown away for this long and this far, so that its sender,
/// who may read nothing before all is sent, gets to see the answer.
const DRAIN: (Duration, usize) = (Duration::from_secs(2), 64 << 20);

/// All of the body. One that comes in one piece is not copied.
pub(super) async fn read(
    mut body: Incoming,
    limit: usize,
    patience: Duration,
    expects_continue: bool,
) -> Result<Bytes, Unread> {
    let announced = body.size_hint().exact();
    if announced.is_some_and(|length| length > limit as u64) {
        // Whoever asks before sending has sent nothing yet.
        if !expects_continue {
            drain(body).await;
        }
        return Err(Unread::TooLong);
    }
    let read = timeout(patience, collect(&mut body, limit, announced)).await;
    match read {
        Err(_) => Err(Unread::Slow),
        Ok(Err(Unread::TooLong)) => {
            drain(body).await;
            Err(Unread::TooLong)
        }
        Ok(read) => read,
    }
}

async fn collect(
    body: &mut Incoming,
    limit: usize,
    announced: Option<u64>,
) -> Result<Bytes, Unread> {
    let mut first: Option<Bytes> = None;
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Incomplete)?.into_data() else { continue };
        let have = first.as_ref().map_or(all.len(), Bytes::len);
        if data.len() > limit - have {
            return Err(Unread::TooLong);
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
    let _ = timeout(patience, async {
        let mut drained = 0;
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, Bytes::len);
            if drained > most {
                break;
            }
        }
    })
    .await;
}
