//! One run from its settings to its ending: joins platform, driver, store and the chosen view.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sebs_tui::cli::{Comparing, Options, ReportForm, ReportOptions, TableFormat, View};
use sebs_tui::core::board::Board;
use sebs_tui::core::compare::{Candidate, Comparison};
use sebs_tui::core::contract::StampKind;
use sebs_tui::core::live::Live;
use sebs_tui::core::message::{Command, Entry, Event, JOURNAL_VERSION, RunHeader, RunState};
use sebs_tui::core::plan::{Limit, Limits, Plan};
use sebs_tui::core::time::MILLISECOND;
use sebs_tui::driver::package::{self, Template};
use sebs_tui::driver::{self, Before, Ended, Equipment, Experiment, Outlets};
use sebs_tui::net;
use sebs_tui::plain::compare::Style;
use sebs_tui::plain::plan::{About, Typical};
use sebs_tui::plain::{self, Format, Report};
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{FunctionSpec, Platform, PlatformError};
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::theme::{Palette, ThemeChoice};
use sebs_tui::screen::{self, Feed, Left};
use sebs_tui::settings::{self, Auto, PlatformName, Resolved, Runtime, Settings};
use sebs_tui::store::follow::Follower;
use sebs_tui::store::run_json::{self, RecordedSetting, RunFile, Setup};
use sebs_tui::store::{self, Store, directory, journal};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Threads for the driver, the HTTP client and the embedded platform; the echo and the screen have their own.
const WORKERS: usize = 2;
/// Commands under way to the driver.
const COMMANDS: usize = 16;
/// The run was stopped by its user, with samples left.
const INCOMPLETE: u8 = 3;
/// A run is slower than the bound of a comparison.
const TOO_SLOW: u8 = 4;

/// Exit codes of a signalled program begin above this.
const SIGNALLED: i32 = 128;
/// How often the progress line is shown again while nothing happens.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// How the program ends.
pub type Done = Result<ExitCode, Box<dyn Error>>;

/// Lists what was given and has no use here.
pub fn tell_unused(resolved: &Resolved) {
    for unused in &resolved.unused {
        eprintln!("sebs-tui: not used: {unused}");
    }
}

/// `sebs-tui plan`: prints what would happen, and leaves nothing behind.
pub fn plan(options: &Options) -> Done {
    let resolved = settings::resolve(&options.sources())?;
    tell_unused(&resolved);
    let settings = &resolved.settings;
    let template = template(settings)?;
    let abilities = tokio_runtime()?
        .block_on(async { Ok::<_, PlatformError>(platform(settings).await?.abilities()) })?;
    let plan =
        Plan::new(settings.outline(), &limits(abilities.limits, &template)).until(settings.until());
    let about = About {
        platform: settings.platform.word().into(),
        runtime: settings.runtime.word().into(),
        cold: abilities.cold_method.into(),
        n: settings.n,
        package: Some(template.smallest()),
        typical: typical(settings),
    };
    print!("{}", plain::plan::render(&plan, &about));
    Ok(ExitCode::SUCCESS)
}

/// `sebs-tui report`: makes a report of a run that is on disk.
pub fn report_run(options: &ReportOptions) -> Done {
    let report = store::Report::read(&options.directory, options.attempt)?;
    match &options.form {
        ReportForm::Html(out) => {
            let beside = options.directory.join(store::report::FILE_NAME);
            let path = out.as_ref().unwrap_or(&beside);
            report.write_html(path)?;
            print_ignoring_a_closed_pipe(&format!("{}\n", path.display()));
        }
        ReportForm::Svg(directory) => {
            for path in report.write_svgs(directory)? {
                print_ignoring_a_closed_pipe(&format!("{}\n", path.display()));
            }
        }
        ReportForm::Markdown => print_ignoring_a_closed_pipe(&report.markdown()),
        ReportForm::Json => print_ignoring_a_closed_pipe(&format!("{}\n", report.json())),
    }
    Ok(ExitCode::SUCCESS)
}

/// `sebs-tui compare`: tells where runs differ from the first of them.
pub fn compare(comparing: &Comparing) -> Done {
    let mut journals = Vec::new();
    for directory in &comparing.directories {
        let name = directory.display().to_string();
        journals.push((name, journal::read(&journal::path_in(directory))?.entries));
    }
    let candidates: Vec<Candidate> = journals
        .iter()
        .map(|(name, entries)| Candidate { name, entries })
        .collect();
    let comparison = Comparison::of(&candidates)?;
    let text = match comparing.format {
        TableFormat::Text => plain::compare::render(&comparison, Style::Text),
        TableFormat::Markdown => plain::compare::render(&comparison, Style::Markdown),
        TableFormat::Json => serde_json::to_string_pretty(&comparison)? + "\n",
    };
    print_ignoring_a_closed_pipe(&text);
    let Some(share) = comparing.fail_above else {
        return Ok(ExitCode::SUCCESS);
    };
    let above: Vec<String> = comparison
        .above(share)
        .map(|(run, cell)| plain::compare::above(run, cell, share))
        .collect();
    for line in &above {
        eprintln!("sebs-tui: {line}");
    }
    Ok(if above.is_empty() {
        ExitCode::SUCCESS
    } else {
        TOO_SLOW.into()
    })
}

/// `sebs-tui run`: makes a run or goes on with one, shown as asked.
pub fn run(options: &Options) -> Done {
    let started = Started::new(options)?;
    let settings = &started.resolved.settings;
    let runtime = tokio_runtime()?;
    let template = Arc::new(template(settings)?);
    let platform = runtime.block_on(platform(settings))?;
    let live = Arc::new(Live::default());
    let echo = driver::listen(listen_address(settings), live.clone())?;
    let Kept {
        directory,
        mut store,
        header,
        earlier,
        dropped_bytes,
        journal_bytes,
    } = started.open(&template, platform.as_ref(), echo.stamps())?;
    let before = (!earlier.is_empty()).then(|| Before {
        board: Board::of(&earlier),
        entries: earlier.len() as u64,
        dropped_bytes,
    });

    let first = before
        .as_ref()
        .map_or_else(Board::default, |before| before.board.clone());
    let (board_in, board) = watch::channel(Arc::new(first));
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let interrupt = watch::Sender::new(None);
    heed_signals(&runtime, &interrupt, &commands)?;
    let outlets = Outlets {
        record: Box::new(move |entry| Ok(store.record(entry)?)),
        board: board_in,
        live: live.clone(),
    };
    let experiment = experiment(settings, header, template);
    let running = runtime.spawn(driver::run(
        experiment,
        Equipment { platform, echo },
        outlets,
        command_queue,
        before,
    ));

    let lines = |format| {
        show_lines(
            &runtime,
            report(format, &earlier),
            &directory,
            journal_bytes,
            board.clone(),
        )
    };
    let shown = match view(options) {
        View::Plain => lines(Format::Text),
        View::Json => lines(Format::Json),
        View::Dashboard => {
            let feed = Feed {
                board: board.clone(),
                live,
                commands: Some(commands),
                interrupt: interrupt.clone(),
            };
            match screen::run(feed, theme(settings)) {
                Ok(Left::Abandoned) => {
                    std::process::exit(SIGNALLED + SignalKind::interrupt().as_raw_value())
                }
                Ok(_) => Ok(None),
                Err(error) => {
                    eprintln!("sebs-tui: {error}");
                    lines(Format::Text)
                }
            }
        }
    };
    let ended = runtime.block_on(running)?;
    // What still waits for a signal or a connection is not waited for.
    runtime.shutdown_background();
    let signal = *interrupt.borrow();
    conclude(&ended?, &directory, shown, signal)
}

fn theme(settings: &Settings) -> ThemeChoice {
    ThemeChoice {
        palette: match settings.theme {
            settings::Theme::Auto => None,
            settings::Theme::Colour => Some(Palette::Colour),
            settings::Theme::Mono => Some(Palette::Mono),
        },
        glyphs: match settings.glyphs {
            settings::Glyphs::Auto => None,
            settings::Glyphs::Utf8 => Some(GlyphSet::Utf8),
            settings::Glyphs::Ascii => Some(GlyphSet::Ascii),
        },
    }
}

/// Follows the journal until the run is over. The lines come from the file, so that a slow reader holds up nothing.
fn show_lines(
    runtime: &tokio::runtime::Runtime,
    mut report: Report,
    directory: &Path,
    from: u64,
    mut board: watch::Receiver<Arc<Board>>,
) -> Result<Option<Report>, Box<dyn Error>> {
    let mut lines = Follower::from(&journal::path_in(directory), from)?;
    loop {
        // Looked at before the lines are read, so that none is left when the run is over.
        let over = board.has_changed().is_err() || board.borrow_and_update().state.is_over();
        for line in lines.by_ref() {
            let line = line?;
            report.entry(&line.entry, &line.text);
        }
        if over {
            return Ok(Some(report));
        }
        runtime.block_on(async {
            if tokio::time::timeout(PROGRESS_EVERY, board.changed())
                .await
                .is_err()
            {
                report.tick();
            }
        });
    }
}

fn report(format: Format, earlier: &[Entry]) -> Report {
    let progress = (format == Format::Text && io::stderr().is_terminal())
        .then(|| Box::new(io::stderr()) as Box<dyn io::Write + Send>);
    let mut report = Report::new(format, Box::new(io::stdout()), progress);
    report.catch_up(earlier);
    report
}
/// A run's settings: new ones, or those of the run that is resumed.
struct Started {
    resolved: Resolved,
    resume: Option<PathBuf>,
}

/// What is on disk when the experiment begins.
struct Kept {
    directory: PathBuf,
    store: Store,
    header: RunHeader,
    /// What an interrupted run had recorded.
    earlier: Vec<Entry>,
    /// Bytes of a torn last line.
    dropped_bytes: u64,
    /// Bytes of the journal that were there before.
    journal_bytes: u64,
}

impl Started {
    fn new(options: &Options) -> Result<Self, Box<dyn Error>> {
        let sources = options.sources();
        let resolved = match &options.resume {
            None => settings::resolve(&sources)?,
            Some(directory) => {
                let file = RunFile::read(directory)?;
                settings::resume(
                    file.recorded(),
                    &directory.join(run_json::FILE_NAME),
                    &sources,
                )?
            }
        };
        tell_unused(&resolved);
        Ok(Self {
            resolved,
            resume: options.resume.clone(),
        })
    }

    fn open(
        &self,
        template: &Template,
        platform: &dyn Platform,
        stamps: StampKind,
    ) -> Result<Kept, Box<dyn Error>> {
        match &self.resume {
            Some(directory) => reopen(directory),
            None => self.create(template, platform, stamps),
        }
    }

    fn create(
        &self,
        template: &Template,
        platform: &dyn Platform,
        stamps: StampKind,
    ) -> Result<Kept, Box<dyn Error>> {
        let settings = &self.resolved.settings;
        let wall = net::wall_clock();
        let directory =
            directory::create(&settings.out, wall, platform.name(), settings.sweep.word())?;
        let setup = Setup {
            wall,
            command_line: std::env::args().collect(),
            stamps: Some(stamps),
            seed: settings.seed,
            settings: recorded(&self.resolved),
        };
        let run = RunFile::new(&directory, setup);
        let store = Store::create(&directory, &run)?;
        let abilities = platform.abilities();
        let header = RunHeader {
            version: JOURNAL_VERSION,
            id: run.id,
            platform: platform.name().into(),
            runtime: settings.runtime.word().into(),
            cold_method: abilities.cold_method.into(),
            n: settings.n,
            in_flight: settings.in_flight,
            shift: settings.clock_shift(wall),
            plan: Plan::new(settings.outline(), &limits(abilities.limits, template))
                .until(settings.until()),
        };
        Ok(Kept {
            directory,
            store,
            header,
            earlier: Vec::new(),
            dropped_bytes: 0,
            journal_bytes: 0,
        })
    }
}

fn reopen(directory: &Path) -> Result<Kept, Box<dyn Error>> {
    let (store, journal) = Store::resume(directory)?;
    let Some(Event::RunStarted { run }) = journal.entries.first().map(|entry| &entry.event) else {
        return Err(format!(
            "{}: its journal does not begin with a run: begin a new one",
            directory.display()
        )
        .into());
    };
    Ok(Kept {
        directory: directory.into(),
        store,
        header: run.as_ref().clone(),
        earlier: journal.entries,
        dropped_bytes: journal.dropped_bytes,
        journal_bytes: journal.bytes,
    })
}

fn recorded(resolved: &Resolved) -> BTreeMap<String, RecordedSetting> {
    let value_of = |assigned: &settings::Assigned| {
        let value = serde_json::to_value(assigned.value.as_ref()?).ok()?;
        Some((
            assigned.setting.key.to_owned(),
            RecordedSetting {
                value,
                origin: assigned.origin.to_string(),
            },
        ))
    };
    resolved.values.iter().filter_map(value_of).collect()
}

fn tokio_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
}

/// Registers the platforms.
async fn platform(settings: &Settings) -> Result<Arc<dyn Platform>, PlatformError> {
    match settings.platform {
        PlatformName::Local => Ok(Arc::new(LocalPlatform::start().await?)),
    }
}

fn template(settings: &Settings) -> Result<Template, package::PackageError> {
    Template::new(match settings.runtime {
        Runtime::Native => package::Runtime::Native,
        Runtime::Python => package::Runtime::Python,
    })
}

fn limits(platform: Limits, template: &Template) -> Limits {
    let least = Limit {
        bytes: template.smallest(),
        name: "the function's package without filling".into(),
    };
    Limits {
        package_least: Some(least),
        ..platform
    }
}

/// What steps take on the platforms that have been measured, for a rough estimate.
fn typical(settings: &Settings) -> Option<Typical> {
    match settings.platform {
        PlatformName::Local => Some(Typical {
            warm: 5 * MILLISECOND,
            cold: 15 * MILLISECOND,
            deployment: 10 * MILLISECOND,
            megabyte: 2 * MILLISECOND,
        }),
    }
}

/// Functions of the local platform are on this host; others must be able to come from outside.
fn listen_address(settings: &Settings) -> SocketAddr {
    let anyone = match settings.platform {
        PlatformName::Local => Ipv4Addr::LOCALHOST,
    };
    match settings.listen {
        Auto::Given(address) => address,
        Auto::Auto => (anyone, 0).into(),
    }
}

fn experiment(settings: &Settings, header: RunHeader, template: Arc<Template>) -> Experiment {
    let handler = match settings.runtime {
        Runtime::Native => package::Runtime::Native.handler(),
        Runtime::Python => package::Runtime::Python.handler(),
    };
    Experiment {
        header,
        function: FunctionSpec {
            name: settings.function_name.clone(),
            memory_mb: settings.memory,
            timeout: settings.timeout(),
            handler: handler.into(),
        },
        template,
        advertise: match settings.advertise {
            Auto::Auto => None,
            Auto::Given(address) => Some(address),
        },
        dialect: settings.dialect,
        max_exchanges: settings.max_exchanges,
        pace: settings.pace(),
        seed: settings.seed,
    }
}

/// The dashboard needs a terminal; without one a run is lines.
fn view(options: &Options) -> View {
    let capable = io::stdout().is_terminal()
        && io::stdin().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    match options.view {
        View::Dashboard if !capable => View::Plain,
        chosen => chosen,
    }
}

/// Stops the run when `interrupt` is set, and sets it on SIGINT, SIGTERM and SIGHUP; a second one ends the program at once.
fn heed_signals(
    runtime: &tokio::runtime::Runtime,
    interrupt: &watch::Sender<Option<i32>>,
    commands: &mpsc::Sender<Command>,
) -> io::Result<()> {
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let number = kind.as_raw_value();
        let interrupt = interrupt.clone();
        let mut signals = runtime.block_on(async { signal(kind) })?;
        runtime.spawn(async move {
            let mut before = 0;
            while signals.recv().await.is_some() {
                before += 1;
                if before > 1 {
                    screen::leave();
                    std::process::exit(SIGNALLED + number);
                }
                interrupt
                    .send_if_modified(|first| first.replace(first.unwrap_or(number)).is_none());
            }
        });
    }
    let (mut interrupted, commands) = (interrupt.subscribe(), commands.clone());
    runtime.spawn(async move {
        if interrupted.wait_for(Option::is_some).await.is_ok() {
            _ = commands.send(Command::Stop).await;
        }
    });
    Ok(())
}

/// Says how it ended and where the results are, on the normal screen, and picks the exit code.
fn conclude(
    ended: &Ended,
    directory: &Path,
    shown: Result<Option<Report>, Box<dyn Error>>,
    signal: Option<i32>,
) -> Done {
    let board = &ended.board;
    // Without its summary, as when the disk is full, the run is still told by its board.
    let analysis = store::Summary::read(directory)
        .ok()
        .map(|summary| summary.analysis);
    let mut text = plain::summary(board, analysis.as_ref(), &store::files(directory));
    if board.state == RunState::Incomplete {
        _ = writeln!(
            text,
            "go on with: sebs-tui --resume {}",
            directory.display()
        );
    }
    match shown {
        Ok(Some(mut report)) => report.end(&text),
        Ok(None) => print_ignoring_a_closed_pipe(&text),
        Err(error) => {
            print_ignoring_a_closed_pipe(&text);
            eprintln!("sebs-tui: the view failed, the run did not: {error}");
        }
    }
    if let Some(left) = &ended.left_behind {
        return Err(format!("not everything could be removed: {left}").into());
    }
    Ok(match (board.state, signal) {
        (RunState::Complete, _) => ExitCode::SUCCESS,
        (_, None) => INCOMPLETE.into(),
        (_, Some(signal)) => ((SIGNALLED + signal) as u8).into(),
    })
}

fn print_ignoring_a_closed_pipe(text: &str) {
    _ = io::stdout().write_all(text.as_bytes());
}
