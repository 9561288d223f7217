//! Events: which sinks take one, and what becomes of it.

use super::current::{Current, Manner, failed, failure};
use super::model::{EventsSection, SinkSection};
use crate::contract::{Answer, EventHandled, HandleEvent, Kind, ProviderResult, Variables};
use crate::explanation::Explanation;
use crate::metrics::EVENTS;
use crate::outbox::Event;
use crate::rules::Facts;

impl Current {
    /// The sinks that take an event, by their conditions.
    pub(super) fn takers(
        &self,
        section: &EventsSection,
        request: &HandleEvent,
        explanation: &Explanation,
    ) -> Vec<String> {
        let facts = Facts::of(request);
        let takes = |(name, sink): &&(String, SinkSection)| {
            sink.when.holds(&format!("sink {name}"), &facts, explanation)
        };
        section.sinks.iter().filter(takes).map(|(name, _)| name.clone()).collect()
    }

    /// Keeps an event for the sinks that take it. It is handled when it is stored.
    pub(super) async fn event(
        &self,
        section: &EventsSection,
        request: HandleEvent,
        manner: &Manner,
    ) -> ProviderResult<HandleEvent> {
        let takers = self.takers(section, &request, &manner.explanation);
        let note = |line: &str| manner.explanation.note(|| line.to_owned());
        let handled = Answer { result: EventHandled, message: None, other: Variables::new() };
        match (takers.is_empty(), section.otherwise.is_elsewhere()) {
            (true, true) if !manner.may_change(self, Kind::Events) => {
                let who = self.who_else(Kind::Events);
                manner.explanation.leave_open(|| format!("{who} is not told here"));
            }
            (true, true) => return self.elsewhere(request, manner).await,
            (true, false) => {
                note("no sink takes it: nothing becomes of it");
                if !manner.dry {
                    EVENTS.count(&["untaken"]);
                    let name: String = request.event_name.chars().take(64).collect();
                    tracing::info!(event = ?name, "no sink takes it: nothing becomes of it");
                }
            }
            (false, _) if manner.dry => {
                note(&format!("it would be kept for {}, and is not here", takers.join(", ")));
            }
            (false, _) => {
                let Some(sinks) = &self.sinks else {
                    return Err(failure("there is no store of events", manner));
                };
                let event = Event::new(&request, &section.order_by);
                sinks.outbox.take(&event, &takers).await.map_err(|error| failed(&error))?;
            }
        }
        Ok(handled)
    }
}
