//! `sebs-tui view`: a recorded run in the dashboard.

use std::process::ExitCode;
use std::sync::Arc;

use sebs_tui::cli::Viewing;
use sebs_tui::core::live::Live;
use sebs_tui::core::replay::Replay;
use sebs_tui::screen::{self, Feed, Left, Samples};
use sebs_tui::settings;
use sebs_tui::store::journal;
use tokio::sync::watch;

use super::ending::SIGNALLED;
use super::view::{has_screen, theme};
use super::{Done, tokio_runtime};

/// Shows a run that is over or was interrupted, as it stood at the end of any of its samples.
pub fn view_run(viewing: &Viewing) -> Done {
    let resolved = settings::resolve(&viewing.options.sources())?;
    let path = journal::path_in(&viewing.directory);
    let mut replay = Replay::new(journal::read(&path)?.entries);
    let samples = replay.samples();
    let last = replay.at(samples);
    if last.run.is_none() {
        let what = "it does not begin with a run, so there is nothing to view";
        return Err(format!("{}: {what}", path.display()).into());
    }
    if !has_screen() {
        let directory = viewing.directory.display();
        let what = format!(
            "the dashboard needs a terminal; without one: sebs-tui report --md {directory}"
        );
        return Err(what.into());
    }
    let (boards, board) = watch::channel(Arc::new(last));
    let (wanted, mut asked) = watch::channel(samples);
    let attempt_at = |replay: &Replay, sample| Ok(replay.attempt(sample).cloned().map(Arc::new));
    let (attempts, attempt) = watch::channel(attempt_at(&replay, samples));
    let rows = replay.rows();
    let runtime = tokio_runtime()?;
    runtime.spawn(async move {
        while asked.changed().await.is_ok() {
            let sample = *asked.borrow_and_update();
            _ = attempts.send_replace(attempt_at(&replay, sample));
            boards.send_replace(Arc::new(replay.at(sample)));
        }
    });
    let feed = Feed {
        board,
        live: Arc::new(Live::default()),
        commands: None,
        samples: Samples {
            recorded: Some(rows),
            wanted,
            attempt,
        },
        typical: None,
        directory: viewing.directory.display().to_string(),
        interrupt: watch::Sender::new(None),
    };
    let left = screen::run(feed, theme(&resolved.settings))?;
    runtime.shutdown_background();
    Ok(match left {
        Left::Interrupted(signal) => ((SIGNALLED + signal) as u8).into(),
        _ => ExitCode::SUCCESS,
    })
}
