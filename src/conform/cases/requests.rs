//! Requests in all forms in which they may come: actions, charsets, envelopes, what is absent, text.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Check, Expect::*, any, v11, v12};
use crate::conform::judgement::Needs;
use crate::conform::message::{AUTH, Encoding, Message};
use crate::contract::{Authenticate, Operation as _};
use crate::soap::FaultCode::{Client, MustUnderstand, Server, VersionMismatch};

pub(super) const CASES: &[Case] = cases! {
    4 1 Should C6 "A SOAPAction without quotes is taken as one with" => v11(|m| m.soap_action(&m.action.clone()), Same);
    4 2 Should C6 "Without a SOAPAction, the Body's first element decides" => v11(|m| m.header("SOAPAction", None), Same);
    4 3 Should C6 "An unknown SOAPAction is a Client fault, whatever the body says" => v11(|m| m.soap_action("\"urn:conform/Unknown\""), Fault(&[Client]));
    4 6 Should C6 "SOAPAction is URL-decoded before it is compared" => v11(|m| m.soap_action(&encoded(&m.action)), Same);
    4 7 Should C6 "Where the body is of another operation than the SOAPAction, nobody is let in" => v11(|m| m.rename("ConformUnknown"), Shut);
    4 8 Should C6 "In SOAP 1.2, the body decides where there is no action" => v12(|m| m.action_parameter(None), Same);
    4 9 Should A4 "In SOAP 1.2, an unknown action is ignored: the body decides" => v12(|m| m.action_parameter(Some("urn:conform/Unknown")), Same);
    4 10 Should A4 "In SOAP 1.2, a SOAPAction header is ignored" => v12(|m| m.soap_action("\"urn:conform/Unknown\""), Same);

    5 2 Should A4 "The charset may stand in quotes and in capitals" => v11(|m| m.content_type("text/xml; charset=\"UTF-8\""), Same);
    5 3 Should A4 "A request in ISO-8859-1 is read in the charset of its header, whatever its XML declaration says" => v11(|m| { m.content_type("text/xml; charset=iso-8859-1"); m.encoding = Encoding::Latin1; m.add("<string>conform=é</string>"); }, Read);
    5 4 Should A4 "A request in UTF-16 is read" => v11(|m| { m.content_type("text/xml; charset=utf-16"); m.encoding = Encoding::Utf16; }, Read);
    5 5 Should C6 "A byte order mark before the request does no harm" => any(|m| m.body.insert(0, '\u{feff}'), Same);
    5 6 Should A4 "A request of text/xml without a charset is read" => v11(|m| m.content_type("text/xml"), Same);
    5 7 Should A4 "Bytes that are not UTF-8 are read as U+FFFD, and refuse nothing" => v11(|m| { m.encoding = Encoding::Latin1; m.add("<string>conform=é</string>"); }, Same);
    5 8 Should C6 "Another content type is refused: HTTP 415, empty body" => v11(|m| m.content_type("text/plain"), Empty(415));
    5 9 Should C6 "A request without a content type is refused: HTTP 415, empty body" => any(|m| m.header("Content-Type", None), Empty(415));

    6 1 Should A5 "Prefixes on the operation's elements, as zeep, PHP and gSOAP write them, are read as none are" => any(prefixed, Same);
    6 2 Should A4 "The envelope may have any prefix" => any(|m| { m.replace("soap:", "SOAP-ENV:"); m.replace("xmlns:soap=", "xmlns:SOAP-ENV="); }, Same);
    6 3 Should A5 "The XML declaration may be missing" => any(|m| m.replace("<?xml version=\"1.0\" encoding=\"utf-8\"?>", ""), Same);
    6 4 Should A4 "White space and comments between elements do no harm" => any(|m| { m.replace("<inputs>", "\n  <inputs>\n    <!-- conform -->\n    "); m.replace("</inputs>", "\n  </inputs>\n"); }, Same);
    6 5 Should C6 "Unknown elements are ignored" => any(|m| m.replace("<InputVariables>", "<Unknown><a>b</a></Unknown><InputVariables>"), Same);
    6 6 Should A4 "Unknown attributes are ignored" => any(|m| m.replace("<inputs>", "<inputs site=\"1\">"), Same);
    6 7 Should C6 "A soap:Header that need not be understood is ignored" => any(|m| headed(m, ""), Same);
    6 8 Should C6 "A soap:Header that must be understood is a MustUnderstand fault" => any(|m| headed(m, " soap:mustUnderstand=\"1\""), Fault(&[MustUnderstand]));
    6 9 Should C6 "Two lists of variables are read as one" => any(|m| { m.auth(""); m.replace("</inputs>", &format!("<InputVariables><string>authPW={AUTH}</string></InputVariables></inputs>")); }, Read);
    6 10 Should A4 "Of two elements in the Body the first counts" => any(|m| m.replace("</soap:Body>", "<Other xmlns=\"urn:conform\" /></soap:Body>"), Same);
    6 11 Should C6 "An envelope of another namespace is a VersionMismatch fault" => any(|m| { m.replace("http://schemas.xmlsoap.org/soap/envelope/", "urn:conform"); m.replace("http://www.w3.org/2003/05/soap-envelope", "urn:conform"); }, Fault(&[VersionMismatch]));
    6 12 Should A4 "An envelope without a Body is a Client fault" => any(|m| m.element("soap:Body", ""), Fault(&[Client]));
    6 13 Should C2 "Variables in another namespace than the service's are not read" => any(|m| m.replace("<InputVariables>", "<InputVariables xmlns=\"urn:conform\">"), Shut);
    6 14 Should A4 "xsi:type on a variable does no harm" => any(|m| m.replace("<string>", "<string xsi:type=\"xsd:string\">"), Same);

    7 1 Should C6 "An empty list of variables is answered as a wrong password is" => any(|m| m.element("InputVariables", "<InputVariables />"), Denied);
    7 3 Should C6 "A list of variables that is absent is answered as a wrong password is" => any(|m| m.element("InputVariables", ""), Denied);
    7 4 Must C6 "A request without inputs lets nobody in" => any(|m| m.element("inputs", ""), Shut);
    7 5 Should A4 "A variable that is nil is a Server fault" => any(|m| m.add("<string xsi:nil=\"true\" />"), Fault(&[Server]));
    7 6 Should C3 "A variable without = is a Server fault" => any(|m| m.add("<string>conform</string>"), Fault(&[Server]));
    7 7 Should A4 "A variable with an empty key does no harm" => any(|m| m.add("<string>=conform</string>"), Same);
    7 8 Should C3 "Variables that are left out are answered with a result, not with a fault" => any(|m| m.element("InputVariables", &format!("<InputVariables><string>authPW={AUTH}</string></InputVariables>")), AnyResult);

    8 1 Should C5 "Variables are read as they were sent: all, each time, in order; other alphabets, escapes, spaces, emoji" => Check::Echo(TEXTS, &["conform=äöü ß € \u{5e9}\u{5dc} 漢", "conform=a & b <c> &amp;", "conform=\"a\" 'b'", "conform=a\tb\nc", "conform=  a  b  ", "conform=\u{1f600}\u{10348}", "conform=e\u{301} \u{200d} \u{a0}", "conform_b=2", "conform_a=1"]);
    8 8 Should A4 "Numeric references are read" => any(|m| m.auth(&format!("<string>auth&#80;&#x57;={AUTH}</string>")), Read);
    8 9 Should A4 "CDATA is read" => any(|m| m.auth(&format!("<string><![CDATA[authPW=]]>{AUTH}</string>")), Read);
    8 10 Should C4 "A space behind the web service password is part of it, and wrong" => any(|m| m.auth(&format!("<string>authPW={AUTH} </string>")), Shut);
    8 11 Should A4 "A character that XML cannot hold is refused: HTTP 400, empty body" => any(|m| m.add("<string>conform=&#1;</string>"), Empty(400));
    8 13 Should C6 "Markup inside of a variable is refused: HTTP 400, empty body" => any(|m| m.add("<string>conform=a<b />c</string>"), Empty(400));
    8 14 Should A4 "A name in CDATA and numeric references is read: the user is let in" => Check::Call(Authenticate::NAME, Needs::Entry, referenced, |_, answer| match answer.is_yes() {
        true => Ok(()),
        false => Err(format!("Authentication=OK is due; it answered {}", answer.said).into()),
    });
};

/// Of 8.1: one that is dropped, cut, trimmed or read twice is missed.
const TEXTS: &str = "<string>conform=äöü ß € \u{5e9}\u{5dc} 漢</string>\
    <string>conform=a &amp; b &lt;c&gt; &amp;amp;</string><string>conform=\"a\" 'b'</string>\
    <string>conform=a\tb\r\nc</string><string>conform=  a  b  </string>\
    <string>conform=\u{1f600}\u{10348}</string><string>conform=e\u{301} \u{200d} \u{a0}</string>\
    <string>conform_b=2</string><string>conform_a=1</string>";

fn prefixed(message: &mut Message) {
    let wrapper = message.wrapper().to_owned();
    let names = [wrapper.as_str(), "inputs", "InputVariables", "string"];
    for name in names {
        for end in [" ", ">"] {
            message.replace(&format!("<{name}{end}"), &format!("<t:{name}{end}"));
        }
        message.replace(&format!("</{name}>"), &format!("</t:{name}>"));
    }
    message.replace(&format!("<t:{wrapper} xmlns="), &format!("<t:{wrapper} xmlns:t="));
}

/// With a header of nobody's.
fn headed(message: &mut Message, attribute: &str) {
    let header =
        format!("<soap:Header><T xmlns=\"urn:conform\"{attribute}>x</T></soap:Header><soap:Body>");
    message.replace("<soap:Body>", &header);
}

/// The action in quotes, its last character percent-encoded.
fn encoded(action: &str) -> String {
    let (start, last) = action.split_at(action.len().saturating_sub(1));
    let last: String = last.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("\"{start}{last}\"")
}

/// The name's entry: its key in CDATA, the name in references.
fn referenced(message: &mut Message) {
    let Some((_, name)) = message.body.split_once("<string>loginUsername=") else { return };
    let name = name.split("</string>").next().unwrap_or_default().to_owned();
    let references: String =
        unescape(&name).chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
    message.replace(
        &format!("<string>loginUsername={name}</string>"),
        &format!("<string><![CDATA[loginUsername=]]>{references}</string>"),
    );
}

fn unescape(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (escape, mark)| text.replace(escape, mark))
}
