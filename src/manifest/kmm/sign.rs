//! Signing of a module's kmods by KMM.

use kmodgen_yaml::{Node, Pair, Yaml};

use super::check::{convert, convert_fields};
use super::{Context, entry, fields, texts};
use crate::manifest::built_by::BuiltBy;
use crate::manifest::decode::Fields;
use crate::manifest::kernel::Kernel;
use crate::manifest::kind::ModuleKind;
use crate::manifest::variables;
use crate::vocabulary::{Diagnostic, Diagnostics, Spanned};

/// Settings for signing the kmods.
#[derive(Debug, Clone, Hash)]
pub struct Sign {
    /// The section's fields but for `filesToSign`.
    pub fields: Vec<Pair<'static>>,
    /// The files, as shell patterns, and where each is written; those of the layout where `None`.
    pub files: Option<Vec<Spanned<String>>>,
    /// Counted up by the user to have everything signed again, as after a change of key.
    pub generation: Option<String>,
}

impl Sign {
    /// The files that the user names, written out for a kernel: KMM would expand its variables to the
    /// normalised release, which is no folder of the image where the release has a `+`.
    pub fn files_on(&self, kernel: &Kernel) -> Option<Vec<String>> {
        let files = self.files.as_ref()?.iter();
        Some(files.map(|file| variables::written_out(&file.value, kernel.release.as_str())).collect())
    }

    /// Returns the name of the secret in one of its fields.
    pub fn secret(&self, field: &str) -> Option<&str> {
        let (_, reference) = self.fields.iter().find(|(name, _)| name == field)?;
        let Yaml::Map(entries) = reference else { return None };
        entries.iter().find_map(|(key, value)| match value {
            Yaml::Text(name) if key == "name" => Some(&**name),
            _ => None,
        })
    }

    pub(super) fn decode(node: &Node, context: &Context<'_>, faults: &mut Diagnostics) -> Option<Self> {
        if let Some(unsigned) = entry(node, "unsignedImage").filter(|_| context.kind == ModuleKind::Built) {
            faults.push(
                Diagnostic::error("kmm-sign", "KMM ignores `unsignedImage` if it builds the image")
                    .at(unsigned.key.span, "")
                    .help("remove it: KMM signs the image that it built"),
            );
            return None;
        }
        if let Some(reason) = context.why_not_built() {
            let help = match context.built_by {
                BuiltBy::Ci => "remove `sign` and sign in a build step, or remove `builtBy`",
                BuiltBy::Cluster => "remove `sign` and sign in a build step, or put the folder into a git repository",
            };
            let message = format!("KMM signs only images that it builds: {reason}");
            faults.push(Diagnostic::error("kmm-sign", message).at(node.span.at_start(), "").help(help));
            return None;
        }
        let mut record = Fields::open(&fields::SIGN, node, faults)?;
        let mut own = Diagnostics::default();
        let fields = convert_fields(&mut record, "sign", &fields::SIGNED, &mut own);
        let listed = record
            .take("filesToSign", &mut own)
            .filter(|list| convert("sign", "filesToSign", list, &mut own).is_some());
        if let Some(entry) = record.take_refused("rotation", &mut own) {
            own.push(
                Diagnostic::error("unknown-key", "`container.sign` has no key `rotation`")
                    .at(entry.key.span, "")
                    .help("write `signing: {generation: …}` beside `moduleSpec`"),
            );
        }
        record.finish(&mut own);
        let right = !own.has_errors();
        faults.extend(own.into_sorted());
        if !right {
            return None;
        }
        for key in ["keySecret", "certSecret"] {
            if node.get(key).is_none() {
                faults.push(
                    Diagnostic::error("kmm-sign", format!("`sign` has no `{key}`"))
                        .at(node.span.at_start(), "")
                        .help(format!("write `{key}: {{name: …}}`, a secret in the Module's namespace")),
                );
            }
        }
        if context.kind != ModuleKind::Built {
            for (key, advice) in [("unsignedImage", "the image that is signed"), ("filesToSign", "the files in it")] {
                if node.get(key).is_none() {
                    faults.push(
                        Diagnostic::error("kmm-sign", format!("`sign` of a prebuilt image has no `{key}`"))
                            .at(node.span.at_start(), "")
                            .help(format!("write `{key}`, {advice}")),
                    );
                }
            }
        }
        let files = listed.map(|list| {
            let files = texts(node, "filesToSign");
            for (file, span) in &files {
                if let Err(invalid) = variables::expand(file, variables::KERNEL) {
                    faults.push(Diagnostic::invalid("kmm-sign", *span, invalid));
                }
            }
            if files.is_empty() {
                faults.push(
                    Diagnostic::error("kmm-sign", "`filesToSign` is empty")
                        .at(list.span, "")
                        .help("remove it: the kmods are signed by default"),
                );
            }
            files.into_iter().map(|(file, span)| Spanned::new(file.to_owned(), span)).collect()
        });
        Some(Self { fields, files, generation: None })
    }
}
