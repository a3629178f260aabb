//! `doctor`: its flags, and what they ask for.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::flags;
use super::process::Format;
use super::run::{self, Options};

const DOCTOR: &str = "Look for what stands in the way of a run before money is spent: credentials, quotas and limits of \
the platform, clocks, timers and kernel time stamps, the UDP port, the address that functions are told, and what killed \
runs left. Then one tiny function is deployed, called once as a run would, and removed: it shows whether datagrams \
arrive, in which direction they are lost, and how well the clocks can be compared. Every finding says what to change. \
Exit status: 0 all is well, or with warnings, 1 something failed, 2 wrong usage.";

/// The options of `doctor`.
#[derive(Debug, Clone, PartialEq)]
pub struct Examining {
    /// `--read-only`, or not.
    pub probing: Probing,
    /// `--json`, or not.
    pub format: Format,
    /// The settings, as of a run.
    pub options: Options,
}

/// Whether a function is deployed to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probing {
    /// One is, for one invocation.
    Deploy,
    /// Nothing is made or called.
    ReadOnly,
}

/// `doctor`.
pub(super) fn command() -> Command {
    Command::new("doctor")
        .args_override_self(true)
        .about("Look for what stands in the way of a run, with one invocation of a tiny function")
        .long_about(DOCTOR)
        .args(arguments())
        .args(flags::sources())
        .args(flags::settings())
}

fn arguments() -> [Arg; 2] {
    [
        Arg::new("read-only")
            .long("read-only")
            .action(ArgAction::SetTrue)
            .help("Only look: deploy and call nothing"),
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("One JSON document instead of lines, with the figures of the invocation"),
    ]
}

pub(super) fn read(matches: &ArgMatches) -> Examining {
    Examining {
        probing: if matches.get_flag("read-only") {
            Probing::ReadOnly
        } else {
            Probing::Deploy
        },
        format: if matches.get_flag("json") {
            Format::Json
        } else {
            Format::Text
        },
        options: run::read(matches),
    }
}
