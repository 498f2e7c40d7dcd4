//! A list of OpenShift releases with the digests of their Driver Toolkits:
//! `[{"version": "4.20.4", "arch": "x86_64", "dtk": "REPOSITORY@sha256:…"}, …]`.

use std::sync::Arc;

use kmodgen_yaml::Node;

use crate::kernels::facts::Toolkit;
use crate::kernels::reading::Reading;
use crate::vocabulary::architecture;

/// Checks whether a list has this form.
pub(super) fn is_one(items: &[Arc<Node>]) -> bool {
    items.first().is_some_and(|item| item.get("dtk").is_some() || item.get("version").is_some())
}

/// Reads one.
pub(super) fn read(items: &[Arc<Node>], reading: &mut Reading<'_>) {
    let form = "each item has `version`, `dtk` and optionally `arch`";
    for item in items {
        let Some(version) = reading.need(item, &["version"], "a release of the list", form) else { continue };
        let whose = format!("release {}", version.value);
        let Some(image) = reading.need(item, &["dtk"], &whose, form) else { continue };
        let machine = reading.find(item, &["arch"]);
        let Some(image) = reading.image(&image.value, image.span) else { continue };
        let toolkit = Toolkit::of(Some(image), format!("OpenShift release {}", version.value), item.span);
        reading.facts.toolkits.push(Toolkit {
            openshift: Some(version.value),
            architecture: machine.as_deref().and_then(architecture),
            ..toolkit
        });
    }
}
