//! Requirements of the output: objects, permissions and servers that a cluster must have before KMM can build and load
//! its modules.

mod needs;
mod objects;
mod permissions;
mod servers;

use serde::Serialize;

pub use self::needs::{Need, Permission, Server, ServerKind, Use};
use self::needs::{NeedMap, ServerMap, needs, permissions as joined, servers};
use self::objects::ModuleReader;
use crate::manifest::{Manifest, Module};
use crate::output::{self, ConfigMapFiles};
use crate::plan::{Mapping, Plan};

/// Requirements of one cluster; also an element of the JSON output. There are no values of secrets in them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requirements {
    /// The cluster, if the manifest has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Secrets.
    pub secrets: Vec<Need>,
    /// ConfigMaps that are not in the output.
    pub config_maps: Vec<Need>,
    /// Service accounts that the manifest names.
    pub service_accounts: Vec<Need>,
    /// Permissions of service accounts and namespaces.
    pub permissions: Vec<Permission>,
    /// Servers that nodes and builds access.
    pub servers: Vec<Server>,
}

/// Requirements so far.
#[derive(Default)]
struct Collector {
    secrets: NeedMap,
    config_maps: NeedMap,
    service_accounts: NeedMap,
    permissions: Vec<Permission>,
    servers: ServerMap,
}

impl Requirements {
    /// Returns the requirements of the modules that `is_chosen` selects.
    pub fn of(plan: &Plan<'_>, is_chosen: impl Fn(&Module) -> bool) -> Self {
        let manifest: &Manifest = plan.inputs.manifest;
        let mut collector = Collector::default();
        for (module, mappings) in plan.modules.iter().filter(|(module, _)| is_chosen(module)) {
            let Some([objects, _]) = output::of_module(module, mappings, plan.inputs, &ConfigMapFiles::Own) else {
                continue;
            };
            let built: Vec<&Mapping<'_>> = mappings.iter().filter(|mapping| mapping.is_built_by_kmm()).collect();
            ModuleReader { module, manifest, mappings: &built }.read(&objects.text, &mut collector);
            collector.add_builds(module.name.as_str(), manifest, &built);
        }
        let Collector { secrets, config_maps, service_accounts, permissions, servers: map } = collector;
        Self {
            cluster: manifest.cluster.as_ref().map(ToString::to_string),
            secrets: needs(secrets),
            config_maps: needs(config_maps),
            service_accounts: needs(service_accounts),
            permissions: joined(permissions),
            servers: servers(map),
        }
    }
}
