//! Answers of a look-up that are used again for a while.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::rules::Rows;

/// Bytes that the answers of one look-up may take together, with their keys.
const LARGEST: usize = 8 << 20;

/// What an answer takes beside its texts, about.
const OVERHEAD: usize = 200;

/// The values of all parameters.
type Key = Vec<Option<String>>;

/// Answers by the values of all parameters. The oldest go when there are too many.
pub(super) struct Cache {
    time: Duration,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    answers: BTreeMap<Key, (Instant, Rows, usize)>,
    /// By age; all live equally long. An answer that was replaced is in here twice.
    order: VecDeque<(Instant, Key)>,
    size: usize,
}

impl Cache {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, held: Mutex::default() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Rows> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, rows, _) = held.answers.get(key)?;
        (since.elapsed() < self.time).then(|| rows.clone())
    }

    pub(super) fn put(&self, key: Key, rows: &Rows) {
        let size = size(&key, rows);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        held.order.push_back((now, key.clone()));
        held.size += size;
        if let Some((_, _, size)) = held.answers.insert(key, (now, rows.clone(), size)) {
            held.size -= size;
        }
        while let Some((since, key)) = held.order.front().cloned() {
            let is_old = since.elapsed() >= self.time;
            if held.size <= LARGEST && !is_old {
                break;
            }
            held.order.pop_front();
            let is_it = held.answers.get(&key).is_some_and(|(at, ..)| *at == since);
            if let Some((_, _, size)) = is_it.then(|| held.answers.remove(&key)).flatten() {
                held.size -= size;
            }
        }
    }
}

fn size(key: &Key, rows: &Rows) -> usize {
    let values = rows.rows.iter().flatten().chain(key);
    let texts: usize = values.map(|value| 32 + value.as_ref().map_or(0, String::len)).sum();
    OVERHEAD + texts + rows.columns.iter().map(|name| 32 + name.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Rows {
        Rows { columns: vec!["a".to_owned()], rows: vec![vec![Some(text.to_owned())]] }
    }

    fn key(number: usize) -> Key {
        vec![Some(number.to_string()), None]
    }

    #[tokio::test(start_paused = true)]
    async fn answers_have_their_time() {
        let cache = Cache::new(Duration::from_secs(10));
        cache.put(key(1), &rows("one"));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(cache.get(&key(1)), Some(rows("one")));
        cache.put(key(1), &rows("again"));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(cache.get(&key(1)), Some(rows("again")));
        assert_eq!(cache.get(&key(2)), None);
        assert_eq!(cache.get(&vec![Some("1".to_owned()), Some(String::new())]), None, "not NULL");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cache.get(&key(1)), None);
        cache.put(key(2), &rows("two"));
        let held = cache.held.lock().unwrap();
        assert_eq!((held.answers.len(), held.order.len()), (1, 1), "the old ones are gone");
        assert_eq!(held.size, size(&key(2), &rows("two")));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_have_their_room() {
        let cache = Cache::new(Duration::from_secs(10));
        let large = rows(&"x".repeat(1 << 20));
        for number in 0..20 {
            cache.put(key(number), &large);
        }
        assert_eq!(cache.get(&key(0)), None);
        assert_eq!(cache.get(&key(19)), Some(large));
        assert!(cache.held.lock().unwrap().size <= LARGEST);
        cache.put(key(21), &rows(&"x".repeat(LARGEST + 1)));
        assert_eq!(cache.held.lock().unwrap().size, 0, "one that is too large is not kept");
    }
}
