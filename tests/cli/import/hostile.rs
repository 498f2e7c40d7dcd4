//! Inputs that mean harm.

use crate::scenario::Project;

/// Runs an import, which must fail with a message.
fn refused(project: &Project, input: &str, said: &str) {
    let run = project.run(&format!("import {input} -o kmods")).trouble();
    assert!(run.stderr.contains(said) && run.stderr.len() < 20_000, "{input}: {said}: {run}");
    assert!(!project.path("kmods").exists(), "{input}");
    project.outside_is_untouched();
}

#[test]
fn files_that_are_no_text_are_one_message_each() {
    let project = Project::empty()
        .with("binary.yaml", b"\x00\x01\x02\xff\xfe")
        .with("latin.yaml", b"kind: Module # \xe9\n")
        .with("control.yaml", "kind: \u{1}\n")
        .with("line.yaml", "x".repeat(65 << 20))
        .with("many.yaml", "kind: A\n---\n".repeat(100_002))
        .with(
            "bomb.yaml",
            format!(
                "a0: &a0 x\n{}",
                (1..40).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1)).collect::<String>()
            ),
        )
        .with("deep.yaml", "[".repeat(100_000));
    for (input, said) in [
        ("binary.yaml", "not UTF-8"),
        ("latin.yaml", "not UTF-8"),
        ("control.yaml", "U+0001"),
        ("line.yaml", "at most 67108864 are allowed"),
        ("many.yaml", "more than 100000 objects"),
        ("bomb.yaml", "values"),
        ("deep.yaml", "nested"),
    ] {
        refused(&project, input, said);
    }
}

#[test]
fn no_path_leaves_the_folder() {
    let project = Project::empty();
    let kustomization = "resources: [../../outside/precious, /etc/passwd, linked, 'https://127.0.0.1:1/x.yaml']
configMapGenerator: [{name: a, files: [../../outside/precious, linked/precious]}]
";
    let project = project.with("deploy/kustomization.yaml", kustomization);
    project.link("deploy/linked", project.outside());
    project.link("deploy/file.yaml", project.outside().join("precious"));
    let run = project.run("import deploy -o kmods").trouble();
    for said in
        ["skipped `../../outside/precious`", "skipped `/etc/passwd`", "links are not followed", "it is on a server"]
    {
        assert!(run.stderr.contains(said), "{said}: {run}");
    }
    assert!(!run.to_string().contains("not kmodgen's"), "{run}");
    project.outside_is_untouched();
}

#[test]
fn texts_of_objects_stay_texts() {
    let module = "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata:
  name: driver
  namespace: drivers
  annotations: {example.com/a: \"x\\n# y: {z}\\u001b[2J\"}
spec:
  selector: {a: ''}
  moduleLoader:
    container:
      modprobe: {moduleName: driver, parameters: [\"a='b' # c\", 'yes', '1.10', '0x1']}
      kernelMappings: [{regexp: '^5', containerImage: 'registry.example.com/a:${KERNEL_FULL_VERSION}'}]
";
    let project = Project::empty().with("a\u{1b}[2J\n.yaml", module);
    let run = project.kmodgen("import -o kmods").arg("a\u{1b}[2J\n.yaml").run();
    // RelPath takes no control characters.
    let run = run.trouble();
    assert!(!run.stderr.contains('\u{1b}'), "{run}");
    let project = project.with("a b#.yaml", module);
    let run = project.kmodgen("import -o kmods").arg("a b#.yaml").run().fine();
    assert!(!run.to_string().contains('\u{1b}') && !project.read("kmods/kmodgen.yaml").contains('\u{1b}'), "{run}");
    project.run("generate -f kmods/kmodgen.yaml").fine();
    let text = project.read("kmods/gitops/driver/module.yaml");
    for item in ["- \"a='b' # c\"", "- \"yes\"", "- \"1.10\"", "- \"0x1\""] {
        assert!(text.contains(item), "{item}: {text}");
    }
}

#[test]
fn secrets_are_in_no_message_and_no_manifest() {
    let module = "apiVersion: kmm.sigs.x-k8s.io/v1beta1
kind: Module
metadata: {name: driver, namespace: drivers, annotations: {a: ghp_0123456789abcdefghijklmnopqrstuvwxyzAB}}
spec:
  selector: {a: ''}
  moduleLoader:
    container:
      modprobe: {moduleName: driver}
      kernelMappings: [{regexp: '^5', containerImage: 'registry.example.com/a:${KERNEL_FULL_VERSION}'}]
";
    let project = Project::empty().with("module.yaml", module);
    let run = project.run("import module.yaml -o kmods").trouble();
    assert!(!run.to_string().contains("0123456789abcdef"), "{run}");
}
