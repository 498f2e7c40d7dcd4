//! Texts that the Kubernetes API server checks: names, label keys and values, paths, resources.
//!
//! Sources: `k8s.io/apimachinery/pkg/util/validation` and `k8s.io/kubernetes/pkg/apis/core/validation`.

use super::name::dns_label as named_label;
use super::{ImageRef, Invalid};

type Checked = Result<(), Invalid>;

/// Checks a DNS label: at most 63 lower-case letters, digits and `-`.
///
/// # Errors
/// What is wrong with it.
pub fn dns_label(text: &str) -> Checked {
    named_label("name", text)
}

/// Checks the name of an object such as a Secret: a DNS subdomain of at most 253 characters.
///
/// # Errors
/// What is wrong with it.
pub fn object_name(text: &str) -> Checked {
    subdomain(text, 253)
}

/// Checks the name of a secret that KMM's builds mount, as the volume `secret-NAME`.
///
/// # Errors
/// A name that no such volume can have.
pub fn build_secret(text: &str) -> Checked {
    const LONGEST: usize = 63 - "secret-".len();
    if text.contains('.') || text.len() > LONGEST {
        return Err(Invalid::new(format!("KMM cannot mount the secret `{}`", text.escape_debug())).help(format!(
            "it becomes the volume `secret-NAME`: use a secret whose name has no dots and at most {LONGEST} characters"
        )));
    }
    dns_label(text)
}

/// Checks the name of a driver: a DNS subdomain of at most 63 characters.
///
/// # Errors
/// What is wrong with it.
pub fn driver_name(text: &str) -> Checked {
    subdomain(text, 63)
}

/// Checks the name of a CSI driver, which may have upper-case letters.
///
/// # Errors
/// What is wrong with it.
pub fn csi_driver(text: &str) -> Checked {
    subdomain(&text.to_ascii_lowercase(), 63)
}

fn subdomain(text: &str, limit: usize) -> Checked {
    let fault = format!("`{}` is not a Kubernetes name", text.escape_debug());
    if text.len() > limit {
        let length = text.len();
        return Err(Invalid::new(format!("{fault}: it has {length} characters; at most {limit} are allowed")));
    }
    if is_subdomain(text) {
        return Ok(());
    }
    let fixed = text.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    let fixed = fixed.trim_matches(['-', '.']);
    let rule = "lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part";
    let such_as = if is_subdomain(fixed) { format!(", such as `{fixed}`") } else { String::new() };
    Err(Invalid::new(fault).help(format!("write {rule}{such_as}")))
}

fn is_subdomain(text: &str) -> bool {
    fn legal(b: u8) -> bool {
        b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
    }
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(legal) && !part.starts_with('-') && !part.ends_with('-'))
}

/// Checks for a name of 1 to 63 letters, digits, `-`, `_` and `.`, alphanumeric at both ends.
fn is_label_name(text: &str) -> bool {
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    }
    fn edge(c: char) -> bool {
        c.is_ascii_alphanumeric()
    }
    (1..=63).contains(&text.len()) && text.chars().all(legal) && text.starts_with(edge) && text.ends_with(edge)
}

/// Checks for the key of a label or annotation, or a resource's name: a name, perhaps after a DNS
/// subdomain and `/`.
fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => prefix.len() <= 253 && is_subdomain(prefix) && is_label_name(name),
        None => is_label_name(text),
    }
}

const LABEL_NAME: &str = "1 to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";

/// Checks the key of a label, an annotation or a taint.
///
/// # Errors
/// A text that is not a name with an optional DNS subdomain before it.
pub fn label_key(text: &str) -> Checked {
    if is_qualified_name(text) {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not a label key", text.escape_debug()))
        .help(format!("write {LABEL_NAME}, perhaps after a lower-case domain and `/`, as in `example.com/zone`")))
}

/// Checks the value of a label, which may be empty.
///
/// # Errors
/// A text that is not a label's value.
pub fn label_value(text: &str) -> Checked {
    if text.is_empty() || is_label_name(text) {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not a label value", text.escape_debug()))
        .help(format!("write nothing, or {LABEL_NAME}")))
}

/// Checks the name of an environment variable, as every version of Kubernetes allows it.
///
/// # Errors
/// A text with other characters, or one that looks like a path.
pub fn env_name(text: &str) -> Checked {
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    }
    let first = text.starts_with(|c: char| !c.is_ascii_digit());
    if first && text.chars().all(legal) && text != "." && !text.starts_with("..") {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not the name of an environment variable", text.escape_debug()))
        .help("write letters, digits, `_`, `-` and `.`, not starting with a digit"))
}

/// Checks the key of a ConfigMap or Secret.
///
/// # Errors
/// A text that no key can be.
pub fn config_key(text: &str) -> Checked {
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    }
    if (1..=253).contains(&text.len()) && text.chars().all(legal) && text != "." && !text.starts_with("..") {
        return Ok(());
    }
    Err(Invalid::new(format!("`{}` is not a key of a ConfigMap or Secret", text.escape_debug()))
        .help("write at most 253 letters, digits, `-`, `_` and `.`, not starting with `..`"))
}

/// Checks a path within a volume.
///
/// # Errors
/// An absolute path, and one that leaves the volume.
pub fn path_below(text: &str) -> Checked {
    if text.is_empty() {
        return Err(invalid_path(text, "is empty"));
    }
    if text.starts_with('/') {
        return Err(invalid_path(text, "is absolute, but must be inside the volume"));
    }
    if text.split('/').any(|part| part == "..") || text.starts_with("..") || text.contains('\0') {
        return Err(invalid_path(text, "is outside the volume"));
    }
    Ok(())
}

fn invalid_path(path: &str, why: &str) -> Invalid {
    Invalid::new(format!("the path `{}` {why}", path.escape_debug()))
}

/// Checks a path on a node, in a container or on a server.
///
/// # Errors
/// A path that is relative, goes back with `..`, or has `:` in it.
pub fn absolute_path(text: &str) -> Checked {
    if !text.starts_with('/') {
        let help = format!("write `/{}`", text.trim_start_matches("./").escape_debug());
        return Err(invalid_path(text, "is not absolute").help(help));
    }
    if text.split('/').any(|part| part == "..") {
        return Err(invalid_path(text, "contains `..`").help("write the resolved path"));
    }
    if text.contains(':') || text.chars().any(char::is_control) {
        return Err(invalid_path(text, "contains a `:` or a control character"));
    }
    Ok(())
}

/// Checks a folder of an image that KMM's worker copies from.
///
/// The worker has a shell run `cp -R PATH/* /tmp/PATH`, without quotes and with a volume at `/tmp`
/// (rh-ecosystem-edge/kernel-module-management, `addCopyCommand`).
///
/// # Errors
/// Errors of [`absolute_path`], a path below `/tmp`, and one that a shell reads as more than its text.
pub fn copied_path(text: &str) -> Checked {
    absolute_path(text)?;
    fn means_more(c: &char) -> bool {
        c.is_whitespace() || "\"'`$\\;&|<>()*?[]{}!#~".contains(*c)
    }
    if let Some(sign) = text.chars().find(means_more) {
        return Err(invalid_path(text, &format!("contains {sign:?}, but KMM copies it in a shell without quotes"))
            .help("use only letters, digits, `.`, `_` and `-` in the name of the folder"));
    }
    if top_folder(text) == Some("tmp") {
        let why = "is a volume that KMM mounts, which hides the image's files";
        return Err(invalid_path(text, why).help("write a folder outside `/tmp`"));
    }
    Ok(())
}

/// Checks the folder of an image that KMM's worker copies firmware from.
///
/// A relative path is one from the working directory of the image.
///
/// # Errors
/// Errors of [`copied_path`] besides that of a relative path, and `/`.
pub fn firmware_path(text: &str) -> Checked {
    if text.is_empty() {
        return Err(Invalid::new("the path is empty").help("remove it, or write the folder with the firmware"));
    }
    match text.starts_with('/') {
        true => copied_path(text)?,
        false => copied_path(&format!("/{text}"))?,
    }
    if top_folder(text).is_none() {
        let why = format!("the path `{}` is the whole image, which KMM cannot copy", text.escape_debug());
        return Err(Invalid::new(why).help("write a folder that contains only firmware"));
    }
    Ok(())
}

fn top_folder(path: &str) -> Option<&str> {
    path.split('/').find(|part| !part.is_empty() && *part != ".")
}

/// Checks an image that a Pod runs.
///
/// # Errors
/// A text that is no image reference; variables, which nothing expands there.
pub fn pod_image(text: &str) -> Checked {
    if text.contains('$') {
        return Err(Invalid::new(format!(
            "`{}` contains a variable, but KMM does not expand variables here",
            text.escape_debug()
        ))
        .help("write the image with its tag or digest"));
    }
    ImageRef::parse(text).map(|_| ())
}

/// Checks the name of a resource that a container asks for.
///
/// # Errors
/// A name that is neither a standard resource nor one of a domain.
pub fn resource_name(text: &str) -> Checked {
    const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
    let is_known = match text.split_once('/') {
        None => STANDARD.contains(&text) || is_huge_page(text),
        Some(_) if !is_extended(text) => false,
        Some(_) => !text.starts_with("requests.") && is_qualified_name(&format!("requests.{text}")),
    };
    if is_known && is_qualified_name(text) {
        return Ok(());
    }
    let invalid = Invalid::new(format!("`{}` is not a resource that a container can request", text.escape_debug()));
    Err(match super::nearest(text, STANDARD) {
        Some(near) => invalid.help(format!("did you mean `{near}`?")),
        None => invalid
            .help("write `cpu`, `memory`, `ephemeral-storage`, `hugepages-SIZE`, or `DOMAIN/NAME` of a device plugin"),
    })
}

/// Checks for a resource of a domain, which is counted in whole units and never overcommitted.
pub fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

/// Checks for memory in huge pages.
pub fn is_huge_page(name: &str) -> bool {
    name.strip_prefix("hugepages-").is_some_and(|size| !size.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(check: fn(&str) -> Checked, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(check(text).is_ok(), "{text:?}: {:?}", check(text));
        }
        for text in wrong {
            assert!(check(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn labels() {
        let long = "a".repeat(64);
        holds(
            label_key,
            &["a", "A_b.c-9", "node-role.kubernetes.io/worker", &long[1..]],
            &["", "a b", "-a", "a-", "Example.com/a", "a/b/c", "/a", "a/", "ä", "a..b/c", &long],
        );
        holds(label_value, &["", "a", "A_b.c-9", &long[1..]], &["a b", "a/b", "-a", "a.", "ä", "a\n", &long]);
    }

    #[test]
    fn names() {
        holds(object_name, &["a", "a.b", "a-b.c9"], &["", "A", "a_b", "a..b", ".a", "a-.b", "a b", &"a".repeat(254)]);
        holds(dns_label, &["a", "a-b"], &["", "a.b", "A", "-a", &"a".repeat(64)]);
        holds(driver_name, &["gpu.example.com"], &["Gpu.example.com", &"a".repeat(64)]);
        holds(csi_driver, &["Disk.csi.example.com"], &["a b"]);
        assert!(object_name("Registry_Login").unwrap_err().help.unwrap().ends_with("such as `registry-login`"));
    }

    #[test]
    fn keys_and_variables() {
        holds(env_name, &["A", "_a.b-c"], &["", "1A", "A B", "A=B", "..a", "."]);
        holds(config_key, &["a.conf", "1", ".a"], &["", "a/b", "..", "..a", "."]);
    }

    #[test]
    fn paths() {
        holds(path_below, &["a", "a/b.conf", "a..b"], &["", "/a", "..", "a/../b", "..a"]);
        holds(absolute_path, &["/", "/a/b"], &["", "a", "/a/..", "/a:b", "/a\n"]);
    }

    #[test]
    fn resources_and_images() {
        holds(
            resource_name,
            &["cpu", "memory", "hugepages-2Mi", "example.com/gpu"],
            &[
                "",
                "CPU",
                "gpu",
                "storage",
                "requests.cpu",
                "kubernetes.io/x",
                "a.kubernetes.io/x",
                "example.com/a b",
                "hugepages-",
            ],
        );
        holds(pod_image, &["a", "registry.example.com/a/b:1"], &["", "A", "a b", "a:${X}", "https://a/b"]);
    }
}
