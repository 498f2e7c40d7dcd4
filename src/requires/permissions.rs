//! Permissions that KMM's pods need and that KMM does not give.

use kmodgen_yaml::Node;

use super::Collector;
use super::needs::Permission;
use crate::manifest::{Manifest, PlatformKind};

/// Namespace of KMM on OpenShift, in which its own service accounts have the permission.
const OPERATOR: &str = "openshift-kmm";

/// Sections of KMM's documentation.
const OPENSHIFT_PAGE: &str = "https://github.com/rh-ecosystem-edge/kernel-module-management/blob/main/docs/mkdocs/documentation/deploy_kmod.md#serviceaccounts-and-securitycontextconstraints";
const KUBERNETES_PAGE: &str = "https://github.com/kubernetes-sigs/kernel-module-management/blob/main/docs/mkdocs/documentation/deploy_kmod.md#pod-security-standards";

impl Collector {
    /// Adds the permissions of the pods that KMM makes of a Module in a namespace.
    pub(super) fn add_permissions(&mut self, manifest: &Manifest, namespace: &str, spec: &Node) {
        let kind = manifest.platform.kind;
        let pods = [
            ("moduleLoader", "pods that load modules are privileged"),
            ("devicePlugin", "pods of device plugins are privileged"),
            ("dra", "pods of DRA drivers are privileged"),
        ];
        for (key, purpose) in pods {
            let Some(pod) = spec.get(key) else { continue };
            let account = pod.get("serviceAccountName").and_then(|account| account.as_scalar());
            let account = account.map(|account| account.text.as_str());
            if kind != Some(PlatformKind::Kubernetes) && (account.is_some() || namespace != OPERATOR) {
                let account = account.unwrap_or("default");
                self.permissions.push(Permission {
                    namespace: namespace.to_owned(),
                    service_account: Some(account.to_owned()),
                    needs: on(kind, "OpenShift", "must be allowed to use the SecurityContextConstraints `privileged`"),
                    purposes: vec![purpose],
                    command: format!("oc adm policy add-scc-to-user privileged -z {account} -n {namespace}"),
                    source: OPENSHIFT_PAGE,
                });
            }
            let is_written = manifest.output.namespace && namespace == manifest.namespace.as_str();
            if kind != Some(PlatformKind::OpenShift) && !is_written {
                self.permissions.push(Permission {
                    namespace: namespace.to_owned(),
                    service_account: None,
                    needs: on(
                        kind,
                        "Kubernetes",
                        "must have the label `pod-security.kubernetes.io/enforce: privileged`",
                    ),
                    purposes: vec![purpose],
                    command: format!(
                        "kubectl label --overwrite ns {namespace} pod-security.kubernetes.io/enforce=privileged"
                    ),
                    source: KUBERNETES_PAGE,
                });
            }
        }
    }
}

/// Names the platform of a permission if the manifest does not.
fn on(kind: Option<PlatformKind>, platform: &str, needs: &str) -> String {
    if kind.is_some() { needs.to_owned() } else { format!("{needs} (on {platform})") }
}
