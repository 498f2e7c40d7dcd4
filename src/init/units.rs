//! Units of a repository: kmods that are built together, and the steps that build them.

use std::collections::{BTreeMap, BTreeSet};

use super::configure::Configure;
use super::dkms_conf::DkmsConf;
use super::kbuild::{self, KbuildFile, Kmod, MOST_KMODS, Root};
use super::make_vars::{KbuildCall, kbuild_call};
use super::repository::{FileLine, RepositoryFiles, ancestors, folder_of, in_folder, is_plain, is_within, name_of};

/// Most units of a manifest.
const MOST_UNITS: usize = 8;

/// Kmods that are built together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// The folder to build in.
    pub(super) folder: String,
    pub(super) kmods: Vec<Kmod>,
    pub(super) step: Step,
    /// FileLine that decided the step, and the reason.
    pub(super) place: FileLine,
    pub(super) reason: String,
    /// Version of the package, if a `dkms.conf` has one.
    pub(super) version: Option<String>,
}

/// A build step, or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Kbuild {
        vars: BTreeMap<String, String>,
    },
    Make {
        vars: BTreeMap<String, String>,
        target: Option<String>,
    },
    Dkms,
    /// A `configure` script, and make in its folder.
    Configure {
        script: Configure,
        vars: BTreeMap<String, String>,
    },
}

/// Units of a repository, and remarks on what was left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Units {
    pub(super) units: Vec<Unit>,
    pub(super) remarks: Vec<String>,
}

impl Units {
    pub(super) fn of(repository: &RepositoryFiles) -> Self {
        let files = kbuild::files(repository);
        let mut units = Self::default();
        let mut roots: Vec<Root> = Vec::new();
        for root in kbuild::roots(&files) {
            for (place, word) in root.unclear.iter().take(3) {
                units
                    .remarks
                    .push(format!("{place} names kmods by `{}`, which only make can compute", word.escape_debug()));
            }
            if root.kmods.is_empty() {
                continue;
            }
            if root.kmods.len() > MOST_KMODS {
                let place = FileLine { path: root.path, line: 0 };
                units.remarks.push(format!("{place} leads to more than {MOST_KMODS} kmods, as a kernel does"));
            } else if is_plain(&root.folder) {
                roots.push(root);
            } else {
                let place = FileLine { path: root.path, line: 0 };
                units.remarks.push(format!("{place} is left out: the name of its folder cannot stand in a build"));
            }
        }
        units.take_dkms(repository, &mut roots);
        units.take_configured(repository, &files, &mut roots);
        for root in roots {
            let unit = plain(root, &files);
            units.push(unit);
        }
        units
            .units
            .sort_by_key(|unit| (unit.folder.split('/').filter(|name| !name.is_empty()).count(), unit.folder.clone()));
        units.settle();
        units
    }

    /// Makes a unit of each `dkms.conf` that lies above the folders to build in.
    fn take_dkms(&mut self, repository: &RepositoryFiles, roots: &mut Vec<Root>) {
        let mut paths: Vec<&String> = repository.texts.keys().filter(|path| name_of(path) == "dkms.conf").collect();
        paths.sort_by_key(|path| path.matches('/').count());
        for path in paths {
            let folder = folder_of(path);
            let claimed: Vec<Root> = roots.extract_if(.., |root| is_within(&root.folder, folder)).collect();
            // One that lies elsewhere is for the layout of a package.
            if claimed.is_empty() && !(folder.is_empty() && self.units.is_empty() && roots.is_empty()) {
                continue;
            }
            let conf = DkmsConf::read(&repository.texts[path]);
            let mut kmods: Vec<Kmod> = conf.kmods.iter().map(|(name, line)| of_dkms(name, path, *line)).collect();
            for (line, value) in &conf.unclear {
                let place = FileLine { path: path.clone(), line: *line };
                self.remarks.push(format!(
                    "{place} names a kmod by `{}`, which only a shell can compute",
                    value.escape_debug()
                ));
            }
            if kmods.is_empty() || !conf.unclear.is_empty() {
                kmods = claimed.into_iter().flat_map(|root| root.kmods).collect();
            }
            if kmods.is_empty() {
                continue;
            }
            let place = FileLine { path: path.clone(), line: conf.make.unwrap_or(0) };
            let reason = "it says how to build".to_owned();
            let folder = folder.to_owned();
            self.push(Unit { folder, kmods, step: Step::Dkms, place, reason, version: conf.version });
        }
    }

    /// Makes a unit of each `configure` script that decides how kmods are built.
    fn take_configured(
        &mut self,
        repository: &RepositoryFiles,
        files: &BTreeMap<String, KbuildFile>,
        roots: &mut Vec<Root>,
    ) {
        let mut scripts: BTreeMap<String, (Configure, Vec<Root>)> = BTreeMap::new();
        let mut others = Vec::new();
        for root in roots.drain(..) {
            let found = ancestors(&root.folder).find_map(|folder| Some((folder, Configure::of(folder, repository)?)));
            match found {
                Some((folder, script)) if is_configured(&root, &script) => {
                    scripts.entry(folder.to_owned()).or_insert_with(|| (script, Vec::new())).1.push(root);
                }
                _ => others.push(root),
            }
        }
        *roots = others;
        for (folder, (script, roots)) in scripts {
            let vars = roots.iter().flat_map(|root| wanted_options(root, files, &BTreeSet::new())).collect();
            let kmods = roots.into_iter().flat_map(|root| root.kmods).collect();
            let place = FileLine { path: script.path.clone(), line: 0 };
            let reason =
                if script.is_made { "autoconf makes the script of it" } else { "the script comes before make" };
            let step = Step::Configure { script, vars };
            self.push(Unit { folder, kmods, step, place, reason: reason.to_owned(), version: None });
        }
    }

    fn push(&mut self, unit: Unit) {
        self.units.push(unit);
    }

    /// Leaves out kmods that an earlier unit has, and units beyond the limit.
    fn settle(&mut self) {
        let mut known: BTreeMap<String, FileLine> = BTreeMap::new();
        for unit in &mut self.units {
            let own: Vec<Kmod> = std::mem::take(&mut unit.kmods);
            let (old, new): (Vec<_>, Vec<_>) = own.into_iter().partition(|kmod| known.contains_key(&kmod.name));
            for kmod in old {
                let other = &known[&kmod.name];
                self.remarks.push(format!("`{}` of {} is left out: {other} has it, too", kmod.name, kmod.place));
            }
            known.extend(new.iter().map(|kmod| (kmod.name.clone(), kmod.place.clone())));
            unit.kmods = new;
        }
        self.units.retain(|unit| !unit.kmods.is_empty());
        if self.units.len() > MOST_UNITS {
            let more = self.units.split_off(MOST_UNITS);
            let places: Vec<String> = more.iter().take(5).map(|unit| unit.place.to_string()).collect();
            self.remarks.push(format!("{} more folders are left out, such as {}", more.len(), places.join(", ")));
        }
    }
}

/// The names of kmods as a manifest has them: with their folder if a name is not unique.
pub(super) fn written_names(kmods: &[Kmod]) -> Vec<String> {
    let is_unique = |kmod: &&Kmod| kmods.iter().filter(|other| other.name == kmod.name).count() == 1;
    let names = kmods.iter().map(|kmod| match is_unique(&kmod) {
        true => kmod.name.clone(),
        false => in_folder(&kmod.folder, &kmod.name),
    });
    names.collect()
}

fn of_dkms(name: &str, path: &str, line: usize) -> Kmod {
    Kmod {
        name: name.to_owned(),
        folder: String::new(),
        place: FileLine { path: path.to_owned(), line },
        options: BTreeSet::new(),
        is_conditional: false,
    }
}

/// Checks whether a script makes what kbuild reads, or takes the kernel's headers.
fn is_configured(root: &Root, script: &Configure) -> bool {
    let is_generated = name_of(&root.path).ends_with(".in") || name_of(&root.path).ends_with(".am");
    is_generated || !script.args.is_empty() || !script.env.is_empty()
}

/// The options of Kconfig that decide about kmods and that no file sets, as variables.
fn wanted_options(
    root: &Root,
    files: &BTreeMap<String, KbuildFile>,
    set: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let read: Vec<&KbuildFile> = files.values().filter(|file| root.files.contains(&file.path)).collect();
    let options: BTreeSet<&String> = root.kmods.iter().flat_map(|kmod| &kmod.options).collect();
    let is_set = |option: &str| {
        set.contains(option) || read.iter().any(|file| file.makefile.assignments.iter().any(|line| line.name == option))
    };
    options.into_iter().filter(|option| !is_set(option)).map(|option| (option.clone(), "m".to_owned())).collect()
}

/// The unit of a folder that needs nothing but make.
fn plain(root: Root, files: &BTreeMap<String, KbuildFile>) -> Unit {
    let makefile = files.get(&root.folder).filter(|_| name_of(&root.path) == "Makefile").map(|file| &file.makefile);
    let call = makefile.and_then(kbuild_call);
    let set = call.as_ref().map(|call| call.options.clone()).unwrap_or_default();
    let options = wanted_options(&root, files, &set);
    let (step, place, reason) = match call {
        Some(KbuildCall { mut vars, target, place, .. }) => {
            let names: Vec<&str> = vars.keys().map(String::as_str).collect();
            let reason = format!("it calls kbuild for the kernel that {} names", names.join(" and "));
            vars.extend(options);
            (Step::Make { vars, target }, place, reason)
        }
        None => {
            let first = root.kmods.first().map(|kmod| &kmod.place).filter(|place| place.path == root.path);
            let place = first.cloned().unwrap_or_else(|| FileLine { path: root.path.clone(), line: 0 });
            (Step::Kbuild { vars: options }, place, "kbuild reads it".to_owned())
        }
    };
    Unit { folder: root.folder, kmods: root.kmods, step, place, reason, version: None }
}
