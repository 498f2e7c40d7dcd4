//! Package repositories, as templates see them.

use minijinja::value::Value;

use super::code::embedded;
use crate::manifest::Mirrors;
use crate::plan::{Key, Repository};

/// The values of a repository.
pub(super) fn values(repository: &Repository, mirrors: &Mirrors) -> Value {
    let file = repository.key_file();
    let url = mirrors.url(&repository.url);
    let lines: Vec<String> = match &repository.suite {
        Some((suite, components)) => {
            let words = ["deb", &format!("[signed-by={file}]"), &url, suite];
            let words = words.into_iter().chain(components.iter().map(String::as_str));
            vec![words.collect::<Vec<_>>().join(" ")]
        }
        None => vec![
            format!("[{}]", repository.name),
            format!("name={}", repository.name),
            format!("baseurl={url}"),
            "enabled=1".into(),
            "gpgcheck=1".into(),
            format!("gpgkey=file://{file}"),
        ],
    };
    let key = match &repository.key {
        Key::Embedded(key) => embedded(key),
        Key::Download { url, sha256 } => Value::from_pairs([
            ("url", Value::from(mirrors.url(url))),
            ("file", Value::from(file)),
            ("sha256", Value::from(sha256.to_string())),
        ]),
    };
    Value::from_pairs([
        ("name", Value::from(repository.name.as_str())),
        ("lines", lines.into_iter().map(Value::from).collect()),
        ("for_apt", Value::from(repository.suite.is_some())),
        ("needs_certificates", Value::from(url.starts_with("https:"))),
        ("key", key),
        ("for_builder", Value::from(repository.for_builder)),
        ("for_runtime", Value::from(repository.for_runtime)),
    ])
}
