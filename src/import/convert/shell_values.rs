//! Words of commands with their values, as fields of a manifest have them.

use dockerfile_reader::{Command, Lookup, Script, ShellWord, Variables, WordPart};

/// Script of an instruction, and what is known where it runs.
pub(super) struct Values<'v, 't> {
    pub(super) script: &'v Script<'t>,
    pub(super) variables: &'v Variables<'v>,
    pub(super) instruction: usize,
    pub(super) folder: String,
}

/// Marks a number of processors in a value.
pub(super) const ALL_PROCESSORS: &str = "\u{1}nproc";

impl Values<'_, '_> {
    /// The words of a command; `None` if the value of one is not known.
    pub(super) fn words(&self, command: &Command<'_>) -> Option<Vec<String>> {
        command.words.iter().map(|word| self.value(word)).collect()
    }

    /// The value of a word, in which the kernel's release stays a variable.
    pub(super) fn value(&self, word: &ShellWord<'_>) -> Option<String> {
        if let Some(literal) = &word.literal {
            return (!literal.contains('$')).then(|| literal.to_string());
        }
        let mut value = String::new();
        for part in &word.parts {
            match part {
                WordPart::Text(text) if text.contains('$') => return None,
                WordPart::Text(text) => value.push_str(text),
                WordPart::Variable(number) => {
                    let variable = word.variables.get(*number)?;
                    if !variable.operation.is_empty() {
                        return None;
                    }
                    value.push_str(&self.variable(&variable.name)?);
                }
                WordPart::Group(group) => value.push_str(&self.substitution(*group)?),
                WordPart::Arithmetic => return None,
            }
        }
        Some(value)
    }

    fn variable(&self, name: &str) -> Option<String> {
        match (name, self.variables.get(self.instruction, name)) {
            ("KERNEL_VERSION" | "KERNEL_FULL_VERSION", _) => Some(format!("${{{name}}}")),
            ("PWD", _) => Some(self.folder.clone()),
            (_, Lookup::Set(value)) if is_known(value) => Some(value.to_owned()),
            _ => None,
        }
    }

    /// The output of a command whose output is known.
    fn substitution(&self, group: usize) -> Option<String> {
        let mut commands = self.script.commands.iter().filter(|command| command.group == Some(group));
        let (Some(command), None) = (commands.next(), commands.next()) else { return None };
        let words: Option<Vec<&str>> = command.words.iter().map(|word| word.literal.as_deref()).collect();
        match words?.as_slice() {
            ["pwd"] => Some(self.folder.clone()),
            ["nproc"] => Some(ALL_PROCESSORS.to_owned()),
            // A build has to use the release that it is for.
            ["uname", "-r"] => Some("${KERNEL_VERSION}".to_owned()),
            _ => None,
        }
    }
}

/// Checks that a value has no variables but the kernel's release.
fn is_known(value: &str) -> bool {
    !value.replace("${KERNEL_VERSION}", "").replace("${KERNEL_FULL_VERSION}", "").contains('$')
}
