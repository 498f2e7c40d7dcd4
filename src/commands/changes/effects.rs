//! Effects of changes on nodes, module by module.

use serde::Serialize;

use super::names::MappingName;

/// Number of mappings that nodes load, reload and unload.
#[derive(Serialize, Default)]
pub(super) struct NodeEffects {
    pub(super) load: usize,
    pub(super) reload: usize,
    pub(super) unload: usize,
}

/// Mappings of a Module that nodes load, reload and unload.
#[derive(Serialize)]
pub(super) struct ModuleEffects {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cluster: Option<String>,
    pub(super) module: String,
    pub(super) load: Vec<MappingName>,
    pub(super) reload: Vec<MappingName>,
    pub(super) unload: Vec<MappingName>,
}

impl ModuleEffects {
    /// Returns the name of the Module with its cluster.
    pub(super) fn name(&self) -> String {
        match &self.cluster {
            Some(cluster) => format!("{cluster}/{}", self.module),
            None => self.module.clone(),
        }
    }

    /// Returns the mappings of each effect that has any, with its verb.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, &[MappingName])> {
        let all = [("load", &self.load), ("reload", &self.reload), ("unload", &self.unload)];
        all.into_iter().filter(|(_, mappings)| !mappings.is_empty()).map(|(verb, mappings)| (verb, mappings.as_slice()))
    }
}

impl NodeEffects {
    /// Adds up the effects of all modules.
    pub(super) fn of(modules: &[ModuleEffects]) -> Self {
        let mut sum = Self::default();
        for ModuleEffects { load, reload, unload, .. } in modules {
            sum.load += load.len();
            sum.reload += reload.len();
            sum.unload += unload.len();
        }
        sum
    }
}
