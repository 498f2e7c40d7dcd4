//! Flags, resolved: what the command line left open is filled in from the manifest and the machine.
#![expect(clippy::disallowed_methods, reason = "the driver reads the environment, and hands values on")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::adapters::fs;
use crate::adapters::templates::{ChildRenderers, Limits};
use crate::cli::{ClusterArgs, KernelsArgs, ManifestArgs, NetworkArgs};
use crate::manifest::{Kernel, Layout, Manifest, Module, OUTPUT_FOLDER, Selection, cluster_names, known_architecture};
use crate::plan::{Mapping, Plan};
use crate::shared_files::SHARED;
use crate::template::Renderers;
use crate::vocabulary::{Bounds, ClusterName, ImageRef, Invalid, Pattern, RelPath, nearest};

/// Name of the manifest, unless another one is given.
pub const MANIFEST: &str = "kmodgen.yaml";

/// Options for access to git servers, with the timeout.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// Fail where the lock is not complete.
    pub locked: bool,
    /// Ask nobody.
    pub offline: bool,
    /// Timeout for one repository.
    pub timeout: Duration,
}

impl From<&NetworkArgs> for Network {
    fn from(args: &NetworkArgs) -> Self {
        Self { locked: args.locked, offline: args.offline, timeout: Duration::from_secs(args.timeout) }
    }
}

/// Makes a folder the current one.
///
/// # Errors
/// A folder that cannot be entered.
pub fn enter(folder: &Path) -> anyhow::Result<()> {
    std::env::set_current_dir(folder).with_context(|| format!("cannot run in folder `{}`", folder.display()))
}

/// Returns whether an environment variable is set.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// Returns the current folder, if it can be determined.
pub fn current_folder() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

/// The manifest's path, as messages show it.
pub fn manifest_path(args: &ManifestArgs) -> anyhow::Result<PathBuf> {
    if let Some(path) = &args.file {
        return Ok(path.clone());
    }
    let here = std::env::current_dir().context("cannot determine the current folder")?;
    let Some(found) = fs::find_upwards(&here, MANIFEST)? else {
        let names = fs::names_in(&here);
        let near = similar_file(MANIFEST, &names);
        let hint = near.map(|near| format!("; did you mean --file {near}?")).unwrap_or_default();
        bail!("there is no {MANIFEST} in this folder or a parent folder; pass --file MANIFEST{hint}");
    };
    log::debug!("found manifest {}", found.display());
    Ok(found.strip_prefix(&here).map(Path::to_path_buf).unwrap_or(found))
}

/// Suggests what to write instead of a manifest's path that cannot be read.
pub fn manifest_hint(path: &Path) -> Option<String> {
    fn is_yaml(name: &&String) -> bool {
        name.ends_with(".yaml") || name.ends_with(".yml")
    }
    if path.is_dir() {
        let names = fs::names_in(path);
        let name = names.iter().find(|name| *name == MANIFEST).or_else(|| names.iter().find(is_yaml))?;
        return Some(format!("write `--file {}`", path.join(name).display()));
    }
    if path.exists() {
        return None;
    }
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let names = fs::names_in(folder);
    let near = similar_file(name, &names);
    near.map(|near| format!("did you mean `--file {}`?", folder.join(near).display()))
}

/// The YAML file whose name is nearest to `name`.
fn similar_file<'n>(name: &str, names: &'n [String]) -> Option<&'n str> {
    let yaml = names.iter().map(String::as_str).filter(|name| name.ends_with(".yaml") || name.ends_with(".yml"));
    yaml.clone().find(|other| stem(other) == stem(name)).or_else(|| nearest(name, yaml))
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The clusters that a run is for; one `None` where the manifest has no clusters.
pub fn clusters(args: &ClusterArgs, manifest: &Path) -> anyhow::Result<Vec<Option<ClusterName>>> {
    // One that cannot be read is told of by who reads it as a whole.
    select_clusters(args, known_clusters(manifest))
}

/// Returns the names of all clusters of a manifest; none if it cannot be read.
pub fn known_clusters(manifest: &Path) -> Vec<ClusterName> {
    let files = fs::ManifestFolder::new(manifest.parent().unwrap_or(Path::new("")));
    fs::read_text(manifest).map(|text| cluster_names(&text, &files)).unwrap_or_default()
}

/// The clusters of these names that a run is for; one `None` if there are none.
pub fn select_clusters(args: &ClusterArgs, mut names: Vec<ClusterName>) -> anyhow::Result<Vec<Option<ClusterName>>> {
    for wanted in &args.cluster {
        if names.iter().any(|name| name.as_str() == wanted) {
            continue;
        }
        match nearest(wanted, names.iter().map(ClusterName::as_str)) {
            Some(near) => bail!("the manifest has no cluster `{}`; did you mean `{near}`?", wanted.escape_debug()),
            None => bail!("the manifest has no cluster `{}`", wanted.escape_debug()),
        }
    }
    names.retain(|name| args.cluster.is_empty() || args.cluster.iter().any(|wanted| wanted == name.as_str()));
    Ok(if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() })
}

/// The cluster that a run for one cluster is for.
pub fn one_cluster(args: &ClusterArgs, manifest: &Path) -> anyhow::Result<Option<ClusterName>> {
    match clusters(args, manifest)?.as_mut_slice() {
        [cluster] => Ok(cluster.take()),
        several => {
            let names: Vec<String> = several.iter().flatten().map(|name| format!("--cluster {name}")).collect();
            bail!("the manifest has several clusters: select one with one of {}", names.join(", "))
        }
    }
}

/// The output folder of all clusters.
pub fn output_root(flag: Option<&PathBuf>, manifest: &Manifest, folder: &Path) -> PathBuf {
    match flag {
        Some(flag) => flag.clone(),
        None => folder.join(manifest.output.dir.as_ref().map_or(OUTPUT_FOLDER, RelPath::as_str)),
    }
}

/// The output folder of a manifest, or of the cluster that it is for.
///
/// # Errors
/// A folder that nothing may be written to.
pub fn output_folder(flag: Option<&PathBuf>, manifest: &Manifest, folder: &Path) -> anyhow::Result<PathBuf> {
    let root = output_root(flag, manifest, folder);
    let root = manifest.cluster.as_ref().map_or(root.clone(), |cluster| root.join(cluster.as_str()));
    fs::check_output(&root, folder, flag.is_some()).map_err(anyhow::Error::msg)?;
    if let (Layout::Shared, Some(shared)) = (manifest.output.layout, shared_folder(&root, manifest)) {
        // The kustomizations of a folder behind a link would name shared files beside that folder.
        for folder in [&root, &shared] {
            fs::check_folder(folder).map_err(anyhow::Error::msg)?;
        }
    }
    Ok(root)
}

/// Returns an output folder, given its absolute path, as a run that reads the manifest names it.
pub fn named_folder(flag: Option<&PathBuf>, manifest: &Path, root: &Path) -> PathBuf {
    let above = flag.map_or_else(|| manifest.parent().unwrap_or(Path::new("")), PathBuf::as_path);
    let absolute = std::path::absolute(folder_or_here(above)).unwrap_or_default();
    match root.strip_prefix(absolute) {
        Ok(rest) if rest.as_os_str().is_empty() => above.to_owned(),
        Ok(rest) => above.join(rest),
        Err(_) => root.to_owned(),
    }
}

/// Returns the folder of the files that clusters share, given the output folder of a cluster; `None` without clusters.
pub fn shared_folder(root: &Path, manifest: &Manifest) -> Option<PathBuf> {
    manifest.cluster.as_ref()?;
    Some(root.with_file_name(SHARED))
}

/// Returns a folder that can be opened: an empty path is the current folder.
pub fn folder_or_here(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { ".".into() } else { folder.to_owned() }
}

/// Returns the number of threads to use.
pub fn workers(flag: Option<NonZeroUsize>) -> usize {
    // Linux is asked with a dozen system calls, by each cluster of a run.
    static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, NonZeroUsize::get));
    flag.map_or_else(|| *CORES, NonZeroUsize::get)
}

/// The folder for what only saves time; `None` where there is no place for it. `KMODGEN_CACHE_DIR`
/// names one, and no place if it is empty.
pub fn cache_folder() -> Option<PathBuf> {
    match std::env::var_os("KMODGEN_CACHE_DIR") {
        Some(folder) => Some(PathBuf::from(folder)).filter(|folder| !folder.as_os_str().is_empty()),
        None => absolute_path_in("XDG_CACHE_HOME")
            .or_else(|| absolute_path_in("HOME").map(|home| home.join(".cache")))
            .map(|cache| cache.join("kmodgen")),
    }
}

/// Path in an environment variable. By XDG's rules, a relative one is as good as none.
fn absolute_path_in(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Starts renderers of users' templates, with the limits that the environment sets.
///
/// # Errors
/// A limit that is no positive number.
pub fn renderers() -> anyhow::Result<Arc<dyn Renderers>> {
    let Limits { cpu_seconds, memory_mb } = Limits::default();
    Ok(Arc::new(ChildRenderers::new(Limits {
        cpu_seconds: limit(Limits::CPU, cpu_seconds, 3600)?,
        memory_mb: limit(Limits::MEMORY, memory_mb, 1 << 20)?,
    })))
}

fn limit(variable: &str, default: u64, most: u64) -> anyhow::Result<u64> {
    let Some(text) = std::env::var_os(variable) else { return Ok(default) };
    let parsed = text.to_str().and_then(|text| text.parse().ok());
    parsed.filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
        anyhow!("{variable}: expected a number from 1 to {most}, found `{}`", text.to_string_lossy().escape_debug())
    })
}

/// Returns a text that identifies this program, different for another build of the same version; `None` if it cannot be
/// determined.
pub fn program() -> Option<String> {
    let build = fs::fingerprint(&std::env::current_exe().ok()?)?;
    Some(format!("kmodgen {} {build}", env!("CARGO_PKG_VERSION")))
}

/// The Driver Toolkit that `--dtk` names; it must where a mapping leaves the choice to KMM.
pub fn driver_toolkit<'p, 'm: 'p>(
    flag: Option<&str>,
    mut mappings: impl Iterator<Item = &'p Mapping<'m>>,
) -> anyhow::Result<Option<ImageRef>> {
    if let Some(text) = flag {
        return ImageRef::parse(text).map(Some).context("--dtk");
    }
    match mappings.find(|mapping| mapping.builder().is_none()) {
        Some(mapping) => bail!(
            "no Driver Toolkit for kernel `{}`: give the kernel a `dtk`, or pass --dtk IMAGE",
            mapping.kernel.release.value
        ),
        None => Ok(None),
    }
}

/// The kernels that `kernels` is to list.
pub fn kernel_selection(args: &KernelsArgs) -> anyhow::Result<Selection> {
    let mut faults = Vec::new();
    let [include, exclude] = [("include", &args.include), ("exclude", &args.exclude)].map(|(flag, texts)| {
        let patterns = texts.iter().flat_map(|text| Pattern::of_release(text));
        valid(flag, patterns, &mut faults)
    });
    let architectures = valid("arch", args.arch.iter().map(|name| known_architecture(name)), &mut faults);
    let mut bounds = valid("newer-than", args.newer_than.as_deref().map(Bounds::newer_than), &mut faults);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    let bounds = bounds.pop().unwrap_or_default();
    Ok(Selection::of(include, exclude, architectures, args.flavour.clone(), bounds))
}

/// Returns the cluster whose nodes `kernels` is to count.
pub fn counted_cluster(args: &KernelsArgs) -> anyhow::Result<Option<ClusterName>> {
    let name = args.cluster.as_deref().map(ClusterName::parse).transpose();
    name.map_err(|invalid| anyhow!("--cluster: {}", invalid.on_one_line()))
}

/// The values of a flag that are valid; a message about each other one is added to `faults`.
fn valid<T>(flag: &str, values: impl IntoIterator<Item = Result<T, Invalid>>, faults: &mut Vec<String>) -> Vec<T> {
    let mut valid = Vec::new();
    for value in values {
        match value {
            Ok(value) => valid.push(value),
            Err(invalid) => faults.push(format!("--{flag}: {}", invalid.on_one_line())),
        }
    }
    valid
}

/// Checks whether `--only` selects a mapping; without the flag, all are selected.
pub fn is_selected(only: Option<&Only>, module: &str, release: &str) -> bool {
    only.is_none_or(|only| only.selects(module, release))
}

/// Patterns of `--only`.
#[derive(Debug)]
pub struct Only(Vec<Pattern>);

impl Only {
    /// Compiles the flag's patterns; `None` where the flag is absent.
    pub fn parse(patterns: &[String]) -> anyhow::Result<Option<Self>> {
        let patterns = patterns.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>();
        let patterns = patterns.map_err(|invalid| anyhow!("--only: {}", invalid.on_one_line()))?;
        Ok((!patterns.is_empty()).then_some(Self(patterns)))
    }

    /// Returns whether a pattern selects a mapping: by its module, its kernel, or both as `MODULE/KERNEL`.
    pub fn selects(&self, module: &str, release: &str) -> bool {
        let whole = format!("{module}/{release}");
        self.0.iter().any(|pattern| [module, release, &whole].iter().any(|text| pattern.selects(text)))
    }

    /// Returns whether a pattern selects any mapping, or any module that is not built.
    pub fn selects_any(&self, plan: &Plan<'_>) -> bool {
        plan.mappings().any(|m| self.selects(m.module.name.as_str(), m.kernel.release.as_str()))
            || plan.modules.iter().any(|(module, _)| !module.is_built() && self.names(module.name.as_str()))
    }

    /// Refuses patterns that select nothing in any of a run's plans, which are typing mistakes.
    pub fn check(&self, mut plans: impl Iterator<Item = bool>) -> anyhow::Result<()> {
        if plans.any(|selected| selected) {
            return Ok(());
        }
        let patterns: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        bail!("--only {}: no module, kernel or MODULE/KERNEL matches as a whole", patterns.join(" --only "))
    }

    /// Returns whether a run writes a module: selected by name, or by any of its kernels. A Module
    /// names the ConfigMaps of all its kernels, so that its files are written together.
    pub fn touches(&self, module: &Module, kernels: &[Kernel]) -> bool {
        let name = module.name.as_str();
        self.names(name)
            || kernels
                .iter()
                .any(|kernel| self.selects(name, kernel.release.as_str()) && module.kernels.selects(kernel))
    }

    /// Returns whether a pattern matches the name of a module.
    pub fn names(&self, module: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(module))
    }
}
