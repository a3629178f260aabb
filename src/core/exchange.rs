//! The host's side of the clock exchange: datagrams and times in, replies and counts out.
//!
//! [`Sessions::receive`] turns a request into its reply in place, [`Sessions::depart`] writes T3 into it, and
//! [`Sessions::departed`] keeps the books once it is on its way: only the first two lie between receipt and echo.

mod containment;
mod join;
mod session;
mod table;

pub use containment::{Span, contain};
pub use join::join;
pub use session::{HostRecord, HostRow, Identity, Session, SessionSpec};
pub use table::{Outgoing, Receipt, Sessions};
