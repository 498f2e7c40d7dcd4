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
mod sources_tests;

pub use built_in::{BUILT_IN, NEWEST, built_in_block, built_in_blocks, built_in_names, built_in_text};
#[cfg(test)]
pub(crate) use built_in::{PARTS, text};
pub use code::STACK;
pub use environment::Templates;
pub use fault::TemplateFault;
pub(crate) use message::MESSAGE;
pub use quote::{is_inert, shell_word};
pub use renderer::{InProcess, Renderer, Renderers, UserTemplate};
pub use value::WireValue;
