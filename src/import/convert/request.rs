//! Facts of the Module and the ConfigMap of a Dockerfile.

use std::collections::BTreeMap;

use kmodgen_yaml::Yaml;
use serde_json::Value as Json;

use super::Request;
use crate::objects::{DOCKERFILE_KEY, KernelMapper, KmmModule, KubernetesObject, Objects};
use crate::vocabulary::{Diagnostic, KernelRelease};

/// Release that stands for those of the cluster, if none is known.
const EXAMPLE_KERNEL: &str = "5.14.0-427.28.1.el9_4.x86_64";

/// Bytes of the longest Dockerfile that KMM takes on OpenShift.
const LONGEST: usize = 60_000;

/// Namespace of a Module without one.
const NAMESPACE: &str = "kmods";

/// Fields of a Module's container that a manifest has elsewhere.
const OF_MAPPINGS: &[&str] =
    &["build", "containerImage", "inTreeModuleToRemove", "inTreeModulesToRemove", "kernelMappings", "sign", "version"];

/// Build arguments that kmodgen declares itself.
const OF_KERNEL: &[&str] = &["KERNEL_VERSION", "KERNEL_FULL_VERSION", "DTK_AUTO", "MOD_NAME", "MOD_NAMESPACE"];

impl<'o> Request<'o> {
    /// Reads a Module and the Dockerfile that KMM builds for a kernel, or for the first mapping with a build.
    ///
    /// # Errors
    /// The Module has no such mapping, or no input has the Dockerfile.
    pub fn of(
        object: &'o KubernetesObject,
        objects: &'o Objects,
        kernel: Option<&str>,
        releases: Vec<String>,
    ) -> Result<Self, Diagnostic> {
        let fault = |message: String| Diagnostic::error("import", message).at(object.place(), "");
        let (Some(name), Some(module)) = (&object.name, object.module()) else {
            return Err(fault("this object is no Module with a name".to_owned()));
        };
        let namespace = object.namespace.as_ref().map_or(NAMESPACE, |namespace| namespace.value.as_str());
        let mapper = KernelMapper::new(module, &name.value, namespace);
        let at = match kernel {
            Some(kernel) => mapper.find(kernel).map_err(|error| error.diagnostic())?,
            None => (0..module.mappings.len()).find(|at| mapper.section("build", *at).is_some()),
        };
        let shown = name.value.escape_debug();
        let Some(at) = at else {
            return Err(fault(format!("Module `{shown}` has no mapping that is built")));
        };
        let build = mapper.section("build", at).unwrap_or_default();
        let config_map = build["dockerfileConfigMap"]["name"].as_str().unwrap_or_default();
        let found = objects.config_maps().find(|one| one.name.as_ref().is_some_and(|name| name.value == config_map));
        let dockerfile = found.and_then(|object| object.config_map()?.get(DOCKERFILE_KEY));
        let Some(dockerfile) = dockerfile else {
            let help = "also pass the ConfigMap, such as with `oc get module,configmap -n NAMESPACE -o yaml`";
            let message = format!("no input has the ConfigMap `{}` of Module `{shown}`", config_map.escape_debug());
            return Err(fault(message).help(help));
        };
        if dockerfile.text.value.len() > LONGEST {
            let message = format!("the Dockerfile of Module `{shown}` has more than {LONGEST} bytes");
            return Err(fault(message).help("convert a shorter one: OpenShift builds none of this length"));
        }
        let image = module.mappings[at].image.as_ref().or(module.image.as_ref());
        let image = image.map_or("registry.example.com/driver", |image| image.value.as_str());
        let literals = module.mappings.iter().filter_map(|mapping| mapping.literal.as_ref());
        let mut kernels: Vec<String> = releases;
        kernels.extend(literals.map(|literal| literal.value.clone()).chain(kernel.map(str::to_owned)));
        kernels.retain(|kernel| KernelRelease::parse(kernel).is_ok());
        kernels.sort();
        kernels.dedup();
        if kernels.is_empty() {
            kernels.push(EXAMPLE_KERNEL.to_owned());
        }
        Ok(Self {
            dockerfile: &dockerfile.text.value,
            file: found.and_then(|object| object.name.as_ref()).map_or("Dockerfile", |name| name.value.as_str()),
            name: &name.value,
            namespace,
            image: repository(image, &name.value, namespace),
            spec: spec(module, &mapper, at, &build),
            kmods: kmods(module),
            build_arguments: arguments(&build),
            releases: kernels,
        })
    }
}

/// The repository of an image, without tag and digest, and with the Module's names written out.
fn repository(image: &str, name: &str, namespace: &str) -> String {
    let image = image.split('@').next().unwrap_or_default();
    let (path, last) = image.rsplit_once('/').unwrap_or(("registry.example.com", image));
    let last = last.split(':').next().unwrap_or_default();
    let mut repository = format!("{path}/{last}");
    for (variable, value) in [("MOD_NAMESPACE", namespace), ("MOD_NAME", name)] {
        repository = repository.replace(&format!("${{{variable}}}"), value).replace(&format!("${variable}"), value);
    }
    // A repository for each kernel becomes one with a tag for each.
    repository.split('/').filter(|part| !part.contains('$')).collect::<Vec<_>>().join("/")
}

fn arguments(build: &Json) -> BTreeMap<String, String> {
    let items = build["buildArgs"].as_array().into_iter().flatten();
    let pairs = items.filter_map(|item| Some((item["name"].as_str()?, item["value"].as_str().unwrap_or_default())));
    let own = pairs.filter(|(name, _)| !OF_KERNEL.contains(name));
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The kmods that the Module loads.
fn kmods(module: &KmmModule) -> Vec<String> {
    let Some(modprobe) = module.section("modprobe") else { return Vec::new() };
    let name = modprobe.get("moduleName").and_then(|name| name.as_scalar());
    let mut kmods: Vec<String> = name.map(|name| name.text.clone()).into_iter().collect();
    let order = modprobe.get("modulesLoadingOrder").map(|order| order.to_yaml());
    if let Some(Yaml::Seq(items)) = order {
        let names = items
            .into_iter()
            .filter_map(|item| if let Yaml::Text(name) = item { Some(name.into_owned()) } else { None });
        kmods.extend(names);
    }
    kmods.dedup();
    kmods
}

/// `spec` without what the manifest has elsewhere.
fn spec(module: &KmmModule, mapper: &KernelMapper<'_>, at: usize, build: &Json) -> Yaml<'static> {
    let mut spec = module.spec.to_yaml();
    if let Some(container) = field(&mut spec, "moduleLoader").and_then(|loader| field(loader, "container"))
        && let Yaml::Map(fields) = container
    {
        fields.retain(|(key, _)| !OF_MAPPINGS.contains(&key.as_ref()));
        let mut own = build.clone();
        if let Json::Object(own) = &mut own {
            own.retain(|key, value| key != "dockerfileConfigMap" && *value != Json::Array(Vec::new()));
        }
        if let Some(Json::Array(items)) = own.get_mut("buildArgs") {
            items.retain(|item| !item["name"].as_str().is_some_and(|name| OF_KERNEL.contains(&name)));
        }
        let sign = mapper.section("sign", at).map(|mut sign| {
            if let Json::Object(sign) = &mut sign {
                sign.retain(|key, _| key == "keySecret" || key == "certSecret");
            }
            sign
        });
        let sections = [("build", Some(own)), ("sign", sign)];
        for (key, section) in sections {
            fields.extend(section.filter(is_filled).map(|section| (key.into(), yaml(&section))));
        }
        let in_tree = mapper.in_tree(at);
        if !in_tree.is_empty() {
            let names = in_tree.into_iter().map(Yaml::text).collect();
            fields.push(("inTreeModulesToRemove".into(), Yaml::Seq(names)));
        }
    }
    spec
}

fn is_filled(section: &Json) -> bool {
    section.as_object().is_some_and(|fields| !fields.is_empty())
}

fn field<'y>(value: &'y mut Yaml<'static>, key: &str) -> Option<&'y mut Yaml<'static>> {
    let Yaml::Map(fields) = value else { return None };
    fields.iter_mut().find(|(own, _)| own == key).map(|(_, value)| value)
}

fn yaml(json: &Json) -> Yaml<'static> {
    match json {
        Json::String(text) => Yaml::text(text.clone()),
        Json::Array(items) => Yaml::Seq(items.iter().map(yaml).collect()),
        Json::Object(fields) => {
            Yaml::Map(fields.iter().map(|(key, value)| (key.clone().into(), yaml(value))).collect())
        }
        other => Yaml::verbatim(other.to_string()),
    }
}
