//! Paths in a builder.

/// The absolute path that `path` is in the folder `from`.
pub(super) fn join(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            _ => parts.push(part),
        }
    }
    let joined: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("/{}", joined.join("/"))
}

/// The path of `path` below `folder`, empty if it is the same; `None` if it is elsewhere.
pub(super) fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// Checks whether a path is in the kernel's own folders.
pub(super) fn is_of_kernel(path: &str) -> bool {
    ["/lib/modules", "/usr/lib/modules", "/usr/src/kernels", "/usr/src/linux-headers", "/opt/lib/modules"]
        .iter()
        .any(|folder| path.starts_with(folder))
}
