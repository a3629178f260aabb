//! Who carries out the steps that a run asks for, and in whose time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::DriverError;
use crate::core::message::Event;
use crate::core::run::{Conditions, Invoke, Outcome};
use crate::core::sample::Token;
use crate::core::time::Moment;

/// Begins the steps that the run asks for, one at a time.
#[async_trait]
pub(super) trait Workshop: Send {
    /// Both clocks of the host now.
    fn now(&self) -> Moment;

    /// What the rules need to know.
    fn conditions(&self) -> Conditions;

    /// Reads only: is everything there that a run needs? Returns what is to be told of it.
    async fn inspect(&self) -> Result<Vec<Event>, DriverError>;

    /// Token of the invocation with this number.
    fn token(&self, number: u64) -> Token;

    /// Deploys a package of this size.
    fn deploy(&mut self, package_bytes: u64) -> Job;

    /// Forces a cold start.
    fn force_cold(&mut self) -> Job;

    /// Invokes the function.
    fn invoke(&mut self, invoke: Invoke, token: Token) -> Job;

    /// Learns how the step ended.
    fn note(&mut self, outcome: &Outcome);
}

/// How a step ended, and what a person should know of it.
pub(super) struct Done {
    pub outcome: Outcome,
    pub warnings: Vec<String>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            warnings: Vec::new(),
        }
    }
}

/// The step under way.
pub(super) struct Job {
    work: Pin<Box<dyn Future<Output = Done> + Send>>,
    give_up: Option<oneshot::Sender<()>>,
}

impl Job {
    pub fn new<F: Future<Output = Done> + Send + 'static>(
        work: impl FnOnce(oneshot::Receiver<()>) -> F,
    ) -> Self {
        let (give_up, answer) = oneshot::channel();
        Self {
            work: Box::pin(work(answer)),
            give_up: Some(give_up),
        }
    }

    /// A step that took none of our time; commands are heard all the same.
    pub fn done(done: impl Into<Done>) -> Self {
        let done = done.into();
        Self::new(|_| async move {
            tokio::task::yield_now().await;
            done
        })
    }

    pub fn give_up(&mut self) {
        if let Some(give_up) = self.give_up.take() {
            _ = give_up.send(());
        }
    }
}

impl Future for Job {
    type Output = Done;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Done> {
        self.work.as_mut().poll(context)
    }
}

/// Waits for the end of the step under way, for ever when there is none.
pub(super) async fn finished(job: &mut Option<Job>) -> Done {
    match job {
        Some(job) => job.await,
        None => std::future::pending().await,
    }
}
