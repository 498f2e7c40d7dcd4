//! `kernels`: what people have of their nodes and kernels, in all its forms.

use crate::scenario::{EL9, Project, RT};

const OS: &str = "416.94.202407081958-0";
const DEB: &str = "6.1.0-27-amd64";

/// One node, as one line of JSON, with or without its kind.
fn node(name: &str, kernel: &str, kind: &str) -> String {
    format!(
        r#"{{{kind}"metadata":{{"name":"{name}"}},"status":{{"nodeInfo":{{"architecture":"amd64","kernelVersion":"{kernel}","osImage":"Red Hat Enterprise Linux CoreOS {OS} (Plow)"}}}}}}"#
    )
}

/// The releases of the list that an input makes, with the labels or counts that follow.
fn listed(project: &Project, input: &str) -> Vec<String> {
    let list = project.run(&format!("kernels {input}")).fine().stdout;
    let lines = list.lines().filter_map(|line| line.strip_prefix("  - release: "));
    lines.map(|line| line.split("  #").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_form_of_the_same_kernels_is_read() {
    let project = Project::empty();
    let kind = r#""apiVersion":"v1","kind":"Node","#;
    let (one, two) = (node("a", EL9, kind), node("b", RT, kind));
    let (bare, other) = (node("a", EL9, ""), node("b", RT, ""));
    let info = |kernel: &str| format!(r#"{{"architecture": "amd64", "kernelVersion": "{kernel}"}}"#);
    let wide = "NAME   STATUS   ROLES    AGE   VERSION   INTERNAL-IP   EXTERNAL-IP   OS-IMAGE                                                       KERNEL-VERSION                    CONTAINER-RUNTIME\n";
    let os = format!("Red Hat Enterprise Linux CoreOS {OS} (Plow)");
    let row = |name: &str, kernel: &str| {
        format!(
            "{name:<7}Ready    worker   10d   v1.29.6   10.0.0.1      <none>        {os:<63}{kernel:<34}cri-o://1.29.5\n"
        )
    };
    let table = format!("{wide}{}{}", row("a", EL9), row("b", RT));
    let squeezed = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
    let squeezed: String = squeezed.collect();
    for (form, text) in [
        ("a list", format!(r#"{{"kind": "NodeList", "items": [{bare}, {other}]}}"#)),
        ("a list without kind", format!(r#"{{"items": [{one}, {two}]}}"#)),
        ("items without kind", format!(r#"{{"items": [{bare}, {other}]}}"#)),
        ("an array", format!("[{one}, {two}]")),
        ("an array without kind", format!("[{bare},\n {other}]\n")),
        ("lists in an array", format!(r#"[{{"items": [{bare}]}}, {{"kind": "List", "items": [{two}]}}]"#)),
        ("lines of JSON", format!("{one}\n{other}\n")),
        ("JSON one after the other", format!("{bare}{two}")),
        ("YAML documents", format!("---\n{one}\n---\n# the other\n{other}\n---\n")),
        ("YAML", format!("- {one}\n- {other}\n")),
        ("nodeInfo of nodes", format!("{}\n{}\n", info(EL9), info(RT))),
        ("strings in JSON", format!(r#"["{EL9}", "{RT}"]"#)),
        ("strings in YAML", format!("- {EL9}\n- \"{RT}\"\n")),
        ("a string a line", format!("\"{EL9}\"\n\"{RT}\"\n")),
        ("releases a line", format!("{EL9}\r\n\r\n{RT}  # rt\r\n")),
        ("releases in a line", format!("{EL9} {RT}\n")),
        ("releases with commas", format!("{EL9}, {RT}")),
        ("a byte order mark", format!("\u{feff}{EL9}\n{RT}\n")),
        ("a byte order mark in JSON", format!("\u{feff}[{one}, {two}]")),
        ("a table", table.clone()),
        ("a table of DOS", table.replace('\n', "\r\n")),
        ("a table without its spaces", squeezed.clone()),
        ("a table without its head", squeezed.split_once('\n').unwrap().1.to_owned()),
        ("a column", format!("KERNEL\n{EL9}\n{RT}\n")),
        ("columns", format!("NAME   KERNELVERSION\na      {EL9}\nb      {RT}\n")),
    ] {
        project.write("input", &text);
        assert_eq!(listed(&project, "input"), [EL9, RT], "{form}");
    }
    project.write("input", table);
    let list = project.run("kernels input").fine().stdout;
    assert!(list.contains(&format!("os: {OS}}}\n    nodes: 1\n")), "{list}");
}

#[test]
fn nodes_without_a_kernel_are_skipped() {
    let project = Project::empty();
    let kind = r#""kind":"Node","#;
    let no_key = node("c", "", kind).replace("\"kernelVersion\":\"\",", "");
    let windows = node("d", "10.0.17763.1", kind)
        .replace(&format!("Red Hat Enterprise Linux CoreOS {OS} (Plow)"), "Windows Server 2022");
    project
        .write("nodes.json", format!("[{}, {}, {no_key}, {windows}]", node("a", EL9, kind), node("virtual", "", kind)));
    let run = project.run("kernels nodes.json").fine();
    assert_snapshot!("skipped_nodes", run);
    project.write("nodes.json", node("virtual", "", kind));
    project
        .run("kernels nodes.json")
        .trouble()
        .says("no input contains a kernel")
        .says("node `virtual`: it has no kernel");
    project.write("nodes", "NAME   KERNEL-VERSION   OS-IMAGE\na      <none>           <none>\nb      6.1.0-27-amd64   Debian GNU/Linux 12 (bookworm)\n");
    project.run("kernels nodes").fine().says("node `a`: it has no kernel").shows(DEB);
}

#[test]
fn texts_that_are_no_release_are_refused_with_the_one_they_name() {
    let project = Project::empty();
    let lines = [
        "kernel-5.14.0-427.28.1.el9_4.x86_64",
        "kernel-rt-core-5.14.0-427.81.1.el9_4.x86_64.rpm",
        "linux-image-5.15.0-91-generic",
        "vmlinuz-6.1.0-27-amd64",
        "Linux host 5.14.0-427.28.1.el9_4.x86_64 #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux",
        "kernel.x86_64  5.14.0-427.28.1.el9_4  @baseos",
        "/lib/modules/6.1.0-27-amd64:",
        "initramfs-5.14.0-427.28.1.el9_4.x86_64.img",
        "worker-0\t5.14.0-427.28.1.el9_4.x86_64",
        "10.0.0.7 6.1.0-27-amd64",
        "      3 6.1.0-27-amd64",
    ];
    project.write("list", format!("Installed Packages\n{}\n", lines.join("\n")));
    let run = project.run("kernels list").trouble();
    assert_snapshot!("refused_texts", run);
    for line in lines {
        project.write("list", format!("{line}\n"));
        project.run("kernels list").trouble().says("help: write `");
    }
    // In a list of strings and in a manifest as well.
    project.write("list", "- kernel-5.14.0-427.28.1.el9_4.x86_64\n");
    project.run("kernels list").trouble().says(&format!("help: write `{EL9}`"));
    project.write("list", "NAME   STATUS   ROLES    AGE   VERSION\na      Ready    worker   1d    v1.29\n");
    project.run("kernels list").trouble().says("has no column with kernels").says("-o json");
    let fleet = Project::fleet();
    fleet.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - /lib/modules/6.1.0-27-amd64\n");
    fleet.run("plan --offline").trouble().says("help: write `6.1.0-27-amd64`");
}

#[test]
fn files_that_are_no_utf8_are_refused_with_what_they_are() {
    let project = Project::empty();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (bytes, said) in [
        (utf16(&format!("\u{feff}{EL9}\r\n")), "it is UTF-16 text, probably from PowerShell"),
        (utf16(EL9), "it is UTF-16 text: save it as UTF-8"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec(), "unpack it with `gunzip`"),
    ] {
        project.write("input", bytes);
        project.run("kernels input").trouble().says("cannot read input `input`").says(said);
    }
}

/// `oc adm release info -o json` of the next release.
fn next_release() -> String {
    let image =
        |digit: char| format!("quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:{}", digit.to_string().repeat(64));
    format!(
        r#"{{"metadata": {{"version": "4.17.1"}}, "config": {{"architecture": "amd64"}},
        "references": {{"spec": {{"tags": [
          {{"name": "driver-toolkit", "from": {{"kind": "DockerImage", "name": "{}"}}}},
          {{"name": "rhel-coreos", "from": {{"kind": "DockerImage", "name": "{}"}},
            "annotations": {{"io.openshift.build.versions": "machine-os=417.94.202410250757-0"}}}}]}}}}}}"#,
        image('b'),
        image('2')
    )
}

#[test]
fn an_upgrade_is_prepared_and_made() {
    const NEXT: &str = "5.14.0-427.42.1.el9_4.x86_64";
    let project = Project::empty();
    let tag = "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:".to_owned() + &"a".repeat(64);
    project.write("nodes.json", node("a", EL9, r#""kind":"Node","#));
    project.write(
        "stream.yaml",
        format!(
            "kind: ImageStream\nmetadata: {{name: driver-toolkit, namespace: openshift}}\nspec:\n  tags:\n    - \
             {{name: {OS}, from: {{kind: DockerImage, name: '{tag}'}}}}\n"
        ),
    );
    project.run("kernels nodes.json stream.yaml -o fleet.yaml").fine();
    // What a release says lists nothing by itself.
    project.write("next.json", next_release());
    project.write(
        "driver-toolkit-release.json",
        format!(r#"{{"KERNEL_VERSION": "{NEXT}", "RT_KERNEL_VERSION": "{NEXT}+rt", "RHEL_VERSION": "9.4"}}"#),
    );
    let merge = "--merge fleet.yaml -o fleet.yaml";
    let inputs = "kernels nodes.json stream.yaml next.json driver-toolkit-release.json";
    project.run(&format!("{inputs} {merge}")).fine().shows("1 kernel: 0 added, 0 changed, 1 unchanged");
    project.run("kernels driver-toolkit-release.json").trouble().says("pass --add");
    // The kernels of the next release, with their Driver Toolkit, before any node runs them.
    assert_snapshot!("prepared", project.run(&format!("{inputs} --add {merge}")).fine());
    let prepared = project.read("fleet.yaml");
    assert_snapshot!("prepared_list", prepared);
    // The nightly merge of nodes alone leaves them as they are.
    project
        .run(&format!("kernels nodes.json stream.yaml {merge} --keep 0"))
        .fine()
        .shows("3 unchanged, 0 vanished; 0 dropped");
    project.run(&format!("kernels nodes.json {merge} --keep 0")).fine();
    assert_eq!(project.read("fleet.yaml"), prepared);
    // After the upgrade, nodes run one of them, and the old kernel is gone.
    project.write("nodes.json", node("a", NEXT, r#""kind":"Node","#).replace(OS, "417.94.202410250757-0"));
    let run = project.run(&format!("kernels nodes.json {merge}")).fine();
    run.shows(&format!("changed  {NEXT}: nodes 1")).shows(&format!("vanished {EL9}"));
    assert_eq!(project.read("fleet.yaml").matches("# vanished").count(), 1);
}

#[test]
fn nodes_alone_leave_what_was_added_without_a_toolkit_image() {
    const NEXT: &str = "5.14.0-427.42.1.el9_4.x86_64";
    let project = Project::empty();
    project.write("nodes.json", node("a", EL9, r#""kind":"Node","#));
    project.write(
        "driver-toolkit-release.json",
        format!(r#"{{"KERNEL_VERSION": "{NEXT}", "RT_KERNEL_VERSION": "{NEXT}+rt", "RHEL_VERSION": "9.4"}}"#),
    );
    project.run("kernels nodes.json driver-toolkit-release.json --add -o fleet.yaml").fine();
    let prepared = project.read("fleet.yaml");
    assert!(prepared.contains(NEXT) && !prepared.contains("dtk:"), "{prepared}");
    let merge = "kernels nodes.json --merge fleet.yaml --keep 0 -o fleet.yaml";
    project.run(merge).fine().shows("3 unchanged, 0 vanished; 0 dropped");
    assert_eq!(project.read("fleet.yaml"), prepared);
    // Once nodes ran it, nodes tell that it is gone.
    project.write("nodes.json", node("a", NEXT, r#""kind":"Node","#));
    project.run(merge).fine().shows(&format!("dropped  {EL9}")).shows("0 vanished; 1 dropped");
    project.write("nodes.json", node("a", EL9, r#""kind":"Node","#));
    project.run("kernels nodes.json --merge fleet.yaml -o fleet.yaml").fine().shows(&format!("vanished {NEXT}\n"));
    assert!(project.read("fleet.yaml").contains(&format!("{NEXT}+rt")));
}

/// A node as Ubuntu has it.
fn ubuntu(name: &str, architecture: &str, version: &str) -> String {
    let os = format!("Red Hat Enterprise Linux CoreOS {OS} (Plow)");
    node(name, "6.8.0-51-generic", "").replace("amd64", architecture).replace(&os, &format!("Ubuntu {version} LTS"))
}

#[test]
fn one_release_on_two_architectures_is_two_modules() {
    let project = Project::empty();
    project.write("nodes.json", format!("[{}, {}]", ubuntu("a", "amd64", "24.04.1"), ubuntu("b", "arm64", "24.04.1")));
    // A list that had them as one.
    project.write(
        "fleet.yaml",
        "apiVersion: kmodgen/v1\nkernels:\n  - release: 6.8.0-51-generic\n    labels: {flavour: generic, site: north}\n    nodes: 2\n",
    );
    let merge = "kernels nodes.json --merge fleet.yaml -o fleet.yaml";
    assert_snapshot!("split", project.run(merge).fine());
    assert_snapshot!("split_list", project.read("fleet.yaml"));
    project.run(merge).fine().shows("fleet.yaml is unchanged");
    let manifest = |modules: &str| {
        format!(
            "apiVersion: kmodgen/v1\nnamespace: drivers\nsources:\n  d: {{git: 'https://git.example.com/d.git', ref: \
             0419e2f0ea5186e8f143b95e636345f760d016b1}}\nbaseImages: {{builder: 'ubuntu:24.04', runtime: 'ubuntu:24.04', pin: false}}\n\
             kernels: [{{file: fleet.yaml}}]\nmodules:\n{modules}"
        )
    };
    let module = |name: &str, kernels: &str, arch: &str| {
        format!(
            "  - name: {name}\n    source: d\n    template: debian\n    kmods: [d]\n    image: registry.example.com/d\n    \
             when: {kernels}\n    moduleSpec: {{selector: {{kubernetes.io/arch: {arch}}}}}\n"
        )
    };
    project.write("kmodgen.yaml", manifest(&module("d", "{}", "amd64")));
    assert_snapshot!("both_refused", project.run("plan --offline").trouble());
    project.write(
        "kmodgen.yaml",
        manifest(&(module("d-amd64", "{arch: amd64}", "amd64") + &module("d-arm64", "{arch: arm64}", "arm64"))),
    );
    project.run("generate --offline").fine().shows("2 mappings to load");
    let rows = project.run("plan --offline --format json").fine().json();
    let column = |key: &str| [0, 1].map(|row| rows[row][key].as_str().unwrap().to_owned());
    for key in ["image", "configMap", "dockerfile"] {
        let [one, other] = column(key);
        assert_ne!(one, other, "{key}");
    }
    assert_eq!(column("state"), ["unchanged", "unchanged"]);
    project.run("generate --offline --check").fine();
    // A run that knows the one before tells the two kernels apart.
    project.edit("fleet.yaml", "site: north", "site: south");
    project.run("generate --offline").fine().shows("0 updated");
    project.edit("kmodgen.yaml", "when: {arch: amd64}", "when: {arch: arm64}");
    project.run("generate --offline --allow-remove").fine();
    let plan = project.run("plan --offline --all").fine();
    assert_eq!(plan.stdout.matches(" keep ").count(), 2, "{plan}");
}

#[test]
fn one_release_on_two_distributions_is_two_kernels() {
    let project = Project::empty();
    project.write("nodes.json", format!("[{}, {}]", ubuntu("a", "amd64", "22.04.5"), ubuntu("b", "amd64", "24.04.1")));
    let old = "os: \"Ubuntu 22.04.5 LTS, Ubuntu 24.04.1 LTS\"";
    project.write(
        "fleet.yaml",
        format!("apiVersion: kmodgen/v1\nkernels:\n  - release: 6.8.0-51-generic\n    labels: {{arch: x86_64, {old}}}\n    nodes: 2\n"),
    );
    project.run("kernels nodes.json --merge fleet.yaml -o fleet.yaml").fine().says("split-kernel");
    assert_snapshot!("split_distributions", project.read("fleet.yaml"));
    // The nodes of one are gone, then those of the other.
    for (version, kept, gone) in
        [("22.04.5", "Ubuntu 22.04", "Ubuntu 24.04"), ("24.04.2", "Ubuntu 24.04", "Ubuntu 22.04")]
    {
        project.write("nodes.json", ubuntu("a", "amd64", version));
        project.run("kernels nodes.json --merge fleet.yaml -o fleet.yaml").fine();
        let list = project.read("fleet.yaml");
        let item = |name: &str| {
            list.split("- release").find(|item| item.contains(&format!("distribution: \"{name}\""))).unwrap().to_owned()
        };
        assert!(item(kept).contains("nodes: 1\n") && item(gone).contains("nodes: 0\n"), "{list}");
        assert_eq!(list.matches("# vanished").count(), 1, "{list}");
    }
}

#[test]
fn a_registry_may_be_an_ipv6_address() {
    let project = Project::fleet();
    let image = format!("[fd00::1]:5000/ocp/dtk@sha256:{}", "c".repeat(64));
    project.write("nodes.json", node("a", "5.14.0-70.el9.x86_64", r#""kind":"Node","#));
    project.write(
        "stream.json",
        format!(r#"{{"kind": "ImageStream", "metadata": {{"name": "driver-toolkit"}}, "spec": {{"tags": [{{"name": "{OS}", "from": {{"kind": "DockerImage", "name": "{image}"}}}}]}}}}"#),
    );
    project.run("kernels nodes.json stream.json -o list.yaml").fine();
    project.run("kernels nodes.json stream.json --merge list.yaml -o list.yaml").fine().shows("is unchanged");
    project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - file: list.yaml\n");
    project.run("generate --offline").fine();
    let path = "gitops/alpha/5.14.0-70.el9.x86_64/Dockerfile";
    assert!(project.read(path).contains(&format!("FROM {image}")), "{}", project.read(path));
}
