//! The object that has KMM try all its Modules on a kernel before a cluster is upgraded to it.

use kmodgen_yaml::Yaml;

use crate::manifest::{Kernel, Platform};
use crate::vocabulary::ImageRef;

/// The text of a preflight validation of `kernel` (kmm.sigs.x-k8s.io/v1beta2), with its Driver Toolkit; `push` keeps
/// what it builds. Only OpenShift's kind takes a Driver Toolkit. KMM compares the release untrimmed.
pub fn render(kernel: &Kernel, toolkit: Option<&ImageRef>, platform: &Platform, push: bool) -> String {
    let kind = if platform.lacks_toolkits() { "PreflightValidation" } else { "PreflightValidationOCP" };
    let mut spec = vec![("kernelVersion".into(), Yaml::text(kernel.release.as_str()))];
    if let Some(toolkit) = toolkit.filter(|_| !platform.lacks_toolkits()) {
        spec.push(("dtkImage".into(), Yaml::text(toolkit.to_string())));
    }
    spec.push(("pushBuiltImage".into(), Yaml::verbatim(push.to_string())));
    let name = format!("preflight-{}", kernel.release.dns_safe());
    kmodgen_yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), Yaml::text("kmm.sigs.x-k8s.io/v1beta2")),
        ("kind".into(), Yaml::text(kind)),
        ("metadata".into(), Yaml::Map(vec![("name".into(), Yaml::text(name))])),
        ("spec".into(), Yaml::Map(spec)),
    ]))
}
