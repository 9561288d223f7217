//! The events kind: `HandleEvent`, told what agents did. The kind is the product's; the names are
//! conventions of this crate.
//!
//! Input `eventName`, then whatever the event carries; the outputs are free.

use std::future::Future;

use super::{
    Kind, NOBODY, NameSource, Operation, OperationResult, ProviderResult, SideEffect, Sink,
    VariableError, VariableInfo, Variables, Verdict, required,
};

const EVENT_NAME: &str = "eventName";

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HandleEvent {
    /// `eventName`.
    pub event_name: String,
    /// Whatever the event carries, in order.
    pub other: Variables,
}

json_request!(HandleEvent);

impl Operation for HandleEvent {
    const KIND: Kind = Kind::Events;
    const NAME: &'static str = "HandleEvent";
    const SIDE_EFFECT: SideEffect = SideEffect::Mutating;
    const NAME_SOURCE: NameSource = NameSource::Convention;
    const INPUTS: &'static [VariableInfo] = &[required(EVENT_NAME)];
    const OUTPUTS: &'static [&'static str] = &[];
    const OPEN_INPUTS: bool = true;
    const OPEN_OUTPUTS: bool = true;
    type Result = EventHandled;

    fn probe() -> Self {
        Self { event_name: NOBODY.to_owned(), ..Default::default() }
    }

    fn write_inputs<S: Sink>(&self, sink: &mut S) {
        sink.put(EVENT_NAME, &self.event_name);
        sink.put_all(&self.other);
    }

    fn read_inputs(mut inputs: Variables) -> Result<Self, VariableError> {
        Ok(Self { event_name: inputs.require(EVENT_NAME)?, other: inputs })
    }

    fn write_outputs<S: Sink>(_: &EventHandled, _: &mut S) {}

    fn read_outputs(_: &mut Variables) -> Result<EventHandled, VariableError> {
        Ok(EventHandled)
    }

    fn without_provider() -> Option<EventHandled> {
        Some(EventHandled)
    }
}

/// The provider took the event; its outputs are free and stand in
/// [`Answer::other`](super::Answer::other).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventHandled;

impl OperationResult for EventHandled {
    const VERDICTS: &'static [&'static str] = &["handled"];

    fn verdict(&self) -> Verdict {
        Verdict::Yes("handled")
    }
}

/// A provider that is told about events (`IExternalEventProvider`).
pub trait EventProvider: Send + Sync {
    /// Takes an event.
    fn handle_event(
        &self,
        request: HandleEvent,
    ) -> impl Future<Output = ProviderResult<HandleEvent>> + Send;
}
