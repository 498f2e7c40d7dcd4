//! Reads holds, which people may have edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use kmodgen_yaml::Node;

use super::{ClusterModule, FILE_NAME, Hold, Holds};
use crate::manifest::Manifest;
use crate::manifest::decode::{self, Fields};
use crate::manifest::schema::{Field, Record, Shape};
use crate::vocabulary::{
    ClusterName, Date, Diagnostic, Diagnostics, GitOid, InputError, InputFiles, ModuleName, RelPath, SourceId,
    SourceMap, Span, Spanned, nearest,
};

/// Largest text that is read, in bytes: that of ten thousand holds.
const LARGEST: usize = 4 << 20;

static HOLDS: Record = Record {
    name: "a file of holds",
    fields: &[Field { key: "holds", takes: Shape::List(&Shape::Record(&HOLD)), says: "the holds" }],
};

static HOLD: Record = Record {
    name: "a hold",
    fields: &[
        Field { key: "module", takes: Shape::Text, says: "the module" },
        Field { key: "cluster", takes: Shape::Text, says: "the cluster, if the manifest has clusters" },
        Field { key: "at", takes: Shape::Text, says: "the full ID of the commit" },
        Field { key: "reason", takes: Shape::Text, says: "the reason" },
        Field { key: "until", takes: Shape::Text, says: "the last day of the hold" },
    ],
};

/// Holds with their places in the file.
#[derive(Debug, Default)]
pub struct PlacedHolds(Vec<PlacedHold>);

#[derive(Debug)]
struct PlacedHold {
    hold: Hold,
    module: Span,
    cluster: Option<Span>,
}

impl PlacedHolds {
    /// Reads the holds beside a manifest; none if there is no such file or if anything is wrong, which `faults` then
    /// says. `name` is the file's name in messages.
    pub fn beside(files: &dyn InputFiles, name: &str, sources: &mut SourceMap, faults: &mut Diagnostics) -> Self {
        let Ok(path) = RelPath::parse(FILE_NAME) else { return Self::default() };
        let text = match files.read(&path) {
            Ok(bytes) => String::from_utf8(bytes.to_vec()).map_err(|_| "it is not UTF-8 text".to_owned()),
            Err(InputError::Absent) => return Self::default(),
            Err(InputError::Unreadable(why)) => Err(why),
        };
        match text {
            Ok(text) => Self::read(sources.add(name, text.as_str()), &text, faults).unwrap_or_default(),
            Err(why) => {
                let place = Span::new(sources.add(name, ""), 0, 0);
                faults.push(Diagnostic::error("holds", format!("cannot read `{name}`: {why}")).at(place, ""));
                Self::default()
            }
        }
    }

    /// Reads the text of holds.
    ///
    /// # Errors
    /// `None` if anything is wrong; `faults` then says what.
    pub fn read(source: SourceId, text: &str, faults: &mut Diagnostics) -> Option<Self> {
        let top = Span::new(source, 0, 0);
        if text.len() > LARGEST {
            let message = format!("the file has {} bytes; at most {LARGEST} are allowed", text.len());
            faults.push(Diagnostic::error("holds", message).at(top, ""));
            return None;
        }
        let mut own = Diagnostics::default();
        let holds = match kmodgen_yaml::read(source, text) {
            Ok(Some(node)) => decode_all(&node, &mut own),
            Ok(None) => Some(Self::default()),
            Err(errors) => {
                own.extend(errors);
                None
            }
        };
        let fine = !own.has_errors();
        faults.extend(own.into_sorted());
        holds.filter(|_| fine)
    }

    /// Returns the holds without their places.
    pub fn into_holds(self) -> Holds {
        let mut holds = Holds::default();
        self.0.into_iter().for_each(|placed| holds.insert(placed.hold));
        holds
    }

    /// Reports modules and clusters that none of the manifests has: one for each cluster, or the only one.
    pub fn check(&self, manifests: &[Arc<Manifest>], faults: &mut Diagnostics) {
        let clusters: Vec<&ClusterName> = manifests.iter().filter_map(|manifest| manifest.cluster.as_ref()).collect();
        for PlacedHold { hold, module, cluster } in &self.0 {
            let of_cluster = manifests.iter().find(|manifest| manifest.cluster == hold.cluster);
            let Some(manifest) = of_cluster else {
                faults.push(unknown_cluster(hold, cluster.unwrap_or(*module), &clusters));
                continue;
            };
            let modules = manifest.modules.iter().map(|module| module.name.as_str());
            if modules.clone().any(|name| name == hold.module.as_str()) {
                continue;
            }
            let message = format!("the manifest has no module `{}`", hold.module);
            let release = format!("to remove the hold, run `{}`", hold.release_command());
            let help = match nearest(hold.module.as_str(), modules) {
                Some(near) => format!("did you mean `{near}`? {release}"),
                None => release,
            };
            faults.push(Diagnostic::error("unknown-module", message).at(*module, "").help(help));
        }
    }
}

fn unknown_cluster(hold: &Hold, place: Span, clusters: &[&ClusterName]) -> Diagnostic {
    let names = clusters.iter().map(|name| name.as_str());
    let (message, help) = match &hold.cluster {
        None => {
            ("a hold has no `cluster`, but the manifest has clusters".to_owned(), "write the name of a cluster".into())
        }
        Some(name) if clusters.is_empty() => (
            format!("the manifest has no cluster `{name}`"),
            "remove `cluster`: the manifest has no clusters".to_owned(),
        ),
        Some(name) => {
            let near = nearest(name.as_str(), names).map(|near| format!("did you mean `{near}`? "));
            let help = format!("{}to remove the hold, run `{}`", near.unwrap_or_default(), hold.release_command());
            (format!("the manifest has no cluster `{name}`"), help)
        }
    };
    Diagnostic::error("unknown-cluster", message).at(place, "").help(help)
}

fn decode_all(node: &Arc<Node>, faults: &mut Diagnostics) -> Option<PlacedHolds> {
    let mut fields = Fields::open(&HOLDS, node, faults)?;
    let items = fields.need("holds", "write `holds: []`, or delete the file", faults);
    let items = items.map(|node| decode::items(node, "`holds`", faults)).unwrap_or_default();
    let mut holds = Vec::new();
    let mut first: BTreeMap<ClusterModule, Span> = BTreeMap::new();
    for item in items {
        let Some(placed) = decode_hold(item, faults) else { continue };
        let key = (placed.hold.module.clone(), placed.hold.cluster.clone());
        if let Some(earlier) = first.get(&key) {
            let message = format!("module `{}` is held twice", placed.hold.module);
            let fault =
                Diagnostic::error("repeated-hold", message).at(placed.module, "").context(*earlier, "first here");
            faults.push(fault.help("remove one of them"));
            continue;
        }
        first.insert(key, placed.module);
        holds.push(placed);
    }
    fields.finish(faults);
    Some(PlacedHolds(holds))
}

fn decode_hold(node: &Arc<Node>, faults: &mut Diagnostics) -> Option<PlacedHold> {
    let mut fields = Fields::open(&HOLD, node, faults)?;
    let module = fields.need("module", "write the name of a module", faults);
    let module = module.and_then(|node| decode::text(node, "`module`", faults, ModuleName::parse));
    let cluster = fields.take("cluster", faults);
    let is_in_cluster = cluster.is_some();
    let cluster = cluster.and_then(|node| decode::text(node, "`cluster`", faults, ClusterName::parse));
    let at = fields.need("at", "write the full ID of a commit", faults);
    let at = at.and_then(|node| decode::text(node, "`at`", faults, GitOid::parse));
    let reason = fields.need("reason", "write why the module is held", faults);
    let reason = reason.and_then(|node| decode::text(node, "`reason`", faults, Hold::check_reason));
    let until = fields.need("until", "write a day such as `2026-05-01`", faults);
    let until = until.and_then(|node| decode::text(node, "`until`", faults, Date::parse));
    fields.finish(faults);
    let (module, at, reason, until) = (module?, at?, reason?, until?);
    if is_in_cluster && cluster.is_none() {
        return None;
    }
    let places = (module.span, cluster.as_ref().map(|cluster: &Spanned<ClusterName>| cluster.span));
    let hold = Hold {
        module: module.value,
        cluster: cluster.map(|cluster| cluster.value),
        at: at.value,
        reason: reason.value,
        until: until.value,
    };
    Some(PlacedHold { hold, module: places.0, cluster: places.1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Holds, Vec<String>> {
        let mut faults = Diagnostics::default();
        let source = SourceMap::default().add(FILE_NAME, text);
        let holds = PlacedHolds::read(source, text, &mut faults);
        let told = faults.into_sorted().into_iter().map(|fault| fault.message).collect();
        holds.map(PlacedHolds::into_holds).ok_or(told)
    }

    fn entry(fields: &[(&str, &str)]) -> String {
        let at = "a".repeat(40);
        let mut all = BTreeMap::from([("module", "a"), ("at", &at), ("reason", "x"), ("until", "2026-05-01")]);
        all.extend(fields.iter().copied());
        let fields = all.iter().map(|(key, value)| format!("{key}: {value}"));
        format!("  - {{{}}}\n", fields.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = format!(
            "holds:\n{}{}{}",
            entry(&[("module", "b"), ("reason", "'panics: see #12, \"x\"'")]),
            entry(&[("cluster", "west")]),
            entry(&[("cluster", "east"), ("until", "9999-12-31")]),
        );
        let holds = read(&text).unwrap();
        assert_eq!(read(&holds.write()).unwrap(), holds);
        assert_snapshot!(holds.write());
        for empty in ["", "# only a comment\n", "holds: []\n"] {
            assert!(read(empty).unwrap().is_empty(), "{empty}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let text = format!(
            "hold: []\nholds:\n{}{}{}{}  - x\n",
            entry(&[("at", "abcdef1"), ("module", "A_b")]),
            entry(&[("reason", "\"a\\e[31m\""), ("until", "tomorrow"), ("because", "x")]),
            entry(&[]),
            entry(&[]),
        );
        assert_eq!(read(&text).unwrap_err().len(), 8);
        assert_snapshot!(read(&text).unwrap_err().join("\n"));
    }

    #[test]
    fn hostile_files_are_refused() {
        for (text, said) in [
            (" ".repeat(LARGEST + 1), "at most 4194304 are allowed"),
            (format!("holds: {}{}", "[".repeat(100), "]".repeat(100)), "64"),
            ("holds: &a [*a]\n".to_owned(), "alias"),
            ("[]".to_owned(), "expected"),
            ("holds: {}\n".to_owned(), "expected a list"),
            (format!("holds:\n{}", entry(&[("reason", &"x".repeat(501))])), "more than 500 characters"),
            (format!("holds:\n{}", entry(&[("reason", "' '")])), "the reason is empty"),
        ] {
            let faults = read(&text).unwrap_err();
            assert!(faults.iter().any(|fault| fault.contains(said)), "{said}: {faults:?}");
        }
    }
}
