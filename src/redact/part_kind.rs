//! The parts of a message.

use std::borrow::Cow;

/// What a part of a message is.
#[derive(Clone)]
pub(crate) enum PartKind<'m> {
    /// The target of the request line.
    Target,
    /// The value of a header of this name.
    Header(&'m str),
    /// An action that the body names, too: what it is called by is not looked for secrets.
    Action,
    /// A content type with such an action as its parameter.
    TypeWithAction,
    /// A body with its content type.
    Body(Cow<'m, str>),
    /// A reason phrase, or any other text.
    Plain,
}
