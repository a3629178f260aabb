//! Trying again what AWS says may work later: with growing waits, a bound, and a word for each wait.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::{PlatformError, Retry};

/// Longest single wait that is our own choice.
const WAIT_MOST: Duration = Duration::from_secs(10);

/// How long to be patient, and what to show meanwhile.
pub(super) struct Patience<'a> {
    /// Who is told.
    pub context: &'a Context,
    /// What is being done while it is tried.
    pub phase: Phase,
    /// No wait begins that would end after this.
    pub bound: Duration,
}

impl Patience<'_> {
    /// Makes the call until it succeeds, or its error says that another try cannot help, or the bound is reached.
    pub async fn with<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, PlatformError>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        let begun = Instant::now();
        let mut own = Duration::ZERO;
        for tries in 1.. {
            self.context.enter(self.phase);
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Retry::After(advised) = error.retry else {
                return Err(error);
            };
            own = (2 * own).clamp(advised, WAIT_MOST.max(advised));
            let spent = begun.elapsed();
            if spent + own > self.bound {
                let what = format!(
                    "{}; given up after {tries} tries in {:.1} s",
                    error.what,
                    spent.as_secs_f64()
                );
                return Err(PlatformError {
                    what,
                    retry: Retry::No,
                    ..error
                });
            }
            self.context.note(format!(
                "{error}; trying again in {:.1} s, for {} s at most",
                own.as_secs_f64(),
                self.bound.as_secs()
            ));
            self.context.enter(Phase::Waiting);
            tokio::time::sleep(own).await;
        }
        unreachable!("the tries are not counted to their end")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::*;
    use crate::platform::ErrorKind;
    use crate::platform::aws::errors::error;
    use crate::platform::ledger::Ledger;

    fn refused(retry: Retry) -> PlatformError {
        let error = error(
            ErrorKind::Conflict,
            "update",
            "f",
            "it is being changed".into(),
        );
        PlatformError { retry, ..error }
    }

    async fn tried(
        retry: Retry,
        failures: u32,
        bound: Duration,
    ) -> (Result<u32, PlatformError>, Vec<String>) {
        let (context, mut notes) = Context::new("run", Ledger::in_memory(), Arc::default());
        let tries = Cell::new(0);
        let patience = Patience {
            context: &context,
            phase: Phase::Uploading,
            bound,
        };
        let result = patience
            .with(|| async {
                tries.set(tries.get() + 1);
                if tries.get() > failures {
                    Ok(tries.get())
                } else {
                    Err(refused(retry))
                }
            })
            .await;
        let mut told = Vec::new();
        while let Ok(note) = notes.try_recv() {
            told.push(note);
        }
        (result, told)
    }

    #[tokio::test]
    async fn every_wait_is_told_and_the_next_success_counts() {
        let advice = Retry::After(Duration::from_millis(1));
        let (result, told) = tried(advice, 3, Duration::from_secs(60)).await;
        assert_eq!(result, Ok(4));
        assert_eq!(told.len(), 3);
        assert!(
            told[0].contains("it is being changed") && told[0].contains("for 60 s at most"),
            "{}",
            told[0]
        );
    }

    #[tokio::test]
    async fn there_is_an_end_to_it() {
        let advice = Retry::After(Duration::from_millis(20));
        let (result, told) = tried(advice, u32::MAX, Duration::from_millis(100)).await;
        let error = result.unwrap_err();
        assert_eq!(error.retry, Retry::No);
        // Waits of 20 and 40 ms have room in 100 ms; on a busy machine fewer.
        assert!(told.len() <= 2, "{told:?}");
        let tries = format!("given up after {} tries", told.len() + 1);
        assert!(error.what.contains(&tries), "{}", error.what);
    }

    #[tokio::test]
    async fn what_cannot_pass_is_not_tried_again() {
        let (result, told) = tried(Retry::No, 1, Duration::from_secs(5)).await;
        assert_eq!(result, Err(refused(Retry::No)));
        assert_eq!(told, Vec::<String>::new());
    }
}
