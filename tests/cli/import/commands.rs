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
