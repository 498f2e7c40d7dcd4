//! `build --verify`: an image that does not hold gets no name.

use super::world::{Root, archive, configuration, layout, release};
use crate::building::{BUILD, with_engine};
use crate::scenario::{RT, Run};

/// Builds `root` as the image of its kernel.
fn build(root: &Root, more: &str) -> (Run, bool) {
    build_of("", root, more)
}

/// Builds `root` as the image of its kernel, of a module with these lines.
fn build_of(lines: &str, root: &Root, more: &str) -> (Run, bool) {
    let (project, path) = with_engine("true");
    project.edit("kmodgen.yaml", RT, &release());
    project.edit("kmodgen.yaml", "    kmods: [alpha]\n", &format!("    kmods: [alpha]\n{lines}"));
    project.write("image.tar", archive(&layout(&[root.layer()], configuration())));
    let exports = "case \"$1\" in\npush) test \"${4#oci-archive:}\" = \"$4\" || cp image.tar \"${4#oci-archive:}\" ;;";
    project.edit("bin/buildah", "case \"$1\" in", exports);
    let line = format!("{BUILD} --only alpha/{} --verify {more}", release().replace('.', "\\."));
    let run = project.kmodgen(&line).env("PATH", &path).run();
    (run, project.read("asked").contains("tag sha256:made"))
}

#[test]
fn an_image_gets_its_name_only_where_it_holds() {
    let (run, named) = build(&Root::good(), "");
    run.fine().shows("1 built");
    assert!(named);
    let lean = Root::good();
    lean.remove("usr/sbin/modprobe");
    let (run, named) = build(&lean, "");
    run.differs()
        .shows("1 failed")
        .says("program: /bin/modprobe is required, but no `modprobe` in PATH can run\n    help: ");
    assert!(!named);
    let (run, named) = build(&lean, "--contract kmm2");
    run.fine().shows("1 built");
    assert!(named);
    let (run, named) = build(&Root::empty(), "--contract kmm2");
    run.differs().says("no-modules: /opt/lib/modules has no kernel module").says("no-release: ");
    assert!(!named);
}

#[test]
fn firmware_is_where_the_manifest_has_it() {
    let install = "    install: {firmware: [fw]}\n";
    let root = Root::good();
    let (run, named) = build_of(install, &root, "");
    run.differs()
        .says("firmware-path: /opt/lib/firmware cannot be copied by KMM")
        .says("there is no /opt/lib/firmware");
    assert!(!named);
    root.write("opt/lib/firmware/a.bin", "x");
    assert!(build_of(install, &root, "").1);
    let (run, _) = build(&root, "");
    run.differs().says("firmware-path: /opt/lib/firmware has firmware, but KMM does not copy it");
    root.write("opt/lib/firmware/a.bin", "");
    build_of(install, &root, "").0.differs().says("has none of the firmware that the manifest installs");
    assert!(build_of("    install: {firmware: []}\n", &root, "").1);
}

/// A run that builds or has the image of its kernel, with what it asked the engine.
fn pushed(root: &Root, here: bool) -> (Run, String) {
    let (project, path) = with_engine("true");
    project.edit("kmodgen.yaml", RT, &release());
    project.write("image.tar", archive(&layout(&[root.layer()], configuration())));
    let exports = "case \"$1\" in\npush) test \"${4#oci-archive:}\" = \"$4\" || cp image.tar \"${4#oci-archive:}\" ;;";
    project.edit("bin/buildah", "case \"$1\" in", exports);
    // An image that was built and got no name.
    project.write("unnamed", "sha256:made\n");
    let only = format!("--only alpha/{}", release().replace('.', "\\."));
    if here {
        let images = project.run(&format!("plan --format images {only}")).fine().stdout;
        project.write("images", images);
    }
    let run = project.kmodgen(&format!("{BUILD} {only} --verify --push")).env("PATH", &path).run();
    (run, project.read("asked"))
}

#[test]
fn what_is_here_is_verified_before_it_is_pushed() {
    for here in [true, false] {
        let (run, asked) = pushed(&Root::good(), here);
        run.fine().shows("1 pushed");
        assert!(asked.contains("push registry.example.com/"), "{asked}");
        assert_eq!(asked.contains("build --file"), !here);
        let (run, asked) = pushed(&Root::empty(), here);
        run.differs().shows("1 failed").says("no-modules: ").says("    help: ");
        assert!(!asked.contains("push registry.example.com/"), "{asked}");
        // One that failed leaves nothing, and one that was here before is not this run's to remove.
        assert_eq!(asked.contains("rmi sha256:made"), !here, "{asked}");
    }
}
