//! A mapping's Dockerfile: the values that its template sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::Value;

use super::form::{Form, Subject};
use super::header::with_header;
use super::step;
use crate::manifest::{Firmware, Kernel, Module, Packages, TemplateName};
use crate::plan::{Layout, Resolved};
use crate::template::{TemplateFault, Templates};
use crate::vocabulary::{InputFiles, RelPath};

/// Prints Dockerfiles, one after another. One per thread.
pub struct Press {
    templates: Templates,
    /// What was printed last, and the forms that were made of it; the last one used comes first.
    forms: Vec<(Arc<Resolved>, bool, State)>,
}

/// How far it has come with a form.
enum State {
    /// It was printed once, and may not be again.
    Printed,
    /// There is one, unless the template has none.
    Made(Option<Form>),
}

/// How many forms are held: the kernels of a module come in a few kinds.
const HELD: usize = 16;

impl Press {
    /// A press with the built-in templates of this version, and those in the manifest's folder.
    pub fn new(version: u32, files: Arc<dyn InputFiles>) -> Self {
        Self { templates: Templates::new(version, files), forms: Vec::new() }
    }

    /// The Dockerfile of `module` on `kernel`, its first line included.
    ///
    /// # Errors
    /// What the template did wrong.
    pub fn dockerfile(
        &mut self,
        resolved: &Arc<Resolved>,
        module: &Module,
        kernel: &Kernel,
    ) -> Result<String, TemplateFault> {
        let builder = resolved.builder_on(kernel).map(ToString::to_string);
        let subject = Subject {
            release: kernel.release.as_str(),
            devel_package: &kernel.release.devel_package(),
            builder: builder.as_deref(),
        };
        if let Some(form) = self.form(resolved, module, subject.builder.is_some()) {
            return Ok(with_header(&form.fill(&subject)));
        }
        render(&self.templates, resolved, module, &subject, &kernel.labels).map(|body| with_header(&body))
    }

    /// The form of all Dockerfiles that differ in nothing but their kernel. Only kmodgen's own
    /// templates have one: they are known to do nothing with the kernel but print it.
    fn form(&mut self, resolved: &Arc<Resolved>, module: &Module, with_builder: bool) -> Option<&Form> {
        let is = |(of, builder, _): &(Arc<Resolved>, bool, _)| Arc::ptr_eq(of, resolved) && *builder == with_builder;
        let Some(at) = self.forms.iter().position(is) else {
            self.forms.truncate(HELD - 1);
            self.forms.insert(0, (resolved.clone(), with_builder, State::Printed));
            return None;
        };
        self.forms.swap(0, at);
        let state = &mut self.forms[0].2;
        if matches!(state, State::Printed) {
            let print =
                |subject: &Subject<'_>| render(&self.templates, resolved, module, subject, &BTreeMap::new()).ok();
            let own = matches!(resolved.template, TemplateName::BuiltIn(_));
            *state = State::Made(if own { Form::of(print, with_builder) } else { None });
        }
        match state {
            State::Made(form) => form.as_ref(),
            State::Printed => None,
        }
    }
}

fn render(
    templates: &Templates,
    resolved: &Resolved,
    module: &Module,
    subject: &Subject<'_>,
    labels: &BTreeMap<String, String>,
) -> Result<String, TemplateFault> {
    let text = templates.render(&resolved.template, &context(resolved, module, subject, labels))?;
    Ok(tidy(&text))
}

/// What a template can print; docs/templates.md lists it.
fn context(resolved: &Resolved, module: &Module, subject: &Subject<'_>, labels: &BTreeMap<String, String>) -> Value {
    let folder = format!("/usr/src/kmodgen/{}", resolved.source);
    let below = |parts: [Option<&RelPath>; 2]| {
        parts.into_iter().flatten().fold(folder.clone(), |path, part| format!("{path}/{part}"))
    };
    let steps: Value = resolved
        .steps
        .iter()
        .map(|step| step::values(step, below([resolved.dir.as_ref(), step.dir.as_ref()])))
        .collect();
    let patches: Value = resolved
        .patches
        .iter()
        .map(|patch| {
            // Made of quoted words only, so they may pass as they are.
            let write: Value = patch.write.iter().map(|command| Value::from_safe_string(command.clone())).collect();
            Value::from_pairs([
                ("name", Value::from_safe_string(comment(patch.path.as_str()))),
                ("file", Value::from(patch.file.as_str())),
                ("sha256", Value::from(patch.digest.to_string())),
                ("write", write),
            ])
        })
        .collect();
    let source = Value::from_pairs([
        ("name", Value::from(resolved.source.as_str())),
        ("url", Value::from(resolved.url.as_str())),
        ("commit", Value::from(resolved.commit.as_str())),
        ("folder", Value::from(folder.as_str())),
        ("build_folder", Value::from(below([resolved.dir.as_ref(), None]))),
        ("patches", patches),
    ]);
    let labels: Value =
        labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect::<BTreeMap<_, _>>().into();
    let kernel = Value::from_pairs([
        ("release", Value::from(subject.release)),
        ("devel_package", Value::from(subject.devel_package)),
        ("labels", labels),
    ]);
    Value::from_pairs([
        ("module", Value::from(module.name.as_str())),
        ("kernel", kernel),
        ("builder", subject.builder.map_or(Value::from(()), Value::from)),
        ("runtime", Value::from(resolved.runtime.to_string())),
        ("source", source),
        ("steps", steps),
        ("kmods", resolved.kmods.iter().map(ToString::to_string).collect()),
        ("install", install(&resolved.layout)),
        ("packages", resolved.packages.as_ref().map_or(Value::from(()), packages)),
        ("labels", step::pairs(&resolved.labels)),
        ("lean", Value::from(resolved.lean)),
        ("user", resolved.user.as_deref().map_or(Value::from(()), Value::from)),
        ("build_args", step::pairs(module.kmm.build_args.iter().map(|(name, value)| (name, value)))),
    ])
}

fn install(layout: &Layout) -> Value {
    let Layout { dir, strip, compress, host, firmware, licenses } = layout;
    let files = |Firmware { from, to }: &Firmware| {
        let to = to.as_ref().map(|to| format!("/{to}")).unwrap_or_default();
        Value::from_pairs([("from", Value::from(from.as_str())), ("to", Value::from(format!("/opt/lib/firmware{to}")))])
    };
    Value::from_pairs([
        ("dir", Value::from(dir.as_str())),
        ("strip", Value::from(*strip)),
        ("compress", compress.map_or(Value::from(()), |compress| Value::from(compress.name()))),
        ("host", Value::from(*host)),
        ("has_firmware", Value::from(firmware.is_some())),
        ("firmware", firmware.iter().flatten().map(files).collect()),
        ("licenses", licenses.iter().map(RelPath::as_str).collect()),
    ])
}

fn packages(packages: &Packages) -> Value {
    let Packages { rpm, deb, zypper, apk } = packages;
    let list = |names: &[String]| -> Value { names.iter().map(String::as_str).collect() };
    Value::from_pairs([("rpm", list(rpm)), ("deb", list(deb)), ("zypper", list(zypper)), ("apk", list(apk))])
}

/// A path has no control character, and a comment ends with its line; all it must not do is end
/// in a backslash or carry the text by which KMM chooses the builder itself.
fn comment(text: &str) -> String {
    text.replace("DTK_AUTO", "DTK-AUTO").trim_end_matches('\\').to_owned()
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
