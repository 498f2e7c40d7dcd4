//! Rules on single values of KMM's fields that its API's structure does not have: the API server checks them
//! on the Pods, DaemonSets, Builds and DeviceClasses that KMM makes (`k8s.io/kubernetes/pkg/apis/core/validation`
//! and `pkg/apis/resource/validation`).

use super::place::At;
use crate::manifest::decode::has_only;
use crate::manifest::variables;
use crate::vocabulary::{
    Diagnostic, Diagnostics, ImageRef, Invalid, Quantity, Span, Spanned, is_within, kubernetes as k8s, nearest,
    quoted_list,
};

/// Permissions of a file, `0777`.
pub(super) const HIGHEST_MODE: i64 = 0o777;

type Check = fn(&str) -> Result<(), Invalid>;

const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];

/// The values that a string may have.
fn choices(record: &str, key: &str) -> Option<&'static [&'static str]> {
    Some(match (record, key) {
        (_, "imagePullPolicy") | ("image", "pullPolicy") => PULL_POLICIES,
        ("volumeMounts", "mountPropagation") => &["None", "HostToContainer", "Bidirectional"],
        ("volumeMounts", "recursiveReadOnly") => &["Disabled", "IfPossible", "Enabled"],
        ("tolerations", "operator") => &["Equal", "Exists", ""],
        ("tolerations", "effect") => &["NoSchedule", "PreferNoSchedule", "NoExecute", ""],
        ("hostPath", "type") => {
            &["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice", ""]
        }
        ("azureDisk", "cachingMode") => &["None", "ReadOnly", "ReadWrite"],
        ("azureDisk", "kind") => &["Shared", "Dedicated", "Managed"],
        ("spec", "accessModes") => &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"],
        ("spec", "volumeMode") => &["Filesystem", "Block"],
        ("matchExpressions", "operator") => &["In", "NotIn", "Exists", "DoesNotExist"],
        ("podCertificate", "keyType") => &["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"],
        ("fieldRef", "apiVersion") => &["v1"],
        _ => return None,
    })
}

/// The form that a string must have.
fn form(record: &str, key: &str) -> Option<Check> {
    Some(match (record, key) {
        (_, "serviceAccountName")
        | ("imageRepoSecret" | "keySecret" | "certSecret" | "secretRef" | "nodePublishSecretRef", "name")
        | ("configMapKeyRef" | "secretKeyRef" | "configMap" | "sources.configMap" | "secret", "name")
        | ("volumes.secret" | "azureFile", "secretName")
        | ("persistentVolumeClaim", "claimName")
        | ("deviceClasses" | "dataSource" | "dataSourceRef" | "clusterTrustBundle", "name")
        | ("dataSource" | "dataSourceRef", "apiGroup")
        | ("spec", "volumeName" | "volumeAttributesClassName") => k8s::object_name,
        ("spec", "storageClassName") => |text| if text.is_empty() { Ok(()) } else { k8s::object_name(text) },
        ("secrets", "name") => k8s::build_secret,
        ("volumes" | "volumeMounts", "name")
        | ("fileKeyRef", "volumeName")
        | ("storageos", "volumeName" | "volumeNamespace")
        | ("dataSourceRef", "namespace")
        | ("resourceFieldRef", "containerName") => k8s::dns_label,
        ("env", "name") | ("fileKeyRef", "key") => k8s::env_name,
        ("configMapKeyRef" | "secretKeyRef" | "items", "key") => k8s::config_key,
        ("items" | "downwardAPI.items" | "clusterTrustBundle" | "serviceAccountToken" | "fileKeyRef", "path")
        | ("podCertificate", "certificateChainPath" | "credentialBundlePath" | "keyPath")
        | ("volumeMounts", "subPath" | "subPathExpr")
        | ("gitRepo", "directory") => k8s::path_below,
        ("volumeMounts", "mountPath") | ("nfs", "path") => k8s::absolute_path,
        ("modprobe", "dirName") => |text| variables::refuse(text).and_then(|()| k8s::copied_path(text)),
        ("modprobe", "firmwarePath") => |text| variables::refuse(text).and_then(|()| k8s::firmware_path(text)),
        ("hostPath", "path") => host_path,
        ("container" | "initContainer", "image") | ("image", "reference") => k8s::pod_image,
        ("matchExpressions", "key") => k8s::label_key,
        ("matchExpressions", "values") | ("tolerations", "value") => k8s::label_value,
        ("module" | "build" | "hub", "selector") | ("labelSelector" | "selector", "matchLabels") => k8s::label_value,
        ("tolerations", "key") => |text| if text.is_empty() { Ok(()) } else { k8s::label_key(text) },
        ("emptyDir", "medium") => medium,
        ("dra", "driverName") | ("opaque", "driver") => k8s::driver_name,
        ("csi", "driver") => k8s::csi_driver,
        ("cel", "expression") => expression,
        ("iscsi", "iqn" | "initiatorName") => iscsi_name,
        ("quobyte", "registry") => quobyte_registry,
        ("flocker", "datasetName") => {
            |text| if text.contains('/') { Err(Invalid::new("a data set's name has no `/`")) } else { Ok(()) }
        }
        ("podCertificate" | "clusterTrustBundle", "signerName") => signer_name,
        ("sign", "unsignedImage") => unsigned_image,
        ("kanikoParams", "tag") => tag,
        ("modprobe", "moduleName" | "modulesLoadingOrder") => variables::refuse,
        ("modprobe", "parameters") | ("args" | "rawArgs", "load" | "unload") => variables::refuse,
        _ => return None,
    })
}

/// The form of a map's keys.
fn key_form(at: At) -> Option<Check> {
    Some(match (at.record, at.key) {
        (_, "selector" | "matchLabels" | "userAnnotations") => k8s::label_key,
        ("resources", "limits" | "requests") => k8s::resource_name,
        ("spec.resources", "limits" | "requests") => |text| match text {
            "storage" => Ok(()),
            _ => Err(Invalid::new(format!("a claim requests `storage`, not `{}`", text.escape_debug()))),
        },
        _ => return None,
    })
}

/// Fields that the structure leaves open and the API server requires.
pub(super) fn is_required(record: &str, key: &str) -> bool {
    matches!(
        (record, key),
        ("imageRepoSecret" | "keySecret" | "certSecret" | "secrets" | "secretRef" | "nodePublishSecretRef", "name")
            | ("configMapKeyRef" | "secretKeyRef" | "configMap" | "sources.configMap" | "secret", "name")
            | ("volumes.secret", "secretName")
            | ("ephemeral", "volumeClaimTemplate")
            | ("spec", "accessModes" | "resources")
            | ("image", "reference")
            | ("selectors", "cel")
            | ("config", "opaque")
            | ("scaleIO", "volumeName")
    )
}

/// Limits of an integer that are narrower than its type's.
pub(super) fn range(at: At) -> Option<(i64, i64)> {
    Some(match (at.record, at.key) {
        (_, "defaultMode" | "mode") => (0, HIGHEST_MODE),
        (_, "partition" | "lun") => (0, 255),
        ("serviceAccountToken", "expirationSeconds") => (600, 1 << 32),
        ("podCertificate", "maxExpirationSeconds") => (3600, 7_862_400),
        _ => return None,
    })
}

/// Checks a string; `None` if it is refused.
pub(super) fn check(at: At, text: &str, span: Span, faults: &mut Diagnostics) -> Option<()> {
    if let Some(choices) = choices(at.record, at.key) {
        if choices.contains(&text) {
            return Some(());
        }
        let shown: Vec<&str> = choices.iter().copied().filter(|choice| !choice.is_empty()).collect();
        let fault =
            Diagnostic::error("invalid-value", format!("`{}` is not a value of `{}`", text.escape_debug(), at.key))
                .at(span, "");
        faults.push(match nearest(text, shown.iter().copied()) {
            Some(near) if shown.len() > 1 => {
                fault.help(format!("write {}, or another of {}", at.line(near), quoted_list(&shown)))
            }
            _ => fault.help(format!("write one of {}", quoted_list(&shown))),
        });
        return None;
    }
    let may_be_empty = (at.record, at.key) == ("buildArgs", "value");
    let result = match form(at.record, at.key) {
        Some(check) => check(text),
        None if text.is_empty() && is_needed(at) && !may_be_empty => {
            Err(Invalid::new(format!("`{}` is empty", at.key)))
        }
        None => Ok(()),
    };
    match result {
        Ok(()) => Some(()),
        Err(invalid) => {
            faults.push(Diagnostic::invalid("invalid-value", span, invalid));
            None
        }
    }
}

fn is_needed(at: At) -> bool {
    let field = crate::manifest::structure::structure().field(at.record, at.key);
    field.is_some_and(|field| field.required) || is_required(at.record, at.key)
}

/// Checks a key of a map; `None` if it is refused.
pub(super) fn check_key(at: At, key: &Spanned<String>, faults: &mut Diagnostics) -> Option<()> {
    match key_form(at).map_or(Ok(()), |check| check(&key.value)) {
        Ok(()) => Some(()),
        Err(invalid) => {
            faults.push(Diagnostic::invalid("invalid-value", key.span, invalid));
            None
        }
    }
}

/// The webhook lets a hostPath volume mount only below these.
const HOST_PATHS: [&str; 5] = ["/dev", "/sys", "/var", "/opt", "/run"];

fn host_path(text: &str) -> Result<(), Invalid> {
    k8s::absolute_path(text)?;
    // As Go's filepath.Clean has it.
    let clean: String =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").map(|part| format!("/{part}")).collect();
    if HOST_PATHS.iter().any(|root| is_within(&clean, root)) {
        return Ok(());
    }
    Err(Invalid::new("KMM rejects this host path").help("host paths must be below /dev, /sys, /var, /opt or /run"))
}

fn medium(text: &str) -> Result<(), Invalid> {
    let size = text.strip_prefix("HugePages-");
    if matches!(text, "" | "Memory" | "HugePages") || size.is_some_and(|size| Quantity::parse(size).is_ok()) {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not a value of `medium`", text.escape_debug()))
        .help("write `Memory`, `HugePages` or `HugePages-SIZE`, or remove it"))
}

fn expression(text: &str) -> Result<(), Invalid> {
    const LONGEST: usize = 10 << 10;
    match text.len() {
        0 => Err(Invalid::new("`expression` is empty")),
        length if length > LONGEST => Err(Invalid::new(format!("`expression` has more than {LONGEST} bytes"))),
        _ => Ok(()),
    }
}

fn iscsi_name(text: &str) -> Result<(), Invalid> {
    let fine = text.strip_prefix("iqn.").is_some_and(is_iqn)
        || text.strip_prefix("eui.").is_some_and(|rest| rest.len() == 16 && has_only(rest, ""))
        || text.strip_prefix("naa.").is_some_and(|rest| rest.len() == 32 && has_only(rest, ""));
    if fine {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not an iSCSI name", text.escape_debug()))
        .help("write a name such as `iqn.2001-04.com.example:storage`"))
}

/// Checks what follows `iqn.`: a year and month, a domain backwards, and a name.
fn is_iqn(text: &str) -> bool {
    let bytes = text.as_bytes();
    let date = bytes.len() > 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-';
    let month = date && bytes[5..7].iter().all(u8::is_ascii_digit) && bytes[7] == b'.';
    let (domain, name) = text.get(8..).unwrap_or_default().split_once(':').unwrap_or_default();
    month
        && !domain.is_empty()
        && has_only(domain, "-.")
        && !name.is_empty()
        && !name.contains(|c: char| ",;*&$|".contains(c) || c.is_whitespace())
}

fn quobyte_registry(text: &str) -> Result<(), Invalid> {
    if text.split(',').all(is_host_with_port) {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not a list of registries", text.escape_debug()))
        .help("write `HOST:PORT`, with a comma between several"))
}

fn is_host_with_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn signer_name(text: &str) -> Result<(), Invalid> {
    match text.split_once('/') {
        Some((domain, path))
            if k8s::object_name(domain).is_ok()
                && domain.contains('.')
                && path.split('.').all(|part| k8s::object_name(part).is_ok()) =>
        {
            Ok(())
        }
        _ => Err(Invalid::new(format!("`{}` is not the name of a signer", text.escape_debug()))
            .help("write a name such as `example.com/signer`")),
    }
}

/// The image that KMM signs, in which it expands the kernel's variables.
fn unsigned_image(text: &str) -> Result<(), Invalid> {
    let image = ImageRef::parse(&variables::expand(text, variables::KERNEL)?)?;
    if image.tag().is_some() || image.digest().is_some() {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` has no tag", text.escape_debug())).help("write a tag or a digest"))
}

fn tag(text: &str) -> Result<(), Invalid> {
    variables::refuse(text)?;
    ImageRef::parse(&format!("kaniko:{text}")).map(|_| ())
}
