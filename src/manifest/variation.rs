//! A manifest with changes, as a test tries it: what is on disk stays as it is.

use std::collections::HashSet;
use std::sync::Arc;

use kmodgen_yaml::{Node, Value};

use super::decode::{Kind, wrong_kind};
use super::kernel::{self, Kernel};
use super::overlay;
use crate::vocabulary::{Diagnostic, Diagnostics, InputFiles, Pattern, SourceMap, Spanned, nearest};

/// Changes to the manifest as it is written; none by default.
#[derive(Debug, Clone, Default)]
pub struct Variation {
    /// Fields that are laid over the manifest's own: mappings merge field by field, modules are
    /// found by name, `~` takes a field out, and everything else replaces what is there.
    pub set: Option<Arc<Node>>,
    /// Which of the manifest's kernels it is for.
    pub releases: Vec<Spanned<Pattern>>,
    /// Kernels that it is for beside those, in the form of the manifest's list.
    pub kernels: Option<Arc<Node>>,
}

impl Variation {
    /// The manifest `node` with the fields of `set`.
    pub(super) fn laid_over(&self, node: &Arc<Node>, faults: &mut Diagnostics) -> Arc<Node> {
        let Some(set) = &self.set else { return node.clone() };
        if let Some(kernels) = set.get("kernels") {
            faults.push(
                Diagnostic::error("set-kernels", "`set` cannot contain `kernels`")
                    .at(kernels.span, "")
                    .help("write `kernels:` beside `set`, for the kernels of the case"),
            );
            return node.clone();
        }
        if let Some(include) = set.get("include") {
            faults.push(
                Diagnostic::error("set-include", "`set` cannot contain `include`")
                    .at(include.span, "")
                    .help("write the fields of the included file in `set`"),
            );
            return node.clone();
        }
        let modules = node.get("modules").zip(set.get("modules"));
        let modules = modules.map(|(base, over)| merged_modules(base, over, faults));
        let merged = merged(node, &overlay::without(set, &["modules"]));
        match modules {
            Some(modules) => overlay::with(&merged, overlay::field("modules", modules)),
            None => merged,
        }
    }

    /// The kernels that it is for: of the manifest's, those that `releases` select, and its own. With
    /// neither, all of the manifest's. One of its own goes before the manifest's of the same release.
    pub(super) fn kernels(
        &self,
        mut of_manifest: Vec<Kernel>,
        files: &dyn InputFiles,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Vec<Kernel> {
        if self.kernels.is_none() && self.releases.is_empty() {
            return of_manifest;
        }
        let own = self.kernels.as_ref().map(|node| kernel::decode_lists([(None, &**node)], files, sources, faults));
        let own = own.unwrap_or_default();
        let replaced: HashSet<&str> = own.iter().map(|kernel| kernel.release.as_str()).collect();
        of_manifest.retain(|kernel| {
            let release = kernel.release.as_str();
            self.releases.iter().any(|pattern| pattern.selects(release)) && !replaced.contains(release)
        });
        of_manifest.extend(own);
        of_manifest
    }
}

/// `base` with the fields of `over`, where both are mappings; else `over`.
fn merged(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    let (Some(_), Some(fields)) = (base.as_mapping(), over.as_mapping()) else { return over.clone() };
    fields.iter().fold(base.clone(), |node, field| {
        if field.value.is_null() {
            return overlay::without(&node, &[&field.key.value]);
        }
        let value = node.get(&field.key.value).map_or_else(|| field.value.clone(), |old| merged(old, &field.value));
        let mut field = field.clone();
        field.value = value;
        overlay::with(&node, field)
    })
}

/// The modules of `base`, each with the fields of the one of its name in `over`.
fn merged_modules(base: &Arc<Node>, over: &Arc<Node>, faults: &mut Diagnostics) -> Arc<Node> {
    // What is no list is for the decoder to refuse.
    let Some(items) = base.as_sequence() else { return base.clone() };
    let Some(changes) = over.as_sequence() else {
        faults.push(wrong_kind(over, "`modules`", Kind::List));
        return base.clone();
    };
    let mut items = items.to_vec();
    for change in changes {
        let Some(name) = name_of(change) else {
            faults.push(
                Diagnostic::error("missing-key", "missing the name of the module to change")
                    .at(change.span, "")
                    .help("write `name: …` as the first field"),
            );
            continue;
        };
        match items.iter_mut().find(|item| name_of(item) == Some(name)) {
            Some(item) => *item = merged(item, change),
            None => {
                let near = nearest(name, items.iter().filter_map(|item| name_of(item)));
                let fault = Diagnostic::error(
                    "unknown-module",
                    format!("the manifest has no module `{}`", name.escape_debug()),
                )
                .at(change.get("name").map_or(change.span, |name| name.span), "");
                faults.push(match near {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault.help("`set` can only change modules in the manifest"),
                });
            }
        }
    }
    Arc::new(Node { span: base.span, value: Value::Sequence(items) })
}

fn name_of(module: &Node) -> Option<&str> {
    module.get("name")?.as_scalar().map(|scalar| scalar.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Arc<Node> {
        kmodgen_yaml::read(SourceMap::default().add("", text), text).unwrap().unwrap()
    }

    /// Returns `base` with `set` laid over it, as YAML, and the messages of all faults.
    fn laid_over(base: &str, set: &str) -> (String, Vec<String>) {
        let mut faults = Diagnostics::default();
        let variation = Variation { set: Some(node(set)), ..Variation::default() };
        let text = kmodgen_yaml::emit(&variation.laid_over(&node(base), &mut faults).to_yaml());
        (text, faults.into_sorted().into_iter().map(|fault| fault.message).collect())
    }

    #[test]
    fn mappings_merge_and_everything_else_replaces() {
        let base = "a: {b: {c: 1, d: 2}, e: [1, 2]}\nf: x\n";
        let (text, faults) = laid_over(base, "a: {b: {d: 3}, e: [4]}\nf: ~\ng: y\n");
        assert_eq!(text, kmodgen_yaml::emit(&node("a: {b: {c: 1, d: 3}, e: [4]}\ng: y\n").to_yaml()));
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn modules_are_found_by_name() {
        let base = "modules: [{name: one, a: 1}, {name: two, a: 2}]\n";
        let (text, _) = laid_over(base, "modules: [{name: two, a: 3}]\n");
        assert_eq!(text, kmodgen_yaml::emit(&node("modules: [{name: one, a: 1}, {name: two, a: 3}]\n").to_yaml()));
        let (_, faults) = laid_over(base, "modules: [{name: tow, a: 3}, {a: 3}]\n");
        assert_eq!(faults, ["the manifest has no module `tow`", "missing the name of the module to change"]);
        let (_, faults) = laid_over(base, "modules: {two: {a: 3}}\n");
        assert_eq!(faults, ["expected a list for `modules`, found a map"]);
        let (_, faults) = laid_over(base, "kernels: [5.14.0-1.x86_64]\n");
        assert_eq!(faults, ["`set` cannot contain `kernels`"]);
    }
}
