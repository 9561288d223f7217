//! The metrics at a port of their own.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::Hosting;

/// The metrics are asked for by one or two scrapers.
const SCRAPERS: usize = 8;

/// Serves the metrics.
pub(super) async fn serve(hosting: Arc<Hosting>, listener: TcpListener) {
    let mut scrapers = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            Some(_) = scrapers.join_next() => continue,
            accepted = listener.accept(), if scrapers.len() < SCRAPERS => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let hosting = Arc::clone(&hosting);
        scrapers.spawn(async move {
            let service = service_fn(|_| {
                let mut response = Response::new(Full::new(Bytes::from(hosting.metrics.show())));
                let content_type = "text/plain; version=0.0.4; charset=utf-8";
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                async { Ok::<_, std::convert::Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .header_read_timeout(None)
                .serve_connection(TokioIo::new(stream), service);
            let patience = Instant::now() + hosting.settings.idle_timeout;
            tokio::select! {
                _ = connection => {}
                () = sleep_until(patience) => {}
            }
        });
    }
}
