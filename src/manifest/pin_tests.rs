//! Images by tag: which of them are pinned, and what is wrong with `pin`.

use crate::testing::World;
use crate::vocabulary::{Digest, SourceMap};

/// Returns the images that the small manifest's Dockerfiles are made of, by kernel, with `@` for the digest that is made
/// of an image's name.
fn images(world: &World) -> Vec<Vec<String>> {
    let (dockerfiles, faults) = world.expand(&mut SourceMap::default(), |_, plan| {
        let texts = plan.mappings().map(|mapping| plan.render(mapping).unwrap().dockerfile);
        texts.collect::<Vec<String>>()
    });
    let dockerfiles = dockerfiles.unwrap_or_else(|| panic!("{faults:#?}"));
    dockerfiles.iter().map(|dockerfile| dockerfile.lines().filter_map(image).collect()).collect()
}

/// Returns the image that a line of a Dockerfile names, if any.
fn image(line: &str) -> Option<String> {
    let is_named = line.starts_with("FROM ") || line.contains("--from=");
    let mut words = line.split(['=', ' ']).filter(|_| is_named);
    words.find(|word| word.contains('/') && !word.starts_with('/')).map(shown)
}

/// Returns an image with `@` for the digest that is made of its name.
fn shown(image: &str) -> String {
    match image.split_once("@sha256:") {
        Some((name, digest)) if digest == Digest::of(name.as_bytes()).to_string() => format!("{name}@"),
        _ => image.to_owned(),
    }
}

/// The small manifest with these base images in the place of its own.
fn with_images(images: &str) -> World {
    World::small().with("{builder: dtk, runtime: registry.example.com/runtime:1}", images)
}

#[test]
fn tags_are_pinned_unless_their_record_says_otherwise() {
    for (images_text, expected) in [
        ("{builder: r.io/b, runtime: r.io/r:1}", ["r.io/b:latest@", "r.io/r:1@"]),
        ("{builder: r.io/b, runtime: r.io/r:1, pin: true}", ["r.io/b:latest@", "r.io/r:1@"]),
        ("{builder: r.io/b, runtime: r.io/r:1, pin: false}", ["r.io/b", "r.io/r:1"]),
    ] {
        assert_eq!(images(&with_images(images_text)), [expected, expected], "{images_text}");
    }
    let scratch = with_images("{builder: 'r.io/b:${KERNEL_VERSION}', runtime: scratch}");
    let [one, other] = ["5.14.0-1.el9.x86_64", "5.14.0-2.el9.x86_64_rt"].map(|release| format!("r.io/b:{release}@"));
    assert_eq!(images(&scratch), [[one], [other]]);
}

/// Returns the images with these records.
fn images_of(of_all: &str, of_kernel: &str, of_module: &str) -> Vec<Vec<String>> {
    let world = with_images(of_all).with("labels: {site: a}", &format!("baseImages: {of_kernel}"));
    images(&world.and_module(&format!("baseImages: {of_module}")))
}

#[test]
fn each_image_keeps_the_pin_of_its_record() {
    assert_eq!(
        images_of("{builder: r.io/b:1, pin: false}", "{builder: r.io/k:1}", "{runtime: r.io/r:1}"),
        [["r.io/k:1@", "r.io/r:1@"], ["r.io/b:1", "r.io/r:1@"]]
    );
    assert_eq!(
        images_of("{runtime: r.io/r:1}", "{runtime: r.io/k:1, pin: false}", "{builder: r.io/b:1}"),
        [["r.io/b:1@", "r.io/k:1"], ["r.io/b:1@", "r.io/r:1@"]]
    );
}

#[test]
fn a_toolkit_is_pinned_by_its_kernel() {
    for (kernel, image) in [("dtk: r.io/dtk:4.16", "r.io/dtk:4.16@"), ("dtk: r.io/dtk, pin: false", "r.io/dtk")] {
        let world =
            World::small().with("    labels: {site: a}\n", &format!("    {}\n", kernel.replace(", ", "\n    ")));
        assert_eq!(images(&world)[0], [image, "registry.example.com/runtime:1@"], "{kernel}");
        assert_eq!(images(&world)[1], ["registry.example.com/runtime:1@"], "{kernel}");
    }
}

#[test]
fn a_source_is_pinned() {
    let source = |fields: &str| {
        let code = "  code: {git: https://example.com/code.git, ref: main, patches: [fix.patch]}\n";
        World::small().with(code, &format!("  code: {{image: r.io/code, path: /, {fields}}}\n"))
    };
    assert_eq!(images(&source(""))[0], ["r.io/code:latest@", "registry.example.com/runtime:1@"]);
    assert_eq!(images(&source("pin: false"))[0], ["r.io/code", "registry.example.com/runtime:1@"]);
}

#[test]
fn a_version_keeps_the_pin_of_its_record() {
    let versions = |of_module: &str, of_version: &str| {
        World::small().and_module(&format!(
            "baseImages: {of_module}\nversions: [{{version: '1', kmods: [one], baseImages: {of_version}}}]"
        ))
    };
    let same = versions("{builder: r.io/b:1}", "{runtime: r.io/r:1}");
    assert_eq!(images(&same)[0], ["r.io/b:1@", "r.io/r:1@"]);
    let all = versions("{builder: r.io/b:1, pin: false}", "{builder: r.io/c:1}");
    assert_eq!(images(&all)[0], ["r.io/c:1@", "registry.example.com/runtime:1@"]);
    for (of_module, of_version) in [
        ("{builder: r.io/b:1}", "{runtime: r.io/r:1, pin: false}"),
        ("{builder: r.io/b:1, pin: false}", "{runtime: r.io/r:1}"),
    ] {
        assert_eq!(
            versions(of_module, of_version).faults(),
            [
                "kmodgen.yaml:17:57 pin: `pin` of the module's `builder` differs from the images of this version | write \
             `builder` here as well, or the same `pin` in both"
            ],
            "{of_module} {of_version}"
        );
    }
}

#[test]
fn what_pin_has_to_be_is_checked() {
    let world = World::small()
        .with("runtime: registry.example.com/runtime:1}", "runtime: registry.example.com/runtime:1, pin: 'no'}")
        .with("    labels: {site: a}\n", "    pin: false\n  - {release: 5.14.0-3.x86_64, dtk: r.io/x:1, pin: [x]}\n")
        .with("ref: main, ", "ref: main, pin: false, ")
        .and_module("baseImages: {pin: false}");
    assert_snapshot!(world.faults().join("\n"));
}
