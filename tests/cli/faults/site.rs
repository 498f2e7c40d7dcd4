//! A project that goes back and forth between two manifests, and what its folder may look like
//! when a run that takes it from one to the other is disturbed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::scenario::{Project, Tree};

/// One of the two manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Two modules.
    Small,
    /// Half as many kernels more, a third module, and a change to every file of the first one.
    Large,
}

impl State {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Small => Self::Large,
            Self::Large => Self::Small,
        }
    }
}

/// The project, and the trees that undisturbed runs make of its manifests.
pub(super) struct Site {
    pub(super) project: Project,
    manifests: [String; 2],
    trees: [Tree; 2],
}

impl Site {
    /// A project with this many kernels, at first only its manifest.
    pub(super) fn new(kernels: usize) -> Self {
        Self::of_layouts(kernels, ["files"; 2])
    }

    /// A project whose two manifests have these layouts.
    pub(super) fn of_layouts(kernels: usize, layouts: [&str; 2]) -> Self {
        let project = Project::fleet();
        let small = manifest(&project, kernels);
        let vars = r#"{make: {vars: {DEBUG: "0"}}}"#;
        let third = "  - name: gamma\n    source: tools\n    kmods: [gamma]\n    image: registry.example.com/kmods/gamma\n    \
                     moduleSpec: {selector: {gamma: \"\"}}\n";
        let more = manifest(&project, kernels + kernels.div_ceil(2)).replace(vars, &vars.replace('0', "1"));
        let clusters = if layouts.contains(&"shared") { "clusters: {east: {}, west: {}}\n" } else { "" };
        let [first, second] = layouts.map(|layout| format!("output: {{layout: {layout}}}\n{clusters}"));
        let manifests = [small + &first, more + third + &second];
        let trees = [0, 1].map(|at| {
            let fresh = Project::fleet();
            fresh.write("kmodgen.yaml", &manifests[at]);
            fresh.run("generate --allow-remove").fine();
            fresh.tree()
        });
        let site = Self { project, manifests, trees };
        site.ask_for(State::Small);
        site
    }

    /// Writes a manifest in one step, as editors do.
    pub(super) fn ask_for(&self, state: State) {
        self.project.write("next", &self.manifests[state as usize]);
        fs::rename(self.project.path("next"), self.project.path("kmodgen.yaml")).unwrap();
    }

    /// The project as an undisturbed run leaves it, manifest and lock included.
    pub(super) fn tree(&self, state: State) -> &Tree {
        &self.trees[state as usize]
    }

    /// Fails unless each file is that of one of the states, and those that both have are there.
    /// Where `old` is none, nothing need be there.
    pub(super) fn is_between(&self, old: Option<State>, new: State, during: &str) {
        let now = self.project.tree();
        let torn = torn(&now, old.map(|old| self.tree(old)), self.tree(new));
        assert!(torn.is_empty(), "{during}: {torn:#?}");
        assert_eq!(now.dangling(), Vec::<String>::new(), "{during}");
    }

    /// Fails unless each file is as an undisturbed run leaves it; something more may be left over.
    pub(super) fn is_done(&self, state: State, during: &str) {
        let mut strange = self.project.tree().since(self.tree(state));
        strange.retain(|change| !is_left_over(change.split_at(2).1));
        assert!(strange.is_empty(), "{during}: {strange:#?}");
    }

    /// Fails unless all is as an undisturbed run leaves it.
    pub(super) fn is_at(&self, state: State, during: &str) {
        let strange = strange(&self.project.tree(), self.tree(state));
        assert!(strange.is_empty(), "{during}: {strange:#?}");
        let records = names(&self.project.cache());
        assert!(records.iter().all(|name| name.ends_with(".run")), "{during}: {records:?}");
    }

    /// The next run does what is left to do, and calls nothing that was left behind a conflict.
    pub(super) fn completes(&self, state: State, during: &str) {
        let run = self.project.run("generate --allow-remove");
        assert_eq!(run.stderr, "", "{during}");
        run.fine();
        self.is_at(state, during);
    }

    /// Takes away what runs made; what they remember only where it is asked for.
    pub(super) fn clear(&self, forget: bool) {
        let paths = ["gitops", "kmodgen.lock"].map(|path| self.project.path(path));
        for path in paths.into_iter().chain(forget.then(|| self.project.cache())) {
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            } else if path.exists() {
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

fn manifest(project: &Project, kernels: usize) -> String {
    let releases: String = (0..kernels).map(|number| format!("  - 6.1.{number}-1-amd64\n")).collect();
    project.read("kmodgen.yaml").replace("modules:\n", &format!("{releases}modules:\n"))
}

/// Whether a path is of a kind that a run may leave behind, and the next one removes.
fn is_left_over(path: &str) -> bool {
    path.split('/').any(|name| name.starts_with(".kmodgen"))
}

/// The files of `now` that are neither those of `old` nor those of `new`, and those of both that
/// are missing.
pub(super) fn torn(now: &Tree, old: Option<&Tree>, new: &Tree) -> Vec<String> {
    // The manifest is the new one already.
    let known = |path: &str, bytes: &[u8]| {
        let of = |tree: &Tree| tree.file(path) == Some(bytes);
        of(new) || old.is_some_and(|old| of(old) || is_joined(bytes, old.file(path), new.file(path)))
    };
    let mixed = now.files().filter(|(path, bytes)| !is_left_over(path) && !known(path, bytes));
    let of_both = old.into_iter().flat_map(Tree::files).filter(|(path, _)| new.file(path).is_some());
    let lost = of_both.filter(|(path, _)| now.file(path).is_none());
    mixed.map(|(path, _)| format!("~ {path}")).chain(lost.map(|(path, _)| format!("- {path}"))).collect()
}

/// Whether a file has the bodies of two others, as that of a ConfigMap has until its Module is written.
fn is_joined(bytes: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> bool {
    let body = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_once('\n').map(|(_, body)| body.to_owned());
    match (old.and_then(body), new.and_then(body)) {
        (Some(old), Some(new)) => {
            body(bytes) == Some(format!("{old}---\n{new}"))
                || has_resources(&body(bytes).unwrap_or_default(), &[&old, &new])
                || has_documents(&body(bytes).unwrap_or_default(), &[old, new])
        }
        _ => false,
    }
}

/// Returns whether a kustomization has resources of two others only, and all of the second one.
fn has_resources(list: &str, [old, new]: &[&str; 2]) -> bool {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let (is, old, new) = (lines(list), lines(old), lines(new));
    list.contains("kind: Kustomization") && new.is_subset(&is) && is.is_subset(&old.union(&new).cloned().collect())
}

/// Returns whether a bundle has documents of two others only, and all of the second one.
fn has_documents(bundle: &str, [old, new]: &[String; 2]) -> bool {
    let documents = |text: &str| text.split("---\n").map(str::to_owned).collect::<BTreeSet<String>>();
    let (is, old, new) = (documents(bundle), documents(old), documents(new));
    new.is_subset(&is) && is.is_subset(&old.union(&new).cloned().collect())
}

/// In what two trees differ, folders included.
pub(super) fn strange(now: &Tree, expected: &Tree) -> Vec<String> {
    if now == expected {
        return Vec::new();
    }
    let folders = |tree: &Tree| -> BTreeSet<String> { tree.folders().into_iter().map(str::to_owned).collect() };
    let (is, should) = (folders(now), folders(expected));
    let differ = is.symmetric_difference(&should).map(|path| format!("? {path}/"));
    now.since(expected).into_iter().chain(differ).collect()
}

/// The names in a folder; none where it is not there.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
