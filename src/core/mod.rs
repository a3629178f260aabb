//! The experiment as pure rules: no socket, clock, file, environment or screen.
//!
//! What is asked for is an action or a command, what happened is an event; all are data.

pub mod account;
pub mod analysis;
pub mod board;
pub mod checkup;
pub mod cold;
pub mod compare;
pub mod contract;
pub mod counting;
pub mod distribution;
pub mod doubt;
pub mod drift;
pub mod effort;
pub mod eta;
pub mod exchange;
pub mod fit;
pub mod follow_up;
mod function_report;
pub mod imported;
pub mod initiator;
pub mod listing;
pub mod live;
#[cfg(test)]
pub(crate) mod made_up;
pub mod message;
pub mod offset;
pub mod pace;
pub mod plan;
pub mod price;
pub mod processor;
pub mod rate;
pub mod readiness;
pub mod replay;
pub mod reprocess;
mod rows;
pub mod run;
pub mod sample;
pub mod scope;
pub mod simulation;
pub mod spending;
pub mod stamp;
pub mod statistics;
pub mod stop_rule;
pub mod stun;
pub mod text;
pub mod time;
mod token;
pub mod until;
pub mod words;
