//! Output trees as SeBS leaves them, made by its protocol from a known truth.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sebs_tui::core::time::{MICROSECOND, Nanos, SECOND};

/// The host's clock at the first start.
pub const START: Nanos = 1_605_058_003 * SECOND + 123_457_000;
/// What the invocations really take.
pub const INVOCATION: Nanos = 12_345 * MICROSECOND;
/// `connection_time` of every sample.
pub const CONNECTION: Nanos = 700 * MICROSECOND;
/// SeBS waits so long for a reply.
const TIMEOUT: Nanos = 4 * SECOND;

/// One sample's truth.
#[derive(Debug, Clone)]
pub struct Truth {
    pub id: String,
    /// The function's clock minus the host's.
    pub offset: Nanos,
    pub rounds: u32,
    /// Rounds of which the reply is lost.
    pub lost_replies: BTreeSet<u32>,
    /// Rounds of which the request is lost.
    pub lost_requests: BTreeSet<u32>,
    /// Shortest way in one direction.
    pub way: Nanos,
    /// Longest delay beyond it.
    pub jitter: Nanos,
    pub seed: u64,
}

impl Truth {
    pub fn new(id: &str, offset: Nanos) -> Self {
        Self {
            id: id.into(),
            offset,
            rounds: 40,
            lost_replies: BTreeSet::new(),
            lost_requests: BTreeSet::new(),
            way: 30 * MICROSECOND,
            jitter: 20 * MICROSECOND,
            seed: id.bytes().fold(7, |seed, byte| {
                seed.wrapping_mul(31).wrapping_add(byte.into())
            }),
        }
    }

    pub fn losing_replies(mut self, rounds: impl IntoIterator<Item = u32>) -> Self {
        self.lost_replies.extend(rounds);
        self
    }

    pub fn losing_requests(mut self, rounds: impl IntoIterator<Item = u32>) -> Self {
        self.lost_requests.extend(rounds);
        self
    }
}

/// The files of one sample.
pub struct Files {
    pub server: String,
    pub results: String,
    /// Its row of `result.csv` from `connection_time` on.
    pub row: String,
    pub smallest_rtt: Nanos,
}

/// Whole microseconds, as Python's clock gives them.
pub fn stamp(nanos: Nanos) -> String {
    format!("{}.{:06}", nanos / SECOND, nanos % SECOND / MICROSECOND)
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: Nanos) -> Nanos {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % (most.max(1) as u64)) as Nanos
    }
}

/// Plays SeBS's protocol: both ends leave out their first round; the function goes on 4 s after a loss.
pub fn play(truth: &Truth, start: Nanos) -> Files {
    let mut dice = Dice(truth.seed | 1);
    let mut files = Files {
        server: "id,server_rcv,server_send\r\n".into(),
        results: "id,client_send,client_rcv\n".into(),
        row: String::new(),
        smallest_rtt: Nanos::MAX,
    };
    let entry = start + CONNECTION + INVOCATION;
    let (mut now, mut received) = (entry + 200 * MICROSECOND, 0);
    for round in 0..truth.rounds {
        let t1 = now;
        // One exchange in four is slow in one direction only.
        let slow = if dice.below(4) == 0 {
            truth.jitter
        } else {
            truth.jitter / 20
        };
        let t2 = t1 + truth.way + dice.below(slow);
        let t3 = t2 + 3 * MICROSECOND + dice.below(2 * MICROSECOND);
        let t4 = t3 + truth.way + dice.below(truth.jitter / 20);
        let requested = !truth.lost_requests.contains(&round);
        if requested {
            if received > 0 {
                let _ = write!(files.server, "{received},{},{}\r\n", stamp(t2), stamp(t3));
            }
            received += 1;
        }
        if !requested || truth.lost_replies.contains(&round) {
            now = t1 + TIMEOUT + dice.below(300 * MICROSECOND);
            continue;
        }
        if round > 0 {
            let (sent, back) = (stamp(t1 + truth.offset), stamp(t4 + truth.offset));
            let _ = writeln!(files.results, "{round},{sent},{back}");
            files.smallest_rtt = files.smallest_rtt.min((t4 - t1) - (t3 - t2));
        }
        now = t4 + 40 * MICROSECOND + dice.below(30 * MICROSECOND);
    }
    files.row = format!(
        "{},{},{},{}",
        stamp(CONNECTION),
        stamp(start),
        stamp(entry + truth.offset),
        truth.id
    );
    files
}

/// The header of `result.csv`.
pub const HEADER: &str =
    "size,repetition,is_cold,connection_time,start_timestamp,finish_timestamp,request_id\r\n";

/// Writes a directory of samples, one a minute, with SeBS's names.
pub fn write(directory: &Path, truths: &[Truth]) -> Vec<Files> {
    fs::create_dir_all(directory).expect("a directory");
    let mut table = String::from(HEADER);
    let mut all = Vec::new();
    for (number, truth) in truths.iter().enumerate() {
        let files = play(truth, START + number as Nanos * 60 * SECOND);
        let _ = write!(
            table,
            "{},{number},{},{}\r\n",
            1024 * (number / 2 + 1),
            number % 2,
            files.row
        );
        put(
            directory,
            &format!("server-{}.csv", truth.id),
            &files.server,
        );
        put(
            directory,
            &format!("results-{}.1f2e3d4c.csv", truth.id),
            &files.results,
        );
        all.push(files);
    }
    put(directory, "result.csv", &table);
    all
}

pub fn put(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, text).expect("a file");
    path
}
