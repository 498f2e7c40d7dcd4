//! Images in the storage of an engine, which is read in place where that says everything.

use std::fs;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::world::{Root, archive, configuration, layout, verify};

/// A storage with one image of two layers, and an engine that has it.
struct Storage {
    files: Root,
    upper: String,
}

const LAYERS: [&str; 2] = ["1", "2"];

impl Storage {
    /// Makes a storage, which takes root and a file system with extended attributes.
    fn new(engine: &str) -> Self {
        let files = Root::empty();
        let [lower, upper] = LAYERS.map(|digit| digit.repeat(64));
        let text = configuration().to_string();
        let id: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        files.write("graph/overlay-images/images.json", format!(r#"[{{"id": "{id}", "layer": "{upper}"}}]"#));
        files.write(
            "graph/overlay-layers/layers.json",
            format!(r#"[{{"id": "{lower}"}}, {{"id": "{upper}", "parent": "{lower}"}}]"#),
        );
        let named = Command::new("sh")
            .args(["-c", &format!("printf sha256:{id} | base64 -w 0")])
            .output()
            .map(|output| String::from_utf8(output.stdout).unwrap())
            .unwrap();
        files.write(&format!("graph/overlay-images/{id}/={named}"), text);
        let image = archive(&layout(&[Root::good().layer()], configuration()));
        files.write("image.tar", image);
        let root = files.text().to_owned();
        files.write(
            &format!("bin/{engine}"),
            format!(
                "#!/bin/sh\necho \"$*\" >> {root}/asked\ncase \"$*\" in\n\
                 *inspect*) echo {id} ;;\n*info*) echo {root}/graph ;;\n\
                 push*) /bin/cp {root}/image.tar \"${{4#oci-archive:}}\" ;;\n\
                 save*) /bin/cp {root}/image.tar \"$6\" ;;\nesac\n"
            ),
        );
        files.mode(&format!("bin/{engine}"), 0o755);
        fs::create_dir_all(files.path().join(format!("graph/overlay/{upper}/diff"))).unwrap();
        let diff = files.path().join(format!("graph/overlay/{lower}/diff"));
        fs::create_dir_all(diff.parent().unwrap()).unwrap();
        let good = Root::good();
        assert!(Command::new("cp").arg("-a").arg(good.path()).arg(diff).status().unwrap().success());
        let storage = Self { files, upper: format!("graph/overlay/{upper}/diff") };
        storage.mark("probe", "trusted.overlay.opaque");
        storage
    }

    /// Makes a folder of the upper layer, with an attribute.
    fn mark(&self, folder: &str, attribute: &str) {
        let path = self.files.path().join(&self.upper).join(folder);
        fs::create_dir_all(&path).unwrap();
        let set = "import os, sys; os.setxattr(sys.argv[1], sys.argv[2], b'y')";
        assert!(Command::new("python3").args(["-c", set]).arg(path).arg(attribute).status().unwrap().success());
    }

    fn hide(&self, path: &str) {
        let path = self.files.path().join(&self.upper).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mknod").arg(path).args(["c", "0", "0"]).status().unwrap().success());
    }

    fn verify(&self) -> (i32, String, String) {
        let path = format!("{}:/usr/bin:/bin", self.files.path().join("bin").display());
        verify(&["registry.example.com/x:1"], Some(&path))
    }

    fn was_exported(&self) -> bool {
        let asked = fs::read_to_string(self.files.path().join("asked")).unwrap();
        asked.lines().any(|line| line.starts_with("push") || line.starts_with("save"))
    }
}

#[test]
#[ignore = "needs root and python3"]
fn layers_are_read_in_place() {
    for engine in ["buildah", "podman"] {
        let storage = Storage::new(engine);
        let (code, out, error) = storage.verify();
        assert!(code == 0 && !storage.was_exported(), "{out}{error}");
        // As in an archive, a layer hides what is below, and a secret is found though it is hidden.
        let lower = format!("graph/overlay/{}/diff", LAYERS[0].repeat(64));
        storage.files.write(&format!("{lower}/run/secrets/token"), "x");
        storage.files.write(&format!("{lower}/opt/x/a.ko"), "");
        storage.hide("run");
        storage.mark("opt/x", "trusted.overlay.opaque");
        storage.hide("usr/bin/cp");
        let (_, out, _) = storage.verify();
        assert!(
            out.contains("/run/secrets/token is a build secret, in layer 1 of 2, although a later layer deletes it"),
            "{out}"
        );
        assert!(out.contains("finding[program]: /bin/cp ") && out.ends_with(": 2 findings, 0 notes\n"), "{out}");
        assert!(!storage.was_exported());
    }
}

#[test]
#[ignore = "needs root and python3"]
fn links_of_a_layer_stay_in_the_image() {
    let storage = Storage::new("buildah");
    let outside = Root::empty();
    outside.write("secrets/token", "x");
    outside.write("b.ko", "");
    storage.files.link(&format!("{}/run", storage.upper), outside.text());
    storage.files.link(&format!("{}/opt/out.ko", storage.upper), &format!("{}/b.ko", outside.text()));
    let (code, out, error) = storage.verify();
    assert!(code == 0 && !storage.was_exported(), "{out}{error}");
}

#[test]
#[ignore = "needs root and python3"]
fn what_a_layer_does_not_hold_is_exported() {
    for spoil in [
        (|storage| storage.mark("opt/renamed", "trusted.overlay.redirect")) as fn(&Storage),
        |storage| {
            storage.files.write(&format!("{}/file", storage.upper), "");
            let path = storage.files.path().join(&storage.upper).join("file");
            let set = "import os, sys; os.setxattr(sys.argv[1], 'trusted.overlay.metacopy', b'')";
            assert!(Command::new("python3").args(["-c", set]).arg(path).status().unwrap().success());
        },
        |storage| fs::remove_dir_all(storage.files.path().join(&storage.upper)).unwrap(),
        |storage| drop(storage.files.write("graph/overlay-images/images.json", "[]")),
        |storage| drop(storage.files.write("graph/overlay-layers/layers.json", "[{")),
        |storage| drop(storage.files.write(&format!("{}/../composefs-data/x", storage.upper), "")),
    ] {
        let storage = Storage::new("buildah");
        spoil(&storage);
        let (code, out, error) = storage.verify();
        assert!(code == 0 && error.is_empty() && storage.was_exported(), "{out}{error}");
    }
}
