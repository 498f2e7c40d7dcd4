//! A hand-written Dockerfile as a manifest: fields for what kmodgen has fields for, and the rest word for word in the
//! blocks of a template. Every line of the Dockerfile is in the report.

mod blocks;
mod build;
mod draft;
mod files;
mod folder;
mod instructions;
mod make;
mod manifest;
mod report;
mod request;
mod runtime;
mod shell_values;
mod sources;
mod splitting;
mod stage_names;

use std::collections::BTreeMap;

use dockerfile_reader::read;
use kmodgen_yaml::Yaml;

use draft::Draft;
pub use draft::{Fate, Part};

/// Dockerfile, and what its Module says.
pub struct Request<'a> {
    pub dockerfile: &'a str,
    /// Name of its file, for comments and the report.
    pub file: &'a str,
    /// Name of the Module.
    pub name: &'a str,
    pub namespace: &'a str,
    /// Repository of the images, without a tag.
    pub image: String,
    /// `spec` of the Module without what kmodgen generates.
    pub spec: Yaml<'static>,
    /// Names of kmods that the Module loads or signs.
    pub kmods: Vec<String>,
    pub build_arguments: BTreeMap<String, String>,
    pub releases: Vec<String>,
}

/// Manifest, template and report of a Dockerfile.
#[derive(Debug)]
pub struct Conversion {
    pub manifest: String,
    /// Path of the template beside the manifest, and its text, if lines stay as they are.
    pub template: Option<(String, String)>,
    /// Lines of the Dockerfile with what became of them.
    pub parts: Vec<Part>,
    /// Fields that the user has to complete or check.
    pub gaps: Vec<String>,
}

/// Converts a Dockerfile.
pub fn convert(request: &Request<'_>) -> Conversion {
    let dockerfile = read(request.dockerfile);
    let mut arguments = request.build_arguments.clone();
    // Variables that KMM and kmodgen set stay variables.
    for name in ["KERNEL_VERSION", "KERNEL_FULL_VERSION", "DTK_AUTO"] {
        arguments.insert(name.to_owned(), format!("${{{name}}}"));
    }
    let variables = dockerfile.variables(&arguments);
    let mut draft = Draft::default();
    instructions::read(&mut draft, &dockerfile, &variables, request);
    let template = blocks::template(&mut draft, request);
    let manifest = manifest::text(&mut draft, request, template.as_ref().map(|(path, _)| path.as_str()));
    let parts = report::parts(&draft, &dockerfile);
    Conversion { manifest, template, parts, gaps: draft.gaps }
}

impl Conversion {
    /// The report: each line with what became of it, then both Dockerfiles side by side.
    pub fn report(&self, request: &Request<'_>, generated: &str) -> String {
        report::text(self, request, generated)
    }
}
