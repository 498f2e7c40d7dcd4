//! The template with the lines that stay.

use dockerfile_reader::Keyword;

use super::Request;
use super::draft::{Draft, Fate, Kept};

/// Blocks in the order of a Dockerfile.
const BLOCKS: &[&str] =
    &["builder_from", "builder_prepare", "build", "runtime_from", "runtime_prepare", "runtime_copy", "runtime_end"];

/// Returns the path and text of the template, if lines stay.
pub(super) fn template(draft: &mut Draft, request: &Request<'_>) -> Option<(String, String)> {
    drop_settings(draft);
    drop_unwritable(draft);
    if draft.kept.is_empty() {
        return None;
    }
    let base = draft.template.unwrap_or("dtk");
    let mut text = format!("{{% extends \"kmodgen/{base}\" %}}\n");
    for block in BLOCKS {
        let in_block: Vec<&Kept> = draft.kept.iter().filter(|kept| kept.block == *block).collect();
        if in_block.is_empty() {
            continue;
        }
        text += &format!("{{% block {block} %}}\n");
        for kept in in_block.iter().filter(|kept| kept.is_before) {
            text += &lines(kept, request);
        }
        text += "{{ super() }}\n";
        for kept in in_block.iter().filter(|kept| !kept.is_before) {
            text += &lines(kept, request);
        }
        text += "{% endblock %}\n";
    }
    Some((format!("templates/{}.Dockerfile", request.name), text))
}

/// A line that stays, below a comment with its place.
fn lines(kept: &Kept, request: &Request<'_>) -> String {
    let line = 1 + request.dockerfile[..kept.span.start].matches('\n').count();
    let text = kept.text.replace("\r\n", "\n");
    let file: String = request.file.chars().filter(|c| c.is_ascii_graphic() && !"{}%#".contains(*c)).collect();
    // Text such as `${#x}` starts a comment of the template language.
    let is_plain = !["{{", "{%", "{#"].iter().any(|start| text.contains(start));
    let text = if is_plain { text } else { format!("{{% raw %}}\n{text}\n{{% endraw %}}") };
    format!("# {file}:{line}\n{text}\n")
}

/// Leaves out ARG, WORKDIR and USER that nothing else needs.
fn drop_settings(draft: &mut Draft) {
    let others: Vec<(&str, String)> =
        draft.kept.iter().filter(|kept| !kept.is_setting).map(|kept| (stage(kept.block), kept.text.clone())).collect();
    let mut dropped = Vec::new();
    draft.kept.retain(|kept| {
        let mut same_stage = others.iter().filter(|(of, _)| *of == stage(kept.block));
        let is_needed = match argument_names(&kept.text) {
            Some(names) => same_stage.any(|(_, text)| names.iter().any(|name| text.contains(name))),
            // Variables need no folder.
            None => same_stage.any(|(_, text)| !text.starts_with("ENV")),
        };
        let stays = !kept.is_setting || is_needed;
        if !stays {
            dropped.push(kept.span);
        }
        stays
    });
    for (span, fate) in &mut draft.fates {
        if dropped.contains(span) {
            *fate = Fate::Done("has its value in the fields that need it, and runs commands in their folders");
        }
    }
}

/// Leaves out lines that end the template language's own way to keep a text as it is.
fn drop_unwritable(draft: &mut Draft) {
    for kept in draft.kept.iter().filter(|kept| kept.text.contains("endraw")) {
        let line = Fate::Dropped("a template cannot have `endraw` in it");
        draft.fates.iter_mut().filter(|(span, _)| *span == kept.span).for_each(|(_, fate)| *fate = line.clone());
        draft.gaps.push("modules[0].template: FILL IN: a line with `endraw` is left out".to_owned());
    }
    draft.kept.retain(|kept| !kept.text.contains("endraw"));
}

/// The stage of a block.
fn stage(block: &str) -> &str {
    match block {
        "builder_prepare" | "build" => "builder",
        "runtime_prepare" | "runtime_copy" | "runtime_end" => "runtime",
        other => other,
    }
}

/// The names that an ARG declares.
fn argument_names(text: &str) -> Option<Vec<String>> {
    let file = dockerfile_reader::read(text);
    let instruction = file.instructions.first().filter(|instruction| instruction.keyword == Keyword::Arg)?;
    Some(instruction.pairs().iter().map(|pair| pair.name.text.to_string()).collect())
}
