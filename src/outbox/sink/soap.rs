//! The old events provider: `HandleEvent` of a web service.

use std::fmt;

use super::{Delivery, Sink, SinkError, with_hint};
use crate::client::CallError;
use crate::client::remedy::is_unknown_action;
use crate::contract::{BoxFuture, HandleEvent, Kind};
use crate::error_chain::error_chain;
use crate::gateway::{Cause, Gateway, GatewayError};
use crate::http::url::service_url;
use crate::outbox::Event;
use crate::reach;
use crate::report::{Report, Step};
use crate::settings::{ExternalService, Settings};
use crate::soap::FaultCode;

/// Calls `HandleEvent` of a web service for each event, with its name and its variables as they came.
///
/// `Success=false` is a refusal, and the event is sent again. A fault, an answer that is not the
/// contract's, and a connection that broke after the request was sent leave open what happened: the
/// delivery is in doubt, unless the service is said to be idempotent. What provably did not reach the
/// service's code is sent again.
pub struct SoapSink {
    name: String,
    service: ExternalService,
    gateway: Gateway,
    idempotent: bool,
}

impl fmt::Debug for SoapSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SoapSink").field(&self.name).field(&self.service).finish()
    }
}

impl SoapSink {
    /// A service by the name of its sink. It must be one for events. Nothing is connected yet. An
    /// `idempotent` one may be told of an event twice.
    ///
    /// # Errors
    ///
    /// The settings make no client.
    pub fn new(name: &str, service: &ExternalService, idempotent: bool) -> Result<Self, SinkError> {
        if service.kind != Kind::Events {
            return Err(SinkError::new("url", "the service is not one for events"));
        }
        let mut settings = Settings::default();
        settings.enable(service.clone());
        let gateway = Gateway::builder(settings).build();
        let gateway = gateway.map_err(|error| SinkError::new("url", error_chain(&error)))?;
        Ok(Self { name: name.to_owned(), service: service.clone(), gateway, idempotent })
    }

    fn judged(&self, error: &GatewayError) -> Delivery {
        let why = with_hint(error_chain(&error.cause), error.hint());
        let after = match &error.cause {
            Cause::Open { retry_in, .. } => Some(*retry_in),
            _ => None,
        };
        if matches!(&error.cause, Cause::Call(CallError::Failure(said)) if !said.is_permission_denied())
        {
            return Delivery::Rejected { why };
        }
        if self.idempotent || !may_have_happened(&error.cause) {
            return Delivery::Refused { why, after };
        }
        Delivery::InDoubt { why }
    }
}

/// May the service have done something with the event? What it says to be a failure, it has not taken.
fn may_have_happened(cause: &Cause) -> bool {
    match cause {
        Cause::Busy { .. } | Cause::Open { .. } | Cause::Service(_) => false,
        Cause::Call(CallError::Encode(_) | CallError::Failure(_)) => false,
        Cause::Call(CallError::Transport(error)) => error.sent,
        // Web servers say so before anybody's code runs; a proxy's 502 and 504 may come after it.
        Cause::Call(CallError::NotSoap(answer)) => {
            !matches!(answer.status, 300..=399 | 401 | 403..=405 | 407 | 411 | 413 | 415 | 503)
        }
        Cause::Call(CallError::Fault(fault)) => {
            !is_unknown_action(&fault.reason) && fault.code != FaultCode::VersionMismatch
        }
        _ => true,
    }
}

impl Sink for SoapSink {
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery> {
        Box::pin(async move {
            let (event_name, other) = (event.name.clone(), event.variables.clone());
            match self.gateway.handle_event(HandleEvent { event_name, other }).await {
                Ok(_) => Delivery::Delivered,
                Err(error) => self.judged(&error),
            }
        })
    }

    fn may_repeat(&self) -> bool {
        self.idempotent
    }

    fn check(&self) -> BoxFuture<'_, Report> {
        Box::pin(async move {
            let (service, shown) = (&self.service, self.service.shown_url().to_owned());
            let mut report = Report::new(Some(self.name.clone()), shown);
            match service_url(&service.url) {
                Ok(url) if service.proxy.is_none() && !service.native_tls => {
                    let way = reach::Way {
                        url: &url,
                        root_certificates: &service.root_certificates,
                        trust_fingerprint: service.trust_fingerprint,
                        client_certificate: service.client_certificate.as_ref(),
                        within: service.connect_timeout,
                    };
                    report.steps.extend(reach::steps(&way).await.0);
                }
                _ => {
                    let why = "a proxy, or the platform's TLS, is between";
                    report.steps.push(Step::not_checked("connect", why));
                }
            }
            report.finish()
        })
    }
}
