//! `kmodgen verify`, run as a user runs it, on images made by hand.

mod world;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use world::{Root, archive, configuration, found, gzip, info, layer, layout, modules, release, saved, verify, zstd};

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
        fault(foreign_module, "architecture", &a),
        fault(|r| r.remove(&format!("{}/modules.dep", modules())), "depmod", &format!("{folder}/modules.dep")),
        fault(
            |r| drop(r.write(&format!("{}/modules.dep.bin", modules()), b"\xb0\x07\xf4\x57\0\x02\0\x01")),
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
        fault(|r| r.module("c.ko", &info("")), "depmod-unlisted", &format!("{folder}/c.ko")),
        fault(
            |r| r.remove(&format!("{}/extra/kmm-b.ko", modules())),
            "depmod-missing",
            &format!("{folder}/extra/kmm-b.ko"),
        ),
        fault(|r| r.remove("usr/sbin/modprobe"), "program", "bin/modprobe"),
        fault(|r| r.remove("usr/bin/kmod"), "program", "bin/modprobe"),
        fault(|r| r.mode("usr/bin/cp", 0o644), "program", "bin/cp"),
        fault(|r| r.remove(&r.find("libc.so")), "program", "usr/bin/sh"),
        fault(|r| r.remove(&r.find("ld-linux")), "program", "usr/bin/sh"),
        fault(|r| drop(r.write("usr/bin/sh", "#!/bin/gone\n")), "program", "usr/bin/sh"),
        fault(|r| drop(r.write("etc/pki/entitlement/1-key.pem", "x")), "secret", "etc/pki/entitlement/1-key.pem"),
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
        root.write(&path, [&bytes[..], b"signature~Module signature appended~\n"].concat());
    }
    assert_eq!(found(&[root.text(), "--signed"]).0, 0);
    let (code, _, error) = verify(&[root.text(), "--release", "6.1+"], None);
    assert!(code == 2 && error.contains("--release: kernel release `6.1+` ends in `+`"), "{error}");
}

#[test]
fn packed_modules_are_unpacked() {
    for suffix in ["gz", "zst", "xz"] {
        let root = Root::empty();
        root.module("a.ko", "vermagic=6.1.0-9 SMP");
        let plain = format!("{}/a.ko", modules());
        let bytes = fs::read(root.path().join(&plain)).unwrap();
        let packed = match suffix {
            "gz" => Some(gzip(&bytes)),
            "zst" => Some(zstd(&bytes)),
            _ => xz(&bytes),
        };
        let Some(packed) = packed else { continue };
        root.write(&format!("{plain}.{suffix}"), packed);
        root.write(&format!("{}/cut.ko.{suffix}", modules()), [0x1f, 0x8b, 8, 0]);
        root.remove(&plain);
        let (_, findings, _) = found(&[root.text()]);
        assert!(findings.contains(&format!("vermagic /{plain}.{suffix}")), "{findings:#?}");
        assert!(findings.contains(&format!("not-a-module /{}/cut.ko.{suffix}", modules())), "{findings:#?}");
    }
}

/// Packs as kernels are packed; `None` where this machine has no xz.
fn xz(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let xz = Command::new("xz").args(["--check=crc32", "--lzma2=dict=1MiB", "-c"]).arg(file.path()).output();
    xz.ok().filter(|output| output.status.success()).map(|output| output.stdout)
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
    assert!(out.contains("finding[program]: /bin/cp there is no `cp` in PATH"), "{out}");
    assert!(
        out.contains(
            "/etc/pki/entitlement/9.pem is a subscription's entitlement, in layer 2 of 3, though a later one hides it"
        ),
        "{out}"
    );
    assert!(out.ends_with(": 2 findings, 0 notes\n"), "{out}");
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
fn nothing_of_this_machine_is_seen_through_an_image() {
    let root = Root::good();
    root.remove("usr/bin/sh");
    root.link("usr/bin/sh", "/../../../../../etc/hostname");
    let folder = Root::empty();
    folder.write("run/secrets/key", "x");
    root.link("run", folder.path().join("run").to_str().unwrap());
    root.link("usr/bin/loop", "loop");
    let (code, out, _) = verify(&[root.text()], None);
    assert!(code == 1 && out.contains("/usr/bin/sh leads nowhere") || out.contains("/bin/sh leads nowhere"), "{out}");
    assert!(out.ends_with(": 1 finding, 0 notes\n"), "{out}");
}

#[test]
fn what_cannot_be_read_is_trouble() {
    let files = Root::empty();
    let good = layout(&[gzip(&Root::good().layer())], configuration());
    let whole = archive(&good);
    let cut = files.write("cut.tar", &whole[..whole.len() / 2]);
    let mut damaged = whole.clone();
    let last = good.values().max_by_key(|bytes| bytes.len()).unwrap();
    let at = damaged.windows(64).position(|window| window == &last[..64]).unwrap();
    damaged[at + last.len() / 2] ^= 1;
    let damaged = files.write("damaged.tar", damaged);
    let noise = files.write("noise.tar", [7; 5000]);
    let foreign = files.write("foreign.tar", archive(&saved(&[], configuration())));
    let mut two = layout(&[], configuration());
    let index = String::from_utf8(two["index.json"].clone()).unwrap().replace("[{", "[{\"digest\": \"sha256:x\"}, {");
    two.insert("index.json".into(), index.into());
    let two = files.write("two.tar", archive(&two));
    let link = [("docker-archive", saved(&[vec![1; 600]], configuration()))];
    let bad_layer = files.write("layer.tar", archive(&link[0].1));
    for (argument, said) in [
        (format!("oci-archive:{}", cut.display()), "it is cut off"),
        (format!("oci-archive:{}", damaged.display()), "cannot read layer 1 of 1: it is damaged"),
        (format!("oci-archive:{}", noise.display()), "it is damaged"),
        (format!("oci-archive:{}", foreign.display()), "it has no `index.json`"),
        (format!("docker-archive:{}", two.display()), "it has no `manifest.json`"),
        (format!("oci-archive:{}", two.display()), "it has 2 images"),
        (format!("docker-archive:{}", bad_layer.display()), "cannot read layer 1 of 1: it is damaged"),
        (format!("oci-archive:{}/gone", files.text()), "there is no such file"),
        (format!("oci:{}", files.text()), "there is no such file"),
        (files.path().join("two.tar").display().to_string(), "is a file; write `oci-archive:"),
        ("UPPER:x".to_owned(), "is not an image reference"),
    ] {
        let (code, out, error) = verify(&[&argument], None);
        assert!(code == 2 && out.is_empty() && error.contains(said), "{argument}: {code} {out}{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
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
    assert!(code == 2 && error.contains("needs podman, buildah, docker or skopeo"), "{error}");
    script("podman", "echo 'no such\u{1b}[31m image' >&2; exit 125");
    let (code, _, error) = run(&[]);
    assert!(code == 2 && error.contains("podman: no such\\u{1b}[31m image"), "{error}");
    let copy = format!("/bin/cp '{}' \"${{4#oci-archive:}}\"", image.display());
    script("skopeo", &format!("[ \"$1 $3\" = 'copy docker://registry.example.com/x:1' ] && {copy}"));
    assert_eq!(run(&[]).0, 0);
    let (code, _, error) = run(&["--engine", "docker"]);
    assert!(code == 2 && error.contains("`docker` is not on PATH"), "{error}");
}
