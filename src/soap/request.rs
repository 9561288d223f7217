//! Requests: `encode_request` and `decode_request`.

use super::envelope::Envelope;
use super::error::EncodeError;
use super::request_error::RequestError;
use super::{Binding, SoapVersion};
use crate::contract::raw::{Presence, RawInputs};
use crate::contract::{AUTH_PASSWORD, Operation, VariableError, Variables};
use crate::http::{Headers, HttpRequest};
use crate::secret::Secret;

impl Binding {
    /// The HTTP request that calls an operation at `target` (path and query), with the bytes that
    /// a .NET proxy sends. `password` is the web service password; without one, `authPW` is left
    /// out. Known variables without a value are sent as [`Binding::absent`] says.
    pub fn encode_request<T: Operation>(
        &self,
        target: &str,
        password: Option<&Secret>,
        request: &T,
    ) -> Result<HttpRequest, EncodeError> {
        Ok(self.post(target, T::NAME, self.write_request(password, request)?))
    }

    /// The HTTP request that calls an operation with raw inputs, `authPW` among them.
    pub fn encode_raw_request(
        &self,
        target: &str,
        operation: &'static str,
        inputs: &Presence<RawInputs>,
    ) -> Result<HttpRequest, EncodeError> {
        Ok(self.post(target, operation, self.write_raw_request(operation, inputs)?))
    }

    fn post(&self, target: &str, operation: &str, body: Vec<u8>) -> HttpRequest {
        let mut headers = Headers::with_capacity(2);
        let [first, slash, last] = self.action_parts(operation);
        match self.version() {
            SoapVersion::V11 => {
                headers.push("Content-Type", SoapVersion::V11.content_type());
                headers.push("SOAPAction", ["\"", first, slash, last, "\""].concat());
            }
            SoapVersion::V12 => {
                let content_type = SoapVersion::V12.content_type();
                // RFC 9110, section 5.6.4: what a quoted string escapes.
                let first = first.replace('\\', "\\\\").replace('"', "\\\"");
                headers.push(
                    "Content-Type",
                    [content_type, "; action=\"", &first, slash, last, "\""].concat(),
                );
            }
        }
        HttpRequest { method: "POST".into(), target: target.to_owned(), headers, body }
    }

    /// Reads a request for this very operation, whichever SOAP version it is in.
    pub fn decode_request<T: Operation>(
        &self,
        request: &HttpRequest,
    ) -> Result<Call<T>, RequestError> {
        let envelope = Envelope::read(request, self.namespace(), self.limits())?;
        let wire_name = self.wire_name(T::NAME);
        let routed = envelope.route(
            |namespace, name| (namespace == self.namespace() && name == wire_name).then_some(()),
            |action| (action == self.action(T::NAME)).then_some(()),
        );
        routed?;
        envelope.into_call(self.namespace(), wire_name)
    }
}

/// A typed request with what came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<T> {
    /// The version of the envelope, in which the answer is due.
    pub version: SoapVersion,
    /// `authPW`, if it was sent.
    pub auth_password: Option<Secret>,
    /// The request.
    pub request: T,
}

impl Envelope {
    fn into_call<T: Operation>(
        self,
        namespace: &str,
        operation: &str,
    ) -> Result<Call<T>, RequestError> {
        let version = self.version;
        let (auth_password, inputs) = read_inputs(self.into_inputs(namespace, operation))
            .map_err(|error| error.into_request_error(version))?;
        let request =
            T::read_inputs(inputs).map_err(|error| RequestError::Variable { error, version })?;
        Ok(Call { version, auth_password, request })
    }
}

/// Why inputs are not variables: what makes a legacy provider throw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputsError {
    /// There is no `inputs` parameter: a null reference.
    #[error("there is no inputs element")]
    Null,
    /// An entry is nil or has no `=`.
    #[error(transparent)]
    Variable(VariableError),
}

impl InputsError {
    fn into_request_error(self, version: SoapVersion) -> RequestError {
        match self {
            Self::Null => RequestError::NullInputs { version },
            Self::Variable(error) => RequestError::Variable { error, version },
        }
    }
}

/// Splits the inputs into `authPW` and the other variables. An absent `inputs` is null; an empty or
/// nil one, and one without a list, are not variables at all (wsdl/ASMX.md, section 4).
pub(crate) fn read_inputs(
    inputs: Presence<RawInputs>,
) -> Result<(Option<Secret>, Variables), InputsError> {
    let list = match inputs {
        Presence::Absent => return Err(InputsError::Null),
        Presence::Nil => Presence::Nil,
        Presence::Value(inputs) => inputs.input_variables,
    };
    let mut variables = Variables::read(list).map_err(InputsError::Variable)?;
    let password = variables.take(AUTH_PASSWORD).map(Secret::new);
    Ok((password, variables))
}
