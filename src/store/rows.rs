//! A sample as rows of SeBS's tables: which columns there are, and what stands in them.
//!
//! In SeBS's names the function is the "client" and this host the "server".

use crate::core::contract::StampKind;
use crate::core::drift::{Drift, stamps_of_sebs};
use crate::core::message::RunHeader;
use crate::core::offset::ClockEstimate;
use crate::core::plan::raw_bytes;
use crate::core::sample::{
    Attempt, FunctionReport, HostStamps, HttpTimes, SampleKey, SampleOutcome,
};
use crate::core::time::{Nanos, SECOND};

/// A name, and what stands under it.
type Column = (&'static str, fn(&Facts) -> String);

/// SeBS's `result.csv`, and with the first name changed the beginning of its `result-processed.csv`.
const RESULT: [Column; 7] = [
    ("size", |f| f.run.plan.size(f.key).to_string()),
    ("repetition", |f| f.key.repetition.to_string()),
    ("is_cold", |f| u8::from(f.function.is_cold).to_string()),
    ("connection_time", |f| seconds(f.http.connected_after)),
    ("start_timestamp", |f| seconds(f.http.start)),
    ("finish_timestamp", |f| seconds(f.function.handler_entry)),
    ("request_id", |f| f.id.clone()),
];

/// SeBS's name of the size in `result-processed.csv`, for both sweeps.
const PROCESSED_SIZE: &str = "payload_size";

/// The rest of SeBS's `result-processed.csv`, by its formulas: its `clock_drift` is the offset, its
/// `invocation_time` adds it where it had to be subtracted.
const SEBS: [Column; 3] = [
    ("clock_drift_mean", |f| {
        f.drift.map_or_else(
            || "nan".into(),
            |drift| seconds(drift.mean.round() as Nanos),
        )
    }),
    ("clock_drift_std", |f| {
        let deviation = f.drift.and_then(|drift| drift.deviation);
        deviation.map_or_else(
            || "nan".into(),
            |deviation| format!("{:.12}", deviation / SECOND as f64),
        )
    }),
    ("invocation_time", |f| {
        let time = |mean| f.function.handler_entry - f.http.start - f.http.connected_after + mean;
        f.drift.map_or_else(
            || "nan".into(),
            |drift| seconds(time(drift.mean.round() as Nanos)),
        )
    }),
];

/// What this program adds; times in seconds, empty where nothing is known.
const OURS: [Column; 39] = [
    ("outcome", |f| f.outcome.into()),
    ("left_out", |f| {
        let doubt = f.attempt.doubt();
        doubt.map_or_else(String::new, |doubt| doubt.word().into())
    }),
    ("invocation_time_corrected", |f| {
        f.attempt.corrected_time().map_or_else(String::new, seconds)
    }),
    ("invocation_time_bound", |f| {
        f.attempt.bound().map_or_else(String::new, seconds)
    }),
    ("offset", |f| f.clock(|clock| seconds(clock.offset))),
    ("offset_bound", |f| f.clock(|clock| seconds(clock.bound))),
    ("clock_step", |f| {
        f.clock(|clock| u8::from(clock.clock_step).to_string())
    }),
    ("stamp_kind", |f| {
        f.clock(|clock| stamp_word(clock.stamps).into())
    }),
    ("exchanges", |f| {
        f.clock(|clock| clock.exchanges.to_string())
    }),
    ("stop", |f| {
        f.function
            .stop
            .map_or_else(String::new, |stop| stop.word().into())
    }),
    ("implausible_stamps", |f| {
        f.measured(f.function.implausible.to_string())
    }),
    ("minimum_rtt", |f| {
        f.clock(|clock| seconds(clock.minimum_rtt))
    }),
    ("minimum_rtt_offset", |f| {
        f.clock(|clock| seconds(clock.minimum_rtt_offset))
    }),
    ("packets_sent", |f| {
        f.measured(f.attempt.packets.sent.to_string())
    }),
    ("lost_to_host", |f| {
        f.measured(f.attempt.packets.lost_outbound().to_string())
    }),
    ("lost_to_function", |f| {
        f.attempt.packets.lost_inbound().to_string()
    }),
    ("duplicates", |f| {
        f.measured(f.attempt.packets.duplicates.to_string())
    }),
    ("reordered", |f| {
        f.measured(f.attempt.packets.reordered.to_string())
    }),
    ("sync", |f| f.run.sync.word().to_lowercase()),
    ("follow_ups", |f| {
        f.attempt
            .follow_ups
            .map_or_else(String::new, |counts| counts.made.to_string())
    }),
    ("request_sent", |f| f.measured(seconds(f.http.sent_after))),
    ("first_byte", |f| {
        f.measured(seconds(f.http.first_byte_after))
    }),
    ("answered", |f| f.measured(seconds(f.http.end_after))),
    ("process_start", |f| match f.function.process_start {
        0 => String::new(),
        start => seconds(start),
    }),
    ("instance_id", |f| f.function.instance_id.clone()),
    ("instance_invocation", |f| match f.function.invocation {
        0 => String::new(),
        count => count.to_string(),
    }),
    ("platform_request_id", |f| f.function.request_id.clone()),
    ("platform_cold", |f| {
        f.function
            .platform_cold
            .map_or_else(String::new, |cold| u8::from(cold).to_string())
    }),
    ("init_duration", |f| {
        f.function.init.map_or_else(String::new, seconds)
    }),
    ("billed_duration", |f| {
        f.function.billed.map_or_else(String::new, seconds)
    }),
    ("start_kind", |f| f.key.kind.word().into()),
    ("cold_method", |f| f.run.cold_method.clone()),
    ("raw_bytes", |f| {
        f.measured(raw_bytes(f.attempt.payload_bytes).to_string())
    }),
    ("wire_bytes", |f| {
        f.measured(f.attempt.payload_bytes.to_string())
    }),
    ("zip_bytes", |f| {
        f.measured(f.attempt.package_bytes.to_string())
    }),
    ("attempt", |f| f.attempt.number.to_string()),
    ("attempts", |f| {
        f.measured(f.attempt.attempt_of_sample.to_string())
    }),
    ("platform", |f| f.run.platform.clone()),
    ("runtime", |f| f.run.runtime.clone()),
];

/// Everything a row is made from.
pub(super) struct Facts<'a> {
    run: &'a RunHeader,
    key: SampleKey,
    outcome: &'static str,
    attempt: &'a Attempt,
    id: String,
    http: HttpTimes,
    function: &'a FunctionReport,
    drift: Option<Drift>,
}

impl<'a> Facts<'a> {
    /// Of the attempt that counts for a sample, whose files go by `id`; none when it has no answer of the function.
    pub fn of(
        run: &'a RunHeader,
        key: SampleKey,
        outcome: &SampleOutcome,
        attempt: &'a Attempt,
        id: String,
    ) -> Option<Self> {
        let outcome = match outcome {
            SampleOutcome::Measured => "measured",
            SampleOutcome::Unsynchronised => "unsynchronised",
            SampleOutcome::Failed(_) | SampleOutcome::Skipped(_) => return None,
        };
        let (http, function) = (attempt.http?, attempt.function.as_ref()?);
        Some(Self {
            run,
            key,
            outcome,
            attempt,
            id,
            http,
            function,
            drift: Drift::of(&attempt.exchanges),
        })
    }

    /// The sample's row in `result.csv`.
    pub fn result(&self) -> Vec<String> {
        RESULT.iter().map(|(_, value)| value(self)).collect()
    }

    /// The sample's row in `result-processed.csv`.
    pub fn processed(&self) -> Vec<String> {
        RESULT
            .iter()
            .chain(&SEBS)
            .chain(&OURS)
            .map(|(_, value)| value(self))
            .collect()
    }

    /// What only this program measures: empty in a run that was imported.
    fn measured(&self, value: String) -> String {
        match self.run.plan.imported {
            Some(_) => String::new(),
            None => value,
        }
    }

    fn clock(&self, value: impl Fn(&ClockEstimate) -> String) -> String {
        self.attempt.clock.as_ref().map_or_else(String::new, value)
    }
}

/// Names of the columns of `result.csv`.
pub(super) fn result_header() -> Vec<&'static str> {
    RESULT.iter().map(|(name, _)| *name).collect()
}

/// Names of the columns of `result-processed.csv`.
pub(super) fn processed_header() -> Vec<&'static str> {
    let rest = RESULT
        .iter()
        .skip(1)
        .chain(&SEBS)
        .chain(&OURS)
        .map(|(name, _)| *name);
    std::iter::once(PROCESSED_SIZE).chain(rest).collect()
}

/// The rows of `server-<id>.csv` and of `results-<id>.csv`, line by line of the same exchanges.
pub(super) fn exchange_rows(attempt: &Attempt) -> impl Iterator<Item = ([String; 3], [String; 3])> {
    attempt.exchanges.iter().filter_map(|exchange| {
        let [t1, t2, t3, t4] = stamps_of_sebs(exchange)?;
        let number = exchange.0.to_string();
        Some((
            [number.clone(), seconds(t2), seconds(t3)],
            [number, seconds(t1), seconds(t4)],
        ))
    })
}

/// The rows of `server-<id>.csv` where the function keeps its own: numbered as they came, and as in SeBS without the first.
pub(super) fn host_rows(attempt: &Attempt) -> impl Iterator<Item = [String; 3]> {
    let numbered = (0_u32..).zip(&attempt.host_rows).skip(1);
    numbered.filter_map(|(number, HostStamps(t2, t3))| {
        Some([number.to_string(), seconds(t2.0), seconds((*t3)?.0)])
    })
}

/// `nanos` as seconds with all nine digits.
pub(super) fn seconds(nanos: Nanos) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, part) = (
        nanos.unsigned_abs() / SECOND as u64,
        nanos.unsigned_abs() % SECOND as u64,
    );
    format!("{sign}{whole}.{part:09}")
}

/// One word, safe in any table.
pub(super) fn stamp_word(stamps: StampKind) -> &'static str {
    match stamps {
        StampKind::Kernel => "kernel",
        StampKind::KernelReceive => "kernel_receive",
        StampKind::User => "user",
    }
}
