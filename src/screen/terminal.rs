//! The terminal: entered and left exactly once, whatever happens, and never waited for without end.
//!
//! Everything goes through one non-blocking handle of the controlling terminal. Output waits in memory
//! until the terminal takes it, so a terminal that stands still delays pictures and nothing else.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, window_size,
};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use tokio::io::unix::AsyncFd;

/// Whether the screen is ours: the one word on it, also for the panic hook.
static ENTERED: AtomicBool = AtomicBool::new(false);
static TTY: OnceLock<Arc<File>> = OnceLock::new();
static HOOK: Once = Once::new();

/// How often, and how far apart, the last bytes are offered to a terminal that takes none.
const LAST_TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// A terminal that does not know its size.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Bytes on their way to the terminal, shared with ratatui's backend.
#[derive(Debug, Clone, Default)]
struct Pending(Rc<RefCell<Vec<u8>>>);

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The entered screen; dropping it leaves.
#[derive(Debug)]
pub struct Screen {
    tty: AsyncFd<Arc<File>>,
    pending: Pending,
    terminal: Terminal<CrosstermBackend<Pending>>,
}

impl Screen {
    /// Takes the terminal over: raw mode, alternate screen, no cursor. Needs a tokio runtime.
    ///
    /// # Errors
    /// There is no controlling terminal, it refuses, or the screen is in use already.
    pub fn enter() -> io::Result<Self> {
        let tty = tty()?;
        HOOK.call_once(leave_before_panics_speak);
        take_over(&tty)?;
        let pending = Pending::default();
        // SAFETY: the file owns its descriptor, which is never closed nor replaced: TTY keeps it for ever.
        let registered = unsafe { AsyncFd::register(tty) };
        let screen = registered.map_err(io::Error::from).and_then(|tty| {
            Ok(Self {
                tty,
                terminal: empty(&pending)?,
                pending,
            })
        });
        screen.inspect_err(|_| leave())
    }

    /// The room to draw in.
    pub fn area(&mut self) -> Rect {
        self.terminal.get_frame().area()
    }

    /// Forgets what is on the screen and asks for its size anew: the next frame draws everything.
    pub fn start_afresh(&mut self) -> io::Result<()> {
        self.pending.0.borrow_mut().clear();
        queue!(
            self.pending,
            SetAttribute(Attribute::Reset),
            Clear(ClearType::All)
        )?;
        self.terminal = empty(&self.pending)?;
        Ok(())
    }

    /// Draws a frame into memory, to appear at once when it is written.
    pub fn draw(&mut self, picture: impl FnOnce(&mut Frame)) -> io::Result<()> {
        queue!(self.pending, BeginSynchronizedUpdate)?;
        self.terminal.draw(picture)?;
        queue!(self.pending, EndSynchronizedUpdate)
    }

    /// Something waits to be written.
    pub fn has_pending(&self) -> bool {
        !self.pending.0.borrow().is_empty()
    }

    /// Writes what waits; loses nothing when it is dropped half-way.
    ///
    /// # Errors
    /// The terminal has vanished.
    pub async fn write_pending(&self) -> io::Result<()> {
        while self.has_pending() {
            let mut ready = self.tty.writable().await?;
            let written =
                ready.try_io(|tty| tty.get_ref().as_ref().write(&self.pending.0.borrow()));
            if let Ok(count) = written {
                self.pending.0.borrow_mut().drain(..count?);
            }
        }
        Ok(())
    }

    /// Waits for what is typed.
    ///
    /// # Errors
    /// The terminal has vanished: the end of its input counts as that.
    pub async fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = [0; 1024];
        loop {
            let mut ready = self.tty.readable().await?;
            match ready.try_io(|tty| tty.get_ref().as_ref().read(&mut bytes)) {
                Ok(Ok(0)) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(Ok(count)) => return Ok(bytes[..count].to_vec()),
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(error),
                Err(_would_block) => {}
            }
        }
    }

    /// Leaves the screen, stops the process as Ctrl-Z does, and takes the screen over again when it goes on.
    ///
    /// # Errors
    /// The terminal is no longer there.
    pub fn suspend(&mut self) -> io::Result<()> {
        leave();
        stop_process();
        self.reclaim()
    }

    /// Takes the screen over again after someone else may have changed it.
    ///
    /// # Errors
    /// The terminal is no longer there.
    pub fn reclaim(&mut self) -> io::Result<()> {
        leave();
        take_over(self.tty.get_ref())?;
        self.start_afresh()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Whether the screen is ours; it is not after a panic on any thread.
pub fn is_entered() -> bool {
    ENTERED.load(SeqCst)
}

/// Gives the terminal back, once: ends a half-drawn frame, shows the cursor, leaves the alternate
/// screen, ends raw mode. A terminal that is gone has no use for any of it, so errors are dropped.
pub fn leave() {
    if !ENTERED.swap(false, SeqCst) {
        return;
    }
    if let Some(tty) = TTY.get() {
        let mut bytes = Vec::new();
        let queued = queue!(
            bytes,
            EndSynchronizedUpdate,
            SetAttribute(Attribute::Reset),
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = queued.and_then(|()| write_soon(tty, &bytes));
    }
    let _ = disable_raw_mode();
}

fn take_over(tty: &File) -> io::Result<()> {
    if ENTERED.swap(true, SeqCst) {
        return Err(io::Error::new(
            ErrorKind::ResourceBusy,
            "the screen is in use already",
        ));
    }
    let mut bytes = Vec::new();
    enable_raw_mode()
        .and_then(|()| {
            queue!(
                bytes,
                EnterAlternateScreen,
                EnableBracketedPaste,
                Hide,
                Clear(ClearType::All)
            )
        })
        .and_then(|()| write_soon(tty, &bytes))
        .inspect_err(|_| leave())
}

/// The controlling terminal, opened apart from standard input and output so that only this handle is non-blocking.
fn tty() -> io::Result<Arc<File>> {
    if let Some(tty) = TTY.get() {
        return Ok(tty.clone());
    }
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let tty = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open("/dev/tty")?;
    Ok(TTY.get_or_init(|| Arc::new(tty)).clone())
}

fn empty(pending: &Pending) -> io::Result<Terminal<CrosstermBackend<Pending>>> {
    let (width, height) = match window_size() {
        Ok(size) if size.columns > 0 && size.rows > 0 => (size.columns, size.rows),
        _ => USUAL_SIZE,
    };
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    Terminal::with_options(
        CrosstermBackend::new(pending.clone()),
        TerminalOptions { viewport },
    )
}

/// Writes all of it within half a second.
fn write_soon(mut tty: &File, mut bytes: &[u8]) -> io::Result<()> {
    for _ in 0..LAST_TRIES {
        match tty.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(BETWEEN_TRIES);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if bytes.is_empty() {
            return Ok(());
        }
    }
    Err(ErrorKind::TimedOut.into())
}

/// A panic's message is read on the ordinary screen: leave first, then let it speak.
fn leave_before_panics_speak() {
    let speak = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        leave();
        speak(panic);
    }));
}

/// Does what the terminal's own Ctrl-Z does: SIGTSTP to the whole process group, with the action the
/// system gives it. Returns when the process goes on; at once where no shell could ever continue it.
fn stop_process() {
    // SAFETY: both structs are plain data for which all zeroes are valid (no handler, empty mask); the
    // pointers are to live locals; the handler that was there is put back before anything else runs on
    // this thread, and a SIGTSTP that slips in between merely stops the process, as is meant.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGTSTP, &raw const default, &raw mut before) == 0 {
            libc::kill(0, libc::SIGTSTP);
            libc::sigaction(libc::SIGTSTP, &raw const before, std::ptr::null_mut());
        }
    }
}
