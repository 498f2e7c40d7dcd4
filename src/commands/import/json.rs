//! The reports of `import` as JSON for scripts.

use std::path::Path;

use serde::Serialize;

use crate::import::adopt::Adoption;
use crate::import::convert::{Conversion, Fate};
use crate::vocabulary::SourceMap;

/// Version of the documents' form; keys may be added without another one.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportDocument<'a> {
    version: u32,
    summary: ImportSummary,
    modules: Vec<ImportedModule<'a>>,
    /// Modules that kmodgen generated, each with its manifest.
    generated: &'a [String],
    written: Vec<String>,
}

/// Effects of the new Modules in place of the old ones on the compared kernels.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportSummary {
    imported: usize,
    not_imported: usize,
    kernels: usize,
    loads: usize,
    reloads: usize,
    unloads: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportedModule<'a> {
    namespace: &'a str,
    name: &'a str,
    place: String,
    literals: usize,
    regexps: usize,
    config_maps: &'a [String],
    remarks: Vec<ImportRemark<'a>>,
}

#[derive(Serialize)]
struct ImportRemark<'a> {
    place: String,
    message: &'a str,
}

/// Returns the report on adopted Modules.
pub(super) fn adopted(adoption: &Adoption<'_>, generated: &[String], written: &[&Path], sources: &SourceMap) -> String {
    let modules = adoption.manifests.iter().flat_map(|manifest| {
        manifest.modules.iter().map(|module| ImportedModule {
            namespace: &manifest.namespace,
            name: &module.name,
            place: sources.locate(module.object.place()),
            literals: module.literals,
            regexps: module.regexps,
            config_maps: &module.config_maps,
            remarks: module
                .remarks
                .iter()
                .map(|(place, message)| ImportRemark { place: sources.locate(*place), message })
                .collect(),
        })
    });
    let modules: Vec<ImportedModule<'_>> = modules.collect();
    let summary = ImportSummary {
        imported: modules.len(),
        not_imported: adoption.refused,
        kernels: adoption.manifests.iter().map(|manifest| manifest.releases.len()).sum(),
        // A Module with a difference is not imported.
        loads: 0,
        reloads: 0,
        unloads: 0,
    };
    document(&ImportDocument { version: VERSION, summary, modules, generated, written: names(written) })
}

#[derive(Serialize)]
struct ConversionDocument<'a> {
    version: u32,
    complete: bool,
    lines: Vec<ConvertedLine<'a>>,
    /// Fields to complete or check.
    gaps: &'a [String],
    written: Vec<String>,
}

#[derive(Serialize)]
struct ConvertedLine<'a> {
    line: usize,
    text: &'a str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// Returns the report on a converted Dockerfile.
pub(super) fn converted(conversion: &Conversion, is_complete: bool, written: &[&Path]) -> String {
    let lines = conversion.parts.iter().map(|part| {
        let (result, detail) = match &part.fate {
            Some(Fate::Field(field)) => ("field", Some(field.as_str())),
            Some(Fate::Block(block)) => ("block", Some(*block)),
            Some(Fate::Done(what)) => ("automatic", Some(*what)),
            Some(Fate::Dropped(reason)) => ("dropped", Some(*reason)),
            None => ("none", None),
        };
        ConvertedLine { line: part.line, text: &part.text, result, detail }
    });
    document(&ConversionDocument {
        version: VERSION,
        complete: is_complete,
        lines: lines.collect(),
        gaps: &conversion.gaps,
        written: names(written),
    })
}

fn names(paths: &[&Path]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

fn document(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}
