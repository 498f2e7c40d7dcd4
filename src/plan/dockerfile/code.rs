//! A source's values, as templates see them.

use minijinja::value::Value;

use crate::manifest::{FileKind, Mirrors, decompressor};
use crate::plan::{Code, Content, EmbeddedFile};

/// The values of a source. It is got after those that are the same for all kernels if it is not, or if it lies in
/// the folder of one that is not: what comes later overwrites.
pub(super) fn values(code: &Code, all: &[Code], mirrors: &Mirrors) -> Value {
    let containers: Vec<&Code> =
        std::iter::successors(code.container(all), |outer| outer.container(all)).take(all.len()).collect();
    let by_kernel = [code].iter().chain(&containers).any(|code| is_by_kernel(code, all));
    let patches: Value = code.patches.iter().map(|patch| embedded(patch)).collect();
    let own: Vec<(&str, Value)> = match &code.content {
        Content::Commit { url, commit, submodules, date: _ } => vec![
            ("kind", Value::from("git")),
            ("url", Value::from(mirrors.url(url.as_str()))),
            ("commit", Value::from(commit.as_str())),
            ("submodules", Value::from(*submodules)),
            ("instead_of", mirrors.git_settings().map(Value::from).collect()),
        ],
        Content::File { kind, url, sha256, strip_components, by_kernel: _ } => vec![
            ("kind", Value::from("file")),
            ("form", Value::from(kind.name())),
            ("compression", compression(*kind, url)),
            ("url", Value::from(mirrors.url(url))),
            ("sha256", Value::from(sha256.to_string())),
            ("strip_components", Value::from(*strip_components)),
        ],
        Content::Inner { container, path, kind, strip_components, by_kernel: _ } => vec![
            ("kind", Value::from("inner")),
            ("form", Value::from(kind.name())),
            ("compression", compression(*kind, path)),
            ("container", Value::from(container.as_str())),
            ("container_folder", Value::from(code.container(all).map_or("", |outer| outer.folder.as_str()))),
            ("path", Value::from(path.as_str())),
            ("strip_components", Value::from(*strip_components)),
        ],
        Content::Image { image, path } => vec![
            ("kind", Value::from("image")),
            ("image", Value::from(mirrors.image(image))),
            ("path", Value::from(path.as_str())),
        ],
        Content::Folder(folder) => {
            vec![
                ("kind", Value::from("path")),
                ("path", Value::from(folder.path.as_str())),
                ("sums", Value::from(folder.sums.to_string())),
            ]
        }
    };
    let common = [
        ("name", Value::from(code.name.as_str())),
        ("folder", Value::from(code.folder.as_str())),
        ("build_folder", Value::from(code.build_folder())),
        ("by_kernel", Value::from(by_kernel)),
        ("order", Value::from(containers.len() + if by_kernel { all.len() } else { 0 })),
        ("secret", code.secret.as_deref().map_or(Value::from(()), Value::from)),
        ("patches", patches),
    ];
    Value::from_pairs(common.into_iter().chain(own))
}

/// Checks whether other kernels get other files from a source, or from one in whose folder it lies.
fn is_by_kernel(code: &Code, all: &[Code]) -> bool {
    code.is_by_kernel() || all.iter().any(|other| other.is_by_kernel() && code.is_within(other))
}

/// The program that decompresses a tar archive, if one is needed.
fn compression(kind: FileKind, name: &str) -> Value {
    decompressor(name).filter(|_| kind == FileKind::Tar).map_or(Value::from(()), Value::from)
}

/// The values of a file that the Dockerfile carries.
pub(super) fn embedded(file: &EmbeddedFile) -> Value {
    // Made of quoted words only, so they may pass as they are.
    let write: Value = file.write.iter().map(|command| Value::from_safe_string(command.clone())).collect();
    Value::from_pairs([
        ("name", Value::from_safe_string(comment(&file.name))),
        ("file", Value::from(file.file.as_str())),
        ("sha256", Value::from(file.digest.to_string())),
        ("write", write),
    ])
}

/// The folders of all sources, but for those that lie in another one's.
pub(super) fn folders(codes: &[Code]) -> Value {
    let outermost = codes.iter().filter(|code| !codes.iter().any(|other| code.is_within(other)));
    outermost.map(|code| code.folder.as_str()).collect()
}

/// A path has no control character, and a comment ends with its line; all it must not do is end
/// in a backslash or carry the text by which KMM chooses the builder itself.
fn comment(text: &str) -> String {
    text.replace("DTK_AUTO", "DTK-AUTO").trim_end_matches('\\').to_owned()
}
