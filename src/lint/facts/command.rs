//! Commands of RUN instructions.

use dockerfile_reader::{Command, Connector, ShellWord, Span, WordPart};

/// A command in a RUN.
pub struct CommandFacts {
    /// Number of the RUN.
    pub instruction: usize,
    pub stage: usize,
    pub span: Span,
    /// Name of the program without its folder; empty if a variable decides.
    pub program: String,
    /// Set if the program is a file outside of the usual folders, such as `./build.sh`.
    pub is_script: bool,
    pub arguments: Vec<ArgumentFacts>,
    /// Names of the variables that are assigned before the command, with their values.
    pub assignments: Vec<(String, String)>,
    /// Files that the output is written to.
    pub outputs: Vec<String>,
    /// Set if the output goes to the next command.
    pub is_piped: bool,
    /// Set if the input comes from the command before.
    pub reads_pipe: bool,
}

/// An argument without its quotes; variables are written as `${NAME}`, and substitutions as `$()`.
#[derive(Debug, Clone)]
pub struct ArgumentFacts {
    pub text: String,
    pub span: Span,
}

/// Programs that run the program after them.
const WRAPPERS: [&str; 6] = ["sudo", "env", "time", "nice", "command", "exec"];

/// Folders of the programs of a distribution.
const FOLDERS: [&str; 6] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];

impl CommandFacts {
    pub fn of(command: &Command<'_>, instruction: usize, stage: usize) -> Self {
        let mut words = command.words.iter().peekable();
        let mut assignments: Vec<(String, String)> =
            command.assignments.iter().map(|one| (one.name.to_string(), flat(&one.value))).collect();
        let mut program = String::new();
        for word in words.by_ref() {
            program = flat(word);
            let is_option = !assignments.is_empty() && program.starts_with('-');
            match program.split_once('=') {
                Some((name, value)) if is_name(name) => assignments.push((name.to_owned(), value.to_owned())),
                _ if WRAPPERS.contains(&base(&program)) || is_option => {}
                _ => break,
            }
        }
        let is_script = program.contains('/') && !FOLDERS.iter().any(|folder| program.starts_with(folder));
        let outputs = command.redirects.iter().filter(|redirect| redirect.operator.starts_with('>'));
        Self {
            instruction,
            stage,
            span: command.span,
            program: base(&program).to_owned(),
            is_script,
            arguments: words.map(|word| ArgumentFacts { text: flat(word), span: word.span }).collect(),
            assignments,
            outputs: outputs.map(|redirect| flat(&redirect.target)).collect(),
            is_piped: command.after == Connector::Pipe,
            reads_pipe: command.before == Connector::Pipe,
        }
    }

    /// Returns whether an argument is exactly this text.
    pub fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|one| one.text == argument)
    }

    /// Returns whether an argument or an assignment has this text in it.
    pub fn mentions(&self, text: &str) -> bool {
        self.arguments.iter().any(|one| one.text.contains(text))
            || self.assignments.iter().any(|(name, value)| name.contains(text) || value.contains(text))
    }

    /// The arguments that are no options.
    pub fn operands(&self) -> impl Iterator<Item = &ArgumentFacts> {
        self.arguments.iter().filter(|one| !one.text.starts_with('-'))
    }
}

fn base(program: &str) -> &str {
    if program.contains("${") { "" } else { program.rsplit('/').next().unwrap_or(program) }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// A word without its quotes.
fn flat(word: &ShellWord<'_>) -> String {
    if let Some(literal) = &word.literal {
        return literal.to_string();
    }
    let parts = word.parts.iter().map(|part| match part {
        WordPart::Text(text) => text.clone(),
        WordPart::Variable(number) => {
            word.variables.get(*number).map_or_else(String::new, |variable| format!("${{{}}}", variable.name))
        }
        WordPart::Group(_) | WordPart::Arithmetic => "$()".to_owned(),
    });
    parts.collect()
}
