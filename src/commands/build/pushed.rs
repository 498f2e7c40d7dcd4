//! After an image was pushed: its digest for the lock, and its aliases.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Mutex, PoisonError};

use super::{Item, Run};
use crate::adapters::engine::Ended;
use crate::adapters::registry;
use crate::adapters::ui::Line;
use crate::commands::registry_lookup::registry_tls;
use crate::manifest::BuiltBy;
use crate::settings::Network;
use crate::vocabulary::{Digest, ImageRef};

/// Digests that images were pushed with, by image name.
#[derive(Debug, Default)]
pub(super) struct PushedDigests(Mutex<BTreeMap<String, Digest>>);

impl PushedDigests {
    fn insert(&self, image: String, digest: Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(image, digest);
    }

    pub(super) fn into_inner(self) -> BTreeMap<String, Digest> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run<'_> {
    /// Returns whether an image has to be verified before its module names it.
    pub(super) fn must_verify(&self, item: Item<'_>) -> bool {
        self.args.verify || (self.args.push && item.mapping.module.built_by == BuiltBy::Ci)
    }

    /// Notes the digest of an image that nodes pull by digest, and moves its aliases to it. An image that its registry
    /// had before this run, under the digest `found`, is verified first, unless the lock has the digest.
    pub(super) fn settle(&self, item: Item<'_>, found: Option<Digest>, log: &File, line: &Line) -> Result<(), Ended> {
        let Item { project, mapping, .. } = item;
        if Network::from(&self.args.network).offline {
            return Ok(());
        }
        let image = mapping.image();
        let is_by_ci = mapping.module.built_by == BuiltBy::Ci;
        let aliases: Vec<ImageRef> = mapping.aliases().collect();
        if !is_by_ci && aliases.is_empty() {
            return Ok(());
        }
        let digest = match found {
            Some(digest) => digest,
            None => self
                .digest(item, &image)?
                .ok_or_else(|| Ended::Refused(format!("the registry does not have {image} after the push")))?,
        };
        let name = image.to_string();
        let mut stale = Vec::new();
        for alias in aliases {
            if self.digest(item, &alias)? != Some(digest) {
                stale.push(alias.to_string());
            }
        }
        let is_unknown = is_by_ci && found.is_some() && project.lock.pushed(&name) != found;
        let tls_verify = registry_tls(mapping.module).verifies();
        if is_unknown || (found.is_some() && !stale.is_empty()) {
            line.tell("pulls");
            self.engine.pull(&name, tls_verify, log, &self.cancel)?;
        }
        if is_unknown {
            self.verify(&name, item, line)?;
        }
        for alias in stale {
            line.tell("pushes aliases");
            self.engine.tag(&name, &alias)?;
            self.engine.push(&alias, tls_verify, log, &self.cancel)?;
        }
        if is_by_ci {
            self.pushed.insert(name, digest);
        }
        Ok(())
    }

    fn digest(&self, item: Item<'_>, image: &ImageRef) -> Result<Option<Digest>, Ended> {
        let timeout = Network::from(&self.args.network).timeout;
        registry::digest(image, registry_tls(item.mapping.module), timeout)
            .map_err(|error| Ended::Refused(format!("{image}: {error}")))
    }
}
