//! What runs remember of each other is damaged, another's, or out of date: it is as if it were not
//! there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use super::chance::Chance;
use super::site::names;
use super::{scaled, survived};
use crate::scenario::{DEBIAN, EL9, Project};

/// A generated project whose files are known without being read.
fn known() -> Project {
    let project = Project::generated();
    settle(&project);
    project
}

/// Runs until no time is so new that a change might not show.
fn settle(project: &Project) {
    thread::sleep(Duration::from_millis(50));
    project.run("generate").fine();
}

/// The one record that there is.
fn record(project: &Project) -> PathBuf {
    let all = names(&project.cache());
    assert_eq!(all.len(), 1, "{all:?}");
    project.cache().join(&all[0])
}

/// Two ways to look.
const LOOKS: [&str; 2] = ["generate --dry-run --format json", "generate --check"];

/// What they come to without remembering anything.
fn without(project: &Project) -> [String; 2] {
    LOOKS.map(|arguments| project.kmodgen(arguments).env("KMODGEN_CACHE_DIR", "").run().to_string())
}

fn with(project: &Project) -> [String; 2] {
    LOOKS.map(|arguments| project.run(arguments).to_string())
}

/// Fails unless a run comes to the same as one that remembers nothing.
fn is_as_without(project: &Project, during: &str) {
    assert_eq!(with(project), without(project), "{during}");
}

/// Changes a character of a file in place, and no more than that. Twice is as if never.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() - 5;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A record that is cut off or wrong anywhere, and things that are no record.
#[test]
fn damaged_ones() {
    let project = known();
    let record = record(&project);
    let whole = fs::read(&record).unwrap();
    flip(&project.path("gitops/beta/module.yaml"));
    let expected = without(&project);
    assert!(expected[0].contains("\"conflicts\": 1"), "{}", expected[0]);
    let mut chance = Chance::new();
    let mut number = 0;
    let mut check = |bytes: &[u8], what: &str| {
        fs::write(&record, bytes).unwrap();
        assert_eq!(with(&project), expected, "{what}");
        number += 1;
    };
    check(&whole, "a record as it was");
    for _ in 0..scaled(5, 200) {
        let at = chance.below(whole.len());
        check(&whole[..at], &format!("a record of {at} bytes"));
        let mut wrong = whole.clone();
        wrong[at] ^= 1 << chance.below(8);
        check(&wrong, &format!("a record with byte {at} changed"));
        let mut swapped = whole.clone();
        swapped.swap(at, chance.below(whole.len()));
        check(&swapped, &format!("a record with byte {at} elsewhere"));
    }
    check(&whole.repeat(2), "a record twice");
    check(&whole.iter().chain(b"\0").copied().collect::<Vec<_>>(), "a record and a byte");
    check(&[0; 100_000], "a record of zeros");
    let newer = String::from_utf8_lossy(&whole[..16]).replace('1', "2").into_bytes();
    check(&[&newer, &whole[16..]].concat(), "a record of another form");

    let things: [(&str, &dyn Fn()); 6] = [
        ("no record", &|| {}),
        ("a folder", &|| fs::create_dir_all(record.join("x")).unwrap()),
        ("a pipe", &|| assert!(Command::new("mkfifo").arg(&record).status().unwrap().success())),
        ("a file without end", &|| fs::File::create(&record).unwrap().set_len(1 << 40).unwrap()),
        ("a device", &|| std::os::unix::fs::symlink("/dev/zero", &record).unwrap()),
        ("nothing that can be read", &|| {
            fs::write(&record, &whole).unwrap();
            fs::set_permissions(&record, fs::Permissions::from_mode(0o000)).unwrap();
        }),
    ];
    for (what, make) in things {
        let _ = if record.is_dir() { fs::remove_dir_all(&record) } else { fs::remove_file(&record) };
        make();
        assert_eq!(with(&project), expected, "{what}");
        number += 1;
    }
    flip(&project.path("gitops/beta/module.yaml"));
    project.run("generate").fine();
    survived(number, "records that were damaged");
}

/// Another project's record, and one that was copied with its project.
#[test]
fn anothers() {
    let (one, other) = (known(), known());
    fs::copy(record(&one), record(&other)).unwrap();
    flip(&other.path(&format!("gitops/alpha/{EL9}/Dockerfile")));
    is_as_without(&other, "another project's record");

    let copy = known();
    let into = record(&copy);
    copy.remove("gitops");
    let copied = Command::new("cp").arg("-a").arg(one.path("gitops")).arg(copy.path("gitops")).status().unwrap();
    assert!(copied.success());
    fs::copy(record(&one), &into).unwrap();
    is_as_without(&copy, "a copy of a project with its record");
    flip(&copy.path("gitops/alpha/module.yaml"));
    is_as_without(&copy, "a copy that was edited");
}

/// Ways in which files come to be as they were, or nearly so.
#[test]
fn of_files_that_were_put_back() {
    let project = known();
    let at = |path: &str| project.path("gitops").join(path);
    let dockerfile = format!("alpha/{EL9}/Dockerfile");
    let [file, other] = [dockerfile.as_str(), "alpha/module.yaml"].map(at);
    let (folder, moved) = (at("alpha"), project.outside().join("moved"));
    let release = at(&format!("alpha/{EL9}"));
    let copy = |from: &Path, to: &Path| {
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    };
    let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let set_time = |path: &Path, time: SystemTime| {
        fs::OpenOptions::new().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    let ways: [(&str, &dyn Fn()); 14] = [
        ("a copy of it", &|| {
            copy(&file, &moved);
            fs::rename(&moved, &file).unwrap();
        }),
        ("an edit of a copy", &|| {
            copy(&file, &moved);
            flip(&moved);
            set_time(&moved, time(&file));
            fs::rename(&moved, &file).unwrap();
        }),
        ("an edit with its time set back", &|| {
            let before = time(&file);
            flip(&file);
            set_time(&file, before);
        }),
        ("an edit of the time", &|| set_time(&file, SystemTime::now() - Duration::from_secs(1000))),
        ("a time to come", &|| set_time(&file, SystemTime::now() + Duration::from_secs(1000))),
        ("two files that changed places", &|| {
            fs::rename(&file, &moved).unwrap();
            fs::rename(&other, &file).unwrap();
            fs::rename(&moved, &other).unwrap();
        }),
        ("a folder that was away", &|| {
            fs::rename(&folder, &moved).unwrap();
            fs::rename(&moved, &folder).unwrap();
        }),
        ("a copy of a folder", &|| {
            copy(&folder, &moved);
            fs::remove_dir_all(&folder).unwrap();
            fs::rename(&moved, &folder).unwrap();
        }),
        ("a link to a copy of a kernel's folder", &|| {
            copy(&release, &moved);
            fs::remove_dir_all(&release).unwrap();
            std::os::unix::fs::symlink(&moved, &release).unwrap();
        }),
        ("a link to a kernel's own folder", &|| {
            fs::rename(&release, &moved).unwrap();
            std::os::unix::fs::symlink(&moved, &release).unwrap();
        }),
        ("a link to a module's own folder", &|| {
            fs::rename(&folder, &moved).unwrap();
            std::os::unix::fs::symlink(&moved, &folder).unwrap();
        }),
        ("a link to a file itself", &|| {
            fs::rename(&file, &moved).unwrap();
            std::os::unix::fs::symlink(&moved, &file).unwrap();
        }),
        ("a second name for a file", &|| fs::hard_link(&file, &moved).unwrap()),
        ("two kernels that changed places", &|| {
            let second = at(&format!("alpha/{DEBIAN}"));
            fs::rename(&release, &moved).unwrap();
            fs::rename(&second, &release).unwrap();
            fs::rename(&moved, &second).unwrap();
        }),
    ];
    for (what, way) in ways {
        for (path, changes) in [("kmodgen.yaml", false), ("kmodgen.yaml", true)] {
            way();
            if changes {
                // Another part of the manifest changes, so that this one is remembered.
                project.edit(path, "moduleName: beta,", "moduleName: beta, parameters: [a=1],");
            }
            is_as_without(&project, what);
            settle_differing(&project);
            is_as_without(&project, what);
            if changes {
                project.edit(path, "moduleName: beta, parameters: [a=1],", "moduleName: beta,");
            }
            for path in [&folder, &moved] {
                if path.is_symlink() || path.is_file() {
                    fs::remove_file(path).unwrap();
                } else if path.exists() {
                    fs::remove_dir_all(path).unwrap();
                }
            }
            project.run("generate --force").fine();
            settle(&project);
        }
    }
    survived(2 * ways.len(), "ways to put files back");
}

/// Runs again when times are old enough, whatever it comes to.
fn settle_differing(project: &Project) {
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(50));
        let _ = project.run("generate");
    }
}

/// Someone edits files while the manifest changes: what was drafted as if nobody had goes again, and
/// the run comes to what one without a record comes to.
#[test]
fn of_files_that_were_edited_before_the_manifest_changed() {
    let [one, other] = [known(), known()];
    let run = |project: &Project, cache: &str| {
        flip(&project.path(&format!("gitops/alpha/{EL9}/Dockerfile")));
        project.remove(&format!("gitops/beta/{DEBIAN}/configmap.yaml"));
        project.edit("kmodgen.yaml", "moduleName: beta,", "moduleName: beta, parameters: [a=1],");
        let run = project.kmodgen("generate").env("KMODGEN_CACHE_DIR", cache).run().differs();
        (run.shows("1 created").shows("1 conflict").unhashed(), names(&project.path("gitops")))
    };
    let cache = one.cache();
    assert_eq!(run(&one, cache.to_str().unwrap()), run(&other, ""));
    assert_eq!(one.output().since(&other.output()), Vec::<String>::new());
}

/// Files of ours that turn up where nobody asks for them are seen, whatever was there before.
#[test]
fn of_folders_in_which_something_turned_up() {
    let project = known();
    let ours = project.read(&format!("gitops/alpha/{EL9}/Dockerfile"));
    let module = project.read("gitops/beta/module.yaml");
    let foreign = "mine\n";
    project.write("gitops/mine/module.yaml", foreign);
    project.write("gitops/mine/sub/notes", foreign);
    project.write("gitops/alpha/5.0.0-1.x86_64/notes", foreign);
    project.write("gitops/alpha/5.0.0-2.x86_64/Dockerfile", foreign);
    for (path, text) in [
        ("gitops/alpha/5.0.0-1.x86_64/Dockerfile", &ours),
        ("gitops/alpha/5.0.0-2.x86_64/Dockerfile", &ours),
        ("gitops/alpha/5.0.0-3.x86_64/configmap.yaml", &ours),
        ("gitops/mine/module.yaml", &module),
        ("gitops/mine/sub/Dockerfile", &ours),
        ("gitops/third/kustomization.yaml", &ours),
    ] {
        settle(&project);
        settle(&project);
        // Written into, where it was there before.
        project.write(path, text);
        is_as_without(&project, path);
        // A Module that the manifest does not have loses all its kernels.
        project.run("generate --allow-remove").fine().shows("1 removed");
        assert!(!project.path(path).exists(), "{path}");
    }
}

/// An edit right after a run, of the same size, and perhaps in the same tick of the clock by
/// which files are changed. And one while a run is at work that has nothing to do with the file.
#[test]
fn of_files_that_are_edited_at_once() {
    let project = Project::generated();
    let files = ["gitops/alpha/module.yaml", "gitops/kustomization.yaml", &format!("gitops/beta/{EL9}/Dockerfile")]
        .map(|path| project.path(path));
    let mut chance = Chance::new();
    let rounds = scaled(12, 300);
    for round in 0..rounds {
        let file = &files[chance.below(files.len())];
        let before = fs::metadata(file).unwrap().modified().unwrap();
        match chance.below(4) {
            0 => {}
            1 => drop(project.run("generate").fine().shows("17 unchanged")),
            2 => {
                fs::remove_file(file).unwrap();
                project.run("generate").fine().shows("1 created");
            }
            _ => thread::sleep(Duration::from_millis(chance.below(30) as u64)),
        }
        let back = fs::metadata(file).unwrap().modified().unwrap().min(before);
        if chance.below(2) == 0 {
            flip(file);
        } else {
            let mut child = project.kmodgen("generate -j 1").command();
            let mut child =
                child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_micros(chance.below(20_000) as u64));
            flip(file);
            child.wait().unwrap();
        }
        if chance.below(3) == 0 {
            fs::OpenOptions::new().write(true).open(file).unwrap().set_modified(back).unwrap();
        }
        let during = format!("round {round}: {}", file.display());
        let run = project.run("generate");
        assert!(run.stderr.contains("edited by hand"), "{during}\n{run}");
        let run = project.run("generate --check");
        assert!(run.stderr.contains("edited by hand"), "{during}\n{run}");
        flip(file);
        project.run("generate --check").fine();
    }
    survived(rounds, "edits right after a run or during it");
}
