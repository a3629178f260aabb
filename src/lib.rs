//! sebs-tui: what does it cost to call a serverless function?
//!
//! The layers, and who may import whom (checked by `tests/layers.rs`):
//!
//! ```text
//! core      bytes, times and events in, actions and events out; imports nothing of ours
//! net       a UDP socket whose datagrams carry kernel time stamps; imports core
//! function  the native function that is deployed and measured; imports core, net
//! platform  where functions run, behind one trait; imports core
//! driver    carries out the experiment's actions; imports core, net, platform
//! store     the journal and the tables on disk; imports core
//! plain     the run as lines of text or JSON; imports core
//! screen    the run as a dashboard; imports core
//! settings  every setting and where its value came from; imports core
//! cli       commands and flags; imports core, settings
//! main      joins them
//! ```
//!
//! Without the feature `app` only `core`, `net` and `function` are built: that is the
//! small program that `build.rs` packs as the native function.

pub mod core;
pub mod function;
pub mod net;

#[cfg(feature = "app")]
pub mod cli;
#[cfg(feature = "app")]
pub mod driver;
#[cfg(feature = "app")]
pub mod plain;
#[cfg(feature = "app")]
pub mod platform;
#[cfg(feature = "app")]
pub mod screen;
#[cfg(feature = "app")]
pub mod settings;
#[cfg(feature = "app")]
pub mod store;
