//! Build stages, and references to them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::instruction::Instruction;
use crate::keyword::Keyword;
use crate::problem::{Problem, ProblemKind};
use crate::span::Span;
use crate::word::Word;

/// A build stage: a FROM and the instructions up to the next.
#[derive(Clone, Debug)]
pub struct Stage<'t> {
    /// Name after AS, as written; BuildKit ignores its case.
    pub name: Option<Word<'t>>,
    /// Image or stage that it is built from, before variables are expanded; absent if FROM has no arguments.
    pub image: Option<Word<'t>>,
    /// Value of `--platform`.
    pub platform: Option<Word<'t>>,
    /// Numbers of its instructions, of which the first is the FROM.
    pub instructions: Range<usize>,
}

/// Value of `--from` or of `from=` in a mount.
#[derive(Clone, Debug)]
pub struct Reference<'t> {
    /// The value as written.
    pub word: Word<'t>,
    /// Stage or image that it names.
    pub target: Target,
}

/// Stage or image that `--from` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Number of a stage, counted from 0.
    Stage(usize),
    /// An image, or a named build context.
    Image(String),
    /// A number that is no stage's.
    NoStage(usize),
    /// A text with a variable, which BuildKit does not expand here.
    Variable,
}

/// Stages by number and name.
pub(crate) struct Stages<'t> {
    pub(crate) stages: Vec<Stage<'t>>,
    /// For each instruction the number of its stage.
    pub(crate) stage_of: Vec<Option<usize>>,
    pub(crate) names: Names,
}

/// The number of the last stage of each name, in lower case.
pub(crate) type Names = BTreeMap<String, usize>;

pub(crate) fn stages<'t>(text: &str, instructions: &[Instruction<'t>], problems: &mut Vec<Problem>) -> Stages<'t> {
    let mut stages: Vec<Stage<'t>> = Vec::new();
    let mut stage_of = Vec::with_capacity(instructions.len());
    for (number, instruction) in instructions.iter().enumerate() {
        if instruction.keyword == Keyword::From {
            stages.push(stage(instruction, number, problems));
        } else if let Some(stage) = stages.last_mut() {
            stage.instructions.end = number + 1;
        } else if !matches!(instruction.keyword, Keyword::Arg | Keyword::Unknown) {
            problems.push(Problem { kind: ProblemKind::BeforeFrom, span: instruction.span });
        }
        stage_of.push(stages.len().checked_sub(1));
    }
    if stages.is_empty() {
        problems.push(Problem { kind: ProblemKind::NoStages, span: Span::new(text.len(), text.len()) });
    }
    let names = names(&stages);
    for instruction in instructions {
        for reference in references(instruction, &names, stages.len()) {
            let kind = match reference.target {
                Target::Variable => ProblemKind::VariableInFrom,
                Target::NoStage(number) => ProblemKind::NoSuchStage(number),
                Target::Stage(_) | Target::Image(_) => continue,
            };
            problems.push(Problem { kind, span: reference.word.span });
        }
    }
    Stages { stages, stage_of, names }
}

fn stage<'t>(from: &Instruction<'t>, number: usize, problems: &mut Vec<Problem>) -> Stage<'t> {
    let words = from.words();
    let name = match words {
        [_] => None,
        [_, r#as, name] if r#as.text.eq_ignore_ascii_case("as") => Some(name.clone()),
        _ => {
            problems.push(Problem { kind: ProblemKind::FromForm, span: from.span });
            None
        }
    };
    if let Some(name) = name.as_ref().filter(|name| !is_stage_name(&name.text)) {
        problems.push(Problem { kind: ProblemKind::InvalidStageName(name.text.to_string()), span: name.span });
    }
    let platform = from.flag("platform").and_then(|flag| flag.value.clone());
    Stage { name, image: words.first().cloned(), platform, instructions: number..number + 1 }
}

/// Checks a name against BuildKit's `^[a-z][a-z0-9-_.]*$`, which ignores case.
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn names(stages: &[Stage<'_>]) -> Names {
    let named = stages.iter().enumerate().filter_map(|(number, stage)| Some((number, stage.name.as_ref()?)));
    named.map(|(number, name)| (name.text.to_lowercase(), number)).collect()
}

pub(crate) fn references<'t>(instruction: &Instruction<'t>, names: &Names, stages: usize) -> Vec<Reference<'t>> {
    let words: Vec<Word<'t>> = match instruction.keyword {
        Keyword::Copy => instruction.flag("from").and_then(|flag| flag.value.clone()).into_iter().collect(),
        Keyword::Run => mount_sources(instruction),
        _ => return Vec::new(),
    };
    let words = words.into_iter().filter(|word| !word.text.is_empty());
    words.map(|word| Reference { target: target(&word.text, names, stages), word }).collect()
}

pub(crate) fn target(text: &str, names: &Names, stages: usize) -> Target {
    if text.contains('$') {
        return Target::Variable;
    }
    match (text.parse::<usize>(), names.get(&text.to_lowercase())) {
        (Ok(number), _) if number < stages => Target::Stage(number),
        (Ok(number), _) => Target::NoStage(number),
        (Err(_), Some(stage)) => Target::Stage(*stage),
        (Err(_), None) => Target::Image(text.to_owned()),
    }
}

/// The values of `from=` in the mounts of a RUN.
fn mount_sources<'t>(run: &Instruction<'t>) -> Vec<Word<'t>> {
    let mut sources = Vec::new();
    let mounts = run.flags.iter().filter(|flag| flag.name.text == "mount").filter_map(|flag| flag.value.as_ref());
    for mount in mounts {
        let mut start = 0;
        for option in mount.text.split(',') {
            if let Some(value) = option.strip_prefix("from=") {
                let range = start + option.len() - value.len()..start + option.len();
                let span = run.locate(mount, range.clone());
                let at = mount.at.map(|at| at + range.start);
                sources.push(Word { text: value.to_owned().into(), span, at });
            }
            start += option.len() + 1;
        }
    }
    sources
}
