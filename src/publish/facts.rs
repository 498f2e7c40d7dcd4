//! Changes of a commit, in the words of those who run the kernels.

use std::collections::{HashMap, HashSet};
use std::fmt::{Display, Write as _};
use std::sync::Arc;

use serde::Serialize;

/// Limit on the kernels of a kind that are named, for each module.
const NAMED: usize = 20;

/// Keys of trailers.
const CONTENT_HASH: &str = "Kmodgen-Content-Hash";
const VERSION: &str = "Kmodgen-Version";

/// Change of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Altered {
    /// New mapping.
    Added,
    /// Changed mapping, with the inputs that changed, if they are known.
    Changed(Vec<String>),
    /// Removed mapping.
    Removed,
}

/// Changes of mappings, by module and kernel.
pub type Alterations<'a> = HashMap<&'a str, HashMap<&'a str, Altered>>;

/// Facts about a commit, for its message and for templates of messages.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Facts {
    /// The branch.
    pub branch: String,
    /// The folder in the repository.
    pub path: String,
    /// The version of kmodgen.
    pub version: &'static str,
    /// The digest of all content hashes, which is the same for the same images.
    pub content_hash: String,
    /// Number of files that are written and removed.
    pub files: Files,
    /// Number of new mappings.
    pub added: usize,
    /// Number of changed mappings.
    pub changed: usize,
    /// Number of removed mappings.
    pub removed: usize,
    /// The modules of which any mapping does, in order.
    pub modules: Vec<ModuleFacts>,
    /// Holds that are in force, in order.
    pub holds: Vec<HoldFacts>,
    /// Kernels of all modules, each once: clusters have most of them alike.
    #[serde(skip)]
    pub kernels: HashSet<Arc<str>>,
}

/// Hold of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HoldFacts {
    /// Name of the module, behind that of its cluster if there are clusters.
    pub name: String,
    /// Beginning of the commit's ID.
    pub at: String,
    /// The last day.
    pub until: String,
    /// The reason, on one line.
    pub reason: String,
}

/// Number of files that a commit writes and removes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Files {
    pub created: usize,
    pub updated: usize,
    pub removed: usize,
}

/// Changes of a commit for one module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModuleFacts {
    /// Its name, behind that of its cluster where there are clusters.
    pub name: String,
    /// Kernels that are new to it.
    pub added: Vec<Arc<str>>,
    /// Kernels whose image is another one, by the inputs that changed.
    pub changed: Vec<ChangedFacts>,
    /// Kernels that go.
    pub removed: Vec<Arc<str>>,
}

/// Kernels for which the same inputs changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChangedFacts {
    /// The inputs, such as "runtime image"; none where they are not known.
    pub inputs: Vec<String>,
    /// The kernels.
    pub kernels: Vec<Arc<str>>,
}

impl Facts {
    /// Adds what becomes of mappings; names of modules get `prefix`.
    pub fn add(&mut self, prefix: &str, altered: Alterations<'_>) {
        for (name, kernels) in sorted(altered) {
            let mut module = ModuleFacts { name: format!("{prefix}{name}"), ..ModuleFacts::default() };
            for (kernel, altered) in sorted(kernels) {
                let kernel = self.kernel(kernel);
                match altered {
                    Altered::Added => module.added.push(kernel),
                    Altered::Removed => module.removed.push(kernel),
                    Altered::Changed(inputs) => {
                        self.changed += 1;
                        match module.changed.iter_mut().find(|changed| changed.inputs == inputs) {
                            Some(same) => same.kernels.push(kernel),
                            None => module.changed.push(ChangedFacts { inputs, kernels: vec![kernel] }),
                        }
                    }
                }
            }
            module.added.shrink_to_fit();
            self.added += module.added.len();
            self.removed += module.removed.len();
            self.modules.push(module);
        }
    }

    /// Returns the name of a kernel.
    fn kernel(&mut self, name: &str) -> Arc<str> {
        let known = self.kernels.get(name).cloned();
        known.unwrap_or_else(|| {
            let name: Arc<str> = name.into();
            self.kernels.insert(Arc::clone(&name));
            name
        })
    }

    /// The first line of a message.
    pub fn subject(&self) -> String {
        let counts = [(self.added, "added"), (self.changed, "changed"), (self.removed, "removed")];
        let mut told = counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| (number, what));
        let Some((number, what)) = told.next() else {
            let Files { created, updated, removed } = self.files;
            let files = created + updated + removed;
            return format!("kmodgen: {files} file{} changed", plural(files));
        };
        let rest: String = told.map(|(number, what)| format!(", {number} {what}")).collect();
        format!("kmodgen: {number} mapping{} {what}{rest}", plural(*number))
    }

    /// Returns the part of a message between its first line and its trailers.
    pub fn body(&self) -> String {
        let mut text = String::new();
        for module in &self.modules {
            list(&mut text, &format!("{}: added", module.name), &module.added);
            for ChangedFacts { inputs, kernels } in &module.changed {
                let why = if inputs.is_empty() { String::new() } else { format!(" ({})", inputs.join(", ")) };
                list(&mut text, &format!("{}: changed{why}", module.name), kernels);
            }
            list(&mut text, &format!("{}: removed", module.name), &module.removed);
        }
        let holds = self.holds.iter();
        let holds =
            holds.map(|HoldFacts { name, at, until, reason }| format!("{name} at {at} until {until}: {reason}"));
        list(&mut text, "held", &holds.collect::<Vec<_>>());
        let Files { created, updated, removed } = self.files;
        let _ = writeln!(text, "Files: {created} created, {updated} updated, {removed} removed");
        text
    }

    /// The last lines, for programs.
    pub fn trailers(&self) -> String {
        format!("{CONTENT_HASH}: {}\n{VERSION}: {}\n", self.content_hash, self.version)
    }
}

/// Returns whether a message ends with the trailers of a commit of kmodgen. Those that it quotes do not count.
pub fn has_trailers(message: &str) -> bool {
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    // `git cherry-pick -x` adds a line in parentheses.
    let are_trailers = last.lines().all(|line| {
        line.split_once(": ")
            .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
            || line.starts_with("(cherry picked from commit ")
    });
    are_trailers && last.lines().any(|line| line.split_once(": ").is_some_and(|(key, _)| key == VERSION))
}

/// Returns entries by name. A sort takes less than a sorted map, as a fleet has many kernels.
fn sorted<T>(map: HashMap<&str, T>) -> Vec<(&str, T)> {
    let mut entries: Vec<(&str, T)> = map.into_iter().collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    entries
}

fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn list(text: &mut String, head: &str, items: &[impl Display]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "{head}");
    for item in items.iter().take(NAMED) {
        let _ = writeln!(text, "  {item}");
    }
    if items.len() > NAMED {
        let _ = writeln!(text, "  and {} more", items.len() - NAMED);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_well() {
        let mut facts = Facts { version: "0.1.0", content_hash: "abc".into(), ..Facts::default() };
        let kernels: Vec<String> = (0..22).map(|n| format!("6.1.{n:02}")).collect();
        let alpha = kernels.iter().map(|kernel| (kernel.as_str(), Altered::Added)).collect();
        let beta = HashMap::from([
            ("5.1", Altered::Changed(vec!["runtime image".into(), "patch a".into()])),
            ("5.2", Altered::Changed(vec!["runtime image".into(), "patch a".into()])),
            ("5.3", Altered::Changed(vec![])),
            ("5.4", Altered::Removed),
        ]);
        let altered = Alterations::from([("alpha", alpha), ("beta", beta)]);
        facts.add("", altered);
        facts.files = Files { created: 44, updated: 8, removed: 2 };
        let [name, at] = ["east/gamma", "4b5e4ab3ce88"].map(str::to_owned);
        let [until, reason] = ["2026-12-31", "panics on 9.5, see #12"].map(str::to_owned);
        facts.holds.push(HoldFacts { name, at, until, reason });
        assert_snapshot!("facts", format!("{}\n\n{}\n{}", facts.subject(), facts.body(), facts.trailers()));
    }

    #[test]
    fn a_commit_is_known_by_its_trailers() {
        let facts = Facts { version: "0.1.0", content_hash: "abc".into(), ..Facts::default() };
        let (subject, body, trailers) = (facts.subject(), facts.body(), facts.trailers());
        let own = format!("{subject}\n\n{body}\n{trailers}");
        for added in ["", "\n\n", "Signed-off-by: Ann <ann@example.com>\n", "(cherry picked from commit 0123)\n"] {
            assert!(has_trailers(&format!("{own}{added}")), "{added}");
        }
        for other in [
            String::new(),
            format!("Revert\n\nThis reverts:\n{trailers}"),
            format!("{own}\nThis is reverted.\n"),
            format!("> {}", trailers.replace('\n', "\n> ")),
            "Fix it\n\nKmodgen-Content-Hash: abc\n".to_owned(),
        ] {
            assert!(!has_trailers(&other), "{other}");
        }
    }

    #[test]
    fn without_mappings_files_are_told_of() {
        let files = Files { created: 0, updated: 1, removed: 0 };
        assert_eq!(Facts { files, ..Facts::default() }.subject(), "kmodgen: 1 file changed");
    }
}
