//! The views of a run: dashboard, lines of text, JSON.

use std::error::Error;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sebs_tui::cli::{Options, View};
use sebs_tui::core::board::Board;
use sebs_tui::core::message::{Command, Display, Entry};
use sebs_tui::plain::{Format, Report};
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::theme::{Palette, ThemeChoice};
use sebs_tui::screen::{self, Feed, Left};
use sebs_tui::settings::{self, Settings};
use sebs_tui::store::follow::Follower;
use sebs_tui::store::journal;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::sync::watch;

use super::ending::SIGNALLED;

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

/// Who shows a run until it is over.
pub(super) struct Viewer<'a> {
    pub runtime: &'a Runtime,
    pub directory: &'a Path,
    /// What had happened before this process, and its length in the journal, bytes.
    pub earlier: (&'a [Entry], u64),
    pub board: watch::Receiver<Arc<Board>>,
}

/// The lines that were shown, to be ended; none when there was a dashboard.
pub(super) type Shown = Result<Option<Report>, Box<dyn Error>>;

impl Viewer<'_> {
    /// Follows the journal. The lines come from the file, so that a slow reader holds up nothing.
    pub fn lines(self, format: Format) -> Shown {
        let (earlier, from) = self.earlier;
        let mut report = report(format, earlier);
        let mut board = self.board;
        let mut lines = Follower::from(&journal::path_in(self.directory), from)?;
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
            self.runtime.block_on(async {
                if tokio::time::timeout(PROGRESS_EVERY, board.changed())
                    .await
                    .is_err()
                {
                    report.tick();
                }
            });
        }
    }

    /// The dashboard, or lines when it fails; `display` is told of its end, and `abandoned` when nobody waits for that
    /// of the run.
    pub fn dashboard(
        self,
        feed: Feed,
        theme: ThemeChoice,
        display: &watch::Sender<Display>,
        abandoned: impl FnOnce(),
    ) -> Shown {
        let commands = feed.commands.clone();
        match screen::run(feed, theme) {
            Ok(Left::Abandoned) => {
                abandoned();
                std::process::exit(SIGNALLED + SignalKind::interrupt().as_raw_value())
            }
            Ok(_) => {
                display.send_replace(Display::Nothing);
                Ok(None)
            }
            Err(error) => {
                display.send_replace(Display::Lines);
                eprintln!("sebs-tui: {error}");
                // Without a screen nobody could end a pause.
                _ = commands.map(|commands| commands.blocking_send(Command::Resume));
                self.lines(Format::Text)
            }
        }
    }
}

fn report(format: Format, earlier: &[Entry]) -> Report {
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
