//! Clusters, kernels and base images from other files of the manifest's repository.

use crate::publishing::Fleet;
use crate::scenario::{Project, commit_id};

/// A manifest of a team that takes all that it can from the platform's file.
fn manifest(more: &str) -> String {
    format!(
        "apiVersion: kmodgen/v1
namespace: kmm-ci
include: [../platform/fleet.yaml]
sources: {{driver: {{git: 'https://git.example.com/d.git', ref: '{}'}}}}
modules:
  - name: nic
    source: driver
    kmods: [nic]
    image: registry.example.com/kmods/nic
    moduleSpec: {{selector: {{node-role.kubernetes.io/worker: ''}}}}
{more}",
        commit_id('1')
    )
}

fn fleet(clusters: &str) -> String {
    let digest = "c".repeat(64);
    format!(
        "apiVersion: kmodgen/v1
{clusters}baseImages:
  builder: registry.example.com/builder:1@sha256:{digest}
  runtime: registry.example.com/ubi:9@sha256:{digest}
kernels:
  - 6.1.1-cloud-amd64
  - file: kernels/more.yaml
"
    )
}

const CLUSTERS: &str = "clusters: {east: {image: east.example.com/kmods}, west: {image: west.example.com/kmods}}\n";

/// A repository with a platform's file and a team's manifest.
fn repository(clusters: &str) -> Project {
    let project = Project::empty()
        .with("team/kmodgen.yaml", manifest(""))
        .with("platform/fleet.yaml", fleet(clusters))
        .with("platform/kernels/more.yaml", "apiVersion: kmodgen/v1\nkernels: [6.1.2-cloud-amd64]\n");
    project.git("init --quiet");
    project
}

fn run(project: &Project, command: &str) -> crate::scenario::Run {
    project.run(&format!("{command} -f team/kmodgen.yaml"))
}

#[test]
fn everything_of_an_included_file_is_used() {
    let project = repository(CLUSTERS);
    run(&project, "generate").fine().shows("east: ").shows("west: ");
    for kernel in ["6.1.1", "6.1.2"] {
        let text = project.read(&format!("team/gitops/west/nic/{kernel}-cloud-amd64/Dockerfile"));
        assert!(text.contains("FROM registry.example.com/ubi:9@"), "{text}");
    }
    run(&project, "generate --cluster west --check").fine();
    run(&project, "generate --cluster wset").trouble().says("did you mean `west`?");
}

#[test]
fn a_changed_include_is_noticed() {
    let project = repository("");
    let depfile = "generate --stamp team/stamp --depfile team/stamp.d";
    run(&project, depfile).fine();
    let inputs = project.read("team/stamp.d");
    assert!(inputs.contains("platform/fleet.yaml") && inputs.contains("platform/kernels/more.yaml"), "{inputs}");
    run(&project, "generate --check").fine();
    project.edit("platform/fleet.yaml", "ubi:9@", "ubi:10@");
    run(&project, "generate --check").differs();
    run(&project, "generate").fine().shows("2 to reload");
    project.edit("platform/kernels/more.yaml", "6.1.2", "6.1.3");
    run(&project, "generate --check").differs();
    run(&project, "generate").fine().shows("1 mapping to load");
    // What the manifest itself has comes after, or wins.
    project.append("team/kmodgen.yaml", "kernels: [6.1.9-cloud-amd64]\n");
    let digest = "d".repeat(64);
    project.append(
        "team/kmodgen.yaml",
        &format!("baseImages: {{runtime: 'registry.example.com/own:1@sha256:{digest}'}}\n"),
    );
    run(&project, "generate").fine();
    let text = project.read("team/gitops/nic/6.1.9-cloud-amd64/Dockerfile");
    assert!(text.contains("own:1@") && text.contains("builder:1@"), "{text}");
}

#[test]
fn revisions_have_their_own_includes() {
    let project = repository("");
    run(&project, "lock").fine();
    run(&project, "generate").fine();
    project.commit("v1");
    project.edit("platform/fleet.yaml", "ubi:9@", "ubi:10@");
    project.commit("v2");
    run(&project, "diff v1 v2").fine().shows("runtime image");
    project.edit("platform/fleet.yaml", "6.1.1", "6.1.5");
    run(&project, "diff v2").fine().shows("6.1.5");
    run(&project, "hold nic --at v1 --reason test --until 2999-01-01").fine();
    run(&project, "generate").fine();
    let text = project.read("team/gitops/nic/6.1.2-cloud-amd64/Dockerfile");
    assert!(text.contains("ubi:9@"), "{text}");
}

#[test]
fn included_files_are_published() {
    let fleet = Fleet::of(repository(CLUSTERS));
    run(&fleet.project, "lock").fine();
    let publish = |arguments: &str| fleet.publish(&format!("-f team/kmodgen.yaml {arguments}"));
    publish("").fine();
    let published = fleet.tree("main", "clusters/prod");
    for cluster in ["east", "west"] {
        let path = format!("{cluster}/nic/6.1.2-cloud-amd64/Dockerfile");
        assert!(published.paths().iter().any(|known| known.ends_with(&path)), "{:?}", published.paths());
    }
    publish("--check").fine();
    fleet.project.edit("platform/kernels/more.yaml", "6.1.2", "6.1.3");
    publish("--check").differs();
    fleet.project.edit("platform/fleet.yaml", ", west: {image: west.example.com/kmods}", "");
    // The folder of a cluster that no included file has any more is an orphan.
    publish("").says("west");
}

#[test]
fn nothing_outside_of_the_repository_is_included() {
    let project = repository("");
    let outside = project.outside().join("fleet.yaml");
    std::fs::write(&outside, fleet("")).unwrap();
    project.link("platform/link.yaml", &outside);
    project.link("platform/folder", project.outside());
    project.write(".git/fleet.yaml", fleet(""));
    project.link("platform/git.yaml", "../.git/fleet.yaml");
    project.write("other/.git", "gitdir: ../.git/modules/other\n");
    project.write("other/deep/fleet.yaml", fleet(""));
    project.link("platform/other.yaml", "../other/deep/fleet.yaml");
    for (path, why) in [
        ("../../outside/fleet.yaml", "outside of the git repository"),
        ("../../../../../../../../etc/passwd", "outside of the git repository"),
        ("../platform/link.yaml", "outside of the git repository"),
        ("../platform/folder/fleet.yaml", "outside of the git repository"),
        ("../team/../platform/../../outside/fleet.yaml", "outside of the git repository"),
        ("../.git/fleet.yaml", "belongs to git"),
        ("../platform/git.yaml", "belongs to git"),
        ("../other/deep/fleet.yaml", "belongs to another git repository"),
        ("../platform/other.yaml", "belongs to another git repository"),
        ("../platform/none.yaml", "there is no such file"),
        ("../platform", "cannot read"),
        ("/etc/passwd", "is absolute"),
        ("..", "is not a file"),
    ] {
        project.write("team/kmodgen.yaml", manifest("").replace("../platform/fleet.yaml", path));
        run(&project, "generate").trouble().says("kmodgen.yaml:3:11").says(why);
        assert!(!project.path("team/gitops").exists());
    }
    project.write("team/kmodgen.yaml", manifest(""));
    // Files of kernels that an included file names are held to the same.
    for file in ["../../outside/fleet.yaml", "link.yaml", "folder/fleet.yaml"] {
        project.write("platform/fleet.yaml", fleet("").replace("kernels/more.yaml", file));
        run(&project, "generate").trouble().says("fleet.yaml:7:11").says("outside of the git repository");
    }
    project.write("platform/fleet.yaml", fleet(""));
    // A `.git` nearer to the manifest makes fewer files readable, whatever it is.
    project.write("team/.git", "");
    run(&project, "generate").trouble().says("outside of the git repository");
    project.remove("team/.git");
    project.write("team/.git/HEAD", "ref: refs/heads/main\n");
    run(&project, "generate").trouble().says("outside of the git repository");
    project.remove("team/.git");
    run(&project, "generate --dry-run").fine();
    project.write("kmodgen.yaml", manifest("").replace("../platform/", ".git/"));
    project.run("generate").trouble().says("belongs to git");
    project.remove(".git");
    run(&project, "generate").trouble().says("in no git repository");
    // The manifest's own folder needs none.
    project.write("team/fleet/fleet.yaml", fleet("").replace("kernels/more.yaml", "../more.yaml"));
    project.write("team/more.yaml", "apiVersion: kmodgen/v1\nkernels: [6.1.2-cloud-amd64]\n");
    project.write("team/kmodgen.yaml", manifest("").replace("../platform/fleet.yaml", "fleet/fleet.yaml"));
    run(&project, "generate").fine();
    assert!(project.path("team/gitops/nic/6.1.2-cloud-amd64").exists());
}

#[test]
fn faults_of_an_included_file_are_located_in_it() {
    let project = repository("");
    for (text, place, why) in [
        ("", "fleet.yaml:1:1", "is empty"),
        ("kernels: [a]\n", "fleet.yaml:1:1", "has no `apiVersion`"),
        (
            "apiVersion: kmodgen/v1\nmodules: []\n",
            "fleet.yaml:2:1",
            "`apiVersion`, `baseImages`, `kernels` and `clusters`",
        ),
        ("apiVersion: kmodgen/v1\ninclude: [a.yaml]\n", "fleet.yaml:2:10", "cannot include others"),
        ("apiVersion: kmodgen/v1\nkernels: [a b]\n", "fleet.yaml:2:11", "kernel release"),
        ("apiVersion: kmodgen/v2\n", "fleet.yaml:1:13", "unsupported apiVersion"),
        (
            "apiVersion: kmodgen/v1\nkernels: [{file: ../../../x.yaml}]\n",
            "fleet.yaml:2:18",
            "outside of the git repository",
        ),
        ("apiVersion: kmodgen/v1\nclusters: [a]\n", "fleet.yaml:2:11", "expected a map"),
        (
            "apiVersion: kmodgen/v1\nclusters: {a: {namespace: 'x-${KERNEL_FULL_VERSION}'}}\n",
            "fleet.yaml:2:27",
            "does not expand in `namespace`",
        ),
    ] {
        project.write("platform/fleet.yaml", text);
        let run = run(&project, "generate").trouble().says(place);
        let _ = run.says(why);
    }
    project.write("platform/fleet.yaml", fleet(CLUSTERS));
    project.append("team/kmodgen.yaml", "clusters: {east: {}}\n");
    let run = run(&project, "generate").trouble().says("cluster `east` is in two files");
    let _ = run.says("fleet.yaml:2:12").says("kmodgen.yaml:11:12");
    project.write(
        "team/kmodgen.yaml",
        manifest("").replace("[../platform/fleet.yaml]", "[../platform/fleet.yaml, ../team/../platform/fleet.yaml]"),
    );
    let _ = project.run("generate -f team/kmodgen.yaml").trouble().says("is included twice");
}
