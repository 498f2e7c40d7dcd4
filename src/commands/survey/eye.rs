//! Looking at files: a mapping's while its texts are at hand, and then a module's own.

use super::super::recall::Recall;
use crate::impact::Impact;
use crate::manifest::Manifest;
use crate::output;
use crate::plan::{self, Draft, Mapping, Past, Place, Plan, Visitor};
use crate::previous::{self, OldModule};
use crate::reconcile::{Inspector, Verdict};
use crate::tree::Inaccessible;

/// What is seen of a mapping while it is planned.
pub(super) enum Seen {
    Recalled(Place),
    Inspected(Result<Box<[Verdict; 2]>, Box<Inaccessible>>),
}

/// Looks at each mapping's files while its texts are at hand.
pub(super) struct Eye<'e> {
    pub(super) manifest: &'e Manifest,
    pub(super) inspector: &'e Inspector<'e>,
    pub(super) recall: Option<&'e Recall<'e>>,
}

/// What was seen of a module beside its mappings.
pub(super) struct ModuleSeen {
    /// Its files; none where it has no mapping.
    pub(super) own: Option<[Verdict; 2]>,
    /// Whether they and its mappings are what they were in the run before.
    pub(super) settled: bool,
    /// The length of its Module in bytes.
    pub(super) length: Option<usize>,
    /// What is there now, and what becomes of it; nothing where its Module is right.
    pub(super) old: Option<OldModule>,
    pub(super) impact: Option<Impact>,
}

impl Eye<'_> {
    /// Looks at the files of the module with this number in the plan.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(super) fn look_at(&self, plan: &Plan<'_>, at: usize) -> Result<ModuleSeen, Inaccessible> {
        let (module, mappings) = &plan.modules[at];
        let recalled = self.recall.filter(|_| plan.is_settled(at)).and_then(|recall| recall.files(module));
        if let Some((files, length)) = recalled {
            return Ok(ModuleSeen {
                own: Some(files.map(Verdict::Right)),
                settled: true,
                length: Some(length),
                old: None,
                impact: None,
            });
        }
        let mut length = None;
        let own = match output::of_module(module, mappings, self.manifest) {
            Some([object, list]) => {
                length = Some(object.text.len());
                let known = self.recall.map(|recall| recall.own_files(module)).unwrap_or_default();
                Some([self.inspector.inspect(object, known[0])?, self.inspector.inspect(list, known[1])?])
            }
            None => None,
        };
        if matches!(own, Some([Verdict::Right(_), _])) {
            return Ok(ModuleSeen { own, settled: false, length, old: None, impact: None });
        }
        let further =
            !module.kmm.others.is_empty() || previous::has_others(module.name.as_str(), &self.inspector.tree)?;
        let recall = self.recall.filter(|_| !further);
        let (old, impact) = match recall.and_then(|recall| recall.impact(module, mappings)) {
            Some((mut old, impact)) => {
                if !impact.unloads.is_empty() {
                    old.nodes = previous::nodes(module.name.as_str(), &self.inspector.tree)?;
                }
                (Some(old), impact)
            }
            None => {
                let old = previous::module(module.name.as_str(), &self.inspector.tree)?;
                let told = if module.has_objects() { mappings.as_slice() } else { &[] };
                let built = told.iter().map(|m| (m.kernel.release.as_str(), m.image_name()));
                let others = plan::prebuilt(self.manifest, module);
                let others = others.into_iter().map(|(kernel, image)| (kernel.release.as_str(), image));
                let images: Vec<(&str, String)> = built.chain(others).collect();
                let further = module.kmm.others.iter().filter(|_| module.has_objects());
                let further: Vec<&str> = further.map(|(name, _)| name.as_str()).collect();
                let impact = Impact::of(images, &further, old.as_ref());
                (old, impact)
            }
        };
        Ok(ModuleSeen { own, settled: false, length, old, impact: Some(impact) })
    }
}

impl Visitor for Eye<'_> {
    type Seen = Seen;

    fn visit(&self, mapping: &Mapping<'_>, draft: &Draft, place: Option<Place>) -> Seen {
        let [dockerfile, config_map] = output::of_mapping(mapping, draft, self.manifest);
        let known = place.zip(self.recall).and_then(|(place, recall)| recall.past.on_disk(place));
        let known = known.map_or([None; 2], |mapping| mapping.files.map(Some));
        let inspected = || {
            let dockerfile = self.inspector.inspect(dockerfile, known[0])?;
            Ok(Box::new([dockerfile, self.inspector.inspect(config_map, known[1])?]))
        };
        Seen::Inspected(inspected().map_err(Box::new))
    }

    fn past(&self) -> Option<&Past<'_>> {
        self.recall.map(|recall| &recall.past)
    }

    fn recall(&self, place: Place) -> Option<Seen> {
        Some(Seen::Recalled(place))
    }
}
