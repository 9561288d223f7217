//! The WSDL, and how what it describes differs from the contract.

use std::collections::BTreeSet;

use super::diagnoses;
use super::subject::Subject;
use crate::client::{DiscoverError, Discovery};
use crate::contract::{GetSignInCookieInfo, Kind, Operation as _, SideEffect};
use crate::http::url::authority;
use crate::report::{Finding, Outcome, Step};
use crate::wsdl::{self, Ambiguous, Description, Difference, DifferenceKind, Match};

/// What came of fetching the description.
pub(super) fn wsdl(subject: &Subject, result: &Result<Discovery, DiscoverError>) -> Step {
    let discovery = match result {
        Ok(discovery) => discovery,
        Err(error) => {
            let text = "the service does not describe itself";
            return Step::new("wsdl", text).with(diagnoses::discover(error));
        }
    };
    let description = &discovery.description;
    let names = description.operation_names();
    let mut versions: Vec<String> =
        description.ports.iter().map(|port| format!("SOAP {}", port.version)).collect();
    versions.sort_unstable();
    versions.dedup();
    let text = format!(
        "{} operation{} in {}, {}",
        names.len(),
        if names.len() == 1 { "" } else { "s" },
        description.namespace,
        if versions.is_empty() { "no port".to_owned() } else { versions.join(" and ") }
    );
    let mut step = Step::new("wsdl", text);
    step.details.push(format!("operations: {}", shortened(&names)));
    if discovery.bom {
        step.add(Finding::note("bom", "the document begins with a byte order mark").remedy(
            "this client reads it; some readers do not: write the file without one, if it is a file",
        ));
    }
    if !discovery.skipped.is_empty() {
        step.add(
            Finding::warning("imports", format!("imports that cannot be had: {}", discovery.skipped.join("; "))).remedy(
                "what they say is not checked: let the service publish them at the address by which callers reach it (WCF: useRequestHeadersForMetadataAddress)",
            ),
        );
    }
    if !description.missing.is_empty() {
        let missing: Vec<&str> = description.missing.iter().map(String::as_str).collect();
        step.add(Finding::warning(
            "wsdl-incomplete",
            format!("not defined: {}", shortened(&missing)),
        ));
    }
    let elsewhere = elsewhere(subject, description);
    if !elsewhere.is_empty() {
        let shown: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
        let text = format!(
            "the WSDL gives another address than the URL, {}: this client keeps to the URL, but those that take the address from the WSDL (zeep, Node's soap, svcutil) will follow it",
            shortened(&shown)
        );
        step.add(Finding::warning("wsdl-address", text).remedy(
            "let the service write the address by which callers reach it (behind a proxy: pass the Host header on; WCF: useRequestHeadersForMetadataAddress; SoapCore: X-Forwarded-Proto and -Host), or set it in the caller",
        ));
    }
    step
}

/// The addresses in the document whose scheme, host or port are not those of the URL, each once.
/// Servers match paths as they like, so those are left alone.
fn elsewhere(subject: &Subject, description: &Description) -> BTreeSet<String> {
    let Ok(ours) = subject.parsed_url() else { return BTreeSet::new() };
    let addresses = description.ports.iter().filter_map(|port| port.address.as_deref());
    let differing = addresses.filter_map(|address| match ours.join(address.trim()) {
        Ok(there) if there.origin() == ours.origin() => None,
        // What it says besides may be a secret.
        Ok(there) if there.has_host() => {
            Some(format!("{}://{}{}", there.scheme(), authority(&there), there.path()))
        }
        _ => Some(address.to_owned()),
    });
    differing.map(|address| address.chars().take(200).collect()).collect()
}

fn shortened(names: &[&str]) -> String {
    /// More would fill the screen.
    const SHOWN: usize = 20;
    match names.get(SHOWN..) {
        Some(rest) if !rest.is_empty() => {
            format!("{} and {} more", names[..SHOWN].join(", "), rest.len())
        }
        _ if names.is_empty() => "none".to_owned(),
        _ => names.join(", "),
    }
}

/// Holds what is described against the contract and the settings.
pub(super) fn contract(subject: &Subject, discovery: &Discovery) -> Step {
    let find = &discovery.find;
    let kinds = find.kinds();
    let implemented: Vec<String> = kinds.iter().map(Kind::to_string).collect();
    let text = match implemented.len() {
        0 => "implements no kind".to_owned(),
        _ => format!("implements {}", implemented.join(", ")),
    };
    let mut step = Step::new("contract", text);
    let relevant = |kind: Kind| subject.kind.is_none_or(|wanted| wanted == kind);
    for ambiguous in find.ambiguous.iter().filter(|ambiguous| relevant(ambiguous.kind)) {
        step.add(ambiguity(ambiguous));
    }
    let is_ambiguous = |kind: Kind| find.ambiguous.iter().any(|a| a.kind == kind);
    let names = discovery.description.operation_names();
    let incomplete = discovery.description.incomplete;
    // What is not found may be in an import that could not be had.
    let mut lost = Vec::new();
    if incomplete && !kinds.iter().any(|kind| relevant(*kind)) {
        lost.push(match subject.kind {
            Some(kind) => format!("the operations of {kind}"),
            None => "the operations".to_owned(),
        });
    } else if let Some(kind) = subject.kind {
        if !kinds.contains(&kind) && !is_ambiguous(kind) {
            step.add(nothing(format!("it has no operation of {kind}"), &names, &implemented));
        }
    } else if kinds.is_empty() && find.ambiguous.is_empty() {
        step.add(nothing("it is another service".to_owned(), &names, &implemented));
    }
    for kind in kinds.iter().copied().filter(|kind| relevant(*kind)) {
        for info in kind.operations() {
            if incomplete && find.named(info.name).is_none() {
                lost.push(info.name.to_owned());
            } else if find.named(info.name).is_none() && !is_ambiguous(kind) {
                step.add(missing(kind, info.name));
            }
        }
    }
    for found in find.found.iter().filter(|found| relevant(found.operation.kind)) {
        let name = match found.by {
            Match::Exact => found.name.clone(),
            _ => format!("{} (as {})", found.operation.name, found.name),
        };
        let effect = match found.operation.side_effect {
            SideEffect::ReadOnly => "reads",
            SideEffect::Mutating => "changes",
        };
        step.details.push(format!("{name}: {effect}, in {}", found.namespace));
        settings(&mut step, subject, found);
        let differences = discovery.description.compare(found);
        for difference in &differences {
            match difference.severity {
                wsdl::Severity::Unchecked => lost.push(difference.path.clone()),
                _ => step.add(finding(difference, subject)),
            }
        }
    }
    if !lost.is_empty() {
        let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
        let text = format!("not checked, since an import cannot be had: {}", shortened(&lost));
        if step.outcome == Outcome::Ok {
            step.outcome = Outcome::NotChecked;
            step.text = format!("{}; {text}", step.text);
        } else {
            step.details.push(text);
        }
    }
    step
}

fn ambiguity(ambiguous: &Ambiguous) -> Finding {
    let remedy = match crate::settings::has_operation_key(ambiguous.kind) {
        true => {
            format!("set operation to the one that is meant: {}", ambiguous.candidates.join(", "))
        }
        false => {
            format!("rename the one at the service as the contract has it: {}", ambiguous.operation)
        }
    };
    Finding::new("ambiguous", ambiguous.to_string()).remedy(remedy)
}

fn missing(kind: Kind, name: &str) -> Finding {
    let text = format!("{kind} lacks the operation {name}");
    Finding::warning("missing-operation", text).remedy(match name == GetSignInCookieInfo::NAME {
        true => "all else works: leave sign-on cookies of other sites off (accept_sign_on_cookies)",
        false => "what needs it will not work",
    })
}

fn nothing(what: String, names: &[&str], implemented: &[String]) -> Finding {
    let text = format!("{what}: its operations are {}", shortened(names));
    let remedy = match implemented.len() {
        0 => "check the URL: the service of another application answers there".to_owned(),
        _ => format!("check the URL: this one implements {}", implemented.join(", ")),
    };
    Finding::new("other-service", text).remedy(remedy)
}

/// What is set, against what is there.
fn settings(step: &mut Step, subject: &Subject, found: &crate::wsdl::Found) {
    let operation = found.operation.name;
    if let Some(set) = subject.namespace.as_deref().filter(|set| *set != found.namespace) {
        let there = &found.namespace;
        let text = format!("the namespace is {there}, and {set} is set");
        // Of all operations it is the same: once is enough.
        if !step.findings.iter().any(|finding| finding.text == text) {
            step.add(
                Finding::new("namespace", text)
                    .remedy(format!("set namespace = \"{there}\" (or \"discover\")")),
            );
        }
    }
    let Some(kind) = subject.kind else { return };
    // Where anything is discovered, the client is told all names and actions. The kinds whose
    // names are the vendor's have no setting for them.
    let has_key = crate::settings::has_operation_key(kind);
    let told = subject.namespace.is_none() || (has_key && subject.operation.is_none());
    if told {
        return version(step, subject, found);
    }
    let set = subject.operation.as_deref().unwrap_or(operation);
    if set != found.name {
        let there = &found.name;
        let text = format!("{operation} is called {there} there, and {set} is set");
        let remedy = match has_key {
            true => format!("set operation = \"{there}\" (or \"discover\")"),
            false => "set namespace = \"discover\": it finds the names, too".to_owned(),
        };
        step.add(Finding::new("operation-name", text).remedy(remedy));
    }
    if let Some(action) = found.unusual_action(subject.soap) {
        let text = format!("{operation}: the action is {action:?}, not namespace and name");
        step.add(
            Finding::new("soap-action", text)
                .remedy("set namespace = \"discover\": it tells the client the action, too"),
        );
    }
    version(step, subject, found);
}

fn version(step: &mut Step, subject: &Subject, found: &crate::wsdl::Found) {
    let operation = found.operation.name;
    if !found.speaks(subject.soap) {
        let text = format!("{operation} is not offered in SOAP {}, which is set", subject.soap);
        let other: Vec<_> = found.actions.iter().map(|(version, _)| version.to_string()).collect();
        step.add(
            Finding::new("soap-version", text)
                .remedy(format!("set soap = \"{}\"", other.join("\" or \""))),
        );
    }
}

/// A difference as a finding.
fn finding(difference: &Difference, subject: &Subject) -> Finding {
    let text = difference.to_string();
    if difference.severity == wsdl::Severity::Breaking {
        return Finding::new("difference", text).remedy(
            "let the service use the vendor's types (SmarterTrack.Connector) and XmlSerializer",
        );
    }
    // What is set was judged above; a URL alone is told what to set.
    let renamed =
        difference.kind == DifferenceKind::Name && difference.path != difference.operation;
    if renamed && subject.kind.is_none() {
        return Finding::warning("operation-name", text).remedy(
            "set operation = \"discover\" (or its name), and namespace = \"discover\" for its action",
        );
    }
    Finding::note("difference", text)
}
