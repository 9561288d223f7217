//! A service in operation: from a SOAP message to its answer.

use std::sync::Arc;

use super::aspnet::AspNetResponse;
use super::operate::Operate;
use super::outcome::Outcome;
use super::panic::catch_unwind;
use super::passwords::Passwords;
use super::raw::{self, RawAnswer, RawCall, RawError, RawProvider};
use crate::contract::raw::{Presence, RawInputs, RawResult};
use crate::contract::{Failure, OperationInfo, ProviderError};
use crate::http::{HttpRequest, HttpResponse};
use crate::soap::{Binding, Envelope, Heading, RequestError, SoapVersion, read_inputs};
use crate::xml::Writer;

/// A service that was found to be in order.
pub(super) struct Endpoint {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) passwords: Passwords,
    pub(super) bindings: [Binding; 2],
    pub(super) operations: Vec<Route>,
    pub(super) raw: Option<Arc<dyn RawProvider>>,
}

/// An operation of a service.
pub(super) struct Route {
    pub(super) info: &'static OperationInfo,
    pub(super) action: String,
    pub(super) operate: Box<dyn Operate>,
}

/// A SOAP message before anything of it is understood.
pub(super) struct Message<'a> {
    pub(super) content_type: &'a str,
    pub(super) soap_action: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// A message that was understood: what is to be called, and with what.
pub(super) struct Call<'s> {
    pub(super) version: SoapVersion,
    pub(super) route: &'s Route,
    pub(super) inputs: Presence<RawInputs>,
}

impl Call<'_> {
    /// Bytes that it holds.
    pub(super) fn size(&self) -> usize {
        let Presence::Value(inputs) = &self.inputs else { return 0 };
        let Presence::Value(list) = &inputs.input_variables else { return 0 };
        let entry = |entry: &Option<String>| entry.as_ref().map_or(0, String::capacity);
        size_of::<Option<String>>() * list.0.capacity() + list.0.iter().map(entry).sum::<usize>()
    }
}

/// An answer, and what is to be logged about it.
pub(super) struct Answered {
    pub(super) reply: AspNetResponse,
    pub(super) operation: Option<&'static OperationInfo>,
    pub(super) outcome: Outcome,
}

impl Endpoint {
    pub(super) fn namespace(&self) -> &str {
        self.bindings[0].namespace()
    }

    pub(super) fn binding(&self, version: SoapVersion) -> &Binding {
        match version {
            SoapVersion::V11 => &self.bindings[0],
            SoapVersion::V12 => &self.bindings[1],
        }
    }

    fn by_action(&self, action: &str) -> Option<&Route> {
        self.operations.iter().find(|route| route.action == action)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Route> {
        self.operations.iter().find(|route| route.info.name == name)
    }

    /// The answer to a SOAP message that was posted here, read completely.
    async fn post(&self, message: Message<'_>) -> AspNetResponse {
        match self.read(&message) {
            Ok(call) => self.call(call).await.reply,
            Err(error) => AspNetResponse::refusal(&error),
        }
    }

    /// What a message asks for.
    pub(super) fn read(&self, message: &Message<'_>) -> Result<Call<'_>, RequestError> {
        let heading = Heading::new(message.content_type, message.soap_action);
        let routed = heading.route(|action| self.by_action(action))?;
        let limits = self.bindings[0].limits();
        let envelope =
            Envelope::parse(heading, routed.is_some(), message.body, self.namespace(), limits)?;
        let version = envelope.version;
        let route = match routed {
            Some(route) => route,
            None => envelope.route(
                |namespace, name| {
                    if namespace == self.namespace() { self.named(name) } else { None }
                },
                |action| self.by_action(action),
            )?,
        };
        let inputs = envelope.into_inputs(self.namespace(), route.info.name);
        Ok(Call { version, route, inputs })
    }

    /// Calls an operation. A panic in a provider is this call's fault, and ends here.
    pub(super) async fn call(&self, call: Call<'_>) -> Answered {
        let Call { version, route, inputs } = call;
        let call = catch_unwind(self.dispatch(version, route, inputs));
        let (reply, outcome) = call.await.unwrap_or_else(|_| {
            // What a panic says is for the log of the process: it may name anything.
            let reply = AspNetResponse::exception(version, &["The provider failed unexpectedly."]);
            (reply, Outcome::Panicked)
        });
        Answered { reply, operation: Some(route.info), outcome }
    }

    async fn dispatch(
        &self,
        version: SoapVersion,
        route: &Route,
        inputs: Presence<RawInputs>,
    ) -> (AspNetResponse, Outcome) {
        let binding = self.binding(version);
        let inputs = match &self.raw {
            None => inputs,
            Some(raw) => {
                let passwords = &self.passwords;
                match raw.call(RawCall { operation: route.info, inputs, passwords }) {
                    RawAnswer::Passed(call) => call.inputs,
                    RawAnswer::Answered(answer) => {
                        return encode_raw(binding, route.info, answer.await);
                    }
                }
            }
        };
        match read_inputs(inputs) {
            Err(error) => (AspNetResponse::inputs(version, &error), Outcome::Exception),
            Ok((Some(password), variables)) if self.passwords.accept(password.expose()) => {
                route.operate.operate(binding, variables).await
            }
            Ok(_) => (route.operate.decline(binding, Failure::PERMISSION_DENIED), Outcome::Denied),
        }
    }

    /// The same for a request that is a plain value; the pure function that all of the SOAP side
    /// can be tested with.
    pub(super) async fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let content_type = request.headers.get("Content-Type").unwrap_or_default();
        let soap_action = request.headers.get("SOAPAction");
        let message = Message {
            content_type: &content_type,
            soap_action: soap_action.as_deref(),
            body: &request.body,
        };
        self.post(message).await.into()
    }
}

fn encode_raw(
    binding: &Binding,
    operation: &'static OperationInfo,
    answer: Result<Presence<RawResult>, RawError>,
) -> (AspNetResponse, Outcome) {
    let version = binding.version();
    let (result, outcome) = match answer {
        Ok(result) => (result, Outcome::Answered),
        Err(RawError::Provider(ProviderError::Failure(failure))) => {
            (Presence::Value(raw::failed(operation, failure)), Outcome::Declined)
        }
        Err(RawError::Denied) => {
            let failure = Failure::new(Failure::PERMISSION_DENIED);
            (Presence::Value(raw::failed(operation, failure)), Outcome::Denied)
        }
        Err(RawError::Provider(ProviderError::Exception(messages))) => {
            return (AspNetResponse::exception(version, &messages), Outcome::Exception);
        }
        Err(RawError::Fault(fault)) => {
            return (AspNetResponse::fault(version, &fault), Outcome::Exception);
        }
        Err(RawError::Inputs(error)) => {
            return (AspNetResponse::inputs(version, &error), Outcome::Exception);
        }
    };
    let writer = Writer::default().with_references();
    match binding.write_raw_result(operation.name, &result, writer) {
        Ok(body) => (AspNetResponse::result(version, body), outcome),
        Err(error) => {
            (AspNetResponse::exception(version, &[error.to_string()]), Outcome::Exception)
        }
    }
}
