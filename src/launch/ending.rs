//! How a run is ended by signals, and what is said in the end.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use sebs_tui::core::analysis::Analysis;
use sebs_tui::core::board::Cell;
use sebs_tui::core::message::{AtEnd, Command, RunState};
use sebs_tui::core::words::counted;
use sebs_tui::driver::Ended;
use sebs_tui::plain::{self, Report};
use sebs_tui::platform::cleaning::{Intent, clean_ledger};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::{Platform, Resource};
use sebs_tui::screen::{self};
use sebs_tui::store::{self};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::Done;
use super::out::tell_anyway;

/// The run was stopped by its user or by a limit, with samples left; or there are too few samples to compare.
pub(super) const INCOMPLETE: u8 = 3;

/// Exit codes of a signalled program begin above this.
pub(super) const SIGNALLED: i32 = 128;

/// Stops the run when `interrupt` is set, and sets it on SIGINT, SIGTERM and SIGHUP; a second one ends the program at
/// once. A signal that is ignored from the start (`nohup`, a shell's background job) stays so.
pub(super) fn heed_signals(
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
        if is_ignored(number) {
            continue;
        }
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

fn is_ignored(signal: i32) -> bool {
    // SAFETY: all-zero bytes are a valid sigaction, and a null new action only reads the current one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

/// What this yields, or nothing once a signal has come.
pub(super) async fn unless_interrupted<T>(
    work: impl Future<Output = T>,
    interrupt: &watch::Sender<Option<i32>>,
) -> Option<T> {
    let mut interrupted = interrupt.subscribe();
    tokio::select! {
        done = work => Some(done),
        _ = interrupted.wait_for(Option::is_some) => None,
    }
}

/// What a run may have left on its platform.
pub(super) struct Remains {
    pub(super) run: String,
    pub(super) at_end: AtEnd,
    /// Each thing with the command that removes it.
    pub(super) things: Vec<(Resource, String)>,
}

impl Remains {
    /// Tries once more to remove what is open in the ledger, unless it is to be kept.
    pub(super) async fn of(
        context: &Context,
        platform: Option<&dyn Platform>,
        at_end: AtEnd,
    ) -> Self {
        let ledger = context.ledger();
        if let (AtEnd::Remove, Some(platform)) = (at_end, platform) {
            clean_ledger(platform, context.run(), ledger, Intent::Remove).await;
        }
        let remains = Self {
            at_end,
            ..Self::at_once(context, platform)
        };
        ledger.close();
        remains
    }

    /// What is open in the ledger just now.
    pub(super) fn at_once(context: &Context, platform: Option<&dyn Platform>) -> Self {
        let command = |resource: &Resource| {
            platform.map_or_else(String::new, |platform| platform.removal_command(resource))
        };
        let open = context.ledger().open().into_iter().rev();
        Self {
            run: context.run().into(),
            at_end: AtEnd::Remove,
            things: open
                .map(|resource| {
                    let command = command(&resource);
                    (resource, command)
                })
                .collect(),
        }
    }

    /// What is there and how to remove it; empty when nothing is.
    pub(super) fn told(&self) -> String {
        let mut text = String::new();
        if self.things.is_empty() {
            return text;
        }
        let kept = match self.at_end {
            AtEnd::Keep => "kept on the platform",
            AtEnd::Remove => "left on the platform",
        };
        _ = writeln!(
            text,
            "{kept}; remove it with: sebs-tui clean --run {}",
            self.run
        );
        for (Resource { kind, name }, command) in &self.things {
            _ = writeln!(text, "  {kind} {name}: {command}");
        }
        text
    }
}

/// Says how it ended and where the results are, on the normal screen, and picks the exit code.
pub(super) fn conclude(
    ended: &Ended,
    directory: &Path,
    remains: &Remains,
    shown: Result<Option<Report>, Box<dyn Error>>,
    signal: Option<i32>,
) -> Done {
    let board = &ended.board;
    // Without it the run is still told by its board.
    let analysis = analysis_in(directory)
        .inspect_err(|why| eprintln!("sebs-tui: {why}"))
        .ok();
    let mut text = plain::summary(board, analysis.as_ref(), &store::files(directory));
    let next = match board.state {
        RunState::Incomplete => "go on with: sebs-tui --resume",
        _ => "make a report with: sebs-tui report",
    };
    _ = writeln!(text, "{next} {}", directory.display());
    text += &remains.told();
    match shown {
        Ok(Some(mut report)) => report.end(&text),
        Ok(None) => tell_anyway(&text),
        Err(error) => {
            tell_anyway(&text);
            eprintln!("sebs-tui: the view failed, the run did not: {error}");
        }
    }
    if let Some(left) = &ended.left_behind {
        return Err(format!("not everything could be removed: {left}").into());
    }
    if remains.at_end == AtEnd::Remove && !remains.things.is_empty() {
        return Err("not everything could be removed".into());
    }
    let sum = |of: fn(&Cell) -> u32| board.cells.iter().map(|cell| of(cell)).sum::<u32>();
    let (failed, measured) = (sum(|cell| cell.failed), sum(|cell| cell.measured));
    Ok(match (board.state, signal) {
        (RunState::Complete, _) if failed > 0 => {
            let failed = counted(failed.into(), "sample");
            return Err(format!("{failed} failed; the journal and the log say why").into());
        }
        (RunState::Complete, _) if measured == 0 => {
            return Err("no sample was measured; the journal and the log say why".into());
        }
        (RunState::Complete, _) => ExitCode::SUCCESS,
        (_, None) => INCOMPLETE.into(),
        (_, Some(signal)) => ((SIGNALLED + signal) as u8).into(),
    })
}

/// The analysis of the run in `directory`, or why there is none to show.
fn analysis_in(directory: &Path) -> Result<Analysis, String> {
    store::Summary::read(directory)
        .map(|summary| summary.analysis)
        .map_err(|error| format!("the analysis is not shown: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_that_cannot_be_read_is_named_with_what_is_wrong() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("summary.json");
        std::fs::write(&path, "{\"version\": 1,").expect("a file");
        let why = analysis_in(directory.path()).expect_err("it is cut off");
        assert!(
            why.contains(&path.display().to_string()) && why.contains("EOF"),
            "{why}"
        );
    }
}
