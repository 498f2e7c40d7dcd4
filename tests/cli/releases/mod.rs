//! `kernels --release`: the kernels of OpenShift releases, from registries.

mod hostile;
mod images;
mod real;
mod workflows;

use std::fs;

use images::{RELEASE, Store, TOOLKITS, image_references, layer, toolkit_release};

use crate::scenario::{Project, Registry, Run, respond};
use crate::verify::world::{gzip, zstd};

const NEXT: &str = "5.14.0-427.42.1.el9_4.x86_64";

/// Runs `kernels` with a registry in place of quay.io.
fn kernels(project: &Project, port: u16, more: &str) -> Run {
    let line = format!("kernels --mirror quay.io=127.0.0.1:{port} --insecure-registry 127.0.0.1:{port} {more}");
    project.kmodgen(&line).env("REGISTRY_AUTH_FILE", "auth.json").run()
}

/// A file of a store's manifest, as a user passes it.
fn release_info(store: &Store, tag: &str) -> String {
    // The layers are those of images.rs: the references are written again here.
    let toolkit = store.0.keys().find_map(|path| path.strip_prefix(&format!("/v2/{TOOLKITS}/manifests/sha256:")));
    let toolkit = format!("sha256:{}", toolkit.unwrap());
    let references = image_references(tag, &[("", &toolkit, "417.94.202410250757-0")]);
    format!(
        r#"{{"metadata": {{"version": "{tag}"}}, "config": {{"architecture": "amd64"}}, "references": {references}}}"#
    )
}

#[test]
fn a_release_is_read_as_if_its_files_were_passed() {
    let project = Project::empty();
    let store = Store::default().with_release();
    project.write("next.json", release_info(&store, "4.17.1"));
    project.write("dtk.json", toolkit_release(NEXT, &format!("{NEXT}+rt"), "9.4"));
    let registry = store.start();
    let read = kernels(&project, registry.port, "--release 4.17.1 --add").fine();
    assert_snapshot!(read.stdout);
    assert_eq!(read.stdout, project.run("kernels next.json dtk.json --add").fine().stdout);
    let requests = registry.requests();
    assert!(requests.iter().all(|request| request.starts_with("GET /v2/openshift-release-dev/")), "{requests:?}");
    // Only the last layers are read: two manifests, configurations and layers.
    assert_eq!(requests.len(), 6, "{requests:?}");
    // An image does, too, and inputs, lists and filters go with it.
    project.write("fleet.yaml", "apiVersion: kmodgen/v1\nkernels:\n  - {release: 5.14.0-70.el9.x86_64, nodes: 3}\n");
    let image = format!("--release quay.io/{RELEASE}:4.17.1-x86_64");
    let merge = format!("{image} --add --flavour standard --merge fleet.yaml -o fleet.yaml");
    kernels(&project, registry.port, &merge).fine().shows("2 kernels: 1 added, 0 changed, 1 unchanged, 0 vanished");
    assert!(
        project.read("fleet.yaml").contains(&format!("dtk: quay.io/{TOOLKITS}@sha256:")),
        "the mirror is not listed"
    );
    kernels(&project, registry.port, &merge).fine().shows("fleet.yaml is unchanged");
    let cluster = format!("{image} --add --cluster east --flavour rt --merge fleet.yaml -o fleet.yaml");
    kernels(&project, registry.port, &cluster).fine();
    assert!(project.read("fleet.yaml").contains("nodes: {east: 0}"), "{}", project.read("fleet.yaml"));
    kernels(&project, registry.port, "--release 4.17.1").trouble().says("pass --add");
    kernels(&project, registry.port, "--release 4.17.1 --arch aarch64 --add")
        .trouble()
        .says("does not have manifests/4.17.1-aarch64 of openshift-release-dev/ocp-release");
    kernels(&project, registry.port, "--release 4.17 --add").trouble().says("write the whole version, such as 4.17.1");
}

#[test]
fn mirrors_of_the_manifest_apply() {
    let project = Project::fleet();
    let registry = Store::default().with_release().start();
    let port = registry.port;
    project.append("kmodgen.yaml", &format!("mirrors: {{quay.io: '127.0.0.1:{port}'}}\n"));
    let run = |more: &str| {
        project.run(&format!("kernels --release 4.17.1 --add --insecure-registry 127.0.0.1:{port} {more}"))
    };
    let listed = run("").fine().stdout;
    assert!(listed.contains(NEXT), "{listed}");
    // Those of a cluster come first, and those of the command line before all.
    project.append("kmodgen.yaml", "clusters: {east: {mirrors: {quay.io/openshift-release-dev: '127.0.0.1:1/x'}}}\n");
    assert_eq!(run("").fine().stdout, listed);
    run("--cluster east --timeout 2").trouble().says("127.0.0.1:1");
    run(&format!("--cluster east --mirror quay.io/openshift-release-dev=127.0.0.1:{port}/openshift-release-dev"))
        .fine();
    run("--mirror quay.io")
        .trouble()
        .says("--mirror: ")
        .says("write `--mirror quay.io/openshift-release-dev=REGISTRY/PATH`");
    project.append("kmodgen.yaml", "mirrors: [\n");
    run("").trouble().says("kmodgen.yaml:");
    run("-f other.yaml").trouble().says("other.yaml");
}

#[test]
fn streams_layers_and_architectures_are_found() {
    let mut store = Store::default();
    let file = "etc/driver-toolkit-release.json";
    let el9 = toolkit_release("5.14.0-570.62.1.el9_6.x86_64", "", "9.6");
    let el10 = toolkit_release("6.12.0-124.8.1.el10_1.x86_64", "package kernel-rt-core is not installed", "10.1");
    let arm = toolkit_release("5.14.0-570.62.1.el9_6.aarch64", "", "9.6");
    // Compressed by gzip or zstd, or not; in the last layer, or below others, of which one has another version.
    let old = layer(&[(file, "{\"KERNEL_VERSION\": \"5.14.0-1.el9.x86_64\"}")]);
    let empty = || layer(&[("var/x", "x")]);
    let nine = store.image(TOOLKITS, "9", "amd64", &[old, zstd(&layer(&[(file, &el9)])), empty(), gzip(&empty())]);
    let below: Vec<_> =
        std::iter::once(layer(&[(&format!("./{file}"), &el10)])).chain((0..7).map(|_| empty())).collect();
    let ten = store.image(TOOLKITS, "10", "amd64", &below);
    let arm = store.image(TOOLKITS, "arm", "arm64", &[gzip(&layer(&[(file, &arm)]))]);
    let release = |store: &mut Store, tag: &str, machine: &str, toolkits: &[(&str, &str, &str)]| {
        let references = image_references("4.20.4", toolkits);
        store.image(RELEASE, tag, machine, &[zstd(&layer(&[("release-manifests/image-references", &references)]))])
    };
    let os = [("", &*nine, "9.6.20251015-1"), ("-10", &*ten, "10.1.20251015-1")];
    let amd = release(&mut store, "4.20.4-x86_64", "amd64", &os);
    let of_arm = release(&mut store, "4.20.4-aarch64", "arm64", &[("", &arm, "9.6.20251015-1")]);
    let entry = |digest: &str, machine: &str| serde_json::json!({"digest": digest, "size": 1, "platform": {"os": "linux", "architecture": machine}});
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [entry(&amd, "amd64"), entry(&of_arm, "arm64"), entry(&amd, "unknown")]});
    store.manifest(RELEASE, "multi", &index);
    let registry = store.start();
    let project = Project::empty();
    let read = |more: &str| kernels(&project, registry.port, &format!("--add {more}")).fine().stdout;
    let both = read("--release 4.20.4");
    assert_snapshot!(both);
    let of_both = read("--release 4.20.4 --arch x86_64 --arch arm64");
    assert!(of_both.contains("el10_1.x86_64") && of_both.contains("el9_6.aarch64"), "{of_both}");
    let multi = format!("--release quay.io/{RELEASE}:multi");
    assert_eq!(read(&multi), both);
    assert_eq!(read(&format!("{multi} --arch arm64")).matches("release:").count(), 1);
    // An image for one architecture is what it is.
    assert_eq!(read(&format!("--release quay.io/{RELEASE}:4.20.4-aarch64")).matches("el9_6.aarch64").count(), 1);
    let s390x = format!("--add {multi} --arch s390x");
    kernels(&project, registry.port, &s390x).trouble().says("no image for s390x, only for amd64, arm64");
}

#[test]
fn passwords_go_to_their_registry_only() {
    let project = Project::empty();
    let blobs = Store::default().with_release();
    let cdn = {
        let blobs = blobs.clone();
        Registry::serving(move |head, stream| {
            let is_clean = !head.to_lowercase().contains("authorization");
            if is_clean { blobs.answer(head, stream) } else { respond(stream, "400 Bad Request", b"") }
        })
    };
    let port = cdn.port;
    let registry = Registry::serving(move |head, stream| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        // robot:right
        if !head.to_lowercase().contains("authorization: basic cm9ib3q6cmlnahq=") {
            respond(stream, "401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"", b"");
        } else if path.contains("/blobs/") {
            respond(stream, &format!("307 Temporary Redirect\nLocation: http://127.0.0.1:{port}{path}"), b"");
        } else {
            blobs.answer(head, stream);
        }
    });
    kernels(&project, registry.port, "--release 4.17.1 --add").trouble().says("requires a password: log in");
    let auth = serde_json::json!({"auths": {(format!("127.0.0.1:{}", registry.port)): {"auth": "cm9ib3Q6cmlnaHQ="}}});
    project.write("auth.json", auth.to_string());
    kernels(&project, registry.port, "--release 4.17.1 --add").fine();
    assert!(cdn.requests().iter().all(|request| request.contains("/blobs/")));
}

#[test]
fn plain_http_needs_a_flag() {
    let registry = Store::default().with_release().start();
    let project = Project::empty();
    let line = format!("kernels --release 4.17.1 --add --timeout 2 --mirror quay.io=127.0.0.1:{}", registry.port);
    project.run(&line).trouble().says("cannot access 127.0.0.1:");
    assert_eq!(registry.requests(), Vec::<String>::new());
    project.run("kernels --mirror a=b").trouble();
    assert!(fs::read_dir(project.path("")).unwrap().next().is_none_or(|entry| entry.is_ok()));
}
