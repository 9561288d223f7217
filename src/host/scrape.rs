//! The metrics at a port of their own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::host_header;
use super::metrics::Metrics;

/// The metrics are asked for by one or two scrapers. When one more comes, whoever came first must
/// go: it has had the time that an answer takes, or waits for nothing.
const SCRAPERS: usize = 8;
/// A scrape takes milliseconds.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// Serves the metrics.
pub(super) async fn serve(metrics: Arc<Metrics>, listener: TcpListener) {
    let mut scrapers = JoinSet::new();
    let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            Some(_) = scrapers.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        oldest.retain(|scraper| !scraper.is_finished());
        if oldest.len() >= SCRAPERS
            && let Some(first) = oldest.pop_front()
        {
            first.abort();
        }
        oldest
            .push_back(scrapers.spawn(timeout(GRACE_PERIOD, scrape(Arc::clone(&metrics), stream))));
    }
}

/// One request, one answer.
async fn scrape(metrics: Arc<Metrics>, stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| {
        let valid = host_header::is_valid(request.version(), request.headers());
        let body = match valid {
            true => metrics.all(),
            false => String::new(),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        if !valid {
            *response.status_mut() = StatusCode::BAD_REQUEST;
        }
        let content_type = "text/plain; version=0.0.4; charset=utf-8";
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        async { Ok::<_, std::convert::Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Whether it was read or not: there is nobody to tell.
    let _ = connection.await;
}
