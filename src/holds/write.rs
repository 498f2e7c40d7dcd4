//! The canonical text of holds.

use std::borrow::Cow;

use kmodgen_yaml::{Pair, Yaml};

use super::{Hold, Holds};

const HEADER: &str = "# Modules that stay as they were in a commit. `kmodgen hold` writes this file; commit it beside the \
                      manifest.\n";

impl Holds {
    /// Returns the canonical text.
    pub fn write(&self) -> String {
        let holds = self.iter().map(|Hold { module, cluster, at, reason, until }| {
            let mut fields = vec![text("module", module.as_str())];
            fields.extend(cluster.as_ref().map(|cluster| text("cluster", cluster.as_str())));
            fields.extend([text("at", at.as_str()), text("reason", reason), text("until", until.to_string())]);
            Yaml::Map(fields)
        });
        let holds = Yaml::Map(vec![("holds".into(), Yaml::Seq(holds.collect()))]);
        format!("{HEADER}{}", kmodgen_yaml::emit(&holds))
    }
}

fn text<'v>(key: &'static str, value: impl Into<Cow<'v, str>>) -> Pair<'v> {
    (key.into(), Yaml::text(value))
}
