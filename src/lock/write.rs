//! The canonical text of a lock.

use std::borrow::Cow;

use kmodgen_yaml::{Pair, Yaml};

use super::{FORM, Lock};
use crate::vocabulary::Digest;

const HEADER: &str = "# Written by `kmodgen lock` and `kmodgen update`. Commit it beside the manifest.\n";

impl Lock {
    /// The canonical text.
    pub fn write(&self) -> String {
        let sources = self.commits.iter().map(|((url, reference), commit)| {
            let mut source =
                vec![text("git", url.as_str()), text("ref", reference.as_str()), text("commit", commit.id.as_str())];
            source.extend(commit.date.map(|date| text("date", date.to_string())));
            source
        });
        let files = self.files.iter().map(|(url, sha256)| vec![text("url", url), text("sha256", sha256.to_string())]);
        let images = self.images.entries().into_iter().map(|(image, digest, kernels)| {
            let mut pin = vec![text("image", image.to_string()), image_digest(digest)];
            if !kernels.is_empty() {
                let kernels = kernels.into_iter().map(|release| Yaml::text(release.as_str()));
                pin.push(("kernels".into(), Yaml::Seq(kernels.collect())));
            }
            pin
        });
        let pushed = self.pushed.iter().map(|(image, digest)| vec![text("image", image), image_digest(*digest)]);
        let mut fields = vec![
            ("version".into(), Yaml::verbatim(FORM)),
            ("templates".into(), Yaml::verbatim(self.templates.to_string())),
            ("sources".into(), list(sources)),
        ];
        for (key, items) in [("files", list(files)), ("images", list(images)), ("pushed", list(pushed))] {
            if !matches!(&items, Yaml::Seq(items) if items.is_empty()) {
                fields.push((key.into(), items));
            }
        }
        format!("{HEADER}{}", kmodgen_yaml::emit(&Yaml::Map(fields)))
    }
}

fn list<'v>(items: impl Iterator<Item = Vec<Pair<'v>>>) -> Yaml<'v> {
    Yaml::Seq(items.map(Yaml::Map).collect())
}

fn text<'v>(key: &'static str, value: impl Into<Cow<'v, str>>) -> Pair<'v> {
    (key.into(), Yaml::text(value))
}

fn image_digest<'v>(digest: Digest) -> Pair<'v> {
    text("digest", format!("sha256:{digest}"))
}
