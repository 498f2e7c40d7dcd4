//! Programs that are read from with a time limit.
//!
//! A pipe cannot be read with a time limit, and killing the program does not always close it: a
//! grandchild (a proxy command, say) may hold it open. So threads read, and a channel, which has
//! a time limit, hands over what they read.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::group::{Group, ask_to_stop, end_with_kmodgen};
use super::log_start;

/// Bytes at the end of a program's stderr that are kept.
const TAIL: usize = 4096;

/// A running program. It is killed when this is dropped, with its process group if it has its own.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    complaints: Arc<Mutex<Vec<u8>>>,
    /// Closes when the program's standard error does.
    complaining: Receiver<()>,
}

impl Running {
    /// Starts a program with pipes to its input, output and standard error.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        end_with_kmodgen(command);
        log_start(command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (sender, output) = sync_channel(16);
        pump(child.stdout.take(), move |bytes| sender.send(bytes.to_vec()).is_ok());
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&complaints);
        let (open, complaining) = sync_channel(0);
        pump(child.stderr.take(), move |bytes| {
            let _ = &open;
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(bytes);
            let surplus = kept.len().saturating_sub(TAIL);
            kept.drain(..surplus);
            true
        });
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, output, complaints, complaining })
    }

    /// Reads all output and waits for the end, within `limit`. Of what the program wrote to its
    /// standard error, the end is kept.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] if it does not end.
    pub fn output(&mut self, limit: Duration) -> io::Result<Output> {
        let end = now() + limit;
        let mut stdout = Vec::new();
        loop {
            match receive(&self.output, end.saturating_duration_since(now()))? {
                chunk if chunk.is_empty() => break,
                chunk => stdout.extend_from_slice(&chunk),
            }
        }
        let status = self.wait(end.saturating_duration_since(now())).ok_or(io::ErrorKind::TimedOut)?;
        Ok(Output { status, stdout, stderr: self.complaints().into_bytes() })
    }

    /// Writes to the program.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(bytes).and_then(|()| stdin.flush())
    }

    /// Ends the program's input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for the program's end.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        const STEP: Duration = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        loop {
            match self.child.try_wait() {
                Ok(None) if waited < limit => thread::sleep(STEP),
                Ok(status) => return status,
                Err(_) => return None,
            }
            waited += STEP;
        }
    }

    /// The end of what the program wrote to its standard error; call it once the program ended.
    pub fn complaints(&self) -> String {
        // An ended program has written everything; a grandchild that holds the pipe is not waited for.
        let _ = self.complaining.recv_timeout(Duration::from_millis(200));
        String::from_utf8_lossy(&self.complaints.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stdin = None;
        // A program that ended on its own is left in peace; errors mean that it is gone.
        if self.wait(Duration::from_millis(20)).is_some() {
            return;
        }
        match Group::of(&self.child) {
            Some(group) => group.kill(),
            // In kmodgen's own group, it ends what it started.
            None => {
                ask_to_stop(&self.child);
                self.wait(Duration::from_millis(500));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe in a thread until its end, or until `take` wants no more.
fn pump(pipe: Option<impl Read + Send + 'static>, mut take: impl FnMut(&[u8]) -> bool + Send + 'static) {
    let Some(mut pipe) = pipe else { return };
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            if !take(&buffer[..count]) {
                break;
            }
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "a time limit takes a clock")]
fn now() -> Instant {
    Instant::now()
}

fn receive(channel: &Receiver<Vec<u8>>, limit: Duration) -> io::Result<Vec<u8>> {
    match channel.recv_timeout(limit) {
        Ok(chunk) => Ok(chunk),
        Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
        Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
    }
}
