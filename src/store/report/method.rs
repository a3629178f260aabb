//! How a run was made: what a reader needs to judge it, and to repeat it.

use serde_json::Value;

use crate::core::contract::{Carrier, StampKind};
use crate::core::message::{RunHeader, RunState};
use crate::core::plan::{Order, Sweep};
use crate::store::RunFile;

use super::words::{shell, size};

/// What was done, as name and value.
pub fn facts(
    run: &RunHeader,
    file: Option<&RunFile>,
    state: RunState,
) -> Vec<(&'static str, String)> {
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
        ("State", state.word().to_lowercase()),
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
                match outline.sweep {
                    Sweep::Payload => "payload on the wire",
                    Sweep::Code => "zipped code package",
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
            format!(
                "{} a size and start kind, at most {} attempts each",
                outline.repetitions, outline.attempts_per_sample
            ),
        ),
        (
            "Order",
            match outline.order {
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
            "{} ns and {} ppm were added to the function's clock: a test of the method",
            shift.offset, shift.rate_ppm
        );
        facts.push(("Known clock error", text));
    }
    facts.extend(file.into_iter().flat_map(of_file));
    facts
}

fn clock_exchange(run: &RunHeader) -> String {
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

fn of_file(file: &RunFile) -> Vec<(&'static str, String)> {
    let host = &file.host;
    let stamps = match file.stamps {
        Some(StampKind::Kernel) => "kernel, both ways",
        Some(StampKind::KernelReceive) => "kernel for what is received, else user space",
        Some(StampKind::User) => "user space",
        None => "unknown",
    };
    vec![
        ("Begun", file.started.clone()),
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
        ("Shown as", shown_as(&file.command_line).into()),
    ]
}

/// What the person who started the run saw, as far as the command line tells.
fn shown_as(command_line: &[String]) -> &'static str {
    let has = |flag: &str| command_line.iter().any(|argument| argument == flag);
    match (has("--plain"), has("--json")) {
        (true, _) => "plain lines (no dashboard)",
        (_, true) => "JSON lines (no dashboard)",
        _ => "dashboard, where there was a terminal",
    }
}

/// The command that makes the same run again: every setting that is not a default, and the seed.
pub fn command(file: &RunFile) -> String {
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
    let words: Vec<String> = words.iter().map(|word| shell(word)).collect();
    words.join(" ")
}

/// A setting's value as it is given on the command line.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
