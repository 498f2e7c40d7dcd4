//! Faults that are planted one by one in a good image, and what each must be found as.

use std::fs;
use std::process::Command;

use super::world::{
    Root, archive, configuration, found, gzip, index, info, layer, layout, modules, release, signature, verify, xz,
    xz_with, zstd,
};

/// Something to do to a good image, and the finding that must come of it.
type Fault = (fn(&Root), String);

fn fault(spoil: fn(&Root), code: &str, path: &str) -> Fault {
    (spoil, format!("{code} /{path}"))
}

#[test]
fn each_fault_has_its_finding() {
    let folder = modules();
    let a = format!("{folder}/extra/kmm_a.ko");
    for (number, (spoil, expected)) in [
        fault(|r| drop(r.write("opt/x.ko", "")), "module-elsewhere", "opt/x.ko"),
        fault(|r| drop(r.write("lib/modules/6.1/a.ko.xz", "")), "module-elsewhere", "usr/lib/modules/6.1/a.ko.xz"),
        fault(|r| drop(r.write("opt/lib/modules/6.1.0-1/modules.dep", "")), "several-kernels", "opt/lib/modules"),
        fault(|r| drop(r.write("opt/lib/modules/6.1.0-1+/x", "")), "release", "opt/lib/modules/6.1.0-1+"),
        fault(|r| r.module("extra/kmm_a.ko", "vermagic=6.1.0-9 SMP\\0depends=kmm-b"), "vermagic", &a),
        fault(|r| r.module("extra/kmm_a.ko", "name=kmm_a\\0depends=kmm-b"), "vermagic", &a),
        fault(|r| drop(r.write(&format!("{}/extra/kmm_a.ko", modules()), "text")), "not-a-module", &a),
        fault(cut_module, "not-a-module", &a),
        fault(foreign_module, "architecture", &a),
        fault(depmod_of_another_kernel, "depmod", &format!("{folder}/modules.dep")),
        fault(depmod_of_another_kernel, "several-kernels", "opt/lib/modules"),
        fault(|r| r.remove(&format!("{}/modules.softdep", modules())), "depmod-softdep", &a),
        fault(|r| r.remove(&format!("{}/modules.dep", modules())), "depmod", &format!("{folder}/modules.dep")),
        fault(
            |r| {
                drop(r.write(
                    &format!("{}/modules.dep.bin", modules()),
                    index(&[("kmm_b".to_owned(), "extra/kmm-b.ko:")]),
                ))
            },
            "depmod",
            &format!("{folder}/modules.dep.bin"),
        ),
        fault(
            |r| drop(r.write(&format!("{}/modules.alias.bin", modules()), "")),
            "depmod",
            &format!("{folder}/modules.alias.bin"),
        ),
        fault(
            |r| drop(r.write(&format!("{}/modules.dep", modules()), "extra/kmm_a.ko:\nextra/kmm-b.ko:\n")),
            "depmod-dependency",
            &a,
        ),
        fault(
            |r| change_index(r, "dep", |bytes| bytes[4..8].copy_from_slice(&[0, 3, 0, 1])),
            "depmod",
            &format!("{folder}/modules.dep.bin"),
        ),
        fault(
            |r| change_index(r, "symbols", |bytes| bytes.truncate(10)),
            "depmod",
            &format!("{folder}/modules.symbols.bin"),
        ),
        fault(|r| strip(r, "--strip-all"), "stripped", &a),
        fault(|r| append(r, b"~Module signature appended~\n"), "signature", &a),
        fault(|r| append(r, &signature_of_another_length()), "signature", &a),
        fault(|r| drop(r.write(&format!("{}/extra/kmm_a.ko", modules()), "")), "not-a-module", &a),
        fault(
            |r| r.module("extra/kmm_a.ko", &format!("vermagic={} SMP\\0depends=kmm-b", release())),
            "vermagic-flags",
            &a,
        ),
        fault(|r| r.module("extra/kmm_a.ko", &(info("kmm-b") + "\\0name=other")), "module-name", &a),
        fault(copy_module, "duplicate", &format!("{folder}/sub/kmm_a.ko")),
        fault(link_module, "module-link", &a),
        fault(
            |r| drop(r.write("etc/modprobe.d/x.conf", "install kmm-a /bin/false\n")),
            "modprobe-d",
            "etc/modprobe.d/x.conf",
        ),
        fault(
            |r| drop(r.write("usr/lib/modprobe.d/x.conf", "alias kmm_b off\n")),
            "modprobe-d",
            "usr/lib/modprobe.d/x.conf",
        ),
        fault(|r| r.module("c.ko", &info("")), "depmod-unlisted", &format!("{folder}/c.ko")),
        fault(
            |r| r.remove(&format!("{}/extra/kmm-b.ko", modules())),
            "depmod-missing",
            &format!("{folder}/extra/kmm-b.ko"),
        ),
        fault(|r| r.remove("usr/sbin/modprobe"), "program", "bin/modprobe"),
        fault(|r| r.remove("usr/bin/kmod"), "program", "bin/modprobe"),
        fault(busybox, "program", "usr/bin/kmod"),
        fault(|r| r.mode("usr/bin/cp", 0o644), "program", "bin/cp"),
        fault(|r| r.remove(&r.find("libc.so")), "program", "usr/bin/sh"),
        fault(|r| r.remove(&r.find("ld-linux")), "program", "usr/bin/sh"),
        fault(|r| drop(r.write("usr/bin/sh", "#!/bin/gone\n")), "program", "usr/bin/sh"),
        fault(|r| drop(r.write("etc/pki/entitlement/1-key.pem", "x")), "secret", "etc/pki/entitlement/1-key.pem"),
        fault(|r| drop(r.write("run/secrets/token", "x")), "secret", "run/secrets/token"),
        fault(|r| drop(r.write("root/.docker/config.json", "{}")), "secret", "root/.docker/config.json"),
        fault(|r| drop(r.write("root/.ssh/id_ed25519", "x")), "secret", "root/.ssh/id_ed25519"),
        fault(|r| drop(r.write("srv/key", "-----BEGIN RSA PRIVATE KEY-----\n")), "secret", "srv/key"),
    ]
    .into_iter()
    .enumerate()
    {
        let root = Root::good();
        spoil(&root);
        let (code, findings, _) = found(&[root.text()]);
        assert!(code == 1 && findings.contains(&expected), "{number}: no {expected} in {findings:#?}");
    }
}

/// Makes the module one of a machine that none of ours is (ELF machine 243 is RISC-V, 21 PowerPC).
fn foreign_module(root: &Root) {
    let path = root.path().join(modules()).join("extra/kmm_a.ko");
    let mut bytes = fs::read(&path).unwrap();
    bytes[18] = if cfg!(target_arch = "riscv64") { 21 } else { 243 };
    fs::write(path, bytes).unwrap();
}

fn change_module(root: &Root, change: impl FnOnce(&mut Vec<u8>)) {
    let path = root.path().join(modules()).join("extra/kmm_a.ko");
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn append(root: &Root, end: &[u8]) {
    change_module(root, |bytes| bytes.extend(end));
}

fn change_index(root: &Root, name: &str, change: fn(&mut Vec<u8>)) {
    let path = root.path().join(modules()).join(format!("modules.{name}.bin"));
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn strip(root: &Root, how: &str) {
    let path = root.path().join(modules()).join("extra/kmm_a.ko");
    assert!(Command::new("strip").arg(how).arg(path).status().unwrap().success());
}

/// A signature whose structure states one byte too many.
fn signature_of_another_length() -> Vec<u8> {
    let mut bytes = signature();
    let at = bytes.len() - "~Module signature appended~\n".len() - 1;
    bytes[at] += 1;
    bytes
}

fn copy_module(root: &Root) {
    let bytes = fs::read(root.path().join(modules()).join("extra/kmm_a.ko")).unwrap();
    root.write(&format!("{}/sub/kmm_a.ko", modules()), bytes);
}

/// Keeps the module elsewhere, under a name that is no module's, and leaves a link in its place.
fn link_module(root: &Root) {
    let path = format!("{}/extra/kmm_a.ko", modules());
    root.write("srv/other.ko", fs::read(root.path().join(&path)).unwrap());
    root.remove(&path);
    root.link(&path, "/srv/other.ko");
}

/// Cuts the module off in the middle, as a full disk does.
fn cut_module(root: &Root) {
    let path = root.path().join(modules()).join("extra/kmm_a.ko");
    let bytes = fs::read(&path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

/// Has depmod's files where `depmod` without a release puts them: under the builder's own kernel.
fn depmod_of_another_kernel(root: &Root) {
    let (right, wrong) = (root.path().join(modules()), root.path().join("opt/lib/modules/6.1.0-13-amd64"));
    fs::create_dir(&wrong).unwrap();
    for entry in fs::read_dir(right).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::rename(entry.path(), wrong.join(entry.file_name())).unwrap();
    }
}

/// Makes the program that modprobe is busybox.
fn busybox(root: &Root) {
    let path = root.path().join("usr/bin/kmod");
    fs::write(&path, [fs::read(&path).unwrap().as_slice(), b"BusyBox v1.36.1 (2024-06-10)"].concat()).unwrap();
}

#[test]
fn an_image_for_other_machines_is_found() {
    let files = Root::empty();
    let mut configuration = configuration();
    configuration["architecture"] = if cfg!(target_arch = "riscv64") { "s390x" } else { "riscv64" }.into();
    let path = files.write("oci.tar", archive(&layout(&[Root::good().layer()], configuration)));
    assert_eq!(found(&[&format!("oci-archive:{}", path.display())]).1, ["architecture /"]);
}

#[test]
#[ignore = "needs xz"]
fn packed_modules_are_unpacked() {
    for suffix in ["gz", "zst", "xz"] {
        let root = Root::empty();
        root.module("a.ko", "vermagic=6.1.0-9 SMP");
        let plain = format!("{}/a.ko", modules());
        let bytes = fs::read(root.path().join(&plain)).unwrap();
        let packed = match suffix {
            "gz" => gzip(&bytes),
            "zst" => zstd(&bytes),
            _ => xz(&bytes),
        };
        root.write(&format!("{plain}.{suffix}"), packed);
        root.write(&format!("{}/cut.ko.{suffix}", modules()), [0x1f, 0x8b, 8, 0]);
        root.remove(&plain);
        let (_, findings, _) = found(&[root.text()]);
        assert!(findings.contains(&format!("vermagic /{plain}.{suffix}")), "{findings:#?}");
        assert!(findings.contains(&format!("not-a-module /{}/cut.ko.{suffix}", modules())), "{findings:#?}");
    }
}

#[test]
#[ignore = "needs xz"]
fn modules_are_packed_as_kernels_unpack() {
    let root = Root::empty();
    root.module("a.ko", &info(""));
    let bytes = fs::read(root.path().join(modules()).join("a.ko")).unwrap();
    root.remove(&format!("{}/a.ko", modules()));
    for (name, data, is_fine) in [
        ("a.ko.xz", xz(&bytes), true),
        ("a.ko.xz", xz_with("none", &bytes), true),
        ("a.ko.xz", xz_with("crc64", &bytes), false),
        ("a.ko.xz", xz(&bytes).repeat(2), false),
        ("a.ko.gz", gzip(&bytes), true),
        ("a.ko.gz", [gzip(&bytes[..100]), gzip(&bytes[100..])].concat(), false),
        ("a.ko.zst", zstd(&bytes), true),
        ("a.ko.zst", [zstd(&bytes[..100]), zstd(&bytes[100..])].concat(), false),
        ("a.ko.zst", bytes.clone(), false),
        ("a.ko.zst", gzip(&bytes), false),
        ("a.ko", zstd(&bytes), false),
        ("a.ko", bytes.clone(), true),
    ] {
        let path = format!("{}/{name}", modules());
        root.write(&path, data);
        let (_, findings, _) = found(&[root.text()]);
        assert_eq!(!findings.contains(&format!("compression /{path}")), is_fine, "{name}: {findings:#?}");
        root.remove(&path);
    }
}

#[test]
fn what_a_later_layer_hides_is_gone_but_for_secrets() {
    let layers = [
        Root::good().layer(),
        layer(&[("etc/pki/entitlement/9.pem", "secret"), ("opt/lib/modules/6.1.0-1/b.ko", "")]),
        layer(&[("etc/pki/.wh.entitlement", ""), ("opt/lib/modules/.wh.6.1.0-1", ""), ("usr/bin/.wh.cp", "")]),
    ];
    let files = Root::empty();
    let path = files.write("oci.tar", archive(&layout(&layers, configuration())));
    let (code, out, _) = verify(&[&format!("oci-archive:{}", path.display())], None);
    assert_eq!(code, 1);
    assert!(out.contains("finding[program]: /bin/cp is required, but no `cp` in PATH"), "{out}");
    assert!(
        out.contains(
            "/etc/pki/entitlement/9.pem is a subscription's entitlement, in layer 2 of 3, although a later layer deletes it"
        ),
        "{out}"
    );
    assert!(out.ends_with(": 2 findings, 0 notes\n"), "{out}");
}
