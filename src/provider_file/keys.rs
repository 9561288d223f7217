//! Every key of the provider's file as data: what drives reading, the example and the schema.

mod kinds;
mod servers;

use crate::settings::{Key, Shape, forward_keys, shared_keys};

/// The sources of the password that is accepted beside the web service's own.
pub(super) const PREVIOUS: [&str; 4] = [
    "previous_password_env",
    "previous_password_file",
    "previous_password_credential",
    "previous_password",
];

/// How often a section may stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Once, `[ticket]`.
    One,
    /// Under any number of names, `[lookups.customer]`; here is one to show.
    Named(&'static str),
    /// As a list, `[[examples]]`.
    List,
}

/// A section of the file.
pub(super) struct SectionKeys {
    pub(super) name: &'static str,
    pub(super) count: Count,
    pub(super) doc: &'static str,
    pub(super) keys: Vec<&'static Key>,
}

/// All sections, in the order in which they are shown.
pub(super) fn sections() -> Vec<SectionKeys> {
    let section = |name, count, doc, keys: &'static [Key]| SectionKeys {
        name,
        count,
        doc,
        keys: keys.iter().collect(),
    };
    let one = |name, doc, keys| section(name, Count::One, doc, keys);
    let named = |name, example, doc, keys| section(name, Count::Named(example), doc, keys);
    vec![
        one(
            "service",
            "What the help desk calls: enter it on the External Providers page.",
            &SERVICE,
        ),
        one("names", "Names against which misspelt ones in rules are found.", &NAMES),
        named(
            "directories",
            "staff",
            "A directory that knows users: LDAP, Active Directory.",
            &servers::DIRECTORY,
        ),
        named("databases", "billing", "A database that look-ups are made in.", &servers::DATABASE),
        named(
            "lookups",
            "customer",
            "A statement that reads. Its columns are names in conditions and texts: customer.plan.",
            &servers::LOOKUP,
        ),
        named(
            "effects",
            "deduct",
            "A statement that changes something when a ticket or chat starts. It runs last, at most \
             once, and only if the rest of the answer stands.",
            &servers::EFFECT,
        ),
        named("logins", "shop", "A login from a look-up, with a hashed password.", &servers::LOGIN),
        one("login", "Who may log in.", &kinds::LOGIN),
        one("custom_fields", "Which fields a form shows.", &kinds::CUSTOM_FIELDS),
        one("ticket", "Whether a ticket may start, and where it goes.", &kinds::TICKET),
        one("live_chat", "Whether a chat may start, and where it goes.", &kinds::LIVE_CHAT),
        one(
            "user_information",
            "What an agent should know about a customer.",
            &kinds::USER_INFORMATION,
        ),
        one("registration", "New users.", &kinds::REGISTRATION),
        one("events", "What happens in the help desk.", &kinds::EVENTS),
        SectionKeys {
            name: "forward",
            count: Count::One,
            doc: "The old service, for kinds with otherwise = \"forward\". Each kind may have a table \
                  of its own, [forward.events] for instance, with the same keys.",
            keys: forward_keys(shared_keys()),
        },
        section(
            "examples",
            Count::List,
            "What `external-providers provider test FILE` tries.",
            &kinds::EXAMPLES,
        ),
    ]
}

/// The keys of a section.
pub(super) fn keys(section: &str) -> Vec<&'static Key> {
    sections().into_iter().find(|s| s.name == section).map(|s| s.keys).unwrap_or_default()
}

const fn text(name: &'static str, doc: &'static str, example: &'static str) -> Key {
    Key::new(name, Shape::Text, doc).example(example)
}

const fn list(name: &'static str, doc: &'static str, example: &'static str) -> Key {
    Key::new(name, Shape::List, doc).example(example)
}

static SERVICE: [Key; 14] = [
    Key::new("listen", Shape::Text, "The address to listen on; --listen wins.")
        .default("127.0.0.1:8080"),
    Key::new("path", Shape::Text, "The path of the service, matched without case.")
        .default("/Provider.asmx"),
    Key::new("namespace", Shape::Text, "The target namespace, compared exactly by callers.")
        .default("http://tempuri.org/"),
    text(
        "password_env",
        "The environment variable that holds the web service password. Give exactly one of the \
         password keys.",
        "PROVIDER_PASSWORD",
    ),
    text(
        "password_file",
        "A file whose one line is the password; a relative path starts at the folder of this file.",
        "provider-password",
    ),
    text(
        "password_credential",
        "The name of a systemd credential (LoadCredential=) that is the password.",
        "provider-password",
    ),
    text(
        "password",
        "The password itself. It works, with a warning: whoever reads this file has it.",
        "the password",
    ),
    text(
        PREVIOUS[0],
        "A second password, accepted while the first is being changed.",
        "OLD_PASSWORD",
    ),
    text(PREVIOUS[1], "The same in a file.", "old-password"),
    text(PREVIOUS[2], "The same as a credential.", "old-password"),
    text(PREVIOUS[3], "The same in this file.", "the old password"),
    text("tls_certificate", "Speak TLS with the certificate (chain) in this PEM file.", "cert.pem"),
    text("tls_key", "The private key of the certificate, PEM.", "key.pem"),
    list(
        "allow",
        "Addresses and networks that may call; others are answered 403. Without it, everybody may.",
        "[\"10.1.2.0/24\", \"192.0.2.7\"]",
    ),
];

static NAMES: [Key; 2] = [
    list("departments", "The help desk's departments.", "[\"Sales\", \"Support\"]"),
    list("custom_fields", "The help desk's custom fields.", "[\"Server\", \"Plan\"]"),
];
