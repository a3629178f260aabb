//! What the tests of the clock share: one session between a real echo and a function in this process.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part of it"
)]

use std::net::SocketAddr;
use std::sync::Arc;

use sebs_tui::core::contract::{
    Carrier, ClockReply, ClockRequest, ClockShift, Dialect, Invocation, StampKind,
};
use sebs_tui::core::exchange::{HostRecord, join};
use sebs_tui::core::live::Live;
use sebs_tui::core::offset::{ClockEstimate, estimate};
use sebs_tui::core::sample::{Exchange, PacketCounts, Token};
use sebs_tui::core::text::TextIdentity;
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::driver::echo::{Echo, Identity, SessionSpec};
use sebs_tui::function::session;
use sebs_tui::net;

/// SeBS's N and cap, one in flight.
pub const N: u32 = 20;

/// An echo on loopback.
pub fn echo(best: StampKind) -> (Echo, Arc<Live>) {
    let live = Arc::new(Live::default());
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    (
        Echo::start_at_most(listen, live.clone(), best).unwrap(),
        live,
    )
}

/// What a session is to be like.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub dialect: Dialect,
    pub in_flight: u32,
    pub shift: Option<ClockShift>,
    pub capacity: u32,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            dialect: Dialect::Stamp,
            in_flight: 1,
            shift: None,
            capacity: 1000,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub estimate: Option<ClockEstimate>,
    pub truth: Nanos,
    pub exchanges: Vec<Exchange>,
    pub packets: PacketCounts,
    pub host: HostRecord,
    pub function: ClockReply,
    pub took: Nanos,
    pub live: Arc<Live>,
}

impl Outcome {
    pub fn error(&self) -> Nanos {
        (self.estimate.unwrap().offset - self.truth).abs()
    }

    /// The published bound holds the truth. In text, whose datagrams carry no numbers, a late reply can leave several
    /// offsets possible: then nothing is published.
    pub fn assert_bound_holds(&self) {
        let Some(estimate) = self.estimate else {
            assert_eq!(self.host.dialect, Dialect::Text, "there is no estimate");
            return;
        };
        assert!(!estimate.clock_step, "{estimate:?}");
        assert!(
            self.error() <= estimate.bound,
            "truth {} is outside of {estimate:?}",
            self.truth
        );
    }
}

pub fn invocation(address: SocketAddr, session: u16, token: Token, wish: &Wish) -> Invocation {
    Invocation {
        server_address: address.ip().to_string(),
        server_port: address.port(),
        repetition: 0,
        n: N,
        sync: Carrier::Udp,
        clock: Some(ClockRequest {
            proto: wish.dialect,
            token,
            session,
            max_exchanges: 1000,
            in_flight: wish.in_flight,
            pace: MILLISECOND,
            budget: 10 * SECOND,
            shift: wish.shift,
        }),
    }
}

pub fn spec(token: Token, wish: &Wish) -> SessionSpec {
    let identity = match wish.dialect {
        Dialect::Stamp => Identity::Token,
        Dialect::Text => Identity::Text(TextIdentity::Exactly(token)),
    };
    SessionSpec {
        token,
        identity,
        live: Arc::new(Live::default()),
        capacity: wish.capacity,
    }
}

/// A session that the host awaits.
pub struct Opened<'a> {
    echo: &'a Echo,
    wish: Wish,
    id: u16,
    token: Token,
    live: Arc<Live>,
}

/// A session of which the host's rows are yet to be fetched.
pub struct Exchanged<'a> {
    opened: Opened<'a>,
    function: ClockReply,
    entry: Nanos,
    took: Nanos,
}

pub fn open<'a>(echo: &'a Echo, wish: &Wish) -> Opened<'a> {
    let token = Token(rand::random());
    let spec = spec(token, wish);
    let live = spec.live.clone();
    Opened {
        echo,
        wish: *wish,
        id: echo.open(spec).unwrap(),
        token,
        live,
    }
}

impl<'a> Opened<'a> {
    /// The function's side, in the calling thread.
    pub fn exchange(self) -> Exchanged<'a> {
        let entry = net::wall_clock();
        let start = net::monotonic();
        let function = session::exchange(&invocation(
            self.echo.local_addr(),
            self.id,
            self.token,
            &self.wish,
        ));
        Exchanged {
            opened: self,
            function,
            entry,
            took: net::monotonic() - start,
        }
    }
}

impl Exchanged<'_> {
    pub fn close(self) -> Outcome {
        let Self {
            opened,
            function,
            entry,
            took,
        } = self;
        let at = opened.wish.shift.map_or(entry, |shift| shift.apply(entry));
        let host = opened.echo.close(opened.id).unwrap();
        let (exchanges, packets) = join(&host, &function);
        let estimate = estimate(&exchanges, at);
        Outcome {
            estimate,
            truth: at - entry,
            exchanges,
            packets,
            host,
            function,
            took,
            live: opened.live,
        }
    }
}

/// One whole session.
pub fn run(echo: &Echo, wish: &Wish) -> Outcome {
    open(echo, wish).exchange().close()
}

/// Half a second ahead and 50 ppm too fast, from now on.
pub fn half_a_second_and_50_ppm() -> ClockShift {
    ClockShift {
        offset: SECOND / 2,
        rate_ppm: 50.0,
        since: net::wall_clock(),
    }
}

/// The value that the share `q` of all is not above.
pub fn quantile(values: &mut [Nanos], q: f64) -> Nanos {
    values.sort_unstable();
    values[((values.len() - 1) as f64 * q).round() as usize]
}
