//! The table of settings, printed: as the values of a run, as a commented file, as Markdown.

use std::fmt::Write as _;

use super::layers::Assigned;
use super::table::{Group, Setting, TABLE};

/// Width that comments are wrapped at.
const WIDTH: usize = 100;

/// Every value and its origin, as a file that `--config` reads.
pub fn print_config(values: &[Assigned]) -> String {
    sections(|setting| {
        let assigned = values
            .iter()
            .find(|assigned| assigned.setting.key == setting.key)?;
        let line = match &assigned.value {
            Some(value) => format!("{} = {value}", setting.key),
            None => format!("# {}: {}", setting.key, setting.open),
        };
        Some(format!("{line:<40} # {}\n", assigned.origin))
    })
}

/// The commented file of defaults: `assets/config.toml`.
pub fn template() -> String {
    let head = "# Settings of sebs-tui with their defaults.\n\
                # A copy named sebs-tui.toml is read from the working directory; any other with --config FILE.\n\
                # Flags (--payload-begin) and variables (SEBS_TUI_PAYLOAD_BEGIN) come before this file.\n\n";
    let settings = sections(|setting| {
        let mut text = String::new();
        for line in wrapped(
            &format!("{} Allowed: {}.", setting.help, setting.kind.allowed()),
            WIDTH - 2,
        ) {
            let _ = writeln!(text, "# {line}");
        }
        let _ = match setting.default_value() {
            Some(value) => writeln!(text, "{} = {value}", setting.key),
            None => writeln!(text, "# {} = (default: {})", setting.key, setting.open),
        };
        Some(text)
    });
    format!("{head}{settings}")
}

/// The table of the documentation.
pub fn markdown_table() -> String {
    let mut text = String::from("| flag | default | meaning |\n|---|---|---|\n");
    for setting in TABLE {
        let default = setting.default.map_or_else(
            || setting.open.to_string(),
            |default| format!("`{default}`"),
        );
        let allowed = setting.kind.allowed();
        let _ = writeln!(
            text,
            "| `{}` | {default} | {} Allowed: {allowed}. |",
            setting.flag(),
            setting.help
        );
    }
    text
}

/// The settings under their groups' headings, each as `entry` writes it.
fn sections(entry: impl Fn(&'static Setting) -> Option<String>) -> String {
    Group::ALL
        .map(|group| {
            let entries: String = TABLE
                .iter()
                .filter(|setting| setting.group == group)
                .filter_map(&entry)
                .collect();
            format!("# ---- {} ----\n{entries}", group.heading())
        })
        .join("\n")
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(word.into());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
