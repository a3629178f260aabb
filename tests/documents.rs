//! Tables of the documentation are printed by the program itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;

/// Compares a section, or writes it anew when `UPDATE_GENERATED` is set.
fn assert_is(file: &str, name: &str, table: &str) {
    let path = format!("{}/docs/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = text
        .split_once(&open)
        .unwrap_or_else(|| panic!("docs/{file} has no {name} section"));
    let (section, after) = rest
        .split_once(&close)
        .unwrap_or_else(|| panic!("docs/{file} does not close its {name} section"));
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        let table = table.trim();
        fs::write(path, format!("{before}{open}\n{table}\n{close}{after}")).unwrap();
        return;
    }
    assert_eq!(
        section.trim(),
        table.trim(),
        "docs/{file}: write the {name} section anew with UPDATE_GENERATED=1 cargo test --test documents -- --test-threads 1"
    );
}

#[test]
fn keys_are_those_of_the_key_table() {
    assert_is(
        "dashboard.md",
        "keys",
        &sebs_tui::screen::keys::markdown_table(),
    );
}

#[test]
fn settings_are_those_of_the_settings_table() {
    assert_is(
        "settings.md",
        "settings",
        &sebs_tui::settings::markdown_table(),
    );
}
