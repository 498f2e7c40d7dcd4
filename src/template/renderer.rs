//! Rendering of templates that users wrote.

use std::sync::Arc;

use minijinja::value::Value;

use super::{STACK, TemplateFault, Templates, message};
use crate::vocabulary::{InputFiles, RelPath};

/// A template that a user wrote.
#[derive(Debug, Clone, Copy)]
pub enum UserTemplate<'t> {
    /// The template of a Dockerfile, a file in the manifest's folder.
    Dockerfile(&'t RelPath),
    /// The text of a template of commit messages.
    Message(&'t str),
}

/// Renders the templates of one manifest, one after another.
pub trait Renderer {
    /// Renders a template.
    ///
    /// # Errors
    /// All that is wrong with the template, or the limit that it exceeds.
    fn render(&mut self, template: UserTemplate<'_>, context: &Value) -> Result<String, Vec<TemplateFault>>;
}

/// Starts renderers, one for each thread.
pub trait Renderers: Send + Sync {
    /// Starts a renderer with the built-in templates of `version` and the files of a manifest's folder.
    fn start(&self, version: u32, files: Arc<dyn InputFiles>) -> Box<dyn Renderer>;
}

/// Renders in this process, without a limit on memory: for templates that are trusted.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl Renderers for InProcess {
    fn start(&self, version: u32, files: Arc<dyn InputFiles>) -> Box<dyn Renderer> {
        Box::new(Deep(Templates::new(version, files)))
    }
}

/// Renders on threads with the stack that the deepest template needs.
struct Deep(Templates);

impl Renderer for Deep {
    fn render(&mut self, template: UserTemplate<'_>, context: &Value) -> Result<String, Vec<TemplateFault>> {
        let thread = std::thread::Builder::new().stack_size(STACK);
        std::thread::scope(|scope| match thread.spawn_scoped(scope, || self.0.render(template, context)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => Err(vec![TemplateFault::over_limit("", format!("cannot start a thread: {error}"), "")]),
        })
    }
}

impl Renderer for Templates {
    fn render(&mut self, template: UserTemplate<'_>, context: &Value) -> Result<String, Vec<TemplateFault>> {
        match template {
            UserTemplate::Dockerfile(path) => self.file(path, context),
            UserTemplate::Message(text) => message::render(text, context),
        }
    }
}
