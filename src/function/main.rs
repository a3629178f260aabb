//! The native function's program: `bootstrap` in its package.

use std::process::ExitCode;

fn main() -> ExitCode {
    match sebs_tui::function::runtime::serve() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("sebs-tui-function: {error}");
            ExitCode::FAILURE
        }
    }
}
