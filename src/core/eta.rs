//! How long the rest of a run takes: what remains of each start kind times that kind's median so far.

use super::board::Board;
use super::distribution::median;
use super::sample::StartKind;
use super::time::Nanos;

/// Samples of a kind before its median is believed.
const ENOUGH: usize = 3;

/// Time left, ns; none while samples remain of a kind that has not been seen often enough.
pub fn time_left(board: &Board) -> Option<Nanos> {
    let plan = board.plan()?;
    StartKind::ALL
        .into_iter()
        .zip(&board.durations)
        .try_fold(0, |total, (kind, durations)| {
            let possible: u32 = board
                .cells
                .iter()
                .filter(|cell| cell.kind == kind && plan.is_possible(cell.size, kind))
                .map(|cell| cell.repetitions)
                .sum();
            let over = board
                .ended
                .keys()
                .filter(|key| key.kind == kind && plan.is_possible(key.size, kind))
                .count() as u32;
            match possible.saturating_sub(over) {
                0 => Some(total),
                _ if durations.len() < ENOUGH => None,
                remaining => Some(total + median(durations)? * Nanos::from(remaining)),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::contract::Carrier;
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
    fn slow_cold_starts_do_not_spoil_the_estimate_of_warm_ones() {
        let mut ended = vec![(StartKind::Warm, SECOND); 4];
        ended.extend([(StartKind::Cold, 60 * SECOND); 3]);
        assert_eq!(time_left(&board(&ended)), Some(SECOND + 2 * 60 * SECOND));
    }
}
