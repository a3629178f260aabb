//! One run from its settings to its ending: joins platform, driver, store and the chosen view.

mod clean;
mod compare;
mod disk;
mod doctor;
mod ending;
mod import;
mod ledgers;
mod look_up;
mod out;
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
pub use self::import::import;
pub use self::out::tell;
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

/// Lists what was given and is no setting of this program's.
pub fn tell_unknown(resolved: &Resolved) {
    for unused in &resolved.unused {
        eprintln!("sebs-tui: not used: {unused}");
    }
}

/// Lists what was given and has no use in a run.
pub fn tell_unused(resolved: &Resolved) {
    tell_unknown(resolved);
    for idle in resolved.idle() {
        eprintln!("sebs-tui: not used: {idle}");
    }
}

/// Tells that nothing can be kept on this platform.
fn tell_unused_keep(options: &Options, settings: &Settings) {
    let platform = settings.platform.word();
    if options.at_end == AtEnd::Keep && !needs_ledger(settings.platform) {
        eprintln!(
            "sebs-tui: not used: --keep: what a run makes on the platform {platform} ends with this program"
        );
    }
}

/// `sebs-tui run`: makes a run or goes on with one, shown as asked.
pub fn run(options: &Options) -> Done {
    let mut started = Started::new(options)?;
    let runtime = tokio_runtime()?;
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let interrupt = watch::Sender::new(None);
    heed_signals(&runtime, &interrupt, &commands)?;
    let live = Arc::new(Live::default());
    let (place, ledger) = started.place()?;
    let (context, notes) = Context::new(&place.name(), ledger, live.clone());
    let equipment = equipment(
        &mut started.resolved.settings,
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
    let settings = &started.resolved.settings;
    let template = Arc::new(template(settings, &equipment.abilities())?);
    let platform = equipment.platform();
    tell_unused_keep(options, settings);
    let Kept {
        directory,
        mut store,
        header,
        earlier,
        dropped_bytes,
        dropped_for,
        journal_bytes,
    } = place.open(&started.resolved, &template, &equipment)?;
    let before = before(&earlier, (dropped_bytes, dropped_for), &template);
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
    let experiment = experiment(settings, header, &equipment.abilities(), template);
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
    let ended = runtime.block_on(ended(running, settings.platform));
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
            Err(error)
        }
    }
}

/// What had happened when the run was interrupted; none of a new one.
fn before(
    earlier: &[Entry],
    (dropped_bytes, dropped_for): (u64, Option<String>),
    template: &Template,
) -> Option<Before> {
    let damaged = dropped_for.map(|what| {
        format!("the journal's last line was whole, yet no event, and was dropped: {what}")
    });
    (!earlier.is_empty()).then(|| Before {
        board: Board::about_to_go_on(earlier),
        entries: earlier.len() as u64,
        dropped_bytes,
        notes: damaged
            .into_iter()
            .chain(other_build(earlier, template))
            .collect(),
    })
}

/// What a sample is expected to take, with the invocations that compare clocks; none where nobody knows.
fn typical_sample(settings: &Settings) -> Option<Typical> {
    let each = match settings.carrier() {
        Carrier::Udp => 0,
        Carrier::Http => Allowance::of(settings.n, settings.max_exchanges).expected,
    };
    typical(settings).map(|typical| typical.followed(each))
}

/// Waits for the end of a run, with a word when that takes a while.
///
/// # Errors
/// What ended it before its time, be it a panic.
async fn ended<T, E: Error + 'static>(
    mut running: JoinHandle<Result<T, E>>,
    platform: PlatformName,
) -> Result<T, Box<dyn Error>> {
    let joined = if let Ok(joined) = timeout(REMOVED_AT_ONCE, &mut running).await {
        joined
    } else {
        let platform = platform.word();
        eprintln!("sebs-tui: removing what the run made on the platform {platform} …");
        running.await
    };
    let fault = |error: JoinError| {
        format!(
            "a fault of this program ended the run: {error}; what it recorded is kept, --resume goes on with it"
        )
    };
    Ok(joined.map_err(fault)??)
}

fn tokio_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_driver_is_an_error_like_others_so_that_what_is_left_is_told_after_it() {
        let running: JoinHandle<io::Result<()>> =
            tokio::spawn(async { panic!("a rule was broken") });
        let error = ended(running, PlatformName::Docker).await;
        let told = error.expect_err("it panicked").to_string();
        assert!(
            told.contains("a rule was broken") && told.contains("--resume"),
            "{told}"
        );
    }
}
