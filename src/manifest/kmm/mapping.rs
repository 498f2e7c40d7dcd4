//! Fields of a mapping whose image is built elsewhere, or by a build that kmodgen did not generate.

use kmodgen_yaml::{Node, Yaml};

use super::check::convert;
use super::fields::{SIGN, TLS};
use crate::manifest::declare::declare;
use crate::manifest::decode::Fields;
use crate::manifest::schema::{Record, Shape};
use crate::vocabulary::Diagnostics;

declare! {
    /// Fields of a KMM mapping as KMM documents them, written out for each kernel as they are.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
    pub struct MappingFields {
        optional build: Yaml<'static> {
            takes: Shape::Kubernetes("build"),
            says: "`build`, with the ConfigMap of its Dockerfile",
            decode: |node, key, faults| convert("kernelMappings", key, node, faults),
        }
        optional sign: Yaml<'static> {
            takes: Shape::Record(&SIGN),
            says: "`sign`",
            decode: |node, key, faults| convert("kernelMappings", key, node, faults),
        }
        optional in_tree: Yaml<'static> {
            key: "inTreeModulesToRemove",
            takes: Shape::List(&Shape::Text),
            says: "in-tree modules to unload first, instead of those of the container",
            decode: |node, key, faults| convert("kernelMappings", key, node, faults),
        }
        optional registry_tls: Yaml<'static> {
            key: "registryTLS",
            takes: Shape::Record(&TLS),
            says: "TLS settings for the registry of the image, instead of those of the container",
            decode: |node, key, faults| convert("kernelMappings", key, node, faults),
        }
    }
}

pub(in crate::manifest) static MAPPING: Record = Record { name: "`mapping`", fields: MappingFields::FIELDS };

impl MappingFields {
    pub(in crate::manifest) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::open(&MAPPING, node, faults)?;
        let decoded = Self::take(&mut fields, faults);
        fields.finish(faults);
        decoded
    }
}
