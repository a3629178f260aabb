//! What one invocation of a tiny function tells of the path between both ends.

use std::net::SocketAddr;

use super::Check;
use super::address::{Place, ways_in};
use crate::core::offset::ClockEstimate;
use crate::core::sample::{
    Attempt, AttemptOutcome, Exchange, Failure, FunctionReport, HttpTimes, StartKind,
};
use crate::core::time::length;

const DATAGRAMS: &str = "datagrams";

/// What carries the clock exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// Datagrams, which the function was told to send to this host.
    Udp {
        /// The address it was told.
        host: SocketAddr,
        /// Where it runs.
        place: Place,
    },
    /// Further invocations.
    Http,
}

/// Everything that is to be said of it.
pub fn findings(attempt: &Attempt, carried: Carried) -> Vec<Check> {
    let (Some(http), Some(function)) = (&attempt.http, &attempt.function) else {
        return vec![unanswered(attempt)];
    };
    let mut checks = vec![invocation(http, function)];
    if let AttemptOutcome::Failed(failure) = &attempt.outcome {
        checks.push(Check::bad(
            "attempt",
            failure.to_string(),
            "it was answered, and yet this was missing: try again",
        ));
        return checks;
    }
    match carried {
        Carried::Udp { host, place } => {
            checks.push(datagrams(attempt, function, host, place));
            if let Some(clock) = &attempt.clock {
                checks.extend([offset(clock), stamps(&attempt.exchanges)]);
            }
        }
        Carried::Http => checks.push(match &attempt.clock {
            Some(clock) => offset(clock),
            None => not_compared(attempt, function),
        }),
    }
    checks
}

/// Why further invocations said nothing of the clock.
fn not_compared(attempt: &Attempt, function: &FunctionReport) -> Check {
    const SUBJECT: &str = "clock offset";
    if attempt.outcome == AttemptOutcome::WrongKind {
        let found = "not compared: the function was warm already, and only a cold start is followed up here";
        return Check::doubtful(SUBJECT, found, "look again later; a run takes both kinds");
    }
    let why = function.clock_error.as_deref();
    let found = format!(
        "not compared: no further invocation was answered by the same instance{}",
        why.map_or_else(String::new, |why| format!(" ({why})"))
    );
    Check::bad(
        SUBJECT,
        found,
        "the function must be this program's own, and keep its instance from call to call; or exchange datagrams: --sync udp",
    )
}

fn unanswered(attempt: &Attempt) -> Check {
    let what = match &attempt.outcome {
        AttemptOutcome::Failed(failure) => failure.to_string(),
        _ => "it was given up".into(),
    };
    let heard = match attempt.packets.received {
        0 => String::new(),
        received => format!("; {received} of its datagrams reached this host, so it did start"),
    };
    let advice = match &attempt.outcome {
        AttemptOutcome::Failed(Failure { step, .. }) if step == Failure::CONNECT => {
            "nothing answers there: see the host, the port and whether a firewall is between, then try again"
        }
        _ => {
            "see what the platform says of the function (its log, memory, time-out), then try again"
        }
    };
    Check::bad(
        "invocation",
        format!("no usable answer: {what}{heard}"),
        advice,
    )
}

fn invocation(http: &HttpTimes, function: &FunctionReport) -> Check {
    let found = format!(
        "answered after {}, of which connecting took {}; a {} start",
        length(http.end_after),
        length(http.connected_after),
        StartKind::of(function.is_cold).word(),
    );
    Check::good("invocation", found)
}

fn datagrams(
    attempt: &Attempt,
    function: &FunctionReport,
    host: SocketAddr,
    place: Place,
) -> Check {
    let packets = &attempt.packets;
    let (sent, received, answered) = (packets.sent, packets.received, packets.answered);
    let error = function.clock_error.as_deref();
    let because = error.map_or_else(String::new, |error| format!(" ({error})"));
    match (sent, received, answered) {
        (0, 0, _) => Check::bad(
            DATAGRAMS,
            format!("the function sent none to {host}{because}"),
            "give an address that the function has a route to with --advertise; or do without datagrams: --sync http",
        ),
        (0, received, _) => Check::doubtful(
            DATAGRAMS,
            format!(
                "{received} of the function reached this host; it does not tell what it got back"
            ),
            "deploy this program's function to have both directions looked at and the clocks compared",
        ),
        (sent, 0, _) => {
            let found = format!(
                "none of {sent} of the function reached this host: they are lost on the way to {host}{because}"
            );
            Check::bad(DATAGRAMS, found, inbound(host, place))
        }
        (sent, received, 0) => {
            let found = format!(
                "{received} of {sent} of the function reached this host, but none of the answers got back to it{because}"
            );
            Check::bad(DATAGRAMS, found, outbound(host))
        }
        (sent, received, answered) if answered < sent => {
            let found = format!(
                "{answered} of {sent} came back; {} were lost on the way to this host, {} on the way back",
                packets.lost_outbound(),
                packets.lost_inbound()
            );
            let advice = if received < sent / 2 || answered < received / 2 {
                "so many lost widen the bounds: look for a firewall that limits a rate, or take another path"
            } else {
                "a run goes on without them; bounds may be wider"
            };
            Check::doubtful(DATAGRAMS, found, advice)
        }
        _ => Check::good(
            DATAGRAMS,
            format!("{answered} of {sent} came back, none was lost in either direction"),
        ),
    }
}

fn inbound(host: SocketAddr, place: Place) -> String {
    match place {
        Place::Far => ways_in(host.port()),
        Place::Near => format!(
            "{} must be an address of this machine where its socket listens: see --advertise and --listen; then let UDP \
             port {} in (firewall; security group and NAT, if there are any between); or do without datagrams: --sync http",
            host.ip(),
            host.port()
        ),
    }
}

fn outbound(host: SocketAddr) -> String {
    format!(
        "let UDP out from port {} of this host (firewall, security group), and answers in to the function (its network's \
         NAT and security group); the answers must leave by the address that the function sends to; or do without \
         datagrams: --sync http",
        host.port()
    )
}

fn offset(clock: &ClockEstimate) -> Check {
    const SUBJECT: &str = "clock offset";
    let sign = if clock.offset < 0 { "" } else { "+" };
    let found = format!(
        "{sign}{} ±{} by {} exchanges; smallest round trip {}",
        length(clock.offset),
        length(clock.bound),
        clock.exchanges,
        length(clock.minimum_rtt)
    );
    if clock.clock_step {
        let advice = "a clock was set during the exchange, or runs more than 100 ppm off, so that the bound is no proof: wait until the time service has settled";
        return Check::doubtful(SUBJECT, found, advice);
    }
    Check::good(SUBJECT, found)
}

/// Whether the kernel stamped what was exchanged, at either end.
fn stamps(exchanges: &[Exchange]) -> Check {
    const SUBJECT: &str = "stamps";
    let both = |first: Option<i64>, second: Option<i64>| first.is_some() && second.is_some();
    let (mut complete, mut here, mut there) = (0_u32, 0_u32, 0_u32);
    for exchange in exchanges {
        let Exchange(_, _, t1, Some(t2), Some(t3), Some(t4)) = exchange else {
            continue;
        };
        complete += 1;
        here += u32::from(both(t2.1, t3.1));
        there += u32::from(both(t1.1, t4.1));
    }
    let found = format!(
        "of {complete} complete exchanges the kernel stamped {here} at this host and {there} at the function"
    );
    // The kernel switches its stamps on a moment after the first socket asked for them.
    if here * 2 > complete && there * 2 > complete {
        Check::good(SUBJECT, found)
    } else {
        let advice = "where time is read in user space bounds are wider, by what waking a program takes; nothing needs to be done";
        Check::doubtful(SUBJECT, found, advice)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::core::contract::StampKind;
    use crate::core::made_up;
    use crate::core::sample::{Failure, PacketCounts, Stamps};
    use crate::core::time::{MILLISECOND, SECOND};

    fn over_udp(place: Place) -> Carried {
        let host = "203.0.113.5:12000".parse().unwrap();
        Carried::Udp { host, place }
    }

    fn attempt([sent, received, answered]: [u32; 3], clock_error: Option<&str>) -> Attempt {
        Attempt {
            outcome: AttemptOutcome::Unsynchronised,
            http: Some(HttpTimes {
                start: SECOND,
                connected_after: MILLISECOND,
                sent_after: 2 * MILLISECOND,
                first_byte_after: 3 * MILLISECOND,
                end_after: 4 * MILLISECOND,
                end: SECOND + 4 * MILLISECOND,
            }),
            function: Some(FunctionReport {
                stamps: StampKind::Kernel,
                clock_error: clock_error.map(Into::into),
                ..made_up::function(true)
            }),
            packets: PacketCounts {
                sent,
                received,
                answered,
                ..PacketCounts::default()
            },
            ..made_up::attempt()
        }
    }

    fn told(packets: [u32; 3]) -> Check {
        let checks = findings(&attempt(packets, None), over_udp(Place::Far));
        checks
            .into_iter()
            .find(|check| check.subject == DATAGRAMS)
            .unwrap()
    }

    #[test]
    fn the_direction_in_which_datagrams_are_lost_is_told_with_what_to_change() {
        let table = [
            ([20, 20, 20], Verdict::Good, "none was lost", None),
            (
                [20, 0, 0],
                Verdict::Bad,
                "none of 20",
                Some("security group"),
            ),
            (
                [20, 18, 0],
                Verdict::Bad,
                "18 of 20 of the function reached this host, but none of the answers",
                Some("let UDP out"),
            ),
            (
                [20, 18, 17],
                Verdict::Doubtful,
                "2 were lost on the way to this host, 1 on the way back",
                Some("goes on"),
            ),
            (
                [20, 5, 4],
                Verdict::Doubtful,
                "15 were lost on the way to this host",
                Some("limits a rate"),
            ),
            (
                [0, 0, 0],
                Verdict::Bad,
                "the function sent none",
                Some("--advertise"),
            ),
            (
                [0, 7, 0],
                Verdict::Doubtful,
                "7 of the function reached",
                Some("both directions"),
            ),
        ];
        for (packets, verdict, found, advice) in table {
            let check = told(packets);
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.found.contains(found), "{check:?}");
            assert_eq!(check.advice.is_some(), advice.is_some(), "{check:?}");
            assert!(
                check
                    .advice
                    .unwrap_or_default()
                    .contains(advice.unwrap_or_default())
            );
        }
    }

    #[test]
    fn over_http_nothing_is_said_of_datagrams_and_a_clock_that_was_not_compared_is_told() {
        let mut warm = attempt([0, 0, 0], None);
        let checks = findings(&warm, Carried::Http);
        assert_eq!(checks[1].verdict, Verdict::Bad, "{checks:?}");
        warm.outcome = AttemptOutcome::WrongKind;
        let checks = findings(&warm, Carried::Http);
        assert_eq!((checks.len(), checks[1].verdict), (2, Verdict::Doubtful));
    }

    #[test]
    fn what_kept_the_function_from_sending_is_told() {
        let checks = findings(
            &attempt([0, 0, 0], Some("no route to host")),
            over_udp(Place::Near),
        );
        assert!(checks[1].found.contains("no route to host"), "{checks:?}");
    }

    #[test]
    fn a_function_that_was_heard_but_did_not_answer_is_told_to_have_started() {
        let mut silent = attempt([0, 3, 0], None);
        silent.http = None;
        silent.function = None;
        silent.outcome = AttemptOutcome::Failed(Failure {
            step: "answer".into(),
            what: "not done after 30 s".into(),
            status: None,
        });
        let checks = findings(&silent, over_udp(Place::Far));
        let [check] = checks.as_slice() else {
            panic!("{checks:?}");
        };
        assert_eq!(check.verdict, Verdict::Bad);
        assert!(check.found.contains("not done after 30 s") && check.found.contains("did start"));
    }

    #[test]
    fn user_space_stamps_at_one_end_are_told_of_that_end() {
        let exchange = |kernel: [bool; 4]| {
            let stamp = |number: usize| {
                let time = number as i64 * 10;
                Stamps(time, kernel[number].then_some(time))
            };
            Exchange(
                0,
                Some(0),
                stamp(0),
                Some(stamp(1)),
                Some(stamp(2)),
                Some(stamp(3)),
            )
        };
        let good = stamps(&[exchange([true; 4])]);
        assert_eq!(good.verdict, Verdict::Good);
        let there = stamps(&[exchange([false, true, true, false])]);
        assert_eq!(there.verdict, Verdict::Doubtful);
        assert!(
            there
                .found
                .contains("stamped 1 at this host and 0 at the function"),
            "{there:?}"
        );
    }
}
