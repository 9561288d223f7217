//! Trying an operation from its page: a form's fields become a call, its answer a page.

use super::open::{Answered, Hosted, OpenService};
use super::pages;
use crate::contract::raw::{Presence, RawInputs, RawResult, StringList};
use crate::exchange::HttpResponse;
use crate::secret::Mask;
use crate::soap::{DecodeError, SoapVersion, url_decode};

/// The fields of a form (`application/x-www-form-urlencoded`) as variables: empty ones are left
/// out, and the field without a name holds any others, one to a line.
fn variables(form: &[u8]) -> StringList {
    let mut list = Vec::new();
    for field in form.split(|&b| b == b'&') {
        let field = String::from_utf8_lossy(field);
        let (name, value) = field.split_once('=').unwrap_or((&field, ""));
        let (name, value) = (url_decode(name), url_decode(value));
        if !name.is_empty() {
            if !value.is_empty() {
                list.push(Some(format!("{name}={value}")));
            }
            continue;
        }
        let lines = value.split(['\r', '\n']).filter(|line| !line.is_empty());
        list.extend(lines.map(|line| Some(line.to_owned())));
    }
    StringList(list)
}

/// Calls the operation with the fields of a form; the answer is a page.
pub(super) async fn call(
    service: &OpenService,
    hosted: &Hosted,
    form: &[u8],
    file: &str,
) -> Answered {
    let inputs = RawInputs { input_variables: Presence::Value(variables(form)) };
    let mut answered = service.call(SoapVersion::V11, hosted, Presence::Value(inputs)).await;
    let response = HttpResponse::from(std::mem::take(&mut answered.reply));
    let binding = service.binding(SoapVersion::V11);
    let decoded = binding.decode_raw_response(hosted.info.name, &response, &Mask::default());
    let content = match decoded {
        Ok(Presence::Value(result)) => shown(&result),
        Ok(Presence::Absent | Presence::Nil) => "<p>There is no result (null).</p>\n".to_owned(),
        Err(DecodeError::Fault(fault)) => {
            format!("<p>The provider answered with a fault: {}</p>\n", pages::escape(&fault.reason))
        }
        Err(error) => format!("<p>{}</p>\n", pages::escape(&error.to_string())),
    };
    let name = hosted.info.name;
    let raw = pages::escape(&String::from_utf8_lossy(&response.body));
    let page = pages::page(
        &format!("{}: {name}", service.name),
        &format!(
            "{content}<h2>As it is sent</h2>\n<pre tabindex=\"0\">{raw}</pre>\n<p><a \
             href=\"{}?op={name}\">Back to {name}</a></p>\n",
            pages::escape(file)
        ),
    );
    answered.reply = super::reply::Reply::html(200, page);
    answered
}

fn shown(result: &RawResult) -> String {
    let row = |name: &str, value: &str| {
        format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", pages::escape(value))
    };
    let mut out = String::from("<table>\n<caption>The answer</caption>\n");
    out.push_str(&row("Success", if result.success { "true" } else { "false" }));
    out.push_str(&row("Message", result.message.as_ref().value().map_or("(none)", |m| m)));
    if let Presence::Value(list) = &result.output_variables {
        for (index, entry) in list.0.iter().enumerate() {
            let name = format!("Output {}", index + 1);
            out.push_str(&row(&name, entry.as_deref().unwrap_or("(nil)")));
        }
    }
    if let Presence::Value(items) = &result.custom_field_data_items {
        for (index, item) in items.iter().enumerate() {
            let name = format!("Custom field {}", index + 1);
            let field = item.as_ref().and_then(|item| item.custom_field_name.as_ref().value());
            out.push_str(&row(&name, field.map_or("(nil)", |name| name)));
        }
    }
    out.push_str("</table>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_variables() {
        let list = variables(b"authPW=a%26b%C3%A9&x=&y=1+2&=cf_a%3D1%0D%0Ab%3D2%");
        let list: Vec<_> = list.0.into_iter().flatten().collect();
        assert_eq!(list, ["authPW=a&bé", "y=1 2", "cf_a=1", "b=2%"]);
    }
}
