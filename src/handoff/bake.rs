//! A `docker-bake.json`, which `docker buildx bake` builds with BuildKit.

use serde_json::{Map, Value, json};

use super::Job;

/// The text of the file. Paths are relative to the folder in which bake runs.
pub fn bake(jobs: &[Job]) -> String {
    let targets: Map<String, Value> = jobs.iter().map(|job| (job.name.clone(), target(job))).collect();
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    let file = json!({ "group": { "default": { "targets": names } }, "target": targets });
    format!("{file:#}\n")
}

fn target(job: &Job) -> Value {
    // Bake expands `${…}` in values; `$$` stands for the sign itself.
    let arguments: Map<String, Value> =
        job.arguments.iter().map(|(name, value)| (name.clone(), value.replace("${", "$${").into())).collect();
    let mut target = json!({
        "context": job.folder(),
        "dockerfile": "Dockerfile",
        "args": arguments,
        "tags": [job.image],
    });
    if let Some(platform) = job.platform() {
        target["platforms"] = json!([platform]);
    }
    target
}
