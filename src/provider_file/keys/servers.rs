//! The keys of directories, databases, and what is asked of them.

use super::{list, text};
use crate::settings::{Key, Shape};

const PASSWORD_ENV: Key = text(
    "password_env",
    "The environment variable that holds the password. Give exactly one of the password keys.",
    "SERVER_PASSWORD",
);
const PASSWORD_FILE: Key =
    text("password_file", "A file whose one line is the password.", "server-password");
const PASSWORD_CREDENTIAL: Key = text(
    "password_credential",
    "The name of a systemd credential that is the password.",
    "server-password",
);
const PASSWORD: Key = text("password", "The password itself, with a warning.", "the password");
const ROOTS: Key = text(
    "root_certificates",
    "A file with certificates (PEM or DER) to trust beside the system's.",
    "company-ca.pem",
);
const FINGERPRINT: Key = text(
    "trust_fingerprint",
    "Trust the server with exactly this certificate, by its SHA-256 fingerprint, and no other.",
    "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg",
);
const CONNECT: Key = Key::new(
    "connect_timeout",
    Shape::Time("1ms", "1m"),
    "How long a connection may take, name look-up and TLS included.",
)
.default("5s");
const DATABASE_NAME: Key = text("database", "The name of the database, a section here.", "billing");
const PARAMETERS: Key = Key::new(
    "parameters",
    Shape::Table,
    "Other names in the statement, as texts that may name what rules can.",
)
.example("{ serial = \"{field.Serial Number}\" }");

pub(in super::super) static DIRECTORY: [Key; 28] = [
    Key::new(
        "kind",
        Shape::Choice(&["active-directory", "openldap", "freeipa"]),
        "Sets the defaults of filter, attributes and groups, and how states of accounts are read.",
    )
    .example("active-directory"),
    list(
        "servers",
        "ldaps:// or ldap:// (with StartTLS), tried in this order when a connection fails.",
        "[\"ldaps://dc1.example.com\", \"ldaps://dc2.example.com\"]",
    ),
    Key::new(
        "insecure_plain_text",
        Shape::Switch,
        "ldap:// without StartTLS: everybody on the way can read the passwords.",
    )
    .default("false"),
    ROOTS,
    FINGERPRINT,
    CONNECT,
    Key::new("timeout", Shape::Time("1ms", "1h"), "How long one operation may take.").default("10s"),
    Key::new("max_connections", Shape::Number(1, 1_000), "Connections of the service account.")
        .default("10"),
    text("account", "The DN of the account that searches.", "CN=svc,OU=Service,DC=example,DC=com"),
    PASSWORD_ENV,
    PASSWORD_FILE,
    PASSWORD_CREDENTIAL,
    PASSWORD,
    text("base", "Where users are.", "OU=Staff,DC=example,DC=com"),
    text(
        "filter",
        "Finds the user: {login} is the name as it was typed, {name} the name without its domain.",
        "(&(objectClass=person)(uid={name}))",
    ),
    text(
        "dn_template",
        "The DN of a user, where no account may search; in place of account and filter.",
        "uid={name},ou=people,dc=example,dc=com",
    ),
    list(
        "domains",
        "DOMAIN\\user and user@domain with these are users of this directory; those of another domain \
         are not.",
        "[\"EXAMPLE\", \"example.com\"]",
    ),
    list("email", "Attributes of the e-mail address: the first that has a value.", "[\"mail\"]"),
    list("display_name", "Attributes of the name to show.", "[\"displayName\", \"cn\"]"),
    Key::new(
        "groups",
        Shape::Choice(&["token-groups", "member-of", "search", "no"]),
        "Where the groups of a user come from. Default: by the kind.",
    )
    .example("member-of"),
    text("group_base", "Where groups are. Default: base.", "OU=Groups,DC=example,DC=com"),
    list(
        "require_groups",
        "Only members of any of these log in, nested to any depth: names or DNs.",
        "[\"Helpdesk Users\"]",
    ),
    Key::new(
        "grace",
        Shape::Choice(&["accept", "refuse"]),
        "Logins with an expired password that the directory still lets in.",
    )
    .default("accept"),
    Key::new(
        "must_change",
        Shape::Choice(&["refuse", "accept"]),
        "Logins of users who must change their password first.",
    )
    .default("refuse"),
    Key::new(
        "throttle_failures",
        Shape::Number(0, 1_000),
        "Wrong passwords of one user within throttle_window after which the directory is not asked; \
         keep it below the directory's own lock-out threshold. 0 never throttles.",
    )
    .default("3"),
    Key::new("throttle_window", Shape::Time("1s", "24h"), "How long a wrong password counts.")
        .default("15m"),
    text(
        "group_attribute",
        "The attribute of a group that holds the DNs of its members. Default: member.",
        "member",
    ),
    text("group_filter", "Which entries are groups. Default: by the kind.", "(objectClass=groupOfNames)"),
];

pub(in super::super) static DATABASE: [Key; 15] = [
    Key::new(
        "kind",
        Shape::Choice(&["postgres", "sqlserver", "mysql", "sqlite"]),
        "What speaks there; mysql is MariaDB, too.",
    )
    .example("postgres"),
    text("file", "The file of an SQLite database.", "billing.sqlite"),
    text("host", "The server's name or address.", "db.example.com"),
    Key::new("port", Shape::Number(1, 65_535), "Its port. Default: that of the kind.")
        .example("5432"),
    text("database", "The database there.", "billing"),
    text("user", "Who reads; a user that can do no more is best.", "helpdesk"),
    PASSWORD_ENV,
    PASSWORD_FILE,
    PASSWORD_CREDENTIAL,
    PASSWORD,
    Key::new(
        "encryption",
        Shape::Choice(&["required", "off"]),
        "Default: off on this machine's own addresses, required elsewhere.",
    )
    .example("required"),
    ROOTS,
    FINGERPRINT,
    CONNECT,
    Key::new("max_connections", Shape::Number(1, 1_000), "Connections at a time.").default("4"),
];

pub(in super::super) static LOOKUP: [Key; 8] = [
    DATABASE_NAME,
    text(
        "statement",
        "One statement that reads. :NAME is a variable of the request by its name on the wire; values \
         are always bound, never pasted.",
        "select id, plan from customers where email = :emailFrom",
    ),
    PARAMETERS,
    list(
        "columns",
        "The columns; then misspelt ones in rules are found without the database.",
        "[\"id\", \"plan\"]",
    ),
    Key::new("rows", Shape::Number(1, 100_000), "More rows than this are a failure.")
        .default("100"),
    Key::new("timeout", Shape::Time("1ms", "1h"), "How long the statement may take.").default("5s"),
    Key::new("size", Shape::Number(1, 67_108_864), "Bytes of all values together.")
        .default("1048576"),
    Key::new(
        "cache",
        Shape::Time("1ms", "24h"),
        "How long an answer is kept for the same parameters. Without it, it is not.",
    )
    .example("5m"),
];

pub(in super::super) static EFFECT: [Key; 6] = [
    DATABASE_NAME,
    text(
        "statement",
        "One statement, with names as in a look-up.",
        "update customers set tickets = tickets - 1 where email = :emailFrom and tickets > 0",
    ),
    PARAMETERS,
    Key::new(
        "rows",
        Shape::Number(0, 1_000),
        "So many rows must change; else it is rolled back, and the ticket or chat refused.",
    )
    .default("1"),
    Key::new("timeout", Shape::Time("1ms", "1h"), "How long the statement may take.").default("5s"),
    text("refuse", "What the customer is told then.", "You have no tickets left."),
];

pub(in super::super) static LOGIN: [Key; 7] = [
    text("lookup", "The look-up that finds the user, in one row at most.", "shop_user"),
    text("password", "The column with the hashed password.", "password_hash"),
    list(
        "schemes",
        "Which hashes are taken; those that protect nobody have names that say so.",
        "[\"bcrypt\", \"ssha\", \"aspnet-identity\"]",
    ),
    text("salt", "The column with the salt, for aspnet-membership.", "password_salt"),
    text("email", "The column with the e-mail address.", "email"),
    text("display_name", "The column with the name to show.", "name"),
    text("refuse", "A column that is true for users who are not let in.", "disabled"),
];
