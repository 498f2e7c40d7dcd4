//! Items of lists that are for some kernels only.

use crate::output::Output;
use crate::testing::World;

const PLAIN: &str = "5.14.0-1.el9.x86_64";
const RT: &str = "5.14.0-2.el9.x86_64+rt";

fn world() -> World {
    let mut world = World::small()
        .with("sources:\n", "sources:\n  more: {git: https://example.com/more.git, ref: main}\n")
        .with(
            "    source: code\n",
            "    source: [code, {source: more, when: {flavour: rt}}]
    packages: {builder: [bc, {package: elfutils, when: {flavour: rt}}]}
    install:
      firmware: [fw, {from: fw-rt, to: rt, when: {flavour: rt}}]
      licenses: [COPYING, {from: COPYING.rt, when: {flavour: rt}}]
",
        )
        .and_module("fallback: {kernel: '6.*', image: 'registry.example.com/x:${KERNEL_FULL_VERSION}'}")
        .and_spec(
            "inTreeModulesToRemove: [old, {module: old_rt, when: {flavour: rt}}]
build: {buildArgs: [{name: ALL, value: a}, {name: LEVEL, value: '2', when: {flavour: rt}}]}",
        );
    world.pin("https://example.com/more.git", "main", 'b');
    world
}

#[test]
fn each_list_has_items_for_some_kernels() {
    let outputs = world().outputs();
    let plain = text(&outputs, &format!("first/{PLAIN}/Dockerfile"));
    let rt = text(&outputs, &format!("first/{RT}/Dockerfile"));
    for there in ["code/COPYING", "code/fw", "install_weak_deps=False bc", "ARG ALL=a\n"] {
        assert!(plain.contains(there) && rt.contains(there), "{there}: {plain}");
    }
    for there in ["more.git", "code/COPYING.rt", "code/fw-rt", "elfutils", "ARG LEVEL=2\n"] {
        assert!(rt.contains(there) && !plain.contains(there), "{there}: {rt}");
    }
    assert_snapshot!(text(&outputs, "first/module.yaml"));
}

fn text<'o>(outputs: &'o [Output<'_>], path: &str) -> &'o str {
    &outputs.iter().find(|output| output.path.as_str() == path).unwrap().text
}

#[test]
fn they_change_the_images_of_these_kernels_alone() {
    let before = world().identities();
    for (from, to) in [
        ("{source: more, when: {flavour: rt}}", "{source: more, when: {flavour: 64k}}"),
        ("elfutils", "elfutils-libs"),
        ("from: fw-rt", "from: fw_rt"),
        ("COPYING.rt", "COPYING.other"),
        ("value: '2'", "value: '3'"),
    ] {
        let after = world().with(from, to).identities();
        let changed: Vec<&String> =
            after.iter().filter(|(key, value)| before[*key] != **value).map(|(key, _)| key).collect();
        assert_eq!(changed, [&format!("first/{RT}")], "{to}");
    }
    let other = world().with("module: old_rt", "module: other").identities();
    assert_eq!(before, other, "what is unloaded is no part of the image");
}

#[test]
fn what_is_for_no_kernel_is_told() {
    let world = world()
        .with("[code, {source: more, when: {flavour: rt}}]", "{source: more, when: {flavour: rt}}")
        .with("name: ALL, value: a", "name: LEVEL, value: a")
        .with("{from: COPYING.rt,", "{file: ../COPYING,")
        .with("{package: elfutils, when", "{pakage: elfutils, when")
        .with("{module: old_rt, when: {flavour: rt}}", "{when: {flavour: rt}}");
    assert_snapshot!("faults", world.faults().join("\n"));
    let world =
        self::world().with("[code, {source: more, when: {flavour: rt}}]", "{source: more, when: {flavour: rt}}");
    assert_snapshot!("no_source", world.faults().join("\n"));
}

#[test]
fn one_name_may_be_given_for_different_kernels() {
    let world = world().with("{name: ALL, value: a}", "{name: LEVEL, value: '1', when: {flavour: standard}}");
    let outputs = world.outputs();
    let levels = outputs.iter().filter(|output| output.path.file_name() == "Dockerfile");
    let levels: Vec<bool> = levels.map(|output| output.text.contains("ARG LEVEL=2")).collect();
    assert_eq!(levels, [false, true]);
}
