//! What the facade knows something by, which somebody else counts and shows.

use std::time::Duration;

#[cfg(feature = "metrics")]
use metrics::{Level, Metadata};

#[cfg(feature = "metrics")]
static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// What the facade knows something by. Made once: with each call it would cost more than the telling.
#[derive(Debug)]
pub(crate) struct FacadeKey(#[cfg(feature = "metrics")] ::metrics::Key);

#[cfg(feature = "metrics")]
impl FacadeKey {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(::metrics::Key::from_static_name(name))
    }

    pub(crate) fn labelled<const N: usize>(
        name: &'static str,
        labels: [(&'static str, &'static str); N],
    ) -> Self {
        Self(::metrics::Key::from_parts(name, &labels))
    }

    /// One more, which somebody else counts and shows.
    pub(crate) fn count_one(&self) {
        ::metrics::with_recorder(|to| to.register_counter(&self.0, &METADATA)).increment(1);
    }

    /// How long something took, which somebody else shows.
    pub(crate) fn record(&self, duration: Duration) {
        ::metrics::with_recorder(|to| to.register_histogram(&self.0, &METADATA)).record(duration);
    }

    pub(super) fn gauge(&self) -> ::metrics::Gauge {
        ::metrics::with_recorder(|to| to.register_gauge(&self.0, &METADATA))
    }
}

#[cfg(not(feature = "metrics"))]
impl FacadeKey {
    pub(crate) const fn new(_: &'static str) -> Self {
        Self()
    }

    pub(crate) fn labelled<const N: usize>(_: &'static str, _: [(&str, &str); N]) -> Self {
        Self()
    }

    pub(crate) fn count_one(&self) {}

    pub(crate) fn record(&self, _: Duration) {}
}
