//! Names of sources and modules, made of names that a repository has.

use std::collections::BTreeSet;

/// Length of a module's name with its namespace that every KMM accepts.
const LONGEST: usize = 40;

/// The name of a repository, which is the last part of its URL; empty if nothing of it can be in a name.
pub fn name_of_url(url: &str) -> String {
    let path = url.trim_end_matches('/');
    let path = path.strip_suffix("/.git").unwrap_or(path).trim_end_matches('/');
    let last = path.rsplit(['/', ':']).next().unwrap_or(path);
    label(last.strip_suffix(".git").unwrap_or(last))
}

/// A DNS label of a text.
pub(super) fn label(text: &str) -> String {
    let label: String =
        text.chars().take(63).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    label.trim_matches('-').to_owned()
}

/// The name of a module, cut so that it fits beside its namespace, and not one that is taken.
pub(super) fn module_name(text: &str, namespace: &str, taken: &BTreeSet<String>) -> String {
    let most = LONGEST.saturating_sub(namespace.len()).clamp(8, 63);
    let label = label(text);
    let name = if label.is_empty() { "module".to_owned() } else { cut(&label, most) };
    let numbered = (2..100).map(|number| format!("{}-{number}", cut(&name, most - 3)));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name)
}

fn cut(name: &str, most: usize) -> String {
    let kept: String = name.chars().take(most).collect();
    kept.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_have_names() {
        for (url, name) in [
            ("https://github.com/openshift-psap/simple-kmod.git", "simple-kmod"),
            ("git@host:team/My_Driver.git/", "my-driver"),
            ("host:driver", "driver"),
            ("/srv/work/driver/.git", "driver"),
            ("file:///srv/ü\u{1b}[2J", "2j"),
            ("https://h/ü", ""),
        ] {
            assert_eq!(name_of_url(url), name, "{url}");
        }
    }

    #[test]
    fn names_fit_and_differ() {
        let taken = BTreeSet::from(["a".to_owned(), "a-2".to_owned()]);
        assert_eq!(module_name("a", "kmods", &taken), "a-3");
        assert_eq!(module_name(&"b".repeat(60), "kmods", &taken).len(), 35);
        assert_eq!(module_name("_", &"n".repeat(60), &taken), "module");
    }
}
