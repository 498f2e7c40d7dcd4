//! `kmodgen doctor`: what this machine and project have of what kmodgen needs.

use crate::adapters::engine::EngineKind;
use crate::adapters::{fs, programs, ui};
use crate::cli::DoctorArgs;
use crate::commands::{Exit, Faults};
use crate::lock::FILE_NAME;
use crate::manifest::Origin;
use crate::settings::{self, Network};

use super::project::Project;

/// Oldest git that works.
const OLDEST_GIT: [u32; 2] = [2, 39];

/// One line of the report.
struct Line {
    what: &'static str,
    text: String,
    /// Set if the project cannot do without it.
    is_missing: bool,
}

impl Line {
    fn good(what: &'static str, text: String) -> Self {
        Self { what, text, is_missing: false }
    }

    fn missing(what: &'static str, text: String) -> Self {
        Self { what, text, is_missing: true }
    }
}

/// Runs the command.
pub fn run(args: &DoctorArgs) -> anyhow::Result<Exit> {
    let project = Project::find(&args.manifest);
    let mut lines = vec![
        Line::good("kmodgen", env!("KMODGEN_LONG_VERSION").to_owned()),
        Line::good("platform", platform()),
        git(project.as_ref().ok()),
        engine(),
        skopeo(),
        cache(),
    ];
    lines.extend(project_lines(args, project));
    let text = lines.iter().map(|line| {
        let mark = if line.is_missing { "!" } else { " " };
        format!("{mark} {:<9} {}\n", line.what, line.text)
    });
    ui::result(&text.collect::<String>());
    let is_complete = lines.iter().all(|line| !line.is_missing);
    Ok(if is_complete { Exit::Success } else { Exit::ActionNeeded })
}

fn platform() -> String {
    let cores = settings::workers(None);
    format!("{} {}, {}", std::env::consts::OS, std::env::consts::ARCH, ui::count(cores, "core"))
}

fn git(project: Option<&Project>) -> Line {
    const USE: &str = "`lock`, `update` and `publish` need git 2.39 or later on the PATH";
    let is_needed = project.is_some_and(|project| {
        project.manifest.publish.repo.is_some()
            || project.manifest.sources.values().any(|source| matches!(source.origin, Origin::Git(_)))
    });
    let worse = if is_needed { Line::missing } else { Line::good };
    match programs::version("git") {
        Some(version) if is_at_least(&version, OLDEST_GIT) => Line::good("git", version),
        Some(version) => worse("git", format!("{version} is too old: {USE}")),
        None => worse("git", format!("not found: {USE}")),
    }
}

fn is_at_least(version: &str, oldest: [u32; 2]) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse().ok());
    parts.next().zip(parts.next()).is_some_and(|(major, minor)| [major, minor] >= oldest)
}

fn engine() -> Line {
    let found = EngineKind::ALL.into_iter().map(EngineKind::program);
    let found: Vec<String> = found.filter_map(|name| Some(format!("{name} {}", programs::version(name)?))).collect();
    match found.as_slice() {
        [] => Line::good("engine", "none found; only `build` needs podman, buildah or docker".to_owned()),
        found => Line::good("engine", found.join(", ")),
    }
}

fn skopeo() -> Line {
    let missing = "not found; only `verify` needs it, for images in registries".to_owned();
    Line::good("skopeo", programs::version("skopeo").unwrap_or(missing))
}

fn cache() -> Line {
    let Some(folder) = settings::cache_folder() else {
        return Line::good("cache", "none: KMODGEN_CACHE_DIR is empty, or HOME is not set".to_owned());
    };
    let runs = fs::names_in(&folder).iter().filter(|name| name.ends_with(".run")).count();
    Line::good("cache", format!("{}, {}", folder.display(), ui::count(runs, "cached run")))
}

/// Returns what is found out about the manifest, the lock and the output folder.
fn project_lines(args: &DoctorArgs, project: anyhow::Result<Project>) -> Vec<Line> {
    let mut project = match project {
        Ok(project) => project,
        Err(error) => {
            let text = match error.downcast_ref::<Faults>() {
                Some(_) => "has errors: `kmodgen plan` prints them".to_owned(),
                None => format!("{error:#}"),
            };
            return vec![Line::missing("manifest", text)];
        }
    };
    let manifest = &project.manifest;
    let path = settings::manifest_path(&args.manifest).map(|path| path.display().to_string()).unwrap_or_default();
    let modules = ui::count(manifest.modules.len(), "module");
    let kernels = ui::count(manifest.kernels.len(), "kernel");
    let mut lines = vec![Line::good("manifest", format!("{path}: {modules}, {kernels}"))];
    let output = settings::output_root(None, manifest, &project.folder);
    let lock = project.folder.join(FILE_NAME).display().to_string();
    let network = Network { locked: true, offline: true, timeout: std::time::Duration::ZERO };
    lines.push(match project.complete_lock(network) {
        Ok(()) => Line::good("lock", format!("{lock}: pins all that the manifest names")),
        Err(_) => Line::missing("lock", format!("{lock} is absent or does not pin everything: run `kmodgen lock`")),
    });
    let state = if output.is_dir() { "is there" } else { "is absent: `kmodgen generate` makes it" };
    lines.push(Line::good("output", format!("{} {state}", output.display())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        for (version, is_new) in [("2.47.3", true), ("2.39.0", true), ("2.38.9", false), ("3.0", true), ("2", false)] {
            assert_eq!(is_at_least(version, OLDEST_GIT), is_new, "{version}");
        }
    }
}
