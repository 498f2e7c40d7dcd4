//! Requirements of the Modules in the output, read from their text: whatever wrote a field, the cluster reads this.

use std::collections::BTreeSet;

use kmodgen_yaml::Node;

use super::Collector;
use super::needs::ServerKind;
use super::servers::registry;
use crate::manifest::{Manifest, Module};
use crate::plan::Mapping;
use crate::vocabulary::SourceMap;

/// Fields of `spec` that KMM makes pods of.
const PODS: [&str; 2] = ["devicePlugin", "dra"];

/// Reader of the objects of a module.
pub(super) struct ModuleReader<'r> {
    pub(super) module: &'r Module,
    pub(super) manifest: &'r Manifest,
    /// Mappings whose images KMM builds.
    pub(super) mappings: &'r [&'r Mapping<'r>],
}

/// A Module, with the namespaces of its pods.
struct Object<'o> {
    name: &'o str,
    spec: &'o Node,
    /// Namespace in which KMM builds and signs.
    builds: &'o str,
    /// Namespace in which nodes load.
    loads: &'o str,
}

impl ModuleReader<'_> {
    /// Adds the requirements of a module's objects.
    pub(super) fn read(&self, text: &str, collector: &mut Collector) {
        let documents: Vec<_> = text.split("\n---\n").filter_map(read).collect();
        let mut written: BTreeSet<String> = self.mappings.iter().map(|mapping| mapping.config_map()).collect();
        let config_maps = documents.iter().filter(|node| scalar(node, "kind") == Some("ConfigMap"));
        written.extend(config_maps.filter_map(|node| Some(scalar(node.get("metadata")?, "name")?.to_owned())));
        for node in documents.iter().filter(|node| scalar(node, "kind") != Some("ConfigMap")) {
            let (Some(metadata), Some(spec)) = (node.get("metadata"), node.get("spec")) else { continue };
            let own = self.manifest.namespace.as_str();
            let object = Object {
                name: scalar(metadata, "name").unwrap_or(self.module.name.as_str()),
                spec: spec.get("moduleSpec").unwrap_or(spec),
                builds: own,
                loads: scalar(spec, "spokeNamespace").unwrap_or(own),
            };
            self.add_module(&object, &written, collector);
            collector.add_permissions(self.manifest, object.loads, object.spec);
        }
    }

    fn add_module(&self, object: &Object<'_>, written: &BTreeSet<String>, collector: &mut Collector) {
        let Object { name, spec, builds, loads } = object;
        let container = spec.get("moduleLoader").and_then(|loader| loader.get("container"));
        let mappings = container.and_then(|container| container.get("kernelMappings"));
        let mut makes_images = false;
        for mapping in mappings.and_then(|list| list.as_sequence()).unwrap_or_default() {
            makes_images |= self.add_mapping(object, mapping, written, collector);
        }
        if let Some(secret) = name_in(spec, "imageRepoSecret") {
            let purpose = if makes_images { "login to pull and push images" } else { "login to pull images" };
            let purpose = format!("{purpose} (`imageRepoSecret`)");
            for namespace in BTreeSet::from([*builds, *loads]) {
                collector.secrets.add(namespace, secret, purpose.as_str(), name);
            }
        }
        let accounts = [("moduleLoader", "loads modules"), ("devicePlugin", "device plugin"), ("dra", "DRA driver")];
        for (key, purpose) in accounts {
            if let Some(account) = spec.get(key).and_then(|pod| scalar(pod, "serviceAccountName")) {
                collector.service_accounts.add(loads, account, purpose, name);
            }
        }
        for key in PODS {
            if let Some(pod) = spec.get(key) {
                add_references(pod, &format!("`{key}`"), (loads, name), collector);
            }
        }
    }

    /// Adds a mapping; returns whether KMM makes its image.
    fn add_mapping(
        &self,
        object: &Object<'_>,
        mapping: &Node,
        written: &BTreeSet<String>,
        collector: &mut Collector,
    ) -> bool {
        let Object { name, builds, .. } = object;
        let build = mapping.get("build");
        let sign = mapping.get("sign");
        for secret in items(build, "secrets").filter_map(|secret| scalar(secret, "name")) {
            let purposes = self.purposes(secret);
            purposes.into_iter().for_each(|purpose| collector.secrets.add(builds, secret, purpose, name));
        }
        if let Some(config_map) = build.and_then(|build| name_in(build, "dockerfileConfigMap"))
            && !written.contains(config_map)
        {
            collector.config_maps.add(builds, config_map, "Dockerfile of builds", name);
        }
        for (key, purpose) in
            [("keySecret", "signing key, in `key`"), ("certSecret", "certificate of the signing key, in `cert`")]
        {
            if let Some(secret) = sign.and_then(|sign| name_in(sign, key)) {
                collector.secrets.add(builds, secret, purpose, name);
            }
        }
        let makes_images = build.is_some() || sign.is_some();
        if let Some(image) = scalar(mapping, "containerImage") {
            let purpose = if makes_images { "pull and push images of modules" } else { "pull images of modules" };
            collector.servers.add(ServerKind::Registry, Some(&registry(image)), purpose, name);
        }
        if let Some(image) = sign.and_then(|sign| scalar(sign, "unsignedImage")) {
            collector.servers.add(ServerKind::Registry, Some(&registry(image)), "pull images to sign", name);
        }
        makes_images
    }

    /// Returns the purposes of a secret that builds mount.
    fn purposes(&self, secret: &str) -> BTreeSet<String> {
        let codes = self.mappings.iter().flat_map(|mapping| &mapping.resolved.codes);
        let logins = codes.filter(|code| code.secret.as_deref() == Some(secret));
        let purposes: BTreeSet<String> =
            logins.map(|code| format!("login for source `{}`, mounted in builds", code.name)).collect();
        if purposes.is_empty() { BTreeSet::from(["mounted in builds".to_owned()]) } else { purposes }
    }
}

/// Adds the objects and images that the pod template at a node refers to, unless they are optional.
fn add_references(node: &Node, of: &str, (namespace, module): (&str, &str), collector: &mut Collector) {
    for item in node.as_sequence().unwrap_or_default() {
        add_references(item, of, (namespace, module), collector);
    }
    for entry in node.as_mapping().unwrap_or_default() {
        let value = &*entry.value;
        let is_optional = scalar(value, "optional") == Some("true");
        let key = entry.key.value.as_str();
        let name = scalar(value, "name").or_else(|| scalar(value, "secretName")).filter(|_| !is_optional);
        match (key, name) {
            ("secret" | "secretKeyRef" | "secretRef" | "nodePublishSecretRef", Some(name)) => {
                collector.secrets.add(namespace, name, format!("pods of {of}"), module);
            }
            ("configMap" | "configMapKeyRef" | "configMapRef", Some(name)) => {
                collector.config_maps.add(namespace, name, format!("pods of {of}"), module);
            }
            ("image", _) => {
                if let Some(image) = value.as_scalar() {
                    let host = registry(&image.text);
                    collector.servers.add(ServerKind::Registry, Some(&host), format!("pull images of {of}"), module);
                }
            }
            _ => add_references(value, of, (namespace, module), collector),
        }
    }
}

fn read(text: &str) -> Option<std::sync::Arc<Node>> {
    kmodgen_yaml::read(SourceMap::default().add("", text), text).ok()?
}

fn items<'n>(node: Option<&'n std::sync::Arc<Node>>, key: &str) -> impl Iterator<Item = &'n Node> {
    let list = node.and_then(|node| node.get(key)).and_then(|list| list.as_sequence());
    list.unwrap_or_default().iter().map(|item| &**item)
}

fn scalar<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    Some(node.get(key)?.as_scalar()?.text.as_str())
}

/// Returns the name in a reference to an object.
fn name_in<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    scalar(node.get(key)?, "name")
}
