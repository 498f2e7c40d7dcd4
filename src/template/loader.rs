//! Finds templates by name, for the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::ErrorKind;

use super::{built_in, code};
use crate::vocabulary::{InputError, InputFiles, RelPath};

/// Texts of templates: the built-in ones, and those in the manifest's folder.
pub(super) struct Loader {
    version: u32,
    files: Arc<dyn InputFiles>,
    /// The files that were read.
    texts: Mutex<BTreeMap<String, String>>,
    /// The names of templates that the engine asked for.
    loaded: Mutex<BTreeSet<String>>,
}

impl Loader {
    /// Finds built-in templates of a `version`, and others in `files`.
    pub(super) fn new(version: u32, files: Arc<dyn InputFiles>) -> Self {
        Self { version, files, texts: Mutex::default(), loaded: Mutex::default() }
    }

    /// Returns the text of a template, and notes that the engine has it.
    pub(super) fn load(&self, name: &str) -> Result<Option<String>, minijinja::Error> {
        let text = self.text(name)?;
        locked(&self.loaded).insert(name.to_owned());
        Ok(text)
    }

    /// The names of templates that the engine has loaded.
    pub(super) fn loaded(&self) -> BTreeSet<String> {
        locked(&self.loaded).clone()
    }

    /// Forgets which templates the engine has loaded.
    pub(super) fn forget(&self) {
        locked(&self.loaded).clear();
    }

    /// The text of a template.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, minijinja::Error> {
        if let Some(own) = name.strip_prefix(built_in::PREFIX) {
            return match built_in::text(self.version, own) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(unusable(format!(
                    "there is no built-in template `{}`; the built-in templates are {}",
                    name.escape_debug(),
                    built_in::BUILT_IN.map(|name| format!("`{}{name}`", built_in::PREFIX)).join(", ")
                ))),
            };
        }
        let mut texts = locked(&self.texts);
        if let Some(text) = texts.get(name) {
            return Ok(Some(text.clone()));
        }
        let path = RelPath::parse(name).map_err(|invalid| unusable(invalid.message))?;
        let bytes = self.files.read(&path).map_err(|why| {
            let kind =
                if why == InputError::Absent { ErrorKind::TemplateNotFound } else { ErrorKind::InvalidOperation };
            minijinja::Error::new(kind, format!("cannot read template `{path}`: {why}"))
        })?;
        // A checkout with CRLF line ends must not give another Dockerfile.
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| unusable(format!("template `{path}` is not UTF-8 text")))?
            .replace("\r\n", "\n");
        let length = code::length(&text);
        if length > code::MOST {
            let most = code::MOST;
            return Err(unusable(format!(
                "template `{path}` has {length} bytes of code in its tags; at most {most} are allowed"
            )));
        }
        texts.insert(name.to_owned(), text.clone());
        Ok(Some(text))
    }
}

/// Error of a template that cannot be used. It is not `TemplateNotFound`, whose reason the engine forgets when
/// another template asked for it.
fn unusable(why: String) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, why)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
