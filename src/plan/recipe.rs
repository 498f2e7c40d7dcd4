//! One mapping's inputs, all resolved: commits from the lock, patches from disk, images chosen.

use std::sync::Arc;

use super::code::{Code, Codes};
use super::conditions::{Answer, Conditions};
use super::embedded::EmbeddedFiles;
use super::layout::Layout;
use super::pin_groups::PinGroups;
use super::repository::{Repository, Stages};
use super::resolved::{Resolved, builder_manager};
use super::step::BuildStep;
use super::{collisions, firmware};
use crate::lock::{self, Pins};
use crate::manifest::{Builder, Circumstances, Kernel, Manifest, Module, Source, Step, TemplateName, Tool};
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, InputFiles, PackageManager, SourceName, Span, Spanned, quoted_list,
};

/// Resolves mappings, reading each patch once.
pub(super) struct Resolver<'m> {
    manifest: &'m Manifest,
    pins: &'m Pins,
    codes: Codes<'m>,
    embedded: EmbeddedFiles<'m>,
    /// Set if any source is a file with another URL for every kernel.
    has_files_by_kernel: bool,
    conditions: Conditions<'m>,
    pin_groups: PinGroups,
    /// Inputs that were resolved for the current module, each with the answers to the conditions that were asked and the
    /// kernels that have the same digests of images.
    known: Vec<(Vec<Answer>, usize, Arc<Resolved>)>,
}

impl<'m> Resolver<'m> {
    pub(super) fn new(manifest: &'m Manifest, pins: &'m Pins, files: &'m dyn InputFiles) -> Self {
        let has_files_by_kernel = manifest.sources.values().any(Source::is_by_kernel);
        Self {
            manifest,
            pins,
            codes: Codes::new(pins, files),
            embedded: EmbeddedFiles::new(files),
            has_files_by_kernel,
            conditions: Conditions::new(&manifest.kernels),
            pin_groups: PinGroups::of(&manifest.kernels, &pins.images),
            known: Vec::new(),
        }
    }

    /// Forgets the module before.
    pub(super) fn begin(&mut self) {
        self.known.clear();
    }

    /// Returns the inputs of `module`, the same since [`Self::begin`], on a kernel, given with its number, and the
    /// digest of its builder if the lock has it; `None` if something is missing, noted in `faults`.
    pub(super) fn resolve(
        &mut self,
        module: &Module,
        (number, kernel): (usize, &Kernel),
        faults: &mut Diagnostics,
    ) -> Option<(Arc<Resolved>, Option<Digest>)> {
        let resolved = self.resolve_once(module, (number, kernel), faults)?;
        let Some(builder) = kernel.builder_tag(&resolved.builder) else {
            return self.check_toolkit(module, &resolved, kernel, faults).then_some((resolved, None));
        };
        let digest = self.pins.images.digest(&builder, &kernel.release);
        if digest.is_none() {
            faults.push(lock::image_not_pinned(&builder, builder.span, "run `kmodgen lock`"));
        }
        digest.map(|digest| (resolved, Some(digest)))
    }

    /// Notes a Driver Toolkit that nobody would choose; says whether there is none.
    pub(super) fn check_toolkit(
        &self,
        module: &Module,
        resolved: &Resolved,
        kernel: &Kernel,
        faults: &mut Diagnostics,
    ) -> bool {
        if resolved.has_builder_on(kernel) {
            return true;
        }
        if let Some(hub) = &module.objects.hub {
            let fault = format!("a hub cannot choose the Driver Toolkit for kernel `{}`", kernel.release.value);
            faults.push(
                Diagnostic::error("no-toolkit", fault)
                    .at(kernel.release.span, "this kernel")
                    .context(hub.span, "the hub")
                    .help("give it a `dtk`, or set a `builder` image"),
            );
            return false;
        }
        if !self.manifest.platform.lacks_toolkits() {
            return true;
        }
        let fault = format!("no builder image for kernel `{}`", kernel.release.value);
        faults.push(
            Diagnostic::error("no-toolkit", fault)
                .at(kernel.release.span, "this kernel")
                .help("give it a `dtk`, or set a `builder` image: only KMM on OpenShift chooses a Driver Toolkit"),
        );
        false
    }

    /// Resolves, unless a kernel before gave the same answers to every condition that was asked.
    fn resolve_once(
        &mut self,
        module: &Module,
        (number, kernel): (usize, &Kernel),
        faults: &mut Diagnostics,
    ) -> Option<Arc<Resolved>> {
        // Nothing but conditions, images and files of its own tells one kernel from another here.
        let shares = kernel.base_images.is_empty() && !self.has_files_by_kernel;
        let group = self.pin_groups.of_kernel(number);
        if shares {
            let is_like = |(answers, pins, _): &(Vec<Answer>, usize, _)| {
                *pins == group && answers.iter().all(|answer| answer.is_of(number))
            };
            if let Some(at) = self.known.iter().position(is_like) {
                // The next kernel is most often like this one.
                self.known.swap(0, at);
                return Some(self.known[0].2.clone());
            }
        }
        let circumstances = Circumstances::of(kernel);
        let resolved = Arc::new(self.resolve_anew(module, kernel, &circumstances, faults)?);
        if shares {
            let answers = circumstances.into_answers().into_iter();
            let answers = answers.map(|answer| self.conditions.answer(answer)).collect();
            self.known.push((answers, group, resolved.clone()));
        }
        Some(resolved)
    }

    fn resolve_anew(
        &mut self,
        module: &Module,
        kernel: &Kernel,
        circumstances: &Circumstances<'_>,
        faults: &mut Diagnostics,
    ) -> Option<Resolved> {
        let recipe = module.recipe_on(circumstances);
        // The more particular place wins: manifest, kernel, module, override.
        let images = self.manifest.base_images.overridden_by(&kernel.base_images).overridden_by(&recipe.base_images);
        let place = module.name.span;
        let template = recipe.template.map_or_else(|| TemplateName::BuiltIn("dtk".into()), |template| template.value);
        let Some(builder) = images.builder else {
            faults.push(missing_image("builder", "dtk", place, kernel));
            return None;
        };
        let Some(runtime) = images.runtime else {
            faults.push(missing_image("runtime", "registry.redhat.io/ubi9/ubi-minimal:9.4", place, kernel));
            return None;
        };
        let installs_headers = matches!(&template, TemplateName::BuiltIn(name) if name != "dtk");
        if builder.name.value == Builder::Dtk && installs_headers {
            faults.push(
                Diagnostic::error("builder-template", "this template installs kernel headers, but the builder is a Driver Toolkit, which already has them")
                    .at(builder.name.span, "the builder")
                    .context(place, "this module")
                    .help("set `builder` to another image, or remove `template`"),
            );
            return None;
        }
        let names = circumstances.choose(&recipe.sources?);
        if names.is_empty() {
            faults.push(missing_item(("no-sources", "source"), place, kernel));
            return None;
        }
        let sources: Vec<&Source> = names.iter().filter_map(|name| self.manifest.sources.get(&name.value)).collect();
        for source in &sources {
            let container = source.inner().map(|inner| &inner.container);
            if let Some(container) = container.filter(|of| !names.iter().any(|name| name.value == of.value)) {
                faults.push(missing_container(source, container, place));
                return None;
            }
        }
        let codes = self.codes.resolve(&mut self.embedded, &sources, kernel, circumstances, faults)?;
        let kmods = recipe.kmods.map(|all| circumstances.choose(&all)).unwrap_or_default();
        if kmods.is_empty() {
            faults.push(missing_item(("no-kmods", "kmod"), place, kernel));
            return None;
        }
        let steps: Vec<Step> = recipe.steps.unwrap_or_default().steps_on(circumstances).cloned().collect();
        let layout = Layout::of(&recipe.install, module.has_firmware(), circumstances)?;
        let sources_of_steps = steps.iter().filter_map(|step| step.place.source.as_ref());
        let named = sources_of_steps.chain(layout.installed().filter_map(|(_, files)| files.source.as_ref()));
        for source in named {
            if Code::named(&codes, Some(source)).is_none() {
                faults.push(unknown_source(source, &codes, place));
                return None;
            }
        }
        if let Some(rpm) =
            recipe.install.rpms.iter().flatten().filter_map(|rpm| rpm.on(circumstances)).find(|rpm| rpm.from.is_none())
            && !steps.iter().any(|step| matches!(step.tool, Tool::Rpmbuild(_)))
            && !codes.iter().any(Code::is_rpm)
        {
            faults.push(
                Diagnostic::error("no-packages", "`install.rpms` has no packages to install from")
                    .at(rpm.name.span, "")
                    .context(place, "this module")
                    .help(
                        "add an `rpmbuild` step or an `rpm` source, or write the folder with the package: `{rpm: NAME, from: FOLDER}`",
                    ),
            );
            return None;
        }
        let steps: Vec<Option<BuildStep>> = steps
            .into_iter()
            .enumerate()
            .map(|(at, step)| BuildStep::read(step, at + 1, &mut self.embedded, faults))
            .collect();
        let steps = steps.into_iter().collect::<Option<Vec<_>>>()?;
        // A template of the user's may install files in its own way.
        if matches!(template, TemplateName::BuiltIn(_)) {
            firmware::check(module, &recipe.install, &layout, kernel, faults);
            collisions::check(&layout, &codes, faults);
            collisions::check_kmods(&kmods, faults);
        }
        let runtime_packages = recipe.packages.runtime.map(|packages| packages.on(circumstances));
        let gets_packages = runtime_packages.as_ref().is_some_and(|packages| !packages.is_empty());
        let runtime_manager = PackageManager::of_image(&runtime.name.value.to_string());
        if gets_packages && runtime.name.value.is_of_busybox() && runtime_manager.is_none() {
            faults.push(
                Diagnostic::error("no-package-manager", "this image has no package manager for `packages.runtime`")
                    .at(runtime.name.span, "the runtime image")
                    .context(place, "this module")
                    .help("choose an image with a package manager, or remove the packages"),
            );
            return None;
        }
        let stages = Stages {
            builder: builder_manager(&template, &builder.name.value),
            runtime: gets_packages.then_some(runtime_manager),
        };
        let chosen = recipe.packages.repositories.map(|all| circumstances.choose(&all)).unwrap_or_default();
        let repositories = Repository::resolve(&chosen, &stages, self.pins, &mut self.embedded, faults)?;
        let runtime = self.pins.pinned_image(&runtime, &kernel.release, faults)?;
        let fetch = match images.fetch.filter(|_| codes.iter().any(Code::is_fetched)) {
            Some(fetch) => Some(self.pins.pinned_image(&fetch, &kernel.release, faults)?),
            None => None,
        };
        Some(Resolved {
            template,
            builder,
            runtime,
            fetch,
            codes,
            steps,
            kmods: kmods.into_iter().map(|kmod| kmod.value).collect(),
            layout,
            packages: recipe.packages.builder.map(|packages| packages.on(circumstances)),
            runtime_packages,
            repositories,
            image_labels: recipe.image_labels,
            user: recipe.user,
            build_args: circumstances.choose(&module.objects.spec.build_args),
            lean: self.manifest.platform.brings_modprobe(),
        })
    }
}

/// Returns the error for a kernel without any source or kmod: every image has at least one of each.
fn missing_item((code, what): (&'static str, &str), place: Span, kernel: &Kernel) -> Diagnostic {
    let fault = format!("no {what} of this module matches kernel `{}`", kernel.release.value);
    Diagnostic::error(code, fault)
        .at(place, "this module")
        .context(kernel.release.span, "this kernel")
        .help(format!("exclude the kernel from the module, or list a {what} without `when`"))
}

/// Returns the error for a file of a source that the module does not have.
fn missing_container(source: &Source, container: &Spanned<SourceName>, module: Span) -> Diagnostic {
    let (name, container_name) = (&source.name.value, &container.value);
    let fault = format!("source `{name}` is in source `{container_name}`, which this module does not use");
    Diagnostic::error("unknown-source", fault)
        .at(container.span, "")
        .context(module, "this module")
        .help(format!("write `source: [{name}, {container_name}]`"))
}

/// Returns the error for a name that is none of the sources `codes` of a module.
fn unknown_source(source: &Spanned<SourceName>, codes: &[Code], module: Span) -> Diagnostic {
    let names: Vec<&str> = codes.iter().map(|code| code.name.as_str()).collect();
    Diagnostic::error("unknown-source", format!("`{}` is not one of this module's sources", source.value))
        .at(source.span, "")
        .context(module, "this module")
        .help(format!("write one of {}, or add it to `source`", quoted_list(&names)))
}

fn missing_image(key: &str, example: &str, place: Span, kernel: &Kernel) -> Diagnostic {
    Diagnostic::error("no-image", format!("this module has no `{key}` image for kernel `{}`", kernel.release.value))
        .at(place, "this module")
        .help(format!("write `baseImages: {{{key}: {example}}}` at the top of the manifest"))
}
