//! The programs that KMM runs in the image: found by name as a shell finds them, and able to run.

use std::collections::BTreeSet;

use crate::elf::{Architecture, ElfError, Program};
use crate::facts::Facts;
use crate::root::{File, Node, Root, join};
use crate::{Contract, Image, Report, Target, shown};

/// Returns the programs that a version of KMM runs. KMM 1 loads with the image's `modprobe`, by `sh`,
/// and keeps the container with `sleep`; of KMM 2 the pull Pod runs `sh`, and the worker's init
/// container `mkdir` and `cp`.
fn programs(contract: Contract) -> &'static [&'static str] {
    match contract {
        Contract::Any => &["modprobe", "sleep", "sh", "mkdir", "cp"],
        Contract::Kmm1 => &["modprobe", "sleep", "sh"],
        Contract::Kmm2 => &["sh", "mkdir", "cp"],
    }
}

/// PATH that engines set if the configuration has none (containers/common, moby: `DefaultPathEnv`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Folders that dynamic loaders search by default (ld.so(8), and Debian's and musl's own).
const LIBRARIES: [&str; 6] = ["lib64", "usr/lib64", "lib", "usr/lib", "usr/local/lib", "usr/local/lib64"];

/// Scripts run by scripts: Linux follows four levels (kernel, fs/exec.c, `exec_binprm`).
const DEEPEST: usize = 4;

/// Largest number of folders searched for a library, and of libraries read for a program.
const MOST: usize = 512;

/// Checks the programs.
pub(crate) fn check(image: &Image, target: Option<&Target>, contract: Contract, report: &mut Report) {
    let search = image.search_path.as_deref().unwrap_or(DEFAULT_PATH);
    let folders: Vec<&str> = search.split(':').filter(|folder| folder.starts_with('/')).collect();
    let runner = Runner { root: &image.root, target, folders: library_folders(&image.root) };
    let mut told = BTreeSet::new();
    for program in programs(contract) {
        match find(&image.root, &folders, program) {
            Ok(path) => {
                if *program == "modprobe" && is_busybox(&image.root, &path) {
                    report.find(
                        "program",
                        &path,
                        "is what `modprobe` runs, but it is busybox, whose modprobe cannot load from /opt: it has no option `-d`",
                        help(program),
                    );
                }
                // Programs of one file, such as busybox, fail for one reason.
                if let Err(why) = runner.can_run(&path, 0)
                    && told.insert(path.clone())
                {
                    report.find(
                        "program",
                        &path,
                        format!("is what `{program}` runs, but {why}"),
                        "install its package in the last stage, for the nodes' architecture",
                    );
                }
            }
            Err(why) => {
                let path = folders.last().map_or("", |folder| folder.trim_matches('/'));
                report.find(
                    "program",
                    &join(path, program),
                    format!("is required, but no `{program}` in PATH can run{why}"),
                    help(program),
                );
            }
        }
    }
}

/// Returns whether a program is busybox, whatever its name.
fn is_busybox(root: &Root, path: &str) -> bool {
    let Some(Node::File(file)) = root.get(path) else { return false };
    matches!(file.facts.as_ref(), Facts::Program(Ok(Program { busybox: true, .. })))
}

fn help(program: &str) -> &'static str {
    match program {
        "modprobe" => "install kmod in the last stage (`microdnf install -y kmod`)",
        _ => "base the last stage on an image with a shell and coreutils, such as ubi-minimal",
    }
}

/// The file that a name runs: the first in PATH that is a file and executable, as execvp(3) does.
fn find(root: &Root, folders: &[&str], program: &str) -> Result<String, NotFound> {
    let mut first = NotFound::Absent;
    for folder in folders {
        let Ok(real_folder) = root.resolve(folder) else { continue };
        let path = join(&real_folder, program);
        if root.get(&path).is_none() {
            continue;
        }
        let problem = match root.resolve(&path) {
            Ok(real) => match root.get(&real) {
                Some(Node::File(file)) if file.is_executable() => return Ok(real),
                Some(Node::File(_)) => "is not executable".to_owned(),
                _ => "is not a file".to_owned(),
            },
            Err(unresolved) => format!("is a broken link: {unresolved}"),
        };
        if matches!(first, NotFound::Absent) {
            first = NotFound::Unusable { path: format!("{folder}/{program}"), problem };
        }
    }
    Err(first)
}

/// Reason why no program of a name is found, as the end of a message.
#[derive(Debug, thiserror::Error)]
enum NotFound {
    #[error("")]
    Absent,
    /// The first file of this name cannot be run.
    #[error("{}", shown(&format!(": {path} {problem}")))]
    Unusable { path: String, problem: String },
}

/// Reason why a program cannot run, completing "and …".
#[derive(Debug, thiserror::Error)]
enum CannotRun {
    #[error("it is not a file")]
    NoFile,
    #[error("it {0}")]
    NoProgram(ElfError),
    /// The file was not read, for this reason.
    #[error("it {0}")]
    Unread(String),
    #[error("it is a script whose interpreter is a script of a script")]
    Scripts,
    #[error("it is a script for {}, which is not in the image", shown(.0))]
    Interpreter(String),
    #[error("it is empty")]
    Empty,
    #[error("it is neither an ELF program nor a script with `#!`")]
    Unknown,
    #[error("it is for {is} instead of {wanted}")]
    Architecture { is: Architecture, wanted: Architecture },
    #[error("its loader {} is not in the image", shown(.0))]
    Loader(String),
    #[error("it needs {}, which is not in the image or not for {architecture}", shown(library))]
    Library { library: String, architecture: Architecture },
}

/// Judges whether programs can run.
struct Runner<'r> {
    root: &'r Root,
    target: Option<&'r Target>,
    /// Folders that are searched for libraries.
    folders: Vec<String>,
}

impl Runner<'_> {
    /// Checks that a file can run.
    fn can_run(&self, path: &str, depth: usize) -> Result<(), CannotRun> {
        let Some(Node::File(file)) = self.root.get(path) else { return Err(CannotRun::NoFile) };
        match file.facts.as_ref() {
            Facts::Program(Ok(program)) => self.can_load(path, program),
            Facts::Program(Err(error)) => Err(CannotRun::NoProgram(error.clone())),
            Facts::Unread(why) => Err(CannotRun::Unread(why.clone())),
            Facts::Script(_) if depth == DEEPEST => Err(CannotRun::Scripts),
            Facts::Script(interpreter) => {
                let real = self.file(interpreter).ok_or_else(|| CannotRun::Interpreter(interpreter.clone()))?;
                self.can_run(&real, depth + 1)
            }
            _ if file.size == 0 => Err(CannotRun::Empty),
            _ => Err(CannotRun::Unknown),
        }
    }

    /// Checks that the loader finds all libraries, and those all theirs.
    fn can_load(&self, path: &str, program: &Program) -> Result<(), CannotRun> {
        let wanted = self.target.map(|target| target.architecture);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != program.architecture) {
            return Err(CannotRun::Architecture { is: program.architecture, wanted });
        }
        if let Some(interpreter) = &program.interpreter
            && self.file(interpreter).is_none()
        {
            return Err(CannotRun::Loader(interpreter.clone()));
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut ahead = vec![(path.to_owned(), program)];
        while let Some((path, program)) = ahead.pop() {
            for library in &program.needed {
                let found = self.library(library, &path, program);
                let found = found.ok_or_else(|| CannotRun::Library {
                    library: library.clone(),
                    architecture: program.architecture,
                })?;
                if let Some((real, library)) = found
                    && seen.len() < MOST
                    && seen.insert(real.clone())
                {
                    ahead.push((real, library));
                }
            }
        }
        Ok(())
    }

    /// The library of a name; `Some(None)` where it is there, and not looked into.
    fn library<'r>(&'r self, name: &str, path: &str, program: &Program) -> Option<Option<(String, &'r Program)>> {
        let origin = format!("/{}", path.rsplit_once('/').map_or("", |(folder, _)| folder));
        let own = program.run_path.iter().flat_map(|paths| paths.split(':'));
        let own = own.map(|folder| folder.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin));
        let candidates: Vec<String> = if name.contains('/') {
            vec![name.to_owned()]
        } else {
            own.chain(self.folders.iter().cloned()).map(|folder| format!("{folder}/{name}")).collect()
        };
        candidates.iter().find_map(|candidate| {
            let real = self.file(candidate)?;
            let Some(Node::File(file)) = self.root.get(&real) else { return None };
            match file.facts.as_ref() {
                Facts::Program(Ok(library)) => {
                    // Loaders pass over libraries of another architecture.
                    (library.architecture == program.architecture).then_some(Some((real, library)))
                }
                // A library that is not executable and has an odd name is there all the same.
                _ => Some(None),
            }
        })
    }

    fn file(&self, path: &str) -> Option<String> {
        let real = self.root.resolve(path).ok()?;
        matches!(self.root.get(&real), Some(Node::File(File { size: 1.., .. }))).then_some(real)
    }
}

/// Returns the folders that the image's dynamic loader searches: the usual folders, those of one
/// architecture in them (Debian's `/lib/x86_64-linux-gnu`), and those that the loader's
/// configuration adds.
fn library_folders(root: &Root) -> Vec<String> {
    let mut folders: Vec<String> = LIBRARIES.iter().map(|folder| (*folder).to_owned()).collect();
    for folder in ["lib", "usr/lib"].iter().filter_map(|folder| root.resolve(folder).ok()) {
        let of_architecture = root.children(&folder).map(|(name, _)| name).filter(|name| name.contains("-linux-"));
        folders.extend(of_architecture.map(|name| join(&folder, name)));
    }

    let mut files = vec!["etc/ld.so.conf".to_owned()];
    for folder in ["etc/ld.so.conf.d", "etc"] {
        let names = root
            .children(folder)
            .map(|(name, _)| name)
            .filter(|name| folder.ends_with(".d") || (name.starts_with("ld-musl-") && name.ends_with(".path")));
        files.extend(names.map(|name| join(folder, name)));
    }
    for file in files {
        let Some(Facts::Text(text)) = root.file(&file).map(|file| file.facts.as_ref()) else { continue };
        let text = String::from_utf8_lossy(text);
        let lines = text.split(['\n', ':']).map(str::trim).filter(|line| line.starts_with('/'));
        folders.extend(lines.map(str::to_owned));
    }
    folders.truncate(MOST);
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileKind;
    use crate::testing::{Tree, program_file};
    use crate::{Expected, Image, check};

    fn program(machine: u16, interpreter: Option<&str>, needed: &[&str]) -> Facts {
        Facts::of(FileKind::Program, "", program_file(machine, interpreter, needed))
    }

    /// usrmerge, a static busybox for all but one program.
    fn tree() -> Tree {
        let tree = Tree::new().link("bin", "usr/bin").file("usr/bin/busybox", 0o755, program(62, None, &[]));
        let names = ["modprobe", "sleep", "mkdir", "cp"];
        names.iter().fold(tree, |tree, name| tree.link(&format!("usr/bin/{name}"), "/bin/busybox"))
    }

    fn find(tree: Tree, search_path: Option<&str>) -> Vec<String> {
        find_for(Contract::Any, tree, search_path)
    }

    fn find_for(contract: Contract, tree: Tree, search_path: Option<&str>) -> Vec<String> {
        let image = Image {
            root: tree.root(),
            search_path: search_path.map(str::to_owned),
            architecture: Some("amd64".into()),
            ..Image::default()
        };
        let mut findings = check(&image, &Expected { contract, ..Expected::default() }).findings;
        findings.retain(|finding| finding.code == "program");
        findings.into_iter().map(|finding| format!("{}: {}", finding.path, finding.message)).collect()
    }

    fn sh(facts: Facts) -> Tree {
        tree().file("usr/bin/sh", 0o755, facts)
    }

    #[test]
    fn programs_are_found_and_run() {
        assert!(find(sh(program(62, None, &[])), None).is_empty());
        let dynamic = sh(program(62, Some("/lib64/ld.so"), &["libc.so.6", "libx.so"]));
        let whole = dynamic
            .clone()
            .file("lib64/ld.so", 0o755, Facts::Plain)
            .file("usr/lib/x86_64-linux-gnu/libc.so.6", 0o755, program(62, None, &[]))
            .text("etc/ld.so.conf.d/x.conf", "# own\n/srv/x\n")
            .file("srv/x/libx.so", 0o644, program(62, None, &["libdeep.so"]));
        assert!(find(whole.clone().file("lib/libdeep.so", 0o644, Facts::Plain), None).is_empty());
        assert!(find(whole, None).join("\n").contains("it needs libdeep.so"));
        for (tree, said) in [
            (tree(), "/bin/sh: is required, but no `sh` in PATH can run"),
            (dynamic, "its loader /lib64/ld.so is not in the image"),
            (sh(program(183, None, &[])), "it is for aarch64 instead of x86_64"),
            (sh(Facts::Script("/bin/perl".into())), "it is a script for /bin/perl, which is not in the image"),
            (sh(Facts::Script("/bin/sh".into())), "a script of a script"),
            (sh(Facts::Plain), "neither an ELF program nor a script"),
            (tree().file("bin/sh", 0o644, program(62, None, &[])), "/usr/bin/sh"),
            (tree().link("usr/bin/sh", "/usr/bin/dash"), "is a broken link: there is no /usr/bin/dash"),
        ] {
            let found = find(tree, None);
            assert!(found.len() == 1 || said == "/usr/bin/sh", "{found:#?}");
            assert!(found.join("\n").contains(said), "{said}: {found:#?}");
        }
        let elsewhere = sh(program(62, None, &[]));
        assert_eq!(find(elsewhere.clone(), Some("/opt/bin:relative")).len(), 5);
        assert!(find(elsewhere, Some("/nowhere:/usr/bin")).is_empty());
        assert_eq!(find(Tree::new(), None).len(), 5);
    }

    #[test]
    fn each_kmm_runs_programs_of_its_own() {
        for (contract, programs) in [
            (Contract::Any, &["modprobe", "sleep", "sh", "mkdir", "cp"][..]),
            (Contract::Kmm1, &["modprobe", "sleep", "sh"]),
            (Contract::Kmm2, &["sh", "mkdir", "cp"]),
        ] {
            let found = find_for(contract, Tree::new(), Some("/bin"));
            let missing: Vec<&str> = found.iter().map(|text| text.split([':', '/']).nth(2).unwrap()).collect();
            assert_eq!(missing, programs);
        }
    }

    #[test]
    fn busybox_is_everything_but_modprobe() {
        let busybox = [program_file(62, None, &[]), b"BusyBox v1.36.1 (2024)".to_vec()].concat();
        let busybox = Facts::of(FileKind::Program, "", busybox);
        let tree = tree().file("usr/bin/busybox", 0o755, busybox).link("usr/bin/sh", "busybox");
        let found = find(tree.clone(), None);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("/usr/bin/busybox: is what `modprobe` runs, but it is busybox"), "{found:?}");
        assert!(find_for(Contract::Kmm2, tree.clone(), None).is_empty());
        let kmod = tree.file("usr/sbin/modprobe", 0o755, program(62, None, &[]));
        assert!(find(kmod, None).is_empty());
    }
}
