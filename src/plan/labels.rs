//! Labels of an image: those that say what it was built of, and those of the manifest.

use std::collections::BTreeMap;

use super::{Code, Content, Resolved};
use crate::vocabulary::written_out;

/// Label with the kernel that something is for.
pub const KERNEL: &str = "kmodgen/kernel";

/// Returns the labels of an image for a kernel. Those of the manifest win.
pub(super) fn image_labels(resolved: &Resolved, release: &str) -> BTreeMap<String, String> {
    let first = resolved.codes.first();
    let created = resolved.newest_commit().map(|date| date.to_string());
    let own = [
        (KERNEL, Some(release.to_owned())),
        ("org.opencontainers.image.created", created),
        ("org.opencontainers.image.revision", first.and_then(revision)),
        ("org.opencontainers.image.source", first.and_then(origin)),
        ("org.opencontainers.image.version", first.and_then(|code| code.version.clone())),
    ];
    let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let users = resolved.image_labels.iter().map(|(name, value)| (name.clone(), written_out(value, release)));
    own.chain(users).collect()
}

fn revision(code: &Code) -> Option<String> {
    match &code.content {
        Content::Commit { commit, .. } => Some(commit.to_string()),
        Content::File { .. } | Content::Inner { .. } | Content::Image { .. } | Content::Folder(_) => None,
    }
}

/// Returns the URL of a source, mirrors apart and without a login.
fn origin(code: &Code) -> Option<String> {
    match &code.content {
        Content::Commit { url, .. } => Some(url.without_login()),
        Content::File { url, .. } => Some(url.clone()),
        Content::Inner { .. } | Content::Image { .. } | Content::Folder(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    /// Returns the labels that the Dockerfile of the first kernel sets, one a line.
    fn labels(world: &World) -> String {
        let outputs = world.outputs();
        let dockerfile = outputs.iter().find(|output| output.path.file_name() == "Dockerfile").unwrap();
        let labels = dockerfile.text.split_once("\nLABEL ").unwrap().1;
        labels.lines().map(|line| line.trim().trim_end_matches(" \\")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_image_says_what_it_is_built_of() {
        let commit = "a".repeat(40);
        let rest = format!(
            "org.opencontainers.image.revision={commit}\norg.opencontainers.image.source=https://example.com/code.git"
        );
        let mut world = World::small();
        assert_eq!(labels(&world), format!("kmodgen/kernel=5.14.0-1.el9.x86_64\n{rest}"));
        world.pin_dated("https://example.com/code.git", "main", 'a', "2026-05-01T12:00:00Z");
        let created = "org.opencontainers.image.created=2026-05-01T12:00:00Z";
        assert_eq!(labels(&world), format!("kmodgen/kernel=5.14.0-1.el9.x86_64\n{created}\n{rest}"));
    }

    #[test]
    fn the_version_is_the_sources() {
        let world = World::small().with("ref: main,", "ref: main, version: '1.0 b',");
        assert!(labels(&world).ends_with("\norg.opencontainers.image.version=\"1.0 b\""), "{}", labels(&world));
        let with_version = world.and_module("version: '2'");
        assert!(labels(&with_version).ends_with("version=\"1.0 b\""), "a new version alone changes no image");
    }

    #[test]
    fn labels_of_the_manifest_win() {
        let own = "imageLabels: {org.opencontainers.image.source: '', kmodgen/kernel: 'a ${KERNEL_VERSION}', z: y}";
        let labels = labels(&World::small().and_module(own));
        assert!(labels.starts_with("kmodgen/kernel=\"a 5.14.0-1.el9.x86_64\"\n"), "{labels}");
        assert!(labels.ends_with("\norg.opencontainers.image.source=\"\"\nz=y"), "{labels}");
    }

    #[test]
    fn mirrors_and_logins_are_left_out() {
        let mut world = World::small()
            .with("git: https://example.com/code.git", "git: ssh://git@example.com/code.git")
            .and("mirrors: {'ssh://git@example.com/': 'https://mirror.example.com/'}\n");
        world.pin("ssh://git@example.com/code.git", "main", 'a');
        assert!(labels(&world).contains("image.source=ssh://example.com/code.git"), "{}", labels(&world));
    }
}
