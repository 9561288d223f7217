//! What a service and its callers must agree on before they can speak.

use super::{DEFAULT_NAMESPACE, SoapVersion};
use crate::contract::{Absent, OPERATIONS, OperationInfo};
use crate::suggest::nearest;
use crate::xml;

/// A service's namespace with a SOAP version, and how requests to it are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    namespace: String,
    /// The namespace as it stands between the quotes of an attribute; `None` if it cannot.
    pub(super) escaped: Option<String>,
    version: SoapVersion,
    absent: Absent,
    limits: Limits,
    /// Operations that go by another name or action than the contract's: hardly ever any.
    renamed: Vec<Renamed>,
}

/// How the service calls an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Renamed {
    operation: &'static str,
    name: Option<String>,
    action: Option<String>,
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
        Self {
            namespace,
            escaped,
            version,
            absent: Absent::default(),
            limits: Limits::default(),
            renamed: Vec::new(),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with another rule for typed requests: what they say of known variables without a
    /// value. Default: they are sent empty.
    #[must_use]
    pub fn with_absent(mut self, absent: Absent) -> Self {
        self.absent = absent;
        self
    }

    /// What typed requests say of known variables without a value.
    pub fn absent(&self) -> Absent {
        self.absent
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

    /// The same for a service that calls an operation of the contract by another name: requests,
    /// answers and the action then carry that name. Errors go on naming the contract's.
    ///
    /// # Errors
    ///
    /// The contract has no such operation, or `wire_name` is not an XML name.
    pub fn with_operation_name(
        mut self,
        operation: &str,
        wire_name: impl Into<String>,
    ) -> Result<Self, OperationNameError> {
        let info = known(operation)?;
        let name = wire_name.into();
        if !xml::is_ncname(&name) {
            let name = name.chars().take(64).collect();
            return Err(OperationNameError::Name { operation: info.name, name });
        }
        self.entry(info.name).name = Some(name);
        Ok(self)
    }

    /// The same for a service whose SOAP action of an operation is not namespace and name.
    ///
    /// # Errors
    ///
    /// The contract has no such operation, or the action holds a control character.
    pub fn with_operation_action(
        mut self,
        operation: &str,
        action: impl Into<String>,
    ) -> Result<Self, OperationNameError> {
        let info = known(operation)?;
        let action = action.into();
        if action.chars().any(char::is_control) {
            return Err(OperationNameError::Action { operation: info.name });
        }
        self.entry(info.name).action = Some(action);
        Ok(self)
    }

    fn entry(&mut self, operation: &'static str) -> &mut Renamed {
        let at = self.renamed.iter().position(|r| r.operation == operation).unwrap_or_else(|| {
            self.renamed.push(Renamed { operation, name: None, action: None });
            self.renamed.len() - 1
        });
        &mut self.renamed[at]
    }

    fn renamed(&self, operation: &str) -> Option<&Renamed> {
        self.renamed.iter().find(|renamed| renamed.operation == operation)
    }

    /// The name that an operation of the contract has on the wire: its own, unless
    /// [`with_operation_name`](Self::with_operation_name) gave it another.
    pub fn wire_name<'n>(&'n self, operation: &'n str) -> &'n str {
        self.renamed(operation).and_then(|renamed| renamed.name.as_deref()).unwrap_or(operation)
    }

    /// The SOAP action of an operation: namespace and name with exactly one `/` between
    /// (wsdl/ASMX.md, section 2), unless [`with_operation_action`](Self::with_operation_action)
    /// gave it another.
    pub fn action(&self, operation: &str) -> String {
        self.action_parts(operation).concat()
    }

    /// The action in pieces, for a header that needs only one allocation.
    pub(super) fn action_parts<'n>(&'n self, operation: &'n str) -> [&'n str; 3] {
        if let Some(action) = self.renamed(operation).and_then(|renamed| renamed.action.as_deref())
        {
            return [action, "", ""];
        }
        let slash = if self.namespace.ends_with('/') { "" } else { "/" };
        [&self.namespace, slash, self.wire_name(operation)]
    }
}

fn known(operation: &str) -> Result<&'static OperationInfo, OperationNameError> {
    OperationInfo::named(operation).ok_or_else(|| OperationNameError::Operation {
        operation: operation.chars().take(64).collect(),
        nearest: nearest(operation, OPERATIONS.iter().map(|known| known.name)),
    })
}

/// A name for an operation that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperationNameError {
    /// The contract has no such operation.
    #[error("the contract has no operation {operation:?}{}", meant(*.nearest))]
    Operation {
        /// The name.
        operation: String,
        /// The operation that was meant, perhaps.
        nearest: Option<&'static str>,
    },
    /// No XML name.
    #[error(
        "{operation} cannot be called {name:?} on the wire: a name begins with a letter and has no colon or space (LookupCustomer)"
    )]
    Name {
        /// The contract's operation.
        operation: &'static str,
        /// The name.
        name: String,
    },
    /// An action that no header can carry.
    #[error("the SOAP action of {operation} holds a control character: look at it")]
    Action {
        /// The contract's operation.
        operation: &'static str,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || {
            format!(
                ": it has {}",
                OPERATIONS.iter().map(|known| known.name).collect::<Vec<_>>().join(", ")
            )
        },
        |name| format!(": did you mean {name}?"),
    )
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

    #[test]
    fn names_and_actions_may_be_others() {
        let binding = Binding::default()
            .with_operation_name("GetUserInfo", "LookupCustomer")
            .unwrap()
            .with_operation_name("HandleEvent", "OnEvent")
            .unwrap()
            .with_operation_action("HandleEvent", "urn:events#on")
            .unwrap();
        assert_eq!(binding.action("GetUserInfo"), "http://tempuri.org/LookupCustomer");
        assert_eq!(binding.action("HandleEvent"), "urn:events#on");
        assert_eq!(binding.wire_name("HandleEvent"), "OnEvent");
        assert_eq!(binding.action("StartChat"), "http://tempuri.org/StartChat");
        let again = binding.with_operation_name("HandleEvent", "Event2").unwrap();
        assert_eq!(again.wire_name("HandleEvent"), "Event2");
    }

    #[test]
    fn impossible_names_are_refused() {
        for name in ["", "a b", "1a", "a:b", "<a", "a\n"] {
            let error = Binding::default().with_operation_name("StartChat", name).unwrap_err();
            assert!(matches!(error, OperationNameError::Name { .. }), "{name}: {error}");
        }
        let error = Binding::default().with_operation_name("GetUserInfos", "A").unwrap_err();
        assert!(error.to_string().ends_with("did you mean GetUserInfo?"), "{error}");
        let error = Binding::default().with_operation_name("X", "A").unwrap_err();
        assert!(error.to_string().contains("it has Authenticate, "), "{error}");
        assert!(Binding::default().with_operation_action("StartChat", "a\r\nb").is_err());
    }
}
