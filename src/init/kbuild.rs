//! Kmods that Kbuild files and Makefiles name, and the folders that these lead to.

use std::collections::{BTreeMap, BTreeSet};

use super::expansion::{expand, words};
use super::makefile::Makefile;
use super::repository::{
    FileLine, RepositoryFiles, folder_of, in_folder, is_plain, is_within, name_of, resolved, shortened,
};
use crate::vocabulary::KmodName;

/// Names of the file that kbuild reads in a folder, the first wins; then those that `configure` makes one of.
const NAMES: [&str; 5] = ["Kbuild", "Makefile", "Kbuild.in", "Makefile.in", "Makefile.am"];

/// Most kmods of one repository: one with more is a kernel.
pub(super) const MOST_KMODS: usize = 100;

/// A kmod that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kmod {
    pub(super) name: String,
    pub(super) folder: String,
    pub(super) place: FileLine,
    /// Options of Kconfig that it depends on, such as `CONFIG_X`.
    pub(super) options: BTreeSet<String>,
    /// Set if it stands in a condition that was not judged.
    pub(super) is_conditional: bool,
}

/// The file that kbuild reads in a folder.
#[derive(Debug, Clone)]
pub(super) struct KbuildFile {
    pub(super) path: String,
    pub(super) makefile: Makefile,
    kmods: Vec<Kmod>,
    /// Folders that it leads to, with the options that decide.
    folders: Vec<(String, Option<String>)>,
    /// Lines that name kmods in a way that was not understood.
    unclear: Vec<(FileLine, String)>,
}

/// A folder to build in, with all that kbuild finds from there.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub(super) folder: String,
    /// The file that kbuild reads there.
    pub(super) path: String,
    pub(super) kmods: Vec<Kmod>,
    /// Paths of the files that kbuild reads.
    pub(super) files: BTreeSet<String>,
    pub(super) unclear: Vec<(FileLine, String)>,
}

/// Folders whose kmods are not what a repository is about, if there are others.
const SIDE_FOLDERS: [&str; 10] =
    ["test", "tests", "testing", "example", "examples", "sample", "samples", "demo", "doc", "docs"];

/// Reads the files of all folders.
pub(super) fn files(repository: &RepositoryFiles) -> BTreeMap<String, KbuildFile> {
    let folders: BTreeSet<&str> = repository.texts.keys().map(|path| folder_of(path)).collect();
    let mut files = BTreeMap::new();
    for folder in folders {
        let mut paths = NAMES.iter().map(|name| in_folder(folder, name));
        let read = paths.find_map(|path| {
            let file =
                repository.texts.contains_key(&path).then(|| KbuildFile::read(folder, &path, &repository.texts))?;
            file.leads_anywhere().then_some(file)
        });
        files.extend(read.map(|file| (folder.to_owned(), file)));
    }
    files
}

/// The folders that no other folder leads to.
pub(super) fn roots(files: &BTreeMap<String, KbuildFile>) -> Vec<Root> {
    let led_to: BTreeSet<&str> = files
        .iter()
        .flat_map(|(from, file)| file.folders.iter().map(move |(to, _)| (from, to)))
        // What leads back up leads in a circle.
        .filter(|(from, to)| !is_within(from, to))
        .map(|(_, to)| to.as_str())
        .collect();
    let (tops, others): (Vec<_>, Vec<_>) = files.keys().partition(|folder| !led_to.contains(folder.as_str()));
    let mut roots: Vec<Root> = Vec::new();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    for folder in tops.into_iter().chain(others) {
        if !files.get(folder).is_some_and(|file| reached.contains(&file.path)) {
            let root = Root::at(folder, files);
            reached.extend(root.files.iter().cloned());
            roots.push(root);
        }
    }
    roots.retain(|root| !root.kmods.is_empty() || !root.unclear.is_empty());
    let (side, main): (Vec<_>, Vec<_>) = roots.into_iter().partition(Root::is_at_the_side);
    let mut roots = if main.is_empty() { side } else { main };
    // The nearest to the top is what the repository is about.
    roots.sort_by_key(|root| {
        (root.folder.matches('/').count() + usize::from(!root.folder.is_empty()), root.folder.clone())
    });
    roots
}

impl KbuildFile {
    fn read(folder: &str, path: &str, texts: &BTreeMap<String, String>) -> Self {
        let makefile = Makefile::read(path, texts);
        let variables = makefile.variables();
        let (mut kmods, mut folders, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
        for assignment in &makefile.assignments {
            let Some(kind) = assignment.name.strip_prefix("obj-") else { continue };
            let option = match kind {
                "m" | "y" => None,
                _ => match option_of(kind) {
                    Some(option) => Some(option),
                    None => continue,
                },
            };
            for word in words(&assignment.value) {
                let Some(objects) = expand(word, &variables) else {
                    unclear.push((assignment.place.clone(), shortened(word)));
                    continue;
                };
                for object in objects.split_whitespace().filter_map(|object| Object::read(folder, object, kind != "y"))
                {
                    match object {
                        Object::Unclear => unclear.push((assignment.place.clone(), shortened(word))),
                        Object::Folder(below) => folders.push((below, option.clone())),
                        Object::Kmod { name, folder } => kmods.push(Kmod {
                            name,
                            folder,
                            place: assignment.place.clone(),
                            options: option.iter().cloned().collect(),
                            is_conditional: assignment.is_conditional,
                        }),
                    }
                }
            }
        }
        Self { path: path.to_owned(), makefile, kmods, folders, unclear }
    }

    fn leads_anywhere(&self) -> bool {
        !self.kmods.is_empty() || !self.folders.is_empty() || !self.unclear.is_empty()
    }
}

/// A word of `obj-m` or `obj-y`.
enum Object {
    Folder(String),
    Kmod {
        name: String,
        folder: String,
    },
    /// One that no manifest can name.
    Unclear,
}

impl Object {
    /// Reads a word in the file of a folder; `None` if it leads out of the repository, or is no kmod and no folder.
    fn read(folder: &str, word: &str, is_for_kmods: bool) -> Option<Self> {
        let object = resolved(folder, word)?;
        if is_plain(folder) && !is_plain(folder_of(&object)) {
            return Some(Self::Unclear);
        }
        if let Some(below) = object.strip_suffix('/') {
            return Some(Self::Folder(below.to_owned()));
        }
        let kmod = object.strip_suffix(".o").filter(|_| is_for_kmods)?;
        let (name, folder) = (name_of(kmod).to_owned(), folder_of(kmod).to_owned());
        Some(if KmodName::parse(&name).is_ok() { Self::Kmod { name, folder } } else { Self::Unclear })
    }
}

impl Root {
    fn at(folder: &str, files: &BTreeMap<String, KbuildFile>) -> Self {
        let path = files.get(folder).map(|file| file.path.clone()).unwrap_or_default();
        let mut root =
            Self { folder: folder.to_owned(), path, kmods: Vec::new(), files: BTreeSet::new(), unclear: Vec::new() };
        let mut seen = BTreeSet::new();
        let mut ahead = vec![(folder.to_owned(), BTreeSet::new())];
        while let Some((folder, options)) = ahead.pop() {
            let Some(file) = files.get(&folder).filter(|_| seen.insert(folder.clone())) else { continue };
            root.files.insert(file.path.clone());
            for kmod in &file.kmods {
                let is_new = !root.kmods.iter().any(|known| (&known.name, &known.folder) == (&kmod.name, &kmod.folder));
                if is_new && root.kmods.len() <= MOST_KMODS {
                    let mut kmod = kmod.clone();
                    kmod.options.extend(options.iter().cloned());
                    root.kmods.push(kmod);
                }
            }
            root.unclear.extend(file.unclear.iter().cloned());
            for (below, option) in file.folders.iter().rev() {
                let mut options = options.clone();
                options.extend(option.iter().cloned());
                ahead.push((below.clone(), options));
            }
        }
        root
    }

    fn is_at_the_side(&self) -> bool {
        self.folder.split('/').any(|name| SIDE_FOLDERS.contains(&name.to_ascii_lowercase().as_str()))
    }
}

/// The option in `$(CONFIG_X)`.
fn option_of(kind: &str) -> Option<String> {
    let name = kind.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    let name = name.or_else(|| kind.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')))?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::repository;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let roots = roots(&super::files(&repository(files)));
        let kmods = roots.iter().map(|root| {
            let kmods = root.kmods.iter().map(|kmod| {
                let options: String = kmod.options.iter().map(|option| format!(" {option}")).collect();
                format!("{}:{}{options}", in_folder(&kmod.folder, &kmod.name), kmod.place.line)
            });
            format!("{}: {}", root.path, kmods.collect::<Vec<_>>().join(", "))
        });
        kmods.collect()
    }

    #[test]
    fn kmods_are_found_from_folder_to_folder() {
        assert_eq!(
            found(&[
                ("Kbuild", "obj-m := a.o sub/\nobj-y += other/\na-y := one.o two.o\n"),
                ("Makefile", "obj-m := never.o\n"),
                ("sub/Makefile", "obj-$(CONFIG_B) += b.o\nobj-${CONFIG_DEEP} += deep/ ../\nobj-n += no.o\n"),
                ("sub/deep/Kbuild", "NAME = c\nobj-m += $(obj)/$(NAME).o in/d.o\nobj-y += builtin.o\n"),
                ("other/Makefile", "obj-m += $(shell find) ../../../etc/\n"),
                ("tests/Kbuild", "obj-m := t.o\n"),
            ]),
            ["Kbuild: a:1, sub/b:1 CONFIG_B, sub/deep/c:2 CONFIG_DEEP, sub/deep/in/d:2 CONFIG_DEEP"]
        );
        assert_eq!(
            found(&[("x/Makefile", "obj-m := x.o\n"), ("y/Makefile", "obj-m += ./\nobj-m += y.o\n")]),
            ["x/Makefile: x/x:1", "y/Makefile: y/y:2"]
        );
        assert_eq!(found(&[("tests/Kbuild", "obj-m := t.o\n")]), ["tests/Kbuild: tests/t:1"]);
    }

    #[test]
    fn included_files_name_kmods_of_the_folder_that_includes_them() {
        assert_eq!(
            found(&[
                ("src/Kbuild", "include $(src)/../objs.mk\nobj-m := $(addsuffix .o,$(MODULES)) $(OTHERS:=.o)\n"),
                ("objs.mk", "MODULES = a b\nOTHERS := sub/c\nobj-$(CONFIG_D) += d.o\n"),
            ]),
            ["src/Kbuild: src/d:3 CONFIG_D, src/a:2, src/b:2, src/sub/c:2"]
        );
    }

    #[test]
    fn folders_with_other_names_are_left_out() {
        let files = [("Kbuild", "obj-m := \u{e9}/a.o $(obj)/b;c/a.o d/a.o\n")];
        assert_eq!(found(&files), ["Kbuild: d/a:1"]);
        assert_eq!(roots(&super::files(&repository(&files)))[0].unclear.len(), 2);
    }

    #[test]
    fn folders_in_a_circle_end() {
        let files =
            [("a/Kbuild", "obj-m := a.o ../b/\n"), ("b/Kbuild", "obj-m := b.o ../a/\n"), ("Kbuild", "obj-y := a/\n")];
        assert_eq!(found(&files), ["Kbuild: a/a:1, b/b:1"]);
        assert_eq!(found(&files[..2]), ["a/Kbuild: a/a:1, b/b:1"]);
    }
}
