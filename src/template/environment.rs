//! The template engine, set up so that a mistake is an error and never an odd Dockerfile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use super::fault::TemplateFault;
use super::inheritance::Inheritance;
use super::{built_in, code, quote};
use crate::vocabulary::{ABSENT, InputFiles, RelPath};

/// Bounds the time and memory of one rendering: about this many instructions, or 64 bytes of
/// text each. A Dockerfile may be 1 MiB, some 16,000 of them, copied a few times over.
const FUEL: u64 = 1_000_000;

/// Nesting of includes, blocks and macros; a template that includes itself ends here.
const RECURSION: usize = 100;

/// The templates of one manifest. One per thread: sharing an engine makes threads wait.
pub struct Templates {
    environment: Environment<'static>,
    loader: Arc<Loader>,
    inheritance: Inheritance,
}

impl Templates {
    /// Templates of the built-in `version`, and those in the manifest's folder.
    pub fn new(version: u32, files: Arc<dyn InputFiles>) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(syntax());
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        environment.set_debug(true);
        // What a macro or block captured was printed by our rules already and is safe; the
        // engine marks it so only where escaping is on.
        environment.set_auto_escape_callback(|_| AutoEscape::Custom("dockerfile".into()));
        environment.set_formatter(quote::print);
        environment.add_filter("sh", quote::sh);
        environment.add_filter("expand", quote::expand);
        environment.add_filter("paths", quote::paths);
        environment.add_filter("arg", quote::arg);
        // `safe` would let a value through unquoted.
        environment.remove_filter("safe");
        environment.remove_filter("escape");
        environment.remove_filter("e");
        let loader = Arc::new(Loader { version, files, texts: Mutex::default(), loaded: Mutex::default() });
        let own = loader.clone();
        environment.set_loader(move |name| own.load(name));
        Self { environment, loader, inheritance: Inheritance::default() }
    }

    /// Renders one of kmodgen's own templates.
    ///
    /// # Errors
    /// A name that there is no template of, or a fault of kmodgen's.
    pub fn built_in(&self, name: &str, context: &Value) -> Result<String, Vec<TemplateFault>> {
        self.render_named(&format!("{}{name}", built_in::PREFIX), context)
    }

    /// Renders a template in the manifest's folder.
    ///
    /// # Errors
    /// A template that is absent or malformed, asks for a value that is not there, prints one
    /// that is not safe, does not end, or has parts that its parent would not print.
    pub fn file(&mut self, path: &RelPath, context: &Value) -> Result<String, Vec<TemplateFault>> {
        let rendered = self.render_named(path.as_str(), context);
        let (mut faults, computed) = self.inheritance.check(&self.loader);
        if computed {
            // So that the next rendering loads its templates, and is judged by them alone.
            self.environment.clear_templates();
            self.loader.forget();
        }
        match rendered {
            Ok(text) if faults.is_empty() => Ok(text),
            Ok(_) => Err(faults),
            Err(found) => {
                faults.extend(found);
                Err(faults)
            }
        }
    }

    fn render_named(&self, name: &str, context: &Value) -> Result<String, Vec<TemplateFault>> {
        let rendered = self.environment.get_template(name).and_then(|template| template.render(context));
        rendered.map_err(|error| vec![TemplateFault::from_error(&error, name)])
    }
}

/// Finds templates by name, for the engine.
pub(super) struct Loader {
    version: u32,
    files: Arc<dyn InputFiles>,
    /// The files that were read.
    texts: Mutex<BTreeMap<String, String>>,
    /// The names of templates that the engine asked for.
    loaded: Mutex<BTreeSet<String>>,
}

impl Loader {
    fn load(&self, name: &str) -> Result<Option<String>, minijinja::Error> {
        let text = self.text(name)?;
        locked(&self.loaded).insert(name.to_owned());
        Ok(text)
    }

    /// The names of templates that the engine has loaded.
    pub(super) fn loaded(&self) -> BTreeSet<String> {
        locked(&self.loaded).clone()
    }

    /// Forgets which templates the engine has loaded.
    fn forget(&self) {
        locked(&self.loaded).clear();
    }

    /// The text of a template.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, minijinja::Error> {
        // The engine forgets why a template was not found when another one asked for it.
        let refuse = |why: String| minijinja::Error::new(ErrorKind::InvalidOperation, why);
        if let Some(own) = name.strip_prefix(built_in::PREFIX) {
            return match built_in::text(self.version, own) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(refuse(format!(
                    "kmodgen has no template `{}`; it has {}",
                    name.escape_debug(),
                    built_in::BUILT_IN.map(|name| format!("`{}{name}`", built_in::PREFIX)).join(", ")
                ))),
            };
        }
        let mut texts = locked(&self.texts);
        if let Some(text) = texts.get(name) {
            return Ok(Some(text.clone()));
        }
        let path = RelPath::parse(name).map_err(|invalid| refuse(invalid.message))?;
        let bytes = self.files.read(&path).map_err(|why| {
            let kind = if why == ABSENT { ErrorKind::TemplateNotFound } else { ErrorKind::InvalidOperation };
            minijinja::Error::new(kind, format!("cannot read template `{path}`: {why}"))
        })?;
        // A checkout with CRLF line ends must not give another Dockerfile.
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| refuse(format!("template `{path}` is not UTF-8 text")))?
            .replace("\r\n", "\n");
        let length = code::length(&text);
        if length > code::MOST {
            let most = code::MOST;
            return Err(refuse(format!(
                "template `{path}` has {length} bytes of code in its tags, and at most {most} are read"
            )));
        }
        texts.insert(name.to_owned(), text.clone());
        Ok(Some(text))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Block tags leave neither their line's indentation nor its end behind, so that a template
/// reads like the Dockerfile that it makes.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("the default delimiters are well formed")
}
