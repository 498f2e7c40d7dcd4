//! `test`: a user's own cases, and the snapshots of what comes out of them.

mod accepting;
mod cases;
mod history;
mod hostile;
mod review;

use crate::scenario::{Project, RT};

/// The fleet with a template of its own and two cases, whose snapshots are accepted.
pub(crate) fn tested() -> Project {
    let project = fleet_with_cases();
    project.run("test --accept").fine();
    project
}

/// The same before anything was accepted.
pub(crate) fn fleet_with_cases() -> Project {
    let project = Project::fleet()
        .with("mine.Dockerfile", "{% extends \"kmodgen/dtk\" %}\n{% block labels %}\nLABEL made=here\n{% endblock %}\n")
        .with("tests/all.yaml", "apiVersion: kmodgen/v1\nmodules: [alpha]\n")
        .with("tests/rt.yaml", format!("apiVersion: kmodgen/v1\nreleases: {RT}\nsnapshot: dockerfile\n"));
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", "    kmods: [alpha]\n    template: mine.Dockerfile\n");
    project
}

/// A change of the template that all of `alpha` shows.
pub(crate) fn change(project: &Project) {
    project.edit("mine.Dockerfile", "LABEL made=here", "LABEL made=there");
}
