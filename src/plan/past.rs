//! What the run before made of a manifest's mappings, as far as its files are as it left them.

use std::collections::HashMap;

use crate::manifest::{Manifest, Module};
use crate::record::{Identity, KernelKey, Key, MappingRecord, ModuleOutcomes, ModuleRecord, Outcomes, Record};

/// A run before, in the light of the manifest as it is now.
pub struct Past<'r> {
    record: &'r Record,
    outcomes: &'r Outcomes,
    /// Of each module of the record, of each mapping: whether both of its files are as they were.
    intact: &'r [Vec<bool>],
    /// Whether the manifest's text is the same, so that modules and conditions are.
    same_manifest: bool,
    /// What of each kernel of the manifest decides its mappings.
    pub(super) keys: &'r [KernelKey],
    /// Each kernel of the manifest that the record has.
    kernels: Vec<Option<PastKernel>>,
    /// Each module of the record: its number, and where its mapping on each release is.
    modules: HashMap<&'r str, (usize, Vec<Option<u32>>)>,
}

/// A kernel that the record has.
struct PastKernel {
    /// Its number among the record's releases.
    release: usize,
    /// Whether everything that the manifest says of it is the same but its Driver Toolkit.
    same_traits: bool,
    /// Whether that is, too.
    same: bool,
}

/// A mapping of the record that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number of its module.
    pub module: usize,
    /// Its number among the module's.
    pub mapping: usize,
}

impl<'r> Past<'r> {
    /// That of a record; `intact` says of each of its mappings whether both of its files are as they
    /// were, `same_manifest` whether the manifest's text is, and `keys` are those of its kernels.
    pub fn new(
        (record, outcomes): (&'r Record, &'r Outcomes),
        intact: &'r [Vec<bool>],
        same_manifest: bool,
        manifest: &Manifest,
        keys: &'r [KernelKey],
    ) -> Self {
        let numbered = record.releases.iter().enumerate();
        let numbers: HashMap<&str, usize> = numbered.map(|(at, release)| (release.as_str(), at)).collect();
        let kernels = manifest.kernels.iter().zip(keys).enumerate().map(|(at, (kernel, key))| {
            // One release may be that of several kernels, which are where they were as long as none is added.
            let own = kernel.release.as_str();
            let is_here = record.releases.get(at).is_some_and(|release| release == own);
            let release = if is_here { at } else { *numbers.get(own)? };
            let before = outcomes.kernels.get(release)?;
            Some(PastKernel { release, same_traits: before.traits == key.traits, same: before == key })
        });
        let kernels = kernels.collect();
        let modules = record.modules.iter().enumerate().map(|(number, module)| {
            let mut places = vec![None; record.releases.len()];
            for (at, mapping) in (0..).zip(module.mappings.iter()) {
                if let Some(place) = places.get_mut(mapping.release as usize) {
                    *place = Some(at);
                }
            }
            (module.name.as_str(), (number, places))
        });
        Self { record, outcomes, intact, same_manifest, keys, kernels, modules: modules.collect() }
    }

    /// What is known of a module's mappings.
    pub fn module(&self, module: &Module) -> Option<PastModule<'_>> {
        // Of images that somebody else builds, or that nobody is told of, a record knows too little.
        let (number, places) = self.modules.get(module.name.as_str()).filter(|_| module.is_built())?;
        let (record, outcomes) = (self.record.modules.get(*number)?, self.outcomes.modules.get(*number)?);
        let intact = self.intact.get(*number)?;
        let count = record.mappings.len();
        let are_known = record.mappings.is_whole() && outcomes.mappings.is_whole();
        (are_known && count == outcomes.mappings.len() && count == intact.len()).then_some(PastModule {
            past: self,
            number: *number,
            places,
            record,
            outcomes,
            intact,
        })
    }

    /// What a mapping came to.
    pub(super) fn identity(&self, place: Place) -> Option<Identity> {
        Some(self.outcomes.modules.get(place.module)?.mappings.get(place.mapping)?.identity)
    }

    /// A mapping as it was on disk.
    pub fn on_disk(&self, place: Place) -> Option<MappingRecord> {
        self.record.modules.get(place.module)?.mappings.get(place.mapping)
    }
}

/// A module of a run before.
#[derive(Clone, Copy)]
pub struct PastModule<'p> {
    past: &'p Past<'p>,
    /// Its number in the record.
    pub number: usize,
    places: &'p [Option<u32>],
    /// How it was on disk.
    pub record: &'p ModuleRecord,
    /// What it came to.
    pub outcomes: &'p ModuleOutcomes,
    intact: &'p [bool],
}

impl PastModule<'_> {
    /// The number of its mapping on the kernel with this number in the manifest.
    pub fn mapping(&self, kernel: usize) -> Option<usize> {
        let release = self.kernel(kernel)?.release;
        self.places.get(release).copied().flatten().map(|at| at as usize)
    }

    fn kernel(&self, number: usize) -> Option<&PastKernel> {
        self.past.kernels.get(number)?.as_ref()
    }

    /// Whether nothing that the manifest says of it and of the kernel with this number changed, but the
    /// kernel's Driver Toolkit: what was asked of the one about the other has the same answer.
    pub fn knows(&self, kernel: usize) -> bool {
        self.past.same_manifest && self.kernel(kernel).is_some_and(|kernel| kernel.same_traits)
    }

    /// The group of a mapping.
    pub fn group(&self, mapping: usize) -> Option<usize> {
        self.outcomes.mappings.get(mapping).map(|outcome| outcome.group as usize)
    }

    /// The place of the mapping on a kernel, where both of its files are as they were.
    pub fn intact(&self, kernel: usize) -> Option<Place> {
        let mapping = self.mapping(kernel)?;
        self.intact[mapping].then_some(Place { module: self.number, mapping })
    }

    /// Whether a mapping on a kernel is what it was: its group and kernel are the same.
    pub fn is_same(&self, place: Place, kernel: usize, group: &Key) -> bool {
        let same_kernel = self.kernel(kernel).is_some_and(|kernel| kernel.same);
        same_kernel && self.group(place.mapping).and_then(|at| self.outcomes.groups.get(at)) == Some(group)
    }

    /// Whether the manifest's text is what it was.
    pub(super) fn has_same_manifest(&self) -> bool {
        self.past.same_manifest
    }

    /// Whether `places` are those of all its mappings, in their order.
    pub(super) fn is_all_of(&self, places: impl ExactSizeIterator<Item = Option<Place>>) -> bool {
        places.len() == self.record.mappings.len()
            && places.enumerate().all(|(at, place)| place.is_some_and(|place| place.mapping == at))
    }

    /// The release of a mapping.
    pub fn release(&self, mapping: &MappingRecord) -> Option<&str> {
        self.past.record.releases.get(mapping.release as usize).map(String::as_str)
    }
}
