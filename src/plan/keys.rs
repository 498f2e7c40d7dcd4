//! Keys of inputs: what two runs compare instead of the inputs themselves.
//!
//! Kernels and modules are taken apart field by field, so that a new field cannot be forgotten.

use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use zerocopy::IntoBytes as _;

use super::{Expansion, Inputs, Mapping, PlannedMapping, Resolved};
use crate::checksum::{Checksum, ChecksumKey};
use crate::lock::Lock;
use crate::manifest::{BuiltBy, Kernel, Manifest, Module, ModuleSpec, Objects, TemplateName};
use crate::vocabulary::Digest;

/// Returns a key for each mapping, in the order of the plan, that covers all that decides its texts but the templates
/// of users.
pub fn mapping_keys(expansion: &Expansion<'_>, key: &ChecksumKey) -> Vec<Checksum> {
    let kernels = expansion.inputs.manifest.kernels.iter();
    let kernel_keys: Vec<Checksum> = kernels.map(|kernel| kernel_key(kernel, key)).collect();
    let mut keys = Vec::with_capacity(expansion.mapping_count());
    for (module, mappings) in &expansion.modules {
        // Few of a module's mappings differ in more than their kernels.
        let mut groups: Vec<(&Arc<Resolved>, Checksum)> = Vec::new();
        for PlannedMapping { module: _, kernel: _, resolved, kernel_number, builder_digest } in mappings {
            let group = match groups.iter().rev().find(|(other, _)| Arc::ptr_eq(other, resolved)) {
                Some((_, group)) => *group,
                None => {
                    let group = group_key(&expansion.inputs, module, resolved, key);
                    groups.push((resolved, group));
                    group
                }
            };
            let kernel = kernel_keys[*kernel_number];
            keys.push(match builder_digest {
                None => key.checksum([group, kernel].as_bytes()),
                Some(digest) => key.checksum_of(&(group, kernel, digest)),
            });
        }
    }
    keys
}

/// Returns a key that covers all that decides the objects of a module; `manifest` is the digest of the manifest's text,
/// and `mapping_keys` are those of its mappings. Like them, it does not cover templates of users.
pub fn module_key(
    (manifest, lock): (Digest, &Lock),
    (mappings, mapping_keys): (&[Mapping<'_>], &[Checksum]),
    prebuilt: &[(&Kernel, String)],
    key: &ChecksumKey,
) -> Checksum {
    let mut hasher = key.hasher();
    manifest.hash(&mut hasher);
    hasher.write(mapping_keys.as_bytes());
    for mapping in mappings {
        mapping.kernel.node_count().hash(&mut hasher);
        if mapping.module.built_by == BuiltBy::Ci {
            lock.pushed(&mapping.image_name()).hash(&mut hasher);
        }
    }
    for (kernel, image) in prebuilt {
        (kernel_key(kernel, key), kernel.node_count(), image).hash(&mut hasher);
    }
    (mapping_keys.len(), prebuilt.len()).hash(&mut hasher);
    hasher.checksum()
}

fn kernel_key(kernel: &Kernel, key: &ChecksumKey) -> Checksum {
    let Kernel { release, dtk, pin, base_images, labels, nodes: _ } = kernel;
    let dtk = dtk.as_ref().map(|dtk| &dtk.value);
    key.checksum_of(&(&release.value, dtk, pin, base_images, labels, kernel.is_in_use()))
}

/// Returns the key of what mappings share that differ in nothing but their kernels.
fn group_key(inputs: &Inputs<'_>, module: &Module, resolved: &Resolved, key: &ChecksumKey) -> Checksum {
    let Module {
        name,
        image,
        objects,
        built_by,
        aliases: _,
        kind: _,
        version: _,
        version_in_tag: _,
        kernels: _,
        recipe: _,
        overrides: _,
    } = module;
    let Objects { spec: ModuleSpec { sign, .. }, metadata, .. } = objects;
    let Manifest { namespace, owner, mirrors, output, metadata: of_all, lint, .. } = inputs.manifest;
    let is_users = matches!(resolved.template, TemplateName::File(_));
    let allowed = lint.allow.iter().filter(|_| is_users).map(|allowed| (&allowed.rule.value, &allowed.paths));
    key.checksum_of(&(
        inputs.lock.templates,
        (&namespace.value, owner, mirrors, output.sync_waves),
        (of_all, metadata),
        (&name.value, module.tag_version(), &image.value, built_by, sign),
        resolved,
        allowed.collect::<Vec<_>>(),
    ))
}
