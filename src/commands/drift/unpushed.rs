//! Modules whose nodes could not pull their images.

use crate::impact::Refusal;
use crate::lock::{FILE_NAME, Lock};
use crate::manifest::BuiltBy;
use crate::plan::Plan;

/// Returns a refusal for each module whose `builtBy` is `ci` and some of whose images were not pushed.
pub(super) fn unpushed(plan: &Plan<'_>, lock: &Lock) -> Vec<Refusal> {
    let by_ci = plan.modules.iter().filter(|(module, _)| module.built_by == BuiltBy::Ci && module.has_objects());
    let refusals = by_ci.filter_map(|(module, mappings)| {
        let mut unpushed = mappings.iter().filter(|mapping| lock.pushed(&mapping.image_name()).is_none());
        let first = unpushed.next()?.kernel.release.as_str();
        let why = match 1 + unpushed.count() {
            1 => format!("the image for {first} is not pushed"),
            count => format!("{count} of {} images are not pushed, for example the one for {first}", mappings.len()),
        };
        let help = format!("run `kmodgen build --push`, which writes their digests to {FILE_NAME}");
        Some(Refusal { module: module.name.to_string(), why, help })
    });
    refusals.collect()
}
