//! A browser, as far as it matters: cookies are kept, redirects are not followed.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What a `Set-Cookie` says of a cookie, its value first.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"));
        lines
            .filter_map(|(_, line)| line.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, v)| v)
    }

    /// The value of the hidden field.
    pub(super) fn token(&self) -> &str {
        let (_, rest) = self.body.split_once("name=\"token\" value=\"").expect("a form");
        rest.split_once('"').unwrap().0
    }
}

/// Sends bytes as they are, and reads the answer to its end.
pub(super) fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    // A host that answers early may close before all is sent.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

/// Somebody with a browser.
pub(super) struct Visitor {
    address: SocketAddr,
    pub(super) cookies: BTreeMap<String, String>,
    /// More headers, each with its end.
    pub(super) headers: String,
}

impl Visitor {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), headers: String::new() }
    }

    pub(super) fn ask(&mut self, method: &str, target: &str, body: &str) -> Answer {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let kind = "application/x-www-form-urlencoded";
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: login.example.com\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n{}\r\n{body}",
            cookies.join("; "),
            body.len(),
            self.headers
        );
        let answer = send(self.address, request.as_bytes());
        for (_, line) in
            answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case("set-cookie"))
        {
            let (key, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(key),
                _ => self.cookies.insert(key.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    pub(super) fn get(&mut self, target: &str) -> Answer {
        self.ask("GET", target, "")
    }

    pub(super) fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask("POST", target, &body)
    }

    /// Opens the page, fills in the form, and sends it.
    pub(super) fn log_in(&mut self, target: &str, name: &str, password: &str) -> Answer {
        let form = self.get(target);
        self.fill_in(&form, target, name, password)
    }

    /// Sends a form that is open.
    pub(super) fn fill_in(
        &mut self,
        form: &Answer,
        target: &str,
        name: &str,
        password: &str,
    ) -> Answer {
        let token = form.token();
        self.post(target, &[("token", token), ("user_name", name), ("password", password)])
    }
}
