//! What a recording answers to one request.

use std::sync::Arc;

use super::fill::put_back;
use crate::compare::judgement::Judgement;
use crate::fixture::Fixture;
use crate::http::{Answered, Headers, HttpResponse, Outcome};
use crate::secret::Secret;

/// A recording that answers a request.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The recording.
    pub fixture: Arc<Fixture>,
    pub(super) judgement: Judgement,
    /// What the request holds in the places of placeholders.
    pub(super) values: Vec<(u32, Secret)>,
}

impl Replayed {
    /// The answer: what was recorded, with the request's own values in the places of the placeholders
    /// that stand for them. Other placeholders stay. Nothing where no answer had come.
    pub fn answered(&self) -> Option<Answered> {
        let answered = self.fixture.answer()?.clone();
        if self.values.is_empty() {
            return Some(answered);
        }
        let known = self.fixture.redaction.placeholders.iter().map(|p| p.number);
        Some(put_back(answered, &self.values, &known.collect::<Vec<_>>()))
    }

    /// Does the answer accept the secrets of the request, the web service password and the user's?
    /// A refusal does not, nor do a fault or a page, which say nothing about them.
    pub fn is_accepted(&self) -> bool {
        self.judgement == Judgement::Accepted
    }

    /// The answer as a transport gives it: 502 where no answer had come.
    pub fn response(&self) -> HttpResponse {
        match (self.answered(), &self.fixture.outcome) {
            (Some(answered), _) => answered.response,
            (None, Outcome::Failed(text)) => no_answer(text),
            (None, Outcome::Answered(_)) => no_answer(""),
        }
    }
}

fn no_answer(text: &str) -> HttpResponse {
    let mut headers = Headers::new();
    headers.push("Content-Type", "text/plain; charset=utf-8");
    HttpResponse { status: 502, headers, body: text.as_bytes().to_vec() }
}
