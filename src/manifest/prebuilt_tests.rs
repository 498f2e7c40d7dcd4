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
    moduleSpec:
      selector: {a: ''}
      moduleLoader:
        container:
          modprobe: {moduleName: driver}
          sign:
            keySecret: {name: k}
            certSecret: {name: c}
            unsignedImage: registry.example.com/vendor/unsigned:${KERNEL_FULL_VERSION}
            filesToSign: [/opt/lib/modules/*/extra/driver.ko]
  - name: plugin
    moduleSpec:
      selector: {a: ''}
      devicePlugin: {container: {image: registry.example.com/plugin:1}}
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
        .with("            unsignedImage: registry.example.com/vendor/unsigned:${KERNEL_FULL_VERSION}\n", "");
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn every_kernel_needs_an_image() {
    let world = world().with("    prebuilt: registry.example.com/vendor/driver:1.2-${KERNEL_FULL_VERSION}\n", "");
    let faults = world.faults();
    assert!(faults.len() == 1 && faults[0].contains("has no image for kernel `5.14.0-1.el9.x86_64`"), "{faults:#?}");
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
    let end = world.manifest.find("    moduleSpec:\n").unwrap();
    world.manifest.truncate(end);
    let faults = world.and("    objects: false\n").faults();
    assert!(faults.len() == 1 && faults[0].contains("module `vendor` generates nothing"), "{faults:?}");
}

#[test]
fn a_clusters_registry_has_the_images_of_overrides_too() {
    let world = world()
        .with("    overrides:\n", "    versions: [{version: '1'}]\n    overrides:\n")
        .and("clusters: {site: {image: registry.site.example.com/drivers}}\n");
    let outputs = world.outputs();
    for image in ["driver:1.2-5.14.0-1.el9.x86_64", "driver-rt:1.2-5.14.0-2.el9.x86_64_rt"] {
        let line = format!("containerImage: registry.site.example.com/drivers/{image}\n");
        assert!(outputs[0].text.contains(&line), "{line}: {}", outputs[0].text);
    }
}

/// A manifest without kernels.
fn fallback(fields: &str, objects: &str) -> World {
    let mut world = World::small();
    let spec = "moduleSpec: {selector: {a: ''}, moduleLoader: {container: {modprobe: {moduleName: driver}}}";
    let fallback = "fallback: {kernel: '5\\.14\\..*', image: 'registry.example.com/f:${KERNEL_FULL_VERSION}'}";
    let objects = objects.replace("PLUGIN", ", devicePlugin: {container: {image: registry.example.com/plugin:1}}");
    let objects = objects.replace("OTHER", &spec.replace("a: ''", "a: other"));
    let objects = objects.replace("SPEC", spec).replace("FALLBACK", fallback);
    world.manifest =
        format!("apiVersion: kmodgen/v1\nnamespace: drivers\nmodules:\n  - name: vendor\n{fields}    {objects}\n");
    world
}

#[test]
fn a_fallback_needs_no_kernels() {
    let prebuilt = "    prebuilt: registry.example.com/v:${KERNEL_FULL_VERSION}\n";
    for (fields, objects) in [
        (prebuilt, "SPEC}\n    FALLBACK"),
        ("", "SPEC}\n    FALLBACK"),
        ("    version: '1'\n", "SPEC}\n    FALLBACK"),
        (
            "    versions: [{version: '1', moduleSpec: {selector: {next: 'false'}}}, {version: '2', moduleSpec: {selector: {next: 'true'}}}]\n",
            "SPEC}\n    FALLBACK",
        ),
        ("", "SPECPLUGIN}\n    FALLBACK"),
        (
            "    overrides: [{when: {flavour: rt}, prebuilt: 'registry.example.com/r:${KERNEL_FULL_VERSION}'}]\n",
            "SPEC}\n    FALLBACK",
        ),
        (prebuilt, "SPEC}\n    FALLBACK\n    additionalModules: [{name: other, OTHER}, FALLBACK}]"),
        ("", "SPEC}\n    FALLBACK\n    additionalModules: [{name: other, OTHER}, FALLBACK}]"),
    ] {
        let world = fallback(fields, objects);
        assert!(world.faults().is_empty(), "{fields}{objects}: {:?}", world.faults());
        let module = world.outputs().into_iter().find(|output| output.path.file_name() == "module.yaml");
        let module = module.unwrap_or_else(|| panic!("{fields}{objects}: no Module"));
        assert_eq!(
            module.text.matches("regexp: \"^(?:5\\\\.14\\\\..*)$\"").count(),
            module.text.matches("kernelMappings:").count()
        );
        assert!(!module.text.contains("literal:"), "{}", module.text);
        // Also beside modules that have kernels, whether or not they are the fallback's.
        let world = world.with("modules:\n", "kernels: [5.14.0-1.el9.x86_64, 6.1.0-1-amd64]\nmodules:\n");
        let listed = fields.contains("    prebuilt") || fields.is_empty() || fields.contains("version");
        assert!(!listed || world.faults().is_empty(), "{fields}{objects}: {:?}", world.faults());
    }
}

#[test]
fn only_a_fallback_is_no_need_of_kernels() {
    let prebuilt = "    prebuilt: registry.example.com/v:${KERNEL_FULL_VERSION}\n";
    for (fields, objects) in [
        (prebuilt, "SPEC}"),
        (prebuilt, "SPEC}\n    FALLBACK\n    additionalModules: [{name: other, SPEC}}]"),
        ("    image: registry.example.com/v\n    source: a\n    kmods: [driver]\n", "SPEC}\n    FALLBACK"),
    ] {
        let faults = fallback(fields, objects).faults();
        assert!(
            faults.iter().any(|fault| fault.contains("the manifest has no `kernels`")),
            "{fields}{objects}: {faults:?}"
        );
    }
    // A build that is only begun is still one.
    let faults = fallback("    image: registry.example.com/v\n", "SPEC}\n    FALLBACK").faults();
    assert!(faults.iter().any(|fault| fault.contains("a module has no `source`")), "{faults:?}");
    // Kernels that a selection leaves out are told of.
    let world = fallback("    when: {kernel: '4.*'}\n", "SPEC}\n    FALLBACK")
        .with("modules:\n", "kernels: [5.14.0-1.el9.x86_64]\nmodules:\n");
    assert!(world.faults()[0].contains("matches no kernels"), "{:?}", world.faults());
}
