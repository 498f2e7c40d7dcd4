//! Mappings handed to something else that builds, on as many machines as it has.

mod bake;
mod imageset;
mod matrix;
mod tekton;

pub use bake::bake;
pub use imageset::ImageSet;
pub use matrix::matrix;
pub use tekton::tekton;

/// One mapping, as those who build it need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The module.
    pub module: String,
    /// The kernel release.
    pub release: String,
    /// The architecture of the kernel, as `uname -m` prints it, where it is known.
    pub architecture: Option<&'static str>,
    /// A name that is unique and legal everywhere: the mapping's ConfigMap's.
    pub name: String,
    /// The image to build.
    pub image: String,
    /// The content hash, 64 hexadecimal digits.
    pub hash: String,
    /// The Dockerfile.
    pub dockerfile: Dockerfile,
    /// The folder that the Dockerfile copies from, which is the manifest's; `None` where it copies
    /// nothing from outside.
    pub context: Option<String>,
    /// Build arguments, as KMM sets them.
    pub arguments: Vec<(String, String)>,
}

/// Dockerfile of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dockerfile {
    /// File at a path.
    File(String),
    /// Text in a ConfigMap.
    InConfigMap {
        /// Folder of the ConfigMap's file, which may have others.
        folder: String,
        /// The text.
        text: String,
    },
}

impl Job {
    /// The path of the Dockerfile; `None` if it has no file.
    fn dockerfile(&self) -> Option<&str> {
        match &self.dockerfile {
            Dockerfile::File(path) => Some(path),
            Dockerfile::InConfigMap { .. } => None,
        }
    }

    /// The platform of the image in the words of container tools, where it is known.
    fn platform(&self) -> Option<&'static str> {
        const PLATFORMS: [(&str, &str); 6] = [
            ("x86_64", "linux/amd64"),
            ("aarch64", "linux/arm64"),
            ("ppc64le", "linux/ppc64le"),
            ("s390x", "linux/s390x"),
            ("riscv64", "linux/riscv64"),
            ("i686", "linux/386"),
        ];
        let architecture = self.architecture?;
        PLATFORMS.iter().find(|(name, _)| *name == architecture).map(|(_, platform)| *platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::architecture_of;

    fn job(release: &str) -> Job {
        let dns = release.replace(['.', '_', '+'], "-");
        Job {
            module: "kmm-ci".into(),
            release: release.into(),
            architecture: architecture_of(release),
            name: format!("kmm-ci-{dns}-0123456789"),
            image: format!("registry.example.com/kmm-ci:{}-0123", release.replace('+', "_")),
            hash: "0".repeat(64),
            dockerfile: Dockerfile::File(format!("gitops/kmm-ci/{release}/Dockerfile")),
            context: None,
            arguments: vec![("KERNEL_VERSION".into(), release.into()), ("ODD".into(), "a \"b\" ${c} %{d}".into())],
        }
    }

    fn jobs() -> Vec<Job> {
        ["5.14.0-427.28.1.el9_4.x86_64", "5.14.0-503.11.1.el9_5.aarch64+64k", "6.8.0-1-generic"].map(job).into()
    }

    #[test]
    fn platforms_are_those_of_the_kernels() {
        let platforms: Vec<_> = jobs().iter().map(Job::platform).collect();
        assert_eq!(platforms, [Some("linux/amd64"), Some("linux/arm64"), None]);
    }

    #[test]
    fn each_form_reads_well() {
        assert_snapshot!("bake", bake(&jobs()));
        assert_snapshot!("matrix", matrix(&jobs()));
        assert_snapshot!("tekton", tekton(&jobs()));
    }

    #[test]
    fn dockerfiles_in_bundles_read_well() {
        let mut jobs = jobs();
        jobs.truncate(1);
        let text = "ARG A=1\n\nFROM r.io/a:${A} AS %{b}\n".to_owned();
        jobs[0].dockerfile = Dockerfile::InConfigMap { folder: "gitops/kmm-ci".to_owned(), text };
        assert_snapshot!("bake_of_a_bundle", bake(&jobs));
        assert_snapshot!("tekton_of_a_bundle", tekton(&jobs));
        assert!(matrix(&jobs).contains("\"dockerfile\": null"));
    }

    #[test]
    fn a_context_is_handed_on() {
        for (context, dockerfile, below) in [
            (".", "gitops/kmm-ci/Dockerfile", "gitops/kmm-ci/Dockerfile"),
            ("site/a", "site/a/gitops/kmm-ci/Dockerfile", "gitops/kmm-ci/Dockerfile"),
            ("site/a", "/out/kmm-ci/Dockerfile", "/out/kmm-ci/Dockerfile"),
        ] {
            let mut job = job("5.14.0-427.28.1.el9_4.x86_64");
            (job.context, job.dockerfile) = (Some(context.into()), Dockerfile::File(dockerfile.into()));
            let (bake, matrix, tekton) =
                (bake(std::slice::from_ref(&job)), matrix(std::slice::from_ref(&job)), tekton(&[job]));
            assert!(bake.contains(&format!("\"context\": \"{context}\"")), "{bake}");
            assert!(bake.contains(&format!("\"dockerfile\": \"{below}\"")), "{bake}");
            assert!(matrix.contains(&format!("\"context\": \"{context}\"")), "{matrix}");
            let value = kmodgen_yaml::inline(context);
            assert!(tekton.contains(&format!("- name: CONTEXT\n                  value: {value}\n")), "{tekton}");
        }
    }

    #[test]
    fn nothing_to_build_is_legal_too() {
        assert!(bake(&[]).contains("\"targets\": []"));
        assert_eq!(matrix(&[]), "{\n  \"include\": []\n}\n");
        assert!(tekton(&[]).contains("tasks: []"));
    }
}
