use proptest::prelude::*;

use super::*;

fn close(found: f64, told: f64) {
    assert!(
        (found - told).abs() <= told.abs() * 1e-6 + 1e-9,
        "{found} for {told}"
    );
}

#[test]
fn ranks_of_a_medians_interval_are_those_of_the_tables() {
    // Conover's table, and the exact binomial sums.
    for (n, rank, coverage) in [
        (6, 1, 0.968_75),
        (8, 1, 0.992_187_5),
        (9, 2, 0.960_937_5),
        (10, 2, 0.978_515_625),
        (20, 6, 0.958_610_535),
        (50, 18, 0.967_160_86),
        (100, 40, 0.964_799_8),
    ] {
        let (found, covers) = median_ranks(n);
        assert_eq!(found, rank, "n = {n}");
        close(covers, coverage);
    }
    let (rank, coverage) = median_ranks(10_000);
    assert_eq!(rank, 4902);
    assert!((0.95..0.9515).contains(&coverage));
}

#[test]
fn five_values_are_too_few_for_an_interval_and_six_are_not() {
    let five = Description::of(&[1, 2, 3, 4, 5]).expect("values");
    assert_eq!(five.median_interval, Enough::TooSmall { n: 5, least: 6 });
    let six = Description::of(&[9, 1, 2, 3, 4, 5]).expect("values");
    let interval = *six.median_interval.known().expect("enough");
    assert_eq!((interval.low, interval.high, interval.rank), (1, 9, 1));
}

#[test]
fn percentiles_are_told_only_where_they_are_not_the_largest_value() {
    let values: Vec<Nanos> = (1..=200).collect();
    assert_eq!(
        percentile(&values[..19], 95),
        Enough::TooSmall { n: 19, least: 20 }
    );
    assert_eq!(percentile(&values[..20], 95), Enough::Known(19));
    assert_eq!(
        percentile(&values[..99], 99),
        Enough::TooSmall { n: 99, least: 100 }
    );
    assert_eq!(percentile(&values[..100], 99), Enough::Known(99));
    assert_eq!(percentile(&values, 99), Enough::Known(198));
}

#[test]
fn a_description_has_the_textbook_values() {
    let it = Description::of(&[2, 4, 4, 4, 5, 5, 7, 9]).expect("values");
    assert_eq!((it.n, it.minimum, it.median, it.maximum), (8, 2, 4, 9));
    close(it.mean, 5.0);
    close(*it.deviation.known().expect("enough"), 2.138_089_935);
    close(it.variation.expect("a mean"), 0.427_617_987);
    assert_eq!(it.tail_to_median, None);
    assert_eq!(Description::of(&[]), None);
    let tailed: Vec<Nanos> = (0..100).map(|i| if i < 98 { 10 } else { 55 }).collect();
    let tailed = Description::of(&tailed).expect("values");
    close(tailed.tail_to_median.expect("p99"), 5.5);
}

#[test]
fn wall_clock_readings_lose_no_digit_in_the_mean() {
    let start = 1_700_000_000_000_000_000;
    let it = Description::of(&[start, start + 200, start + 400]).expect("values");
    assert_eq!(it.median, start + 200);
    assert_eq!(*it.deviation.known().expect("enough") as Nanos / 100, 2);
}

#[test]
fn outliers_are_those_of_hyperfine() {
    // Distances from the median 100: 0 0 1 1 1 2 ..., median distance 1: the limit is 14.826.
    let mut values = vec![99, 100, 100, 101, 99, 101, 98];
    assert_eq!(outliers(&values), 0);
    values.push(114);
    assert_eq!(outliers(&values), 0);
    values.push(115);
    assert_eq!(outliers(&values), 1);
    assert_eq!(outliers(&[5, 5, 5, 5, 6]), 1, "all others are equal");
    assert_eq!(outliers(&[]), 0);
}

#[test]
fn small_samples_are_compared_exactly() {
    // All of the second above all of the first: 2 / C(12, 6).
    let (before, after): (Vec<Nanos>, Vec<Nanos>) = ((1..7).collect(), (7..13).collect());
    let test = *mann_whitney(&before, &after).known().expect("enough");
    assert_eq!((test.u, test.method), (36.0, Method::Exact));
    close(test.p, 2.0 / 924.0);
    let interleaved = mann_whitney(&[1, 4, 5, 8, 9, 12], &[2, 3, 6, 7, 10, 11]);
    close(interleaved.known().expect("enough").p, 1.0);
    assert_eq!(
        mann_whitney(&before[..5], &after),
        Enough::TooSmall { n: 5, least: 6 }
    );
}

#[test]
fn equal_values_are_compared_by_the_corrected_normal_approximation() {
    let test = mann_whitney(&[1, 2, 2, 3, 3, 4, 5], &[2, 3, 4, 4, 5, 6, 6]);
    let test = *test.known().expect("enough");
    assert_eq!((test.u, test.method), (37.5, Method::Normal));
    // scipy 1.x: mannwhitneyu(after, before, method="asymptotic", use_continuity=True)
    close(test.p, 0.104_729_374_229);
    let same = *mann_whitney(&[7; 30], &[7; 30]).known().expect("enough");
    close(same.p, 1.0);
}

#[test]
fn the_approximation_agrees_with_the_count_where_they_meet() {
    let before: Vec<Nanos> = (0..25).map(|i| i * 10).collect();
    let after: Vec<Nanos> = (0..25).map(|i| i * 10 + 43).collect();
    let exact = *mann_whitney(&before, &after).known().expect("enough");
    assert_eq!(exact.method, Method::Exact);
    let more: Vec<Nanos> = after.iter().copied().chain([163]).collect();
    let normal = *mann_whitney(&before, &more).known().expect("enough");
    assert_eq!(normal.method, Method::Normal);
    assert!((exact.p - normal.p).abs() < 0.02, "{exact:?} {normal:?}");
}

#[test]
fn holms_correction_is_that_of_the_textbook() {
    let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, told) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        close(*found, told);
    }
    assert_eq!(holm(&[]), [0.0; 0]);
    assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
}

#[test]
fn a_trend_within_groups_is_seen_and_one_between_them_is_not() {
    let rising: Vec<(Nanos, Nanos)> = (0..20).map(|i| (i, i * i)).collect();
    let seen = trend(&[rising]).expect("values");
    close(seen.correlation, 1.0);
    assert!(seen.p < 1e-9);
    // Each group is far above the one before, but goes nowhere by itself.
    let groups: Vec<Vec<(Nanos, Nanos)>> = (0..10)
        .map(|group| {
            let at = |i: Nanos| (group * 100 + i, group * 1000 + [3, 1, 4, 2][i as usize % 4]);
            (0..8).map(at).collect()
        })
        .collect();
    assert!(trend(&groups).expect("values").p > 0.1);
    assert_eq!(trend(&[vec![(1, 5), (2, 5)]]), None);
    // Spearman's ρ of a textbook table (IQ against hours of television): -29/165, p = 0.627188.
    let table = [
        (106, 7),
        (100, 27),
        (86, 2),
        (101, 50),
        (99, 28),
        (103, 29),
        (97, 20),
        (113, 12),
        (112, 6),
        (110, 17),
    ];
    let told = trend(&[table.to_vec()]).expect("values");
    close(told.correlation, -29.0 / 165.0);
    assert!((told.p - 0.627_188).abs() < 1e-5, "{told:?}");
}

proptest! {
    #[test]
    fn an_interval_of_a_median_holds_it_and_misses_no_more_than_allowed(
        values in prop::collection::vec(-1_000_000_i64..1_000_000_000, 6..300),
    ) {
        let it = Description::of(&values).expect("values");
        let interval = *it.median_interval.known().expect("enough");
        prop_assert!(interval.low <= it.median && it.median <= interval.high);
        prop_assert!(interval.coverage >= 0.95);
    }

    #[test]
    fn comparisons_are_symmetric_and_chances_are_chances(
        before in prop::collection::vec(0_i64..500, 6..40), after in prop::collection::vec(0_i64..500, 6..40),
    ) {
        let there = *mann_whitney(&before, &after).known().expect("enough");
        let back = *mann_whitney(&after, &before).known().expect("enough");
        prop_assert!((there.u + back.u - (before.len() * after.len()) as f64).abs() < 1e-9);
        prop_assert!((there.p - back.p).abs() < 1e-9);
        prop_assert!((0.0..=1.0).contains(&there.p));
    }

    #[test]
    fn a_correction_never_makes_a_chance_smaller_nor_changes_their_order(
        chances in prop::collection::vec(0.0_f64..1.0, 0..40),
    ) {
        let corrected = holm(&chances);
        for (i, chance) in chances.iter().enumerate() {
            prop_assert!(corrected[i] >= *chance && corrected[i] <= 1.0);
            for (j, other) in chances.iter().enumerate() {
                prop_assert!(chance > other || corrected[i] <= corrected[j]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_shift_of_all_values_is_found_and_its_seed_decides_nothing_else(
        values in prop::collection::vec(1_000_i64..1_000_000, 6..60), shift in 0_i64..1_000_000, seed in any::<u64>(),
    ) {
        let after: Vec<Nanos> = values.iter().map(|value| value + shift).collect();
        let told = change(&values, &after, seed).expect("values");
        prop_assert_eq!(told.difference, shift);
        let interval = *told.interval.known().expect("enough");
        prop_assert!(interval.low <= shift && shift <= interval.high);
        prop_assert_eq!(change(&values, &after, seed), Some(told));
    }
}
