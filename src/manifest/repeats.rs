//! Modules with a name or an image that another one has.

use std::collections::HashMap;

use super::module::Module;
use crate::vocabulary::{Diagnostic, Diagnostics};

/// Two Modules of one name would be one object; two modules on one image would share its tags.
pub(super) fn refuse_repeats(modules: &[Module], faults: &mut Diagnostics) {
    let mut first = HashMap::new();
    for name in modules.iter().flat_map(Module::names) {
        if let Some(earlier) = first.insert(name.value.clone(), name.span) {
            faults.push(
                Diagnostic::error("repeated-module", format!("two modules have the name `{}`", name.value))
                    .at(name.span, "again here")
                    .context(earlier, "first here")
                    .help("each module is one KMM Module: choose different names"),
            );
        }
    }
    let mut config_maps = HashMap::new();
    for name in modules.iter().flat_map(|module| &module.objects.config_maps).map(|config_map| &config_map.name) {
        if let Some(earlier) = config_maps.insert(name.value.as_str(), name.span) {
            faults.push(
                Diagnostic::error("repeated", format!("two modules write the ConfigMap `{}`", name.value))
                    .at(name.span, "again here")
                    .context(earlier, "first here")
                    .help("remove one of them: all modules of a namespace can use it"),
            );
        }
    }
    let mut images: HashMap<&str, &Module> = HashMap::new();
    for module in modules.iter().filter(|module| module.is_built()) {
        match images.insert(module.image.repository(), module) {
            // The versions of a module share its line.
            Some(earlier) if earlier.image.span != module.image.span => faults.push(
                Diagnostic::warning(
                    "shared-image",
                    format!("modules `{}` and `{}` share an image name", earlier.name.value, module.name.value),
                )
                .at(module.image.span, "again here")
                .context(earlier.image.span, "first here")
                .help("use different repositories, or make them one module with `additionalModules`"),
            ),
            _ => {}
        }
    }
}
