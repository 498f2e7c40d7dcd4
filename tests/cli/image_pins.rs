//! Base images by tag: `lock` asks registries for their digests, once, and nobody asks again.

use std::sync::{Arc, Mutex};

use crate::scenario::{Project, Registry, commit_id, lines};

/// A digest of 64 such digits.
fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// Answers that a registry has an image.
fn found(digit: char) -> String {
    format!("200 OK\nDocker-Content-Digest: {}", digest(digit))
}

/// A registry whose images all have the same digest, and the digit that it is made of.
fn moving() -> (Registry, Arc<Mutex<char>>) {
    let digit = Arc::new(Mutex::new('1'));
    let now = digit.clone();
    (Registry::answering(move |_| found(*now.lock().unwrap())), digit)
}

const TLS: &str = "moduleLoader: {container: {build: {baseImageRegistryTLS: {insecure: true}}}}";

/// A manifest with two modules, these base images, where `HOST` is a registry, and these kernels.
fn manifest(port: u16, images: &str, kernels: &str) -> String {
    let commit = commit_id('1');
    let module = |name: &str| {
        format!(
            "  - name: {name}\n    source: code\n    kmods: [{name}]\n    image: registry.example.com/kmods/{name}\n    \
             moduleSpec: {{selector: {{a: ''}}, {TLS}}}\n"
        )
    };
    format!(
        "apiVersion: kmodgen/v1\nnamespace: kmods\nsources:\n  code: {{git: https://git.example.com/code.git, ref: \
         '{commit}'}}\nbaseImages: {{{}}}\nkernels:\n{kernels}modules:\n{}{}",
        images.replace("HOST", &format!("127.0.0.1:{port}")),
        module("one"),
        module("two")
    )
}

const KERNEL: &str = "5.14.0-1.el9.x86_64";

fn project(port: u16, images: &str) -> Project {
    Project::of(&manifest(port, images, &format!("  - {KERNEL}\n")))
}

/// The `images` of the lock, `HOST` for the registry.
fn pins(project: &Project, port: u16) -> String {
    let lock = project.read("kmodgen.lock").replace(&format!("127.0.0.1:{port}"), "HOST").replace('"', "");
    lock.split_once("images:\n").map(|(_, images)| images.to_owned()).unwrap_or_default()
}

fn pin(image: &str, digit: char) -> String {
    format!("  - image: HOST/{image}\n    digest: {}\n", digest(digit))
}

#[test]
fn lock_pins_tags_and_dockerfiles_name_digests() {
    let (registry, _) = moving();
    let project = project(registry.port, "builder: HOST/builder:9, runtime: HOST/runtime");
    project.run("lock").fine().says("kmodgen.lock written");
    assert_eq!(registry.requests(), ["HEAD /v2/builder/manifests/9", "HEAD /v2/runtime/manifests/latest"]);
    assert_eq!(pins(&project, registry.port), pin("builder:9", '1') + &pin("runtime:latest", '1'));
    project.run("generate").fine();
    let dockerfile = project.read(&format!("gitops/one/{KERNEL}/Dockerfile"));
    for image in ["builder:9", "runtime:latest"] {
        let line = format!("FROM 127.0.0.1:{}/{image}@{}", registry.port, digest('1'));
        assert!(dockerfile.contains(&line), "{dockerfile}");
    }
    for verb in ["generate --check", "generate --locked", "plan", "lock", "build --dry-run --offline --engine buildah"]
    {
        let _ = project.run(verb);
    }
    assert_eq!(registry.requests(), [""; 0], "the lock is complete");
}

#[test]
fn a_fleet_asks_once_for_each_tag() {
    let (registry, _) = moving();
    let kernels: String = (0..200).map(|number| format!("  - 5.14.0-{number}.el9.x86_64\n")).collect();
    let project = Project::of(&manifest(registry.port, "builder: HOST/builder:9, runtime: HOST/runtime:9", &kernels));
    let rows = project.run("plan --format json").fine().json();
    assert_eq!(rows.as_array().unwrap().len(), 400);
    assert_eq!(registry.requests(), ["HEAD /v2/builder/manifests/9", "HEAD /v2/runtime/manifests/9"]);
    project.run("generate").fine();
    assert_eq!(registry.requests().len(), 2, "`plan` writes no lock");
    project.run("plan").fine();
    assert_eq!(registry.requests(), [""; 0]);
}

#[test]
fn a_builder_with_a_variable_is_one_image_for_each_kernel() {
    let registry = Registry::answering(|head| found(if head.contains("/5.14.0-1") { '1' } else { '2' }));
    let images = "builder: 'HOST/builder:${KERNEL_VERSION}', runtime: scratch";
    let project = Project::of(&manifest(registry.port, images, "  - 5.14.0-1.x86_64\n  - 5.14.0-2.x86_64\n"));
    project.run("generate").fine();
    assert_eq!(registry.requests().len(), 2);
    assert_eq!(
        pins(&project, registry.port),
        pin("builder:5.14.0-1.x86_64", '1') + &pin("builder:5.14.0-2.x86_64", '2')
    );
    for (release, digit) in [("5.14.0-1.x86_64", '1'), ("5.14.0-2.x86_64", '2')] {
        let dockerfile = project.read(&format!("gitops/two/{release}/Dockerfile"));
        assert!(dockerfile.contains(&format!("/builder:{release}@{} AS", digest(digit))), "{dockerfile}");
    }
    // A kernel that is gone takes its builder's pin along.
    project.edit("kmodgen.yaml", "  - 5.14.0-1.x86_64\n", "");
    project.run("lock").fine();
    assert_eq!(pins(&project, registry.port), pin("builder:5.14.0-2.x86_64", '2'));
}

#[test]
fn images_that_nothing_pins_are_asked_for_by_nobody() {
    let registry = Registry::answering(|_| "500 Internal Server Error".into());
    let with_digest = format!("builder: 'HOST/b@{}', runtime: 'HOST/r:1@{}'", digest('1'), digest('2'));
    for images in [&with_digest, "builder: HOST/b, runtime: HOST/r:1, pin: false"] {
        let project = project(registry.port, images);
        project.run("generate").fine();
        assert_eq!(registry.requests(), [""; 0]);
        let dockerfile = project.read(&format!("gitops/one/{KERNEL}/Dockerfile"));
        let images = images.replace("HOST", &format!("127.0.0.1:{}", registry.port));
        let runtime = images.split(['\'', ' ', ',']).find(|word| word.contains("/r:1")).unwrap();
        assert!(dockerfile.contains(&format!("FROM {runtime}\n")), "{dockerfile}");
        assert!(!project.read("kmodgen.lock").contains("images:"));
    }
}

#[test]
fn a_digest_that_no_header_has_is_that_of_the_manifest() {
    let registry = Registry::answering(|_| "200 OK\n\n{}".into());
    let project = project(registry.port, "builder: dtk, runtime: HOST/runtime:1");
    project.run("lock").fine();
    assert_eq!(registry.requests(), ["GET /v2/runtime/manifests/1", "HEAD /v2/runtime/manifests/1"]);
    let sum = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert!(project.read("kmodgen.lock").contains(sum), "{}", project.read("kmodgen.lock"));
}

#[test]
fn every_image_that_cannot_be_pinned_is_an_error_at_its_place() {
    let registry = Registry::answering(|head| match head {
        head if head.contains("/gone/") => "404 Not Found".into(),
        head if head.contains("/hidden/") => "401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"".into(),
        head if head.contains("/down/") => "503 Service Unavailable".into(),
        _ => found('1'),
    });
    let project = project(registry.port, "builder: HOST/gone:1, runtime: HOST/hidden:1, fetch: HOST/fetch:1");
    let manifest = project.read("kmodgen.yaml");
    let source = format!("  data: {{image: '127.0.0.1:{}/down/data:1', path: /}}\nbaseImages:", registry.port);
    project.edit("kmodgen.yaml", "baseImages:", &source);
    project.write("kmodgen.yaml", project.read("kmodgen.yaml").replace("source: code", "source: [code, data]"));
    let before = project.tree();
    for verb in ["lock", "generate", "plan"] {
        let run = project.run(verb).trouble().says("3 errors");
        assert_snapshot!("unpinned", run.stderr.replace(&registry.port.to_string(), "[port]"));
    }
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    project.write("kmodgen.yaml", manifest.replace("/gone", "/here").replace("/hidden", "/here"));
    project.run("lock").fine();
}

#[test]
fn a_registry_that_is_down_is_an_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let project = project(port, "builder: dtk, runtime: HOST/runtime:1");
    let run = project.run("lock").trouble();
    run.says("error[unresolved-image]").says(&format!("cannot access 127.0.0.1:{port}: ")).says("kmodgen.yaml:5:");
    assert!(!project.path("kmodgen.lock").exists());
}

#[test]
fn what_is_missing_is_an_error_where_no_registry_may_be_asked() {
    let (registry, _) = moving();
    let project = project(registry.port, "builder: HOST/builder:1, runtime: HOST/runtime:1");
    project.write("kmodgen.lock", "version: 1\ntemplates: 1\nsources: []\n");
    let before = project.tree();
    for verb in ["generate --check", "generate --locked", "lock --offline", "plan --offline"] {
        let run = project.run(verb).trouble().says("2 errors").says("run `kmodgen lock`").says("error[not-locked]");
        run.says(&format!("the digest of `127.0.0.1:{}/runtime:1` is not in kmodgen.lock", registry.port));
    }
    assert_eq!(project.tree().written_since(&before), Vec::<&str>::new());
    assert_eq!(registry.requests(), [""; 0]);
    project.run("lock").fine();
    assert!(project.read("kmodgen.lock").contains("version: 2\n"));
    project.run("generate --locked").fine();
}

#[test]
fn images_are_pinned_for_all_clusters_and_dropped_with_their_last_use() {
    let (registry, _) = moving();
    let project = project(registry.port, "builder: dtk, runtime: HOST/runtime:1");
    project.append("kmodgen.yaml", "clusters: {east: {}, west: {when: {kernel: '.*64'}}}\n");
    project.edit(
        "kmodgen.yaml",
        "  - name: two\n",
        "  - name: two\n    clusters: [west]\n    baseImages: {runtime: 'HOST/west:1'}\n",
    );
    project
        .write("kmodgen.yaml", project.read("kmodgen.yaml").replace("HOST", &format!("127.0.0.1:{}", registry.port)));
    project.run("lock").fine();
    assert_eq!(pins(&project, registry.port), pin("runtime:1", '1') + &pin("west:1", '1'));
    project.run("generate --check").differs();
    project.edit("kmodgen.yaml", &format!("    baseImages: {{runtime: '127.0.0.1:{}/west:1'}}\n", registry.port), "");
    project.run("generate").fine();
    assert!(pins(&project, registry.port).contains("west"), "generate adds, and lock tidies");
    project.run("lock").fine();
    assert_eq!(pins(&project, registry.port), pin("runtime:1", '1'));
    assert_eq!(lines(&pins(&project, registry.port)).len(), 2);
}

#[test]
fn a_toolkit_by_tag_is_pinned() {
    let (registry, _) = moving();
    let project = project(registry.port, "builder: dtk, runtime: scratch");
    let kernel = format!("  - {{release: {KERNEL}, dtk: '127.0.0.1:{}/dtk:4.16'}}\n", registry.port);
    project.edit("kmodgen.yaml", &format!("  - {KERNEL}\n"), &kernel);
    project.run(&format!("preflight {KERNEL}")).trouble().says("error[not-locked]").says("kmodgen.yaml:7:");
    project.run("generate").fine();
    assert_eq!(pins(&project, registry.port), pin("dtk:4.16", '1'));
    let image = format!("127.0.0.1:{}/dtk:4.16@{}", registry.port, digest('1'));
    assert!(project.read(&format!("gitops/one/{KERNEL}/Dockerfile")).contains(&format!("FROM {image} AS builder\n")));
    project.run(&format!("preflight {KERNEL}")).fine().shows(&format!("dtkImage: \"{image}\""));
}

#[test]
fn update_moves_images_if_it_is_asked_to() {
    let (registry, digit) = moving();
    let project = project(registry.port, "builder: HOST/builder:9, runtime: HOST/runtime:9");
    project.run("generate").fine();
    *digit.lock().unwrap() = '2';
    registry.requests();
    project.run("update").fine();
    assert_eq!(registry.requests(), [""; 0], "images stay");
    let run =
        project.run("update --images").fine().says("images: 2 mappings would be rebuilt, 2 would reload on nodes");
    for image in ["builder:9", "runtime:9"] {
        let line = format!("127.0.0.1:{}/{image} {} -> {}\n", registry.port, digest('1'), digest('2'));
        assert!(run.stdout.contains(&line), "{run}");
    }
    assert_eq!(registry.requests().len(), 2);
    assert_eq!(pins(&project, registry.port), pin("builder:9", '2') + &pin("runtime:9", '2'));
    project.run("generate").fine().shows("2 to reload");
    let run = project.run("update --images").fine().says("images: 0 mappings would be rebuilt, 0 would reload");
    run.shows("/builder:9 is up to date\n").shows("/runtime:9 is up to date\n");
}

#[test]
fn update_moves_the_image_of_a_source_that_is_named() {
    let (registry, digit) = moving();
    let project = project(registry.port, "builder: HOST/builder:9, runtime: scratch");
    let source = format!("  data: {{image: '127.0.0.1:{}/data:1', path: /}}\nbaseImages:", registry.port);
    project.edit("kmodgen.yaml", "baseImages:", &source);
    project.write("kmodgen.yaml", project.read("kmodgen.yaml").replace("source: code", "source: [code, data]"));
    project.run("lock").fine();
    *digit.lock().unwrap() = '2';
    let moved = format!("data: 127.0.0.1:{}/data:1 {} -> {}\n", registry.port, digest('1'), digest('2'));
    project.run("update data").fine().shows(&moved);
    assert_eq!(pins(&project, registry.port), pin("builder:9", '1') + &pin("data:1", '2'));
    project.run("update data").fine().shows("/data:1 is up to date\n");
}

#[test]
fn kernels_that_run_keep_their_images() {
    let (registry, digit) = moving();
    let images = "builder: 'HOST/builder:${KERNEL_VERSION}', runtime: HOST/runtime:9";
    let kernels =
        "  - 5.14.0-1.x86_64\n  - {release: 5.14.0-2.x86_64, nodes: 3}\n  - {release: 5.14.0-3.x86_64, nodes: 0}\n";
    let project = Project::of(&manifest(registry.port, images, kernels));
    project.run("generate").fine();
    *digit.lock().unwrap() = '2';
    registry.requests();
    let run = project.run("update --images --new-kernels-only").fine();
    let run = run.says("images: 2 mappings would be rebuilt, 2 would reload on nodes");
    let line = format!("runtime:9 {} -> {}; 2 kernels with an earlier digest\n", digest('1'), digest('2'));
    assert!(run.stdout.contains(&line), "{run}");
    assert_eq!(registry.requests(), ["HEAD /v2/builder/manifests/5.14.0-3.x86_64", "HEAD /v2/runtime/manifests/9"]);
    let kept = format!("{}    kernels:\n      - 5.14.0-1.x86_64\n      - 5.14.0-2.x86_64\n", pin("runtime:9", '1'));
    assert!(
        pins(&project, registry.port).ends_with(&(pin("runtime:9", '2') + &kept)),
        "{}",
        project.read("kmodgen.lock")
    );
    // A kernel that comes later has the fix.
    project.edit("kmodgen.yaml", "kernels:\n", "kernels:\n  - 5.14.0-4.x86_64\n");
    project.run("generate").fine().shows("2 mappings to load, 2 to reload");
    for (release, digit) in [("5.14.0-1.x86_64", '1'), ("5.14.0-3.x86_64", '2'), ("5.14.0-4.x86_64", '2')] {
        let dockerfile = project.read(&format!("gitops/one/{release}/Dockerfile"));
        assert!(dockerfile.contains(&format!("/runtime:9@{}\n", digest(digit))), "{dockerfile}");
    }
    project.run("update --images --new-kernels-only").fine().says("0 mappings would be rebuilt, 0 would reload");
    project.run("lock").fine().says("is complete");
    // Without the flag, all have it.
    let run = project.run("update --images").fine().says("images: 4 mappings would be rebuilt, 4 would reload");
    run.shows("/runtime:9 is up to date; 2 kernels kept an earlier digest until now\n");
    assert!(!project.read("kmodgen.lock").contains("kernels:"));
}

#[test]
fn flags_of_update_are_checked() {
    let project = Project::fleet();
    project.run("update --new-kernels-only").trouble().says("--images");
    project.run("update --images --templates").trouble().says("cannot be used with");
    project.run("update --images driver").trouble().says("cannot be used with");
    project.run("update --images").fine().says("images: 6 mappings would be rebuilt, 0 would reload on nodes");
}
