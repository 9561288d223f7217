//! What a hundred rules cost a call.
//!
//! `cargo bench --bench rules`: a ticket against rules of the kinds that administrators write, of
//! which one in ten matches; then with a thousand keywords in one rule.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use external_providers::contract::{Kind, StartTicket};
use external_providers::explanation::Explanation;
use external_providers::rules::{Facts, Rows, RuleSet, Scope};

fn facts() -> Facts {
    let mut facts = Facts::of(&StartTicket {
        email_from: Some("ann.müller@example.com".to_owned()),
        department_name: Some("Support".to_owned()),
        subject: Some("Re: [web01] The shop is down again, and it is URGENT für uns".to_owned()),
        custom_fields: [("Server", "web01"), ("Product", "Shop")].into(),
        ..Default::default()
    });
    let customer = ["17", "Ann Müller", "Gold"].map(|value| Some(value.to_owned()));
    let columns = ["id", "name", "plan"].map(str::to_owned).to_vec();
    facts.lookups.insert("customer".to_owned(), Rows { columns, rows: vec![customer.into()] });
    facts
}

/// Ten kinds of rule, again and again, with other words.
fn hundred() -> String {
    let mut text = String::new();
    for n in 0..10 {
        write!(
            text,
            r#"
[[rules]]
when = {{ customer.plan = ["Gold", "Platinum{n}"], subject = {{ contains_word = "urgent" }} }}
department = "Urgent {n}"
set = {{ Plan = "{{customer.plan}}", "Billing ID" = "{{customer.id}}" }}
[[rules]]
when = {{ departmentName = "Sales {n}" }}
department = "Sales"
[[rules]]
when = {{ field.Server = ["db{n}", "db2{n}", "db3{n}"] }}
department = "Databases"
[[rules]]
when = {{ subject = {{ contains = ["invoice {n}", "bill {n}"] }} }}
department = "Accounts"
[[rules]]
when = {{ emailFrom = {{ ends = "@spam{n}.example" }} }}
refuse = "No."
[[rules]]
when = {{ subject = {{ matches = '^\[nagios{n}\] \w+' }} }}
department = "Monitoring"
[[rules]]
when = {{ any = [{{ subject = {{ starts = "fw{n}:" }} }}, {{ customer.name = "nobody {n}" }}] }}
message = "forwarded"
[[rules]]
when = {{ customer.id = {{ above = 10{n}, at_most = 200 }}, not = {{ departmentName = "Support" }} }}
department = "Large"
[[rules]]
when = {{ loginUsername = {{ empty = false }}, subject = {{ contains_word = "refund{n}" }} }}
department = "Refunds"
[[rules]]
when = {{ field.Product = {{ contains_word = ["mail{n}", "web{n}"] }}, subject = {{ empty = true }} }}
refuse = "A subject, please."
"#
        )
        .unwrap();
    }
    text
}

fn rules(text: &str) -> RuleSet {
    let lookups = [("customer".to_owned(), None)].into();
    let scope = Scope { lookups, ..Default::default() };
    RuleSet::parse(Kind::Ticket, text, &scope).unwrap().0
}

fn bench(criterion: &mut Criterion) {
    let (facts, nobody) = (facts(), Explanation::default());
    let hundred = rules(&hundred());
    assert_eq!(hundred.decide(&facts, &nobody).unwrap().department.as_deref(), Some("Urgent 9"));
    criterion.bench_function("100 rules", |b| {
        b.iter(|| hundred.decide(black_box(&facts), &nobody));
    });
    let words: Vec<String> = (0..1000).map(|n| format!("\"word{n}\"")).collect();
    let words = words.join(", ");
    let keywords = rules(&format!(
        "rules = [{{ when = {{ subject = {{ contains_word = [{words}] }} }}, allow = true }}]"
    ));
    criterion.bench_function("1000 keywords", |b| {
        b.iter(|| keywords.decide(black_box(&facts), &nobody));
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
