//! Firmware, licenses and other files of an image: which ones would overwrite others, and where KMM copies firmware
//! from.

use crate::testing::World;

/// The small manifest with these lines in its module, and this `modprobe`.
pub(super) fn world(module: &str, modprobe: &str) -> World {
    let module: String = module.lines().map(|line| format!("    {line}\n")).collect();
    World::small()
        .with("    source: code\n", &format!("    source: code\n{module}"))
        .with("modprobe: {moduleName: one}", &format!("modprobe: {{moduleName: one{modprobe}}}"))
}

fn with_path(module: &str, path: &str) -> Vec<String> {
    world(module, &format!(", firmwarePath: '{path}'")).faults()
}

/// Holds if there is one fault that says `said`, or none where `said` is empty.
pub(super) fn holds(faults: &[String], said: &str) {
    match said {
        "" => assert_eq!(faults, Vec::<String>::new()),
        _ => assert!(faults.len() == 1 && faults[0].contains(said), "{said}: {faults:#?}"),
    }
}

const OUTSIDE: &str = "firmware-path: firmware is installed in `/opt/lib/firmware`, but KMM would copy";

#[test]
fn copied_folders_are_those_of_the_firmware() {
    let install = "install: {firmware: [fw]}";
    let spellings = ["/opt/lib/firmware", "/opt/lib/firmware/", "//opt//lib/./firmware", "/opt/lib/firmware/."];
    for path in spellings.into_iter().chain(["/opt/lib/firmware/vendor"]) {
        holds(&with_path(install, path), "");
    }
    for path in ["/firmware", "/lib/firmware", "/opt/lib", "/opt", "/opt/lib/firmwares", "/licenses"] {
        let faults = with_path(install, path);
        holds(&faults, OUTSIDE);
        assert!(
            faults[0].starts_with("kmodgen.yaml:21:")
                && faults[0].ends_with("| write `firmwarePath: /opt/lib/firmware`")
        );
    }
    for (path, said) in [
        ("/opt/lib/../lib/firmware", "contains `..`"),
        ("opt/../lib/firmware", "contains `..`"),
        ("opt/lib/firmware", "is not absolute | write `/opt/lib/firmware`"),
        ("./opt/lib/firmware", "is not absolute | write `/opt/lib/firmware`"),
        ("/", "is the whole image"),
        ("/./", "is the whole image"),
        ("/tmp/fw", "is a volume that KMM mounts"),
        ("/opt/lib/firm ware", "contains ' '"),
        ("/opt/lib/*", "contains '*'"),
        ("/opt/lib/firmware;reboot", "contains ';'"),
        ("/opt/lib/firmware/$KERNEL_VERSION", "is not expanded here"),
    ] {
        holds(&with_path(install, path), said);
    }
}

/// A further Module on the same images.
fn additional(modprobe: &str) -> String {
    format!(
        "additionalModules: [{{name: more, moduleSpec: {{selector: {{node-role.kubernetes.io/worker: 'no'}}, moduleLoader: {{container: {{modprobe: {modprobe}}}}}}}}}]"
    )
}

#[test]
fn firmware_that_nothing_installs_is_not_copied() {
    for module in ["", "install: {licenses: [COPYING]}", "overrides: [{when: {arch: x86_64}, install: {strip: true}}]"]
    {
        for path in ["/firmware", "/opt/lib/firmware"] {
            holds(&with_path(module, path), "no firmware is installed in `");
        }
    }
    let second = World::small().and_module(&additional("{moduleName: one, firmwarePath: /x}"));
    holds(&second.faults(), "no firmware is installed in `/x`");
    holds(&World::small().and_module("objects: false").faults(), "");
}

#[test]
fn templates_of_ones_own_and_packages_bring_firmware_unseen() {
    let own = world("template: own.Dockerfile", ", firmwarePath: /firmware");
    holds(&own.clone().file("own.Dockerfile", "{% extends \"kmodgen/dtk\" %}\n").faults(), "");
    let on_some = "overrides: [{when: {kernel: '.*rt'}, template: own.Dockerfile}]";
    let on_some = world(on_some, ", firmwarePath: /firmware").file("own.Dockerfile", "{% extends \"kmodgen/dtk\" %}\n");
    holds(&on_some.faults(), "no firmware is installed in `/firmware`");
    let rpms = world("install: {rpms: [driver]}", ", firmwarePath: /lib/firmware")
        .with("steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]", "steps: [{rpmbuild: {spec: a.spec}}]");
    holds(&rpms.faults(), "");
}

#[test]
fn folders_below_are_there_on_every_kernel() {
    let to = |to: &str| format!("install: {{firmware: [{{from: fw, to: {to}}}]}}");
    for (install, path, said) in [
        (to("vendor"), "/opt/lib/firmware/vendor", ""),
        (to("vendor/x"), "/opt/lib/firmware/vendor", ""),
        (to("vendor"), "/opt/lib/firmware/vendor/x", ""),
        (to("'vendor/${KERNEL_VERSION}'"), "/opt/lib/firmware/vendor", ""),
        (
            to("vendor"),
            "/opt/lib/firmware/vendr",
            "no firmware is in `/opt/lib/firmware/vendr`: it is installed in `/opt/lib/firmware/vendor` | write `firmwarePath: /opt/lib/firmware/vendor`",
        ),
        ("install: {firmware: [a.bin]}".into(), "/opt/lib/firmware/a", "it is installed in `/opt/lib/firmware`"),
        ("install: {firmware: ['fw/*.bin']}".into(), "/opt/lib/firmware/fw", "it is installed in `/opt/lib/firmware`"),
        ("install: {firmware: []}".into(), "/opt/lib/firmware/vendor", ""),
        ("install: {firmware: []}".into(), "/opt/lib/firmware", ""),
        (
            "install: {firmware: [{from: a, to: x}, {from: b, to: y}]}".into(),
            "/opt/lib/firmware/x",
            "this is installed in `/opt/lib/firmware/y`, but KMM does not copy it from there",
        ),
        (
            "install: {firmware: [{from: a, to: x, when: {kernel: '.*rt'}}]}".into(),
            "/opt/lib/firmware/x",
            "the image for kernel `5.14.0-1.el9.x86_64` has no firmware in `/opt/lib/firmware/x`",
        ),
        ("install: {firmware: [{from: a, to: x, when: {kernel: '.*rt'}}]}".into(), "/opt/lib/firmware", ""),
        (
            "overrides: [{when: {kernel: '.*rt'}, install: {firmware: [{from: a, to: x}]}}]".into(),
            "/opt/lib/firmware/x",
            "the image for kernel `5.14.0-1.el9.x86_64` has no firmware",
        ),
    ] {
        holds(&with_path(&install, path), said);
    }
}

#[test]
fn modules_of_one_image_share_its_firmware() {
    let modules = |first: &str, second: &str| {
        World::small()
            .of_spec(&format!(
                "selector: {{node-role.kubernetes.io/worker: yes}}\nmodprobe: {{moduleName: one{first}}}"
            ))
            .and_module("install: {firmware: [{from: a, to: x}, {from: b, to: y}]}")
            .and_module(&additional(&format!("{{moduleName: one{second}}}")))
    };
    let path = |folder: &str| format!(", firmwarePath: /opt/lib/firmware/{folder}");
    holds(&modules(&path("x"), &path("y")).faults(), "");
    holds(&modules(&path("x"), "").faults(), "");
    holds(&modules(&path("x"), &path("x")).faults(), "this is installed in `/opt/lib/firmware/y`");
    assert!(
        modules("", &path("y"))
            .outputs()
            .iter()
            .any(|output| output.text.contains("firmwarePath: \"/opt/lib/firmware\""))
    );
}

#[test]
fn images_without_firmware_have_a_file_that_can_be_copied() {
    let texts = |module: &str| -> Vec<bool> {
        let outputs = world(module, "").outputs();
        let dockerfiles = outputs.iter().filter(|output| output.path.as_str().ends_with("Dockerfile"));
        dockerfiles.map(|output| output.text.contains(": > /opt/lib/firmware/kmodgen-no-firmware")).collect()
    };
    let mut some = texts("install: {licenses: [COPYING], firmware: [{from: a, when: {kernel: '.*rt'}}]}");
    some.sort_unstable();
    assert_eq!(some, [false, true]);
    assert_eq!(texts("install: {firmware: []}"), [true, true]);
    assert_eq!(texts("install: {firmware: [a]}"), [false, false]);
    assert_eq!(texts("install: {licenses: [a]}"), [false, false]);
}

#[test]
fn files_of_one_name_and_place_are_refused() {
    for (install, said) in [
        (
            "licenses: [COPYING, f/COPYING]",
            "`COPYING` and `f/COPYING` would both be installed as `/licenses/COPYING` | write `{from: f/COPYING, to: f}`",
        ),
        ("licenses: [a/MIT, b/MIT]", "installed as `/licenses/MIT`"),
        ("licenses: [a/LICENSE.txt, {from: b/LICENSE.txt}]", "installed as `/licenses/LICENSE.txt`"),
        ("licenses: [{from: a/COPYING, to: x}, {from: b/COPYING, to: x}]", "| write `{from: b/COPYING, to: x/b}`"),
        ("licenses: [COPYING, ./COPYING]", "remove one of them"),
        ("licenses: [COPYING, 'COPYING*']", "remove `COPYING`: `COPYING*` contains it"),
        ("licenses: ['L*', LICENSES/MIT]", "remove `LICENSES/MIT`: `L*` contains it"),
        ("licenses: [LICENSES, LICENSES/MIT]", "remove `LICENSES/MIT`: `LICENSES` contains it"),
        ("licenses: [LICENSES, LICENSES]", "remove one of them"),
        ("firmware: [a/x.bin, b/x.bin]", "installed as `/opt/lib/firmware/x.bin` | write `{from: b/x.bin, to: b}`"),
        ("firmware: ['fw/*.bin', fw/x.bin]", "remove `fw/x.bin`: `fw/*.bin` contains it"),
        ("firmware: [fw/x.bin, 'fw/[a-z].bin']", "remove `fw/x.bin`: `fw/[a-z].bin` contains it"),
        ("firmware: [fw, {from: fw/sub, to: sub}]", "remove `fw/sub`: `fw` contains it"),
        (
            "firmware: [x.bin, {from: y.bin, to: x.bin}]",
            "`x.bin` and `y.bin` would both be installed as `/opt/lib/firmware/x.bin`",
        ),
        (
            "firmware: [{from: a.bin, to: x}, {from: b/x/a.bin}, {from: c, to: x/a.bin/d}]",
            "`/opt/lib/firmware/x/a.bin`",
        ),
        ("licenses: [{from: COPYING, when: {kernel: '.*rt'}}, f/COPYING]", "`/licenses/COPYING`"),
        ("files: [{from: a.txt, to: /x/}, {from: b/a.txt, to: /x/}]", "as `/x/a.txt` | give one of them another `to`"),
        ("files: [{from: a, to: /x}, {from: a, to: /x}]", "remove one of them"),
        ("files: [{from: a.txt, to: /x/}, {from: b.txt, to: /x/a.txt}]", "installed as `/x/a.txt`"),
        ("files: [{from: a.txt, to: /x}, {from: b.txt, to: /x/y}]", "installed as `/x`"),
        ("files: [{from: a, to: /x}, {from: a/sub, to: /x/sub}]", "remove `a/sub`: `a` contains it"),
        ("files: [{from: 'a/*', to: /x/}, {from: a/y.txt, to: /x/}]", "remove `a/y.txt`: `a/*` contains it"),
    ] {
        holds(&world(&format!("install: {{{install}}}"), "").faults(), said);
    }
}

#[test]
fn files_that_may_all_have_a_place_are_taken() {
    for install in [
        "licenses: [COPYING, {from: f/COPYING, to: f}]",
        "licenses: [COPYING, copying]",
        "licenses: [a/LICENSES, b/LICENSES]",
        "licenses: [{from: a/COPYING, when: {kernel: '.*rt'}}, {from: b/COPYING, when: {kernel: '.*x86_64'}}]",
        "firmware: [a/fw, b/fw]",
        "firmware: [fw, fw/sub]",
        "firmware: ['fw/*.bin', fw/.x.bin]",
        "firmware: ['fw/*.bin', fw/sub/x.bin]",
        "firmware: ['a/*', 'b/*']",
        "firmware: [fw/x.bin, fw/x.bin.xz]",
        "firmware: [x.bin, {from: y.bin, to: x}]",
        "firmware: [COPYING], licenses: [COPYING]",
        "files: [{from: a.txt, to: /x/}, {from: a.txt, to: /y/}]",
        "files: [{from: a.txt, to: /x/}, {from: a.txt, to: /x/b.txt}]",
        "files: [{from: a, to: /x}, {from: a/sub, to: /x/more}]",
    ] {
        holds(&world(&format!("install: {{{install}}}"), "").faults(), "");
    }
    let overridden =
        "install: {licenses: [COPYING]}\noverrides: [{when: {arch: x86_64}, install: {licenses: [f/COPYING]}}]";
    holds(&world(overridden, "").faults(), "");
}

#[test]
fn files_of_folders_beside_the_manifest_are_known() {
    let faults = |install: &str| {
        let sources = "{git: https://example.com/code.git, ref: main, patches: [fix.patch]}";
        let world = world(&format!("install: {{{install}}}"), "")
            .with(sources, "{path: src}")
            .with("dtk", "registry.example.com/b:1");
        let files = ["a/fw/x", "a/fw/sub/y", "b/fw/x", "b/other/z", "c/sub", "Makefile"];
        files.iter().fold(world, |world, file| world.file(&format!("src/{file}"), "x")).faults()
    };
    holds(&faults("firmware: [a/fw, b/fw]"), "`a/fw` and `b/fw` would both be installed as `/opt/lib/firmware/x`");
    holds(&faults("firmware: [a/fw, c]"), "`a/fw` and `c` would both be installed as `/opt/lib/firmware/sub`");
    holds(&faults("firmware: ['?/fw/x']"), "`?/fw/x` would install two files as `/opt/lib/firmware/x`");
    holds(&faults("firmware: [a/fw/x, b/fw/x]"), "| write `{from: b/fw/x, to: fw}`");
    holds(&faults("firmware: [a/fw, b/other]"), "");
    holds(&faults("files: [{from: a/fw, to: /x}, {from: b/fw/x, to: /x/}]"), "would both be installed as `/x/x`");
    holds(&faults("files: [{from: a/fw, to: /x}, {from: Makefile, to: /x/sub/y}]"), "installed as `/x/sub/y`");
    holds(&faults("files: [{from: a/fw/x, to: /x}, {from: b/other, to: /x}]"), "installed as `/x`");
    holds(&faults("files: [{from: a/fw/x, to: /y}, {from: b/fw, to: /x}]"), "");
    holds(&faults("firmware: [a/fw, {from: b/fw, to: b}]"), "");
}

#[test]
fn kmods_of_one_name_are_refused() {
    let faults = |kmods: &str| {
        let rest = ", dirName: /opt";
        world("", rest).with("kmods: [one, two]", &format!("kmods: [one, {kmods}]")).faults()
    };
    holds(&faults("a/two, b/two"), "repeated-kmod: modprobe treats `a/two` and `b/two` as the same module, `two`");
    holds(&faults("two-x, two_x"), "modprobe treats `two-x` and `two_x` as the same module");
    holds(&faults("two, two"), "kmod `two` is listed twice");
    holds(&faults("{kmod: a/two, when: {kernel: '.*rt'}}, {kmod: b/two, when: {kernel: '.*x86_64'}}"), "");
}
