//! Prints `docs/known-truth.md`: `cargo run --release --example known_truth > docs/known-truth.md`.

mod table;

fn main() {
    print!("{}", table::document());
}
