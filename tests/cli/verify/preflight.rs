//! `kmodgen preflight --symvers`: modules ranked by the symbols that they lose on another kernel.

use crate::scenario::{EL9, Project};
use crate::verify::symvers::{image, importing};

const OLD: &str = "0x00000001\tkept\tvmlinux\tEXPORT_SYMBOL\t
0x00000002\tgone\tvmlinux\tEXPORT_SYMBOL\t
0x00000003\tother\tvmlinux\tEXPORT_SYMBOL\t
";

const NEW: &str = "0x00000001\tkept\tvmlinux\tEXPORT_SYMBOL\t
0x00000009\tother\tvmlinux\tEXPORT_SYMBOL\t
";

fn kernels(project: Project) -> Project {
    project.with("old/Module.symvers", OLD).with("new/Module.symvers", NEW)
}

#[test]
fn the_module_that_loses_most_comes_first() {
    let project = kernels(Project::empty());
    let images = ["kept", "other", "gone"].map(|name| image("\\0license=GPL", &importing(name, 1)));
    let [kept, other, gone] = images.each_ref().map(|image| image.text());
    let command = format!("preflight --symvers old/Module.symvers new/Module.symvers --image {kept}");
    let fine = project.run(&format!("{command} --format json")).fine().json();
    assert_eq!(fine["modules"][0]["kmods"], 1);
    let report = project.run(&format!("{command} --image {other} --image {gone} --format json")).differs().json();
    let rows = report["modules"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["module"].as_str().unwrap()).collect();
    assert_eq!(names, [gone, other, kept]);
    assert_eq!((&rows[0]["vanished"][0], &rows[1]["changed"][0]), (&"gone".into(), &"other".into()));
    let table = project.run(&format!("{command} --image {gone}")).differs();
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].starts_with("MODULE") && lines[0].ends_with("KMODS  VANISHED  CHANGED  SYMBOLS"), "{lines:?}");
    assert!(lines[1].starts_with(gone) && lines[1].ends_with("      1         1        0  gone"), "{lines:?}");
    assert!(lines[2].ends_with("      1         0        0"), "{lines:?}");
}

#[test]
pub(crate) fn images_that_cannot_be_read_are_skipped() {
    let project = kernels(Project::generated()).with(&format!("{EL9}/Module.symvers"), OLD);
    let trouble = project.run(&format!("preflight --symvers {EL9}/Module.symvers new/Module.symvers")).trouble();
    assert!(trouble.stderr.contains("warning: skipped module"), "{}", trouble.stderr);
    assert!(trouble.stderr.contains("no image could be read"), "{}", trouble.stderr);
    let trouble = project.run("preflight --symvers old/Module.symvers new/Module.symvers").trouble();
    assert!(trouble.stderr.contains("cannot find the kernel release"), "{}", trouble.stderr);
    project.run("preflight").trouble();
}
