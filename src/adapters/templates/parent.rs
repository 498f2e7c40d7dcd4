//! The side of kmodgen: it starts renderers, gives them files, and explains how they ended.

use std::io::{self, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;

use minijinja::Value;
use rustix::process::Signal;

use super::Limits;
use super::frame::{FileReply, Reply, Request, Start, receive, send, send_bytes};
use crate::adapters::fs::describe;
use crate::template::{MESSAGE, Renderer, Renderers, STACK, TemplateFault, UserTemplate, WireValue};
use crate::vocabulary::{InputError, InputFiles, RelPath};
use kmodgen_process as process;

/// The hidden command that [`serve`](super::serve)s.
const COMMAND: &str = "render-templates";

/// The most files that one template may read, absent ones included.
const MOST_FILES: usize = 1000;

/// Starts a process for each renderer that has a template to render.
#[derive(Debug, Clone, Copy)]
pub struct ChildRenderers {
    limits: Limits,
}

impl ChildRenderers {
    /// Prepares renderers with limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl Renderers for ChildRenderers {
    fn start(&self, version: u32, files: Arc<dyn InputFiles>) -> Box<dyn Renderer> {
        Box::new(ChildRenderer { start: Start { version, limits: self.limits }, files, process: None })
    }
}

struct ChildRenderer {
    start: Start,
    files: Arc<dyn InputFiles>,
    /// Started for the first template, and again after one that ended it.
    process: Option<Process>,
}

impl Renderer for ChildRenderer {
    fn render(&mut self, template: UserTemplate<'_>, context: &Value) -> Result<String, Vec<TemplateFault>> {
        let name = match template {
            UserTemplate::Dockerfile(path) => path.as_str(),
            UserTemplate::Message(_) => MESSAGE,
        };
        let context = WireValue::of(context)
            .map_err(|error| vec![TemplateFault::over_limit(name, error.to_string(), RENDERER)])?;
        let request = match template {
            UserTemplate::Dockerfile(path) => Request::Dockerfile(path.to_string(), context),
            UserTemplate::Message(text) => Request::Message(text.to_owned(), context),
        };
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.start).map_err(|error| {
                let message = format!("cannot start a renderer: {}", describe(&error));
                vec![TemplateFault::over_limit(name, message, RENDERER)]
            })?,
        };
        match process.render(&request, &*self.files) {
            Ok(result) => {
                self.process = Some(process);
                result
            }
            Err(error) => Err(vec![process.end(name, self.start.limits, &error)]),
        }
    }
}

const RENDERER: &str = "templates are rendered by a process of their own, so that limits on its resources hold";

struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn start(start: &Start) -> io::Result<Self> {
        let mut command = process::plain_command("/proc/self/exe", &process::Variables::default());
        command.arg0(env!("CARGO_PKG_NAME")).arg(COMMAND);
        // Ctrl-C is for the parent, which ends the renderer when it ends.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let mut process = Self { child, stdin, stdout: BufReader::new(stdout) };
        send(&mut process.stdin, start)?;
        Ok(process)
    }

    /// Has a template rendered.
    ///
    /// # Errors
    /// A renderer that ended, or does not keep to the protocol.
    fn render(&mut self, request: &Request, files: &dyn InputFiles) -> io::Result<Result<String, Vec<TemplateFault>>> {
        send(&mut self.stdin, request)?;
        let mut read = 0;
        loop {
            match receive(&mut self.stdout)?.ok_or(io::ErrorKind::UnexpectedEof)? {
                Reply::Done(result) => return Ok(result),
                Reply::Read(path) => {
                    read += 1;
                    let file = match RelPath::parse(&path) {
                        Ok(_) if read > MOST_FILES => {
                            Err(format!("a template reads at most {MOST_FILES} files").into())
                        }
                        Ok(path) => files.read(&path),
                        Err(invalid) => Err(invalid.message.into()),
                    };
                    match file {
                        Ok(bytes) => {
                            send(&mut self.stdin, &FileReply::Bytes)?;
                            send_bytes(&mut self.stdin, &bytes)?;
                        }
                        Err(InputError::Absent) => send(&mut self.stdin, &FileReply::Absent)?,
                        Err(InputError::Unreadable(why)) => send(&mut self.stdin, &FileReply::Unreadable(why))?,
                    }
                }
            }
        }
    }

    /// Explains why a renderer ended.
    fn end(mut self, name: &str, limits: Limits, error: &io::Error) -> TemplateFault {
        let Limits { cpu_seconds, memory_mb } = limits;
        // One that runs on did not keep to the protocol.
        let running = !matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe);
        if running {
            let _ = self.child.kill();
        }
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(1 << 16).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        let signal = self.child.wait().ok().and_then(|status| status.signal()).filter(|_| !running);
        let signal = signal.and_then(Signal::from_named_raw);
        let (message, help) = if signal == Some(Signal::XCPU) {
            (
                format!("the template used more than {cpu_seconds} s of CPU time"),
                format!(
                    "check for loops over too many items; if this is intended, raise the limit with {}={}",
                    Limits::CPU,
                    cpu_seconds * 10
                ),
            )
        } else if signal == Some(Signal::SEGV) || said.contains("stack overflow") {
            (
                format!("the template used more than {} MB of stack", STACK >> 20),
                "check for values, calls or tags with endless nesting".to_owned(),
            )
        } else if said.contains("memory allocation of") {
            (
                format!("the template used more than {memory_mb} MB of memory"),
                format!(
                    "check for lists and strings that grow endlessly; if this is intended, raise the limit with {}={}",
                    Limits::MEMORY,
                    memory_mb * 4
                ),
            )
        } else if signal == Some(Signal::KILL) {
            (
                "the renderer of the template was killed".to_owned(),
                "the system may be out of memory; try again, or use fewer threads with --jobs".to_owned(),
            )
        } else {
            let first = said.lines().find(|line| !line.trim().is_empty()).map(str::to_owned);
            (
                format!("the renderer of the template failed: {}", first.unwrap_or_else(|| error.to_string())),
                RENDERER.to_owned(),
            )
        };
        TemplateFault::over_limit(name, message, help)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ended already, or waits for a template.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
