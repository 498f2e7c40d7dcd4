//! Images that are made to harm: what they reach, what they cost, and what is said of them.

use std::fs::{self, File};
use std::path::Path;

use super::world::{Root, archive, configuration, found, gzip, kmodgen, layout, modules, saved, verify, xz, zstd};
use crate::scenario::{Run, Tree};

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
    assert!(code == 1 && out.contains("/bin/sh is a broken link"), "{out}");
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
        (format!("oci-archive:{}", cut.display()), "it is truncated"),
        (format!("oci-archive:{}", damaged.display()), "cannot read layer 1 of 1: it is damaged"),
        (format!("oci-archive:{}", noise.display()), "it is damaged"),
        (format!("oci-archive:{}", foreign.display()), "it has no `index.json`"),
        (format!("docker-archive:{}", two.display()), "it has no `manifest.json`"),
        (format!("oci-archive:{}", two.display()), "it has 2 images"),
        (format!("docker-archive:{}", bad_layer.display()), "cannot read layer 1 of 1: it is damaged"),
        (format!("oci-archive:{}/gone", files.text()), "there is no such file"),
        (format!("oci:{}", files.text()), "there is no such file"),
        (files.path().join("two.tar").display().to_string(), "is a file; pass `oci-archive:"),
        ("UPPER:x".to_owned(), "is not an image reference"),
    ] {
        let (code, out, error) = verify(&[&argument], None);
        assert!(code == 2 && out.is_empty() && error.contains(said), "{argument}: {code} {out}{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

/// A layer of entries whose names are taken as they are: a regular file of this text, or a link.
fn raw_layer(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, kind, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        let data = if kind.is_file() { text.as_bytes() } else { &[] };
        if !kind.is_file() {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_size(data.len() as u64);
        header.set_cksum();
        tar.append(&header, data).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn nothing_is_written_anywhere() {
    use tar::EntryType::{Link, Regular, Symlink};
    let outside = Root::empty();
    outside.write("precious", "not the image's\n");
    let outside_path = format!("{}/precious", outside.text());
    let names = raw_layer(&[
        ("../../../../../../../../run/secrets/up", Regular, "x"),
        ("/run/secrets/absolute", Regular, "x"),
        ("a/../run/secrets/around", Regular, "x"),
        ("out", Symlink, outside.text()),
        ("out/precious", Regular, "the image's\n"),
        ("up", Symlink, "../../../../../../../.."),
        (&format!("up{outside_path}"), Regular, "the image's\n"),
        ("copy", Link, &outside_path),
    ]);
    let layers = [Root::good().layer(), names];
    let place = Root::empty();
    for folder in ["tmp", "home", "here"] {
        fs::create_dir(place.path().join(folder)).unwrap();
    }
    let plain = place.write("docker.tar", archive(&saved(&layers, configuration())));
    let packed = place.write("docker.tar.gz", gzip(&archive(&saved(&layers, configuration()))));
    let oci = place.write("oci.tar", archive(&layout(&[gzip(&layers[0]), gzip(&layers[1])], configuration())));
    // Names of the archive itself that lead out of it are not the image's.
    let mut bytes = raw_layer(&[("../here/x", Regular, "x"), ("../../../tmp/x", Regular, "x")]);
    bytes.truncate(bytes.len() - 1024);
    let around = place.write("around.tar", [bytes, archive(&saved(&layers, configuration()))].concat());
    let before = Tree::read(place.path());
    for argument in [
        format!("docker-archive:{}", plain.display()),
        format!("docker-archive:{}", packed.display()),
        format!("docker-archive:{}", around.display()),
        format!("oci-archive:{}", oci.display()),
    ] {
        let mut command = kmodgen();
        command.arg(&argument).current_dir(place.path().join("here"));
        command.env("TMPDIR", place.path().join("tmp")).env("HOME", place.path().join("home"));
        let mut run = Run::of(&mut command, argument.clone(), Path::new("/nothing")).differs();
        for secret in ["up", "absolute", "around"] {
            run = run.shows(&format!("finding[secret]: /run/secrets/{secret} "));
        }
        assert!(run.stdout.contains(": 3 findings, 0 notes"), "{run}");
        assert!(Tree::read(place.path()).written_since(&before).is_empty(), "{argument}");
        assert_eq!(Tree::read(place.path()).folders(), before.folders());
    }
    assert_eq!(fs::read_to_string(&outside_path).unwrap(), "not the image's\n");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

/// Ten gigabytes of nothing, which take no room on a disk.
fn sparse(root: &Root, path: &str) {
    let file = File::create(root.write(path, "")).unwrap();
    file.set_len(10 << 30).unwrap();
}

#[test]
fn large_files_cost_nothing() {
    let root = Root::good();
    for path in ["srv/image.img", "srv/run", &format!("{}/extra/huge.ko", modules()), "usr/lib/libhuge.so"] {
        sparse(&root, path);
    }
    root.mode("srv/run", 0o755);
    let huge =
        [format!("depmod-unlisted /{}/extra/huge.ko", modules()), format!("not-a-module /{}/extra/huge.ko", modules())];
    let check = |argument: &str| {
        let (code, mut findings, _) = found(&[argument]);
        findings.sort();
        assert_eq!((code, findings.as_slice()), (1, &huge[..]), "{argument}");
    };
    check(root.text());
    let files = Root::empty();
    let layer = root.layer();
    assert!(layer.len() < 1 << 30, "the layer has holes, too");
    check(&format!(
        "docker-archive:{}",
        files.write("docker.tar", archive(&saved(&[layer], configuration()))).display()
    ));
}

/// A stream of zeros that takes a thousandth of their number: packed piece by piece.
fn zeros(mebibytes: usize, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    pack(&vec![0; 1 << 20]).repeat(mebibytes)
}

/// One file of zeros as a packed layer.
fn zero_layer(mebibytes: usize, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("srv/zeros").unwrap();
    header.set_mode(0o644);
    header.set_size((mebibytes as u64) << 20);
    header.set_cksum();
    [pack(header.as_bytes()), zeros(mebibytes, pack), pack(&[0; 1024])].concat()
}

#[test]
fn bombs_do_not_go_off() {
    let files = Root::empty();
    let said = |name: &str, bytes: Vec<u8>, said: &str| {
        let path = files.write(name, bytes);
        let (code, out, error) = verify(&[&format!("docker-archive:{}", path.display())], None);
        assert!(code == 2 && out.is_empty() && error.contains(said), "{name}: {code} {out}{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    };
    let bomb = "it is a decompression bomb: it unpacks to more than 100 times its size";
    let layer = archive(&saved(&[zero_layer(1024, gzip)], configuration()));
    assert!(layer.len() < 12 << 20, "{}", layer.len());
    said("layer", layer, &format!("cannot read layer 1 of 1: {bomb}"));
    said("whole", zeros(1024, gzip), bomb);
    // Each by itself is small enough; all of them are not.
    let layers: Vec<Vec<u8>> = (0..12).map(|_| zero_layer(50, zstd)).collect();
    said("many", archive(&saved(&layers, configuration())), "of 12: it is a decompression bomb");
}

#[test]
#[ignore = "needs xz"]
fn packed_modules_are_no_bombs() {
    let xz_zeros = xz(&vec![0; 1 << 20]).repeat(260);
    for (suffix, bytes) in [("gz", zeros(260, gzip)), ("zst", zeros(260, zstd)), ("xz", xz_zeros)] {
        let root = Root::empty();
        root.write(&format!("{}/a.ko.{suffix}", modules()), &bytes);
        let (code, out, _) = verify(&[root.text()], None);
        let large = format!("/{}/a.ko.{suffix} is larger than 256 MiB and was not read", modules());
        assert!(code == 1 && out.contains(&large), "{out}");
    }
    let root = Root::empty();
    for number in 0..12 {
        root.write(&format!("{}/{number}.ko.gz", modules()), zeros(130, gzip));
    }
    let (code, out, _) = verify(&[root.text()], None);
    let bombs = out
        .matches("cannot be unpacked: it is a decompression bomb: it unpacks to more than 100 times its size")
        .count();
    assert!(code == 1 && (1..12).contains(&bombs), "{out}");
}
