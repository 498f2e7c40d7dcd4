//! Bundles: files with the ConfigMaps of a module's mappings, one document each.
//!
//! A document is byte for byte the ConfigMap's file of the layout `files`, its first line included, so that ownership
//! and edits are known document by document. Everything but the code that reads and writes the files of a bundle takes
//! its documents for files: the path of a document is the bundle's path and the kernel release.

mod documents;
mod parts;

pub use documents::{Bundle, BundleDocument, BundleFile, Obstacle, name_line, object_of};
pub use parts::parts;

use crate::vocabulary::RelPath;

/// First file of a bundle, and its folder among the paths of documents.
pub const BUNDLE: &str = "configmaps.yaml";

/// Largest size of a file of a bundle in bytes.
pub const LARGEST_FILE: usize = 16 << 20;

/// Returns the path of the document of a mapping.
pub fn document_path(module: &str, release: &str) -> RelPath {
    RelPath::of_names(&[module, BUNDLE, release])
}

/// Returns the module of a path, and the document's name, if it is the path of a document.
pub fn document_of(path: &str) -> Option<(&str, &str)> {
    let (module, rest) = path.split_once('/')?;
    Some((module, rest.strip_prefix(BUNDLE)?.strip_prefix('/')?))
}

/// Returns the module of a bundle, if it is the path of the first file of one.
pub fn module_of(path: &str) -> Option<&str> {
    path.strip_suffix(BUNDLE)?.strip_suffix('/').filter(|module| !module.contains('/'))
}

/// Returns whether a path is of a bundle, or of a document of one.
pub fn is_in_bundle(path: &str) -> bool {
    document_of(path).is_some() || module_of(path).is_some()
}

/// Returns whether a path is of a file of a bundle.
pub fn is_bundle_file(path: &str) -> bool {
    path.split_once('/').is_some_and(|(_, name)| file_number(name).is_some())
}

/// Returns the name of a file of a bundle, by its number from 0 on.
pub fn file_name(number: usize) -> String {
    match number {
        0 => BUNDLE.to_owned(),
        number => format!("configmaps-{}.yaml", number + 1),
    }
}

/// Returns the number of a file of a bundle; `None` for other names.
pub fn file_number(name: &str) -> Option<usize> {
    if name == BUNDLE {
        return Some(0);
    }
    let number: usize = name.strip_prefix("configmaps-")?.strip_suffix(".yaml")?.parse().ok()?;
    let number = number.checked_sub(1).filter(|number| *number > 0)?;
    (file_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_numbers() {
        for (number, name) in [(0, "configmaps.yaml"), (1, "configmaps-2.yaml"), (9, "configmaps-10.yaml")] {
            assert_eq!((file_name(number).as_str(), file_number(name)), (name, Some(number)));
        }
        for other in
            ["configmaps-1.yaml", "configmaps-02.yaml", "configmaps-+2.yaml", "configmap.yaml", "configmaps-0.yaml"]
        {
            assert_eq!(file_number(other), None, "{other}");
        }
    }

    #[test]
    fn documents_have_paths() {
        let path = document_path("driver", "5.14.0-1.el9.x86_64");
        assert_eq!(document_of(path.as_str()), Some(("driver", "5.14.0-1.el9.x86_64")));
        assert_eq!(module_of("driver/configmaps.yaml"), Some("driver"));
        for other in ["driver/module.yaml", "driver/5.14.0-1.el9.x86_64/configmap.yaml", "a/b/configmaps.yaml"] {
            assert!(!is_in_bundle(other), "{other}");
        }
    }
}
