//! The keys of the kinds' own sections.

use super::{list, text};
use crate::settings::{Key, Shape};

const fn otherwise(
    default: &'static str,
    choices: &'static [&'static str],
    doc: &'static str,
) -> Key {
    Key::new("otherwise", Shape::Choice(choices), doc).default(default)
}

const fn rules(doc: &'static str, example: &'static str) -> Key {
    Key::new("rules", Shape::Tables, doc).example(example)
}

const START: &str = "What is answered when no rule allows or refuses. \"forward\" asks the old service, \
    and what rules set wins over its answer.";
const START_RULES: &str = "In order. Each may have allow = true, refuse, department, set, effect, \
    message, and stop = true, after which no rule is looked at; the last of allow and refuse that \
    matched counts.";
const START_CHOICES: &[&str] = &["allow", "refuse", "nothing", "forward"];
const START_REFUSED: Key =
    text("refused", "What the customer is told with otherwise = \"refuse\".", "Please call us.");

pub(in super::super) static LOGIN: [Key; 8] = [
    list(
        "ask",
        "Directories and logins, in order. Default: all of them, in the order of the file.",
        "[\"staff\", \"shop\"]",
    ),
    Key::new("refused", Shape::Text, "What a person is told who is not let in, known or not.")
        .default("Wrong user name or password."),
    text(
        "locked",
        "What is told of a locked account. Default: as refused.",
        "Your account is locked.",
    ),
    text("expired", "The same of an expired account or password.", "Your password has expired."),
    text("disabled", "The same of a disabled account.", "Your account is disabled."),
    text(
        "must_change",
        "The same where the password must be changed first.",
        "Change your password.",
    ),
    otherwise("refuse", &["refuse", "forward"], "What becomes of users whom nobody knows."),
    rules(
        "Rules about users whose password is right: refuse with a message.",
        "[{ when = { groups = \"Contractors\" }, refuse = \"Use the other portal.\" }]",
    ),
];

pub(in super::super) static CUSTOM_FIELDS: [Key; 2] = [
    otherwise(
        "nothing",
        &["nothing", "forward"],
        "What is answered about fields that no rule changes.",
    ),
    rules(
        "In order. Each may have show, hide, require, optional, information_lookup (lists of fields), \
         options (a list for a field, or a look-up's column), can_start_tickets, can_start_chats, \
         message and stop.",
        "[{ when = { departmentName = \"Support\" }, show = [\"Server\"], options = { Server = \
         \"servers.name\" } }]",
    ),
];

pub(in super::super) static TICKET: [Key; 3] = [
    otherwise("allow", START_CHOICES, START),
    START_REFUSED,
    rules(
        START_RULES,
        "[{ when = { subject = { contains_word = \"urgent\" } }, department = \"Urgent Department\" }]",
    ),
];

pub(in super::super) static LIVE_CHAT: [Key; 3] = [
    otherwise("allow", START_CHOICES, START),
    START_REFUSED,
    rules(
        START_RULES,
        "[{ when = { customer.plan = { empty = true } }, refuse = \"Chats are for customers.\" }]",
    ),
];

pub(in super::super) static USER_INFORMATION: [Key; 2] = [
    otherwise(
        "nothing",
        &["nothing", "forward"],
        "What is answered when no row comes out: that nothing is known, or what the old service says. \
         Forwarded, its rows follow ours.",
    ),
    Key::new(
        "rows",
        Shape::Tables,
        "In order: name, value, when, and each = a look-up, for a row of the answer for each of its \
         rows. One whose text names something absent or NULL is left out.",
    )
    .example("[{ name = \"Plan\", value = \"{customer.plan}\" }]"),
];

pub(in super::super) static REGISTRATION: [Key; 8] = [
    text("database", "The name of the database, a section here.", "billing"),
    text(
        "statement",
        "One statement that creates a user; :passwordHash is the hash, the password itself cannot be \
         named.",
        "insert into users (name, hash) values (:loginUsername, :passwordHash)",
    ),
    Key::new("parameters", Shape::Table, "Other names in the statement.")
        .example("{ city = \"{field.City}\" }"),
    text("scheme", "How the password is hashed.", "bcrypt"),
    Key::new("timeout", Shape::Time("1ms", "1h"), "How long the statement may take.").default("5s"),
    Key::new(
        "exists",
        Shape::Text,
        "What is told when no row changed, or a unique index refused it.",
    )
    .default("That name is taken."),
    otherwise(
        "refuse",
        &["refuse", "nothing", "forward"],
        "Without a statement: refuse, nothing (the operation is not there), or the old service.",
    ),
    text("refused", "What is told with otherwise = \"refuse\".", "Please ask us for an account."),
];

pub(in super::super) static EVENTS: [Key; 1] = [otherwise(
    "nothing",
    &["nothing", "forward"],
    "What becomes of events: taken and thrown away, or sent to the old service.",
)];

pub(in super::super) static EXAMPLES: [Key; 7] = [
    text("name", "What it shows.", "gold customers go to the urgent department"),
    text("operation", "What is called.", "StartTicket"),
    Key::new("request", Shape::Table, "The variables of the request, by their names on the wire.")
        .example("{ departmentName = \"Support\", subject = \"urgent: down\" }"),
    Key::new(
        "lookups",
        Shape::Table,
        "Rows that stand for the answers of look-ups; a look-up that is not here is made.",
    )
    .example("{ customer = [{ id = \"17\", plan = \"Gold\" }] }"),
    list("groups", "The groups of the user.", "[\"Contractors\"]"),
    Key::new("answer", Shape::Table, "Variables that must be in the answer, with these values.")
        .example("{ TicketCreation = \"TRUE\" }"),
    text("message", "The message that must be in the answer.", "Sorry."),
];
