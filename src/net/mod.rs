//! A UDP socket whose datagrams carry kernel time stamps where the kernel gives them. Linux only.
//!
//! The ladder, best first, each rung tried when the socket is made: `SO_TIMESTAMPING` (software, both directions),
//! `SO_TIMESTAMPNS` (what is received), user space. None needs a privilege.
//! Stamps of sent datagrams come back on the socket's error queue, named by a key that counts the sends
//! (`OPT_ID`) and without the datagram itself (`OPT_TSONLY`); they are taken when they are there and never waited for.

mod clock;
mod counts;
mod message;
mod socket;
pub mod stun;

pub use self::clock::{finest_difference, monotonic, wall_clock};
pub use self::counts::SendKey;
pub use self::socket::{Received, Socket};
