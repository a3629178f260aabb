//! The normal distribution and Student's, to about ten digits.

/// Chance that a standard normal value is not above `z`.
pub fn normal_cdf(z: f64) -> f64 {
    // The square of a normal value has a gamma distribution of shape 1/2, and erf is its distribution function.
    let half = lower_gamma_half(z * z / 2.0) / 2.0;
    if z < 0.0 { 0.5 - half } else { 0.5 + half }
}

/// Chance that a standard normal value is further from 0 than `z`; keeps its digits when it is tiny.
pub fn normal_two_sided(z: f64) -> f64 {
    let x = z * z / 2.0;
    if x < 1.5 {
        (1.0 - lower_gamma_half(x)).clamp(0.0, 1.0)
    } else {
        upper_gamma_half(x)
    }
}

/// Regularised lower incomplete gamma function P(1/2, x).
fn lower_gamma_half(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.5 {
        return 1.0 - upper_gamma_half(x);
    }
    let (mut term, mut sum) = (2.0, 2.0);
    for k in 1..200 {
        term *= x / (0.5 + f64::from(k));
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum * (0.5 * x.ln() - x).exp() / std::f64::consts::PI.sqrt()
}

/// Regularised upper incomplete gamma function Q(1/2, x) for x of 1.5 or more, by its continued fraction.
fn upper_gamma_half(x: f64) -> f64 {
    let mut denominator = x + 0.5;
    let mut upper = 1.0 / TINY;
    let mut lower = 1.0 / denominator;
    let mut fraction = lower;
    for step in 1..300 {
        let step = f64::from(step);
        let numerator = -step * (step - 0.5);
        denominator += 2.0;
        lower = 1.0 / away_from_zero(numerator * lower + denominator);
        upper = away_from_zero(denominator + numerator / upper);
        fraction *= upper * lower;
        if (upper * lower - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    fraction * (0.5 * x.ln() - x).exp() / std::f64::consts::PI.sqrt()
}

/// The value that Student's t with `freedom` degrees is not above with chance `chance`, 0 < `chance` < 1.
pub fn student_quantile(chance: f64, freedom: usize) -> f64 {
    let tail = chance.min(1.0 - chance);
    let freedom = freedom.max(1) as f64;
    let above = |t: f64| 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    let mut high = 1.0;
    while above(high) > tail && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Each step halves the interval: 100 of them leave nothing of it.
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if above(middle) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    if chance < 0.5 { -high } else { high }
}

/// Chance that Student's t with `freedom` degrees is further from 0 than `t`.
pub fn student_two_sided(t: f64, freedom: usize) -> f64 {
    let freedom = freedom.max(1) as f64;
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// Regularised incomplete beta function `I_x(a, b)`, by Lentz's evaluation of its continued fraction (DLMF 8.17.22).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast only on this side of the mean.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front =
        (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    let mut upper = 1.0;
    let mut lower = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = lower;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for coefficient in [even, odd] {
            lower = 1.0 / away_from_zero(1.0 + coefficient * lower);
            upper = away_from_zero(1.0 + coefficient / upper);
            step = upper * lower;
            fraction *= step;
        }
        if (step - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    front * fraction / a
}

/// Logarithm of the gamma function for x > 0: Stirling's series, with the argument raised to where it is exact.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < 10.0 {
        below += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0))));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - below
}

const TINY: f64 = 1e-300;

fn away_from_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, told: f64) {
        assert!(
            (found - told).abs() <= told.abs() * 1e-9 + 1e-12,
            "{found} for {told}"
        );
    }

    #[test]
    fn the_normal_distribution_has_its_tabulated_values() {
        for (z, chance) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.975),
            (3.0, 0.998_650_101_968_369_9),
        ] {
            close(normal_cdf(z), chance);
        }
        close(normal_two_sided(6.0), 1.973_175_290_075_396e-9);
        close(normal_two_sided(0.5), 0.617_075_077_451_973_9);
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, quantile) in [
            (1, 12.706_204_736_174_698),
            (2, 4.302_652_729_749_462),
            (5, 2.570_581_835_636_314),
            (10, 2.228_138_851_986_274),
            (30, 2.042_272_456_301_238),
            (1000, 1.962_339_080_704_7),
        ] {
            close(student_quantile(0.975, freedom), quantile);
            close(student_quantile(0.025, freedom), -quantile);
            close(student_two_sided(quantile, freedom), 0.05);
        }
    }

    #[test]
    fn the_logarithm_of_gamma_is_that_of_factorials() {
        let mut factorial = 1.0_f64;
        for n in 1..20 {
            close(ln_gamma(f64::from(n)), factorial.ln());
            factorial *= f64::from(n);
        }
        close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln());
    }
}
