//! Cases as data: number, level, the sentence of the contract, the section of the law.

use std::fmt;

use serde::Serialize;

use super::judge::Check;

/// How much a case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A help desk that calls the service breaks where it fails, or lets in whom it should not.
    Must,
    /// ASMX, or the vendor's sample, does so; a help desk can live without.
    Should,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
        })
    }
}

/// The number of a case: group and place in it. Numbers stay, and none is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// The group.
    pub group: u8,
    /// The place in it.
    pub place: u8,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.group, self.place)
    }
}

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// One case.
pub struct Case {
    /// Its number, `3.9`.
    pub number: Number,
    /// How much it counts.
    pub level: Level,
    /// What holds of a provider in order, in a sentence.
    pub says: &'static str,
    /// Where the contract says so: path and section.
    pub law: &'static str,
    pub(super) check: Check,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, level, says, .. } = self;
        write!(f, "{number} {level}: {says}")
    }
}

/// The groups by number, and what they are called.
pub const GROUPS: &[(u8, &str)] = &[
    (1, "wsdl"),
    (2, "soap"),
    (3, "answers"),
    (4, "actions"),
    (5, "charsets"),
    (6, "envelope"),
    (7, "absence"),
    (8, "text"),
    (9, "variables"),
    (10, "password"),
    (11, "faults"),
    (12, "limits"),
    (13, "http"),
    (14, "login"),
    (15, "custom-fields"),
    (16, "ticket"),
    (17, "live-chat"),
    (18, "user-information"),
    (19, "events"),
    (20, "registration"),
];

/// The name of a group.
pub(super) fn group(number: u8) -> &'static str {
    GROUPS.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name)
}

/// A table of cases, a line each: number, level, law, sentence, check.
macro_rules! cases {
    ($($group:literal $place:literal $level:ident $law:ident $says:literal => $check:expr;)+) => {
        &[$($crate::conform::Case {
            number: $crate::conform::Number { group: $group, place: $place },
            level: $crate::conform::Level::$level,
            says: $says,
            law: $law,
            check: $check,
        }),+]
    };
}
pub(super) use cases;

/// The sections of the law that the tables cite.
pub(super) mod law {
    pub(in crate::conform) const C1: &str = "wsdl/CONTRACT.md, section 1";
    pub(in crate::conform) const C2: &str = "wsdl/CONTRACT.md, section 2";
    pub(in crate::conform) const C3: &str = "wsdl/CONTRACT.md, section 3";
    pub(in crate::conform) const C4: &str = "wsdl/CONTRACT.md, section 4";
    pub(in crate::conform) const C5: &str = "wsdl/CONTRACT.md, section 5";
    pub(in crate::conform) const C6: &str = "wsdl/CONTRACT.md, section 6";
    pub(in crate::conform) const A1: &str = "wsdl/ASMX.md, section 1";
    pub(in crate::conform) const A2: &str = "wsdl/ASMX.md, section 2";
    pub(in crate::conform) const A4: &str = "wsdl/ASMX.md, section 4";
    pub(in crate::conform) const A5: &str = "wsdl/ASMX.md, section 5";
}
