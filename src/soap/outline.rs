//! What an answer says first, read once and as far as it can be: for names and for people.

use super::SoapVersion;
use crate::http::HttpResponse;
use crate::xml::charset::Charset;
use crate::xml::{Limits, Reader, XmlError};

/// What a SOAP answer says, whatever the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outline {
    /// The reason of a fault; empty where it names none.
    Fault(String),
    /// The result's message, which is not blank.
    Message(String),
    /// A result without one: is `Success` true?
    Result(bool),
}

impl Outline {
    /// What follows may be broken. Nothing where no result and no fault can be read.
    pub(crate) fn of(response: &HttpResponse) -> Option<Self> {
        let content_type = response.headers.get("Content-Type").unwrap_or_default();
        let text = Charset::of_response(&content_type).decode(&response.body).ok()?;
        Self::read(&text).ok().flatten()
    }

    fn read(text: &str) -> Result<Option<Self>, XmlError> {
        let mut reader = Reader::new(text, Limits::default())?;
        reader.root()?;
        let Some(version) = SoapVersion::of_envelope(&reader) else { return Ok(None) };
        while reader.child()? {
            if !reader.is(version.envelope(), "Body") {
                reader.skip()?;
                continue;
            }
            if !reader.child()? {
                return Ok(None);
            }
            if reader.is(version.envelope(), "Fault") {
                return fault(&mut reader).map(Some);
            }
            // The result inside of the response, and what is in that.
            return if reader.child()? { result(&mut reader) } else { Ok(None) };
        }
        Ok(None)
    }
}

fn result(reader: &mut Reader<'_>) -> Result<Option<Outline>, XmlError> {
    let mut success = None;
    while reader.child()? {
        match reader.local() {
            "Success" => success = Some(reader.text_with_markup()?),
            "Message" => {
                let message = reader.text_with_markup()?;
                if !message.trim().is_empty() {
                    return Ok(Some(Outline::Message(message)));
                }
            }
            _ => reader.skip()?,
        }
    }
    Ok(success.map(|success| Outline::Result(matches!(success.trim(), "true" | "1"))))
}

fn fault(reader: &mut Reader<'_>) -> Result<Outline, XmlError> {
    while reader.child()? {
        match reader.local() {
            "faultstring" | "Reason" => return reader.text_with_markup().map(Outline::Fault),
            _ => reader.skip()?,
        }
    }
    Ok(Outline::Fault(String::new()))
}
