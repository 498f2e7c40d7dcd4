//! The modules of a crate and what each file of them uses of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, UseTree, Visibility};

/// Path of a module within its crate; empty for the root.
pub(crate) type ModulePath = Vec<String>;

/// One module in a file of its own.
#[derive(Debug, Default)]
struct Module {
    /// Names that `use` declares, with the full paths that they stand for.
    names: BTreeMap<String, ModulePath>,
    /// Names of child modules and of items.
    own: BTreeSet<String>,
    /// Full paths that the file uses, names resolved as far as the file itself does.
    uses: BTreeSet<ModulePath>,
}

/// All modules of a crate, without those for tests.
#[derive(Debug, Default)]
pub(crate) struct Crate(BTreeMap<ModulePath, Module>);

impl Crate {
    /// Reads a crate from its root file on.
    pub(crate) fn read(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        read_module(root, root.parent().expect("a file is in a folder"), vec![], &mut modules);
        Self(modules)
    }

    /// Returns each module with the modules that it uses, itself and re-exports of its children left out.
    pub(crate) fn arrows(&self) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
        let arrows_of = |(path, module): (&ModulePath, &Module)| {
            let used = module.uses.iter().filter_map(|used| self.definer(used)).filter(|used| used != path);
            (path.clone(), used.collect())
        };
        self.0.iter().map(arrows_of).collect()
    }

    /// The module that defines what a full path names, through re-exports.
    fn definer(&self, path: &[String]) -> Option<ModulePath> {
        let mut at = ModulePath::new();
        for (index, name) in path.iter().enumerate() {
            let module = self.0.get(&at)?;
            let child = [at.clone(), vec![name.clone()]].concat();
            if self.0.contains_key(&child) {
                at = child;
            } else if let Some(target) = module.names.get(name).filter(|_| !module.own.contains(name)) {
                return self.definer(&[target, &path[index + 1..]].concat());
            } else {
                return Some(at);
            }
        }
        // A module by itself is used by what is taken from it.
        None
    }
}

fn read_module(file: &Path, folder: &Path, path: ModulePath, modules: &mut BTreeMap<ModulePath, Module>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut module = Module::default();
    for item in &parsed.items {
        module.own.extend(name_of(item));
        if let Item::Mod(ItemMod { ident, content: None, attrs, .. }) = item
            && !is_for_tests(attrs)
        {
            let name = ident.to_string();
            let nested = folder.join(&name).join("mod.rs");
            let file = if nested.exists() { nested } else { folder.join(format!("{name}.rs")) };
            read_module(&file, &folder.join(&name), [path.clone(), vec![name]].concat(), modules);
        }
    }
    Uses { at: &path, module: &mut module, is_reading_names: true }.visit_file(&parsed);
    Uses { at: &path, module: &mut module, is_reading_names: false }.visit_file(&parsed);
    modules.insert(path, module);
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Mod(item) => item.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// Collects the names that a file declares with `use`, then the paths that it uses.
struct Uses<'m> {
    at: &'m ModulePath,
    module: &'m mut Module,
    is_reading_names: bool,
}

impl Uses<'_> {
    /// The full path within the crate; `None` for a path into another crate, or of a local name.
    fn full(&self, path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([self.at, rest].concat()),
            "super" => {
                let (_, parent) = self.at.split_last()?;
                let above = rest.iter().take_while(|part| *part == "super").count();
                Some([&parent[..parent.len() - above], &rest[above..]].concat())
            }
            name => match self.module.names.get(name) {
                Some(target) => Some([target, rest].concat()),
                None => self.module.own.contains(name).then(|| [self.at.as_slice(), path].concat()),
            },
        }
    }

    fn tree(&mut self, tree: &UseTree, mut before: Vec<String>, is_public: bool) {
        let (name, path) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                return self.tree(&path.tree, before, is_public);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.tree(tree, before.clone(), is_public));
            }
            UseTree::Glob(_) => return,
            UseTree::Name(name) if name.ident == "self" => (before.last().cloned().unwrap_or_default(), before),
            UseTree::Name(name) => (name.ident.to_string(), [before, vec![name.ident.to_string()]].concat()),
            UseTree::Rename(rename) => (rename.rename.to_string(), [before, vec![rename.ident.to_string()]].concat()),
        };
        let Some(full) = self.full(&path) else { return };
        if self.is_reading_names {
            self.module.names.insert(name, full);
        } else if !(is_public && full.starts_with(self.at)) {
            self.module.uses.insert(full);
        }
    }
}

impl<'a> Visit<'a> for Uses<'_> {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.tree(&item.tree, vec![], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if !self.is_reading_names
            && let Some(full) = self.full(&parts)
        {
            self.module.uses.insert(full);
        }
        visit::visit_path(self, path);
    }
}
