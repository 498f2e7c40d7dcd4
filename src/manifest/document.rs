//! The one document of a text.

use std::sync::Arc;

use kmodgen_yaml::{Node, SourceId};

use super::API_VERSION;
use crate::vocabulary::{Diagnostic, Diagnostics, Span};

/// Reads the document of a text, which messages call `name`; `None` if it is empty or wrong.
pub(super) fn read(source: SourceId, text: &str, name: &str, faults: &mut Diagnostics) -> Option<Arc<Node>> {
    match kmodgen_yaml::read(source, text) {
        Ok(Some(node)) => Some(node),
        Ok(None) => {
            faults.push(
                Diagnostic::error("empty-manifest", format!("{name} is empty"))
                    .at(Span::new(source, 0, 0), "")
                    .help(format!("start with `apiVersion: {API_VERSION}`")),
            );
            None
        }
        Err(errors) => {
            faults.extend(errors);
            None
        }
    }
}
