//! Commands that install packages, and that put kmods where kmodgen puts them.

use dockerfile_reader::Command;

use super::draft::{Draft, Fate};
use super::folder::{is_of_kernel, join};
use super::shell_values::Values;
use crate::vocabulary::is_kmod_file;

/// Stage that a command is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StageKind {
    Builder,
    Runtime,
}

const INSTALLS_KMODS: &str = "copies the kmods to their folder and checks them";

impl Draft {
    /// Reads a command that kmodgen has a field for, or that it does by itself.
    pub(super) fn file_command(
        &mut self,
        values: &Values<'_, '_>,
        command: &Command<'_>,
        place: StageKind,
    ) -> Option<Fate> {
        if !command.redirects.is_empty() {
            return None;
        }
        let words = values.words(command)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["depmod", ..] => Some(Fate::Done("runs depmod once, for the kernel of the image")),
            ["set", ..] | ["true" | ":"] => Some(Fate::Done("stops the build at the first command that fails")),
            ["dnf" | "microdnf" | "yum" | "apt-get" | "apt" | "zypper" | "apk", rest @ ..] => {
                self.packages(rest, place)
            }
            ["rm", rest @ ..] if rest.iter().all(|path| is_cache(path) || self.is_download(&values.folder, path)) => {
                Some(Fate::Done("leaves no caches and downloads in the image"))
            }
            ["mkdir", rest @ ..] if rest.iter().all(|path| path.starts_with('-') || is_of_kernel(path)) => {
                Some(Fate::Done(INSTALLS_KMODS))
            }
            ["strip", rest @ ..] if rest.iter().any(|path| path.ends_with(".ko")) => {
                Some(Fate::Done("strips kmods without a signature"))
            }
            ["cp" | "mv" | "install", rest @ ..] => self.copied(&values.folder, rest),
            ["find", rest @ ..] if rest.iter().any(|word| word.ends_with(".ko") || word.ends_with(".ko.xz")) => {
                for word in rest {
                    self.add_kmod(word);
                }
                Some(Fate::Done(INSTALLS_KMODS))
            }
            _ => None,
        }
    }

    fn is_download(&self, folder: &str, path: &str) -> bool {
        let path = join(folder, path);
        self.sources.iter().any(|source| source.file == path)
    }

    fn packages(&mut self, words: &[&str], place: StageKind) -> Option<Fate> {
        let names: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
        let [verb, names @ ..] = names.as_slice() else { return None };
        match *verb {
            "clean" | "autoremove" | "makecache" => return Some(Fate::Done("leaves no caches in the image")),
            "update" if words.len() <= 2 => return Some(Fate::Done("updates package lists when it installs")),
            "install" | "add" => {}
            _ => return None,
        }
        if names.is_empty() || names.iter().any(|name| name.contains(['/', '*', '=', '<', '>', '@'])) {
            return None;
        }
        let mut added = false;
        for name in names {
            if place == StageKind::Builder && self.headers(name) || place == StageKind::Runtime && *name == "kmod" {
                continue;
            }
            added = true;
            let packages =
                if place == StageKind::Builder { &mut self.builder_packages } else { &mut self.runtime_packages };
            if !packages.iter().any(|package| package == name) {
                packages.push((*name).to_owned());
            }
        }
        let field = if place == StageKind::Builder { "builder" } else { "runtime" };
        Some(match added {
            true => Fate::Field(format!("modules[0].packages.{field}")),
            false => Fate::Done("installs the kernel's headers in the builder, and kmod in the image if it needs it"),
        })
    }

    /// Takes a package with a kernel's headers: a template installs them.
    fn headers(&mut self, package: &str) -> bool {
        let template = if package.starts_with("kernel-devel") || package.starts_with("kernel-headers") {
            "kernel-devel"
        } else if package.starts_with("linux-headers") {
            "debian"
        } else {
            return false;
        };
        self.template = self.template.or(Some(template));
        true
    }

    /// Reads a copy of kmods.
    fn copied(&mut self, folder: &str, words: &[&str]) -> Option<Fate> {
        let mut paths: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
        let to = paths.pop()?;
        // `install -m 0644`.
        paths.retain(|path| path.parse::<u32>().is_err());
        if paths.is_empty() || !paths.iter().all(|path| is_kmod_file(path)) {
            return None;
        }
        Some(self.copied_kmods(paths.into_iter(), &join(folder, to)))
    }

    /// Takes kmods that are copied to a path.
    pub(super) fn copied_kmods<'p>(&mut self, paths: impl Iterator<Item = &'p str>, to: &str) -> Fate {
        let mut has_pattern = false;
        for path in paths {
            has_pattern |= !self.add_kmod(path);
        }
        if has_pattern {
            self.pattern_gap();
        }
        let is_kept = self.placed(to);
        let folder = self.mod_dir.as_deref().unwrap_or("extra");
        let place = if is_kept { String::new() } else { format!(", in the folder `{folder}`") };
        Fate::Field(format!("modules[0].kmods{place}"))
    }

    pub(super) fn pattern_gap(&mut self) {
        let gap = "modules[0].kmods: a pattern such as `*.ko` names no kmods; add those that the Module does not name";
        if !self.gaps.iter().any(|known| known == gap) {
            self.gaps.push(gap.to_owned());
        }
    }

    /// Takes the folder of kmods below that of a kernel; returns whether they are in the same folder then.
    pub(super) fn placed(&mut self, to: &str) -> bool {
        let rest = ["${KERNEL_VERSION}/", "${KERNEL_FULL_VERSION}/"].iter().find_map(|release| to.split_once(release));
        let Some((_, below)) = rest else { return false };
        let below = below.trim_end_matches('/');
        let folder = if is_kmod_file(below) { below.rsplit_once('/').map_or("", |(folder, _)| folder) } else { below };
        // A pattern of files in the folder.
        let folder = match folder.rsplit_once('/') {
            Some((parent, name)) if name.contains(['*', '?', '[']) => parent,
            _ => folder,
        };
        if folder.contains(['*', '?', '[', '$']) {
            return false;
        }
        let is_known = ["extra", "updates", "kernel"].contains(&folder.split('/').next().unwrap_or_default());
        if is_known && folder != "extra" && folder != "kernel" {
            self.mod_dir.get_or_insert(folder.to_owned());
        }
        self.mod_dir.as_deref().unwrap_or("extra") == folder
    }
}

fn is_cache(path: &str) -> bool {
    path.starts_with('-')
        || path.starts_with("/var/cache")
        || path.starts_with("/var/lib/apt")
        || path.starts_with("/tmp")
}
