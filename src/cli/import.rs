//! `import`: its flags, and what they ask for.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::core::plan::Sweep;
use crate::core::sample::StartKind;

const IMPORT: &str = "Make runs of SeBS's output directories, for report, compare and view: a run for each directory \
with a result.csv, from its rows and from the exchanges of both ends, joined by time as process joins them. What SeBS's \
files do not say is said to be unknown. The files are only read, and each import makes new directories.";

/// The options of `import`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Importing {
    /// Where SeBS's files are, or their directories.
    pub directory: PathBuf,
    /// `--out`: directory in which each run gets one of its own.
    pub out: PathBuf,
    /// `--platform-name`.
    pub platform: String,
    /// `--start-kind` of the samples that do not say it.
    pub kind: Option<StartKind>,
    /// `--type`; none: as the directory's name says.
    pub sweep: Option<Sweep>,
}

/// `import`.
pub(super) fn command() -> Command {
    Command::new("import")
        .about("Make runs of SeBS's output directories, for report, compare and view")
        .long_about(IMPORT)
        .args(arguments())
}

fn arguments() -> [Arg; 5] {
    let path = |argument: Arg| {
        let argument = argument.value_parser(value_parser!(PathBuf));
        argument.value_hint(clap::ValueHint::DirPath)
    };
    let choice = |name: &'static str, values: [&'static str; 2]| {
        let argument = Arg::new(name).long(name);
        argument.value_parser(PossibleValuesParser::new(values))
    };
    [
        path(Arg::new("directory").value_name("DIR").required(true))
            .help("The directory that holds SeBS's result.csv, or one above several of them"),
        path(Arg::new("out").long("out").value_name("DIR"))
            .default_value("results")
            .help("Directory in which each run makes a directory of its own"),
        Arg::new("platform-name")
            .long("platform-name")
            .value_name("NAME")
            .default_value("sebs")
            .value_parser(name)
            .help("Where it was measured, as the run is to say: SeBS's files do not"),
        choice("start-kind", ["warm", "cold"])
            .value_name("KIND")
            .help("Start kind of samples that do not say it: SeBS's first versions had no is_cold"),
        choice("type", ["payload", "code"])
            .value_name("TYPE")
            .help("What grew [default: as the directory's name says]"),
    ]
}

/// A part of a directory's name.
fn name(text: &str) -> Result<String, String> {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    if text.is_empty() || !text.chars().all(plain) {
        return Err("letters, digits, - and _, as in aws or azure-west".into());
    }
    Ok(text.into())
}

pub(super) fn read(matches: &ArgMatches) -> Importing {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    let word = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    Importing {
        directory: path("directory").expect("clap requires the argument"),
        out: path("out").expect("it has a default"),
        platform: word("platform-name").unwrap_or_default().into(),
        kind: word("start-kind").map(|kind| StartKind::of(kind == "cold")),
        sweep: word("type").map(|sweep| match sweep {
            "code" => Sweep::Code,
            _ => Sweep::Payload,
        }),
    }
}
