//! What kernels share comes first, and only the package manager of a known image is called.

use crate::testing::World;
use crate::vocabulary::Digest;

/// The Dockerfiles of the small manifest's two kernels.
fn dockerfiles(world: &World) -> Vec<String> {
    let outputs = world.outputs();
    let dockerfiles = outputs.iter().filter(|output| output.path.file_name() == "Dockerfile");
    dockerfiles.map(|output| output.text.clone().into_owned()).collect()
}

fn dockerfile(world: &World) -> String {
    dockerfiles(world).swap_remove(0)
}

#[test]
fn sources_have_a_stage_of_their_own_if_an_image_fetches_them() {
    let archive = "sources:\n  more: {archive: 'https://example.com/${KERNEL_VERSION}.tar.xz'}\n";
    let packages = "{builder: {rpm: [bc, 'kernel-tools-${KERNEL_VERSION}']}}";
    let mut world = World::small()
        .with("sources:\n", archive)
        .with("    source: code\n", &format!("    source: [more, code]\n    packages: {packages}\n"));
    for release in ["5.14.0-1.el9.x86_64", "5.14.0-2.el9.x86_64+rt"] {
        world.pin_file(&format!("https://example.com/{release}.tar.xz"), Digest::of(b""));
    }
    let fetched = world.clone().with("builder: dtk", "fetch: docker.io/alpine/git:2, builder: dtk");
    assert_snapshot!("fetch", dockerfile(&fetched));
    let text = dockerfile(&world);
    assert!(!text.contains("AS sources"), "{text}");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}\n{text}"));
    let parts =
        ["install_weak_deps=False bc ", "code.git", "x86_64.tar.xz", "apply", "ARG KERNEL_VERSION", "kernel-tools-"];
    assert!(parts.iter().map(|part| at(part)).is_sorted(), "{text}");
}

#[test]
fn what_is_the_same_for_all_kernels_comes_first() {
    for (template, builder) in [
        ("dtk", "registry.example.com/builder:1"),
        ("kernel-devel", "registry.access.redhat.com/ubi9/ubi:9.4"),
        ("debian", "docker.io/library/debian:12-slim"),
        ("sles", "registry.suse.com/suse/sle15:15.5"),
    ] {
        let world = World::small()
            .with("builder: dtk", &format!("builder: '{builder}'"))
            .with("    source: code\n", &format!("    source: code\n    template: {template}\n"));
        let texts = dockerfiles(&world);
        let stages = |text: &str| -> Vec<String> {
            let (_, body) = text.split_once('\n').unwrap();
            let stages = body.split("FROM ").skip(1);
            stages.map(|stage| stage.split_once("ARG KERNEL_VERSION").unwrap().0.to_owned()).collect()
        };
        assert_eq!(texts.len(), 2);
        assert_eq!(stages(&texts[0]), stages(&texts[1]), "{template}");
        assert!(stages(&texts[0])[0].contains(" apply --verbose"), "{template}");
        assert!(stages(&texts[0])[1].contains("for tool in modprobe sleep sh mkdir cp"));
    }
}

#[test]
fn only_the_package_manager_of_a_known_image_is_tried() {
    for (runtime, manager) in [
        ("registry.redhat.io/ubi9/ubi-minimal:9.4", "microdnf"),
        ("quay.io/fedora/fedora:42", "dnf"),
        ("docker.io/library/debian:12", "apt-get"),
        ("registry.suse.com/bci/bci-base:15.6", "zypper"),
        ("docker.io/library/alpine:3.22", "apk"),
    ] {
        let text = dockerfile(&World::small().with("registry.example.com/runtime:1", runtime));
        let (_, last) = text.rsplit_once("FROM ").unwrap();
        let install = last.lines().find(|line| line.starts_with("RUN if ! ")).unwrap();
        assert!(install.contains(&format!("; then {manager} ")), "{install}");
        assert!(!last.contains("elif"), "{last}");
    }
    let unknown = dockerfile(&World::small());
    assert_eq!(unknown.matches("    elif command -v ").count(), 5, "{unknown}");
    let none = "    source: code\n    packages: {builder: {deb: [bc]}}\n";
    let text = dockerfile(&World::small().with("    source: code\n", none));
    assert!(!text.contains("What else the build needs"), "{text}");
}

#[test]
fn packages_of_the_image_are_installed_in_its_stage() {
    let module =
        |lines: &str| World::small().with("    source: code\n", &format!("    source: code\n    packages: {lines}\n"));
    let last = |world: &World| dockerfile(world).rsplit_once("FROM ").unwrap().1.to_owned();
    let world = module(
        "{builder: [bc], runtime: [pciutils, 'tools-${KERNEL_VERSION}', {package: numactl, when: {flavour: rt}}]}",
    );
    let known = last(&world.clone().with("registry.example.com/runtime:1", "registry.redhat.io/ubi9/ubi-minimal:9.4"));
    let at = |part: &str| known.find(part).unwrap_or_else(|| panic!("{part}\n{known}"));
    let parts = [
        "RUN microdnf install -y pciutils && microdnf clean all",
        "for tool in modprobe",
        "ARG KERNEL_VERSION",
        "RUN microdnf install -y \"tools-${KERNEL_VERSION}\" && ",
        "COPY",
    ];
    assert!(parts.iter().map(|part| at(part)).is_sorted(), "{known}");
    assert!(!known.contains(" bc") && !known.contains("elif") && !known.contains("numactl"), "{known}");
    let unknown = last(&world);
    assert!(
        unknown.contains(
            "RUN if command -v dnf >/dev/null; then dnf install -y --setopt=install_weak_deps=False pciutils"
        )
    );
    assert!(unknown.contains("else echo \"kmodgen: the runtime image has no package manager\""), "{unknown}");
    let by_family =
        module("{runtime: {deb: [pciutils]}}").with("registry.example.com/runtime:1", "quay.io/fedora/fedora:42");
    assert!(!last(&by_family).contains("What else"), "{}", last(&by_family));
    let faults = world.with("registry.example.com/runtime:1", "docker.io/library/busybox:1").faults();
    assert!(
        faults.len() == 1 && faults[0].contains("no-package-manager: this image has no package manager"),
        "{faults:?}"
    );
}

const KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n";

/// The small manifest with these repositories, and packages for both stages.
fn with_repositories(repositories: &str, images: [&str; 2]) -> World {
    let packages = format!("    packages: {{builder: [bc], runtime: [pciutils], repositories: [{repositories}]}}\n");
    World::small()
        .with("    source: code\n", &format!("    source: code\n{packages}"))
        .with("builder: dtk", &format!("builder: {}", images[0]))
        .with("registry.example.com/runtime:1", images[1])
        .file("keys/a.asc", KEY)
}

#[test]
fn repositories_are_added_before_packages() {
    let fedora = ["quay.io/fedora/fedora:42", "docker.io/library/debian:12"];
    let repositories = "{name: rpms, url: 'https://example.com/$releasever/$basearch', key: {file: keys/a.asc}}, {name: debs, url: 'https://example.com/debian', suite: bookworm, components: [main, extra], key: {url: 'https://example.com/a.asc'}}";
    let mut world = with_repositories(repositories, fedora);
    assert!(
        world.faults().iter().any(|fault| fault.contains("not-locked: the key of repository `debs` is not pinned"))
    );
    world.pin_file("https://example.com/a.asc", Digest::of(b""));
    assert_snapshot!("repositories", dockerfile(&world));
    let mirrored = world.clone().and("mirrors: {'https://example.com/': 'https://mirror.example.org/'}\n");
    let text = dockerfile(&mirrored);
    assert!(text.contains("mirror.example.org/debian") && !text.contains("https://example.com/debian"), "{text}");
    assert_eq!(world.identities(), mirrored.identities());
    let other = world.clone().file("keys/a.asc", KEY.replace("mQ", "mR"));
    assert_ne!(world.identities(), other.identities());
}

#[test]
fn repositories_without_a_key_or_a_reader_are_refused() {
    let images = ["quay.io/fedora/fedora:42", "docker.io/library/alpine:3"];
    for (repository, said) in [
        (
            "{name: a, url: 'https://example.com/a'}",
            "a repository has no `key` | write `key: {file: keys/vendor.asc}`: without a key",
        ),
        (
            "{name: a, url: 'https://example.com/a', key: {}}",
            "a key is either a file beside the manifest or a download",
        ),
        (
            "{name: a, url: 'https://example.com/a', key: {file: a, url: 'https://example.com/b'}}",
            "a key is either a file beside the manifest or",
        ),
        ("{name: a, url: 'https://example.com/a', key: {file: keys/none.asc}}", "cannot read key `keys/none.asc`"),
        (
            "{name: a, url: 'https://example.com/a', key: {file: fix.patch}}",
            "`fix.patch` is not an ASCII-armoured public key | write the public key with `gpg --armor",
        ),
        ("{name: a, url: 'https://u:p@example.com/a', key: {file: keys/a.asc}}", "secret"),
        (
            "{name: a, url: 'https://example.com/${KERNEL_VERSION}', key: {file: keys/a.asc}}",
            "does not expand in `url`",
        ),
        ("{name: a, url: 'https://example.com/$arch', key: {file: keys/a.asc}}", "`$arch`"),
        ("{name: a b, url: 'https://example.com/a', key: {file: keys/a.asc}}", "`a b` is not a name here"),
        ("{name: a, url: 'https://example.com/a', suite: x, key: {file: keys/a.asc}}", "write `components: [main]`"),
        ("{name: a, url: 'https://example.com/a', components: [x], key: {file: keys/a.asc}}", "write the `suite` too"),
        (
            "{name: a, url: 'https://example.com/a', suite: x, components: [y], key: {file: keys/a.asc}}",
            "which no image with packages can use",
        ),
        (
            "{name: a, url: 'https://example.com/a', stage: runtime, key: {file: keys/a.asc}}",
            "images with apk use none",
        ),
        (
            "{name: a, url: 'https://example.com/a', stage: fetch, key: {file: keys/a.asc}}",
            "write `builder` or `runtime`",
        ),
        (
            "{name: a, url: 'https://example.com/a', key: {file: keys/a.asc}}, {name: a, url: 'https://example.com/b', key: {file: keys/a.asc}}",
            "two repositories have the name `a`",
        ),
    ] {
        let faults = with_repositories(repository, images).faults();
        assert!(faults.len() == 1 && faults[0].contains(said), "{repository}: {faults:#?}");
    }
    let private = with_repositories("{name: a, url: 'https://example.com/a', key: {file: keys/a.asc}}", images)
        .file("keys/a.asc", KEY.replace("PUBLIC", "PRIVATE"));
    assert!(private.faults()[0].contains("not an ASCII-armoured public key"), "{:?}", private.faults());
}

/// Runs the command that strips a kmod, with this `strip`, and returns what is left of the kmod, or the error.
#[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
fn stripped(kmod: &[u8], strip: &str) -> Result<Vec<u8>, String> {
    let text = dockerfile(&World::small());
    let (_, command) = text.split_once("      tail -c 28 ").unwrap();
    let (command, _) = command.split_once("      cp ").unwrap();
    let command = format!("tail -c 28 {}", command.replace(" \\\n", " "));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), kmod).unwrap();
    let script = format!("strip() {{ {strip}; }}; kmod=one; built={}; {command}", file.path().display());
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    match output.status.success() {
        true => Ok(std::fs::read(file.path()).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn a_signed_kmod_is_not_stripped() {
    let strip = r#"test "$1" = --strip-debug && echo stripped > "$2""#;
    let signed: &[u8] = b"\x7fELF\0 code\0~Module signature appended~\n";
    assert_eq!(stripped(signed, strip).unwrap(), signed);
    for unsigned in ["\u{7f}ELF", "", "~Module signature appended~\nmore"] {
        assert_eq!(stripped(unsigned.as_bytes(), strip).unwrap(), b"stripped\n", "{unsigned:?}");
    }
    assert!(stripped(b"of another architecture", "return 1").unwrap_err().contains("write install: {strip: false}"));
}
