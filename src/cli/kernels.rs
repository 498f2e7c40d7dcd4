//! The words of `kmodgen kernels`.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// Examples at the end of the help.
pub(super) const EXAMPLES: &str = "\
Inputs, recognised by their content: nodes, the ImageStream driver-toolkit, `oc adm release info`
(each with -o json or -o yaml), tables of nodes, the release.txt of a mirror, driver-toolkit-release.json,
lists of OpenShift releases, ConfigMaps of OS versions and digests, kernel-crawler's list.json, and
kernel releases as text or as a list of strings. REPOSITORY@sha256:…=FILE names the image of a
driver-toolkit-release.json.

Examples:
  oc get nodes -o json | kmodgen kernels - -o fleet.yaml
  kmodgen kernels nodes.json imagestream.json --merge fleet.yaml -o fleet.yaml
  kmodgen kernels nodes.json next.json driver-toolkit-release.json --add --merge fleet.yaml -o fleet.yaml
  kmodgen kernels list.json --include '.*-generic' --newer-than 5.15

Exit code: 0 done; 1 a FILE of -o that is there and would be overwritten; 2 trouble.";

/// Arguments of `kernels`.
#[derive(Debug, Args)]
pub struct KernelsArgs {
    /// What to read: files, and `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Write the list to this file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Add to this list: its comments, order and fields stay
    #[arg(long, value_name = "FILE")]
    pub merge: Option<PathBuf>,
    /// Also list the kernels that a driver-toolkit-release.json names, before any node runs them
    #[arg(long)]
    pub add: bool,
    /// With --merge: of the kernels that no input names any more keep the newest N, and those that
    /// nodes run [default: all, marked]
    #[arg(long, value_name = "N", requires = "merge")]
    pub keep: Option<usize>,
    /// Only kernels that this pattern matches as a whole (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// No kernels that this pattern matches as a whole (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Only kernels for this architecture, such as x86_64 or arm64 (repeatable)
    #[arg(long, value_name = "ARCH")]
    pub arch: Vec<String>,
    /// Only kernels of this flavour, such as standard, rt, 64k or aws (repeatable)
    #[arg(long, value_name = "FLAVOUR")]
    pub flavour: Vec<String>,
    /// Only kernels that are newer than this version and than all that begins with it
    #[arg(long, value_name = "VERSION")]
    pub newer_than: Option<String>,
    /// Overwrite the FILE of -o, whatever is in it
    #[arg(long, requires = "output")]
    pub force: bool,
    /// How to report; with json, which needs -o, the report is the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
