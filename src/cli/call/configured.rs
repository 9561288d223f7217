//! The service that a settings file names.

use std::path::Path;

use external_providers::client::{CallError, DiscoverError, TransportError, TransportErrorKind};
use external_providers::contract::{GetSignInCookieInfo, Operation as _, OperationInfo};
use external_providers::gateway::ServiceError;
use external_providers::settings::ExternalService;

use crate::cli::{Failed, NOT_SOAP, SETTINGS, error_chain, output, settings};

/// The service that a settings file names for an operation.
pub(super) fn service(file: &Path, operation: &OperationInfo) -> Result<ExternalService, Failed> {
    let loaded = settings::load(file, Some(operation.kind))?;
    let (kind, file) = (operation.kind, file.display());
    let tab = loaded.tab(kind);
    if !tab.enabled {
        return Err(Failed::new(SETTINGS, format!("{file}: the {kind} provider is not enabled"))
            .hint(format!("say {kind} = true in [options]")));
    }
    let service = tab.external().cloned().ok_or_else(|| {
        Failed::new(
            SETTINGS,
            format!("{file}: the {kind} provider is built-in: there is no service"),
        )
        .hint(format!("say provider = \"external\" in [{kind}]"))
    })?;
    if operation.name == GetSignInCookieInfo::NAME && !loaded.login.accept_sign_on_cookies {
        let note = "accept_sign_on_cookies is off: an application would not ask the provider this";
        output::note(note);
    }
    Ok(service)
}

/// What kept the service from being discovered, as the call's own error where there is one.
pub(super) fn undiscovered(error: ServiceError) -> Result<CallError, Failed> {
    Ok(match error {
        ServiceError::Discover(DiscoverError::Transport(error)) => CallError::Transport(error),
        ServiceError::Discover(DiscoverError::Timeout { document, after }) => {
            let kind = TransportErrorKind::Timeout(after);
            CallError::Transport(TransportError { service: document, kind, sent: false })
        }
        ServiceError::Discover(error @ DiscoverError::NotWsdl { .. }) => {
            let failed = Failed::new(NOT_SOAP, error.to_string());
            return Err(match error.hint() {
                Some(hint) => failed.hint(hint),
                None => failed,
            });
        }
        ServiceError::Discover(ref inner) if inner.hint().is_some() => {
            let hint = inner.hint().unwrap_or_default();
            return Err(Failed::new(SETTINGS, error_chain(&error)).hint(hint));
        }
        error => return Err(Failed::new(SETTINGS, error_chain(&error))),
    })
}
