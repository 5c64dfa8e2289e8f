//! The rules of the house that a compiler does not know.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::collections::BTreeSet;

use docket_testkit::source::{RustFile, root, rust_files};

/// Who may depend on whom. Development dependencies are free.
const ROOMS: &[(&str, &[&str])] = &[
    ("crates/event", &[]),
    ("crates/merkle", &[]),
    ("crates/engine", &["event", "merkle"]),
    ("crates/access", &["event", "merkle", "engine"]),
    (
        "crates/backends/sqlite",
        &["event", "merkle", "engine", "access"],
    ),
    (
        "crates/backends/postgres",
        &["event", "merkle", "engine", "access"],
    ),
    (
        "crates/backends",
        &["backends-sqlite", "backends-postgres", "engine", "access"],
    ),
    ("crates/surfaces/kit", &["event", "engine", "access"]),
    (
        "crates/surfaces/native",
        &["event", "merkle", "engine", "access", "surfaces-kit"],
    ),
    ("crates/surfaces/openai", &["event", "surfaces-kit"]),
    ("crates/surfaces/clarifai", &["event", "surfaces-kit"]),
    ("crates/surfaces/calypsoai", &["event", "surfaces-kit"]),
    (
        "crates/surfaces",
        &[
            "surfaces-kit",
            "surfaces-native",
            "surfaces-openai",
            "surfaces-clarifai",
            "surfaces-calypsoai",
        ],
    ),
    (
        "crates/server",
        &[
            "event",
            "merkle",
            "engine",
            "access",
            "backends",
            "surfaces",
            "surfaces-kit",
        ],
    ),
    (
        "crates/cli",
        &[
            "event",
            "merkle",
            "engine",
            "access",
            "backends",
            "surfaces",
            "surfaces-kit",
            "server",
        ],
    ),
    (
        "crates/testkit",
        &[
            "event",
            "merkle",
            "engine",
            "access",
            "backends",
            "surfaces",
            "surfaces-kit",
            "server",
        ],
    ),
    ("bench", &["event", "engine", "backends", "testkit"]),
    ("xtask", &["testkit"]),
];

/// Longest function, in lines.
const FUNCTION_LINES_MAX: usize = 70;
/// Longest file outside tests, in lines.
const FILE_LINES_MAX: usize = 500;
/// Files that may be longer, and why. The list only shrinks.
const LONG_FILES: &[&str] = &[];

fn files() -> Vec<RustFile> {
    ["crates", "xtask", "bench"]
        .iter()
        .flat_map(|folder| rust_files(folder).unwrap())
        .collect()
}

fn complain(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn rooms_depend_inwards() {
    let mut complaints = Vec::new();
    for (room, allowed) in ROOMS {
        let text = std::fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap();
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if section == "[dependencies]"
                && let Some(other) = name.strip_prefix("docket-")
                && !allowed.contains(&other)
            {
                complaints.push(format!("{room} must not depend on {other}"));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn every_room_is_in_the_table() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    let packages = files();
    let rooms: BTreeSet<&str> = packages
        .iter()
        .filter_map(|file| file.path.split_once("/src/").map(|(room, _)| room))
        .collect();
    assert_eq!(rooms, known, "{text}");
}

#[test]
fn a_file_says_what_it_is_for() {
    let silent = files()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "));
    complain(
        &silent
            .map(|file| format!("{} does not open with //!", file.path))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn functions_and_files_are_short() {
    let mut complaints = Vec::new();
    for file in files().into_iter().filter(|file| !file.is_test()) {
        for function in file.functions() {
            if function.lines > FUNCTION_LINES_MAX {
                complaints.push(format!(
                    "{}: {} has {} lines",
                    file.path, function.name, function.lines
                ));
            }
        }
        let lines = file.without_tests().lines().count();
        if lines > FILE_LINES_MAX && !LONG_FILES.contains(&file.path.as_str()) {
            complaints.push(format!("{} has {lines} lines", file.path));
        }
    }
    complain(&complaints);
}

#[test]
fn sql_stays_in_the_backends() {
    let sql = [
        "SELECT ",
        "INSERT INTO",
        "DELETE FROM",
        "CREATE TABLE",
        "PRAGMA ",
    ];
    let outside = files().into_iter().filter(|file| {
        !file.path.starts_with("crates/backends/")
            // What Docket is compared with is written in SQL.
            && !file.path.starts_with("bench/src/sql/")
            // A temporary PostgreSQL is set up in its own language.
            && !file.path.starts_with("crates/testkit/src/postgres")
            && !file.path.starts_with("crates/testkit/tests/postgres.rs")
            && !file.path.starts_with("crates/testkit/tests/tidy.rs")
    });
    let found = outside.filter(|file| sql.iter().any(|word| file.text.contains(word)));
    complain(
        &found
            .map(|file| format!("{} speaks SQL", file.path))
            .collect::<Vec<_>>(),
    );
}

/// Folders and files that may name vendors: their own, the vocabulary, and what shows a surface by example.
const NAMES_VENDORS: &[&str] = &[
    "crates/event/src/vocabulary",
    "crates/surfaces/openai/",
    "crates/surfaces/clarifai/",
    "crates/surfaces/calypsoai/",
    "crates/surfaces/src/",
    "crates/server/src/demo",
    "crates/cli/src/",
    "crates/testkit/",
    "xtask/",
    "bench/src/parts/pages",
];

#[test]
fn vendors_stay_in_their_folders() {
    let vendors = ["openai", "clarifai", "calypsoai"];
    let mut complaints = Vec::new();
    for file in files() {
        if file.is_test()
            || NAMES_VENDORS
                .iter()
                .any(|place| file.path.starts_with(place))
        {
            continue;
        }
        let code = file
            .without_tests()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let lower = line.to_ascii_lowercase();
            if vendors.iter().any(|vendor| lower.contains(vendor)) {
                complaints.push(format!("{}: {}", file.path, line.trim()));
            }
        }
    }
    complain(&complaints);
}

#[test]
fn the_list_of_surfaces_is_complete() {
    let list = std::fs::read_to_string(root().join("crates/surfaces/src/lib.rs")).unwrap();
    for entry in std::fs::read_dir(root().join("crates/surfaces")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !matches!(name.as_str(), "src" | "kit" | "tests") {
            assert!(
                list.contains(&format!("docket_surfaces_{name}")),
                "{name} is not in the list"
            );
        }
    }
}

#[test]
fn the_map_names_what_exists() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let all: String = files().into_iter().map(|file| file.text).collect();
    let mut complaints = Vec::new();
    let quoted = map.split('`').skip(1).step_by(2);
    for word in quoted.filter(|word| !word.contains([' ', '\n', '<', '{', '*'])) {
        let looks_like_path = word.contains('/') && !word.starts_with('/') && !word.contains("://");
        if let Some(function) = word.strip_suffix("()") {
            let name = function.rsplit("::").next().unwrap_or(function);
            if !all.contains(&format!("fn {name}")) {
                complaints.push(format!("there is no function {word}"));
            }
        } else if looks_like_path && !root().join(word.trim_end_matches('/')).exists() {
            complaints.push(format!("there is no {word}"));
        }
    }
    complain(&complaints);
}

/// Words that speak of how the project is made instead of what it is.
#[test]
fn the_project_speaks_of_itself_only() {
    let unwanted = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        "#[ignore",
        "thread::sleep(Duration::from_secs",
    ];
    let mut complaints = Vec::new();
    for file in files()
        .into_iter()
        .filter(|file| !file.path.ends_with("tests/tidy.rs"))
    {
        for word in unwanted.iter().filter(|word| file.text.contains(**word)) {
            complaints.push(format!("{} says {word}", file.path));
        }
    }
    complain(&complaints);
}
