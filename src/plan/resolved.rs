//! Inputs of an image that are resolved: what decides the image, and the hash over it.

use std::collections::BTreeMap;

use super::code::Code;
use super::layout::Layout;
use super::repository::Repository;
use super::step::{BuildStep, describe};
use crate::fingerprint::Sink;
use crate::manifest::{BuildArgument, Builder, Kernel, Kmod, Module, NamedImage, StagePackages, TemplateName};
use crate::vocabulary::{Digest, ImageRef, PackageManager, Timestamp, architecture_of, written_out};

/// Inputs that decide a mapping's image beside the kernel itself; shared by all kernels for which the manifest says the
/// same.
#[derive(Debug, Clone, Hash)]
pub struct Resolved {
    /// The template.
    pub template: TemplateName,
    /// Image that compiles.
    pub builder: NamedImage<Builder>,
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
    /// Repositories that packages come from beside those of the base images.
    pub repositories: Vec<Repository>,
    /// Labels of the image.
    pub image_labels: BTreeMap<String, String>,
    /// User that the image runs as.
    pub user: Option<String>,
    /// Build arguments, in order.
    pub build_args: Vec<BuildArgument>,
    /// Set if the image needs no modprobe, so that nothing is installed in its last stage.
    pub lean: bool,
}

/// The package manager of a builder, if the template or the name of the image tells it.
pub(super) fn builder_manager(template: &TemplateName, builder: &Builder) -> Option<PackageManager> {
    match (template, builder) {
        (TemplateName::BuiltIn(name), _) if name == "debian" => Some(PackageManager::Apt),
        (TemplateName::BuiltIn(name), _) if name == "kernel-devel" => Some(PackageManager::Dnf),
        (TemplateName::BuiltIn(name), _) if name == "sles" => Some(PackageManager::Zypper),
        (_, Builder::Dtk) => Some(PackageManager::Dnf),
        (_, Builder::Image(image)) => PackageManager::of_image(image),
    }
}

impl Resolved {
    /// Returns whether the manifest says which image compiles for `kernel`; otherwise KMM chooses a Driver Toolkit.
    pub fn has_builder_on(&self, kernel: &Kernel) -> bool {
        match &self.builder.name.value {
            Builder::Image(_) => true,
            Builder::Dtk => kernel.dtk.is_some(),
        }
    }

    /// Returns the image that compiles for `kernel`, with the `digest` that the lock has, if any; `None` if KMM chooses its
    /// Driver Toolkit in the cluster.
    pub fn builder_on(&self, kernel: &Kernel, digest: Option<Digest>) -> Option<String> {
        if let (Some(digest), Some(tag)) = (digest, kernel.builder_tag(&self.builder)) {
            return Some(tag.with_digest(digest).to_string());
        }
        match &self.builder.name.value {
            Builder::Image(image) => Some(written_out(image, kernel.release.normalised())),
            Builder::Dtk => kernel.dtk.as_ref().map(|dtk| dtk.value.to_string()),
        }
    }

    /// Returns the date of the newest commit among the sources, if the lock has any.
    pub fn newest_commit(&self) -> Option<Timestamp> {
        self.codes.iter().filter_map(Code::date).max()
    }

    /// Returns the date of the image.
    pub fn date(&self) -> Timestamp {
        self.newest_commit().unwrap_or(Timestamp::EARLIEST)
    }

    /// The package manager of the builder, if it is known.
    pub(super) fn builder_manager(&self) -> Option<PackageManager> {
        builder_manager(&self.template, &self.builder.name.value)
    }

    /// Names and values of the build arguments that the Dockerfile declares.
    pub(super) fn hashed_build_args(&self) -> impl Iterator<Item = (&String, &String)> {
        self.build_args.iter().filter(|argument| argument.hashed).map(|argument| (&argument.name, &argument.value))
    }

    /// The one traversal of what decides the image, the Dockerfile (digest and length) last.
    pub(super) fn traverse(
        &self,
        (module, kernel): (&Module, &Kernel),
        builder: Option<&str>,
        dockerfile: (&Digest, usize),
        sink: &mut dyn Sink,
    ) {
        sink.line("kernel release", kernel.release.as_str());
        // One release is that of several architectures, and one tag would be that of all their images.
        if let (None, Some(architecture)) = (architecture_of(kernel.release.as_str()), kernel.architecture()) {
            sink.line("architecture", architecture);
        }
        sink.line("builder image", builder.unwrap_or("the kernel's Driver Toolkit, chosen by KMM in the cluster"));
        sink.line("runtime image", &self.runtime.to_string());
        if let Some(fetch) = &self.fetch {
            sink.line("fetch image", &fetch.to_string());
        }
        self.codes.iter().for_each(|code| code.traverse(sink));
        for (at, step) in self.steps.iter().enumerate() {
            sink.line(&format!("build step {}", at + 1), &describe(step));
        }
        sink.line("kmods", &self.kmods.iter().map(Kmod::to_string).collect::<Vec<_>>().join(" "));
        self.layout.traverse(sink);
        for (stage, packages) in [("", &self.packages), ("runtime ", &self.runtime_packages)] {
            let Some(StagePackages { rpm, deb, zypper, apk }) = packages else { continue };
            for (family, names) in [("rpm", rpm), ("deb", deb), ("zypper", zypper), ("apk", apk)] {
                sink.line(&format!("{stage}{family} packages"), &names.join(" "));
            }
        }
        self.repositories.iter().for_each(|repository| repository.traverse(sink));
        for (key, value) in &self.image_labels {
            sink.line(&format!("label {key}"), value);
        }
        if let Some(user) = &self.user {
            sink.line("user", user);
        }
        if self.lean {
            sink.line("image contract", "KMM 2");
        }
        for (name, value) in self.hashed_build_args() {
            sink.line(&format!("build argument {name}"), value);
        }
        if let Some(sign) = &module.objects.spec.sign {
            sink.line("signing key", sign.secret("keySecret").unwrap_or_default());
            sink.line("signing certificate", sign.secret("certSecret").unwrap_or_default());
            sink.line("signed files", &self.signed_files(module, kernel).join(" "));
            sink.line("signing generation", sign.generation.as_deref().unwrap_or("0"));
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

#[cfg(test)]
mod tests {
    use crate::testing::World;

    /// Returns the date in each Dockerfile.
    fn dates(world: &World) -> Vec<String> {
        let outputs = world.outputs();
        let dockerfiles = outputs.iter().filter(|output| output.path.file_name() == "Dockerfile");
        let lines = dockerfiles.flat_map(|output| output.text.lines());
        lines.filter_map(|line| line.trim().strip_prefix("KBUILD_BUILD_TIMESTAMP=")).map(str::to_owned).collect()
    }

    #[test]
    fn the_date_is_the_newest_commits() {
        let mut world = World::small()
            .with("  code: {", "  other: {git: https://example.com/other.git, ref: main}\n  code: {")
            .with("    source: code\n", "    source: [code, {source: other, when: {kernel: '.*rt'}}]\n");
        world.pin("https://example.com/other.git", "main", 'b');
        let of_none = "1980-01-01T00:00:00Z \\";
        assert_eq!(dates(&world), [of_none; 2]);
        world.pin_dated("https://example.com/other.git", "main", 'b', "2026-05-01T12:00:00Z");
        assert_eq!(dates(&world), [of_none, "2026-05-01T12:00:00Z \\"]);
        world.pin_dated("https://example.com/code.git", "main", 'a', "2020-05-01T12:00:00Z");
        assert_eq!(dates(&world), ["2020-05-01T12:00:00Z \\", "2026-05-01T12:00:00Z \\"]);
    }
}
