//! Manifest under test, with its lock and the files beside it, now or in a commit.

use std::collections::HashSet;
use std::sync::Arc;

use super::case::Case;
use crate::lock::{self, Lock};
use crate::manifest::{Manifest, Pinnable, Variation};
use crate::plan::Inputs;
use crate::template::Renderers;
use crate::tree::OutputFolder;
use crate::vocabulary::{Diagnostic, Diagnostics, InputError, InputFiles, Invalid, SourceMap, nearest};

/// A text, under the name that messages call it by.
#[derive(Debug, Clone)]
pub struct Text {
    /// The path as the user would type it.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

impl Text {
    pub fn new(name: impl Into<String>, text: String) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}

/// A manifest with all that belongs to it.
#[derive(Clone)]
pub struct Subject {
    /// The manifest.
    pub manifest: Text,
    /// The lock, where there is one.
    pub lock: Option<Text>,
    /// The files in the manifest's folder.
    pub files: Arc<dyn InputFiles>,
    /// Renderers of users' templates.
    pub renderers: Arc<dyn Renderers>,
}

/// The door to what the manifest was.
pub trait Revisions {
    /// The manifest as it was in a revision of its repository.
    ///
    /// # Errors
    /// A revision that does not exist, or whose manifest cannot be read.
    fn at(&self, revision: &str) -> Result<Subject, RevisionError>;
}

/// Reason why the manifest of a revision cannot be read, a lower-case fragment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RevisionError {
    /// No repository, no such revision, or another error of git.
    #[error("{0}")]
    Git(String),
    #[error("there was no `{0}` at that revision")]
    Absent(String),
    #[error(transparent)]
    Name(#[from] Invalid),
    #[error("`{0}` was not UTF-8 text at that revision")]
    NotUtf8(String),
    #[error("`{name}` cannot be read at that revision: {why}")]
    Unreadable { name: String, why: InputError },
}

/// A subject with the changes of a case: a manifest for each cluster.
pub(super) struct Varied<'s> {
    pub(super) manifests: Vec<Manifest>,
    lock: Lock,
    files: &'s Arc<dyn InputFiles>,
    renderers: &'s Arc<dyn Renderers>,
}

/// Environment that cases run in.
#[derive(Clone, Copy)]
pub struct TestEnvironment<'b> {
    /// The manifest under test.
    pub subject: &'b Subject,
    /// Earlier revisions of the manifest.
    pub past: &'b dyn Revisions,
    /// The manifest's folder, where the snapshots are.
    pub folder: &'b dyn OutputFolder,
    /// Number of threads that render.
    pub workers: usize,
}

impl Subject {
    /// Reads the manifest with `variation`, and the lock.
    ///
    /// # Errors
    /// `None` where anything is wrong; `faults` then says what.
    fn varied(&self, variation: &Variation, sources: &mut SourceMap, faults: &mut Diagnostics) -> Option<Varied<'_>> {
        let Text { name, text } = &self.manifest;
        let source = sources.add(name.as_str(), text.clone());
        let manifests = Manifest::read_varied(source, text, variation, &*self.files, sources, faults);
        let lock = match &self.lock {
            Some(Text { name, text }) => Lock::read(sources.add(name.as_str(), text.clone()), text, faults),
            None => Some(Lock::default()),
        };
        let (manifests, lock) = manifests.zip(lock)?;
        Some(Varied { manifests, lock, files: &self.files, renderers: &self.renderers })
    }

    /// Checks the manifest and its lock as they are.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn check(&self, sources: &mut SourceMap) -> Result<(), Diagnostics> {
        let mut faults = Diagnostics::default();
        let read = self.varied(&Variation::default(), sources, &mut faults).is_some();
        if read && !faults.has_errors() { Ok(()) } else { Err(faults) }
    }

    /// The manifest as a case has it: for its cluster, with its modules and kernels. `strictly` refuses
    /// a case that asks for what there is not.
    ///
    /// # Errors
    /// As those of [`varied`](Self::varied).
    pub(super) fn of_case(
        &self,
        case: &Case,
        strictly: bool,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
    ) -> Option<Varied<'_>> {
        let mut varied = self.varied(&case.variation, sources, faults)?;
        if strictly {
            check_cluster(case, &varied.manifests, faults);
        }
        if let Some(cluster) = &case.cluster {
            varied.manifests.retain(|manifest| manifest.cluster.as_ref() == Some(&cluster.value));
        }
        if strictly {
            check_selection(case, &varied.manifests, faults);
        }
        for manifest in varied.manifests.iter_mut().filter(|_| !case.modules.is_empty()) {
            manifest.modules.retain(|module| case.modules.iter().any(|name| name.value == module.name.value));
        }
        let mut told = HashSet::new();
        for manifest in &varied.manifests {
            let missing = varied.lock.pins(manifest.pins.as_ref()).missing(Pinnable::of([manifest]));
            let missing = lock::not_pinned(&missing, "run `kmodgen lock`");
            faults.extend(missing.into_iter().filter(|fault| told.insert(fault.clone())));
        }
        (!faults.has_errors()).then_some(varied)
    }
}

impl Varied<'_> {
    /// Returns the inputs of a plan of one of its manifests.
    pub(super) fn inputs<'v>(&'v self, manifest: &'v Manifest) -> Inputs<'v> {
        let Self { lock, files, renderers, .. } = self;
        Inputs { manifest, lock, files, templates: files, renderers }
    }
}

fn check_cluster(case: &Case, manifests: &[Manifest], faults: &mut Diagnostics) {
    let Some(cluster) = &case.cluster else { return };
    let known: Vec<&str> = manifests.iter().filter_map(|one| Some(one.cluster.as_ref()?.as_str())).collect();
    if !known.contains(&cluster.as_str()) {
        let fault = Diagnostic::error("unknown-cluster", format!("the manifest has no cluster `{}`", cluster.value));
        faults.push(suggest(fault.at(cluster.span, ""), cluster.as_str(), &known));
    }
}

/// Refuses names and patterns that select nothing, which are typing mistakes.
fn check_selection(case: &Case, manifests: &[Manifest], faults: &mut Diagnostics) {
    let modules = manifests.iter().flat_map(|manifest| &manifest.modules);
    let known: Vec<&str> = modules.map(|module| module.name.as_str()).collect();
    for name in case.modules.iter().filter(|name| !known.contains(&name.as_str())) {
        let fault = Diagnostic::error("unknown-module", format!("the manifest has no module `{}`", name.value));
        faults.push(suggest(fault.at(name.span, ""), name.as_str(), &known));
    }
    for pattern in &case.variation.releases {
        let mut kernels = manifests.iter().flat_map(|manifest| &manifest.kernels);
        if !kernels.any(|kernel| pattern.selects(kernel.release.as_str())) {
            faults.push(
                Diagnostic::error("no-kernel", format!("no kernel of the manifest matches `{}`", pattern.value))
                    .at(pattern.span, "")
                    .help("a pattern must match the whole release: `5\\.14\\..*`; list kernels that are not in the manifest under `kernels`"),
            );
        }
    }
}

fn suggest(fault: Diagnostic, name: &str, known: &[&str]) -> Diagnostic {
    match nearest(name, known.iter().copied()) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => fault.help("it has none"),
        None => fault.help(format!("it has {}", crate::vocabulary::quoted_list(known))),
    }
}
