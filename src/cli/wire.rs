//! Messages for people: indented, safe for a terminal, without passwords under their keys.

use external_providers::http::{Headers, HttpRequest, HttpResponse};
use external_providers::redact::{header_structure, structure};
use external_providers::secret::Mask;
use external_providers::xml::charset::Charset;
use quick_xml::events::Event;
use quick_xml::{Reader, Writer};

use super::printable;

/// Bytes of a body that are printed.
const SHOWN: usize = 256 << 10;
/// Elements that are nested deeper are printed as they came.
const DEEPEST: usize = 32;

/// A request, headers first.
pub(crate) fn request(request: &HttpRequest, mask: &Mask) -> String {
    let start = format!("{} {}", request.method, request.shown_target());
    message(&start, &request.headers, &request.body, mask)
}

/// An answer, headers first.
pub(crate) fn response(response: &HttpResponse, mask: &Mask) -> String {
    let start = format!("HTTP {}", response.status);
    message(&start, &response.headers, &response.body, mask)
}

fn message(start: &str, headers: &Headers, body: &[u8], mask: &Mask) -> String {
    let mut text = format!("{start}\n");
    for header in headers.iter() {
        let value = header.shown();
        let value = mask.apply_whole(&value, &header_structure(&header.name, &value));
        text.push_str(&format!("{}: {value}\n", header.name));
    }
    text.push('\n');
    let content_type = headers.get("Content-Type").unwrap_or_default();
    let body = match Charset::of_response(&content_type).decode(body) {
        Ok(body) => body,
        Err(_) => String::from_utf8_lossy(body),
    };
    let masked = mask.apply_whole(&body, &structure(&body));
    let left_out = body.len().saturating_sub(SHOWN);
    let shown = if left_out == 0 { indented(&masked) } else { None };
    match shown {
        Some(shown) => text.push_str(&shown),
        None => {
            let mut ends = (0..=SHOWN.min(masked.len())).rev();
            let end = ends.find(|&end| masked.is_char_boundary(end)).unwrap_or_default();
            text.push_str(&masked[..end]);
        }
    }
    text.push('\n');
    if left_out > 0 {
        text.push_str(&format!("({left_out} more bytes)\n"));
    }
    printable(&text)
}

/// The XML with one element a line, or nothing if it is not XML or nested deeper than any message
/// of the contract: indentation would grow with the depth.
pub(crate) fn indented(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let (mut elements, mut depth) = (0, 0_usize);
    loop {
        match reader.read_event().ok()? {
            Event::Eof => break,
            Event::Text(text) if text.trim().is_empty() && text.contains('\n') => {}
            event => {
                match event {
                    Event::Start(_) => (elements, depth) = (elements + 1, depth + 1),
                    Event::End(_) => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth > DEEPEST {
                    return None;
                }
                writer.write_event(event).ok()?;
            }
        }
    }
    (elements > 0).then(|| String::from_utf8(writer.into_inner()).ok()).flatten()
}
