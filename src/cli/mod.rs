//! Commands and flags, a file for each command. The settings' flags come from their table; only what is no setting is
//! written here.

mod clean;
mod compare;
mod doctor;
mod flags;
mod import;
mod process;
mod report;
mod run;
mod view;

pub use self::clean::{Cleaning, CleaningMode, Whose};
pub use self::compare::{Comparing, TableFormat};
pub use self::doctor::{Examining, Probing};
pub use self::import::Importing;
pub use self::process::{Existing, Format, Processing, Rules};
pub use self::report::{ReportForm, ReportOptions};
pub use self::run::{Options, Purpose, View};
pub use self::view::Viewing;

use std::ffi::OsString;

use clap::{Arg, Command, value_parser};
use clap_complete::Shell;

const ABOUT: &str = "What does it cost to call a serverless function?";
const LONG_ABOUT: &str = "What does it cost to call a serverless function? A dashboard for SeBS's invocation-overhead \
experiment: it deploys a function, calls it warm and cold with growing payloads or code packages, compares the \
clocks of both ends by exchanging datagrams, and shows the invocation time with a proven bound on its error.";
const AFTER_HELP: &str = "\
Every setting can also be given as a variable, SEBS_TUI_PAYLOAD_BEGIN=1024, or in a file, payload_begin = 1024.
Precedence: flag > variable > file > SeBS's configuration > default; --print-config shows who won.

Exit status: 0 complete, 1 an error or failed samples, 2 wrong usage, 3 incomplete (to be resumed, or too few
samples for --fail-above), 4 slower than --fail-above, 128 + N ended by signal N.";

/// What is asked of the program.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Make a run, or resume one.
    Run(Options),
    /// Show what a run would do.
    Plan(Options),
    /// Compare runs.
    Compare(Comparing),
    /// Evaluate recorded samples again.
    Process(Processing),
    /// Make runs of SeBS's files.
    Import(Importing),
    /// Make a report of a run.
    Report(ReportOptions),
    /// Show a recorded run in the dashboard.
    View(Viewing),
    /// Remove what killed runs left on their platforms.
    Clean(Cleaning),
    /// Look for what stands in the way of a run.
    Doctor(Examining),
    /// Print the completions for a shell.
    Completions(Shell),
    /// Print the manual page.
    Man,
}

/// Reads the command line, program name first. The error prints itself and knows its exit code: [`clap::Error::exit`].
pub fn parse(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<Request, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    Ok(match matches.subcommand() {
        Some(("completions", of)) => {
            Request::Completions(*of.get_one("shell").expect("clap requires the argument"))
        }
        Some(("man", _)) => Request::Man,
        Some(("compare", of)) => Request::Compare(compare::read(of)),
        Some(("report", of)) => Request::Report(report::read(of)),
        Some(("plan", of)) => Request::Plan(run::read(of)),
        Some(("process", of)) => Request::Process(process::read(of)),
        Some(("import", of)) => Request::Import(import::read(of)),
        Some(("view", of)) => Request::View(view::read(of)),
        Some(("clean", of)) => Request::Clean(clean::read(of)),
        Some(("doctor", of)) => Request::Doctor(doctor::read(of)),
        Some((_, of)) => Request::Run(run::read(of)),
        None => Request::Run(run::read(&matches)),
    })
}

/// The whole command line; without a command it is that of `run`.
pub fn command() -> Command {
    Command::new("sebs-tui")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_help(AFTER_HELP)
        .max_term_width(100)
        .args_override_self(true)
        .args_conflicts_with_subcommands(true)
        .args(run::arguments())
        .subcommand(run::command())
        .subcommand(run::plan())
        .subcommand(compare::command())
        .subcommand(process::command())
        .subcommand(import::command())
        .subcommand(report::command())
        .subcommand(view::command())
        .subcommand(clean::command())
        .subcommand(doctor::command())
        .subcommand(
            Command::new("completions")
                .about("Print completions for a shell")
                .arg(
                    Arg::new("shell")
                        .value_name("SHELL")
                        .required(true)
                        .value_parser(value_parser!(Shell)),
                ),
        )
        .subcommand(Command::new("man").about("Print the manual page"))
}

/// The completions for `shell`.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "sebs-tui", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, roff.
pub fn man() -> String {
    let mut page = Vec::new();
    clap_mangen::Man::new(command())
        .render(&mut page)
        .expect("memory takes it all");
    String::from_utf8_lossy(&page).into_owned()
}
