//! A Dockerfile as it was read.

use crate::directive::Directive;
use crate::instruction::Instruction;
use crate::problem::Problem;
use crate::span::{LineColumn, LineIndex, Span};
use crate::stage::{self, Names, Reference, Stage, Target};

/// A Dockerfile: its instructions in order, its stages, and what is wrong with it.
#[derive(Debug)]
pub struct Dockerfile<'t> {
    /// The whole text.
    pub text: &'t str,
    /// Character that continues lines and escapes others: a backslash, or a backtick after `# escape=`.
    pub escape: char,
    /// Parser directives.
    pub directives: Vec<Directive<'t>>,
    /// Comment lines, those within continued instructions too, from `#` to the end of the line.
    pub comments: Vec<Span>,
    /// Instructions, in their order.
    pub instructions: Vec<Instruction<'t>>,
    /// Build stages, each of which starts with a FROM.
    pub stages: Vec<Stage<'t>>,
    /// Mistakes in order of their places, except those in shell text, which [`Instruction::script`] returns.
    pub problems: Vec<Problem>,
    /// For each instruction the number of its stage.
    pub(crate) stage_of: Vec<Option<usize>>,
    pub(crate) names: Names,
    pub(crate) lines: LineIndex,
}

impl<'t> Dockerfile<'t> {
    /// Returns the line and column of a byte of the text, in logarithmic time unless the line has non-ASCII characters
    /// before the byte.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> LineColumn {
        self.lines.find(self.text, offset)
    }

    /// Returns the number of the stage of an instruction, given by its number; `None` before the first FROM.
    #[must_use]
    pub fn stage_of(&self, instruction: usize) -> Option<usize> {
        self.stage_of.get(instruction).copied().flatten()
    }

    /// Returns [`Self::problems`] and those of all shell text, in order of their places.
    #[must_use]
    pub fn all_problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        problems.extend(self.instructions.iter().filter_map(|instruction| instruction.script()?.problem));
        problems.sort_by_key(|problem| problem.span.start);
        problems
    }

    /// Returns what `--from` of COPY, or `from=` of a RUN's mounts, names in an instruction, given by its number.
    ///
    /// BuildKit finds stages by name, whatever their case, or by number; other texts are images or build contexts.
    #[must_use]
    pub fn references(&self, instruction: usize) -> Vec<Reference<'t>> {
        let Some(instruction) = self.instructions.get(instruction) else { return Vec::new() };
        stage::references(instruction, &self.names, self.stages.len())
    }

    /// Returns the number of the stage of this name in any case, or of this number.
    #[must_use]
    pub fn stage_named(&self, name: &str) -> Option<usize> {
        match stage::target(name, &self.names, self.stages.len()) {
            Target::Stage(stage) => Some(stage),
            Target::Image(_) | Target::NoStage(_) | Target::Variable => None,
        }
    }
}
