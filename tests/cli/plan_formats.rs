//! `plan` for people who review, copy images to a disconnected site, or prepare a cluster.

use std::collections::BTreeSet;

use crate::scenario::{DEBIAN, EL9, Project, Run};

/// A module with most kinds of inputs and pods, for two clusters, of which one has mirrors.
const SITE: &str = r#"apiVersion: kmodgen/v1
namespace: drivers
platform: {kind: openshift, kmm: "2.4"}
sources:
  driver: {git: https://git.example.com/driver.git, ref: 1111111111111111111111111111111111111111, secret: git-login}
  firmware:
    archive: https://downloads.example.com/firmware-1.0.tar.gz
    sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  tools: {image: "registry.example.com/vendor/tools:3@sha256:TOOLS", path: /opt/tools}
baseImages:
  builder: dtk
  runtime: registry.example.com/ubi9/ubi-minimal:9.4@sha256:RUNTIME
kernels:
  - {release: 5.14.0-427.28.1.el9_4.x86_64, dtk: "quay.example.com/dtk@sha256:TOOLKIT"}
clusters:
  lab: {}
  closed:
    mirrors:
      https://git.example.com/: https://git.closed.example.com/
      https://downloads.example.com/: https://files.closed.example.com:8443/
      quay.example.com: registry.closed.example.com/quay
modules:
  - name: alpha
    source: [driver, firmware, tools]
    kmods: [alpha]
    install: {firmware: [{from: '*.bin', source: firmware}]}
    image: registry.example.com/kmods/alpha
    moduleSpec:
      selector: {node-role.kubernetes.io/worker: ""}
      imageRepoSecret: {name: registry-login}
      moduleLoader:
        serviceAccountName: loader
        container:
          build: {secrets: [{name: entitlement}]}
          sign: {keySecret: {name: signing-key}, certSecret: {name: signing-cert}}
      devicePlugin:
        container:
          image: quay.example.com/vendor/plugin:1.2
          env:
            - {name: MODE, value: some-value}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: plugin-token, key: token}}}
            - {name: HINT, valueFrom: {secretKeyRef: {name: may-be-absent, key: hint, optional: true}}}
        volumes: [{name: settings, configMap: {name: plugin-settings}}]
  - name: vendor
    prebuilt: registry.vendor.example.com/driver:1.2-${KERNEL_FULL_VERSION}
    moduleSpec:
      selector: {node-role.kubernetes.io/worker: ""}
      moduleLoader: {container: {modprobe: {moduleName: vendor}}}
"#;

fn site() -> Project {
    let digests = [("TOOLS", "b"), ("RUNTIME", "c"), ("TOOLKIT", "a")];
    let manifest = digests.iter().fold(SITE.to_owned(), |text, (name, digit)| text.replace(name, &digit.repeat(64)));
    Project::of(&manifest)
}

#[test]
fn a_plan_describes_a_pull_request() {
    let project = Project::generated();
    project
        .run("plan --format markdown")
        .fine()
        .shows("Changes of the generated files in `gitops`\n\n**No differences**");
    project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let run = project.run("plan --format markdown").fine();
    let run = run.shows("**On nodes: 0 mappings to load, 6 to reload, 0 to unload**").shows("| `alpha` | 0 | 3 | 0 |");
    run.shows("**6 mappings**: `alpha` on ").shows("<details><summary>6 Dockerfiles with the same change: ");
    // A part of the modules.
    let run = project.run(&format!("plan --format markdown --only beta/{EL9}")).fine();
    assert!(run.shows("| `beta` | 0 | 3 | 0 |").stdout.find("alpha").is_none());
}

/// Names of images in an ImageSetConfiguration.
fn image_names(run: &Run) -> Vec<String> {
    let names = run.stdout.lines().filter_map(|line| line.trim_start().strip_prefix("- name: "));
    names.map(|name| name.trim_matches('"').to_owned()).collect()
}

#[test]
fn everything_that_a_build_gets_is_in_the_image_set() {
    for project in [site(), Project::fleet()] {
        project.run("generate --offline").fine();
        let run = project.run("plan --offline --format imageset").fine();
        let names = image_names(&run);
        let unique: BTreeSet<&String> = names.iter().collect();
        assert!(unique.iter().copied().eq(&names), "sorted, and each once: {run}");
        let mut checked = 0;
        let tree = project.output();
        for path in tree.paths().into_iter().filter(|path| path.ends_with("/Dockerfile") && !path.contains("closed/")) {
            for line in project.read(&format!("gitops/{path}")).lines() {
                for word in line.split([' ', '\'', '"']) {
                    if let Some((name, digest)) = word.split_once("@sha256:") {
                        let name = name.trim_start_matches("--from=");
                        let (repository, _) =
                            name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((name, ""));
                        let wanted = format!("{repository}@sha256:{digest}");
                        assert!(names.contains(&wanted), "{wanted} of {path} is not in {run}");
                        checked += 1;
                    }
                    let url = word.strip_prefix("url=").unwrap_or(word);
                    if url.starts_with("https://") && !url.contains('$') {
                        assert!(run.stdout.contains(&format!("  {url}\n")), "{url} of {path} is not in {run}");
                        checked += 1;
                    }
                }
            }
        }
        assert!(checked > 3, "{checked}");
    }
}

#[test]
fn an_image_set_is_for_all_clusters_or_some() {
    let project = site();
    let all = project.run("plan --offline --format imageset").fine();
    assert_snapshot!("imageset", all);
    // Mirrors are places to copy to.
    let closed = project.run("plan --offline --format imageset --cluster closed").fine();
    assert_eq!(all.stdout, closed.stdout);
    let vendor = project.run("plan --offline --format imageset --only vendor").fine();
    assert_eq!(image_names(&vendor), [format!("registry.vendor.example.com/driver:1.2-{EL9}")]);
}

#[test]
fn requirements_of_each_cluster() {
    let project = site();
    let run = project.run("plan --offline --requires").fine();
    assert!(!run.stdout.contains("some-value") && !run.stdout.contains("may-be-absent"), "{run}");
    assert_snapshot!("requires", run);
    assert_snapshot!(
        "requires_markdown",
        project.run("plan --offline --requires --format markdown --cluster lab").fine()
    );
    let json = project.run("plan --offline --requires --format json").fine().json();
    let closed = &json[1];
    assert_eq!(closed["cluster"], "closed");
    let hosts: Vec<&str> =
        closed["servers"].as_array().unwrap().iter().filter_map(|server| server["host"].as_str()).collect();
    assert!(hosts.contains(&"git.closed.example.com") && !hosts.contains(&"git.example.com"), "{hosts:?}");
    assert_eq!(closed["secrets"][0]["uses"][0]["modules"], serde_json::json!(["alpha"]));
    let only = project.run("plan --offline --requires --only vendor --cluster lab --format json").fine().json();
    assert_eq!(only[0]["secrets"], serde_json::json!([]));
    project.run("plan --offline --requires --format images").trouble().says("--requires has the formats `text`,");
}

#[test]
fn permissions_depend_on_the_platform() {
    let project = Project::fleet();
    // Only KMM on OpenShift chooses a builder.
    project.edit("kmodgen.yaml", &format!("  - {DEBIAN}\n"), "");
    let needs = |project: &Project| -> Vec<String> {
        let json = project.run("plan --offline --requires --format json").fine().json();
        let all = json[0]["permissions"].as_array().unwrap().iter();
        all.map(|permission| permission["command"].as_str().unwrap().to_owned()).collect()
    };
    let [label, account] = [
        "kubectl label --overwrite ns kmm-ci pod-security.kubernetes.io/enforce=privileged",
        "oc adm policy add-scc-to-user privileged -z default -n kmm-ci",
    ];
    assert_eq!(needs(&project), [label, account]);
    project.append("kmodgen.yaml", "output: {namespace: true}\n");
    assert_eq!(needs(&project), [account], "the output has the label");
    project.append("kmodgen.yaml", "platform: {kind: kubernetes}\n");
    assert_eq!(needs(&project), Vec::<String>::new());
    project.edit("kmodgen.yaml", "platform: {kind: kubernetes}", "platform: {kind: openshift}");
    assert_eq!(needs(&project), [account]);
    // KMM's own accounts have it.
    project.edit("kmodgen.yaml", "namespace: kmm-ci", "namespace: openshift-kmm");
    assert_eq!(needs(&project), Vec::<String>::new());
}

/// A hub builds, and its spokes load.
#[test]
fn requirements_of_a_hub() {
    let project = site();
    project.edit(
        "kmodgen.yaml",
        "    source: [driver",
        "    hub: {spokeNamespace: spokes, selector: {a: b}}\n    source: [driver",
    );
    let json = project.run("plan --offline --requires --format json --cluster lab").fine().json();
    let secrets = json[0]["secrets"].as_array().unwrap().iter();
    let places: Vec<String> = secrets
        .map(|secret| format!("{}/{}", secret["namespace"].as_str().unwrap(), secret["name"].as_str().unwrap()))
        .collect();
    let expected = [
        "drivers/entitlement",
        "drivers/git-login",
        "drivers/registry-login",
        "drivers/signing-cert",
        "drivers/signing-key",
        "spokes/plugin-token",
        "spokes/registry-login",
    ];
    assert_eq!(places, expected);
}
