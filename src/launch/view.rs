//! The views of a run: dashboard, lines of text, JSON.

use std::error::Error;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sebs_tui::cli::{Options, View};
use sebs_tui::core::board::Board;
use sebs_tui::core::message::Entry;
use sebs_tui::plain::{Format, Report};
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::theme::{Palette, ThemeChoice};
use sebs_tui::settings::{self, Settings};
use sebs_tui::store::follow::Follower;
use sebs_tui::store::journal;
use tokio::sync::watch;

/// How often the progress line is shown again while nothing happens.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

pub(super) fn theme(settings: &Settings) -> ThemeChoice {
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
pub(super) fn show_lines(
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

pub(super) fn report(format: Format, earlier: &[Entry]) -> Report {
    let progress = (format == Format::Text && io::stderr().is_terminal())
        .then(|| Box::new(io::stderr()) as Box<dyn io::Write + Send>);
    let mut report = Report::new(format, Box::new(io::stdout()), progress);
    report.catch_up(earlier);
    report
}

/// The dashboard needs a terminal; without one a run is lines.
pub(super) fn view(options: &Options) -> View {
    match options.view {
        View::Dashboard if !has_screen() => View::Plain,
        chosen => chosen,
    }
}

/// Whether there is a terminal for the dashboard.
pub(super) fn has_screen() -> bool {
    io::stdout().is_terminal()
        && io::stdin().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
