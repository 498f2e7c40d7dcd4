//! The canonical text of a lock.

use std::borrow::Cow;

use kmodgen_yaml::{Pair, Yaml};

use super::{FORM, Lock, Pins};
use crate::vocabulary::Digest;

const HEADER: &str = "# Written by `kmodgen lock` and `kmodgen update`. Commit it beside the manifest.\n";

impl Lock {
    /// The canonical text.
    pub fn write(&self) -> String {
        let pushed = self.pushed.iter().map(|(image, digest)| vec![text("image", image), image_digest(*digest)]);
        let mut fields = vec![
            ("version".into(), Yaml::verbatim(FORM)),
            ("templates".into(), Yaml::verbatim(self.templates.to_string())),
        ];
        fields.extend(pins(&self.shared, true));
        fields.extend(field("pushed", pushed));
        let groups = self.groups.iter().filter(|(_, own)| !own.is_empty());
        let groups: Vec<Pair<'_>> =
            groups.map(|(name, own)| (name.as_str().into(), Yaml::Map(pins(own, false)))).collect();
        if !groups.is_empty() {
            fields.push(("groups".into(), Yaml::Map(groups)));
        }
        format!("{HEADER}{}", kmodgen_yaml::emit(&Yaml::Map(fields)))
    }
}

/// Returns the fields of pins, with `sources` in any case if it is `whole`.
fn pins(pins: &Pins, whole: bool) -> Vec<Pair<'_>> {
    let sources = pins.commits.iter().map(|((url, reference), commit)| {
        let mut source =
            vec![text("git", url.as_str()), text("ref", reference.as_str()), text("commit", commit.id.as_str())];
        source.extend(commit.date.map(|date| text("date", date.to_string())));
        source
    });
    let files = pins.files.iter().map(|(url, sha256)| vec![text("url", url), text("sha256", sha256.to_string())]);
    let images = pins.images.entries().into_iter().map(|(image, digest, kernels)| {
        let mut pin = vec![text("image", image.to_string()), image_digest(digest)];
        if !kernels.is_empty() {
            let kernels = kernels.into_iter().map(|release| Yaml::text(release.as_str()));
            pin.push(("kernels".into(), Yaml::Seq(kernels.collect())));
        }
        pin
    });
    let sources = list(sources);
    let has_sources = whole || !is_empty(&sources);
    let mut fields: Vec<Pair<'_>> = has_sources.then(|| ("sources".into(), sources)).into_iter().collect();
    fields.extend(field("files", files));
    fields.extend(field("images", images));
    fields
}

/// Returns a field with a list, unless that is empty.
fn field<'v>(key: &'static str, items: impl Iterator<Item = Vec<Pair<'v>>>) -> Option<Pair<'v>> {
    let items = list(items);
    (!is_empty(&items)).then(|| (key.into(), items))
}

fn is_empty(list: &Yaml<'_>) -> bool {
    matches!(list, Yaml::Seq(items) if items.is_empty())
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
