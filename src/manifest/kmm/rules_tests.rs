//! Rules of KMM's webhook and of its versions.

use crate::testing::{World, module_spec};

fn with(fields: &str, platform: &str) -> World {
    World::small().of_spec(&format!("selector: {{a: b}}\n{fields}")).and(platform)
}

fn modprobe(modprobe: &str, platform: &str) -> Vec<String> {
    with(&format!("modprobe: {modprobe}"), platform).faults()
}

/// Holds if there is one fault that says `said`, or none where `said` is empty.
fn holds(faults: &[String], said: &str) {
    match said {
        "" => assert_eq!(faults, Vec::<String>::new()),
        _ => assert!(faults.len() == 1 && faults[0].contains(said), "{said}: {faults:#?}"),
    }
}

#[test]
fn raw_arguments_exclude_a_module_name() {
    let raw = "rawArgs: {load: [-d, /tmp/opt, one], unload: [-r, -d, /tmp/opt, one]}";
    holds(&modprobe(&format!("{{{raw}}}"), ""), "");
    holds(&modprobe(&format!("{{moduleName: one, {raw}}}"), ""), "cannot be combined with `moduleName`");
    holds(&modprobe("{moduleName: one, rawArgs: {unload: [a]}}", ""), "cannot be combined with `moduleName`");
}

#[test]
fn raw_arguments_name_the_workers_folder() {
    for load in ["-vd, /tmp/opt, one", "-d/tmp/opt, one", "--dirname, /tmp/opt, one", "--dirname=/tmp/opt, one"] {
        holds(&with_load(load, ""), "");
    }
    for load in ["-d, /opt, one", "one", "-d, one, /tmp/opt"] {
        holds(
            &with_load(load, ""),
            "modprobe must look for the kmods in `/tmp/opt` on KMM 2, but `load` does not set this | write `load: [-d, /tmp/opt, ",
        );
        holds(&with_load(load, "platform: {kmm: '1.1'}\n"), "");
    }
}

fn with_load(load: &str, platform: &str) -> Vec<String> {
    modprobe(&format!("{{rawArgs: {{load: [{load}], unload: [-rd, /tmp/opt, one]}}}}"), platform)
}

#[test]
fn fields_are_those_of_the_stated_kmm() {
    for (kmm, old, new) in [
        ("inTreeModulesToRemove: [x]", "2.0", "2.1"),
        ("tolerations: [{operator: Exists}]", "2.2", "2.3"),
        ("imagePullPolicy: Always", "2.3", "2.4"),
        ("devicePlugin: {container: {image: x}, initContainer: {image: x}}", "2.3", "2.4"),
        ("devicePlugin: {container: {image: x}, automountServiceAccountToken: true}", "2.5", "2.6"),
        ("imageRebuildTriggerGeneration: 1", "2.5", "2.6"),
        ("imageRebuildTriggerGeneration: auto", "2.5", "2.6"),
        ("dra: {driverName: d, container: {image: x}}", "2.6", "2.7"),
    ] {
        let kmm = format!("modprobe: {{moduleName: one}}\n{kmm}");
        for (version, said) in [(old, format!("KMM before {new} does not support")), (new, String::new())] {
            let platform = format!("platform: {{kind: openshift, version: '4.21', kmm: '{version}'}}\n");
            holds(&with(&kmm, &platform).faults(), &said);
        }
    }
}

#[test]
fn device_classes_need_a_newer_cluster() {
    for (platform, said) in [
        ("{kind: openshift, version: '4.20'}", "`dra` needs OpenShift 4.21 or Kubernetes 1.34 | remove it"),
        ("{kind: openshift, version: 4.21.3}", ""),
        ("{kind: kubernetes, version: v1.33.1}", "needs OpenShift 4.21 or Kubernetes 1.34 | remove it"),
        ("{kind: kubernetes, version: '1.34'}", ""),
        ("{kmm: '2.7'}", "`platform` has no version"),
    ] {
        let kmm = "modprobe: {moduleName: one}\ndra: {driverName: d, container: {image: x}}";
        let dtk = format!("    dtk: example.com/dtk@sha256:{}\n    labels:", "a".repeat(64));
        let world = with(kmm, &format!("platform: {platform}\n")).with("    labels:", &dtk);
        holds(&world.with("  - 5.14.0-2.el9.x86_64+rt\n", "").faults(), said);
    }
    let faults = World::small().and("platform: {version: '1.34'}\n").faults();
    holds(&faults, "a `version` but no `kind`");
    holds(&World::small().and("platform: {kind: openshift, version: '1.34'}\n").faults(), "not a version of OpenShift");
    holds(
        &World::small().and("platform: {kind: kubernetes, version: '4.21'}\n").faults()[..1],
        "not a version of Kubernetes",
    );
}

#[test]
fn names_are_as_long_as_the_stated_kmm_allows() {
    // The namespace has 6.
    for (length, platform, said) in [
        (34, "", ""),
        (35, "", "KMM before 2.7 allows 40"),
        (35, "platform: {kmm: '2.7'}\n", ""),
        (36, "platform: {kmm: '2.7'}\n", "KMM allows 41"),
        (34, "platform: {kmm: '2.6'}\n", ""),
        (35, "platform: {kmm: '2.6'}\n", "KMM allows 40"),
    ] {
        let name = format!("name: {}", "a".repeat(length));
        holds(&World::small().with("name: first", &name).and(platform).faults(), said);
    }
}

fn hub(fields: &str) -> World {
    let dtk = format!("    dtk: example.com/dtk@sha256:{}\n    labels:", "a".repeat(64));
    World::small().with("  - 5.14.0-2.el9.x86_64+rt\n", "").with("    labels:", &dtk).and_module(fields)
}

#[test]
fn on_a_hub_the_spokes_namespace_counts() {
    for (length, said) in [(35, ""), (40, "KMM allows 41")] {
        let namespace = "s".repeat(length);
        holds(&hub(&format!("hub: {{spokeNamespace: {namespace}, selector: {{a: b}}}}")).faults(), said);
    }
    let long = hub("hub: {spokeNamespace: d, selector: {a: b}}");
    holds(&long.with("namespace: kmm-ci", "namespace: a-rather-long-namespace-of-kmms-hub-operator").faults(), "");
    holds(&hub("hub: {spokeNamespace: d, selector: {'a b': c}}").faults(), "not a label key");
}

#[test]
fn a_list_on_a_hub_makes_objects_for_its_spokes() {
    let world = hub("hub: {spokeNamespace: d, selector: {a: b}}
additionalModules:
  - name: other
    moduleSpec: {selector: {c: d}, moduleLoader: {container: {modprobe: {moduleName: two}}}}");
    let outputs = world.outputs();
    let text = &outputs.iter().find(|output| output.path.file_name() == "module.yaml").unwrap().text;
    for (part, count) in [
        ("kind: ManagedClusterModule", 2),
        ("  moduleSpec:\n    moduleLoader:\n", 2),
        ("  spokeNamespace: d\n", 2),
        ("        - \"5", 0),
        ("namespace: kmm-ci", 0),
        ("moduleName: two", 1),
        ("            build:\n", 1),
    ] {
        assert_eq!(text.matches(part).count(), count, "{part}: {text}");
    }
}

#[test]
fn a_hub_has_kmods_for_its_spokes() {
    let mut world = World::small();
    world.manifest = "apiVersion: kmodgen/v1
namespace: drivers
modules:
  - name: plugin
    moduleSpec:
      selector: {a: b}
      devicePlugin: {container: {image: x}}
    hub: {spokeNamespace: d, selector: {a: b}}
"
    .into();
    holds(&world.faults(), "crashes KMM's hub");
    holds(&world.with("    hub: {spokeNamespace: d, selector: {a: b}}\n", "").faults(), "");
}

#[test]
fn a_plugin_alone_loads_nothing() {
    let mut world = World::small();
    world.manifest = "apiVersion: kmodgen/v1
namespace: drivers
kernels: []
modules: [{name: plugin, moduleSpec: {selector: {a: b}, devicePlugin: {container: {image: x}}}}]
"
    .into();
    assert!(world.outputs().iter().any(|output| output.path.as_str() == "plugin/module.yaml"));
    let two = "moduleSpec: {selector: {a: b}, devicePlugin: {container: {image: x}}}, additionalModules: [{name: other, moduleSpec: {selector: {c: d}, devicePlugin: {container: {image: y}}}}]";
    let list = world.clone().with("moduleSpec: {selector: {a: b}, devicePlugin: {container: {image: x}}}", two);
    holds(&list.faults(), "");
    assert_eq!(list.outputs()[0].text.matches("kind: Module").count(), 2);
    holds(&world.faults(), "");
    holds(
        &world.with("selector: {a: b}", "selector: {a: b}, moduleLoader: {container: {}}").faults(),
        "`moduleLoader` is for loading kmods",
    );
}

#[test]
fn kernels_are_needed_for_kmods_alone() {
    let world = World::small().with(
        "kernels:
  - release: 5.14.0-1.el9.x86_64
    labels: {site: a}
  - 5.14.0-2.el9.x86_64+rt
",
        "",
    );
    holds(&world.faults(), "the manifest has no `kernels`");
}

fn prebuilt(modprobe: &str, rest: &str) -> World {
    let (beside, rest) =
        if rest.starts_with("fallback") { (format!("    {rest}\n"), "") } else { (String::new(), rest) };
    let spec = module_spec(&format!("selector: {{a: b}}\nmodprobe: {modprobe}\n{rest}"));
    let mut world = World::small();
    world.manifest = format!(
        "apiVersion: kmodgen/v1
namespace: drivers
kernels: [5.14.0-1.el9.x86_64]
modules:
  - name: driver
    prebuilt: registry.example.com/vendor:${{KERNEL_FULL_VERSION}}
{beside}{spec}"
    );
    world
}

#[test]
fn a_prebuilt_image_has_a_folder_of_its_own() {
    holds(&prebuilt("{moduleName: driver, dirName: /kmods}", "").faults(), "");
    holds(&prebuilt("{moduleName: driver, dirName: kmods}", "").faults(), "is not absolute | write `/kmods`");
    for (modprobe, file, said) in [
        ("{moduleName: driver}", "/opt/x.ko", ""),
        ("{moduleName: driver}", "/lib/x.ko", "files to sign must be below `dirName`, which is `/opt`"),
        ("{moduleName: driver, dirName: /kmods}", "/kmods/x.ko", ""),
        ("{moduleName: driver, dirName: /kmods}", "/opt/x.ko", "which is `/kmods`"),
        ("{moduleName: driver}", "/opt/${KERNEL}/x.ko", "KMM does not expand `${KERNEL}` here"),
        ("{moduleName: driver}", "/opt/${MOD_NAME}/x.ko", "KMM does not expand `${MOD_NAME}` here"),
        ("{moduleName: driver}", "/opt/$KERNEL_XYZ/x.ko", ""),
    ] {
        holds(&prebuilt(modprobe, &sign("registry.example.com/u:1", file)).faults(), said);
    }
}

fn sign(unsigned_image: &str, file: &str) -> String {
    format!(
        "sign: {{keySecret: {{name: k}}, certSecret: {{name: c}}, unsignedImage: '{unsigned_image}', filesToSign: ['{file}']}}"
    )
}

#[test]
fn variables_are_those_that_kmm_expands() {
    for (unsigned, said) in [
        ("registry.example.com/u:$KERNEL_VERSION", ""),
        ("registry.example.com/u:${KERNEL}", "KMM does not expand `${KERNEL}` here"),
        ("registry.example.com/${MOD_NAME}:1", "KMM does not expand `${MOD_NAME}` here"),
        ("registry.example.com/u", "has no tag"),
    ] {
        holds(&prebuilt("{moduleName: driver}", &sign(unsigned, "/opt/x.ko")).faults(), said);
    }
    for image in ["${KERNEL}", "$KERNELVERSION", "${MOD_NAME}"] {
        let world = prebuilt("{moduleName: driver}", "").with("${KERNEL_FULL_VERSION}", image);
        holds(&world.faults(), "KMM does not expand");
    }
    for modprobe in [
        "{moduleName: driver, parameters: ['a=$KERNEL_VERSION']}",
        "{moduleName: driver, args: {load: [$X]}}",
        "{moduleName: driver, firmwarePath: '/opt/$KERNEL_VERSION'}",
    ] {
        holds(&prebuilt(modprobe, "").faults(), "is not expanded here");
    }
    for (image, said) in [
        ("registry.example.com/f:${KERNEL_XYZ}", "the same image for every kernel"),
        ("registry.example.com/${MOD_NAME}:$KERNEL_FULL_VERSION", ""),
        ("registry.example.com/f:${KERNEL_FULL_VERSION}-${ARCH}", "KMM does not expand `${ARCH}` here"),
    ] {
        let fallback = format!("fallback: {{kernel: a, image: '{image}'}}");
        holds(&prebuilt("{moduleName: driver}", &fallback).faults(), said);
    }
}

#[test]
fn prebuilt_images_have_the_release_written_out() {
    let world = prebuilt("{moduleName: driver}", "").with("${KERNEL_FULL_VERSION}", "${KERNEL_XYZ}-$KERNEL_X");
    assert!(world.outputs()[0].text.contains("containerImage: registry.example.com/vendor:5.14.0-5"));
}

#[test]
fn fallbacks_mean_the_same_to_go() {
    let differing = [r"(?x) 5\.14\..*", "a{1,2000}", "[a&&b]", r"\b{start}a", r"\u0034"];
    for (release, said) in differing.iter().map(|release| (*release, "KMM reads")).chain([(r"5\.14\..*", "")]) {
        let fallback =
            format!("fallback: {{kernel: '{release}', image: 'registry.example.com/f:${{KERNEL_FULL_VERSION}}'}}");
        holds(&prebuilt("{moduleName: driver}", &fallback).faults(), said);
    }
}
