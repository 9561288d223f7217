//! A directory of one user, as far as logins ask it: binds, and searches for what the filter holds.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

const USER: &str = "CN=Ann Smith,OU=Staff,DC=example,DC=com";
const ATTRIBUTES: [(&str, &str); 4] = [
    ("sAMAccountName", "ann"),
    ("mail", "ann@example.com"),
    ("displayName", "Ann Smith"),
    ("userAccountControl", "512"),
];

/// Where it listens, until the process ends.
pub(super) fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || converse(stream.unwrap()));
        }
    });
    address
}

/// Ends with the connection.
fn converse(mut stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).ok()?;
        let mut length = usize::from(head[1]);
        if length >= 0x80 {
            let mut long = vec![0; length - 0x80];
            stream.read_exact(&mut long).ok()?;
            length = long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        }
        let mut message = vec![0; length];
        stream.read_exact(&mut message).ok()?;
        let (id, operation) = message.split_at(2 + usize::from(message[1]));
        let holds = |text: &str| memchr::memmem::find(operation, text.as_bytes()).is_some();
        let mut send =
            |operation: Vec<u8>| stream.write_all(&element(0x30, &[id, &operation].concat())).ok();
        match operation[0] {
            0x60 => {
                let is_right = match holds(USER) {
                    true => holds("right"),
                    false => holds("CN=svc,DC=example,DC=com") && holds("svc-password"),
                };
                let text =
                    "80090308: LdapErr: DSID-0C0903A9, AcceptSecurityContext error, data 52e";
                let code = if is_right { 0 } else { 49 };
                send(result(0x61, code, if is_right { "" } else { text }))?;
            }
            0x63 => {
                let is_ann = holds("ann") && !holds("nobody");
                if is_ann && holds("OU=Staff") {
                    send(entry())?;
                }
                send(result(0x65, 0, ""))?;
            }
            0x42 => return None,
            // Whatever else there is, it cannot do.
            other => send(result(other + 1, 53, ""))?,
        }
    }
}

fn entry() -> Vec<u8> {
    let attribute = |(name, value): &(&str, &str)| {
        let values = element(0x31, &element(0x04, value.as_bytes()));
        element(0x30, &[element(0x04, name.as_bytes()), values].concat())
    };
    let attributes: Vec<u8> = ATTRIBUTES.iter().flat_map(attribute).collect();
    element(0x64, &[element(0x04, USER.as_bytes()), element(0x30, &attributes)].concat())
}

fn result(tag: u8, code: u8, text: &str) -> Vec<u8> {
    let parts = [element(0x0a, &[code]), element(0x04, b""), element(0x04, text.as_bytes())];
    element(tag, &parts.concat())
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, length[0], length[1]], contents].concat()
}
