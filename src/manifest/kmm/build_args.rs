//! Build arguments: `ARG`s of the Dockerfile and values that KMM gives its builds.

use kmodgen_yaml::Node;

use super::fields::BUILD_ARGUMENT;
use crate::manifest::conditional::Conditional;
use crate::manifest::decode::{self, Fields};
use crate::manifest::expansion::Expands;
use crate::manifest::selection::Selection;
use crate::manifest::steps::variable_name;
use crate::vocabulary::{Diagnostic, Diagnostics, Invalid, quoted_list};

/// A build argument.
#[derive(Debug, Clone, Hash)]
pub struct BuildArgument {
    pub name: String,
    pub value: String,
    /// Set if it is in the Dockerfile and in the content hash.
    pub hashed: bool,
}

/// Names of arguments that every build tool knows without an `ARG`: they change the way to a server, and no content.
const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
];

/// Names of the build arguments that KMM sets itself; a manifest cannot set them.
const KMMS_OWN: [&str; 5] = ["KERNEL_VERSION", "KERNEL_FULL_VERSION", "MOD_NAME", "MOD_NAMESPACE", "DTK_AUTO"];

pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Vec<Conditional<BuildArgument>> {
    let mut all: Vec<Conditional<BuildArgument>> = Vec::new();
    for item in decode::items(node, "`buildArgs`", faults) {
        let Some(argument) = one(item, faults) else { continue };
        let earlier = all.iter().find(|other| other.value.name == argument.value.name);
        // Two for different kernels may have one name.
        if earlier.is_some_and(|other| other.kernels.is_all() || argument.kernels.is_all()) {
            let fault = format!("the build argument `{}` is given twice", argument.value.name);
            faults.push(Diagnostic::error("kmm-build-arg", fault).at(item.span, ""));
        } else {
            all.push(argument);
        }
    }
    all
}

fn one(node: &Node, faults: &mut Diagnostics) -> Option<Conditional<BuildArgument>> {
    let mut fields = Fields::open(&BUILD_ARGUMENT, node, faults)?;
    let [name, value, hashed] = ["name", "value", "hashed"].map(|key| fields.take(key, faults));
    let kernels = Selection::take(&mut fields, faults)?;
    fields.finish(faults);
    let (Some(name), Some(value)) = (name, value) else {
        faults
            .push(Diagnostic::error("kmm-build-arg", "a build argument has a `name` and a `value`").at(node.span, ""));
        return None;
    };
    let name = decode::text(name, "a build argument's name", faults, self::name);
    let value = decode::text(value, "a build argument's value", faults, |text| Expands::Release.line(text));
    let hashed = hashed.and_then(|node| decode::flag(node, "hashed", faults)).unwrap_or(true);
    let (name, value) = (name?, value?);
    if !hashed && !PROXIES.contains(&name.as_str()) {
        let message = format!("`{}` requires an `ARG`, which is in the hash", name.value);
        let help = format!("remove `hashed: false`, or write one of {}", quoted_list(&PROXIES));
        faults.push(Diagnostic::error("kmm-build-arg", message).at(name.span, "").help(help));
    }
    Some(Conditional { value: BuildArgument { name: name.value, value: value.value, hashed }, kernels })
}

fn name(text: &str) -> Result<String, Invalid> {
    if KMMS_OWN.contains(&text) {
        return Err(Invalid::new(format!("KMM sets the build argument `{text}` itself")).help("remove it"));
    }
    variable_name(text).map(|()| text.to_owned())
}
