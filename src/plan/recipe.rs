//! One mapping's inputs, all resolved: commits from the lock, patches from disk, images chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code::{Code, Codes};
use super::conditions::{Answer, Conditions};
use super::embedded::EmbeddedFiles;
use super::layout::Layout;
use super::step::{BuildStep, describe};
use super::{collisions, firmware};
use crate::fingerprint::Sink;
use crate::lock::Lock;
use crate::manifest::{
    BuildArgument, Builder, Circumstances, Kernel, Kmod, Manifest, Module, Source, StagePackages, Step, TemplateName,
    Tool,
};
use crate::vocabulary::{
    Diagnostic, Diagnostics, Digest, ImageRef, InputFiles, PackageManager, SourceName, Span, Spanned, architecture_of,
    quoted_list, written_out,
};

/// Inputs that decide a mapping's image beside the kernel itself; shared by all kernels for which the manifest says the
/// same.
#[derive(Debug, Clone, Hash)]
pub struct Resolved {
    /// The template.
    pub template: TemplateName,
    /// Image that compiles.
    pub builder: Builder,
    /// The image that carries the result.
    pub runtime: ImageRef,
    /// The image that gets the sources; `None` if the builder does.
    pub fetch: Option<ImageRef>,
    /// The code, what is built first.
    pub codes: Vec<Code>,
    /// The steps for this kernel, in order.
    pub steps: Vec<BuildStep>,
    /// The kmods that must come out for this kernel.
    pub kmods: Vec<Kmod>,
    /// Paths of the kmods in the image, and its other content.
    pub layout: Layout,
    /// Packages that the builder needs beside the compiler.
    pub packages: Option<StagePackages>,
    /// Packages that the image has beside those of its base image.
    pub runtime_packages: Option<StagePackages>,
    /// Labels of the image.
    pub image_labels: BTreeMap<String, String>,
    /// User that the image runs as.
    pub user: Option<String>,
    /// Build arguments, in order.
    pub build_args: Vec<BuildArgument>,
    /// Set if the image needs no modprobe, so that nothing is installed in its last stage.
    pub lean: bool,
}

/// Resolves mappings, reading each patch once.
pub(super) struct Resolver<'m> {
    manifest: &'m Manifest,
    codes: Codes<'m>,
    embedded: EmbeddedFiles<'m>,
    /// Set if any source is a file with another URL for every kernel.
    has_files_by_kernel: bool,
    conditions: Conditions<'m>,
    /// Inputs that were resolved for the current module, each with the answers to the conditions that were asked.
    known: Vec<(Vec<Answer>, Arc<Resolved>)>,
}

impl<'m> Resolver<'m> {
    pub(super) fn new(manifest: &'m Manifest, lock: &'m Lock, files: &'m dyn InputFiles) -> Self {
        let has_files_by_kernel = manifest.sources.values().filter_map(Source::file).any(|file| file.url.expands());
        Self {
            manifest,
            codes: Codes::new(lock, files),
            embedded: EmbeddedFiles::new(files),
            has_files_by_kernel,
            conditions: Conditions::new(&manifest.kernels),
            known: Vec::new(),
        }
    }

    /// Forgets the module before.
    pub(super) fn begin(&mut self) {
        self.known.clear();
    }

    /// Returns the inputs of `module`, the same since [`Self::begin`], on a kernel, given with its number; `None` if
    /// something is missing, noted in `faults`.
    pub(super) fn resolve(
        &mut self,
        module: &Module,
        (number, kernel): (usize, &Kernel),
        faults: &mut Diagnostics,
    ) -> Option<Arc<Resolved>> {
        let resolved = self.resolve_once(module, (number, kernel), faults)?;
        self.check_toolkit(module, &resolved, kernel, faults).then_some(resolved)
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
            let fault = format!("a hub does not know which Driver Toolkit is for kernel `{}`", kernel.release.value);
            faults.push(
                Diagnostic::error("no-toolkit", fault)
                    .at(kernel.release.span, "this kernel")
                    .context(hub.span, "the hub")
                    .help("give it a `dtk`, or name a `builder` image"),
            );
            return false;
        }
        if !self.manifest.platform.lacks_toolkits() {
            return true;
        }
        let fault = format!("nothing says which image compiles for kernel `{}`", kernel.release.value);
        faults.push(
            Diagnostic::error("no-toolkit", fault)
                .at(kernel.release.span, "this kernel")
                .help("give it a `dtk`, or name a `builder` image: only OpenShift's KMM chooses a Driver Toolkit"),
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
        if shares {
            let is_like = |(answers, _): &(Vec<Answer>, _)| answers.iter().all(|answer| answer.is_of(number));
            if let Some(at) = self.known.iter().position(is_like) {
                // The next kernel is most often like this one.
                self.known.swap(0, at);
                return Some(self.known[0].1.clone());
            }
        }
        let circumstances = Circumstances::of(kernel);
        let resolved = Arc::new(self.resolve_anew(module, kernel, &circumstances, faults)?);
        if shares {
            let answers = circumstances.into_answers().into_iter();
            let answers = answers.map(|answer| self.conditions.answer(answer)).collect();
            self.known.push((answers, resolved.clone()));
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
        if builder.value == Builder::Dtk && installs_headers {
            faults.push(
                Diagnostic::error("builder-template", "this template installs headers into a base image, and the builder is a Driver Toolkit, which has them")
                    .at(builder.span, "the builder")
                    .context(place, "this module")
                    .help("name an image as `builder`, or leave `template` out"),
            );
            return None;
        }
        let names = circumstances.choose(&recipe.sources?);
        if names.is_empty() {
            faults.push(missing_item(("no-sources", "source"), place, kernel));
            return None;
        }
        let sources: Vec<&Source> = names.iter().filter_map(|name| self.manifest.sources.get(&name.value)).collect();
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
        if let Some(rpm) = recipe.install.rpms.iter().flatten().find_map(|rpm| rpm.on(circumstances))
            && !steps.iter().any(|step| matches!(step.tool, Tool::Rpmbuild(_)))
            && !codes.iter().any(Code::is_rpm)
        {
            faults.push(
                Diagnostic::error("no-packages", "there is no package to install")
                    .at(rpm.span, "")
                    .context(place, "this module")
                    .help("`rpms` are those of an `rpmbuild` step, or of a source that is an `rpm`"),
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
        if runtime_packages.as_ref().is_some_and(|packages| !packages.is_empty())
            && runtime.value.is_of_busybox()
            && PackageManager::of_image(&runtime.value.to_string()).is_none()
        {
            faults.push(
                Diagnostic::error("no-package-manager", "this image has no package manager for `packages.runtime`")
                    .at(runtime.span, "the runtime image")
                    .context(place, "this module")
                    .help("choose an image that has one, or take the packages out"),
            );
            return None;
        }
        Some(Resolved {
            template,
            builder: builder.value,
            runtime: runtime.value,
            fetch: images.fetch.map(|fetch| fetch.value).filter(|_| codes.iter().any(Code::is_fetched)),
            codes,
            steps,
            kmods: kmods.into_iter().map(|kmod| kmod.value).collect(),
            layout,
            packages: recipe.packages.builder.map(|packages| packages.on(circumstances)),
            runtime_packages,
            image_labels: recipe.image_labels,
            user: recipe.user,
            build_args: circumstances.choose(&module.objects.spec.build_args),
            lean: self.manifest.platform.brings_modprobe(),
        })
    }
}

/// Returns the error for a kernel without any source or kmod: every image has at least one of each.
fn missing_item((code, what): (&'static str, &str), place: Span, kernel: &Kernel) -> Diagnostic {
    let fault = format!("no {what} of this module is for kernel `{}`", kernel.release.value);
    Diagnostic::error(code, fault)
        .at(place, "this module")
        .context(kernel.release.span, "this kernel")
        .help(format!("exclude the kernel from the module, or list a {what} without `when`"))
}

/// Returns the error for a name that is none of the sources `codes` of a module.
fn unknown_source(source: &Spanned<SourceName>, codes: &[Code], module: Span) -> Diagnostic {
    let names: Vec<&str> = codes.iter().map(|code| code.name.as_str()).collect();
    Diagnostic::error("unknown-source", format!("`{}` is none of this module's sources", source.value))
        .at(source.span, "")
        .context(module, "this module")
        .help(format!("write one of {}, or add it to them", quoted_list(&names)))
}

fn missing_image(key: &str, example: &str, place: Span, kernel: &Kernel) -> Diagnostic {
    Diagnostic::error(
        "no-image",
        format!("nothing says which `{key}` image this module has on kernel `{}`", kernel.release.value),
    )
    .at(place, "this module")
    .help(format!("write `baseImages: {{{key}: {example}}}` at the top of the manifest"))
}

impl Resolved {
    /// Returns whether the manifest says which image compiles for `kernel`; otherwise KMM chooses a Driver Toolkit.
    pub fn has_builder_on(&self, kernel: &Kernel) -> bool {
        match &self.builder {
            Builder::Image(_) => true,
            Builder::Dtk => kernel.dtk.is_some(),
        }
    }

    /// The image that compiles for `kernel`; `None` where KMM chooses its DTK in the cluster.
    pub fn builder_on(&self, kernel: &Kernel) -> Option<String> {
        match &self.builder {
            Builder::Image(image) => Some(written_out(image, kernel.release.normalised())),
            Builder::Dtk => kernel.dtk.as_ref().map(|dtk| dtk.value.to_string()),
        }
    }

    /// The package manager of the builder, if the template or the name of the image tells it.
    pub(super) fn builder_manager(&self) -> Option<PackageManager> {
        match (&self.template, &self.builder) {
            (TemplateName::BuiltIn(name), _) if name == "debian" => Some(PackageManager::Apt),
            (TemplateName::BuiltIn(name), _) if name == "kernel-devel" => Some(PackageManager::Dnf),
            (TemplateName::BuiltIn(name), _) if name == "sles" => Some(PackageManager::Zypper),
            (_, Builder::Dtk) => Some(PackageManager::Dnf),
            (_, Builder::Image(image)) => PackageManager::of_image(image),
        }
    }

    /// The one traversal of what decides the image, the Dockerfile (digest and length) last.
    pub(super) fn traverse(&self, module: &Module, kernel: &Kernel, dockerfile: (&Digest, usize), sink: &mut dyn Sink) {
        let mut text = |name: &str, value: &str| sink.field(name, value.as_bytes());
        text("kernel release", kernel.release.as_str());
        // One release is that of several architectures, and one tag would be that of all their images.
        if let (None, Some(architecture)) = (architecture_of(kernel.release.as_str()), kernel.architecture()) {
            text("architecture", architecture);
        }
        match self.builder_on(kernel) {
            Some(image) => text("builder image", &image),
            None => text("builder image", "the kernel's Driver Toolkit, chosen by KMM in the cluster"),
        }
        text("runtime image", &self.runtime.to_string());
        if let Some(fetch) = &self.fetch {
            text("fetch image", &fetch.to_string());
        }
        self.codes.iter().for_each(|code| code.traverse(sink));
        let mut text = |name: &str, value: &str| sink.field(name, value.as_bytes());
        for (at, step) in self.steps.iter().enumerate() {
            text(&format!("build step {}", at + 1), &describe(step));
        }
        text("kmods", &self.kmods.iter().map(Kmod::to_string).collect::<Vec<_>>().join(" "));
        self.layout.traverse(sink);
        let mut text = |name: &str, value: &str| sink.field(name, value.as_bytes());
        for (stage, packages) in [("", &self.packages), ("runtime ", &self.runtime_packages)] {
            let Some(StagePackages { rpm, deb, zypper, apk }) = packages else { continue };
            for (family, names) in [("rpm", rpm), ("deb", deb), ("zypper", zypper), ("apk", apk)] {
                text(&format!("{stage}{family} packages"), &names.join(" "));
            }
        }
        for (key, value) in &self.image_labels {
            text(&format!("label {key}"), value);
        }
        if let Some(user) = &self.user {
            text("user", user);
        }
        if self.lean {
            text("image contract", "KMM 2");
        }
        for (name, value) in &self.build_args {
            text(&format!("build argument {name}"), value);
        }
        if let Some(sign) = &module.objects.spec.sign {
            text("signing key", sign.secret("keySecret").unwrap_or_default());
            text("signing certificate", sign.secret("certSecret").unwrap_or_default());
            text("signed files", &self.signed_files(module, kernel).join(" "));
            text("signing generation", sign.generation.as_deref().unwrap_or("0"));
        }
        let (digest, bytes) = dockerfile;
        sink.text("dockerfile", digest, bytes);
    }

    /// The files that KMM signs: those the user names, written out, or the kmods.
    pub fn signed_files(&self, module: &Module, kernel: &Kernel) -> Vec<String> {
        let sign = module.objects.spec.sign.as_ref();
        sign.and_then(|sign| sign.files_on(kernel))
            .unwrap_or_else(|| self.kmods.iter().map(|kmod| self.layout.file(kmod, kernel.release.as_str())).collect())
    }
}
