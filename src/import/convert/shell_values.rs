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

/// Encloses the secret and the key of a file in `/run/secrets`.
pub(super) const SECRET: char = '\u{2}';

impl Values<'_, '_> {
    /// The words of a command; `None` if the value of one is not known.
    pub(super) fn words(&self, command: &Command<'_>) -> Option<Vec<String>> {
        command.words.iter().map(|word| self.value(word)).collect()
    }

    /// The words of a command, in which the contents of secrets stand as their names between [`SECRET`]s.
    pub(super) fn words_with_secrets(&self, command: &Command<'_>) -> Option<Vec<String>> {
        let words = command.words.iter();
        words.map(|word| self.value_of(word, |group| self.substitution(group).or_else(|| self.secret(group)))).collect()
    }

    /// The value of a word, in which the kernel's release stays a variable.
    pub(super) fn value(&self, word: &ShellWord<'_>) -> Option<String> {
        self.value_of(word, |group| self.substitution(group))
    }

    fn value_of(&self, word: &ShellWord<'_>, output: impl Fn(usize) -> Option<String>) -> Option<String> {
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
                WordPart::Group(group) => value.push_str(&output(*group)?),
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
        match self.only_command(group)?.as_slice() {
            ["pwd"] => Some(self.folder.clone()),
            ["nproc"] => Some(ALL_PROCESSORS.to_owned()),
            // A build has to use the release that it is for.
            ["uname", "-r"] => Some("${KERNEL_VERSION}".to_owned()),
            _ => None,
        }
    }

    /// The file of a secret that a command prints.
    fn secret(&self, group: usize) -> Option<String> {
        let words = self.only_command(group)?;
        let [program, path] = words.as_slice() else { return None };
        let file = path.strip_prefix("/run/secrets/").filter(|_| *program == "cat")?;
        Some(format!("{SECRET}{file}{SECRET}"))
    }

    /// The words of a substitution of one command without variables.
    fn only_command(&self, group: usize) -> Option<Vec<&str>> {
        let mut commands = self.script.commands.iter().filter(|command| command.group == Some(group));
        let (Some(command), None) = (commands.next(), commands.next()) else { return None };
        command.words.iter().map(|word| word.literal.as_deref()).collect()
    }
}

/// Checks that a value has no variables but the kernel's release.
fn is_known(value: &str) -> bool {
    !value.replace("${KERNEL_VERSION}", "").replace("${KERNEL_FULL_VERSION}", "").contains('$')
}
