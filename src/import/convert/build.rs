//! Commands of the builder.

use dockerfile_reader::Command;
use kmodgen_yaml::Yaml;

use super::draft::{Draft, Fate};
use super::files::StageKind;
use super::folder::{below, join};
use super::make::{self, MakeStep, Making};
use super::shell_values::Values;

impl Draft {
    /// Reads a pipeline of the builder; `None` if it has to stay.
    pub(super) fn build_command(&mut self, values: &Values<'_, '_>, pipeline: &[&Command<'_>]) -> Option<Fate> {
        if let Some(field) = self.source_command(values, pipeline) {
            return Some(Fate::Field(field));
        }
        let [command] = pipeline else { return None };
        match command.program()? {
            "make" if command.redirects.is_empty() => match make::make(values, command)? {
                Making::Install => {
                    Some(Fate::Done("takes the kmods that the build made; in-tree modules are not copied"))
                }
                Making::Step(step) => self.add_step(step),
            },
            "dkms" => self.dkms(values, command),
            _ => self.file_command(values, command, StageKind::Builder),
        }
    }

    fn dkms(&mut self, values: &Values<'_, '_>, command: &Command<'_>) -> Option<Fate> {
        let words = values.words(command)?;
        if words.get(1)? != "add" {
            // The other commands belong to the step of `add`.
            let has_step = self.steps.iter().any(|step| matches!(step, Yaml::Map(pairs) if pairs[0].0 == "dkms"));
            if has_step {
                return Some(Fate::Field("modules[0].steps".to_owned()));
            }
        }
        self.add_dkms(values, &words)
    }

    fn add_dkms(&mut self, values: &Values<'_, '_>, words: &[String]) -> Option<Fate> {
        let named = words.iter().skip(2).find(|word| word.contains('/') || *word == ".");
        let folder = match (value_of(words, "-m"), value_of(words, "-v")) {
            (Some(name), Some(version)) => format!("/usr/src/{name}-{version}"),
            _ => join(&values.folder, named?),
        };
        self.add_step(MakeStep { tool: "dkms", folder, fields: Vec::new() })
    }

    /// Adds a step, unless lines that stay come between it and the one before.
    fn add_step(&mut self, step: MakeStep) -> Option<Fate> {
        let is_behind = self.kept.iter().any(|kept| kept.block == "build" && !kept.is_before && !kept.is_setting);
        let source = self.sources.iter().position(|source| below(&step.folder, &source.folder).is_some());
        let (at, dir) = match source {
            Some(at) => (at, below(&step.folder, &self.sources[at].folder)?.to_owned()),
            // dkms has its own copy of the only source.
            None if step.tool == "dkms" && self.sources.len() == 1 => (0, String::new()),
            None => return None,
        };
        if is_behind {
            return None;
        }
        let mut fields = step.fields;
        if at > 0 {
            fields.push(("source", Yaml::text(self.sources[at].name.clone())));
        }
        if !dir.is_empty() {
            fields.push(("dir", Yaml::text(dir)));
        }
        let fields = fields.into_iter().map(|(key, value)| (key.into(), value)).collect();
        let field = format!("modules[0].steps[{}]", self.steps.len());
        self.steps.push(Yaml::Map(vec![(step.tool.into(), Yaml::Map(fields))]));
        self.folder.get_or_insert(step.folder);
        Some(Fate::Field(field))
    }
}

/// The word after an option.
fn value_of<'w>(words: &'w [String], option: &str) -> Option<&'w String> {
    words.iter().position(|word| word == option).and_then(|at| words.get(at + 1))
}
