//! The doctor: what ails a configured service, and what to do about it.
