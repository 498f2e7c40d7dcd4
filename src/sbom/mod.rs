//! Software bills of materials: what an image is built of, from the plan and the lock.

mod package;
mod spdx;

use self::spdx::{CreationInfo, SpdxDocument, SpdxPackage, SpdxRelationship};
use crate::lock::Pins;
use crate::plan::Mapping;
use crate::vocabulary::ImageRef;

/// Id of the document within itself.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// Id of the image in its document.
const IMAGE: &str = "SPDXRef-image";

/// Returns the document of a mapping's image, as JSON. `toolkit` is the Driver Toolkit of kernels that name none.
pub fn spdx(mapping: &Mapping<'_>, pins: &Pins, toolkit: Option<&ImageRef>) -> String {
    let (module, release) = (mapping.module.name.as_str(), &mapping.kernel.release.value);
    let resolved = &mapping.resolved;
    let mut list = PackageList { packages: Vec::new(), relationships: Vec::new(), pins, mapping };
    list.relationships.push(relationship(DOCUMENT, "DESCRIBES", IMAGE));
    list.packages.push(SpdxPackage::of_image(IMAGE.into(), &mapping.image(), None));
    let mut patches = 0;
    for (number, code) in (1..).zip(&resolved.codes) {
        let source = format!("SPDXRef-source-{number}");
        list.relationships.push(relationship(IMAGE, "GENERATED_FROM", &source));
        list.packages.push(SpdxPackage::of_source(source.clone(), code));
        for patch in &code.patches {
            patches += 1;
            let id = format!("SPDXRef-patch-{patches}");
            list.relationships.push(relationship(&id, "PATCH_FOR", &source));
            list.packages.push(SpdxPackage::of_file(id, patch));
        }
    }
    for (number, script) in (1..).zip(resolved.steps.iter().filter_map(|step| step.script.as_ref())) {
        let id = format!("SPDXRef-script-{number}");
        list.relationships.push(relationship(&id, "BUILD_TOOL_OF", IMAGE));
        list.packages.push(SpdxPackage::of_file(id, script));
    }
    let builder = mapping.builder().and_then(|image| ImageRef::parse(&image).ok()).or_else(|| toolkit.cloned());
    if let Some(runtime) = list.base_image("SPDXRef-runtime", Some(&resolved.runtime)) {
        list.relationships.push(relationship(IMAGE, "DESCENDANT_OF", runtime));
    }
    for (id, image) in [("SPDXRef-builder", builder.as_ref()), ("SPDXRef-fetch", resolved.fetch.as_ref())] {
        if let Some(id) = list.base_image(id, image) {
            list.relationships.push(relationship(id, "BUILD_TOOL_OF", IMAGE));
        }
    }
    let document = SpdxDocument {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: format!("{module} {release}"),
        document_namespace: format!(
            "https://spdx.org/spdxdocs/kmodgen/{module}-{release}-{hash}",
            hash = mapping.identity.hash
        ),
        creation_info: CreationInfo {
            created: resolved.date().to_string(),
            creators: vec![format!("Tool: kmodgen-{}", env!("CARGO_PKG_VERSION"))],
        },
        packages: list.packages,
        relationships: list.relationships,
    };
    format!("{:#}\n", serde_json::json!(document))
}

/// Packages of a document in the making.
struct PackageList<'p> {
    packages: Vec<SpdxPackage>,
    relationships: Vec<SpdxRelationship>,
    pins: &'p Pins,
    mapping: &'p Mapping<'p>,
}

impl PackageList<'_> {
    /// Adds a base image, if there is one, and returns its id.
    fn base_image(&mut self, id: &'static str, image: Option<&ImageRef>) -> Option<&'static str> {
        let image = image?;
        let pinned = self.pins.images.digest(image, &self.mapping.kernel.release.value);
        self.packages.push(SpdxPackage::of_image(id.into(), image, pinned));
        Some(id)
    }
}

fn relationship(from: &str, kind: &'static str, to: &str) -> SpdxRelationship {
    SpdxRelationship { spdx_element_id: from.into(), relationship_type: kind, related_spdx_element: to.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::vocabulary::{Digest, SourceMap};

    /// Returns the document of the first mapping.
    fn document(world: &World) -> String {
        let toolkit = ImageRef::parse(&format!("quay.io/dtk:1@sha256:{}", "d".repeat(64))).unwrap();
        let (document, faults) = world.expand(&mut SourceMap::default(), |_, plan| {
            spdx(plan.mappings().next().unwrap(), world.lock.pins(None), Some(&toolkit))
        });
        document.unwrap_or_else(|| panic!("{faults:#?}"))
    }

    #[test]
    fn a_document_lists_all_that_an_image_is_built_of() {
        let (sum, digest) = ("b".repeat(64), "e".repeat(64));
        let archive = format!("archive: {{archive: https://example.com/a-1.2.tar.gz, sha256: {sum}, version: '1.2'}}");
        let image = format!("image: {{image: 'quay.io:5000/x/code@sha256:{digest}', path: /usr/src/x}}");
        let mut world = World::small()
            .with("  code: {", &format!("  {archive}\n  {image}\n  local: {{path: local}}\n  code: {{"))
            .with("    source: code\n", "    source: [code, archive, image, local]\n")
            .with("builder: dtk", "builder: dtk, fetch: example.com/git:1")
            .with("steps: [", "steps: [{run: {script: 'true'}}, ")
            .file("local/Makefile", "all:\n");
        world.pin_dated("https://example.com/code.git", "main", 'a', "2026-05-01T12:00:00Z");
        let mut pins = Pins::default();
        pins.images.pin(ImageRef::parse("registry.example.com/runtime:1").unwrap(), Digest::of(b"runtime"));
        world.lock.pin(None, &pins);
        assert_snapshot!("spdx", document(&world).replace(env!("CARGO_PKG_VERSION"), "[version]"));
    }

    #[test]
    fn a_source_of_git_is_named_as_spdx_names_it() {
        for (url, location) in [
            ("ssh://git@example.com/code.git", "git+ssh://example.com/code.git@"),
            ("git://example.com/code.git", "git://example.com/code.git@"),
        ] {
            let mut world = World::small().with("https://example.com/code.git", url);
            world.pin(url, "main", 'a');
            assert!(document(&world).contains(&format!("\"{location}{}\"", "a".repeat(40))), "{}", document(&world));
        }
    }
}
