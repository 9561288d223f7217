//! `[service]`.

use super::Reading;
use super::login_page::networks;
use crate::contract::{Answer, HandleEvent};
use crate::error_chain::error_chain;
use crate::host::{Host, HostError, Service, Tls};
use crate::provider_file::model::HostedService;
use crate::settings::source::{secret, warn_of_key_readers};
use crate::toml_document::Table;

impl Reading<'_> {
    pub(super) fn service(&mut self, root: &Table<'_>) -> HostedService {
        let table = root.table("service", &mut self.problems);
        let (around, mut warnings) = (self.around, Vec::new());
        let service = self.in_section("service", "service", table, |section| {
            let file = |text: String| around.folder.join(text);
            let certificate = section.text("tls_certificate").map(file);
            let key = section.text("tls_key").map(file);
            if certificate.is_some() != key.is_some() {
                let missing = if key.is_some() { "tls_certificate" } else { "tls_key" };
                let hint = "TLS needs tls_certificate and tls_key".to_owned();
                section.wrong(missing, "is missing", Some(hint));
            }
            let allow = section.has("allow").then(|| networks(section, "allow"));
            let listen = section.text("listen").unwrap_or_default();
            if !is_address(&listen) {
                let hint = "like 127.0.0.1:8080".to_owned();
                section.wrong("listen", "must be an address and a port", Some(hint));
            }
            let path = section.text("path").unwrap_or_default();
            let namespace = section.text("namespace").unwrap_or_default();
            let tls = certificate.zip(key);
            if let Some((certificate, key)) = &tls {
                warn_of_key_readers(section, "tls_key", key, &mut warnings);
                if let Err(error) = Tls::read(certificate, key) {
                    section.wrong("tls_certificate", error_chain(&error), None);
                }
            }
            if let Err(error) = hosted(&path, &namespace) {
                let is_namespace = matches!(error, HostError::Namespace { .. });
                let key = if is_namespace { "namespace" } else { "path" };
                section.wrong(key, error.to_string(), None);
            }
            HostedService {
                listen,
                path,
                namespace,
                password: secret(section, "password", true, around, &mut warnings),
                previous_password: secret(
                    section,
                    "previous_password",
                    true,
                    around,
                    &mut warnings,
                ),
                tls,
                allow,
                login_page: None,
            }
        });
        self.warnings.extend(warnings);
        service
    }
}

/// Can a service be hosted so?
fn hosted(path: &str, namespace: &str) -> Result<(), HostError> {
    let service = Service::new(path, "any").namespace(namespace);
    let service = service.operation(async |_: HandleEvent| Ok(Answer::default()));
    Host::builder().service(service).build().map(drop)
}

/// A host and a port.
fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
