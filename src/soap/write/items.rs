//! Custom field items, typed and raw.

use super::elements::{at, write_list, write_nil, write_presence};
use crate::contract::CustomFieldChange;
use crate::contract::raw::{Presence, RawCustomFieldData};
use crate::soap::error::Misplaced;
use crate::xml::Writer;

pub(super) fn write_items<I>(
    w: &mut Writer,
    items: &[I],
    item: impl Fn(&mut Writer, &I) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    write_presence(
        w,
        "CustomFieldDataItems",
        Presence::Value(items),
        |i| !i.is_empty(),
        |w, items| items.iter().try_for_each(|i| item(w, i)),
    )
}

/// The six flags of an item, in wire order, with the list options between the fifth and the sixth.
fn write_item(
    w: &mut Writer,
    name: Presence<&str>,
    flags: [bool; 6],
    options: impl FnOnce(&mut Writer) -> Result<(), Misplaced>,
) -> Result<(), Misplaced> {
    const NAMES: [&str; 6] = RawCustomFieldData::FLAGS;
    w.raw("<ExternalCustomFieldData>");
    write_presence(
        w,
        "CustomFieldName",
        name.as_ref().map(|n| *n).as_ref(),
        |n| !n.is_empty(),
        |w, n| w.text(n).map_err(at("CustomFieldName")),
    )?;
    let flag = |w: &mut Writer, i: usize| {
        w.raw("<");
        w.raw(NAMES[i]);
        w.raw(if flags[i] { ">true</" } else { ">false</" });
        w.raw(NAMES[i]);
        w.raw(">");
    };
    for i in 0..5 {
        flag(w, i);
    }
    options(w)?;
    flag(w, 5);
    w.raw("</ExternalCustomFieldData>");
    Ok(())
}

pub(super) fn write_change(w: &mut Writer, item: &CustomFieldChange) -> Result<(), Misplaced> {
    let flags = [
        item.visible.is_some(),
        item.visible.unwrap_or_default(),
        item.required.is_some(),
        item.required.unwrap_or_default(),
        item.options.is_some(),
        item.display_with_information_lookup,
    ];
    write_item(w, Presence::Value(&item.name), flags, |w| {
        let options = Presence::from(item.options.as_ref());
        write_presence(
            w,
            "ListOptions",
            options,
            |o| !o.is_empty(),
            |w, options| {
                options.iter().try_for_each(|o| w.leaf("string", o).map_err(at("ListOptions")))
            },
        )
    })
}

pub(super) fn write_raw_item(
    w: &mut Writer,
    item: Option<&RawCustomFieldData>,
) -> Result<(), Misplaced> {
    let Some(item) = item else {
        write_nil(w, "ExternalCustomFieldData");
        return Ok(());
    };
    let flags = [
        item.change_visible,
        item.new_visible_value,
        item.change_required,
        item.new_required_value,
        item.change_list_options,
        item.display_with_information_lookup,
    ];
    let name = item.custom_field_name.as_ref().map(String::as_str);
    write_item(w, name, flags, |w| write_list(w, "ListOptions", &item.list_options))
}

/// What an item takes on the wire when nothing has to be escaped.
pub(super) fn item_size(item: &CustomFieldChange) -> usize {
    let options = item.options.iter().flatten();
    420 + item.name.len() + options.map(|o| o.len() + "<string></string>".len()).sum::<usize>()
}
