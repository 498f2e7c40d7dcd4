//! Lines of the image's modprobe.d that come between modprobe and the image's modules: modprobe reads
//! them before the indexes (kmod, libkmod/libkmod-config.c and modprobe.d(5)). KMM 1 runs the image's
//! modprobe with them; the worker of KMM 2 has its own.

use std::collections::BTreeSet;

use crate::dependencies::text;
use crate::placement::{Folder, Module, name};
use crate::root::{Root, join};
use crate::{Contract, Report, shown};

/// Folders that are read, the first with a file of one name wins. The last three are where a tree
/// that is only copied would have them.
const FOLDERS: [&str; 8] = [
    "etc/modprobe.d",
    "run/modprobe.d",
    "usr/local/lib/modprobe.d",
    "usr/lib/modprobe.d",
    "lib/modprobe.d",
    "opt/etc/modprobe.d",
    "opt/lib/modprobe.d",
    "opt/usr/lib/modprobe.d",
];

/// Checks the lines about one kernel's modules.
pub(crate) fn check(root: &Root, folder: &Folder<'_>, contract: Contract, report: &mut Report) {
    let modules: BTreeSet<String> = folder.modules.iter().map(Module::name).collect();
    let mut files = BTreeSet::new();
    let mut read = BTreeSet::new();
    for place in FOLDERS {
        let Ok(real) = root.resolve(place) else { continue };
        for (file, _) in root.children(&real).filter(|(file, _)| file.ends_with(".conf")) {
            let path = join(&real, file);
            if read.insert(path.clone()) && files.insert((place.starts_with("opt/"), file)) {
                let text = text(root, &path).unwrap_or_default();
                lines(&text).for_each(|line| check_line(&path, &line, &modules, contract, report));
            }
        }
    }
}

/// The lines of a file; a backslash at the end of one joins it with the next.
fn lines(text: &str) -> impl Iterator<Item = String> {
    text.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn check_line(path: &str, line: &str, modules: &BTreeSet<String>, contract: Contract, report: &mut Report) {
    let mut words = line.split_whitespace();
    let (Some(command), Some(pattern)) = (words.next(), words.next()) else { return };
    let effect = match command {
        "install" => "runs a command instead of loading",
        "remove" => "runs a command instead of unloading",
        "alias" => "loads another module instead of",
        "softdep" => "overrides modules.softdep for",
        "blacklist" => "keeps aliases from loading",
        _ => return,
    };
    let Some(module) = modules.iter().find(|module| matches(&name_pattern(pattern), module)) else { return };
    // `alias a a` leads to the module itself.
    if command == "alias" && words.next().is_some_and(|target| name(target) == *module) {
        return;
    }
    let message = format!("{effect} {}: `{}`", shown(module), shown(line.trim()));
    // modprobe passes over a blacklist if it is given a module's own name, as KMM gives it.
    if contract == Contract::Kmm2 || command == "blacklist" {
        report.note("modprobe-d", path, message, "remove the line: module images do not need it");
    } else {
        report.find(
            "modprobe-d",
            path,
            message,
            "remove the line, or verify with `--contract kmm2`: its modprobe does not read the line",
        );
    }
}

fn name_pattern(pattern: &str) -> String {
    // Within brackets, a dash is a range's.
    let mut is_bracket = false;
    let mut name = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        is_bracket = (is_bracket || c == '[') && c != ']';
        name.push(if c == '-' && !is_bracket { '_' } else { c });
    }
    name
}

/// Matches a name with a pattern of fnmatch(3): `*`, `?` and `[…]`.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // The places in the name that the pattern so far may end at.
    let mut places = vec![false; name.len() + 1];
    places[0] = true;
    let mut at = 0;
    while let Some(letter) = pattern.get(at) {
        at += 1;
        if *letter == '*' {
            let first = places.iter().position(|place| *place).unwrap_or(places.len());
            places.iter_mut().skip(first).for_each(|place| *place = true);
            continue;
        }
        let class = (*letter == '[').then(|| pattern.iter().skip(at + 1).position(|c| *c == ']')).flatten();
        let set = class.map(|length| &pattern[at..=at + length]);
        at += set.map_or(0, |set| set.len() + 1);
        places = (0..places.len())
            .map(|place| place > 0 && places[place - 1] && fits(*letter, set, name[place - 1]))
            .collect();
    }
    places.last() == Some(&true)
}

/// Matches a character with a letter of a pattern, or with the set that the letter opens.
fn fits(letter: char, set: Option<&[char]>, c: char) -> bool {
    match set {
        Some(set) => in_class(set, c),
        None => letter == '?' || letter == c,
    }
}

fn in_class(set: &[char], c: char) -> bool {
    let (is_negated, mut set) = match set {
        ['!' | '^', rest @ ..] => (true, rest),
        set => (false, set),
    };
    let mut found = false;
    while let [first, rest @ ..] = set {
        (found, set) = match rest {
            ['-', last, rest @ ..] => (found || (*first..=*last).contains(&c), rest),
            rest => (found || *first == c, rest),
        };
    }
    found != is_negated
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::Facts;
    use crate::testing::{R, Tree, codes};
    use crate::{Expected, placement};

    fn run(path: &str, text: &str, contract: Contract) -> (Vec<String>, Vec<String>) {
        let tree =
            Tree::new().file(&format!("opt/lib/modules/{R}/kmm-a.ko"), 0o644, Facts::Plain).link("lib", "usr/lib");
        let root = tree.text(path, text).root();
        let mut report = Report::default();
        let folders = placement::check(&root, &Expected::default(), &mut report);
        check(&root, &folders[0], contract, &mut report);
        (codes(&report.findings), codes(&report.notes))
    }

    #[test]
    fn lines_about_own_modules_are_told() {
        for line in [
            "install kmm_a /bin/false",
            "  install\tkmm-a /bin/true # x",
            "remove kmm_a /bin/true",
            "alias kmm-a off",
            "softdep kmm_a pre: other",
            "install \\\n kmm_a /bin/false",
            "install kmm_* /bin/false",
            "install kmm[_-]? /bin/false",
            "install ??????* /bin/false\ninstall *a /bin/false",
        ] {
            for path in [
                "etc/modprobe.d/x.conf",
                "usr/lib/modprobe.d/x.conf",
                "run/modprobe.d/x.conf",
                "opt/lib/modprobe.d/x.conf",
            ] {
                assert_eq!(run(path, line, Contract::Any).0, [format!("modprobe-d /{path}")], "{line}");
            }
            assert_eq!(run("etc/modprobe.d/x.conf", line, Contract::Kmm2).1, ["modprobe-d /etc/modprobe.d/x.conf"]);
        }
        for line in [
            "install other /bin/false",
            "# install kmm_a x",
            "alias kmm-a kmm_a",
            "options kmm_a x=1",
            "install",
            "install kmm_[!a] x",
            "alias pci:* kmm_a",
        ] {
            assert_eq!(run("etc/modprobe.d/x.conf", line, Contract::Any), (vec![], vec![]), "{line}");
        }
        assert_eq!(run("etc/modprobe.d/x.txt", "install kmm_a x", Contract::Any).0.len(), 0);
        assert_eq!(run("etc/modprobe.d/x.conf", "blacklist kmm-a", Contract::Any).1.len(), 1);
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_fail(pattern in "[a-c*?!\\[\\]_-]{0,24}", name in "[a-c_]{0,24}") {
            let _ = matches(&name_pattern(&pattern), &name);
            let around = format!("*{name}*");
            prop_assert!(matches(&name, &name) && matches(&around, &name));
        }
    }
}
