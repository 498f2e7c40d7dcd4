//! Folders of the builder for sources.

use super::{BUILD_ROOT, place};
use crate::vocabulary::{Invalid, is_within};

/// Folders that a build uses or fills itself.
const NEEDED: [&str; 33] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/licenses",
    "/opt/lib",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/tmp",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/src/kernels",
    "/usr/src/rpmbuild",
    "/var/cache",
    "/var/lib/apt",
    "/var/lib/dkms",
    "/var/lib/dpkg",
    "/var/lib/rpm",
    "/var/run",
];

/// Starts of the names of folders in `/usr/src` that kmodgen, Debian and SUSE fill.
const OWNED: [&str; 2] = ["/usr/src/kmodgen", "/usr/src/linux"];

/// Checks the folder of a source: a path below that of all sources, or an absolute path. Returns the absolute path.
///
/// # Errors
/// A path that leaves its folder or has characters that a shell would expand, and an absolute path inside or around a
/// folder that the build uses.
pub fn source_folder(text: &str) -> Result<String, Invalid> {
    let Some(below) = text.strip_prefix('/') else { return Ok(format!("{BUILD_ROOT}/{}", place(text)?)) };
    let path = match below.trim_matches('/') {
        "" => "/".to_owned(),
        below => format!("/{}", place(below)?),
    };
    if let Some(inner) = path.strip_prefix(BUILD_ROOT).and_then(|rest| rest.strip_prefix('/')) {
        return Err(Invalid::new(format!("`at: {path}` is in `{BUILD_ROOT}`, which relative paths start from"))
            .help(format!("write `at: {inner}`")));
    }
    let is_owned = OWNED.iter().any(|start| path.starts_with(start));
    let needed = NEEDED.iter().find(|needed| is_within(&path, needed) || is_within(needed, &path));
    if path != "/" && !is_owned && needed.is_none() {
        return Ok(path);
    }
    let help = "write a folder for this source alone, such as `/usr/src/driver` or `/usr/lpp/driver`";
    Err(match needed.filter(|needed| **needed != path && path != "/") {
        Some(needed) if is_within(&path, needed) => {
            Invalid::new(format!("`at` cannot be `{path}`: it is in `{needed}`, which the build uses"))
        }
        Some(needed) => Invalid::new(format!("`at` cannot be `{path}`: it contains `{needed}`, which the build uses")),
        None => Invalid::new(format!("`at` cannot be `{path}`: the build uses this folder")),
    }
    .help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_folders_of_their_own() {
        for (text, path) in [
            ("driver/more", "/usr/src/kmodgen/driver/more"),
            ("/usr/src/nvidia-550", "/usr/src/nvidia-550"),
            ("//usr/lpp/./mmfs/", "/usr/lpp/mmfs"),
            ("/opt/vendor", "/opt/vendor"),
            ("/src", "/src"),
            ("/usr/libx", "/usr/libx"),
        ] {
            assert_eq!(source_folder(text).unwrap(), path);
        }
        for (bad, said) in [
            ("/", "`at` cannot be `/`: the build uses"),
            ("/usr", "it contains `/usr/bin`"),
            ("/usr/src", "it contains `/usr/src/kernels`"),
            ("/opt", "it contains `/opt/lib`"),
            ("/usr/bin", "`at` cannot be `/usr/bin`: the build uses"),
            ("/usr/lib/modules/x", "is in `/usr/lib`"),
            ("/lib/modules", "is in `/lib`"),
            ("/run/secrets/login", "is in `/run`"),
            ("/usr/src/linux-headers-6.1.0-56-amd64", "the build uses"),
            ("/usr/src/kmodgen", "the build uses"),
            ("/usr/src/kmodgen-packages", "the build uses"),
            ("/usr/src/kmodgen/driver", "is in `/usr/src/kmodgen`, which relative paths start from"),
            ("/usr/src/../bin", "is outside its folder"),
            ("/usr/src/a b", "has characters other than letters"),
            ("/usr/src/a;id", "has characters other than letters"),
            ("../x", "is outside its folder"),
            ("", "is empty"),
        ] {
            let invalid = source_folder(bad).expect_err(bad);
            assert!(invalid.message.contains(said), "{bad}: {invalid:?}");
        }
    }
}
