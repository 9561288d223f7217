//! Names as they are typed, without the domain that the administrator knows, and put into templates.

/// Bytes of a name that are looked up; directories' own limits are lower.
pub(super) const LONGEST: usize = 1024;

/// A name that is to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'n> {
    /// As it was typed.
    pub(super) login: &'n str,
    /// Without its domain.
    pub(super) name: &'n str,
}

impl<'n> Name<'n> {
    /// `DOMAIN\user`, `DOMAIN/user` and `user@domain` lose a domain that is one of these. `None` for
    /// one with another domain; a slash before anything else belongs to the name.
    pub(super) fn of(login: &'n str, domains: &[String]) -> Option<Self> {
        if domains.is_empty() {
            return Some(Self { login, name: login });
        }
        let own = |domain: &str| {
            let domain = domain.trim().to_lowercase();
            domains.iter().any(|own| own.trim().to_lowercase() == domain)
        };
        if let Some((domain, name)) = login.split_once('\\') {
            return own(domain).then_some(Self { login, name });
        }
        if let Some((domain, name)) = login.split_once('/')
            && own(domain)
        {
            return Some(Self { login, name });
        }
        match login.rsplit_once('@') {
            Some((name, domain)) => own(domain).then_some(Self { login, name }),
            None => Some(Self { login, name: login }),
        }
    }

    /// A template with the name in it, each value escaped once.
    pub(super) fn fill(self, template: &str, escape: fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(template.len() + self.login.len());
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let values = [("{name}", self.name), ("{login}", self.login)];
            match values.iter().find(|(key, _)| rest.starts_with(key)) {
                Some((key, value)) => {
                    filled.push_str(&escape(value));
                    rest = &rest[key.len()..];
                }
                None => {
                    filled.push('{');
                    rest = &rest[1..];
                }
            }
        }
        filled + rest
    }
}

/// Why a template cannot be filled, if so.
pub(super) fn mistake(template: &str) -> Option<String> {
    let unknown = template.match_indices('{').find_map(|(at, _)| {
        let end = template[at..].find('}').map_or(template.len(), |end| at + end + 1);
        let key = &template[at..end];
        (!matches!(key, "{name}" | "{login}")).then(|| key.to_owned())
    });
    match unknown {
        Some(key) => Some(format!("{key} is neither {{name}} nor {{login}}")),
        None if template.contains('{') => None,
        None => Some("it does not name the user: put {name} or {login} into it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ber::{octets, tlv};
    use super::super::dn::{self, Dn};
    use super::super::{DirectorySettings, Kind, filter};
    use super::*;

    #[test]
    fn domains_that_are_known_are_taken_off() {
        let domains = ["EXAMPLE".to_owned(), "example.com".to_owned()];
        for (login, name) in [
            ("ann", Some("ann")),
            ("EXAMPLE\\ann", Some("ann")),
            ("example\\ann", Some("ann")),
            ("example/ann", Some("ann")),
            ("ann@Example.COM", Some("ann")),
            ("a@b@example.com", Some("a@b")),
            ("OTHER\\ann", None),
            ("ann@other.com", None),
            ("other/ann", Some("other/ann")),
            ("EXAMPLE\\", Some("")),
        ] {
            assert_eq!(Name::of(login, &domains).map(|name| name.name), name, "{login}");
            assert_eq!(Name::of(login, &[]).map(|name| name.name), Some(login));
        }
    }

    #[test]
    fn a_template_is_filled_once() {
        let name = Name { login: "{name}@x", name: "{login}" };
        let twice = |value: &str| format!("<{value}>");
        assert_eq!(name.fill("a{name}b{login}{", twice), "a<{login}>b<{name}@x>{");
        assert_eq!(mistake("(uid={name})"), None);
        assert_eq!(mistake("(uid={nam})").unwrap(), "{nam} is neither {name} nor {login}");
        assert!(mistake("(uid=x)").unwrap().contains("does not name the user"));
    }

    /// A value of the filter, as it is sent.
    fn equality(attribute: &str, value: &str) -> Vec<u8> {
        tlv(0xa3, &[octets(attribute.as_bytes()), octets(value.as_bytes())].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Names change nothing in a filter and in a DN but the one value that they are.
        #[test]
        fn hostile_names_stay_values(
            text in "[()*\\\\,=+\"<>#; \0&|!~:@/{}a-cnameloginäÖß€ﬁＡ\u{301}\u{10ffff}\r\n]{1,24}"
        ) {
            let name = Name { login: &text, name: &text };
            let settings = DirectorySettings::new(Kind::ActiveDirectory, ["ldaps://a"], "dc=a");
            let sent = filter::encode(&name.fill(&settings.filter, filter::escape)).unwrap();
            let either = [equality("sAMAccountName", &text), equality("userPrincipalName", &text)];
            let all = [
                equality("objectCategory", "person"),
                equality("objectClass", "user"),
                tlv(0xa1, &either.concat()),
            ];
            prop_assert_eq!(sent, tlv(0xa0, &all.concat()));

            let dn = name.fill("uid={name},ou=people,dc=a", dn::escape);
            let read = Dn::parse(&dn).unwrap();
            prop_assert_eq!(read.first_value(), Some(text.as_str()));
            prop_assert!(read.normal().ends_with(",ou=people,dc=a,"), "{}", dn);
            prop_assert_eq!(read.domain(), "dc=a");
        }
    }
}
