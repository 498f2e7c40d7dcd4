use crate::testing::World;

/// The one note on a manifest.
fn note(world: &World) -> String {
    let notes = world.notes();
    assert_eq!(notes.len(), 1, "{notes:#?}");
    notes.into_iter().next().unwrap()
}

#[test]
fn nothing_is_noted_on_a_manifest_that_needs_no_note() {
    assert_eq!(World::small().notes(), Vec::<String>::new());
    // A source of a step, of an override or of a version is used.
    let used = World::small()
        .with("  code: {", "  more: {git: https://example.com/more.git, ref: main}\n  code: {")
        .and_module("overrides: [{when: {flavour: rt}, source: [code, more]}]");
    assert_eq!(used.notes(), Vec::<String>::new());
    // A key that a user chose is none of the manifest's.
    let labels = World::small().with("labels: {site: a}", "labels: {when: x, image: ubuntu, runtime: ubuntu}");
    assert_eq!(labels.notes(), Vec::<String>::new());
    let vars = World::small().with("vars: {A: x}", "vars: {image: ubuntu, runtime: 'x:1', prebuilt: a}");
    assert_eq!(vars.notes(), Vec::<String>::new());
}

#[test]
fn images_without_a_registry() {
    for (from, to, help) in [
        ("builder: dtk", "builder: dtk, fetch: git:2", "`fetch: docker.io/library/git:2`"),
        ("builder: dtk", "builder: 'ubuntu:24.04'", "`builder: docker.io/library/ubuntu:24.04`"),
        ("builder: dtk", "builder: 'me/b:${KERNEL_VERSION}'", "`builder: docker.io/me/b:${KERNEL_VERSION}`"),
        ("registry.example.com/runtime", "myorg/app", "`runtime: docker.io/myorg/app:1`"),
        ("image: registry.example.com/kmods/first", "image: kmods/first", "`image: docker.io/kmods/first`"),
        ("labels: {site: a}", "baseImages: {builder: 'debian:12'}", "`builder: docker.io/library/debian:12`"),
        (
            "    moduleSpec:\n",
            "    moduleSpec:\n      devicePlugin: {container: {image: 'plugin:1', command: [a]}}\n",
            "`image: docker.io/library/plugin:1`",
        ),
        (
            "    moduleSpec:\n",
            "    fallback: {kernel: '6.*', image: 'me/x:${KERNEL_FULL_VERSION}'}\n    moduleSpec:\n",
            "`image: docker.io/me/x:${KERNEL_FULL_VERSION}`",
        ),
    ] {
        let told = note(&World::small().with(from, to));
        assert!(told.contains("no-registry: the image `") && told.contains(help), "{told}");
    }
    for image in ["localhost/x", "localhost:5000/x", "[::1]:5000/x", "r.io/x"] {
        let with = World::small().with("builder: dtk", &format!("builder: '{image}'"));
        assert_eq!(with.notes(), Vec::<String>::new(), "{image}");
    }
    // A mirror gives it one.
    let mirrored =
        World::small().with("builder: dtk", "builder: 'ubuntu:24.04'").and("mirrors: {ubuntu: r.example.com/ubuntu}\n");
    assert_eq!(mirrored.notes(), Vec::<String>::new());
    // So do clusters, to images of modules.
    let bare = World::small().with("image: registry.example.com/kmods/first", "image: first");
    let moved = bare.clone().and("clusters: {a: {image: r.example.com/a}, b: {image: r.example.com/b}}\n");
    assert_eq!(moved.notes(), Vec::<String>::new());
    assert!(
        note(&bare.clone().and("clusters: {a: {image: r.example.com/a}, b: {namespace: b}}\n")).contains("no-registry")
    );
    assert!(note(&bare.and("clusters: {a: {image: kmods}}\n")).contains("write `image: docker.io/kmods`"));
}

#[test]
fn sources_without_a_module() {
    let one = World::small().with("  code: {", "  old: {git: https://example.com/old.git, ref: main}\n  code: {");
    assert_eq!(
        note(&one),
        "kmodgen.yaml:4:3 unused-source: no module uses the source `old` | remove it, or use it as `source` of a module"
    );
    // One message, however many sources and clusters.
    let many: String = (0..8).map(|n| format!("  s{n}: {{git: https://example.com/{n}.git, ref: main}}\n")).collect();
    let many = World::small().with("  code: {", &format!("{many}  code: {{")).and("clusters: {a: {}, b: {}}\n");
    assert!(note(&many).contains("8 sources are not used by a module (here, and in 3 more places)"), "{}", note(&many));
    // A module that is for some cluster uses it.
    let other =
        "  - {name: other, source: old, kmods: [one], image: r.io/o, clusters: [b], moduleSpec: {selector: {a: b}}}\n";
    assert_eq!(one.and(other).and("clusters: {a: {}, b: {}}\n").notes(), Vec::<String>::new());
}

#[test]
fn conditions_that_no_kernel_meets() {
    for (when, said) in [
        ("{kernel: '5.14.0'}", "no kernel release matches `5.14.0` | write `kernel: '5\\.14\\.0.*'`"),
        ("{labels: {site: aa}}", "no kernel has the label `site: aa` | did you mean `site: a`?"),
        ("{labels: {sit: a}}", "no kernel has the label `sit: a` | did you mean the label `site`?"),
        ("{flavour: rtt}", "no kernel has the flavour `rtt` | did you mean `flavour: rt`?"),
        ("{arch: aarch64}", "no kernel has the architecture `aarch64`"),
        ("{kernelVersion: '>=6'}", "no kernel has the version"),
        ("{labels: {site: a}, flavour: rt}", "no kernel meets all parts of the condition"),
    ] {
        let told = note(&with_override(when));
        assert!(told.contains("this override matches no kernel of module `first`: ") && told.contains(said), "{told}");
    }
    let of_rt = with_override("{flavour: rt}");
    assert_eq!(of_rt.notes(), Vec::<String>::new());
    // A kernel that the module is not for does not count.
    let excluded = of_rt.clone().with("    source: code\n", "    source: code\n    when: {flavour: standard}\n");
    assert!(note(&excluded).contains("unmet-condition"));
    // A module for no kernel is told of already.
    let none = of_rt.with("    source: code\n", "    source: code\n    when: {flavour: cloud}\n");
    assert_eq!(none.notes(), Vec::<String>::new());
}

fn with_override(when: &str) -> World {
    World::small().and_module(&format!("overrides: [{{when: {when}, packages: {{builder: [bc]}}}}]"))
}

#[test]
fn every_kind_of_condition_is_looked_at() {
    for (from, to) in [
        ("kmods: [one, two]", "kmods: [one, {kmod: two, when: {flavour: x}}]"),
        ("source: code\n", "source: [code, {source: code2, when: {flavour: x}}]\n"),
        ("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{make: {}, when: {flavour: x}}]"),
        ("    moduleSpec:\n", "    packages: {builder: {rpm: [{package: bc, when: {flavour: x}}]}}\n    moduleSpec:\n"),
        ("    moduleSpec:\n", "    install: {firmware: [{from: fw, when: {flavour: x}}]}\n    moduleSpec:\n"),
        (
            "        container:\n",
            "        container:\n          build: {buildArgs: [{name: A, value: b, when: {flavour: x}}]}\n",
        ),
        (
            "        container:\n",
            "        container:\n          inTreeModulesToRemove: [{module: a, when: {flavour: x}}]\n",
        ),
        ("patches: [fix.patch]", "patches: [{file: fix.patch, when: {flavour: x}}]"),
    ] {
        let more = "  code2: {git: https://example.com/2.git, ref: main}\nbaseImages:";
        let world = World::small().with(from, to);
        let world = if to.contains("code2") { world.with("baseImages:", more) } else { world };
        assert!(note(&world).contains("no kernel has the flavour `x`"), "{to}: {}", note(&world));
    }
    // Within an override for none, and within one for others.
    assert!(note(&nested("{flavour: x}", "{flavour: y}")).contains("this override matches no kernel"));
    assert!(note(&nested("{flavour: rt}", "{labels: {site: a}}")).contains("this condition matches no kernel"));
    assert_eq!(nested("{flavour: rt}", "{flavour: rt}").notes(), Vec::<String>::new());
    // More than are explained.
    let many = "{when: {flavour: x}, user: '1'}, ".repeat(7);
    let many = World::small().and_module(&format!("overrides: [{many}]"));
    assert!(note(&many).contains("7 conditions match no kernel"), "{}", note(&many));
    assert!(!note(&many).contains("list them under"), "{}", note(&many));
}

/// The small manifest with a condition in an override, which has a condition itself.
fn nested(outer: &str, inner: &str) -> World {
    let kmods = format!("kmods: [one, {{kmod: two, when: {inner}}}]");
    World::small().and_module(&format!("overrides: [{{when: {outer}, {kmods}}}]"))
}
