//! The driver: carries out what `core::run` asks for, journals what happens, publishes the board.

pub mod echo;
pub mod invoke;
pub mod package;
