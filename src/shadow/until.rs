//! When a shadow has seen enough.

use std::fmt;
use std::str::FromStr;

use super::Progress;

/// An end: so many calls compared, of which at most so many differ. Read from `1000 calls, 0
/// differences`; without differences, any number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// How many calls are to be compared.
    pub calls: u64,
    /// How many of them may differ; any number where that is not said.
    pub differences: Option<u64>,
}

/// How far the way to an [`Until`] is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UntilState {
    /// Not there yet.
    Open,
    /// There.
    Reached,
    /// More calls differ than may.
    Unreachable,
}

/// Not an end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it looks like \"1000 calls, 0 differences\" or \"1000 calls\"")]
pub struct UntilError;

impl Until {
    /// Is it reached, or out of reach?
    pub fn state(&self, progress: &Progress) -> UntilState {
        match self.differences {
            Some(most) if progress.different > most => UntilState::Unreachable,
            _ if progress.compared >= self.calls => UntilState::Reached,
            _ => UntilState::Open,
        }
    }
}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        let number = |text: &str, word: &str| {
            let (number, unit) = text.trim().split_once(' ').ok_or(UntilError)?;
            let is_unit =
                unit.trim() == word || unit.trim().strip_suffix('s').unwrap_or(unit.trim()) == word;
            number.parse().ok().filter(|_| is_unit).ok_or(UntilError)
        };
        let (calls, differences) = match text.split_once(',') {
            Some((calls, differences)) => (calls, Some(number(differences, "difference")?)),
            None => (text, None),
        };
        match number(calls, "call")? {
            0 => Err(UntilError),
            calls => Ok(Self { calls, differences }),
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls", self.calls)?;
        self.differences.map_or(Ok(()), |most| write!(f, ", {most} differences"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read_and_reached() {
        let until: Until = "1000 calls, 0 differences".parse().unwrap();
        assert_eq!(until, Until { calls: 1000, differences: Some(0) });
        assert_eq!("1 call".parse(), Ok(Until { calls: 1, differences: None }));
        assert_eq!("5 calls,1 difference".parse(), Ok(Until { calls: 5, differences: Some(1) }));
        for text in
            ["", "1000", "calls", "0 calls", "5 calls, x differences", "5 calls, 1", "-1 calls"]
        {
            assert_eq!(text.parse::<Until>(), Err(UntilError), "{text}");
        }
        let state = |compared, different| {
            until.state(&Progress { compared, different, ..Progress::default() })
        };
        assert_eq!(state(999, 0), UntilState::Open);
        assert_eq!(state(1000, 0), UntilState::Reached);
        assert_eq!(
            (state(5, 1), state(1000, 1)),
            (UntilState::Unreachable, UntilState::Unreachable)
        );
    }
}
