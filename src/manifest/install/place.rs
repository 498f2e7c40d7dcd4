//! Places of files in an image.

use super::{FIRMWARE_FOLDER, LICENSE_FOLDER};
use crate::manifest::decode::has_only;
use crate::manifest::expansion::Expands;
use crate::vocabulary::{Invalid, RelPath, is_within, written_out};

/// Place of files in an image: a folder that they go into, or the path that a file or the contents of a folder get.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImagePlace {
    path: String,
    /// Set if a file keeps its name in the folder.
    keeps_names: bool,
}

/// Places that belong to KMM or to other fields, with what to write instead.
const OWNED: [(&str, &str); 5] = [
    ("/opt/lib/modules", "list kernel modules under `kmods`"),
    ("/lib/modules", "list kernel modules under `kmods`: KMM loads those in `/opt/lib/modules`"),
    ("/usr/lib/modules", "list kernel modules under `kmods`: KMM loads those in `/opt/lib/modules`"),
    (FIRMWARE_FOLDER, "list firmware under `firmware`"),
    (LICENSE_FOLDER, "list licenses under `licenses`"),
];

/// Folders that are mounted when an image runs; what is in them is not seen.
const MOUNTED: [&str; 6] = ["/dev", "/proc", "/run", "/sys", "/tmp", "/var/run"];

/// Files that container engines write when an image runs.
const WRITTEN: [&str; 4] = ["/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf"];

/// Folders of nearly every image.
const FOLDERS: [&str; 22] = [
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/root",
    "/sbin",
    "/srv",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
];

impl ImagePlace {
    /// The folder `top` of the image, or one below it.
    pub(super) fn folder(top: &str, below: Option<&RelPath>) -> Self {
        let path = below.map_or_else(|| top.to_owned(), |below| format!("{top}/{below}"));
        Self { path, keeps_names: true }
    }

    /// Checks an absolute path; a `/` at its end makes it a folder that files go into.
    ///
    /// # Errors
    /// A path that leaves the image or has other characters than paths of images have, and a place that is not the
    /// manifest's to fill.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Expands::Release.line(text)?;
        let shown = text.escape_debug();
        let Some(below) = text.strip_prefix('/') else {
            return Err(Invalid::new(format!("`{shown}` is not an absolute path in the image"))
                .help("write an absolute path, such as `/usr/bin/`"));
        };
        if below.chars().all(|c| "/.".contains(c)) && !below.contains("..") {
            return Err(Invalid::new(format!("`{shown}` is the whole image"))
                .help("write a folder, such as `/usr/share/driver/`"));
        }
        let path = format!("/{}", RelPath::parse(below.trim_start_matches('/'))?);
        if !has_only(&written_out(&path, "R"), "._-+@~/") {
            return Err(Invalid::new(format!(
                "`{shown}` has characters other than letters, digits, `.`, `_`, `-`, `+`, `@`, `~`"
            )));
        }
        refuse_owned(&path)?;
        let keeps_names = text.ends_with(['/', '.']);
        if !keeps_names && (FOLDERS.contains(&path.as_str()) || path.ends_with(".d")) {
            return Err(Invalid::new(format!("`{path}` is a folder, but this would be a file"))
                .help(format!("write `{path}/`: files keep their names in this folder")));
        }
        Ok(Self { path, keeps_names })
    }

    /// The path, without a `/` at its end.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Returns whether it is a folder in which files keep their names.
    pub fn keeps_names(&self) -> bool {
        self.keeps_names
    }

    /// The path that a file of this name gets.
    pub fn of_file(&self, name: &str) -> String {
        if self.keeps_names { self.of_content(name) } else { self.path.clone() }
    }

    /// The path that is given to what is at `path` in a folder.
    pub fn of_content(&self, path: &str) -> String {
        format!("{}/{path}", self.path)
    }
}

/// Prints the path as it is written: with a `/` at its end if files keep their names.
impl std::fmt::Display for ImagePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.path, if self.keeps_names { "/" } else { "" })
    }
}

fn refuse_owned(path: &str) -> Result<(), Invalid> {
    if let Some((_, help)) = OWNED.iter().find(|(place, _)| is_within(path, place)) {
        return Err(Invalid::new(format!("`{path}` cannot contain other files")).help(*help));
    }
    if let Some((place, _)) = OWNED.iter().find(|(place, _)| path.starts_with("/opt") && is_within(place, path)) {
        return Err(Invalid::new(format!("`{path}` contains `{place}`, which cannot contain other files"))
            .help("write a new folder below it"));
    }
    if let Some(folder) = MOUNTED.iter().find(|folder| is_within(path, folder)) {
        return Err(Invalid::new(format!("`{folder}` is a mount when the image runs, which hides the image's files"))
            .help("write another folder, such as `/usr/share/driver/`"));
    }
    if WRITTEN.contains(&path) {
        return Err(Invalid::new(format!("container engines write `{path}` themselves")).help("remove this item"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_makes_a_folder() {
        for (text, file, shown) in [
            ("/usr/bin/", "/usr/bin/tool", "/usr/bin/"),
            ("/usr/bin/tool-1.2", "/usr/bin/tool-1.2", "/usr/bin/tool-1.2"),
            ("//etc/./driver//", "/etc/driver/tool", "/etc/driver/"),
            ("/etc/driver/.", "/etc/driver/tool", "/etc/driver/"),
            ("/opt/vendor", "/opt/vendor", "/opt/vendor"),
            ("/opt/lib/vendor/", "/opt/lib/vendor/tool", "/opt/lib/vendor/"),
            ("/usr/share/${KERNEL_VERSION}/", "/usr/share/${KERNEL_VERSION}/tool", "/usr/share/${KERNEL_VERSION}/"),
        ] {
            let place = ImagePlace::parse(text).unwrap();
            assert_eq!((place.of_file("tool").as_str(), place.to_string().as_str()), (file, shown));
            assert_eq!(place.of_content("a/b"), format!("{}/a/b", place.as_str()));
        }
        assert_eq!(ImagePlace::folder("/a", None).of_file("b"), "/a/b");
    }

    #[test]
    fn places_of_others_are_refused_with_what_to_write() {
        for (text, help) in [
            ("usr/bin/", "write an absolute path"),
            ("", "write an absolute path"),
            ("/", "write a folder"),
            ("/.", "write a folder"),
            ("/etc/../x", "without `..`"),
            ("/..", "without `..`"),
            ("/usr/bin", "write `/usr/bin/`"),
            ("/etc/modprobe.d", "write `/etc/modprobe.d/`"),
            ("/opt/lib/modules/x", "`kmods`"),
            ("/lib/modules/${KERNEL_VERSION}/", "`kmods`"),
            ("/usr/lib/modules", "`kmods`"),
            ("/opt/lib/firmware/vendor/", "`firmware`"),
            ("/licenses/", "`licenses`"),
            ("/opt/lib/", "below it"),
            ("/opt/", "below it"),
            ("/tmp/x", "another folder"),
            ("/proc/", "another folder"),
            ("/etc/hosts", "remove this item"),
            ("/etc/$X", "write `$$X`"),
            ("/etc/$KERNEL_VERSION", "${KERNEL_VERSION}"),
        ] {
            let invalid = ImagePlace::parse(text).expect_err(text);
            assert!(invalid.help.as_ref().is_some_and(|said| said.contains(help)), "{text}: {invalid:?}");
        }
        for bad in ["/a b", "/a*", "/a\nRUN", "/ü", "/a$$b"] {
            assert!(ImagePlace::parse(bad).is_err(), "{bad:?}");
        }
    }
}
