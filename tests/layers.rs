//! The import rules of `src/lib.rs`, checked: who may import whom.

use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms it may import.
const RULES: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("net", &["core"]),
    ("function", &["core", "net"]),
    ("platform", &["core"]),
    ("driver", &["core", "net", "platform"]),
    ("store", &["core"]),
    ("plain", &["core"]),
    ("screen", &["core"]),
    ("settings", &["core"]),
    ("cli", &["core", "settings"]),
];

/// What the pure core must not even name.
const IMPURE: &[&str] = &[
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "tokio",
    "ratatui",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(room: &Path) -> Vec<PathBuf> {
    if room.is_file() {
        return vec![room.to_owned()];
    }
    let Ok(entries) = fs::read_dir(room) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a directory entry").path())
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

fn room(name: &str) -> Vec<PathBuf> {
    let folder = source().join(name);
    let files = if folder.is_dir() {
        rust_files(&folder)
    } else {
        rust_files(&source().join(format!("{name}.rs")))
    };
    assert!(
        !files.is_empty(),
        "the room {name} has no files: rename it here too"
    );
    files
}

/// Rooms named after `crate::` or `sebs_tui::` in a file, comments left out.
fn imported_rooms(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            ["crate::", "sebs_tui::"].map(|prefix| {
                line.split(prefix)
                    .skip(1)
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
        })
        .flatten()
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect::<Vec<_>>(),
            None => vec![rest],
        })
        .map(|path| {
            path.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn rooms_import_only_the_rooms_below_them() {
    for (name, allowed) in RULES {
        for file in room(name) {
            let text = fs::read_to_string(&file).expect("a readable source file");
            for imported in imported_rooms(&text) {
                let known = RULES.iter().any(|(room, _)| *room == imported);
                let fine = imported == *name || !known || allowed.contains(&imported.as_str());
                assert!(
                    fine,
                    "{}: {name} must not import {imported}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn the_core_has_no_socket_clock_file_or_environment() {
    for file in room("core") {
        let text = fs::read_to_string(&file).expect("a readable source file");
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for word in IMPURE {
                assert!(
                    !line.contains(word),
                    "{}: the core must not name {word}: {line}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn every_room_has_a_rule() {
    for entry in fs::read_dir(source()).expect("the source folder") {
        let path = entry.expect("a directory entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let known = RULES.iter().any(|(room, _)| *room == name)
            || ["lib", "main", "launch"].contains(&name.as_str());
        assert!(known, "src/{name} has no import rule");
    }
}
