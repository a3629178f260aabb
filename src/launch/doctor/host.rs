//! What is looked at on this host: its clocks and what earlier runs left.

use std::path::Path;
use std::time::Duration;

use sebs_tui::core::checkup::{Check, clocks};
use sebs_tui::core::message::AtEnd;
use sebs_tui::core::time::{MILLISECOND, Moment, Nanos};
use sebs_tui::net;
use sebs_tui::plain::doctor::Doctor;
use sebs_tui::platform::Platform;
use sebs_tui::platform::ledger::{self, Ledger};
use sebs_tui::settings::{PlatformName, Settings};

use super::super::ledgers;
use super::in_time;

const SUBJECT: &str = "left behind";
const REMOVE: &str = "look at it with sebs-tui clean --dry-run, remove it with sebs-tui clean";
/// Length of the sleeps that are measured, and how many they are.
const SLEEP: Nanos = 5 * MILLISECOND;
const SLEEPS: usize = 41;
/// Pairs of clock readings that are compared.
const READINGS: u32 = 10_000;

/// Watches the clocks while sleeping for a fifth of a second, in a thread of its own.
pub(super) async fn clocks() -> Vec<Check> {
    let watching = tokio::task::spawn_blocking(|| {
        let now = || Moment {
            wall: net::wall_clock(),
            monotonic: net::monotonic(),
        };
        let finest = net::finest_difference(READINGS);
        let (mut readings, mut slept) = (vec![now()], Vec::new());
        for _ in 0..SLEEPS {
            let before = net::monotonic();
            std::thread::sleep(Duration::from_nanos(SLEEP as u64));
            slept.push(net::monotonic() - before);
            readings.push(now());
        }
        // Equal readings throughout are a clock that is coarser than the time they took.
        let finest = finest.unwrap_or(SLEEP);
        [
            clocks::wall_clock(&readings),
            clocks::timers(finest, SLEEP, &slept),
        ]
    });
    match watching.await {
        Ok(checks) => checks.into(),
        Err(error) => vec![Check::bad(
            "clocks",
            error.to_string(),
            "this is a fault of this program: report it",
        )],
    }
}

/// What the ledgers of runs say that are not alive.
pub(super) fn ledgers(settings: &Settings, report: &mut Doctor) {
    let listed = ledgers::directory(settings).and_then(|directory| ledger::list(&directory));
    let paths = match listed {
        Ok(paths) => paths,
        Err(error) => {
            let advice =
                "choose a directory for the ledgers that can be read and written with --state";
            report.tell(Check::bad("ledger", error.to_string(), advice));
            return;
        }
    };
    let (mut alive, mut kept) = (0, 0);
    let before = paths.len();
    for path in paths {
        match left(&path) {
            Ok(None) => alive += 1,
            Ok(Some((AtEnd::Keep, found))) => {
                kept += 1;
                report.tell(Check::good(SUBJECT, found));
            }
            Ok(Some((AtEnd::Remove, found))) => {
                report.tell(Check::doubtful(SUBJECT, found, REMOVE));
            }
            Err(error) => {
                let found = format!("{}: {error}", path.display());
                report.tell(Check::doubtful(SUBJECT, found, REMOVE));
            }
        }
    }
    if alive + kept == before {
        let others = match alive {
            0 => String::new(),
            alive => format!("; ledgers of {alive} runs that are alive"),
        };
        report.tell(Check::good(
            SUBJECT,
            format!("no ledger of a killed run{others}"),
        ));
    }
}

/// What this ledger has open, and whether that is meant; none when its run is alive.
fn left(path: &Path) -> std::io::Result<Option<(AtEnd, String)>> {
    if Ledger::is_locked(path)? {
        return Ok(None);
    }
    let (owner, open) = Ledger::read(path)?;
    let things: Vec<String> = open
        .iter()
        .map(|resource| format!("{} {}", resource.kind, resource.name))
        .collect();
    let (run, at_end) = (owner.run, owner.at_end);
    let things = if things.is_empty() {
        "nothing but its ledger".into()
    } else {
        things.join(", ")
    };
    let found = match at_end {
        AtEnd::Keep => format!(
            "run {run} was told to keep (--keep): {things}; remove it with sebs-tui clean --run {run}"
        ),
        AtEnd::Remove => format!("run {run} was killed and may have left: {things}"),
    };
    Ok(Some((at_end, found)))
}

/// What carries the tag of a killed run on the local platform, which needs no ledger.
pub(super) async fn leftovers(settings: &Settings, platform: &dyn Platform, report: &mut Doctor) {
    if settings.platform != PlatformName::Local {
        return;
    }
    match in_time("look for leftovers", platform.tagged()).await {
        Ok(found) => {
            for (run, resource) in found.things {
                let found = format!(
                    "{run} was killed and left {} {}",
                    resource.kind, resource.name
                );
                report.tell(Check::doubtful(SUBJECT, found, REMOVE));
            }
        }
        Err(why) => report.tell(Check::doubtful(
            SUBJECT,
            why,
            "look at it with sebs-tui clean --dry-run",
        )),
    }
}
