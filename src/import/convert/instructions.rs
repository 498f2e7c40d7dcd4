//! Instructions, taken apart by the stage that they are in.

use dockerfile_reader::{Arguments, Base, Command, Dockerfile, Instruction, Keyword, Span, Variables};

use super::Request;
use super::draft::{Draft, Fate, Kept};
use super::files::StageKind;
use super::folder::join;
use super::shell_values::Values;
use super::splitting::{builder, is_splittable, pipelines, unpacked};
use super::stage_names::StageNames;

/// Runtime image, if that of the Dockerfile cannot be one.
const UBI_MINIMAL: &str = "registry.access.redhat.com/ubi9/ubi-minimal:9.4";

/// Arguments that KMM sets, or kmodgen declares.
const KERNEL_ARGUMENTS: &[&str] = &["KERNEL_VERSION", "KERNEL_FULL_VERSION", "DTK_AUTO"];

struct Reading<'r, 'd> {
    draft: &'r mut Draft,
    dockerfile: &'r Dockerfile<'d>,
    variables: &'r Variables<'r>,
    request: &'r Request<'r>,
    /// The stage that compiles, after those that it is built from.
    builders: Vec<usize>,
    last: usize,
    folder: String,
    has_copied: bool,
    names: StageNames,
}

/// Reads all instructions into a draft.
pub(super) fn read(draft: &mut Draft, dockerfile: &Dockerfile<'_>, variables: &Variables<'_>, request: &Request<'_>) {
    let last = dockerfile.stages.len().saturating_sub(1);
    let mut builders = vec![builder(dockerfile, last)];
    while let Some(Base::Stage(base)) = builders.first().map(|stage| variables.base(*stage)) {
        builders.insert(0, *base);
    }
    draft.unpacked = unpacked(dockerfile, variables);
    let folder = "/".to_owned();
    let names = StageNames::of(dockerfile, &builders, last);
    draft.gaps.extend(names.renamed().map(|(old, new)| {
        format!("modules[0].template: the stage `{old}` is now `{new}`, because kmodgen has a stage of this name")
    }));
    let mut reading =
        Reading { draft, dockerfile, variables, request, builders, last, folder, has_copied: false, names };
    for (number, instruction) in dockerfile.instructions.iter().enumerate() {
        reading.instruction(number, instruction);
    }
    if reading.builders.contains(&last) {
        let gap = format!("baseImages.runtime: the Dockerfile has one stage; the image is built on `{UBI_MINIMAL}`");
        reading.draft.runtime = Some(UBI_MINIMAL.to_owned());
        reading.draft.gaps.push(gap);
    }
}

impl Reading<'_, '_> {
    fn instruction(&mut self, number: usize, instruction: &Instruction<'_>) {
        let Some(stage) = self.dockerfile.stage_of(number) else { return self.global(instruction) };
        if instruction.keyword == Keyword::From {
            self.folder = "/".to_owned();
        }
        if self.builders.contains(&stage) {
            self.in_builder(number, stage, instruction);
        } else if stage == self.last {
            self.in_runtime(number, instruction);
        } else {
            let is_before = self.builders.first().is_some_and(|builder| stage < *builder);
            let block = if is_before { "builder_from" } else { "runtime_from" };
            self.keep(instruction, block, true);
        }
    }

    /// An ARG before the first FROM.
    fn global(&mut self, instruction: &Instruction<'_>) {
        let is_kernel = instruction.pairs().iter().all(|pair| KERNEL_ARGUMENTS.contains(&pair.name.text.as_ref()));
        if is_kernel {
            let fate = Fate::Done("declares what KMM sets");
            self.draft.note(instruction.span, fate);
        } else {
            self.setting(instruction, "builder_from", true);
        }
    }

    fn in_builder(&mut self, number: usize, stage: usize, instruction: &Instruction<'_>) {
        let (block, is_before) = self.builder_block(instruction.span);
        match instruction.keyword {
            Keyword::From if self.builders.first() == Some(&stage) => self.builder_image(stage, instruction),
            Keyword::From => self.draft.note(instruction.span, Fate::Done("has one stage that builds")),
            Keyword::Arg => self.argument(instruction, block, is_before),
            Keyword::Workdir => {
                self.enter(number, instruction);
                self.setting(instruction, block, is_before);
            }
            Keyword::User => self.setting(instruction, block, is_before),
            Keyword::Run => self.run(number, instruction, StageKind::Builder),
            Keyword::Add if self.added(number, instruction) => {}
            Keyword::Copy | Keyword::Add if self.dockerfile.references(number).is_empty() => {
                self.no_context(instruction)
            }
            Keyword::Label | Keyword::Cmd | Keyword::Entrypoint | Keyword::Expose | Keyword::Volume
                if stage == self.last =>
            {
                self.keep(instruction, "runtime_end", true);
            }
            Keyword::Label | Keyword::Cmd | Keyword::Entrypoint | Keyword::Expose | Keyword::Volume => {
                self.draft.note(instruction.span, Fate::Dropped("it is not in the image: the stage is not the last"));
            }
            _ => self.keep(instruction, block, is_before),
        }
    }

    /// Block for a line of the builder that stays, and whether it stands before the block's own lines.
    fn builder_block(&self, span: Span) -> (&'static str, bool) {
        let needs_kernel = span.of(self.dockerfile.text).contains("KERNEL");
        match (self.draft.steps.is_empty(), self.draft.sources.is_empty()) {
            (true, true) if !needs_kernel => ("builder_prepare", false),
            (true, _) => ("build", true),
            (false, _) => ("build", false),
        }
    }

    fn builder_image(&mut self, stage: usize, from: &Instruction<'_>) {
        let image = match self.variables.base(stage) {
            Base::Image(image) if image == "${DTK_AUTO}" => Some("dtk".to_owned()),
            Base::Image(image) if !image.replace("${KERNEL_VERSION}", "").contains('$') => Some(image.clone()),
            _ => None,
        };
        if image.is_none() {
            self.draft
                .gaps
                .push("baseImages.builder: FILL IN: the image of FROM is not known; `dtk` is an example".to_owned());
        }
        self.draft.builder = Some(image.unwrap_or_else(|| "dtk".to_owned()));
        self.draft.field(from.span, "baseImages.builder");
    }

    fn in_runtime(&mut self, number: usize, instruction: &Instruction<'_>) {
        let block = if self.has_copied { ("runtime_copy", false) } else { self.runtime_block(instruction.span) };
        match instruction.keyword {
            Keyword::From => self.runtime_image(instruction),
            Keyword::Arg => self.argument(instruction, block.0, block.1),
            Keyword::Workdir => {
                self.enter(number, instruction);
                self.setting(instruction, block.0, block.1);
            }
            Keyword::Run => self.run(number, instruction, StageKind::Runtime),
            Keyword::Copy if !self.dockerfile.references(number).is_empty() => {
                self.has_copied = true;
                self.runtime_copy(number, instruction);
            }
            Keyword::Copy | Keyword::Add if instruction.heredocs.is_empty() && !self.is_remote(instruction) => {
                self.no_context(instruction);
            }
            Keyword::Label => self.labels(number, instruction),
            Keyword::User => match &instruction.arguments {
                Arguments::Text(user) if user.text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                    self.draft.user = Some(user.text.to_string());
                    self.draft.field(instruction.span, "modules[0].user");
                }
                _ => self.keep(instruction, "runtime_end", true),
            },
            Keyword::Copy | Keyword::Add => self.keep(instruction, "runtime_copy", false),
            _ => self.keep(instruction, "runtime_end", true),
        }
    }

    fn runtime_block(&self, span: Span) -> (&'static str, bool) {
        let needs_kernel = span.of(self.dockerfile.text).contains("KERNEL");
        if needs_kernel { ("runtime_copy", true) } else { ("runtime_prepare", false) }
    }

    fn runtime_image(&mut self, from: &Instruction<'_>) {
        let image = match self.variables.base(self.last) {
            Base::Image(image) if !image.contains('$') => Some(image.clone()),
            _ => None,
        };
        match image {
            Some(image) => self.draft.runtime = Some(image),
            None => {
                self.draft.runtime = Some(UBI_MINIMAL.to_owned());
                self.draft
                    .gaps
                    .push(format!("baseImages.runtime: `{UBI_MINIMAL}` replaces the image of the last FROM"));
            }
        }
        self.draft.field(from.span, "baseImages.runtime");
    }

    fn runtime_copy(&mut self, number: usize, copy: &Instruction<'_>) {
        let stage =
            self.dockerfile.references(number).first().and_then(|one| self.dockerfile.stage_named(&one.word.text));
        let is_builder = stage.is_some_and(|stage| self.builders.contains(&stage));
        let fate = if is_builder { self.draft.runtime_copy(number, copy, self.variables) } else { None };
        match fate {
            Some(fate) => self.draft.note(copy.span, fate),
            None => self.keep(copy, "runtime_copy", false),
        }
    }

    fn labels(&mut self, number: usize, label: &Instruction<'_>) {
        let mut labels = Vec::new();
        for pair in label.pairs() {
            let words = [Some(&pair.name), pair.value.as_ref()].into_iter().flatten();
            let texts: Option<Vec<String>> = words.map(|word| self.expanded(number, word)).collect();
            let Some([name, value]) = texts.as_deref() else { return self.keep(label, "runtime_end", true) };
            labels.push((name.clone(), value.clone()));
        }
        self.draft.labels.extend(labels);
        self.draft.field(label.span, "modules[0].imageLabels");
    }

    /// A word with its variables, of which only the release may stay.
    fn expanded(&self, number: usize, word: &dockerfile_reader::Word<'_>) -> Option<String> {
        let expansion = self.variables.expand(number, word).ok()?;
        let is_known = expansion.undeclared.is_empty() && expansion.unset.is_empty();
        let rest = expansion.value.replace("${KERNEL_VERSION}", "").replace("${KERNEL_FULL_VERSION}", "");
        (is_known && !rest.contains('$') && !rest.is_empty()).then_some(expansion.value)
    }

    fn argument(&mut self, arg: &Instruction<'_>, block: &'static str, is_before: bool) {
        let is_known =
            |known: &str| KERNEL_ARGUMENTS.contains(&known) || self.request.build_arguments.contains_key(known);
        if arg.pairs().iter().all(|pair| is_known(&pair.name.text)) {
            self.draft.note(arg.span, Fate::Done("declares what KMM sets, and the Module's build arguments"));
        } else {
            self.setting(arg, block, is_before);
        }
    }

    fn enter(&mut self, number: usize, workdir: &Instruction<'_>) {
        let Arguments::Text(word) = &workdir.arguments else { return };
        if let Some(path) = self.expanded(number, word) {
            self.folder = join(&self.folder, &path);
            self.draft.visit(&self.folder);
        }
    }

    /// An ADD of an archive from a URL, which a later command unpacks.
    fn added(&mut self, number: usize, add: &Instruction<'_>) -> bool {
        let [url, to] = add.words() else { return false };
        let (Some(url), Some(to)) = (self.expanded(number, url), self.expanded(number, to)) else { return false };
        let name = url.rsplit('/').next().unwrap_or_default();
        let file = join(&self.folder, &if to.ends_with('/') || to == "." { format!("{to}/{name}") } else { to });
        let is_unpacked = file.rsplit('/').next().is_some_and(|name| self.draft.unpacked.contains(name));
        let Some(field) = url.contains("://").then_some(url).filter(|_| is_unpacked) else { return false };
        let Some(field) = self.draft.add_archive(field, file.clone()) else { return false };
        let checksum = add.flag("checksum").and_then(|flag| flag.value.as_ref());
        if let Some(sha256) = checksum.and_then(|value| value.text.strip_prefix("sha256:")) {
            self.draft.set_checksum(&file, sha256);
        }
        self.draft.field(add.span, field);
        true
    }

    fn is_remote(&self, instruction: &Instruction<'_>) -> bool {
        instruction.words().iter().any(|word| word.text.contains("://"))
    }

    fn no_context(&mut self, instruction: &Instruction<'_>) {
        if self.is_remote(instruction) {
            let (block, is_before) = self.builder_block(instruction.span);
            return self.keep(instruction, block, is_before);
        }
        self.draft.note(instruction.span, Fate::Dropped("KMM builds without files beside the Dockerfile"));
        let gap =
            "sources: FILL IN: a COPY of files beside the Dockerfile is left out; add them as a source or a patch";
        self.draft.gaps.push(gap.to_owned());
    }

    fn keep(&mut self, instruction: &Instruction<'_>, block: &'static str, is_before: bool) {
        let text = self.names.text(self.dockerfile, instruction);
        self.draft.keep(Kept { block, is_before, span: instruction.span, text, is_setting: false });
    }

    fn setting(&mut self, instruction: &Instruction<'_>, block: &'static str, is_before: bool) {
        let text = instruction.span.of(self.dockerfile.text).to_owned();
        self.draft.keep(Kept { block, is_before, span: instruction.span, text, is_setting: true });
    }

    fn run(&mut self, number: usize, run: &Instruction<'_>, place: StageKind) {
        let script = run.script().filter(|script| is_splittable(run, script));
        let Some(script) = script else {
            let (block, is_before) = self.block(run.span, place);
            return self.keep(run, block, is_before);
        };
        let mut values =
            Values { script: &script, variables: self.variables, instruction: number, folder: self.folder.clone() };
        let pipelines = pipelines(&script);
        let is_known =
            |pipeline: &&Vec<&Command<'_>>| pipeline[0].program() != Some("cd") || values.words(pipeline[0]).is_some();
        if pipelines.iter().filter(is_known).count() < pipelines.len() {
            let (block, is_before) = self.block(run.span, place);
            return self.keep(run, block, is_before);
        }
        // Commands in a row that stay, and the folder that they run in.
        let mut staying: Option<(Span, String)> = None;
        for pipeline in &pipelines {
            let span = Span::new(pipeline[0].span.start, pipeline.last().map_or(0, |last| last.span.end));
            if pipeline[0].program() == Some("cd") {
                let to = values.words(pipeline[0]).and_then(|words| words.get(1).cloned()).unwrap_or_default();
                values.folder = join(&values.folder, &to);
                self.draft.visit(&values.folder);
                self.stay(staying.take(), place);
                self.draft.note(span, Fate::Done("runs each command in its folder"));
                continue;
            }
            let fate = match place {
                StageKind::Builder => self.draft.build_command(&values, pipeline),
                StageKind::Runtime => self.draft.runtime_command(&values, pipeline),
            };
            match (fate, &mut staying) {
                (Some(fate), _) => {
                    self.stay(staying.take(), place);
                    self.draft.note(span, fate);
                }
                (None, Some((kept, _))) => kept.end = span.end,
                (None, _) => staying = Some((span, values.folder.clone())),
            }
        }
        self.stay(staying, place);
    }

    fn block(&self, span: Span, place: StageKind) -> (&'static str, bool) {
        match place {
            StageKind::Builder => self.builder_block(span),
            StageKind::Runtime if self.has_copied => ("runtime_copy", false),
            StageKind::Runtime => self.runtime_block(span),
        }
    }

    /// Keeps commands as a RUN of their own.
    fn stay(&mut self, commands: Option<(Span, String)>, place: StageKind) {
        let Some((span, folder)) = commands else { return };
        let (block, is_before) = self.block(span, place);
        let enters = if folder == self.folder { String::new() } else { format!("cd {folder} && ") };
        let text = format!("RUN {enters}{}", span.of(self.dockerfile.text));
        self.draft.keep(Kept { block, is_before, span, text, is_setting: false });
    }
}
