//! Ways of the user's to force a cold start: a command, or a request to another URL.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::FromRawFd;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Sender;
use crate::platform::Endpoint;

/// A command, or the answer to a request, may take this long.
const DEADLINE: Duration = Duration::from_secs(240);
/// Bytes of a command's last output that an error shows.
const SHOWN: u64 = 400;

/// Runs the command by the shell and waits for its end. Given up or late, it is killed with all it started.
///
/// Its output goes to a file in memory, not to a pipe: a service that it leaves in the background can go on writing.
pub async fn run(command: &str) -> Result<(), String> {
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
    let ended = timeout(DEADLINE, child.wait()).await;
    let Ok(status) = ended else {
        drop(group);
        return Err(format!(
            "the command was not done after {} s and was killed; its last output: {}",
            DEADLINE.as_secs(),
            last(&mut output)
        ));
    };
    group.0 = None;
    let status = status.map_err(told)?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "the command ended with {status}; its last output: {}",
        last(&mut output)
    ))
}

/// Posts an empty object; every 2xx means that it is done.
pub async fn post(url: &str, send: &Sender) -> Result<(), String> {
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
            super::reply::told(&reply.body)
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

fn last(output: &mut File) -> String {
    let length = output.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let read = output
        .seek(SeekFrom::Start(length.saturating_sub(SHOWN)))
        .and_then(|_| output.take(SHOWN).read_to_end(&mut bytes));
    match read {
        Ok(0) => "none".into(),
        Ok(_) => String::from_utf8_lossy(&bytes)
            .replace(char::is_control, " ")
            .trim()
            .to_owned(),
        Err(error) => format!("unreadable ({error})"),
    }
}
