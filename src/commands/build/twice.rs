//! `build --twice`: builds an image again without the layer cache, and compares both.

use std::fs::File;

use super::{Item, Run};
use crate::adapters::engine::{Ended, LayerCache};
use crate::adapters::oci;
use crate::adapters::ui::Line;

impl Run<'_> {
    /// Builds an image again, if the run does, and compares the result with the first one. The second image is
    /// removed.
    ///
    /// # Errors
    /// The first difference, or how the engine ended.
    pub(super) fn repeat(&self, item: Item<'_>, first: &str, log: &File, line: &Line) -> Result<(), Ended> {
        if !self.args.twice {
            return Ok(());
        }
        line.tell("builds again");
        let second = self.engine.build(&self.job(item)?, LayerCache::Unused, log, &self.cancel)?;
        if second == first {
            return Ok(());
        }
        line.tell("compares");
        let difference = oci::difference(self.engine.storage(), [first, &second]);
        self.engine.remove_unnamed(&second);
        match difference.map_err(|error| Ended::Refused(error.to_string()))? {
            Some(difference) => Err(Ended::NotReproduced(difference)),
            None => Ok(()),
        }
    }
}
