//! Decoding of a manifest for one of its clusters.

use std::sync::Arc;

use super::cluster::Cluster;
use super::decode::{self, Fields};
use super::include::Includes;
use super::module::{Module, Scope};
use super::repeats::refuse_repeats;
use super::{
    BaseImages, Kernel, LintSettings, MANIFEST, Manifest, Metadata, Mirrors, Output, Platform, Publish,
    check_api_version, kind, output, shared_kmods, source,
};
use crate::vocabulary::{Diagnostic, Diagnostics, Namespace, OwnerName};

impl Manifest {
    /// Decodes what is left when kernels and modules are found, for a cluster, of which the flag tells
    /// whether all of them were decoded.
    pub(super) fn decode_one(
        node: &kmodgen_yaml::Node,
        (cluster, knows_clusters): (Option<&Cluster>, bool),
        includes: &Includes,
        kernels: Vec<Kernel>,
        module_nodes: &[Arc<kmodgen_yaml::Node>],
        written: &Arc<kmodgen_yaml::Node>,
        faults: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::open(&MANIFEST, node, faults)?;
        check_api_version(&mut fields, faults);
        // A cluster may give it.
        let namespace = if knows_clusters {
            fields.need("namespace", "write the namespace of the Modules", faults)
        } else {
            fields.take("namespace", faults)
        };
        let namespace = namespace.and_then(|node| decode::text(node, "`namespace`", faults, Namespace::parse));
        fields.take("include", faults);
        let owner = fields.take("owner", faults);
        let owner = owner.and_then(|node| decode::text(node, "`owner`", faults, OwnerName::parse));
        let needs_sources =
            module_nodes.is_empty() || module_nodes.iter().any(|module| kind::is_written_as_built(module));
        let code = if needs_sources {
            fields.need("sources", "write `sources: {NAME: {git: …, ref: …}}`", faults)
        } else {
            fields.take("sources", faults)
        };
        let code = code.map(|node| source::decode_all(node, faults)).unwrap_or_default();
        let mirrors = fields.take("mirrors", faults).map(|node| Mirrors::decode(node, faults)).unwrap_or_default();
        let metadata =
            fields.take("metadata", faults).and_then(|node| Metadata::decode(node, faults)).unwrap_or_default();
        let platform =
            fields.take("platform", faults).and_then(|node| Platform::read(node, faults)).unwrap_or_default();
        let base_images =
            fields.take("baseImages", faults).and_then(|node| BaseImages::read(node, faults)).unwrap_or_default();
        let base_images = includes.base_images.overridden_by(&base_images);
        let needs_kernels = module_nodes.is_empty() || module_nodes.iter().any(|node| kind::needs_kernels(node));
        if needs_kernels {
            fields.need("kernels", "list kernel releases, as `uname -r` prints them", faults);
        } else {
            fields.take("kernels", faults);
        }
        fields.need("modules", "list the modules to build", faults);
        fields.take("clusters", faults);
        let scope = Scope {
            namespace: namespace.as_ref().map(|namespace| &namespace.value),
            sources: decode::names(&MANIFEST, node, "sources")
                .filter(|_| !needs_sources || node.get("sources").is_some()),
            knows_clusters,
            decoded: &code,
            platform: &platform,
        };
        let modules: Vec<Module> =
            module_nodes.iter().filter_map(|module| Module::decode(module, &scope, faults)).collect();
        let output = fields.take("output", faults).and_then(|node| Output::decode(node, faults)).unwrap_or_default();
        let publish = fields.take("publish", faults).and_then(|node| Publish::decode(node, faults)).unwrap_or_default();
        let lint = fields.take("lint", faults).and_then(|node| LintSettings::decode(node, faults)).unwrap_or_default();
        fields.later(&["templates"]);
        fields.finish(faults);
        for key in ["modules", "kernels"].into_iter().filter(|key| needs_kernels || *key == "modules") {
            if let Some(list) = node.get(key).filter(|list| list.as_sequence().is_some_and(<[_]>::is_empty)) {
                faults.push(Diagnostic::error("empty-list", format!("`{key}` is empty")).at(list.span, ""));
            }
        }
        refuse_repeats(&modules, faults);
        if knows_clusters {
            shared_kmods::check(&modules, &kernels, faults);
        }
        output::refuse_in_sources(&output, &code, faults);
        if cluster.is_none() && knows_clusters {
            output::refuse_shared(&output, node, faults);
        }
        let pins = cluster.and_then(Cluster::pins).cloned();
        let cluster = cluster.map(|cluster| cluster.name.value.clone());
        Some(Self {
            cluster,
            pins,
            namespace: namespace?,
            owner: owner.map(|owner| owner.value),
            sources: code,
            mirrors,
            metadata,
            platform,
            base_images,
            kernels,
            modules,
            output,
            publish,
            lint,
            written: written.clone(),
        })
    }
}
