//! How a run was made: what a reader needs to judge it, and to repeat it.

use serde_json::Value;

use crate::core::analysis::{Analysis, CellAnalysis};
use crate::core::contract::{Carrier, StampKind};
use crate::core::imported::Imported;
use crate::core::message::RunHeader;
use crate::core::plan::{Order, Sweep};
use crate::store::RunFile;

use super::Report;
use super::words::shell;
use crate::core::statistics::Description;
use crate::core::words::{interval, nanos, size};

/// What was done, as name and value.
pub fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.data.run;
    let outline = &run.plan.outline;
    let range = &outline.range;
    let beyond = run
        .plan
        .points
        .iter()
        .filter(|point| point.beyond.is_some())
        .count();
    let mut facts = vec![
        ("Run", run.id.clone()),
        (
            "State",
            format!(
                "{}: {}",
                report.state.word().to_lowercase(),
                report.outcomes.words()
            ),
        ),
        ("Platform", run.platform.clone()),
        ("Function", run.runtime.clone()),
        ("Cold starts", run.cold_method.clone()),
        (
            "Sizes",
            format!(
                "{} from {} to {} of {}{}",
                range.points,
                size(range.begin),
                size(range.end),
                match (&run.plan.imported, outline.sweep) {
                    (None, Sweep::Payload) => "payload on the wire",
                    (None, Sweep::Code) => "zipped code package",
                    (Some(_), Sweep::Payload) => "payload, as its table says",
                    (Some(_), Sweep::Code) => "code package, as its table says",
                },
                if beyond > 0 {
                    format!("; {beyond} beyond a limit")
                } else {
                    String::new()
                }
            ),
        ),
        (
            "Samples",
            run.plan.imported.as_ref().map_or_else(
                || {
                    format!(
                        "{}, at most {} attempts each",
                        repetitions(run, &report.analysis),
                        outline.attempts_per_sample
                    )
                },
                |imported| {
                    format!(
                        "{}, at most {} a size and start kind",
                        imported.rows, outline.repetitions
                    )
                },
            ),
        ),
        (
            "Order",
            match outline.order {
                _ if run.plan.imported.is_some() => "as recorded".into(),
                Order::Sebs => "that of SeBS: warm before cold, sizes ascending".into(),
                Order::Shuffled { seed } => {
                    format!("randomised complete blocks, shuffled with seed {seed}")
                }
            },
        ),
        ("Clock exchange", clock_exchange(run)),
    ];
    if let Some(shift) = &run.shift {
        let text = format!(
            "{} and {} ppm were added to the function's clock: a test of the method",
            nanos(shift.offset),
            shift.rate_ppm
        );
        facts.push(("Known clock error", text));
    }
    facts.push(("Screen", report.analysis.screen.words()));
    if let Some(imported) = &run.plan.imported {
        facts.extend(of_import(imported));
    } else {
        facts.push(("Used up", report.account.to_string()));
    }
    facts.extend(of_platform(&report.analysis));
    facts.extend(report.file.iter().flat_map(of_file));
    facts
}

/// Where a run comes from that was not measured by this program.
fn of_import(imported: &Imported) -> Vec<(&'static str, String)> {
    let left_out = imported.left_out().unwrap_or("left out: nothing".into());
    let notes = imported.notes.iter();
    let mut facts = vec![("Imported", format!("{imported}; {left_out}"))];
    facts.extend(notes.map(|note| ("Of the import", note.clone())));
    facts
}

/// How often each size and start kind was measured.
fn repetitions(run: &RunHeader, analysis: &Analysis) -> String {
    let planned = run.plan.outline.repetitions;
    let Some(until) = run.plan.until else {
        return format!("{planned} a size and start kind");
    };
    let taken = |cell: &CellAnalysis| cell.measured + cell.left_out + cell.unsynchronised;
    let taken = || analysis.cells.iter().map(taken).filter(|n| *n > 0);
    format!(
        "{planned} a size and start kind, then more until the median was known to ±{} % or {} were taken: {} to {}",
        until.percent(),
        until.most,
        taken().min().unwrap_or_default(),
        taken().max().unwrap_or_default()
    )
}

fn clock_exchange(run: &RunHeader) -> String {
    if let Some(imported) = &run.plan.imported {
        return format!(
            "that of {}: one datagram under way at once, user-space stamps, its N unknown; the rows of both ends are joined \
             by time",
            imported.program
        );
    }
    match run.sync {
        Carrier::Udp => format!(
            "ends after {} datagrams without a new smallest round trip; {} under way at once",
            run.n, run.in_flight
        ),
        Carrier::Http => format!(
            "over HTTP: further invocations of the same instance after each sample, until {} in a row bring no new smallest \
             round trip; user-space stamps, and bounds as wide as HTTP is slow",
            run.n
        ),
    }
}

/// What the platform itself says of its durations, where it says anything.
fn of_platform(analysis: &Analysis) -> Vec<(&'static str, String)> {
    let told = |pick: fn(&CellAnalysis) -> Option<&Description>| {
        let told: Vec<&Description> = analysis.cells.iter().filter_map(pick).collect();
        let n: usize = told.iter().map(|description| description.n).sum();
        let medians = || told.iter().map(|description| description.median);
        medians().min().zip(medians().max()).map(|(least, most)| {
            let between = interval(least as f64, most as f64);
            format!("medians by size and start kind {between}, of {n} samples")
        })
    };
    let init = told(|cell| cell.init_duration.as_ref());
    let billed = told(|cell| cell.billed_duration.as_ref());
    [
        ("Initialisation, by the platform", init),
        ("Billed, by the platform", billed),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((name, text?)))
    .collect()
}

/// `2026-11-23T16:49:14+00:00` for people.
pub fn day_and_time(stamp: &str) -> String {
    let text = stamp.replacen('T', " ", 1);
    match text.strip_suffix("+00:00") {
        Some(text) => format!("{text} UTC"),
        None => text,
    }
}

fn of_file(file: &RunFile) -> Vec<(&'static str, String)> {
    let host = &file.host;
    let stamps = match file.stamps {
        Some(StampKind::Kernel) => "kernel, both ways",
        Some(StampKind::KernelReceive) => "kernel for what is received, else user space",
        Some(StampKind::User) => "user space",
        None => "unknown",
    };
    if file.imported.is_some() {
        return vec![
            ("Begun", file.started.clone()),
            ("Imported by", file.program.clone()),
            ("Host", "unknown".into()),
        ];
    }
    vec![
        ("Begun", day_and_time(&file.started)),
        ("Program", file.program.clone()),
        (
            "Host",
            format!(
                "{}: {}, kernel {}, {} processors",
                host.hostname, host.system, host.kernel, host.cpus
            ),
        ),
        ("Host's time stamps", stamps.into()),
        ("Seed", file.seed.to_string()),
    ]
}

/// What [`command`] is for.
pub fn purpose(file: &RunFile) -> &'static str {
    match file.imported {
        Some(_) => "To import this run again",
        None => "To repeat this run",
    }
}

/// The words of the command that makes the same run again: every setting that is not a default, and the seed. Of an
/// imported run the one that imported it.
pub fn command(file: &RunFile) -> Vec<String> {
    if file.imported.is_some() {
        return file.command_line.iter().map(|word| shell(word)).collect();
    }
    let mut words = vec!["sebs-tui".to_owned(), "run".to_owned()];
    for (key, value, origin) in file.recorded() {
        if origin != "default" || key == "seed" {
            let flag = key.replace('_', "-");
            words.push(format!("--{flag}={}", text(value)));
        }
    }
    if !file.settings.contains_key("seed") {
        words.push(format!("--seed={}", file.seed));
    }
    words.iter().map(|word| shell(word)).collect()
}

/// A setting's value as it is given on the command line.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
