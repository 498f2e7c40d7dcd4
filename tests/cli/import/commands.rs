//! Files, exit codes and messages.

use crate::scenario::Project;

const MODULE: &str = "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers}
spec:
  selector: {a: ''}
  moduleLoader:
    container:
      modprobe: {moduleName: driver}
      kernelMappings:
        - {regexp: '^5', containerImage: 'registry.example.com/a:${KERNEL_FULL_VERSION}'}
";

#[test]
fn nothing_is_overwritten() {
    for name in ["kmods/kmodgen.yaml", "kmods/fleet.yaml"] {
        let project =
            Project::empty().with("module.yaml", MODULE).with("fleet.txt", "5.14.0-1.x86_64\n").with(name, "mine\n");
        let before = project.tree();
        project.run("import module.yaml --kernels fleet.txt -o kmods").differs().says("nothing is written");
        assert_eq!(project.tree().since(&before), [""; 0]);
    }
}

#[test]
fn what_is_refused_is_named_and_the_others_go_on() {
    let bad = MODULE.replace("name: driver,", "name: bad,").replace("'^5'", "'[a&&b]'");
    let project = Project::empty().with("modules.yaml", format!("{MODULE}---\n{bad}"));
    let run = project.run("import modules.yaml -o kmods").differs();
    assert_snapshot!("refused", run);
    project.run("generate -f kmods/kmodgen.yaml").fine();
    project.write("modules.yaml", bad);
    project.run("import modules.yaml -o other").trouble().says("Module `bad` is not imported");
    assert!(!project.path("other").exists());
}

#[test]
fn what_kmodgen_generated_has_a_manifest() {
    let project = Project::empty().with("module.yaml", MODULE);
    project.run("import module.yaml -o kmods").fine();
    project.run("generate -f kmods/kmodgen.yaml").fine();
    let run = project.run("import kmods/gitops -o again").differs();
    run.shows("driver (kmods/gitops/driver/module.yaml:")
        .shows("kmodgen generated it from [temp]/project/kmods/kmodgen.yaml");
    assert!(!project.path("again").exists());
}

#[test]
fn inputs_without_modules_are_an_error() {
    let project = Project::empty().with("a.yaml", "kind: Service\n").with("empty/x.txt", "");
    project.run("import a.yaml -o kmods").trouble().says("the inputs have no Module");
    project.run("import empty -o kmods").trouble().says("the inputs have no Module");
    project.run("import absent -o kmods").trouble().says("cannot read `absent`");
    project.run("import a.yaml - --nodes - -o kmods").trouble().says("standard input can be read only once");
    let project = project.with("module.yaml", MODULE);
    project.run("import module.yaml --nodes a.yaml -o kmods").trouble();
    assert!(!project.path("kmods").exists());
}

#[test]
fn the_report_as_json() {
    let project = Project::empty().with("module.yaml", MODULE).with("fleet.txt", "5.14.0-1.x86_64\n");
    let run = project.run("import module.yaml --kernels fleet.txt -o kmods --format json").fine();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["summary"]["imported"], 1, "{run}");
    assert_eq!(report["summary"]["reloads"], 0, "{run}");
    assert_eq!(report["modules"][0]["name"], "driver", "{run}");
    assert_eq!(report["written"][1], "kmods/kmodgen.yaml", "{run}");
    let dockerfile = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"d\", \"namespace\": \"drivers\"}, \
                      \"data\": {\"dockerfile\": \"FROM a.example.com/b:1\\nRUN make\\n\"}}\n";
    let built = MODULE.replace("VERSION}'}", "VERSION}', build: {dockerfileConfigMap: {name: d}}}");
    let project = Project::empty().with("module.yaml", format!("{built}---\n{dockerfile}"));
    let run = project.run("import module.yaml --convert driver -o kmods --format json").differs();
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["complete"], false, "{run}");
    assert_eq!(report["lines"][0]["result"], "field", "{run}");
}

#[test]
fn merge_keys_are_read_as_kubectl_reads_them() {
    let merged = MODULE.replace(
        "      kernelMappings:\n        - {regexp: '^5', containerImage: 'registry.example.com/a:${KERNEL_FULL_VERSION}'}\n",
        "      kernelMappings:\n        - &first {regexp: '^5', containerImage: 'registry.example.com/a:${KERNEL_FULL_VERSION}'}\n        \
         - {<<: *first, regexp: '^6'}\n",
    );
    assert_ne!(merged, MODULE);
    let project = Project::empty().with("module.yaml", merged);
    project.run("import module.yaml -o kmods").fine().shows("2 regular expressions");
    project.run("generate -f kmods/kmodgen.yaml").fine();
    let module = project.read("kmods/gitops/driver/module.yaml");
    assert!(module.contains("regexp: ^(?:6.*)$") || module.contains("regexp: \"^(?:6"), "{module}");
    project.run("lint module.yaml").fine().shows("1 Module checked");
}
