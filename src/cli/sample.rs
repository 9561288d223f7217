//! The sample provider inside the process.

use external_providers::Secret;
use external_providers::contract::OperationInfo;

use super::Failed;

pub(crate) async fn start(_: &OperationInfo, _: &str, _: Secret) -> Result<String, Failed> {
    Err(Failed::new(1, "pending"))
}
