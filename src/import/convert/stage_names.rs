//! Names of stages that stay, beside those of kmodgen's own stages.

use std::collections::BTreeMap;

use dockerfile_reader::{Dockerfile, Instruction, Keyword, Span, Target};

/// Name of kmodgen's stage that builds.
const BUILDER: &str = "builder";

/// Names of the stages of the built-in templates.
const OF_TEMPLATES: [&str; 2] = [BUILDER, "sources"];

/// Names of the stages of a Dockerfile in the generated one, by their numbers.
pub(super) struct StageNames {
    names: BTreeMap<usize, String>,
    renamed: Vec<(String, String)>,
}

impl StageNames {
    /// Names the stages: those that build have kmodgen's name, and a stage that stays keeps its own if it can.
    pub(super) fn of(dockerfile: &Dockerfile<'_>, builders: &[usize], last: usize) -> Self {
        let mut taken: Vec<String> = OF_TEMPLATES.iter().map(|&name| name.to_owned()).collect();
        let own = dockerfile.stages.iter().filter_map(|stage| stage.name.as_ref());
        taken.extend(own.map(|name| name.text.to_lowercase()).filter(|name| !OF_TEMPLATES.contains(&name.as_str())));
        let (mut names, mut renamed) = (BTreeMap::new(), Vec::new());
        for (number, stage) in dockerfile.stages.iter().enumerate() {
            if builders.contains(&number) {
                names.insert(number, BUILDER.to_owned());
            }
            if builders.contains(&number) || number == last {
                continue;
            }
            let name = match &stage.name {
                Some(name) if !OF_TEMPLATES.contains(&name.text.to_lowercase().as_str()) => name.text.to_string(),
                Some(name) => free(&format!("original-{}", name.text.to_lowercase()), &taken),
                // Numbers of stages are others in the generated Dockerfile.
                None if is_taken_by_number(dockerfile, number) => free(&format!("stage-{number}"), &taken),
                None => continue,
            };
            if let Some(old) = stage.name.as_ref().filter(|old| old.text != name) {
                renamed.push((old.text.to_string(), name.clone()));
            }
            taken.push(name.to_lowercase());
            names.insert(number, name);
        }
        Self { names, renamed }
    }

    /// The stages that have another name, by the old one.
    pub(super) fn renamed(&self) -> impl Iterator<Item = &(String, String)> {
        self.renamed.iter()
    }

    /// Returns the text of an instruction with the names of the generated Dockerfile.
    pub(super) fn text(&self, dockerfile: &Dockerfile<'_>, instruction: &Instruction<'_>) -> String {
        let whole = instruction.span;
        let mut edits: Vec<(Span, String)> = Vec::new();
        if let Some(number) = dockerfile.instructions.iter().position(|one| one.span == whole) {
            for reference in dockerfile.references(number) {
                let Target::Stage(stage) = reference.target else { continue };
                edits.extend(self.names.get(&stage).map(|name| (reference.word.span, name.clone())));
            }
            if instruction.keyword == Keyword::From {
                self.in_from(dockerfile, number, whole, &mut edits);
            }
        }
        edits.sort_by_key(|(span, _)| span.start);
        let mut text = whole.of(dockerfile.text).to_owned();
        for (span, name) in edits.iter().rev() {
            let (from, to) = (span.start.wrapping_sub(whole.start), span.end.wrapping_sub(whole.start));
            if from <= to && text.is_char_boundary(from) && text.is_char_boundary(to) {
                text.replace_range(from..to, name);
            }
        }
        text
    }

    fn in_from(&self, dockerfile: &Dockerfile<'_>, number: usize, whole: Span, edits: &mut Vec<(Span, String)>) {
        let Some(at) = dockerfile.stage_of(number) else { return };
        let Some(stage) = dockerfile.stages.get(at) else { return };
        let base = stage.image.as_ref().and_then(|image| Some((image, dockerfile.stage_named(&image.text)?)));
        if let Some((image, base)) = base.filter(|(_, base)| *base < at) {
            edits.extend(self.names.get(&base).map(|name| (image.span, name.clone())));
        }
        match (&stage.name, self.names.get(&at)) {
            (Some(old), Some(name)) => edits.push((old.span, name.clone())),
            (None, Some(name)) => edits.push((Span::new(whole.end, whole.end), format!(" AS {name}"))),
            _ => {}
        }
    }
}

fn is_taken_by_number(dockerfile: &Dockerfile<'_>, stage: usize) -> bool {
    let instructions = 0..dockerfile.instructions.len();
    let mut references = instructions.flat_map(|number| dockerfile.references(number));
    references.any(|one| one.target == Target::Stage(stage))
}

/// Returns a name that is not taken yet.
fn free(wanted: &str, taken: &[String]) -> String {
    let names = std::iter::once(wanted.to_owned()).chain((2..).map(|number| format!("{wanted}-{number}")));
    let mut free = names.filter(|name| !taken.contains(name));
    free.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, builder: usize) -> Vec<String> {
        let file = dockerfile_reader::read(text);
        let names = StageNames::of(&file, &[builder], file.stages.len() - 1);
        file.instructions.iter().map(|instruction| names.text(&file, instruction)).collect()
    }

    #[test]
    fn stages_that_stay_have_names_of_their_own() {
        let text = "FROM a AS Sources\nFROM sources\nFROM dtk AS build\nCOPY --from=sources /a /a\n\
                    FROM scratch\nCOPY --from=1 /b /b\nCOPY --from=build /c /c\nRUN --mount=type=bind,from=SOURCES,target=/x ls\n";
        assert_eq!(
            texts(text, 2),
            [
                "FROM a AS original-sources",
                "FROM original-sources AS stage-1",
                "FROM dtk AS builder",
                "COPY --from=original-sources /a /a",
                "FROM scratch",
                "COPY --from=stage-1 /b /b",
                "COPY --from=builder /c /c",
                "RUN --mount=type=bind,from=original-sources,target=/x ls",
            ]
        );
    }

    #[test]
    fn other_names_stay() {
        let text = "FROM a AS files\nFROM b\nFROM dtk AS builder\nFROM c\nCOPY --from=files /a /b\n";
        assert_eq!(texts(text, 2).join("\n") + "\n", text);
    }
}
