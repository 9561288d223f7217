use super::*;
use crate::contract::{
    Authenticate, CustomFieldChange, GetCustomFieldOptions, GetUserInfo, Kind, StartTicket,
};
use crate::explanation::Explanation;

mod hostile;
mod mistakes;

fn rows(columns: &[&str], rows: &[&[Option<&str>]]) -> Rows {
    let texts = |row: &&[Option<&str>]| row.iter().map(|v| v.map(str::to_owned)).collect();
    Rows {
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        rows: rows.iter().map(texts).collect(),
    }
}

fn scope() -> Scope {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Scope {
        lookups: [
            ("customer".to_owned(), Some(list(&["id", "name", "plan", "left"]))),
            ("orders".to_owned(), None),
        ]
        .into(),
        groups: true,
        departments: Some(list(&["Sales", "Support", "Urgent Department"])),
        custom_fields: Some(list(&["Server", "Plan", "Billing ID", "Notes"])),
        effects: ["deduct".to_owned()].into(),
        ..Default::default()
    }
}

fn read(kind: Kind, text: &str) -> RuleSet {
    let (rules, warnings) = RuleSet::parse(kind, text, &scope())
        .unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
    assert_eq!(warnings, [], "{text}");
    rules
}

fn customer(row: &[Option<&str>]) -> Rows {
    rows(&["ID", "name", "plan", "left"], &[row])
}

fn ticket(subject: &str, plan: Option<&str>) -> Facts {
    let mut facts = Facts::of(&StartTicket {
        email_from: Some("ann@example.com".to_owned()),
        department_name: Some("Support".to_owned()),
        subject: Some(subject.to_owned()),
        custom_fields: [("Server", "web01"), ("Notes", "")].into(),
        ..Default::default()
    });
    facts.lookups.insert("customer".to_owned(), customer(&[Some("17"), Some("Ann"), plan, None]));
    facts.lookups.insert("orders".to_owned(), Rows::default());
    facts.groups = vec!["Staff".to_owned(), "Admins of Mail".to_owned()];
    facts
}

fn decide(rules: &RuleSet, facts: &Facts) -> Decision {
    rules.decide(facts, &Explanation::default()).unwrap()
}

/// Of conditions in every shape: do they hold of the ticket above?
#[test]
fn conditions() {
    let facts = ticket("Urgent: web is down", Some("Gold"));
    for (when, holds) in [
        ("subject = 'urgent: WEB is down'", true),
        ("subject = ['x', 'urgent: web is down']", true),
        ("subject = { is = 'urgent: web is down', case_sensitive = true }", false),
        ("subject = { contains = 'down', starts = 'URGENT' }", true),
        ("subject = { contains = 'down', starts = 'down' }", false),
        (
            "subject = { contains_word = ['up', 'web'] }, emailFrom = { ends = '@example.com' }",
            true,
        ),
        ("subject = { contains_word = 'urgen' }", false),
        ("subject = { matches = 'w.b' }, departmentName = 'sales'", false),
        ("loginUsername = { present = false }", true),
        ("loginUsername = { empty = true }, field.Notes = { empty = true }", true),
        ("field.Notes = { present = true }, customer.left = { present = false }", true),
        (
            "all = [{ customer.left = { empty = true } }, { customer.left = { present = true } }]",
            false,
        ),
        ("field.Notes = ''", true),
        ("loginUsername = ''", false),
        ("customer.left = ''", false),
        ("field = { Server = 'WEB01', Notes = '' }", true),
        ("'field.Server' = 'web01', 'customer.plan' = 'gold'", true),
        ("customer.plan = ['Gold', 'Platinum'], customer.name = { starts = 'A' }", true),
        ("customer.rows = 1, orders.rows = 0, orders.anything = { present = false }", true),
        ("all = [{ customer.id = { above = 9, below = 100 } }, { customer.id = 17 }]", true),
        ("customer.id = '17', customer.plan = { above = 1 }", false),
        ("not = { customer.plan = { above = 1 } }", true),
        ("any = [{ subject = 'x' }, { customer.plan = 'gold' }]", true),
        ("any = [{ subject = 'x' }, { customer.plan = 'silver' }]", false),
        ("any = [{ subject = 'x' }], customer.plan = 'gold'", false),
        (
            "all = [{ any = [{ subject = 'x' }, { not = { subject = 'x' } }] }, { customer.plan = 'Gold' }]",
            true,
        ),
        ("not = { subject = 'x', customer.plan = 'gold' }", true),
        ("not = { all = [{ not = { subject = 'x' } }, { customer.plan = 'gold' }] }", false),
        ("groups = 'STAFF'", true),
        ("groups = 'staff', not = { groups = 'Root' }", true),
        ("groups = { starts = 'Admins', ends = 'Mail' }", true),
        ("groups = { starts = 'Staff', ends = 'Mail' }", false),
        ("groups = { present = true, empty = false }", true),
        ("interaction = 'Ticket', kind = 'ticket'", true),
        ("interaction = 'chat'", false),
    ] {
        let text = format!("rules = [{{ when = {{ {when} }}, stop = true }}]");
        let (rules, _) = RuleSet::parse(Kind::Ticket, &text, &scope())
            .unwrap_or_else(|problems| panic!("{text}: {problems:#?}"));
        assert_eq!(decide(&rules, &facts).matched, holds, "{when}");
        let wanted = Explanation::wanted();
        assert_eq!(rules.decide(&facts, &wanted).unwrap().matched, holds, "{when}, explained");
        let expected = if holds { "matches" } else { "no match" };
        assert_eq!(wanted.lines()[0], format!("rule 1 (line 1): {expected}"));
    }
}

#[test]
fn of_no_groups_nothing_holds_but_their_absence() {
    let rules =
        read(Kind::Ticket, "rules = [{ when = { groups = { empty = true } }, stop = true }]");
    let mut facts = ticket("", None);
    assert!(!decide(&rules, &facts).matched);
    facts.groups.clear();
    assert!(decide(&rules, &facts).matched);
}

const TICKETS: &str = r#"
[[rules]]
name = "priority customers"
when = { customer.plan = ["Gold", "Platinum"] }
department = "Sales"
set = { Plan = "{customer.plan}", "Billing ID" = "{customer.id}" }
message = "first"

[[rules]]
when = { any = [{ subject = { contains_word = "urgent" } }, { field.Server = "down" }] }
department = "Urgent Department"
set = { Notes = "{customer.left}", Plan = "{customer.plan}!" }

[[rules]]
when = { subject = { contains = "spam" } }
refuse = "Sorry, {customer.name}{loginUsername}."

[[rules]]
when = { subject = { contains = "not spam" } }
allow = true
effect = "deduct"
stop = true

[[rules]]
when = { departmentName = "Urgent Department" }
refuse = "Rules do not see what others did."

[[rules]]
when = { subject = { contains = "late" } }
message = "last"
"#;

#[test]
fn results_are_merged_in_order() {
    let rules = read(Kind::Ticket, TICKETS);
    assert_eq!(rules.effects().iter().collect::<Vec<_>>(), ["deduct"]);
    let columns: Vec<_> = rules.lookups()["customer"].iter().collect();
    assert_eq!(columns, ["id", "left", "name", "plan"]);
    let set = |pairs: &[(&str, &str)]| pairs.iter().copied().collect();
    let sales = Decision {
        matched: true,
        department: Some("Sales".to_owned()),
        set: set(&[("Plan", "Gold"), ("Billing ID", "17")]),
        message: Some("first".to_owned()),
        ..Default::default()
    };
    let urgent = Decision {
        department: Some("Urgent Department".to_owned()),
        // In the first one's place; NULL sets nothing.
        set: set(&[("Plan", "Gold!"), ("Billing ID", "17")]),
        ..sales.clone()
    };
    let refused = Some(Verdict::Refused("Sorry, Ann.".to_owned()));
    for (subject, plan, expected) in [
        ("hello", None, Decision::default()),
        ("hello", Some("Gold"), sales.clone()),
        (
            "Urgent",
            Some("gold"),
            Decision { set: set(&[("Plan", "gold!"), ("Billing ID", "17")]), ..urgent.clone() },
        ),
        ("spam", Some("Gold"), Decision { verdict: refused.clone(), ..sales.clone() }),
        (
            "spam, late",
            None,
            Decision {
                matched: true,
                verdict: refused,
                message: Some("last".to_owned()),
                ..Default::default()
            },
        ),
        (
            "not spam, late",
            Some("Gold"),
            Decision {
                verdict: Some(Verdict::Allowed),
                effect: Some("deduct".to_owned()),
                ..sales
            },
        ),
    ] {
        assert_eq!(decide(&rules, &ticket(subject, plan)), expected, "{subject}");
    }
}

#[test]
fn every_rule_condition_and_value_is_explained() {
    let rules = read(Kind::Ticket, TICKETS);
    let explanation = Explanation::wanted();
    let long = format!("not spam, urgent{}", "!".repeat(200));
    rules.decide(&ticket(&long, Some("Silver")), &explanation).unwrap();
    let lines = explanation.lines().join("\n");
    let seen = format!("\"{}\"", long[..100].to_owned() + "…");
    let expected = format!(
        r#"rule 1 "priority customers" (line 2): no match
  customer.plan is one of "Gold", "Platinum": false ("Silver")
rule 2 (line 9): matches
  any: true
    subject contains word "urgent": true ({seen})
    field.Server is "down": false ("web01")
  -> department: "Urgent Department"
  -> set Notes: nothing, a value in it is absent or NULL
  -> set Plan: "Silver!"
rule 3 (line 14): matches
  subject contains "spam": true ({seen})
  -> refuse: "Sorry, Ann."
rule 4 (line 18): matches
  subject contains "not spam": true ({seen})
  -> allow: true
  -> effect: "deduct"
  -> stop: true
rules after it that were not looked at: 2"#
    );
    assert_eq!(lines, expected);
    for (when, line) in [
        (
            "customer.plan = { above = 1 }",
            "customer.plan above 1: false (\"Silver\", which is not a number)",
        ),
        ("customer.left = { above = 1 }", "customer.left above 1: false (NULL)"),
        ("not = { loginUsername = 'x' }", "not: true\n    loginUsername is \"x\": false (absent)"),
        ("groups = 'x'", "groups is \"x\": false (\"Staff\", \"Admins of Mail\")"),
    ] {
        let rules =
            read(Kind::Ticket, &format!("rules = [{{ when = {{ {when} }}, stop = true }}]"));
        let explanation = Explanation::wanted();
        rules.decide(&ticket("", Some("Silver")), &explanation).unwrap();
        assert!(explanation.lines().join("\n").contains(line), "{when}");
    }
}

#[test]
fn forms_are_changed_field_by_field() {
    let text = r#"
[[rules]]
when = { departmentName = "Support", page = "one" }
show = ["Server"]
require = ["Server"]
options = { Server = ["web01", "{customer.left}", "{field.Server}"], Plan = "orders.total" }
information_lookup = ["Server"]
[[rules]]
when = { interaction = "chat" }
hide = ["Notes", "Server"]
options = { Server = ["none"] }
can_start_tickets = false
message = "No tickets, {loginUsername}."
[[rules]]
optional = ["Server"]
can_start_chats = true
"#;
    let rules = read(Kind::CustomFields, text);
    let mut facts = Facts::of(&GetCustomFieldOptions {
        department_name: Some("SUPPORT".to_owned()),
        location: Some("pre".to_owned()),
        custom_fields: [("Server", "mine")].into(),
        ..Default::default()
    });
    facts.lookups.insert("customer".to_owned(), customer(&[None, None, None, None]));
    facts.lookups.insert(
        "orders".to_owned(),
        rows(&["TOTAL"], &[&[Some("1")], &[None], &[Some("")], &[Some("1")]]),
    );
    let list = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
    let mut server = CustomFieldChange {
        name: "Server".to_owned(),
        visible: Some(true),
        required: Some(false),
        options: list(&["web01", "mine"]),
        display_with_information_lookup: true,
    };
    let plan = CustomFieldChange {
        name: "Plan".to_owned(),
        options: list(&["1", "", "1"]),
        ..Default::default()
    };
    let decision = decide(&rules, &facts);
    assert_eq!(decision.changes, [server.clone(), plan.clone()]);
    assert_eq!((decision.can_start_tickets, decision.can_start_chats), (None, Some(true)));

    facts.interaction = Some(crate::contract::Interaction::Chat);
    let decision = decide(&rules, &facts);
    (server.visible, server.options) = (Some(false), list(&["none"]));
    let notes =
        CustomFieldChange { name: "Notes".to_owned(), visible: Some(false), ..Default::default() };
    assert_eq!(decision.changes, [server, plan, notes]);
    assert_eq!(decision.can_start_tickets, Some(false));
    assert_eq!(decision.message.as_deref(), Some("No tickets, ."));
}

#[test]
fn logins_are_refused_by_groups() {
    let text = "rules = [{ when = { groups = 'Contractors' }, refuse = 'The other portal, {loginUsername}.' }]";
    let rules = read(Kind::Login, text);
    let mut facts =
        Facts::of(&Authenticate { login_username: "ann".to_owned(), ..Default::default() });
    assert_eq!(decide(&rules, &facts), Decision::default());
    facts.groups.push("contractors".to_owned());
    let refused = Verdict::Refused("The other portal, ann.".to_owned());
    assert_eq!(decide(&rules, &facts).verdict, Some(refused));
}

#[test]
fn rows_of_user_information() {
    let text = r#"rows = [
        { name = "Plan", value = "{customer.plan}" },
        { name = "Left", value = "{customer.left}" },
        { each = "orders", name = "Order {orders.number}", value = "{orders.total} of {customer.name}" },
        { each = "orders", when = { orders.total = { above = 9 } }, name = "{orders.number}", value = "large" },
        { when = { customer.plan = "Gold" }, name = "Plan", value = "Gold!" },
    ]"#;
    let rules = read(Kind::UserInformation, text);
    let mut facts = Facts::of(&GetUserInfo::default());
    facts.lookups.insert("customer".to_owned(), Rows::default());
    facts.lookups.insert("orders".to_owned(), Rows::default());
    assert_eq!(decide(&rules, &facts), Decision::default());
    let plan = customer(&[None, Some("Ann"), Some("gold"), None]);
    facts.lookups.insert("customer".to_owned(), plan);
    let order = |number, total| vec![Some(number), total];
    let orders = [order("1=2", Some("9")), order("UserFound", Some("10")), order("3", None)];
    let orders: Vec<&[Option<&str>]> = orders.iter().map(Vec::as_slice).collect();
    facts.lookups.insert("orders".to_owned(), rows(&["number", "total"], &orders));
    let decision = decide(&rules, &facts);
    // A name ends at its "=", and UserFound is the contract's.
    let expected = [("Plan", "Gold!"), ("Order 1:2", "9 of Ann"), ("Order UserFound", "10 of Ann")];
    assert_eq!(decision.rows, expected.into());
    assert!(decision.matched);
}

#[test]
fn without_what_a_lookup_was_to_find_nothing_is_decided() {
    let rules = read(Kind::Ticket, "rules = [{ when = { orders.total = '1' }, stop = true }]");
    let mut facts = ticket("", None);
    assert!(!decide(&rules, &facts).matched);
    facts.lookups.insert("orders".to_owned(), rows(&["sum"], &[&[Some("1")]]));
    let error = rules.decide(&facts, &Explanation::default()).unwrap_err();
    let what =
        "the rules need the column total, which the answer of the look-up orders does not have";
    assert_eq!(error.to_string(), what);
    facts.lookups.remove("orders");
    let error = rules.decide(&facts, &Explanation::default()).unwrap_err();
    assert_eq!(error.to_string(), "the rules need the look-up orders, which was not asked");
}
