//! What stands in the way of a run: one finding a line as it is found, or one JSON document.

use std::io::Write;

use serde::Serialize;

use super::words::clean;
use super::{Format, Pipe};
use crate::core::checkup::{Check, Verdict};
use crate::core::contract::StampKind;
use crate::core::sample::{Attempt, PacketCounts};
use crate::core::time::Nanos;

/// Version of the JSON document's shape.
const VERSION: u32 = 1;

/// Writes findings, and counts them.
pub struct Doctor {
    format: Format,
    out: Pipe,
    platform: String,
    checks: Vec<Check>,
    probe: Option<Probe>,
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    platform: &'a str,
    verdict: &'static str,
    findings: Vec<Finding<'a>>,
    probe: Option<&'a Probe>,
}

#[derive(Serialize)]
struct Finding<'a> {
    verdict: &'static str,
    subject: &'a str,
    found: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
}

/// The figures of the invocation; ns where the name says so.
#[derive(Serialize)]
struct Probe {
    packets: PacketCounts,
    function_stamps: Option<StampKind>,
    minimum_rtt_ns: Option<Nanos>,
    offset_ns: Option<Nanos>,
    bound_ns: Option<Nanos>,
}

impl Doctor {
    /// Writes to `out` what is found on this platform.
    pub fn new(format: Format, platform: &str, out: Box<dyn Write + Send>) -> Self {
        Self {
            format,
            out: Pipe::new(out),
            platform: platform.into(),
            checks: Vec::new(),
            probe: None,
        }
    }

    /// A further finding.
    pub fn tell(&mut self, check: Check) {
        if self.format == Format::Text {
            let advice = match &check.advice {
                Some(advice) => format!("; {}", clean(advice)),
                None => String::new(),
            };
            let (word, found) = (check.verdict.word(), clean(&check.found));
            let line = format!("{word:<7}  {:<13}  {found}{advice}", clean(&check.subject));
            self.out.line(&line);
        }
        self.checks.push(check);
    }

    /// The figures of the invocation, for programs.
    pub fn figures(&mut self, attempt: &Attempt) {
        let clock = attempt.clock.as_ref();
        self.probe = Some(Probe {
            packets: attempt.packets,
            function_stamps: attempt.function.as_ref().map(|function| function.stamps),
            minimum_rtt_ns: clock.map(|clock| clock.minimum_rtt),
            offset_ns: clock.map(|clock| clock.offset),
            bound_ns: clock.map(|clock| clock.bound),
        });
    }

    /// The worst of the findings; good when there is none.
    pub fn verdict(&self) -> Verdict {
        let any = |verdict| self.checks.iter().any(|check| check.verdict == verdict);
        [Verdict::Bad, Verdict::Doubtful]
            .into_iter()
            .find(|verdict| any(*verdict))
            .unwrap_or(Verdict::Good)
    }

    /// Nothing follows.
    pub fn end(&mut self) {
        let verdict = self.verdict();
        match self.format {
            Format::Text => {
                let count = |verdict| {
                    let of = self.checks.iter().filter(|check| check.verdict == verdict);
                    of.count()
                };
                let so = match verdict {
                    Verdict::Good => "nothing stands in the way of a run",
                    Verdict::Doubtful => "a run is possible, with the warnings above",
                    Verdict::Bad => {
                        "no run is possible, or none with a clock, before what failed is changed"
                    }
                };
                let line = format!(
                    "\n{} ok, {} warnings, {} failed: {so}",
                    count(Verdict::Good),
                    count(Verdict::Doubtful),
                    count(Verdict::Bad)
                );
                self.out.line(&line);
            }
            Format::Json => {
                let findings = self.checks.iter().map(|check| Finding {
                    verdict: check.verdict.word(),
                    subject: &check.subject,
                    found: &check.found,
                    advice: check.advice.as_deref(),
                });
                let document = Document {
                    version: VERSION,
                    platform: &self.platform,
                    verdict: verdict.word(),
                    findings: findings.collect(),
                    probe: self.probe.as_ref(),
                };
                let text = serde_json::to_string(&document).expect("strings and numbers have JSON");
                self.out.line(&text);
            }
        }
    }
}
