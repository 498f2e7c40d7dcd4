//! Files of sources: which source they come from, and their places in the image.

use super::firmware_tests::{holds, world};
use crate::testing::World;

/// The small manifest with a second source, and these lines in its module.
fn with_second(module: &str) -> World {
    let mut world = world(module, "")
        .with("sources:\n", "sources:\n  more: {git: https://example.com/more.git, ref: main, dir: out}\n")
        .with("    source: code\n", "    source: [code, more]\n");
    world.pin("https://example.com/more.git", "main", 'b');
    world
}

fn dockerfile(world: &World) -> String {
    let mut outputs = world.outputs().into_iter();
    outputs.find(|output| output.path.file_name() == "Dockerfile").unwrap().text.into_owned()
}

#[test]
fn files_come_from_the_source_that_they_name() {
    let world = with_second(
        "install: {firmware: [a.bin, {from: b.bin, source: more}], licenses: [{from: COPYING, source: more}], files: [{from: x, to: /usr/bin/, source: more}, {from: y, to: /etc/y}]}",
    );
    let text = dockerfile(&world);
    for put in [
        "put /opt/lib/firmware/ /usr/src/kmodgen/code/a.bin ",
        "put /opt/lib/firmware/ /usr/src/kmodgen/more/out/b.bin ",
        "put /licenses/ /usr/src/kmodgen/more/out/COPYING ",
        "put /usr/src/kmodgen-files/usr/bin/ /usr/src/kmodgen/more/out/x ",
        "put /usr/src/kmodgen-files/etc/y /usr/src/kmodgen/code/y\n",
        "COPY --from=builder /usr/src/kmodgen-files/usr/bin/ /usr/bin/\n",
        "COPY --from=builder /usr/src/kmodgen-files/etc/y /etc/y\n",
    ] {
        assert!(text.contains(put), "{put}\n{text}");
    }
    holds(&with_second("install: {files: [{from: x, to: /a, source: more}, {from: x, to: /b}]}").faults(), "");
    let same = "install: {licenses: [COPYING, {from: COPYING, source: more}]}";
    holds(&with_second(same).faults(), "| write `{from: COPYING, to: more}`");
    let apart = "install: {licenses: ['*', {from: COPYING, source: more}]}";
    holds(&with_second(apart).faults(), "");
}

#[test]
fn a_source_of_other_modules_is_refused() {
    for list in ["firmware: [{from: a, source: more}]", "files: [{from: a, to: /a, source: more}]"] {
        let world = with_second(&format!("install: {{{list}}}")).with("source: [code, more]", "source: code");
        holds(&world.faults(), "unknown-source: `more` is not one of this module's sources | write one of `code`");
    }
}

#[test]
fn places_are_those_of_the_kernel() {
    let world = world("install: {files: [{from: x, to: '/usr/share/${KERNEL_VERSION}/'}]}", "");
    let text = dockerfile(&world);
    let copy =
        "COPY --from=builder /usr/src/kmodgen-files/usr/share/5.14.0-1.el9.x86_64/ /usr/share/5.14.0-1.el9.x86_64/\n";
    assert!(text.contains(copy), "{text}");
}

#[test]
fn other_files_have_places_of_their_own() {
    for (item, said) in [
        ("{from: x}", "other files has no `to`"),
        ("{to: /a}", "other files has no `from`"),
        ("{from: x, to: usr/bin}", "`usr/bin` is not an absolute path in the image"),
        ("{from: 'x*', to: /a/b}", "`x*` may match several files, but `/a/b` is the path of one | write `/a/b/`"),
        ("{from: x, to: /opt/lib/modules/x}", "cannot contain other files"),
        ("{from: x, to: /etc/hosts}", "container engines write `/etc/hosts` themselves"),
        ("{from: /x, to: /a}", "path `/x` is absolute"),
        ("x", "expected a map"),
    ] {
        let faults = world(&format!("install: {{files: [{item}]}}"), "").faults();
        assert!(faults.len() == 1 && faults[0].contains(said), "{item}: {faults:#?}");
    }
}

/// Runs the command that installs files, in a folder instead of the builder's root, and returns what it says.
#[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
fn installed(install: &str, files: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap().to_owned();
    for file in files {
        let path = folder.path().join("usr/src/kmodgen/code").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    let text = dockerfile(&world(&format!("install: {{{install}}}"), ""));
    let (_, command) = text.split_once("\nRUN put() {").unwrap();
    let (command, _) = command.split_once("\n\n").unwrap();
    let command = format!("put() {{{}", command.replace(" \\\n", " "));
    let command =
        command.replace("/usr/src/", &format!("{root}/usr/src/")).replace("/opt/lib", &format!("{root}/opt/lib"));
    let output = std::process::Command::new("sh").args(["-c", &command]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).replace(&root, "");
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    (folder, said)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the property is about a real shell")]
fn a_shell_puts_files_where_they_belong() {
    let (folder, said) = installed(
        "firmware: [fw, {from: 'x/*.bin', to: v}], files: [{from: tool, to: /usr/bin/}, {from: tool, to: /usr/bin/t}, {from: conf, to: /etc/c}, {from: 'fw/*', to: /f/}]",
        &["fw/a.bin", "fw/.hidden", "fw/sub/b c.bin", "x/1.bin", "x/2.bin", "x/3.txt", "tool", "conf/one"],
    );
    assert_eq!(said, "");
    for (path, content) in [
        ("opt/lib/firmware/a.bin", "fw/a.bin"),
        ("opt/lib/firmware/.hidden", "fw/.hidden"),
        ("opt/lib/firmware/sub/b c.bin", "fw/sub/b c.bin"),
        ("opt/lib/firmware/v/1.bin", "x/1.bin"),
        ("opt/lib/firmware/v/2.bin", "x/2.bin"),
        ("usr/src/kmodgen-files/usr/bin/tool", "tool"),
        ("usr/src/kmodgen-files/usr/bin/t", "tool"),
        ("usr/src/kmodgen-files/etc/c/one", "conf/one"),
        ("usr/src/kmodgen-files/f/a.bin", "fw/a.bin"),
        ("usr/src/kmodgen-files/f/b c.bin", "fw/sub/b c.bin"),
    ] {
        assert_eq!(std::fs::read_to_string(folder.path().join(path)).unwrap(), content, "{path}");
    }
    for (install, said) in [
        ("firmware: [none.bin]", "kmodgen: the source has no /usr/src/kmodgen/code/none.bin"),
        ("files: [{from: 'none*', to: /x/}]", "kmodgen: the source has no /usr/src/kmodgen/code/none*"),
        ("files: [{from: a, to: /x/}, {from: b/a, to: /x/}]", "code/b/a would overwrite /usr/src/kmodgen-files/x/a"),
        ("files: [{from: a, to: /x}, {from: b/a, to: /x}]", "code/b/a would overwrite /usr/src/kmodgen-files/x"),
        ("files: [{from: b, to: /x}, {from: c, to: /x}]", "code/c/a would overwrite /usr/src/kmodgen-files/x/a"),
    ] {
        let (_, told) = installed(install, &["a", "b/a", "c/a", "c/d"]);
        assert!(told.contains(said), "{install}: {told}");
    }
}
