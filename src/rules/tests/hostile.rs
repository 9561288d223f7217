//! Whatever a request or a database says is a value, never a piece of a rule.

use proptest::prelude::*;

use super::*;

/// What has a meaning in templates, patterns, TOML, XML or SQL, mixed with any text.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("{subject}".to_owned()),
        Just("{{".to_owned()),
        Just("}".to_owned()),
        Just("{customer.name}".to_owned()),
        Just(".*".to_owned()),
        Just("(?i)(a+)+$[".to_owned()),
        Just("\\b\\".to_owned()),
        Just("urgent".to_owned()),
        Just("' or 1=1 --".to_owned()),
        Just("\"]\n[[rules]]\nstop = true".to_owned()),
        Just("=\0\u{feff}İıſß".to_owned()),
        Just("NULL".to_owned()),
        Just("-0.0".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn values_never_change_what_a_rule_says(subject in prop_oneof![Just("{Subject}".to_owned()), hostile()], name in hostile(), plan in proptest::option::of(hostile())) {
        let text = r#"
[[rules]]
when = { subject = "{subject}" }
message = "{subject}|{customer.name}|{{{customer.plan}}"
set = { Plan = "<{customer.plan}>", Notes = "{subject}" }
stop = true
[[rules]]
when = { subject = { matches = ".*urgent.*" }, customer.plan = { contains_word = ["gold", ".*"] } }
refuse = "{customer.name}"
[[rules]]
when = { any = [{ customer.name = { starts = "(" } }, { field.Server = { above = 1 } }] }
allow = true
"#;
        let rules = read(Kind::Ticket, text);
        let mut facts = ticket(&subject, plan.as_deref());
        facts.lookups.insert("customer".to_owned(), rows(&["id", "name", "plan", "left"], &[&[None, Some(&name), plan.as_deref(), None]]));
        let decision = decide(&rules, &facts);
        let explained = rules.decide(&facts, &Explanation::wanted()).unwrap();
        prop_assert_eq!(&decision, &explained);
        if text::fold(&subject) == "{subject}" {
            let message = format!("{subject}|{name}|{{{}}}", plan.as_deref().unwrap_or_default());
            prop_assert_eq!(decision.message, Some(message));
            prop_assert_eq!(decision.set.get("Notes"), Some(&*subject));
            let plan = plan.map(|plan| format!("<{plan}>"));
            prop_assert_eq!(decision.set.get("Plan"), plan.as_deref());
        } else {
            prop_assert!(decision.set.is_empty());
            let expected = [
                (name.starts_with('('), Verdict::Allowed),
                (matches!(decision.verdict, Some(Verdict::Refused(_))), Verdict::Refused(name)),
            ];
            let expected = expected.into_iter().find(|(holds, _)| *holds).map(|(_, verdict)| verdict);
            prop_assert_eq!(decision.verdict, expected);
        }
    }

    #[test]
    fn rules_of_any_text_are_read_or_refused(text in hostile(), key in "[a-z_.]{0,12}") {
        let value = toml::Value::String(text).to_string();
        for rules in [
            format!("rules = [{{ when = {{ subject = {{ matches = {value} }} }}, message = {value} }}]"),
            format!("rules = [{{ when = {{ {value} = {{ {key} = {value} }} }}, {key} = {value} }}]"),
            format!("rules = [{{ when = {{ subject = {{ above = {value}, contains = [{value}] }} }} }}]"),
            format!("rules = [{{ options = {{ {value} = {value} }}, set = {{ {value} = {value} }} }}]"),
        ] {
            for kind in [Kind::Ticket, Kind::CustomFields, Kind::UserInformation] {
                if let Ok((rules, _)) = RuleSet::parse(kind, &rules, &scope()) {
                    decide(&rules, &ticket("x", None));
                }
            }
        }
    }
}
