//! Seeds of the administrator's files, of what servers say, and of the JSON of others.

use base64::Engine as _;
use external_providers::contract::OPERATIONS;
use external_providers::provider_file::{PRESETS, example, preset};

use super::PLANTED;
use super::corpus::files;

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
        "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk",
        "pbkdf2_sha256$600000$salt$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=",
        "AQAAAAEAACcQAAAAEAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMA==",
        "W6ph5Mm5Pz8GgiULbPgzG37mj9g=\0MTIzNDU2Nzg=",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "hunter2xyz",
        "{hunter2xyz}abc",
    ])
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
