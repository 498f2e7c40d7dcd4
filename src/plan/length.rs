//! Length of the Dockerfiles that KMM builds.

use super::Mapping;
use crate::contract::dockerfile::LONGEST_ON_OPENSHIFT;
use crate::manifest::{Module, PlatformKind};
use crate::vocabulary::{Diagnostic, Diagnostics};

/// Reports a module with Dockerfiles that OpenShift does not build, unless its clusters are known to be others.
pub(super) fn check(
    module: &Module,
    mappings: &[Mapping<'_>],
    platform: Option<PlatformKind>,
    faults: &mut Diagnostics,
) {
    let is_long = |mapping: &&Mapping<'_>| mapping.identity.is_long && mapping.is_built_by_kmm();
    let long: Vec<&Mapping<'_>> = mappings.iter().filter(is_long).collect();
    let [first, rest @ ..] = long.as_slice() else { return };
    if !module.has_objects() || platform == Some(PlatformKind::Kubernetes) {
        return;
    }
    let others = match rest.len() {
        0 => String::new(),
        1 => " and 1 other".into(),
        more => format!(" and {more} others"),
    };
    let message = format!(
        "the Dockerfile of `{}` on kernel `{}`{others} has more than {LONGEST_ON_OPENSHIFT} bytes, which OpenShift cannot build",
        module.name.value, first.kernel.release.value
    );
    let fault = match platform {
        Some(_) => Diagnostic::error("long-dockerfile", message)
            .help("put large patches and scripts into the source's repository"),
        None => Diagnostic::warning("long-dockerfile", message).help(
            "put large patches and scripts into the source's repository, or write `platform: {kind: kubernetes}`",
        ),
    };
    faults.push(fault.at(module.name.span, "this module").context(first.kernel.release.span, "this kernel"));
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn long_dockerfiles_are_for_other_platforms() {
        let body: String = (0..4000).map(|n| format!("+line {n} of a large patch\n")).collect();
        let patch = format!("--- a/x\n+++ b/x\n@@ -1 +1,4000 @@\n{body}");
        let faults = |platform: &str| World::small().file("fix.patch", &patch).and(platform).faults();
        let unstated = faults("");
        assert!(unstated.len() == 1 && unstated[0].contains("and 1 other has more than 60000 bytes"), "{unstated:?}");
        assert!(unstated[0].contains("`platform: {kind: kubernetes}`"), "{unstated:?}");
        assert_eq!(faults("platform: {kind: openshift}\n").len(), 1);
        assert_eq!(faults("platform: {kind: kubernetes}\n").len(), 2, "its kernels have no toolkit");
        assert_eq!(World::small().and("platform: {kind: openshift}\n").faults().len(), 0);
    }
}
