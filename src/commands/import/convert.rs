//! `kmodgen import --convert`: a manifest for the hand-written Dockerfile of one Module.

use std::path::Path;
use std::sync::Arc;

use super::{NewFile, conflict, json, write};
use crate::adapters::ui;
use crate::cli::{Format, ImportArgs};
use crate::commands::Exit;
use crate::commands::faults::{Faults, draw};
use crate::commands::kernels::read_inputs;
use crate::commands::new_manifest::UnwrittenFiles;
use crate::import::convert::{Conversion, Request, convert};
use crate::kernels::Import;
use crate::lock::Lock;
use crate::manifest::{Manifest, Selection};
use crate::objects::Objects;
use crate::plan::{Inputs, Plan};
use crate::settings::{self, MANIFEST};
use crate::vocabulary::{Diagnostic, Diagnostics, InputFiles, SourceMap, quoted_list};

/// Runs the command for `target`: a Module, and after a `/` the kernel whose Dockerfile is meant.
pub(super) fn run(
    args: &ImportArgs,
    target: &str,
    objects: &Objects,
    mut sources: SourceMap,
    mut faults: Diagnostics,
) -> anyhow::Result<Exit> {
    let (name, kernel) = target.split_once('/').map_or((target, None), |(name, kernel)| (name, Some(kernel)));
    let releases = releases(args, &mut sources, &mut faults);
    let request = find(name, kernel, objects, releases.unwrap_or_default());
    let request = match request {
        Ok(request) if !faults.has_errors() => request,
        Ok(_) => return Err(Faults::new(faults, sources).into()),
        Err(fault) => {
            faults.push(fault);
            return Err(Faults::new(faults, sources).into());
        }
    };
    let conversion = convert(&request);
    let generated = generate(&conversion)?;
    let template = conversion.template.iter().map(|(path, text)| (path.as_str(), text));
    // The manifest comes last: it names the template.
    let files = template.chain([(MANIFEST, &conversion.manifest)]);
    let files: Vec<NewFile> =
        files.map(|(path, text)| NewFile { path: args.output.join(path), text: text.clone() }).collect();
    if let Some(taken) = write(&files)? {
        return Ok(conflict(&taken));
    }
    ui::talk(&draw(&faults.into_sorted(), &sources));
    let generated = generated.unwrap_or_else(|| "it needs a lock: run `kmodgen generate`".to_owned());
    let is_complete = !conversion.gaps.iter().any(|gap| gap.contains("FILL IN"));
    let written: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    ui::result(&match args.format {
        Format::Text => conversion.report(&request, &generated),
        Format::Json => json::converted(&conversion, is_complete, &written),
    });
    Ok(if is_complete { Exit::Success } else { Exit::ActionNeeded })
}

/// The kernels of the lists.
fn releases(args: &ImportArgs, sources: &mut SourceMap, faults: &mut Diagnostics) -> Option<Vec<String>> {
    let names: Vec<&String> = args.nodes.iter().chain(&args.kernels).collect();
    if names.is_empty() {
        return None;
    }
    let lists = read_inputs(names.iter().map(|name| name.as_str()), faults);
    let import = Import::read(lists, &Selection::default(), false, sources, faults)?;
    Some(import.kernels().map(|kernel| kernel.release.to_string()).collect())
}

fn find<'o>(
    name: &str,
    kernel: Option<&str>,
    objects: &'o Objects,
    releases: Vec<String>,
) -> Result<Request<'o>, Diagnostic> {
    let found = objects.modules().find(|object| object.name.as_ref().is_some_and(|own| own.value == name));
    let Some(object) = found else {
        let names: Vec<&str> =
            objects.modules().filter_map(|object| object.name.as_ref()).map(|name| name.value.as_str()).collect();
        let fault = Diagnostic::error("import", format!("the inputs have no Module `{}`", name.escape_debug()));
        let help = if names.is_empty() {
            "print them with `oc get module,configmap -n NAMESPACE -o yaml`".to_owned()
        } else {
            format!("they have {}", quoted_list(&names).escape_debug())
        };
        return Err(fault.help(help));
    };
    Request::of(object, objects, kernel, releases)
}

/// The first Dockerfile of the manifest; `None` if a branch or an archive has to be pinned first.
fn generate(conversion: &Conversion) -> anyhow::Result<Option<String>> {
    let template = conversion.template.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let files: Arc<dyn InputFiles> = Arc::new(UnwrittenFiles::of(template));
    let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
    let id = sources.add(MANIFEST, conversion.manifest.as_str());
    let manifests = Manifest::read(id, &conversion.manifest, &*files, &mut sources, &mut faults);
    let Some(manifest) = manifests.and_then(|manifests| manifests.into_iter().next()) else {
        return Err(Faults::new(faults, sources).into());
    };
    let (lock, renderers) = (Lock::default(), settings::renderers()?);
    let inputs = Inputs { manifest: &manifest, lock: &lock, files: &files, templates: &files, renderers: &renderers };
    let plan = Plan::make(inputs, 1, &mut sources, &mut Diagnostics::default());
    let rendered = plan.as_ref().and_then(|plan| plan.render(plan.mappings().next()?));
    Ok(rendered.map(|rendered| rendered.dockerfile))
}
