//! A Tekton PipelineRun that builds every mapping as one run of a task, by a matrix.

use std::borrow::Cow;

use super::Job;
use crate::yaml::{Yaml, emit};

/// How the task builds: the arguments are data, in a file, and never part of the script.
const SCRIPT: &str = r#"#!/bin/sh
set -eu
set --
while IFS= read -r argument; do
  test -z "${argument}" || set -- "$@" --build-arg "${argument}"
done <<END
${ARGUMENTS}
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
    let workspace = || list(vec![map(vec![("name", Yaml::text("source"))])]);
    emit(&map(vec![
        ("apiVersion", Yaml::text("tekton.dev/v1")),
        ("kind", Yaml::text("PipelineRun")),
        ("metadata", map(vec![("generateName", Yaml::text("kmodgen-"))])),
        (
            "spec",
            map(vec![
                ("pipelineSpec", map(vec![("workspaces", workspace()), ("tasks", list(tasks))])),
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
                parameter("DOCKERFILE", job.dockerfile.as_str()),
                parameter("CONTEXT", job.context.as_deref().unwrap_or(NO_CONTEXT)),
                // Tekton expands `$(…)`; `$$(…)` stands for the text itself.
                parameter("ARGUMENTS", arguments.join("\n").replace("$(", "$$(")),
            ]),
        ),
    ])
}

fn parameter<'v>(name: &'static str, value: impl Into<Cow<'v, str>>) -> Yaml<'v> {
    map(vec![("name", Yaml::text(name)), ("value", Yaml::text(value))])
}

fn map<'v>(fields: Vec<(&'static str, Yaml<'v>)>) -> Yaml<'v> {
    Yaml::Map(fields.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn list(items: Vec<Yaml<'_>>) -> Yaml<'_> {
    Yaml::Seq(items)
}
