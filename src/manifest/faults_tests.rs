//! Tests of the messages about a wrong manifest: every fault at once, each with its place and the correction.

use crate::testing::World;

/// The faults of a manifest, for snapshots.
fn told(world: &World) -> String {
    world.faults().join("\n")
}

#[test]
fn the_small_manifest_is_right() {
    assert_eq!(World::small().faults(), Vec::<String>::new());
}

#[test]
fn every_fault_is_told_at_once() {
    let world = World::small()
        .with("namespace: kmm-ci", "namspace: kmm-ci")
        .with("builder: dtk", "bilder: dtk")
        .with("5.14.0-2.el9.x86_64+rt", "5.14.0-2+")
        .with("source: code\n", "source: cod\n")
        .with("kmods: [one, two]", "kmods: [one.ko, two]")
        .with("targets: [all]", "target: [all]")
        .with("image: registry.example.com/kmods/first", "image: https://registry.example.com/x")
        .with("modprobe: {moduleName: one}", "modprobe: {moduleNam: one}");
    assert_snapshot!(told(&world));
}

#[test]
fn an_empty_manifest_is_told_what_it_needs() {
    let mut world = World::small();
    world.manifest = "{}".into();
    assert_snapshot!(told(&world));
}

#[test]
fn steps_and_images_are_checked() {
    let world = World::small()
        .with(
            "steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]",
            "steps:
      - {make: {jobs: 0}, kbuild: {}}
      - {make: {jobs: -1}}
      - {kconfig: {options: {A-B: y, C: '\"x\"'}, defconfig: '-x'}}
      - {configure: {autoreconf: yes, args: ['${HOME}']}}
      - {dkms: {targets: [x]}}
      - {rpmbuild: {defines: {ab: x}}}
      - {run: ../x}
      - {run: {args: [x]}}
      - {run: {path: \"a\\nb\"}}
      - {run: {script: ./build.sh}}
      - {run: {script: \" \"}}
      - {run: {file: ../x, path: x}}
      - {run: {pth: x}}",
        )
        .with(
            "    source: code\n",
            "    source: code
    packages: {builder: {rpm: ['-y', 'a b'], yum: [x]}}
    install: {strip: 'true', compress: bzip2, linkInTree: 1, firmware: [/etc, {to: x}, {from: x, to: ..}], licenses: [../a], modDir: lib}
    imageLabels: {'a b': x, '-x': y, ok: \"a\\nb\"}
    user: 'a b'
    overrides: [{when: {arch: aarch64}, install: {compress: xz}}]
",
        )
        .and_spec("sign: {keySecret: {name: k}, certSecret: {name: c}}");
    assert_snapshot!(told(&world));
}

#[test]
fn what_is_not_built_yet_is_refused_as_such() {
    let world = World::small()
        .and("templates: {}\n")
        .with(
            "    source: code\n",
            "    source: code\n    versions: [a]\n    install: {strip: true, linkInTree: true}\n",
        )
        .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{dkms: {}}, {make: {jobs: 4}}]");
    assert_snapshot!(told(&world));
}

#[test]
fn values_are_told_apart_from_kinds() {
    let world = World::small()
        .with("kernels:\n", "kernels:\n  - [5.14.0-3.x86_64]\n  - {release: 5.14.0-3.x86_64, labels: [a]}\n  - {dtk: quay.io/X:latest, release: 5.14.0-4.x86_64}\n  - {release: 5.14.0-5.x86_64, nodes: many}\n")
        .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{make: {targets: all, vars: {A: {}, 9B: x, C: '${KERNEL_VERSON}', D: \"a\\nb\"}}}]")
        .with("kmods: [one, two]", "kmods:");
    assert_snapshot!(told(&world));
}

#[test]
fn what_a_kernel_has_to_be_is_checked() {
    let world = World::small().with(
        "    source: code\n",
        "    source: code\n    when: {arch: [amd64, x86_65], kernelVersion: x, release: '.*'}\n    unless: [{kernel: '.*', reson: y}, {reason: z}]\n    overrides:\n      - {when: {kernelVersion: 5.14, flavour: {}}, steps: [{make: {}}]}\n",
    );
    assert_snapshot!(told(&world));
}

#[test]
fn patterns_are_checked() {
    let world = World::small().with(
        "    source: code\n",
        "    source: code\n    when: {kernel: ['[', 'a)|(b'], labels: {a: {}}}\n    unless: {kernel: '*'}\n    overrides:\n      - {steps: [{make: {}}]}\n      - {when: {realease: x}}\n",
    );
    assert_snapshot!(told(&world));
}

#[test]
fn paths_stay_in_the_manifests_folder() {
    let world = World::small()
        .with("ref: main, patches: [fix.patch]", "ref: main, dir: ../x, patches: [../fix.patch, /etc/passwd, 'a\\b']")
        .with("kernels:\n", "kernels:\n  - file: ../fleet.yaml\n  - file: absent.yaml\n")
        .with(
            "    source: code\n",
            "    source: code\n    template: ../t.Dockerfile\n    install: {modDir: ../../etc}\n",
        )
        .with("name: first", "name: ../first")
        .and("output: {dir: /tmp}\n");
    assert_snapshot!(told(&world));
}

#[test]
fn git_urls_that_could_run_something_are_refused() {
    for url in ["--upload-pack=x", "'ext::sh -c id'", "ssh://-oProxyCommand=id/x", "\"h:a\\nb\""] {
        let faults = World::small().with("https://example.com/code.git", url).faults();
        assert!(faults.len() == 1 && faults[0].contains("invalid-value"), "{url}: {faults:?}");
    }
}

#[test]
fn names_that_repeat_are_told_with_both_places() {
    let module =
        "  - {name: first, source: code, kmods: [x], image: r.example.com/x, moduleSpec: {selector: {a: b}}}\n";
    let world = World::small()
        .and(module)
        .with("  - 5.14.0-2.el9.x86_64+rt", "  - {release: 5.14.0-1.el9.x86_64, labels: {site: a}}");
    assert_snapshot!(told(&world));
}

#[test]
fn a_kernel_file_has_faults_of_its_own() {
    let fleet = "apiVersion: kmodgen/v2\nkernels:\n  - 5.14.0-9.x86_64\n  - relase: 5.14.0-9.x86_64\n";
    let world = World::small().with("kernels:\n", "kernels:\n  - file: fleet.yaml\n").file("fleet.yaml", fleet);
    assert_snapshot!(told(&world));
}

#[test]
fn a_module_for_no_kernel_is_a_warning() {
    let world = World::small().with("    source: code\n", "    source: code\n    when: {kernel: '5.14'}\n");
    assert!(world.faults()[0].contains("no-kernel"));
    assert_eq!(world.outputs().len(), 1, "only the top kustomization is left");
}

#[test]
fn no_value_changes_its_text() {
    for text in ["1.10", "on", "0123", "1_000", "yes", "0x10", "1e3", ".inf", "2001-01-01", "True"] {
        let world = World::small()
            .with("A: x", &format!("A: {text}"))
            .with("{moduleName: one}", &format!("{{moduleName: one, parameters: [{text}]}}"));
        let outputs = world.outputs();
        for (name, expected) in [("Dockerfile", format!(" A={text} ")), ("module.yaml", format!("- \"{text}\""))] {
            let output = outputs.iter().find(|output| output.path.file_name() == name).unwrap();
            assert!(output.text.contains(&expected), "{text}");
        }
    }
}

#[test]
fn overrides_apply_in_order() {
    let world = World::small().with(
        "    image: registry",
        "    overrides:\n      - {when: {labels: {site: a}}, kmods: [two], steps: {compile: {make: {vars: {A: second, B: b}}}}}\n      - {when: {kernel: '.*-1\\..*'}, baseImages: {runtime: other.example.com/r:1}, steps: {compile: {make: {vars: {A: third}}}}}\n      - {when: {kernel: nothing}, steps: [{kbuild: {}}]}\n    image: registry",
    );
    let outputs = world.outputs();
    let text = &outputs.iter().find(|o| o.path.as_str() == "first/5.14.0-1.el9.x86_64/Dockerfile").unwrap().text;
    assert!(text.contains("make A=third B=b all"), "{text}");
    assert!(text.contains("FROM other.example.com/r:1") && text.contains("for kmod in two;"), "{text}");
}

#[test]
fn references_may_stand_unquoted_between_braces() {
    let world = World::small().with("vars: {A: x}", "vars: {A: /lib/modules/${KERNEL_VERSION}/build}");
    let outputs = world.outputs();
    assert!(outputs[0].text.contains("make A=\"/lib/modules/${KERNEL_VERSION}/build\" all"), "{}", outputs[0].text);
}

#[test]
fn patches_are_there_and_say_something() {
    let empty = World::small().file("fix.patch", "");
    assert!(empty.faults()[0].contains("empty-file: patch"), "{:?}", empty.faults());
    let absent = World::small().with("[fix.patch]", "[fix.patch, absent.patch, gone.patch]");
    assert_eq!(absent.faults().len(), 2, "each is told: {:?}", absent.faults());
}
