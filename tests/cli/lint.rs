//! `lint`: no error in good files, every planted mistake at its line, formats, allowed findings, revisions, and files
//! that are no text.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use kmodgen::lint::{RULES, page};

use crate::docs::page::ROOT;
use crate::scenario::{Project, Run};

const WRONG: &str = "ARG DTK_AUTO
FROM ${DTK_AUTO} AS builder
ARG KERNEL_VERSION
RUN make -C /lib/modules/${KERNEL_VERSION}/build M=/build modules && \\
    depmod -b /opt
FROM registry.access.redhat.com/ubi9/ubi-minimal
COPY --from=builder /opt/lib/modules /opt/lib/modules
";

/// Checks a folder of this repository.
fn lint(path: &str, arguments: &str) -> Run {
    Project::empty().kmodgen(&format!("lint {path} {arguments}")).from(ROOT).run()
}

fn findings(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap().iter().map(|found| {
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}:{} {}", text("rule"), text("file"), found["line"], text("message"))
    });
    findings.collect()
}

#[test]
fn good_files_have_no_findings() {
    let run = lint("tests/lint/good", "--format=json").fine();
    assert_eq!(findings(&run), [""; 0]);
    let summary = &run.json()["summary"];
    assert!(summary["dockerfiles"].as_u64().unwrap() >= 37 && summary["modules"].as_u64().unwrap() >= 22, "{summary}");
}

#[test]
fn generated_files_have_no_findings() {
    let run = lint("examples", "--format=json").fine();
    assert!(run.json()["summary"]["dockerfiles"].as_u64().unwrap() > 20);
    assert_eq!(findings(&run), [""; 0]);
}

#[test]
fn findings_are_shown_in_each_format() {
    let project = Project::empty().with("Dockerfile", WRONG);
    let mut all = String::new();
    for format in ["text", "json", "github", "markdown"] {
        let run = project.run(&format!("lint --format {format}")).differs();
        let _ = writeln!(all, "=== {format}\n{}", run.stdout);
    }
    assert_snapshot!(all);
    let sarif = project.run("lint --format sarif").differs().json();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), RULES.len());
    for result in run["results"].as_array().unwrap() {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "Dockerfile");
    }
}

#[test]
fn warnings_fail_if_they_are_denied() {
    let project = Project::empty().with("Dockerfile", "FROM registry.access.redhat.com/ubi9/ubi\nRUN echo a\n");
    project.run("lint").fine().shows("KMG122").shows("0 errors, 1 warning");
    project.run("lint --deny warnings").differs();
    project.run("lint gone").trouble().says("cannot read `gone`");
}

#[test]
fn standard_input_is_a_dockerfile_or_objects() {
    let project = Project::empty().with("in", WRONG).with("m.yaml", module("v1"));
    let run = project.kmodgen("lint - --format json").shell("exec <in").run().differs();
    assert!(findings(&run).contains(&"KMG110 standard input:5 depmod runs for the kernel of the build machine".into()));
    let run = project.kmodgen("lint - --format json").shell("exec <m.yaml").run().fine();
    assert_eq!(run.json()["summary"]["modules"], 1);
}

#[test]
fn comments_and_the_manifest_allow_findings() {
    let allowed = WRONG
        .replace("FROM registry", "# kmodgen: allow KMG122: our mirror has one image\nFROM registry")
        .replace("    depmod", "    # kmodgen: allow KMG110: the builder runs the kernel of the nodes\n    depmod");
    let project = Project::empty().with("a/Dockerfile", &allowed);
    project.run("lint").fine().shows("0 errors, 0 warnings, 2 allowed");
    project.write("a/Dockerfile", allowed.replace(": our mirror has one image", ""));
    project.run("lint").fine().shows("KMG122").shows("KMG002");
    project.write("a/Dockerfile", allowed.replace(" -b /opt\n", " -b /opt $KERNEL_VERSION\n"));
    project.run("lint").fine().shows("KMG003");
    let allow = "lint: {allow: [{rule: KMG122, reason: a mirror, paths: ['a/*']}, {rule: KMG110, reason: old}]}\n";
    let project = Project::empty().with("a/Dockerfile", WRONG).with("b/Dockerfile", WRONG).with("kmodgen.yaml", allow);
    let run = project.run("lint --format json").fine();
    let found = findings(&run);
    assert!(found.len() == 1 && found[0].starts_with("KMG122 b/Dockerfile:6"), "{found:?}");
    project.edit("kmodgen.yaml", "KMG110", "KMG111");
    project.run("lint").differs().shows("`KMG111` has no finding in these files");
    project.edit("kmodgen.yaml", "rule: KMG111, reason: old", "rule: KMG111");
    project.run("lint").trouble().says("an allowed finding has no `reason`");
}

fn module(tag: &str) -> String {
    format!(
        "apiVersion: kmm.sigs.x-k8s.io/v1beta1\nkind: Module\nmetadata: {{name: driver, namespace: drivers}}\nspec:\n  \
         selector: {{a: b}}\n  moduleLoader:\n    container:\n      modprobe: {{moduleName: driver}}\n      kernelMappings:\n        \
         - regexp: '^.+$'\n          containerImage: registry.example.com/driver:{tag}-${{KERNEL_FULL_VERSION}}\n          \
         build: {{dockerfileConfigMap: {{name: driver}}}}\n"
    )
}

fn config_map(base: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: driver, namespace: drivers}}\ndata:\n  dockerfile: |\n    FROM {base}\n"
    )
}

#[test]
fn a_dockerfile_does_not_change_under_its_image() {
    let project =
        Project::empty().with("gitops/m.yaml", module("v1")).with("gitops/c.yaml", config_map("a.example.com/b:1"));
    for line in ["init -q", "add .", "-c user.name=a -c user.email=a@example.com commit -qm one"] {
        let git = Command::new("git").args(line.split(' ')).current_dir(project.path("")).status();
        assert!(git.unwrap().success(), "{line}");
    }
    project.run("lint --since HEAD").fine();
    project.write("gitops/c.yaml", config_map("a.example.com/b:2"));
    project.run("lint").fine();
    project.run("lint --since HEAD").differs().shows("KMG311").shows("m.yaml:11:");
    project.write("gitops/m.yaml", module("v2"));
    project.run("lint gitops --since HEAD").fine();
    project.run("lint --since v9").trouble().says("there is no revision `v9`");
}

#[test]
fn mappings_are_compared_with_kernels() {
    let project = Project::empty().with("m.yaml", module("v1").replace("^.+$", "^5\\.14\\..+$"));
    let project = project.with("nodes.txt", "6.8.0-51-generic\n").with("fleet.txt", "5.14.0-427.28.1.el9_4.x86_64\n");
    project.run("lint m.yaml --kernels nodes.txt").fine().shows("KMG214");
    project.run("lint m.yaml --kernels nodes.txt --kernels fleet.txt").fine().shows("0 errors, 0 warnings");
}

#[test]
fn files_that_are_no_text_are_one_message_each() {
    let project = Project::empty()
        .with("Dockerfile", WRONG)
        .with("binary/Dockerfile", b"FROM a\0\x01\x02")
        .with("latin/Dockerfile", b"FROM a\n# \xe9\n")
        .with("endless/Dockerfile", "FROM registry.example.com/a:1\nRUN a \\\n".to_owned() + &" \\\n".repeat(200_000))
        .with("wide/Dockerfile", "FROM registry.example.com/a:1\nRUN echo ".to_owned() + &"x".repeat(20_000_000))
        .with("deep.yaml", "[".repeat(100_000))
        .with("chart/templates/m.yaml", "kind: Module\nspec: {{ .Values.spec }}\n")
        .with("many.yaml", "---\n".repeat(100_000) + "kind: a\n");
    let run = project.run("lint --format json").differs();
    let found = findings(&run);
    for (path, number) in [("Dockerfile", 2), ("binary", 1), ("latin", 1), ("wide", 1), ("deep.yaml", 1), ("chart", 1)]
    {
        let is_own = |found: &&String| found.contains(&format!(" {path}")) || found.contains(&format!("`{path}"));
        let own = found.iter().filter(is_own).count();
        assert!(own >= 1 && own <= number, "{path}: {found:#?}");
    }
    assert!(found.len() < 20, "{found:#?}");
}

/// The page of each rule is that of its declaration; `KMODGEN_DOCS=overwrite` writes it.
#[test]
fn pages_of_rules_are_those_of_the_declarations() {
    let folder = Path::new(ROOT).join("docs/lint");
    let overwrite = std::env::var("KMODGEN_DOCS").is_ok_and(|value| value == "overwrite");
    for rule in RULES {
        let path = folder.join(format!("{}.md", rule.id));
        if overwrite {
            std::fs::write(&path, page(rule)).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page(rule), "{}", rule.id);
    }
    let pages = std::fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("KMG"));
    assert_eq!(pages.count(), RULES.len(), "a page is of no rule");
}
