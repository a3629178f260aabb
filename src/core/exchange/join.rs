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
/// A probe whose reply was lost has T2 and T3 of its first copy. In text the host's row is the one that lies between
/// the function's T1 and T4 once the offset is taken away, for the offset that lets most rows do so; a probe without a
/// reply has none.
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

/// A function's row as a time on its clock: from the request to the reply.
#[derive(Clone, Copy)]
struct Span {
    /// Its place among the function's rows.
    index: usize,
    from: Nanos,
    to: Nanos,
}

impl Span {
    /// The offsets that put the host's row into this span; none when it is too long for it.
    fn offsets(self, host: &HostRow) -> Option<(Nanos, Nanos)> {
        let (t2, t3) = (best(host.t2), best(host.t3?));
        Some((self.from - t2, self.to - t3)).filter(|(least, most)| *least <= *most + COARSENESS)
    }
}

fn best(Stamps(user, kernel): Stamps) -> Nanos {
    kernel.unwrap_or(user)
}

/// From the row at which the offset is known best, outwards in both directions.
fn by_time<'a>(host: &'a [HostRow], function: &[FunctionExchange]) -> Vec<Option<&'a HostRow>> {
    let span = |(index, row): (usize, &FunctionExchange)| {
        let FunctionExchange(_, _, t1, t1_kernel, t4, t4_kernel) = *row;
        Some(Span {
            index,
            from: best(Stamps(t1, t1_kernel)),
            to: best(Stamps(t4?, t4_kernel)),
        })
    };
    let spans: Vec<Span> = function.iter().enumerate().filter_map(span).collect();
    let mut partners = vec![None; function.len()];
    let Some((start, anchor)) = most_fitting_offsets(host, &spans) else {
        return partners;
    };
    let (mut track, mut next) = (start, 0);
    for span in &spans[anchor..] {
        if let Some(found) = track.partner(*span, &host[next..]) {
            partners[span.index] = Some(&host[next + found]);
            next += found + 1;
        }
    }
    let (mut track, mut end) = (start, host.len());
    for span in spans[..=anchor].iter().rev() {
        if let Some(found) = track.partner(*span, &host[..end]) {
            partners[span.index] = Some(&host[found]);
            end = found;
        }
    }
    partners
}

/// What the offset can be, from row to row: each narrows it, and time widens it.
#[derive(Clone, Copy)]
struct Track {
    least: Nanos,
    most: Nanos,
    at: Nanos,
}

impl Track {
    /// The host's row that fits the span best.
    fn partner(&mut self, span: Span, host: &[HostRow]) -> Option<usize> {
        let slack = COARSENESS + widening(span.from - self.at);
        let (low, high) = (self.least - slack, self.most + slack);
        let fitting = host.iter().enumerate().filter_map(|(index, row)| {
            let (least, most) = span.offsets(row)?;
            let (least, most) = (least.max(low), most.min(high));
            // The rows before and after the right one at most touch what is possible.
            (least <= most).then_some((most - least, index, least, most))
        });
        let (_, index, least, most) = fitting.max()?;
        (self.least, self.most, self.at) = (least, most, span.from);
        Some(index)
    }
}

/// The offsets at which most spans hold a row of the host, and a span that does so there; none when as many do so at
/// quite other offsets.
fn most_fitting_offsets(host: &[HostRow], spans: &[Span]) -> Option<(Track, usize)> {
    let out_of_step = host.len().abs_diff(spans.len()) + STRAY_ROWS;
    let mut edges: Vec<(Nanos, Edge, usize)> = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        let near = number.saturating_sub(out_of_step)..(number + out_of_step + 1).min(host.len());
        let later_first = host.get(near).unwrap_or_default().iter().rev();
        let mut until = None;
        // Later rows mean smaller offsets. Where a long span holds several rows at once, it still counts once.
        for (least, most) in later_first.filter_map(|row| span.offsets(row)) {
            if until.is_none_or(|until| least > until) {
                edges.extend(until.map(|until| (until, Edge::End, number)));
                edges.push((least, Edge::Begin, number));
            }
            until = until.max(Some(most));
        }
        edges.extend(until.map(|until| (until, Edge::End, number)));
    }
    edges.sort_unstable();
    let mut depth = 0;
    let mut regions: Vec<(i32, Nanos, Track, usize)> = Vec::new();
    for ((least, edge, number), (most, _, _)) in
        edges.iter().copied().zip(edges.iter().skip(1).copied())
    {
        depth += if edge == Edge::Begin { 1 } else { -1 };
        let at = spans[number].from;
        regions.push((depth, most - least, Track { least, most, at }, number));
    }
    // Rows that fit by chance leave a narrow region.
    let (depth, _, best, number) = *regions
        .iter()
        .max_by_key(|(depth, width, ..)| (*depth, *width))?;
    let length = spans.last()?.from - spans.first()?.from;
    let apart = COARSENESS + widening(length);
    let elsewhere =
        |other: &Track| other.least - best.most > apart || best.least - other.most > apart;
    // With few replies as many rows can fit at another offset: which is true cannot be told.
    let is_ambiguous = regions
        .iter()
        .any(|(other_depth, _, other, _)| *other_depth == depth && elsewhere(other));
    (!is_ambiguous).then_some((best, number))
}

/// Where a range of offsets begins and ends; ranges that touch overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Begin,
    End,
}
