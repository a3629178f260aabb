//! `run` and `plan`: their flags, and what they ask for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::flags;
use crate::core::message::AtEnd;
use crate::settings::Sources;
use crate::settings::table::TABLE;

/// The options of `run` and `plan`.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Settings given as flags, by key.
    pub flags: BTreeMap<&'static str, String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--sebs-config`.
    pub sebs_config: Option<PathBuf>,
    /// `--print-config`, or not.
    pub purpose: Purpose,
    /// `--resume`: directory of the run.
    pub resume: Option<PathBuf>,
    /// `--plain`, `--json`, or neither.
    pub view: View,
    /// `--keep`, or not.
    pub at_end: AtEnd,
}

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The dashboard, where there is a terminal for it.
    Dashboard,
    /// Lines of text.
    Plain,
    /// The journal's lines.
    Json,
}

/// What the options do: make the run, or only print its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Go ahead.
    Go,
    /// Print every setting with its origin, and end.
    PrintConfig,
}

impl Options {
    /// The sources of settings: these options, and the environment and directory of this process.
    pub fn sources(&self) -> Sources {
        Sources {
            flags: self.flags.clone(),
            environment: std::env::vars_os()
                .map(|(name, value)| {
                    (
                        name.to_string_lossy().into_owned(),
                        value.to_string_lossy().into_owned(),
                    )
                })
                .collect(),
            config: self.config.clone(),
            directory: PathBuf::new(),
            sebs_config: self.sebs_config.clone(),
        }
    }
}

/// `run`.
pub(super) fn command() -> Command {
    Command::new("run")
        .args_override_self(true)
        .about("Make a run, or resume one (the default command)")
        .args(arguments())
}

/// `plan`.
pub(super) fn plan() -> Command {
    Command::new("plan")
        .args_override_self(true)
        .about("Show what a run would do, and touch nothing")
        .args(flags::sources())
        .args(flags::settings())
}

pub(super) fn arguments() -> Vec<Arg> {
    let mut arguments = vec![
        Arg::new("plain")
            .long("plain")
            .action(ArgAction::SetTrue)
            .conflicts_with("json")
            .help_heading("View")
            .help("Lines of text instead of the dashboard: for pipes, CI, logs and screen readers"),
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help_heading("View")
            .help("One JSON object per event instead of the dashboard: the lines of the journal"),
        Arg::new("resume")
            .long("resume")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help_heading("Run")
            .help("Go on with the interrupted run in this directory; it keeps its settings"),
        Arg::new("keep")
            .long("keep")
            .action(ArgAction::SetTrue)
            .help_heading("Run")
            .help("Leave what the run made on its platform, and say how to remove it"),
    ];
    arguments.extend(flags::sources());
    arguments.extend(flags::settings());
    arguments
}

pub(super) fn read(matches: &ArgMatches) -> Options {
    let path = |name: &str| matches.try_get_one::<PathBuf>(name).ok().flatten().cloned();
    let set = |name: &str| {
        matches
            .try_get_one::<bool>(name)
            .ok()
            .flatten()
            .copied()
            .unwrap_or_default()
    };
    Options {
        flags: TABLE
            .iter()
            .filter_map(|setting| {
                let given = matches.try_get_one::<String>(setting.key).ok().flatten();
                Some((setting.key, given?.clone()))
            })
            .collect(),
        config: path("config"),
        sebs_config: path("sebs-config"),
        purpose: if set("print-config") {
            Purpose::PrintConfig
        } else {
            Purpose::Go
        },
        resume: path("resume"),
        view: match (set("plain"), set("json")) {
            (true, _) => View::Plain,
            (_, true) => View::Json,
            _ => View::Dashboard,
        },
        at_end: if set("keep") {
            AtEnd::Keep
        } else {
            AtEnd::Remove
        },
    }
}
