//! Variables that tell a Makefile of its own which kernel to build for, and the target that builds.

use std::collections::{BTreeMap, BTreeSet};

use super::expansion::{used, words};
use super::makefile::{Makefile, Rule};
use super::repository::FileLine;

/// Value of a variable with the folder of a kernel's headers.
const HEADERS: &str = "/lib/modules/${KERNEL_VERSION}/build";

/// Value of a variable with a release.
const RELEASE: &str = "${KERNEL_VERSION}";

/// Calls whose result is the release of the machine that builds.
const CALLS: [&str; 4] = ["$(shell uname -r)", "${shell uname -r}", "`uname -r`", "$(shell uname --kernel-release)"];

/// Variables of kbuild itself, which a command line must not set.
const OF_KBUILD: [&str; 6] = ["KERNELRELEASE", "VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION", "M"];

/// Targets that do not build.
const OTHER_TARGETS: [&str; 12] = [
    "clean",
    "distclean",
    "mrproper",
    "install",
    "modules_install",
    "uninstall",
    "help",
    "check",
    "test",
    "load",
    "unload",
    "dkms",
];

/// A call of kbuild in a Makefile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KbuildCall {
    pub(super) vars: BTreeMap<String, String>,
    /// The target, unless make makes it without being told.
    pub(super) target: Option<String>,
    pub(super) place: FileLine,
    /// Options of Kconfig that the call sets.
    pub(super) options: BTreeSet<String>,
}

/// Finds the rule of a Makefile that calls kbuild, and the variables that it takes the kernel from. `None` if there is
/// no such rule, or if nothing but an edit can change its kernel.
pub(super) fn kbuild_call(makefile: &Makefile) -> Option<KbuildCall> {
    makefile.rules.iter().filter(|rule| rule.builds()).find_map(|rule| {
        rule.recipe.iter().find_map(|(place, command)| {
            let folder = kbuild_folder(command)?;
            let vars = vars(makefile, folder)?;
            let is_default = makefile.default_rule().is_some_and(|first| first.place == rule.place);
            let target = rule.targets.first().filter(|_| !is_default).cloned();
            Some(KbuildCall { vars, target, place: place.clone(), options: options(command) })
        })
    })
}

impl Rule {
    fn builds(&self) -> bool {
        self.targets.first().is_some_and(|target| {
            let is_word = target.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
            is_word && !target.starts_with(['.', '-']) && !OTHER_TARGETS.contains(&target.as_str())
        })
    }
}

/// The folder in which a command calls kbuild: the word behind `-C`, if the command also names the module's folder.
fn kbuild_folder(command: &str) -> Option<&str> {
    let words = words(command);
    if !words.iter().any(|word| ["M=", "SUBDIRS=", "KBUILD_EXTMOD="].iter().any(|start| word.starts_with(start))) {
        return None;
    }
    let at = words.iter().position(|word| word.starts_with("-C"))?;
    let folder = words[at].strip_prefix("-C").filter(|folder| !folder.is_empty());
    folder.or_else(|| words.get(at + 1).copied()).map(|folder| folder.trim_matches(['"', '\'']))
}

/// The variables that decide the kernel, if `folder` depends on one.
fn vars(makefile: &Makefile, folder: &str) -> Option<BTreeMap<String, String>> {
    let variables = makefile.variables();
    let of_release: BTreeMap<&str, String> = makefile
        .assignments
        .iter()
        .filter_map(|assignment| Some((assignment.name.as_str(), of_call(&assignment.value)?)))
        .filter(|(name, _)| is_settable(name))
        .collect();
    let mut deciding = BTreeSet::new();
    let mut ahead: Vec<&str> = used(folder).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = ahead.pop() {
        if !seen.insert(name) {
            continue;
        }
        if of_release.contains_key(name) {
            deciding.insert(name);
        } else if let Some(value) = variables.get(name) {
            ahead.extend(used(value));
        }
    }
    let mut vars: BTreeMap<String, String> =
        of_release.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if deciding.is_empty() {
        // Nothing says what the variable is.
        let (name, value) = guessed(folder)?;
        vars.insert(name.to_owned(), value);
    }
    Some(vars)
}

/// The value of a variable that calls `uname -r`, for the kernel of an image. `None` if it calls or uses more.
fn of_call(value: &str) -> Option<String> {
    let call = CALLS.iter().find(|call| value.contains(**call))?;
    let value = value.replace(call, RELEASE);
    let rest = value.replace(RELEASE, "");
    (!rest.contains(['$', '`', ' ', '"', '\''])).then_some(value)
}

/// The variable that a folder begins with, or has in the place of the release, and its value.
fn guessed(folder: &str) -> Option<(&str, String)> {
    let name = used(folder).next().filter(|name| is_settable(name))?;
    let [round, curly] = [format!("$({name})"), format!("${{{name}}}")];
    let rest = folder.replace(&round, "\0").replace(&curly, "\0");
    let value = match rest.as_str() {
        "\0" | "\0/" => HEADERS.to_owned(),
        "\0/build" => HEADERS.trim_end_matches("/build").to_owned(),
        "/lib/modules/\0/build" => RELEASE.to_owned(),
        _ => return None,
    };
    Some((name, value))
}

fn is_settable(name: &str) -> bool {
    !OF_KBUILD.contains(&name) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The options of Kconfig that a command sets to `m`.
pub(super) fn options(command: &str) -> BTreeSet<String> {
    let set = command.split_whitespace().filter_map(|word| word.trim_matches(['"', '\'']).strip_suffix("=m"));
    set.filter(|name| name.starts_with("CONFIG_")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::makefile;

    fn call(text: &str) -> Option<String> {
        let KbuildCall { vars, target, .. } = kbuild_call(&makefile(text))?;
        let vars: Vec<String> = vars.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Some(format!("{} {}", target.unwrap_or_default(), vars.join(" ")))
    }

    #[test]
    fn the_variables_of_the_kernel_are_found() {
        for (definitions, folder, vars) in [
            (
                "KDIR ?= /lib/modules/$(shell uname -r)/build",
                "$(KDIR)",
                Some("KDIR=/lib/modules/${KERNEL_VERSION}/build"),
            ),
            ("", "$(KERNELDIR)", Some("KERNELDIR=/lib/modules/${KERNEL_VERSION}/build")),
            ("KSRC = /usr/src/linux", "${KSRC}", Some("KSRC=/lib/modules/${KERNEL_VERSION}/build")),
            (
                "KVERSION := $(shell uname -r)\nKDIR := /lib/modules/$(KVERSION)/build",
                "$(KDIR)",
                Some("KVERSION=${KERNEL_VERSION}"),
            ),
            ("KVER ?= `uname -r`", "/lib/modules/$(KVER)/build", Some("KVER=${KERNEL_VERSION}")),
            ("", "/lib/modules/$(KVER)/build", Some("KVER=${KERNEL_VERSION}")),
            ("", "$(KBASE)/build", Some("KBASE=/lib/modules/${KERNEL_VERSION}")),
            ("A = $(B)\nB = $(A)", "$(A)", Some("A=/lib/modules/${KERNEL_VERSION}/build")),
            ("", "/lib/modules/$(shell uname -r)/build", None),
            ("", "$(KERNELRELEASE)", None),
            ("KVER = $(shell uname -r | cut -d- -f1)", "/usr/src/linux-$(KVER)", None),
        ] {
            let text = format!("{definitions}\nall:\n\t+make -C {folder} M=$(PWD) modules\n");
            assert_eq!(call(&text).as_deref(), vars.map(|vars| format!(" {vars}")).as_deref(), "{text}");
        }
    }

    #[test]
    fn the_target_is_named_unless_it_is_the_first() {
        let rest = "modules:\n\t$(MAKE) -C$(KDIR) M=$(PWD) CONFIG_X=m modules\nclean:\n\tmake -C $(OTHER) M=. clean\n";
        let vars = "KDIR=/lib/modules/${KERNEL_VERSION}/build";
        for (start, target) in [("", ""), (".PHONY: all\n%.o: %.c\n", ""), ("all: modules tool\n", "modules")] {
            assert_eq!(call(&format!("{start}{rest}")).unwrap(), format!("{target} {vars}"));
        }
        assert_eq!(call("clean:\n\tmake -C $(KDIR) M=. clean\nall:\n\tmake -C sub\n"), None);
        let call = kbuild_call(&makefile(rest)).unwrap();
        assert_eq!((call.place.line, call.options), (2, BTreeSet::from(["CONFIG_X".to_owned()])));
    }
}
