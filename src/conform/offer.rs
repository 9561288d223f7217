//! Which operations of the contract a service has, and how they are called.

use super::Suite;
use crate::client::Discovery;
use crate::contract::{OPERATIONS, OperationInfo, SideEffect};
use crate::soap::{Binding, DEFAULT_NAMESPACE, SoapVersion};

/// An operation of the service.
pub(super) struct Offer {
    pub(super) info: &'static OperationInfo,
    /// How it is called, in each version in which it is offered.
    pub(super) bindings: Vec<Binding>,
}

/// The operations: those that the WSDL describes, by the names that were given; without a WSDL those
/// that were given, or all that only read.
pub(super) fn offers(suite: &Suite, discovery: Option<&Discovery>) -> Vec<Offer> {
    let both = [SoapVersion::V11, SoapVersion::V12];
    let mut offers = Vec::new();
    for info in OPERATIONS {
        let given = suite.operations.iter().find(|(operation, _)| operation == info.name);
        let found = discovery.and_then(|discovery| discovery.find.named(info.name));
        let is_tried = discovery.is_none()
            && suite.operations.is_empty()
            && info.side_effect == SideEffect::ReadOnly;
        let spoken: Vec<SoapVersion> = match (found, given) {
            (Some(found), _) => both.into_iter().filter(|v| found.speaks(*v)).collect(),
            (None, Some(_)) => both.to_vec(),
            (None, None) => both.into_iter().filter(|_| is_tried).collect(),
        };
        let set = suite.subject.namespace.as_deref();
        let binding = |version: SoapVersion| match (given, found, set) {
            (None, Some(found), None) => found.binding(version).ok(),
            _ => {
                let namespace = set.or(found.map(|found| found.namespace.as_str()));
                let wire = given.map(|(_, wire)| wire).or(found.map(|found| &found.name));
                let binding = Binding::new(namespace.unwrap_or(DEFAULT_NAMESPACE), version);
                binding.with_operation_name(info.name, wire.map_or(info.name, |w| w)).ok()
            }
        };
        let bindings: Vec<Binding> = spoken.into_iter().filter_map(binding).collect();
        if !bindings.is_empty() {
            offers.push(Offer { info, bindings });
        }
    }
    offers
}
