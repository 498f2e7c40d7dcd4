//! Files of one image that would be installed at one place.
//!
//! The build stops at each of them. Those whose paths are known before it are errors here: names of files,
//! what patterns and folders share with other items, and what a source that is a folder beside the manifest
//! has.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::code::{Code, Content};
use super::file_names::{base_name, folders_above, is_file, is_license, is_pattern};
use super::folder::FolderFileKind;
use super::layout::Layout;
use super::shell_pattern::ShellPattern;
use crate::manifest::{FIRMWARE_FOLDER, InstalledFiles, Kmod, LICENSE_FOLDER};
use crate::vocabulary::{Diagnostic, Diagnostics, Spanned, is_below};

const CODE: &str = "repeated-file";

/// Number of patterns, and of items of one path, that are compared with each other item of a list.
const MOST_COMPARED: usize = 100;

/// Checks that installed files overwrite none of each other.
pub(super) fn check(layout: &Layout, codes: &[Code], faults: &mut Diagnostics) {
    let firmware = layout.firmware.as_deref().unwrap_or_default();
    let firmware = List { top: Some(FIRMWARE_FOLDER), items: firmware, is_file, codes };
    let licenses = List { top: Some(LICENSE_FOLDER), items: &layout.licenses, is_file: is_license, codes };
    let files = List { top: None, items: &layout.files, is_file, codes };
    [firmware, licenses, files].iter().filter(|list| !list.items.is_empty()).for_each(|list| list.check(faults));
}

/// Checks that no two kmods are one file, or one module: `-` and `_` are the same in a module's name.
pub(super) fn check_kmods(kmods: &[Spanned<Kmod>], faults: &mut Diagnostics) {
    // Most modules have one, and this runs for each mapping.
    if kmods.len() < 2 {
        return;
    }
    let mut first = HashMap::new();
    for kmod in kmods {
        let Some(other) = first.insert(kmod.name.as_str().replace('-', "_"), kmod) else { continue };
        if !faults.has("repeated-kmod", kmod.span) {
            let message = match kmod.value == other.value {
                true => format!("kmod `{}` is listed twice", kmod.value),
                false => format!(
                    "modprobe treats `{}` and `{}` as the same module, `{}`",
                    other.value, kmod.value, kmod.name
                ),
            };
            faults.push(
                Diagnostic::error("repeated-kmod", message)
                    .at(kmod.span, "")
                    .context(other.span, "first here")
                    .help("remove one of them, or give each a `when` for different kernels"),
            );
        }
    }
}

/// Items whose files may be at one place.
struct List<'l> {
    /// The folder of the image that they are all in, if there is one.
    top: Option<&'static str>,
    items: &'l [InstalledFiles],
    is_file: fn(&str) -> bool,
    codes: &'l [Code],
}

impl List<'_> {
    fn check(&self, faults: &mut Diagnostics) {
        let mut found = HashSet::new();
        let mut tell = |one: usize, other: usize, path: &str, faults: &mut Diagnostics| {
            let (first, second) = (one.min(other), one.max(other));
            if found.insert(second) && !faults.has(CODE, self.items[second].from.span) {
                faults.push(self.fault(first, second, path));
            }
        };
        let files = self.known_files(&mut tell, faults);
        for (at, item) in self.items.iter().enumerate() {
            // A folder of its own cannot be where a file is.
            let to = item.to.as_str();
            for path in folders_above(to).chain([to]) {
                if let Some(file) = files.get(path).filter(|file| **file != at) {
                    tell(*file, at, path, faults);
                }
            }
        }
        for (path, at) in &files {
            for above in folders_above(path) {
                if let Some(file) = files.get(above) {
                    tell(*file, *at, above, faults);
                }
            }
        }
        self.compare(&mut tell, faults);
    }

    /// Files that are known to be installed, each with the first item that installs it.
    fn known_files(
        &self,
        tell: &mut impl FnMut(usize, usize, &str, &mut Diagnostics),
        faults: &mut Diagnostics,
    ) -> BTreeMap<String, usize> {
        let mut files = BTreeMap::new();
        for (at, item) in self.items.iter().enumerate() {
            let from = item.from.as_str();
            let paths = self.in_source(item).unwrap_or_else(|| {
                let known = !is_pattern(from) && (self.is_file)(from);
                known.then(|| item.to.of_file(base_name(from))).into_iter().collect()
            });
            for path in paths {
                match files.get(&path) {
                    Some(first) => tell(*first, at, &path, faults),
                    None => drop(files.insert(path, at)),
                }
            }
        }
        files
    }

    /// Compares items by their paths in the source: one that is written twice, a pattern and what it matches, a
    /// folder and what is in it.
    fn compare(&self, tell: &mut impl FnMut(usize, usize, &str, &mut Diagnostics), faults: &mut Diagnostics) {
        let (mut by_path, mut twice) = (HashMap::<(&str, &str), Vec<usize>>::new(), HashMap::new());
        let mut patterns = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let (source, from) = (self.source(item), item.from.as_str());
            if let Some(first) = twice.insert((source, from, &item.to), at) {
                tell(first, at, &item.to.of_file(base_name(from)), faults);
                continue;
            }
            by_path.entry((source, from)).or_default().push(at);
            if is_pattern(from) && patterns.len() < MOST_COMPARED {
                patterns.extend(ShellPattern::new(from).map(|pattern| (at, pattern)));
            }
        }
        for (at, item) in self.items.iter().enumerate().filter(|(_, item)| !is_pattern(item.from.as_str())) {
            let (source, from) = (self.source(item), item.from.as_str());
            let file = item.to.of_file(base_name(from));
            for above in folders_above(from).chain([from]) {
                let rest = from[above.len()..].trim_start_matches('/');
                let matching = patterns.iter().filter(|(_, pattern)| pattern.matches(above));
                let matching =
                    matching.map(|(other, _)| *other).filter(|other| self.source(&self.items[*other]) == source);
                let same = by_path.get(&(source, above)).into_iter().flatten().take(MOST_COMPARED);
                for other in same.copied().chain(matching).filter(|other| *other != at) {
                    let place = &self.items[other].to;
                    let (path, is_there) = match rest {
                        "" => (place.of_file(base_name(from)), *place == item.to),
                        _ => {
                            let path = place.of_content(rest);
                            let is_there = path == item.to.as_str() || (self.is_file)(from) && path == file;
                            (path, is_there)
                        }
                    };
                    if is_there {
                        tell(other, at, &path, faults);
                    }
                }
            }
        }
    }

    /// The name of the source that has an item.
    fn source(&self, item: &InstalledFiles) -> &str {
        Code::named(self.codes, item.source.as_ref()).map_or("", |code| code.name.as_str())
    }

    /// Paths of an item's files in the image, if its source is a folder beside the manifest that no patch changes.
    fn in_source(&self, item: &InstalledFiles) -> Option<Vec<String>> {
        let from = item.from.as_str();
        let path = format!("{}/{from}", Code::named(self.codes, item.source.as_ref())?.build_folder());
        let code =
            self.codes.iter().filter(|code| is_below(&path, &code.folder)).max_by_key(|code| code.folder.len())?;
        let Content::Folder(source) = &code.content else { return None };
        if !code.patches.is_empty() || from.contains('$') {
            return None;
        }
        let pattern = ShellPattern::new(path.strip_prefix(&code.folder)?.trim_start_matches('/'))?;
        let mut paths = Vec::new();
        for file in &source.files {
            let below = file.path.as_str().strip_prefix(source.path.as_str())?.trim_start_matches('/');
            if pattern.matches(below) {
                // A link to a folder stands for what is in it.
                if matches!(file.kind, FolderFileKind::Link { .. }) {
                    return None;
                }
                paths.push(item.to.of_file(base_name(below)));
            }
            let above = folders_above(below).filter(|above| pattern.matches(above));
            paths.extend(above.map(|above| item.to.of_content(&below[above.len() + 1..])));
        }
        (!paths.is_empty()).then_some(paths)
    }

    fn fault(&self, first: usize, second: usize, path: &str) -> Diagnostic {
        let (one, item) = (&self.items[first], &self.items[second]);
        let (earlier, from) = (one.from.as_str(), item.from.as_str());
        if first == second {
            return Diagnostic::error(CODE, format!("`{from}` would install two files as `{path}`"))
                .at(item.from.span, "")
                .help("write an item for each, with different `to`s");
        }
        let fault = Diagnostic::error(CODE, format!("`{earlier}` and `{from}` would both be installed as `{path}`"))
            .at(item.from.span, "")
            .context(one.from.span, "first here");
        if earlier == from && self.source(one) == self.source(item) {
            return fault.help("remove one of them");
        }
        for (outer, inner) in [(earlier, from), (from, earlier)] {
            if self.source(one) == self.source(item) && has(outer, inner) {
                return fault.help(format!("remove `{inner}`: `{outer}` contains it"));
            }
        }
        let Some(top) = self.top else { return fault.help("give one of them another `to`") };
        let parent = from.rsplit('/').nth(1).filter(|parent| !is_pattern(parent) && !parent.contains('$'));
        let to = item.to.of_content(parent.unwrap_or("more"));
        let to = to.strip_prefix(top).unwrap_or(&to).trim_start_matches('/');
        fault.help(format!("write `{{from: {}, to: {}}}`", kmodgen_yaml::inline(from), kmodgen_yaml::inline(to)))
    }
}

/// Checks whether a path or pattern stands for another path, too.
fn has(outer: &str, inner: &str) -> bool {
    let pattern = ShellPattern::new(outer);
    folders_above(inner)
        .chain([inner])
        .any(|path| path == outer || pattern.as_ref().is_some_and(|pattern| pattern.matches(path)))
}
