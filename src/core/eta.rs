//! How long the rest of a run takes: what remains of each start kind times that kind's median so far, and until there
//! is one, what the platform's steps usually take, deployments and limits a minute left out.

use super::board::{Board, Cell};
use super::distribution::median;
use super::effort::Typical;
use super::plan::{Plan, Sweep};
use super::sample::{SampleKey, StartKind};
use super::time::Nanos;

/// Samples of a kind before its median is believed.
const ENOUGH: usize = 3;

/// What is left of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rest {
    /// Time, ns.
    pub time: Nanos,
    /// Whether some of it is only what was estimated before the run.
    pub estimated: bool,
}

/// Time left by what was measured, ns; none while samples remain of a kind that has not been seen often enough.
pub fn time_left(board: &Board) -> Option<Nanos> {
    rest(board, None).map(|rest| rest.time)
}

/// What is left, where `typical` stands in for a start kind of which too few samples have a result. Failures may be over
/// at once, so they make its estimate no shorter.
pub fn rest(board: &Board, typical: Option<&Typical>) -> Option<Rest> {
    let plan = board.plan()?;
    StartKind::ALL.into_iter().zip(&board.durations).try_fold(
        Rest::default(),
        |sum, (kind, durations)| {
            let cells = || {
                let mine = board.cells.iter().filter(move |cell| cell.kind == kind);
                mine.filter(|cell| plan.is_possible(cell.size, kind))
            };
            let remaining =
                |cell: &Cell| Nanos::from(cell.repetitions.saturating_sub(cell.ended()));
            let count: Nanos = cells().map(|cell| remaining(cell)).sum();
            if count == 0 {
                return Some(sum);
            }
            let seen = (durations.len() >= ENOUGH).then(|| median(durations));
            let measured = seen.flatten().map(|each| each * count);
            let results: u32 = cells()
                .map(|cell| cell.measured + cell.unsynchronised)
                .sum();
            let Some(typical) = typical.filter(|_| (results as usize) < ENOUGH) else {
                let time = sum.time + measured?;
                return Some(Rest { time, ..sum });
            };
            let planned: Nanos = cells()
                .map(|cell| remaining(cell) * of_sample(typical, plan, cell.size, kind))
                .sum();
            Some(Rest {
                time: sum.time + planned.max(measured.unwrap_or_default()),
                estimated: true,
            })
        },
    )
}

/// What a sample typically takes, ns.
fn of_sample(typical: &Typical, plan: &Plan, size: u32, kind: StartKind) -> Nanos {
    let key = SampleKey {
        size,
        kind,
        repetition: 0,
    };
    let of = |bytes: u64, megabyte: Nanos| (bytes as f64 / 1e6 * megabyte as f64) as Nanos;
    let unpacked = match plan.outline.sweep {
        Sweep::Code if kind == StartKind::Cold => plan.size(key),
        Sweep::Code | Sweep::Payload => 0,
    };
    let step = match kind {
        StartKind::Warm => typical.warm,
        StartKind::Cold => typical.cold,
    };
    step + of(plan.payload_bytes(key), typical.megabyte) + of(unpacked, typical.unpacking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::contract::Carrier;
    use crate::core::effort::Basis;
    use crate::core::message::{Entry, Event, RunHeader};
    use crate::core::plan::{Limits, Order, Outline, Plan, Range, Sweep};
    use crate::core::sample::{SampleKey, SampleOutcome};
    use crate::core::time::SECOND;

    fn board(ended: &[(StartKind, Nanos)]) -> Board {
        let outline = Outline {
            sweep: Sweep::Payload,
            range: Range {
                begin: 1,
                end: 2,
                points: 1,
            },
            repetitions: 5,
            order: Order::Sebs,
            attempts_per_sample: 5,
            fixed_payload: 0,
        };
        let run = RunHeader {
            version: 1,
            id: String::new(),
            platform: String::new(),
            runtime: String::new(),
            cold_method: String::new(),
            n: 20,
            in_flight: 1,
            sync: Carrier::Udp,
            shift: None,
            plan: Plan::new(outline, &Limits::default()),
        };
        let mut events = vec![Event::RunStarted { run: Box::new(run) }];
        let mut repetitions = [0, 0];
        for (kind, took) in ended {
            let repetition = &mut repetitions[usize::from(*kind == StartKind::Cold)];
            let sample = SampleKey {
                size: 0,
                kind: *kind,
                repetition: *repetition,
            };
            *repetition += 1;
            events.push(Event::SampleEnded {
                sample,
                outcome: SampleOutcome::Measured,
                attempt: None,
                took: *took,
            });
        }
        let entries: Vec<Entry> = events
            .into_iter()
            .map(|event| Entry {
                number: 1,
                wall: 0,
                elapsed: 0,
                event,
            })
            .collect();
        Board::of(&entries)
    }

    #[test]
    fn it_is_unknown_until_both_kinds_have_been_seen() {
        let warm = [(StartKind::Warm, SECOND); 4];
        assert_eq!(time_left(&board(&[])), None);
        assert_eq!(
            time_left(&board(&warm)),
            None,
            "nobody knows yet how long a cold start takes"
        );
    }

    #[test]
    fn what_was_estimated_stands_in_until_both_kinds_have_been_seen() {
        let typical = Typical {
            basis: Basis::Measured,
            warm: SECOND,
            cold: 10 * SECOND,
            deployment: 0,
            megabyte: 0,
            unpacking: 0,
            follow_up: 0,
        };
        let shown = |ended: &[(StartKind, Nanos)]| {
            rest(&board(ended), Some(&typical)).map(|rest| (rest.time, rest.estimated))
        };
        assert_eq!(shown(&[]), Some((55 * SECOND, true)));
        let mut ended = vec![(StartKind::Warm, 2 * SECOND); 4];
        assert_eq!(shown(&ended), Some((52 * SECOND, true)));
        ended.extend([(StartKind::Cold, 20 * SECOND); 3]);
        assert_eq!(shown(&ended), Some((42 * SECOND, false)));
    }

    #[test]
    fn failures_that_are_over_at_once_do_not_promise_an_early_end() {
        let mut board = board(&[(StartKind::Warm, 1); 4]);
        for cell in &mut board.cells {
            let cell = std::sync::Arc::make_mut(cell);
            (cell.failed, cell.measured) = (cell.measured, 0);
        }
        let typical = Typical {
            basis: Basis::Measured,
            warm: SECOND,
            cold: SECOND,
            deployment: 0,
            megabyte: 0,
            unpacking: 0,
            follow_up: 0,
        };
        let left = rest(&board, Some(&typical)).map(|rest| rest.time);
        assert_eq!(left, Some(6 * SECOND));
    }

    #[test]
    fn slow_cold_starts_do_not_spoil_the_estimate_of_warm_ones() {
        let mut ended = vec![(StartKind::Warm, SECOND); 4];
        ended.extend([(StartKind::Cold, 60 * SECOND); 3]);
        assert_eq!(time_left(&board(&ended)), Some(SECOND + 2 * 60 * SECOND));
    }
}
