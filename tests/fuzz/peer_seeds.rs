//! Seeds of the administrator's files, of what servers say, and of the JSON of others.

use base64::Engine as _;
use external_providers::contract::OPERATIONS;
use external_providers::provider_file::{PRESETS, example, preset};
use external_providers::soap::{Fault, FaultCode, SoapVersion};

use super::PLANTED;
use super::corpus::{files, messages, responses, some, typed};

fn texts<const N: usize>(texts: [&str; N]) -> Vec<Vec<u8>> {
    texts.map(|text| text.as_bytes().to_vec()).into()
}

pub(super) fn provider() -> Vec<Vec<u8>> {
    let mut seeds = files("tests/provider", ".toml");
    seeds.push(example().into_bytes());
    seeds.extend(PRESETS.iter().filter_map(|name| preset(name)).map(String::into_bytes));
    for line in [
        format!("password = \"{PLANTED}\""),
        format!("password = [\"{PLANTED}\"]"),
        format!("secret = \"{PLANTED}\"\ntoken = \"{PLANTED}\""),
        format!("pasword = \"{PLANTED}\""),
    ] {
        seeds.push(format!("[directories.d]\nkind = \"openldap\"\nservers = [\"ldaps://h\"]\nbase = \"dc=x\"\n{line}\n[login]\nask = [\"d\"]\n").into_bytes());
        seeds.push(
            format!("[json]\nurl = \"https://h/\"\n{line}\n[ticket]\nprovider = \"json\"\n")
                .into_bytes(),
        );
        seeds.push(format!("[service]\n{line}\n[ticket]\n[events]\nstore = \"e.sqlite\"\n[sinks.s]\nkind = \"webhook\"\nurl = \"https://h/\"\n{line}\n").into_bytes());
    }
    seeds
}

pub(super) fn statements() -> Vec<Vec<u8>> {
    texts([
        "select id, name from customers where login = :loginUsername or email = :emailFrom",
        "update customers set tickets = tickets - 1 where email = :emailFrom and tickets > 0;",
        "select 'it''s :x', \"a\"\"b\", [c]]d], `e` from customers -- :y\nwhere a = :a::int /* /* :z */ */",
        "select $tag$ :x $tag$, E'\\':x', q'[:x]' , :a, :b, :a",
        "insert into customers (name) values (:name) returning id",
        "with x as (select 1 where :a = :b) select * from x where c like '%' || :c || '%'",
        "select $\u{fffd}\0c :a, :1, #a, a#b, :b",
        "select @a, ?, $1, :1, a:b, ::c, :_d9, #hash\n",
        "select x'00', b'1', N'\u{fc}:x', U&'\\0041', 1e:5, \u{fc}:x from customers where plan->>:p ? :k",
        "exec p :a, @b = :b",
        "select id, name from customers where\0 login = :loginUsername or email = :emailFrom",
        "merge into customers using (values (:a)) as v on 1 = 1 when matched then delete",
    ])
}

pub(super) fn rules() -> Vec<Vec<u8>> {
    let rule = |kind: u8, rules: &str| {
        [&[kind], rules.as_bytes(), &b"\0Ann {subject} \"O'Neil\""[..]].concat()
    };
    let mut seeds: Vec<_> = [
        "[[rules]]\nwhen = { subject = { contains = \"refund\" } }\ndepartment = \"Billing\"\nmessage = \"Hello {subject}\"\n",
        "[[rules]]\nwhen = { any = [ { emailFrom = { ends_with = \"@x\" } }, { not = { cf_Plan = { in = [\"a\", \"b\"] } } } ] }\nrefuse = \"no, {customer.name}\"\nstop = true\n",
        "[[rules]]\nwhen = { \"customer.plan\" = { matches = \"^(a|b)+$\" }, groups = { has = \"staff\" } }\nset = { cf_Plan = \"{customer.plan}\" }\neffect = \"deduct\"\n",
        "[[rules]]\nwhen = { subject = { greater_than = 5, words = [\"a\"] } }\nallow = true\n",
        "Hello {subject}, {customer.name} {{ }} {cf_Plan}",
    ]
    .iter()
    .flat_map(|rules| [rule(0, rules), rule(2, rules)])
    .collect();
    seeds.push(rule(3, "[[rows]]\nname = \"Plan\"\nvalue = \"{customer.plan}\"\nwhen = { \"customer.name\" = { exists = true } }\n"));
    seeds.extend(
        files("tests/provider/cases", ".toml").iter().map(|text| [&[0], &text[..]].concat()),
    );
    seeds
}

fn requests_json() -> Vec<String> {
    let mut seeds = vec![
        format!("{{\"loginUsername\": \"joe\", \"loginPassword\": \"{PLANTED}\", \"cf_Serial\": \"1\"}}"),
        "{\"variables\": [{\"key\": \"subject\", \"value\": \"a\"}, {\"key\": \"subject\", \"value\": \"b\"}]}".to_owned(),
        "[{\"key\": \"subject\", \"value\": \"\\u00fc\\ud83d\\ude00\"}]".to_owned(),
        "{\"eventName\": \"TicketCreated\", \"ticketNumber\": \"123-456\", \"userPassword\": \"x\", \"a=b\": \"c\"}".to_owned(),
        "{}".to_owned(),
    ];
    let all = OPERATIONS.iter().map(|operation| {
        let inputs: Vec<_> = operation
            .inputs
            .iter()
            .map(|input| format!("\"{}\": \"{PLANTED}\"", input.name))
            .collect();
        format!("{{{}}}", inputs.join(", "))
    });
    seeds.extend(all);
    seeds
}

/// Documents for the gateway: the first byte is the operation.
pub(super) fn gateway() -> Vec<Vec<u8>> {
    let numbers = 0..u8::try_from(OPERATIONS.len()).unwrap_or(0);
    let all = requests_json();
    numbers.flat_map(|n| all.iter().map(move |json| typed(n, json))).collect()
}

pub(super) fn events() -> Vec<Vec<u8>> {
    requests_json()
        .into_iter()
        .map(|json| json.replacen('{', "{\"eventName\": \"TicketCreated\", ", 1).into_bytes())
        .chain(texts([
            "{\"eventName\": \"X\"}",
            "{\"eventName\": \"a\\nb\", \"passwort\": \"x\", \"chatID\": \"\\u2028\"}",
        ]))
        .collect()
}

pub(super) fn json() -> Vec<Vec<u8>> {
    let answers = [
        "{\"outcome\": \"allowed\", \"message\": null, \"outputs\": {\"departmentName\": \"Sales\"}}".to_owned(),
        format!("{{\"operation\": \"Authenticate\", \"outcome\": \"authenticated\", \"outputs\": [{{\"key\": \"EmailAddress\", \"value\": \"{PLANTED}\"}}]}}"),
        "{\"outcome\": \"options\", \"items\": [{\"name\": \"Plan\", \"visible\": true, \"required\": null, \"options\": [\"a\"], \"displayWithInformationLookup\": false}]}".to_owned(),
        format!("{{\"outcome\": \"{PLANTED}\", \"message\": \"{PLANTED}\"}}"),
        format!("{{\"outcome\": \"refused\", \"message\": {{\"a\": \"{PLANTED}\"}}}}"),
        "{\"outcome\": \"found\", \"outputs\": {\"Plan\": \"gold\"}}".to_owned(),
        "{\"outcome\": \"declined\", \"message\": \"no\"}".to_owned(),
        format!("[\"{PLANTED}\", 1e400, -0, tru]"),
    ];
    answers.into_iter().chain(requests_json()).map(String::into_bytes).collect()
}

pub(super) fn hashes() -> Vec<Vec<u8>> {
    texts([
        "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQwMTIzNDU2Nw==",
        "{SSHA256}MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTJzYWx0",
        "{SMD5}MTIzNDU2Nzg5MDEyMzQ1NnNhbHQ=",
        "{CRYPT}$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI",
        "$argon2id$v=19$m=19,t=2,p=0001546469724$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng",
        "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk",
        "pbkdf2_sha256$600000$salt$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
        "AQAAAAEAACcQAAAAEAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMA==",
        "W6ph5Mm5Pz8GgiULbPgzG37mj9g=\0MTIzNDU2Nzg=",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "hunter2xyz",
        "{hunter2xyz}abc",
    ])
}

pub(super) fn cookies() -> Vec<Vec<u8>> {
    let keys = "validationKey='30101052676849B0B494466B7A99656346328E8964748448' decryptionKey='AC7387D7E54B156377D81930CF237888'";
    let mut seeds: Vec<_> = [
        format!("<machineKey {keys} compatibilityMode='Framework45'/>"),
        format!("<machineKey validationKey='{PLANTED}' decryptionKey='{PLANTED},IsolateApps'/>"),
        format!("<configuration><location path='.'><system.web><httpRuntime targetFramework='4.5'/><machineKey {keys} validation='3DES' decryption='AES'/><authentication><forms name='.A' timeout='5' protection='None' domain='a.b'/></authentication></system.web></location></configuration>"),
        format!("<configuration><appSettings><add key='aspnet:UseLegacyEncryption' value='true'/></appSettings><system.web><machineKey {keys}/></system.web></configuration>"),
        format!("validationKey = \"{PLANTED}\"\ndecryptionKey = \"{PLANTED}\"\n"),
    ]
    .map(String::into_bytes)
    .into();
    let vectors = include_str!("../it/sign_on/vectors.json").lines();
    let hex = vectors.filter_map(|line| line.trim().strip_prefix("\"plain\": \""));
    // The bytes of tickets, of which any are read.
    seeds.extend(hex.map(|hex| {
        let digits: Vec<u8> =
            hex.bytes().filter_map(|b| char::from(b).to_digit(16)).map(|d| d as u8).collect();
        digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }));
    seeds
}

pub(super) fn certificates() -> Vec<Vec<u8>> {
    // Of nobody: a certificate and its key, Ed25519, for the name h.
    let both = include_str!("certificate.pem");
    let (pem, key) = both.split_at(both.find("-----BEGIN PRIVATE KEY").unwrap_or(0));
    let der = |pem: &str| {
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        base64::engine::general_purpose::STANDARD.decode(lines.collect::<String>())
    };
    let mut seeds = vec![both.as_bytes().to_vec(), [key, pem, pem].concat().into_bytes()];
    seeds.push(format!("\u{feff}text before\r\n{}", pem.replace('\n', "\r\n")).into_bytes());
    seeds.extend([pem, key].iter().map(|one| der(one).expect("base64")));
    seeds.extend(texts([
        "-----BEGIN CERTIFICATE-----\nhunter2xyz\n-----END CERTIFICATE-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "hunter2xyz",
        "<html>",
    ]));
    seeds
}

/// An element of BER, short ones.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).expect("short");
    let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [header, content].concat()
}

fn ldap_message(id: u8, tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &[&[2, 1, id], &tlv(tag, parts)])
}

fn result(id: u8, tag: u8, code: u8, text: &str) -> Vec<u8> {
    ldap_message(id, tag, &[&[0x0a, 1, code], &[4, 0], &tlv(4, &[text.as_bytes()])])
}

/// What directories say to the account's bind, its searches and the user's bind.
pub(super) fn ldap() -> Vec<Vec<u8>> {
    let attribute = |name: &str, values: &[&[u8]]| {
        let values: Vec<_> = values.iter().flat_map(|value| tlv(4, &[value])).collect();
        tlv(0x30, &[&tlv(4, &[name.as_bytes()]), &tlv(0x31, &[&values])])
    };
    let entry = |id, name: &str, attributes: &[&[u8]]| {
        ldap_message(id, 0x64, &[&tlv(4, &[name.as_bytes()]), &tlv(0x30, attributes)])
    };
    let ann = |id| {
        let (mail, shown) =
            (attribute("mail", &[b"ann@example.com"]), attribute("cn", &[b"Ann", b"A"]));
        [entry(id, "uid=ann,dc=example,dc=com", &[&mail, &shown]), result(id, 0x65, 0, "")].concat()
    };
    let group = |id| {
        [
            entry(id, "cn=staff,dc=example,dc=com", &[&attribute("cn", &[b"staff"])]),
            result(id, 0x65, 0, ""),
        ]
        .concat()
    };
    let (bound, nobody) = (result(2, 0x61, 0, ""), result(3, 0x65, 0, ""));
    let policy = tlv(
        0xa0,
        &[&tlv(
            0x30,
            &[&tlv(4, &[b"1.3.6.1.4.1.42.2.27.8.5.1"]), &tlv(4, &[&[0x30, 3, 0x81, 1, 1]])],
        )],
    );
    let refused = tlv(0x30, &[&[2, 1, 2], &tlv(0x61, &[&[0x0a, 1, 49], &[4, 0], &tlv(4, &[b"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 532, v1db1"])]), &policy]);
    let mut seeds = Vec::new();
    for kind in 0..3 {
        for rest in [
            [ann(3), bound.clone(), group(4), result(5, 0x65, 0, "")].concat(),
            [ann(3), refused.clone()].concat(),
            [ann(3), result(2, 0x61, 49, PLANTED)].concat(),
            [ann(3), result(2, 0x61, 53, "locked")].concat(),
            nobody.clone(),
            [ldap_message(3, 0x73, &[&tlv(4, &[b"ldap://other"])]), nobody.clone()].concat(),
            [ann(3), ann(3)].concat(),
            // A server that calls its entries by the password that it was given.
            [entry(3, PLANTED, &[]), result(3, 0x65, 0, ""), result(2, 0x61, 49, PLANTED)].concat(),
            result(0, 0x78, 52, "leaving"),
        ] {
            seeds.push([vec![kind], bound.clone(), rest].concat());
        }
        seeds.push([vec![kind], result(2, 0x61, 49, PLANTED)].concat());
    }
    seeds
}

/// Answers as services send them, and as nobody should.
pub(super) fn answers() -> Vec<Vec<u8>> {
    let body = responses().swap_remove(0);
    let body = String::from_utf8_lossy(&body[1..]).into_owned();
    let whole = |head: &str, body: &str| format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes();
    let length = body.len();
    let mut seeds = vec![
        whole(
            &format!("200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {length}"),
            &body,
        ),
        whole(
            &format!(
                "100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}"
            ),
            &body,
        ),
        whole("200 OK\r\nContent-Type: text/xml", &body),
        whole(
            "200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked",
            &format!("{length:x};ext=1\r\n{body}\r\n0\r\nTrailer: x\r\n\r\n"),
        ),
        whole("200 OK\r\nContent-Length: 5\r\nContent-Length: 6", "abcdef"),
        whole(
            "200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 6",
            "ffffffffffffffff\r\nabc",
        ),
        whole("204 No Content", ""),
        whole("304 Not Modified\r\nContent-Length: 10", ""),
        whole("401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0", ""),
        whole(
            "302 Found\r\nLocation: http://u:hunter2xyz@h/?x=hunter2xyz\r\nContent-Length: 0",
            "",
        ),
        whole("101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade", "abc"),
        whole(
            "500 \u{fc}\r\nContent-Type: text/html\r\nContent-Length: 30",
            "<title>hunter2xyz</title>authPW=hunter2xyz",
        ),
        b"HTTP/1.0 200 OK\nContent-Length: 3\n\nabc".to_vec(),
        b"\nHTTP/1.1 302 F\xfc\r\n/\n\r\n".to_vec(),
        b"HTTP/2 200\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        b"\x15\x03\x01\x00\x02\x02\x28".to_vec(),
        b"HTTP/1.1 200 OK\r\nX:\ty\r\n folded\r\nContent-Length: +1\r\n\r\nx".to_vec(),
    ];
    seeds.extend(some(messages("fixtures/asmx"), 2));
    seeds
}

pub(super) fn faults() -> Vec<Vec<u8>> {
    let codes = [
        FaultCode::Client,
        FaultCode::Server,
        FaultCode::VersionMismatch,
        FaultCode::MustUnderstand,
        FaultCode::Other("a:b".into()),
    ];
    let mut seeds: Vec<_> = codes
        .into_iter()
        .flat_map(|code| {
            let fault =
                Fault::new(code, format!("Server was unable. ---> <{PLANTED}> & more\n at x"));
            [(0, SoapVersion::V11), (1, SoapVersion::V12)]
                .map(|(kind, version)| typed(kind, fault.encode(version).body))
        })
        .collect();
    let twelve = format!(
        "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>x:{PLANTED}</e:Value></e:Subcode></e:Code><e:Reason><e:Text xml:lang=\"de\">{PLANTED}</e:Text><e:Text xml:lang=\"en\">b</e:Text></e:Reason><e:Node>n</e:Node><e:Role>r</e:Role><e:Detail a=\"{PLANTED}\"><x>{PLANTED}</x></e:Detail></e:Fault></e:Body></e:Envelope>"
    );
    seeds.push(typed(1, twelve));
    seeds.extend(
        responses().into_iter().filter(|seed| seed.windows(5).any(|five| five == b"Fault")),
    );
    seeds
}
