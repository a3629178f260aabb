//! The one table of keys: what is pressed, what it does, how it is explained, when it can be used.
//! Input, footer, help and the table of the documentation all read it.

use crate::core::board::Board;
use crate::core::message::{Command, RunState};

use super::input::Press;
use super::layout::Pane;
use super::view::{Access, Leaving, Overlay, Sheet, Upward, View};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Pause, or go on.
    PauseOrResume,
    /// Give up the sample in progress.
    SkipSample,
    /// Give up the rest of the size in progress.
    SkipSize,
    /// Take the last sample again.
    Retry,
    /// Show a recorded run one sample earlier.
    Earlier,
    /// Show a recorded run one sample later.
    Later,
    /// Stop or restart the picture.
    Freeze,
    /// Focus the next pane.
    NextPane,
    /// Focus the previous pane.
    PreviousPane,
    /// Give the focused pane the screen, or take it back.
    Zoom,
    /// Show the table of samples, or take it away.
    Samples,
    /// Show the exchanges of the sample that is picked in the table; elsewhere as [`Self::Zoom`].
    Open,
    /// Sort the table by the next column.
    Sort,
    /// Turn its order round.
    Turn,
    /// Show the exchanges' offsets, the same close up, or their round trips.
    Upward,
    /// Scroll the focused pane.
    Scroll(Scroll),
    /// Show or hide the help.
    Help,
    /// Close what is open.
    Close,
    /// Ask whether to quit.
    Quit,
    /// Stop the run without a question.
    StopAtOnce,
    /// Hand the terminal back to the shell.
    Suspend,
    /// Answer yes.
    Yes,
    /// Answer no.
    No,
}

/// How far, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scroll {
    /// A line towards the top.
    Up,
    /// A line towards the bottom.
    Down,
    /// A page towards the top.
    PageUp,
    /// A page towards the bottom.
    PageDown,
    /// To the first line; in a recorded run, to the first sample.
    First,
    /// To the last line, and along with what is new; in a recorded run, to the last sample.
    Last,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// What is pressed.
    pub presses: &'static [Press],
    /// How that is written.
    pub name: &'static str,
    /// What it does.
    pub action: Action,
    /// A word for the footer; none is shown there when empty.
    pub hint: &'static str,
    /// A phrase for the help.
    pub help: &'static str,
    /// When it can be used, for the documentation.
    pub when: &'static str,
}

const fn key(
    presses: &'static [Press],
    name: &'static str,
    action: Action,
    (hint, help, when): (&'static str, &'static str, &'static str),
) -> Key {
    Key {
        presses,
        name,
        action,
        hint,
        help,
        when,
    }
}

use Press::{
    BackTab, Char, Control, Down, End, Enter, Escape, Home, Left, PageDown, PageUp, Right, Tab, Up,
};

const IN_PROGRESS: &str = "while the run is in progress";
const SAMPLE: &str = "while a sample is in progress";
const RECORDED: &str = "with `sebs-tui view`";
const ALWAYS: &str = "always";
const SCROLLS: &str = "sizes, log, help, table of samples";
const IN_TABLE: &str = "in the table of samples";

/// The table, in the order of the help. The footer gives up hints from the end.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key(&[Char('p'), Char(' ')], "p, space", Action::PauseOrResume, ("pause", "pause after the attempt in flight; go on", IN_PROGRESS)),
    key(&[Char('s')], "s", Action::SkipSample, ("skip", "skip the sample in progress", SAMPLE)),
    key(&[Char('S')], "S", Action::SkipSize, ("skip size", "skip what remains of this size, warm and cold", SAMPLE)),
    key(&[Char('r')], "r", Action::Retry, ("retry", "take the last sample again; the old one is kept as superseded", "once a sample has ended")),
    key(&[Left], "Left", Action::Earlier, ("earlier", "one sample back, or on, in a recorded run", RECORDED)),
    key(&[Right], "Right", Action::Later, ("later", "one sample back, or on, in a recorded run", RECORDED)),
    key(&[Char('f')], "f", Action::Freeze, ("freeze", "freeze the picture; the run goes on", "while the run is not only looked at")),
    key(&[Tab], "Tab", Action::NextPane, ("pane", "focus the next pane", ALWAYS)),
    key(&[BackTab], "Shift-Tab", Action::PreviousPane, ("", "focus the previous pane", ALWAYS)),
    key(&[Char('z')], "z", Action::Zoom, ("zoom", "give the focused pane the screen; take it back", "from 20x4 characters")),
    key(&[Char('t')], "t", Action::Samples, ("samples", "list the samples; take the list away", "once a sample has ended")),
    key(&[Enter], "Enter", Action::Open, ("plot", "plot the picked sample's exchanges; among the panes as z", ALWAYS)),
    key(&[Char('o')], "o", Action::Sort, ("sort", "sort by the next column; turn the order round", IN_TABLE)),
    key(&[Char('O')], "O", Action::Turn, ("turn", "sort by the next column; turn the order round", IN_TABLE)),
    key(&[Char('v')], "v", Action::Upward, ("", "plot offsets with the bound, close up, or round trips", "in the plot of exchanges")),
    key(&[Up], "Up", Action::Scroll(Scroll::Up), ("", "scroll the focused pane", SCROLLS)),
    key(&[Down], "Down", Action::Scroll(Scroll::Down), ("", "scroll the focused pane", SCROLLS)),
    key(&[PageUp], "PgUp", Action::Scroll(Scroll::PageUp), ("", "scroll by ten lines", SCROLLS)),
    key(&[PageDown], "PgDn", Action::Scroll(Scroll::PageDown), ("", "scroll by ten lines", SCROLLS)),
    key(&[Home], "Home", Action::Scroll(Scroll::First), ("", "go to the first line or sample; to the last, and follow", SCROLLS)),
    key(&[End], "End", Action::Scroll(Scroll::Last), ("", "go to the first line or sample; to the last, and follow", SCROLLS)),
    key(&[Char('?')], "?", Action::Help, ("help", "show or hide this help; Esc closes whatever is open", ALWAYS)),
    key(&[Escape], "Esc", Action::Close, ("", "show or hide this help; Esc closes whatever is open", "when something is open")),
    key(&[Char('q')], "q", Action::Quit, ("quit", "quit; asks when samples remain: y quits, n stays", ALWAYS)),
    key(&[Char('y')], "y", Action::Yes, ("", "quit; asks when samples remain: y quits, n stays", "at the question")),
    key(&[Char('n')], "n", Action::No, ("", "quit; asks when samples remain: y quits, n stays", "at the question")),
    key(&[Control('c')], "Ctrl-C", Action::StopAtOnce, ("", "stop the run without a question", ALWAYS)),
    key(&[Control('z')], "Ctrl-Z", Action::Suspend, ("", "pause and go to the shell; fg comes back", ALWAYS)),
];

/// The row for a key.
pub fn find(press: Press) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.presses.contains(&press))
}

impl Key {
    /// The word for the footer, as things stand; none when it is not shown there.
    pub fn hint_now(&self, board: &Board, view: &View) -> Option<&'static str> {
        let looking = view.access == Access::Look;
        let hint = match self.action {
            action if (looking || board.state.is_over()) && action.commands() => "",
            Action::Earlier | Action::Later if view.moment.is_none() => "",
            Action::PauseOrResume
                if matches!(board.state, RunState::Paused | RunState::Pausing) =>
            {
                "resume"
            }
            Action::Freeze if view.frozen => "thaw",
            Action::Zoom | Action::NextPane if view.sheet.is_some() => "",
            Action::Samples if view.table.is_empty() || view.sheet.is_some() => "",
            Action::Open | Action::Sort | Action::Turn if view.sheet != Some(Sheet::Samples) => "",
            Action::Upward if view.sheet == Some(Sheet::Exchanges) => match view.upward {
                Upward::Offset => "close up",
                Upward::CloseUp => "round trips",
                Upward::RoundTrip => "offsets",
            },
            Action::Close if view.sheet.is_some() => "back",
            Action::Zoom if view.zoomed => "all panes",
            _ => self.hint,
        };
        (!hint.is_empty()).then_some(hint)
    }
}

impl Action {
    /// Whether it means something for a run in progress only.
    fn commands(self) -> bool {
        matches!(
            self,
            Self::PauseOrResume | Self::SkipSample | Self::SkipSize | Self::Retry | Self::Freeze
        )
    }

    /// The command it sends, or why it can do nothing now, as a sentence for the footer.
    pub fn possible(self, board: &Board, view: &View) -> Result<Option<Command>, &'static str> {
        match self {
            Self::PauseOrResume => commandable(board, view).map(|()| match board.state {
                RunState::Paused | RunState::Pausing => Some(Command::Resume),
                _ => Some(Command::Pause),
            }),
            Self::SkipSample | Self::SkipSize => {
                commandable(board, view)?;
                let command = if self == Self::SkipSample {
                    Command::SkipSample
                } else {
                    Command::SkipSize
                };
                board
                    .current
                    .map(|_| Some(command))
                    .ok_or("no sample is in progress")
            }
            Self::Retry => {
                commandable(board, view)?;
                board
                    .last
                    .map(|_| Some(Command::Retry))
                    .ok_or("no sample has ended yet")
            }
            Self::Earlier | Self::Later if view.moment.is_none() => {
                Err("only a run opened with sebs-tui view can be shown earlier")
            }
            Self::Samples if view.table.is_empty() => Err("no sample has ended yet"),
            Self::Open if view.sheet == Some(Sheet::Exchanges) => {
                Err("these are the exchanges; Esc goes back to the table")
            }
            Self::Zoom | Self::NextPane | Self::PreviousPane if view.sheet.is_some() => {
                Err("Esc goes back to the panes first")
            }
            Self::Sort | Self::Turn if view.sheet != Some(Sheet::Samples) => {
                Err("only the table of samples can be sorted; t shows it")
            }
            Self::Upward if view.sheet != Some(Sheet::Exchanges) => {
                Err("only the plot of exchanges has two views; Enter in the table shows it")
            }
            Self::Scroll(_) if view.in_sheet() => Ok(None),
            Self::Freeze if view.access == Access::Look => Err("this run stands still"),
            Self::Scroll(Scroll::First | Scroll::Last) if view.travels() => Ok(None),
            Self::Scroll(_)
                if !matches!(view.focus, Pane::Sizes | Pane::Log) && view.overlay.is_none() =>
            {
                Err("this pane has nothing to scroll; Tab picks another")
            }
            Self::Close
                if view.overlay.is_none()
                    && !view.zoomed
                    && view.sheet.is_none()
                    && view.row.is_none()
                    && view.log_back == 0 =>
            {
                Err("nothing is open")
            }
            Self::Yes | Self::No if view.overlay != Some(Overlay::Quit) => Err("nothing was asked"),
            _ => Ok(None),
        }
    }
}

fn commandable(board: &Board, view: &View) -> Result<(), &'static str> {
    match board.state {
        _ if view.access == Access::Look => Err("this run is only looked at"),
        _ if view.leaving != Leaving::No => Err("the run is stopping"),
        RunState::Preparing => Err("the run is still being prepared"),
        RunState::Stopping => Err("the run is stopping"),
        RunState::Complete | RunState::Incomplete => Err("the run is over"),
        RunState::Running | RunState::Pausing | RunState::Paused => Ok(()),
    }
}

/// The table for the documentation; keys that do one thing share a row.
pub fn markdown_table() -> String {
    let rows = KEYS.chunk_by(|a, b| a.help == b.help).map(|keys| {
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut when: Vec<&str> = keys.iter().map(|key| key.when).collect();
        when.dedup();
        let (names, when) = (names.join(", "), when.join("; "));
        format!("| {names} | {} | {when} |\n", keys[0].help)
    });
    format!(
        "| key | what it does | when |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_has_two_meanings_and_no_action_two_rows() {
        let presses: Vec<Press> = KEYS
            .iter()
            .flat_map(|key| key.presses.iter().copied())
            .collect();
        assert_eq!(presses.iter().collect::<HashSet<_>>().len(), presses.len());
        for (place, key) in KEYS.iter().enumerate() {
            assert!(
                !KEYS[..place].iter().any(|other| other.action == key.action),
                "{}",
                key.name
            );
            assert!(!key.help.is_empty() && !key.when.is_empty() && !key.presses.is_empty());
            assert!(
                key.presses
                    .iter()
                    .all(|press| find(*press).is_some_and(|found| found.name == key.name))
            );
        }
    }

    #[test]
    fn the_documentation_names_every_key() {
        let table = markdown_table();
        let keys_of = |line: &str| line.split(" | ").next().map(|keys| keys.replace("| ", ""));
        let names: Vec<String> = table.lines().skip(2).filter_map(keys_of).collect();
        let all: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.join(", "), all.join(", "));
        assert!(table.contains(
            "| p, space | pause after the attempt in flight; go on | while the run is in progress |"
        ));
    }

    #[test]
    fn a_command_that_is_impossible_says_why() {
        let (board, view) = (Board::default(), View::default());
        assert_eq!(
            Action::PauseOrResume.possible(&board, &view),
            Err("the run is still being prepared")
        );
        let mut running = Board::default();
        running.state = RunState::Running;
        assert_eq!(
            Action::SkipSample.possible(&running, &view),
            Err("no sample is in progress")
        );
        assert_eq!(
            Action::Retry.possible(&running, &view),
            Err("no sample has ended yet")
        );
        assert_eq!(
            Action::PauseOrResume.possible(&running, &view),
            Ok(Some(Command::Pause))
        );
        let mut paused = running.clone();
        paused.state = RunState::Paused;
        assert_eq!(
            Action::PauseOrResume.possible(&paused, &view),
            Ok(Some(Command::Resume))
        );
        let looking = View {
            access: Access::Look,
            ..View::default()
        };
        assert_eq!(
            Action::PauseOrResume.possible(&paused, &looking),
            Err("this run is only looked at")
        );
    }
}
