//! Version of the form of manifests, kernel files and tests.

use kmodgen_yaml::Node;

use super::decode::{self, Fields};
use crate::vocabulary::{Diagnostic, Diagnostics};

/// The one version of the manifest's form.
pub const API_VERSION: &str = "kmodgen/v1";

/// The error of a document of another version, which is the only one: what else is wrong with it is for
/// the program that reads that version.
pub(crate) fn other_version(node: &Node) -> Option<Diagnostic> {
    let given = node.get("apiVersion")?;
    let text = &given.as_scalar().filter(|scalar| !scalar.is_null() && scalar.text != API_VERSION)?.text;
    let fault = Diagnostic::error("invalid-value", format!("unsupported apiVersion `{}`", text.escape_debug()));
    Some(fault.at(given.span, "").help(format!("write `apiVersion: {API_VERSION}`")))
}

/// Checks that a document states its version.
pub(crate) fn check_api_version(fields: &mut Fields<'_>, faults: &mut Diagnostics) {
    let advice = format!("write `apiVersion: {API_VERSION}` as the first line");
    if let Some(node) = fields.need("apiVersion", &advice, faults) {
        decode::text(node, "`apiVersion`", faults, |_| Ok(()));
    }
}
