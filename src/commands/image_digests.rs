//! Digests of images, from their registries.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::adapters::registry::{self, Tls};
use crate::manifest::TagUse;
use crate::parallel::in_parts;
use crate::vocabulary::{Diagnostic, Diagnostics, Digest, ImageRef};

/// Number of requests at a time.
const REQUESTS: usize = 8;

/// Asks the registries of images for their digests, each once. Images without one are noted in `faults`.
pub(super) fn image_digests(
    tags: &BTreeMap<ImageRef, TagUse<'_>>,
    timeout: Duration,
    faults: &mut Diagnostics,
) -> Vec<(ImageRef, Digest)> {
    let answers = in_parts(tags.iter().collect(), REQUESTS, |(image, used)| {
        match registry::digest(image, Tls::of(used.tls_flags), timeout) {
            Ok(Some(digest)) => Ok((image.clone(), digest)),
            Ok(None) => Err(unresolved(image, used, "its registry does not have the image")),
            Err(why) => Err(unresolved(image, used, &why.to_string())),
        }
    });
    let mut digests = Vec::new();
    for answer in answers {
        match answer {
            Ok(digest) => digests.push(digest),
            Err(fault) => faults.push(fault),
        }
    }
    digests
}

fn unresolved(image: &ImageRef, used: &TagUse<'_>, why: &str) -> Diagnostic {
    Diagnostic::error("unresolved-image", format!("cannot pin `{image}`: {why}")).at(used.place, "").help(format!(
        "write its digest, as `{image}@sha256:…`, or write `pin: false` beside it to use the tag without a digest"
    ))
}
