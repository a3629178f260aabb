//! Ways of the user's to force a cold start: a command, or a request to another URL.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::FromRawFd;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Sender;
use super::headers::Secrets;
use crate::platform::Endpoint;

/// A command, or the answer to a request, may take this long.
pub const DEADLINE: Duration = Duration::from_secs(240);
/// Bytes of a command's last output that are looked at for what must not be shown.
const READ: u64 = 16 << 10;
/// Characters of it that an error shows.
const SHOWN: usize = 400;

/// Runs the command by the shell and waits for its end. Given up or late, it is killed with all it started.
///
/// The error shows the end of its output without the secrets, which it can have from the environment. The output goes to a file in memory, not to a pipe: a service that it leaves in the background can go on writing.
pub async fn run(command: &str, deadline: Duration, secrets: &Secrets) -> Result<(), String> {
    let told = |error: io::Error| format!("sh -c: {error}");
    let mut output = memory_file().map_err(told)?;
    let writer = || output.try_clone().map(Stdio::from).map_err(told);
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(writer()?)
        .stderr(writer()?)
        .process_group(0)
        .spawn()
        .map_err(told)?;
    let mut group = Group(child.id());
    let ended = timeout(deadline, child.wait()).await;
    let Ok(status) = ended else {
        drop(group);
        return Err(format!(
            "the command was not done after {} s and was killed; its last output: {}",
            deadline.as_secs_f64(),
            last(&mut output, secrets)
        ));
    };
    group.0 = None;
    let status = status.map_err(told)?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "the command ended with {status}; its last output: {}",
        last(&mut output, secrets)
    ))
}

/// Posts an empty object; every 2xx means that it is done.
pub async fn post(url: &str, send: &Sender, secrets: &Secrets) -> Result<(), String> {
    let endpoint = Endpoint {
        method: "POST".into(),
        url: url.into(),
        connect_to: None,
        headers: Vec::new(),
    };
    let reply = timeout(DEADLINE, send(endpoint))
        .await
        .map_err(|_| format!("no answer after {} s", DEADLINE.as_secs()))??;
    match reply.status {
        200..=299 => Ok(()),
        status => Err(format!(
            "HTTP {status}: {}",
            super::reply::told(&reply.body, secrets)
        )),
    }
}

/// The command's processes, killed together unless they have ended.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // SAFETY: kill takes any number; the group is that of our child, which has not been waited for.
            unsafe { libc::kill(-id.cast_signed(), libc::SIGKILL) };
        }
    }
}

fn memory_file() -> io::Result<File> {
    // SAFETY: the name is a C string; the descriptor is checked and ours alone.
    unsafe {
        let descriptor = libc::memfd_create(c"output".as_ptr(), libc::MFD_CLOEXEC);
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(File::from_raw_fd(descriptor))
    }
}

fn last(output: &mut File, secrets: &Secrets) -> String {
    let length = output.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let read = output
        .seek(SeekFrom::Start(length.saturating_sub(READ)))
        .and_then(|_| output.take(READ).read_to_end(&mut bytes));
    match read {
        Ok(0) => "none".into(),
        Ok(_) => {
            let text = secrets.hide(&String::from_utf8_lossy(&bytes));
            let text = text.replace(char::is_control, " ");
            let text = text.trim();
            let surplus = text.chars().count().saturating_sub(SHOWN);
            text.chars().skip(surplus).collect()
        }
        Err(error) => format!("unreadable ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn is_alive(id: &str) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // A process that was killed may still wait for its parent to learn of it.
        !state.is_empty() && !state.contains(") Z ")
    }

    #[tokio::test]
    async fn a_command_that_is_too_slow_is_killed_with_all_it_started_and_its_words_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("id");
        let command = format!(
            "echo waiting for the pod; sleep 60 & echo $! > {}; wait",
            file.display()
        );
        let mut error = String::new();
        // A busy machine may be slow to begin: then it has longer.
        for deadline in [1, 8, 40] {
            let deadline = Duration::from_secs(deadline);
            error = run(&command, deadline, &Secrets::default())
                .await
                .unwrap_err();
            assert!(error.contains("killed"), "{error}");
            if std::fs::read_to_string(&file).is_ok_and(|id| id.ends_with('\n')) {
                break;
            }
        }
        assert!(error.contains("waiting for the pod"), "{error}");
        let id = std::fs::read_to_string(&file).unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while is_alive(id.trim()) && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!is_alive(id.trim()), "what it started lives on");
    }

    #[tokio::test]
    async fn a_failing_command_says_its_last_words_without_the_secrets_in_them() {
        let secrets = Secrets::read("Authorization=T", |_| Some("Bearer s3cret-token".into()));
        let command = "echo begun; for i in $(seq 500); do printf s3cret-token; done; echo no such service >&2; exit 3";
        let error = run(command, DEADLINE, &secrets.unwrap()).await.unwrap_err();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.ends_with("no such service"), "{error}");
        assert!(
            !error.contains("cret") && !error.contains("begun"),
            "{error}"
        );
    }
}
