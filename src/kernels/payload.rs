//! OpenShift releases as their images describe them: what a registry has instead of what `oc adm release info` prints.

use serde_json::{Value, json};

use super::forms::is_toolkit;
use crate::vocabulary::{ImageRef, Invalid};

/// Repository of OpenShift's releases.
const RELEASES: &str = "quay.io/openshift-release-dev/ocp-release";

/// Number of Driver Toolkits that a release may have: one for each stream of its operating system.
const MOST_TOOLKITS: usize = 8;

/// Contents of a release's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Text that [`Import::read`](super::Import::read) reads as an OpenShift release.
    pub text: String,
    /// Its Driver Toolkit images, by digest.
    pub toolkits: Vec<ImageRef>,
}

/// Returns the image of a release, which is named by its image or by its version and architecture.
///
/// # Errors
/// A text that is neither.
pub fn release_image(reference: &str, architecture: &str) -> Result<ImageRef, Invalid> {
    if reference.contains('/') {
        return ImageRef::parse(reference);
    }
    let parts: Vec<&str> = reference.splitn(3, '.').collect();
    let is_version = parts.len() == 3
        && parts[..2].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && parts[2].starts_with(|c: char| c.is_ascii_digit());
    let image = ImageRef::parse(&format!("{RELEASES}:{reference}-{architecture}")).ok().filter(|_| is_version);
    image.ok_or_else(|| {
        let message = format!("`{}` is neither the version of a release nor an image", reference.escape_debug());
        Invalid::new(message).help(format!("write the whole version, such as 4.17.1, or {RELEASES}:4.17.1-x86_64"))
    })
}

impl Payload {
    /// Reads the file `release-manifests/image-references` of a release for an architecture, such as `amd64`.
    ///
    /// # Errors
    /// A text that is not the ImageStream of a release.
    pub fn read(image_references: &[u8], architecture: &str) -> Result<Self, Invalid> {
        let stream: Value = serde_json::from_slice(image_references)
            .map_err(|error| Invalid::new(format!("its image-references are not JSON: {error}")))?;
        let version = stream["metadata"]["name"].as_str().filter(|_| stream["kind"] == "ImageStream");
        let (Some(version), Some(tags)) = (version, stream["spec"]["tags"].as_array()) else {
            return Err(Invalid::new("its image-references are not the ImageStream of a release"));
        };
        let toolkits = tags.iter().filter(|tag| tag["name"].as_str().is_some_and(is_toolkit));
        let images = toolkits.filter_map(|tag| ImageRef::parse(tag["from"]["name"].as_str()?).ok());
        // Import tells of an image without a digest.
        let mut toolkits: Vec<ImageRef> = images.filter(|image| image.digest().is_some()).collect();
        toolkits.sort();
        toolkits.dedup();
        if toolkits.len() > MOST_TOOLKITS {
            let message =
                format!("it has {} Driver Toolkits, and no release has more than {MOST_TOOLKITS}", toolkits.len());
            return Err(Invalid::new(message));
        }
        let release = json!({
            "metadata": {"version": version},
            "config": {"architecture": architecture},
            "references": stream,
        });
        Ok(Self { text: format!("{release:#}\n"), toolkits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_named_by_version_or_image() {
        for (reference, image) in [
            ("4.17.1", "quay.io/openshift-release-dev/ocp-release:4.17.1-x86_64"),
            ("4.18.0-rc.3", "quay.io/openshift-release-dev/ocp-release:4.18.0-rc.3-x86_64"),
            ("localhost:5000/releases:4.17", "localhost:5000/releases:4.17"),
        ] {
            assert_eq!(release_image(reference, "x86_64").unwrap().to_string(), image);
        }
        for bad in ["4.17", "", "latest", "4.17.x", "4..1", "4.17.1:x", "4.17.1@sha256:0", "4.17.1 ", "a.b.1"] {
            let error = release_image(bad, "x86_64").unwrap_err();
            assert!(error.message.ends_with("neither the version of a release nor an image"), "{}", error.message);
        }
    }

    fn image(digit: &str) -> String {
        format!("quay.io/art@sha256:{}", digit.repeat(64))
    }

    fn tag(name: &str, image: &str) -> Value {
        json!({"name": name, "from": {"kind": "DockerImage", "name": image}})
    }

    fn stream(tags: Vec<Value>) -> String {
        json!({"kind": "ImageStream", "metadata": {"name": "4.20.4"}, "spec": {"tags": tags}}).to_string()
    }

    #[test]
    fn payloads_are_read() {
        let all = stream(vec![
            tag("driver-toolkit-10", &image("b")),
            tag("driver-toolkit", &image("a")),
            tag("driver-toolkit-10-extras", &image("c")),
            tag("driver-toolkit-11", "quay.io/art:latest"),
            tag("rhel-coreos", &image("d")),
        ]);
        let payload = Payload::read(all.as_bytes(), "amd64").unwrap();
        assert_eq!(payload.toolkits.iter().map(ToString::to_string).collect::<Vec<_>>(), [image("a"), image("b")]);
        assert!(
            payload.text.contains("\"architecture\": \"amd64\"") && payload.text.contains("\"version\": \"4.20.4\"")
        );
        let many: Vec<Value> = (0..9)
            .map(|number| {
                tag(&format!("driver-toolkit-{number}"), &format!("quay.io/{number}@sha256:{}", "a".repeat(64)))
            })
            .collect();
        for (text, said) in [
            ("{", "not JSON"),
            ("[]", "not the ImageStream"),
            (r#"{"kind": "ImageStream", "metadata": {"name": "x"}, "spec": {}}"#, "not the ImageStream"),
            (&*stream(many), "9 Driver Toolkits"),
            (&*"[".repeat(10_000), "not JSON"),
        ] {
            let error = Payload::read(text.as_bytes(), "amd64").unwrap_err();
            assert!(error.message.contains(said), "{}", error.message);
        }
    }
}
