//! Facts of a Dockerfile that are needed before it is taken apart.

use std::collections::BTreeSet;

use dockerfile_reader::{Arguments, Command, Connector, Dockerfile, GroupKind, Instruction, Script, Variables};

use super::shell_values::Values;

/// Commands that change what later commands of the same RUN do.
const STATEFUL: &[&str] = &[
    "export", "source", ".", "eval", "exec", "trap", "alias", "unset", "umask", "pushd", "popd", "shift", "read",
    "exit",
];

/// The stage that compiles: the first with a build tool, or the one that the last stage copies from.
pub(super) fn builder(dockerfile: &Dockerfile<'_>, last: usize) -> usize {
    const TOOLS: &[&str] = &["make", "dkms", "rpmbuild", "gcc"];
    let mut numbered = dockerfile.instructions.iter().enumerate();
    let found = numbered.find(|(_, instruction)| {
        instruction.commands().iter().any(|command| command.program().is_some_and(|name| TOOLS.contains(&name)))
    });
    if let Some(stage) = found.and_then(|(number, _)| dockerfile.stage_of(number)) {
        return stage;
    }
    let copied = dockerfile.stages.get(last).map(|stage| stage.instructions.clone()).unwrap_or_default();
    let mut targets = copied.flat_map(|number| dockerfile.references(number));
    targets.find_map(|one| dockerfile.stage_named(&one.word.text)).unwrap_or_default()
}

/// The names of files that `tar` and `unzip` unpack.
pub(super) fn unpacked(dockerfile: &Dockerfile<'_>, variables: &Variables<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (instruction, run) in dockerfile.instructions.iter().enumerate() {
        let Some(script) = run.script() else { continue };
        let values = Values { script: &script, variables, instruction, folder: "/".to_owned() };
        for command in script.commands.iter().filter(|command| matches!(command.program(), Some("tar" | "unzip"))) {
            let words = values.words(command).unwrap_or_default();
            names.extend(words.iter().filter_map(|word| word.rsplit('/').next().map(str::to_owned)));
        }
    }
    names
}

/// Checks whether each command of a RUN can be judged by itself.
pub(super) fn is_splittable(run: &Instruction<'_>, script: &Script<'_>) -> bool {
    let mut top = script.commands.iter().filter(|command| command.group.is_none());
    matches!(run.arguments, Arguments::Text(_))
        && run.heredocs.is_empty()
        && run.flags.is_empty()
        && script.problem.is_none()
        && script.groups.iter().all(|group| matches!(group.kind, GroupKind::Substitution))
        && top.all(|command| {
            let is_stateful = command.program().is_some_and(|name| STATEFUL.contains(&name));
            !command.is_negated
                && !command.words.is_empty()
                && !is_stateful
                && !is_branching(command.before)
                && !is_branching(command.after)
        })
}

/// The commands outside substitutions, joined by pipes.
pub(super) fn pipelines<'s, 't>(script: &'s Script<'t>) -> Vec<Vec<&'s Command<'t>>> {
    let mut pipelines: Vec<Vec<&Command<'t>>> = Vec::new();
    for command in script.commands.iter().filter(|command| command.group.is_none()) {
        match pipelines.last_mut() {
            Some(last) if command.before == Connector::Pipe => last.push(command),
            _ => pipelines.push(vec![command]),
        }
    }
    pipelines
}

/// Checks whether what follows does not always run, or runs at the same time.
fn is_branching(connector: Connector) -> bool {
    matches!(connector, Connector::Or | Connector::Background)
}
