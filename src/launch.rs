//! One run from its settings to its ending: joins platform, driver, store and the chosen view.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use sebs_tui::cli::{Options, View};
use sebs_tui::core::board::Board;
use sebs_tui::core::live::Live;
use sebs_tui::core::message::{Command, JOURNAL_VERSION, RunHeader, RunState};
use sebs_tui::core::plan::{Limit, Limits, Plan};
use sebs_tui::driver::{self, Before, Ended, Equipment, Experiment, Outlets, package};
use sebs_tui::net;
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{FunctionSpec, Platform, PlatformError};
use sebs_tui::settings::{self, Auto, PlatformName, Resolved, Runtime, Settings};
use sebs_tui::store::run_json::{RecordedSetting, RunFile, Setup};
use sebs_tui::store::{self, Store, directory};
use sebs_tui::{plain, screen};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// Threads for the driver, the HTTP client and the embedded platform; the echo and the screen have their own.
const WORKERS: usize = 2;
/// Commands under way to the driver.
const COMMANDS: usize = 16;
/// The run was stopped by its user, with samples left.
const INCOMPLETE: u8 = 3;

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
    let runtime = tokio_runtime()?;
    let template = template(settings)?;
    let (plan, abilities) = runtime.block_on(async {
        let platform = platform(settings).await?;
        let abilities = platform.abilities();
        let limits = limits(abilities.limits.clone(), &template);
        Ok::<_, PlatformError>((Plan::new(settings.outline(), &limits), abilities))
    })?;
    print!("{}", plain::plan::text(&plan, template.smallest(), abilities.cold_method));
    Ok(ExitCode::SUCCESS)
}

/// `sebs-tui run`: makes a run or goes on with one, shown as asked.
pub fn run(options: &Options) -> Done {
    let started = Started::new(options)?;
    let runtime = tokio_runtime()?;
    let template = Arc::new(template(&started.resolved.settings)?);
    let platform = runtime.block_on(platform(&started.resolved.settings))?;
    let live = Arc::new(Live::default());
    let echo = driver::listen(listen_address(&started.resolved.settings), live.clone())?;
    let kept = started.open(&template, platform.as_ref(), echo.stamps())?;
    let (directory, follow_from) = (kept.directory.clone(), kept.journal_bytes);

    let (board_in, board) = watch::channel(Arc::new(kept.before.as_ref().map_or_else(Board::default, |before| before.board.clone())));
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let mut store = kept.store;
    let outlets = Outlets { record: Box::new(move |entry| Ok(store.record(entry)?)), board: board_in, live: live.clone() };
    let experiment = experiment(&started.resolved.settings, kept.header, template);
    let running = runtime.spawn(driver::run(experiment, Equipment { platform, echo }, outlets, command_queue, kept.before));
    let interrupted = watch_signals(&runtime, commands.clone())?;

    match view(options) {
        View::Dashboard => show_dashboard(&started.resolved.settings, board.clone(), live, commands, &interrupted)?,
        view => show_lines(view, &directory, follow_from, &board)?,
    }
    let ended = runtime.block_on(running)??;
    // Whatever still waits for a signal or a connection is not waited for.
    runtime.shutdown_background();
    conclude(&ended, &directory, interrupted.load(Relaxed))
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
    before: Option<Before>,
    /// Bytes of the journal that were there before.
    journal_bytes: u64,
}
