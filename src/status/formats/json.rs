//! JSON for scripts.

use crate::status::StatusReport;

/// Writes the report as JSON.
///
/// # Errors
/// Does not happen with these types.
pub fn json(report: &StatusReport) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
