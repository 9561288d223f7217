//! What an old service has answered, in its place.

use crate::contract::{Answer, Failure, Operation};
use crate::error_chain::error_chain;
use crate::http::HttpResponse;
use crate::secret::Mask;
use crate::soap::Binding;

/// What an old service has answered to a call, if it did.
#[derive(Debug)]
pub(crate) struct OldAnswer {
    pub(crate) response: Option<HttpResponse>,
    /// How it speaks.
    pub(crate) binding: Binding,
}

impl OldAnswer {
    pub(super) fn read<T: Operation>(&self) -> Result<Result<Answer<T::Result>, Failure>, String> {
        let response = self.response.as_ref().ok_or_else(|| "it did not answer".to_owned())?;
        let answer = self.binding.decode_response::<T>(response, &Mask::default());
        answer.map_err(|error| error_chain(&error))
    }
}
