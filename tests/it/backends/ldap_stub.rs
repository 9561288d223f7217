//! An LDAP server that says whatever a test wants: texts that end in NUL as Active Directory's do, controls that nobody asked
//! for, referrals, rubbish, silence. It keeps what it was asked. Its BER is its own, so that it shares no mistake with the library.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a client asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Bind {
        dn: String,
        password: String,
    },
    /// The filter as RFC 4515 writes it, values unescaped.
    Search {
        base: String,
        scope: u8,
        filter: String,
        attributes: Vec<String>,
    },
    Extended(String),
    Unbind,
    /// Any other operation, by the number of its tag.
    Other(u8),
}

/// One message or its absence.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A protocol operation, with these controls.
    Message(Vec<u8>, Vec<(&'static str, Vec<u8>)>),
    Raw(Vec<u8>),
    /// The connection ends.
    Close,
    /// Nothing comes, and nothing more is read, until the stub goes.
    Hang,
}

/// What was seen, in order: the connection's number (from 0), what it asked, and the controls that came with it.
pub(crate) type Seen = Vec<(usize, Asked, Vec<String>)>;

/// Serves on loopback until the process ends; its threads wait on sockets.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<(usize, Seen)>>,
}

impl Stub {
    /// `answer` gets the connection's number and what was asked.
    pub(crate) fn new(
        answer: impl Fn(usize, &Asked) -> Vec<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<(usize, Seen)>> = Arc::default();
        let (answer, kept) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                kept.lock().unwrap().0 = number + 1;
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                // A client that hangs up in the middle ends its own connection alone.
                std::thread::spawn(move || converse(number, stream.ok()?, &*answer, &kept));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().0
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().1.clone()
    }

    /// The same, which is forgotten.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap().1)
    }

    /// The DNs that were bound with, in order.
    pub(crate) fn binds(&self) -> Vec<String> {
        let dn = |asked| if let Asked::Bind { dn, .. } = asked { Some(dn) } else { None };
        self.seen().into_iter().filter_map(|(_, asked, _)| dn(asked)).collect()
    }
}

fn converse(
    number: usize,
    mut stream: TcpStream,
    answer: &dyn Fn(usize, &Asked) -> Vec<Reply>,
    seen: &Mutex<(usize, Seen)>,
) -> Option<()> {
    // An entry and its end are two writes, and the second one would wait for the first one's receipt.
    stream.set_nodelay(true).ok()?;
    loop {
        let message = read_message(&mut stream)?;
        let mut parts = elements(&message).into_iter();
        let (id, operation) = (parts.next()?.1, parts.next()?);
        let controls = parts.next().map_or(Vec::new(), |(_, controls)| {
            elements(controls).iter().map(|(_, c)| text(elements(c)[0].1)).collect()
        });
        let asked = asked(operation);
        seen.lock().unwrap().1.push((number, asked.clone(), controls));
        for reply in answer(number, &asked) {
            let bytes = match reply {
                Reply::Message(operation, controls) => {
                    let control = |(oid, value): &(&str, Vec<u8>)| {
                        tlv(0x30, &[tlv(0x04, oid.as_bytes()), tlv(0x04, value)].concat())
                    };
                    let controls: Vec<u8> = controls.iter().flat_map(control).collect();
                    let controls =
                        if controls.is_empty() { Vec::new() } else { tlv(0xa0, &controls) };
                    tlv(0x30, &[tlv(0x02, id), operation, controls].concat())
                }
                Reply::Raw(bytes) => bytes,
                Reply::Close => return None,
                Reply::Hang => loop {
                    std::thread::park();
                },
            };
            stream.write_all(&bytes).ok()?;
        }
    }
}

/// The contents of the next message.
fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    let mut length = usize::from(head[1]);
    if length >= 0x80 {
        let mut more = vec![0; length - 0x80];
        stream.read_exact(&mut more).ok()?;
        length = more.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    }
    let mut contents = vec![0; length];
    stream.read_exact(&mut contents).ok()?;
    Some(contents)
}

fn asked((tag, contents): (u8, &[u8])) -> Asked {
    let parts = || elements(contents);
    match tag {
        0x60 => Asked::Bind { dn: text(parts()[1].1), password: text(parts()[2].1) },
        0x63 => Asked::Search {
            base: text(parts()[0].1),
            scope: parts()[1].1[0],
            filter: filter(parts()[6]),
            attributes: elements(parts()[7].1).iter().map(|(_, name)| text(name)).collect(),
        },
        0x77 => Asked::Extended(text(parts()[0].1)),
        0x42 => Asked::Unbind,
        other => Asked::Other(other & 0x1f),
    }
}

/// RFC 4511, section 4.5.1.7.
fn filter((tag, contents): (u8, &[u8])) -> String {
    let all = || elements(contents).into_iter().map(filter).collect::<String>();
    let pair = |operator: &str| {
        let parts = elements(contents);
        format!("({}{operator}{})", text(parts[0].1), text(parts[1].1))
    };
    match tag {
        0xa0 => format!("(&{})", all()),
        0xa1 => format!("(|{})", all()),
        0xa2 => format!("(!{})", all()),
        0xa3 => pair("="),
        0xa5 => pair(">="),
        0xa6 => pair("<="),
        0x87 => format!("({}=*)", text(contents)),
        0xa9 => {
            let part = |tag| {
                let parts = elements(contents);
                parts.iter().find(|(t, _)| *t == tag).map_or(String::new(), |(_, part)| text(part))
            };
            format!("({}:{}:={})", part(0x82), part(0x81), part(0x83))
        }
        other => format!("(?{other:#x})"),
    }
}

/// The elements one after the other in contents that a client sent.
fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let [tag, length, rest @ ..] = bytes {
        let (length, rest) = match usize::from(*length) {
            short @ ..0x80 => (short, rest),
            long => {
                let (length, rest) = rest.split_at(long - 0x80);
                (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
        };
        let (contents, rest) = rest.split_at(length);
        found.push((*tag, contents));
        bytes = rest;
    }
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One element.
pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match contents.len() {
        short @ ..0x80 => element.push(short as u8),
        long => {
            element.push(0x84);
            element.extend((long as u32).to_be_bytes());
        }
    }
    element.extend(contents);
    element
}

/// The part of an answer that every operation's end has; `tag` is the operation's.
fn result(tag: u8, code: u8, matched: &str, said: &str) -> Reply {
    let parts = [tlv(0x0a, &[code]), tlv(0x04, matched.as_bytes()), tlv(0x04, said.as_bytes())];
    Reply::Message(tlv(tag, &parts.concat()), Vec::new())
}

pub(crate) fn bound(code: u8, said: &str) -> Reply {
    result(0x61, code, "", said)
}

pub(crate) fn done(code: u8, said: &str) -> Reply {
    result(0x65, code, "", said)
}

pub(crate) fn extended(code: u8, said: &str) -> Reply {
    result(0x78, code, "", said)
}

/// The same answer with controls.
pub(crate) fn with_controls(reply: Reply, controls: &[(&'static str, &[u8])]) -> Reply {
    let Reply::Message(operation, _) = reply else { return reply };
    Reply::Message(operation, controls.iter().map(|(oid, value)| (*oid, value.to_vec())).collect())
}

pub(crate) fn entry(dn: &str, attributes: &[(&str, &str)]) -> Reply {
    let attribute = |(name, value): &(&str, &str)| {
        let values = tlv(0x31, &tlv(0x04, value.as_bytes()));
        tlv(0x30, &[tlv(0x04, name.as_bytes()), values].concat())
    };
    let attributes: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    let parts = [tlv(0x04, dn.as_bytes()), tlv(0x30, &attributes)];
    Reply::Message(tlv(0x64, &parts.concat()), Vec::new())
}

/// A continuation reference, as AD sends them for a search from the domain's root.
pub(crate) fn reference(url: &str) -> Reply {
    Reply::Message(tlv(0x73, &tlv(0x04, url.as_bytes())), Vec::new())
}

/// The end of a search or bind elsewhere: result 10 with a referral.
pub(crate) fn referral(tag: u8, url: &str) -> Reply {
    let parts =
        [tlv(0x0a, &[10]), tlv(0x04, b""), tlv(0x04, b""), tlv(0xa3, &tlv(0x04, url.as_bytes()))];
    Reply::Message(tlv(tag, &parts.concat()), Vec::new())
}

const ANN: &str = "CN=Ann Smith,OU=Staff,DC=example,DC=com";

/// The directory of the cases in `tests/provider`: one user, whose password is `right`.
pub(crate) fn staff(asked: &Asked) -> Vec<Reply> {
    match asked {
        Asked::Bind { dn, password } => match (dn.as_str(), password.as_str()) {
            (ANN, "right") | ("CN=svc,DC=example,DC=com", "svc-password") => vec![bound(0, "")],
            _ => vec![bound(49, "comment: AcceptSecurityContext error, data 52e, v4563\0")],
        },
        Asked::Search { filter, .. } if filter.contains("(sAMAccountName=ann)") => {
            let attributes = [
                ("mail", "ann@example.com"),
                ("displayName", "Ann Smith"),
                ("userAccountControl", "512"),
            ];
            vec![entry(ANN, &attributes), done(0, "")]
        }
        Asked::Search { scope: 0, base, .. } => vec![entry(base, &[]), done(0, "")],
        Asked::Search { .. } => vec![done(0, "")],
        _ => vec![extended(2, "not here")],
    }
}
