//! Agreement of `firmwarePath` with the firmware that an image has.
//!
//! KMM's worker runs `cp -R PATH/*` in the image before modprobe, and puts what it finds where the kernel
//! looks for firmware (rh-ecosystem-edge/kernel-module-management, `LoaderPodTemplate` and `LoadKmod`). A
//! path without files fails every load, and a folder above the firmware leads the kernel to other names.

use super::file_names::is_file;
use super::layout::Layout;
use crate::manifest::{FIRMWARE_FOLDER, Install, InstalledFiles, Kernel, Module};
use crate::vocabulary::kubernetes::absolute_path;
use crate::vocabulary::{Diagnostic, Diagnostics, quoted_list};

const CODE: &str = "firmware-path";

/// Checks `firmwarePath` of a module's Modules against what a built-in template installs on a kernel.
pub(super) fn check(module: &Module, install: &Install, layout: &Layout, kernel: &Kernel, faults: &mut Diagnostics) {
    // Packages have firmware that only their files tell.
    if !layout.rpms.is_empty() {
        return;
    }
    let before = faults.errors();
    let mut folders = Vec::new();
    for spec in module.objects.specs() {
        let Some(path) = spec.firmware_path() else { continue };
        let folder = below(path);
        if let Some(place) = spec.firmware_place.filter(|place| !faults.has(CODE, *place))
            && let Some(fault) = fault_of(path, folder.as_deref(), module, install, layout, kernel)
        {
            faults.push(fault.at(place, ""));
        }
        folders.extend(folder);
    }
    if faults.errors() > before || folders.is_empty() {
        return;
    }
    for item in layout.firmware.iter().flatten() {
        if !folders.iter().any(|folder| may_be_in(folder, item)) && !faults.has(CODE, item.from.span) {
            let message = format!(
                "this is installed in `{}`, but KMM does not copy it from there without a `firmwarePath`",
                item.to.as_str()
            );
            faults.push(
                Diagnostic::error(CODE, message)
                    .at(item.from.span, "")
                    .help(format!("write `firmwarePath: {FIRMWARE_FOLDER}`, or another `to`")),
            );
        }
    }
}

/// Fault of a path that KMM copies from, whose folder below that of the firmware is `folder`; `None` if it is
/// elsewhere.
fn fault_of(
    path: &str,
    folder: Option<&str>,
    module: &Module,
    install: &Install,
    layout: &Layout,
    kernel: &Kernel,
) -> Option<Diagnostic> {
    let shown = path.escape_debug();
    // The working directory of the image is that of its base image.
    if let Err(relative) = absolute_path(path) {
        let fault = Diagnostic::error(CODE, relative.message);
        return Some(relative.help.into_iter().fold(fault, Diagnostic::help));
    }
    if !module.has_firmware() {
        let message = format!("no firmware is installed in `{shown}`, so every load would fail");
        return Some(Diagnostic::error(CODE, message).help(
            "remove `firmwarePath`, or list the firmware files of the source: `install: {firmware: [FILE, …]}`",
        ));
    }
    let write = |path: &str| format!("write `firmwarePath: {path}`");
    let Some(folder) = folder else {
        let message = format!("firmware is installed in `{FIRMWARE_FOLDER}`, but KMM would copy `{shown}`");
        return Some(Diagnostic::error(CODE, message).help(write(FIRMWARE_FOLDER)));
    };
    // With an empty list, steps of the build put firmware there.
    if folder.is_empty() || install.firmware.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    let items = layout.firmware.as_deref().unwrap_or_default();
    if items.is_empty() {
        let release = &kernel.release.value;
        let message = format!("the image for kernel `{release}` has no firmware in `{shown}`, so loads would fail");
        let help = format!("{}, which is in every image of the module", write(FIRMWARE_FOLDER));
        return Some(Diagnostic::error(CODE, message).help(help));
    }
    if items.iter().any(|item| may_be_in(folder, item)) {
        return None;
    }
    let mut places: Vec<&str> = items.iter().map(|item| item.to.as_str()).collect();
    places.sort_unstable();
    places.dedup();
    let only = match places[..] {
        [only] if !only.contains('$') => only,
        _ => FIRMWARE_FOLDER,
    };
    let message = format!("no firmware is in `{shown}`: it is installed in {}", quoted_list(&places));
    Some(Diagnostic::error(CODE, message).help(write(only)))
}

/// Path below the folder of the firmware, as KMM's worker cleans paths; `None` for one elsewhere.
fn below(path: &str) -> Option<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    let clean = parts.fold(String::new(), |clean, part| format!("{clean}/{part}"));
    let below = clean.strip_prefix(FIRMWARE_FOLDER)?;
    (below.is_empty() || below.starts_with('/')).then(|| below.trim_start_matches('/').to_owned())
}

/// Checks whether files of an item can be in a folder below that of the firmware. A folder's contents may have
/// folders of any name.
fn may_be_in(folder: &str, item: &InstalledFiles) -> bool {
    let mut wanted = folder.split('/').filter(|part| !part.is_empty());
    let to = item.to.as_str().strip_prefix(FIRMWARE_FOLDER).unwrap_or_default();
    let mut to = to.split('/').filter(|part| !part.is_empty());
    loop {
        match (wanted.next(), to.next()) {
            (None, _) => return true,
            (Some(_), None) => return !is_file(item.from.as_str()),
            (Some(one), Some(other)) if one != other && !other.contains('$') => return false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_the_worker_does() {
        for path in ["/opt/lib/firmware", "/opt/lib/firmware/", "//opt/./lib//firmware/."] {
            assert_eq!(below(path).as_deref(), Some(""), "{path}");
        }
        assert_eq!(below("/opt/lib/firmware//a/./b/").as_deref(), Some("a/b"));
        for path in ["/opt/lib", "/", "/firmware", "/opt/lib/firmwares", "/opt/lib/firmware.d/a", "/lib/firmware"] {
            assert_eq!(below(path), None, "{path}");
        }
    }
}
