//! A manifest with its lock and folders, as every verb needs it.

mod pinning;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::anyhow;

use crate::adapters::engine::{Context, Ended};
use crate::adapters::ui;
use crate::cache::{self, InputRecord};
use crate::cli::{ClusterArgs, ManifestArgs};
use crate::commands::faults::{Faults, each_drawn};
use crate::commands::input_check::is_current;
use crate::commands::subject::{folder_of, on_disk};
use crate::holds::{self, Hold, Holds, PlacedHolds};
use crate::lock::Lock;
use crate::manifest::{Manifest, Module};
use crate::plan::{Expansion, Inputs, Mapping, Plan, RenderedMapping};
use crate::settings::{self, Network};
use crate::template::{Renderer, Renderers};
use crate::test_cases::{Subject, Text};
use crate::vocabulary::{
    ClusterName, Diagnostic, Diagnostics, Digest, InputFiles, ModuleName, RelPath, SourceMap, Witness,
};

/// A manifest with its lock.
pub(super) struct Project {
    /// The manifest, for one of its clusters.
    pub(super) manifest: Arc<Manifest>,
    /// The same for each of its clusters.
    all: Vec<Arc<Manifest>>,
    /// Pinned commits and checksums.
    pub(super) lock: Lock,
    /// Held modules.
    holds: Arc<Holds>,
    /// The lock as it is on disk; `None` where there is none.
    lock_text: Option<String>,
    /// The manifest's folder.
    pub(super) folder: PathBuf,
    /// The files in it.
    files: Arc<dyn InputFiles>,
    /// The same, for templates.
    templates: Arc<dyn InputFiles>,
    /// Renderers of templates that users wrote.
    renderers: Arc<dyn Renderers>,
    /// Which of both were read.
    witnesses: [Arc<Witness>; 2],
    /// The files as they were read when the manifest was.
    decoded: Witness,
    /// Texts that messages may show.
    pub(super) sources: SourceMap,
    /// The manifest's text, by digest.
    pub(super) manifest_digest: Digest,
    /// Set if warnings and notes are shown.
    warns: bool,
    /// The warnings and notes that were shown.
    messages: Mutex<Vec<String>>,
    /// The notes on all of its clusters, once a verb asks for them.
    notes: Arc<OnceLock<Vec<Diagnostic>>>,
}

impl Project {
    /// Reads the manifest that the command line names, or the nearest one, for each cluster that it
    /// names, and pins what is not pinned.
    pub(super) fn find_all(args: &ManifestArgs, clusters: &ClusterArgs, network: Network) -> anyhow::Result<Vec<Self>> {
        let path = settings::manifest_path(args)?;
        let clusters = settings::clusters(clusters, &path)?;
        let first = Self::open(&path, clusters.first().and_then(Option::as_ref))?;
        let mut projects: Vec<Self> = Vec::new();
        for cluster in clusters {
            let mut project = first.for_cluster(cluster.as_ref())?;
            // What one has pinned is pinned for all.
            if let Some(last) = projects.last() {
                project.lock = last.lock.clone();
            }
            project.complete_lock(network)?;
            projects.push(project);
        }
        Ok(projects)
    }

    /// The manifest for another of its clusters, without what was done for this one: it is decoded once,
    /// however many clusters it has.
    pub(super) fn for_cluster(&self, cluster: Option<&ClusterName>) -> anyhow::Result<Self> {
        let manifest = self.all.iter().find(|one| one.cluster.as_ref() == cluster).cloned();
        let manifest = manifest.ok_or_else(|| anyhow!("the clusters of the manifest changed during the run"))?;
        let witnesses = [self.decoded.fork(), self.decoded.fresh()].map(Arc::new);
        let [files, templates] = witnesses.clone().map(|witness| -> Arc<dyn InputFiles> { witness });
        Ok(Self {
            manifest,
            all: self.all.clone(),
            lock: self.lock.clone(),
            holds: self.holds.clone(),
            lock_text: self.lock_text.clone(),
            folder: self.folder.clone(),
            files,
            templates,
            renderers: self.renderers.clone(),
            witnesses,
            decoded: self.decoded.fork(),
            sources: self.sources.clone(),
            manifest_digest: self.manifest_digest,
            warns: self.warns,
            messages: Mutex::new(self.messages()),
            notes: self.notes.clone(),
        })
    }

    /// The same project with only one of its modules.
    pub(super) fn of_module(mut self, module: &ModuleName) -> Self {
        self.manifest = Arc::new(self.manifest.of_module(module));
        self
    }

    /// Reads the manifest that the command line names, or the nearest one, for any of its clusters.
    pub(super) fn find(args: &ManifestArgs) -> anyhow::Result<Self> {
        let path = settings::manifest_path(args)?;
        let clusters = settings::clusters(&ClusterArgs { cluster: Vec::new() }, &path)?;
        Self::open(&path, clusters.first().and_then(Option::as_ref))
    }

    /// Reads the manifest at `path` for a cluster of it, the files that it names, and the lock.
    pub(super) fn open(path: &Path, cluster: Option<&ClusterName>) -> anyhow::Result<Self> {
        Self::of(on_disk(path)?, folder_of(path), cluster, true)
    }

    /// Reads a manifest in `folder` for a cluster of it, the files that it names, and the lock. Shows warnings if it
    /// `warns`.
    pub(super) fn of(
        subject: Subject,
        folder: &Path,
        cluster: Option<&ClusterName>,
        warns: bool,
    ) -> anyhow::Result<Self> {
        let Subject { manifest: Text { name, text }, lock: lock_text, files: beside, renderers } = subject;
        let mut sources = SourceMap::default();
        let mut faults = Diagnostics::default();
        let source = sources.add(name.as_str(), text.clone());
        let witnesses = [(); 2].map(|()| Arc::new(Witness::new(beside.clone())));
        let [files, templates] = witnesses.clone().map(|witness| -> Arc<dyn InputFiles> { witness });
        let manifests = Manifest::read(source, &text, &*files, &mut sources, &mut faults);
        let all: Vec<Arc<Manifest>> = manifests.unwrap_or_default().into_iter().map(Arc::new).collect();
        let manifest = all.iter().find(|one| one.cluster.as_ref() == cluster).cloned();
        let lock = match &lock_text {
            Some(Text { name, text }) => Lock::read(sources.add(name.as_str(), text.clone()), text, &mut faults),
            None => Some(Lock::default()),
        };
        let place = folder.join(holds::FILE_NAME).display().to_string();
        let holds = PlacedHolds::beside(&*files, &place, &mut sources, &mut faults);
        if !all.is_empty() {
            holds.check(&all, &mut faults);
        }
        match (manifest, lock) {
            (None, Some(_)) if !faults.has_errors() => Err(anyhow!("the clusters of `{name}` changed during the run")),
            (Some(manifest), Some(lock)) if !faults.has_errors() => {
                let project = Self {
                    manifest,
                    all,
                    lock,
                    holds: Arc::new(holds.into_holds()),
                    lock_text: lock_text.map(|lock| lock.text.to_string()),
                    folder: folder.to_owned(),
                    files,
                    templates,
                    renderers,
                    decoded: witnesses[0].fork(),
                    witnesses,
                    sources,
                    manifest_digest: Digest::of(text.as_bytes()),
                    warns,
                    messages: Mutex::default(),
                    notes: Arc::default(),
                };
                project.warn(faults);
                Ok(project)
            }
            _ => Err(Faults::new(faults, sources).into()),
        }
    }

    /// Returns the holds of its cluster.
    pub(super) fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.of_cluster(self.manifest.cluster.as_ref())
    }

    /// Returns the holds of all clusters.
    pub(super) fn all_holds(&self) -> &Holds {
        &self.holds
    }

    /// Returns the repositories of the images of held modules, in any cluster: their commits name other tags than the plan.
    pub(super) fn held_repositories(&self) -> Vec<String> {
        let modules = self.all.iter().flat_map(|manifest| &manifest.modules);
        let held = modules.filter(|module| self.holds.iter().any(|hold| hold.module == module.name.value));
        held.map(|module| module.image.repository().to_owned()).collect()
    }

    /// Returns the manifest for each of its clusters.
    pub(super) fn manifests(&self) -> Vec<Arc<Manifest>> {
        self.all.clone()
    }

    /// Finds the mappings of all modules but those that `is_left_out` selects, not rendered yet; with warnings that are not shown yet.
    pub(super) fn expand(&self, is_left_out: impl Fn(&Module) -> bool) -> anyhow::Result<(Expansion<'_>, Diagnostics)> {
        let mut faults = Diagnostics::default();
        match Expansion::without(self.inputs(), is_left_out, &mut faults) {
            Some(expansion) => Ok((expansion, faults)),
            None => Err(Faults::new(faults, self.sources.clone()).into()),
        }
    }

    /// Plans all mappings with `workers` threads.
    pub(super) fn plan(&self, workers: usize) -> anyhow::Result<Plan<'_>> {
        self.plan_with(workers, |_| false, |_| ()).map(|(plan, _)| plan)
    }

    /// Does the same without the modules that `is_left_out` selects, and returns what `use_texts` makes of each mapping's
    /// texts, in the order of the plan.
    pub(super) fn plan_with<'p, R: Send>(
        &'p self,
        workers: usize,
        is_left_out: impl Fn(&Module) -> bool,
        use_texts: impl Fn(&RenderedMapping<'p>) -> R + Sync,
    ) -> anyhow::Result<(Plan<'p>, Vec<R>)> {
        let (expansion, mut faults) = self.expand(is_left_out)?;
        let mut sources = self.sources.clone();
        match expansion.render(
            workers,
            |_| None,
            |_, _| None,
            |_, rendered| use_texts(rendered),
            &mut sources,
            &mut faults,
        ) {
            Some(planned) => {
                self.warn(faults);
                Ok(planned)
            }
            None => Err(Faults::new(faults, sources).into()),
        }
    }

    fn inputs(&self) -> Inputs<'_> {
        let Self { manifest, lock, files, templates, renderers, .. } = self;
        Inputs { manifest, lock, files, templates, renderers }
    }

    /// Starts a renderer of templates that users wrote.
    pub(super) fn renderer(&self) -> Box<dyn Renderer> {
        self.renderers.start(self.lock.templates, self.templates.clone())
    }

    /// Prepares the build context of a mapping, from the folders beside the manifest that its build copies.
    pub(super) fn context_of(&self, mapping: &Mapping<'_>) -> Result<Context, Ended> {
        Context::of(mapping.context().map(|folder| &**folder), &*self.files)
    }

    /// Shows warnings.
    ///
    /// # Errors
    /// All of them where one is an error.
    pub(super) fn report(&self, faults: Diagnostics) -> anyhow::Result<()> {
        if faults.has_errors() {
            return Err(Faults::new(faults, self.sources.clone()).into());
        }
        self.warn(faults);
        Ok(())
    }

    /// Shows warnings.
    pub(super) fn warn(&self, faults: Diagnostics) {
        self.show(&faults.into_sorted());
    }

    /// Shows the notes on the manifest.
    pub(super) fn note(&self) {
        self.show(self.notes.get_or_init(|| Manifest::notes(&self.all)));
    }

    fn show(&self, diagnostics: &[Diagnostic]) {
        if !self.warns {
            return;
        }
        for text in each_drawn(diagnostics, &self.sources) {
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            if !messages.contains(&text) {
                ui::talk_once(&text);
                messages.push(text);
            }
        }
    }

    /// Warnings and notes that were shown.
    pub(super) fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the digest of the lock as it is when a run ends that saves it.
    pub(super) fn saved_lock(&self) -> Option<Digest> {
        let lock = self.lock.write();
        self.read_lock().filter(|_| self.has_saved(&lock)).or(Some(Digest::of(lock.as_bytes())))
    }

    /// Returns the digest of the lock as it was read; `None` if there was none.
    pub(super) fn read_lock(&self) -> Option<Digest> {
        self.lock_text.as_ref().map(|text| Digest::of(text.as_bytes()))
    }

    /// Returns whether this text of the lock is on disk, be it with other line ends.
    fn has_saved(&self, lock: &str) -> bool {
        self.lock_text.as_ref().is_some_and(|read| read.replace("\r\n", "\n") == lock)
    }

    /// Returns all files that were read, given the digest of the lock.
    pub(super) fn read_inputs(&self, lock: Option<Digest>) -> cache::Inputs {
        let [files, templates] = self.read();
        cache::Inputs { manifest: Some(self.manifest_digest), lock, files, templates }
    }

    /// Takes these templates as read: texts that were made of them are relied on.
    pub(super) fn rely_on(&self, templates: &[InputRecord]) {
        for (path, digest) in templates {
            if let Ok(path) = RelPath::parse(path) {
                self.witnesses[1].credit(path, *digest);
            }
        }
    }

    /// Returns whether the manifest, the lock and the files that were read so far are unchanged.
    pub(super) fn is_current(&self, manifest: &Path) -> bool {
        is_current(manifest, &[Some(self.manifest_digest), self.read_lock()], &self.read()[0])
    }

    /// The files that were read: those that the manifest names, and templates. A folder whose names
    /// were read has a `/` at its end.
    pub(super) fn read(&self) -> [Vec<InputRecord>; 2] {
        self.witnesses.each_ref().map(|witness| {
            let files = witness.seen().into_iter().map(|(path, digest)| (path.to_string(), digest));
            files.chain(witness.listed().into_iter().map(|(path, digest)| (format!("{path}/"), digest))).collect()
        })
    }
}
