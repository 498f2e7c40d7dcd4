//! The files that a plan stands for, as paths below the output folder and exact bytes.

mod config_map_files;

use std::borrow::Cow;

use crate::bundle;
use crate::contract;
use crate::contract::module::Size;
use crate::header::{Owner, to_unix, with_owner};
use crate::manifest::{Layout, Manifest, Module, ModuleKind};
use crate::plan::{self, Inputs, Mapping, Plan, RenderedMapping};
use crate::render;
use crate::shared_files::{self, ContentHash, SharedPath};
use crate::vocabulary::{Diagnostic, Diagnostics, RelPath, Span};

pub use config_map_files::{ConfigMapFiles, DocumentFacts};

/// The file of a mapping's Dockerfile.
pub const DOCKERFILE: &str = "Dockerfile";
/// The file of a mapping's ConfigMap.
pub const CONFIG_MAP: &str = "configmap.yaml";
/// The file of a KMM Module.
pub const MODULE: &str = "module.yaml";
/// The file that makes a folder build with kustomize.
pub const KUSTOMIZATION: &str = "kustomization.yaml";
/// The file of the namespace.
pub const NAMESPACE: &str = "namespace.yaml";
/// The file that tells git hosts which files are generated.
pub const GIT_ATTRIBUTES: &str = ".gitattributes";

/// One file, or one document of a bundle.
#[derive(Debug, Clone)]
pub struct Output<'t> {
    /// Path of the file, below the output folder.
    pub path: RelPath,
    /// Its whole text, or that of a document.
    pub text: Cow<'t, str>,
    /// The place of the manifest that asks for it.
    pub origin: Span,
}

impl<'t> Output<'t> {
    fn new(names: &[&str], text: impl Into<Cow<'t, str>>, origin: Span) -> Self {
        Self { path: RelPath::of_names(names), text: text.into(), origin }
    }

    fn into_owned(self) -> Output<'static> {
        Output { text: self.text.into_owned().into(), ..self }
    }
}

/// The text of the file of a mapping's Dockerfile. The one that is built names no owner: that would change its hash.
pub fn dockerfile<'t>(rendered: &'t RenderedMapping<'_>, manifest: &Manifest) -> Cow<'t, str> {
    let built = rendered.dockerfile.as_str();
    match (manifest.file_owner(), built.split_once('\n')) {
        (Owner::Nobody, _) | (_, None) => built.into(),
        (owner, Some((_, body))) => with_owner(owner, body).into(),
    }
}

/// The files of a mapping in the layout `files`.
pub fn of_mapping<'t>(rendered: &'t RenderedMapping<'_>, manifest: &Manifest) -> [Output<'t>; 2] {
    let mapping = &rendered.mapping;
    let (module, release) = (mapping.module.name.as_str(), mapping.kernel.release.as_str());
    let origin = mapping.kernel.release.span;
    let config_map = render::configmap::render(rendered, manifest);
    [
        Output::new(&[module, release, DOCKERFILE], dockerfile(rendered, manifest), origin),
        Output::new(&[module, release, CONFIG_MAP], config_map, origin),
    ]
}

/// Returns the outputs of a mapping in the manifest's layout: the file beside its ConfigMap, if there is one, and its
/// ConfigMap.
pub fn in_layout<'t>(rendered: &'t RenderedMapping<'_>, manifest: &Manifest) -> (Option<Output<'t>>, Output<'t>) {
    let [dockerfile, config_map] = of_mapping(rendered, manifest);
    let (module, release) = (rendered.mapping.module.name.as_str(), rendered.mapping.kernel.release.as_str());
    match manifest.output.layout {
        Layout::Files => (Some(dockerfile), config_map),
        Layout::Bundle => (None, Output { path: bundle::document_path(module, release), ..config_map }),
        Layout::Shared => {
            let list = [CONFIG_MAP.to_owned()];
            let text = render::kustomization::render(manifest.file_owner(), list, &manifest.namespace.value);
            let list =
                Output { path: shared_files::path(module, release, KUSTOMIZATION), text: text.into(), ..dockerfile };
            (Some(list), Output { path: shared_files::path(module, release, CONFIG_MAP), ..config_map })
        }
    }
}

/// Returns the module and the release of the ConfigMap at a path, in any layout; `None` for other paths.
pub fn mapping_of_config_map(path: &RelPath) -> Option<(&str, &str)> {
    let path = path.as_str();
    let Some(folder) = path.strip_suffix(CONFIG_MAP).and_then(|folder| folder.strip_suffix('/')) else {
        return bundle::document_of(path);
    };
    match SharedPath::parse(path) {
        Some(SharedPath { module, release, .. }) => Some((module, release)),
        None => folder.split_once('/'),
    }
}

/// Returns the path of the file beside a mapping's ConfigMap in a layout; `None` if there is no such file.
pub fn path_beside_config_map(module: &str, release: &str, layout: Layout) -> Option<RelPath> {
    match layout {
        Layout::Files => Some(RelPath::of_names(&[module, release, DOCKERFILE])),
        Layout::Bundle => None,
        Layout::Shared => Some(shared_files::path(module, release, KUSTOMIZATION)),
    }
}

/// Returns the path of a mapping's ConfigMap in a layout.
pub fn config_map_path(module: &str, release: &str, layout: Layout) -> RelPath {
    match layout {
        Layout::Files => RelPath::of_names(&[module, release, CONFIG_MAP]),
        Layout::Bundle => bundle::document_path(module, release),
        Layout::Shared => shared_files::path(module, release, CONFIG_MAP),
    }
}

/// The files of a module beside those of its mappings; none where it is for no kernel, or KMM is told nothing of it. They
/// come after the mappings', since they list them.
pub fn of_module<'p>(
    module: &Module,
    mappings: &[Mapping<'p>],
    Inputs { manifest, lock, .. }: Inputs<'_>,
    files: &ConfigMapFiles,
) -> Option<[Output<'p>; 2]> {
    let prebuilt = plan::prebuilt(manifest, module);
    let name = module.name.as_str();
    let origin = module.name.span;
    // Where KMM builds nothing, the ConfigMap is for kmodgen alone, which reads in it what was built.
    let mut built = mappings.iter().filter(|mapping| mapping.is_built_by_kmm());
    let mut unlisted = Vec::new();
    let config_maps: Vec<String> = match files {
        ConfigMapFiles::Own => built.map(|mapping| format!("{}/{CONFIG_MAP}", mapping.kernel.release.value)).collect(),
        ConfigMapFiles::Bundle(_) if built.next().is_none() => Vec::new(),
        ConfigMapFiles::Bundle(count) => (0..*count).map(bundle::file_name).collect(),
        ConfigMapFiles::Shared(hashes) => {
            let (listed, others): (Vec<_>, Vec<_>) =
                mappings.iter().zip(hashes).partition(|(mapping, _)| mapping.is_built_by_kmm());
            let [listed, others] = [listed, others].map(|mappings| {
                let resource = |(mapping, hash): (&Mapping<'_>, &ContentHash)| {
                    shared_files::resource(name, mapping.kernel.release.as_str(), *hash)
                };
                mappings.into_iter().map(resource).collect::<Vec<String>>()
            });
            unlisted = others;
            listed
        }
    };
    let resources = std::iter::once(MODULE.to_owned()).chain(config_maps);
    (module.has_objects() && is_asked_for(module, mappings, manifest)).then(|| {
        [
            Output::new(&[name, MODULE], render::module::render(module, (manifest, lock), mappings, &prebuilt), origin),
            Output::new(
                &[name, KUSTOMIZATION],
                render::kustomization::with_unlisted(
                    manifest.file_owner(),
                    resources,
                    &unlisted,
                    &manifest.namespace.value,
                ),
                origin,
            ),
        ]
    })
}

/// Returns whether a module has any files in the output.
pub fn is_asked_for(module: &Module, mappings: &[Mapping<'_>], manifest: &Manifest) -> bool {
    match module.kind {
        ModuleKind::Built => !mappings.is_empty(),
        ModuleKind::Prebuilt | ModuleKind::Plugin => module.is_for_any(&manifest.kernels),
    }
}

/// Files at the top of an output folder that belong to other owners.
#[derive(Debug, Clone, Copy, Default)]
pub struct OtherOwners {
    /// Set if the top lists a module of another owner.
    pub have_modules: bool,
    /// Set if the namespace is written by another owner.
    pub have_namespace: bool,
}

/// The files that tie the modules of these folders together, and come last. The kustomization that owners share is the
/// same whoever of them writes it. Held modules have the layouts `held`.
pub fn of_all(
    manifest: &Manifest,
    mut folders: Vec<String>,
    held: &[Layout],
    others: OtherOwners,
) -> Vec<Output<'static>> {
    let origin = manifest.namespace.span;
    let attributes = manifest.output.git_attributes.then(|| git_attributes(manifest, held));
    let namespace = manifest.output.namespace.then(|| render::namespace::render(manifest));
    let owner = if manifest.owner.is_some() || others.have_modules { Owner::All } else { Owner::Nobody };
    if owner == Owner::All {
        folders.sort_unstable();
    }
    let listed = (namespace.is_some() || others.have_namespace).then(|| NAMESPACE.to_owned());
    let kustomization =
        render::kustomization::render(owner, listed.into_iter().chain(folders), &manifest.namespace.value);
    let files = [(GIT_ATTRIBUTES, attributes), (NAMESPACE, namespace), (KUSTOMIZATION, Some(kustomization))];
    files.into_iter().filter_map(|(file, text)| Some(Output::new(&[file], text?, origin))).collect()
}

/// Returns whether the file of another owner at the top is as good as an output: it declares the same namespace, or has
/// the same patterns.
pub fn serves(output: &Output<'_>, other: &[u8]) -> bool {
    let other = to_unix(other);
    let Ok(other) = std::str::from_utf8(&other) else { return false };
    match output.path.as_str() {
        GIT_ATTRIBUTES => output.text.lines().skip(1).all(|line| other.lines().any(|other| line == other)),
        NAMESPACE => name(&output.text).is_some() && name(&output.text) == name(other),
        _ => false,
    }
}

/// Returns the line with the name of the object in a file.
fn name(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with("  name: "))
}

/// Returns the text of the file that tells git hosts which files are generated. Its patterns are those of generated
/// files alone, since the folder may have others.
fn git_attributes(manifest: &Manifest, held: &[Layout]) -> String {
    let top = [GIT_ATTRIBUTES, NAMESPACE, KUSTOMIZATION].map(|file| format!("/{file}"));
    let modules = [MODULE, KUSTOMIZATION].map(|file| format!("/*/{file}"));
    let mappings = |layout| match layout {
        Layout::Files => [DOCKERFILE, CONFIG_MAP].map(|file| format!("/*/*/{file}")).to_vec(),
        Layout::Bundle => [bundle::BUNDLE, "configmaps-*.yaml"].map(|file| format!("/*/{file}")).to_vec(),
        // They are not in the folder.
        Layout::Shared => Vec::new(),
    };
    let layouts = [Layout::Files, Layout::Bundle].into_iter().filter(|layout| {
        // Other owners may have the other layout.
        manifest.owner.is_some() || manifest.output.layout == *layout || held.contains(layout)
    });
    let patterns = top.into_iter().chain(modules).chain(layouts.flat_map(mappings));
    // GitHub reads the first attribute, GitLab the second.
    let lines = patterns.map(|pattern| format!("{pattern} linguist-generated gitlab-generated\n"));
    with_owner(manifest.file_owner(), &lines.collect::<String>())
}

/// Returns the files at the top that the manifest does not ask for, and that an earlier one may have.
pub fn not_at_top(manifest: &Manifest) -> impl Iterator<Item = &'static str> {
    let files = [(GIT_ATTRIBUTES, manifest.output.git_attributes), (NAMESPACE, manifest.output.namespace)];
    files.into_iter().filter(|(_, is_wanted)| !is_wanted).map(|(file, _)| file)
}

/// Every file of a plan at once, for one that is small enough to be held: what a file lists comes
/// before it. `None` if the files that they are made of changed meanwhile.
pub fn of_plan(manifest: &Manifest, plan: &Plan<'_>) -> Option<Vec<Output<'static>>> {
    let mut outputs: Vec<Output<'static>> = Vec::new();
    let mut folders = Vec::new();
    for (module, mappings) in &plan.modules {
        let mut documents = Vec::new();
        for mapping in mappings {
            let rendered = plan.render(mapping)?;
            let (beside, config_map) = in_layout(&rendered, manifest);
            documents.push(DocumentFacts::of(mapping.kernel.release.as_str(), &config_map.text));
            outputs.extend(beside.into_iter().chain([config_map]).map(Output::into_owned));
        }
        let files = ConfigMapFiles::of(manifest.output.layout, documents);
        if let Some(files) = of_module(module, mappings, plan.inputs, &files) {
            outputs.extend(files.map(Output::into_owned));
            folders.push(module.name.value.to_string());
        }
    }
    outputs.extend(of_all(manifest, folders, &[], OtherOwners::default()));
    Some(outputs)
}

/// Reports Modules that a cluster, or the usual way of applying, would not take, by the length of their texts
/// in bytes: one message for all that have one cure.
pub fn check_sizes(modules: &[(&Module, usize)], faults: &mut Diagnostics) {
    let of_size = |size: Size| -> Vec<(&Module, usize)> {
        modules.iter().filter(|(_, bytes)| contract::module::size(*bytes) == size).copied().collect()
    };
    let who = |large: &[(&Module, usize)]| match large {
        [(only, _)] => format!("the Module of `{}` is", only.name.value),
        several => format!("{} Modules are", several.len()),
    };
    let large = of_size(Size::ServerSideOnly);
    if !large.is_empty() {
        // Without their sizes, in which clusters differ, so that it is the same message for all of these.
        let message = format!("{} too large for client-side apply, which allows 256 KiB", who(&large));
        faults.push(
            Diagnostic::warning("large-module", message)
                .at_each(large.iter().map(|(module, _)| (module.name.span, String::new())))
                .help("apply server-side: `kubectl apply --server-side`, or `ServerSideApply=true` in Argo CD"),
        );
    }
    let too_large = of_size(Size::TooLarge);
    if !too_large.is_empty() {
        let message = format!("{} too large: a cluster allows objects of at most 1.5 MiB", who(&too_large));
        let places = too_large.iter().map(|(module, bytes)| (module.name.span, format!("{bytes} bytes")));
        faults.push(
            Diagnostic::error("large-module", message)
                .at_each(places)
                .help("split each one: two modules, each for a part of the kernels and nodes"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::vocabulary::SourceMap;

    #[test]
    fn large_modules_are_told_of() {
        for (bytes, expected) in [(200_000, None), (300_000, Some(false)), (1_600_000, Some(true))] {
            let mut faults = Diagnostics::default();
            World::small().expand(&mut SourceMap::default(), |manifest, _| {
                check_sizes(&[(&manifest.modules[0], bytes)], &mut faults);
            });
            let told = (!faults.is_empty()).then(|| faults.has_errors());
            assert_eq!(told, expected, "{bytes}");
        }
    }

    #[test]
    fn many_large_modules_are_one_message_of_each_kind() {
        let module = "  - {name: NAME, source: code, kmods: [NAME], image: r.example.com/NAME, moduleSpec: {selector: {a: b}}}\n";
        let modules: String = (1..9).map(|number| module.replace("NAME", &format!("m{number}"))).collect();
        let mut faults = Diagnostics::default();
        World::small().and(&modules).expand(&mut SourceMap::default(), |manifest, _| {
            let sizes = [300_000, 300_001, 1_600_000, 1_600_001, 300_002, 300_003, 300_004, 300_005, 1].into_iter();
            check_sizes(&manifest.modules.iter().zip(sizes).collect::<Vec<_>>(), &mut faults);
        });
        let told = faults.into_sorted();
        let messages: Vec<(&str, usize)> =
            told.iter().map(|fault| (fault.message.as_str(), fault.labels.len())).collect();
        assert_eq!(
            messages,
            [
                ("6 Modules are too large for client-side apply, which allows 256 KiB (here, and in 1 more place)", 5),
                ("2 Modules are too large: a cluster allows objects of at most 1.5 MiB", 2),
            ]
        );
        assert_eq!(told[1].labels[1].text, "1600001 bytes");
    }

    #[test]
    fn outputs_come_after_what_they_name() {
        let outputs = World::small().outputs();
        let paths: Vec<&str> = outputs.iter().map(|output| output.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "first/5.14.0-1.el9.x86_64/Dockerfile",
                "first/5.14.0-1.el9.x86_64/configmap.yaml",
                "first/5.14.0-2.el9.x86_64+rt/Dockerfile",
                "first/5.14.0-2.el9.x86_64+rt/configmap.yaml",
                "first/module.yaml",
                "first/kustomization.yaml",
                "kustomization.yaml",
            ]
        );
    }

    #[test]
    fn a_kustomization_that_lists_nothing_is_legal() {
        let images_alone = World::small()
            .and_module("objects: false")
            .with("      selector: {node-role.kubernetes.io/worker: ''}\n", "");
        let outputs = images_alone.outputs();
        let top = &outputs.last().unwrap().text;
        assert!(top.contains("resources: []\nnamespace: kmm-ci\n"), "{top}");
        let with_namespace = images_alone.and("output: {namespace: true}\n").outputs();
        let top = &with_namespace.last().unwrap().text;
        assert!(top.contains("- namespace.yaml") && !top.contains("kmm-ci"), "{top}");
    }

    #[test]
    fn the_objects_read_well() {
        let outputs = World::small().outputs();
        let find = |path: &str| &outputs.iter().find(|output| output.path.as_str() == path).unwrap().text;
        assert_snapshot!("configmap", find("first/5.14.0-2.el9.x86_64+rt/configmap.yaml"));
        assert_snapshot!("module", find("first/module.yaml"));
        assert_snapshot!("kustomization", find("first/kustomization.yaml"));
        let mut sources = SourceMap::default();
        World::small().expand(&mut sources, |_, plan| {
            let mapping = plan.mappings().next().unwrap();
            let text = find("first/5.14.0-1.el9.x86_64/configmap.yaml");
            assert!(text.contains(&mapping.identity.hash.to_string()) && text.contains(&mapping.config_map()));
        });
    }
}
