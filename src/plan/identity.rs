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
    let mut tag = String::with_capacity(tag_length(module, kernel));
    push_tag(&mut tag, module, kernel, hash);
    module.image.tagged(tag)
}

/// Returns the name of the module loader image.
pub(super) fn image_name(module: &Module, kernel: &Kernel, hash: &Digest) -> String {
    let repository = module.image.repository();
    let mut name = String::with_capacity(repository.len() + 1 + tag_length(module, kernel));
    name.extend([repository, ":"]);
    push_tag(&mut name, module, kernel, hash);
    name
}

fn push_tag(text: &mut String, module: &Module, kernel: &Kernel, hash: &Digest) {
    text.extend(module.tag_version().into_iter().flat_map(|version| [version, "-"]));
    text.extend([kernel.release.normalised(), "-"]);
    hash.push_short(text, TAG_DIGITS);
}

fn tag_length(module: &Module, kernel: &Kernel) -> usize {
    let version = module.tag_version().map_or(0, |version| version.len() + 1);
    version + kernel.release.normalised().len() + 1 + TAG_DIGITS
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
    let length = tag_length(module, kernel) + suffix;
    if length > TAG_LIMIT {
        let version = module.tag_version().map(|version| format!("{version}-")).unwrap_or_default();
        let release = kernel.release.normalised();
        let over = length - TAG_LIMIT;
        let why = if suffix > 0 { ", with what KMM appends for the unsigned image," } else { "" };
        return Err(Invalid::new(format!(
            "the tag `{version}{release}-<{TAG_DIGITS} hex>`{why} is {over} characters longer than a registry allows"
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
    let parts = [module.name.as_str(), "-", kernel.release.dns_safe(), "-"];
    let mut name = String::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + CONFIG_MAP_DIGITS);
    name.extend(parts);
    dockerfile.push_short(&mut name, CONFIG_MAP_DIGITS);
    name
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
