//! Options of a `configure` script for the kernel.

use std::collections::BTreeMap;

use super::repository::{RepositoryFiles, in_folder};

/// Options of `configure` scripts that take a folder with headers, by their names in `configure.ac`.
const OPTIONS: [&str; 12] = [
    "linux",
    "linux-obj",
    "linux-build",
    "kernel",
    "kernel-dir",
    "kernel-source",
    "kernel-src",
    "kernel-build",
    "kernel-sources",
    "kerneldir",
    "kbuild",
    "kdir",
];

/// Variables of the environment that scripts take such a folder from.
const VARIABLES: [&str; 8] =
    ["KERNEL_DIR", "KERNELDIR", "KDIR", "KERNEL_SRC", "KERNEL_SOURCE", "KSRC", "KERNEL_PATH", "LINUX_DIR"];

/// A `configure` script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Configure {
    pub(super) path: String,
    /// Set if the script has to be made first.
    pub(super) is_made: bool,
    pub(super) args: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
}

impl Configure {
    /// The script of a folder, or the one that autoconf makes.
    pub(super) fn of(folder: &str, repository: &RepositoryFiles) -> Option<Self> {
        let script = in_folder(folder, "configure");
        let inputs = ["configure.ac", "configure.in"].map(|name| in_folder(folder, name));
        let input = inputs.iter().find(|path| repository.paths.contains(*path));
        let is_made = !repository.paths.contains(&script);
        if is_made && input.is_none() {
            return None;
        }
        let path = if is_made { input?.clone() } else { script.clone() };
        let texts: Vec<&str> =
            inputs.iter().chain([&script]).filter_map(|path| repository.texts.get(path).map(String::as_str)).collect();
        let headers = "/lib/modules/${KERNEL_VERSION}/build";
        let options = OPTIONS.iter().filter(|option| texts.iter().any(|text| takes(text, option)));
        let args: Vec<String> = options.map(|option| format!("--with-{option}={headers}")).collect();
        let variable = VARIABLES.iter().find(|name| texts.iter().any(|text| has_word(text, name)));
        let env = variable.filter(|_| args.is_empty()).map(|name| ((*name).to_owned(), headers.to_owned()));
        Some(Self { path, is_made, args, env: env.into_iter().collect() })
    }
}

/// Checks whether a script has an option: in the words of autoconf's input, or of the help.
fn takes(text: &str, option: &str) -> bool {
    let declared = ["([", "("].iter().any(|open| {
        let start = format!("AC_ARG_WITH{open}{option}");
        text.split(&start).skip(1).any(|rest| rest.starts_with([']', ',']))
    });
    declared || text.split(&format!("--with-{option}")).skip(1).any(|rest| rest.starts_with('='))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|other| other == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::testing::repository;

    #[test]
    fn options_and_variables_are_found() {
        for (path, text, args, env, is_made) in [
            ("configure.ac", "AC_ARG_WITH([linux],\nAC_ARG_WITH([linux-obj], x", "linux linux-obj", "", true),
            ("configure", "  --with-kernel=DIR  the kernel\n --with-linuxes=x", "kernel", "", false),
            ("configure", "#!/bin/sh\necho ${KERNEL_DIR:-x}\n", "", "KERNEL_DIR", false),
            ("configure", "#!/bin/sh\n", "", "", false),
        ] {
            let found = Configure::of("", &repository(&[(path, text)])).unwrap();
            let names: Vec<&str> = found.args.iter().map(|arg| arg[7..].split('=').next().unwrap()).collect();
            assert_eq!(names.join(" "), args, "{text}");
            assert_eq!(found.env.keys().map(String::as_str).collect::<Vec<_>>().join(" "), env, "{text}");
            assert_eq!(found.is_made, is_made);
        }
        assert_eq!(Configure::of("", &repository(&[("sub/configure", "")])), None);
    }
}
