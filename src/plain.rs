//! A run as lines: text for people, logs and screen readers, or the journal's own JSON for programs.
//!
//! Nothing here is in the run's way: the lines come from the journal, and when nobody reads them any more the
//! run goes on.

pub mod compare;
pub mod doctor;
pub mod plan;
pub mod process;
mod sample;
pub mod summary;
mod words;

use std::io::{self, Write};
use std::sync::Arc;

use crate::core::board::{Board, LogLine, Severity};
use crate::core::eta;
use crate::core::message::{Entry, Event, RunHeader};
use crate::core::sample::{Attempt, Purpose};

use crate::core::words::{counted, size};
use sample::sample_line;
pub use summary::summary;
use words::{clean, made_up, order, rough};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines of text.
    Text,
    /// The journal's lines.
    Json,
}

/// Writes a run as lines.
pub struct Report {
    format: Format,
    out: Pipe,
    /// A terminal for the line that shows how far the run is.
    progress: Option<Pipe>,
    /// Characters of it that are on the terminal.
    progress_width: usize,
    board: Board,
    /// The last log line that was written.
    told: Option<Arc<LogLine>>,
    /// Attempts at the sample in progress.
    attempts: Vec<Attempt>,
}

impl Report {
    /// Writes to `out`; `progress` is the terminal, if there is one, for a line that is overwritten.
    pub fn new(
        format: Format,
        out: Box<dyn Write + Send>,
        progress: Option<Box<dyn Write + Send>>,
    ) -> Self {
        Self {
            format,
            out: Pipe::new(out),
            progress: progress.map(Pipe::new),
            progress_width: 0,
            board: Board::default(),
            told: None,
            attempts: Vec::new(),
        }
    }

    /// Takes in the events of earlier processes without writing them.
    pub fn catch_up(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.board.apply(entry);
        }
        self.told = self.board.log.back().cloned();
    }

    /// Writes what happened; `line` is the journal's line of `entry`.
    pub fn entry(&mut self, entry: &Entry, line: &str) {
        self.board.apply(entry);
        self.erase_progress();
        match self.format {
            Format::Json => self.out.line(line),
            Format::Text => self.text(&entry.event),
        }
        self.tick();
    }

    /// Shows again how far the run is; to be called now and then.
    pub fn tick(&mut self) {
        let text = progress(&self.board);
        self.erase_progress();
        if let Some(terminal) = &mut self.progress {
            terminal.write(&text);
            self.progress_width = text.chars().count();
        }
    }

    /// Ends with `text`, such as the [`summary()`].
    pub fn end(&mut self, text: &str) {
        self.erase_progress();
        self.progress = None;
        if self.format == Format::Text {
            self.out.line("");
            self.out.line(text.trim_end());
        }
    }

    /// What has been written, folded.
    pub fn board(&self) -> &Board {
        &self.board
    }

    fn text(&mut self, event: &Event) {
        match event {
            Event::RunStarted { .. } | Event::RunResumed { .. } => self.header(),
            Event::AttemptEnded { attempt } if matches!(attempt.purpose, Purpose::Sample(_)) => {
                self.attempts.push(attempt.as_ref().clone());
            }
            _ => {}
        }
        if matches!(event, Event::SampleEnded { .. }) {
            // The sample's own line says it all.
            self.told = self.board.log.back().cloned();
        }
        self.log();
        if let Event::SampleEnded {
            sample,
            outcome,
            attempt,
            ..
        } = event
        {
            let attempts = std::mem::take(&mut self.attempts);
            let counting = attempts
                .iter()
                .find(|candidate| Some(candidate.number) == *attempt);
            let line = sample_line(&self.board, *sample, outcome, counting);
            self.out.line(&line);
        }
    }

    fn header(&mut self) {
        if let Some(run) = self.board.run.clone() {
            for line in header(&run) {
                self.out.line(&line);
            }
        }
    }

    /// Writes the log lines that are new.
    fn log(&mut self) {
        let told = |line: &&Arc<LogLine>| {
            !self
                .told
                .as_ref()
                .is_some_and(|told| Arc::ptr_eq(told, line))
        };
        let mut new: Vec<_> = self
            .board
            .log
            .iter()
            .rev()
            .take_while(told)
            .cloned()
            .collect();
        new.reverse();
        for line in &new {
            let word = match line.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            self.out.line(&format!("{word}: {}", clean(&line.text)));
        }
        self.told = new.pop().or_else(|| self.told.take());
    }

    fn erase_progress(&mut self) {
        if let Some(terminal) = self.progress.as_mut().filter(|_| self.progress_width > 0) {
            terminal.write(&format!("\r{}\r", " ".repeat(self.progress_width)));
        }
        self.progress_width = 0;
    }
}

/// The lines a run begins with.
fn header(run: &RunHeader) -> Vec<String> {
    let outline = &run.plan.outline;
    let points = &run.plan.points;
    let sizes = match (points.as_slice(), points.first().zip(points.last())) {
        ([only], _) => format!("{} B", only.size),
        (_, Some((first, last))) => {
            let count = points.len();
            format!("{count} sizes from {} to {} B", first.size, last.size)
        }
        (_, None) => "no sizes".into(),
    };
    let samples = run.plan.points.len() as u32 * 2 * outline.repetitions;
    let mut lines = vec![
        format!(
            "run {}: {} sweep on {}, {} function",
            run.id,
            outline.sweep.word(),
            run.platform,
            run.runtime
        ),
        format!(
            "{samples} samples: {sizes}, warm and cold, {}; N {}, {}",
            counted(outline.repetitions.into(), "repetition"),
            run.n,
            order(outline.order),
        ),
        format!("cold starts: {}", clean(&run.cold_method)),
    ];
    lines.extend(made_up(&run.platform));
    lines
}

/// How far the run is, in less than 80 columns.
fn progress(board: &Board) -> String {
    let (ended, planned) = (board.ended.len(), board.planned());
    let share = if planned == 0 {
        0
    } else {
        ended * 100 / planned as usize
    };
    let current = board
        .current
        .zip(board.plan())
        .map_or_else(String::new, |(key, plan)| {
            let repetition = key.repetition + 1;
            format!(
                "  {} {} rep {repetition} try {}",
                key.kind.word(),
                size(plan.size(key)),
                board.attempt_of_sample
            )
        });
    let left = match eta::time_left(board) {
        _ if board.state.is_over() => String::new(),
        Some(left) => format!("  {} left", rough(left)),
        None => "  time left unknown".into(),
    };
    format!(
        "{} {ended}/{planned} ({share} %){current}{left}",
        board.state.word().to_lowercase()
    )
}

/// A place to write to that may be closed by its reader.
struct Pipe {
    /// None when it was closed.
    out: Option<Box<dyn Write + Send>>,
}

impl Pipe {
    fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Some(out) }
    }

    fn line(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// Writes, or gives up for good: the journal has everything, and the run matters more than its echo.
    fn write(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        let written: io::Result<()> = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if written.is_err() {
            self.out = None;
        }
    }
}
