//! What a person is told when a command was sent, and how long that is true.

use crate::core::message::{Command, RunState};

/// The words.
pub fn words(command: Command) -> &'static str {
    match command {
        Command::Pause => "pausing after the attempt in flight",
        Command::Resume => "going on",
        Command::SkipSample => "skipping this sample",
        Command::SkipSize => "skipping the rest of this size",
        Command::Retry => "the last sample is taken again next",
        Command::Stop => "stopping",
    }
}

/// Whether they may still be true of a run in this state: it may not have heard of the command yet.
pub fn is_true(command: Command, state: RunState) -> bool {
    let done = command == Command::Pause && state == RunState::Paused;
    !done && !state.is_over()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_it_pauses_is_said_until_it_has_paused_or_ended() {
        for (state, stays) in [
            (RunState::Running, true),
            (RunState::Pausing, true),
            (RunState::Paused, false),
            (RunState::Complete, false),
            (RunState::Incomplete, false),
        ] {
            assert_eq!(is_true(Command::Pause, state), stays, "{state:?}");
        }
        for command in [Command::Resume, Command::SkipSample, Command::Retry] {
            assert!(is_true(command, RunState::Paused), "not heard yet");
            assert!(!is_true(command, RunState::Complete));
        }
    }
}
