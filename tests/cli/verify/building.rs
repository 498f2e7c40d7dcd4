//! `build --verify`: an image that does not hold gets no name.

use super::world::{Root, archive, configuration, layout, release};
use crate::building::{BUILD, with_engine};
use crate::scenario::{RT, Run};

/// Builds `root` as the image of its kernel.
fn build(root: &Root, more: &str) -> (Run, bool) {
    let (project, path) = with_engine("true");
    project.edit("kmodgen.yaml", RT, &release());
    project.write("image.tar", archive(&layout(&[root.layer()], configuration())));
    let exports = "case \"$1\" in\npush) cp image.tar \"${4#oci-archive:}\" ;;";
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
    run.differs().shows("1 failed").says("program: /bin/modprobe there is no `modprobe` in PATH");
    assert!(!named);
    let (run, named) = build(&lean, "--contract kmm2");
    run.fine().shows("1 built");
    assert!(named);
    let (run, named) = build(&Root::empty(), "--contract kmm2");
    run.differs().says("no-modules: /opt/lib/modules has no kernel module").says("no-release: ");
    assert!(!named);
}
