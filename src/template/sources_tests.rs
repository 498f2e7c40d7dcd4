//! Sources, kmods and packages are taken from the folders that the manifest names.

use super::rules_tests::{dockerfile, faults_of_packages};
use crate::testing::World;

fn with_inner(sources: &str, of_module: &str) -> World {
    World::small()
        .with("sources:\n", &format!("sources:\n{sources}"))
        .with("    source: code\n", &format!("    source: {of_module}\n"))
}

#[test]
fn files_of_other_sources_are_unpacked_after_them() {
    let sha256 = "b".repeat(64);
    let bundle = format!("  bundle: {{archive: 'https://example.com/bundle.tgz', sha256: {sha256}}}\n");
    let sources = format!(
        "{bundle}  deep: {{in: middle, archive: driver.zip, stripComponents: 2}}\n  middle: {{in: bundle, archive: 'src/middle-*.tar.xz', dir: x}}\n  packages: {{in: bundle, rpm: 'RPMS/kmod-${{KERNEL_VERSION}}.rpm'}}\n  tool: {{in: code, deb: tools/tool.deb, at: code/tool}}\n"
    );
    let world = with_inner(&sources, "[deep, middle, packages, tool, bundle, code]")
        .with("    kmods:", "    install: {rpms: [kmod-*]}\n    kmods:")
        .with("builder: dtk", "builder: docker.io/library/debian:12")
        .with("    image: registry", "    template: debian\n    image: registry");
    assert_snapshot!("inner", dockerfile(&world));
    let fetched = world.with("baseImages: {", "baseImages: {fetch: registry.example.com/fetch:1, ");
    assert!(
        dockerfile(&fetched).contains("COPY --from=sources /usr/src/kmodgen-packages/"),
        "{}",
        dockerfile(&fetched)
    );
    let moved = fetched.clone().with("src/middle-*", "src/other-*");
    assert_ne!(fetched.identities(), moved.identities());
}

#[test]
fn sources_lie_where_they_belong() {
    let image =
        format!("{{image: registry.example.com/m@sha256:{}, path: /usr/lpp/mmfs, at: /usr/lpp/mmfs}}", "b".repeat(64));
    let world = with_inner(&format!("  mmfs: {image}\n"), "[mmfs, code]");
    let text = dockerfile(&world);
    assert!(
        text.contains("RUN mkdir -p /usr/src/kmodgen\n") && text.contains(" /usr/lpp/mmfs /usr/lpp/mmfs/"),
        "{text}"
    );
    assert!(
        text.contains("cd /usr/lpp/mmfs ") && text.contains("find /usr/lpp/mmfs /usr/src/kmodgen/code -type f"),
        "{text}"
    );
    let fetched = world.clone().with("baseImages: {", "baseImages: {fetch: registry.example.com/fetch:1, ");
    assert!(
        dockerfile(&fetched).contains("COPY --from=sources /usr/lpp/mmfs/ /usr/lpp/mmfs/"),
        "{}",
        dockerfile(&fetched)
    );
    let faults = world.with("at: /usr/lpp/mmfs", "at: /usr/bin").faults();
    assert!(faults.len() == 1 && faults[0].contains("`at` cannot be `/usr/bin`"), "{faults:?}");
}

#[test]
fn a_file_of_another_source_is_one_that_is_there() {
    let bundle = "  bundle: {git: 'https://example.com/code.git', ref: main}\n";
    for (source, of_module, said) in [
        ("{in: bundel, rpm: a.rpm}", "[x, bundle]", "did you mean `bundle`?"),
        ("{in: x, rpm: a.rpm}", "[x, bundle]", "source `x` contains itself"),
        (
            "{in: bundle, rpm: a.rpm}",
            "x",
            "source `x` is in source `bundle`, which this module does not use | write `source: [x, bundle]`",
        ),
        ("{in: bundle, rpm: ../a.rpm}", "[x, bundle]", "is outside its folder"),
        ("{in: bundle, rpm: /a.rpm}", "[x, bundle]", "is absolute"),
        ("{in: bundle, rpm: '{a,b}.rpm'}", "[x, bundle]", "braces"),
        ("{in: bundle, rpm: 'a b.rpm'}", "[x, bundle]", "has characters other than letters"),
        ("{in: bundle, rpm: 'a;id.rpm'}", "[x, bundle]", "has characters other than letters"),
        ("{in: bundle, rpm: $HOME/a.rpm}", "[x, bundle]", "`$HOME`"),
        ("{in: bundle, rpm: 'https://example.com/a.rpm'}", "[x, bundle]", "found the URL `https://example.com/a.rpm`"),
        ("{in: bundle, archive: a.txt}", "[x, bundle]", "the archive's format from the end of its path"),
        ("{in: bundle, git: 'https://example.com/a.git', ref: main}", "[x, bundle]", "`in` is for"),
        ("{in: bundle}", "[x, bundle]", "has no location"),
        ("{in: bundle, rpm: a.rpm, secret: login}", "[x, bundle]", "needs no `secret`"),
        (
            "{in: bundle, rpm: a.rpm, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
            "[x, bundle]",
            "the source that contains the file is pinned",
        ),
        ("{in: bundle, rpm: a.rpm, stripComponents: 1}", "[x, bundle]", "`stripComponents` is for"),
    ] {
        let world = with_inner(&format!("{bundle}  x: {source}\n"), of_module);
        let faults = world.faults();
        assert!(faults.len() == 1 && faults[0].contains(said), "{source}: {faults:#?}");
    }
}

#[test]
fn kmods_and_packages_come_from_folders() {
    let kmods = "kmods: [./src/one, {kmod: two, from: '/lib/modules/${KERNEL_VERSION}/extra'}, {kmod: core/three, from: out}, four]";
    let world = World::small().with("kmods: [one, two]", kmods).with("ref: main, ", "ref: main, dir: drivers, ");
    assert_snapshot!("kmod_folders", dockerfile(&world));
    let rpms = "install: {rpms: ['kmod-*', {rpm: tools, from: RPMS}, {rpm: 'more-*', from: /root/rpms}, {rpm: less, from: RPMS}]}";
    let world = world.with("    source: code\n", &format!("    source: code\n    {rpms}\n")).with(
        "steps: [{id: compile, make: {targets: [all], vars: {A: x}}}]",
        "steps: [{rpmbuild: {spec: driver.spec}}]",
    );
    assert_snapshot!("rpm_folders", dockerfile(&world));
}

#[test]
fn the_folder_of_a_kmod_decides_the_image() {
    let with = |kmod: &str| World::small().with("kmods: [one, two]", &format!("kmods: [{kmod}, two]"));
    let all = ["one", "./one", "{kmod: one, from: out}", "{kmod: ./one, from: out}", "{kmod: one, from: /out}"];
    let hashes: std::collections::BTreeSet<_> = all.iter().map(|kmod| with(kmod).identities()).collect();
    assert_eq!(hashes.len(), all.len());
    for (bad, code) in [
        ("{kmod: one, from: /}", "invalid-value"),
        ("{kmod: one, from: ../out}", "invalid-value"),
        ("{kmod: one, from: [out]}", "wrong-kind"),
        ("{kmod: one, form: out}", "unknown-key"),
        ("./../one", "invalid-value"),
        ("./one.ko", "invalid-value"),
    ] {
        let faults = with(bad).faults();
        assert!(faults.len() == 1 && faults[0].contains(code), "{bad}: {faults:?}");
    }
}

#[test]
fn packages_of_a_folder_need_no_package_before_it() {
    assert!(faults_of_packages("[{rpm: driver, from: rpms}]").is_empty());
    assert!(faults_of_packages("[a, {rpm: driver, from: rpms}]")[0].contains("no-packages"));
    for bad in ["/", "/proc/1", "../x", "'a b'", "'*'", "''", "'$HOME'"] {
        let faults = faults_of_packages(&format!("[{{rpm: driver, from: {bad}}}]"));
        assert!(faults.len() == 1 && faults[0].contains("invalid-value"), "{bad}: {faults:?}");
    }
}
