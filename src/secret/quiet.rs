//! Values of any shape, read so that no error shows what they hold: serde's own errors quote it.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Secret;

/// What came, as far as texts go.
pub(crate) enum Quiet {
    Text(String),
    List(Vec<Quiet>),
    /// Keys and values in their order, which a map would lose.
    Object(Vec<(String, Quiet)>),
    Switch(bool),
    Number,
    Null,
    Other,
}

impl Quiet {
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, in words.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Switch(true) => "true",
            Self::Switch(false) => "false",
            Self::Number => "a number",
            Self::Null => "null",
            Self::Other => "another type",
        }
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Quiet;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, is: bool) -> Result<Quiet, E> {
        Ok(Quiet::Switch(is))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Quiet, E> {
        Ok(Quiet::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Quiet, E> {
        Ok(Quiet::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Quiet, E> {
        Ok(Quiet::Number)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Quiet, E> {
        Ok(Quiet::Other)
    }

    fn visit_unit<E>(self) -> Result<Quiet, E> {
        Ok(Quiet::Null)
    }

    fn visit_none<E>(self) -> Result<Quiet, E> {
        Ok(Quiet::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Quiet, D::Error> {
        Quiet::deserialize(deserializer)
    }

    fn visit_str<E>(self, text: &str) -> Result<Quiet, E> {
        Ok(Quiet::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Quiet, E> {
        Ok(Quiet::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Quiet, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = list.next_element()? {
            all.push(value);
        }
        Ok(Quiet::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Quiet, A::Error> {
        let (mut all, mut odd) = (Vec::new(), false);
        while let Some(key) = map.next_key::<Quiet>()? {
            match key.text() {
                Some(key) => all.push((key, map.next_value()?)),
                None => odd = map.next_value::<IgnoredAny>().map(|_| true)?,
            }
        }
        Ok(if odd { Quiet::Other } else { Quiet::Object(all) })
    }
}

impl<'de> Deserialize<'de> for Quiet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

/// A text. There is no `Serialize`: a password is taken in, and never given out. The bytes that it was
/// read from are not wiped.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Quiet::deserialize(deserializer)?.text();
        text.map(Self::new).ok_or_else(|| D::Error::custom("a secret must be a string, in quotes"))
    }
}
