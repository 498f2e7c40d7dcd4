//! The KMM Module that ties a module's kernels together.

use super::header::with_header;
use crate::manifest::Module;
use crate::plan::Mapping;
use crate::vocabulary::Namespace;
use crate::yaml::{self, Yaml};

/// The text of a Module: one literal mapping per kernel, every value written out.
pub fn render<'p>(module: &Module, namespace: &Namespace, mappings: impl Iterator<Item = &'p Mapping<'p>>) -> String {
    let text = |value: &str| Yaml::Text(value.to_owned());
    let mut container = Vec::new();
    if let Some(version) = &module.version {
        container.push(("version".to_owned(), text(version)));
    }
    container.extend(module.kmm.container.clone());
    container.push(("kernelMappings".into(), Yaml::Seq(mappings.map(mapping).collect())));
    let mut loader = module.kmm.loader.clone();
    loader.push(("container".into(), Yaml::Map(container)));
    let mut spec = vec![("moduleLoader".to_owned(), Yaml::Map(loader))];
    spec.extend(module.kmm.spec.clone());
    let metadata = vec![("name".into(), text(module.name.as_str())), ("namespace".into(), text(namespace.as_str()))];
    with_header(&yaml::emit(&Yaml::Map(vec![
        ("apiVersion".into(), text("kmm.sigs.x-k8s.io/v1beta1")),
        ("kind".into(), text("Module")),
        ("metadata".into(), Yaml::Map(metadata)),
        ("spec".into(), Yaml::Map(spec)),
    ])))
}

fn mapping(mapping: &Mapping<'_>) -> Yaml {
    let text = |value: &str| Yaml::Text(value.to_owned());
    let name = Yaml::Map(vec![("name".into(), text(&mapping.config_map()))]);
    let mut build = vec![("dockerfileConfigMap".to_owned(), name)];
    build.extend(mapping.module.kmm.build.clone());
    let mut fields = vec![
        ("literal".to_owned(), text(mapping.kernel.release.as_str())),
        ("containerImage".into(), Yaml::Text(mapping.image().to_string())),
        ("build".into(), Yaml::Map(build)),
    ];
    if let Some(sign) = &mapping.module.kmm.sign {
        let files = mapping.resolved.signed_files(mapping.module, mapping.kernel);
        let mut section = sign.fields.clone();
        section.push(("filesToSign".into(), Yaml::Seq(files.into_iter().map(Yaml::Text).collect())));
        fields.push(("sign".into(), Yaml::Map(section)));
    }
    Yaml::Map(fields)
}
