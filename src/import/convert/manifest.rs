//! The manifest's text.

use kmodgen_yaml::{Yaml, emit};

use super::Request;
use super::draft::{Draft, DraftSource};
use crate::manifest::{API_VERSION, BUILD_ROOT, source_folder};

/// Keys and values.
type Pairs<'v> = Vec<(std::borrow::Cow<'v, str>, Yaml<'v>)>;

/// Writes the manifest; adds a gap for each value that is an example.
pub(super) fn text(draft: &mut Draft, request: &Request<'_>, template: Option<&str>) -> String {
    complete(draft, request);
    let builder = draft.builder.clone().unwrap_or_else(|| "dtk".to_owned());
    let runtime = draft.runtime.clone().unwrap_or_default();
    let images = vec![
        ("builder".into(), Yaml::text(builder)),
        ("runtime".into(), Yaml::text(runtime)),
        ("pin".into(), Yaml::verbatim("false")),
    ];
    let sources = draft.sources.iter().map(|one| (one.name.clone().into(), source(draft, one))).collect();
    draft.gaps.extend(misplaced(draft));
    let kernels = request.releases.iter().map(|release| Yaml::text(release.clone())).collect();
    let manifest = Yaml::Map(vec![
        ("apiVersion".into(), Yaml::text(API_VERSION)),
        ("namespace".into(), Yaml::text(request.namespace)),
        ("sources".into(), Yaml::Map(sources)),
        ("baseImages".into(), Yaml::Map(images)),
        ("kernels".into(), Yaml::Seq(kernels)),
        ("modules".into(), Yaml::Seq(vec![Yaml::Map(module(draft, request, template))])),
    ]);
    let file: String = request.file.escape_debug().collect();
    format!("# Converted by `kmodgen import` from {file}. It is yours: change what you like.\n{}", emit(&manifest))
}

/// Adds what a manifest needs at least.
fn complete(draft: &mut Draft, request: &Request<'_>) {
    for kmod in &request.kmods {
        let is_listed = draft.kmods.iter().any(|known| known.replace('-', "_") == kmod.replace('-', "_"));
        if !is_listed {
            draft.kmods.push(kmod.clone());
        }
    }
    draft.sources.retain(|source| !source.url.is_empty() && !source.folder.is_empty());
    if draft.sources.is_empty() {
        draft.gaps.push(
            "sources: FILL IN: no command fetches a source that kmodgen knows; the one here is an example".to_owned(),
        );
        draft.sources.push(DraftSource {
            name: request.name.to_owned(),
            url: format!("https://git.example.com/{}.git", request.name),
            is_git: true,
            reference: Some("0".repeat(40)),
            folder: format!("/usr/src/{}", request.name),
            ..DraftSource::default()
        });
    }
    for source in &draft.sources {
        let name = &source.name;
        if source.is_git && source.reference.as_ref().is_none_or(|reference| moves(reference)) {
            draft.gaps.push(format!("sources.{name}.ref: a branch moves; `kmodgen lock` pins its commit"));
        }
        if !source.is_git && source.sha256.is_none() {
            draft.gaps.push(format!("sources.{name}.sha256: the Dockerfile has no checksum; `kmodgen lock` adds one"));
        }
    }
}

/// Checks whether a ref is no commit and has no number of a version.
fn moves(reference: &str) -> bool {
    reference.len() != 40 && !reference.contains(|c: char| c.is_ascii_digit())
}

fn source(draft: &Draft, source: &DraftSource) -> Yaml<'static> {
    let mut fields: Pairs<'static> = Vec::new();
    if source.is_git {
        fields.push(("git".into(), Yaml::text(source.url.clone())));
        let reference = source.reference.as_deref().map_or("HEAD", |name| name.strip_prefix("origin/").unwrap_or(name));
        fields.push(("ref".into(), Yaml::text(reference.to_owned())));
    } else {
        fields.push(("archive".into(), Yaml::text(source.url.clone())));
        fields.extend(source.sha256.clone().map(|sha256| ("sha256".into(), Yaml::text(sha256))));
    }
    fields.extend(source.secret.clone().map(|name| ("secret".into(), Yaml::text(name))));
    if source.has_submodules {
        fields.push(("submodules".into(), Yaml::verbatim("true")));
    }
    if source.strip > 1 {
        fields.push(("stripComponents".into(), Yaml::verbatim(source.strip.to_string())));
    }
    if is_named(draft, source) && source_folder(&source.folder).is_ok() {
        fields.push(("at".into(), Yaml::text(source.folder.clone())));
    }
    Yaml::Map(fields)
}

/// Checks whether lines that stay, or variables of steps, have the path of a source in them.
fn is_named(draft: &Draft, source: &DraftSource) -> bool {
    draft.kept.iter().any(|kept| kept.text.contains(&source.folder))
        || draft.steps.iter().any(|step| emit(step).contains(&source.folder))
}

/// Sources that cannot be where lines that stay look for them.
fn misplaced(draft: &Draft) -> Vec<String> {
    let named = draft.sources.iter().filter(|source| is_named(draft, source));
    let misplaced = named.filter(|source| source_folder(&source.folder).is_err());
    let gap = misplaced.map(|source| {
        let DraftSource { name, folder, .. } = source;
        format!(
            "sources.{name}: lines that stay name `{folder}`, which no source can have: write `{BUILD_ROOT}/{name}`"
        )
    });
    gap.collect()
}

fn texts(items: &[String]) -> Yaml<'static> {
    Yaml::Seq(items.iter().map(|item| Yaml::text(item.clone())).collect())
}

fn module<'r>(draft: &Draft, request: &'r Request<'_>, template: Option<&str>) -> Pairs<'r> {
    let names: Vec<String> = draft.sources.iter().map(|source| source.name.clone()).collect();
    let mut fields: Pairs<'r> = vec![("name".into(), Yaml::text(request.name)), ("source".into(), texts(&names))];
    if let Some(template) = template.or(draft.template) {
        fields.push(("template".into(), Yaml::text(template.to_owned())));
    }
    fields.push(("kmods".into(), texts(&draft.kmods)));
    fields.push(("steps".into(), Yaml::Seq(draft.steps.clone())));
    let install = install(draft);
    if !install.is_empty() {
        fields.push(("install".into(), Yaml::Map(install)));
    }
    let mut packages = Vec::new();
    for (key, names) in [("builder", &draft.builder_packages), ("runtime", &draft.runtime_packages)] {
        if !names.is_empty() {
            packages.push((key.into(), texts(names)));
        }
    }
    if !packages.is_empty() {
        fields.push(("packages".into(), Yaml::Map(packages)));
    }
    if !draft.labels.is_empty() {
        let labels = draft.labels.iter().map(|(name, value)| (name.clone().into(), Yaml::text(value.clone())));
        fields.push(("imageLabels".into(), Yaml::Map(labels.collect())));
    }
    fields.extend(draft.user.clone().map(|user| ("user".into(), Yaml::text(user))));
    fields.push(("image".into(), Yaml::text(request.image.as_str())));
    fields.push(("moduleSpec".into(), request.spec.clone()));
    fields
}

fn install(draft: &Draft) -> Pairs<'static> {
    let mut fields: Pairs<'static> = Vec::new();
    fields.extend(draft.mod_dir.clone().map(|folder| ("modDir".into(), Yaml::text(folder))));
    if draft.links_in_tree {
        fields.push(("linkInTree".into(), Yaml::verbatim("true")));
    }
    if !draft.firmware.is_empty() {
        fields.push(("firmware".into(), texts(&draft.firmware)));
    }
    if !draft.licenses.is_empty() {
        fields.push(("licenses".into(), texts(&draft.licenses)));
    }
    if !draft.files.is_empty() {
        let file = |(from, to): &(String, String)| {
            Yaml::Map(vec![("from".into(), Yaml::text(from.clone())), ("to".into(), Yaml::text(to.clone()))])
        };
        fields.push(("files".into(), Yaml::Seq(draft.files.iter().map(file).collect())));
    }
    fields
}
