//! Many runs at once in one folder, with a manifest that changes under them.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kmodgen::render::configmap::joined;

use super::chance::Chance;
use super::site::{Site, State};
use super::{scaled, survived};

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(scaled(4, 30) as u64)
}

/// Reads all files below a folder that others write to, and gives their paths and bytes.
fn read_all(folder: &Path, below: &str, into: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{below}/{name}");
        if name.starts_with('.') {
            continue;
        }
        match fs::read(entry.path()) {
            Ok(bytes) => into.push((path, bytes)),
            Err(_) => read_all(&entry.path(), &path, into),
        }
    }
}

/// Looks at the output until `end`: every file has to be that of one of the states, or have a ConfigMap
/// beside the one that replaces it. Returns how many files were read.
fn watch(site: &Site, end: Instant) -> usize {
    let mut number = 0;
    while Instant::now() < end {
        let mut files = Vec::new();
        read_all(&site.project.path("gitops"), "gitops", &mut files);
        number += files.len();
        for (path, bytes) in files {
            let [small, large] = [State::Small, State::Large].map(|state| site.tree(state).file(&path));
            let is_known = [small, large].contains(&Some(&*bytes)) || is_joined(&bytes, small, large);
            assert!(is_known, "{path} is torn:\n{}", String::from_utf8_lossy(&bytes));
        }
    }
    number
}

/// Returns whether a file has the ConfigMap of one state before that of the other.
fn is_joined(bytes: &[u8], small: Option<&[u8]>, large: Option<&[u8]>) -> bool {
    let (Some(small), Some(large)) = (small, large) else { return false };
    let large_text = str::from_utf8(large).unwrap();
    let small_text = str::from_utf8(small).unwrap();
    let both = [joined(small, large_text), joined(large, small_text)];
    both.iter().flatten().any(|text| text.as_bytes() == bytes)
}

/// Whatever runs are about when the manifest changes for the last time, a run that starts then
/// leaves the output as that manifest says: none that read an older one undoes it.
#[test]
fn eight_at_once() {
    let site = Site::new(scaled(1, 8));
    let (runs, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut chance = Chance::new();
    let end = deadline();
    while Instant::now() < end {
        let round = Instant::now() + Duration::from_millis(900);
        let last = if chance.below(2) == 0 { State::Small } else { State::Large };
        thread::scope(|scope| {
            for number in 0..7 {
                let (site, runs) = (&site, &runs);
                scope.spawn(move || {
                    while Instant::now() < round {
                        let jobs = number % 3 + 1;
                        site.project.run(&format!("generate --allow-remove -j {jobs}")).fine();
                        runs.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            scope.spawn(|| read.fetch_add(watch(&site, round), Ordering::Relaxed));
            let mut state = last;
            while Instant::now() < round - Duration::from_millis(100) {
                state = state.other();
                site.ask_for(state);
                thread::sleep(Duration::from_millis(chance.below(120) as u64));
            }
            thread::sleep(round.saturating_duration_since(Instant::now()));
            site.ask_for(last);
            site.project.run("generate --allow-remove").fine();
        });
        site.is_at(last, "after eight runs at once");
    }
    site.project.run("generate --check").fine();
    let (runs, read) = (runs.into_inner(), read.into_inner());
    survived(runs, &format!("runs at once, {read} files read meanwhile"));
}

/// Who only looks is never in the way, and never in trouble, whatever comes and goes.
#[test]
fn readers_beside_a_writer() {
    let site = Site::new(scaled(1, 8));
    site.project.run("generate --allow-remove").fine();
    let looks = AtomicUsize::new(0);
    let end = deadline();
    thread::scope(|scope| {
        for arguments in ["generate --check", "generate --dry-run --diff", "plan", "plan --format json"] {
            let (site, looks) = (&site, &looks);
            scope.spawn(move || {
                while Instant::now() < end {
                    let run = site.project.run(arguments);
                    assert!(!run.stderr.contains("error"), "{run}");
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| watch(&site, end));
        let mut state = State::Small;
        while Instant::now() < end {
            state = state.other();
            site.ask_for(state);
            site.project.run("generate --allow-remove").fine();
        }
        site.is_at(state, "after a writer among readers");
    });
    survived(looks.into_inner(), "looks beside a writer");
}
