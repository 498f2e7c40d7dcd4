//! Modules whose images somebody else builds.

use crate::manifest::variables;
use crate::manifest::{Circumstances, Kernel, Manifest, Module};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef};

/// The kernels of a module whose images are not built here, in the manifest's order, and the image of
/// each, its release written out; none of any other module.
pub fn prebuilt<'m>(manifest: &'m Manifest, module: &'m Module) -> Vec<(&'m Kernel, String)> {
    if !module.is_prebuilt() {
        return Vec::new();
    }
    let kernels = manifest.kernels.iter().filter(|kernel| module.kernels.selects(kernel));
    kernels.filter_map(|kernel| Some((kernel, image(module, kernel)?))).collect()
}

fn image(module: &Module, kernel: &Kernel) -> Option<String> {
    let prebuilt = module.recipe_on(&Circumstances::of(kernel)).prebuilt?;
    Some(variables::written_out(&prebuilt.value, kernel.release.normalised()))
}

/// Notes kernels of a module that have no image, or none with a legal name. A module whose only image is its
/// `fallback` has no image for a kernel of its own.
pub(super) fn check(module: &Module, kernels: &[&Kernel], faults: &mut Diagnostics) {
    for kernel in kernels {
        let fault = match image(module, kernel) {
            None if module.falls_back() && !module.names_images() => continue,
            None => format!("this module has no image for kernel `{}`", kernel.release.value),
            Some(image) => match ImageRef::parse(&image) {
                Ok(_) => continue,
                Err(invalid) => invalid.message,
            },
        };
        faults.push(
            Diagnostic::error("no-image", fault)
                .at(module.name.span, "this module")
                .context(kernel.release.span, "this kernel")
                .help("write `prebuilt: REPOSITORY:${KERNEL_FULL_VERSION}`"),
        );
    }
}
