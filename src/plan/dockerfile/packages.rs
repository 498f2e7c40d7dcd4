//! Packages that a Dockerfile installs, by package manager, as templates see them.

use minijinja::value::Value;

use crate::manifest::StagePackages;
use crate::plan::Resolved;
use crate::vocabulary::{ImageRef, PackageManager, Piece, pieces};

/// The packages that the builder gets: those whose names have the release in them if `by_kernel`, otherwise the others.
pub(super) fn of_builder(resolved: &Resolved, by_kernel: bool) -> Value {
    of_stage(resolved.packages.as_ref(), resolved.builder_manager(), by_kernel)
}

/// The packages that the image gets, likewise.
pub(super) fn of_runtime(resolved: &Resolved, by_kernel: bool) -> Value {
    let manager = PackageManager::of_image(&resolved.runtime.to_string());
    of_stage(resolved.runtime_packages.as_ref(), manager, by_kernel)
}

/// The package with `modprobe`.
pub(super) fn with_modprobe(runtime: &ImageRef) -> Value {
    match PackageManager::of_image(&runtime.to_string()) {
        None if runtime.is_of_busybox() => Value::from(Vec::<Value>::new()),
        known => lists(known, |_| vec!["kmod"]),
    }
}

fn of_stage(packages: Option<&StagePackages>, manager: Option<PackageManager>, by_kernel: bool) -> Value {
    let Some(packages) = packages else { return Value::from(Vec::<Value>::new()) };
    let is_wanted = |name: &&str| pieces(name).iter().any(|piece| matches!(piece, Piece::Release(_))) == by_kernel;
    lists(manager, |manager| packages.of(manager).iter().map(String::as_str).filter(is_wanted).collect())
}

/// A list for the package manager that is `known`, or one for each; none if there is nothing to install.
fn lists<'n>(known: Option<PackageManager>, names: impl Fn(PackageManager) -> Vec<&'n str>) -> Value {
    let managers = PackageManager::ALL.into_iter().filter(|manager| known.is_none_or(|known| known == *manager));
    let lists: Vec<(PackageManager, Vec<&str>)> = managers.map(|manager| (manager, names(manager))).collect();
    let is_needed = lists.iter().any(|(_, names)| !names.is_empty());
    let lists = lists.into_iter().filter(|_| is_needed);
    lists
        .map(|(manager, names)| {
            Value::from_pairs([("manager", Value::from(manager.name())), ("names", names.into_iter().collect())])
        })
        .collect()
}
