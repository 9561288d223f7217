//! What a recording does with a request.

use std::fmt;
use std::str::FromStr;

use crate::replay::{Miss, Replayed};

/// What is to be done with a request.
#[derive(Debug)]
pub enum Decision {
    /// Send it to the service, and give what comes of it to [`Recording::pass`](super::Recording::pass).
    Forward,
    /// Answer it with this.
    Answer(Replayed),
    /// Refuse it: it is not in the recording, and the mode forwards nothing.
    Refuse(Box<Miss>),
}

/// What a recording does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Forward everything; keep what earlier sessions have not recorded.
    #[default]
    New,
    /// Forward and record everything, into a directory that holds no recording yet.
    Once,
    /// Forward and record everything, and replace the old recording as a whole at the end.
    All,
    /// Answer from the recording that was there at the start, without a word to the service; forward
    /// and record the rest.
    ReplayOrRecord,
    /// Answer from the recording, and refuse the rest: nothing goes to the service.
    ReplayOnly,
}

impl Mode {
    /// All modes, in the order in which help lists them.
    pub const ALL: [Self; 5] =
        [Self::New, Self::Once, Self::All, Self::ReplayOrRecord, Self::ReplayOnly];

    /// The name: `new`, `once`, `all`, `replay-or-record`, `replay-only`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Once => "once",
            Self::All => "all",
            Self::ReplayOrRecord => "replay-or-record",
            Self::ReplayOnly => "replay-only",
        }
    }

    /// Is a request that is in the recording answered from there?
    pub const fn replays(self) -> bool {
        matches!(self, Self::ReplayOrRecord | Self::ReplayOnly)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no such mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no mode \"{0}\": new, once, all, replay-or-record or replay-only")]
pub struct UnknownMode(pub String);

impl FromStr for Mode {
    type Err = UnknownMode;

    /// Reads a name; `spy` is another one for `new`, and `none` for `replay-only`.
    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        match name {
            "spy" => Ok(Self::New),
            "none" => Ok(Self::ReplayOnly),
            _ => {
                let mode = Self::ALL.into_iter().find(|mode| mode.name() == name);
                mode.ok_or_else(|| UnknownMode(name.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_named() {
        for mode in Mode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        assert_eq!(("spy".parse(), "none".parse()), (Ok(Mode::New), Ok(Mode::ReplayOnly)));
        let error = "nwe".parse::<Mode>().unwrap_err();
        assert!(error.to_string().starts_with("there is no mode \"nwe\": new, once"), "{error}");
    }
}
