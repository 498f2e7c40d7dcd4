//! ARG and ENV, resolved for each stage.

use std::collections::{BTreeMap, HashMap};

use crate::dockerfile::Dockerfile;
use crate::expand::{ExpandError, Lookup, expand, most_work};
use crate::instruction::Pair;
use crate::keyword::Keyword;
use crate::limits::MOST_ANCESTORS;
use crate::problem::{Problem, ProblemKind};
use crate::span::Span;
use crate::word::Word;

/// Most steps for the values of all declarations together.
const MOST_WORK: usize = 64 * 1024 * 1024;

/// Build arguments that FROM lines may use without an ARG, and stages with an ARG that has no value, as BuildKit's
/// `dockerfile2llb/platform.go` sets them.
pub const PLATFORM_ARGUMENTS: &[&str] = &[
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// Image or stage that a stage is built from, with its variables expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The empty image.
    Scratch,
    /// Number of an earlier stage.
    Stage(usize),
    /// An image.
    Image(String),
    /// An image whose name has a variable without a known value, or no image at all.
    Unknown,
}

/// A word with the values of its variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Text as BuildKit uses it: without quotes, and empty for variables without a value.
    pub value: String,
    /// Variables that no ARG or ENV declares at the instruction, except those with a default such as `${NAME:-x}`.
    pub undeclared: Vec<VariablePlace>,
    /// Variables that are declared, but whose value is absent or could not be determined.
    pub unset: Vec<VariablePlace>,
}

/// A variable in a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariablePlace {
    /// Name.
    pub name: String,
    /// Place from `$` on.
    pub span: Span,
}

/// The variables of a Dockerfile for given build arguments.
///
/// The rules are those of BuildKit's `dockerfile2llb/convert.go`: an ARG before the first FROM is visible in FROM lines,
/// and gives its value to an ARG of the same name that has none in a stage. A stage has its own ARG and ENV, and those
/// of the stage that it is built from, whose ENV win over its ARG. A build argument wins over the default of an ARG.
#[derive(Debug)]
pub struct Variables<'d> {
    dockerfile: &'d Dockerfile<'d>,
    build_arguments: &'d BTreeMap<String, String>,
    globals: Scope,
    stages: Vec<Scope>,
    bases: Vec<Base>,
    problems: Vec<Problem>,
    /// Steps that further values may take.
    budget: usize,
}

/// Declarations by name.
#[derive(Debug, Default)]
struct Scope {
    declarations: HashMap<String, Declarations>,
    /// Number of stages that this one is built from, directly and indirectly.
    ancestors: usize,
}

/// Declarations of one name, in order.
#[derive(Debug, Default)]
struct Declarations {
    all: Vec<Declaration>,
    last_env: Option<usize>,
}

#[derive(Debug)]
struct Declaration {
    instruction: usize,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Unset,
    Unknown,
    Set(String),
}

impl<'t> Dockerfile<'t> {
    /// Resolves the variables of all stages for build arguments given by name.
    #[must_use]
    pub fn variables<'d>(&'d self, build_arguments: &'d BTreeMap<String, String>) -> Variables<'d>
    where
        't: 'd,
    {
        let mut variables = Variables {
            dockerfile: self,
            build_arguments,
            globals: Scope::default(),
            stages: Vec::with_capacity(self.stages.len()),
            bases: Vec::with_capacity(self.stages.len()),
            problems: Vec::new(),
            budget: MOST_WORK,
        };
        variables.resolve();
        variables
    }
}

impl<'d> Variables<'d> {
    /// Returns what a stage, given by its number, is built from.
    #[must_use]
    pub fn base(&self, stage: usize) -> &Base {
        self.bases.get(stage).unwrap_or(&Base::Unknown)
    }

    /// Returns stages that are built from too many others.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the value of a variable for the instruction of this number, after all instructions before it.
    #[must_use]
    pub fn get(&self, instruction: usize, name: &str) -> Lookup<'_> {
        let stage = self.dockerfile.stage_of(instruction);
        let is_from = self.dockerfile.instructions.get(instruction).is_some_and(|one| one.keyword == Keyword::From);
        match stage.filter(|_| !is_from) {
            Some(stage) => self.in_stage(stage, instruction, name),
            None => self.global(instruction, name),
        }
    }

    /// Expands a word of the instruction of this number.
    ///
    /// # Errors
    ///
    /// Returns an [`ExpandError`] if BuildKit would refuse the word, or if the result is too long.
    pub fn expand(&self, instruction: usize, word: &Word<'_>) -> Result<Expansion, ExpandError> {
        let expanded = expand(&word.text, self.dockerfile.escape, &|name| self.get(instruction, name))?;
        let within = self.dockerfile.instructions.get(instruction);
        let mut expansion = Expansion { value: expanded.value, ..Expansion::default() };
        let places = [
            (expanded.undeclared, &mut expansion.undeclared), //
            (expanded.unset, &mut expansion.unset),
        ];
        for (found, places) in places {
            for (name, range) in found {
                let span = within.map_or(word.span, |instruction| instruction.locate(word, range));
                places.push(VariablePlace { name, span });
            }
        }
        Ok(expansion)
    }

    fn global(&self, instruction: usize, name: &str) -> Lookup<'_> {
        match self.globals.before(instruction, name) {
            Some(declaration) => declaration.lookup(),
            None if PLATFORM_ARGUMENTS.contains(&name) => self.build_argument(name).map_or(Lookup::Unset, Lookup::Set),
            None => Lookup::Undeclared,
        }
    }

    fn build_argument(&self, name: &str) -> Option<&'d str> {
        self.build_arguments.get(name).map(String::as_str)
    }

    fn in_stage(&self, stage: usize, instruction: usize, name: &str) -> Lookup<'_> {
        let mut own = self.stages.get(stage).and_then(|scope| scope.before(instruction, name));
        let mut next = stage;
        while own.is_none() {
            let Base::Stage(base) = self.base(next) else { return Lookup::Undeclared };
            own = self.stages.get(*base).and_then(|scope| scope.at_end(name));
            next = *base;
        }
        own.map_or(Lookup::Undeclared, Declaration::lookup)
    }

    fn resolve(&mut self) {
        let dockerfile = self.dockerfile;
        let mut names: HashMap<String, usize> = HashMap::new();
        for (number, instruction) in dockerfile.instructions.iter().enumerate() {
            let stage = dockerfile.stage_of(number);
            match (instruction.keyword, stage) {
                (Keyword::From, Some(stage)) => {
                    self.enter(stage, number, &names);
                    let name = dockerfile.stages.get(stage).and_then(|stage| stage.name.as_ref());
                    names.extend(name.map(|name| (name.text.to_lowercase(), stage)));
                }
                (Keyword::Arg, stage) => {
                    for pair in instruction.pairs() {
                        let value = self.argument(number, stage, pair);
                        self.declare(number, stage, pair, false, value);
                    }
                }
                (Keyword::Env, Some(_)) => {
                    for pair in instruction.pairs() {
                        let value = pair.value.as_ref().map_or(Value::Unset, |value| self.value(number, value));
                        self.declare(number, stage, pair, true, value);
                    }
                }
                _ => {}
            }
        }
    }

    /// Starts a stage: finds what it is built from.
    fn enter(&mut self, stage: usize, number: usize, names: &HashMap<String, usize>) {
        let image = self.dockerfile.stages.get(stage).and_then(|stage| stage.image.as_ref());
        let expansion = image.and_then(|image| self.expand(number, image).ok());
        let mut base = match expansion {
            Some(Expansion { value, undeclared, unset }) if undeclared.is_empty() && unset.is_empty() => {
                match names.get(&value) {
                    Some(stage) => Base::Stage(*stage),
                    None if value == "scratch" => Base::Scratch,
                    None if value.is_empty() => Base::Unknown,
                    None => Base::Image(value),
                }
            }
            _ => Base::Unknown,
        };
        let mut ancestors = 0;
        if let Base::Stage(parent) = base {
            ancestors = self.stages.get(parent).map_or(0, |scope| scope.ancestors) + 1;
        }
        if ancestors > MOST_ANCESTORS {
            let span = image.map_or_else(Span::default, |image| image.span);
            self.problems.push(Problem { kind: ProblemKind::TooManyAncestors, span });
            (base, ancestors) = (Base::Unknown, 0);
        }
        self.stages.push(Scope { declarations: HashMap::new(), ancestors });
        self.bases.push(base);
    }

    /// The value of an ARG.
    fn argument(&mut self, number: usize, stage: Option<usize>, pair: &Pair<'_>) -> Value {
        if let Some(value) = self.build_argument(&pair.name.text) {
            return Value::Set(value.to_owned());
        }
        match &pair.value {
            // An ARG sees the ones before it in the same instruction.
            Some(value) => self.value(number + 1, value),
            None if stage.is_some() => match self.global(usize::MAX, &pair.name.text) {
                Lookup::Set(value) => Value::Set(value.to_owned()),
                Lookup::Unknown => Value::Unknown,
                Lookup::Undeclared | Lookup::Unset => Value::Unset,
            },
            None => Value::Unset,
        }
    }

    /// The value of a word just before an instruction, which is the last one so far or the one after it.
    fn value(&mut self, number: usize, word: &Word<'_>) -> Value {
        if self.budget == 0 {
            return Value::Unknown;
        }
        let stage = self.stages.len().checked_sub(1);
        let expanded = expand(&word.text, self.dockerfile.escape, &|name| match stage {
            Some(stage) => self.in_stage(stage, number, name),
            None => self.global(number, name),
        });
        let work = expanded.as_ref().map_or(most_work(&word.text), |expanded| expanded.work);
        self.budget = self.budget.saturating_sub(work);
        match expanded {
            Ok(expanded) if expanded.unset.is_empty() && expanded.undeclared.is_empty() => Value::Set(expanded.value),
            // The base image may set a variable that nothing declares.
            Ok(_) | Err(_) => Value::Unknown,
        }
    }

    fn declare(&mut self, instruction: usize, stage: Option<usize>, pair: &Pair<'_>, is_env: bool, value: Value) {
        let scope = if stage.is_some() { self.stages.last_mut() } else { Some(&mut self.globals) };
        if let Some(scope) = scope {
            let declarations = scope.declarations.entry(pair.name.text.to_string()).or_default();
            if is_env {
                declarations.last_env = Some(declarations.all.len());
            }
            declarations.all.push(Declaration { instruction, value });
        }
    }
}

impl Scope {
    /// The last declaration before an instruction.
    fn before(&self, instruction: usize, name: &str) -> Option<&Declaration> {
        let all = &self.declarations.get(name)?.all;
        all.get(all.partition_point(|declaration| declaration.instruction < instruction).checked_sub(1)?)
    }

    /// The declaration that stages built from this one see: the last ENV, or else the last ARG.
    fn at_end(&self, name: &str) -> Option<&Declaration> {
        let found = self.declarations.get(name)?;
        found.last_env.map_or(found.all.last(), |env| found.all.get(env))
    }
}

impl Declaration {
    fn lookup(&self) -> Lookup<'_> {
        match &self.value {
            Value::Unset => Lookup::Unset,
            Value::Unknown => Lookup::Unknown,
            Value::Set(value) => Lookup::Set(value),
        }
    }
}
