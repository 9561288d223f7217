//! The sample provider inside the process.

use external_providers::contract::OperationInfo;
use external_providers::{Host, Secret, sample};

use super::{Failed, LOCAL, USAGE};

/// Starts the sample provider on loopback, as long as the process lives, and says where an
/// operation of it can be called.
pub(crate) async fn start(
    operation: &OperationInfo,
    namespace: &str,
    auth: Secret,
) -> Result<String, Failed> {
    let host = Host::builder()
        .services(sample::services(auth, namespace))
        .build()
        .map_err(|error| Failed::new(USAGE, error.to_string()))?;
    let server = host
        .bind("127.0.0.1:0")
        .await
        .map_err(|error| Failed::new(LOCAL, format!("the sample cannot start: {error}")))?;
    let url = format!("http://{}{}", server.local_addr(), sample::path(operation.kind));
    tokio::spawn(server.serve(std::future::pending()));
    Ok(url)
}
