//! OpenShift releases of `kmodgen kernels --release`, as inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::anyhow;

use crate::adapters::fs;
use crate::adapters::release::Registries;
use crate::cli::KernelsArgs;
use crate::kernels::{Input, release_image};
use crate::manifest::{Mirrors, known_architecture};
use crate::settings;
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, SourceMap};

/// Architecture of releases, unless others are selected.
const ARCHITECTURE: &str = "x86_64";

/// Reads the releases of the arguments. Those that cannot be read are faults.
pub(super) fn read(
    args: &KernelsArgs,
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
) -> anyhow::Result<Vec<Input>> {
    if args.release.release.is_empty() {
        return Ok(Vec::new());
    }
    let images = images(args)?;
    let mirrors = mirrors(args, sources, faults)?;
    if faults.has_errors() {
        return Ok(Vec::new());
    }
    let timeout = Duration::from_secs(args.release.timeout);
    let registries = Registries { mirrors: &mirrors, insecure: &args.release.insecure_registry, timeout };
    let mut inputs = Vec::new();
    for (image, architectures) in images {
        match registries.read(&image, &architectures) {
            Ok(own) => inputs.extend(own),
            Err(why) => {
                let fault = Diagnostic::error("unreadable-release", why.to_string());
                let help =
                    "for images in another registry, pass `--mirror quay.io/openshift-release-dev=REGISTRY/PATH`";
                faults.push(if why.is_inaccessible() { fault.help(help) } else { fault });
            }
        }
    }
    Ok(inputs)
}

/// Returns the images of the releases, each with the architectures to read if it is for several.
fn images(args: &KernelsArgs) -> anyhow::Result<BTreeMap<ImageRef, BTreeSet<&'static str>>> {
    let selected = args.arch.iter().filter_map(|name| known_architecture(name).ok());
    let mut architectures: BTreeSet<&'static str> = selected.collect();
    if architectures.is_empty() {
        architectures.insert(ARCHITECTURE);
    }
    let mut images: BTreeMap<ImageRef, BTreeSet<&'static str>> = BTreeMap::new();
    for reference in &args.release.release {
        for architecture in &architectures {
            let image = release_image(reference, architecture);
            let image = image.map_err(|invalid| anyhow!("--release: {}", invalid.on_one_line()))?;
            images.entry(image).or_default().insert(architecture);
        }
    }
    Ok(images)
}

/// Returns the mirrors of the command line, and those of the manifest if there is one.
fn mirrors(args: &KernelsArgs, sources: &mut SourceMap, faults: &mut Diagnostics) -> anyhow::Result<Mirrors> {
    let own =
        Mirrors::of_flags(&args.release.mirror).map_err(|invalid| anyhow!("--mirror: {}", invalid.on_one_line()))?;
    let path = match settings::manifest_path(&args.release.manifest) {
        Ok(path) => path,
        Err(_) if args.release.manifest.file.is_none() => return Ok(own),
        Err(error) => return Err(error),
    };
    let text = fs::read_text(&path).map_err(|why| anyhow!("cannot read manifest `{}`: {why}", path.display()))?;
    let source = sources.add(path.display().to_string(), text.as_str());
    match kmodgen_yaml::read(source, &text) {
        Ok(Some(node)) => Ok(own.before(Mirrors::of_manifest(&node, args.cluster.as_deref(), faults))),
        Ok(None) => Ok(own),
        Err(errors) => {
            faults.extend(errors);
            Ok(own)
        }
    }
}
