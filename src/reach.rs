//! The way to a server, as steps of a report: name, connection, TLS.

pub(crate) mod tls;

use std::time::Duration;

use crate::http::url::Url;
use crate::report::{Finding, Step, network};
use crate::tls::{ClientCertificate, Fingerprint, TrustError, verifier};

/// Where a way leads, and whom to trust there.
pub(crate) struct Way<'w> {
    pub(crate) url: &'w Url,
    pub(crate) root_certificates: &'w [u8],
    pub(crate) trust_fingerprint: Option<Fingerprint>,
    /// What is shown to a server that wants to see one.
    pub(crate) client_certificate: Option<&'w ClientCertificate>,
    /// How long each step may take.
    pub(crate) within: Duration,
}

/// Name, connection and TLS, up to the first that fails; whether none did.
pub(crate) async fn steps(way: &Way<'_>) -> (Vec<Step>, bool) {
    let host = way.url.host_str().unwrap_or_default();
    let port = way.url.port_or_known_default().unwrap_or(0);
    let (step, addresses) = network::resolve(host, port, way.within).await;
    let mut steps = vec![step];
    if addresses.is_empty() {
        return (steps, false);
    }
    let (step, open) = network::connect(&addresses, way.within).await;
    steps.push(step);
    let Some(&address) = open.first() else { return (steps, false) };
    if way.url.scheme() != "https" {
        return (steps, true);
    }
    let verifier = match verifier(host, way.root_certificates, way.trust_fingerprint) {
        Ok(verifier) => verifier,
        Err(error) => {
            let why = match error {
                TrustError::Roots(error) => error.to_string(),
                TrustError::Platform(why) => why,
            };
            let step = Step::new("tls", "there is nobody to trust");
            steps.push(step.with(Finding::new("settings", why)));
            return (steps, false);
        }
    };
    let (certificate, within) = (way.client_certificate, way.within);
    let (native, in_file) = (false, true);
    let look = tls::Look { address, host, verifier, certificate, within, native, in_file };
    let (step, through) = tls::look(&look).await;
    steps.push(step);
    (steps, through)
}
