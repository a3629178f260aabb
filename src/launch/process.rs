//! `sebs-tui process`: from a directory to a table beside each set of samples, told on stdout.

use std::io;
use std::process::ExitCode;

use sebs_tui::cli::{self, Processing};
use sebs_tui::plain::Format;
use sebs_tui::plain::process::{Figures, Processed};
use sebs_tui::store::import::{self, Existing, Rules, Task};

use super::Done;

/// Evaluates recorded samples again.
pub fn process(asked: &Processing) -> Done {
    let directories = import::directories(&asked.directory)?;
    if let (Some(out), [_, _, ..]) = (&asked.out, directories.as_slice()) {
        let what = format!(
            "{} directories of samples are in {}, and --out {} can take one of them: name it",
            directories.len(),
            asked.directory.display(),
            out.display()
        );
        return Err(what.into());
    }
    let (rules, figures) = match asked.rules {
        cli::Rules::Ours => (Rules::Ours, Figures::Both),
        cli::Rules::Sebs => (Rules::Sebs, Figures::BySebs),
    };
    let task = Task {
        rules,
        out: asked.out.clone(),
        existing: match asked.existing {
            cli::Existing::Kept => Existing::Kept,
            cli::Existing::Replaced => Existing::Replaced,
        },
    };
    let format = match asked.format {
        cli::Format::Text => Format::Text,
        cli::Format::Json => Format::Json,
    };
    let mut told = Processed::new(format, figures, Box::new(io::stdout()));
    for directory in directories {
        told.begin(&directory.display().to_string());
        let findings = import::process(&directory, &task, &mut |sample, evaluation| {
            told.row(sample, evaluation);
        })?;
        told.end_directory(&findings);
    }
    told.end();
    Ok(ExitCode::SUCCESS)
}
