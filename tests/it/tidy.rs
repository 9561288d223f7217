//! House rules as tests: arrows between rooms, module docs, nothing left unfinished.

mod circles;
mod law;

use std::path::{Path, PathBuf};

use crate::support::repository;

/// The rooms from the bottom up: each may use those to its left.
const ROOMS: [&str; 40] = [
    "error_chain",
    "bounded",
    "breaker",
    "in_force",
    "secret",
    "tls",
    "http",
    "metrics",
    "suggest",
    "toml_document",
    "xml",
    "contract",
    "soap",
    "wsdl",
    "report",
    "explanation",
    "sign_on",
    "rules",
    "backends",
    "settings",
    "client",
    "reach",
    "json_provider",
    "host",
    "sample",
    "login_page",
    "redact",
    "compare",
    "http1",
    "fixture",
    "replay",
    "record",
    "inspect",
    "gateway",
    "gateway_server",
    "outbox",
    "doctor",
    "conform",
    "provider_file",
    "shadow",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&repository("src"), &mut found);
    found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(repository("src")).unwrap().to_str().unwrap().to_owned();
            (name, text)
        })
        .collect()
}

#[test]
fn arrows_go_one_way() {
    let mut checked = 0;
    for (file, text) in all_sources() {
        let room = file.split(['/', '.']).next().unwrap();
        let Some(level) = ROOMS.iter().position(|r| *r == room) else { continue };
        // Everything that follows a `crate::`, braces with several rooms included.
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let number = text[..at].lines().count();
            let word = |text: &str| -> String {
                text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            };
            let used: Vec<String> = match rest.strip_prefix('{') {
                None => vec![word(rest)],
                Some(group) => {
                    let group = &group[..group.find(';').unwrap_or(group.len())];
                    group.split(',').map(|item| word(item.trim())).collect()
                }
            };
            for used in used {
                let Some(other) = ROOMS.iter().position(|r| *r == used) else { continue };
                checked += 1;
                assert!(other <= level, "{file}:{number}: {room} uses {used}");
                assert!(
                    !(room == "host" && used == "client"),
                    "{file}:{number}: host and client know nothing of each other"
                );
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn only_the_ends_know_http_libraries() {
    for (file, text) in all_sources() {
        let room = file.split(['/', '.']).next().unwrap();
        if !matches!(
            room,
            "secret"
                | "http"
                | "suggest"
                | "toml_document"
                | "xml"
                | "contract"
                | "soap"
                | "wsdl"
                | "settings"
        ) {
            continue;
        }
        for library in ["reqwest::", "hyper::", "tokio::"] {
            assert!(!text.contains(library), "{file} knows {library}");
        }
    }
}

#[test]
fn files_say_what_they_are_and_nothing_is_left_open() {
    for (file, text) in all_sources() {
        assert!(text.starts_with("//!") || file.ends_with("tests.rs"), "{file} has no module doc");
        for mark in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "#[ignore"] {
            assert!(!text.contains(mark), "{file} holds {mark}");
        }
    }
}

/// "is not a regular file", never "is no regular file" or "is none". (There is none, none of, and no longer,
/// are plain.)
#[test]
fn messages_and_docs_say_what_a_thing_is_not_in_plain_words() {
    for (file, text) in all_sources() {
        for (number, line) in text.lines().enumerate() {
            let verbs = ["is no ", "are no ", "is none", "are none"];
            for (at, verb) in verbs.iter().flat_map(|v| line.match_indices(v)) {
                let (before, after) = (line[..at].to_ascii_lowercase(), &line[at + verb.len()..]);
                // "Share no" is another verb.
                let is_plain = before.ends_with(|c: char| c.is_alphabetic())
                    || before.ends_with("there ")
                    || after.starts_with('\\')
                    || (verb.ends_with("none") && after.starts_with(" of"))
                    || after.starts_with("longer");
                assert!(is_plain, "{file}:{}: {line}", number + 1);
            }
        }
    }
}

/// What does not fit on a few screens is more than one thing.
#[test]
fn files_and_functions_are_short() {
    let mut functions = 0;
    for (file, text) in all_sources() {
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() <= 400, "{file} has {} lines", lines.len());
        let code = lines.iter().position(|line| *line == "mod tests {").unwrap_or(lines.len());
        if file.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        for (start, line) in lines[..code].iter().enumerate() {
            let bare = line.trim_start();
            let is_function =
                bare.split(' ').take(4).any(|word| word == "fn") && !bare.starts_with("//");
            let end = format!("{}}}", &line[..line.len() - bare.len()]);
            let length = lines[start..].iter().position(|line| *line == end);
            if let Some(length) = length.filter(|_| is_function && !bare.ends_with(';')) {
                functions += 1;
                assert!(length < 80, "{file}:{}: {} lines", start + 1, length + 1);
            }
        }
    }
    assert!(functions > 1500, "{functions}");
}

/// What only Unix has is compiled there alone: nobody here builds for Windows and would see it.
#[test]
fn what_only_unix_has_is_left_out_elsewhere() {
    let only = ["os::unix", "signal::unix", "rustix::", "libc::", "reload_on_sighup"];
    let sources = all_sources();
    // A file that is a module of Unix alone: `#[cfg(unix)]` before its `mod` line.
    let is_gated = |file: &str| {
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".rs");
        sources.iter().any(|(_, text)| {
            ["unix", "target_os = \"linux\"", "all(target_os = \"linux\", target_env = \"gnu\")"]
                .iter()
                .any(|system| text.contains(&format!("#[cfg({system})]\nmod {name};")))
        })
    };
    let mut gated = 0;
    for (file, text) in &sources {
        if is_gated(file) {
            gated += 1;
            continue;
        }
        let rest = without_unix(text);
        gated += usize::from(rest.len() < text.len());
        for word in only {
            assert!(!rest.contains(word), "{file}: {word} without #[cfg(unix)]");
        }
    }
    assert!(gated >= 8, "{gated}");
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    assert!(!without_unix(&readme).contains("reload_on_sighup"), "the README's example");
}

/// A source without the items and statements that are compiled on Unix alone.
fn without_unix(text: &str) -> String {
    let mut rest = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let bare = line.trim_start_matches(['/', '!', '#', ' ']);
        let is_unix = [
            "[cfg(unix)]",
            "[cfg(all(test, unix))]",
            "[cfg(target_os = \"linux\")]",
            "[cfg(all(target_os = \"linux\", ",
        ];
        if !is_unix.iter().any(|attribute| bare.starts_with(attribute)) {
            rest.extend([line, "\n"]);
            continue;
        }
        // Through the end of the statement, or of the braces that it opens.
        let mut depth = 0_i32;
        for line in lines.by_ref() {
            let count = |c: char| line.matches(c).count() as i32;
            depth += count('{') - count('}');
            if depth == 0 && line.trim_end().ends_with([';', '}']) {
                break;
            }
        }
    }
    rest
}
