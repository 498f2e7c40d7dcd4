//! Templates: kmodgen's own, frozen by version, and the user's.

mod built_in;
mod code;
mod environment;
mod fault;
mod inheritance;
mod loader;
mod message;
mod outline;
mod quote;
mod renderer;
mod syntax;
mod value;

#[cfg(test)]
mod layers_tests;
#[cfg(test)]
mod rules_tests;

#[cfg(test)]
pub(crate) use built_in::PARTS;
#[cfg(test)]
pub(crate) use built_in::text as built_in_text;
pub use built_in::{BUILT_IN, NEWEST};
pub use code::STACK;
pub use environment::Templates;
pub use fault::TemplateFault;
pub(crate) use message::MESSAGE;
pub use quote::{is_inert, shell_word};
pub use renderer::{InProcess, Renderer, Renderers, UserTemplate};
pub use value::WireValue;
