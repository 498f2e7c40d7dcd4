//! From text to instructions.

use std::ops::Range;

use crate::directive::Directives;
use crate::dockerfile::Dockerfile;
use crate::heredoc;
use crate::instruction::{Arguments, Instruction};
use crate::joined::Joined;
use crate::json::{self, Exec};
use crate::keyword::Keyword;
use crate::lines::{self, Line, Lines};
use crate::problem::{Problem, ProblemKind};
use crate::span::{LineIndex, Span};
use crate::split::{self, trim};
use crate::stage::{self, Stages};
use crate::word::Word;

/// Reads a Dockerfile, whatever is wrong with it.
///
/// `text` is a whole file; [`decode`](crate::decode()) returns it from bytes. The rules are those of BuildKit's
/// `frontend/dockerfile/parser` and `instructions`.
#[must_use]
pub fn read(text: &str) -> Dockerfile<'_> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = FileReader {
        text,
        lines: Lines::new(text, start),
        directives: Directives::new(),
        comments: Vec::new(),
        problems: Vec::new(),
    };
    let mut instructions = Vec::new();
    while let Some(line) = reader.lines.next() {
        instructions.extend(reader.instruction(&line));
    }
    let FileReader { directives, comments, mut problems, .. } = reader;
    let Stages { stages, stage_of, names } = stage::stages(text, &instructions, &mut problems);
    problems.sort_by_key(|problem| problem.span.start);
    Dockerfile {
        text,
        escape: directives.escape,
        directives: directives.found,
        comments,
        instructions,
        stages,
        problems,
        stage_of,
        names,
        lines: LineIndex::of(text),
    }
}

struct FileReader<'t> {
    text: &'t str,
    lines: Lines<'t>,
    directives: Directives<'t>,
    comments: Vec<Span>,
    problems: Vec<Problem>,
}

impl<'t> FileReader<'t> {
    /// The instruction that starts in a line, read up to its end; none if the line is empty or a comment.
    fn instruction(&mut self, line: &Line) -> Option<Instruction<'t>> {
        let content = self.text[line.start..line.end].trim_start();
        let start = line.end - content.len();
        if self.directives.read(content, start, &mut self.problems) || self.is_comment(content, start) {
            return None;
        }
        if content.is_empty() {
            return None;
        }
        let joined = self.join(content, start);
        let whole = trim(joined.text(), 0..joined.text().len());
        if whole.is_empty() {
            let span = Span::new(start, start + content.len());
            self.problems.push(Problem { kind: ProblemKind::EmptyInstruction, span });
            return None;
        }
        let mut instruction = self.parse(joined, whole, None);
        if opens_heredocs(&instruction) {
            instruction.heredocs = heredoc::read(&instruction.line, &mut self.lines, &mut self.problems);
            let last = instruction.heredocs.last();
            instruction.span.end = last.map_or(instruction.span.end, |last| last.end.unwrap_or(last.body).end);
            self.pass_heredocs(&mut instruction);
        }
        Some(instruction)
    }

    /// Gives the instruction of an ONBUILD its heredocs.
    fn pass_heredocs(&self, instruction: &mut Instruction<'t>) {
        let (heredocs, end) = (&mut instruction.heredocs, instruction.span.end);
        if let Arguments::Nested(nested) = &mut instruction.arguments {
            nested.heredocs = std::mem::take(heredocs);
            nested.span.end = end;
        }
    }

    fn is_comment(&mut self, content: &str, start: usize) -> bool {
        let is_comment = content.starts_with('#');
        if is_comment {
            self.comments.push(Span::new(start, start + content.len()));
        }
        is_comment
    }

    /// Joins a line with its continuations.
    fn join(&mut self, content: &str, start: usize) -> Joined<'t> {
        let escape = self.directives.escape;
        let before = lines::before_continuation(content, escape);
        let mut joined = Joined::new(self.text, start..start + before.unwrap_or(content).len());
        let mut continues = before.is_some();
        let mut empty = None;
        while continues {
            let Some(line) = self.lines.next() else { break };
            let content = &self.text[line.start..line.end];
            let trimmed = content.trim_start();
            if self.is_comment(trimmed, line.end - trimmed.len()) {
                continue;
            }
            if trimmed.is_empty() {
                empty.get_or_insert(Span::new(line.start, line.end));
                continue;
            }
            let before = lines::before_continuation(content, escape);
            continues = before.is_some();
            joined.push(line.start..line.start + before.unwrap_or(content).len());
        }
        self.problems.extend(empty.map(|span| Problem { kind: ProblemKind::EmptyContinuation, span }));
        joined
    }

    /// Parses the instruction in a range of a line, which is within another one or stands by itself.
    fn parse(&mut self, line: Joined<'t>, range: Range<usize>, outer: Option<Keyword>) -> Instruction<'t> {
        let text = line.text();
        let (name, rest) = split::first_word(text, range.clone());
        let keyword = Keyword::parse(&text[name.clone()]);
        let (flags, rest) = split::flags(&line, rest, keyword, &mut self.problems);
        let (name_span, span) = (line.span(name.clone()), line.span(range));
        if keyword == Keyword::Unknown {
            let kind = ProblemKind::UnknownInstruction(text[name].to_owned());
            self.problems.push(Problem { kind, span: name_span });
        } else if outer == Some(Keyword::Onbuild)
            && matches!(keyword, Keyword::Onbuild | Keyword::From | Keyword::Maintainer)
        {
            let kind = ProblemKind::Onbuild(keyword.name().to_owned());
            self.problems.push(Problem { kind, span: name_span });
        }
        let arguments = self.arguments(&line, rest.clone(), keyword, outer.is_some());
        let may_be_empty = matches!(keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Unknown | Keyword::From);
        if matches!(arguments, Arguments::Empty) && !may_be_empty {
            self.problems.push(Problem { kind: ProblemKind::MissingArguments(keyword.name()), span });
        }
        Instruction { keyword, name: name_span, span, flags, arguments, heredocs: Vec::new(), line, rest }
    }

    fn arguments(&mut self, line: &Joined<'t>, rest: Range<usize>, keyword: Keyword, is_nested: bool) -> Arguments<'t> {
        if rest.is_empty() {
            return Arguments::Empty;
        }
        match keyword {
            Keyword::Arg | Keyword::Env | Keyword::Label => {
                let escape = self.directives.escape;
                Arguments::Pairs(split::pairs(line, rest, keyword, escape, &mut self.problems))
            }
            Keyword::From | Keyword::Expose => Arguments::Words(split::list(line, rest)),
            Keyword::Add | Keyword::Copy | Keyword::Volume => self.json_or(line, rest, true),
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Run => self.json_or(line, rest, false),
            Keyword::Shell => {
                let span = line.span(rest.clone());
                let arguments = self.json_or(line, rest, false);
                if matches!(arguments, Arguments::Text(_)) {
                    self.problems.push(Problem { kind: ProblemKind::ShellForm, span });
                }
                arguments
            }
            Keyword::Onbuild if !is_nested => self.nested(line, rest, keyword),
            Keyword::Healthcheck => self.health(line, rest),
            Keyword::Onbuild
            | Keyword::Maintainer
            | Keyword::Stopsignal
            | Keyword::User
            | Keyword::Workdir
            | Keyword::Unknown => Arguments::Text(Word::of(line, rest)),
        }
    }

    /// JSON, or else a list or a text.
    fn json_or(&mut self, line: &Joined<'t>, rest: Range<usize>, is_list: bool) -> Arguments<'t> {
        match json::exec(line, rest.clone()) {
            Exec::Words(words) => return Arguments::Json(words),
            Exec::NotStrings => {
                self.problems.push(Problem { kind: ProblemKind::NotStrings, span: line.span(rest.clone()) });
            }
            Exec::Text => {}
        }
        if is_list { Arguments::Words(split::list(line, rest)) } else { Arguments::Text(Word::of(line, rest)) }
    }

    fn nested(&mut self, line: &Joined<'t>, rest: Range<usize>, outer: Keyword) -> Arguments<'t> {
        let part = line.part(rest);
        let whole = 0..part.text().len();
        Arguments::Nested(Box::new(self.parse(part, whole, Some(outer))))
    }

    /// The arguments of HEALTHCHECK: NONE, or CMD with a command.
    fn health(&mut self, line: &Joined<'t>, rest: Range<usize>) -> Arguments<'t> {
        let (word, _) = split::first_word(line.text(), rest.clone());
        let kind = &line.text()[word.clone()];
        if kind.eq_ignore_ascii_case("CMD") {
            return self.nested(line, rest, Keyword::Healthcheck);
        }
        if !kind.eq_ignore_ascii_case("NONE") {
            let kind = ProblemKind::HealthForm(kind.to_owned());
            self.problems.push(Problem { kind, span: line.span(word) });
        }
        Arguments::Text(Word::of(line, rest))
    }
}

/// Checks whether the lines after an instruction may be its heredocs: not if the arguments are JSON.
fn opens_heredocs(instruction: &Instruction<'_>) -> bool {
    let inner = match &instruction.arguments {
        Arguments::Nested(nested) if instruction.keyword == Keyword::Onbuild => nested,
        _ => instruction,
    };
    inner.keyword.takes_heredocs() && !matches!(inner.arguments, Arguments::Json(_))
}
