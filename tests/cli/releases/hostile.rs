//! Registries that lie, stall and never end.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::images::{RELEASE, Store, TOOLKITS, image_references, layer};
use super::kernels;
use crate::scenario::{Project, Registry, respond};
use crate::verify::world::gzip;

const REFERENCES: &str = "release-manifests/image-references";

/// Runs `kernels` and expects one error, in which these texts are.
fn fails(registry: &Registry, said: &[&str]) {
    let project = Project::empty();
    let start = Instant::now();
    let mut run = kernels(&project, registry.port, "--release 4.17.1 --add --timeout 2 -o list.yaml").trouble();
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(run.stderr.matches("error[").count(), 1, "{run}");
    for text in said {
        run = run.says(text);
    }
    assert!(!project.path("list.yaml").exists());
}

/// A release whose last layer is this.
fn with_layer(layer: &[u8]) -> Store {
    let mut store = Store::default();
    store.image(RELEASE, "4.17.1-x86_64", "amd64", &[layer.to_vec()]);
    store
}

/// A release whose Driver Toolkit has these layers.
fn with_toolkit(layers: &[Vec<u8>]) -> Store {
    let mut store = Store::default();
    let toolkit = store.image(TOOLKITS, "x", "amd64", layers);
    let references = image_references("4.17.1", &[("", &toolkit, "417.94.202410250757-0")]);
    store.image(RELEASE, "4.17.1-x86_64", "amd64", &[layer(&[(REFERENCES, &references)])]);
    store
}

fn link(path: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, path, "/etc/passwd").unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn images_of_something_else_are_told() {
    let release = "cannot read release `quay.io/openshift-release-dev/ocp-release:4.17.1-x86_64`: ";
    let missing = "`release-manifests/image-references` is not in its last layer";
    fails(&with_layer(&layer(&[("bin/sh", "x")])).start(), &[release, missing]);
    fails(&with_layer(&layer(&[("release-manifests/.wh.image-references", "")])).start(), &[missing]);
    fails(
        &with_layer(&layer(&[(REFERENCES, "{}")])).start(),
        &["is not an OpenShift release: ", "not the ImageStream"],
    );
    fails(&with_layer(&layer(&[(REFERENCES, "{")])).start(), &["image-references are not JSON"]);
    fails(&with_layer(&link(REFERENCES)).start(), &["cannot read layer 1 of 1: ", "it is not a regular file"]);
    fails(&with_layer(&layer(&[(REFERENCES, &" ".repeat(17 << 20))])).start(), &["it is larger than 16 MiB"]);
    let references = image_references("4.17.1", &[]);
    fails(&with_layer(&layer(&[(REFERENCES, &references)])).start(), &["release 4.17.1 has no image `driver-toolkit`"]);
    let file = "etc/driver-toolkit-release.json";
    let toolkit = "cannot read Driver Toolkit `quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:";
    let empty = || layer(&[("var/x", "x")]);
    let deep: Vec<_> = std::iter::once(layer(&[(file, "{}")])).chain((0..8).map(|_| empty())).collect();
    fails(&with_toolkit(&deep).start(), &[toolkit, "is not in its last 8 layers"]);
    fails(
        &with_toolkit(&[layer(&[(file, "{\"KERNEL_VERSION\": \"x y\"}")])]).start(),
        &["etc/driver-toolkit-release.json of quay.io"],
    );
    fails(&with_toolkit(&[link(file)]).start(), &[toolkit, "it is not a regular file"]);
}

#[test]
fn damaged_and_endless_layers_are_told() {
    fails(&with_layer(&bomb()).start(), &["cannot read layer 1 of 1: it is a decompression bomb"]);
    let whole = gzip(&layer(&[(REFERENCES, "{}")]));
    fails(&with_layer(&whole[..whole.len() / 2]).start(), &["cannot read layer 1 of 1: it is truncated"]);
    fails(&with_layer(&[7; 4096]).start(), &["cannot read layer 1 of 1: it is damaged"]);
    // A layer by whose stated size the limit is exceeded is not asked for.
    let mut store = with_layer(&whole);
    edit_manifest(&mut store, |manifest| manifest["layers"][0]["size"] = json!(3_u64 << 30));
    let registry = store.start();
    fails(&registry, &["more than 2 GiB"]);
    assert_eq!(registry.requests().len(), 2);
}

/// A layer of 600 MB of zeros in 20 kB of zstd: a block of 128 KiB takes 4 bytes.
fn bomb() -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_size(600 << 20);
    header.set_path("zeros").unwrap();
    header.set_cksum();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
    frame.extend(&(512_u32 << 3).to_le_bytes()[..3]);
    frame.extend(header.as_bytes());
    let block = ((128_u32 << 10 << 3) | 2).to_le_bytes();
    for _ in 0..600 * 8 {
        frame.extend([block[0], block[1], block[2], 0]);
    }
    frame
}

/// Changes the manifest of the release.
fn edit_manifest(store: &mut Store, edit: impl FnOnce(&mut Value)) {
    let path = format!("/v2/{RELEASE}/manifests/4.17.1-x86_64");
    let mut manifest: Value = serde_json::from_slice(&store.0[&path]).unwrap();
    edit(&mut manifest);
    store.0.insert(path, manifest.to_string().into_bytes());
}

#[test]
fn wrong_manifests_and_digests_are_told() {
    let store = Store::default().with_release();
    let manifest = format!("/v2/{RELEASE}/manifests/4.17.1-x86_64");
    for (bytes, said) in [
        (&b"<html>"[..], "its manifest is invalid: "),
        (b"{}", "its manifest is invalid: it has no configuration"),
        (br#"{"config": {"digest": "md5:1"}}"#, "`md5:1` is not a sha256 digest"),
        (br#"{"manifests": [{"digest": "sha256:x"}]}"#, "it has no image for x86_64"),
    ] {
        let mut store = store.clone();
        store.0.insert(manifest.clone(), bytes.to_vec());
        fails(&store.start(), &[said]);
    }
    let mut huge = store.clone();
    huge.0.insert(manifest.clone(), vec![b' '; (4 << 20) + 1]);
    fails(&huge.start(), &["sent more than 4194304 bytes for manifests/4.17.1-x86_64"]);
    let mut many = store.clone();
    edit_manifest(&mut many, |manifest| manifest["layers"] = json!(vec![manifest["layers"][0].clone(); 9]));
    fails(&many.start(), &["is not in its last 8 layers"]);
    // Everything that has a digest is compared with it: the configuration, the layers and the Driver Toolkit.
    for kind in ["blobs", "manifests"] {
        for (path, body) in store.0.iter().filter(|(path, _)| path.contains(&format!("/{kind}/sha256:"))) {
            // The release itself is named by its tag, and the lower layers are not read.
            if path.contains(&format!("{RELEASE}/manifests")) {
                continue;
            }
            let mut wrong = store.clone();
            wrong.0.insert(path.clone(), [body.as_slice(), b"\n"].concat());
            let registry = wrong.start();
            let project = Project::empty();
            let run = kernels(&project, registry.port, "--release 4.17.1 --add");
            let is_asked = registry.requests().iter().any(|request| request.ends_with(path.as_str()));
            if is_asked {
                let said = if kind == "blobs" && !body.starts_with(b"{") { "sent more than" } else { "" };
                let run = run.trouble().says(said);
                assert!(run.stderr.contains("another digest") || run.stderr.contains("sent more than"), "{run}");
            } else {
                run.fine();
            }
        }
    }
}

#[test]
fn registries_that_stall_or_never_end_are_left() {
    let store = Store::default().with_release();
    let looping = Registry::serving(|head, stream| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        respond(stream, &format!("302 Found\nLocation: {path}x"), b"");
    });
    fails(&looping, &["redirect"]);
    let to_file = Registry::serving(|_, stream| respond(stream, "302 Found\nLocation: file:///etc/passwd", b""));
    fails(&to_file, &["cannot access 127.0.0.1:"]);
    for (kind, said) in [("manifests", "sent more than 4194304 bytes"), ("blobs", "sent more than")] {
        let store = store.clone();
        let endless = Registry::serving(move |head, stream| match head.contains(kind) {
            true => endless(stream),
            false => store.answer(head, stream),
        });
        fails(&endless, &[said]);
    }
    for kind in ["manifests", "blobs"] {
        let store = store.clone();
        let slow = Registry::serving(move |head, stream| match head.contains(kind) {
            true => stall(stream),
            false => store.answer(head, stream),
        });
        fails(&slow, &["timeout"]);
    }
    let cut = Registry::serving(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    });
    fails(&cut, &["cannot read manifests/4.17.1-x86_64 from 127.0.0.1:"]);
    let headers = Registry::serving(|_, stream| {
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(10 << 20)).as_bytes());
    });
    fails(&headers, &["cannot access 127.0.0.1:"]);
}

/// Sends a body that does not end.
fn endless(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while stream.write_all(b"8\r\n        \r\n").is_ok() {}
}

/// Sends the start of a body, and nothing more.
fn stall(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    std::thread::sleep(Duration::from_secs(30));
}
