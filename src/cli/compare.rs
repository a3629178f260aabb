//! `compare`: its flags, and what they ask for.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};

/// The options of `compare`.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparing {
    /// Directories of runs, the baseline first.
    pub directories: Vec<PathBuf>,
    /// `--fail-above`: share of the baseline's median, 0.1 for 10 %.
    pub fail_above: Option<f64>,
    /// `--format`.
    pub format: TableFormat,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Aligned columns.
    Text,
    /// GitHub's Markdown.
    Markdown,
    /// JSON, with every figure.
    Json,
}

/// `compare`.
pub(super) fn command() -> Command {
    Command::new("compare")
        .about("Tell where runs differ from the first of them, and how surely")
        .args(arguments())
}

fn arguments() -> [Arg; 3] {
    [
        Arg::new("directories")
            .value_name("DIR")
            .required(true)
            .num_args(2..)
            .value_parser(value_parser!(PathBuf))
            .value_hint(clap::ValueHint::DirPath)
            .help("Directories of runs; the first is the baseline"),
        Arg::new("fail-above")
            .long("fail-above")
            .value_name("PERCENT")
            .value_parser(percent)
            .help(
                "End with status 4 when a median rose by more than this for sure: its corrected test says slower and its \
                 whole interval lies above; with 3 when there are too few samples to test",
            ),
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .value_parser(PossibleValuesParser::new(["text", "markdown", "json"]))
            .default_value("text")
            .help("How the comparison is written"),
    ]
}

/// `10%` or `10` as 0.1.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim_end();
    match number.parse::<f64>() {
        Ok(percent) if percent.is_finite() && percent >= 0.0 => Ok(percent / 100.0),
        _ => Err("a percentage of 0 or more, such as 10%".into()),
    }
}

pub(super) fn read(matches: &ArgMatches) -> Comparing {
    let directories = matches.get_many("directories");
    Comparing {
        directories: directories.into_iter().flatten().cloned().collect(),
        fail_above: matches.get_one("fail-above").copied(),
        format: match matches.get_one::<String>("format").map(String::as_str) {
            Some("markdown") => TableFormat::Markdown,
            Some("json") => TableFormat::Json,
            _ => TableFormat::Text,
        },
    }
}
