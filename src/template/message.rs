//! Templates of commit messages, whose values print as they are.

use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior};

use super::TemplateFault;

/// Bounds the instructions of one rendering.
const FUEL: u64 = 1_000_000;

/// The name of a message's template in errors.
pub(crate) const MESSAGE: &str = "message";

/// Renders the template of a commit message.
pub(super) fn render(text: &str, context: &Value) -> Result<String, Vec<TemplateFault>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    let rendered = environment.render_named_str(MESSAGE, text, context);
    rendered.map_err(|error| vec![TemplateFault::from_error(&error, MESSAGE)])
}
