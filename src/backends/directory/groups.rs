//! The groups that a user is in, at any depth.

use std::collections::BTreeMap;

use super::dn::{self, Dn};
use super::filter;
use super::message::{Entry, Scope, Search};
use super::search::Searcher;
use super::{Cause, DirectoryError, DirectorySettings, GroupSource, Kind};

/// Groups of one user: Active Directory's own limit is 1015.
const MOST: usize = 5000;

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    /// None where nothing but its security identifier is known.
    dn: Option<String>,
}

impl Group {
    pub(super) fn named(dn: &str) -> Self {
        let name = Dn::parse(dn).and_then(|dn| dn.first_value().map(str::to_owned));
        Self { name: name.unwrap_or_else(|| dn.to_owned()), dn: Some(dn.to_owned()) }
    }

    /// Is it meant by this name or DN?
    pub(super) fn is(&self, wanted: &str) -> bool {
        dn::fold(&self.name) == dn::fold(wanted)
            || self.dn.as_deref().is_some_and(|dn| dn::same(dn, wanted))
    }
}

/// Finds the groups of a user.
pub(super) async fn of(
    entry: &Entry,
    settings: &DirectorySettings,
    base: &str,
    searcher: &mut Searcher<'_>,
) -> Result<Vec<Group>, DirectoryError> {
    match settings.groups {
        GroupSource::No => Ok(Vec::new()),
        GroupSource::TokenGroups => token_groups(entry, base, searcher).await,
        GroupSource::MemberOf => {
            let mut walk = Walk::default();
            let level = entry.texts("memberOf").filter_map(|dn| walk.add(dn)).collect();
            // FreeIPA writes all levels there.
            if settings.kind != Kind::FreeIpa {
                walk.upward(level, base, searcher).await?;
            }
            Ok(walk.groups())
        }
        GroupSource::Search => {
            let mut walk = Walk::default();
            let own = filter::escape(&entry.dn);
            // A name-sake in another place would be in the groups of the account that is meant.
            let mut classes = entry.texts("objectClass");
            let is_posix = classes.any(|class| class.eq_ignore_ascii_case("posixAccount"));
            let uid = entry.text("uid").filter(|_| is_posix);
            let uid = uid.map(|uid| format!("(memberUid={})", filter::escape(uid)));
            let uid = uid.unwrap_or_default();
            let text = format!("(|(member={own})(uniqueMember={own}){uid})");
            let found = matching(&text, base, &["cn"], searcher).await?;
            let level = found.iter().filter_map(|group| walk.add(&group.dn)).collect();
            walk.upward(level, base, searcher).await?;
            Ok(walk.groups())
        }
    }
}

/// Groups that were found, by what is the same for all spellings of a DN, so that circles end.
#[derive(Default)]
struct Walk(BTreeMap<String, Group>);

impl Walk {
    /// Adds a group; gives its DN if it is new.
    fn add(&mut self, dn: &str) -> Option<String> {
        let normal = Dn::parse(dn).map_or_else(|| dn.to_owned(), |dn| dn.normal());
        let is_new = self.0.insert(normal, Group::named(dn)).is_none();
        is_new.then(|| dn.to_owned())
    }

    /// Adds the groups that these are in, those that these are in, and so on: a search for each level.
    async fn upward(
        &mut self,
        mut level: Vec<String>,
        base: &str,
        searcher: &mut Searcher<'_>,
    ) -> Result<(), DirectoryError> {
        while !level.is_empty() {
            let members = level.iter().map(|dn| filter::escape(dn));
            let members = members.map(|dn| format!("(member={dn})(uniqueMember={dn})"));
            let text = format!("(|{})", members.collect::<String>());
            let found = matching(&text, base, &["cn"], searcher).await?;
            level = found.iter().filter_map(|group| self.add(&group.dn)).collect();
            if self.0.len() > MOST {
                return Err(searcher.error(Cause::TooMuch("5000 groups")));
            }
        }
        Ok(())
    }

    fn groups(self) -> Vec<Group> {
        self.0.into_values().collect()
    }
}

/// Security identifiers of the groups at any depth, in one search; their names in another one.
async fn token_groups(
    entry: &Entry,
    base: &str,
    searcher: &mut Searcher<'_>,
) -> Result<Vec<Group>, DirectoryError> {
    let search = Search {
        base: &entry.dn,
        scope: Scope::Base,
        filter: searcher.encode("(objectClass=*)")?,
        attributes: vec!["tokenGroups"],
        limit: 0,
        domain_scope: false,
    };
    let found = searcher.search(&search, base).await?;
    let values = found.first().map(|entry| entry.values("tokenGroups")).unwrap_or_default();
    let identifiers: Vec<String> = values.iter().filter_map(|value| identifier(value)).collect();
    // Everybody has a primary group at least.
    if identifiers.is_empty() {
        let words = "tokenGroups of the user is not shown (add the account to the group \"Windows Authorization Access Group\", or set groups = \"member-of\")";
        return Err(searcher.error(Cause::Rights(words.to_owned())));
    }
    let text: String = identifiers.iter().map(|id| format!("(objectSid={id})")).collect();
    let found = matching(&format!("(|{text})"), base, &["objectSid"], searcher).await?;
    let named = |group: &Entry| {
        Some((identifier(group.values("objectSid").first()?)?, Group::named(&group.dn)))
    };
    let names: BTreeMap<String, Group> = found.iter().filter_map(named).collect();
    // A group of another domain keeps its number.
    let group = |id: &String| {
        names.get(id).cloned().unwrap_or_else(|| Group { name: id.clone(), dn: None })
    };
    Ok(identifiers.iter().map(group).collect())
}

/// Searches for groups.
pub(super) async fn matching(
    text: &str,
    base: &str,
    attributes: &[&str],
    searcher: &mut Searcher<'_>,
) -> Result<Vec<Entry>, DirectoryError> {
    let search = Search {
        base,
        scope: Scope::Subtree,
        filter: searcher.encode(text)?,
        attributes: attributes.to_vec(),
        limit: 0,
        domain_scope: searcher.domain_scope,
    };
    searcher.search(&search, base).await
}

/// A security identifier as text ([MS-DTYP], section 2.4.2).
fn identifier(bytes: &[u8]) -> Option<String> {
    let [revision, count, authority @ ..] = bytes else { return None };
    let (authority, rest) = authority.split_at_checked(6)?;
    let authority = authority.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let (parts, rest) = rest.as_chunks::<4>();
    if parts.len() != usize::from(*count) || !rest.is_empty() {
        return None;
    }
    let parts: String =
        parts.iter().map(|part| format!("-{}", u32::from_le_bytes(*part))).collect();
    Some(format!("S-{revision}-{authority}{parts}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read() {
        let builtin = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];
        assert_eq!(identifier(&builtin).unwrap(), "S-1-5-32-545");
        for cut in 0..builtin.len() {
            assert_eq!(identifier(&builtin[..cut]), None);
        }
    }

    #[test]
    fn groups_are_meant_by_name_or_dn() {
        let group = Group::named("CN=Help\\, Desk,OU=Groups,DC=a");
        assert_eq!(group.name, "Help, Desk");
        for wanted in
            ["help, desk", "cn=Help\\2C Desk, ou=groups,dc=A", "CN=Help\\, Desk,OU=Groups,DC=a"]
        {
            assert!(group.is(wanted), "{wanted}");
        }
        for wanted in ["desk", "CN=Help\\, Desk,OU=Groups,DC=b", ""] {
            assert!(!group.is(wanted), "{wanted}");
        }
    }
}
