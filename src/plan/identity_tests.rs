//! The hash of a mapping changes when, and only when, something that decides its image changes.

use crate::testing::World;

const PLAIN: &str = "first/5.14.0-1.el9.x86_64";
const RT: &str = "first/5.14.0-2.el9.x86_64+rt";

/// A world with everything that can decide an image.
fn world() -> World {
    let mut world = World::small()
        .with("  code: {", "  other: {git: https://example.com/other.git, ref: main}\n  code: {")
        .with("    source: code\n", "    source: code\n    template: mine.Dockerfile\n")
        .and_module("overrides:\n  - when: {kernel: '.*rt'}\n    steps: {compile: {make: {vars: {RT: '1'}}}}")
        .and_spec("build: {buildArgs: [{name: ARG, value: one}], secrets: [{name: s}]}\nsign: {keySecret: {name: k}, certSecret: {name: c}}")
        .file(
            "mine.Dockerfile",
            "{% extends 'kmodgen/dtk' %}{% block labels %}{% include 'labels.Dockerfile' %}{% endblock %}",
        )
        .file("labels.Dockerfile", "LABEL site={{ kernel.labels.site | default('none') | arg }}\n");
    world.pin("https://example.com/other.git", "main", 'b');
    world
}

/// The small manifest with a script of these lines, and one of this text beside it.
fn scripted(lines: &str, text: &str) -> World {
    let steps = format!("steps: [{{run: {{script: '{lines}'}}}}, {{run: {{file: own.sh}}}}]");
    World::small().with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", &steps).file("own.sh", text)
}

/// Which mappings' hashes differ.
fn changed(before: &World, after: &World) -> Vec<String> {
    let (before, after) = (before.identities(), after.identities());
    assert_eq!(before.len(), 2);
    before
        .iter()
        .filter(|(key, (hash, _))| after.get(*key).is_some_and(|(new, _)| new != hash))
        .map(|(key, _)| key.clone())
        .collect()
}

#[test]
fn each_input_changes_the_hash_of_its_mappings() {
    let both = [PLAIN, RT].as_slice();
    let moved = || {
        let mut world = world();
        world.pin("https://example.com/code.git", "main", 'c');
        world
    };
    let cases: Vec<(&str, World, &[&str])> = vec![
        ("commit", moved(), both),
        ("another source", world().with("source: code\n", "source: other\n"), both),
        ("patch content", world().file("fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+c\n"), both),
        ("patch order", world().with("[fix.patch]", "[fix.patch, fix.patch]"), both),
        ("patch for some", world().with("[fix.patch]", "[{file: fix.patch, when: {kernel: '.*64'}}]"), &[RT]),
        ("build argument", world().with("value: one", "value: two"), both),
        ("builder image", world().with("builder: dtk", "builder: example.com/b:1"), both),
        (
            "a kernel's own DTK",
            world().with(
                "    labels: {site: a}\n",
                &format!("    labels: {{site: a}}\n    dtk: q.io/d@sha256:{}\n", "d".repeat(64)),
            ),
            &[PLAIN],
        ),
        ("runtime image", world().with("runtime:1", "runtime:2"), both),
        ("fetch image", world().with("builder: dtk", "builder: dtk, fetch: example.com/git:1"), both),
        (
            "debugging symbols",
            world().with("    source: code\n", "    source: code\n    install: {strip: false}\n"),
            both,
        ),
        ("kmod list", world().with("kmods: [one, two]", "kmods: [one]"), both),
        (
            "template text",
            world().file("mine.Dockerfile", "{% extends 'kmodgen/dtk' %}{% block labels %}LABEL a=b\n{% endblock %}"),
            both,
        ),
        ("included template", world().file("labels.Dockerfile", "LABEL other=text\n"), both),
        ("a label that the template prints", world().with("site: a", "site: b"), &[PLAIN]),
        ("override", world().with("RT: '1'", "RT: '2'"), &[RT]),
        ("variable", world().with("A: x", "A: y"), both),
        ("lines of a script", scripted("make a", "x"), both),
        ("text of a script", scripted("make", "y"), both),
        ("target", world().with("targets: [all]", "targets: [some]"), both),
        (
            "install folder",
            world().with("    source: code\n", "    source: code\n    install: {modDir: updates}\n"),
            both,
        ),
        ("signing key", world().with("keySecret: {name: k}", "keySecret: {name: k2}"), both),
        ("signing generation", world().and_module("signing: {generation: 1}"), both),
    ];
    for (input, after, expected) in cases {
        let before = if input.contains("script") { scripted("make", "x") } else { world() };
        assert_eq!(changed(&before, &after), expected, "{input}");
    }
}

#[test]
fn nothing_else_changes_it() {
    let cases: Vec<(&str, World)> = vec![
        ("a comment", world().with("kernels:\n", "# a comment\nkernels: # and another\n")),
        ("key order", world().with("targets: [all], vars: {A: x}", "vars: {A: x}, targets: [all]")),
        ("quotes", world().with("namespace: kmm-ci", "namespace: 'kmm-ci'")),
        ("another kernel", world().with("kernels:\n", "kernels:\n  - 6.12.0-1.el10.x86_64\n")),
        ("registry and repository", world().with("registry.example.com/kmods/first", "other.example.com/first")),
        ("namespace", world().with("namespace: kmm-ci", "namespace: other")),
        ("output folder", world().and("output: {dir: elsewhere}\n")),
        ("another module", world().and("  - {name: second, source: other, kmods: [three], image: r.example.com/second, moduleSpec: {selector: {a: b}}}\n")),
        ("a template's comment", world().file("labels.Dockerfile", "{# why #}LABEL site={{ kernel.labels.site | default('none') | arg }}\n")),
        ("CRLF in a template", world().file("labels.Dockerfile", "LABEL site={{ kernel.labels.site | default('none') | arg }}\r\n")),
        ("a label that nothing asks for", world().with("site: a", "site: a, rack: '7'")),
        ("what KMM does with the module", world().with("moduleName: one", "moduleName: two")),
        ("secrets of the build", world().with("secrets: [{name: s}]", "secrets: [{name: t}]")),
        ("the version, where no label has it", world().with("    source: code\n", "    source: code\n    version: '2'\n")),
        ("the source's name in the lock", world().with("ref: main, patches", "ref: 'main', patches")),
    ];
    for (input, after) in cases {
        assert_eq!(changed(&world(), &after), Vec::<String>::new(), "{input}");
    }
}

#[test]
fn the_order_of_kernels_and_files_does_not_matter() {
    let listed = world().with(
        "kernels:\n  - release: 5.14.0-1.el9.x86_64\n    labels: {site: a}\n  - 5.14.0-2.el9.x86_64+rt\n",
        "kernels:\n  - file: fleet.yaml\n",
    );
    let fleet = "apiVersion: kmodgen/v1\nkernels:\n  - 5.14.0-2.el9.x86_64+rt\n  - {labels: {site: a}, release: 5.14.0-1.el9.x86_64}\n";
    assert_eq!(changed(&world(), &listed.file("fleet.yaml", fleet)), Vec::<String>::new());
}

#[test]
fn no_dockerfile_names_what_is_not_its_content() {
    for output in world().outputs().iter().filter(|output| output.path.file_name() == "Dockerfile") {
        for word in ["kmm-ci", "registry.example.com/kmods", env!("CARGO_PKG_VERSION"), "kmodgen.yaml", "MOD_NAME"] {
            assert!(!output.text.contains(word), "{word}");
        }
    }
}

#[test]
fn a_proxy_is_in_the_module_alone() {
    let with = |argument: &str| World::small().and_spec(&format!("build: {{buildArgs: [{argument}]}}"));
    let proxy = with("{name: HTTPS_PROXY, value: 'http://proxy:1', hashed: false}");
    assert_eq!(proxy.identities(), World::small().identities());
    assert_ne!(with("{name: HTTPS_PROXY, value: 'http://proxy:1'}").identities(), World::small().identities());
    let outputs = proxy.outputs();
    let has_it: Vec<&str> =
        outputs.iter().filter(|output| output.text.contains("proxy:1")).map(|output| output.path.as_str()).collect();
    assert!(has_it.iter().all(|path| path.ends_with("module.yaml")) && has_it.len() == 1, "{has_it:?}");
}
