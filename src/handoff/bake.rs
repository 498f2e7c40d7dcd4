//! A `docker-bake.json`, which `docker buildx bake` builds with BuildKit.

use serde_json::{Map, Value, json};

use super::{Dockerfile, Job};

/// The text of the file. Paths are relative to the folder in which bake runs.
pub fn bake(jobs: &[Job]) -> String {
    let targets: Map<String, Value> = jobs.iter().map(|job| (job.name.clone(), target(job))).collect();
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let file = json!({ "group": { "default": { "targets": names } }, "target": targets });
    format!("{file:#}\n")
}

fn target(job: &Job) -> Value {
    let arguments: Map<String, Value> =
        job.arguments.iter().map(|(name, value)| (name.clone(), plain(value).into())).collect();
    // Bake looks for a Dockerfile from the context on.
    let (context, key, dockerfile) = match (&job.dockerfile, &job.context) {
        (Dockerfile::InConfigMap { text, .. }, context) => {
            (context.as_deref().unwrap_or("."), "dockerfile-inline", text.as_str())
        }
        (Dockerfile::File(path), None) => {
            (path.rsplit_once('/').map_or(".", |(folder, _)| folder), "dockerfile", "Dockerfile")
        }
        (Dockerfile::File(path), Some(context)) => {
            let below = path.strip_prefix(context.as_str()).and_then(|rest| rest.strip_prefix('/'));
            (context.as_str(), "dockerfile", below.unwrap_or(path))
        }
    };
    let mut target = json!({
        "context": plain(context),
        key: plain(dockerfile),
        "args": arguments,
        "tags": [job.image],
    });
    if let Some(platform) = job.platform() {
        target["platforms"] = json!([platform]);
    }
    target
}

/// A text that stays as it is. Bake reads the values of its JSON as HCL templates, in which `${…}`
/// and `%{…}` are expanded, and a doubled sign is the sign itself (HCL, json/spec.md).
fn plain(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}
