//! The templates that come with kmodgen.
//!
//! A released version never changes: an upgrade of kmodgen must not change a byte of anyone's
//! output. Changes go into a new version, which `kmodgen update --templates` moves to.

use std::collections::BTreeSet;

use super::outline::Outline;

/// The built-in templates that a manifest can name.
pub const BUILT_IN: [&str; 4] = ["dtk", "kernel-devel", "debian", "sles"];

/// The parts that they are made of.
pub(crate) const PARTS: [&str; 22] = [
    "skeleton",
    "packages",
    "programs",
    "repositories",
    "source/git",
    "source/file",
    "source/inner",
    "source/unpack",
    "source/image",
    "source/path",
    "source/patches",
    "source/stage",
    "install/files",
    "install/kmod-folders",
    "install/rpms",
    "install/rpms-rest",
    "step/make",
    "step/kconfig",
    "step/configure",
    "step/dkms",
    "step/rpmbuild",
    "step/run",
];

/// The newest version of the built-in templates.
pub const NEWEST: u32 = 1;

/// The prefix under which a template extends or includes one of kmodgen's.
pub(super) const PREFIX: &str = "kmodgen/";

/// The text of a built-in template, by version and name.
pub(crate) fn text(version: u32, name: &str) -> Option<&'static str> {
    match (version, name) {
        (1, "repositories") => Some(include_str!("../../templates/v1/repositories.Dockerfile")),
        (1, "skeleton") => Some(include_str!("../../templates/v1/skeleton.Dockerfile")),
        (1, "dtk") => Some(include_str!("../../templates/v1/dtk.Dockerfile")),
        (1, "kernel-devel") => Some(include_str!("../../templates/v1/kernel-devel.Dockerfile")),
        (1, "debian") => Some(include_str!("../../templates/v1/debian.Dockerfile")),
        (1, "sles") => Some(include_str!("../../templates/v1/sles.Dockerfile")),
        (1, "packages") => Some(include_str!("../../templates/v1/packages.Dockerfile")),
        (1, "programs") => Some(include_str!("../../templates/v1/programs.Dockerfile")),
        (1, "source/inner") => Some(include_str!("../../templates/v1/source/inner.Dockerfile")),
        (1, "source/unpack") => Some(include_str!("../../templates/v1/source/unpack.Dockerfile")),
        (1, "source/git") => Some(include_str!("../../templates/v1/source/git.Dockerfile")),
        (1, "source/file") => Some(include_str!("../../templates/v1/source/file.Dockerfile")),
        (1, "source/image") => Some(include_str!("../../templates/v1/source/image.Dockerfile")),
        (1, "source/path") => Some(include_str!("../../templates/v1/source/path.Dockerfile")),
        (1, "source/patches") => Some(include_str!("../../templates/v1/source/patches.Dockerfile")),
        (1, "source/stage") => Some(include_str!("../../templates/v1/source/stage.Dockerfile")),
        (1, "install/files") => Some(include_str!("../../templates/v1/install/files.Dockerfile")),
        (1, "install/kmod-folders") => Some(include_str!("../../templates/v1/install/kmod-folders.Dockerfile")),
        (1, "install/rpms") => Some(include_str!("../../templates/v1/install/rpms.Dockerfile")),
        (1, "install/rpms-rest") => Some(include_str!("../../templates/v1/install/rpms-rest.Dockerfile")),
        (1, "step/make") => Some(include_str!("../../templates/v1/step/make.Dockerfile")),
        (1, "step/kconfig") => Some(include_str!("../../templates/v1/step/kconfig.Dockerfile")),
        (1, "step/configure") => Some(include_str!("../../templates/v1/step/configure.Dockerfile")),
        (1, "step/dkms") => Some(include_str!("../../templates/v1/step/dkms.Dockerfile")),
        (1, "step/rpmbuild") => Some(include_str!("../../templates/v1/step/rpmbuild.Dockerfile")),
        (1, "step/run") => Some(include_str!("../../templates/v1/step/run.Dockerfile")),
        _ => None,
    }
}

/// Returns the names of all built-in templates.
pub fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.into_iter().chain(PARTS).collect()
}

/// Returns the newest version of a built-in template.
pub fn built_in_text(name: &str) -> Option<&'static str> {
    text(NEWEST, name)
}

/// Returns the names of a template's blocks.
pub fn built_in_blocks(text: &str) -> BTreeSet<String> {
    Outline::of(text).map(|outline| outline.blocks.into_keys().collect()).unwrap_or_default()
}

/// Returns the lines of a template that a block is on.
pub fn built_in_block(text: &str, block: &str) -> Option<String> {
    let lines = Outline::of(text)?.blocks.get(block)?.clone();
    let lines: Vec<&str> = text.lines().skip(lines.start - 1).take(lines.len()).collect();
    Some(format!("{}\n", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Digest;

    #[test]
    fn every_template_is_there_in_every_version() {
        for version in 1..=NEWEST {
            assert!(BUILT_IN.iter().chain(&PARTS).all(|name| text(version, name).is_some()));
        }
    }

    /// Once a version is released, this snapshot never changes again.
    #[test]
    fn released_versions_are_frozen() {
        let digests: Vec<String> = (1..=NEWEST)
            .flat_map(|version| PARTS.iter().chain(&BUILT_IN).map(move |name| (version, *name)))
            .map(|(version, name)| {
                format!(
                    "v{version}/{name} {}",
                    Digest::of(text(version, name).unwrap_or_default().as_bytes()).short(16)
                )
            })
            .collect();
        assert_snapshot!(digests.join("\n"));
    }
}
