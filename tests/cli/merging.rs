//! Two branches that each change the fleet, merged by git itself: what git cannot merge of the
//! output is generated again, and what someone edited stays.

use std::process::Command;

use crate::scenario::{DEBIAN, EL9, Project, Run, Tree};

/// A fleet whose output is committed; its manifest leaves room between kernels, so that git merges it.
struct Repository {
    project: Project,
}

const FIRST: &str = "6.1.0-10-amd64";
const SECOND: &str = "6.1.0-20-amd64";

impl Repository {
    fn new() -> Self {
        Self::of(Project::fleet())
    }

    fn of(project: Project) -> Self {
        let room = "  # a\n  # b\n  # c\n  # d\n";
        project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), &format!("  - {DEBIAN}\n{room}  # e\n"));
        let repository = Self { project };
        repository.git("init -q -b main .");
        repository.generate();
        repository.commit();
        repository
    }

    fn git(&self, arguments: &str) -> (bool, String) {
        let mut command = Command::new("git");
        command.args(arguments.split(' ')).current_dir(self.project.path(""));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_EDITOR", "true");
        for (name, value) in [("AUTHOR", "Ann"), ("COMMITTER", "Ben")] {
            command.env(format!("GIT_{name}_NAME"), value).env(format!("GIT_{name}_EMAIL"), "a@example.com");
        }
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    fn done(&self, arguments: &str) {
        let (done, said) = self.git(arguments);
        assert!(done, "git {arguments}: {said}");
    }

    fn generate(&self) -> Run {
        self.project.run("generate").fine()
    }

    fn commit(&self) {
        self.done("add -A");
        self.done("commit -qm work");
    }

    /// Does something on a new branch that begins at `main`, generates and commits.
    fn branch(&self, name: &str, change: impl FnOnce(&Project)) {
        self.done("checkout -q main");
        self.done(&format!("checkout -qb {name}"));
        change(&self.project);
        self.generate();
        self.commit();
    }

    /// Two branches that each add a kernel, of which `one` is checked out.
    fn two_branches(&self) {
        self.branch("two", |project| project.edit("kmodgen.yaml", "  # e\n", &format!("  # e\n  - {SECOND}\n")));
        self.branch("one", |project| project.edit("kmodgen.yaml", "  # a\n", &format!("  # a\n  - {FIRST}\n")));
    }

    fn conflicts(&self, arguments: &str) {
        let (merged, said) = self.git(arguments);
        assert!(!merged && said.contains("CONFLICT"), "{said}");
        let module = self.project.read("gitops/alpha/module.yaml");
        assert!(module.starts_with("<<<<<<< "), "{module}");
    }

    /// The output as a run makes it that nothing disturbs.
    fn is_as_generated(&self) {
        let fresh = Project::fleet();
        fresh.write("kmodgen.yaml", self.project.read("kmodgen.yaml"));
        fresh.run("generate").fine();
        assert_eq!(self.project.output().since(&fresh.output()), Vec::<String>::new());
    }
}

fn without_hidden(tree: &Tree) -> Vec<String> {
    tree.paths().iter().filter(|path| !path.starts_with(".git")).map(|path| (*path).to_owned()).collect()
}

#[test]
fn two_branches_that_each_add_a_kernel() {
    for style in ["merge", "diff3", "zdiff3"] {
        let repository = Repository::new();
        repository.done(&format!("config merge.conflictStyle {style}"));
        repository.two_branches();
        repository.conflicts("merge two");
        let project = &repository.project;
        let before = without_hidden(&project.tree());
        project.run("generate --check").differs().shows("4 updated");
        let run = repository.generate();
        // Their kernel is new to the nodes of our side; ours is not.
        run.shows("4 updated").shows("on nodes: 2 mappings to load, 0 to reload, 0 to unload");
        assert_eq!(without_hidden(&project.tree()), before);
        repository.is_as_generated();
        assert!(
            repository.git("status --porcelain").1.contains("UU gitops/alpha/module.yaml"),
            "git add is the user's"
        );
        repository.done("add -A");
        repository.done("commit -qm merge");
        project.run("generate --check").fine();
    }
}

/// Git merges bundles by their lines, too.
#[test]
fn two_branches_that_each_change_bundles() {
    let project = Project::fleet();
    project.append("kmodgen.yaml", "output: {layout: bundle}\n");
    let repository = Repository::of(project);
    repository.two_branches();
    repository.conflicts("merge two");
    let project = &repository.project;
    project.run("generate --check").differs();
    let run = repository.generate();
    run.shows("on nodes: 2 mappings to load, 0 to reload, 0 to unload");
    repository.is_as_generated();
    project.run("generate --check").fine();

    // Both change the same mapping, and someone edits the file during the merge.
    for edit in [false, true] {
        repository.done("add -A");
        repository.done("commit -qm merge");
        let number = u32::from(edit);
        for (branch, version) in [("three", 5), ("four", 6)] {
            repository.branch(&format!("{branch}{number}"), |project| {
                let manifest = project.read("kmodgen.yaml");
                let (before, after) = manifest.split_once("ubi-minimal:9.").unwrap();
                project.write("kmodgen.yaml", format!("{before}ubi-minimal:9.{version}{}{}", number, &after[1..]));
            });
        }
        assert!(!repository.git(&format!("merge three{number}")).0);
        repository.done("checkout --ours kmodgen.yaml");
        if edit {
            project.append("gitops/alpha/configmaps.yaml", "# mine\n");
            let run = project.run("generate").differs();
            run.says(
                "skipped `gitops/alpha/configmaps.yaml`: git could not merge it, and it was edited during the merge",
            );
            project.run("generate --force").fine();
        }
        repository.generate();
        repository.is_as_generated();
        project.run("generate --check").fine();
    }
}

#[test]
fn the_user_is_told_to_add_the_files() {
    let repository = Repository::new();
    repository.two_branches();
    repository.conflicts("merge two");
    let run = repository.generate();
    assert!(run.stderr.contains("note: generated 4 files that git could not merge; run `git add gitops`"), "{run}");
    assert_eq!(repository.generate().stderr, "", "the files are right now");
}

#[test]
fn a_rebase_and_a_cherry_pick() {
    for (start, end) in [("rebase two", "rebase --continue"), ("cherry-pick two", "cherry-pick --continue")] {
        let repository = Repository::new();
        repository.two_branches();
        repository.conflicts(start);
        repository.generate();
        repository.is_as_generated();
        repository.done("add -A");
        repository.done(end);
        repository.project.run("generate --check").fine();
    }
}

/// A work tree of its own has a file in the place of `.git`; CRLF is no edit.
#[test]
fn in_another_work_tree_with_other_line_ends() {
    let repository = Repository::new();
    repository.two_branches();
    repository.done("checkout -q main");
    repository.done("worktree add -q linked one");
    repository.done("config core.autocrlf true");
    let (merged, said) = repository.git("-C linked merge two");
    assert!(!merged, "{said}");
    let project = &repository.project;
    assert!(project.path("linked/.git").is_file());
    let run = project.run("generate -f linked/kmodgen.yaml").fine();
    run.shows("4 updated").shows("2 mappings to load");
    project.run("generate --check -f linked/kmodgen.yaml").fine();
}

#[test]
fn a_side_that_was_edited_stays_a_conflict() {
    let repository = Repository::new();
    repository.branch("two", |project| project.edit("kmodgen.yaml", "  # e\n", &format!("  # e\n  - {SECOND}\n")));
    let project = &repository.project;
    project.append("gitops/alpha/module.yaml", "# mine\n");
    repository.commit();
    repository.branch("one", |project| project.edit("kmodgen.yaml", "  # a\n", &format!("  # a\n  - {FIRST}\n")));
    repository.conflicts("merge two");
    let before = project.output();
    let run = project.run("generate").differs();
    run.says("`gitops/alpha/module.yaml`: git could not merge it, and their side was edited")
        .says("skipped module `alpha`");
    let changed = project.output().since(&before);
    assert!(changed.iter().all(|change| change.starts_with("~ beta/")) && changed.len() == 2, "{changed:?}");
    project.run("generate --force").fine();
    repository.is_as_generated();
}

#[test]
fn an_edit_during_the_merge_stays_a_conflict() {
    let repository = Repository::new();
    repository.two_branches();
    repository.conflicts("merge two");
    repository.project.append("gitops/beta/module.yaml", "# mine\n");
    let run = repository.project.run("generate").differs();
    run.shows("2 updated").says("`gitops/beta/module.yaml`: git could not merge it, and it was edited");
}

/// Without its sides, nobody can tell what of a file is whose.
#[test]
fn markers_outside_of_a_merge() {
    let repository = Repository::new();
    repository.two_branches();
    repository.conflicts("merge two");
    let project = &repository.project;
    let module = project.read("gitops/alpha/module.yaml");
    repository.done("add -A");
    project.run("generate").differs().says("it contains git conflict markers, and it is not unmerged in git's index");

    let outside = Project::generated();
    outside.write("gitops/alpha/module.yaml", &module);
    let before = outside.output();
    outside.run("generate").differs().says("it contains git conflict markers, and `gitops` is not in a git repository");
    assert_eq!(outside.output().since(&before), Vec::<String>::new());
    // Also where nothing asks for the file any more.
    let manifest = outside.read("kmodgen.yaml");
    outside.write("kmodgen.yaml", manifest.replace("name: alpha", "name: gamma"));
    outside.run("generate --allow-remove").differs().says("skipped `gitops/alpha/module.yaml`");
    outside.run("generate --allow-remove --force").fine();
    assert!(!outside.path("gitops/alpha").exists());
}

/// Without a merge driver git leaves our side in place, as unmerged.
#[test]
fn with_attributes_there_are_no_markers() {
    let repository = Repository::new();
    repository.project.write(".gitattributes", "gitops/** -merge linguist-generated\n");
    repository.commit();
    repository.two_branches();
    let (merged, said) = repository.git("merge two");
    assert!(!merged && said.contains("CONFLICT"), "{said}");
    assert!(repository.project.read("gitops/alpha/module.yaml").starts_with("# Generated by kmodgen"));
    repository.generate().shows("2 mappings to load");
    repository.is_as_generated();
}

/// libgit2 does not read such a repository.
#[test]
fn a_repository_with_sha256_objects() {
    let repository = Repository::new();
    repository.two_branches();
    repository.conflicts("merge two");
    std::fs::remove_dir_all(repository.project.path(".git")).unwrap();
    repository.done("init -q --object-format=sha256 .");
    repository.done("add kmodgen.yaml");
    let run = repository.project.run("generate").differs();
    run.says("it contains git conflict markers, and cannot open the repository");
    repository.project.run("generate --force").fine();
    repository.is_as_generated();
}

/// One branch changes what the other one removes.
#[test]
fn a_module_that_one_side_removed() {
    let repository = Repository::new();
    let without_beta = |project: &Project| {
        let manifest = project.read("kmodgen.yaml");
        project.write("kmodgen.yaml", manifest.split_once("  - name: beta").unwrap().0);
        project.run("generate --allow-remove").fine();
    };
    repository.branch("two", |project| project.edit("kmodgen.yaml", "  # e\n", &format!("  # e\n  - {SECOND}\n")));
    repository.branch("one", without_beta);
    let (merged, said) = repository.git("merge two");
    assert!(!merged && said.contains("CONFLICT (modify/delete)"), "{said}");
    repository.project.run("generate --allow-remove").fine();
    repository.is_as_generated();
}

/// Both branches add the same module, with other kernels.
#[test]
fn a_module_that_both_sides_added() {
    let repository = Repository::new();
    let module = "  - name: gamma\n    source: tools\n    kmods: [gamma]\n    image: registry.example.com/kmods/gamma\n    \
                  moduleSpec: {selector: {gamma: \"\"}}\n";
    for (name, kernel, room) in [("two", SECOND, "  # e\n"), ("one", FIRST, "  # a\n")] {
        repository.branch(name, |project| {
            project.append("kmodgen.yaml", module);
            project.edit("kmodgen.yaml", room, &format!("{room}  - {kernel}\n"));
        });
    }
    repository.conflicts("merge two");
    assert!(repository.git("status --porcelain").1.contains("AA gitops/gamma/module.yaml"));
    repository.generate();
    repository.is_as_generated();
}

#[test]
fn a_manifest_a_list_and_a_lock_with_markers() {
    let markers = |ours: &str, theirs: &str| format!("<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> two\n");
    let project = Project::generated();
    let manifest = project.read("kmodgen.yaml");
    let kernel = format!("  - {DEBIAN}\n");
    project.write("kmodgen.yaml", manifest.replace(&kernel, &markers(&kernel, "  - 6.1.0-20-amd64\n")));
    assert_snapshot!("manifest_with_markers", project.run("generate").trouble());
    project.write("kmodgen.yaml", manifest.replace(&kernel, "  - file: kernels.yaml\n"));
    let list = format!("apiVersion: kmodgen/v1\nkernels:\n{}", markers(&kernel, "  - 6.1.0-20-amd64\n"));
    project.write("kernels.yaml", list);
    project.run("generate").trouble().says("the file contains merge conflict markers").says("kernels.yaml:3:1");
    project.write("kmodgen.yaml", &manifest);
    let lock = project.read("kmodgen.lock");
    project.write("kmodgen.lock", markers(&lock, &lock));
    let run = project.run("generate").trouble().says("the file contains merge conflict markers");
    assert!(run.stderr.contains("git checkout --ours kmodgen.lock") && run.stderr.contains("1 error"), "{run}");
    project.run(&format!("explain {EL9}")).trouble();
}
