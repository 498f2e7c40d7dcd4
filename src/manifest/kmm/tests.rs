//! The rules of KMM's webhook, each refused at its line.

use crate::testing::{MODULE_SPEC, World};

/// Refuses fields of `moduleSpec`, by a fault that says `said`.
fn refuses(fields: &str, said: &str) {
    let faults = World::small().of_spec(fields).faults();
    assert!(faults.iter().any(|fault| fault.contains(said)), "{fields}: {faults:?}");
}

/// Checks like [`refuses`], with a valid selector and modprobe.
fn refuses_beside(fields: &str, said: &str) {
    refuses(&format!("selector: {{a: b}}\nmodprobe: {{moduleName: one}}\n{fields}"), said);
}

fn refuses_modprobe(modprobe: &str, said: &str) {
    refuses(&format!("selector: {{a: b}}\nmodprobe: {modprobe}"), said);
}

#[test]
fn modprobe_names_a_kmod_or_has_both_raw_arguments() {
    refuses_modprobe("{parameters: [a=b]}", "neither `moduleName`");
    refuses_modprobe("{rawArgs: {load: [one]}}", "neither `moduleName`");
    refuses_modprobe("{moduleName: oen}", "not one of the module's kmods | did you mean `one`?");
    refuses_modprobe("{moduleName: one, dirName: /usr}", "`dirName` must be `/opt`");
}

#[test]
fn the_loading_order_starts_with_the_module() {
    refuses_modprobe("{moduleName: one, modulesLoadingOrder: [one]}", "fewer than two");
    refuses_modprobe("{moduleName: one, modulesLoadingOrder: [two, one]}", "does not start with `moduleName`");
    refuses_modprobe("{moduleName: one, modulesLoadingOrder: [one, two, one]}", "listed twice");
    refuses_modprobe("{rawArgs: {load: [a], unload: [b]}, modulesLoadingOrder: [one, two]}", "needs `moduleName`");
}

#[test]
fn several_kmods_need_a_name_to_load() {
    refuses("selector: {a: b}", "does not select one");
    let one = World::small().with("kmods: [one, two]", "kmods: [one]").of_spec("selector: {a: b}");
    assert!(one.outputs().iter().any(|output| output.text.contains("moduleName: one")));
}

#[test]
fn a_selector_is_needed() {
    refuses("modprobe: {moduleName: one}", "missing the nodes");
}

#[test]
fn what_is_generated_cannot_be_given() {
    for key in ["kernelMappings: []", "containerImage: x", "version: '1'", "build: {dockerfileConfigMap: {name: x}}"] {
        refuses_beside(key, "kmodgen writes `");
    }
    refuses_beside("inTreeModuleToRemove: x", "deprecated");
}

#[test]
fn unknown_fields_are_refused_with_the_near_one() {
    refuses_beside("container: {}", "has no key `container`");
    refuses_beside("imagePullPolcy: Always", "did you mean `imagePullPolicy`?");
    refuses_beside("registryTLS: {insecur: true}", "did you mean `insecure`?");
    refuses_modprobe("{moduleName: one, inTreeModuleToRemove: x}", "has no key `inTreeModuleToRemove`");
}

#[test]
fn fields_have_the_types_of_the_api() {
    refuses_beside("registryTLS: {insecure: 'true'}", "write `insecure: true`");
    refuses_beside("imagePullPolicy: Sometimes", "write one of `Always`, `IfNotPresent` and `Never`");
    refuses_beside("imageRebuildTriggerGeneration: one", "expected an integer");
    refuses_beside("inTreeModulesToRemove: x", "write `inTreeModulesToRemove: [x]`");
}

#[test]
fn signing_needs_keys_and_files_that_are_there() {
    refuses_beside("sign: {certSecret: {name: c}}", "no `keySecret`");
    refuses_beside("sign: {keySecret: {name: k}}", "no `certSecret`");
    for (files, said) in [
        ("[]", "`filesToSign` is empty"),
        ("[/lib/modules/*/extra/one.ko]", "below `dirName`"),
        ("['/opt/lib/modules/*/one.ko']", "matches no file of the image"),
        ("['/opt/lib/modules/*/extra/three.ko']", "matches no file of the image"),
    ] {
        refuses_beside(
            &format!("sign: {{keySecret: {{name: k}}, certSecret: {{name: c}}, filesToSign: {files}}}"),
            said,
        );
    }
    refuses_beside(
        "sign: {keySecret: {name: k}, certSecret: {name: c}, unsignedImage: x}",
        "KMM ignores `unsignedImage`",
    );
}

#[test]
fn a_wrong_path_of_signed_files_is_told_once_for_all_kernels() {
    for (file, help) in [
        ("/lib/modules/*/extra/one.ko", "write `/opt/lib/modules/*/extra/one.ko`"),
        (
            "lib/modules/${KERNEL_FULL_VERSION}/extra/one.ko",
            "write `/opt/lib/modules/${KERNEL_FULL_VERSION}/extra/one.ko`",
        ),
        ("extra/one.ko", "write a path that starts with `/opt/lib/modules/`"),
        ("/opt/lib/modules/*/two/one.ko", "write `/opt/lib/modules/*/extra/one.ko`, or remove `filesToSign`"),
    ] {
        let sign = format!("sign: {{keySecret: {{name: k}}, certSecret: {{name: c}}, filesToSign: ['{file}']}}");
        let faults = World::small().and_spec(&sign).faults();
        let [only] = faults.as_slice() else { panic!("{file}: {faults:#?}") };
        assert!(only.contains(help) && !only.contains("5.14"), "{file}: {only}");
    }
    // One that holds for some kernels alone is told once for these, whatever differs in the advice.
    let faults = World::small()
        .with(
            "  - 5.14.0-2.el9.x86_64+rt\n",
            "  - 5.14.0-2.el9.x86_64+rt\n  - 5.14.0-3.el9.x86_64\n  - 5.14.0-4.el9.x86_64+rt\n",
        )
        .and_module("overrides: [{when: {flavour: rt}, install: {modDir: updates}}]")
        .and_spec("sign: {keySecret: {name: k}, certSecret: {name: c}, filesToSign: ['/opt/lib/modules/*/x.ko']}")
        .faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
}

#[test]
fn signed_files_are_written_out_for_each_kernel() {
    for (files, expected) in
        [("", "two.ko"), (", filesToSign: ['/opt/lib/modules/${KERNEL_FULL_VERSION}/extra/one.ko']", "one.ko")]
    {
        let sign = format!("sign: {{keySecret: {{name: k}}, certSecret: {{name: c}}{files}}}");
        let module = module_yaml(&World::small().and_spec(&sign));
        let expected = format!("\"/opt/lib/modules/5.14.0-2.el9.x86_64+rt/extra/{expected}\"");
        assert!(module.contains(&expected), "{module}");
    }
}

#[test]
fn build_arguments_are_the_users_own() {
    for name in ["KERNEL_VERSION", "KERNEL_FULL_VERSION", "MOD_NAME", "MOD_NAMESPACE", "DTK_AUTO"] {
        refuses_beside(&format!("build: {{buildArgs: [{{name: {name}, value: x}}]}}"), "KMM sets the build argument");
    }
    refuses_beside("build: {buildArgs: [{name: 9a, value: x}]}", "not the name of a variable");
    refuses_beside("build: {buildArgs: [{name: A, value: \"a\\nb\"}]}", "on one line");
    refuses_beside("build: {buildArgs: [{name: A, value: a, hashed: false}]}", "`A` requires an `ARG`");
    refuses_beside("build: {buildArgs: [{name: A}]}", "a `name` and a `value`");
    refuses_beside("build: {buildArgs: [{name: A, value: a}, {name: A, value: b}]}", "given twice");
}

#[test]
fn device_plugin_and_dra_exclude_each_other() {
    refuses_beside("devicePlugin: {container: {image: x}}\ndra: {container: {image: x}}", "cannot have both");
}

fn volume(path: &str) -> String {
    format!("devicePlugin: {{volumes: [{{name: v, hostPath: {{path: {path}}}}}], container: {{image: x}}}}")
}

#[test]
fn host_paths_are_where_kmm_lets_them_be() {
    for path in ["/etc", "/", "/device", "//etc", "/./etc"] {
        refuses_beside(&volume(path), "KMM rejects this host path");
    }
    refuses_beside(&volume("/var/../etc"), "contains `..`");
    let fine = World::small().and_spec(&volume("/var/lib/x"));
    assert_eq!(fine.faults(), Vec::<String>::new());
}

#[test]
fn tolerations_are_kubernetes_own() {
    refuses_beside("tolerations: [{operator: Like, key: a}]", "write one of `Equal` and `Exists`");
    refuses_beside("tolerations: [{key: a, effect: Never}]", "`NoSchedule`");
    refuses_beside("tolerations: [{operator: Exists, key: a, value: b}]", "takes no `value`");
    refuses_beside("tolerations: [{value: b}]", "without a `key`");
    refuses_beside("tolerations: [{key: a, tolerationSeconds: 3}]", "requires `effect: NoExecute`");
}

#[test]
fn names_fit_kmms_labels() {
    let long = World::small().with("name: first", "name: a-module-with-a-rather-long-name-of-its-own");
    assert!(long.faults()[0].contains("KMM allows 41 | shorten one of them by 8"), "{:?}", long.faults());
    let dotted = World::small().with("name: first", "name: first.module");
    assert!(dotted.faults()[0].contains("contains '.'"));
}

fn version(text: &str) -> World {
    World::small().with("    source: code\n", &format!("    source: code\n    version: {text}\n"))
}

#[test]
fn versions_are_label_values() {
    assert!(version("1.10").outputs().iter().any(|output| output.text.contains("version: \"1.10\"")));
    for bad in ["'a b'", "'-1'", "''", &"1".repeat(64)] {
        assert!(version(bad).faults()[0].contains("not a valid version for KMM"), "{bad}");
    }
}

fn module_yaml(world: &World) -> String {
    world.outputs().into_iter().find(|output| output.path.file_name() == "module.yaml").unwrap().text.into_owned()
}

#[test]
fn several_modules_load_one_image() {
    let world = World::small()
        .and_module(
            "fallback: {kernel: '5\\.14\\..*', image: \"registry.example.com/kmods/first:${KERNEL_FULL_VERSION}\"}
additionalModules:
  - name: second
    moduleSpec: {selector: {b: ''}, moduleLoader: {container: {modprobe: {moduleName: two}}}}",
        )
        .and_spec("sign: {keySecret: {name: k}, certSecret: {name: c}}\nimageRebuildTriggerGeneration: auto");
    assert_snapshot!("several", module_yaml(&world));
    assert_ne!(trigger(&world), trigger(&world.clone().with("vars: {A: x}", "vars: {A: y}")));
}

/// The line with the number that has KMM look for images again.
fn trigger(world: &World) -> String {
    let text = module_yaml(world);
    text.lines().find(|line| line.contains("imageRebuildTriggerGeneration: ")).unwrap().to_owned()
}

#[test]
fn a_hub_has_a_module_for_its_spokes() {
    let dtk = format!("    dtk: example.com/dtk@sha256:{}\n    labels:", "a".repeat(64));
    let hub = "hub: {spokeNamespace: drivers, selector: {wants: driver}}";
    let world = World::small().and_module(hub).with("    labels:", &dtk);
    let faults = world.faults();
    assert!(faults.len() == 1 && faults[0].contains("a hub cannot choose the Driver Toolkit"), "{faults:#?}");
    let world = world.with("  - 5.14.0-2.el9.x86_64+rt\n", "");
    assert_snapshot!("hub", module_yaml(&world));
}

#[test]
fn what_goes_beyond_one_module_is_checked() {
    let world = World::small()
        .and_module(
            "fallback: {kernel: '(', image: registry.example.com/x:1}
hub: {spokeNamespace: X}
signing: {generation: 1}
additionalModules:
  - moduleSpec: {selector: {}, moduleLoader: {container: {modprobe: {moduleName: two}, build: {}}}}
  - {name: first, moduleSpec: {selector: {}, moduleLoader: {container: {modprobe: {moduleName: two}}}}, fallback: {image: \"registry.example.com/x@${KERNEL_FULL_VERSION}\"}}",
        )
        .and_spec("imageRebuildTriggerGeneration: soon\ndevicePlugin: {container: {imag: x}, serviceAcount: y}")
        .and("  - {name: other, source: code, kmods: [one], image: registry.example.com/kmods/first, moduleSpec: {selector: {}, hub: x}}\n");
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn modules_on_one_image_name_are_told_of() {
    let world = World::small().and(
        "  - {name: other, source: code, kmods: [other], image: registry.example.com/kmods/first, moduleSpec: {selector: {}}}\n",
    );
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn images_alone_need_no_module_spec() {
    let small = World::small().with(MODULE_SPEC, "    objects: false\n");
    assert_eq!(small.faults(), Vec::<String>::new());
    let wrong = World::small().with(MODULE_SPEC, "    objects: 'false'\n").faults();
    assert!(wrong.iter().any(|fault| fault.contains("write `objects: false`")), "{wrong:?}");
}

#[test]
fn the_section_of_earlier_manifests_is_led_to_the_new_one() {
    for (kmm, said) in [
        ("{modprobe: {moduleName: one}, selector: {a: b}}", "write `moduleSpec`: its fields are those"),
        ("[{selector: {a: b}}, {name: more, selector: {c: d}}]", "additionalModules: [{name: …, moduleSpec: {…}}]"),
        ("false", "write `objects: false`"),
    ] {
        let small = World::small();
        for world in [
            small.clone().with(MODULE_SPEC, &format!("    kmm: {kmm}\n")),
            small.clone().and_module(&format!("versions: [{{version: '1', kmm: {kmm}}}]")),
            small.and(&format!("clusters: {{west: {{kmm: {kmm}}}}}\n")),
        ] {
            let faults = world.faults();
            assert!(faults.len() == 1 && faults[0].contains(said), "{kmm}: {faults:#?}");
        }
    }
}

#[test]
fn a_field_at_another_level_is_led_to_its_own() {
    let selector = "{selector: {a: b}, ";
    for (spec, said) in [
        (
            format!("{selector}modprobe: {{moduleName: one}}}}"),
            "`moduleSpec` has no key `modprobe` | write it in `moduleLoader.container`: \
             `moduleLoader: {container: {modprobe: {moduleName: one}}}`",
        ),
        (
            format!("{selector}moduleLoader: {{modprobe: {{moduleName: one}}}}}}"),
            "`moduleLoader` has no key `modprobe` | write it in `moduleLoader.container`",
        ),
        (
            "{moduleLoader: {container: {modprobe: {moduleName: one}, selector: {a: b}}}}".into(),
            "`moduleLoader.container` has no key `selector` | write it in `moduleSpec`: `selector: {a: b}`",
        ),
        (
            format!("{selector}moduleLoader: {{container: {{modprobe: {{moduleName: one}}}}}}, hub: {{}}}}"),
            "has no key `hub` | write it beside `moduleSpec`",
        ),
        (format!("{selector}moduleLodaer: {{container: {{}}}}}}"), "did you mean `moduleLoader`?"),
    ] {
        let faults = World::small().with(MODULE_SPEC, &format!("    moduleSpec: {spec}\n")).faults();
        assert!(faults.len() == 1 && faults[0].contains(said), "{spec}: {faults:#?}");
    }
}

#[test]
fn signing_belongs_to_kmods_that_kmm_signs() {
    let signing = World::small().and_module("signing: {generation: 2}");
    let faults = signing.faults();
    assert!(faults.len() == 1 && faults[0].contains("`signing` requires `sign`"), "{faults:?}");
    let signed = signing.and_spec("sign: {keySecret: {name: k}, certSecret: {name: c}}");
    assert_eq!(signed.faults(), Vec::<String>::new());
    let other = signed.clone().with("generation: 2", "generation: 3");
    assert_ne!(module_yaml(&signed), module_yaml(&other), "it is in the tags");
    let earlier = World::small().and_spec("sign: {keySecret: {name: k}, certSecret: {name: c}, rotation: 1}").faults();
    assert!(earlier.len() == 1 && earlier[0].contains("write `signing: {generation: …}`"), "{earlier:?}");
}
