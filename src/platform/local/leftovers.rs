//! Processes that killed runs left on this machine and that may still end.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{NAME, PROCESS};
use crate::platform::Resource;
use crate::platform::hosted::home;

/// Looks whether a killed process is gone, and the wait between them.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Removes a process that a killed run left; that it is not there is no error.
///
/// # Errors
/// When it is no process id, or does not end.
pub fn remove(resource: &Resource) -> io::Result<()> {
    match resource.kind.as_str() {
        PROCESS => end_process(&resource.name),
        // A function is its directory and its processes.
        _ => Ok(()),
    }
}

fn end_process(pid: &str) -> io::Result<()> {
    let process = Path::new("/proc").join(pid);
    let number = pid.parse::<libc::pid_t>().ok().filter(|number| *number > 1);
    let number = number.ok_or_else(|| io::Error::other("not a process id"))?;
    for _ in 0..LOOKS {
        // The id may have been given to another program since.
        if !is_function(&process) {
            return Ok(());
        }
        // SAFETY: takes plain integers. That the process is gone already is no error.
        unsafe { libc::kill(number, libc::SIGKILL) };
        std::thread::sleep(BETWEEN_LOOKS);
    }
    Err(io::Error::other("it did not end when killed"))
}

/// Whether this process was started by a local platform whose run is gone. A dead one that nobody has waited for has
/// no environment any more.
fn is_function(process: &Path) -> bool {
    let environment = fs::read(process.join("environ")).unwrap_or_default();
    let root = environment
        .split(|byte| *byte == 0)
        .find_map(|variable| variable.strip_prefix(b"LAMBDA_TASK_ROOT="));
    root.is_some_and(|root| {
        let root = String::from_utf8_lossy(root).into_owned();
        let ancestors = Path::new(&root).ancestors();
        ancestors
            .filter_map(|path| home::owner(NAME, path))
            .any(|owner| !Path::new("/proc").join(owner.to_string()).exists())
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn process(id: u32) -> Resource {
        Resource {
            kind: PROCESS.into(),
            name: id.to_string(),
        }
    }

    #[test]
    fn only_the_process_of_a_dead_run_is_ended() {
        let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
        remove(&process(stranger.id())).unwrap();
        assert!(stranger.try_wait().unwrap().is_none(), "another's process");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        let mut orphan = Command::new("sleep")
            .arg("60")
            .env(
                "LAMBDA_TASK_ROOT",
                std::env::temp_dir().join("sebs-tui-local-4194305-00000000/environments/1/task"),
            )
            .spawn()
            .unwrap();
        // A program that has only just begun shows no environment yet.
        let shown = Path::new("/proc").join(orphan.id().to_string());
        let shown = || fs::read(shown.join("environ")).is_ok_and(|text| !text.is_empty());
        for _ in 0..LOOKS {
            if shown() {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        remove(&process(orphan.id())).unwrap();
        assert!(!orphan.wait().unwrap().success());
    }
}
