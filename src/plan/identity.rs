//! The names that carry a mapping's content: its image's tag and its ConfigMap.

use super::Resolved;
use super::shell_pattern::ShellPattern;
use crate::manifest::{Kernel, Module};
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, ImageRef, Invalid, Namespace};

/// Content hash of a mapping, and facts about its Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Content hash.
    pub hash: Digest,
    /// Digest of the Dockerfile.
    pub dockerfile: Digest,
    /// Set if the Dockerfile has the text `DTK_AUTO`.
    pub asks_for_dtk: bool,
    /// Set if the Dockerfile is longer than a Build of OpenShift accepts.
    pub is_long: bool,
}

/// Registries take tags of up to 128 characters.
const TAG_LIMIT: usize = 128;

/// Number of digits of the content hash in a tag.
pub const TAG_DIGITS: usize = 12;

/// Number of digits of the Dockerfile's digest in the name of a ConfigMap.
pub const CONFIG_MAP_DIGITS: usize = 10;

/// Returns the module loader image: `<normalised release>-<12 hex of the content hash>`, with the module's version in
/// front if the manifest asks for it.
pub(super) fn image(module: &Module, kernel: &Kernel, hash: &Digest) -> ImageRef {
    module.image.tagged(hash.behind(&tag_start(module, kernel), TAG_DIGITS))
}

/// Returns the name of the module loader image.
pub(super) fn image_name(module: &Module, kernel: &Kernel, hash: &Digest) -> String {
    let [version, dash, release, end] = tag_start(module, kernel);
    hash.behind(&[module.image.repository(), ":", version, dash, release, end], TAG_DIGITS)
}

/// Returns the parts of a tag before the content hash.
fn tag_start<'m>(module: &'m Module, kernel: &'m Kernel) -> [&'m str; 4] {
    let (version, dash) = module.tag_version().map_or(("", ""), |version| (version, "-"));
    [version, dash, kernel.release.normalised(), "-"]
}

/// Checks that a registry takes the tag. Where the image is signed, older KMM pushes the unsigned
/// one under the same tag with `_<namespace>_<module>_kmm_unsigned` behind it, which must fit too.
///
/// # Errors
/// A tag that is too long.
pub(super) fn check_tag(module: &Module, kernel: &Kernel, namespace: &Namespace) -> Result<(), Invalid> {
    let suffix = match module.objects.spec.sign {
        Some(_) => format!("_{namespace}_{}_kmm_unsigned", module.name.value).len(),
        None => 0,
    };
    let start = tag_start(module, kernel);
    let length = start.iter().map(|part| part.len()).sum::<usize>() + TAG_DIGITS + suffix;
    if length > TAG_LIMIT {
        let (start, over) = (start.concat(), length - TAG_LIMIT);
        let why = if suffix > 0 { ", with what KMM appends for the unsigned image," } else { "" };
        return Err(Invalid::new(format!(
            "the tag `{start}<{TAG_DIGITS} hex>`{why} is {over} characters longer than a registry allows"
        ))
        .help(match module.tag_version() {
            Some(_) => "remove `versionInTag`",
            None => "shorten the module's name or its namespace",
        }));
    }
    Ok(())
}

/// `<module>-<DNS-safe release>-<10 hex of the Dockerfile's bytes>`: a Module that is applied
/// before its ConfigMap waits for exactly that one. At most 41 + 63 + 12 characters, of 253.
pub(super) fn config_map_name(module: &Module, kernel: &Kernel, dockerfile: &Digest) -> String {
    dockerfile.behind(&[module.name.as_str(), "-", kernel.release.dns_safe(), "-"], CONFIG_MAP_DIGITS)
}

/// A path of `filesToSign` that matches nothing fails the signing build in the cluster.
pub(super) fn check_signed_files(module: &Module, kernel: &Kernel, resolved: &Resolved, faults: &mut Diagnostics) {
    let Some(named) = module.objects.spec.sign.as_ref().and_then(|sign| sign.files.as_ref()) else { return };
    let dir = format!("/opt/lib/modules/{}/{}", kernel.release.value, resolved.layout.mod_dir);
    let made: Vec<String> = resolved.kmods.iter().map(|kmod| format!("{dir}/{}.ko", kmod.name)).collect();
    for (written, file) in named.iter().zip(resolved.signed_files(module, kernel)) {
        let pattern = ShellPattern::new(&file);
        if !made.iter().any(|path| pattern.as_ref().is_some_and(|pattern| pattern.matches(path))) {
            faults.push(
                // Without the kernel's name, so that it is reported once for all of them.
                Diagnostic::error("kmm-sign", "this matches no file of the image").at(written.span, "").help(format!(
                    "write `/opt/lib/modules/*/{}/{}.ko`, or remove `filesToSign`",
                    resolved.layout.mod_dir, resolved.kmods[0].name
                )),
            );
        }
    }
}
