//! Errors with their causes, for logs and messages.

use std::error::Error;

/// An error with all its causes, which `Display` leaves to `source`: each is said once, even where a
/// library's message repeats its cause.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
