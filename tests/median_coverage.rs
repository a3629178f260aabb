//! The interval that is printed with a median, held against medians that are known.

#[path = "../examples/known_truth/coverage.rs"]
#[allow(dead_code, reason = "the command prints the file")]
mod coverage;
#[path = "../examples/known_truth/runs.rs"]
#[allow(dead_code, reason = "a part of it is needed here")]
mod runs;

use coverage::{CASES, RUNS, at_most, count};

/// A right program fails a check by chance once in ten thousand seeds. The seeds are fixed, so it fails always or never.
const RARE: f64 = 1e-4;

/// Warm and cold of 450 runs make 900 intervals. Were each to hold the truth with a chance of just 95 %, 828 or fewer of
/// them would do so less often than once in ten thousand seeds: fewer than that are proof of intervals that are too
/// narrow. Intervals that hold it in 90 % of runs would be found out nearly always (810 expected, deviation 9). Since
/// the laws are continuous, the exact chance is known too; against it each law is checked on both sides, so that
/// intervals which hold the truth because they are too wide do not pass either.
#[test]
fn the_interval_of_a_median_holds_the_truth_in_95_percent_of_runs() {
    let (mut intervals, mut held) = (0, 0);
    for case in CASES {
        let counted = count(case, RUNS);
        assert_eq!(counted.intervals, 2 * RUNS);
        assert!(counted.promised >= 0.95, "{}", case.name);
        let told = format!(
            "{}: {} of {} held the truth, promised {:.4}",
            case.name, counted.held, counted.intervals, counted.promised
        );
        let missed = counted.intervals - counted.held;
        let too_few = at_most(counted.held, counted.intervals, counted.promised);
        let too_many = at_most(missed, counted.intervals, 1.0 - counted.promised);
        assert!(too_few > RARE, "too narrow: {told}");
        assert!(too_many > RARE, "too wide: {told}");
        intervals += counted.intervals;
        held += counted.held;
    }
    assert_eq!(intervals, 900);
    assert!(
        at_most(held, intervals, 0.95) > RARE,
        "{held} of {intervals} held the truth"
    );
}

#[test]
fn the_chances_that_the_check_rests_on_are_those_of_the_binomial() {
    let close = |found: f64, due: f64| assert!((found - due).abs() < 1e-9, "{found}, not {due}");
    close(at_most(0, 3, 0.5), 0.125);
    close(at_most(1, 3, 0.5), 0.5);
    close(at_most(3, 3, 0.5), 1.0);
    close(at_most(1, 2, 0.95), 1.0 - 0.95 * 0.95);
    assert!(at_most(828, 900, 0.95) < RARE && at_most(829, 900, 0.95) > RARE);
}
