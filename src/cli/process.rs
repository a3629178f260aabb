//! `process`: its flags, and what they ask for.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

const PROCESS: &str = "Evaluate recorded samples again, of SeBS or of this program: joins the rows of both ends by \
time, subtracts the clock offset that SeBS adds, and says row by row what changed and why. The table is written \
beside the samples, as reprocessed-result.csv, or sebs-result-processed.csv with --sebs-compat.";

/// The options of `process`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processing {
    /// Where the samples are, or their directories.
    pub directory: PathBuf,
    /// `--sebs-compat`, or not.
    pub rules: Rules,
    /// `--out`: the table to write.
    pub out: Option<PathBuf>,
    /// `--force`, or not.
    pub existing: Existing,
    /// `--format`.
    pub format: Format,
}

/// By whose rules samples are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Ours.
    Ours,
    /// SeBS's.
    Sebs,
}

/// What becomes of a file where a table is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays.
    Kept,
    /// It is replaced.
    Replaced,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `process`.
pub(super) fn command() -> Command {
    Command::new("process")
        .about("Evaluate recorded samples again, of SeBS or of this program")
        .long_about(PROCESS)
        .args(arguments())
}

fn arguments() -> [Arg; 5] {
    let path = |argument: Arg| argument.value_parser(value_parser!(PathBuf));
    [
        path(Arg::new("directory").value_name("DIR").required(true))
            .value_hint(clap::ValueHint::DirPath)
            .help("A run's directory, the one that holds result.csv, or one above several of them"),
        Arg::new("sebs-compat")
            .long("sebs-compat")
            .action(ArgAction::SetTrue)
            .help("SeBS's rules and its ten columns: rows joined by place, the offset averaged and added"),
        path(Arg::new("out").long("out").value_name("FILE"))
            .value_hint(clap::ValueHint::FilePath)
            .help("Write the table there instead of beside the samples; only for one directory of samples"),
        Arg::new("force")
            .long("force")
            .action(ArgAction::SetTrue)
            .help("Replace the file that the table is written to"),
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .default_value("text")
            .value_parser(PossibleValuesParser::new(["text", "json"]))
            .help("What is printed: a table for people, or one JSON document"),
    ]
}

pub(super) fn read(matches: &ArgMatches) -> Processing {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    Processing {
        directory: path("directory").expect("clap requires the argument"),
        rules: if matches.get_flag("sebs-compat") {
            Rules::Sebs
        } else {
            Rules::Ours
        },
        out: path("out"),
        existing: if matches.get_flag("force") {
            Existing::Replaced
        } else {
            Existing::Kept
        },
        format: match matches.get_one::<String>("format").map(String::as_str) {
            Some("json") => Format::Json,
            _ => Format::Text,
        },
    }
}
