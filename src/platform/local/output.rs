//! The last of what a function wrote to its standard output and error.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;

/// Bytes and lines kept.
const BYTES: usize = 8 * 1024;
const LINES: usize = 20;
/// Longest wait for the end of the output of a process that has ended.
const END_WITHIN: Duration = Duration::from_millis(200);

/// Collects a pipe's bytes in the background and keeps the last of them.
#[derive(Debug)]
pub struct Output {
    tail: Arc<Mutex<Vec<u8>>>,
    /// Closed when the pipe has ended.
    open: watch::Receiver<()>,
}

impl Output {
    /// Reads the pipe until its last writer has gone.
    pub fn collect(pipe: PipeReader) -> io::Result<Self> {
        let mut pipe = Receiver::from_owned_fd(OwnedFd::from(pipe))?;
        let tail = Arc::new(Mutex::new(Vec::new()));
        let (closing, open) = watch::channel(());
        let kept = Arc::clone(&tail);
        tokio::spawn(async move {
            let _closing = closing;
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut piece).await {
                append(
                    &mut kept
                        .lock()
                        .expect("nothing panics while it holds this lock"),
                    &piece[..read],
                );
            }
        });
        Ok(Self { tail, open })
    }

    /// The last lines, complete once the process has ended.
    pub async fn last_lines(&self) -> Vec<String> {
        let mut open = self.open.clone();
        // A grandchild that left the process group may keep the pipe open: what has come must do.
        let _ = tokio::time::timeout(END_WITHIN, open.changed()).await;
        lines(
            &self
                .tail
                .lock()
                .expect("nothing panics while it holds this lock"),
        )
    }
}

fn append(tail: &mut Vec<u8>, piece: &[u8]) {
    tail.extend_from_slice(piece);
    tail.drain(..tail.len().saturating_sub(BYTES));
}

fn lines(tail: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(tail);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn only_the_last_lines_are_kept_however_much_is_written() {
        let (reader, mut writer) = io::pipe().unwrap();
        let output = Output::collect(reader).unwrap();
        let writing = std::thread::spawn(move || {
            for line in 0..100_000 {
                writeln!(writer, "line {line}").unwrap();
            }
        });
        let end = tokio::time::Instant::now() + Duration::from_secs(60);
        let mut lines = output.last_lines().await;
        // On a busy machine more may be on its way when the writer has ended.
        while !writing.is_finished() || lines.last().is_none_or(|line| line != "line 99999") {
            assert!(tokio::time::Instant::now() < end, "{lines:?}");
            lines = output.last_lines().await;
        }
        assert_eq!(lines.len(), LINES);
        assert!(output.tail.lock().unwrap().len() <= BYTES);
    }
}
