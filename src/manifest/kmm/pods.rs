//! Rules on the Pods that KMM makes of `devicePlugin` and `dra`: volumes, their mounts, variables.

use kmodgen_yaml::Node;

use super::place::{refuse_repeats, text};
use crate::vocabulary::{Diagnostic, Diagnostics, Span, nearest};

/// Volumes that KMM adds to a Pod, with the paths that its container has them at.
fn own_volumes(pod: &str) -> &'static [(&'static str, &'static str)] {
    match pod {
        "devicePlugin" => &[("kubelet-device-plugins", "/var/lib/kubelet/device-plugins")],
        _ => &[
            ("kubelet-plugins", "/var/lib/kubelet/plugins"),
            ("kubelet-plugins-registry", "/var/lib/kubelet/plugins_registry"),
            ("cdi", "/var/run/cdi"),
        ],
    }
}

fn items<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> {
    node.get(key).and_then(|list| list.as_sequence()).unwrap_or_default().iter().map(|item| &**item)
}

fn named<'n>(nodes: impl Iterator<Item = &'n Node>, key: &str) -> Vec<(&'n str, Span)> {
    nodes.filter_map(|node| Some((text(node, key)?, node.get(key)?.span))).collect()
}

/// Checks one container.
pub(super) fn check_container(node: &Node, faults: &mut Diagnostics) -> bool {
    let variables = refuse_repeats("the variable", named(items(node, "env"), "name").into_iter(), faults);
    let paths = named(items(node, "volumeMounts"), "mountPath");
    let paths = paths.into_iter().map(|(path, span)| (without_slash(path), span));
    let mounts = refuse_repeats("the mount path", paths, faults);
    variables && mounts
}

fn without_slash(path: &str) -> &str {
    if path == "/" { path } else { path.trim_end_matches('/') }
}

/// Checks a whole Pod.
pub(super) fn check_pod(record: &str, node: &Node, faults: &mut Diagnostics) -> bool {
    let own = own_volumes(record);
    let volumes = named(items(node, "volumes"), "name");
    let mut fine = refuse_repeats("the volume", volumes.iter().copied(), faults);
    for (name, span) in &volumes {
        if own.iter().any(|(own, _)| own == name) {
            fine = false;
            faults.push(
                Diagnostic::error("kmm-volume", format!("KMM itself has a volume `{name}`"))
                    .at(*span, "")
                    .help("choose another name"),
            );
        }
    }
    fine &= refuse_repeats("the device class", named(items(node, "deviceClasses"), "name").into_iter(), faults);
    for container in ["initContainer", "container"] {
        let Some(container_node) = node.get(container) else { continue };
        for mount in items(container_node, "volumeMounts") {
            fine &= check_mount(mount, &volumes, own, container, faults);
        }
        for variable in items(container_node, "env") {
            let file = variable.get("valueFrom").and_then(|source| source.get("fileKeyRef"));
            let volume = file.and_then(|file| Some((text(file, "volumeName")?, file.get("volumeName")?.span)));
            if let Some((name, span)) = volume {
                fine &= names_volume(name, span, &volumes, faults);
            }
        }
    }
    fine
}

fn check_mount(
    mount: &Node,
    volumes: &[(&str, Span)],
    own: &[(&str, &str)],
    container: &str,
    faults: &mut Diagnostics,
) -> bool {
    let (Some(name), Some(path)) = (mount.get("name"), mount.get("mountPath")) else { return true };
    let path_text = text(mount, "mountPath").unwrap_or_default();
    if container == "container" && own.iter().any(|(_, own)| *own == without_slash(path_text)) {
        faults.push(
            Diagnostic::error("kmm-volume", format!("KMM mounts `{path_text}` itself"))
                .at(path.span, "")
                .help("remove this mount"),
        );
        return false;
    }
    let volume = text(mount, "name").unwrap_or_default();
    names_volume(volume, name.span, volumes, faults)
}

fn names_volume(name: &str, span: Span, volumes: &[(&str, Span)], faults: &mut Diagnostics) -> bool {
    if volumes.iter().any(|(volume, _)| *volume == name) {
        return true;
    }
    let fault =
        Diagnostic::error("kmm-volume", format!("no volume has the name `{}`", name.escape_debug())).at(span, "");
    faults.push(match nearest(name, volumes.iter().map(|(volume, _)| *volume)) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help(format!("write `volumes: [{{name: {name}, …}}]`")),
    });
    false
}
