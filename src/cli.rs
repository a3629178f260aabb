//! Commands and flags. The settings' flags come from their table; only what is no setting is written here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use crate::core::message::AtEnd;
use crate::settings::Sources;
use crate::settings::kind::Kind;
use crate::settings::table::{Setting, TABLE};

const ABOUT: &str = "What does it cost to call a serverless function?";
const LONG_ABOUT: &str = "What does it cost to call a serverless function? A dashboard for SeBS's invocation-overhead \
experiment: it deploys a function, calls it warm and cold with growing payloads or code packages, compares the \
clocks of both ends by exchanging datagrams, and shows the invocation time with a proven bound on its error.";
const AFTER_HELP: &str = "\
Every setting can also be given as a variable, SEBS_TUI_PAYLOAD_BEGIN=1024, or in a file, payload_begin = 1024.
Precedence: flag > variable > file > SeBS's configuration > default; --print-config shows who won.

Exit status: 0 complete, 1 error, 2 wrong usage, 3 incomplete (can be resumed), 4 slower than --fail-above.";

const PROCESS: &str = "Evaluate recorded samples again, of SeBS or of this program: joins the rows of both ends by \
time, subtracts the clock offset that SeBS adds, and says row by row what changed and why. The table is written \
beside the samples, as reprocessed-result.csv, or sebs-result-processed.csv with --sebs-compat.";

const CLEAN: &str = "Remove what killed runs left on their platforms. Every run writes down what it makes before it \
makes it; what is still open in the ledgers of runs that are not alive is removed, the last thing made first, on the \
platform and by the settings that its ledger holds. Exit status: 0 nothing is left, 1 something could not be removed; \
the command that does it is then printed.";

const DOCTOR: &str = "Look for what stands in the way of a run before money is spent: credentials, quotas and limits of \
the platform, clocks, timers and kernel time stamps, the UDP port, the address that functions are told, and what killed \
runs left. Then one tiny function is deployed, called once as a run would, and removed: it shows whether datagrams \
arrive, in which direction they are lost, and how well the clocks can be compared. Every finding says what to change. \
Exit status: 0 all is well, or with warnings, 1 something failed, 2 wrong usage.";

/// The settings of the dashboard's looks.
const LOOKS: [&str; 2] = ["theme", "glyphs"];

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
    /// `--against`: directory of the run that this one is compared with.
    pub against: Option<PathBuf>,
    /// `--attempt`: number of the attempt whose clock exchange is shown.
    pub attempt: Option<u64>,
}

/// The options of `view`.
#[derive(Debug, Clone, PartialEq)]
pub struct Viewing {
    /// The run's directory.
    pub directory: PathBuf,
    /// How the dashboard looks.
    pub options: Options,
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
        Some(("compare", of)) => Request::Compare(comparing(of)),
        Some(("report", of)) => Request::Report(report_options(of)),
        Some(("plan", of)) => Request::Plan(options(of)),
        Some(("process", of)) => Request::Process(processing(of)),
        Some(("view", of)) => Request::View(viewing(of)),
        Some(("clean", of)) => Request::Clean(cleaning(of)),
        Some(("doctor", of)) => Request::Doctor(examining(of)),
        Some((_, of)) => Request::Run(options(of)),
        None => Request::Run(options(&matches)),
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
        .args(run_arguments())
        .subcommand(
            Command::new("run")
                .args_override_self(true)
                .about("Make a run, or resume one (the default command)")
                .args(run_arguments()),
        )
        .subcommand(
            Command::new("plan")
                .args_override_self(true)
                .about("Show what a run would do, and touch nothing")
                .args(sources_arguments())
                .args(setting_arguments()),
        )
        .subcommand(
            Command::new("compare")
                .about("Tell where runs differ from the first of them, and how surely")
                .args(compare_arguments()),
        )
        .subcommand(
            Command::new("process")
                .about("Evaluate recorded samples again, of SeBS or of this program")
                .long_about(PROCESS)
                .args(process_arguments()),
        )
        .subcommand(
            Command::new("report")
                .about("Make a report of a run: one HTML file, figures, Markdown or JSON")
                .args(report_arguments()),
        )
        .subcommand(
            Command::new("view")
                .args_override_self(true)
                .about("Show a recorded run in the dashboard, as it stood after any of its samples")
                .args(view_arguments()),
        )
        .subcommand(
            Command::new("clean")
                .args_override_self(true)
                .about("Remove what killed runs left on their platforms")
                .long_about(CLEAN)
                .args(clean_arguments())
                .args(sources_arguments())
                .args(setting_arguments()),
        )
        .subcommand(
            Command::new("doctor")
                .args_override_self(true)
                .about("Look for what stands in the way of a run, with one invocation of a tiny function")
                .long_about(DOCTOR)
                .args(doctor_arguments())
                .args(sources_arguments())
                .args(setting_arguments()),
        )
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

/// Writes the completions for `shell`.
pub fn completions(shell: Shell, out: &mut dyn io::Write) {
    clap_complete::generate(shell, &mut command(), "sebs-tui", out);
}

/// Writes the manual page, roff.
pub fn man(out: &mut dyn io::Write) -> io::Result<()> {
    clap_mangen::Man::new(command()).render(out)
}

fn run_arguments() -> Vec<Arg> {
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
    arguments.extend(sources_arguments());
    arguments.extend(setting_arguments());
    arguments
}

fn clean_arguments() -> [Arg; 3] {
    [
        Arg::new("run")
            .long("run")
            .value_name("ID")
            .conflicts_with("all")
            .help("Only what this run made: the name of its directory; without a ledger here, by its tag, even if it was begun elsewhere"),
        Arg::new("all")
            .long("all")
            .action(ArgAction::SetTrue)
            .help("Also whatever carries this program's tag where the settings and the ledgers point, unless its run is alive; what was begun on another machine is listed and left"),
        Arg::new("dry-run")
            .long("dry-run")
            .action(ArgAction::SetTrue)
            .help("Only say what would be removed"),
    ]
}

fn cleaning(matches: &ArgMatches) -> Cleaning {
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
        options: options(matches),
    }
}

fn doctor_arguments() -> [Arg; 2] {
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

fn examining(matches: &ArgMatches) -> Examining {
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
        options: options(matches),
    }
}

fn compare_arguments() -> [Arg; 3] {
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
            .help("End with status 4 when a median rose by more than this for sure: its whole interval lies above"),
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

fn comparing(matches: &ArgMatches) -> Comparing {
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

fn report_arguments() -> Vec<Arg> {
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
            .conflicts_with("svg")
            .value_hint(clap::ValueHint::DirPath)
            .help("Also tell what changed since the run in this directory, and how surely"),
        Arg::new("attempt")
            .long("attempt")
            .value_name("NUMBER")
            .value_parser(value_parser!(u64))
            .help("Attempt whose clock exchange is shown [default: the one whose bound is the median]"),
    ]
}

fn report_options(matches: &ArgMatches) -> ReportOptions {
    let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
    ReportOptions {
        directory: path("directory").expect("clap requires the argument"),
        form: match path("svg") {
            Some(directory) => ReportForm::Svg(directory),
            None if matches.get_flag("md") => ReportForm::Markdown,
            None if matches.get_flag("json") => ReportForm::Json,
            None => ReportForm::Html(path("out")),
        },
        against: path("against"),
        attempt: matches.get_one("attempt").copied(),
    }
}

fn view_arguments() -> impl Iterator<Item = Arg> {
    let directory = Arg::new("directory")
        .value_name("DIR")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .value_hint(clap::ValueHint::DirPath)
        .help("Directory of the run, finished or not");
    let looks = TABLE.iter().filter(|setting| LOOKS.contains(&setting.key));
    std::iter::once(directory).chain(looks.map(setting_argument))
}

fn viewing(matches: &ArgMatches) -> Viewing {
    let directory = matches.get_one::<PathBuf>("directory").cloned();
    Viewing {
        directory: directory.expect("clap requires the argument"),
        options: options(matches),
    }
}

fn sources_arguments() -> Vec<Arg> {
    let file = |name: &'static str| {
        let argument = Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf));
        argument
            .help_heading("Settings")
            .value_hint(clap::ValueHint::FilePath)
    };
    vec![
        file("config").help("TOML file of settings; default: sebs-tui.toml, if it is there"),
        file("sebs-config").help("SeBS's JSON configuration; what has no use here is listed"),
        Arg::new("print-config")
            .long("print-config")
            .action(ArgAction::SetTrue)
            .help_heading("Settings")
            .help("Print every setting with the origin of its value, and end"),
    ]
}

fn setting_arguments() -> impl Iterator<Item = Arg> {
    TABLE.iter().map(setting_argument)
}

fn setting_argument(setting: &'static Setting) -> Arg {
    let default = setting.default.unwrap_or(setting.open);
    let aliases = setting
        .aliases
        .iter()
        .filter(|alias| alias.len() > 1)
        .map(|alias| alias.replace('_', "-"));
    let argument = Arg::new(setting.key)
        .long(setting.long())
        .aliases(aliases)
        .value_name(setting.kind.placeholder())
        // A negative clock error is a value, not a flag.
        .allow_negative_numbers(true)
        .help_heading(setting.group.heading())
        .help(format!("{} [default: {default}]", setting.help));
    match setting.kind {
        Kind::Choice(words) => argument.value_parser(PossibleValuesParser::new(words)),
        Kind::Directory => argument.value_hint(clap::ValueHint::DirPath),
        _ => argument,
    }
}

fn process_arguments() -> [Arg; 5] {
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

fn processing(matches: &ArgMatches) -> Processing {
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

fn options(matches: &ArgMatches) -> Options {
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
