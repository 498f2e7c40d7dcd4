//! Objects as Kubernetes prints them, with the fields that the report needs. Everything else is skipped.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Object, or list of objects. Its parts are read when the kind is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", remote = "Self")]
pub(super) struct Document<'t> {
    #[serde(borrow, default)]
    pub(super) api_version: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    pub(super) kind: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    pub(super) metadata: Option<&'t RawValue>,
    #[serde(borrow, default)]
    pub(super) spec: Option<&'t RawValue>,
    #[serde(borrow, default)]
    pub(super) status: Option<&'t RawValue>,
    #[serde(borrow, default)]
    pub(super) data: Option<&'t RawValue>,
    #[serde(borrow, default)]
    pub(super) message: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    pub(super) items: Option<Vec<Document<'t>>>,
}

/// Map of strings without repeated keys; null values count as empty.
#[derive(Default)]
pub(super) struct StringMap(pub(super) BTreeMap<String, String>);

impl<'de> Deserialize<'de> for StringMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = StringMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of strings")
            }

            fn visit_unit<E>(self) -> Result<StringMap, E> {
                Ok(StringMap::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StringMap, A::Error> {
                let mut strings = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, Option<String>>()? {
                    if strings.insert(key, value.unwrap_or_default()).is_some() {
                        return Err(A::Error::custom("a key is there twice"));
                    }
                }
                Ok(StringMap(strings))
            }
        }
        deserializer.deserialize_any(Strings)
    }
}

/// Takes null for the default value, as Kubernetes does.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads structs from maps only: serde also reads them from lists.
macro_rules! from_maps_only {
    ($($name:ident $(<$lifetime:lifetime>)?,)*) => {$(
        impl<'de $(: $lifetime, $lifetime)?> Deserialize<'de> for $name $(<$lifetime>)? {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields $(<$lifetime>(std::marker::PhantomData<&$lifetime ()>))?;
                impl<'de $(: $lifetime, $lifetime)?> Visitor<'de> for Fields $(<$lifetime>)? {
                    type Value = $name $(<$lifetime>)?;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a map")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                        // The function of `remote = "Self"`, not this one.
                        Self::Value::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Fields $((std::marker::PhantomData::<&$lifetime ()>))?)
            }
        }
    )*};
}

from_maps_only! {
    Document<'t>,
    ConfigMapData<'t>,
}

/// Declares structs whose fields may be absent or null.
macro_rules! lenient {
    ($($(#[$outer:meta])* struct $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$outer])*
            #[derive(Deserialize, Default)]
            #[serde(rename_all = "camelCase", default, remote = "Self")]
            pub(super) struct $name {
                $(
                    $(#[$meta])*
                    #[serde(deserialize_with = "or_default")]
                    pub(super) $field: $type,
                )*
            }
        )*
        from_maps_only! { $($name,)* }
    };
}

lenient! {
    struct Metadata {
        name: String,
        namespace: String,
        labels: StringMap,
        deletion_timestamp: String,
    }

    struct ModuleSpecFields {
        selector: StringMap,
        tolerations: Vec<TolerationFields>,
        module_loader: Option<LoaderFields>,
    }
    struct TolerationFields { key: String, operator: String, value: String, effect: String, }
    struct LoaderFields { container: LoaderContainer, }
    struct LoaderContainer { version: String, }
    struct ModuleStatusFields { module_loader: Option<LoaderCounts>, }
    struct LoaderCounts { nodes_matching_selector_number: usize, available_number: usize, }

    struct ManagedStatusFields { number_desired: usize, number_applied: usize, number_degraded: usize, }

    struct NodeSpecFields { taints: Vec<TaintFields>, }
    struct TaintFields { key: String, value: String, effect: String, }
    struct NodeStatusFields { conditions: Vec<ConditionFields>, node_info: NodeInfoFields, }
    struct NodeInfoFields { kernel_version: String, os_image: String, #[serde(rename = "bootID")] boot_id: String, }

    struct ConditionFields {
        #[serde(rename = "type")] kind: String,
        status: String,
        reason: String,
    }

    struct NodeModulesSpec { modules: Vec<NodeModuleSpec>, }
    struct NodeModuleSpec { name: String, namespace: String, config: ModuleConfigFields, }
    struct NodeModulesStatus { modules: Vec<NodeModuleStatus>, }
    struct NodeModuleStatus {
        name: String,
        namespace: String,
        boot_id: String,
        config: Option<ModuleConfigFields>,
    }

    struct ImagesStatus { images_states: Vec<ImageStateFields>, }
    struct ImageStateFields { image: String, status: String, }
    struct BuildsSpec { images: Vec<BuildImageFields>, }
    struct BuildImageFields {
        image: String,
        kernel_version: String,
        action: String,
        build: Option<BuildFields>,
    }
    struct BuildFields { dockerfile_config_map: NameField, }
    struct NameField { name: String, }
    struct BuildsStatus { images: Vec<BuildStateFields>, }
    struct BuildStateFields { image: String, action: String, status: String, }

    struct PodSpecFields { node_name: String, containers: Vec<ContainerFields>, }
    struct ContainerFields { image: String, }
    struct PodStatusFields {
        phase: String,
        conditions: Vec<ConditionFields>,
        init_container_statuses: Vec<ContainerStatusFields>,
        container_statuses: Vec<ContainerStatusFields>,
    }
    struct ContainerStatusFields {
        state: ContainerStateFields,
        last_state: ContainerStateFields,
    }
    struct ContainerStateFields { waiting: Option<ReasonFields>, terminated: Option<ReasonFields>, }
    struct ReasonFields { reason: String, message: String, exit_code: i64, }

    struct StreamSpecFields { tags: Vec<NameField>, }
    struct StreamStatusFields { tags: Vec<StreamTagFields>, }
    struct StreamTagFields { tag: String, }
}

lenient! {
    /// Configuration of a Module on a node. KMM compares all of these fields, and no others.
    #[derive(PartialEq, Eq)]
    struct ModuleConfigFields {
        container_image: String,
        kernel_version: String,
        image_pull_policy: String,
        insecure_pull: bool,
        in_tree_module_to_remove: String,
        in_tree_modules_to_remove: Vec<String>,
        modprobe: ModprobeFields,
    }
    #[derive(PartialEq, Eq)]
    struct ModprobeFields {
        module_name: String,
        parameters: Vec<String>,
        dir_name: String,
        args: Option<ModprobeArguments>,
        raw_args: Option<ModprobeArguments>,
        firmware_path: String,
        modules_loading_order: Vec<String>,
    }
    #[derive(PartialEq, Eq)]
    struct ModprobeArguments { load: Vec<String>, unload: Vec<String>, }
}

/// `data` of a ConfigMap: only the Dockerfile, borrowed from the input unless it has escapes.
#[derive(Deserialize, Default)]
#[serde(remote = "Self")]
pub(super) struct ConfigMapData<'t> {
    #[serde(borrow, default)]
    pub(super) dockerfile: Option<Cow<'t, str>>,
}

/// Fields that tell kinds apart if an object does not name its own.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct KindFields {
    pub(super) node_info: Option<IgnoredAny>,
    pub(super) images_states: Option<IgnoredAny>,
    pub(super) module_loader: Option<IgnoredAny>,
    pub(super) module_spec: Option<IgnoredAny>,
    pub(super) modules: Option<IgnoredAny>,
    pub(super) images: Option<IgnoredAny>,
    pub(super) containers: Option<IgnoredAny>,
}
