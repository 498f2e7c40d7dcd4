//! `/etc/driver-toolkit-release.json` of a Driver Toolkit image: the kernels whose headers it has.

use kmodgen_yaml::Node;

use crate::kernels::facts::{Mention, MentionKind, Toolkit};
use crate::kernels::reading::Reading;
use crate::vocabulary::{Spanned, architecture_of};

/// The kernel, and the real-time one, of which images for some machines have none.
const KERNEL: &str = "KERNEL_VERSION";
const REAL_TIME: &str = "RT_KERNEL_VERSION";

const ORIGIN: &str = "driver-toolkit-release.json";

/// Checks whether a node has this form.
pub(super) fn is_one(node: &Node) -> bool {
    node.get(KERNEL).is_some() || node.get(REAL_TIME).is_some()
}

/// Reads one.
pub(super) fn read(node: &Node, reading: &mut Reading<'_>) {
    let advice = "copy /etc/driver-toolkit-release.json out of the image";
    let Some(standard) = reading.need(node, &[KERNEL], "the Driver Toolkit", advice) else { return };
    let mut releases = vec![standard];
    if let (Some(text), Some(found)) = (reading.find(node, &[REAL_TIME]), node.get(REAL_TIME)) {
        // rpm's own words stand there where the package is not installed.
        if !text.contains("not installed") {
            releases.push(Spanned::new(text, found.span));
        }
    }
    let mut kernels = Vec::new();
    for Spanned { value, span } in releases {
        let Some(release) = reading.release(&value, span) else { continue };
        kernels.push(release.value.clone());
        reading.facts.mentions.push(Mention {
            architecture: architecture_of(&value),
            release,
            os: None,
            system: None,
            distribution: None,
            kind: MentionKind::Toolkit,
            origin: ORIGIN.into(),
        });
    }
    let rhel = reading.find(node, &["RHEL_VERSION"]);
    let toolkit = Toolkit::of(reading.image.cloned(), ORIGIN.into(), node.span);
    reading.facts.toolkits.push(Toolkit { rhel, kernels, ..toolkit });
}
