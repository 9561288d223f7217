//! Start and end tags: names, namespaces, attributes.

use super::{Attribute, Open, Reader};
use crate::xml::error::shown;
use crate::xml::names::{is_space, split_qname};
use crate::xml::syntax::{attribute_value, check_declared};
use crate::xml::{XmlError, XmlErrorKind as Kind};

impl<'a> Reader<'a> {
    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.pop()
            && open.outer < self.bindings.len()
        {
            self.bindings.truncate(open.outer);
        }
    }

    /// Takes in the tag whose name and attributes stand at `from..end`.
    #[inline]
    pub(super) fn start(
        &mut self,
        from: usize,
        name_len: usize,
        end: usize,
    ) -> Result<(), XmlError> {
        let name = &self.src[from..from + name_len];
        let depth = self.open.len();
        // In lists one name follows upon itself, and most names have neither prefix nor attributes.
        if from + name_len < end || name != self.last || depth >= self.limits.depth {
            return self.start_any(name, from, end);
        }
        let default = self.open.last().map_or(0, |open| open.default);
        self.attributes.clear();
        (self.namespace, self.local) = (default, name);
        self.open.push(Open { name, outer: self.bindings.len(), default });
        Ok(())
    }

    #[inline(never)]
    fn start_any(&mut self, name: &'a str, from: usize, end: usize) -> Result<(), XmlError> {
        let Some((prefix, local)) = split_qname(name) else {
            return Err(Kind::Name(shown(name)).at(self.src, from));
        };
        if self.open.len() >= self.limits.depth {
            let limit = self.limits.depth;
            let kind = Kind::Limit { what: "nested elements", name: "depth", limit };
            return Err(kind.at(self.src, from));
        }
        let outer = self.bindings.len();
        let mut default = self.open.last().map_or(0, |open| open.default);
        self.attributes.clear();
        if from + name.len() < end {
            self.read_attributes(name, from + name.len(), end)?;
            if let Some(i) = (outer..self.bindings.len()).find(|&i| self.bindings[i].0.is_empty()) {
                default = i as u32;
            }
        }
        self.namespace = if prefix.is_empty() {
            self.last = name;
            default
        } else {
            self.bound(prefix).map_err(|kind| kind.at(self.src, from))?
        };
        self.local = local;
        self.open.push(Open { name, outer, default });
        if !self.attributes.is_empty() {
            self.resolve_attributes(name).map_err(|kind| kind.at(self.src, from))?;
        }
        Ok(())
    }

    pub(super) fn lookup(&self, prefix: &str) -> Option<u32> {
        self.bindings.iter().rposition(|(bound, _)| *bound == prefix).map(|i| i as u32)
    }

    fn bound(&self, prefix: &str) -> Result<u32, Kind> {
        self.lookup(prefix).ok_or_else(|| Kind::UnboundPrefix(shown(prefix)))
    }

    /// Splits `src[from..end]` into attributes, and puts namespace declarations into scope.
    #[inline(never)]
    fn read_attributes(&mut self, element: &str, from: usize, end: usize) -> Result<(), XmlError> {
        let outer = self.bindings.len();
        let bytes = self.src.as_bytes();
        let malformed = |at| Kind::Attribute(shown(element)).at(self.src, at);
        let mut at = from;
        loop {
            let gap = at;
            while at < end && is_space(bytes[at]) {
                at += 1;
            }
            if at == end {
                return Ok(());
            }
            if at == gap {
                return Err(malformed(at));
            }
            let name_at = at;
            while at < end && bytes[at] != b'=' && !is_space(bytes[at]) {
                at += 1;
            }
            let name = &self.src[name_at..at];
            while at < end && is_space(bytes[at]) {
                at += 1;
            }
            if at == end || bytes[at] != b'=' {
                return Err(malformed(at));
            }
            at += 1;
            while at < end && is_space(bytes[at]) {
                at += 1;
            }
            if at == end || !matches!(bytes[at], b'"' | b'\'') {
                return Err(malformed(at));
            }
            let value_at = at + 1;
            let Some(len) = memchr::memchr(bytes[at], &bytes[value_at..end]) else {
                return Err(malformed(at));
            };
            let raw = &self.src[value_at..value_at + len];
            at = value_at + len + 1;

            let Some((prefix, local)) = split_qname(name) else {
                return Err(Kind::Name(shown(name)).at(self.src, name_at));
            };
            let value = attribute_value(raw).map_err(|kind| kind.at(self.src, value_at))?;
            let declared = match (prefix, local) {
                ("", "xmlns") => "",
                ("xmlns", local) => local,
                _ => {
                    if self.attributes.len() >= self.limits.attributes {
                        let limit = self.limits.attributes;
                        let kind = Kind::Limit { what: "attributes", name: "attributes", limit };
                        return Err(kind.at(self.src, name_at));
                    }
                    self.attributes.push(Attribute { prefix, local, namespace: 0, raw });
                    continue;
                }
            };
            check_declared(declared, &value).map_err(|kind| kind.at(self.src, name_at))?;
            if self.bindings[outer..].iter().any(|(bound, _)| *bound == declared) {
                let kind =
                    Kind::DuplicateAttribute { element: shown(element), attribute: shown(name) };
                return Err(kind.at(self.src, name_at));
            }
            if self.bindings.len() - 2 >= self.limits.namespaces {
                let limit = self.limits.namespaces;
                let what = "namespace declarations in scope";
                return Err(Kind::Limit { what, name: "namespaces", limit }.at(self.src, name_at));
            }
            self.bindings.push((declared, value));
        }
    }

    /// Resolves the prefixes of the attributes and refuses two of one name.
    fn resolve_attributes(&mut self, element: &str) -> Result<(), Kind> {
        for i in 0..self.attributes.len() {
            let prefix = self.attributes[i].prefix;
            if !prefix.is_empty() {
                self.attributes[i].namespace = self.bound(prefix)?;
            }
        }
        let expanded = |a: &Attribute<'a>| (a.local, &*self.bindings[a.namespace as usize].1);
        let twice = |a: &Attribute<'a>| Kind::DuplicateAttribute {
            element: shown(element),
            attribute: shown(a.local),
        };
        if self.attributes.len() <= 8 {
            for (i, a) in self.attributes.iter().enumerate() {
                if self.attributes[..i].iter().any(|b| expanded(a) == expanded(b)) {
                    return Err(twice(a));
                }
            }
        } else {
            let mut sorted: Vec<_> = self.attributes.iter().collect();
            sorted.sort_unstable_by_key(|a| expanded(a));
            if let Some(pair) = sorted.windows(2).find(|p| expanded(p[0]) == expanded(p[1])) {
                return Err(twice(pair[0]));
            }
        }
        Ok(())
    }
}
