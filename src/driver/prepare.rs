//! Before the first step: is everything there that a run needs?

use std::pin::pin;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::DriverError;
use super::error::late;
use crate::core::message::{Command, Event};
use crate::core::run::Input;

/// Looking at the platform before the first step.
pub(super) const INSPECT_DEADLINE: Duration = Duration::from_secs(300);

/// What was found on the platform of this name, within a deadline.
pub(super) async fn inspected<T>(
    platform: &'static str,
    deadline: Duration,
    inspecting: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, DriverError> {
    match timeout(deadline, inspecting).await {
        Ok(found) => found,
        Err(_) => Err(late(platform, ("preflight", "platform"), deadline).into()),
    }
}

/// What a run begins with.
pub(super) struct Prepared {
    /// What was found on the platform.
    pub found: Vec<Event>,
    /// To begin, or to stop at once.
    pub first: Input,
    /// Commands that came meanwhile.
    pub heard: Vec<Command>,
}

/// Waits until it is known whether everything is there that a run needs. A stop ends that at once; other commands wait.
pub(super) async fn prepare(
    inspecting: impl Future<Output = Result<Vec<Event>, DriverError>>,
    commands: &mut mpsc::Receiver<Command>,
) -> Result<Prepared, DriverError> {
    let mut inspecting = pin!(inspecting);
    let mut heard = Vec::new();
    let (found, first) = loop {
        tokio::select! {
            found = &mut inspecting => break (found?, Input::Begin),
            Some(command) = commands.recv() => match command {
                Command::Stop => break (Vec::new(), Input::Command(command)),
                later => heard.push(later),
            },
        }
    };
    Ok(Prepared {
        found,
        first,
        heard,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_platform_that_never_answers_is_named_and_keeps_no_run_waiting() {
        let (_keep, mut commands) = mpsc::channel(1);
        let inspecting = inspected("aws", Duration::ZERO, std::future::pending());
        let Err(error) = prepare(inspecting, &mut commands).await else {
            panic!("nothing was found");
        };
        let told = error.to_string();
        assert_eq!(told, "aws: preflight platform: not done after 0 s");
    }
}
