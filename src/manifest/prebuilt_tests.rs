//! Modules whose images are not built here.

use crate::testing::World;

/// A manifest of two modules without any source.
fn world() -> World {
    let mut world = World::small();
    world.manifest = "\
apiVersion: kmodgen/v1
namespace: drivers
kernels: [5.14.0-1.el9.x86_64, 5.14.0-2.el9.x86_64+rt]
modules:
  - name: vendor
    prebuilt: registry.example.com/vendor/driver:1.2-${KERNEL_FULL_VERSION}
    overrides:
      - when: {flavour: rt}
        prebuilt: registry.example.com/vendor/driver-rt:1.2-${KERNEL_FULL_VERSION}
    kmm:
      modprobe: {moduleName: driver}
      selector: {a: ''}
      sign:
        keySecret: {name: k}
        certSecret: {name: c}
        unsignedImage: registry.example.com/vendor/unsigned:${KERNEL_FULL_VERSION}
        filesToSign: [/opt/lib/modules/*/extra/driver.ko]
  - name: plugin
    kmm:
      selector: {a: ''}
      devicePlugin: {container: {image: \"registry.example.com/plugin:1\"}}
"
    .into();
    world
}

#[test]
fn modules_without_builds_have_objects_alone() {
    let outputs = world().outputs();
    let paths: Vec<&str> = outputs.iter().map(|output| output.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "vendor/module.yaml",
            "vendor/kustomization.yaml",
            "plugin/module.yaml",
            "plugin/kustomization.yaml",
            "kustomization.yaml"
        ]
    );
    assert_snapshot!("vendor", outputs[0].text);
    assert_snapshot!("plugin", outputs[2].text);
}

#[test]
fn what_is_for_builds_is_refused() {
    let world = world()
        .with("    overrides:\n", "    source: code\n    image: registry.example.com/x\n    overrides:\n")
        .with("driver:1.2-${KERNEL_FULL_VERSION}\n    source", "driver\n    source")
        .with("        unsignedImage: registry.example.com/vendor/unsigned:${KERNEL_FULL_VERSION}\n", "");
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn every_kernel_needs_an_image() {
    let world = world().with("    prebuilt: registry.example.com/vendor/driver:1.2-${KERNEL_FULL_VERSION}\n", "");
    let faults = world.faults();
    assert!(faults.len() == 1 && faults[0].contains("has on kernel `5.14.0-1.el9.x86_64`"), "{faults:#?}");
}

#[test]
fn what_is_signed_is_named_as_the_image_has_it() {
    let world = world().with("modules/*/extra", "modules/${KERNEL_FULL_VERSION}/extra");
    let outputs = world.outputs();
    assert!(
        outputs[0].text.contains("- \"/opt/lib/modules/5.14.0-2.el9.x86_64+rt/extra/driver.ko\""),
        "{}",
        outputs[0].text
    );
}

#[test]
fn a_module_that_comes_to_nothing_is_told_of() {
    let mut world = world();
    let end = world.manifest.find("    kmm:\n").unwrap();
    world.manifest.truncate(end);
    let faults = world.and("    kmm: false\n").faults();
    assert!(faults.len() == 1 && faults[0].contains("nothing comes of module `vendor`"), "{faults:?}");
}

#[test]
fn a_targets_registry_has_the_images_of_overrides_too() {
    let world = world()
        .with("    overrides:\n", "    versions: [{version: '1'}]\n    overrides:\n")
        .and("targets: {site: {image: registry.site.example.com/drivers}}\n");
    let outputs = world.outputs();
    for image in ["driver:1.2-5.14.0-1.el9.x86_64", "driver-rt:1.2-5.14.0-2.el9.x86_64_rt"] {
        let line = format!("containerImage: \"registry.site.example.com/drivers/{image}\"");
        assert!(outputs[0].text.contains(&line), "{line}: {}", outputs[0].text);
    }
}
