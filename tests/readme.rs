//! The README's tables are printed by the program itself.

const README: &str = include_str!("../README.md");

fn section(name: &str) -> &'static str {
    let (_, rest) = README
        .split_once(&format!("<!-- {name} -->"))
        .unwrap_or_else(|| panic!("README.md has no {name} section"));
    rest.split_once(&format!("<!-- /{name} -->"))
        .unwrap_or_else(|| panic!("README.md does not close its {name} section"))
        .0
}

fn assert_is(name: &str, table: &str) {
    assert_eq!(
        section(name).trim(),
        table.trim(),
        "put this into the {name} section of README.md:\n\n{table}\n"
    );
}

#[test]
fn keys_are_those_of_the_key_table() {
    assert_is("keys", &sebs_tui::screen::keys::markdown_table());
}

#[test]
fn settings_are_those_of_the_settings_table() {
    assert_is("settings", &sebs_tui::settings::markdown_table());
}
