//! A mistake in a template is an error at its line, and never an odd Dockerfile.

use crate::testing::World;
use crate::vocabulary::SourceMap;

/// The small manifest with a template of its own.
fn with_template(text: &str) -> World {
    World::small()
        .with("    source: code\n", "    source: code\n    template: t.Dockerfile\n")
        .file("t.Dockerfile", text)
}

/// The fault of rendering `text`, with the place in the template.
fn fault(text: &str) -> String {
    let mut faults = with_template(text).faults();
    faults.truncate(1);
    faults.pop().unwrap_or_default()
}

pub(super) fn dockerfile(world: &World) -> String {
    world.outputs().into_iter().find(|output| output.path.file_name() == "Dockerfile").unwrap().text.into_owned()
}

#[test]
fn undefined_values_are_errors_at_their_line() {
    assert!(
        fault("FROM a\nRUN {{ nothing }}\n").starts_with("t.Dockerfile:2:8 template: "),
        "{}",
        fault("FROM a\nRUN {{ nothing }}\n")
    );
    assert!(fault("FROM {{ kernel.nothing }}\n").starts_with("t.Dockerfile:1:"));
    assert!(fault("{% if nothing %}{% endif %}").starts_with("t.Dockerfile:1:"));
    assert!(fault("FROM a\n{% block %}").starts_with("t.Dockerfile:2:"), "{}", fault("FROM a\n{% block %}"));
    assert!(fault("FROM {{ runtime | nofilter }}\n").contains("nofilter"));
}

#[test]
fn what_cannot_be_printed_is_refused() {
    for printed in ["true", "none", "kmods", "kernel", "source.patches"] {
        assert!(fault(&format!("FROM a\n# {{{{ {printed} }}}}\n")).contains("cannot be printed"), "{printed}");
    }
    assert!(dockerfile(&with_template("FROM a\n# {{ 1 + 1 }}\n")).contains("# 2\n"));
}

#[test]
fn a_value_is_quoted_or_refused() {
    for unsafe_way in [
        "kernel.labels.x",
        "kernel.labels.x | safe",
        "kernel.labels.x | escape",
        "kernel.labels.x | upper",
        "(kernel.labels.y | sh) ~ kernel.labels.x",
        "kernel.labels.x ~ (kernel.labels.y | sh)",
        "[kernel.labels.y | sh, kernel.labels.x] | join(' ')",
        "(kernel.labels.y | sh) | replace('y', kernel.labels.x)",
        "'%s' | format(kernel.labels.x)",
        "(kernel.labels.y | sh | format(kernel.labels.x))",
        "kernel.labels.x | string",
        "kernel.labels.x | trim",
        "kernel.labels.x | default(1)",
    ] {
        let world = with_template(&format!("FROM a\nRUN echo {{{{ {unsafe_way} }}}}\n"))
            .with("labels: {site: a}", "labels: {site: a, x: \"a' ; id #\", y: \"y y\"}");
        let (planned, faults) =
            world.expand(&mut SourceMap::default(), |_, plan| plan.render(&plan.modules[0].1[0]).unwrap().dockerfile);
        let said = faults.first().map(|fault| fault.message.as_str()).unwrap_or_default();
        assert!(planned.is_none(), "{unsafe_way}: {}", planned.unwrap_or_default());
        assert!(!said.is_empty(), "{unsafe_way}");
    }
}

#[test]
fn a_capture_may_be_printed_again() {
    let text =
        "{% macro m(x) %}echo {{ x | sh }}{% endmacro %}{% set c %}{{ m(\"it's\") }}{% endset %}FROM a\nRUN {{ c }}\n";
    assert!(dockerfile(&with_template(text)).contains(r"RUN echo 'it'\''s'"));
}

#[test]
fn endless_templates_end() {
    for text in [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}FROM a",
        "{% include 't.Dockerfile' %}",
        "{% extends 't.Dockerfile' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ 'x' * 1000000000 }}",
        "{% set ns = namespace(x='y') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    ] {
        assert!(fault(text).contains("template:"), "{text}: {}", fault(text));
    }
}

#[test]
fn templates_come_from_the_manifests_folder_alone() {
    for name in ["../x", "/etc/passwd", "a/../../x", "absent", "kmodgen/absent"] {
        let said = fault(&format!("{{% include '{name}' %}}"));
        assert!(said.starts_with("t.Dockerfile:1:") && said.contains("template:"), "{name}: {said}");
    }
    let world = with_template("{% extends 'kmodgen/dtk' %}{% block labels %}{% include 'part' %}{% endblock %}");
    assert!(dockerfile(&world.file("part", "LABEL a=b\n")).contains("LABEL a=b"));
}

#[test]
fn a_fault_in_an_include_is_shown_there() {
    let world = with_template("FROM a\n{% include 'part' %}").file("part", "\n\n{{ nothing }}\n");
    assert!(world.faults()[0].starts_with("part:3:"), "{:?}", world.faults());
}

#[test]
fn a_computed_parent_is_checked_for_each_kernel() {
    let text = "{% set base = 'rt' if kernel.flavour == 'rt' else 'standard' %}{% extends base %}\
                {% block own %}LABEL a=b\n{% endblock %}";
    let own = "FROM a\n{% block own %}{% endblock %}";
    let both = with_template(text).file("rt", own).file("standard", own);
    assert_eq!(both.faults(), Vec::<String>::new());
    for bad in ["rt", "standard"] {
        let faults = both.clone().file(bad, "FROM a\n").faults();
        assert!(faults.len() == 1 && faults[0].contains("has a block `own`"), "{bad}: {faults:?}");
    }
}

#[test]
fn each_block_can_be_replaced_and_extended() {
    let skeleton = include_str!("../../templates/v1/skeleton.Dockerfile");
    for block in [
        "args",
        "builder_from",
        "builder_prepare",
        "sources",
        "patches",
        "environment",
        "kernel_prepare",
        "build",
        "install",
        "depmod",
        "runtime_from",
        "runtime_prepare",
        "runtime_copy",
        "labels",
        "runtime_end",
    ] {
        assert!(
            skeleton.contains(&format!("{{% block {block} %}}"))
                || skeleton.contains(&format!("{{%- block {block} %}}")),
            "{block}"
        );
        let text = format!(
            "{{% extends 'kmodgen/dtk' %}}{{% block {block} %}}{{{{ super() }}}}\n# extended here\n{{% endblock %}}"
        );
        let extended = dockerfile(&with_template(&text));
        assert!(extended.contains("# extended here\n"), "{block}");
    }
}

#[test]
fn a_template_knows_what_the_kernel_is() {
    let world = with_template("FROM a\n# {{ kernel.arch }} {{ kernel.flavour }}\n")
        .with("    labels: {site: a}", "    labels: {site: a, flavour: blue}");
    assert!(dockerfile(&world).contains("# x86_64 blue\n"));
}

#[test]
fn the_built_in_dockerfiles_read_well() {
    let world = World::small()
        .with("ref: main,", "ref: main, dir: ci/code,")
        .with("vars: {A: x}", "vars: {A: x, KERNEL_SRC_DIR: '/lib/modules/${KERNEL_VERSION}/build'}, env: {LANG: C}")
        .and_spec("build: {buildArgs: [{name: DEBUG, value: \"a 'b' $$c\"}]}");
    assert_snapshot!("dtk", dockerfile(&world));
    for (template, builder) in [
        ("kernel-devel", "registry.access.redhat.com/ubi9/ubi:9.4"),
        ("debian", "docker.io/library/debian:12-slim"),
        ("sles", "registry.suse.com/suse/sle15:15.5"),
    ] {
        let world = World::small()
            .with("builder: dtk", &format!("builder: {builder}"))
            .with("    source: code\n", &format!("    source: code\n    template: {template}\n"));
        assert_snapshot!(template, dockerfile(&world));
    }
}

#[test]
fn what_an_image_carries_reads_well() {
    let world = World::small().with(
        "    source: code\n",
        "    source: code
    packages: {builder: {rpm: [elfutils-libelf-devel, bc], deb: [libelf-dev]}}
    install:
      modDir: updates
      strip: true
      compress: xz
      linkInTree: true
      firmware: [fw, {from: more/x.bin, to: vendor}]
      licenses: [COPYING]
    imageLabels: {org.opencontainers.image.vendor: \"A 'B' $$C\", version: 1.10}
    user: 201:0
",
    );
    assert_snapshot!("image", dockerfile(&world));
    let lean = dockerfile(&World::small().and("platform: {kmm: 2.4}\n"));
    assert!(!lean.contains("modprobe, where") && lean.contains("for tool in sh mkdir cp; do"), "{lean}");
    let module = world.outputs().into_iter().find(|output| output.path.file_name() == "module.yaml").unwrap();
    assert!(module.text.contains("firmwarePath: \"/opt/lib/firmware\""), "{}", module.text);
}

#[test]
fn every_step_reads_well() {
    let world = World::small().with(
        "steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]",
        "steps:
      - configure: {autoreconf: true, args: [\"--with-linux=/lib/modules/${KERNEL_VERSION}/build\", --x=y z], env: {CC: gcc}}
      - kconfig: {defconfig: defconfig-wifi, options: {CFG80211: m, CONFIG_DEBUG: n, NAME: a b, LEVEL: 3}, vars: {KLIB: /x}}
      - make: {jobs: all, dir: compat}
      - kbuild: {jobs: 4, vars: {V: 1}}
      - dkms: {dir: sub, env: {LANG: C}}
      - rpmbuild: {spec: pkg/driver.spec, defines: {kernel: \"${KERNEL_VERSION}\", with_x: 1}}
      - run: scripts/build.sh
      - run: {path: it's.sh, args: [\"${KERNEL_VERSION}\", a b], env: {A: $$x}}
      - run: {file: own/fix.sh, args: [\"${KERNEL_VERSION}\"], dir: sub}
      - run: {script: 'make KVER=\"$KERNEL_VERSION\"', env: {A: b}}
      - run:
          script: |
            #!/usr/bin/env python3
            print('it''s')",
    );
    assert_snapshot!("steps", dockerfile(&world.file("own/fix.sh", "sed -i 's/a/b/' Makefile\n")));
}

#[test]
fn what_packages_bring_reads_well() {
    let sha256 = "b".repeat(64);
    let world = World::small()
        .with("sources:\n", &format!("sources:\n  vendor: {{rpm: 'https://example.com/kmod-vendor-1-2.x86_64.rpm', sha256: {sha256}}}\n"))
        .with("    source: code\n", "    source: [code, vendor]\n    install: {firmware: [], rpms: ['kmod-${KERNEL_VERSION}-*', {rpm: tools, when: {flavour: rt}}]}\n")
        .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{rpmbuild: {spec: driver.spec}}]");
    assert_snapshot!("rpms", dockerfile(&world));
    let outputs = world.outputs();
    let rt = outputs.iter().filter(|output| output.path.file_name() == "Dockerfile").nth(1).unwrap();
    assert!(rt.text.contains("-*\" tools; do"), "{}", rt.text);
}

/// [`World::small`] with these sources beside `code`, and these in the module.
fn dockerfile_without_steps(template: &str, install: &str) -> String {
    let vendor = format!("sources:\n  vendor: {{rpm: 'https://example.com/v.rpm', sha256: {}}}\n", "b".repeat(64));
    let world = World::small()
        .with("sources:\n", &vendor)
        .with("builder: dtk", "builder: registry.example.com/builder:1")
        .with(
            "    source: code\n",
            &format!("    source: [vendor, code]\n    template: {template}\n    install: {install}\n"),
        )
        .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: []");
    dockerfile(&world)
}

#[test]
fn without_steps_a_builder_needs_no_headers() {
    for template in ["dtk", "debian", "kernel-devel", "sles"] {
        for install in ["{rpms: ['kmod-*'], firmware: []}", "{linkInTree: true}", "{compress: xz, strip: true}"] {
            let text = dockerfile_without_steps(template, install);
            for word in ["headers", "build/Makefile", "gcc", " make", "${devel} ", "-devel ", "libelf"] {
                assert!(!text.contains(word), "{template} {install}: {word}\n{text}");
            }
            assert_eq!(
                text.contains("/kernel\" || missing="),
                template != "dtk" && install.contains("linkInTree"),
                "{template} {install}"
            );
            assert_eq!(text.contains(" depmod:kmod find:findutils"), template != "dtk");
            assert!(text.contains("-b /opt \"${KERNEL_VERSION}\" && test -s modules.dep.bin"), "{text}");
        }
    }
    for (template, install) in [
        ("debian", "{linkInTree: true}"),
        ("kernel-devel", "{rpms: ['kmod-*'], firmware: []}"),
        ("sles", "{linkInTree: true}"),
    ] {
        assert_snapshot!(format!("no_steps_{template}"), dockerfile_without_steps(template, install));
    }
}

pub(super) fn faults_of_packages(rpms: &str) -> Vec<String> {
    let install = format!("    source: code\n    install: {{rpms: {rpms}}}\n");
    World::small().with("    source: code\n", &install).faults()
}

#[test]
fn packages_come_from_somewhere_and_have_names() {
    let faults = faults_of_packages("[driver]");
    assert!(faults[0].contains("no-packages: `install.rpms` has no packages to install from"), "{faults:?}");
    for bad in ["['a b']", "['']", "['a;b']", "['${X}']", "[{package: x}]"] {
        assert!(!faults_of_packages(bad).is_empty(), "{bad}");
    }
    assert!(faults_of_packages("[]").is_empty());
}

fn with_runtime(image: &str) -> World {
    World::small().with("registry.example.com/runtime:1", image)
}

#[test]
fn busybox_is_not_taken_for_kmod() {
    let alpine = dockerfile(&with_runtime("docker.io/library/alpine:3.22"));
    assert!(alpine.contains("modprobe --version 2>/dev/null | grep -q kmod"), "{alpine}");
    assert!(!alpine.contains("microdnf"), "{alpine}");
    assert_snapshot!("alpine", alpine);
    let busybox = dockerfile(&with_runtime("registry.example.com/base/busybox:1"));
    assert!(busybox.contains("and no package manager to get kmod with"), "{busybox}");
    for other in ["registry.example.com/alpine/runtime:1", "registry.example.com/busybox-kmod:1"] {
        assert!(!dockerfile(&with_runtime(other)).contains("busybox's modprobe"), "{other}");
    }
    let lean = dockerfile(&with_runtime("docker.io/library/alpine:3.22").and("platform: {kmm: 2.4}\n"));
    assert!(!lean.contains("modprobe --version"), "{lean}");
}
