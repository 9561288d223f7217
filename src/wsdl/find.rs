//! Which operations of the contract a service has, whatever it calls them.

use super::model::{Description, Message, Operation};
use super::takes::Takes;
use crate::contract::{Kind, OPERATIONS, OperationInfo};
use crate::nearest::nearest;
use crate::soap::{Binding, OperationNameError, SoapVersion};

/// What was looked for and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Find {
    /// The operations, in the order of the contract.
    pub found: Vec<Found>,
    /// Kinds whose operations cannot be told apart by their names.
    pub ambiguous: Vec<Ambiguous>,
}

/// An operation of the contract as the service has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The contract's operation.
    pub operation: &'static OperationInfo,
    /// What the service calls it.
    pub name: String,
    /// The namespace of its messages: the one to set for a client.
    pub namespace: String,
    /// For each SOAP version in which it is offered, its `soapAction` if one is given.
    pub actions: Vec<(SoapVersion, Option<String>)>,
    /// How it was recognised.
    pub by: Match,
}

/// How an operation was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// Its input has the kind's type, and the name is the contract's.
    Exact,
    /// Its input has the kind's type, and the name is the contract's but for the case or a letter.
    Near,
    /// It is the only one whose input has the kind's type.
    Type,
    /// By its name alone: the type of its input has another name (which does not travel).
    Name,
}

/// A kind with several operations of which none has the contract's name, or nearly so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{operation} of {kind} may be any of {}: name it in the settings",
    candidates.join(", ")
)]
pub struct Ambiguous {
    /// The kind.
    pub kind: Kind,
    /// The contract's operation.
    pub operation: &'static str,
    /// The operations of the service whose input has the kind's type.
    pub candidates: Vec<String>,
}

impl Find {
    /// The operation of the contract with this name.
    pub fn named(&self, operation: &str) -> Option<&Found> {
        self.found.iter().find(|found| found.operation.name == operation)
    }

    /// The operations of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(move |found| found.operation.kind == kind)
    }

    /// The kinds of which at least one operation was found, in the contract's order.
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.of(*kind).next().is_some()).collect()
    }
}

impl Found {
    /// Is it offered in this version of SOAP?
    pub fn speaks(&self, version: SoapVersion) -> bool {
        self.actions.iter().any(|(offered, _)| *offered == version)
    }

    /// The action to send, where it is not namespace and name.
    pub fn unusual_action(&self, version: SoapVersion) -> Option<&str> {
        let (_, action) = self.actions.iter().find(|(offered, _)| *offered == version)?;
        let usual = Binding::new(self.namespace.as_str(), version).action(&self.name);
        action.as_deref().filter(|action| *action != usual)
    }

    /// A binding by which it can be called.
    ///
    /// # Errors
    ///
    /// The service's name or action cannot be sent.
    pub fn binding(&self, version: SoapVersion) -> Result<Binding, OperationNameError> {
        let mut binding = Binding::new(self.namespace.as_str(), version);
        if self.name != self.operation.name {
            binding = binding.with_operation_name(self.operation.name, self.name.as_str())?;
        }
        match self.unusual_action(version) {
            Some(action) => binding.with_operation_action(self.operation.name, action),
            None => Ok(binding),
        }
    }
}

impl Description {
    /// Finds the operations of the contract by the *name of their input's type*
    /// (`ExternalUserInfoProviderInputs`). Where several operations have that type, as both of the
    /// login kind do, names decide: the contract's exactly, then but for the case or a letter;
    /// otherwise it is [`Ambiguous`]. Where none has, an operation with the contract's very name is
    /// taken.
    pub fn find(&self) -> Find {
        let mut find = Find::default();
        for kind in Kind::ALL {
            let candidates = self.with_inputs(&kind.inputs_type());
            let all = || OPERATIONS.iter().filter(move |info| info.kind == kind);
            let mut taken = Vec::new();
            let mut missing = Vec::new();
            // What has the very name goes before what has nearly that name.
            for info in all() {
                match candidates.iter().find(|name| **name == info.name) {
                    Some(name) => taken.push((info, *name, Match::Exact)),
                    None => missing.push(info),
                }
            }
            for info in missing {
                let free = || {
                    let is_taken = |name: &str| taken.iter().any(|(_, taken, _)| *taken == name);
                    candidates.iter().copied().filter(move |name| !is_taken(name))
                };
                let near = nearest(info.name, free());
                let only = (all().count() == 1 && free().count() == 1).then(|| free().next());
                let by_name = || self.operation_names().into_iter().find(|n| *n == info.name);
                if let Some(name) = near {
                    taken.push((info, name, Match::Near));
                } else if let Some(name) = only.flatten() {
                    taken.push((info, name, Match::Type));
                } else if free().next().is_some() {
                    let candidates = free().map(str::to_owned).collect();
                    find.ambiguous.push(Ambiguous { kind, operation: info.name, candidates });
                } else if let Some(name) = by_name() {
                    taken.push((info, name, Match::Name));
                }
            }
            for info in all() {
                let found = taken.iter().find(|(taken, ..)| taken.name == info.name);
                if let Some((info, name, by)) = found {
                    find.found.extend(self.found(info, name, *by));
                }
            }
        }
        find
    }

    /// The names of the operations with a parameter of this type.
    fn with_inputs(&self, inputs: &str) -> Vec<&str> {
        /// More cannot be told apart by anybody.
        const MOST: usize = 50;
        let mut names: Vec<&str> = Vec::new();
        let mut takes = Takes::new(&self.schema, inputs);
        for operation in self.bindings().flat_map(|port| port.operations.iter()) {
            if names.len() == MOST {
                break;
            }
            if takes.message(&operation.input) && !names.contains(&operation.name.as_str()) {
                names.push(&operation.name);
            }
        }
        names
    }

    /// All ports' operations of this name.
    pub(super) fn operations<'d>(
        &'d self,
        name: &'d str,
    ) -> impl Iterator<Item = (SoapVersion, &'d Operation)> {
        self.bindings().flat_map(move |port| {
            let named = port.operations.iter().filter(move |operation| operation.name == name);
            named.map(move |operation| (port.version, operation))
        })
    }

    /// How the service offers an operation of the contract under this name; `None` if it has none of
    /// that name.
    pub(crate) fn found(
        &self,
        operation: &'static OperationInfo,
        name: &str,
        by: Match,
    ) -> Option<Found> {
        let (_, first) = self.operations(name).next()?;
        let namespace = match &first.input {
            Message::Element(element) => element.namespace.clone(),
            _ => self.namespace.clone(),
        };
        let mut actions: Vec<(SoapVersion, Option<String>)> = Vec::new();
        for (version, offered) in self.operations(name) {
            if !actions.iter().any(|(seen, _)| *seen == version) {
                actions.push((version, offered.action.clone()));
            }
        }
        Some(Found { operation, name: name.to_owned(), namespace, actions, by })
    }
}
