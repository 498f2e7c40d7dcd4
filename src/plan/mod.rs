//! The plan: every mapping (a module on a kernel), with its hash and names.

mod aliases;
mod builder;
mod code;
mod collisions;
mod conditions;
pub mod dockerfile;
mod embedded;
mod expand;
mod file_names;
mod firmware;
mod folder;
mod identity;
mod keys;
mod labels;
mod layout;
mod length;
mod pin_groups;
mod prebuilt;
mod recipe;
mod render;
mod repository;
mod resolved;
mod shell_pattern;
mod step;
mod template_rules;

#[cfg(test)]
mod firmware_tests;
#[cfg(test)]
mod identity_tests;
#[cfg(test)]
mod installed_files_tests;
#[cfg(test)]
mod releases_tests;

use std::sync::Arc;

pub use code::{Code, Content};
pub use embedded::{EmbeddedFile, Purpose};
pub use expand::{Expansion, PlannedMapping};
pub use folder::{Folder, FolderFile, FolderFileKind};
pub use identity::{CONFIG_MAP_DIGITS, Identity, TAG_DIGITS};
pub use keys::{mapping_keys, module_key};
use kmodgen_image::Firmware;
pub use labels::KERNEL as KERNEL_LABEL;
pub use layout::{Layout, Package};
pub use prebuilt::prebuilt;
pub use render::{MappingRenderer, RenderError, RenderedMapping};
pub use repository::{Key, Repository};
pub use resolved::Resolved;
pub use step::BuildStep;

use crate::lock::{Lock, Pins};
use crate::manifest::{BuiltBy, Kernel, Manifest, Module, ModuleSpec, TemplateName};
use crate::template::Renderers;
use crate::vocabulary::{Diagnostics, Digest, ImageRef, InputFiles, Namespace, SourceMap, written_out};

/// A module on a kernel: the unit that is planned, hashed, rendered, explained and built.
#[derive(Debug, Clone)]
pub struct Mapping<'m> {
    /// The module.
    pub module: &'m Module,
    /// The kernel.
    pub kernel: &'m Kernel,
    /// The kernel's number in the manifest.
    pub kernel_number: usize,
    /// The other inputs of its image.
    pub resolved: Arc<Resolved>,
    /// Digest of the builder, if the lock has it.
    pub builder_digest: Option<Digest>,
    /// Content hash, and facts about the Dockerfile.
    pub identity: Identity,
}

impl<'m> Mapping<'m> {
    /// Returns the mapping before it was rendered.
    pub fn planned(&self) -> PlannedMapping<'m> {
        let Self { module, kernel, kernel_number, resolved, builder_digest, identity: _ } = self;
        PlannedMapping {
            module,
            kernel,
            kernel_number: *kernel_number,
            resolved: resolved.clone(),
            builder_digest: *builder_digest,
        }
    }

    /// The build arguments that KMM gives to a build of this mapping, the user's own included;
    /// `dtk` is the Driver Toolkit that KMM would choose, given where the Dockerfile asks for it.
    pub fn build_arguments(&self, namespace: &Namespace, dtk: Option<&ImageRef>) -> Vec<(String, String)> {
        let release = self.kernel.release.to_string();
        let own = self.resolved.build_args.iter();
        let own = own.map(|argument| (argument.name.clone(), written_out(&argument.value, &release)));
        let own: Vec<_> = own.collect();
        let mut arguments = vec![
            ("KERNEL_VERSION".to_owned(), release.clone()),
            ("KERNEL_FULL_VERSION".to_owned(), release),
            ("MOD_NAME".to_owned(), self.module.name.to_string()),
            ("MOD_NAMESPACE".to_owned(), namespace.to_string()),
        ];
        if let Some(dtk) = dtk.filter(|_| self.identity.asks_for_dtk) {
            arguments.push(("DTK_AUTO".to_owned(), dtk.to_string()));
        }
        arguments.extend(own);
        arguments
    }

    /// The module loader image, its tag included.
    pub fn image(&self) -> ImageRef {
        identity::image(self.module, self.kernel, &self.identity.hash)
    }

    /// The same as a text.
    pub fn image_name(&self) -> String {
        identity::image_name(self.module, self.kernel, &self.identity.hash)
    }

    /// Returns the further names of the image.
    pub fn aliases(&self) -> impl Iterator<Item = ImageRef> {
        aliases::aliases(self.module, self.kernel)
    }

    /// Returns the image that nodes pull: by digest if `builtBy` is `ci` and the image was pushed.
    pub fn pulled_image(&self, lock: &Lock) -> String {
        let image = self.image_name();
        match lock.pushed(&image).filter(|_| self.module.built_by == BuiltBy::Ci) {
            Some(digest) => format!("{image}@sha256:{digest}"),
            None => image,
        }
    }

    /// Returns whether KMM builds the image in the cluster. It cannot if the build copies a folder beside the manifest:
    /// its builds have no context.
    pub fn is_built_by_kmm(&self) -> bool {
        self.module.built_by == BuiltBy::Cluster && self.context().next().is_none()
    }

    /// The name of its ConfigMap.
    pub fn config_map(&self) -> String {
        identity::config_map_name(self.module, self.kernel, &self.identity.dockerfile)
    }

    /// Firmware that KMM copies from the image; `None` without a Module that loads from it.
    pub fn firmware(&self) -> Option<Firmware> {
        let Resolved { template, layout, .. } = &*self.resolved;
        let mut paths: Vec<String> =
            self.module.objects.specs().filter_map(ModuleSpec::firmware_path).map(str::to_owned).collect();
        paths.dedup();
        // A template of the user's may install files in its own way.
        let installed = matches!(template, TemplateName::BuiltIn(_))
            && layout.firmware.as_ref().is_some_and(|items| !items.is_empty());
        self.module.has_objects().then_some(Firmware { paths, installed })
    }

    /// The folders beside the manifest that its build copies.
    pub fn context(&self) -> impl Iterator<Item = &Arc<Folder>> {
        self.resolved.codes.iter().filter_map(Code::context)
    }

    /// The image that compiles; `None` where KMM chooses the kernel's DTK in the cluster.
    pub fn builder(&self) -> Option<String> {
        self.resolved.builder_on(self.kernel, self.builder_digest)
    }
}

/// Inputs of a plan.
#[derive(Clone, Copy)]
pub struct Inputs<'m> {
    /// Manifest to plan.
    pub manifest: &'m Manifest,
    /// Pinned commits and checksums.
    pub lock: &'m Lock,
    /// The files beside it.
    pub files: &'m Arc<dyn InputFiles>,
    /// The same, for templates.
    pub templates: &'m Arc<dyn InputFiles>,
    /// Renderers of templates that users wrote.
    pub renderers: &'m Arc<dyn Renderers>,
}

impl<'m> Inputs<'m> {
    /// Returns the pins of the manifest's cluster.
    pub fn pins(&self) -> &'m Pins {
        self.lock.pins(self.manifest.pins.as_ref())
    }
}

/// Mappings of a manifest, grouped by module and in the order of the kernels.
pub struct Plan<'m> {
    /// The modules and their mappings, in the order of the manifest.
    pub modules: Vec<(&'m Module, Vec<Mapping<'m>>)>,
    /// Inputs of the plan.
    pub inputs: Inputs<'m>,
}

impl<'m> Plan<'m> {
    /// Expands and renders a manifest with `workers` threads; the result does not depend on their number.
    ///
    /// # Errors
    /// `None` if a mapping cannot be rendered; `faults` then says what and where. Warnings come with a plan.
    pub fn make(inputs: Inputs<'m>, workers: usize, sources: &mut SourceMap, faults: &mut Diagnostics) -> Option<Self> {
        Self::make_with(inputs, workers, sources, faults, |_| ()).map(|(plan, _)| plan)
    }

    /// Does the same, and returns what `use_texts` makes of each mapping's texts, in the order of the plan.
    ///
    /// # Errors
    /// As those of [`make`](Self::make).
    pub fn make_with<R: Send>(
        inputs: Inputs<'m>,
        workers: usize,
        sources: &mut SourceMap,
        faults: &mut Diagnostics,
        use_texts: impl Fn(&RenderedMapping<'m>) -> R + Sync,
    ) -> Option<(Self, Vec<R>)> {
        let expansion = Expansion::of(inputs, faults)?;
        expansion.render(workers, |_| None, |_, _| None, |_, rendered| use_texts(rendered), sources, faults)
    }

    /// Returns all mappings.
    pub fn mappings(&self) -> impl Iterator<Item = &Mapping<'m>> {
        self.modules.iter().flat_map(|(_, mappings)| mappings)
    }

    /// Renders one of its mappings again; `None` if a file that it is made of changed meanwhile so that it cannot be
    /// rendered any more.
    pub fn render(&self, mapping: &Mapping<'m>) -> Option<RenderedMapping<'m>> {
        MappingRenderer::new(self.inputs).render(&mapping.planned()).ok()
    }
}
