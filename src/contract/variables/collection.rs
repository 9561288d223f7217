//! [`Variables`] as a collection: made of others, extended, iterated.

use std::collections::{BTreeMap, HashMap};

use super::{Variables, split};

impl<K: AsRef<str>, V: AsRef<str>> Extend<(K, V)> for Variables {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, variables: I) {
        for (key, value) in variables {
            self.push(key.as_ref(), value.as_ref());
        }
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let mut all = Self::new();
        all.extend(variables);
        all
    }
}

impl<K: AsRef<str>, V: AsRef<str>> From<Vec<(K, V)>> for Variables {
    fn from(variables: Vec<(K, V)>) -> Self {
        variables.into_iter().collect()
    }
}

impl<K: AsRef<str>, V: AsRef<str>> From<BTreeMap<K, V>> for Variables {
    fn from(variables: BTreeMap<K, V>) -> Self {
        variables.into_iter().collect()
    }
}

impl<K: AsRef<str>, V: AsRef<str>, S> From<HashMap<K, V, S>> for Variables {
    /// In the order of the keys, so that the same map is the same message each time.
    fn from(variables: HashMap<K, V, S>) -> Self {
        let mut variables: Vec<_> = variables.into_iter().collect();
        variables.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
        variables.into()
    }
}

impl<'v> IntoIterator for &'v Variables {
    type Item = (&'v str, &'v str);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'v, String>, fn(&'v String) -> (&'v str, &'v str)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter().map(|entry| split(entry))
    }
}

impl IntoIterator for Variables {
    type Item = (String, String);
    type IntoIter = std::iter::Map<std::vec::IntoIter<String>, fn(String) -> (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().map(|mut entry| {
            let key = split(&entry).0.to_owned();
            entry.drain(..=key.len());
            (key, entry)
        })
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> From<[(K, V); N]> for Variables {
    fn from(variables: [(K, V); N]) -> Self {
        variables.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_a_collection_like_others() {
        let pairs = vec![("b", "2"), ("a", "x=y"), ("b", "")];
        let all = Variables::from(pairs.clone());
        assert_eq!((&all).into_iter().collect::<Vec<_>>(), pairs);
        assert_eq!((&all).into_iter().rev().len(), 3);
        let owned: Vec<(String, String)> = all.clone().into_iter().collect();
        assert_eq!(
            owned,
            pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<Vec<_>>()
        );
        let mut again = Variables::from([("b", "2")]);
        again.extend(owned.into_iter().skip(1));
        assert_eq!(again, all);
        let sorted = Variables::from([("a", "1"), ("b", "2"), ("c", "3")]);
        let map = HashMap::from([("c", "3"), ("a", "1"), ("b", "2")]);
        assert_eq!(Variables::from(map.clone()), sorted);
        assert_eq!(Variables::from(map.into_iter().collect::<BTreeMap<_, _>>()), sorted);
        let mut unreadable = Variables::new();
        unreadable.extend([("a=b", "1")]);
        assert_eq!(unreadable.unreadable_key(), Some("a=b"));
    }
}
