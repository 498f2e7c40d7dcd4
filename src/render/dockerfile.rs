//! A mapping's Dockerfile: the values that its template sees.

use std::collections::BTreeMap;

use minijinja::value::Value;

use super::header::with_header;
use crate::manifest::{Kernel, Module, TemplateName};
use crate::plan::Resolved;
use crate::template::{TemplateFault, Templates};

/// The Dockerfile of `module` on `kernel`, its first line included.
///
/// # Errors
/// What the template did wrong.
pub fn render(
    templates: &Templates,
    template: &TemplateName,
    resolved: &Resolved,
    module: &Module,
    kernel: &Kernel,
) -> Result<String, TemplateFault> {
    let text = templates.render(template, &context(resolved, module, kernel))?;
    Ok(with_header(&tidy(&text)))
}

/// What a template can print; docs/templates.md lists it.
fn context(resolved: &Resolved, module: &Module, kernel: &Kernel) -> Value {
    let pairs = |pairs: &mut dyn Iterator<Item = (&String, &String)>| -> Value {
        pairs.map(|(name, value)| Value::from_pairs([("name", name.as_str()), ("value", value.as_str())])).collect()
    };
    let folder = format!("/usr/src/kmodgen/{}", resolved.source);
    let below = |parts: [Option<&crate::vocabulary::RelPath>; 2]| {
        parts.into_iter().flatten().fold(folder.clone(), |path, part| format!("{path}/{part}"))
    };
    let steps: Value = resolved
        .steps
        .iter()
        .map(|step| {
            let default_targets: &[&str] = if step.tool.name() == "kbuild" { &["modules"] } else { &[] };
            let targets: Value = match &step.targets {
                Some(targets) => targets.iter().map(String::as_str).collect(),
                None => default_targets.iter().copied().collect(),
            };
            Value::from_pairs([
                ("tool", Value::from(step.tool.name())),
                ("folder", Value::from(below([resolved.dir.as_ref(), step.dir.as_ref()]))),
                ("targets", targets),
                ("vars", pairs(&mut step.vars.iter())),
                ("env", pairs(&mut step.env.iter())),
            ])
        })
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
        ("patches", patches),
    ]);
    let labels: Value = kernel
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect::<BTreeMap<_, _>>()
        .into();
    let kernel_value = Value::from_pairs([
        ("release", Value::from(kernel.release.as_str())),
        ("devel_package", Value::from(kernel.release.devel_package())),
        ("labels", labels),
    ]);
    Value::from_pairs([
        ("module", Value::from(module.name.as_str())),
        ("kernel", kernel_value),
        ("builder", resolved.builder.as_ref().map_or(Value::from(()), |image| Value::from(image.to_string()))),
        ("runtime", Value::from(resolved.runtime.to_string())),
        ("source", source),
        ("steps", steps),
        ("kmods", resolved.kmods.iter().map(ToString::to_string).collect()),
        ("install", Value::from_pairs([("dir", resolved.install_dir.as_str())])),
        ("build_args", pairs(&mut module.kmm.build_args.iter().map(|(name, value)| (name, value)))),
    ])
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
