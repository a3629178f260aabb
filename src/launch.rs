//! One run from its settings to its ending: joins platform, driver, store and the chosen view.

mod clean;
mod compare;
mod disk;
mod doctor;
mod ending;
mod ledgers;
mod look_up;
mod plan;
mod platforms;
pub mod process;
mod report;
mod view;
mod view_run;

use std::error::Error;
use std::io::{self};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sebs_tui::cli::{Options, View};
use sebs_tui::core::board::Board;
use sebs_tui::core::cold::ColdMethod;
use sebs_tui::core::contract::Carrier;
use sebs_tui::core::effort::Typical;
use sebs_tui::core::follow_up::Allowance;
use sebs_tui::core::live::Live;
use sebs_tui::core::message::{AtEnd, Display, Entry};
use sebs_tui::driver::package::Template;
use sebs_tui::driver::{self, Before, Outlets};
use sebs_tui::plain::Format;
use sebs_tui::platform::context::Context;
use sebs_tui::screen::Feed;
use sebs_tui::settings::{PlatformName, Resolved, Settings};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::timeout;

use self::disk::{Kept, Started, other_build};
use self::ending::{Remains, SIGNALLED, conclude, heed_signals, unless_interrupted};
use self::look_up::look_up;
use self::platforms::{equipment, experiment, needs_ledger, template, typical};
use self::view::{Viewer, theme, view};

pub use self::clean::clean;
pub use self::compare::compare;
pub use self::doctor::doctor;
pub use self::plan::plan;
pub use self::report::report_run;
pub use self::view_run::view_run;

/// Threads for the driver, the HTTP client and the embedded platform; the echo and the screen have their own.
const WORKERS: usize = 2;
/// Commands under way to the driver.
const COMMANDS: usize = 16;

/// Removing what a run made takes no word when it is done by then.
const REMOVED_AT_ONCE: Duration = Duration::from_millis(500);

/// How the program ends.
pub type Done = Result<ExitCode, Box<dyn Error>>;

/// Lists what was given and has no use here.
pub fn tell_unused(resolved: &Resolved) {
    for unused in &resolved.unused {
        eprintln!("sebs-tui: not used: {unused}");
    }
}

/// Tells what has no use on this platform.
fn tell_unused_here(options: &Options, settings: &Settings) {
    let platform = settings.platform.word();
    if options.at_end == AtEnd::Keep && !needs_ledger(settings.platform) {
        eprintln!(
            "sebs-tui: not used: --keep: what a run makes on the platform {platform} ends with this program"
        );
    }
    let forced = matches!(
        settings.platform,
        PlatformName::Local | PlatformName::Docker | PlatformName::Simulated
    );
    if forced && settings.cold_method != ColdMethod::Auto {
        eprintln!(
            "sebs-tui: not used: --cold-method {}: on the platform {platform} every cold start is a new environment",
            settings.cold_method
        );
    }
}

/// `sebs-tui run`: makes a run or goes on with one, shown as asked.
pub fn run(options: &Options) -> Done {
    let started = Started::new(options)?;
    let settings = &started.resolved.settings;
    let runtime = tokio_runtime()?;
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let interrupt = watch::Sender::new(None);
    heed_signals(&runtime, &interrupt, &commands)?;
    let template = Arc::new(template(settings)?);
    let live = Arc::new(Live::default());
    let (place, ledger) = started.place()?;
    let (context, notes) = Context::new(&place.name(), ledger, live.clone());
    let equipment = equipment(
        settings,
        (context.clone(), notes),
        live.clone(),
        options.at_end,
    );
    let Some(equipment) = runtime.block_on(unless_interrupted(equipment, &interrupt)) else {
        runtime.shutdown_background();
        let signal = interrupt.borrow().unwrap_or_default();
        return Ok(((SIGNALLED + signal) as u8).into());
    };
    let equipment = equipment?;
    let platform = equipment.platform();
    tell_unused_here(options, settings);
    let Kept {
        directory,
        mut store,
        header,
        earlier,
        dropped_bytes,
        journal_bytes,
    } = place.open(&started.resolved, &template, &equipment)?;
    let before = before(&earlier, dropped_bytes, &template);
    let first = before.as_ref().map(|before| before.board.clone());
    let (board_in, board) = watch::channel(Arc::new(first.unwrap_or_default()));
    let chosen = view(options);
    let (shown, display) = watch::channel(match chosen {
        View::Dashboard => Display::Dashboard,
        View::Plain | View::Json => Display::Lines,
    });
    let outlets = Outlets {
        record: Box::new(move |entry| Ok(store.record(entry)?)),
        board: board_in,
        live: live.clone(),
        display,
    };
    let experiment = experiment(settings, header, template);
    let running = runtime.spawn(driver::run(
        experiment,
        equipment,
        outlets,
        command_queue,
        before,
    ));

    let viewer = Viewer {
        runtime: &runtime,
        directory: &directory,
        earlier: (&earlier, journal_bytes),
        board: board.clone(),
    };
    let reported = match chosen {
        View::Plain => viewer.lines(Format::Text),
        View::Json => {
            eprintln!("sebs-tui: results in {}", directory.display());
            viewer.lines(Format::Json)
        }
        View::Dashboard => {
            let feed = Feed {
                samples: look_up(&runtime, &directory, board.clone()),
                board,
                live,
                commands: Some(commands),
                typical: typical_sample(settings),
                directory: directory.display().to_string(),
                interrupt: interrupt.clone(),
            };
            viewer.dashboard(feed, theme(settings), &shown, || {
                eprint!("{}", Remains::at_once(&context, platform.as_deref()).told());
            })
        }
    };
    let ended = runtime.block_on(ended(running, settings.platform))?;
    let remains = Remains::of(&context, platform.as_deref(), options.at_end);
    let remains = runtime.block_on(remains);
    // What still waits for a signal or a connection is not waited for.
    runtime.shutdown_background();
    let signal = *interrupt.borrow();
    match ended {
        Ok(mut ended) => {
            // A ledger knows what is left after the last try; what failed before that no longer matters.
            ended
                .left_behind
                .take_if(|_| needs_ledger(settings.platform));
            conclude(&ended, &directory, &remains, reported, signal)
        }
        Err(error) => {
            eprint!("{}", remains.told());
            Err(error.into())
        }
    }
}

/// What had happened when the run was interrupted; none of a new one.
fn before(earlier: &[Entry], dropped_bytes: u64, template: &Template) -> Option<Before> {
    (!earlier.is_empty()).then(|| Before {
        board: Board::of(earlier),
        entries: earlier.len() as u64,
        dropped_bytes,
        notes: other_build(earlier, template).into_iter().collect(),
    })
}

/// What a sample is expected to take, with the invocations that compare clocks; none where nobody knows.
fn typical_sample(settings: &Settings) -> Option<Typical> {
    let each = match settings.sync {
        Carrier::Udp => 0,
        Carrier::Http => Allowance::of(settings.n, settings.max_exchanges).expected,
    };
    typical(settings).map(|typical| typical.followed(each))
}

/// Waits for the end of a run, with a word when that takes a while.
async fn ended<T>(mut running: JoinHandle<T>, platform: PlatformName) -> Result<T, JoinError> {
    if let Ok(ended) = timeout(REMOVED_AT_ONCE, &mut running).await {
        return ended;
    }
    let platform = platform.word();
    eprintln!("sebs-tui: removing what the run made on the platform {platform} …");
    running.await
}

fn tokio_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
}
