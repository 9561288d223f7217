//! Citations of the law (`wsdl/*.md`) lead somewhere: `wsdl/CONTRACT.md, section 3`.

use std::path::Path;

use crate::support::repository;

/// What may cite the law: code, scripts and pages, but no recorded exchange.
fn citing(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            citing(&path, found);
        } else if path
            .extension()
            .is_some_and(|e| ["rs", "md", "sh", "cs", "py"].iter().any(|known| e == *known))
        {
            let name = path.strip_prefix(repository("")).unwrap().display().to_string();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A text in one line, without the marks of its comments, so that a citation may be wrapped.
fn flowing(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!', '#']));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// What is wrong with the citations of a text.
fn mistakes(text: &str) -> Vec<String> {
    let text = flowing(text);
    let mut found = Vec::new();
    let pattern = |pattern: &str| regex_lite::Regex::new(pattern).unwrap();
    let around = |at: std::ops::Range<usize>| {
        text.get(at.start..).unwrap_or_default().chars().take(60).collect::<String>()
    };
    let unlinked = r"\bcontract, sections? [0-9]|\bcontract \(section|\bcontract\.md|\basmx\.md|sample-provider";
    for old in pattern(unlinked).find_iter(&text) {
        found.push(format!("not a path and a section: {}", around(old.range())));
    }
    let law = pattern(r"wsdl/([A-Za-z_-]+\.md)`?(, sections? ([0-9]+)(?: and ([0-9]+))?)?");
    for citation in law.captures_iter(&text) {
        let said = || around(citation.get(0).unwrap().range());
        let Ok(page) = std::fs::read_to_string(repository("wsdl").join(&citation[1])) else {
            found.push(format!("there is no such page: {}", said()));
            continue;
        };
        for section in [citation.get(3), citation.get(4)].into_iter().flatten() {
            let heading = format!("## {}. ", section.as_str());
            if !page.lines().any(|line| line.starts_with(&heading)) {
                found.push(format!("there is no such section: {}", said()));
            }
        }
    }
    found
}

#[test]
fn citations_lead_somewhere() {
    let mut texts = Vec::new();
    for folder in ["src", "tests", "fixtures", "wsdl", ".github"] {
        citing(&repository(folder), &mut texts);
    }
    texts.push(("README.md".into(), std::fs::read_to_string(repository("README.md")).unwrap()));
    let mut citing = 0;
    for (file, text) in texts.iter().filter(|(file, _)| file != "tests/it/tidy/law.rs") {
        citing += usize::from(text.contains("wsdl/CONTRACT.md") || text.contains("wsdl/ASMX.md"));
        assert_eq!(mistakes(text), [""; 0], "{file}");
    }
    assert!(citing > 20, "{citing} files cite the law");
}

#[test]
fn the_law_names_exchanges_that_are_there() {
    let named = regex_lite::Regex::new("`(fixtures/[^`*]*)`").unwrap();
    let mut checked = 0;
    for page in ["CONTRACT.md", "ASMX.md", "SAMPLE.md"] {
        let text = std::fs::read_to_string(repository("wsdl").join(page)).unwrap();
        for path in named.captures_iter(&text) {
            assert!(repository(&path[1]).exists(), "{page} names {}", &path[1]);
            checked += 1;
        }
    }
    assert!(checked >= 3, "{checked}");
}

#[test]
fn a_citation_that_leads_nowhere_is_found() {
    for (text, mistake) in [
        ("/// Last wins (wsdl/CONTRACT.md,\n    /// section 3).", None),
        ("`wsdl/ASMX.md`, sections 1 and 4; wsdl/SAMPLE.md", None),
        ("// RFC 9112, section 6.3; the contract says", None),
        ("(wsdl/CONTRACT.md, section 12)", Some("there is no such section: wsdl/CONTRACT.md")),
        ("(wsdl/ASMX.md, sections 1\n/// and 9)", Some("there is no such section: wsdl/ASMX.md")),
        ("wsdl/LAW.md", Some("there is no such page: wsdl/LAW.md")),
        ("(contract,\n/// section 3)", Some("not a path and a section: contract, section 3")),
        ("of the contract (section 3)", Some("not a path and a section: contract (section 3")),
        ("asmx.md, section 4", Some("not a path and a section: asmx.md")),
    ] {
        let found = mistakes(text);
        match mistake {
            None => assert_eq!(found, [""; 0], "{text}"),
            Some(mistake) => {
                assert!(found.len() == 1 && found[0].starts_with(mistake), "{text}: {found:?}");
            }
        }
    }
}
