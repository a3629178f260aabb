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

/// Rooms named after `crate::` or `sebs_tui::` in a file, and after so many `super::` that they are the crate's;
/// comments left out.
fn imported_rooms(text: &str, climbs_to_the_crate: usize) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let climb = "super::".repeat(climbs_to_the_crate);
    ["crate::", "sebs_tui::", &climb]
        .iter()
        .flat_map(|prefix| code.split(prefix).skip(1))
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => heads(list),
            None => vec![rest],
        })
        .map(name)
        .collect()
}

/// The items of a list up to the brace that closes it, those of lists within it left out.
fn heads(list: &str) -> Vec<&str> {
    let (mut depth, mut begins, mut heads) = (0_u32, true, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !c.is_whitespace() => {
                heads.push(&list[at..]);
                begins = false;
            }
            _ => {}
        }
    }
    heads
}

/// The name that a path begins with.
fn name(path: &str) -> String {
    path.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// How many `super::` lead from this file to the crate: one from `src/room.rs` and `src/room/mod.rs`.
fn climbs_to_the_crate(file: &Path) -> usize {
    let inside = file.strip_prefix(source()).expect("a source file");
    let is_folder = inside.file_stem().is_some_and(|stem| stem == "mod");
    inside.components().count() - usize::from(is_folder)
}

#[test]
fn rooms_import_only_the_rooms_below_them() {
    for (name, allowed) in RULES {
        for file in room(name) {
            let text = fs::read_to_string(&file).expect("a readable source file");
            // A module within the file climbs once more.
            let climbs = climbs_to_the_crate(&file);
            let imported = [climbs, climbs + 1].map(|climbs| imported_rooms(&text, climbs));
            for imported in imported.concat() {
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
fn every_way_to_name_a_room_is_seen() {
    let text = "use crate::core::time;\nuse crate::{\n    net::{self, Socket},\n    store,\n};\n// use crate::plain;\n\
                use super::super::driver::echo;\nfn f() { sebs_tui::screen::f(); }\nuse super::cli;\n";
    let mut rooms = imported_rooms(text, 2);
    rooms.sort();
    assert_eq!(rooms, ["core", "driver", "net", "screen", "store"]);
    let climbs = |file: &str| climbs_to_the_crate(&source().join(file));
    assert_eq!(
        ["plain.rs", "net/mod.rs", "net/socket.rs", "core/run/mod.rs"].map(climbs),
        [1, 1, 2, 2]
    );
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
