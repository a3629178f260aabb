//! Both ends' rows made one: by number, and in text, which has none, by time.

use super::session::{HostRecord, HostRow};
use crate::core::contract::{ClockReply, Dialect, FunctionExchange};
use crate::core::offset::widening;
use crate::core::sample::{Exchange, PacketCounts, Stamps};
use crate::core::time::{MICROSECOND, Nanos};

/// SeBS's functions report whole microseconds.
const COARSENESS: Nanos = MICROSECOND;
/// Rows by which the two ends' lists may be out of step beyond the difference of their lengths.
const STRAY_ROWS: usize = 8;

/// Every probe of the function with what the host knows of it, and the counts, which are exact.
///
/// A probe whose reply was lost has T2 and T3 of its first copy. In text the host's row is the one that lies within
/// the function's interval, once that is moved by the offset that lets most rows do so.
pub fn join(host: &HostRecord, function: &ClockReply) -> (Vec<Exchange>, PacketCounts) {
    let rows = &function.exchanges;
    let partners = match host.dialect {
        Dialect::Stamp => by_number(&host.rows, rows),
        Dialect::Text => by_time(&host.rows, rows),
    };
    let joined: Vec<Exchange> = rows
        .iter()
        .zip(&partners)
        .map(|(row, partner)| merge(row, *partner))
        .collect();
    let sent = rows.len() as u32;
    let packets = PacketCounts {
        sent,
        received: match host.dialect {
            Dialect::Stamp => distinct(&host.rows, sent),
            Dialect::Text => (host.rows.len() as u32).min(sent),
        },
        answered: rows.iter().filter(|row| row.4.is_some()).count() as u32,
        ..host.packets
    };
    (joined, packets)
}

fn merge(function: &FunctionExchange, host: Option<&HostRow>) -> Exchange {
    let FunctionExchange(sequence, reply, t1, t1_kernel, t4, t4_kernel) = *function;
    Exchange(
        sequence,
        reply,
        Stamps(t1, t1_kernel),
        host.map(|row| row.t2),
        host.and_then(|row| row.t3),
        t4.map(|t4| Stamps(t4, t4_kernel)),
    )
}

/// Distinct sequence numbers below `sent`.
fn distinct(host: &[HostRow], sent: u32) -> u32 {
    let mut seen = vec![false; sent as usize];
    for row in host {
        if let Some(seen) = seen.get_mut(row.sequence as usize) {
            *seen = true;
        }
    }
    seen.into_iter().filter(|seen| *seen).count() as u32
}

fn by_number<'a>(host: &'a [HostRow], function: &[FunctionExchange]) -> Vec<Option<&'a HostRow>> {
    let mut first: Vec<Option<&HostRow>> = vec![None; function.len()];
    for row in host {
        if let Some(first) = first.get_mut(row.sequence as usize) {
            first.get_or_insert(row);
        }
    }
    let answering = |row: &FunctionExchange| match row.1 {
        // Replies are numbered in the order of the rows.
        Some(reply) => host
            .binary_search_by_key(&reply, |row| row.reply)
            .ok()
            .map(|index| &host[index])
            .filter(|found| found.sequence == row.0),
        None => first.get(row.0 as usize).copied().flatten(),
    };
    function.iter().map(answering).collect()
}

/// A function's row as a time on its clock: from the request to the reply, or to the next request when none came.
#[derive(Clone, Copy)]
struct Span {
    from: Nanos,
    to: Nanos,
    is_answered: bool,
}

impl Span {
    /// The offsets that put the host's row into this span.
    fn offsets(self, host: &HostRow) -> (Nanos, Nanos) {
        let t3 = host.t3.map_or(host.t2.0, |t3| t3.0);
        (self.from - host.t2.0, self.to - t3)
    }
}

fn by_time<'a>(host: &'a [HostRow], function: &[FunctionExchange]) -> Vec<Option<&'a HostRow>> {
    let next_request = function
        .iter()
        .skip(1)
        .map(|row| row.2)
        .chain([Nanos::MAX / 2]);
    let spans: Vec<Span> = function
        .iter()
        .zip(next_request)
        .map(|(row, next)| Span {
            from: row.2,
            to: row.4.unwrap_or(next),
            is_answered: row.4.is_some(),
        })
        .collect();
    let Some((offset, at)) = most_fitting_offset(host, &spans) else {
        return vec![None; function.len()];
    };
    let mut next = 0;
    let mut nearest = |span: &Span| {
        let tolerance = COARSENESS + widening(span.from - at);
        let fits = |row: &HostRow| {
            let (least, most) = span.offsets(row);
            let fits = least - tolerance <= offset && offset <= most + tolerance;
            fits.then_some((offset - least).abs().max((most - offset).abs()))
        };
        // The host's rows are in order of time: none after one that is too late fits.
        let candidates = host.iter().enumerate().skip(next);
        let in_time = candidates
            .take_while(|(_, row)| row.t2.0 + offset <= span.to.saturating_add(tolerance));
        let found = in_time
            .filter_map(|(index, row)| fits(row).map(|miss| (miss, index)))
            .min();
        found.map(|(_, index)| {
            next = index + 1;
            &host[index]
        })
    };
    spans.iter().map(&mut nearest).collect()
}

/// The offset at which most pairs of rows fit into each other, and the function's time it was found at.
fn most_fitting_offset(host: &[HostRow], spans: &[Span]) -> Option<(Nanos, Nanos)> {
    let out_of_step = host.len().abs_diff(spans.len()) + STRAY_ROWS;
    let mut edges: Vec<(Nanos, i32, Nanos)> = Vec::new();
    for (index, span) in spans
        .iter()
        .enumerate()
        .filter(|(_, span)| span.is_answered)
    {
        let near = index.saturating_sub(out_of_step)..(index + out_of_step + 1).min(host.len());
        for row in host.get(near).unwrap_or_default() {
            let (least, most) = span.offsets(row);
            if least <= most {
                edges.push((least, -1, span.from));
                edges.push((most, 1, span.from));
            }
        }
    }
    edges.sort_unstable();
    let (mut depth, mut deepest, mut best) = (0, 0, None);
    for (index, (offset, step, at)) in edges.iter().enumerate() {
        depth -= step;
        if depth > deepest {
            deepest = depth;
            let until = edges.get(index + 1).map_or(*offset, |next| next.0);
            best = Some((offset + (until - offset) / 2, *at));
        }
    }
    best
}
