//! Every mistake has a line and a key.

use super::*;

const TEXT: &str = "# c\nname = \"x\"\nuse = true\nn = 0x10\nt = 2026-11-24T12:00:00Z\n\n\
    [inner]\nlist = [\"a\", \"b\"]\nrows = [[\"a\", \"b\"], []]\nwrong = \"hunter2\"\n";

#[test]
fn values_are_read_by_their_keys() {
    let document = Document::parse(TEXT).unwrap();
    let (root, problems) = (document.root(), &mut Vec::new());
    assert_eq!(root.string("name", problems), Some("x"));
    assert_eq!(root.bool("use", problems), Some(true));
    assert_eq!(root.integer("n", 1..=16, problems), Some(16));
    assert_eq!(root.datetime("t", problems).unwrap().to_string(), "2026-11-24T12:00:00Z");
    let inner = root.table("inner", problems).unwrap();
    assert_eq!(inner.strings("list", problems), Some(vec!["a", "b"]));
    assert_eq!(inner.rows("rows", problems), Some(vec![vec!["a", "b"], vec![]]));
    assert_eq!(root.string("none", problems), None);
    assert_eq!(root.keys(), ["name", "use", "n", "t", "inner"]);
    assert_eq!(*problems, []);
}

#[test]
fn lists_of_tables_count_from_one() {
    let text = "[[rule]]\nn = 1\n[[rule]]\nn = true\n[x]\nlist = [{}, 1]\n";
    let document = Document::parse(text).unwrap();
    let (root, problems) = (document.root(), &mut Vec::new());
    let rules = root.tables("rule", problems);
    assert_eq!(rules[0].integer("n", 0..=9, problems), Some(1));
    assert_eq!(rules[1].integer("n", 0..=9, problems), None);
    assert!(root.table("x", problems).unwrap().tables("list", problems).is_empty());
    assert!(root.tables("absent", problems).is_empty());
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "line 4: rule[2].n: must be a whole number from 0 to 9, not true or false",
            "line 6: x.list: must be a list of tables, not this list",
        ]
    );
}

#[test]
fn mistakes_are_named_by_line_and_key_and_show_no_value() {
    let document = Document::parse(TEXT).unwrap();
    let (root, problems) = (document.root(), &mut Vec::new());
    assert_eq!(root.integer("n", 1..=15, problems), None);
    let inner = root.table("inner", problems).unwrap();
    assert_eq!(inner.bool("wrong", problems), None);
    inner.finish(&["list", "rows", "wring"], problems);
    problems.push(inner.missing("url"));
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "line 4: n: must be a whole number from 1 to 15, not this number",
            "line 10: inner.wrong: must be true or false, not this string",
            "line 10: inner.wrong: there is no such key (did you mean wring?)",
            "line 7: inner.url: is missing",
        ]
    );
    assert_eq!((problems[1].line, problems[1].column), (10, 9));
}

#[test]
fn syntax_is_an_error_with_a_place_and_without_the_line() {
    for (text, line) in [
        ("a = 1\npassword = \"hunter2", 2),
        ("a = 1\na = 2\n", 2),
        ("[t]\n[u]\n[t]\n", 3),
        ("a", 1),
    ] {
        let problem = Document::parse(text).unwrap_err();
        assert_eq!(problem.line, line, "{text}: {problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
    assert!(Document::parse("\u{feff}a = 1").is_ok());
}

#[test]
fn strings_are_written_as_they_are_read() {
    for text in ["", "plain", "a\"b\\c", "line\nline", "tab\t\u{1}\u{7f}", "'\"'", "é😀"] {
        let written = format!("k = {}", quoted(text));
        let document = Document::parse(&written).unwrap();
        assert_eq!(document.root().string("k", &mut Vec::new()), Some(text), "{written}");
    }
}
