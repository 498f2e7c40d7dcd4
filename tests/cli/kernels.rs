//! `kernels`: lists of kernels from what clusters and others say.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use crate::scenario::{EL9, Project, RT};

/// An image's digest of one digit.
fn dtk(digit: char) -> String {
    format!("quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:{}", digit.to_string().repeat(64))
}

const OS: &str = "416.94.202407081958-0";

/// `oc get nodes -o json` of nodes that run these kernels.
fn nodes(kernels: &[&str]) -> String {
    let node = |(at, kernel): (usize, &&str)| {
        serde_json::json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": format!("worker-{at}"), "uid": format!("uid-{at}"), "labels": {"a": "b"}},
            "status": {"nodeInfo": {
                "architecture": "amd64",
                "kernelVersion": kernel,
                "osImage": format!("Red Hat Enterprise Linux CoreOS {OS} (Plow)"),
            }},
        })
    };
    let items: Vec<_> = kernels.iter().enumerate().map(node).collect();
    format!("{:#}\n", serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}))
}

/// The ImageStream, as YAML.
fn image_stream(digit: char) -> String {
    format!(
        "apiVersion: image.openshift.io/v1
kind: ImageStream
metadata: {{name: driver-toolkit, namespace: openshift}}
spec:
  tags:
    - name: {OS}
      from: {{kind: DockerImage, name: '{0}'}}
    - name: latest
      from: {{kind: DockerImage, name: '{0}'}}
",
        dtk(digit)
    )
}

/// A fleet whose kernels are in a file of their own.
fn project() -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - file: list.yaml\n");
    project.write("nodes.json", nodes(&["5.14.0-70.el9.x86_64", "5.14.0-80.el9.x86_64"]));
    project.write("stream.yaml", image_stream('a'));
    project
}

#[test]
fn a_list_is_made_and_used() {
    let project = project();
    let made = project.run("kernels nodes.json stream.yaml -o list.yaml").fine();
    assert_snapshot!("made", made);
    assert_snapshot!("list", project.read("list.yaml"));
    assert_eq!(project.run("kernels stream.yaml nodes.json").fine().stdout, project.read("list.yaml"));
    // Three kernels of its own, and two of the list.
    let rows = project.run("plan --offline --format json --only alpha").fine().json();
    assert_eq!(rows.as_array().unwrap().len(), 5, "{rows}");
    assert_eq!(rows[0]["builderInCluster"], false);
}

#[test]
fn standard_input_is_one_of_several() {
    let project = project();
    let run = project.kmodgen("kernels - stream.yaml").shell("exec <nodes.json").run().fine();
    assert_eq!(run.stdout, project.run("kernels nodes.json stream.yaml").fine().stdout);
    let run = project.kmodgen("kernels -").shell("head -c 300 nodes.json >cut; exec <cut").run().trouble();
    run.says("the JSON is truncated").says("standard input:");
}

#[test]
fn a_list_is_updated_and_not_overwritten() {
    let project = project();
    project.run("kernels nodes.json -o list.yaml").fine();
    project.edit(
        "list.yaml",
        "kernels:\n",
        "kernels:\n  # kept by hand\n  - {release: 5.14.0-60.el9.x86_64, nodes: 7}\n",
    );
    let old = project.read("list.yaml");
    project.write("nodes.json", nodes(&["5.14.0-80.el9.x86_64", "5.14.0-80.el9.x86_64", "5.14.0-90.el9.x86_64"]));
    let refused = project.run("kernels nodes.json -o list.yaml").differs();
    refused.says("conflict: `list.yaml` already exists").says("--merge list.yaml");
    assert_eq!(project.read("list.yaml"), old);
    let merge = "kernels nodes.json stream.yaml --merge list.yaml -o list.yaml";
    assert_snapshot!("merged", project.run(merge).fine());
    assert_snapshot!("merged_list", project.read("list.yaml"));
    // The same once more touches nothing.
    let stamp = |path: &str| fs::metadata(project.path(path)).unwrap();
    let (inode, time) = (stamp("list.yaml").ino(), stamp("list.yaml").mtime_nsec());
    project.run(merge).fine().shows("list.yaml is unchanged");
    assert_eq!((inode, time), (stamp("list.yaml").ino(), stamp("list.yaml").mtime_nsec()));
    let report = project.run(&format!("{merge} --keep 0 --format json")).fine().json();
    assert_eq!((&report["summary"]["dropped"], &report["summary"]["kernels"]), (&2.into(), &2.into()), "{report}");
    assert!(project.read("list.yaml").contains("# kept by hand"));
    project.run("kernels nodes.json -o list.yaml --force").fine().shows("list.yaml written");
    project.outside_is_untouched();
}

#[test]
fn kernels_are_selected() {
    let project = Project::empty().with(
        "list",
        format!("{EL9}\n{RT}\n5.14.0-70.el9.aarch64\n6.1.0-9-amd64\n6.1.0-27-cloud-amd64\n5.15.0-1057-aws\n"),
    );
    for (flags, releases) in [
        ("--flavour rt", vec![RT]),
        ("--arch arm64", vec!["5.14.0-70.el9.aarch64"]),
        ("--arch x86_64 --exclude .*cloud.*", vec![EL9, RT, "6.1.0-9-amd64"]),
        ("--newer-than 6.1.0-9", vec!["6.1.0-27-cloud-amd64"]),
        ("--newer-than 5.14.0-427.28.1.el9_4.x86_64 --include 5[.]14.*", vec![RT]),
        (&format!("--include {RT} --flavour rt --flavour aws"), vec![RT]),
    ] {
        let list = project.run(&format!("kernels list {flags}")).fine().stdout;
        let found: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("  - release: ")).collect();
        assert_eq!(found, releases.iter().map(|release| format!("{release}  # text")).collect::<Vec<_>>(), "{flags}");
    }
    project.run("kernels list --include none").trouble().says("none of 6 kernels is selected");
    project.run("kernels list --include ( --arch vax").trouble().says("--include: `(`").says("--arch: `vax`");
    project.run("kernels list --newer-than five").trouble().says("--newer-than: `five` is not a version");
}

#[test]
fn disagreements_are_shown() {
    let project = project();
    project.write("release.json", "{\"KERNEL_VERSION\": \"5.14.0-70.el9.x86_64\", \"RHEL_VERSION\": \"9.0\"}\n");
    let run = project.run("kernels nodes.json stream.yaml release.json").fine();
    assert_snapshot!("disagreements", run);
    let named = format!("kernels nodes.json stream.yaml {}=release.json", dtk('a'));
    assert_eq!(project.run(&named).fine().stdout, run.stdout);
    project.write("list.yaml", run.stdout.replace(&dtk('a'), &dtk('b')));
    let merged = project.run("kernels nodes.json stream.yaml release.json --merge list.yaml").fine();
    merged.says("the Driver Toolkit image of kernel `5.14.0-70.el9.x86_64` differs").shows(&dtk('b'));
}

#[test]
fn all_bad_inputs_are_named_at_once() {
    let project = project();
    let good = nodes(&[EL9]);
    for (name, text) in [
        ("cut.json", good[..good.len() / 2].to_owned()),
        ("page.html", "<!DOCTYPE html>\n<html><body>Log in</body></html>\n".into()),
        ("none.json", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": []}\n".into()),
        ("odd.json", good.replace("\"nodeInfo\"", "\"info\"")),
        ("bell.json", good.replace("worker-0", "worker\\u0007")),
        ("escape.json", good.replace(EL9, "5.14.0-1\\u001b[31m")),
        ("said.json", "{\"kind\": \"Status\", \"message\": \"nodes is forbidden\"}\n".into()),
        ("pods.json", "{\"kind\": \"PodList\", \"items\": [{\"kind\": \"Pod\"}]}\n".into()),
        ("empty", "\n".into()),
        ("words", "No resources found\n".into()),
        ("list", format!("{EL9}\nnot a release\n")),
    ] {
        project.write(name, text);
    }
    fs::File::create(project.path("large")).unwrap().set_len(200 << 20).unwrap();
    let before = project.tree();
    let all =
        "cut.json page.html none.json odd.json bell.json escape.json said.json pods.json empty words list large absent";
    let run = project.run(&format!("kernels nodes.json {all} -o list.yaml")).trouble();
    assert_snapshot!("bad_inputs", run);
    for name in all.split(' ') {
        assert!(run.stderr.contains(name), "{name}");
        project.run(&format!("kernels {name} -o list.yaml")).trouble().says(name);
    }
    assert_eq!(project.tree().since(&before), Vec::<&str>::new());
    // As an input it is, too, wrong; so is a list that is not one.
    project.run("kernels nodes.json --merge absent").trouble().says("cannot read list `absent`");
    project.run("kernels nodes.json --merge nodes.json").trouble().says("unsupported apiVersion `v1`");
    project.run("kernels kmodgen.yaml").trouble().says("pass it with `--merge`");
    project.run("kernels stream.yaml").trouble().says("no input contains a kernel: there is 1 Driver Toolkit image");
    project.run("kernels nodes.json --format json").trouble().says("requires -o FILE");
}

#[test]
fn a_list_that_cannot_be_written_is_told() {
    let project = project();
    project.run("kernels nodes.json -o nodes.json/list").trouble().says("a part of the path is not a folder");
    project.run("kernels nodes.json -o patches").trouble().says("cannot compare with `patches`: it is a folder");
    project.link("link.yaml", project.outside().join("precious"));
    project.run("kernels nodes.json -o link.yaml").differs();
    project.outside_is_untouched();
}
