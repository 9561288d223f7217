//! What a service says of itself.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::Check;
use crate::conform::judgement::{Judgement, Miss};
use crate::conform::kit::Kit;
use crate::conform::offer::Offer;
use crate::soap::SoapVersion;
use crate::wsdl::{DifferenceKind, Severity};

pub(super) const CASES: &[Case] = cases! {
    1 1 Should A2 "GET with ?WSDL is answered with a WSDL 1.1 document, from which callers are made" => Check::Seen(is_described);
    1 2 Must C1 "The service has an operation of the contract: its WSDL describes one whose input has a kind's type, or it is named" => Check::Seen(has_operations);
    1 3 Must C2 "Its operations are document/literal and take and give what the contract does, so that messages of the contract fit" => Check::Seen(fits);
    1 4 Should A2 "Its types have the fields, order and occurrence that ASMX writes" => Check::Seen(is_exact);
    1 5 Should C2 "It offers SOAP 1.1, in which the help desk asks" => Check::Seen(|kit| offers(kit, SoapVersion::V11));
    1 6 Should C2 "It offers SOAP 1.2 as well, for the same operations" => Check::Seen(|kit| offers(kit, SoapVersion::V12));
    1 7 Should C2 "The soapAction of each operation is its namespace and its name, with one slash between" => Check::Seen(has_usual_actions);
    1 8 Should C2 "The WSDL gives scheme, host and port by which it was asked for, since callers that are made from it go there" => Check::Seen(is_at_home);
    1 9 Should A2 "The WSDL is text/xml in UTF-8, without a byte order mark" => Check::Seen(is_plain_text);
};

fn is_described(kit: &Kit) -> Judgement {
    match &kit.described {
        Ok(_) => Ok(()),
        Err(error) => Err(Miss::of(&kit.page, error.clone())),
    }
}

/// The description, or it cannot be judged.
fn described(kit: &Kit) -> Result<&crate::client::Discovery, Miss> {
    kit.described.as_ref().map_err(|_| Miss::skipped("there is no WSDL (1.1)"))
}

fn has_operations(kit: &Kit) -> Judgement {
    match (kit.offers.is_empty(), &kit.described) {
        (false, Ok(_)) => Ok(()),
        (false, Err(_)) => {
            Err(Miss::skipped("there is no WSDL (1.1), so the names are taken as given"))
        }
        (true, Ok(discovery)) => {
            let names = discovery.description.operation_names();
            let names = names.iter().take(20).copied().collect::<Vec<_>>().join(", ");
            let ambiguous: Vec<String> =
                discovery.find.ambiguous.iter().map(ToString::to_string).collect();
            let why = format!("its operations are {names} {}", ambiguous.join("; "));
            Err(Miss::of(&kit.page, why.trim_end()))
        }
        (true, Err(_)) => Err(Miss::skipped("there is no WSDL (1.1), and no operation was named")),
    }
}

/// Differences from the contract of a severity.
fn differences(kit: &Kit, severity: Severity) -> Result<Vec<String>, Miss> {
    let discovery = offered(kit)?;
    let all = discovery.find.found.iter().flat_map(|found| discovery.description.compare(found));
    // Names are the service's own affair, and versions have cases of their own.
    let own = |kind: DifferenceKind| matches!(kind, DifferenceKind::Name | DifferenceKind::Version);
    let counts = |severity| {
        move |difference: &crate::wsdl::Difference| {
            difference.severity == severity
                && (severity == Severity::Breaking || !own(difference.kind))
        }
    };
    let counts = counts(severity);
    Ok(all.filter(|difference| counts(difference)).map(|d| d.to_string()).collect())
}

fn none_of(kit: &Kit, found: Vec<String>) -> Judgement {
    match found.len() {
        0 => Ok(()),
        1..=3 => Err(Miss::of(&kit.page, found.join("; "))),
        more => {
            Err(Miss::of(&kit.page, format!("{}; and {} more", found[..3].join("; "), more - 3)))
        }
    }
}

/// The description of a service that has operations of the contract.
fn offered(kit: &Kit) -> Result<&crate::client::Discovery, Miss> {
    let discovery = described(kit)?;
    match kit.offers.is_empty() {
        true => Err(Miss::skipped("no operation of the contract was found (1.2)")),
        false => Ok(discovery),
    }
}

fn fits(kit: &Kit) -> Judgement {
    none_of(kit, differences(kit, Severity::Breaking)?)
}

fn is_exact(kit: &Kit) -> Judgement {
    none_of(kit, differences(kit, Severity::Harmless)?)
}

fn offers(kit: &Kit, version: SoapVersion) -> Judgement {
    offered(kit)?;
    let lacks = |offer: &&Offer| offer.bindings.iter().all(|b| b.version() != version);
    let lacking = kit.offers.iter().filter(lacks);
    none_of(
        kit,
        lacking.map(|o| format!("{} is not offered in SOAP {version}", o.info.name)).collect(),
    )
}

fn has_usual_actions(kit: &Kit) -> Judgement {
    let found = offered(kit)?.find.found.iter().filter(|found| found.speaks(SoapVersion::V11));
    if found.clone().next().is_none() {
        return Err(Miss::skipped("no operation is offered in SOAP 1.1 (1.5)"));
    }
    let unusual = found.filter_map(|found| {
        let action = found.unusual_action(SoapVersion::V11)?;
        Some(format!("the action of {} is {action:?}", found.name))
    });
    none_of(kit, unusual.collect())
}

fn is_at_home(kit: &Kit) -> Judgement {
    let base = crate::http::url::Url::parse(&kit.origin);
    let Ok(base) = base else { return Err(Miss::skipped("the address cannot be compared")) };
    let addresses =
        described(kit)?.description.ports.iter().filter_map(|port| port.address.as_deref());
    if addresses.clone().next().is_none() {
        return Err(Miss::skipped("the WSDL gives no address"));
    }
    let elsewhere = addresses.filter_map(|address| match base.join(address.trim()) {
        Ok(there) if there.origin() == base.origin() => None,
        Ok(there) => Some(format!("its address is {}", there.origin().ascii_serialization())),
        Err(_) => Some("its address is not a URL".to_owned()),
    });
    none_of(kit, elsewhere.collect())
}

fn is_plain_text(kit: &Kit) -> Judgement {
    let discovery = described(kit)?;
    let Ok(got) = &kit.page.got else { return Err(Miss::skipped("there is no WSDL (1.1)")) };
    let content_type = got.response.headers.get("Content-Type").unwrap_or_default();
    let lower = content_type.to_ascii_lowercase().replace([' ', '"'], "");
    match (lower.as_str(), discovery.bom) {
        ("text/xml;charset=utf-8", false) => Ok(()),
        ("text/xml;charset=utf-8", true) => {
            Err(Miss::of(&kit.page, "it begins with a byte order mark"))
        }
        _ => Err(Miss::of(&kit.page, format!("its content type is {content_type:?}"))),
    }
}
