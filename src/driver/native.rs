//! The native function for each processor, as `build.rs` made it.

use std::env::consts::ARCH;

use crate::core::processor::Processor;

static THIS_HOSTS: &[u8] = include_bytes!(env!("NATIVE_FUNCTION"));
/// Empty where it is this host's processor, or could not be built.
static X86: &[u8] = include_bytes!(env!("NATIVE_FUNCTION_X86_64"));
static ARM: &[u8] = include_bytes!(env!("NATIVE_FUNCTION_AARCH64"));

/// The program for this host's processor.
pub fn program() -> &'static [u8] {
    THIS_HOSTS
}

/// The program for this processor; none: it was not built.
pub fn program_for(processor: Processor) -> Option<&'static [u8]> {
    let program = match processor {
        _ if Processor::named(ARCH) == Some(processor) => THIS_HOSTS,
        Processor::X86 => X86,
        Processor::Arm => ARM,
    };
    (!program.is_empty()).then_some(program)
}
