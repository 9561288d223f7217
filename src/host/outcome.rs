//! How calls go.

/// How a call went, for logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `Success=true`.
    Answered,
    /// `Success=false`.
    Declined,
    /// A wrong web service password.
    Denied,
    /// The provider threw.
    Exception,
    /// The provider panicked.
    Panicked,
    /// The request was not carried out.
    Refused,
    /// Of a gateway: no answer came from the provider.
    Failed,
}

impl Outcome {
    pub(crate) const ALL: [Self; 7] = [
        Self::Answered,
        Self::Declined,
        Self::Denied,
        Self::Exception,
        Self::Panicked,
        Self::Refused,
        Self::Failed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Declined => "declined",
            Self::Denied => "denied",
            Self::Exception => "exception",
            Self::Panicked => "panicked",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
