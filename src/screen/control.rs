//! What a key changes: the view at once, and what it asks of the run, the process or the terminal.

use crate::core::board::Board;
use crate::core::message::Command;

use super::Left;
use super::facts::Progress;
use super::input::Press;
use super::keys::{self, Action, Scroll};
use super::layout::Pane;
use super::view::{Access, Leaving, Moment, Overlay, Sheet, Upward, View};

/// Lines that a page key scrolls.
const PAGE: usize = 10;

/// What is to be done for a key, beyond the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ask this of the run.
    Send(Command),
    /// End the run as an interrupt signal would.
    Interrupt,
    /// Hand the terminal to the shell.
    Suspend,
    /// Look up the sample with this number: its attempt, and a recorded run as it stood after it.
    Show(usize),
    /// Leave the screen.
    Leave(Left),
}

/// Answers a key: changes the view and says what else is to be done.
pub fn press(press: Press, board: &Board, view: &mut View) -> Option<Effect> {
    view.kept_open |= board.state.is_over();
    view.message = None;
    let Some(key) = keys::find(press) else {
        view.message = Some("this key does nothing; ? lists the keys".into());
        return None;
    };
    if view.overlay == Some(Overlay::Quit) && !answers(key.action) {
        view.message = Some("y quits, n stays".into());
        return None;
    }
    match key.action.possible(board, view) {
        Err(why) => {
            view.message = Some(why.into());
            None
        }
        Ok(Some(command)) => Some(Effect::Send(command)),
        Ok(None) => act(key.action, board, view),
    }
}

fn answers(action: Action) -> bool {
    matches!(
        action,
        Action::Yes | Action::No | Action::Close | Action::StopAtOnce | Action::Suspend
    )
}

fn act(action: Action, board: &Board, view: &mut View) -> Option<Effect> {
    match action {
        Action::Freeze => view.frozen = !view.frozen,
        Action::NextPane => view.focus = neighbour(view.focus, 1),
        Action::PreviousPane => view.focus = neighbour(view.focus, Pane::ALL.len() - 1),
        Action::Open if view.sheet.is_some() => return open(view),
        Action::Zoom | Action::Open => view.zoomed = !view.zoomed,
        Action::Samples => {
            if view.sheet.is_none() {
                view.picked = None;
            }
            view.sheet = match view.sheet {
                Some(Sheet::Samples) => None,
                _ => Some(Sheet::Samples),
            };
        }
        Action::Sort => view.table.sort_by_next(),
        Action::Turn => view.table.turn(),
        Action::Upward => {
            view.upward = match view.upward {
                Upward::Offset => Upward::CloseUp,
                Upward::CloseUp => Upward::RoundTrip,
                Upward::RoundTrip => Upward::Offset,
            };
        }
        Action::Scroll(scroll) if view.in_sheet() => return pick(scroll, view),
        Action::Earlier => return travel(view, |moment| moment.at.saturating_sub(1)),
        Action::Later => return travel(view, |moment| moment.at + 1),
        Action::Scroll(Scroll::First) if view.travels() => return travel(view, |_| 1),
        Action::Scroll(Scroll::Last) if view.travels() => return travel(view, |moment| moment.of),
        Action::Scroll(scroll) => scroll_by(scroll, board, view),
        Action::Help if view.overlay == Some(Overlay::Help) => view.overlay = None,
        Action::Help => (view.overlay, view.help_top) = (Some(Overlay::Help), 0),
        Action::Close => close(view),
        Action::No => view.overlay = None,
        Action::Quit => return quit(board, view),
        Action::Yes => {
            view.overlay = None;
            return Some(Effect::Send(Command::Stop));
        }
        Action::StopAtOnce => return Some(stop_at_once(board, view)),
        Action::Suspend => return Some(Effect::Suspend),
        // These are commands, which `possible` has answered.
        Action::PauseOrResume | Action::SkipSample | Action::SkipSize | Action::Retry => {}
    }
    None
}

fn neighbour(pane: Pane, step: usize) -> Pane {
    let place = Pane::ALL
        .iter()
        .position(|other| *other == pane)
        .unwrap_or(0);
    Pane::ALL[(place + step) % Pane::ALL.len()]
}

/// Closes one thing at a time: what lies on top first.
fn close(view: &mut View) {
    if view.overlay.take().is_some() {
        return;
    }
    if let Some(sheet) = view.sheet {
        view.sheet = (sheet == Sheet::Exchanges).then_some(Sheet::Samples);
        return;
    }
    if view.zoomed {
        view.zoomed = false;
        return;
    }
    (view.row, view.log_back) = (None, 0);
}

fn travel(view: &mut View, to: impl Fn(Moment) -> usize) -> Option<Effect> {
    let moment = view.moment.as_mut()?;
    let at = to(*moment).max(1).min(moment.of);
    if at == moment.at {
        view.message = Some("no sample has ended further that way".into());
        return None;
    }
    moment.at = at;
    view.log_back = 0;
    Some(Effect::Show(at))
}

/// The plot of the picked sample, which stays that sample's while others end.
fn open(view: &mut View) -> Option<Effect> {
    view.sheet = Some(Sheet::Exchanges);
    view.picked = view.picked_sample();
    view.picked.map(Effect::Show)
}

/// Goes through the table of samples. The picture of a recorded run goes along; in a run in progress, End on the
/// latest sample follows what is new.
fn pick(scroll: Scroll, view: &mut View) -> Option<Effect> {
    let at = view.picked_sample()?;
    let last = view.table.len().saturating_sub(1);
    let line = moved(scroll, view.table.line_of(at), last);
    let sample = view.table.sample_in(line).unwrap_or(at);
    if view.moment.is_some() {
        return travel(view, |_| sample);
    }
    let plotted = view.sheet == Some(Sheet::Exchanges);
    let follows = scroll == Scroll::Last && view.table.latest() == Some(sample) && !plotted;
    if sample == at && !follows {
        view.message = Some("there is no sample further that way".into());
        return None;
    }
    view.picked = (!follows).then_some(sample);
    plotted.then_some(Effect::Show(sample))
}

fn scroll_by(scroll: Scroll, board: &Board, view: &mut View) {
    if view.overlay == Some(Overlay::Help) {
        view.help_top = moved(scroll, view.help_top, keys::KEYS.len() * 8);
    } else if view.focus == Pane::Log {
        let lines = board.log.len().saturating_sub(1);
        let top = moved(scroll, lines.saturating_sub(view.log_back), lines);
        view.log_back = lines - top;
    } else {
        let last = board
            .plan()
            .map_or(0, |plan| plan.points.len().saturating_sub(1));
        let here = board
            .current
            .or(board.last)
            .map_or(0, |key| key.size as usize);
        view.row = match scroll {
            Scroll::Last if view.row == Some(last) => None,
            _ => Some(moved(scroll, view.row.unwrap_or(here), last)),
        };
    }
}

fn moved(scroll: Scroll, from: usize, last: usize) -> usize {
    let to = match scroll {
        Scroll::Up => from.saturating_sub(1),
        Scroll::Down => from + 1,
        Scroll::PageUp => from.saturating_sub(PAGE),
        Scroll::PageDown => from + PAGE,
        Scroll::First => 0,
        Scroll::Last => last,
    };
    to.min(last)
}

fn quit(board: &Board, view: &mut View) -> Option<Effect> {
    if board.state.is_over() || view.access == Access::Look {
        return Some(Effect::Leave(Left::RunOver));
    }
    if view.leaving != Leaving::No {
        return Some(Effect::Leave(Left::Abandoned));
    }
    if board.run.is_some() && Progress::of(board).remaining() == 0 {
        return Some(Effect::Send(Command::Stop));
    }
    view.overlay = Some(Overlay::Quit);
    None
}

fn stop_at_once(board: &Board, view: &mut View) -> Effect {
    view.overlay = None;
    match view.leaving {
        _ if board.state.is_over() || view.access == Access::Look => Effect::Leave(Left::RunOver),
        Leaving::No => Effect::Interrupt,
        Leaving::Asked | Leaving::Interrupted => Effect::Leave(Left::Abandoned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::listing::Listing;
    use crate::core::message::RunState;
    use crate::core::message::{Entry, Event};
    use crate::core::sample::{SampleKey, SampleOutcome, StartKind};
    use crate::screen::table::Table;

    fn running() -> Board {
        in_state(RunState::Running)
    }

    fn in_state(state: RunState) -> Board {
        let mut board = Board::default();
        board.state = state;
        board
    }

    fn pressed(board: &Board, view: &mut View, keys: &str) -> Option<Effect> {
        keys.chars()
            .map(|key| press(Press::Char(key), board, view))
            .last()
            .flatten()
    }

    #[test]
    fn quitting_asks_once_and_no_means_no() {
        let mut view = View::default();
        assert_eq!(pressed(&running(), &mut view, "q"), None);
        assert_eq!(view.overlay, Some(Overlay::Quit));
        assert_eq!(pressed(&running(), &mut view, "s"), None);
        assert_eq!(view.message.as_deref(), Some("y quits, n stays"));
        assert_eq!(pressed(&running(), &mut view, "n"), None);
        assert_eq!(view.overlay, None);
        assert_eq!(
            pressed(&running(), &mut view, "qy"),
            Some(Effect::Send(Command::Stop))
        );
    }

    #[test]
    fn a_second_q_or_control_c_does_not_wait_for_the_end() {
        for leaving in [Leaving::Asked, Leaving::Interrupted] {
            let mut view = View {
                leaving,
                ..View::default()
            };
            assert_eq!(
                pressed(&running(), &mut view, "q"),
                Some(Effect::Leave(Left::Abandoned))
            );
            assert_eq!(
                press(Press::Control('c'), &running(), &mut view),
                Some(Effect::Leave(Left::Abandoned))
            );
        }
        assert_eq!(
            press(Press::Control('c'), &running(), &mut View::default()),
            Some(Effect::Interrupt)
        );
    }

    #[test]
    fn any_key_keeps_a_finished_run_on_the_screen_until_q() {
        let board = in_state(RunState::Complete);
        let mut view = View::default();
        assert_eq!(press(Press::Other, &board, &mut view), None);
        assert!(view.kept_open);
        assert_eq!(
            pressed(&board, &mut view, "q"),
            Some(Effect::Leave(Left::RunOver))
        );
    }

    #[test]
    fn a_recorded_run_is_shown_after_any_of_its_samples() {
        let mut view = View {
            access: Access::Look,
            moment: Some(Moment { at: 3, of: 3 }),
            focus: Pane::Clock,
            ..View::default()
        };
        let board = running();
        for (key, shown) in [
            (Press::Right, None),
            (Press::Left, Some(2)),
            (Press::Home, Some(1)),
            (Press::Left, None),
            (Press::Right, Some(2)),
            (Press::End, Some(3)),
        ] {
            let effect = press(key, &board, &mut view);
            assert_eq!(effect, shown.map(Effect::Show), "{key:?}");
            assert_eq!(view.message.is_some(), shown.is_none(), "{key:?}");
        }
        assert_eq!(pressed(&board, &mut view, "p"), None);
        assert_eq!(view.message.as_deref(), Some("this run is only looked at"));
        assert_eq!(
            pressed(&board, &mut view, "q"),
            Some(Effect::Leave(Left::RunOver))
        );
        assert_eq!(press(Press::Left, &board, &mut View::default()), None);
    }

    /// The table of a run in progress with this many samples.
    fn listed(samples: usize) -> Table {
        let mut run = Listing::default();
        (1..=samples).for_each(|number| {
            let entry = Entry {
                number: number as u64,
                wall: 0,
                elapsed: 0,
                event: Event::SampleEnded {
                    sample: SampleKey {
                        size: 0,
                        kind: StartKind::Cold,
                        repetition: number as u32,
                    },
                    outcome: SampleOutcome::Measured,
                    attempt: None,
                    took: 0,
                },
            };
            run.take(&entry, None);
        });
        Table::new(run.rows().clone())
    }

    #[test]
    fn the_table_of_a_run_in_progress_follows_until_a_sample_is_picked() {
        let board = running();
        let mut view = View::default();
        assert_eq!(pressed(&board, &mut view, "t"), None);
        assert_eq!(view.message.as_deref(), Some("no sample has ended yet"));
        view.table = listed(3);
        assert_eq!(pressed(&board, &mut view, "t"), None);
        assert_eq!(view.picked_sample(), Some(3));
        view.table = listed(5);
        assert_eq!(view.picked_sample(), Some(5), "it follows");
        assert_eq!(press(Press::Up, &board, &mut view), None);
        view.table = listed(7);
        assert_eq!(view.picked_sample(), Some(4), "it stays");
        press(Press::End, &board, &mut view);
        view.table = listed(9);
        assert_eq!(view.picked_sample(), Some(9), "it follows again");
        let shown = press(Press::Enter, &board, &mut view);
        assert_eq!(shown, Some(Effect::Show(9)));
        view.table = listed(10);
        assert_eq!(view.picked_sample(), Some(9), "a plot stays");
        let shown = press(Press::Down, &board, &mut view);
        assert_eq!(shown, Some(Effect::Show(10)));
        assert_eq!(press(Press::Down, &board, &mut view), None);
        assert!(view.message.is_some(), "there is nothing further down");
    }

    #[test]
    fn escape_closes_one_thing_at_a_time() {
        let mut view = View {
            zoomed: true,
            overlay: Some(Overlay::Help),
            ..View::default()
        };
        press(Press::Escape, &running(), &mut view);
        assert_eq!((view.zoomed, view.overlay), (true, None));
        press(Press::Escape, &running(), &mut view);
        assert!(!view.zoomed);
        press(Press::Escape, &running(), &mut view);
        assert_eq!(view.message.as_deref(), Some("nothing is open"));
    }

    #[test]
    fn tab_visits_every_pane_and_shift_tab_goes_back() {
        let mut view = View::default();
        let mut visited = Vec::new();
        for _ in Pane::ALL {
            visited.push(view.focus);
            press(Press::Tab, &running(), &mut view);
        }
        assert_eq!(visited, Pane::ALL);
        press(Press::BackTab, &running(), &mut view);
        assert_eq!(view.focus, Pane::Log);
    }

    #[test]
    fn no_key_is_ignored_without_a_word() {
        let mut view = View {
            focus: Pane::Clock,
            ..View::default()
        };
        for key in [
            Press::Up,
            Press::Other,
            Press::Char('y'),
            Press::Char('r'),
            Press::Escape,
        ] {
            assert_eq!(press(key, &running(), &mut view), None);
            assert!(view.message.is_some(), "{key:?}");
        }
    }
}
