//! What a run knows of the one before, and what it tells make and ninja: whatever changed is
//! noticed, and nothing else is done.

use std::thread;
use std::time::Duration;

use crate::scenario::Project;

/// Long enough for a file's time to tell what was before from what is after, on any machine.
const TICK: Duration = Duration::from_millis(50);

/// The fleet, `alpha` with a template that includes another.
fn with_templates() -> Project {
    let project = Project::fleet()
        .with(
            "templates/own.Dockerfile",
            "{% extends 'kmodgen/dtk' %}{% block labels %}{% include 'templates/labels' %}{% endblock %}",
        )
        .with("templates/labels", "LABEL a=1\n");
    project.edit("kmodgen.yaml", "name: alpha\n", "name: alpha\n    template: templates/own.Dockerfile\n");
    project
}

#[test]
fn a_template_is_watched_also_when_no_mapping_was_rendered() {
    let project = with_templates();
    project.run("generate").fine();
    thread::sleep(TICK);
    for (number, change) in [
        (2, &(|| project.append("kmodgen.yaml", "# a comment\n")) as &dyn Fn()),
        (3, &|| project.append("gitops/beta/module.yaml", "# an edit\n")),
    ] {
        change();
        project.run("generate --force").fine().shows(if number == 2 { "0 updated" } else { "1 updated" });
        thread::sleep(TICK);
        project.write("templates/labels", format!("LABEL a={number}\n"));
        project.run("generate").fine().shows("7 updated");
        assert!(
            project.read(&format!("gitops/alpha/{}/Dockerfile", crate::scenario::EL9)).contains(&format!("a={number}"))
        );
        thread::sleep(TICK);
    }
}
