//! `sebs-tui compare`.

use std::process::ExitCode;

use sebs_tui::cli::{Comparing, TableFormat};
use sebs_tui::core::compare::{Candidate, Comparison, Conditions};
use sebs_tui::plain::compare::Style;
use sebs_tui::plain::{self};
use sebs_tui::store::{RunFile, journal};

use super::ending::INCOMPLETE;
use super::{Done, tell};

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
    let conditions: Vec<Conditions> = comparing
        .directories
        .iter()
        .map(|directory| RunFile::conditions_in(directory))
        .collect::<Result<_, _>>()?;
    let comparison = Comparison::of(&candidates)?.with_conditions(&conditions);
    let text = match comparing.format {
        TableFormat::Text => plain::compare::render(&comparison, Style::Text),
        TableFormat::Markdown => plain::compare::render(&comparison, Style::Markdown),
        TableFormat::Json => serde_json::to_string_pretty(&comparison)? + "\n",
    };
    tell(text)?;
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
    if !above.is_empty() {
        return Ok(TOO_SLOW.into());
    }
    let untested: Vec<String> = comparison
        .untested()
        .map(|(run, needed)| plain::compare::untested(run, needed))
        .collect();
    for line in &untested {
        eprintln!("sebs-tui: {line}");
    }
    Ok(if untested.is_empty() {
        ExitCode::SUCCESS
    } else {
        INCOMPLETE.into()
    })
}
