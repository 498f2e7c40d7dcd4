//! The text of a list, item by item: what is added to each, which go, and where new ones stand.

use kmodgen_yaml::{Node, inline};

use super::counts::{Recount, recounts};
use super::edits::{Edits, Rank, stands_after};
use super::matching::narrowed;
use super::{Fate, Item};
use crate::kernels::{Change, Changes, Found, emit};
use crate::manifest::NodeCount;
use crate::vocabulary::by_version;

/// The line above a kernel that no input names any more.
const MARK: &str = "# vanished: no input of the last merge names it";

/// A list that is being written anew.
pub(super) struct Writing<'t> {
    edits: Edits<'t>,
    changes: Changes,
}

impl<'t> Writing<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { edits: Edits::of(text), changes: Changes::default() }
    }

    /// The text, unless edits of it collide, and what changed.
    pub(super) fn finish(self) -> (Option<String>, Changes) {
        (self.edits.apply(), self.changes)
    }

    /// Takes out the items that go, and puts in the new ones.
    pub(super) fn drop_and_add(&mut self, items: &[Item<'_>], new: &[&Found], list: &Node, start: usize) {
        if self.edits.is_flow(list) && !items.is_empty() {
            self.drop_from_brackets(items);
            self.add_in_brackets(items, new);
        } else {
            self.drop_lines(items, start);
            self.add_lines(items, new, list, start);
        }
        self.changes.added = new.iter().map(|found| found.release.to_string()).collect();
    }

    /// Brings the items that stay up to date.
    pub(super) fn update(&mut self, items: &[Item<'_>], start: usize) {
        for item in items {
            let release = item.kernel.release.to_string();
            let mut what = Vec::new();
            if stands_after(item.node, start) {
                match item.fate {
                    Fate::Found(found) => what = self.complete(item, found),
                    Fate::Left(_) | Fate::Vanished | Fate::Elsewhere | Fate::DroppedHere => what = self.recount(item),
                    Fate::Unasked | Fate::Dropped => {}
                }
                self.mark(item, start);
            }
            match item.fate {
                Fate::Dropped => self.changes.dropped.push(release),
                Fate::Vanished => self.changes.vanished.push(release),
                _ if what.is_empty() => self.changes.unchanged += 1,
                _ => self.changes.changed.push(Change { release, what }),
            }
        }
    }

    /// Adds what an item lacks; says what that is.
    fn complete(&mut self, item: &Item<'_>, found: &Found) -> Vec<String> {
        let mut what = Vec::new();
        let node = item.node;
        if node.as_mapping().is_none() {
            return self.unfold(item, found);
        }
        if let (None, Some(pin)) = (&item.kernel.dtk, &found.dtk) {
            let line = emit::commented(emit::dtk(&pin.image), &pin.origins);
            self.edits.add_entry(node, &["release"], emit::flow_dtk(&pin.image), &line);
            what.push("dtk".to_owned());
        }
        match node.get("labels") {
            None => {
                self.edits.add_entry(node, &["dtk", "release"], emit::labels(found), &emit::labels(found));
                what.push("labels".to_owned());
            }
            // An alias is not only this kernel's.
            Some(labels) if stands_after(labels, node.span.start) => {
                for (key, value) in found.labels.iter().filter(|(key, _)| labels.get(key).is_none()) {
                    what.push(format!("labels.{key}"));
                    self.edits.add_entry(labels, &[], emit::label(key, value), &emit::label(key, value));
                }
                for (key, value) in narrowed(&item.kernel, found) {
                    if let Some(old) = labels.get(key) {
                        what.push(format!("labels.{key}"));
                        self.edits.replace(old.span.start..old.span.end, inline(value));
                    }
                }
            }
            Some(_) => {}
        }
        what.extend(self.recount(item));
        what
    }

    /// Makes a kernel of an item that is a release alone.
    fn unfold(&mut self, item: &Item<'_>, found: &Found) -> Vec<String> {
        let own = item.node.span.start..item.node.span.end;
        let count = item.count.as_ref();
        let line = self.edits.line_of(own.start);
        let before = self.edits.slice(line..own.start);
        if before.trim_start() != "- " && before.trim_start() != "-" {
            self.edits.replace(own, emit::flow_item(found, count));
        } else {
            let written = self.edits.slice(own.clone()).to_owned();
            self.edits.replace(own.clone(), format!("release: {written}"));
            let indent = " ".repeat(before.len());
            let newline = self.edits.newline();
            let fields = emit::fields(found, count);
            let lines: String = fields.iter().map(|field| format!("{indent}{field}{newline}")).collect();
            self.edits.insert_lines_after(own.end, Rank::Entry, &lines);
        }
        let fields = [found.dtk.as_ref().map(|_| "dtk"), Some("labels"), count.map(|_| "nodes")];
        fields.into_iter().flatten().map(str::to_owned).collect()
    }

    /// Updates the number of nodes; returns what changed.
    fn recount(&mut self, item: &Item<'_>) -> Vec<String> {
        let Some(new) = &item.count else { return Vec::new() };
        let Some(old) = item.written_count() else {
            self.edits.add_entry(item.node, &[], emit::nodes(new), &emit::nodes(new));
            return vec![format!("nodes {}", emit::node_count(new))];
        };
        let node = item.node.get("nodes").filter(|node| old != new && stands_after(node, item.node.span.start));
        match (node, old, new) {
            (None, ..) => Vec::new(),
            (Some(node), NodeCount::PerCluster(old), NodeCount::PerCluster(new)) => {
                recounts(old, new).iter().map(|count| self.recount_cluster(node, count)).collect()
            }
            (Some(node), ..) => {
                let (old, new) = (emit::node_count(old), emit::node_count(new));
                self.edits.replace(node.span.start..node.span.end, new.clone());
                vec![format!("nodes {old} -> {new}")]
            }
        }
    }

    /// Updates the number of one cluster's nodes in the value of `nodes`; returns what changed.
    fn recount_cluster(&mut self, nodes: &Node, count: &Recount<'_>) -> String {
        let Recount { cluster, old, new } = count;
        let entry = nodes.as_mapping().unwrap_or_default().iter().position(|entry| entry.key.value == cluster.as_str());
        match (entry, new) {
            (None, Some(new)) => {
                let text = emit::cluster_count(cluster, *new);
                self.edits.add_entry(nodes, &[], text.clone(), &text);
                format!("nodes.{cluster} {new}")
            }
            (Some(at), Some(new)) => {
                let value = &nodes.as_mapping().unwrap_or_default()[at].value;
                if stands_after(value, nodes.span.start) {
                    self.edits.replace(value.span.start..value.span.end, new.to_string());
                }
                format!("nodes.{cluster} {} -> {new}", old.unwrap_or_default())
            }
            (at, None) => {
                self.edits.remove_entry(nodes, at.unwrap_or_default());
                format!("nodes.{cluster} dropped")
            }
        }
    }

    /// Marks an item that vanished, or takes the mark from one that is there again, or goes.
    fn mark(&mut self, item: &Item<'_>, start: usize) {
        let Some(dash) = self.dash_of(item, start) else { return };
        let line = self.edits.line_of(dash);
        let mark = self.edits.line_before(line).filter(|(_, text)| text.trim() == MARK);
        match (item.fate, mark) {
            (Fate::Vanished, None) => {
                let indent = " ".repeat(dash - line);
                self.edits.insert(line, Rank::Mark, format!("{indent}{MARK}{}", self.edits.newline()));
            }
            (Fate::Found(_) | Fate::Left(_) | Fate::Elsewhere | Fate::Dropped, Some((before, _))) => {
                self.edits.replace(before..line, String::new());
            }
            _ => {}
        }
    }

    /// The dash that an item of a list without brackets stands behind, on its line or one above.
    fn dash_of(&self, item: &Item<'_>, start: usize) -> Option<usize> {
        let at = item.node.span.start;
        let mut line = self.edits.line_of(at);
        while start <= line && line <= at {
            let text = self.edits.slice(line..at).split('\n').next().unwrap_or_default();
            let written = text.trim_start();
            if written.starts_with('-') {
                return Some(line + text.len() - written.len());
            }
            if !written.trim_end().is_empty() && !written.starts_with('#') {
                return None;
            }
            line = self.edits.line_before(line)?.0;
        }
        None
    }

    fn drop_lines(&mut self, items: &[Item<'_>], start: usize) {
        for item in items.iter().filter(|item| item.fate == Fate::Dropped) {
            if let Some(dash) = self.dash_of(item, start) {
                let range = self.edits.line_of(dash)..self.edits.line_after(self.end_of(item));
                self.edits.replace(range, String::new());
            }
        }
    }

    fn drop_from_brackets(&mut self, items: &[Item<'_>]) {
        let mut at = 0;
        while at < items.len() {
            let run = items[at..].iter().take_while(|item| item.fate == Fate::Dropped).count();
            if run > 0 {
                let (first, last) = (&items[at], &items[at + run - 1]);
                let range = match (items.get(at + run), at.checked_sub(1).map(|before| &items[before])) {
                    (Some(next), _) => first.node.span.start..next.node.span.start,
                    (None, Some(before)) => self.end_of(before)..self.end_of(last),
                    (None, None) => first.node.span.start..self.end_of(last),
                };
                self.edits.replace(range, String::new());
            }
            at += run + 1;
        }
    }

    fn add_in_brackets(&mut self, items: &[Item<'_>], new: &[&Found]) {
        let staying: Vec<&Item<'_>> = items.iter().filter(|item| item.fate != Fate::Dropped).collect();
        let places = places(&staying, new);
        for (place, found) in places.iter().zip(new) {
            let text = emit::flow_item(found, found.count().as_ref());
            match (place.and_then(|at| staying.get(at)), staying.first()) {
                (Some(before), _) => self.edits.insert(self.end_of(before), Rank::Item, format!(", {text}")),
                (None, Some(first)) => self.edits.insert(first.node.span.start, Rank::Item, format!("{text}, ")),
                (None, None) => {
                    let comma = if std::ptr::eq(*found, new[new.len() - 1]) { "" } else { ", " };
                    self.edits.insert(items[0].node.span.start, Rank::Item, format!("{text}{comma}"));
                }
            }
        }
    }

    fn add_lines(&mut self, items: &[Item<'_>], new: &[&Found], list: &Node, start: usize) {
        let dashes: Vec<(&Item<'_>, usize)> =
            items.iter().filter_map(|item| Some((item, self.dash_of(item, start)?))).collect();
        let indent = match dashes.first() {
            Some((_, dash)) => " ".repeat(dash - self.edits.line_of(*dash)),
            None => "  ".to_owned(),
        };
        let staying: Vec<&Item<'_>> =
            dashes.iter().map(|(item, _)| *item).filter(|item| item.fate != Fate::Dropped).collect();
        let newline = self.edits.newline();
        if items.is_empty() && !new.is_empty() {
            // `[]`
            let text: String = new.iter().map(|found| emit::item(found, &indent, newline)).collect();
            let text = text.strip_suffix(newline).unwrap_or(&text);
            return self.edits.replace(list.span.start..list.span.end, format!("{newline}{text}"));
        }
        for (place, found) in places(&staying, new).iter().zip(new) {
            let after = place.and_then(|at| staying.get(at)).map_or(start, |item| self.end_of(item));
            self.edits.insert_lines_after(after, Rank::Item, &emit::item(found, &indent, newline));
        }
    }

    /// Returns the end of an item.
    fn end_of(&self, item: &Item<'_>) -> usize {
        match item.node.as_mapping().and_then(<[_]>::last) {
            Some(last) if !self.edits.is_flow(item.node) => self.edits.end_of(last),
            _ => item.node.span.end,
        }
    }
}

/// After which of the items that stay each new kernel goes: the last one that is older. In a list that is
/// in order, that keeps it so.
fn places(staying: &[&Item<'_>], new: &[&Found]) -> Vec<Option<usize>> {
    // The oldest of each item and all after it, which never grows older.
    let mut oldest: Vec<&str> = staying.iter().map(|item| item.kernel.release.as_str()).collect();
    for at in (1..oldest.len()).rev() {
        if by_version(oldest[at], oldest[at - 1]).is_lt() {
            oldest[at - 1] = oldest[at];
        }
    }
    let older = new.iter().map(|found| oldest.partition_point(|old| by_version(old, found.release.as_str()).is_lt()));
    older.map(|count| count.checked_sub(1)).collect()
}
