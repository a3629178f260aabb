//! Where the ledgers are, and the one of a run.

use std::io;
use std::path::{Path, PathBuf};

use sebs_tui::core::message::AtEnd;
use sebs_tui::platform::ledger::{self, Ledger, Owner};
use sebs_tui::settings::{Resolved, Settings};

use super::platforms::needs_ledger;

/// Whether a run begins or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// It begins, so that no ledger may have its name.
    Now,
    /// It goes on, with its ledger if that is there still.
    Before,
}

/// Directory of the ledgers: in the state directory that is set, else as the XDG Base Directory Specification says.
pub(super) fn directory(settings: &Settings) -> io::Result<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let xdg = || of("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let home = || of("HOME").map(|home| home.join(".local/state"));
    let state = settings.state.clone();
    let state = state.or_else(|| Some(xdg().or_else(home)?.join("sebs-tui")));
    let what = "neither XDG_STATE_HOME nor HOME is set: say with --state where ledgers are kept";
    let state = state.ok_or_else(|| io::Error::other(what))?;
    Ok(state.join("ledgers"))
}

/// The ledger of this run; in memory on a platform where nothing outlives the program.
///
/// # Errors
/// As [`Ledger::create`] and [`Ledger::reopen`], with the path.
pub(super) fn of_run(
    resolved: &Resolved,
    run: &str,
    run_directory: &Path,
    (begun, at_end): (Begun, AtEnd),
) -> io::Result<Ledger> {
    let settings = &resolved.settings;
    if !needs_ledger(settings.platform) {
        return Ok(Ledger::in_memory());
    }
    let path = ledger::path_in(&directory(settings)?, run);
    let opened = match begun {
        Begun::Before if path.exists() => reopened(&path, at_end),
        Begun::Before | Begun::Now => {
            let recorded = resolved.recorded();
            let settings = recorded.map(|(key, value, _)| (key.into(), value));
            let directory = std::path::absolute(run_directory)?;
            let owner = Owner {
                at_end,
                ..Owner::new(run, directory, settings.collect())
            };
            Ledger::create(&path, &owner)
        }
    };
    opened.map_err(|error| {
        let what = format!("ledger {}: {}", path.display(), explained(&error));
        io::Error::new(error.kind(), what)
    })
}

/// A user may want another end of a run that goes on.
fn reopened(path: &Path, at_end: AtEnd) -> io::Result<Ledger> {
    let (ledger, owner) = Ledger::reopen(path)?;
    if owner.at_end != at_end {
        ledger.goes_on(at_end)?;
    }
    Ok(ledger)
}

/// Why a ledger cannot be had, in words.
pub(super) fn explained(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock => "its run is alive: wait for its end, or stop it".into(),
        _ => error.to_string(),
    }
}
