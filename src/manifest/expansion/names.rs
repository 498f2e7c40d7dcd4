//! Names of variables, functions and commands that people expect to expand.

/// Other names of the release: those of dkms, kbuild, and many a script.
const ALIASES: [&str; 13] = [
    "kernelver",
    "kernelversion",
    "kernelrelease",
    "kernel_version",
    "kernel_release",
    "kernel",
    "kver",
    "kversion",
    "krel",
    "kernel_full_release",
    "uname_r",
    "uname",
    "kernel_ver",
];

/// Names of the folder with the kernel's headers, in the Makefiles and scripts of out-of-tree modules.
const FOLDERS: [&str; 19] = [
    "kdir",
    "kerneldir",
    "kernel_dir",
    "kernel_src",
    "kernelsrc",
    "kernel_source",
    "kernel_sources",
    "kernel_source_dir",
    "kernel_build",
    "kernel_build_dir",
    "kernel_path",
    "kernel_tree",
    "kernel_headers",
    "kheaders",
    "kbuild",
    "kbuild_dir",
    "kbuild_output",
    "kobj",
    "ksrc",
];

/// The functions of GNU make (manual, "Functions for Transforming Text").
const MAKE_FUNCTIONS: [&str; 38] = [
    "abspath",
    "addprefix",
    "addsuffix",
    "and",
    "basename",
    "call",
    "dir",
    "error",
    "eval",
    "file",
    "filter",
    "filter-out",
    "findstring",
    "firstword",
    "flavor",
    "foreach",
    "guile",
    "if",
    "info",
    "intcmp",
    "join",
    "lastword",
    "let",
    "notdir",
    "or",
    "origin",
    "patsubst",
    "realpath",
    "shell",
    "sort",
    "strip",
    "subst",
    "suffix",
    "value",
    "warning",
    "wildcard",
    "word",
    "words",
];

/// Commands that make would take for the names of variables.
const COMMANDS: [&str; 12] =
    ["arch", "cat", "date", "getconf", "hostname", "id", "ls", "nproc", "pwd", "uname", "whoami", "which"];

/// Returns whether a variable is likely for the folder with the kernel's headers.
pub(super) fn is_folder(name: &str) -> bool {
    FOLDERS.contains(&name.to_ascii_lowercase().as_str())
}

/// Returns whether a variable is likely for the release.
pub(super) fn is_alias(name: &str) -> bool {
    ALIASES.contains(&name.to_ascii_lowercase().as_str())
}

/// Returns whether make has a function of that name.
pub(super) fn is_make_function(name: &str) -> bool {
    MAKE_FUNCTIONS.contains(&name)
}

pub(super) fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word)
}
