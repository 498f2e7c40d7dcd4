//! A Tekton PipelineRun that builds every mapping as one run of a task, by a matrix.

use kmodgen_yaml::{Yaml, emit};

use super::{Dockerfile, Job};

/// Builds one mapping: the arguments are data, in a file, and never part of the script. It has no `$(`, which
/// is Tekton's.
const SCRIPT: [&str; 2] = [
    r#"#!/bin/sh
set -eu
decode() { printf '%s\n' "$1" | sed 's/%24/$/g; s/%25/%/g'; }
IMAGE=`decode "${IMAGE}"` DOCKERFILE=`decode "${DOCKERFILE}"` CONTEXT=`decode "${CONTEXT}"`
"#,
    r#"set --
while IFS= read -r argument; do
  test -z "${argument}" || set -- "$@" --build-arg "${argument}"
done <<END
`decode "${ARGUMENTS}"`
END
mkdir -p "${CONTEXT}"
buildah build --file "${DOCKERFILE}" --tag "${IMAGE}" "$@" "${CONTEXT}"
buildah push "${IMAGE}"
"#,
];

/// Part of the script that takes the Dockerfile out of its ConfigMap: `DOCKERFILE` is the folder of its file. kmodgen
/// writes ConfigMaps in one form, so that the script needs no YAML parser, which the image does not have.
const FROM_CONFIG_MAP: &str = r#"for file in "${DOCKERFILE}"/configmap*.yaml; do
  sed -n "/^  name: ${CONFIG_MAP}$/,/^---$/{
/^  dockerfile: |/,/^---$/{
s/^    //p
t
/^$/p
}
}" "${file}"
done >/tmp/Dockerfile
test -s /tmp/Dockerfile || {
  echo "there is no ConfigMap ${CONFIG_MAP} with a Dockerfile in ${DOCKERFILE}: run kmodgen generate" >&2
  exit 1
}
DOCKERFILE=/tmp/Dockerfile
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
    let is_in_config_map = jobs.iter().any(is_in_config_map);
    let names =
        ["IMAGE", "DOCKERFILE", "CONTEXT", "ARGUMENTS"].into_iter().chain(is_in_config_map.then_some("CONFIG_MAP"));
    let declared = names.clone().map(|name| map(vec![("name", Yaml::text(name)), ("type", Yaml::text("string"))]));
    let environment =
        names.map(|name| map(vec![("name", Yaml::text(name)), ("value", Yaml::text(format!("$(params.{name})")))]));
    let step = map(vec![
        ("name", Yaml::text("build")),
        ("image", Yaml::text("quay.io/buildah/stable:v1.40")),
        ("workingDir", Yaml::text("$(workspaces.source.path)")),
        ("env", list(environment.collect())),
        ("script", Yaml::block(script(is_in_config_map))),
        ("securityContext", map(vec![("privileged", Yaml::verbatim("true"))])),
    ]);
    map(vec![
        ("name", Yaml::text("build")),
        ("workspaces", list(vec![map(vec![("name", Yaml::text("source"))])])),
        ("matrix", map(vec![("include", list(jobs.iter().map(include).collect()))])),
        (
            "taskSpec",
            map(vec![
                ("params", list(declared.collect())),
                ("workspaces", list(vec![map(vec![("name", Yaml::text("source"))])])),
                ("steps", list(vec![step])),
            ]),
        ),
    ])
}

fn script(is_in_config_map: bool) -> String {
    let [start, rest] = SCRIPT;
    format!("{start}{}{rest}", if is_in_config_map { FROM_CONFIG_MAP } else { "" })
}

fn is_in_config_map(job: &Job) -> bool {
    matches!(job.dockerfile, Dockerfile::InConfigMap { .. })
}

fn include(job: &Job) -> Yaml<'_> {
    let arguments: Vec<String> = job.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let dockerfile = match &job.dockerfile {
        Dockerfile::File(path) => path,
        Dockerfile::InConfigMap { folder, .. } => folder,
    };
    let mut parameters = vec![
        parameter("IMAGE", job.image.as_str()),
        parameter("DOCKERFILE", dockerfile),
        parameter("CONTEXT", job.context.as_deref().unwrap_or(NO_CONTEXT)),
        parameter("ARGUMENTS", &arguments.join("\n")),
    ];
    if is_in_config_map(job) {
        parameters.push(parameter("CONFIG_MAP", &job.name));
    }
    map(vec![("name", Yaml::text(job.name.as_str())), ("params", list(parameters))])
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
        assert!(!script(true).contains("$(") && !script(true).contains("$$"));
        let (folder, path) = with_buildah("printf '<%s>\\n' \"$@\"");
        for value in [
            "A=$(params.IMAGE)",
            "A=$$(id) $IMAGE",
            "A=%24 %25 100%",
            "A=`id` \\ 'x' \"",
            "A=$(context.pipelineRun.name)",
        ] {
            let encoded = value.replace('%', "%25").replace('$', "%24");
            let out = std::process::Command::new("sh")
                .args(["-c", &script(false)])
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

    /// Returns a folder with a program `buildah` that runs these commands, and a PATH with the folder.
    #[expect(clippy::disallowed_methods, reason = "the properties are about a real shell")]
    fn with_buildah(commands: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let buildah = folder.path().join("buildah");
        std::fs::write(&buildah, format!("#!/bin/sh\n{commands}\n")).unwrap();
        std::fs::set_permissions(&buildah, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        (folder, path)
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
    fn dockerfiles_are_taken_out_of_bundles() {
        let (folder, path) = with_buildah("test \"$1\" = push || cat \"$3\"");
        let texts = ["FROM a\n\nRUN b \\\n    c\n", "  # d\nFROM e\n---\n  dockerfile: |\n", "FROM f\n"];
        let document = |(number, text): (usize, &&str)| {
            let data = map(vec![("dockerfile", Yaml::block(*text))]);
            let name = map(vec![("name", Yaml::text(format!("nic-{number}"))), ("namespace", Yaml::text("n"))]);
            emit(&map(vec![("metadata", name), ("data", data)]))
        };
        let documents: Vec<String> = texts.iter().enumerate().map(document).collect();
        // Two in one file, and one in the next.
        std::fs::write(folder.path().join("configmaps.yaml"), documents[..2].join("---\n")).unwrap();
        std::fs::write(folder.path().join("configmaps-2.yaml"), &documents[2]).unwrap();
        for number in 0..4 {
            let out = std::process::Command::new("sh")
                .args(["-c", &script(true).replace("/tmp/Dockerfile", "./Dockerfile")])
                .current_dir(folder.path())
                .env("PATH", &path)
                .envs([("IMAGE", "i"), ("DOCKERFILE", "."), ("CONTEXT", "context"), ("ARGUMENTS", "")])
                .env("CONFIG_MAP", format!("nic-{number}"))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&out.stdout);
            assert_eq!(Some(&*said), texts.get(number).copied().or(Some("")), "{out:?}");
            assert_eq!(out.status.success(), number < 3, "{out:?}");
        }
    }
}
