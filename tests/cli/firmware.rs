//! Firmware that an image has, and where the Module has KMM copy it from.

use crate::scenario::Project;

/// The fleet, whose `alpha` has these lines and this `kmm`.
fn alpha(lines: &str, kmm: &str) -> Project {
    let project = Project::fleet();
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", &format!("    kmods: [alpha]\n{lines}"));
    project.edit("kmodgen.yaml", "kmm: {selector: {node-role.kubernetes.io/worker: \"\"}}", kmm);
    project
}

#[test]
fn a_path_beside_the_firmware_is_an_error_with_the_line_to_write() {
    let kmm = "kmm: {selector: {a: \"\"}, modprobe: {moduleName: alpha, firmwarePath: /firmware}}";
    let told = |lines: &str, said: &str, help: &str| {
        let run = alpha(lines, kmm).run("generate").trouble().says("firmwarePath: /firmware").says(said).says(help);
        assert!(run.stderr.contains("1 error\n"), "{run}");
    };
    told("    install: {firmware: [fw]}\n", "kmodgen.yaml:27:74", "write `firmwarePath: /opt/lib/firmware`");
    told("", "kmodgen.yaml:26:74", "take `firmwarePath` out, or name the firmware's files");
}

#[test]
fn a_path_of_a_cluster_is_told_once() {
    let project = alpha("    install: {firmware: [fw]}\n", "kmm: {selector: {a: \"\"}}");
    let kmm = |path: &str| format!("kmm: {{modprobe: {{moduleName: alpha, firmwarePath: {path}}}}}");
    project.edit("kmodgen.yaml", "  - name: beta", "  - name: beta\n    clusters: [west]");
    let clusters = format!(
        "clusters:\n  north: {{{}}}\n  east: {{{}}}\n  west: {{}}\nmodules:\n",
        kmm("/firmware"),
        kmm("/opt/lib/firmware/")
    );
    project.edit("kmodgen.yaml", "modules:\n", &clusters);
    let run = project.run("generate").trouble().says("kmodgen.yaml:21:61").says("has KMM copy `/firmware`");
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
    kmm: {selector: {a: \"\"}, modprobe: {moduleName: accel, firmwarePath: /firmware}}
",
    );
    project.run("generate").fine();
    project.edit("kmodgen.yaml", "/firmware}", "'/firm ware'}");
    project.run("generate").trouble().says("kmodgen.yaml:9:74").says("KMM copies it in a shell, without quotes");
}

#[test]
fn a_module_loader_is_one_error() {
    let project = alpha("", "kmm: {selector: {a: \"\"}, moduleLoader: {container: {modprobe: {moduleName: alpha}}}}");
    project.edit("kmodgen.yaml", "kmods: [alpha]", "kmods: [alpha, alpha_core]");
    let run = project
        .run("generate")
        .trouble()
        .says("write its fields under `kmm` itself: `kmm: {modprobe: {moduleName: alpha}}`");
    assert!(run.stderr.contains("1 error\n"), "{run}");
}
