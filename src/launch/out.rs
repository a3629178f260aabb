//! What a command prints on standard output.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints it. That nobody reads on, as behind `head`, is no error: whatever else the command does goes on.
///
/// # Errors
/// It cannot be written for another reason, such as a full disk.
pub fn tell(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        told => told,
    }
}

/// Prints what may not stop the command: why it could not be is told on standard error.
pub(super) fn tell_anyway(text: impl Display) {
    if let Err(error) = tell(text) {
        eprintln!("sebs-tui: standard output: {error}");
    }
}
