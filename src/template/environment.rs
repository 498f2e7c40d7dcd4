//! The template engine, set up so that a mistake is an error and never an odd Dockerfile.

use std::sync::Arc;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::fault::TemplateFault;
use super::inheritance::Inheritance;
use super::loader::Loader;
use super::syntax::syntax;
use super::{built_in, quote};
use crate::vocabulary::{InputFiles, RelPath};

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
        let loader = Arc::new(Loader::new(version, files));
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
