//! Problems of a Dockerfile.

use thiserror::Error;

use crate::limits::MOST_ANCESTORS;
use crate::shell_error::ShellError;
use crate::span::Span;

/// A mistake, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Kind of the mistake.
    pub kind: ProblemKind,
    /// The part of the text that is wrong.
    pub span: Span,
}

/// Kinds of mistakes.
///
/// BuildKit's parser or its conversion to build steps stops at each of them, except for those that
/// [`ProblemKind::stops_build`] excludes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProblemKind {
    /// A parser directive that is given twice.
    #[error("only one `{0}` parser directive is allowed")]
    DuplicateDirective(String),
    /// An `escape` directive with another value than a backslash or a backtick.
    #[error("invalid escape character `{0}`: write ` or \\")]
    InvalidEscape(String),
    /// An empty line in an instruction that continues after it.
    #[error("empty line in a continued instruction")]
    EmptyContinuation,
    /// A continuation with nothing before and nothing after it.
    #[error("continuation without an instruction")]
    EmptyInstruction,
    /// A name that is no instruction.
    #[error("unknown instruction `{0}`")]
    UnknownInstruction(String),
    /// An instruction other than ARG before the first FROM.
    #[error("no build stage before this instruction: write FROM first")]
    BeforeFrom,
    /// No FROM in the whole text.
    #[error("no FROM instruction")]
    NoStages,
    /// An instruction without the arguments that it needs.
    #[error("`{0}` requires arguments")]
    MissingArguments(&'static str),
    /// A FROM with another form than `IMAGE` or `IMAGE AS NAME`.
    #[error("FROM requires one argument, or three: FROM IMAGE AS NAME")]
    FromForm,
    /// A name of a stage with other characters than BuildKit accepts.
    #[error("invalid stage name `{0}`: it must start with a letter and have letters, digits, `-`, `_` and `.` only")]
    InvalidStageName(String),
    /// A stage built from a stage built from a stage, and so on, more than [`MOST_ANCESTORS`] times.
    #[error("stage is built from more than {MOST_ANCESTORS} stages, one from the other")]
    TooManyAncestors,
    /// A flag that the instruction does not have.
    #[error("unknown flag `--{0}`")]
    UnknownFlag(String),
    /// A flag without its value.
    #[error("flag `--{0}` requires a value")]
    MissingFlagValue(String),
    /// A word that should be `NAME=VALUE`.
    #[error("expected NAME=VALUE, found `{0}`")]
    NotAPair(String),
    /// A pair without a name.
    #[error("name is empty in NAME=VALUE")]
    EmptyName,
    /// A JSON array with items that are no strings.
    #[error("JSON array has items that are not strings")]
    NotStrings,
    /// SHELL without a JSON array of strings.
    #[error("SHELL requires a JSON array of strings")]
    ShellForm,
    /// HEALTHCHECK with another type than `CMD` or `NONE`.
    #[error("expected CMD or NONE, found `{0}`")]
    HealthForm(String),
    /// ONBUILD with an instruction that it does not accept: ONBUILD, FROM or MAINTAINER.
    #[error("`{0}` is not allowed in ONBUILD")]
    Onbuild(String),
    /// A heredoc whose end is missing.
    #[error("heredoc `{0}` has no end")]
    UnterminatedHeredoc(String),
    /// A variable in `--from`, which BuildKit does not expand.
    #[error("variables are not expanded in `--from`: add a stage with FROM")]
    VariableInFrom,
    /// A number in `--from` that is no stage's.
    #[error("no stage has the number {0}")]
    NoSuchStage(usize),
    /// Shell text that could not be read further.
    #[error(transparent)]
    Shell(#[from] ShellError),
}

impl ProblemKind {
    /// Checks whether a build stops because of this mistake.
    ///
    /// BuildKit warns of empty continuation lines, and leaves it to the shell to read shell text.
    #[must_use]
    pub fn stops_build(&self) -> bool {
        !matches!(self, Self::EmptyContinuation | Self::Shell(_) | Self::TooManyAncestors)
    }
}
