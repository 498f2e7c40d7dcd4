//! Images that are another one on another machine.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::written::Written;
use super::{Finding, grouped};
use crate::manifest::base_images::{BaseImages, Builder};
use crate::manifest::cluster::CLUSTER;
use crate::manifest::module::MODULE;
use crate::manifest::recipe::OVERRIDE;
use crate::manifest::schema::Record;
use crate::manifest::version::VERSION;
use crate::manifest::{Kernel, Manifest};
use crate::vocabulary::{Diagnostic, Span, with_registry};

/// The keys of all fields that are images.
const IMAGE_KEYS: [&str; 6] = ["builder", "runtime", "fetch", "image", "prebuilt", "unsignedImage"];

/// An image, and where it is written.
struct Image {
    key: &'static str,
    text: String,
    span: Span,
    /// Record that it is written in; `None` for one of a kernel.
    record: Option<&'static Record>,
}

impl Image {
    fn is_in(&self, records: &[&'static Record]) -> bool {
        self.record.is_some_and(|record| records.iter().any(|other| std::ptr::eq(record, *other)))
    }
}

/// The base of nothing at all, which is no image.
const SCRATCH: &str = "scratch";

/// Notes the images that docker, podman, buildah and nodes look for in different registries.
pub(super) fn without_registry(written: &[Written<'_>], all: &[Arc<Manifest>]) -> Option<Diagnostic> {
    let clusters: Vec<&Written<'_>> = written.iter().filter(|one| std::ptr::eq(one.record, &CLUSTER)).collect();
    let is_moved = !clusters.is_empty() && clusters.iter().all(|cluster| cluster.node.get("image").is_some());
    let findings = images(written, all).into_iter().filter_map(|image| {
        if is_moved && image.is_in(&[&MODULE, &VERSION, &OVERRIDE]) {
            return None;
        }
        let Image { key, text, span, .. } = &image;
        let whole = if image.is_in(&[&CLUSTER]) {
            with_registry(&format!("{text}/x"))?.trim_end_matches("/x").to_owned()
        } else {
            with_registry(text)?
        };
        if all.iter().all(|manifest| with_registry(&manifest.mirrors.image(text)).is_none()) {
            return None;
        }
        Some(Finding {
            span: *span,
            message: format!("the image `{text}` has no registry: docker, podman and nodes may use different ones"),
            label: String::new(),
            help: format!("write `{key}: {whole}` for Docker Hub, or add another registry"),
        })
    });
    let several = "images have no registry: docker, podman and nodes may use different ones";
    grouped("no-registry", several, findings.collect())
}

/// Lists the images in the order in which they are written, each place once.
fn images(written: &[Written<'_>], all: &[Arc<Manifest>]) -> Vec<Image> {
    let mut images: Vec<Image> = written.iter().flat_map(of_record).collect();
    let kernels = all.iter().flat_map(|manifest| &manifest.kernels).filter(|kernel| !kernel.base_images.is_empty());
    images.extend(kernels.flat_map(of_kernel));
    let mut seen = BTreeSet::new();
    images.retain(|image| seen.insert(image.span));
    images.sort_by_key(|image| image.span);
    images
}

fn of_record(one: &Written<'_>) -> Vec<Image> {
    let mut images = Vec::new();
    for key in IMAGE_KEYS.into_iter().filter(|key| one.record.field(key).is_some()) {
        if let Some((text, node)) = one.text(key).filter(|(text, _)| !["dtk", SCRATCH].contains(text)) {
            images.push(Image { key, text: text.to_owned(), span: node.span, record: Some(one.record) });
        }
    }
    images
}

fn of_kernel(kernel: &Kernel) -> impl Iterator<Item = Image> + use<> {
    let BaseImages { builder, runtime, fetch } = &kernel.base_images;
    let builder = builder.as_ref().and_then(|builder| match &builder.name.value {
        Builder::Dtk => None,
        Builder::Image(text) => Some(("builder", text.clone(), builder.name.span)),
    });
    let others = [("runtime", runtime), ("fetch", fetch)];
    let others = others.map(|(key, image)| image.as_ref().map(|image| (key, image.name.to_string(), image.name.span)));
    let given = builder.into_iter().chain(others.into_iter().flatten());
    given.map(|(key, text, span)| Image { key, text, span, record: None })
}
