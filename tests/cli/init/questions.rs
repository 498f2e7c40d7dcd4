//! Questions at a terminal.

use super::Newcomer;
use crate::scenario::Terminal;

#[test]
#[ignore = "needs script"]
fn namespace_and_image_are_asked_for() {
    let newcomer = Newcomer::with(&[("Kbuild", "obj-m := driver.o\n")]);
    let arguments = format!("init {}", newcomer.world.file_url("driver"));
    let mut terminal = Terminal::run(&newcomer.project, &std::env::var("PATH").unwrap(), "A=b", &arguments);
    terminal.shows("namespace [kmods]:");
    terminal.types("No\n");
    terminal.shows("write lower-case letters");
    terminal.types("drivers\n");
    terminal.shows("image [image-registry.openshift-image-registry.svc:5000/drivers/driver]:");
    terminal.types("\n");
    let (status, screen, _) = terminal.end();
    assert!(status.success() && screen.contains("kmodgen.yaml written"), "{screen}");
    let manifest = newcomer.project.read("kmodgen.yaml");
    assert!(manifest.contains("namespace: drivers ") && manifest.contains("svc:5000/drivers/driver "), "{manifest}");
}
