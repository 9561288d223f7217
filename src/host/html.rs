//! Plain HTML without anything from elsewhere, and sample messages in it.

use crate::xml::escape;

/// The style of all pages.
pub(super) const STYLE: &str = "body{font-family:Verdana,Arial,sans-serif;line-height:1.5;margin:0 auto;\
    max-width:60rem;padding:1rem;color:#1a1a1a;background:#fff}\
    h1{background:#036;color:#fff;font-size:1.5rem;margin:0 0 1rem;padding:.75rem 1rem}\
    h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem;margin-bottom:.5rem}a{color:#036}\
    pre{background:#f4f4e8;border:1px solid #ccc;overflow-x:auto;padding:.75rem}\
    label{display:block;margin-top:.75rem}input,textarea{display:block;box-sizing:border-box;font:inherit;\
    max-width:30rem;padding:.25rem;width:100%}button{font:inherit;margin-top:1rem;padding:.4rem 1rem}\
    table{border-collapse:collapse}th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}\
    caption{font-weight:bold;text-align:left}i{color:#036}";

/// Nothing may be loaded or run; the style above is allowed by its hash.
pub(crate) const SECURITY_POLICY: &str = "default-src 'none'; style-src \
    'sha256-YbCEPNFSIJ1TTGP3E12bQaRZt+yM5f0u69cPXEY0Sho='; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// A page with this title and content.
pub(crate) fn page(title: &str, content: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{content}</main>\n\
         </body>\n</html>\n"
    )
}

/// A page with one sentence.
pub(super) fn message(title: &str, sentence: &str) -> String {
    page(title, &format!("<p>{}</p>\n", escape(sentence)))
}

/// The start tag of an element in a sample message.
pub(super) fn element(indent: usize, name: &str, attributes: &[(&str, &str)]) -> String {
    let attributes: String =
        attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape(value))).collect();
    format!("{:indent$}&lt;{name}{attributes}&gt;\n", "")
}

/// Its end tag.
pub(super) fn end(indent: usize, name: &str) -> String {
    format!("{:indent$}&lt;/{name}&gt;\n", "")
}

/// An element with text.
pub(super) fn leaf(indent: usize, name: &str, content: &str) -> String {
    format!("{:indent$}&lt;{name}&gt;{content}&lt;/{name}&gt;\n", "")
}

/// A list of strings, `key=value` each.
pub(super) fn list(indent: usize, name: &str, variables: &[String]) -> String {
    let mut out = element(indent, name, &[]);
    for variable in variables {
        out.push_str(&leaf(indent + 2, "string", &format!("{variable}=<i>string</i>")));
    }
    out.push_str(&end(indent, name));
    out
}
