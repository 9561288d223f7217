//! What is wrong with rules is found when they are read, all of it, with its line.

use super::*;

/// Each as `line 3: rules[1].when: what (hint)`.
fn problems(kind: Kind, text: &str) -> Vec<String> {
    let problems = RuleSet::parse(kind, text, &scope()).map(|_| ()).unwrap_err();
    problems.iter().map(Problem::to_string).collect()
}

fn warnings(kind: Kind, text: &str) -> Vec<String> {
    let (_, warnings) = RuleSet::parse(kind, text, &scope())
        .unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
    warnings.iter().map(Problem::to_string).collect()
}

#[test]
fn every_mistake_is_named_with_its_line_and_the_nearest_name() {
    let text = r#"
[[rules]]
when = { subjct = "x", customr.plan = "x", customer.pln = "x", field.Sever = "x" }
departmnt = "Sales"
[[rules]]
when = { subject = { contain = "x" }, emailFrom = { case_sensitive = true }, loginPassword = "x" }
department = "Suport"
[[rules]]
when = { departmentName = ["support", "Urgnt Department"], interaction = "mail", subject = true }
set = { Plann = "{customer.plan}", Plan = "{customer.pan}" }
effect = "deduc"
[[rules]]
name = "nothing"
when = { subject = { matches = "(", above = "x", is_one_of = "x", present = 1 } }
[[rules]]
when = {}
allow = true
refuse = "no"
[[rules]]
when = { any = [], not = [], all = "x", location = "PRE" }
show = ["Server"]
allow = false
stop = false
"#;
    let expected = r#"
line 3: rules[1].when.subjct: there is no "subjct" here (did you mean subject?)
line 3: rules[1].when.customr: there is no "customr" here (did you mean customer?)
line 3: rules[1].when.customer.pln: the look-up customer has no column "pln" (did you mean plan?)
line 3: rules[1].when.field.Sever: there is no custom field "Sever" in [names] (did you mean Server?)
line 4: rules[1].departmnt: there is no such key (did you mean department?)
line 6: rules[2].when.subject.contain: there is no such key (did you mean contains?)
line 6: rules[2].when.emailFrom: asks for nothing: an operator is missing
line 6: rules[2].when.loginPassword: passwords are not shown to rules
line 7: rules[2].department: there is no department "Suport" in [names] (did you mean Support?)
line 9: rules[3].when.departmentName: there is no department "Urgnt Department" in [names] (did you mean Urgent Department?)
line 9: rules[3].when.interaction: is either ticket or chat, never "mail"
line 9: rules[3].when.subject: must be a string, a number, a list of strings or a table of operators
line 10: rules[3].set.Plann: there is no custom field "Plann" in [names] (did you mean Plan?)
line 10: rules[3].set.Plan: the look-up customer has no column "pan" (did you mean plan?)
line 11: rules[3].effect: there is no effect "deduc" (did you mean deduct?)
line 12: rules[4]: has no action, so that it does nothing
line 14: rules[4].when.subject.matches: is not a regular expression: unclosed group
line 14: rules[4].when.subject.above: must be a number like 10 or 0.5, without an exponent
line 14: rules[4].when.subject.is_one_of: must be a list of strings, not this string
line 14: rules[4].when.subject.present: must be true or false, not this number
line 16: rules[5].when: is empty, and asks for nothing
line 18: rules[5].refuse: contradicts allow in the same rule
line 20: rules[6].when.any: is empty, and asks for nothing
line 20: rules[6].when.not: must be a table, not this list
line 20: rules[6].when.all: must be a list of tables, not this string
line 20: rules[6].when.location: there is no "location" here (it is known of custom_fields)
line 21: rules[6].show: is not for ticket: rules of custom_fields have it
line 22: rules[6].allow: is true or left out (to refuse, say refuse = "why")
line 23: rules[6].stop: is true or left out (take the line out if later rules count, too)
"#;
    assert_eq!(problems(Kind::Ticket, text), expected.trim().lines().collect::<Vec<_>>());
}

#[test]
fn forms_logins_and_rows_have_mistakes_of_their_own() {
    for (kind, text, expected) in [
        (
            Kind::CustomFields,
            "rules = [{ show = ['Sever'], hide = [], require = 'Server' }]",
            &[
                "line 1: rules[1].show: there is no custom field \"Sever\" in [names] (did you mean Server?)",
                "line 1: rules[1].hide: is empty, and changes nothing",
                "line 1: rules[1].require: must be a list of strings, not this string",
            ][..],
        ),
        (
            Kind::CustomFields,
            "rules = [{ show = ['Server'], hide = ['Plan', 'Server'], require = ['Plan'], optional = ['Plan'] }]",
            &[
                "line 1: rules[1].hide: show has Server, too: it cannot be both",
                "line 1: rules[1].optional: require has Plan, too: it cannot be both",
            ],
        ),
        (
            Kind::CustomFields,
            "rules = [{ options = { Server = 'customer.nam', Plan = 'x', Notes = 'customer.rows', 'Billing ID' = ['{x}'] } }]",
            &[
                "line 1: rules[1].options.Server: the look-up customer has no column \"nam\" (did you mean name?)",
                "line 1: rules[1].options.Plan: must be a list of strings, or LOOKUP.COLUMN",
                "line 1: rules[1].options.Notes: is not a column",
                "line 1: rules[1].options.Billing ID: there is no \"x\" here (known are customer.COLUMN, departmentName, field.NAME, interactiontype, kind, location, loginUsername, orders.COLUMN)",
            ],
        ),
        (
            Kind::CustomFields,
            "rules = [{ when = { page = 'three', subject = 'x' }, refuse = 'x', effect = 'deduct' }]",
            &[
                "line 1: rules[1].when.page: is either one or two, never \"three\"",
                "line 1: rules[1].when.subject: there is no \"subject\" here (it is known of ticket)",
                "line 1: rules[1].refuse: is not for custom_fields: rules of login, ticket, live_chat have it",
                "line 1: rules[1].effect: is not for custom_fields: rules of ticket, live_chat have it",
            ],
        ),
        (
            Kind::Login,
            "rules = [{ set = { Plan = 'x' } }]",
            &["line 1: rules[1].set: is not for login: rules of ticket, live_chat have it"],
        ),
        (
            Kind::Ticket,
            "rules = [{ set = {} }, 'x']",
            &["line 1: rules: must be a list of tables, not this list"],
        ),
        (
            Kind::Ticket,
            "rules = [{ set = {}, refuse = '{', when = { field = { Password = 'x', '' = 'x' }, customer = 'x' } }]",
            &[
                "line 1: rules[1].set: is empty, and sets nothing",
                "line 1: rules[1].refuse: \"{\" is not closed (a brace that is not a name is written {{)",
                "line 1: rules[1].when.field.Password: passwords are not shown to rules",
                "line 1: rules[1].when.field: is not the name of a custom field",
                "line 1: rules[1].when.customer: must be a table, not this string",
            ],
        ),
        (
            Kind::UserInformation,
            "rows = [{ name = 'x', each = 'order', stop = true }]",
            &[
                "line 1: rows[1].value: is missing",
                "line 1: rows[1].each: there is no look-up \"order\" (did you mean orders?)",
                "line 1: rows[1].stop: there is no such key (known are name, value, each, when)",
            ],
        ),
        (
            Kind::UserInformation,
            "rules = []",
            &["line 1: rules: there is no such key (known are rows)"],
        ),
        (
            Kind::Events,
            "rules = [{ stop = true }]",
            &["line 1: rules: there are no rules for events"],
        ),
        (Kind::Ticket, "rules = [", &["line 1: unclosed array, expected `]`"]),
    ] {
        assert_eq!(problems(kind, text), expected, "{text}");
    }
}

#[test]
fn conditions_are_not_deeper_than_can_be_read() {
    let nested = |depth: usize| {
        let (open, close) = ("{ not = ".repeat(depth), " }".repeat(depth));
        format!("rules = [{{ when = {open}{{ subject = 'x' }}{close}, stop = true }}]")
    };
    assert!(!decide(&read(Kind::Ticket, &nested(20)), &ticket("y", None)).matched);
    assert_eq!(problems(Kind::Ticket, &nested(20_000)).len(), 1);
}

#[test]
fn groups_that_nobody_knows_are_a_mistake() {
    let text = "rules = [{ when = { groups = 'x' }, stop = true }]";
    let problems = RuleSet::parse(Kind::Ticket, text, &Scope::default()).unwrap_err();
    let what = "line 1: rules[1].when.groups: nobody knows the groups of users here";
    assert_eq!(problems[0].to_string(), what);
}

#[test]
fn rules_that_can_never_fire_are_warned_of() {
    for (when, reason) in [
        ("subject = []", Some("subject is compared with an empty list")),
        ("subject = { contains = [] }", Some("subject is compared with an empty list")),
        (
            "all = [{ subject = 'a' }, { subject = 'b' }]",
            Some("subject cannot be several things at a time"),
        ),
        ("all = [{ subject = 'a' }, { subject = ['A', 'b'] }]", None),
        (
            "subject = { is = 'urgent', contains = 'down' }",
            Some("subject cannot be several things at a time"),
        ),
        (
            "subject = { is = 'urgently', contains_word = 'urgent' }",
            Some("subject cannot be several things at a time"),
        ),
        ("subject = { is = 'urgent', matches = '(?-i)URG' }", None),
        (
            "all = [{ subject = 'gold' }, { subject = { is = 'Gold', case_sensitive = true } }]",
            None,
        ),
        (
            "all = [{ subject = { is = 'gold', case_sensitive = true } }, { subject = { is = 'Gold', case_sensitive = true } }]",
            Some("subject cannot be several things at a time"),
        ),
        ("subject = { empty = true, is = 'x' }", Some("subject cannot be empty and have a value")),
        ("subject = { empty = true, is = '' }", None),
        ("subject = { empty = true, present = true }", None),
        ("subject = { empty = true, empty = false }", None),
        ("subject = { empty = true, present = false }", None),
        (
            "subject = { present = false, contains = 'x' }",
            Some("subject cannot be absent and have a value"),
        ),
        (
            "subject = { present = false, empty = false }",
            Some("subject cannot be absent and have a value"),
        ),
        (
            "customer.id = { above = 10, below = 5 }",
            Some("customer.id cannot be in ranges that exclude each other"),
        ),
        (
            "customer.id = { above = 10, at_most = 10 }",
            Some("customer.id cannot be in ranges that exclude each other"),
        ),
        ("customer.id = { at_least = 10, at_most = '10.0' }", None),
        ("customer.id = { above = -10, below = -9.5 }", None),
        (
            "all = [{ customer.id = 3 }, { customer.id = { above = 3 } }]",
            Some("customer.id cannot be in ranges that exclude each other"),
        ),
        (
            "all = [{ customer.id = 3 }, { customer.id = '4' }]",
            Some("customer.id cannot be several things at a time"),
        ),
        (
            "all = [{ all = [{ subject = 'a' }] }, { all = [{ subject = 'b' }] }]",
            Some("subject cannot be several things at a time"),
        ),
        (
            "any = [{ all = [{ subject = 'a' }, { subject = 'b' }] }, { emailFrom = [] }]",
            Some("subject cannot be several things at a time"),
        ),
        ("any = [{ all = [{ subject = 'a' }, { subject = 'b' }] }, { emailFrom = 'x' }]", None),
        ("not = { all = [{ subject = 'a' }, { subject = 'b' }] }", None),
        ("all = [{ groups = 'a' }, { groups = 'b' }]", None),
        (
            "groups = { present = false, is = 'b' }",
            Some("groups cannot be absent and have a value"),
        ),
        ("all = [{ field.Server = 'a' }, { field.Plan = 'b' }]", None),
    ] {
        let text = format!("rules = [{{ when = {{ {when} }}, stop = true }}]");
        if when.matches("empty").count() == 2 {
            // The same key twice is not TOML.
            assert_eq!(problems(Kind::Ticket, &text).len(), 1, "{when}");
            continue;
        }
        let expected =
            reason.map(|reason| format!("line 1: rules[1].when: can never be true: {reason}"));
        assert_eq!(
            warnings(Kind::Ticket, &text),
            expected.into_iter().collect::<Vec<_>>(),
            "{when}"
        );
    }
}

#[test]
fn what_comes_after_a_stop_or_twice_is_warned_of() {
    let text = r#"
[[rules]]
name = "one"
when = { subject = "a", emailFrom = "b" }
stop = true
message = "x"
[[rules]]
when = { emailFrom = "b", subject = "a" }
message = "y"
[[rules]]
name = "two"
when = { subject = "a" }
message = "y"
[[rules]]
when = { subject = "a" }
message = "y"
[[rules]]
stop = true
[[rules]]
allow = true
"#;
    let expected = [
        "line 7: rules[2]: can never fire: the rule in line 2 always stops before it",
        "line 14: rules[4]: is the same as the one in line 10 (one of them is enough)",
        "line 19: rules[6]: can never fire: the rule in line 17 always stops before it",
    ];
    assert_eq!(warnings(Kind::Ticket, text), expected);
    let rows = "rows = [{ name = 'a', value = 'b' }, { name = 'c', value = 'b' }]";
    assert_eq!(warnings(Kind::UserInformation, rows), [] as [&str; 0]);
    let rows = "rows = [{ name = 'a', value = 'b' }, { value = 'b', name = 'a' }]";
    let same = "line 1: rows[2]: is the same as the one in line 1 (one of them is enough)";
    assert_eq!(warnings(Kind::UserInformation, rows), [same]);
}
