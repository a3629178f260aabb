//! The life of one environment: a new directory, the unpacked package, a process, and an end that leaves nothing.

use std::fs;
use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use crate::platform::hosted::archive;
use crate::platform::hosted::environment::End;

/// Tries to start a program that another thread's fork still holds open for writing, and the wait between them.
const START_TRIES: u32 = 50;
const START_PAUSE: Duration = Duration::from_millis(2);

/// What an environment is made from.
#[derive(Debug)]
pub struct Launch {
    /// The stored zip.
    pub package: PathBuf,
    /// Its directory, which does not exist yet.
    pub directory: PathBuf,
    /// Every variable the process sees, beside those that name its own directories.
    pub variables: Vec<(&'static str, String)>,
}

impl Launch {
    /// Where the package is unpacked: `LAMBDA_TASK_ROOT`.
    fn task(&self) -> PathBuf {
        self.directory.join("task")
    }

    /// The process's own temporary directory.
    fn scratch(&self) -> PathBuf {
        self.directory.join("tmp")
    }
}

/// The hold on an environment's process: from any thread, at any time of its life, it can be killed.
#[derive(Debug, Default)]
pub struct Leash(Mutex<Hold>);

#[derive(Debug, Default)]
enum Hold {
    #[default]
    NotStarted,
    Running(u32),
    /// Killed, or over: nothing may be started or killed any more.
    Over,
}

impl Leash {
    /// Kills the process and its children, now or as soon as it is started.
    pub fn kill(&self) {
        if let Hold::Running(pid) = std::mem::replace(&mut *self.hold(), Hold::Over) {
            kill_group(pid);
        }
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        match *self.hold() {
            Hold::Running(pid) => Some(pid),
            Hold::NotStarted | Hold::Over => None,
        }
    }

    fn is_over(&self) -> bool {
        matches!(*self.hold(), Hold::Over)
    }

    fn attach(&self, pid: u32) {
        let mut hold = self.hold();
        match *hold {
            Hold::Over => kill_group(pid),
            Hold::NotStarted | Hold::Running(_) => *hold = Hold::Running(pid),
        }
    }

    fn hold(&self) -> std::sync::MutexGuard<'_, Hold> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Unpacks the package, runs it and waits for its end; `ended` learns of the end before the directory is removed.
///
/// It needs a thread of its own: Linux sends a process its parent-death signal when the *thread* that started it ends.
pub fn live(launch: &Launch, leash: &Leash, output: PipeWriter, ended: impl FnOnce(&End)) -> End {
    let end = match start(launch, leash, output) {
        Ok(child) => wait(child, leash),
        Err(why) => End::NeverRan(why),
    };
    leash.kill();
    ended(&end);
    // A directory that cannot be removed now goes with the platform's own.
    let _ = fs::remove_dir_all(&launch.directory);
    end
}

fn start(launch: &Launch, leash: &Leash, output: PipeWriter) -> Result<Child, String> {
    archive::unpack(&launch.package, &launch.task())
        .map_err(|error| format!("unpacking {}: {error}", launch.package.display()))?;
    fs::create_dir(launch.scratch())
        .map_err(|error| format!("making {}: {error}", launch.scratch().display()))?;
    if leash.is_over() {
        return Err("it was replaced before it ran".into());
    }
    let bootstrap = launch.task().join(archive::BOOTSTRAP);
    let child = spawn(launch, &bootstrap, output)
        .map_err(|error| format!("starting {}: {error}", bootstrap.display()))?;
    leash.attach(child.id());
    Ok(child)
}

fn spawn(launch: &Launch, bootstrap: &Path, output: PipeWriter) -> io::Result<Child> {
    let parent = std::process::id();
    let mut command = Command::new(bootstrap);
    command
        .current_dir(launch.task())
        .env_clear()
        .envs(
            ["PATH", "LANG"]
                .into_iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(launch.variables.iter().map(|(name, value)| (name, value)))
        .env("LAMBDA_TASK_ROOT", launch.task())
        .env("TMPDIR", launch.scratch())
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0);
    // SAFETY: between fork and exec only async-signal-safe calls are made: prctl and getppid.
    unsafe { command.pre_exec(move || die_with(parent)) };
    for _ in 1..START_TRIES {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(START_PAUSE);
            }
            started => return started,
        }
    }
    command.spawn()
}

/// Has the calling process killed when the thread that started it ends, also if it has ended already.
fn die_with(parent: u32) -> io::Result<()> {
    // SAFETY: both calls take and return plain integers.
    let (set, now) = unsafe {
        (
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL),
            libc::getppid(),
        )
    };
    match (set, now as u32 == parent) {
        (0, true) => Ok(()),
        (0, false) => Err(io::ErrorKind::NotFound.into()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits for the end of the process, kills what it leaves behind in its group, and reaps it.
fn wait(mut child: Child, leash: &Leash) -> End {
    // The process stays a zombie until the group is killed: its id cannot have been given to another by then.
    // SAFETY: `info` is a valid place for the answer, which is not read; a siginfo_t of zeros is valid.
    unsafe {
        let mut info = std::mem::zeroed();
        while libc::waitid(
            libc::P_PID,
            child.id(),
            &raw mut info,
            libc::WEXITED | libc::WNOWAIT,
        ) < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
    leash.kill();
    match child.wait() {
        Ok(status) => End::Exited(status.to_string()),
        Err(error) => End::NeverRan(format!("waiting for the process: {error}")),
    }
}

fn kill_group(leader: u32) {
    // SAFETY: takes plain integers. That the group is gone already is no error.
    unsafe { libc::kill(-(leader as libc::pid_t), libc::SIGKILL) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::hosted::archive::tests::zipped;

    fn lived(directory: &Path, name: &str, content: &[u8]) -> (End, String) {
        let launch = Launch {
            package: zipped(directory, name, content),
            directory: directory.join("environment"),
            variables: Vec::new(),
        };
        let (mut reader, writer) = io::pipe().unwrap();
        let end = live(&launch, &Leash::default(), writer, |_| {});
        assert!(!launch.directory.exists());
        let mut output = String::new();
        io::Read::read_to_string(&mut reader, &mut output).unwrap();
        (end, output)
    }

    #[test]
    fn a_program_sees_only_what_it_is_given_and_its_output_and_status_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let (end, output) = lived(
            directory.path(),
            "bootstrap",
            b"#!/bin/sh\nenv; pwd; exit 3\n",
        );
        assert!(end.to_string().contains("exit status: 3"), "{end}");
        assert!(
            output.contains("LAMBDA_TASK_ROOT=") && !output.contains("CARGO"),
            "{output}"
        );
    }

    #[test]
    fn a_package_without_a_bootstrap_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let (end, _) = lived(directory.path(), "other", b"x");
        assert!(end.to_string().contains("bootstrap: No such file"), "{end}");
    }

    #[test]
    fn what_was_killed_before_its_start_never_runs() {
        let directory = tempfile::tempdir().unwrap();
        let package = zipped(directory.path(), "bootstrap", b"#!/bin/sh\nsleep 60\n");
        let launch = Launch {
            package,
            directory: directory.path().join("environment"),
            variables: Vec::new(),
        };
        let leash = Leash::default();
        leash.kill();
        let end = live(&launch, &leash, io::pipe().unwrap().1, |_| {});
        assert!(matches!(end, End::NeverRan(_)), "{end:?}");
    }
}
