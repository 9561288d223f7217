//! The fuzz targets over their seeds and a fixed number of mutations: what they hold to is tried
//! wherever the tests run, without libFuzzer.

#[path = "../fuzz/targets.rs"]
#[allow(unreachable_pub, reason = "a package of its own uses it as a library")]
mod targets;

use targets::{mutated, run, seeds};

fn try_out(target: &str, mutations: u64) {
    let seeds = seeds(target);
    assert!(seeds.len() > 5, "{}", seeds.len());
    let mutations = (0..mutations).map(|number| {
        let seed = &seeds[usize::try_from(number).unwrap() % seeds.len()];
        mutated(seed, number)
    });
    for input in seeds.iter().cloned().chain(mutations) {
        let tried = std::panic::catch_unwind(|| run(target, &input));
        assert!(tried.is_ok(), "{target} of {:?}", String::from_utf8_lossy(&input));
    }
}

macro_rules! targets {
    ($($target:ident $mutations:literal),+ $(,)?) => {
        $(#[test]
        fn $target() {
            try_out(stringify!($target), $mutations);
        })+

        #[test]
        fn all_targets_are_tried() {
            let tried = [$(stringify!($target)),+];
            let names = targets::TARGETS.map(|(name, _)| name);
            assert_eq!(names, tried);
            let readme = include_str!("../fuzz/README.md");
            assert!(names.iter().all(|name| readme.contains(&format!("| {name} |"))));
        }
    };
}

targets! {
    answer 200,
    certificate 2000,
    cookie 2000,
    event 2000,
    fault 2000,
    fixture 500,
    gateway 200,
    har 500,
    hash 2000,
    http 100,
    json 2000,
    ldap 200,
    mask 2000,
    provider 500,
    redact 2000,
    replay 2000,
    request 2000,
    response 2000,
    rules 1000,
    settings 2000,
    statement 1000,
    text 2000,
    wsdl 1000,
}
