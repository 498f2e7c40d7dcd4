//! Builds of KMM: the section `build` of a Module, and the secrets that it mounts.

use kmodgen_yaml::{Node, Yaml};

use super::check::convert_fields;
use super::place::refuse_repeats;
use super::{Context, ModuleSpec, build_args, entry, fields, texts_in};
use crate::manifest::decode::Fields;
use crate::vocabulary::{Diagnostic, Diagnostics};

impl ModuleSpec {
    /// The names of the secrets that a build mounts.
    pub fn build_secrets(&self) -> Vec<String> {
        let secrets = self.build.iter().find(|(name, _)| name == "secrets").map(|(_, value)| value);
        let Some(Yaml::Seq(secrets)) = secrets else { return Vec::new() };
        secrets.iter().filter_map(name_of).collect()
    }

    /// Has every build mount a secret.
    pub(super) fn mount_secret(&mut self, name: &str) {
        if self.build_secrets().iter().any(|known| known == name) {
            return;
        }
        let secret = Yaml::Map(vec![("name".into(), Yaml::text(name.to_owned()))]);
        match self.build.iter_mut().find(|(key, _)| key == "secrets") {
            Some((_, Yaml::Seq(secrets))) => secrets.push(secret),
            _ => {
                self.build.push(("secrets".into(), Yaml::Seq(vec![secret])));
                self.build.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
        }
    }

    /// Decodes the section.
    pub(super) fn decode_build(&mut self, node: &Node, context: &Context<'_>, faults: &mut Diagnostics) {
        if let Some(reason) = context.why_not_built().filter(|_| !context.kmm_builds) {
            // Nobody else would heed these.
            for entry in ["selector", "kanikoParams"].iter().filter_map(|key| entry(node, key)) {
                let key = &entry.key.value;
                faults.push(
                    Diagnostic::warning(
                        "kmm-build",
                        format!("`{key}` is for builds by KMM, and there are none: {reason}"),
                    )
                    .at(entry.key.span, "")
                    .help("remove it: `kmodgen build --push` builds the images"),
                );
            }
        }
        if let Some(entry) = entry(node, "dockerfileConfigMap") {
            faults.push(
                Diagnostic::error("kmm-build", "kmodgen writes `dockerfileConfigMap` itself")
                    .at(entry.key.span, "")
                    .help("remove it: each mapping refers to its generated ConfigMap"),
            );
            return;
        }
        let Some(mut fields) = Fields::open(&fields::BUILD, node, faults) else { return };
        let secrets = texts_in(node, "secrets", "name");
        refuse_repeats("the secret", secrets.into_iter(), faults);
        self.build = convert_fields(&mut fields, "build", fields::BUILD_PASSED, faults);
        self.build_args = fields.take("buildArgs", faults).map(|n| build_args::decode(n, faults)).unwrap_or_default();
        fields.finish(faults);
    }
}

fn name_of(secret: &Yaml<'_>) -> Option<String> {
    let Yaml::Map(fields) = secret else { return None };
    fields.iter().find_map(|(key, value)| match value {
        Yaml::Text(name) if key == "name" => Some(name.to_string()),
        _ => None,
    })
}
