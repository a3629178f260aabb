//! How fast packages and payloads are made: `cargo bench --bench package`.

use std::hint::black_box;
use std::time::Instant;

use sebs_tui::driver::package::{Runtime, Template, payload};

const MEGABYTE: u64 = 1_000_000;
const TIMES: usize = 7;

fn main() {
    let template = Template::new(Runtime::Native).expect("the native function is built in");
    for size in [10, 100, 500] {
        let size = size * MEGABYTE;
        report("package, zip and SHA-256", size, || {
            black_box(template.package(size, 1).expect("large enough"));
        });
    }
    report("payload", 50 * MEGABYTE, || {
        black_box(payload(50 * MEGABYTE, 1));
    });
}

/// Prints the median of a few runs.
fn report(what: &str, size: u64, work: impl Fn()) {
    let mut seconds: Vec<f64> = (0..TIMES)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let (median, megabytes) = (seconds[TIMES / 2], size as f64 / MEGABYTE as f64);
    println!(
        "{what} of {megabytes:.0} MB: {median:.3} s, {:.0} MB/s",
        megabytes / median
    );
}
