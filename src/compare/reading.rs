//! A request, read once: what finding, explaining and keeping go by.

use super::canonical::{Canonical, body_element};
use super::tree::Tree;
use crate::http::{HttpRequest, media_type};
use crate::soap::SoapVersion;
use crate::xml::charset::{Charset, parameter};

/// What a request says.
pub(crate) struct Reading {
    /// How it is compared.
    pub(crate) canonical: Canonical,
    /// The version that its envelope announces.
    version: Option<SoapVersion>,
    /// The local name of the first element in the envelope's body.
    first: Option<String>,
}

impl Reading {
    /// Reads a request with this body, its own or none.
    pub(crate) fn new(request: &HttpRequest, body: &[u8]) -> Self {
        let content_type = request.headers.get("Content-Type").unwrap_or_default();
        let text = Charset::of_request(&content_type).decode(body).ok();
        // What follows the first element may be broken: it was recorded for that.
        let read = text.as_deref().filter(|text| !text.is_empty()).map(Tree::read_to_error);
        let root = read.as_ref().and_then(|(tree, _)| Some((tree, tree.root()?.1)));
        let named = root.filter(|(tree, envelope)| {
            envelope.local() == "Envelope" && (envelope.is_whole() || tree.body().is_some())
        });
        let version = named.and_then(|(tree, root)| SoapVersion::of_namespace(tree.uri(root)));
        let first = named.filter(|_| version.is_some()).and_then(|(tree, _)| body_element(tree));
        let first = first.map(|(_, local)| local.to_owned());
        let tree = read.and_then(|(tree, is_whole)| is_whole.then_some(tree));
        let canonical = Canonical::of(request, body, &content_type, text.as_deref(), tree);
        Self { canonical, version, first }
    }

    /// The operation on the wire and the version of SOAP; nothing of what is not a SOAP call.
    ///
    /// A `SOAPAction` header decides on the operation, as in ASMX (wsdl/ASMX.md, section 4); else the
    /// first element of the body does; else the `action` parameter of SOAP 1.2.
    pub(crate) fn call(&self, request: &HttpRequest) -> (Option<String>, Option<SoapVersion>) {
        if request.method != "POST" {
            return (None, None);
        }
        let content_type = request.headers.get("Content-Type").unwrap_or_default();
        let soap_action = request.headers.get("SOAPAction");
        let version = self.version.or(SoapVersion::of_media_type(media_type(&content_type)));
        if version.is_none() && soap_action.is_none() {
            return (None, None);
        }
        let named = |action: &str| action_name(action.trim().trim_matches('"'));
        let operation = soap_action
            .as_deref()
            .filter(|_| version != Some(SoapVersion::V12))
            .and_then(named)
            .or_else(|| self.first.clone())
            .or_else(|| parameter(&content_type, "action").as_deref().and_then(named));
        (operation, version.or(Some(SoapVersion::V11)))
    }
}

/// The operation that an action names: its last word.
pub(crate) fn action_name(action: &str) -> Option<String> {
    let name = action.rsplit(['/', '#', ':']).next().unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;

    #[test]
    fn operations_are_found_where_asmx_finds_them() {
        let body = "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body>\
                    <p:InBody xmlns:p=\"u\"/></e:Body></e:Envelope>";
        let call = |content_type: &str, action: Option<&str>, body: &str| {
            let mut headers = Headers::new();
            headers.push("Content-Type", content_type.to_owned());
            if let Some(action) = action {
                headers.push("SOAPAction", action.to_owned());
            }
            let body = body.as_bytes().to_vec();
            let request = HttpRequest { method: "POST".into(), target: "/".into(), headers, body };
            Reading::new(&request, &request.body).call(&request)
        };
        let (v11, v12) = (Some(SoapVersion::V11), Some(SoapVersion::V12));
        assert_eq!(
            call("text/xml", Some("\"http://x/InHeader\""), "<broken"),
            (Some("InHeader".into()), v11)
        );
        assert_eq!(
            call("application/soap+xml", Some("urn:x#A"), body),
            (Some("InBody".into()), v12)
        );
        assert_eq!(call("application/soap+xml; action=\"u/A\"", None, ""), (Some("A".into()), v12));
        assert_eq!(call("text/xml", None, body), (Some("InBody".into()), v12));
        assert_eq!(call("text/plain", None, "x"), (None, None));
    }
}
