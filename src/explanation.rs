//! Why an answer is what it is: what was asked, what was said to it, which rule decided. Collected
//! only when somebody wants to know, so that a call pays nothing for it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes notes, one line each, in the order in which things happened; the default throws them away.
///
/// ```
/// use external_providers::explanation::Explanation;
///
/// let explanation = Explanation::wanted();
/// explanation.note(|| "look-up customer: 1 row".to_owned());
/// assert_eq!(explanation.lines(), ["look-up customer: 1 row"]);
/// ```
///
/// Clones take notes in the same place. Whoever takes a note keeps passwords out of it.
#[derive(Clone, Default)]
pub struct Explanation(Option<Arc<Mutex<Notes>>>);

#[derive(Default)]
struct Notes {
    lines: Vec<String>,
    /// What was left open first.
    open: Option<String>,
}

impl Explanation {
    /// One that keeps its notes.
    pub fn wanted() -> Self {
        Self(Some(Arc::default()))
    }

    /// Does anybody want to know?
    pub fn is_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Takes a note, if anybody wants to know; else `line` is not made.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(notes) = &self.0 {
            let line = line();
            notes.lock().unwrap_or_else(PoisonError::into_inner).lines.push(line);
        }
    }

    /// The same of something that was not asked or done, so that the answer may be another one.
    pub fn leave_open(&self, line: impl FnOnce() -> String) {
        if let Some(notes) = &self.0 {
            let line = line();
            let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            notes.open.get_or_insert_with(|| line.clone());
            notes.lines.push(line);
        }
    }

    /// Was something left open, so that the answer may be another one?
    pub fn is_open(&self) -> bool {
        self.left_open().is_some()
    }

    /// What was left open first.
    pub fn left_open(&self) -> Option<String> {
        let notes = self.0.as_ref()?;
        notes.lock().unwrap_or_else(PoisonError::into_inner).open.clone()
    }

    /// The notes so far.
    pub fn lines(&self) -> Vec<String> {
        let lines = |notes: &Arc<Mutex<Notes>>| {
            notes.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
        };
        self.0.as_ref().map(lines).unwrap_or_default()
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Explanation").field(&self.is_wanted()).finish()
    }
}
