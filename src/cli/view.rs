//! `view`: its flags, and what they ask for.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, value_parser};

use super::flags;
use super::run::{self, Options};
use crate::settings::table::TABLE;

/// The settings of the dashboard's looks.
const LOOKS: [&str; 2] = ["theme", "glyphs"];

/// The options of `view`.
#[derive(Debug, Clone, PartialEq)]
pub struct Viewing {
    /// The run's directory.
    pub directory: PathBuf,
    /// How the dashboard looks.
    pub options: Options,
}

/// `view`.
pub(super) fn command() -> Command {
    Command::new("view")
        .args_override_self(true)
        .about("Show a recorded run in the dashboard, as it stood after any of its samples")
        .args(arguments())
}

fn arguments() -> impl Iterator<Item = Arg> {
    let directory = Arg::new("directory")
        .value_name("DIR")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .value_hint(clap::ValueHint::DirPath)
        .help("Directory of the run, finished or not");
    let looks = TABLE.iter().filter(|setting| LOOKS.contains(&setting.key));
    std::iter::once(directory).chain(looks.map(flags::setting))
}

pub(super) fn read(matches: &ArgMatches) -> Viewing {
    let directory = matches.get_one::<PathBuf>("directory").cloned();
    Viewing {
        directory: directory.expect("clap requires the argument"),
        options: run::read(matches),
    }
}
