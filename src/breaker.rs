//! Spares callers the wait for a service that does not answer.
//!
//! Closed, calls go through; after so many failures in a row it opens, and they fail at once; after
//! a pause one call may try the service, and its outcome closes or opens it again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 500;

pub(crate) struct Breaker {
    /// Failures in a row that open it; 0 never.
    limit: u32,
    pause: Duration,
    state: Mutex<State>,
}

enum State {
    Closed { failures: u32 },
    Open { since: Instant, probing: bool, because: Arc<str> },
}

/// No turn for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// How long it still takes; zero while one call is trying.
    pub(crate) left: Duration,
    /// What the failure was that opened the breaker.
    pub(crate) because: Arc<str>,
}

/// The right to call once. Dropped without a word (the caller gave up), it says nothing about the
/// service.
pub(crate) struct Permit<'b> {
    breaker: &'b Breaker,
    probe: bool,
}

impl Breaker {
    pub(crate) fn new(limit: u32, pause: Duration) -> Self {
        Self { limit, pause, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Nothing panics under this lock, and a state is never half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Do calls fail at once now? This takes no turn.
    pub(crate) fn refuses(&self, now: Instant) -> Option<Refusal> {
        self.refusal(&self.state(), now)
    }

    fn refusal(&self, state: &State, now: Instant) -> Option<Refusal> {
        let State::Open { since, probing, because } = state else { return None };
        let left = self.pause.saturating_sub(now.saturating_duration_since(*since));
        (*probing || !left.is_zero()).then(|| Refusal { left, because: Arc::clone(because) })
    }

    /// Takes a turn, if it is one.
    pub(crate) fn admit(&self, now: Instant) -> Result<Permit<'_>, Refusal> {
        let mut state = self.state();
        if let Some(refusal) = self.refusal(&state, now) {
            return Err(refusal);
        }
        let probe = match &mut *state {
            State::Closed { .. } => false,
            State::Open { probing, .. } => {
                *probing = true;
                true
            }
        };
        Ok(Permit { breaker: self, probe })
    }
}

impl Permit<'_> {
    /// The service answered, whatever it said.
    pub(crate) fn answered(mut self) {
        self.probe = false;
        *self.breaker.state() = State::Closed { failures: 0 };
    }

    /// No answer came, and why. True if that opened the breaker.
    pub(crate) fn failed(mut self, now: Instant, why: &dyn std::fmt::Display) -> bool {
        let probe = std::mem::take(&mut self.probe);
        let mut state = self.breaker.state();
        match &mut *state {
            State::Closed { failures } => {
                *failures = failures.saturating_add(1);
                if self.breaker.limit == 0 || *failures < self.breaker.limit {
                    return false;
                }
            }
            // A call from before it opened says nothing new.
            State::Open { .. } if !probe => return false,
            State::Open { .. } => {}
        }
        let because = why.to_string().chars().take(LONGEST_REASON).collect::<String>().into();
        *state = State::Open { since: now, probing: false, because };
        true
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe
            && let State::Open { probing, .. } = &mut *self.breaker.state()
        {
            *probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn fail(breaker: &Breaker, now: Instant) -> bool {
        breaker.admit(now).unwrap_or_else(|_| panic!("refused")).failed(now, &"down")
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_probes_with_one_call() {
        let (breaker, start) = (Breaker::new(3, PAUSE), Instant::now());
        assert!(!fail(&breaker, start) && !fail(&breaker, start));
        breaker.admit(start).unwrap_or_else(|_| panic!("refused")).answered();
        assert!(
            !fail(&breaker, start) && !fail(&breaker, start),
            "an answer starts the count anew"
        );
        let early = breaker.admit(start).unwrap_or_else(|_| panic!("refused"));
        assert!(fail(&breaker, start));
        let refusal = |left, because: &str| Some(Refusal { left, because: because.into() });
        assert_eq!(breaker.admit(start + PAUSE / 2).err(), refusal(PAUSE / 2, "down"));
        assert_eq!(breaker.refuses(start + PAUSE / 2), refusal(PAUSE / 2, "down"));
        assert!(!early.failed(start + PAUSE / 2, &"late"), "it does not prolong the pause");

        let later = start + PAUSE;
        assert_eq!(breaker.refuses(later), None);
        let probe = breaker.admit(later).unwrap_or_else(|_| panic!("refused"));
        assert_eq!(breaker.admit(later).err(), refusal(Duration::ZERO, "down"), "one at a time");
        assert_eq!(breaker.refuses(later), refusal(Duration::ZERO, "down"));
        assert!(probe.failed(later, &"still down"));
        assert_eq!(breaker.admit(later).err(), refusal(PAUSE, "still down"));

        let again = later + PAUSE;
        drop(breaker.admit(again));
        let probe = breaker.admit(again).unwrap_or_else(|_| panic!("one that gave up blocks none"));
        probe.answered();
        assert!(breaker.admit(again).is_ok() && breaker.admit(again).is_ok());
        assert!(!fail(&breaker, again) && !fail(&breaker, again));
    }

    #[test]
    fn zero_never_opens() {
        let (breaker, now) = (Breaker::new(0, PAUSE), Instant::now());
        assert!((0..1000).all(|_| !fail(&breaker, now)));
    }
}
