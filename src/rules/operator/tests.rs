use super::*;

/// Absent (or NULL), empty, and texts.
const VALUES: [Option<&str>; 12] = [
    None,
    Some(""),
    Some("Down"),
    Some("it is down."),
    Some("downtime"),
    Some("ÄRGER mit ß"),
    Some("10"),
    Some("9"),
    Some("1.10"),
    Some(" 7.50 "),
    Some("1e3"),
    Some("a.c (x"),
];

/// Which of the values an operator holds of, as a line of 0 and 1.
fn line(operator: &Operator) -> String {
    let holds = |value: &Option<&str>| operator.holds(value.map(Text::new).as_ref());
    VALUES.iter().map(|value| if holds(value) { '1' } else { '0' }).collect()
}

fn texts(word: &'static str, wanted: &[&str]) -> Operator {
    Operator::texts(word, wanted, false).unwrap()
}

fn exact(word: &'static str, wanted: &[&str]) -> Operator {
    Operator::texts(word, wanted, true).unwrap()
}

fn number(word: &'static str, limit: &str) -> Operator {
    Operator::number(word, limit).unwrap()
}

#[test]
fn operators_and_values() {
    for (operator, expected) in [
        (texts("is", &["dOWN"]), "001000000000"),
        (exact("is", &["down"]), "000000000000"),
        (exact("is", &["Down"]), "001000000000"),
        (texts("is", &[""]), "010000000000"),
        (texts("is", &["ärger MIT ẞ"]), "000001000000"),
        (texts("is", &["1.1"]), "000000000000"),
        (texts("is_one_of", &["9", "x", "down"]), "001000010000"),
        (texts("is_one_of", &[]), "000000000000"),
        (texts("contains", &["DOWN"]), "001110000000"),
        (exact("contains", &["down"]), "000110000000"),
        (texts("contains", &["ärger", "time"]), "000011000000"),
        (texts("contains", &["."]), "000100001101"),
        (texts("contains_word", &["down"]), "001100000000"),
        (exact("contains_word", &["down"]), "000100000000"),
        (texts("contains_word", &["rger", "ss", "(", "mit"]), "000001000000"),
        (texts("contains_word", &["(x"]), "000000000001"),
        (texts("starts", &["DOWN"]), "001010000000"),
        (exact("starts", &["down", "ä"]), "000010000000"),
        (texts("ends", &["DOWN.", "time"]), "000110000000"),
        (exact("ends", &["DOWN."]), "000000000000"),
        (texts("matches", &["^D.WN$"]), "001000000000"),
        (exact("matches", &["^D.wn$", r"^\d+$"]), "001000110000"),
        (texts("matches", &["^ärger"]), "000001000000"),
        (Operator::switch("empty", true), "110000000000"),
        (Operator::switch("empty", false), "001111111111"),
        (Operator::switch("present", true), "011111111111"),
        (Operator::switch("present", false), "100000000000"),
        (number("above", "9"), "000000100000"),
        (number("at_least", "9"), "000000110000"),
        (number("below", "7.5"), "000000001000"),
        (number("at_most", "7.5"), "000000001100"),
        (number("is", "1.1"), "000000001000"),
        (number("is", "-1"), "000000000000"),
    ] {
        assert_eq!(line(&operator), expected, "{operator}");
    }
}

#[test]
fn operators_that_cannot_be() {
    for (word, wanted, error) in [
        ("matches", "(", "is not a regular expression: unclosed group"),
        (
            "matches",
            r"\w{1000}{1000}",
            "is not a regular expression: Compiled regex exceeds size limit of 1048576 bytes.",
        ),
        (
            "matches",
            "(?<!a)b",
            "is not a regular expression: look-around, including look-ahead and look-behind, is not supported",
        ),
        ("contains", "", "must not be empty: every text has that in it"),
        ("ends", "", "must not be empty: every text has that in it"),
    ] {
        assert_eq!(Operator::texts(word, &[wanted], false).unwrap_err(), error);
    }
    for limit in ["", "1e3", "inf", "nan", "ten"] {
        let error = Operator::number("above", limit).unwrap_err();
        assert_eq!(error, "must be a number like 10 or 0.5, without an exponent");
    }
}

/// The time of a pattern that others take for ever for grows with the text alone.
#[test]
fn no_pattern_and_no_text_takes_for_ever() {
    let text = "a".repeat(100_000) + "!";
    assert!(!texts("matches", &["^(a+)+$"]).holds(Some(&Text::new(text.as_str()))));
    assert!(!texts("contains_word", &["a", "aa"]).holds(Some(&Text::new(text.as_str()))));
}

#[test]
fn operators_in_words() {
    let many: Vec<String> = (0..12).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (operator, words) in [
        (texts("is_one_of", &["a", "B\n"]), r#"is one of "a", "B\n""#),
        (number("at_least", "1.10"), "at least 1.10"),
        (Operator::switch("empty", false), "is not empty"),
        (
            texts("contains_word", &many),
            r#"contains word "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" and 2 more"#,
        ),
    ] {
        assert_eq!(operator.to_string(), words);
    }
}
