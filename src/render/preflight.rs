//! The object that has KMM try all its Modules on a kernel before a cluster is upgraded to it.

use crate::manifest::{Kernel, Platform};
use crate::yaml::{self, Yaml};

/// The text of a preflight validation of `kernel` (kmm.sigs.x-k8s.io/v1beta2); `push` keeps what it
/// builds. Only OpenShift's kind takes a Driver Toolkit. KMM compares the release untrimmed.
pub fn render(kernel: &Kernel, platform: &Platform, push: bool) -> String {
    let text = |value: &str| Yaml::Text(value.to_owned());
    let kind = if platform.lacks_toolkits() { "PreflightValidation" } else { "PreflightValidationOCP" };
    let mut spec = vec![("kernelVersion".into(), text(kernel.release.as_str()))];
    if let Some(dtk) = kernel.dtk.as_ref().filter(|_| !platform.lacks_toolkits()) {
        spec.push(("dtkImage".into(), Yaml::Text(dtk.value.to_string())));
    }
    spec.push(("pushBuiltImage".into(), Yaml::Verbatim(push.to_string())));
    let name = format!("preflight-{}", kernel.release.dns_safe());
    yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), text("kmm.sigs.x-k8s.io/v1beta2")),
        ("kind".into(), text(kind)),
        ("metadata".into(), Yaml::Map(vec![("name".into(), Yaml::Text(name))])),
        ("spec".into(), Yaml::Map(spec)),
    ]))
}
