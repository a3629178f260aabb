//! The native function for each processor: what packages hold, and that the one for another processor measures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::env::consts::ARCH;
use std::io::{Cursor, Read};

use sebs_tui::core::contract::{ClockRequest, Dialect, StopReason};
use sebs_tui::core::processor::Processor;
use sebs_tui::driver::package::{PackageError, Runtime, Template};
use sebs_tui::platform::Platform;
use sebs_tui::platform::local::LocalPlatform;

#[allow(dead_code, reason = "each test file uses a part of it")]
mod functions;

use functions::{clocked, half_a_second_and_50_ppm, host, recorded_cold, request, spec};

/// The processors of clouds, with the machine's number in the head of their programs (`e_machine` of ELF).
const PROCESSORS: [(Processor, u16); 2] = [(Processor::X86, 62), (Processor::Arm, 183)];

/// The program in the package for this processor.
fn program(runtime: Runtime) -> Result<Vec<u8>, PackageError> {
    let template = Template::new(runtime)?;
    let package = template.package(template.smallest(), 1)?;
    let mut zip = zip::ZipArchive::new(Cursor::new(package.bytes)).unwrap();
    let mut program = Vec::new();
    let mut bootstrap = zip.by_name("bootstrap").unwrap();
    bootstrap.read_to_end(&mut program).unwrap();
    Ok(program)
}

fn assert_is_for(machine: u16, program: &[u8]) {
    const SIXTY_FOUR_BITS_LITTLE_ENDIAN: [u8; 2] = [2, 1];
    const EXECUTABLE_OR_RELOCATABLE: [u16; 2] = [2, 3];
    assert_eq!(&program[..4], b"\x7fELF");
    assert_eq!(program[4..6], SIXTY_FOUR_BITS_LITTLE_ENDIAN);
    let number = |at: usize| u16::from_le_bytes([program[at], program[at + 1]]);
    assert!(EXECUTABLE_OR_RELOCATABLE.contains(&number(16)));
    assert_eq!(number(18), machine);
}

/// Clouds may have no C library, or another: the program names no interpreter that would load one.
fn assert_is_static(program: &[u8]) {
    const INTERPRETER: u32 = 3;
    let number = |at: usize, bytes: usize| {
        let bytes = program[at..at + bytes].iter().rev();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)) as usize
    };
    let (first, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    for segment in 0..count {
        assert_ne!(number(first + segment * size, 4), INTERPRETER as usize);
    }
}

fn is_the_hosts(processor: Processor) -> bool {
    Processor::named(ARCH) == Some(processor)
}

#[test]
fn a_package_holds_a_program_for_its_processor_or_the_refusal_says_how_to_get_it() {
    for (processor, machine) in PROCESSORS {
        match program(Runtime::NativeFor(processor)) {
            Ok(program) => assert_is_for(machine, &program),
            Err(refusal) => {
                assert!(!is_the_hosts(processor), "{refusal}");
                let told = refusal.to_string();
                let command = format!("`rustup target add {}`", processor.target());
                assert!(told.contains(processor.word()), "{told}");
                assert!(told.contains(&command), "{told}");
            }
        }
        if is_the_hosts(processor) {
            assert_is_for(machine, &program(Runtime::Native).unwrap());
        }
    }
}

#[test]
#[ignore = "needs the aarch64 target"]
fn the_program_for_another_processor_needs_nothing_of_the_system_it_runs_on() {
    for (processor, machine) in PROCESSORS {
        let program = program(Runtime::NativeFor(processor)).unwrap();
        assert_is_for(machine, &program);
        if !is_the_hosts(processor) {
            assert_is_static(&program);
        }
    }
}

/// Its system calls are this machine's, its instructions are translated: what is measured is true, only slower.
#[tokio::test]
#[ignore = "needs qemu-user and the aarch64 target"]
async fn the_function_for_another_processor_measures_the_clock_within_its_bound() {
    let (processor, emulator) = match Processor::named(ARCH) {
        Some(Processor::Arm) => (Processor::X86, "qemu-x86_64-static"),
        _ => (Processor::Arm, "qemu-aarch64-static"),
    };
    let program = program(Runtime::NativeFor(processor)).unwrap();
    let bootstrap = format!("#!/bin/sh\nexec {emulator} \"$LAMBDA_TASK_ROOT/function\"\n");
    let package =
        functions::package(&[("bootstrap", bootstrap.as_bytes()), ("function", &program)]);
    let (platform, host) = (LocalPlatform::start().await.unwrap(), host());
    platform.ensure_function(&spec(), &package).await.unwrap();
    for start in 0..2 {
        if start > 0 {
            platform.force_cold().await.unwrap();
        }
        let sessions = [
            (Dialect::Stamp, None),
            (Dialect::Stamp, Some(half_a_second_and_50_ppm())),
            (Dialect::Text, None),
        ];
        for ((proto, shift), invocation) in sessions.into_iter().zip(1..) {
            let clock = ClockRequest {
                shift,
                ..request(proto)
            };
            let clocked = clocked(&platform, &host, host.local_addr().port(), clock).await;
            let reply = &clocked.reply;
            println!(
                "{emulator}, {proto:?}: offset {:?}, stamps {:?}, {} exchanges",
                clocked.estimate.map(|found| (found.offset, found.bound)),
                reply.clock.stamps,
                reply.clock.exchanges.len()
            );
            assert_eq!(
                (reply.is_cold, reply.invocation),
                (invocation == 1, invocation)
            );
            assert_eq!(
                recorded_cold(&platform, &reply.request_id).await,
                Some(reply.is_cold)
            );
            assert_eq!(
                (reply.clock.error.as_deref(), reply.clock.stop),
                (None, Some(StopReason::Settled))
            );
            clocked.assert_bound_holds();
        }
    }
}
