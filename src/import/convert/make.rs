//! `make` and `dkms` as steps.

use std::collections::BTreeMap;

use dockerfile_reader::Command;
use kmodgen_yaml::Yaml;

use super::folder::{is_of_kernel, join};
use super::shell_values::{ALL_PROCESSORS, Values};

/// A step, and the folder that it runs in.
pub(super) struct MakeStep {
    pub(super) tool: &'static str,
    pub(super) folder: String,
    pub(super) fields: Vec<(&'static str, Yaml<'static>)>,
}

/// Purpose of a call of `make`.
pub(super) enum Making {
    Step(MakeStep),
    /// Installation, which kmodgen does by itself.
    Install,
}

/// Reads a `make` command.
pub(super) fn make(values: &Values<'_, '_>, command: &Command<'_>) -> Option<Making> {
    let words = values.words(command)?;
    let mut folder = values.folder.clone();
    let mut env = BTreeMap::new();
    for assignment in &command.assignments {
        env.insert(assignment.name.to_string(), values.value(&assignment.value)?);
    }
    let (mut vars, mut targets, mut jobs) = (BTreeMap::new(), Vec::new(), None);
    let mut rest = words.into_iter().skip(1);
    while let Some(word) = rest.next() {
        if word == "-C" || word == "--directory" {
            folder = join(&folder, &rest.next()?);
        } else if let Some(path) = word.strip_prefix("-C").or(word.strip_prefix("--directory=")) {
            folder = join(&folder, path);
        } else if word == "-j" {
            jobs = Some("all".to_owned());
        } else if let Some(number) = word.strip_prefix("-j").or(word.strip_prefix("--jobs=")) {
            jobs = Some(if number == ALL_PROCESSORS { "all".to_owned() } else { number.to_owned() });
        } else if word.starts_with('-') {
            return None;
        } else if word == ALL_PROCESSORS || word.bytes().all(|byte| byte.is_ascii_digit()) {
            // The number after `-j`.
            jobs = Some(if word == ALL_PROCESSORS { "all".to_owned() } else { word });
        } else if let Some((name, value)) = word.split_once('=') {
            vars.insert(name.to_owned(), value.to_owned());
        } else {
            targets.push(word);
        }
    }
    if vars.values().chain(&targets).chain(env.values()).any(|value| value.contains(ALL_PROCESSORS)) {
        return None;
    }
    if targets.iter().any(|target| target == "modules_install") {
        return (targets.len() == 1).then_some(Making::Install);
    }
    let own = vars.remove("M").or_else(|| vars.remove("SUBDIRS"));
    let (tool, folder) = match (own, is_of_kernel(&folder)) {
        (Some(own), true) => ("kbuild", join(&values.folder, &own)),
        (None, false) => ("make", folder),
        _ => return None,
    };
    if tool == "kbuild" && targets == ["modules"] {
        targets.clear();
    }
    let mut fields = Vec::new();
    if !targets.is_empty() {
        fields.push(("targets", Yaml::Seq(targets.into_iter().map(Yaml::text).collect())));
    }
    for (key, map) in [("vars", vars), ("env", env)] {
        if !map.is_empty() {
            let pairs = map.into_iter().map(|(name, value)| (name.into(), Yaml::text(value)));
            fields.push((key, Yaml::Map(pairs.collect())));
        }
    }
    fields.extend(jobs.map(|jobs| ("jobs", Yaml::text(jobs))));
    Some(Making::Step(MakeStep { tool, folder, fields }))
}
