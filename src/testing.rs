//! Manifests in memory, for tests of the core.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lock::{Commit, Lock, Pins};
use crate::manifest::{Manifest, Pinnable};
use crate::output::{self, Output};
use crate::plan::{Inputs, Plan};
use crate::template::{InProcess, Renderers};
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, GitOid, GitRef, GitUrl, ImageRef, InputError, InputFiles, Listed, RelPath,
    SourceMap, Timestamp, list_in_memory,
};

/// A manifest's folder in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl InputFiles for Files {
    fn read(&self, path: &RelPath) -> Result<Arc<Vec<u8>>, InputError> {
        self.0.get(path.as_str()).map(|bytes| bytes.clone().into()).ok_or_else(|| "there is no such file".into())
    }

    fn list(&self, folder: &RelPath) -> Result<Vec<Listed>, InputError> {
        list_in_memory(self.0.keys().map(String::as_str), folder)
    }
}

/// A small manifest that is right: one source, two kernels, one module.
pub(crate) const SMALL: &str = "\
apiVersion: kmodgen/v1
namespace: kmm-ci
sources:
  code: {git: https://example.com/code.git, ref: main, patches: [fix.patch]}
baseImages: {builder: dtk, runtime: registry.example.com/runtime:1}
kernels:
  - release: 5.14.0-1.el9.x86_64
    labels: {site: a}
  - 5.14.0-2.el9.x86_64+rt
modules:
  - name: first
    source: code
    kmods: [one, two]
    steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]
    image: registry.example.com/kmods/first
    moduleSpec:
      selector: {node-role.kubernetes.io/worker: ''}
      moduleLoader:
        container:
          modprobe: {moduleName: one}
";

/// `moduleSpec` of [`SMALL`].
pub(crate) const MODULE_SPEC: &str = "    moduleSpec:
      selector: {node-role.kubernetes.io/worker: ''}
      moduleLoader:
        container:
          modprobe: {moduleName: one}
";

/// Returns `moduleSpec` of a module with these fields, one a line, each put where it belongs.
pub(crate) fn module_spec(fields: &str) -> String {
    let [mut spec, loader, container] = levels(fields);
    if !loader.is_empty() || !container.is_empty() {
        spec.push_str("      moduleLoader:\n");
        spec.push_str(&loader);
    }
    if !container.is_empty() {
        spec.push_str("        container:\n");
        spec.push_str(&container);
    }
    format!("    moduleSpec:\n{spec}")
}

/// Returns the lines of the fields that belong to `moduleSpec` itself, its `moduleLoader` and the container, indented.
fn levels(fields: &str) -> [String; 3] {
    const OF_CONTAINER: [&str; 9] = [
        "modprobe",
        "imagePullPol",
        "inTreeModule",
        "registryTLS",
        "build",
        "sign",
        "kernelMappings",
        "containerImage",
        "version",
    ];
    let mut levels = [String::new(), String::new(), String::new()];
    let mut level = 0;
    for line in fields.lines() {
        // A line that is indented goes on with the field before it.
        if !line.starts_with(' ') {
            level = match line {
                line if OF_CONTAINER.iter().any(|key| line.starts_with(key)) => 2,
                line if line.starts_with("serviceAccountName") => 1,
                _ => 0,
            };
        }
        levels[level].push_str(&indented(line, 6 + 2 * level));
    }
    levels
}

fn indented(lines: &str, spaces: usize) -> String {
    lines.lines().map(|line| format!("{:spaces$}{line}\n", "")).collect()
}

/// Inputs of a test.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) manifest: String,
    pub(crate) files: Files,
    pub(crate) lock: Lock,
}

impl World {
    /// [`SMALL`], its patch, and a lock that is complete for it.
    pub(crate) fn small() -> Self {
        let mut world = Self { manifest: SMALL.into(), files: Files::default(), lock: Lock::default() };
        world.pin("https://example.com/code.git", "main", 'a');
        world.pin_image("registry.example.com/runtime:1");
        world.file("fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n")
    }

    pub(crate) fn pin(&mut self, url: &str, reference: &str, digit: char) {
        self.pin_commit(url, reference, digit, None);
    }

    /// Pins a ref to a commit of this date.
    pub(crate) fn pin_dated(&mut self, url: &str, reference: &str, digit: char, date: &str) {
        self.pin_commit(url, reference, digit, Some(Timestamp::parse(date).unwrap()));
    }

    fn pin_commit(&mut self, url: &str, reference: &str, digit: char, date: Option<Timestamp>) {
        let id = GitOid::parse(&digit.to_string().repeat(40)).unwrap();
        let mut pins = Pins::default();
        pins.pin(GitUrl::parse(url).unwrap(), GitRef::parse(reference).unwrap(), Commit { id, date });
        self.lock.pin(None, &pins);
    }

    /// Pins an image to a digest that is made of its name.
    pub(crate) fn pin_image(&mut self, image: &str) {
        let mut pins = Pins::default();
        pins.images.pin(ImageRef::parse(image).unwrap(), Digest::of(image.as_bytes()));
        self.lock.pin(None, &pins);
    }

    /// Pins a file.
    pub(crate) fn pin_file(&mut self, url: &str, checksum: Digest) {
        let mut pins = Pins::default();
        pins.pin_file(url.into(), checksum);
        self.lock.pin(None, &pins);
    }

    pub(crate) fn file(mut self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.files.0.insert(path.into(), text.as_ref().to_vec());
        self
    }

    /// The manifest with one text in place of another, which must be there.
    pub(crate) fn with(mut self, old: &str, new: &str) -> Self {
        assert!(self.manifest.contains(old), "the manifest has no {old:?}");
        self.manifest = self.manifest.replace(old, new);
        self
    }

    /// The manifest with lines in its module, of two spaces less than they have there.
    pub(crate) fn and_module(self, lines: &str) -> Self {
        self.with("    moduleSpec:\n", &format!("{}    moduleSpec:\n", indented(lines, 4)))
    }

    /// The manifest with fields in the module's `moduleSpec`, one a line, each put where it belongs.
    pub(crate) fn and_spec(self, fields: &str) -> Self {
        let [spec, loader, container] = levels(fields);
        self.with("    moduleSpec:\n", &format!("    moduleSpec:\n{spec}"))
            .with("        container:\n", &format!("{loader}        container:\n{container}"))
    }

    /// The manifest with `moduleSpec` of these fields, one a line, each put where it belongs, and nothing else.
    pub(crate) fn of_spec(self, fields: &str) -> Self {
        self.with(MODULE_SPEC, &module_spec(fields))
    }

    /// The manifest with lines added at its end.
    pub(crate) fn and(mut self, lines: &str) -> Self {
        self.manifest.push_str(lines);
        self
    }

    /// Returns the errors and warnings about the inputs, as `line:column code message`.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut sources = SourceMap::default();
        self.expand(&mut sources, |_, _| ()).1.iter().map(|fault| line(fault, &sources)).collect()
    }

    /// Notes on the manifest, in the form of [`Self::faults`]; it must be right.
    pub(crate) fn notes(&self) -> Vec<String> {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let source = sources.add("kmodgen.yaml", self.manifest.as_str());
        let manifests = Manifest::read(source, &self.manifest, &self.files, &mut sources, &mut faults);
        let manifests = manifests.unwrap_or_else(|| panic!("{:#?}", faults.into_sorted()));
        let manifests: Vec<Arc<Manifest>> = manifests.into_iter().map(Arc::new).collect();
        Manifest::notes(&manifests).iter().map(|note| line(note, &sources)).collect()
    }

    /// Returns the lock, with digests for images that it does not pin.
    fn lock_for(&self, manifest: &Manifest) -> Lock {
        let mut world = self.clone();
        let missing = world.lock.pins(None).missing(Pinnable::of([manifest]));
        missing.images.keys().for_each(|image| world.pin_image(&image.to_string()));
        world.lock
    }

    /// Runs `use_plan` on the plan, if there is one.
    pub(crate) fn expand<T>(
        &self,
        sources: &mut SourceMap,
        use_plan: impl FnOnce(&Manifest, &Plan<'_>) -> T,
    ) -> (Option<T>, Vec<Diagnostic>) {
        let mut faults = Diagnostics::default();
        let source = sources.add("kmodgen.yaml", self.manifest.as_str());
        let files: Arc<dyn InputFiles> = Arc::new(self.files.clone());
        let used = Manifest::read(source, &self.manifest, &*files, sources, &mut faults).and_then(|manifests| {
            let manifest = manifests.into_iter().next()?;
            let lock = self.lock_for(&manifest);
            let renderers: Arc<dyn Renderers> = Arc::new(InProcess);
            let inputs =
                Inputs { manifest: &manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
            let plan = Plan::make(inputs, 1, sources, &mut faults)?;
            Some(use_plan(&manifest, &plan))
        });
        (used, faults.into_sorted())
    }

    /// The plan's outputs; the manifest must be right.
    pub(crate) fn outputs(&self) -> Vec<Output<'static>> {
        let (outputs, faults) =
            self.expand(&mut SourceMap::default(), |manifest, plan| output::of_plan(manifest, plan).unwrap());
        outputs.unwrap_or_else(|| panic!("{faults:#?}"))
    }

    /// Content hash and image of every mapping, by `MODULE/RELEASE`.
    pub(crate) fn identities(&self) -> BTreeMap<String, (String, String)> {
        let (identities, faults) = self.expand(&mut SourceMap::default(), |_, plan| {
            let identities = plan.mappings().map(|m| {
                let key = format!("{}/{}", m.module.name.value, m.kernel.release.value);
                (key, (m.identity.hash.to_string(), m.image().to_string()))
            });
            identities.collect()
        });
        identities.unwrap_or_else(|| panic!("{faults:#?}"))
    }
}

fn line(fault: &Diagnostic, sources: &SourceMap) -> String {
    let place = fault.labels.first().map(|label| sources.locate(label.span)).unwrap_or_default();
    let help = if fault.help.is_empty() { String::new() } else { format!(" | {}", fault.help.join(" | ")) };
    format!("{place} {}: {}{help}", fault.code, fault.message)
}
