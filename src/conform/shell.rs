//! The line for a shell that sends a message again: passwords by variable or file, never in it.

use super::Shell;
use super::message::{
    AUTH, AUTH_CUT, AUTH_SWAPPED, Delivery, Encoding, FILL, Message, PASSWORD, SECRETS,
};

/// How often two requests are sent at the same time.
const PAIRS: usize = 4;

impl Shell {
    /// Sends a message with curl. `origin` is scheme, host and port of the service.
    pub(super) fn line(&self, origin: &str, message: &Message) -> String {
        let mut curl = format!("curl -sS -i --max-time {}", self.max_time.as_secs().max(1));
        for option in &self.curl {
            curl.push(' ');
            curl.push_str(&quoted(option));
        }
        if message.http == "HTTP/1.0" {
            curl.push_str(" --http1.0");
        }
        let is_post = message.method == "POST";
        if !is_post {
            curl.push_str(&format!(" -X {}", message.method));
        }
        for (name, value) in &message.headers {
            curl.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
        }
        let has = |name: &str| message.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if is_post && !has("Content-Type") {
            curl.push_str(" -H 'Content-Type:'");
        }
        match message.delivery {
            Delivery::Expecting | Delivery::Paused => {
                if !has("Expect") {
                    curl.push_str(" -H 'Expect: 100-continue'");
                }
            }
            Delivery::Chunked => curl.push_str(" -H 'Expect:' -H 'Transfer-Encoding: chunked'"),
            Delivery::Whole | Delivery::Twice => curl.push_str(" -H 'Expect:'"),
        }
        let url = self.url(origin, &message.target);
        if message.delivery == Delivery::Twice {
            curl.push_str(&format!(" -v {url}"));
        }
        if !is_post && message.body.is_empty() {
            return format!("{curl} {url}");
        }
        format!("{} | {curl} --data-binary @- {url}", self.printf(message))
    }

    /// Sends two messages at the same time, several times.
    pub(super) fn pairs(&self, origin: &str, one: &Message, other: &Message) -> String {
        let (one, other) = (self.line(origin, one), self.line(origin, other));
        let times: Vec<String> = (1..=PAIRS).map(|number| number.to_string()).collect();
        format!("for n in {}; do {{ {one}; }} & {{ {other}; }} & done; wait", times.join(" "))
    }

    /// The address; a query of the service's own may be a secret.
    fn url(&self, origin: &str, target: &str) -> String {
        match target.split_once('?') {
            Some((path, _)) if self.query && !target.ends_with("?WSDL") => {
                format!(
                    "{}\"?${{QUERY:?the query of the address}}\"",
                    quoted(&format!("{origin}{path}"))
                )
            }
            _ => quoted(&format!("{origin}{target}")),
        }
    }

    /// Writes the body: `printf` is a part of the shell, so that its arguments are in no list of
    /// processes.
    fn printf(&self, message: &Message) -> String {
        let (mut format, mut arguments) = (String::new(), String::new());
        let mut fills = message.fills.iter();
        for c in message.body.chars() {
            match c {
                FILL => {
                    let (pattern, count) = fills.next().copied().unwrap_or_default();
                    let pattern = quoted(pattern);
                    format.push_str("%s");
                    arguments.push_str(&format!(
                        " \"$(yes {pattern} | head -n {count} | tr -d '\\n')\""
                    ));
                }
                c if SECRETS.contains(&c) => {
                    format.push_str("%s");
                    arguments.push_str(&format!(" \"$({})\"", self.secret(c)));
                }
                '%' => format.push_str("%%"),
                '\\' => format.push_str("\\\\"),
                '\n' => format.push_str("\\n"),
                '\'' => format.push_str("'\\''"),
                ' '..='~' => format.push(c),
                c => {
                    let mut bytes = [0; 4];
                    for byte in c.encode_utf8(&mut bytes).bytes() {
                        format.push_str(&format!("\\{byte:03o}"));
                    }
                }
            }
        }
        let convert = match message.encoding {
            Encoding::Utf8 => "",
            Encoding::Utf16 => " | iconv -f UTF-8 -t UTF-16",
            Encoding::Latin1 => " | iconv -f UTF-8 -t ISO-8859-1",
        };
        format!("printf '{format}'{arguments}{convert}")
    }

    /// Prints a secret as it stands in XML.
    fn secret(&self, mark: char) -> String {
        let source = if mark == PASSWORD { &self.password } else { &self.auth };
        let changed = match mark {
            AUTH_SWAPPED => " | tr 'a-zA-Z' 'A-Za-z'",
            AUTH_CUT => " | sed 's/.$//'",
            AUTH | PASSWORD => "",
            _ => "",
        };
        format!("printf %s {source}{changed} | sed 's/&/\\&amp;/g; s/</\\&lt;/g; s/>/\\&gt;/g'")
    }
}

/// A word for a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
