//! The line for a shell that sends a message again: passwords by variable or file, never in it.

use super::Shell;
use super::message::{
    AUTH_CUT, AUTH_SWAPPED, Delivery, Encoding, FILL, Message, PASSWORD, REGISTRATION, SECRETS,
    split,
};
use crate::contract::{OperationInfo, SideEffect};

/// How often two requests are sent at the same time.
const PAIRS: usize = 3;

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
        for (name, value) in &message.headers {
            curl.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
        }
        let has = |name: &str| message.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let is_post = message.method == "POST";
        if is_post && !has("Content-Type") {
            curl.push_str(" -H 'Content-Type:'");
        }
        match message.delivery {
            Delivery::Expecting | Delivery::Paused if has("Expect") => {}
            Delivery::Expecting | Delivery::Paused => curl.push_str(" -H 'Expect: 100-continue'"),
            Delivery::Chunked => curl.push_str(" -H 'Expect:' -H 'Transfer-Encoding: chunked'"),
            Delivery::Whole | Delivery::Twice => curl.push_str(" -H 'Expect:'"),
        }
        let (path, own, ours) = split(&message.target);
        let address = quoted(&format!("{origin}{path}"));
        let twice = message.delivery == Delivery::Twice;
        let to = match (own.is_some(), twice) {
            (false, false) => address.clone(),
            (false, true) => format!("-v {address} {address}"),
            // curl reads it as a file; [ and { are not patterns.
            (true, false) if is_post => "-g -K /dev/fd/3".to_owned(),
            (true, true) if is_post => "-g -v -K /dev/fd/3".to_owned(),
            (true, _) => "-g -K -".to_owned(),
        };
        let mut line = match is_post {
            true => format!("{} | {curl} --data-binary @- {to}", self.printf(message)),
            false => format!("{curl} {to}"),
        };
        if own.is_some() {
            // The service's own query may be a secret, and arguments of curl are seen by all.
            let times = if twice { "1 2" } else { "1" };
            let query = "${QUERY:?the query of the address}";
            let url = format!(
                "for url in {times}; do printf 'url = \"%s?%s{ours}\"\\n' {address} \"{query}\"; done"
            );
            line = match is_post {
                true => format!("{url} | {{ {{ {line}; }} 3<&0; }}"),
                false => format!("{url} | {line}"),
            };
        }
        self.notes(message) + &line
    }

    /// What is to be known before a line is run, as a command that does nothing.
    fn notes(&self, message: &Message) -> String {
        let info = OperationInfo::named(message.operation);
        let changes = info.is_some_and(|info| info.side_effect == SideEffect::Mutating);
        let mut notes = String::new();
        if changes {
            notes +=
                &format!(": 'this calls {} again, which changes something'; ", message.operation);
        }
        if self.curl.iter().any(|option| option == "--insecure") && !message.body.is_empty() {
            notes += ": 'curl does not know the fingerprint: this sends the passwords to whoever answers'; ";
        }
        notes
    }

    /// Sends two messages at the same time, several times.
    pub(super) fn pairs(&self, origin: &str, one: &Message, other: &Message) -> String {
        let (one, other) = (self.line(origin, one), self.line(origin, other));
        let times: Vec<String> = (1..=PAIRS).map(|number| number.to_string()).collect();
        format!("for n in {}; do {{ {one}; }} & {{ {other}; }} & done; wait", times.join(" "))
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
        if mark == REGISTRATION {
            return "od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'".to_owned();
        }
        let source = if mark == PASSWORD { &self.password } else { &self.auth };
        let changed = match mark {
            AUTH_SWAPPED => " | tr 'a-zA-Z' 'A-Za-z'",
            AUTH_CUT => " | sed 's/.$//'",
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
