//! A Dockerfile, as the rules look at it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use dockerfile_reader::{
    Arguments, Base, Command, Dockerfile, GroupKind, Instruction, Keyword, Lookup, Script, Span as Range, Target,
    Variables, Word,
};

use super::command::CommandFacts;
use super::text_place::TextPlace;
use crate::vocabulary::{SourceId, Span};

/// Build arguments of KMM.
pub const KMM_ARGUMENTS: [&str; 5] = ["KERNEL_VERSION", "KERNEL_FULL_VERSION", "MOD_NAME", "MOD_NAMESPACE", "DTK_AUTO"];

/// Most commands, copies and variables of a Dockerfile that are looked at, which compare them with each other. One
/// that a person wrote has far fewer.
const MOST: usize = 5_000;

/// Folder of an image from which KMM's worker loads kmods.
const WORKER_FOLDER: &str = "/opt/lib/modules";

/// A Dockerfile in a file or a ConfigMap.
pub struct DockerfileFacts<'d> {
    contents: Arc<DockerfileContents<'d>>,
    place: TextPlace<'d>,
    /// Set if KMM builds it: it is in a ConfigMap, or uses the Driver Toolkit that KMM chooses.
    pub is_built_by_kmm: bool,
    /// Set if it is in a ConfigMap.
    pub is_in_config_map: bool,
}

/// Facts about the text of a Dockerfile, wherever it is.
pub struct DockerfileContents<'d> {
    pub text: &'d str,
    pub file: Dockerfile<'d>,
    /// Set if it uses the Driver Toolkit that KMM chooses.
    pub uses_toolkit: bool,
    /// Set if it makes an image for KMM: it uses KMM's build arguments, or puts kmods where KMM's worker looks.
    pub is_for_kmm: bool,
    pub stages: Vec<StageFacts>,
    pub copies: Vec<CopyFacts>,
    pub commands: Vec<CommandFacts>,
    /// Variables that are used and not declared at their place.
    pub undeclared: Vec<UndeclaredVariable>,
    /// Names of all ARGs, those before the first FROM too, with their default values.
    pub arguments: BTreeMap<String, BTreeSet<String>>,
}

/// A stage.
pub struct StageFacts {
    pub base: Base,
    /// Image as written.
    pub image: String,
    /// Place of the image.
    pub span: Range,
    /// Names of ARG and ENV in the stage.
    pub declared: HashSet<String>,
}

/// A COPY or ADD.
pub struct CopyFacts {
    pub instruction: usize,
    pub stage: usize,
    pub span: Range,
    pub is_add: bool,
    /// Stage or image of `--from`, with the place of the value.
    pub from: Option<(Target, String, Range)>,
    pub sources: Vec<String>,
    pub target: String,
    pub flags: Vec<(String, Range)>,
}

/// A variable that is not declared where it is used.
pub struct UndeclaredVariable {
    pub name: String,
    pub span: Range,
    /// Stage; `None` in a FROM.
    pub stage: Option<usize>,
}

impl<'d> DockerfileFacts<'d> {
    pub fn of(contents: Arc<DockerfileContents<'d>>, place: TextPlace<'d>, is_in_config_map: bool) -> Self {
        let is_built_by_kmm = is_in_config_map || contents.uses_toolkit;
        Self { contents, place, is_built_by_kmm, is_in_config_map }
    }

    /// Returns the place of a part in the file that has the Dockerfile.
    pub fn span(&self, range: Range) -> Span {
        self.place.span(range)
    }

    /// Returns the file that has the Dockerfile.
    pub fn source(&self) -> SourceId {
        self.place.source()
    }
}

impl<'d> Deref for DockerfileFacts<'d> {
    type Target = DockerfileContents<'d>;

    fn deref(&self) -> &Self::Target {
        &self.contents
    }
}

impl<'d> DockerfileContents<'d> {
    pub fn of(text: &'d str) -> Self {
        let file = dockerfile_reader::read(text);
        let none = BTreeMap::new();
        let (stages, copies, commands, undeclared, arguments) = {
            let variables = file.variables(&none);
            let (commands, undeclared) = commands(&file, &variables);
            (stages(&file, &variables), copies(&file), commands, undeclared, arguments(&file))
        };
        let uses_toolkit = stages.iter().any(|stage: &StageFacts| stage.image.contains("DTK_AUTO"));
        let names_kernel = KMM_ARGUMENTS[..2].iter().chain(&[WORKER_FOLDER]).any(|name| text.contains(name));
        let is_for_kmm = names_kernel || uses_toolkit;
        Self { text, uses_toolkit, is_for_kmm, stages, copies, commands, undeclared, arguments, file }
    }

    /// Returns the number of the last stage.
    pub fn last(&self) -> Option<usize> {
        self.stages.len().checked_sub(1)
    }

    /// Returns a stage and the stages that it is built from.
    pub fn chain(&self, stage: usize) -> Vec<usize> {
        let mut chain = vec![stage];
        let mut next = stage;
        while let Some(Base::Stage(base)) = self.stages.get(next).map(|stage| &stage.base) {
            if *base >= next {
                break;
            }
            chain.push(*base);
            next = *base;
        }
        chain
    }

    /// Returns the image that a stage starts from, through other stages; as written if a variable has no value.
    pub fn root_image(&self, stage: usize) -> Option<&str> {
        let root = self.stages.get(*self.chain(stage).last()?)?;
        match &root.base {
            Base::Image(image) => Some(image),
            Base::Scratch => Some("scratch"),
            Base::Stage(_) | Base::Unknown => Some(&root.image),
        }
    }

    /// The commands of the last stage and of those that it is built from.
    pub fn last_commands(&self) -> impl Iterator<Item = &CommandFacts> {
        let chain = self.last().map(|last| self.chain(last)).unwrap_or_default();
        self.commands.iter().filter(move |command| chain.contains(&command.stage))
    }

    /// The copies of the last stage and of those that it is built from.
    pub fn last_copies(&self) -> impl Iterator<Item = &CopyFacts> {
        let chain = self.last().map(|last| self.chain(last)).unwrap_or_default();
        self.copies.iter().filter(move |copy| chain.contains(&copy.stage))
    }

    /// Returns the instructions of a kind.
    pub fn instructions(&self, keyword: Keyword) -> impl Iterator<Item = &Instruction<'d>> {
        self.file.instructions.iter().filter(move |instruction| instruction.keyword == keyword)
    }
}

fn stages(file: &Dockerfile<'_>, variables: &Variables<'_>) -> Vec<StageFacts> {
    let stages = file.stages.iter().enumerate().map(|(number, stage)| {
        let own = file.instructions.get(stage.instructions.clone()).unwrap_or_default();
        let pairs =
            own.iter().filter(|one| matches!(one.keyword, Keyword::Arg | Keyword::Env)).flat_map(|one| one.pairs());
        let from = own.first().map_or(Range::default(), |from| from.span);
        StageFacts {
            base: variables.base(number).clone(),
            image: stage.image.as_ref().map_or_else(String::new, |image| image.text.to_string()),
            span: stage.image.as_ref().map_or(from, |image| image.span),
            declared: pairs.map(|pair| pair.name.text.to_string()).collect(),
        }
    });
    stages.collect()
}

fn copies(file: &Dockerfile<'_>) -> Vec<CopyFacts> {
    let mut copies = Vec::new();
    for (number, instruction) in file.instructions.iter().enumerate().take(10 * MOST) {
        let (Keyword::Copy | Keyword::Add, Some(stage)) = (instruction.keyword, file.stage_of(number)) else {
            continue;
        };
        let mut words: Vec<String> = instruction.words().iter().map(plain).collect();
        let Some(target) = words.pop().filter(|_| copies.len() < MOST) else { continue };
        let from = file
            .references(number)
            .into_iter()
            .next()
            .map(|reference| (reference.target, reference.word.text.to_string(), reference.word.span));
        let flags = instruction.flags.iter().map(|flag| (flag.name.text.to_string(), flag.span)).collect();
        copies.push(CopyFacts {
            instruction: number,
            stage,
            span: instruction.span,
            is_add: instruction.keyword == Keyword::Add,
            from,
            sources: words,
            target,
            flags,
        });
    }
    copies
}

/// A word without its quotes.
fn plain(word: &Word<'_>) -> String {
    word.text.replace(['"', '\''], "")
}

fn arguments(file: &Dockerfile<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut arguments: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pair in file.instructions.iter().filter(|one| one.keyword == Keyword::Arg).flat_map(|one| one.pairs()) {
        let values = arguments.entry(pair.name.text.to_string()).or_default();
        values.extend(pair.value.as_ref().map(plain));
    }
    arguments
}

/// Reads the commands of all RUNs, and finds the variables that nothing declares.
fn commands<'d>(file: &Dockerfile<'d>, variables: &Variables<'_>) -> (Vec<CommandFacts>, Vec<UndeclaredVariable>) {
    let (mut commands, mut undeclared) = (Vec::new(), Vec::new());
    for (number, instruction) in file.instructions.iter().enumerate() {
        let stage = file.stage_of(number);
        let is_from = instruction.keyword == Keyword::From;
        let words: &[Word<'_>] = match instruction.keyword {
            Keyword::From | Keyword::Copy | Keyword::Add => instruction.words(),
            _ => match &instruction.arguments {
                Arguments::Text(word) if instruction.keyword == Keyword::Workdir => std::slice::from_ref(word),
                _ => &[],
            },
        };
        let values = instruction.pairs().iter().filter_map(|pair| pair.value.as_ref());
        for word in words.iter().chain(values).filter(|word| word.text.contains('$')) {
            let Ok(expansion) = variables.expand(number, word) else { continue };
            undeclared.extend(expansion.undeclared.into_iter().map(|place| UndeclaredVariable {
                name: place.name,
                span: place.span,
                stage: stage.filter(|_| !is_from),
            }));
        }
        let (Keyword::Run, Some(stage)) = (instruction.keyword, stage) else { continue };
        if commands.len() >= MOST || undeclared.len() >= MOST {
            break;
        }
        let Some(script) = instruction.script() else { continue };
        commands.extend(script.commands.iter().take(MOST).map(|command| CommandFacts::of(command, number, stage)));
        in_shell(&script, |name| matches!(variables.get(number, name), Lookup::Undeclared), stage, &mut undeclared);
    }
    commands.shrink_to_fit();
    (commands, undeclared)
}

/// Finds the variables of shell text that neither the Dockerfile nor the text itself sets.
fn in_shell(
    script: &Script<'_>,
    is_undeclared: impl Fn(&str) -> bool,
    stage: usize,
    undeclared: &mut Vec<UndeclaredVariable>,
) {
    // What is sourced or evaluated may set anything.
    let is_open = |command: &Command<'_>| command.program().is_some_and(|it| matches!(it, "." | "source" | "eval"));
    if script.commands.iter().any(is_open) {
        return;
    }
    let assigned = assigned(script);
    let words = script.commands.iter().flat_map(|command| {
        let values = command.assignments.iter().map(|one| &one.value);
        command.words.iter().chain(values).chain(command.redirects.iter().map(|one| &one.target))
    });
    let lists = script.groups.iter().flat_map(|group| match &group.kind {
        GroupKind::For(_, words) | GroupKind::Arm(words) => words.as_slice(),
        GroupKind::Case(word) => std::slice::from_ref(word),
        _ => &[],
    });
    for variable in words.chain(lists).flat_map(|word| &word.variables) {
        let has_default = variable.operation.trim_start_matches(':').starts_with(['-', '=', '+', '?']);
        let is_name = variable.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if is_name && !has_default && !assigned.contains(variable.name.as_str()) && is_undeclared(&variable.name) {
            undeclared.push(UndeclaredVariable {
                name: variable.name.clone(),
                span: variable.span,
                stage: Some(stage),
            });
        }
    }
}

/// Commands whose arguments are names of variables that they set.
const SETTERS: [&str; 6] = ["export", "read", "local", "declare", "typeset", "readonly"];

/// The names that shell text sets.
fn assigned<'s>(script: &'s Script<'_>) -> HashSet<&'s str> {
    let mut names: HashSet<&str> = HashSet::new();
    for command in &script.commands {
        names.extend(command.assignments.iter().map(|one| &*one.name));
        names.extend(set_by(command));
    }
    for group in &script.groups {
        if let GroupKind::For(name, _) = &group.kind {
            names.insert(&name.text);
        }
    }
    names
}

fn set_by<'s>(command: &'s Command<'_>) -> impl Iterator<Item = &'s str> {
    let is_setter = command.program().is_some_and(|program| SETTERS.contains(&program));
    let words = command.words.iter().skip(1).filter(move |_| is_setter);
    words.map(|word| word.text.split('=').next().unwrap_or_default())
}
