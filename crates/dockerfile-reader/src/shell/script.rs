//! Shell text of instructions.

use super::reader;
use super::{Body, Command, Connector, Script, ShellWord};
use crate::heredoc::Heredoc;
use crate::instruction::{Arguments, Instruction};
use crate::keyword::Keyword;
use crate::word::Word;

/// Interpreters that read shell text.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];

impl<'t> Instruction<'t> {
    /// Returns the commands of RUN, CMD and ENTRYPOINT, also after ONBUILD or HEALTHCHECK.
    ///
    /// A JSON array is one command of literal words. If the only argument is a heredoc, its lines are the text, as in
    /// BuildKit's `dispatchRun`. Returns `None` for other instructions, and for a heredoc that starts with `#!` and
    /// another interpreter than a shell. The text is read again by each call.
    #[must_use]
    pub fn script(&self) -> Option<Script<'t>> {
        match (&self.arguments, self.keyword) {
            (Arguments::Nested(nested), _) => nested.script(),
            (Arguments::Json(words), Keyword::Run | Keyword::Cmd | Keyword::Entrypoint) => Some(self.exec(words)),
            (Arguments::Text(_), Keyword::Run | Keyword::Cmd | Keyword::Entrypoint) => self.text(),
            _ => None,
        }
    }

    /// Returns the simple commands of [`Self::script`].
    #[must_use]
    pub fn commands(&self) -> Vec<Command<'t>> {
        self.script().map(|script| script.commands).unwrap_or_default()
    }

    fn text(&self) -> Option<Script<'t>> {
        if let [heredoc] = self.heredocs.as_slice()
            && heredoc.word.at == Some(self.rest.start)
            && heredoc.word.text.len() == self.rest.len()
        {
            let lines = heredoc.joined();
            return is_for_shell(lines.text()).then(|| reader::read(&lines, Vec::new()));
        }
        let outer = self.heredocs.iter().map(|heredoc| (heredoc.name.clone(), body(heredoc))).collect();
        Some(reader::read(&self.line.part(self.rest.clone()), outer))
    }

    /// The command of a JSON array.
    fn exec(&self, words: &[Word<'t>]) -> Script<'t> {
        let span = self.line.span(self.rest.clone());
        let words: Vec<ShellWord<'t>> = words.iter().map(literal).collect();
        let command = Command {
            span,
            group: None,
            before: Connector::Edge,
            after: Connector::Edge,
            is_negated: false,
            assignments: Vec::new(),
            words,
            redirects: Vec::new(),
        };
        let commands = if command.words.is_empty() { Vec::new() } else { vec![command] };
        Script { span, commands, groups: Vec::new(), bodies: Vec::new(), problem: None }
    }
}

fn literal<'t>(word: &Word<'t>) -> ShellWord<'t> {
    ShellWord {
        text: word.text.clone(),
        span: word.span,
        literal: Some(word.text.clone()),
        is_pattern: false,
        parts: Vec::new(),
        variables: Vec::new(),
    }
}

fn body<'t>(heredoc: &Heredoc<'t>) -> Body<'t> {
    Body { span: heredoc.body, text: heredoc.text(), expands: heredoc.expands }
}

/// Checks whether the first line names a shell, or no interpreter.
fn is_for_shell(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!") else { return true };
    let words = line.lines().next().unwrap_or_default().split_whitespace();
    let mut names = words.map(|word| word.rsplit('/').next().unwrap_or_default());
    names.find(|name| *name != "env" && !name.starts_with('-')).is_some_and(|name| SHELLS.contains(&name))
}
