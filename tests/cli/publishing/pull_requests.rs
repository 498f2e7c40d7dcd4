//! Descriptions of pull requests: what a run publishes, and nothing else.

use super::Fleet;
use super::holds::twice;
use super::reverts::in_clone;

/// Publishes to a branch that is to be merged into `main`; returns the description.
fn describe(fleet: &Fleet, arguments: &str) -> String {
    let run = fleet.publish(&format!("--branch kmm/update --pull-request --format json {arguments}"));
    run.json()["publish"]["pullRequest"]["body"].as_str().unwrap().to_owned()
}

/// Checks that a description has changes of `beta`, and of `alpha` only the reason why it is not published.
fn is_about_beta(body: &str, why: &str) {
    let [changes, decision] = ["| `beta` |", "Module `alpha` needs a decision:"].map(|text| body.matches(text).count());
    assert_eq!([changes, decision], [1, 1], "{body}");
    assert!(body.contains(why), "{body}");
    let rest = body.replace("Module `alpha` needs a decision:", "");
    assert!(!["| `alpha` |", "`alpha` on", "/alpha/", "alpha on"].iter().any(|text| rest.contains(text)), "{body}");
}

/// Has the manifest ask for another commit of `beta`.
fn change_beta(fleet: &Fleet) {
    fleet.project.edit("kmodgen.yaml", &"2".repeat(40), &"3".repeat(40));
}

#[test]
fn a_reverted_module_is_not_described() {
    let fleet = twice();
    in_clone(&fleet, "main", "git revert --no-edit HEAD");
    change_beta(&fleet);
    for arguments in ["--dry-run", "", "", "--force --allow-remove"] {
        is_about_beta(&describe(&fleet, arguments), "it was reverted on branch `");
    }
    assert!(describe(&fleet, "--again alpha").contains("| `alpha` |"));
}

#[test]
fn a_module_that_needs_a_permission_is_not_described() {
    let fleet = Fleet::new();
    let kernel = "  - {release: 6.1.0-9-amd64, nodes: 3}\n";
    fleet.project.edit("kmodgen.yaml", "modules:\n", &format!("{kernel}modules:\n"));
    fleet.publish("").fine();
    let selection = "    source: driver\n    unless: {kernel: ['6\\.1\\..*']}\n";
    fleet.project.edit("kmodgen.yaml", "    source: driver\n", selection);
    change_beta(&fleet);
    for arguments in ["--dry-run", "", ""] {
        is_about_beta(&describe(&fleet, arguments), "pass --allow-remove");
    }
    assert!(describe(&fleet, "--allow-remove").contains("Unloads `alpha"));
    // The branch has it now.
    assert!(describe(&fleet, "").contains("Unloads `alpha"));
}

#[test]
fn an_edited_file_is_described_if_it_is_overwritten() {
    let fleet = Fleet::published();
    let file = "clusters/prod/alpha/5.14.0-427.28.1.el9_4.x86_64/Dockerfile";
    in_clone(&fleet, "main", &format!("echo '# mine' >>{file}; git commit -qam Edit"));
    fleet.project.edit("kmodgen.yaml", "DEBUG: \"0\"", "DEBUG: \"1\"");
    change_beta(&fleet);
    for arguments in ["--dry-run", "", ""] {
        is_about_beta(&describe(&fleet, arguments), "is a conflict, and a module is written completely or not at all");
    }
    for arguments in ["--force", ""] {
        assert!(describe(&fleet, arguments).contains("| `alpha` |"));
    }
}
