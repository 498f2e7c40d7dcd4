//! A matrix for GitHub Actions: `strategy: {matrix: ${{ fromJSON(…) }}}`.

use serde_json::{Value, json};

use super::Job;

/// The JSON text, in the include form: one entry is one job.
pub fn matrix(jobs: &[Job]) -> String {
    let include: Vec<Value> = jobs
        .iter()
        .map(|job| {
            let mut entry = json!({
                "module": job.module,
                "release": job.release,
                "image": job.image,
                "hash": job.hash,
                "dockerfile": job.dockerfile(),
                "platform": job.platform(),
            });
            if let Some(context) = &job.context {
                entry["context"] = context.as_str().into();
            }
            entry
        })
        .collect();
    format!("{:#}\n", json!({ "include": include }))
}
