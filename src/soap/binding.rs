//! What a service and its callers must agree on before they can speak.

use super::{DEFAULT_NAMESPACE, SoapVersion};
use crate::xml;

/// A service's namespace with a SOAP version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    namespace: String,
    /// The namespace as it stands between the quotes of an attribute; `None` if it cannot.
    pub(super) escaped: Option<String>,
    version: SoapVersion,
    limits: Limits,
}

/// How large a message may be. The XML limits are in [`xml::Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body. Default 64 MiB: a million short variables. Client and host check it while
    /// they read, with their own defaults.
    pub body: usize,
    /// Entries of a list. Default 1 000 000: ASMX answers 100 000.
    pub variables: usize,
    /// The structure of the XML.
    pub xml: xml::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 64 << 20, variables: 1_000_000, xml: xml::Limits::default() }
    }
}

impl Default for Binding {
    /// `http://tempuri.org/`, SOAP 1.1.
    fn default() -> Self {
        Self::new(DEFAULT_NAMESPACE, SoapVersion::default())
    }
}

impl Binding {
    /// A service in `namespace`, exactly as its WSDL has it. One that is empty, or holds control
    /// characters, is refused when a message is written.
    pub fn new(namespace: impl Into<String>, version: SoapVersion) -> Self {
        let namespace = namespace.into();
        let mut writer = xml::Writer::default();
        let writable = !namespace.is_empty()
            && !namespace.chars().any(char::is_control)
            && writer.attribute(&namespace).is_ok();
        let escaped = writable.then(|| writer.into_string());
        Self { namespace, escaped, version, limits: Limits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The target namespace of the service.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The SOAP version.
    pub fn version(&self) -> SoapVersion {
        self.version
    }

    /// The limits for messages that are read.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The SOAP action of an operation: namespace and name with exactly one `/` between (asmx.md,
    /// section 2).
    pub fn action(&self, operation: &str) -> String {
        let slash = if self.namespace.ends_with('/') { "" } else { "/" };
        [&self.namespace, slash, operation].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_one_slash() {
        for (namespace, action) in [
            ("http://tempuri.org/", "http://tempuri.org/A"),
            ("http://example.com/x", "http://example.com/x/A"),
            ("urn:x", "urn:x/A"),
        ] {
            assert_eq!(Binding::new(namespace, SoapVersion::V11).action("A"), action);
        }
    }
}
