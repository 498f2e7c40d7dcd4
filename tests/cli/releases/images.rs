//! Images of releases for a registry.

use std::collections::BTreeMap;
use std::net::TcpStream;

use kmodgen::vocabulary::Digest;
use serde_json::{Value, json};

use crate::scenario::{Registry, respond};
use crate::verify::world::{gzip, layer_of};

pub(crate) const RELEASE: &str = "openshift-release-dev/ocp-release";
pub(crate) const TOOLKITS: &str = "openshift-release-dev/ocp-v4.0-art-dev";

/// Contents of a registry: bodies by their paths.
#[derive(Clone, Default)]
pub(crate) struct Store(pub(crate) BTreeMap<String, Vec<u8>>);

/// A layer of files.
pub(crate) fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    layer_of(0o644, files)
}

/// A driver-toolkit-release.json.
pub(crate) fn toolkit_release(kernel: &str, real_time: &str, rhel: &str) -> String {
    json!({"KERNEL_VERSION": kernel, "RT_KERNEL_VERSION": real_time, "RHEL_VERSION": rhel}).to_string()
}

/// An image-references with Driver Toolkits by stream, and the versions of their operating systems.
pub(crate) fn image_references(version: &str, toolkits: &[(&str, &str, &str)]) -> String {
    let image = |digest: &str| json!({"kind": "DockerImage", "name": format!("quay.io/{TOOLKITS}@{digest}")});
    let mut tags = vec![json!({"name": "cli", "from": image(&format!("sha256:{}", "c".repeat(64)))})];
    for (stream, digest, os) in toolkits {
        tags.push(json!({"name": format!("driver-toolkit{stream}"), "from": image(digest)}));
        let annotations = json!({"io.openshift.build.versions": format!("machine-os={os}")});
        let coreos = image(&format!("sha256:{}", "d".repeat(64)));
        tags.push(json!({"name": format!("rhel-coreos{stream}"), "annotations": annotations, "from": coreos}));
    }
    let stream = json!({"kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "metadata": {"name": version}, "spec": {"tags": tags}});
    format!("{stream:#}\n")
}

impl Store {
    pub(crate) fn blob(&mut self, repository: &str, bytes: &[u8]) -> Value {
        let digest = format!("sha256:{}", Digest::of(bytes));
        self.0.insert(format!("/v2/{repository}/blobs/{digest}"), bytes.to_vec());
        json!({"digest": digest, "size": bytes.len()})
    }

    pub(crate) fn manifest(&mut self, repository: &str, tag: &str, manifest: &Value) -> String {
        let bytes = manifest.to_string().into_bytes();
        let digest = format!("sha256:{}", Digest::of(&bytes));
        for reference in [&*digest, tag] {
            self.0.insert(format!("/v2/{repository}/manifests/{reference}"), bytes.clone());
        }
        digest
    }

    /// Adds an image, and returns its digest.
    pub(crate) fn image(&mut self, repository: &str, tag: &str, architecture: &str, layers: &[Vec<u8>]) -> String {
        let config = json!({"architecture": architecture, "os": "linux", "config": {"Labels": {"name": "x"}}});
        let mut config = self.blob(repository, config.to_string().as_bytes());
        config["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
        let layers = layers.iter().map(|layer| {
            let mut layer = self.blob(repository, layer);
            layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip".into();
            layer
        });
        let layers: Vec<Value> = layers.collect();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        self.manifest(
            repository,
            tag,
            &json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers}),
        )
    }

    /// Adds release 4.17.1 with one Driver Toolkit.
    pub(crate) fn with_release(mut self) -> Self {
        let json = toolkit_release("5.14.0-427.42.1.el9_4.x86_64", "5.14.0-427.42.1.el9_4.x86_64+rt", "9.4");
        let layers =
            [gzip(&layer(&[("etc/os-release", "x")])), gzip(&layer(&[("etc/driver-toolkit-release.json", &json)]))];
        let toolkit = self.image(TOOLKITS, "dtk", "amd64", &layers);
        let references = image_references("4.17.1", &[("", &toolkit, "417.94.202410250757-0")]);
        let layers =
            [gzip(&layer(&[("bin/x", "x")])), gzip(&layer(&[("release-manifests/image-references", &references)]))];
        self.image(RELEASE, "4.17.1-x86_64", "amd64", &layers);
        self
    }

    /// Answers a request.
    pub(crate) fn answer(&self, head: &str, stream: &mut TcpStream) {
        match self.0.get(head.split(' ').nth(1).unwrap_or_default()) {
            Some(body) => respond(stream, "200 OK", body),
            None => respond(stream, "404 Not Found", b"{}"),
        }
    }

    pub(crate) fn start(self) -> Registry {
        Registry::serving(move |head, stream| self.answer(head, stream))
    }
}
