//! Elements that may be left out, nil or empty.

use crate::contract::raw::{Presence, StringList};
use crate::soap::error::Misplaced;
use crate::xml::{IllegalCharacter, Writer};

pub(super) fn at(place: &str) -> impl Fn(IllegalCharacter) -> Misplaced + '_ {
    move |character| Misplaced { place: place.to_owned(), character }
}

pub(super) fn write_nil(w: &mut Writer, name: &str) {
    w.raw("<");
    w.raw(name);
    w.raw(" xsi:nil=\"true\" />");
}

/// An element that is left out, nil, empty (`<x />`) or has content.
pub(super) fn write_presence<'p, P: ?Sized>(
    w: &mut Writer,
    name: &str,
    presence: Presence<&'p P>,
    has_content: impl FnOnce(&P) -> bool,
    content: impl FnOnce(&mut Writer, &'p P) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    match presence {
        Presence::Absent => {}
        Presence::Nil => write_nil(w, name),
        Presence::Value(value) => {
            w.raw("<");
            w.raw(name);
            if has_content(value) {
                w.raw(">");
                content(w, value)?;
                w.raw("</");
                w.raw(name);
                w.raw(">");
            } else {
                w.raw(" />");
            }
        }
    }
    Ok(())
}

pub(super) fn write_string(
    w: &mut Writer,
    name: &str,
    value: &Presence<String>,
) -> Result<(), Misplaced> {
    write_presence(
        w,
        name,
        value.as_ref(),
        |text| !text.is_empty(),
        |w, text| w.text(text).map_err(at(name)),
    )
}

pub(super) fn write_list(
    w: &mut Writer,
    name: &str,
    list: &Presence<StringList>,
) -> Result<(), Misplaced> {
    write_presence(
        w,
        name,
        list.as_ref(),
        |list| !list.0.is_empty(),
        |w, list| {
            for entry in &list.0 {
                match entry {
                    None => write_nil(w, "string"),
                    Some(text) => w.leaf("string", text).map_err(at(name))?,
                }
            }
            Ok(())
        },
    )
}
