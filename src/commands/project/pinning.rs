//! Pins of a project: completing the lock and writing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::anyhow;

use super::Project;
use crate::adapters::fs;
use crate::lock::{self, Pins};
use crate::manifest::{Manifest, Pinnable};
use crate::settings::Network;
use crate::vocabulary::{Diagnostics, PinGroup};

/// Returns the items of manifests that the lock pins, for each group.
fn by_group(manifests: &[Arc<Manifest>]) -> BTreeMap<Option<&PinGroup>, Pinnable<'_>> {
    let mut groups: BTreeMap<Option<&PinGroup>, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        groups.entry(manifest.pins.as_ref()).or_default().push(manifest);
    }
    groups.into_iter().map(|(group, manifests)| (group, Pinnable::of(manifests))).collect()
}

impl Project {
    /// Pins what is not pinned, as far as `network` lets it.
    pub(in crate::commands) fn complete_lock(&mut self, network: Network) -> anyhow::Result<()> {
        if network.locked {
            if self.lock_text.is_none() && self.missing().is_empty() {
                let name = self.folder.join(lock::FILE_NAME);
                return Err(anyhow!(
                    "there is no `{}`, which --locked, --check and publish require: run `kmodgen lock`",
                    name.display()
                ));
            }
            let flag = if network.offline { "--offline" } else { "--locked" };
            return self.require_lock(&format!("run `kmodgen lock` without {flag}"));
        }
        // One that asks pins what every cluster needs, so that the lock is complete afterwards. New groups need no answer.
        let has_groups = self.all.iter().any(|manifest| manifest.pins.is_some());
        let all = if network.offline && !has_groups { vec![self.manifest.clone()] } else { self.all.clone() };
        let mut faults = Diagnostics::default();
        let mut known = None;
        for (group, items) in by_group(&all) {
            let missing = self.lock.pins(group).missing(items);
            if missing.is_empty() {
                continue;
            }
            // A group starts with the pins of all other clusters.
            let known = known.get_or_insert_with(|| self.lock.pins(None).clone());
            self.lock.pin(group, &known.select(&missing));
            let missing = known.missing(missing);
            if missing.is_empty() {
                continue;
            }
            if network.offline {
                if group == self.manifest.pins.as_ref() {
                    self.require_lock("run `kmodgen lock` without --offline")?;
                }
                continue;
            }
            let found = self.resolve(&missing, network, &mut faults);
            self.lock.pin(group, &found);
            known.take(&found);
        }
        self.report(faults)
    }

    /// Fails if the lock lacks a pin for this cluster, with the advice that messages give.
    pub(in crate::commands) fn require_lock(&self, advice: &str) -> anyhow::Result<()> {
        let mut faults = Diagnostics::default();
        faults.extend(lock::not_pinned(&self.missing(), advice));
        self.report(faults)
    }

    /// Returns the items of this cluster that the lock does not pin.
    fn missing(&self) -> Pinnable<'_> {
        self.pins().missing(Pinnable::of([&*self.manifest]))
    }

    /// Returns the pins of this cluster.
    pub(in crate::commands) fn pins(&self) -> &Pins {
        self.lock.pins(self.manifest.pins.as_ref())
    }

    /// Drops from the lock what no cluster asks for.
    pub(in crate::commands) fn tidy_lock(&mut self) {
        self.lock.retain_used(&by_group(&self.all));
    }

    /// Writes the lock where it differs from the one on disk; says whether it did.
    pub(in crate::commands) fn save_lock(&self) -> anyhow::Result<bool> {
        let text = self.lock.write();
        let path = self.folder.join(lock::FILE_NAME);
        if self.has_saved(&text) {
            fs::tidy_file(&path);
            return Ok(false);
        }
        fs::write_file(&path, &text)?;
        Ok(true)
    }

    /// Takes the lock of the same manifest for another cluster, which is on disk if it was `saved`.
    pub(in crate::commands) fn take_lock(&mut self, other: &Self, saved: bool) {
        self.lock = other.lock.clone();
        if saved {
            self.lock_text = Some(other.lock.write());
        }
    }
}
