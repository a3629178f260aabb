//! The native function: a small client of the AWS Lambda Runtime API around the clock exchange.

pub mod runtime;
pub mod session;
