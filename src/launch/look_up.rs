//! The exchanges of one sample of a run in progress, read from its journal when a person asks for them.

use std::path::Path;
use std::sync::Arc;

use sebs_tui::core::board::Board;
use sebs_tui::core::listing::{self, Rows};
use sebs_tui::screen::{Lookup, Samples};
use sebs_tui::store::journal;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// Answers what the screen asks for, one sample at a time, as long as it asks.
pub(super) fn look_up(
    runtime: &Runtime,
    directory: &Path,
    board: watch::Receiver<Arc<Board>>,
) -> Samples {
    let (wanted, mut asked) = watch::channel(0);
    let (found, attempt) = watch::channel(Ok(None));
    let path = journal::path_in(directory);
    runtime.spawn(async move {
        while asked.changed().await.is_ok() {
            let sample = *asked.borrow_and_update();
            let rows = board.borrow().samples.rows().clone();
            let path = path.clone();
            let looked = spawn_blocking(move || find(&path, &rows, sample)).await;
            _ = found.send_replace(looked.unwrap_or_else(|error| Err(error.to_string())));
        }
    });
    Samples {
        recorded: None,
        wanted,
        attempt,
    }
}

/// The journal has every entry before the board does.
fn find(path: &Path, rows: &Rows, sample: usize) -> Lookup {
    let Some(row) = listing::find(rows, sample) else {
        return Err(format!(
            "sample {sample} is no longer listed; sebs-tui view shows all"
        ));
    };
    let attempt = row
        .attempt
        .map(|place| journal::attempt_in_line(path, place as u64 + 1));
    let attempt = attempt.transpose().map_err(|error| error.to_string())?;
    Ok(attempt.flatten().map(Arc::new))
}
