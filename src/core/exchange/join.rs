//! Both ends' rows made one: by number, and in text, which has none, by time.

use super::containment::{Span, contain};
use super::session::{HostRecord, HostRow};
use crate::core::contract::{ClockReply, Dialect, FunctionExchange};
use crate::core::sample::{Exchange, PacketCounts, Stamps};
use crate::core::time::Nanos;

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

/// Of the rows that have a reply.
fn by_time<'a>(host: &'a [HostRow], function: &[FunctionExchange]) -> Vec<Option<&'a HostRow>> {
    let of_host = |row: &'a HostRow| {
        let (from, to) = (best(row.t2), best(row.t3?));
        Some((row, Span { from, to }))
    };
    let of_function = |(place, row): (usize, &FunctionExchange)| {
        let FunctionExchange(_, _, t1, t1_kernel, t4, t4_kernel) = *row;
        let (from, to) = (best(Stamps(t1, t1_kernel)), best(Stamps(t4?, t4_kernel)));
        Some((place, Span { from, to }))
    };
    let (rows, inner) = in_order(host.iter().filter_map(of_host));
    let (places, outer) = in_order(function.iter().enumerate().filter_map(of_function));
    let mut partners = vec![None; function.len()];
    for (place, found) in places.into_iter().zip(contain(&inner, &outer)) {
        partners[place] = found.map(|found| rows[found as usize]);
    }
    partners
}

fn in_order<T>(spans: impl Iterator<Item = (T, Span)>) -> (Vec<T>, Vec<Span>) {
    let mut spans: Vec<_> = spans.collect();
    spans.sort_by_key(|(_, span)| span.from);
    spans.into_iter().unzip()
}

fn best(Stamps(user, kernel): Stamps) -> Nanos {
    kernel.unwrap_or(user)
}
