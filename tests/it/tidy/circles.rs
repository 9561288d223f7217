//! Inside a room, too, arrows go one way: no two files need each other, nor do any more of them in turn.
//! A file and the folder of its name count as one, and what a room's own file passes on counts as a use
//! of the file that it comes from.

use std::collections::{BTreeMap, BTreeSet};

use super::all_sources;

/// The names that a use of `prefix` begins with: one, or those in its braces.
fn names<'t>(text: &'t str, prefix: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        // `super::super::x` and `crate::roomy::x` are others.
        if text[..at].ends_with("::") {
            continue;
        }
        let rest = &text[at + prefix.len()..];
        let group = rest.strip_prefix('{').map_or(rest, |group| {
            let mut depth = 1;
            let end = group.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            });
            &group[..end.unwrap_or(group.len())]
        });
        let mut depth = 0;
        let items = group.split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        let items = items.take(if rest.starts_with('{') { usize::MAX } else { 1 });
        let items = items.map(|item| {
            let item = item.trim();
            &item[..item.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(item.len())]
        });
        found.extend(items.filter(|item| !item.is_empty()));
    }
    found
}

/// A source without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Which file of a room uses which.
fn arrows(room: &str, files: &[(String, String)]) -> Graph {
    let children: BTreeSet<&str> =
        files.iter().filter_map(|(file, _)| file.strip_prefix(room)?.strip_prefix('/')).collect();
    let children: BTreeSet<&str> =
        children.iter().map(|file| file.split(['/', '.']).next().unwrap()).collect();
    // What the room's own file passes on, by name.
    let own = files.iter().find(|(file, _)| *file == format!("{room}.rs"));
    let own = own.map(|(_, text)| code(text)).unwrap_or_default();
    let mut passed: BTreeMap<String, &str> = BTreeMap::new();
    for &child in &children {
        let exported = names(&own, &format!("use {child}::"));
        passed.extend(exported.into_iter().map(|name| (name.to_owned(), child)));
    }
    let mut graph = Graph::new();
    for (file, text) in files {
        let Some(inside) = file.strip_prefix(&format!("{room}/")) else { continue };
        let child = inside.split(['/', '.']).next().unwrap();
        if file.ends_with("tests.rs") || inside.contains("/tests/") {
            continue;
        }
        let text = code(text);
        let up = "super::".repeat(inside.matches('/').count() + 1);
        let prefixes = [up, format!("crate::{room}::")];
        for name in prefixes.iter().flat_map(|prefix| names(&text, prefix)) {
            let target = children.get(name).copied().or_else(|| passed.get(name).copied());
            if let Some(target) = target.filter(|target| *target != child) {
                graph.entry(child.to_owned()).or_default().insert(target.to_owned());
            }
        }
    }
    graph
}

/// The arrows of circles, if there are any: those that are left when files that need nobody, or that
/// nobody needs, are taken away.
fn circle(mut graph: Graph) -> Vec<String> {
    loop {
        let before: usize = graph.values().map(BTreeSet::len).sum();
        let needy: BTreeSet<String> = graph.keys().cloned().collect();
        let needed: BTreeSet<String> = graph.values().flatten().cloned().collect();
        graph.retain(|file, targets| {
            targets.retain(|target| needy.contains(target));
            needed.contains(file) && !targets.is_empty()
        });
        if graph.values().map(BTreeSet::len).sum::<usize>() == before {
            let shown = |(file, targets): (&String, &BTreeSet<String>)| {
                targets.iter().map(|target| format!("{file} -> {target}")).collect::<Vec<_>>()
            };
            return graph.iter().flat_map(shown).collect();
        }
    }
}

#[test]
fn no_files_of_a_room_need_each_other() {
    let sources = all_sources();
    let mut arrows_seen = 0;
    for room in super::ROOMS {
        let graph = arrows(room, &sources);
        arrows_seen += graph.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(circle(graph), Vec::<String>::new(), "{room}: these need each other");
    }
    assert!(arrows_seen > 100, "{arrows_seen}");
}

#[test]
fn a_circle_is_found() {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = [
        file("room.rs", "mod a;\nmod b;\npub use b::{Other, Thing as _};\n"),
        file("room/a.rs", "use super::{c::X, Other};\n"),
        file("room/b.rs", "use crate::room::d;\n"),
        file("room/b/inner.rs", "use super::super::a::Y;\n"),
        file("room/c.rs", ""),
        file("room/d.rs", "// use super::a;\n#[cfg(test)]\nmod tests {\nuse super::a;\n}\n"),
    ];
    assert_eq!(circle(arrows("room", &files)), ["a -> b", "b -> a"]);
    assert_eq!(circle(arrows("room", &files[..3])), Vec::<String>::new());
}
