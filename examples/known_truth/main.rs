//! Prints `docs/known-truth.md`: `cargo run --release --example known_truth > docs/known-truth.md`.

#[allow(dead_code, reason = "the tests need all of it")]
mod coverage;
#[allow(dead_code, reason = "the tests need all of it")]
mod runs;
mod table;

fn main() {
    print!("{}{}", table::document(), coverage::document());
}
