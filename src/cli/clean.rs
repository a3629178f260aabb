//! `clean`: its flags, and what they ask for.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::flags;
use super::run::{self, Options};

const CLEAN: &str = "Remove what killed runs left on their platforms. Every run writes down what it makes before it \
makes it; what is still open in the ledgers of runs that are not alive is removed, the last thing made first, on the \
platform and by the settings that its ledger holds. What a run was told to keep (--keep) is listed, and goes with --run or \
--all. Exit status: 0 everything that may be removed is gone (with --dry-run: was listed), 1 something could not be removed or looked at; for what could not be removed the command is printed.";

/// The options of `clean`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleaning {
    /// Whose things.
    pub whose: Whose,
    /// `--dry-run`, or not.
    pub mode: CleaningMode,
    /// The settings: where the ledgers are, and the platform whose tags `--all` looks for.
    pub options: Options,
}

/// Whose things are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Those in the ledgers of runs that are not alive.
    DeadRuns,
    /// `--run`: those of this run.
    Run(String),
    /// `--all`: those in the ledgers, and whatever carries this program's tag.
    All,
}

/// Whether things are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CleaningMode {
    /// They are.
    Remove,
    /// They are only told.
    DryRun,
}

/// `clean`.
pub(super) fn command() -> Command {
    Command::new("clean")
        .args_override_self(true)
        .about("Remove what killed runs left on their platforms")
        .long_about(CLEAN)
        .args(arguments())
        .args(flags::sources())
        .args(flags::settings())
}

fn arguments() -> [Arg; 3] {
    [
        Arg::new("run")
            .long("run")
            .value_name("ID")
            .conflicts_with("all")
            .help("Only what this run made: the name of its directory; without a ledger here, by its tag, even if it was begun elsewhere"),
        Arg::new("all")
            .long("all")
            .action(ArgAction::SetTrue)
            .help("Also what runs were told to keep, and whatever carries this program's tag where the settings and the ledgers point, unless its run is alive; what was begun on another machine is listed and left"),
        Arg::new("dry-run")
            .long("dry-run")
            .action(ArgAction::SetTrue)
            .help("Only say what would be removed"),
    ]
}

pub(super) fn read(matches: &ArgMatches) -> Cleaning {
    Cleaning {
        whose: match matches.get_one::<String>("run") {
            Some(run) => Whose::Run(run.clone()),
            None if matches.get_flag("all") => Whose::All,
            None => Whose::DeadRuns,
        },
        mode: if matches.get_flag("dry-run") {
            CleaningMode::DryRun
        } else {
            CleaningMode::Remove
        },
        options: run::read(matches),
    }
}
