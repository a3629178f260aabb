//! Follow-ups: after an attempt was measured, more invocations of the same instance that compare the clocks over HTTP.

use std::sync::PoisonError;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::time::{sleep, timeout};

use super::attempt::{Answered, Bench, decoded, failure_of};
use super::clock;
use super::invoke::Connection;
use crate::core::follow_up::{Allowance, Chain, Followed, Passage};
use crate::core::live::Phase;
use crate::core::sample::{Attempt, Failure};
use crate::core::time::Nanos;

/// A usable answer to a follow-up.
struct Answer {
    passage: Passage,
    instance_id: String,
    /// Time that is paid for, ns.
    billed: Nanos,
}

/// The follow-ups of an attempt, which has those that there are also when this is given up half-way.
struct Kept<'a> {
    attempt: &'a mut Attempt,
    chain: Chain,
    /// When the one was begun that is under way.
    begun: Option<Nanos>,
}

impl Kept<'_> {
    fn begin(&mut self, now: Nanos) {
        self.chain.begin();
        self.begun = Some(now);
    }

    /// The one that is under way ends without a usable answer.
    fn fail(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.chain.failed(clock::now().monotonic - begun);
        }
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.fail();
        self.attempt.follow_ups = Some(self.chain.counts());
        self.attempt.exchanges = self.chain.exchanges().to_vec();
    }
}

/// Follows up an attempt with requests of this body, over its connection. `attempt` has the counts and the exchanges
/// also when this is given up half-way.
///
/// # Errors
/// Why the clocks cannot be compared over HTTP at all.
pub(super) async fn follow(
    bench: &Bench,
    attempt: &mut Attempt,
    answered: Answered,
    body: &Bytes,
) -> Result<(Followed, Option<Failure>), Failure> {
    let Answered {
        connection,
        called,
        reply,
        ..
    } = answered;
    if reply.instance_id.is_empty() {
        return Err(untold("which instance it is"));
    }
    let leave = reply
        .handler_leave
        .ok_or_else(|| untold("when it leaves"))?;
    let measured = Passage {
        sent: called.sent,
        entry: reply.handler_entry,
        leave,
        received: called.received,
    };
    let experiment = &bench.experiment;
    let n = experiment.header.n;
    let allowance = Allowance::of(n, experiment.max_exchanges);
    let begun = clock::now().monotonic;
    let mut kept = Kept {
        attempt,
        chain: Chain::new(&reply.instance_id, measured, n, allowance, begun),
        begun: None,
    };
    let mut connection = Some(connection);
    let mut fault = None;
    let stop = loop {
        // The chain's budgets and counts bound this loop, whatever is answered.
        let now = clock::now().monotonic;
        let left = match kept.chain.time_for_next(now) {
            Ok(left) => left,
            Err(reason) => break reason,
        };
        let wait = paced(bench, now);
        if wait > 0 {
            if let Err(reason) = kept.chain.wait(wait) {
                break reason;
            }
            bench.live.enter(Phase::Waiting);
            sleep(Duration::from_nanos(wait as u64)).await;
            continue;
        }
        bench.live.enter(Phase::Exchanging);
        kept.begin(now);
        let left = Duration::from_nanos(left as u64);
        let done = timeout(left, call(bench, &mut connection, body)).await;
        match done.unwrap_or_else(|_| Err(late(left))) {
            Ok(Answer {
                passage,
                instance_id,
                billed,
            }) => {
                kept.begun = None;
                if let Some(found) = kept.chain.answered(&instance_id, passage, billed) {
                    bench
                        .live
                        .complete(found.round_trip, found.lower, found.upper);
                }
            }
            Err(failure) => {
                connection = None;
                kept.fail();
                fault = Some(failure);
            }
        }
    };
    Ok((kept.chain.finish(stop), fault))
}

/// How long the platform's limit makes an invocation wait, ns; one that need not is counted.
fn paced(bench: &Bench, now: Nanos) -> Nanos {
    let mut pace = bench.pace.lock().unwrap_or_else(PoisonError::into_inner);
    let wait = pace.wait(now);
    if wait == 0 {
        pace.begin(now);
    }
    wait
}

/// One follow-up over the connection that there is, or else a new one.
async fn call(
    bench: &Bench,
    connection: &mut Option<Connection>,
    body: &Bytes,
) -> Result<Answer, Failure> {
    let platform = &bench.platform;
    let failed = |error| failure_of(&error);
    let endpoint = platform.endpoint(body).await.map_err(failed)?;
    let deadline = bench.answer_within();
    let kept = connection
        .take()
        .filter(|connection| connection.serves(&endpoint));
    let (kept, called) = if let Some(mut kept) = kept {
        let called = kept.again(&endpoint, body.clone(), deadline).await;
        (kept, bench.heed(called)?)
    } else {
        let called = Connection::open(&endpoint, body.clone(), deadline, &bench.live).await;
        bench.heed(called)?
    };
    *connection = Some(kept);
    let reply = decoded(bench, &called.reply)?;
    let leave = reply
        .handler_leave
        .ok_or_else(|| untold("when it leaves"))?;
    let record = platform.record(&reply.request_id, &called.reply).await;
    Ok(Answer {
        passage: Passage {
            sent: called.sent,
            entry: reply.handler_entry,
            leave,
            received: called.received,
        },
        instance_id: reply.instance_id,
        billed: record
            .billed
            .unwrap_or(called.times.end_after - called.times.connected_after),
    })
}

fn untold(what: &str) -> Failure {
    Failure {
        step: "clock".into(),
        what: format!(
            "the function does not tell {what}, so --sync http cannot compare its clock: use --sync udp, a function of this version, or say with --reply where that is"
        ),
        status: None,
    }
}

fn late(after: Duration) -> Failure {
    Failure {
        step: "clock".into(),
        what: format!("no answer within the {} s that were left", after.as_secs()),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::made_up;
    use crate::core::time::MILLISECOND;

    #[tokio::test]
    async fn one_that_is_given_up_is_counted_as_failed_and_paid_for_and_the_exchanges_are_kept() {
        let passage = Passage {
            sent: 0,
            entry: 1,
            leave: 2,
            received: 3,
        };
        let allowance = Allowance::of(20, 100);
        let mut attempt = made_up::attempt();
        let following = async {
            let mut kept = Kept {
                attempt: &mut attempt,
                chain: Chain::new("i", passage, 20, allowance, 0),
                begun: None,
            };
            kept.begin(clock::now().monotonic);
            kept.begun = None;
            kept.chain.answered("i", passage, MILLISECOND);
            kept.begin(clock::now().monotonic);
            sleep(Duration::from_secs(60)).await;
        };
        let given_up = timeout(Duration::from_millis(20), following).await;
        assert!(given_up.is_err());
        let counts = attempt.follow_ups.expect("they are counted");
        assert_eq!((counts.made, counts.paired, counts.failed), (2, 1, 1));
        assert!(counts.billed >= 20 * MILLISECOND, "{counts:?}");
        assert_eq!(attempt.exchanges.len(), 1);
    }
}
