//! A Tekton PipelineRun that builds every mapping as one run of a task, by a matrix.

use kmodgen_yaml::{Yaml, emit};

use super::Job;

/// Builds one mapping: the arguments are data, in a file, and never part of the script. It has no `$(`, which
/// is Tekton's.
const SCRIPT: &str = r#"#!/bin/sh
set -eu
decode() { printf '%s\n' "$1" | sed 's/%24/$/g; s/%25/%/g'; }
IMAGE=`decode "${IMAGE}"` DOCKERFILE=`decode "${DOCKERFILE}"` CONTEXT=`decode "${CONTEXT}"`
set --
while IFS= read -r argument; do
  test -z "${argument}" || set -- "$@" --build-arg "${argument}"
done <<END
`decode "${ARGUMENTS}"`
END
mkdir -p "${CONTEXT}"
buildah build --file "${DOCKERFILE}" --tag "${IMAGE}" "$@" "${CONTEXT}"
buildah push "${IMAGE}"
"#;

/// The context of a build that copies nothing from outside.
const NO_CONTEXT: &str = "/tmp/context";

/// The YAML text. The run needs a workspace with the files that `kmodgen generate` wrote.
pub fn tekton(jobs: &[Job]) -> String {
    let tasks = if jobs.is_empty() { vec![] } else { vec![task(jobs)] };
    let workspaces = list(vec![map(vec![("name", Yaml::text("source"))])]);
    emit(&map(vec![
        ("apiVersion", Yaml::text("tekton.dev/v1")),
        ("kind", Yaml::text("PipelineRun")),
        ("metadata", map(vec![("generateName", Yaml::text("kmodgen-"))])),
        (
            "spec",
            map(vec![
                ("pipelineSpec", map(vec![("workspaces", workspaces), ("tasks", list(tasks))])),
                (
                    "workspaces",
                    list(vec![map(vec![
                        ("name", Yaml::text("source")),
                        ("persistentVolumeClaim", map(vec![("claimName", Yaml::text("kmodgen-source"))])),
                    ])]),
                ),
            ]),
        ),
    ]))
}

fn task(jobs: &[Job]) -> Yaml<'_> {
    let names = ["IMAGE", "DOCKERFILE", "CONTEXT", "ARGUMENTS"];
    let declared = names.map(|name| map(vec![("name", Yaml::text(name)), ("type", Yaml::text("string"))]));
    let environment =
        names.map(|name| map(vec![("name", Yaml::text(name)), ("value", Yaml::text(format!("$(params.{name})")))]));
    let step = map(vec![
        ("name", Yaml::text("build")),
        ("image", Yaml::text("quay.io/buildah/stable:v1.40")),
        ("workingDir", Yaml::text("$(workspaces.source.path)")),
        ("env", list(environment.into())),
        ("script", Yaml::block(SCRIPT)),
        ("securityContext", map(vec![("privileged", Yaml::verbatim("true"))])),
    ]);
    map(vec![
        ("name", Yaml::text("build")),
        ("workspaces", list(vec![map(vec![("name", Yaml::text("source"))])])),
        ("matrix", map(vec![("include", list(jobs.iter().map(include).collect()))])),
        (
            "taskSpec",
            map(vec![
                ("params", list(declared.into())),
                ("workspaces", list(vec![map(vec![("name", Yaml::text("source"))])])),
                ("steps", list(vec![step])),
            ]),
        ),
    ])
}

fn include(job: &Job) -> Yaml<'_> {
    let arguments: Vec<String> = job.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
    map(vec![
        ("name", Yaml::text(job.name.as_str())),
        (
            "params",
            list(vec![
                parameter("IMAGE", job.image.as_str()),
                parameter("DOCKERFILE", job.dockerfile()),
                parameter("CONTEXT", job.context.as_deref().unwrap_or(NO_CONTEXT)),
                parameter("ARGUMENTS", &arguments.join("\n")),
            ]),
        ),
    ])
}

/// A parameter whose value has no `$`: Tekton replaces `$(params.…)` wherever it stands and has no escape for
/// it (tektoncd/pipeline#4931), and Kubernetes then expands `$(NAME)` and `$$` in the environment of the step.
fn parameter<'v>(name: &'static str, value: &str) -> Yaml<'v> {
    map(vec![("name", Yaml::text(name)), ("value", Yaml::text(value.replace('%', "%25").replace('$', "%24")))])
}

fn map<'v>(fields: Vec<(&'static str, Yaml<'v>)>) -> Yaml<'v> {
    Yaml::Map(fields.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn list(items: Vec<Yaml<'_>>) -> Yaml<'_> {
    Yaml::Seq(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
    fn values_survive_tekton_and_kubernetes() {
        assert!(!SCRIPT.contains("$("));
        let folder = tempfile::tempdir().unwrap();
        let buildah = folder.path().join("buildah");
        std::fs::write(&buildah, "#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n").unwrap();
        std::fs::set_permissions(&buildah, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        for value in [
            "A=$(params.IMAGE)",
            "A=$$(id) $IMAGE",
            "A=%24 %25 100%",
            "A=`id` \\ 'x' \"",
            "A=$(context.pipelineRun.name)",
        ] {
            let encoded = value.replace('%', "%25").replace('$', "%24");
            let out = std::process::Command::new("sh")
                .args(["-c", SCRIPT])
                .current_dir(folder.path())
                .env("PATH", &path)
                .envs([("IMAGE", "i"), ("DOCKERFILE", "a%24(x)/Dockerfile"), ("CONTEXT", "context")])
                .env("ARGUMENTS", encoded)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&out.stdout);
            assert!(said.contains(&format!("<--build-arg>\n<{value}>\n")), "{value}: {said}{out:?}");
            assert!(said.contains("<a$(x)/Dockerfile>"), "{said}");
        }
    }
}
