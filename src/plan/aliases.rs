//! Further tags of images, for tools that compute a tag from the kernel's release.

use std::collections::HashMap;

use crate::manifest::{Kernel, Module};
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, Span, check_tag, written_out};

/// Returns the further names of the image of a module on a kernel.
pub(super) fn aliases(module: &Module, kernel: &Kernel) -> impl Iterator<Item = ImageRef> {
    module.aliases.iter().map(|alias| module.image.tagged(written_out(&alias.value, kernel.release.as_str())))
}

/// Names that aliases of earlier modules and kernels have, each with the place of the alias and the kernel's release.
type Taken<'m> = HashMap<(&'m str, String), (Span, &'m str)>;

/// Notes the aliases that are no tags on one of the module's kernels, or that name two images.
pub(super) fn check<'m>(module: &'m Module, kernels: &[&'m Kernel], taken: &mut Taken<'m>, faults: &mut Diagnostics) {
    for alias in &module.aliases {
        for kernel in kernels {
            let release = kernel.release.as_str();
            let tag = written_out(&alias.value, release);
            if let Err(invalid) = check_tag(&tag) {
                let message =
                    format!("kernel `{release}` produces an alias that registries reject: {}", invalid.message);
                faults.push(
                    Diagnostic::error("alias", message)
                        .at(alias.span, "this alias")
                        .context(kernel.release.span, "this kernel")
                        .help("remove it, or use a separate module for this kernel"),
                );
                break;
            }
            let other = taken.insert((module.image.repository(), tag.clone()), (alias.span, release));
            if let Some((place, other)) = other {
                let message = format!("alias `{tag}` would be two images, for kernels `{other}` and `{release}`");
                let mut fault = Diagnostic::error("alias", message).at(alias.span, "this alias");
                if place != alias.span {
                    fault = fault.context(place, "and this one");
                }
                faults.push(fault.help("write the release into it: `${KERNEL_FULL_VERSION}`"));
                break;
            }
        }
    }
}
