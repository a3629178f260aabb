//! Builds the native function, so that `src/driver/package.rs` can carry it inside the program.
//!
//! The function is this very package without the feature `app`, built by a second cargo with a target directory
//! of its own: the first cargo holds the lock of the usual one. It is linked statically where the host's tool chain
//! can do that, since the image of a cloud may lack the host's C library.
//!
//! For a processor of clouds that is not the host's it is built too where `rustup target add` has brought the standard
//! library: that one has its own C library, and Rust's linker serves every processor. Without it nothing is built.

use std::env::{self, VarError};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Binary and cargo profile of the function, as `Cargo.toml` names them.
const BINARY: &str = "sebs-tui-function";
const PROFILE: &str = "function";

/// Processors of clouds.
const PROCESSORS: [&str; 2] = ["x86_64", "aarch64"];

/// What the function is made of.
const SOURCES: [&str; 6] = [
    "src/core",
    "src/function",
    "src/lib.rs",
    "src/net",
    "Cargo.toml",
    "Cargo.lock",
];

/// Variables of the outer cargo that the inner one may see: where crates are, how to reach them, and the job server.
const KEPT: [&str; 6] = [
    "CARGO_HOME",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "CARGO_MAKEFLAGS",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_APP").is_none() {
        return;
    }
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    let out = variable("OUT_DIR").map(|out| PathBuf::from(out).join("function"));
    let paths = out.and_then(|out| Ok((built(&out)?, elsewhere(&out)?)));
    let (function, others) = paths
        .unwrap_or_else(|error| panic!("cannot build the native function `{BINARY}`:\n{error}"));
    println!("cargo:rustc-env=NATIVE_FUNCTION={}", function.display());
    for (processor, path) in others {
        let name = format!("NATIVE_FUNCTION_{}", processor.to_uppercase());
        println!("cargo:rustc-env={name}={}", path.display());
    }
}

/// Path of the function for this host's processor, or what the compiler said.
fn built(out: &Path) -> Result<PathBuf, String> {
    let target = variable("TARGET")?;
    build(out, &target, "-C target-feature=+crt-static").or_else(|error| {
        let binary = build(out, &target, "")?;
        warn("the native function is linked dynamically, since linking it statically failed; it may not start in a cloud", &error);
        Ok(binary)
    })
}

/// Paths of the function for every processor; an empty file where it is the host's, or cannot be built.
fn elsewhere(out: &Path) -> Result<Vec<(&'static str, PathBuf)>, String> {
    let none = out.join("none");
    fs::write(&none, "").map_err(|error| format!("{}: {error}", none.display()))?;
    watch_targets()?;
    let host = variable("CARGO_CFG_TARGET_ARCH")?;
    let mut paths = Vec::new();
    for processor in PROCESSORS {
        let target = format!("{processor}-unknown-linux-musl");
        let path = if processor == host
            || !Path::new(&rustc(&["--print", "target-libdir", "--target", &target])?).is_dir()
        {
            none.clone()
        } else {
            build(out, &target, "-C linker=rust-lld").unwrap_or_else(|error| {
                warn(
                    &format!(
                        "the native function for {processor} is left out, since building it failed"
                    ),
                    &error,
                );
                none.clone()
            })
        };
        paths.push((processor, path));
    }
    Ok(paths)
}

/// Has this run again when rustup adds or removes a target; a path that does not exist would have it run every time.
fn watch_targets() -> Result<(), String> {
    let installed = Path::new(&rustc(&["--print", "sysroot"])?).join("lib/rustlib/components");
    if installed.is_file() {
        println!("cargo:rerun-if-changed={}", installed.display());
    }
    Ok(())
}

/// What the compiler answers to a question.
fn rustc(question: &[&str]) -> Result<String, String> {
    let mut rustc = Command::new(variable("RUSTC")?);
    let Output { status, stdout, .. } = rustc
        .args(question)
        .output()
        .map_err(|error| format!("{rustc:?}: {error}"))?;
    if status.success() {
        Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
    } else {
        Err(format!("{rustc:?}: {status}"))
    }
}

/// Tells what is not as it should be, with the first error that the compiler told.
fn warn(what: &str, error: &str) {
    let mut lines = error.lines();
    let first = lines.find(|line| line.starts_with("error"));
    println!("cargo:warning={what}");
    println!("cargo:warning={}", first.unwrap_or("no error was given"));
}

/// Path of the function that is built for this target.
fn build(out: &Path, target: &str, rustflags: &str) -> Result<PathBuf, String> {
    let mut cargo = Command::new(variable("CARGO")?);
    for name in env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| leaks(name))
    {
        cargo.env_remove(name);
    }
    cargo
        .env("RUSTFLAGS", rustflags)
        .current_dir(variable("CARGO_MANIFEST_DIR")?)
        .args([
            "build",
            "--locked",
            "--quiet",
            "--no-default-features",
            "--bin",
            BINARY,
            "--profile",
            PROFILE,
            "--target",
            target,
        ])
        .arg("--target-dir")
        .arg(out);
    let Output { status, stderr, .. } = cargo
        .output()
        .map_err(|error| format!("{cargo:?}: {error}"))?;
    if !status.success() {
        return Err(format!(
            "{cargo:?}: {status}\n{}",
            String::from_utf8_lossy(&stderr)
        ));
    }
    let binary = out.join(target).join(PROFILE).join(BINARY);
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!("cargo did not make {}", binary.display()))
    }
}

/// Whether the outer build set this variable for itself: flags, features, profile, clippy's wrapper.
fn leaks(name: &str) -> bool {
    let ours = name.starts_with("CARGO") && !KEPT.iter().any(|kept| name.starts_with(kept));
    ours || [
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_LINKER",
    ]
    .contains(&name)
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error: VarError| format!("{name}: {error}"))
}
