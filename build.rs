//! Builds the native function, so that `src/driver/package.rs` can carry it inside the program.
//!
//! The function is this very package without the feature `app`, built by a second cargo with a target directory
//! of its own: the first cargo holds the lock of the usual one. It is linked statically where the host's tool chain
//! can do that, since the image of a cloud may lack the host's C library.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Binary and cargo profile of the function, as `Cargo.toml` names them.
const BINARY: &str = "sebs-tui-function";
const PROFILE: &str = "function";

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
    let function = built()
        .unwrap_or_else(|error| panic!("cannot build the native function `{BINARY}`:\n{error}"));
    println!("cargo:rustc-env=NATIVE_FUNCTION={}", function.display());
}

/// Path of the built function, or what the compiler said.
fn built() -> Result<PathBuf, String> {
    let out = PathBuf::from(variable("OUT_DIR")?).join("function");
    let target = variable("TARGET")?;
    if let Err(error) = build(&out, &target, "-C target-feature=+crt-static") {
        build(&out, &target, "")?;
        println!(
            "cargo:warning=the native function is linked dynamically, since linking it statically failed; it may not start in a cloud"
        );
        println!(
            "cargo:warning={}",
            error
                .lines()
                .find(|line| line.starts_with("error"))
                .unwrap_or("no error was given")
        );
    }
    let binary = out.join(&target).join(PROFILE).join(BINARY);
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!("cargo did not make {}", binary.display()))
    }
}

fn build(out: &Path, target: &str, rustflags: &str) -> Result<(), String> {
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
    if status.success() {
        Ok(())
    } else {
        Err(format!(
            "{cargo:?}: {status}\n{}",
            String::from_utf8_lossy(&stderr)
        ))
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
