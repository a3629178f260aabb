//! Waiting until a change of the function is live.

use std::time::{Duration, Instant};

use aws_sdk_lambda::types::{LastUpdateStatus, State};

use super::errors::{error, explain};
use super::function::Function;
use crate::core::live::Phase;
use crate::platform::{ErrorKind, PlatformError};

/// From a change to its being live.
const LIVE_DEADLINE: Duration = Duration::from_secs(240);
const POLL_FIRST: Duration = Duration::from_millis(200);
const POLL_MOST: Duration = Duration::from_secs(2);

impl Function<'_> {
    /// Waits until it is active and its last change is successful.
    pub async fn live(&self) -> Result<(), PlatformError> {
        let begun = Instant::now();
        let mut pause = POLL_FIRST;
        loop {
            let standing = self.patient(Phase::Activating, || self.standing()).await?;
            let waited = match standing {
                Standing::Live => return Ok(()),
                Standing::Failed(why) => {
                    return Err(error(ErrorKind::Config, "activate", self.name, why));
                }
                Standing::Underway(what) => what,
            };
            if begun.elapsed() + pause > LIVE_DEADLINE {
                let what = format!("{waited} after {} s", LIVE_DEADLINE.as_secs());
                return Err(error(ErrorKind::Timeout, "activate", self.name, what));
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(POLL_MOST);
        }
    }

    async fn standing(&self) -> Result<Standing, PlatformError> {
        let sent = self
            .account
            .lambda
            .get_function_configuration()
            .function_name(self.name)
            .send()
            .await;
        let found = sent.map_err(|why| explain("get", self.name, &why))?;
        let reason = found
            .state_reason()
            .or(found.last_update_status_reason())
            .unwrap_or("without a reason");
        Ok(Standing::of(
            found.state(),
            found.last_update_status(),
            reason,
        ))
    }
}

/// How far a change is.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Live,
    Underway(String),
    Failed(String),
}

impl Standing {
    fn of(state: Option<&State>, update: Option<&LastUpdateStatus>, reason: &str) -> Self {
        match (state, update) {
            (Some(State::Active), Some(LastUpdateStatus::Successful)) => Self::Live,
            (Some(State::Failed), _) | (_, Some(LastUpdateStatus::Failed)) => {
                Self::Failed(format!("AWS says: {reason}"))
            }
            (state, update) => Self::Underway(format!(
                "still State={}, LastUpdateStatus={}",
                state.map_or("?", State::as_str),
                update.map_or("?", LastUpdateStatus::as_str)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_live_when_it_is_active_and_its_last_change_is_successful() {
        let of = |state: &State, update: &LastUpdateStatus| {
            Standing::of(Some(state), Some(update), "no memory")
        };
        assert_eq!(
            of(&State::Active, &LastUpdateStatus::Successful),
            Standing::Live
        );
        for (state, update) in [
            (State::Pending, LastUpdateStatus::Successful),
            (State::Active, LastUpdateStatus::InProgress),
            (State::Inactive, LastUpdateStatus::Successful),
        ] {
            assert!(matches!(of(&state, &update), Standing::Underway(_)));
        }
        for (state, update) in [
            (State::Failed, LastUpdateStatus::Successful),
            (State::Active, LastUpdateStatus::Failed),
        ] {
            assert_eq!(
                of(&state, &update),
                Standing::Failed("AWS says: no memory".into())
            );
        }
        assert!(matches!(
            Standing::of(None, None, ""),
            Standing::Underway(_)
        ));
    }
}
