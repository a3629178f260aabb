//! `report`: its flags, and what they ask for.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

/// In which form a report is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportForm {
    /// One HTML file; in the run's directory, unless another place is given.
    Html(Option<PathBuf>),
    /// Each figure as a file in this directory.
    Svg(PathBuf),
    /// Markdown on stdout.
    Markdown,
    /// JSON on stdout.
    Json,
}

/// The options of `report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOptions {
    /// The run's directory.
    pub directory: PathBuf,
    /// What is made.
    pub form: ReportForm,
    /// `--against`: directories of the runs that this one is compared with, in the order given.
    pub against: Vec<PathBuf>,
    /// `--attempt`: number of the attempt whose clock exchange is shown.
    pub attempt: Option<u64>,
}

/// `report`.
pub(super) fn command() -> Command {
    Command::new("report")
        .about("Make a report of a run: one HTML file, figures, Markdown or JSON")
        .args(arguments())
}

fn arguments() -> Vec<Arg> {
    let path = |name: &'static str, value: &'static str| {
        let argument = Arg::new(name).value_name(value);
        argument.value_parser(value_parser!(PathBuf))
    };
    vec![
        path("directory", "DIR")
            .required(true)
            .value_hint(clap::ValueHint::DirPath)
            .help("Directory of the run, finished or not"),
        path("out", "FILE")
            .long("out")
            .conflicts_with_all(["svg", "md", "json"])
            .value_hint(clap::ValueHint::FilePath)
            .help("Where the HTML file goes [default: report.html in DIR]"),
        path("svg", "DIR")
            .long("svg")
            .conflicts_with_all(["md", "json"])
            .value_hint(clap::ValueHint::DirPath)
            .help("Write each figure as an SVG file into this directory instead, for papers"),
        Arg::new("md")
            .long("md")
            .action(ArgAction::SetTrue)
            .conflicts_with("json")
            .help("Print the answer and the tables as Markdown instead"),
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("Print everything the figures show as JSON instead"),
        path("against", "BASELINE")
            .long("against")
            .action(ArgAction::Append)
            .conflicts_with("svg")
            .value_hint(clap::ValueHint::DirPath)
            .help("Also tell what changed since the run in this directory, and how surely; can be repeated"),
        Arg::new("attempt")
            .long("attempt")
            .value_name("NUMBER")
            .value_parser(value_parser!(u64))
            .help("Attempt whose clock exchange is shown [default: the one whose bound is the median]"),
    ]
}

pub(super) fn read(matches: &ArgMatches) -> ReportOptions {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    ReportOptions {
        directory: path("directory").expect("clap requires the argument"),
        form: match path("svg") {
            Some(directory) => ReportForm::Svg(directory),
            None if matches.get_flag("md") => ReportForm::Markdown,
            None if matches.get_flag("json") => ReportForm::Json,
            None => ReportForm::Html(path("out")),
        },
        against: matches
            .get_many("against")
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
        attempt: matches.get_one("attempt").copied(),
    }
}
