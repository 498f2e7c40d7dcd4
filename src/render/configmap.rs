//! The ConfigMap that carries a Dockerfile to KMM.

use kmodgen_yaml::Yaml;

use super::metadata;
use crate::header::{Owner, Ownership, owners, ownership, to_unix, with_owner};
use crate::manifest::{KeptConfigMap, Manifest, Metadata, Module};
use crate::plan::RenderedMapping;
use crate::vocabulary::SourceMap;

/// The annotation with the content hash.
pub const CONTENT_HASH: &str = "kmodgen/content-hash";

/// The annotation with what decided the image, one input a line.
pub const INPUTS: &str = "kmodgen/inputs";

/// The annotation by which Argo CD orders objects; Modules have none, which is 0.
pub(super) const SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";

/// The text of a mapping's ConfigMap.
pub fn render(rendered: &RenderedMapping<'_>, manifest: &Manifest) -> String {
    let RenderedMapping { mapping, dockerfile, explanation } = rendered;
    let mut annotations = vec![
        (CONTENT_HASH.into(), Yaml::text(mapping.identity.hash.to_string())),
        (INPUTS.into(), Yaml::block(explanation.as_lines())),
        // Flux would rewrite `${VAR}` inside the Dockerfile.
        ("kustomize.toolkit.fluxcd.io/substitute".into(), Yaml::text("disabled")),
    ];
    if !mapping.is_built_by_kmm() {
        // The file is for kmodgen, which reads in it what was built; no cluster needs the object.
        annotations.push(("argocd.argoproj.io/hook".into(), Yaml::text("Skip")));
        annotations.push(("config.kubernetes.io/local-config".into(), Yaml::text("true")));
    } else if manifest.output.sync_waves {
        annotations.push((SYNC_WAVE.into(), Yaml::text("-1")));
    }
    let names = [
        ("name".into(), Yaml::text(mapping.config_map())),
        ("namespace".into(), Yaml::text(manifest.namespace.as_str())),
        metadata::labels(manifest, mapping.module, Some(mapping.kernel)),
    ];
    let annotations = metadata::annotations(manifest, Some(mapping.module), annotations);
    let metadata = Yaml::Map(names.into_iter().chain(annotations).collect());
    with_owner(
        manifest.file_owner(),
        &kmodgen_yaml::emit(&Yaml::Map(vec![
            ("apiVersion".into(), Yaml::text("v1")),
            ("kind".into(), Yaml::text("ConfigMap")),
            ("metadata".into(), metadata),
            ("immutable".into(), Yaml::verbatim("true")),
            ("data".into(), Yaml::Map(vec![("dockerfile".into(), Yaml::block(dockerfile))])),
        ])),
    )
}

/// Returns the text of a ConfigMap that is written out as it is, without kmodgen's header.
pub(super) fn kept(config_map: &KeptConfigMap, manifest: &Manifest, module: &Module) -> String {
    let KeptConfigMap { name, data, immutable, metadata: Metadata { labels, annotations } } = config_map;
    let own = [metadata::managed_by(), ("kmodgen/module".into(), Yaml::text(module.name.as_str()))];
    // Flux would rewrite `${VAR}` inside the Dockerfile.
    let flux = [("kustomize.toolkit.fluxcd.io/substitute".into(), Yaml::text("disabled"))];
    let metadata = vec![
        ("name".into(), Yaml::text(name.value.as_str())),
        ("namespace".into(), Yaml::text(manifest.namespace.as_str())),
        ("labels".into(), metadata::joined(own.into_iter().chain(metadata::owner(manifest)), [labels])),
        ("annotations".into(), metadata::joined(flux, [annotations])),
    ];
    let data = data.iter().map(|(key, text)| {
        let is_long = text.contains('\n');
        (key.as_str().into(), if is_long { Yaml::block(text) } else { Yaml::text(text) })
    });
    let mut object = vec![
        ("apiVersion".into(), Yaml::text("v1")),
        ("kind".into(), Yaml::text("ConfigMap")),
        ("metadata".into(), Yaml::Map(metadata)),
        ("data".into(), Yaml::Map(data.collect())),
    ];
    if *immutable {
        object.push(("immutable".into(), Yaml::verbatim("true")));
    }
    kmodgen_yaml::emit(&Yaml::Map(object))
}

/// Separates the ConfigMaps of one file.
const BETWEEN: &str = "\n---\n";

/// Joins the ConfigMaps in a file with the one that replaces them, for as long as a Module may name
/// either; `None` if there is nothing to keep.
pub fn joined(old: &[u8], new: &str) -> Option<String> {
    let ownership = ownership(old);
    let unix = to_unix(old);
    let (_, old) = std::str::from_utf8(&unix).ok()?.split_once('\n')?;
    let owner = owners(new.as_bytes()).first().copied().unwrap_or(Owner::Nobody);
    let (_, new) = new.split_once('\n')?;
    let is_yaml =
        |text: &str| kmodgen_yaml::read(SourceMap::default().add("", text), text).is_ok_and(|node| node.is_some());
    let stays = |text: &&str| match ownership {
        Ownership::Intact => name(text) != name(new),
        Ownership::Edited => name(text) != name(new) && is_yaml(text),
        Ownership::Foreign => false,
    };
    let kept: Vec<&str> = old.split(BETWEEN).map(str::trim_end).filter(stays).collect();
    (!kept.is_empty()).then(|| with_owner(owner, &[kept.as_slice(), &[new]].concat().join(BETWEEN)))
}

/// Returns the line with the name of a ConfigMap.
pub fn name(text: &str) -> Option<&str> {
    text.lines().find(|line| line.starts_with("  name: "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::with_header;

    fn config_map(name: &str) -> String {
        format!("kind: ConfigMap\nmetadata:\n  name: \"{name}\"\ndata:\n  dockerfile: |\n    FROM {name}\n")
    }

    #[test]
    fn a_file_keeps_what_a_module_may_name() {
        let [a, b, c] = ["a", "b", "c"].map(|name| with_header(&config_map(name)));
        assert_eq!(joined(a.as_bytes(), &a), None, "it has the same name");
        let both = joined(a.as_bytes(), &b).unwrap();
        assert_eq!(both, with_header(&format!("{}---\n{}", config_map("a"), config_map("b"))));
        assert_eq!(ownership(both.as_bytes()), Ownership::Intact);
        let all = joined(both.as_bytes(), &c).unwrap();
        assert!(["a", "b", "c"].iter().all(|name| all.contains(&config_map(name))), "{all}");
        assert_eq!(joined(both.as_bytes(), &b), Some(both.clone()), "each once");
        assert_eq!(joined(both.replace('\n', "\r\n").as_bytes(), &c), Some(all));
        let of_owner = with_owner(Owner::One("nic"), &config_map("b"));
        assert!(joined(a.as_bytes(), &of_owner).is_some_and(|text| owners(text.as_bytes()) == [Owner::One("nic")]));
        assert!(joined(&[a.as_bytes(), b"extra: 1\n"].concat(), &b).is_some_and(|text| text.contains("extra: 1")));
        assert_eq!(joined(&[a.as_bytes(), b"<<<<<<< ours\n"].concat(), &b), None, "it is no YAML");
        assert_eq!(joined(config_map("a").as_bytes(), &b), None, "it is not ours");
    }
}
