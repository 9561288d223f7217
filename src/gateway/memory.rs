//! What the login provider said of users with sign-in cookies, for as long as the settings say.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256};

use crate::contract::{Answer, Authentication, GetSignInCookieInfo, Operation, Variables};

/// Answers that are remembered at a time, of this size each: 16 MiB together.
const MOST: usize = 4096;
const LARGEST: usize = 4096;

/// What a request asks, in a size of its own whatever it holds: a site's variables may be secrets.
pub(super) type Key = [u8; 32];

/// Positive answers of one service. Of a refusal or failure it keeps when the question was asked, so that
/// a yes from before it, which may arrive later, lets nobody in.
#[derive(Default)]
pub(super) struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    answers: HashMap<Key, (Instant, Option<Answer<Authentication>>)>,
    /// By their age. One that was asked anew stands here again, and what stood here before goes first.
    ages: VecDeque<(Instant, Key)>,
}

impl Memory {
    /// Requests with the same variables in the same order have the same key.
    pub(super) fn key(request: &GetSignInCookieInfo) -> Key {
        let (mut variables, mut digest) = (Variables::new(), Context::new(&SHA256));
        request.write_inputs(&mut variables);
        for text in variables.iter().flat_map(|(key, value)| [key, value]) {
            digest.update(&(text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
        let mut key = Key::default();
        key.copy_from_slice(digest.finish().as_ref());
        key
    }

    /// The answer to a question that was asked within this time.
    pub(super) fn recall(
        &self,
        key: &Key,
        now: Instant,
        within: Duration,
    ) -> Option<Answer<Authentication>> {
        let kept = self.kept();
        let (asked, answer) = kept.answers.get(key)?;
        let is_fresh = now.saturating_duration_since(*asked) < within;
        answer.clone().filter(|_| is_fresh)
    }

    /// Keeps what became of a question that was asked at that time, unless one that was asked later is
    /// known. An answer is kept if it lets the user in and is not too large. What is older than `within`
    /// goes.
    pub(super) fn keep(
        &self,
        key: Key,
        (asked, within): (Instant, Duration),
        answer: Option<&Answer<Authentication>>,
    ) {
        let answer = answer.filter(|answer| may_be_kept(answer)).cloned();
        let mut kept = self.kept();
        if kept.answers.get(&key).is_some_and(|(later, _)| *later > asked) {
            return;
        }
        kept.answers.insert(key, (asked, answer));
        kept.ages.push_back((asked, key));
        let is_over = |(old, _): &(Instant, Key)| asked.saturating_duration_since(*old) > within;
        while kept.ages.len() > MOST || kept.ages.front().is_some_and(is_over) {
            let Some((asked, oldest)) = kept.ages.pop_front() else { break };
            if kept.answers.get(&oldest).is_some_and(|(at, _)| *at == asked) {
                kept.answers.remove(&oldest);
            }
        }
    }

    /// Nothing panics under this lock.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does an answer let the user in, and is it not too large?
fn may_be_kept(answer: &Answer<Authentication>) -> bool {
    let Authentication::Authenticated { email_address, display_name } = &answer.result else {
        return false;
    };
    let texts = [email_address, display_name, &answer.message].into_iter().flatten();
    let other = answer.other.iter().map(|(key, value)| key.len() + value.len());
    texts.map(String::len).chain(other).sum::<usize>() <= LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(user: &str, other: &[(&str, &str)]) -> Key {
        let other = other.iter().copied().collect();
        Memory::key(&GetSignInCookieInfo { login_username: user.into(), other })
    }

    fn known(name: &str) -> Answer<Authentication> {
        let display_name = Some(name.to_owned());
        let result = Authentication::Authenticated { email_address: None, display_name };
        Answer::new(result, "known")
    }

    #[test]
    fn all_variables_tell_requests_apart() {
        let keys = [
            asked("a", &[]),
            asked("b", &[]),
            asked("a", &[("x", "1")]),
            asked("a", &[("x", "2")]),
            asked("a", &[("x", "1"), ("x", "2")]),
            asked("a", &[("x1", "")]),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        assert_eq!(asked("a", &[("x", "1")]), keys[2]);
    }

    #[test]
    fn only_who_was_let_in_is_remembered_and_only_for_a_while() {
        let (memory, start) = (Memory::default(), Instant::now());
        let (minute, key) = (Duration::from_secs(60), asked("a", &[]));
        let keep = |at, answer: &_| memory.keep(key, (at, minute), Some(answer));
        keep(start, &Answer::new(Authentication::Refused, "no"));
        keep(start, &known(&"x".repeat(LARGEST)));
        assert_eq!(memory.recall(&key, start, minute), None);
        keep(start, &known("A"));
        assert_eq!(memory.recall(&key, start + minute / 2, minute), Some(known("A")));
        assert_eq!(memory.recall(&key, start + minute, minute), None);
        assert_eq!(memory.recall(&key, start + minute / 2, minute / 4), None, "other settings");
        keep(start + minute, &known("B"));
        assert_eq!(memory.recall(&key, start + minute, minute), Some(known("B")));
        assert_eq!(memory.recall(&asked("b", &[]), start, minute), None);
    }

    #[test]
    fn what_was_asked_last_counts_and_not_what_was_answered_last() {
        let (memory, start) = (Memory::default(), Instant::now());
        let (minute, second, key) =
            (Duration::from_secs(60), Duration::from_secs(1), Key::default());
        let refused = Answer::new(Authentication::Refused, "no");
        for no in [Some(&refused), None] {
            memory.keep(key, (start + second, minute), no);
            memory.keep(key, (start, minute), Some(&known("slow")));
            assert_eq!(memory.recall(&key, start + second, minute), None);
        }
        memory.keep(key, (start + 2 * second, minute), Some(&known("A")));
        memory.keep(key, (start + 3 * second, minute), Some(&refused));
        assert_eq!(memory.recall(&key, start + 3 * second, minute), None, "a no takes a yes back");
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_their_time_is_over() {
        let (memory, start) = (Memory::default(), Instant::now());
        let (within, step) = (Duration::from_secs(3600), Duration::from_millis(1));
        let key = |number: usize| asked(&number.to_string(), &[]);
        memory.keep(key(0), (start, within), Some(&known("old")));
        for number in 0..MOST + 10 {
            let at = start + step * (1 + number as u32);
            memory.keep(key(number), (at, within), Some(&known("new")));
        }
        let recalled = |number| memory.recall(&key(number), start, Duration::MAX);
        assert_eq!((recalled(0), recalled(9)), (None, None));
        assert_eq!(recalled(10), Some(known("new")));
        let kept = || {
            let kept = memory.kept();
            (kept.answers.len(), kept.ages.len())
        };
        assert_eq!(kept(), (MOST, MOST));
        memory.keep(key(0), (start + 2 * within, within), None);
        assert_eq!(kept(), (1, 1));
    }
}
