//! `build --twice`: an image that a second build does not reproduce gets no name.

use serde_json::json;

use crate::building::{BUILD, with_engine};
use crate::scenario::Run;
use crate::verify::world::{archive, configuration, layer, layout, saved};

/// Builds one image twice with an engine whose builds have the ids `sha256:1` and `sha256:2` and are these archives;
/// returns what the engine was asked, too.
fn build(engine: &str, archives: [Vec<u8>; 2], options: &str) -> (Run, String) {
    let (project, path) = with_engine("echo >> builds; echo sha256:$(wc -l < builds) > \"$id\"; exit 0");
    for (number, bytes) in (1..).zip(archives) {
        project.write(&format!("sha256:{number}.tar"), bytes);
    }
    let exports = "case \"$1\" in\npush) cp \"$3.tar\" \"${4#oci-archive:}\" ;;\nsave) cp \"$4.tar\" \"$3\" ;;";
    project.edit("bin/buildah", "case \"$1\" in", exports);
    project.write("unnamed", "sha256:1\nsha256:2\n");
    if engine != "buildah" {
        std::fs::rename(project.path("bin/buildah"), project.path("bin").join(engine)).unwrap();
    }
    let build = BUILD.replace("--engine buildah", &format!("--engine {engine}"));
    let run = project.kmodgen(&format!("{build} --only alpha/.*rt --twice {options}")).env("PATH", &path).run();
    (run, project.read("asked"))
}

fn oci(files: &[(&str, &str)], label: &str) -> Vec<u8> {
    let mut configuration = configuration();
    configuration["config"]["Labels"] = json!({"x": label});
    archive(&layout(&[layer(&[("base", "x")]), layer(files)], configuration))
}

#[test]
fn an_image_with_one_id_is_reproduced() {
    let (project, path) = with_engine("true");
    project.kmodgen(&format!("{BUILD} --only alpha/.*rt --twice")).env("PATH", &path).run().fine().shows("1 built");
    let asked = project.read("asked");
    let builds: Vec<&str> = asked.lines().filter(|line| line.starts_with("build ")).collect();
    assert_eq!(builds.iter().map(|build| build.contains("--no-cache")).collect::<Vec<_>>(), [false, true], "{asked}");
    assert!(asked.contains("tag sha256:made") && !asked.contains("rmi"), "{asked}");
}

#[test]
fn the_first_difference_is_named_and_both_images_go() {
    for (second, message) in [
        (oci(&[("opt/a.ko", "2"), ("opt/b", "x")], "1"), "`/opt/a.ko` has other bytes"),
        (oci(&[("opt/a.ko", "1")], "1"), "`/opt/b` is in the first build only"),
        (
            oci(&[("opt/a.ko", "1"), ("opt/b", "x")], "2"),
            "`config.Labels.x` of the configuration was \"1\", then \"2\"",
        ),
    ] {
        let (run, asked) = build("buildah", [oci(&[("opt/a.ko", "1"), ("opt/b", "x")], "1"), second], "");
        run.differs().shows("1 failed").says(&format!("buildah: a second build produced another image: {message}\n"));
        assert!(asked.contains("rmi sha256:1\n") && asked.contains("rmi sha256:2\n"), "{asked}");
        assert!(!asked.contains("tag "), "{asked}");
    }
}

#[test]
fn scripts_get_the_difference() {
    let archives = ["1", "2"].map(|text| oci(&[("opt/a.ko", text)], "1"));
    let (run, _) = build("buildah", archives, "--format json");
    let row = run.differs().json()[0].clone();
    assert_eq!(row["difference"], json!({"path": "/opt/a.ko", "what": "bytes"}), "{row}");
    let archives = ["1", "2"].map(|label| oci(&[("opt/a.ko", "x")], label));
    let (run, _) = build("buildah", archives, "--format json");
    let row = run.differs().json()[0].clone();
    let difference = json!({"field": "config.Labels.x", "first": "\"1\"", "second": "\"2\""});
    assert_eq!(row["difference"], difference, "{row}");
}

/// An archive of docker, whose files have the date of their build.
fn docker(text: &str, seconds: u64) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_mtime(seconds);
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, "opt/a.ko", text.as_bytes()).unwrap();
    archive(&saved(&[tar.into_inner().unwrap()], configuration()))
}

#[test]
fn dates_of_files_do_not_count_with_docker() {
    let (run, asked) = build("docker", [docker("x", 1), docker("x", 2)], "");
    run.fine().shows("1 built");
    assert!(asked.contains("--build-arg SOURCE_DATE_EPOCH=315532800"), "{asked}");
    assert!(asked.contains("rmi sha256:2\n") && asked.contains("tag sha256:1 "), "{asked}");
    let (run, _) = build("docker", [docker("x", 1), docker("y", 1)], "");
    run.differs().says("docker: a second build produced another image: `/opt/a.ko` has other bytes");
}
