//! `sebs-tui compare`.

use std::process::ExitCode;

use sebs_tui::cli::{Comparing, TableFormat};
use sebs_tui::core::compare::{Candidate, Comparison};
use sebs_tui::plain::compare::Style;
use sebs_tui::plain::{self};
use sebs_tui::store::journal;

use super::Done;
use super::ending::print_ignoring_a_closed_pipe;

/// A run is slower than the bound of a comparison.
const TOO_SLOW: u8 = 4;

/// `sebs-tui compare`: tells where runs differ from the first of them.
pub fn compare(comparing: &Comparing) -> Done {
    let mut journals = Vec::new();
    for directory in &comparing.directories {
        let name = directory.display().to_string();
        journals.push((
            name,
            journal::read_results(&journal::path_in(directory))?.entries,
        ));
    }
    let candidates: Vec<Candidate> = journals
        .iter()
        .map(|(name, entries)| Candidate { name, entries })
        .collect();
    let comparison = Comparison::of(&candidates)?;
    let text = match comparing.format {
        TableFormat::Text => plain::compare::render(&comparison, Style::Text),
        TableFormat::Markdown => plain::compare::render(&comparison, Style::Markdown),
        TableFormat::Json => serde_json::to_string_pretty(&comparison)? + "\n",
    };
    print_ignoring_a_closed_pipe(&text);
    let Some(share) = comparing.fail_above else {
        return Ok(ExitCode::SUCCESS);
    };
    let above: Vec<String> = comparison
        .above(share)
        .map(|(run, cell)| plain::compare::above(run, cell, share))
        .collect();
    for line in &above {
        eprintln!("sebs-tui: {line}");
    }
    Ok(if above.is_empty() {
        ExitCode::SUCCESS
    } else {
        TOO_SLOW.into()
    })
}
