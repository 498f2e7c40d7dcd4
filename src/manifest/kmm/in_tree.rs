//! The kernel's own modules that are unloaded before a module is loaded: on every kernel, or on some.

use kmodgen_yaml::{Node, Yaml};

use super::fields::REMOVED;
use crate::manifest::conditional::{Conditional, conditionals};
use crate::manifest::decode;
use crate::vocabulary::Diagnostics;

/// Returns the modules to unload on every kernel, for the container. If any module is for some kernels only, `all` gets
/// all modules, in order, because a mapping's list replaces the container's.
pub(super) fn decode(
    node: &Node,
    all: &mut Vec<Conditional<String>>,
    faults: &mut Diagnostics,
) -> Option<Yaml<'static>> {
    let modules = conditionals(node, "`inTreeModulesToRemove`", &REMOVED, faults, |node, faults| {
        decode::text(node, "a module", faults, |text| Ok(text.to_owned())).map(|name| name.value)
    });
    let on_all = modules.iter().filter(|module| module.kernels.is_all());
    let on_all = Yaml::Seq(on_all.map(|module| Yaml::text(module.value.clone())).collect());
    if modules.iter().all(|module| module.kernels.is_all()) {
        return Some(on_all);
    }
    *all = modules;
    Some(on_all).filter(|on_all| *on_all != Yaml::Seq(Vec::new()))
}
