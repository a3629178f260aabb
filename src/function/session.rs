//! The clock exchange over a real socket: the loop around [`Initiator`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::core::contract::{
    Carrier, ClockReply, ClockRequest, ClockShift, Dialect, Invocation, StopReason,
};
use crate::core::initiator::{Initiator, Orders, Step};
use crate::core::sample::{Stamps, Token};
use crate::core::time::{Nanos, SECOND};
use crate::net::{self, SendKey, Socket};

/// Room for any reply; what is longer is none.
const LONGEST_REPLY: usize = 2048;

/// The function's clock: the wall clock, or the wall clock with a known error.
pub fn now(shift: Option<&ClockShift>) -> Nanos {
    shifted(shift, net::wall_clock())
}

fn shifted(shift: Option<&ClockShift>, time: Nanos) -> Nanos {
    shift.map_or(time, |shift| shift.apply(time))
}

/// Exchanges datagrams with the host that the invocation names; what goes wrong is said in the reply. Nothing is
/// exchanged when the host compares the clocks over HTTP.
pub fn exchange(invocation: &Invocation) -> ClockReply {
    let request = invocation.clock.clone().unwrap_or_else(request_of_sebs);
    if invocation.sync == Carrier::Http {
        return ClockReply::silent(request.proto, None);
    }
    host_address(invocation)
        .and_then(|host| run(host, invocation.n, &request))
        .unwrap_or_else(|error| ClockReply::silent(request.proto, Some(error)))
}

/// A host of SeBS's kind says nothing of the clock: text, SeBS's cap, and a budget within its 30 s for a function.
fn request_of_sebs() -> ClockRequest {
    ClockRequest {
        proto: Dialect::Text,
        token: Token(rand::random()),
        session: 0,
        max_exchanges: 1000,
        in_flight: 1,
        pace: 0,
        budget: 20 * SECOND,
        shift: None,
    }
}

fn host_address(invocation: &Invocation) -> Result<SocketAddr, String> {
    let address = &invocation.server_address;
    let ip: IpAddr = address
        .parse()
        .map_err(|_| format!("server-address {address:?} is no numeric IP address"))?;
    Ok(SocketAddr::new(ip, invocation.server_port))
}

fn run(host: SocketAddr, n: u32, request: &ClockRequest) -> Result<ClockReply, String> {
    let any = if host.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let mut socket =
        Socket::bind(SocketAddr::new(any, 0)).map_err(|error| format!("no UDP socket: {error}"))?;
    let orders = Orders {
        dialect: request.proto,
        token: request.token,
        session: request.session,
        n,
        max_exchanges: request.max_exchanges,
        in_flight: request.in_flight,
        pace: request.pace,
        budget: request.budget,
    };
    let mut dialogue = Dialogue {
        initiator: Initiator::new(orders, net::monotonic()),
        shift: request.shift.as_ref(),
        unstamped: None,
    };
    let mut buffer = [0; LONGEST_REPLY];
    let mut fault = None;
    loop {
        // The initiator's budget and time-outs bound this loop, whatever arrives.
        let done = match dialogue.initiator.step(net::monotonic()) {
            Step::Send => dialogue.send(&mut socket, host),
            Step::Wait(until) => dialogue.wait(&mut socket, &mut buffer, until),
            Step::Finished => break,
        };
        fault = done.err().or(fault);
    }
    let mut reply = dialogue.initiator.finish();
    let is_unheard = reply.stop == Some(StopReason::Silence);
    reply.error = fault
        .filter(|_| is_unheard)
        .map(|fault| format!("datagrams to {host}: {fault}"));
    Ok(reply)
}

/// A session with what it takes to match late kernel stamps with their probes.
struct Dialogue<'a> {
    initiator: Initiator,
    shift: Option<&'a ClockShift>,
    /// The last datagram sent, as long as the kernel's stamp of it is still to come.
    unstamped: Option<SendKey>,
}

impl Dialogue<'_> {
    /// A datagram that cannot be sent counts as lost: the next may fare better.
    fn send(&mut self, socket: &mut Socket, host: SocketAddr) -> io::Result<()> {
        let message = self.initiator.send(net::monotonic(), now(self.shift));
        let sent = socket.send_to(message.bytes(), host);
        self.unstamped = sent.as_ref().ok().copied();
        self.collect_stamps(socket);
        sent.map(drop)
    }

    fn wait(&mut self, socket: &mut Socket, buffer: &mut [u8], until: Nanos) -> io::Result<()> {
        let received = socket.receive_within(buffer, until - net::monotonic())?;
        if self.unstamped.is_some() {
            self.collect_stamps(socket);
        }
        if let Some(received) = received.filter(|received| !received.truncated) {
            let Stamps(user, kernel) = received.stamps;
            let t4 = Stamps(
                shifted(self.shift, user),
                kernel.map(|time| shifted(self.shift, time)),
            );
            self.initiator
                .receive(net::monotonic(), &buffer[..received.length], t4);
        }
        Ok(())
    }

    /// Probes are sent before anything else, so the key of each is its sequence number.
    fn collect_stamps(&mut self, socket: &mut Socket) {
        let Self {
            initiator,
            shift,
            unstamped,
        } = self;
        socket.drain_sent(|key, time| {
            initiator.stamped(key as u32, shifted(*shift, time));
            if *unstamped == Some(key) {
                *unstamped = None;
            }
        });
    }
}
