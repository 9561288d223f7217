//! Requests in all forms in which they may come: actions, charsets, envelopes, what is absent, text.

use crate::conform::Case;
use crate::conform::case::{cases, law::*};
use crate::conform::judge::{Check, Expect::*, Soap};
use crate::conform::message::{AUTH, Encoding, Message};
use crate::soap::FaultCode::{Client, MustUnderstand, Server, VersionMismatch};

pub(super) const CASES: &[Case] = cases! {
    4 1 Should C6 "A SOAPAction without quotes is taken as one with" => v11(|m| m.soap_action(&m.action.clone()), Same);
    4 2 Should C6 "Without a SOAPAction, the Body's first element decides" => v11(|m| m.header("SOAPAction", None), Same);
    4 3 Should C6 "An unknown SOAPAction is a Client fault, whatever the body says" => v11(|m| m.soap_action("\"urn:conform/Unknown\""), Fault(&[Client]));
    4 4 Should C6 "An empty SOAPAction is a Client fault" => v11(|m| m.soap_action("\"\""), Fault(&[Client]));
    4 5 Should C6 "SOAPAction is compared exactly, upper and lower case apart" => v11(|m| m.soap_action(&format!("\"{}\"", m.action.to_uppercase())), Fault(&[Client]));
    4 6 Should C6 "SOAPAction is URL-decoded before it is compared" => v11(|m| m.soap_action(&format!("\"{}\"", m.action.replace(':', "%3A"))), Same);
    4 7 Should C6 "SOAPAction decides even against the body, whose other element is not read" => v11(|m| m.rename("ConformUnknown"), Shut);
    4 8 Should C6 "In SOAP 1.2, the body decides where there is no action" => v12(|m| m.action_parameter(None), Same);
    4 9 Should A4 "In SOAP 1.2, an unknown action is ignored: the body decides" => v12(|m| m.action_parameter(Some("urn:conform/Unknown")), Same);
    4 10 Should A4 "In SOAP 1.2, a SOAPAction header is ignored" => v12(|m| m.soap_action("\"urn:conform/Unknown\""), Same);

    5 1 Must C5 "UTF-8 is read as such: letters of other alphabets arrive" => Check::Echo("<string>conform=äöü ß € \u{5e9}\u{5dc} 漢</string>", &["conform=äöü ß € \u{5e9}\u{5dc} 漢"]);
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
    6 3 Should A5 "The XML declaration may be written as other clients do, or be missing" => any(|m| m.replace("<?xml version=\"1.0\" encoding=\"utf-8\"?>", ""), Same);
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

    7 1 Should C6 "An empty list of variables lets nobody in, and is not a fault" => any(|m| m.element("InputVariables", "<InputVariables />"), Denied);
    7 2 Should C6 "A list of variables that is nil is an empty one" => any(|m| m.element("InputVariables", "<InputVariables xsi:nil=\"true\" />"), Denied);
    7 3 Should C6 "A list of variables that is absent is an empty one" => any(|m| m.element("InputVariables", ""), Denied);
    7 4 Must C6 "A request without inputs lets nobody in" => any(|m| m.element("inputs", ""), Shut);
    7 5 Should A4 "A variable that is nil is a Server fault" => any(|m| m.add("<string xsi:nil=\"true\" />"), Fault(&[Server]));
    7 6 Should C3 "A variable without = is a Server fault" => any(|m| m.add("<string>conform</string>"), Fault(&[Server]));
    7 7 Should A4 "A variable with an empty key does no harm" => any(|m| m.add("<string>=conform</string>"), Same);
    7 8 Should C3 "Variables that are left out are answered with a result, not with a fault" => any(|m| m.element("InputVariables", &format!("<InputVariables><string>authPW={AUTH}</string></InputVariables>")), AnyResult);

    8 1 Must C5 "&amp;, &lt; and &gt; are read as what they stand for, once" => Check::Echo("<string>conform=a &amp; b &lt;c&gt; &amp;amp;</string>", &["conform=a & b <c> &amp;"]);
    8 2 Must C5 "Quotes and apostrophes stand for themselves" => Check::Echo("<string>conform=\"a\" 'b'</string>", &["conform=\"a\" 'b'"]);
    8 3 Must A4 "Tabs and line feeds in a value are kept" => Check::Echo("<string>conform=a\tb\nc</string>", &["conform=a\tb\nc"]);
    8 4 Must A4 "A carriage return before a line feed is read as XML says: the line feed stays" => Check::Echo("<string>conform=a\r\nb</string>", &["conform=a\nb"]);
    8 5 Must A4 "Spaces at the ends of a value are kept" => Check::Echo("<string>conform=  a  b  </string>", &["conform=  a  b  "]);
    8 6 Must C5 "Characters beyond the first plane are kept (emoji)" => Check::Echo("<string>conform=\u{1f600}\u{10348}</string>", &["conform=\u{1f600}\u{10348}"]);
    8 7 Should A4 "Combined characters are kept as they came, and not normalised" => Check::Echo("<string>conform=e\u{301} \u{200d} \u{a0}</string>", &["conform=e\u{301} \u{200d} \u{a0}"]);
    8 8 Should A4 "Numeric references are read" => any(|m| m.auth(&format!("<string>auth&#80;&#x57;={AUTH}</string>")), Read);
    8 9 Should A4 "CDATA is read" => any(|m| m.auth(&format!("<string><![CDATA[authPW=]]>{AUTH}</string>")), Read);
    8 10 Should C4 "A space behind the web service password is part of it, and wrong" => any(|m| m.auth(&format!("<string>authPW={AUTH} </string>")), Shut);
    8 11 Should A4 "A character that XML cannot hold is refused: HTTP 400, empty body" => any(|m| m.add("<string>conform=&#1;</string>"), Empty(400));
    8 12 Should A4 "A & that begins nothing is refused: HTTP 400, empty body" => any(|m| m.add("<string>conform=a & b</string>"), Empty(400));
    8 13 Should C6 "Markup inside of a variable is refused: HTTP 400, empty body" => any(|m| m.add("<string>conform=a<b />c</string>"), Empty(400));
};

const fn any(vary: fn(&mut Message), expect: crate::conform::judge::Expect) -> Check {
    Check::Vary(Soap::Either, vary, expect)
}

const fn v11(vary: fn(&mut Message), expect: crate::conform::judge::Expect) -> Check {
    Check::Vary(Soap::V11, vary, expect)
}

const fn v12(vary: fn(&mut Message), expect: crate::conform::judge::Expect) -> Check {
    Check::Vary(Soap::V12, vary, expect)
}

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
