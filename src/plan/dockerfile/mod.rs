//! A mapping's Dockerfile: the values that its template sees.

mod code;
mod install;
mod packages;
mod repository;
mod skeleton;
mod step;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use minijinja::value::Value;

use self::skeleton::{KernelValues, Skeleton};
use super::labels::image_labels;
use super::{Code, PlannedMapping, Resolved};
use crate::header::with_header;
use crate::manifest::{Kernel, Kmod, Mirrors, Module, StagePackages, TemplateName};
use crate::template::{Renderer, Renderers, TemplateFault, Templates, UserTemplate};
use crate::vocabulary::{InputFiles, RelPath};

/// Prints Dockerfiles, one after another. One per thread.
pub struct DockerfileRenderer {
    own: Templates,
    users: Box<dyn Renderer>,
    /// The templates that exceeded a limit, which are not rendered again: a fleet would take hours.
    over_limit: HashMap<RelPath, Vec<TemplateFault>>,
    /// Inputs of the last Dockerfiles, each with a builder and without mirrors or not, and the skeletons that were made
    /// from the inputs; the last one used comes first.
    skeletons: Vec<(Arc<Resolved>, (bool, bool), State)>,
}

/// State of a skeleton.
enum State {
    /// Dockerfile that was printed only once so far, for which a skeleton may not be worth its cost.
    Printed,
    /// There is one, unless the template has none.
    Made(Option<Skeleton>),
}

/// Number of skeletons to keep: the kernels of a module come in a few kinds.
const HELD: usize = 16;

impl DockerfileRenderer {
    /// Prepares the built-in templates of this version, and a renderer of those in the manifest's folder.
    pub fn new(version: u32, files: Arc<dyn InputFiles>, renderers: &dyn Renderers) -> Self {
        let users = renderers.start(version, files.clone());
        Self { own: Templates::new(version, files), users, over_limit: HashMap::new(), skeletons: Vec::new() }
    }

    /// The Dockerfile of a mapping, its first line included, with `mirrors` in the place of what they stand for.
    ///
    /// # Errors
    /// All that is wrong with the template.
    pub fn dockerfile(
        &mut self,
        planned: &PlannedMapping<'_>,
        mirrors: &Mirrors,
    ) -> Result<String, Vec<TemplateFault>> {
        let PlannedMapping { module, kernel, resolved, .. } = planned;
        let builder = planned.builder().map(|image| mirrors.image(&image));
        let values = KernelValues {
            release: kernel.release.as_str(),
            devel_package: &kernel.release.devel_package(),
            builder: builder.as_deref(),
        };
        if let Some(skeleton) = self.skeleton(resolved, module, mirrors, values.builder.is_some()) {
            return Ok(with_header(&skeleton.fill(&values)));
        }
        let context = context(resolved, module, mirrors, &values, Some(kernel));
        let text = match &resolved.template {
            TemplateName::BuiltIn(name) => self.own.built_in(name, &context),
            TemplateName::File(path) => self.users_template(path, &context),
        };
        text.map(|text| with_header(&tidy(&text)))
    }

    fn users_template(&mut self, path: &RelPath, context: &Value) -> Result<String, Vec<TemplateFault>> {
        if let Some(faults) = self.over_limit.get(path) {
            return Err(faults.clone());
        }
        let rendered = self.users.render(UserTemplate::Dockerfile(path), context);
        if let Err(faults) = &rendered
            && faults.iter().any(|fault| fault.limit)
        {
            self.over_limit.insert(path.clone(), faults.clone());
        }
        rendered
    }

    /// The skeleton of all Dockerfiles that differ in nothing but their kernel. Only kmodgen's own
    /// templates have one: they are known to do nothing with the kernel but print it.
    fn skeleton(
        &mut self,
        resolved: &Arc<Resolved>,
        module: &Module,
        mirrors: &Mirrors,
        with_builder: bool,
    ) -> Option<&Skeleton> {
        let kind = (with_builder, mirrors.is_empty());
        let is = |(of, other, _): &(Arc<Resolved>, _, _)| Arc::ptr_eq(of, resolved) && *other == kind;
        let Some(at) = self.skeletons.iter().position(is) else {
            self.skeletons.truncate(HELD - 1);
            self.skeletons.insert(0, (resolved.clone(), kind, State::Printed));
            return None;
        };
        self.skeletons.swap(0, at);
        let state = &mut self.skeletons[0].2;
        if matches!(state, State::Printed) {
            *state = State::Made(match &resolved.template {
                TemplateName::BuiltIn(name) => {
                    let print = |values: &KernelValues<'_>| {
                        let context = context(resolved, module, mirrors, values, None);
                        self.own.built_in(name, &context).ok().map(|text| tidy(&text))
                    };
                    Skeleton::of(print, with_builder)
                }
                TemplateName::File(_) => None,
            });
        }
        match state {
            State::Made(skeleton) => skeleton.as_ref(),
            State::Printed => None,
        }
    }
}

/// Returns the values that a template can print; docs/templates.md lists them. Without `kernel`, values of the kernel
/// that kmodgen's own templates do not print are empty.
fn context(
    resolved: &Resolved,
    module: &Module,
    mirrors: &Mirrors,
    values: &KernelValues<'_>,
    kernel: Option<&Kernel>,
) -> Value {
    let steps: Value = resolved
        .steps
        .iter()
        .map(|step| {
            let code = Code::named(&resolved.codes, step.step.place.source.as_ref());
            let folder = code.map(Code::build_folder).unwrap_or_default();
            step::values(step, step.step.place.dir.iter().fold(folder, |path, dir| format!("{path}/{dir}")))
        })
        .collect();
    let codes: Vec<Value> = resolved.codes.iter().map(|code| code::values(code, &resolved.codes, mirrors)).collect();
    let labels = kernel.map(|kernel| kernel.labels.iter()).into_iter().flatten();
    let labels: BTreeMap<_, _> = labels.map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let flavour = kernel.map(Kernel::flavour).unwrap_or_default();
    let kernel = Value::from_pairs([
        ("release", Value::from(values.release)),
        ("devel_package", Value::from(values.devel_package)),
        ("arch", kernel.and_then(Kernel::architecture).map_or(Value::from(()), Value::from)),
        ("flavour", Value::from(flavour)),
        ("labels", labels.into()),
    ]);
    Value::from_pairs([
        ("module", Value::from(module.name.as_str())),
        ("kernel", kernel),
        ("builder", values.builder.map_or(Value::from(()), Value::from)),
        ("fetch", resolved.fetch.as_ref().map_or(Value::from(()), |fetch| mirrors.image(&fetch.to_string()).into())),
        ("runtime", Value::from(mirrors.image(&resolved.runtime.to_string()))),
        ("source", codes.first().cloned().unwrap_or_default()),
        ("sources", codes.into()),
        ("folders", code::folders(&resolved.codes)),
        ("steps", steps),
        ("kmods", resolved.kmods.iter().map(Kmod::path).collect()),
        ("kmod_folders", install::kmod_folders(resolved)),
        ("install", install::values(resolved, values.release)),
        ("packages", resolved.packages.as_ref().map_or(Value::from(()), packages)),
        ("builder_packages", packages::of_builder(resolved, false)),
        ("kernel_packages", packages::of_builder(resolved, true)),
        ("runtime_packages", packages::of_runtime(resolved, false)),
        ("runtime_kernel_packages", packages::of_runtime(resolved, true)),
        ("modprobe_packages", packages::with_modprobe(&resolved.runtime)),
        (
            "repositories",
            resolved.repositories.iter().map(|repository| repository::values(repository, mirrors)).collect(),
        ),
        ("image_labels", step::pairs(&image_labels(resolved, values.release))),
        ("date", Value::from(resolved.date().to_string())),
        ("source_date_epoch", Value::from(resolved.date().seconds())),
        ("lean", Value::from(resolved.lean)),
        ("busybox", Value::from(resolved.runtime.is_of_busybox())),
        ("user", resolved.user.as_deref().map_or(Value::from(()), Value::from)),
        ("build_args", step::pairs_on(resolved.hashed_build_args(), values.release)),
    ])
}

fn packages(packages: &StagePackages) -> Value {
    let StagePackages { rpm, deb, zypper, apk } = packages;
    let list = |names: &[String]| -> Value { names.iter().map(String::as_str).collect() };
    Value::from_pairs([("rpm", list(rpm)), ("deb", list(deb)), ("zypper", list(zypper)), ("apk", list(apk))])
}

/// No blank lines in a row, at the start or at the end, and one line end at the end: blocks that
/// print nothing leave no holes.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines() {
        let line_blank = line.trim().is_empty();
        if !(line_blank && blank) {
            tidy.push_str(if line_blank { "" } else { line.trim_end() });
            tidy.push('\n');
        }
        blank = line_blank;
    }
    let end = tidy.trim_end().len();
    tidy.truncate(end);
    tidy.push('\n');
    tidy
}
