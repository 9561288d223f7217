//! House rules as tests: arrows between rooms, module docs, nothing left unfinished.

use std::path::{Path, PathBuf};

use crate::support::repository;

/// The rooms from the bottom up: each may use those to its left.
const ROOMS: [&str; 8] =
    ["secret", "exchange", "xml", "contract", "soap", "client", "host", "sample"];

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
        for (number, line) in text.lines().enumerate() {
            let Some(used) = line.split("crate::").nth(1) else { continue };
            let used: String =
                used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let Some(other) = ROOMS.iter().position(|r| *r == used) else { continue };
            checked += 1;
            assert!(other <= level, "{file}:{}: {room} uses {used}", number + 1);
            assert!(
                !(room == "host" && used == "client"),
                "{file}:{}: host and client know nothing of each other",
                number + 1
            );
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn only_the_ends_know_http_libraries() {
    for (file, text) in all_sources() {
        let room = file.split(['/', '.']).next().unwrap();
        if matches!(room, "client" | "host" | "sample" | "cli" | "main" | "lib") {
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
