//! The commented example, and short files to begin with.

use super::keys::{Count, sections};
use crate::settings::{example_entry, example_words};

const INTRODUCTION: &str = "\
# A provider's file of external-providers: what the help desk is answered, without a programmer.
#
# external-providers provider check FILE     looks for mistakes, then at every server
# external-providers provider explain FILE OPERATION key=value…
#                                            says who was asked, what was said, and why
# external-providers provider test FILE      tries the [[examples]], or those of --examples OTHER
# external-providers serve --provider FILE   answers; SIGHUP reads the file again
#
# Every key is here, commented out. A line \"#key = value\" shows the default; one that ends in \"an
# example\" shows a key that has no default. A kind without a section is not provided.
#
# Conditions (when): all keys of a table must hold.
#   NAME = \"text\"            is, whatever the case
#   NAME = [\"a\", \"b\"]        is one of
#   NAME = { OPERATOR = … }  is, is_one_of, contains, contains_word, starts, ends, matches (a regular
#                            expression), empty = true, present = true, above, at_least, below, at_most
#                            (numbers); case_sensitive = true beside them
#   all = [{ … }], any = [{ … }, { … }], not = { … }
# Names: the request's variables (loginUsername, emailFrom, departmentName, subject, ticketNumber),
#   field.NAME (a custom field), LOOKUP.COLUMN (of the first row), LOOKUP.rows (their number), groups,
#   kind; of custom_fields page (\"one\", \"two\"); of custom_fields, ticket and live_chat interaction
#   (\"ticket\", \"chat\").
# Texts: {NAME} stands for the value; {{ is a brace.
";

/// A file with every key, its default and what it does, all of it commented out.
pub fn example() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in sections() {
        text.push_str("\n\n");
        example_words(section.doc, &mut text);
        let heading = match section.count {
            Count::One => format!("#[{}]\n", section.name),
            Count::Named(example) => format!("#[{}.{example}]\n", section.name),
            Count::List => format!("#[[{}]]\n", section.name),
        };
        text.push_str(&heading);
        let mut explained = Vec::new();
        section.keys.iter().for_each(|key| example_entry(key, &mut explained, &mut text));
    }
    text
}

/// The kinds of directories for which there is a [`preset`].
pub const PRESETS: [&str; 3] = ["active-directory", "openldap", "freeipa"];

/// A short file to begin with, for logins from a directory of this kind; `None` of others.
pub fn preset(kind: &str) -> Option<String> {
    let (account, base, domains) = match kind {
        "active-directory" => (
            "CN=helpdesk,OU=Service,DC=example,DC=com",
            "OU=Staff,DC=example,DC=com",
            "\n# EXAMPLE\\ann and ann@example.com are ann.\ndomains = [\"EXAMPLE\", \"example.com\"]",
        ),
        "openldap" => {
            ("cn=helpdesk,ou=service,dc=example,dc=com", "ou=people,dc=example,dc=com", "")
        }
        "freeipa" => (
            "uid=helpdesk,cn=sysaccounts,cn=etc,dc=example,dc=com",
            "cn=users,cn=accounts,dc=example,dc=com",
            "",
        ),
        _ => return None,
    };
    Some(format!(
        "\
# Logins from a directory. Change what says example, put the passwords into their files (readable by
# you alone), then: external-providers provider check FILE --user NAME

[service]
listen = \"127.0.0.1:8080\"
path = \"/Provider.asmx\"
password_file = \"provider-password\"   # enter it on the External Providers page, too

[directories.staff]
kind = \"{kind}\"
servers = [\"ldaps://directory.example.com\"]
# The account that searches for users; it needs no more than to read.
account = \"{account}\"
password_file = \"directory-password\"
base = \"{base}\"{domains}
# Only members of these, nested to any depth:
# require_groups = [\"Helpdesk Users\"]

[login]
"
    ))
}
