//! Moments as .NET counts them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::ToSpan as _;
use jiff::civil::DateTime;

/// Ticks from the year 1 to 1970.
const UNIX: i64 = 621_355_968_000_000_000;
/// Ticks of a second.
const SECOND: i64 = 10_000_000;

/// A moment in UTC, in the ticks of .NET's `DateTime`: 100 ns since 0001-01-01T00:00:00Z, up to the end of
/// the year 9999. `Display` writes it as RFC 3339 does, with the digits that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest, 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The latest, 9999-12-31T23:59:59.9999999Z.
    pub const MAX: Self = Self(3_155_378_975_999_999_999);

    /// So many ticks; `None` where .NET has no such date.
    pub fn from_ticks(ticks: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&ticks).then_some(Self(ticks))
    }

    /// Ticks since the year 1.
    pub fn ticks(self) -> i64 {
        self.0
    }

    /// The present, by the clock of this machine.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Whole seconds since 1970, rounded down; negative before.
    pub fn unix_seconds(self) -> i64 {
        (self.0 - UNIX).div_euclid(SECOND)
    }

    /// So much later, but never beyond [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, time: Duration) -> Self {
        let ticks = i64::try_from(time.as_nanos() / 100).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(ticks).min(Self::MAX.0))
    }
}

/// Cut to whole ticks; what .NET has no date for is the nearest that it has.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self(UNIX).saturating_add(since),
            Err(before) => {
                let ticks = i64::try_from(before.duration().as_nanos() / 100).unwrap_or(i64::MAX);
                Self((UNIX - ticks.min(UNIX)).max(0))
            }
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = DateTime::constant(1, 1, 1, 0, 0, 0, 0);
        let fraction = (self.0 % SECOND) * 100;
        let span = (self.0 / SECOND).seconds().nanoseconds(fraction);
        match start.checked_add(span) {
            Ok(date) => write!(f, "{date}Z"),
            Err(_) => write!(f, "{} ticks", self.0),
        }
    }
}
