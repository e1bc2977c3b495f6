//! The table of corner cases names tests that exist.

use std::{collections::HashSet, fs, path::Path};

const TABLE: &str = include_str!("../../../crates/auth-cache/CORNER-CASES.md");

#[test]
fn every_test_that_the_table_of_corner_cases_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut tests = HashSet::new();
    for folder in
        ["crates/auth-cache/src", "crates/auth-cache/tests", "functions/query/tests", "integration-tests/tests"]
    {
        collect_tests(&root.join(folder), &mut tests);
    }
    let named =
        TABLE.split('`').skip(1).step_by(2).filter(|code| code.contains('_') && !code.contains(['(', ':', ' ']));
    let missing: Vec<_> = named.filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");

    let numbers = TABLE.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
    assert_eq!(numbers.collect::<Vec<u32>>(), (1..=56).collect::<Vec<_>>());
}

/// The names of all functions that a test attribute precedes, be it `#[test]` or `#[tokio::test(...)]`.
fn collect_tests(folder: &Path, tests: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_tests(&path, tests);
            continue;
        }
        let mut is_test = false;
        for line in fs::read_to_string(&path).unwrap().lines().map(str::trim) {
            let name = line
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("async ")
                .strip_prefix("fn ")
                .and_then(|rest| rest.split('(').next());
            match name {
                Some(name) if is_test => _ = tests.insert(name.to_owned()),
                _ => {}
            }
            is_test =
                line.starts_with("#[test]") || line.starts_with("#[tokio::test") || is_test && line.starts_with('#');
        }
    }
}
