//! Dockerfiles, read with a place for everything and never refused at the first error.
//!
//! [`read()`] returns a [`Dockerfile`]: its [`Instruction`]s with flags, arguments and heredocs, its [`Stage`]s, and
//! [`Problem`]s. Each part has a [`Span`], its bytes in the text; [`Dockerfile::line_column`] returns its line.
//! [`decode()`] makes a text of a file's bytes.
//!
//! [`Dockerfile::variables`] resolves ARG and ENV in each stage for given build arguments; then
//! [`Variables::expand`] expands a word of an instruction and reports the variables that are not declared there.
//! [`Instruction::script`] reads the shell text of RUN, CMD and ENTRYPOINT as [`Command`]s.
//!
//! The rules are those of BuildKit 0.26 (`frontend/dockerfile`). Where BuildKit stops with an error, this crate reports
//! a problem and goes on. Time and memory are linear in the text, and nesting is limited.
#![warn(missing_docs)]

mod decode;
mod directive;
mod dockerfile;
mod expand;
mod heredoc;
mod instruction;
mod joined;
mod json;
mod keyword;
mod limits;
mod lines;
mod pattern;
mod problem;
mod read;
mod shell;
mod shell_error;
mod span;
mod split;
mod stage;
mod variables;
mod word;

#[cfg(test)]
mod comparison_tests;
#[cfg(test)]
mod expand_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod shell_tests;
#[cfg(test)]
mod stage_tests;

pub use decode::{DecodeError, decode};
pub use directive::Directive;
pub use dockerfile::Dockerfile;
pub use expand::{ExpandError, Lookup};
pub use heredoc::Heredoc;
pub use instruction::{Arguments, Flag, Instruction, Pair};
pub use keyword::Keyword;
pub use limits::{MOST_ANCESTORS, MOST_LEVELS};
pub use problem::{Problem, ProblemKind};
pub use read::read;
pub use shell::{
    Body, Command, Connector, Group, GroupKind, Redirect, Script, ShellAssignment, ShellVariable, ShellWord, WordPart,
};
pub use shell_error::ShellError;
pub use span::{LineColumn, Span};
pub use stage::{Reference, Stage, Target};
pub use variables::{Base, Expansion, PLATFORM_ARGUMENTS, VariablePlace, Variables};
pub use word::Word;
