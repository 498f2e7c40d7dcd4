//! Firmware that an image has, and where the Module has KMM copy it from.

use crate::scenario::Project;

/// The fleet, whose `alpha` has these lines and this `moduleSpec`.
fn alpha(lines: &str, spec: &str) -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", &format!("    kmods: [alpha]\n{lines}"));
    project.edit("kmodgen.yaml", "moduleSpec: {selector: {node-role.kubernetes.io/worker: \"\"}}", spec);
    project
}

#[test]
fn a_path_beside_the_firmware_is_an_error_with_the_line_to_write() {
    let spec = "moduleSpec: {selector: {a: \"\"}, moduleLoader: {container: {modprobe: {moduleName: alpha, firmwarePath: /firmware}}}}";
    let told = |lines: &str, said: &str, help: &str| {
        let run = alpha(lines, spec).run("generate").trouble().says("firmwarePath: /firmware").says(said).says(help);
        assert!(run.stderr.contains("1 error\n"), "{run}");
    };
    told("    install: {firmware: [fw]}\n", "kmodgen.yaml:27:108", "write `firmwarePath: /opt/lib/firmware`");
    told("", "kmodgen.yaml:26:108", "remove `firmwarePath`, or list the firmware files");
}

#[test]
fn a_path_of_a_cluster_is_told_once() {
    let project = alpha("    install: {firmware: [fw]}\n", "moduleSpec: {selector: {a: \"\"}}");
    let spec = |path: &str| {
        format!(
            "moduleSpec: {{moduleLoader: {{container: {{modprobe: {{moduleName: alpha, firmwarePath: {path}}}}}}}}}"
        )
    };
    project.edit("kmodgen.yaml", "  - name: beta", "  - name: beta\n    clusters: [west]");
    let clusters = format!(
        "clusters:\n  north: {{{}}}\n  east: {{{}}}\n  west: {{}}\nmodules:\n",
        spec("/firmware"),
        spec("/opt/lib/firmware/")
    );
    project.edit("kmodgen.yaml", "modules:\n", &clusters);
    let run = project.run("generate").trouble().says("kmodgen.yaml:21:95").says("KMM would copy `/firmware`");
    assert!(run.stderr.contains("1 error\n"), "{run}");
    project.edit("kmodgen.yaml", "firmwarePath: /firmware", "firmwarePath: /opt/lib/firmware/x");
    project.run("generate").fine();
    for (cluster, path) in
        [("west", "/opt/lib/firmware"), ("east", "/opt/lib/firmware/"), ("north", "/opt/lib/firmware/x")]
    {
        let module = project.read(&format!("gitops/{cluster}/alpha/module.yaml"));
        assert!(module.contains(&format!("firmwarePath: \"{path}\"\n")), "{module}");
    }
}

#[test]
fn prebuilt_images_have_firmware_anywhere() {
    let project = Project::of(
        "apiVersion: kmodgen/v1
namespace: drivers
kernels: [5.14.0-427.28.1.el9_4.x86_64, 5.14.0-427.81.1.el9_4.x86_64+rt]
modules:
  - name: accel
    overrides:
      - {when: {flavour: rt}, prebuilt: 'registry.example.com/accel-rt:1'}
      - {when: {kernel: '.*x86_64'}, prebuilt: 'registry.example.com/accel:1'}
    moduleSpec: {selector: {a: \"\"}, moduleLoader: {container: {modprobe: {moduleName: accel, firmwarePath: /firmware}}}}
",
    );
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "/firmware}", "'/firm ware'}");
    project.run("generate").trouble().says("kmodgen.yaml:9:108").says("KMM copies it in a shell without quotes");
}

#[test]
fn a_field_at_another_level_is_one_error() {
    let project = alpha("", "moduleSpec: {selector: {a: \"\"}, moduleLoader: {modprobe: {moduleName: alpha}}}");
    project.edit("kmodgen.yaml", "kmods: [alpha]", "kmods: [alpha, alpha_core]");
    let run = project
        .run("generate")
        .trouble()
        .says("write it in `moduleLoader.container`: `moduleLoader: {container: {modprobe: {moduleName: alpha}}}`");
    assert!(run.stderr.contains("1 error\n"), "{run}");
}
