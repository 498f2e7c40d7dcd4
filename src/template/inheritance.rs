//! Blocks that a template defines, and its parent lacks.

use std::collections::{BTreeMap, BTreeSet};

use super::TemplateFault;
use super::loader::Loader;
use super::outline::{Lost, Outline, Parent};
use crate::vocabulary::nearest;

/// The most messages about one template.
const MOST: usize = 10;

/// The outlines of templates that were read.
#[derive(Debug, Default)]
pub(super) struct Inheritance {
    /// `None` for a template that is absent or malformed.
    outlines: BTreeMap<String, Option<Outline>>,
}

impl Inheritance {
    /// Finds what is wrong with the templates that were loaded; the flag is set if a parent's name is
    /// computed, and may be another one next time.
    pub(super) fn check(&mut self, loader: &Loader) -> (Vec<TemplateFault>, bool) {
        let loaded = loader.loaded();
        for name in &loaded {
            self.read(name, loader);
        }
        let mut faults = Vec::new();
        let mut computed = false;
        for name in &loaded {
            let Some(Some(outline)) = self.outlines.get(name) else { continue };
            computed |= outline.parent == Some(Parent::Computed);
            let known = outline.parent.as_ref().and_then(|parent| self.blocks_of(name, parent, &loaded));
            let mut found = Vec::new();
            if let Some(known) = &known {
                let unknown_blocks = outline.outermost.iter().filter(|(block, _)| !known.contains(block.as_str()));
                found.extend(unknown_blocks.map(|(block, place)| (unknown(block, known), place)));
            }
            found.extend(outline.lost.iter().map(|(lost, place)| (told(*lost, known.as_ref()), place)));
            found.sort_by_key(|(_, place)| place.start);
            faults.extend(found.into_iter().take(MOST).map(|((message, help), place)| TemplateFault {
                name: name.clone(),
                text: loader.text(name).ok().flatten(),
                range: Some(place.clone()),
                message,
                help: Some(help),
                rule: None,
                limit: false,
            }));
        }
        (faults, computed)
    }

    /// Reads a template and all that it may extend.
    fn read(&mut self, name: &str, loader: &Loader) {
        if self.outlines.contains_key(name) {
            return;
        }
        let text = loader.text(name).ok().flatten();
        let outline = text.and_then(|text| Outline::of(&text));
        let parents = match outline.as_ref().and_then(|outline| outline.parent.as_ref()) {
            Some(Parent::Named(parents)) => parents.clone(),
            _ => Vec::new(),
        };
        self.outlines.insert(name.to_owned(), outline);
        for parent in parents {
            self.read(&parent, loader);
        }
    }

    /// The blocks of all templates above `name`; `None` if one cannot be read. Any template that was loaded
    /// may be the one whose name is computed.
    fn blocks_of<'s>(
        &'s self,
        name: &'s str,
        parent: &'s Parent,
        loaded: &'s BTreeSet<String>,
    ) -> Option<BTreeSet<&'s str>> {
        let mut blocks = BTreeSet::new();
        let mut seen = BTreeSet::from([name]);
        let mut open = candidates(parent, loaded);
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                let outline = self.outlines.get(name)?.as_ref()?;
                blocks.extend(outline.blocks.keys().map(String::as_str));
                open.extend(outline.parent.iter().flat_map(|parent| candidates(parent, loaded)));
            }
        }
        Some(blocks)
    }
}

fn candidates<'s>(parent: &'s Parent, loaded: &'s BTreeSet<String>) -> Vec<&'s str> {
    match parent {
        Parent::Named(names) => names.iter().map(String::as_str).collect(),
        Parent::Computed => loaded.iter().map(String::as_str).collect(),
    }
}

fn unknown(block: &str, known: &BTreeSet<&str>) -> (String, String) {
    let message = format!("no parent template has a block `{block}`, so it would not be printed");
    let help = match nearest(block, known.iter().copied()) {
        Some(near) => format!("did you mean `{{% block {near} %}}`?"),
        None => list(known),
    };
    (message, help)
}

fn told(lost: Lost, known: Option<&BTreeSet<&str>>) -> (String, String) {
    let blocks = known.map(|known| format!("; {}", list(known))).unwrap_or_default();
    let (message, help) = match lost {
        Lost::Text => (
            "a template with `extends` prints only its blocks, so this text would be lost",
            format!("move it into a block{blocks}"),
        ),
        Lost::Around => (
            "a condition or loop around a block has no effect in a template with `extends`",
            "write it inside the block, with `{{ super() }}` for the parent block".to_owned(),
        ),
        Lost::Early => ("a block before `extends` is printed twice", "write `extends` first".to_owned()),
    };
    (message.to_owned(), help)
}

fn list(known: &BTreeSet<&str>) -> String {
    if known.is_empty() {
        return "the parent has no blocks".to_owned();
    }
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("the parent has {}", names.join(", "))
}
