//! ConfigMaps of builds that kmodgen did not generate.

use std::collections::BTreeMap;

use super::place::refuse_repeats;
use crate::manifest::declare::declare;
use crate::manifest::decode;
use crate::manifest::metadata::{METADATA, Metadata};
use crate::manifest::schema::{Shape, Variables};
use crate::vocabulary::{Diagnostics, Spanned, kubernetes as k8s};
use kmodgen_yaml::Node;

declare! {
    /// ConfigMap that is written out as it is.
    #[derive(Debug, Clone)]
    pub struct KeptConfigMap: CONFIG_MAP, "a ConfigMap" {
        required name: Spanned<String> {
            takes: Shape::Text,
            says: "its name",
            advice: "write the name of the ConfigMap",
            decode: decode::placed(|text| k8s::object_name(text).map(|()| text.to_owned())),
        }
        required data: BTreeMap<String, String> {
            takes: Shape::Named(&Shape::Expanding(Variables::Script)),
            says: "its texts by their keys: KMM reads the Dockerfile in `dockerfile`, whose variables are those of the build",
            advice: "write `data: {dockerfile: …}`",
            decode: |node, key, faults| {
                Some(decode::named(node, key, faults, k8s::config_key, |text| Ok(text.to_owned())))
            },
        }
        default immutable: bool {
            takes: Shape::Bool,
            says: "the API server refuses changes of its texts",
            decode: decode::flag,
        }
        default metadata: Metadata {
            takes: Shape::Record(&METADATA),
            says: "its labels and annotations",
            decode: |node, _, faults| Metadata::decode(node, faults),
        }
    }
}

/// Decodes the ConfigMaps of a module.
pub(super) fn decode_all(node: &Node, faults: &mut Diagnostics) -> Vec<KeptConfigMap> {
    let items = decode::items(node, "`configMaps`", faults).iter();
    let all: Vec<KeptConfigMap> = items.filter_map(|item| KeptConfigMap::decode(item, faults)).collect();
    refuse_repeats("the ConfigMap", all.iter().map(|map| (map.name.value.as_str(), map.name.span)), faults);
    all
}
