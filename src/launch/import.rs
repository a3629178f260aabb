//! `sebs-tui import`: a run of ours from each directory of SeBS's samples.

use std::path::PathBuf;
use std::process::ExitCode;

use sebs_tui::cli::Importing;
use sebs_tui::store::import::{self, Found, Known, Made, Naming};

use super::{Done, tell};

/// Makes runs of what SeBS recorded. Nothing is written before every table was read.
pub fn import(asked: &Importing) -> Done {
    let known = Known {
        kind: asked.kind,
        sweep: asked.sweep,
    };
    let directories = import::directories(&asked.directory)?;
    let theirs: Vec<&PathBuf> = (directories.iter())
        .filter(|directory| import::run_of(directory).is_none())
        .collect();
    // Runs of ours that lie among them are no reason to refuse the others.
    let directories = match theirs[..] {
        [] => directories.iter().collect(),
        _ => theirs,
    };
    let found = directories
        .into_iter()
        .map(|directory| Found::read(directory, known))
        .collect::<Result<Vec<_>, _>>()?;
    let naming = Naming {
        parent: asked.out.clone(),
        platform: asked.platform.clone(),
        command_line: std::env::args().collect(),
    };
    for found in found {
        tell(told(&found.into_run(&naming)?))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(made: &Made) -> String {
    let Made {
        directory,
        imported,
    } = made;
    let head = format!("{}: {imported}", directory.display());
    let left_out = imported.left_out();
    let notes = left_out.iter().chain(&imported.notes);
    let lines = std::iter::once(head).chain(notes.map(|note| format!("  {note}")));
    lines.map(|line| line + "\n").collect()
}
