use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

fn masked(secret: &str, text: &str) -> String {
    Mask::new([&Secret::new(secret)]).apply(text)
}

#[test]
fn every_form_of_a_known_secret_is_masked() {
    let secret = "P<a>&\"s's w/ö!😀";
    let basic = STANDARD.encode(format!("user:{secret}"));
    for form in [
        secret,
        "P&lt;a&gt;&amp;\"s's w/ö!😀",
        "P&lt;a>&amp;&quot;s's w/ö!😀",
        "P&lt;a&gt;&amp;&quot;s&#39;s w/&#246;!&#x1F600;",
        "P&amp;lt;a&amp;gt;&amp;amp;&amp;quot;s&amp;#39;s w/&amp;#246;!😀",
        "P%3ca%3e%26%22s%27s+w%2f%c3%b6!%f0%9f%98%80",
        "P%3Ca%3E%26%22s%27s%20w%2F%C3%B6%21%F0%9F%98%80",
        "P\\u003ca\\u003e\\u0026\\\"s\\u0027s w\\/\\u00F6!\\ud83d\\ude00",
        "P<a>&\"s's\n   w/ö!😀",
        "P&lt;a&gt;&amp;<b>\"s's</b> w/ö!😀",
        "<![CDATA[P<a>&]]>\"s's w/ö!😀",
        &STANDARD.encode(secret),
        &URL_SAFE_NO_PAD.encode(secret),
        &basic,
    ] {
        let text = masked(secret, &format!("before: {form} after"));
        assert!(text.starts_with("before: ") && text.ends_with(" after"), "{form}: {text}");
        assert!(text.contains(MASK), "{form}: {text}");
        for piece in ["s's", "w/", "%c3", "u00F6", "s&#39;s", "&#246;"] {
            assert!(!text.contains(piece), "{form}: {text}");
        }
    }
}

#[test]
fn base64_is_found_whatever_stands_before_it() {
    let secret = "correct-horse";
    for before in ["", "a", "ab", "abc", "abcd", "key=", "/x/", "user:"] {
        for inner in ["", "u:", "us:", "use:"] {
            let word = STANDARD.encode(format!("{inner}{secret}"));
            let text = masked(secret, &format!("x {before}{word} y"));
            assert!(text.starts_with("x ") && text.ends_with("*** y"), "{before} {inner}: {text}");
        }
    }
    let escaped = STANDARD.encode("??>>correct-horse??>").replace('/', "%2F").replace('+', "%2B");
    assert!(escaped.contains('%'));
    assert_eq!(masked(secret, &format!("a={escaped}&b=c")), "a=***&b=c");
}

#[test]
fn a_mask_covers_the_secret_and_nothing_else() {
    assert_eq!(masked("abc&def", "x abc&amp;def y abc&def z"), "x *** y *** z");
    assert_eq!(masked("abcabc", "abcabcabc"), "***abc");
    assert_eq!(masked("geheim ö", "é geheim&#160;ö geheim ö é"), "é geheim&#160;ö *** é");
    let (short, long) = (Secret::new("abc"), Secret::new("abcdef"));
    assert_eq!(Mask::new([&short, &long]).apply("abcdef abc"), "*** ***");
    assert_eq!(masked("a\r\nb longer", "a\nb longer"), "***");
    assert!(!format!("{:?}", Mask::new([&long])).contains("abc"));
    assert_eq!(masked("", "text"), "text");
}

#[test]
fn unknown_secrets_are_masked_by_key() {
    let mask = Mask::default();
    for (text, masked) in [
        ("<string>authPW=x y&amp;z</string>", "<string>authPW=***</string>"),
        ("&lt;string&gt;AUTHpw=x&lt;/string&gt;", "&lt;string&gt;AUTHpw=***&lt;/string&gt;"),
        ("a=b\nloginPassword = x\nc=d", "a=b\nloginPassword =***\nc=d"),
        ("{\"loginPassword\": \"x\"}\nnext", "{\"loginPassword\":***\nnext"),
        ("authPW%3Dhunter2", "authPW%3D***"),
        ("authPW&#61;hunter2", "authPW&#61;***"),
        ("authPW=", "authPW="),
        ("éauthPW=1", "éauthPW=***"),
        ("loginUsername=x", "loginUsername=x"),
        ("Wrong password: try again", "Wrong password: try again"),
        ("http://a/b?c=d", "http://a/b?c=d"),
    ] {
        assert_eq!(mask.apply(text), masked);
        assert_eq!(mask.apply_values(text), text);
    }
}

#[test]
fn nothing_is_cut_before_it_is_masked() {
    let mask = Mask::new([&Secret::new("correct-horse-battery")]);
    for start in 0..40 {
        let text = format!("{}correct-horse-battery{}", "x ".repeat(start), "y ".repeat(500));
        for limit in 0..120 {
            let masked = mask.apply_to_start(&text, limit);
            assert!(masked.len() <= limit, "{masked}");
            assert!(!masked.contains("co") && !masked.contains("cor"), "{start} {limit}: {masked}");
        }
    }
    assert_eq!(mask.apply_to_start("short", 100), "short");
}

#[test]
fn pieces_that_markup_cuts_are_masked_in_names() {
    let mask = Mask::new([&Secret::new("A&hunter2secret;b")]);
    assert_eq!(mask.apply_to_name("hunter2secret"), MASK);
    assert_eq!(mask.apply_to_name("Envelope"), "Envelope");
}

#[test]
fn hostile_texts_take_linear_time() {
    // Quadratic, each of these would take minutes and not a moment.
    let mask = Mask::new([&Secret::new("hunter2")]);
    for unit in ["pw=&lt;", "<", "&", "%", "\\u", "pw=", "&#", "a:", "\"pw\":", "<![CDATA["] {
        let text = unit.repeat(200_000 / unit.len());
        assert!(mask.apply(&text).len() <= 3 * text.len());
    }
}

#[test]
fn words_and_values_are_masked_as_a_whole() {
    for (secret, text, masked) in [
        (
            "acme",
            "<a>acme</a><b c='acme'>acme-joe joe@acme.com Acme acmes acme.com</b>",
            "<a>***</a><b c='***'>acme-joe joe@acme.com Acme acmes acme.com</b>",
        ),
        (
            "acme",
            "x=acme&y=\"acme\" no, acme! (acme) or acme.",
            "x=***&y=\"***\" no, ***! (***) or ***.",
        ),
        ("acme", "http://acme.org/acme", "http://acme.org/acme"),
        ("acme", "authPW=x acmes", "authPW=***"),
        ("nope", "an unknown operation", "an unknown operation"),
        ("e", "<a>e</a> the e end", "<a>***</a> the e end"),
        ("e", "refused", "refused"),
        ("a<b>c", "<p>a&lt;b&gt;c</p>", "<p>***</p>"),
    ] {
        assert_eq!(Mask::new([&Secret::new(secret)]).apply_whole(text, &[]), masked);
    }
}

#[test]
fn what_is_kept_stays_unless_it_stands_behind_a_key() {
    let mask = Mask::new([&Secret::new("acme")]);
    let text = "acme acme x=acme authPW=acme";
    assert_eq!(mask.apply_whole(text, &[0..4, 8..30]), "acme *** x=acme authPW=***");
    assert_eq!(mask.apply_whole(text, &[1..4, 5..8]), "*** *** x=*** authPW=***");

    // Inside of a word, too, where that is asked for.
    let text = "joe|acme acme-joe <acme>";
    assert_eq!(mask.apply_whole(text, &[0..3, 18..24]), "joe|acme acme-joe <acme>");
    assert_eq!(mask.apply_outside(text, &[0..3, 18..24]), "joe|*** ***-joe <acme>");
}

#[test]
fn hexadecimal_digits_and_utf_16_hide_nothing() {
    let secret = "hunter2\u{f6}";
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [secret.as_bytes(), &wide, &big] {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let dashed = bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join("-");
        let base64 = [STANDARD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)];
        for form in [hex.clone(), hex.to_uppercase(), dashed].iter().chain(&base64) {
            assert_eq!(masked(secret, &format!("x '{form}' y")), "x '***' y");
        }
        assert!(!masked(secret, &format!("a{hex}0")).contains(&hex), "an odd digit before it");
        assert!(!masked(secret, &format!("0x00{hex}ff")).contains(&hex));
    }
    assert_eq!(masked("abc", "616263 YWJj"), "616263 YWJj", "too short to be looked for there");
}

#[test]
fn sections_comments_and_instructions_part_nothing() {
    for (secret, text) in [
        ("a<b>c&d", "<![CDATA[a<b]]><![CDATA[>c&d]]>"),
        ("a<b>c&d", "<![CDATA[a<]]><!-- > --><![CDATA[b>c]]><?p x?><![CDATA[&d]]>"),
        ("a<b&cd", "a&lt;<![CDATA[b&]]>cd"),
        ("hunter2", "hun<!-- <b> -->ter<?x?>2"),
        ("]]>abc", "<![CDATA[]]]]><![CDATA[>abc]]>"),
    ] {
        let shown = masked(secret, &format!("<r>{text}</r>"));
        assert!(shown.starts_with("<r>") && shown.contains(MASK), "{text}: {shown}");
        for left in ["cd", "ter", "c&d", "abc"] {
            assert!(!shown.contains(left), "{text}: {shown}");
        }
    }
}
