//! Images made by hand: real modules, real programs of this machine, and every form of archive.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::scenario::{CPU_SECONDS, Run};

/// The kernel that the images are for, on this machine's architecture.
pub(crate) fn release() -> String {
    format!("5.14.0-1.el9.{}", std::env::consts::ARCH)
}

/// Where its modules are.
pub(crate) fn modules() -> String {
    format!("opt/lib/modules/{}", release())
}

/// What a module for it says, as a C string.
pub(crate) fn info(depends: &str) -> String {
    format!("vermagic={} SMP mod_unload\\0depends={depends}", release())
}

/// A root file system in the making.
#[derive(Debug)]
pub(crate) struct Root(TempDir);

impl Root {
    /// Nothing.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// All that the contract asks for: two modules, one of which needs the other, depmod's files,
    /// and programs of this machine with their libraries, in a merged /usr.
    pub(crate) fn good() -> Self {
        let root = Self::empty().programs();
        root.module("extra/kmm_a.ko", &(info("kmm-b") + "\\0softdep=pre: kmm-b"));
        root.module("extra/kmm-b.ko", &info(""));
        root.depmod("extra/kmm_a.ko: extra/kmm-b.ko\nextra/kmm-b.ko:\n");
        root
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn text(&self) -> &str {
        self.path().to_str().unwrap()
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    /// The real path of a program's or library's file below the root.
    pub(crate) fn find(&self, name: &str) -> String {
        let mut ahead = vec![self.path().to_owned()];
        while let Some(folder) = ahead.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    ahead.push(entry.path());
                } else if entry.file_name().to_str().unwrap().starts_with(name) {
                    return entry.path().strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                }
            }
        }
        panic!("there is no {name}");
    }

    /// Compiles a module; `info` is a C string of fields. `kmm_a` uses what `kmm-b` exports, which
    /// is how depmod, unlike modinfo, tells that one needs the other.
    pub(crate) fn module(&self, path: &str, info: &str) {
        self.module_with(
            path,
            info,
            match path.rsplit('/').next() {
                Some("kmm_a.ko") => "extern int of_b; int *use = &of_b;",
                Some("kmm-b.ko") => r#"int of_b; IN("__ksymtab_strings") static const char name[] = "of_b";"#,
                _ => "",
            },
        );
    }

    /// Compiles a module with these definitions.
    pub(crate) fn module_with(&self, path: &str, info: &str, symbols: &str) {
        let path = self.write(&format!("{}/{path}", modules()), "");
        let source = path.with_extension("c");
        let section = "#define IN(name) __attribute__((section(name), used))\n";
        let module = "IN(\".gnu.linkonce.this_module\") static const char module[64];";
        let code = format!("{section}IN(\".modinfo\") static const char info[] = \"{info}\";\n{module}\n{symbols}\n");
        fs::write(&source, code).unwrap();
        let compiled = Command::new("cc").arg("-c").arg(&source).arg("-o").arg(&path).status().unwrap();
        assert!(compiled.success());
        fs::remove_file(source).unwrap();
    }

    /// Runs depmod; writes what it would where this machine has none.
    pub(crate) fn depmod(&self, lists: &str) {
        let mut depmod = Command::new("depmod");
        depmod.env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").arg("-b").arg(self.path().join("opt")).arg(release());
        let run = depmod.output();
        if run.is_ok_and(|output| output.status.success()) {
            return;
        }
        self.write(&format!("{}/modules.dep", modules()), lists);
        self.write(&format!("{}/modules.softdep", modules()), "softdep kmm_a pre: kmm-b\n");
        for name in ["alias", "symbols"] {
            self.write(&format!("{}/modules.{name}.bin", modules()), index(&[]));
        }
        let named = |line: &str| {
            let file = line.split(':').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            file.trim_end_matches(".ko").replace('-', "_")
        };
        let lines: Vec<(String, &str)> = lists.lines().map(|line| (named(line), line)).collect();
        self.write(&format!("{}/modules.dep.bin", modules()), index(&lines));
    }

    fn programs(self) -> Self {
        for folder in ["bin", "sbin", "lib", "lib64"] {
            fs::create_dir_all(self.path().join("usr").join(folder)).unwrap();
            self.link(folder, &format!("usr/{folder}"));
        }
        for program in ["sleep", "sh", "mkdir", "cp"] {
            self.program(&format!("/bin/{program}"), &format!("usr/bin/{program}"));
        }
        // modprobe is kmod by another name; this machine may lack it.
        let kmod = ["/bin/kmod", "/usr/bin/kmod", "/bin/sleep"].into_iter().find(|path| Path::new(path).is_file());
        self.program(kmod.unwrap(), "usr/bin/kmod");
        self.link("usr/sbin/modprobe", "/bin/kmod");
        self
    }

    /// Copies a program of this machine, with its libraries.
    fn program(&self, from: &str, to: &str) {
        fs::copy(from, self.path().join(to)).unwrap();
        let libraries = Command::new("ldd").arg(from).output().unwrap();
        for word in String::from_utf8_lossy(&libraries.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
            let to = self.path().join(word.trim_start_matches('/'));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(word, to).unwrap();
        }
    }

    /// All of it as one layer.
    pub(crate) fn layer(&self) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        tar.follow_symlinks(false);
        tar.append_dir_all(".", self.path()).unwrap();
        tar.into_inner().unwrap()
    }
}

/// An index as depmod writes it, of a value for each name, with a node for each letter.
pub(crate) fn index(values: &[(String, &str)]) -> Vec<u8> {
    fn node(bytes: &mut Vec<u8>, values: &[(&[u8], &str)]) -> u32 {
        let mut below: BTreeMap<u8, Vec<(&[u8], &str)>> = BTreeMap::new();
        for (name, value) in values.iter().filter(|(name, _)| !name.is_empty()) {
            below.entry(name[0]).or_default().push((&name[1..], value));
        }
        let below: BTreeMap<u8, u32> = below.iter().map(|(letter, values)| (*letter, node(bytes, values))).collect();
        let mut at = u32::try_from(bytes.len()).unwrap();
        if let (Some(first), Some(last)) = (below.keys().next(), below.keys().last()) {
            at |= 0x2000_0000;
            bytes.extend([*first, *last]);
            (*first..=*last).for_each(|letter| bytes.extend(below.get(&letter).unwrap_or(&0).to_be_bytes()));
        }
        if let Some((_, value)) = values.iter().find(|(name, _)| name.is_empty()) {
            at |= 0x4000_0000;
            bytes.extend([&[0, 0, 0, 1, 0, 0, 0, 7], value.as_bytes(), b"\0"].concat());
        }
        at
    }
    let mut bytes = b"\xb0\x07\xf4\x57\0\x02\0\x01\0\0\0\0".to_vec();
    let root = node(&mut bytes, &values.iter().map(|(name, value)| (name.as_bytes(), *value)).collect::<Vec<_>>());
    bytes[8..12].copy_from_slice(&root.to_be_bytes());
    bytes
}

/// What signing appends to a module: a message in the form of PKCS#7 by nobody, its length, and the mark.
pub(crate) fn signature() -> Vec<u8> {
    let der = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let signer = der(0x31, &der(0x30, b"signer"));
    let signed = [der(0x02, &[1]), der(0x31, &[]), der(0x30, &[]), signer].concat();
    let kind = der(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]);
    let message = der(0x30, &[kind, der(0xa0, &der(0x30, &signed))].concat());
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&message, &[0, 0, 2, 0, 0, 0, 0, 0][..], &length, b"~Module signature appended~\n"].concat()
}

/// A layer of small programs.
pub(crate) fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    layer_of(0o755, files)
}

/// A layer of small files with this mode.
pub(crate) fn layer_of(mode: u32, files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Packs as kernels are packed.
pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    xz_with("crc32", bytes)
}

/// Packs with this check.
pub(crate) fn xz_with(check: &str, bytes: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let mut xz = Command::new("xz");
    let xz = xz.arg(format!("--check={check}")).args(["--lzma2=dict=1MiB", "-c"]).arg(file.path()).output().unwrap();
    assert!(xz.status.success());
    xz.stdout
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// This machine's architecture, as images name it.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The files of an OCI layout with one image.
pub(crate) fn layout(layers: &[Vec<u8>], configuration: Value) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut blob = |bytes: Vec<u8>| {
        let descriptor = json!({"digest": format!("sha256:{}", digest(&bytes)), "size": bytes.len()});
        files.insert(format!("blobs/sha256/{}", digest(&bytes)), bytes);
        descriptor
    };
    let layers: Vec<Value> = layers.iter().map(|layer| blob(layer.clone())).collect();
    let config = blob(configuration.to_string().into());
    let manifest = blob(json!({"schemaVersion": 2, "config": config, "layers": layers}).to_string().into());
    files.insert("index.json".into(), json!({"schemaVersion": 2, "manifests": [manifest]}).to_string().into());
    files.insert("oci-layout".into(), r#"{"imageLayoutVersion": "1.0.0"}"#.into());
    files
}

/// The files of `docker save`.
pub(crate) fn saved(layers: &[Vec<u8>], configuration: Value) -> BTreeMap<String, Vec<u8>> {
    let names: Vec<String> = (0..layers.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest = json!([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": names}]);
    let mut files: BTreeMap<String, Vec<u8>> = names.into_iter().zip(layers.iter().cloned()).collect();
    files.insert("config.json".into(), configuration.to_string().into());
    files.insert("manifest.json".into(), manifest.to_string().into());
    files
}

/// A configuration with a PATH.
pub(crate) fn configuration() -> Value {
    json!({"architecture": architecture(), "os": "linux", "config": {"Env": ["A=b", "PATH=/usr/sbin:/bin"]}})
}

/// A tar file of files.
pub(crate) fn archive(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Runs `kmodgen verify`; the exit code, what it printed and what it said.
pub(crate) fn verify(arguments: &[&str], path: Option<&str>) -> (i32, String, String) {
    let mut command = kmodgen();
    command.args(arguments);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let Run { code, stdout, stderr, .. } =
        Run::of(&mut command, format!("kmodgen verify {}", arguments.join(" ")), Path::new("/nothing"));
    (code, stdout, stderr)
}

/// `kmodgen verify`, within its limits of memory and processor time.
pub(crate) fn kmodgen() -> Command {
    let mut command = Command::new("/bin/sh");
    command.args([
        "-c",
        &format!("ulimit -v {MEMORY}; ulimit -t {CPU_SECONDS}; exec \"$0\" \"$@\""),
        env!("CARGO_BIN_EXE_kmodgen"),
        "verify",
    ]);
    command
}

/// The address space that a run may have, in KiB: more than a module that is read, and xz's dictionary.
const MEMORY: u32 = 450_000;

/// The exit code, findings and notes of a run, as `code path`.
pub(crate) fn found(arguments: &[&str]) -> (i32, Vec<String>, Vec<String>) {
    let (code, out, error) = verify(&[arguments, &["--format", "json"]].concat(), None);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
    let list = |name: &str| {
        let all = report[name].as_array().unwrap().iter();
        all.map(|one| format!("{} {}", one["code"].as_str().unwrap(), one["path"].as_str().unwrap())).collect()
    };
    (code, list("findings"), list("notes"))
}
