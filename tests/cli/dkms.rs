//! The shell text of a dkms step, run by a shell over small dkms.conf files. `.ci/dkms` compares it
//! with dkms itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::scenario::{Project, commit_id};

const RELEASE: &str = "6.1.0-9-amd64";

/// The text of the RUN instruction that a manifest with this dkms step gets.
fn step(options: &str) -> String {
    let manifest = format!(
        "apiVersion: kmodgen/v1\nnamespace: n\n\
         sources: {{code: {{git: 'https://git.example.com/d.git', ref: {commit}}}}}\n\
         baseImages: {{builder: 'registry.example.com/builder:1', runtime: 'registry.example.com/runtime:1', pin: false}}\n\
         kernels: [{RELEASE}]\n\
         modules:\n  - {{name: d, source: code, kmods: [d], steps: [{{dkms: {{{options}}}}}], \
         image: registry.example.com/d, moduleSpec: {{selector: {{a: ''}}}}}}\n",
        commit = commit_id('a')
    );
    let project = Project::of(&manifest);
    project.run("generate --offline").fine();
    let output = project.output();
    let (_, text) = output.files().find(|(path, _)| path.ends_with("Dockerfile")).unwrap();
    let text = String::from_utf8_lossy(text).replace("\\\n", "");
    text.lines().find(|line| line.starts_with("RUN") && line.contains("dkms_tree")).unwrap()[4..].to_owned()
}

static STEP: LazyLock<String> = LazyLock::new(|| step(""));

/// A source with a dkms.conf, and the folders that a builder has.
struct Builder(TempDir);

/// Writes down how it is called.
const RECORDER: &str =
    "#!/bin/bash\n{ printf '%s in %s:' \"${0##*/}\" \"${PWD##*/}\"; printf ' [%s]' \"$@\"; echo; } >> \"$RECORD\"\n";

impl Builder {
    fn new(conf: &str) -> Self {
        let builder = Self(tempfile::tempdir().unwrap());
        builder.write("src/kmodgen/code/dkms.conf", conf);
        builder.write("src/kmodgen/code/d.ko", "");
        builder.write(&format!("modules/{RELEASE}/build/.config"), "CONFIG_PCI=y\n");
        for program in ["bin/make", "bin/patch", "src/kmodgen/code/configure"] {
            builder.write(program, RECORDER);
            fs::set_permissions(builder.path(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        builder
    }

    /// A conf that dkms reads, with these lines in addition.
    fn of(lines: &str) -> Self {
        Self::new(&format!("PACKAGE_NAME=d\nPACKAGE_VERSION=1\nBUILT_MODULE_NAME[0]=d\n{lines}\n"))
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// Runs the step: its exit code, the commands that it ran but for CLEAN, and its own messages.
    fn run(&self, step: &str) -> (i32, Vec<String>, Vec<String>) {
        let at = |name: &str| self.path(name).display().to_string();
        let step = step
            .replace("/usr/src", &at("src"))
            .replace("/var/lib/dkms", &at("dkms"))
            .replace("install_tree=/lib/modules", &format!("install_tree={}", at("modules")));
        let run = Command::new("sh")
            .args(["-c", &step])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", at("bin")))
            .env("KERNEL_VERSION", RELEASE)
            .env("RECORD", at("record"))
            .output()
            .unwrap();
        let record = fs::read(self.path("record")).unwrap_or_default();
        let record = String::from_utf8_lossy(&record).replace(&format!("{}/", self.0.path().display()), "/");
        let commands = record.lines().filter(|line| !line.ends_with(" [clean]")).map(str::to_owned).collect();
        let said = String::from_utf8_lossy(&run.stderr).replace(&format!("{}/", self.0.path().display()), "/");
        let said = said.lines().filter_map(|line| line.strip_prefix("kmodgen: ")).map(str::to_owned).collect();
        (run.status.code().unwrap(), commands, said)
    }

    /// The one make of a run that works, without the `-j` and `KERNELRELEASE` that dkms adds.
    fn make(lines: &str) -> String {
        let (code, commands, said) = Self::of(lines).run(&STEP);
        let [make] = commands.as_slice() else { panic!("{commands:?} {said:?}") };
        assert_eq!((code, said), (0, vec![]));
        let arguments = make.strip_prefix("make in build: ").unwrap();
        let added = format!(" [KERNELRELEASE={RELEASE}] ");
        arguments.split_once(&added).map_or(arguments, |(_, own)| own).to_owned()
    }
}

#[test]
fn values_mean_what_dkms_takes_them_for() {
    let default = format!("[-C] [/modules/{RELEASE}/build] [M=/dkms/d/1/build]");
    for (lines, arguments) in [
        ("", default.as_str()),
        ("MAKE='make all'", "[all]"),
        ("MAKE=\"'make' ARGS=x\"", "[ARGS=x]"),
        (
            "MAKE[0]=\"make V=$kernelver S=${kernel_source_dir##*/} T=$dkms_tree/$PACKAGE_NAME\"",
            "[V=6.1.0-9-amd64] [S=build] [T=/dkms/d]",
        ),
        ("MAKE='make V=${kernelver%%-*} N=$module-$module_version'", "[V=6.1.0] [N=d-1]"),
        ("MAKE=\"make   A='x  y'\"", "[A=x y]"),
        ("MAKE='make a'; MAKE_MATCH='^5'", &default),
        ("MAKE[0]='make a'; MAKE[1]='make b'; MAKE_MATCH[1]='^6[.]1[.]'", "[b]"),
        ("MAKE[0]='make a'; MAKE[1]='make b'", "[a]"),
        ("set -e; grep -q nothing /dev/null; popd; MAKE='make c'", "[c]"),
        ("echo noise; MAKE='make d'", "[d]"),
        ("VALUE=lost; MAKE='make V=$VALUE'", "[V=]"),
    ] {
        assert_eq!(Builder::make(lines), arguments, "{lines}");
    }
}

#[test]
fn scripts_and_patches_run_in_order_with_their_arguments() {
    let builder = Builder::of(
        "PATCH[0]=a.patch\nPATCH[1]=never.patch\nPATCH_MATCH[1]='^5'\nPRE_BUILD='configure pre  x'\nPOST_BUILD=\"configure $kernelver\"\nMAKE='make all'",
    );
    builder.write("src/kmodgen/code/patches/a.patch", "");
    let (code, commands, said) = builder.run(&step("jobs: 3"));
    let expected = [
        "patch in build: [-p1]".to_owned(),
        "configure in build: [pre] [x]".to_owned(),
        format!("make in build: [-j3] [KERNELRELEASE={RELEASE}] [all]"),
        format!("configure in build: [{RELEASE}]"),
    ];
    assert_eq!((code, commands.as_slice(), said.as_slice()), (0, &expected[..], &[][..]));
    for (lines, code, said) in [
        ("PATCH=gone.patch", 5, "dkms.conf names patches/gone.patch, which is not there"),
        (
            "PRE_BUILD='d.ko x'",
            0,
            "PRE_BUILD of dkms.conf is not run, as dkms does not either: /dkms/d/1/build/d.ko is not executable",
        ),
        ("PRE_BUILD='failing'", 0, "PRE_BUILD of dkms.conf ended with exit code 3, which dkms ignores"),
        ("MAKE=false", 10, "MAKE of dkms.conf failed: false"),
        (
            "BUILT_MODULE_NAME[1]=e; BUILT_MODULE_LOCATION[1]=sub",
            7,
            "MAKE of dkms.conf left no sub/e.ko, which BUILT_MODULE_NAME[1] names",
        ),
    ] {
        let builder = Builder::of(lines);
        builder.write("src/kmodgen/code/failing", "#!/bin/sh\nexit 3\n");
        fs::set_permissions(builder.path("src/kmodgen/code/failing"), fs::Permissions::from_mode(0o755)).unwrap();
        let (ended, _, messages) = builder.run(&STEP);
        assert_eq!((ended, messages), (code, vec![said.to_owned()]), "{lines}");
    }
}

#[test]
fn excluded_kernels_stop_with_the_reason() {
    for (lines, reason) in [
        ("BUILD_EXCLUSIVE_KERNEL='^5\\.'", "BUILD_EXCLUSIVE_KERNEL is ^5\\."),
        ("BUILD_EXCLUSIVE_KERNEL='REQUIRES CONFIG_X'", "BUILD_EXCLUSIVE_KERNEL is REQUIRES CONFIG_X"),
        ("BUILD_EXCLUSIVE_KERNEL_MIN=6.2", "BUILD_EXCLUSIVE_KERNEL_MIN is 6.2"),
        ("BUILD_EXCLUSIVE_KERNEL_MAX=5.19", "BUILD_EXCLUSIVE_KERNEL_MAX is 5.19"),
        ("BUILD_EXCLUSIVE_ARCH='^none$'", "BUILD_EXCLUSIVE_ARCH is ^none$, and this machine is "),
        (
            "BUILD_EXCLUSIVE_CONFIG='CONFIG_PCI CONFIG_X'",
            "BUILD_EXCLUSIVE_CONFIG is CONFIG_PCI CONFIG_X, and the kernel lacks CONFIG_X",
        ),
        (
            "BUILD_EXCLUSIVE_CONFIG='!CONFIG_PCI'",
            "BUILD_EXCLUSIVE_CONFIG is !CONFIG_PCI, and the kernel has CONFIG_PCI",
        ),
    ] {
        let (code, commands, said) = Builder::of(lines).run(&STEP);
        assert_eq!((code, commands.len(), said.len()), (77, 0, 1), "{lines}: {said:?}");
        assert!(said[0].starts_with(&format!("dkms.conf excludes kernel {RELEASE}: {reason}")), "{said:?}");
    }
    for lines in [
        "BUILD_EXCLUSIVE_KERNEL_MIN=5.19",
        "BUILD_EXCLUSIVE_KERNEL_MAX=6.12",
        "BUILD_EXCLUSIVE_CONFIG='CONFIG_PCI !CONFIG_X'",
    ] {
        assert_eq!(Builder::of(lines).run(&STEP).0, 0, "{lines}");
    }
}

#[test]
fn the_source_gets_what_was_built_under_its_names() {
    let builder = Builder::of(
        "MAKE='echo made > d.ko; find $dkms_tree/d/1/build $source_tree/d-1 -name dkms.conf > found'\nDEST_MODULE_NAME[0]=e",
    );
    assert_eq!(builder.run(&STEP).0, 0);
    let built = |name: &str| fs::read_to_string(builder.path(&format!("src/kmodgen/code/{name}"))).unwrap();
    assert_eq!((built("d.ko"), built("e.ko")), ("made\n".into(), "made\n".into()));
    assert_eq!(built("found").lines().count(), 2);
    assert_eq!(fs::read_link(builder.path("dkms/d/1/build")).unwrap(), builder.path("src/kmodgen/code"));
    let missing = Builder::new("PACKAGE_NAME=d\n");
    assert_eq!(missing.run(&STEP).2, ["dkms.conf must set PACKAGE_NAME and PACKAGE_VERSION"]);
    fs::rename(missing.path("src/kmodgen/code/dkms.conf"), missing.path("src/kmodgen/code/other.conf")).unwrap();
    missing.write("src/kmodgen/code/sub/dkms.conf", "");
    assert_eq!(missing.run(&STEP).2, ["there is no dkms.conf in /src/kmodgen/code; there is: ./sub/dkms.conf"]);
}

/// Texts that mean something to a shell.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        " ",
        "  ",
        "\"",
        "\\",
        "\\\"",
        "`",
        "$",
        "$(",
        ")",
        "${",
        "}",
        "$kernelver",
        "'",
        "*",
        "?",
        "~",
        "#",
        ";",
        "&",
        "|",
        "<",
        "!",
        "[",
        "]]",
        "é",
        "\n",
        "exit",
        "return",
        "done",
        "fi",
        "EOF",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random values end the step with a code of its own, without a command of which they are only a part.
    #[test]
    fn values_are_only_ever_values(pieces in prop::collection::vec(piece(), 0..6), name in prop::sample::select(vec!["BUILD_EXCLUSIVE_KERNEL", "PRE_BUILD", "PATCH", "DEST_MODULE_NAME", "MAKE_MATCH", "BUILT_MODULE_LOCATION"])) {
        let value = pieces.concat();
        let quoted = format!("'{}'", value.replace('\'', "'\\''"));
        let (code, commands, said) = Builder::of(&format!("MAKE='make all'\n{name}={quoted}")).run(&STEP);
        // bash ends with 127 at a value that is broken shell, under dkms too.
        prop_assert!([0, 5, 6, 7, 8, 77, 127].contains(&code), "{name}={quoted}: {code} {said:?}");
        prop_assert!([0, 127].contains(&code) || !said.is_empty(), "{name}={quoted}: {code}");
        prop_assert!(commands.len() <= 2, "{name}={quoted}: {commands:?}");
    }
}
