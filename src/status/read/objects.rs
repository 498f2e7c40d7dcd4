//! Objects of each kind.

use std::collections::BTreeMap;

use super::json::{
    BuildsSpec, BuildsStatus, ConfigMapData, Document, ImagesStatus, ManagedStatusFields, Metadata, ModuleSpecFields,
    ModuleStatusFields, NodeModulesSpec, NodeModulesStatus, NodeSpecFields, NodeStatusFields, StreamSpecFields,
    StreamStatusFields,
};
use super::{InputFault, InputProblem, InputText, part, pods};
use crate::objects::{KubernetesObject, ObjectInput, Objects};
use crate::status::cluster::{
    BuildRecord, ClusterObjects, DockerfileFacts, LoadedConfig, ModuleEntry, NodeEntry, NodeModule, ObjectKey,
    ObjectType, SpokeCounts, Taint, Toleration, WantedConfig,
};
use crate::vocabulary::SourceMap;

/// Text that makes KMM look up a Driver Toolkit, wherever it is in a Dockerfile.
const TOOLKIT_ARGUMENT: &str = "DTK_AUTO";

/// Name of the ImageStream with the Driver Toolkits of a cluster.
const TOOLKIT_STREAM: &str = "driver-toolkit";

impl ClusterObjects {
    /// Adds an object of a known kind.
    pub(super) fn add_object(
        &mut self,
        input: InputText<'_>,
        kind: ObjectType,
        document: &Document<'_>,
    ) -> Result<(), InputFault> {
        let metadata: Metadata = part(input, &format!("metadata of a {kind:?}"), document.metadata)?;
        let shown = format!("{kind:?} `{}`", ObjectKey::new(&metadata.namespace, &metadata.name));
        if metadata.name.is_empty() {
            let problem =
                InputProblem::Shape { object: format!("{kind:?}"), fault: "it has no `metadata.name`".into() };
            return Err(InputFault::new(input.name, problem));
        }
        let key = ObjectKey::new(&metadata.namespace, &metadata.name);
        let object = ObjectReader { input, document, shown: &shown };
        match kind {
            ObjectType::Node => {
                self.nodes.insert(metadata.name.clone(), object.node(metadata)?);
            }
            ObjectType::Module => {
                self.modules.insert(key, object.module(&metadata)?);
            }
            ObjectType::ManagedClusterModule => {
                let status: ManagedStatusFields = object.status()?;
                let counts = SpokeCounts {
                    desired: status.number_desired,
                    applied: status.number_applied,
                    degraded: status.number_degraded,
                };
                self.managed.insert(metadata.name, counts);
            }
            ObjectType::NodeModulesConfig => {
                self.node_modules.insert(metadata.name, object.node_modules()?);
            }
            ObjectType::ModuleImagesConfig => {
                let status: ImagesStatus = object.status()?;
                let states = status.images_states.into_iter().map(|state| (state.image, state.status));
                self.images.insert(key, states.collect());
            }
            ObjectType::ModuleBuildSignConfig => {
                self.builds.insert(key, object.builds()?);
            }
            ObjectType::ConfigMap => {
                let data: ConfigMapData<'_> = part(input, &shown, document.data)?;
                let facts = DockerfileFacts {
                    has_dockerfile: data.dockerfile.is_some(),
                    uses_toolkit: data.dockerfile.is_some_and(|text| text.contains(TOOLKIT_ARGUMENT)),
                };
                self.config_maps.insert(key, facts);
            }
            ObjectType::Pod => {
                if let Some(pod) = pods::read(object.spec()?, object.status()?, &metadata.labels.0) {
                    self.pods.insert(key, pod);
                }
            }
            ObjectType::ImageStream => {
                if metadata.name == TOOLKIT_STREAM {
                    let spec: StreamSpecFields = object.spec()?;
                    let status: StreamStatusFields = object.status()?;
                    self.toolkits.extend(spec.tags.into_iter().map(|tag| tag.name));
                    self.toolkits.extend(status.tags.into_iter().map(|tag| tag.tag));
                }
            }
        }
        Ok(())
    }
}

/// Reads the parts of one object.
struct ObjectReader<'r, 't> {
    input: InputText<'r>,
    document: &'r Document<'t>,
    /// Kind and name for messages.
    shown: &'r str,
}

impl<'t> ObjectReader<'_, 't> {
    fn spec<T: serde::Deserialize<'t> + Default>(&self) -> Result<T, InputFault> {
        part(self.input, &format!("`spec` of {}", self.shown), self.document.spec)
    }

    fn status<T: serde::Deserialize<'t> + Default>(&self) -> Result<T, InputFault> {
        part(self.input, &format!("`status` of {}", self.shown), self.document.status)
    }

    fn node(&self, metadata: Metadata) -> Result<NodeEntry, InputFault> {
        let spec: NodeSpecFields = self.spec()?;
        let status: NodeStatusFields = self.status()?;
        let taints = spec.taints.into_iter();
        Ok(NodeEntry {
            labels: metadata.labels.0,
            taints: taints.map(|taint| Taint { key: taint.key, value: taint.value, effect: taint.effect }).collect(),
            is_ready: status.conditions.iter().any(|one| one.kind == "Ready" && one.status == "True"),
            kernel: status.node_info.kernel_version,
            os_image: status.node_info.os_image,
            boot_id: status.node_info.boot_id,
        })
    }

    fn module(&self, metadata: &Metadata) -> Result<ModuleEntry, InputFault> {
        let spec: ModuleSpecFields = self.spec()?;
        let status: ModuleStatusFields = self.status()?;
        let container = spec.module_loader.as_ref().map(|loader| &loader.container);
        let version = container.map(|container| container.version.clone()).filter(|version| !version.is_empty());
        let tolerations = spec.tolerations.into_iter().map(|toleration| Toleration {
            key: toleration.key,
            operator: toleration.operator,
            value: toleration.value,
            effect: toleration.effect,
        });
        Ok(ModuleEntry {
            object: self.object(metadata)?,
            selector: spec.selector.0,
            tolerations: tolerations.collect(),
            version,
            is_deleted: !metadata.deletion_timestamp.is_empty(),
            has_loader: spec.module_loader.is_some(),
            counts: status.module_loader.map(|counts| (counts.nodes_matching_selector_number, counts.available_number)),
        })
    }

    /// Reads the Module as the mapper of kernels needs it.
    fn object(&self, metadata: &Metadata) -> Result<KubernetesObject, InputFault> {
        let metadata = serde_json::json!({"name": metadata.name, "namespace": metadata.namespace});
        let spec = self.document.spec.map_or("null", |spec| spec.get());
        let text =
            format!(r#"{{"apiVersion":"{}/v1beta1","kind":"Module","metadata":{metadata},"spec":{spec}}}"#, super::KMM);
        let mut sources = SourceMap::default();
        let input = ObjectInput::Text { name: self.input.name.to_owned(), text };
        let mut objects = Objects::read(vec![input], &mut sources);
        if let Some(problem) = objects.problems.first() {
            let object = Some(self.shown.to_owned());
            return Err(InputFault::of_diagnostic(self.input.name, &sources, &problem.diagnostic, object));
        }
        objects.objects.pop().ok_or_else(|| InputFault::new(self.input.name, InputProblem::NoObject))
    }

    fn node_modules(&self) -> Result<BTreeMap<ObjectKey, NodeModule>, InputFault> {
        let spec: NodeModulesSpec = self.spec()?;
        let status: NodeModulesStatus = self.status()?;
        let mut modules: BTreeMap<ObjectKey, NodeModule> = BTreeMap::new();
        let mut configs = BTreeMap::new();
        for module in spec.modules {
            let key = ObjectKey::new(&module.namespace, &module.name);
            modules.entry(key.clone()).or_default().wanted = Some(WantedConfig {
                image: module.config.container_image.clone(),
                kernel: module.config.kernel_version.clone(),
                firmware_path: Some(module.config.modprobe.firmware_path.clone()).filter(|path| !path.is_empty()),
            });
            configs.insert(key, module.config);
        }
        for module in status.modules {
            // An entry without configuration is of an older KMM, whose load failed.
            let Some(config) = module.config else { continue };
            let key = ObjectKey::new(&module.namespace, &module.name);
            let is_in_sync = configs.get(&key) == Some(&config);
            let entry = modules.entry(key).or_default();
            entry.is_in_sync = is_in_sync;
            entry.loaded = Some(LoadedConfig {
                image: config.container_image,
                kernel: config.kernel_version,
                boot_id: module.boot_id,
            });
        }
        Ok(modules)
    }

    fn builds(&self) -> Result<Vec<BuildRecord>, InputFault> {
        let spec: BuildsSpec = self.spec()?;
        let status: BuildsStatus = self.status()?;
        let images = spec.images.into_iter().map(|image| {
            let mut states = status.images.iter();
            let state = states.find(|state| state.image == image.image && state.action == image.action);
            BuildRecord {
                succeeded: state.and_then(|state| match state.status.as_str() {
                    "Success" => Some(true),
                    "Failure" => Some(false),
                    _ => None,
                }),
                is_signing: image.action == "SignImage",
                config_map: image.build.map(|build| build.dockerfile_config_map.name).filter(|name| !name.is_empty()),
                image: image.image,
                kernel: image.kernel_version,
            }
        });
        Ok(images.collect())
    }
}
