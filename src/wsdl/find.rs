//! Which operations of the contract a service has, whatever it calls them.

use super::model::{Description, Message, Operation};
use super::takes::Takes;
use crate::contract::{Kind, NameSource, OperationInfo};
use crate::soap::{Binding, OperationNameError, SoapVersion};
use crate::suggest::is_near;

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
    /// What the service calls it on the wire.
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
#[error("{operation} of {kind} may be any of {}: {}", candidates.join(", "), told_apart(operation))]
pub struct Ambiguous {
    /// The kind.
    pub kind: Kind,
    /// The contract's operation.
    pub operation: &'static str,
    /// The operations of the service whose input has the kind's type.
    pub candidates: Vec<String>,
}

/// Who can say which it is.
fn told_apart(operation: &str) -> &'static str {
    match OperationInfo::named(operation).map(|info| info.name_source) {
        Some(NameSource::Convention) => "name it in the settings",
        _ => "their inputs are the same, and none has the contract's name",
    }
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
        Kind::ALL.iter().copied().filter(|kind| self.of(*kind).next().is_some()).collect()
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

/// What an operation of the contract goes by.
type Taken<'d> = (&'static OperationInfo, &'d Operation, Match);

impl Description {
    /// Finds the operations of the contract by the *name of their input's type*
    /// (`ExternalUserInfoProviderInputs`), whatever they are called; never by that of their result,
    /// which test forms have, too. Where several operations have that type, and of the login kind in
    /// any case, names decide: the contract's exactly, then but for the case or a letter; otherwise
    /// it is [`Ambiguous`]. An [optional](OperationInfo::optional) operation may be missing beside
    /// another of its kind. Where no operation has the type, one with the contract's very name is
    /// taken.
    pub fn find(&self) -> Find {
        let mut find = Find::default();
        for &kind in Kind::ALL {
            let taken = self.find_kind(kind, &mut find.ambiguous);
            for info in kind.operations() {
                let found = taken.iter().find(|(taken, ..)| taken.name == info.name);
                if let Some((info, operation, by)) = found {
                    find.found.extend(self.found(info, operation.wire_name(), *by));
                }
            }
        }
        find
    }

    fn find_kind(&self, kind: Kind, ambiguous: &mut Vec<Ambiguous>) -> Vec<Taken<'_>> {
        let candidates = self.with_inputs(&kind.inputs_type());
        let all = || kind.operations();
        let mut taken: Vec<Taken<'_>> = Vec::new();
        let mut missing = Vec::new();
        // What has the very name goes before what has nearly that name.
        for info in all() {
            let named = |of: fn(&Operation) -> &str| {
                candidates.iter().find(move |operation| of(operation) == info.name)
            };
            match named(Operation::wire_name).or_else(|| named(|operation| &operation.name)) {
                Some(operation) => taken.push((info, *operation, Match::Exact)),
                None => missing.push(info),
            }
        }
        for info in missing {
            let is_free = |operation: &&Operation| {
                taken.iter().all(|(_, taken, _)| taken.wire_name() != operation.wire_name())
            };
            let free: Vec<&Operation> = candidates.iter().copied().filter(is_free).collect();
            // Of logins, one alone may be either: names decide.
            let lone = free.len() == 1 && kind != Kind::Login && !info.optional;
            let is_main = all().filter(|other| !other.optional).count() == 1;
            let only = free.first().filter(|_| lone && is_main);
            let optional = info.optional && !taken.is_empty();
            if let Some(operation) = near(info.name, &free) {
                taken.push((info, operation, Match::Near));
            } else if let Some(operation) = only {
                taken.push((info, operation, Match::Type));
            } else if !free.is_empty() && !optional {
                let candidates = free.iter().map(|free| free.wire_name().to_owned()).collect();
                ambiguous.push(Ambiguous { kind, operation: info.name, candidates });
            } else if let Some((_, operation)) = self.operations(info.name).next() {
                taken.push((info, operation, Match::Name));
            }
        }
        taken
    }

    /// The operations with a parameter of this type, one for each name on the wire.
    fn with_inputs(&self, inputs: &str) -> Vec<&Operation> {
        /// More cannot be told apart by anybody.
        const MOST: usize = 50;
        let mut found: Vec<&Operation> = Vec::new();
        let mut takes = Takes::new(&self.schema, inputs);
        for operation in self.bindings().flat_map(|port| port.operations.iter()) {
            if found.len() == MOST {
                break;
            }
            let is_new = || found.iter().all(|found| found.wire_name() != operation.wire_name());
            if takes.message(&operation.input) && is_new() {
                found.push(operation);
            }
        }
        found
    }

    /// All ports' operations of this name, on the wire or in the document.
    fn operations<'d>(
        &'d self,
        name: &'d str,
    ) -> impl Iterator<Item = (SoapVersion, &'d Operation)> {
        self.bindings().flat_map(move |port| {
            let is_named = move |operation: &&'d Operation| {
                operation.name == name || operation.wire_name() == name
            };
            let named = port.operations.iter().filter(is_named);
            named.map(move |operation| (port.version, operation))
        })
    }

    /// How the service offers an operation of the contract under a name. Of several, those count
    /// whose input has the kind's type, and then those that have the name on the wire: a method may
    /// be overloaded, and port types may have operations of the same name.
    pub(super) fn offered<'d>(
        &'d self,
        operation: &OperationInfo,
        name: &'d str,
    ) -> Vec<(SoapVersion, &'d Operation)> {
        let mut offered: Vec<_> = self.operations(name).collect();
        let inputs = operation.kind.inputs_type();
        let mut takes = Takes::new(&self.schema, &inputs);
        let typed = |message| takes.message(message);
        let typed: Vec<bool> = offered.iter().map(|(_, o)| &o.input).map(typed).collect();
        if typed.contains(&true) {
            let mut typed = typed.into_iter();
            offered.retain(|_| typed.next().unwrap_or_default());
        }
        if let Some((_, first)) =
            offered.iter().find(|(_, o)| o.wire_name() == name).or(offered.first())
        {
            let wire_name = first.wire_name();
            offered.retain(|(_, operation)| operation.wire_name() == wire_name);
        }
        offered
    }

    /// How the service offers an operation of the contract under this name; `None` if it has none of
    /// that name.
    pub(crate) fn found(
        &self,
        operation: &'static OperationInfo,
        name: &str,
        by: Match,
    ) -> Option<Found> {
        let offered = self.offered(operation, name);
        let (_, first) = offered.first()?;
        // Its name and namespace are in a document that could not be read.
        if first.input == Message::Unknown && self.incomplete {
            return None;
        }
        let namespace = match &first.input {
            Message::Element(element) => element.namespace.clone(),
            _ => self.namespace.clone(),
        };
        let mut actions: Vec<(SoapVersion, Option<String>)> = Vec::new();
        for (version, offered) in &offered {
            if !actions.iter().any(|(seen, _)| seen == version) {
                actions.push((*version, offered.action.clone()));
            }
        }
        Some(Found { operation, name: first.wire_name().to_owned(), namespace, actions, by })
    }
}

/// The one whose name is nearly this one: but for the case, or else but for a letter or two.
fn near<'d>(name: &str, free: &[&'d Operation]) -> Option<&'d Operation> {
    let one = |alike: &dyn Fn(&str) -> bool| {
        let mut found = free.iter().copied().filter(|operation| alike(&operation.name));
        found.next().filter(|_| found.next().is_none())
    };
    one(&|other| other.eq_ignore_ascii_case(name)).or_else(|| one(&|other| is_near(name, other)))
}
