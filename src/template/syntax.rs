//! The syntax of templates.

use minijinja::syntax::SyntaxConfig;

/// Returns the delimiters. Block tags leave neither their line's indentation nor its end behind, so that a
/// template reads like the Dockerfile that it makes.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("the default delimiters are well formed")
}
