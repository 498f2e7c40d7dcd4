//! `kmodgen verify`, run as a user runs it, on images made by hand.

mod building;
mod faults;
mod hostile;
mod preflight;
mod storage;
mod symvers;
pub(crate) mod world;

use std::fs;

use serde_json::{Value, json};
use world::{
    Root, archive, configuration, found, gzip, info, layer, layout, modules, release, saved, signature, verify, zstd,
};

#[test]
fn a_good_image_is_fine_in_every_form() {
    let root = Root::good();
    let layers = [layer(&[("etc/a", "x")]), root.layer()];
    let packed = [gzip(&layers[0]), zstd(&layers[1])];
    let files = Root::empty();
    let oci = files.write("oci.tar", archive(&layout(&packed, configuration())));
    let docker = files.write("docker.tar", archive(&saved(&layers, configuration())));
    let whole = files.write("docker.tar.gz", gzip(&archive(&saved(&layers, configuration()))));
    for (path, bytes) in layout(&packed, configuration()) {
        files.write(&format!("layout/{path}"), bytes);
    }
    let layout = files.path().join("layout");
    for form in [
        root.text().to_owned(),
        format!("oci-archive:{}", oci.display()),
        format!("docker-archive:{}", docker.display()),
        format!("docker-archive:{}", whole.display()),
        format!("oci:{}", layout.display()),
        layout.display().to_string(),
    ] {
        let (code, out, error) = verify(&[&form, "--release", &release(), "--format", "json"], None);
        assert_eq!((code, error.as_str()), (0, ""), "{form}: {out}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let expected = json!({
            "image": form, "releases": [release()], "architecture": std::env::consts::ARCH, "modules": 2,
            "summary": {"findings": 0, "notes": 0}, "findings": [], "notes": [],
        });
        assert_eq!(report, expected);
    }
    let (code, out, _) = verify(&[root.text()], None);
    let expected = format!("2 modules for {} ({}): 0 findings, 0 notes\n", release(), std::env::consts::ARCH);
    assert_eq!((code, out), (0, expected));
}

#[test]
fn flags_ask_for_more() {
    let root = Root::good();
    let (code, findings, _) = found(&[root.text(), "--release", "6.1.0-1-cloud"]);
    let expected = ["no-release /opt/lib/modules/6.1.0-1-cloud".to_owned(), format!("other-kernel /{}", modules())];
    assert_eq!((code, findings.as_slice()), (1, &expected[..]));
    let unsigned: Vec<String> =
        ["kmm-b", "kmm_a"].map(|name| format!("unsigned /{}/extra/{name}.ko", modules())).into();
    assert_eq!(found(&[root.text(), "--signed"]).1, unsigned);
    for name in ["kmm-b", "kmm_a"] {
        let path = format!("{}/extra/{name}.ko", modules());
        let bytes = fs::read(root.path().join(&path)).unwrap();
        root.write(&path, [bytes, signature()].concat());
    }
    assert_eq!(found(&[root.text(), "--signed"]).0, 0);
    let (code, _, error) = verify(&[root.text(), "--release", "6.1+"], None);
    assert!(code == 2 && error.contains("--release: kernel release `6.1+` ends with `+`"), "{error}");
}

#[test]
fn each_kmm_asks_for_programs_of_its_own() {
    for (missing, contract, fine) in [
        (&["usr/sbin/modprobe", "usr/bin/sleep"][..], "any", false),
        (&["usr/sbin/modprobe", "usr/bin/sleep"], "kmm1", false),
        (&["usr/sbin/modprobe", "usr/bin/sleep"], "kmm2", true),
        (&["usr/bin/mkdir", "usr/bin/cp"], "kmm1", true),
        (&["usr/bin/mkdir", "usr/bin/cp"], "kmm2", false),
    ] {
        let root = Root::good();
        missing.iter().for_each(|path| root.remove(path));
        let (code, findings, _) = found(&[root.text(), "--contract", contract]);
        let expected: Vec<String> = match fine {
            true => vec![],
            false => missing.iter().map(|path| format!("program /bin/{}", path.rsplit('/').next().unwrap())).collect(),
        };
        assert_eq!((code, findings), (i32::from(!fine), expected), "{contract} without {missing:?}");
    }
}

#[test]
fn what_is_expected_of_the_node_is_a_note() {
    let root = Root::good();
    root.module("extra/kmm_a.ko", &(info("kmm-b,ib-core") + "\\0firmware=kmm/a.bin"));
    let a = format!("/{}/extra/kmm_a.ko", modules());
    assert_eq!(found(&[root.text()]), (0, vec![], vec![format!("in-tree-dependency {a}"), format!("firmware {a}")]));
    root.write("lib/firmware/kmm/b.bin", "x");
    root.link(&format!("{}/host", modules()), &format!("/lib/modules/{}", release()));
    let findings = vec![format!("depmod-dependency {a}"), format!("firmware {a}")];
    assert_eq!(found(&[root.text()]), (1, findings, vec![]));
}

#[test]
fn copied_firmware_is_in_its_folder() {
    let root = Root::good();
    root.module("extra/kmm_a.ko", &(info("kmm-b") + "\\0firmware=kmm/a.bin"));
    let a = format!("firmware /{}/extra/kmm_a.ko", modules());
    root.write("firmware/kmm/a.bin", "x");
    assert_eq!(found(&[root.text(), "--firmware-path", "/firmware/"]), (0, vec![], vec![]));
    assert_eq!(found(&[root.text()]), (0, vec![], vec![a.clone()]));
    let path = |path: &str| format!("firmware-path {path}");
    let copied = |path: &str| found(&[root.text(), "--firmware-path", path]);
    assert_eq!(copied("/firmware/kmm"), (1, vec![a.clone()], vec![]));
    assert_eq!(copied("/opt/lib/firmware"), (1, vec![path("/opt/lib/firmware")], vec![a.clone()]));
    assert_eq!(copied("/firmware/kmm/a.bin"), (1, vec![path("/firmware/kmm/a.bin")], vec![a]));
    let (code, _, error) = verify(&[root.text(), "--firmware-path", "/firmware/.."], None);
    assert!(code == 2 && error.contains("contains `..`"), "{error}");
}

#[test]
fn references_are_exported_by_an_engine() {
    let files = Root::empty();
    let image = files.write("image.tar", archive(&layout(&[Root::good().layer()], configuration())));
    let script = |name: &str, text: &str| {
        files.write(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n"));
        files.mode(&format!("bin/{name}"), 0o755);
    };
    let path = files.path().join("bin").display().to_string();
    let run = |arguments: &[&str]| verify(&[&["registry.example.com/x:1"], arguments].concat(), Some(&path));
    let (code, _, error) = run(&[]);
    assert!(code == 2 && error.contains("none of podman, buildah, docker and skopeo"), "{error}");
    script("podman", "echo 'no such\u{1b}[31m image' >&2; exit 125");
    let (code, _, error) = run(&[]);
    assert!(code == 2 && error.contains("podman: no such\\u{1b}[31m image"), "{error}");
    let copy = format!("/bin/cp '{}' \"${{4#oci-archive:}}\"", image.display());
    script("skopeo", &format!("[ \"$1 $3\" = 'copy docker://registry.example.com/x:1' ] && {copy}"));
    assert_eq!(run(&[]).0, 0);
    let lax = format!("[ \"$3\" = --src-tls-verify=false ] && {}", copy.replace("4#", "5#"));
    script("skopeo", &lax);
    assert_eq!(run(&["--tls-verify=false"]).0, 0);
    assert_eq!(run(&["--tls-verify=true"]).0, 2);
    let (code, _, error) = run(&["--engine", "docker"]);
    assert!(code == 2 && error.contains("`docker` is not on PATH"), "{error}");
}
