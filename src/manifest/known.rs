//! Fields of a Module's `spec` that KMM's API has; the API server drops all others.

use std::sync::Arc;

use kmodgen_yaml::{Entry, Node, Value};

use super::structure::{Type, structure};
use crate::vocabulary::{Span, Spanned};

/// Returns the `spec` of a Module without fields that KMM does not have, which are added to `unknown` by their paths,
/// and without those that have no value.
pub fn without_unknown(spec: &Arc<Node>, unknown: &mut Vec<Spanned<String>>) -> Arc<Node> {
    value(spec, &Type::Record("module"), "spec", unknown)
}

fn value(node: &Arc<Node>, takes: &Type, path: &str, unknown: &mut Vec<Spanned<String>>) -> Arc<Node> {
    match (takes, &node.value) {
        (Type::Record(name), Value::Mapping(entries)) => {
            let fields = structure().fields(name);
            let kept = entries.iter().filter(|entry| !entry.value.is_null()).filter_map(|entry| {
                let path = format!("{path}.{}", entry.key.value.escape_debug());
                let Some(field) = fields.iter().find(|field| field.key == entry.key.value) else {
                    unknown.push(Spanned::new(path, entry.key.span));
                    return None;
                };
                let value = value(&entry.value, &field.takes, &path, unknown);
                Some(Entry { key: entry.key.clone(), value })
            });
            with(node.span, Value::Mapping(kept.collect()))
        }
        (Type::List { of, .. }, Value::Sequence(items)) => {
            let items = items.iter().map(|item| value(item, of, path, unknown));
            with(node.span, Value::Sequence(items.collect()))
        }
        _ => node.clone(),
    }
}

fn with(span: Span, value: Value) -> Arc<Node> {
    Arc::new(Node { span, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::SourceMap;

    #[test]
    fn fields_that_kmm_does_not_have_are_named() {
        let text = "selector: {anything: ''}
moduleLoader:
  container:
    lifecycle: {}
    modprobe: {moduleName: a, firmwarePath: ~}
    kernelMappings: [{literal: a, build: {dockerfileConfigMap: {name: a, key: b}}}]
";
        let node = kmodgen_yaml::read(SourceMap::default().add("", text), text).unwrap().unwrap();
        let mut unknown = Vec::new();
        let known = without_unknown(&node, &mut unknown);
        let unknown: Vec<&str> = unknown.iter().map(|path| path.value.as_str()).collect();
        let container = "spec.moduleLoader.container";
        let key = format!("{container}.kernelMappings.build.dockerfileConfigMap.key");
        assert_eq!(unknown, [format!("{container}.lifecycle"), key]);
        let expected = text.replace("    lifecycle: {}\n", "").replace(", firmwarePath: ~", "").replace(", key: b", "");
        let expected = kmodgen_yaml::read(SourceMap::default().add("", expected.as_str()), &expected).unwrap().unwrap();
        assert_eq!(kmodgen_yaml::emit(&known.to_yaml()), kmodgen_yaml::emit(&expected.to_yaml()));
    }
}
