//! Sources of every kind: what is told of wrong ones, and what comes of right ones.

use crate::testing::World;
use crate::vocabulary::Digest;

const CODE: &str = "  code: {git: https://example.com/code.git, ref: main, patches: [fix.patch]}\n";

/// The small manifest with these sources in the place of its own.
fn with_sources(sources: &str) -> World {
    World::small().with(CODE, sources)
}

fn dockerfile(world: &World) -> String {
    world.outputs().into_iter().find(|output| output.path.file_name() == "Dockerfile").unwrap().text.into_owned()
}

#[test]
fn a_source_is_in_one_place() {
    let world = with_sources(
        "  code: {ref: main}
  two: {git: https://example.com/a.git, archive: https://example.com/a.tar.gz, ref: main}
  odd: {giit: x}
  mixed: {archive: https://example.com/a.tar.gz, ref: main, submodules: true, path: /x}
  plain: {git: https://example.com/a.git, ref: main, sha256: x, stripComponents: 2}
",
    );
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn what_a_source_says_is_checked() {
    let world = with_sources(
        "  code: {archive: \"https://example.com/${KERNEL_VERSION}.tar.gz\", sha256: ABC}
  ending: {archive: https://example.com/download?id=3}
  every: {rpm: \"https://example.com/${KERNEL_VERSION}.rpm\", sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
  user: {deb: https://me:secret@example.com/a.deb, secret: -x}
  moving: {image: registry.example.com/a:1, path: ../x}
  place: {git: https://example.com/a.git, ref: v1, at: ../x, stripComponents: many}
  same: {git: https://example.com/a.git, ref: main, at: other}
  other: {git: https://example.com/b.git, ref: main}
  undated: {git: https://example.com/b.git, ref: main, patches: [{file: fix.patch, sourceVersion: \">=1\"}]}
",
    )
    .with("    source: code\n", "    source: [code, other, code, gone]\n")
    .and("mirrors: {https://a b/: x, quay.io: https://x, 'https://github.com/': git hub}\n");
    assert_snapshot!(world.faults().join("\n"));
}

#[test]
fn every_kind_reads_well() {
    let sha256 = "b".repeat(64);
    let mut world = with_sources(&format!(
        "  code: {{git: https://example.com/code.git, ref: main, dir: src, submodules: true, secret: git-login, patches: [fix.patch]}}
  tar: {{archive: \"https://example.com/v1/${{KERNEL_VERSION}}.tar.xz\", at: code/third/tar, patches: [fix.patch]}}
  zip: {{archive: https://example.com/a.zip, stripComponents: 2, sha256: {sha256}}}
  rpm: {{rpm: https://example.com/a.src.rpm, sha256: {sha256}, secret: file-login}}
  deb: {{deb: https://example.com/a.deb, sha256: {sha256}}}
  img: {{image: registry.example.com/fw@sha256:{sha256}, path: /usr/share/fw}}
"
    ))
    .with("    source: code\n", "    source: [code, tar, zip, rpm, deb, img]\n")
    .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{make: {source: tar, dir: lib}}, {kbuild: {}}]");
    for release in ["5.14.0-1.el9.x86_64", "5.14.0-2.el9.x86_64+rt"] {
        world.pin_file(&format!("https://example.com/v1/{release}.tar.xz"), Digest::of(release.as_bytes()));
    }
    assert_snapshot!("sources", dockerfile(&world));
    let outputs = world.outputs();
    let module = outputs.iter().find(|output| output.path.file_name() == "module.yaml").unwrap();
    assert_eq!(module.text.matches("name: git-login").count(), 2, "{}", module.text);
    assert_eq!(module.text.matches("name: file-login").count(), 2);
}

#[test]
fn a_step_runs_in_a_source_of_its_module() {
    let world = with_sources(&format!("{CODE}  more: {{git: https://example.com/code.git, ref: main}}\n"))
        .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{make: {source: more}}]");
    assert!(world.faults()[0].contains("`more` is not one of this module's sources"), "{:?}", world.faults());
}

#[test]
fn patches_are_for_versions_of_the_source() {
    for (reference, version, bounds, is_patched) in [
        ("v1.2.0", "", ">=1.2, <2", true),
        ("v2.0", "", ">=1.2, <2", false),
        ("refs/tags/1.10", "", ">1.9", true),
        ("main", "version: 1.3,", ">=1.3", true),
        ("v1.3", "version: 1.2,", ">=1.3", false),
    ] {
        let mut world = with_sources(&format!(
            "  code: {{git: https://example.com/code.git, ref: {reference}, {version} patches: [{{file: fix.patch, sourceVersion: \"{bounds}\"}}]}}\n"
        ));
        world.pin("https://example.com/code.git", reference, 'c');
        assert_eq!(dockerfile(&world).contains("# Patch fix.patch"), is_patched, "{reference} {version} {bounds}");
    }
}

#[test]
fn mirrors_change_where_things_come_from_and_no_hash() {
    let world = World::small();
    let mirrored = world
        .clone()
        .and("mirrors: {https://example.com/: https://mirror.local/git/, registry.example.com: mirror.local:5000/x}\n");
    let (before, after) = (dockerfile(&world), dockerfile(&mirrored));
    assert!(after.contains("git remote add origin https://mirror.local/git/code.git"), "{after}");
    assert!(after.contains("FROM mirror.local:5000/x/runtime:1"), "{after}");
    let with_submodules = mirrored.clone().with("ref: main,", "ref: main, submodules: true,");
    let setting = "git -c 'url.https://mirror.local/git/.insteadOf=https://example.com/' submodule -q update";
    assert!(dockerfile(&with_submodules).contains(setting), "{}", dockerfile(&with_submodules));
    assert_ne!(before, after);
    assert_eq!(world.identities(), mirrored.identities());
}

#[test]
fn the_kind_of_an_archive_may_be_told_after_its_url() {
    let sha256 = "a".repeat(64);
    let world = with_sources(&format!(
        "  code: {{archive: 'https://example.com/download?id=3#driver.zip', sha256: {sha256}}}\n"
    ));
    assert!(dockerfile(&world).contains("unzip"));
}

#[test]
fn another_checksum_is_another_image() {
    let first = with_checksum("a").identities();
    assert_ne!(first, with_checksum("b").identities());
    assert_eq!(first, with_checksum("a").identities());
}

fn with_checksum(digit: &str) -> World {
    with_sources(&format!("  code: {{archive: https://example.com/a.tar.gz, sha256: {}}}\n", digit.repeat(64)))
}

/// The small manifest with a folder beside it in the place of its repository.
fn with_folder() -> World {
    with_sources("  code: {path: src/driver, dir: kernel, patches: [fix.patch]}\n")
        .file("src/driver/kernel/Makefile", "obj-m := one.o\n")
        .file("src/driver/README", "read me\n")
}

#[test]
fn a_folder_beside_the_manifest_is_built_by_others_than_kmm() {
    let world = with_folder();
    assert_snapshot!("folder", dockerfile(&world));
    let outputs = world.outputs();
    let module = &outputs.iter().find(|output| output.path.as_str() == "first/module.yaml").unwrap().text;
    assert!(!module.contains("build:"), "{module}");
    assert!(module.contains("containerImage: registry.example.com/kmods/first:"));
    let kustomization = outputs.iter().find(|output| output.path.as_str() == "first/kustomization.yaml").unwrap();
    assert!(!kustomization.text.contains("configmap.yaml"));
    assert!(outputs.iter().any(|output| output.path.file_name() == "configmap.yaml"));
}

#[test]
fn one_source_of_several_is_enough_for_kmm_not_to_build() {
    let world =
        with_folder().with("sources:\n", "sources:\n  more: {git: https://example.com/code.git, ref: main}\n").with(
            "    source: code\n",
            "    source: more\n    overrides: [{when: {kernel: '.*rt'}, source: [more, code]}]\n",
        );
    let outputs = world.outputs();
    let module = outputs.iter().find(|output| output.path.as_str() == "first/module.yaml").unwrap();
    assert_eq!(module.text.matches("build:").count(), 1, "{}", module.text);
    // KMM heeds this for the other kernel.
    assert!(world.and_spec("build: {selector: {a: b}}").faults().is_empty());
}

#[test]
fn what_is_in_a_folder_decides_the_image() {
    let same = with_folder().identities();
    assert_eq!(same, with_folder().file("src/other/x", "").identities(), "a neighbour");
    let with_git = with_folder().file("src/driver/.git/HEAD", "x").file("src/driver/kernel/.git", "x");
    assert_eq!(same, with_git.identities(), "git's own");
    for (what, other) in [
        ("bytes", with_folder().file("src/driver/README", "read me!\n")),
        ("a new file", with_folder().file("src/driver/new", "")),
        ("one moved", with_folder().file("src/driver/kernel/README", "read me\n")),
    ] {
        assert_ne!(same, other.identities(), "{what}");
    }
}

#[test]
fn what_a_folder_cannot_be_is_told() {
    let sign = "sign: {keySecret: {name: k}, certSecret: {name: c}}\nbuild: {selector: {a: b}, kanikoParams: {tag: t}}";
    let world = with_sources(
        "  code: {path: gone}
  flag: {path: --link}
  odd: {path: 'a b'}
  away: {path: ../x}
  secret: {path: src, secret: login, ref: main}
",
    )
    .with("          modprobe: {moduleName: one}\n", "")
    .and_spec(sign)
    .with("[one, two]", "[one]")
    .and("output: {dir: src/gitops}\n");
    assert_snapshot!(world.faults().join("\n"));
    assert_snapshot!("absent", with_sources("  code: {path: gone}\n").faults().join("\n"));
}

#[test]
fn a_secret_that_nothing_reads_is_told_of() {
    let sha256 = "a".repeat(64);
    let faults =
        with_sources(&format!("  code: {{image: example.com/a@sha256:{sha256}, path: /src, secret: login}}\n"))
            .faults();
    assert!(faults.len() == 1 && faults[0].contains("without the secret"), "{faults:?}");
}

#[test]
fn patches_that_no_config_map_holds_are_refused_with_a_way_out() {
    let large: String = (0..20_000).map(|line| format!("+{line:060}\n")).collect();
    let faults = World::small().file("fix.patch", format!("--- a/x\n+++ b/x\n@@ -0,0 +1,20000 @@\n{large}")).faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].contains("a ConfigMap can contain at most 1 MiB | put large patches into the source's repository"),
        "{faults:?}"
    );
}

#[test]
fn a_ref_in_the_url_is_one_error() {
    for (code, help) in [
        ("{git: https://example.com/code.git#v1}", "write `git: https://example.com/code.git` with `ref: v1`"),
        ("{git: https://example.com/code.git#v1, ref: main}", "with `ref: v1`"),
        ("{git: 'git@example.com:code.git#v1:src'}", "`git: git@example.com:code.git` with `ref: v1`, and `dir: src`"),
    ] {
        let faults = with_sources(&format!("  code: {code}\n")).faults();
        assert!(faults.len() == 1 && faults[0].contains(help), "{faults:#?}");
    }
}

#[test]
fn paths_in_an_image_are_absolute() {
    let source = |path: &str| {
        with_sources(&format!("  code: {{image: registry.example.com/a@sha256:{}, path: '{path}'}}\n", "a".repeat(64)))
    };
    for (path, message) in [
        ("//.", "`//.` is not a path in an image"),
        ("", "`` is not a path in an image"),
        ("usr/src", "`usr/src` is not a path in an image"),
        ("/usr/../src", "`/usr/../src` is not a path in an image"),
        ("/usr/a b", "`/usr/a b` is not a path in an image"),
    ] {
        let faults = source(path).faults();
        assert!(faults.len() == 1 && faults[0].contains(message), "{path}: {faults:#?}");
    }
    assert_eq!(source("/usr/src").faults(), Vec::<String>::new());
    let whole = format!("COPY --from=registry.example.com/a@sha256:{} / /usr/src/kmodgen/code/", "a".repeat(64));
    assert!(dockerfile(&source("/")).contains(&whole), "{}", dockerfile(&source("/")));
}
