//! Runs that are killed at any moment, `kill -9` included: nothing tells them.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::chance::Chance;
use super::site::{Site, State};
use super::{scaled, survived};

/// How long a run takes that nothing disturbs: the shortest of three, as the machine may be busy.
fn duration(mut run: impl FnMut()) -> Duration {
    let mut time = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    time().min(time()).min(time())
}

/// Starts a run, and kills it after a while; says whether it was at work still.
fn kill_after(site: &Site, time: Duration) -> bool {
    let mut command = site.project.kmodgen("generate --allow-remove").command();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(time);
    let _ = child.kill();
    child.wait().unwrap().signal() == Some(9)
}

/// Kernels enough for a run that can be hit.
fn kernels() -> usize {
    scaled(5, 40)
}

/// Where nothing is yet: neither files nor a lock, with and without a record of files that went.
#[test]
fn a_first_run() {
    let site = Site::new(kernels());
    let mut chance = Chance::new();
    let mut whole = duration(|| {
        site.clear(true);
        site.project.run("generate --allow-remove").fine();
    });
    let (points, mut hit) = (scaled(5, 100), 0);
    for attempt in 0.. {
        if hit == points {
            break;
        }
        assert!(attempt < 9 * points, "only {hit} of {attempt} runs were hit");
        site.clear(attempt % 2 == 0);
        let time = whole.mul_f64(chance.fraction());
        match kill_after(&site, time) {
            true => hit += 1,
            // The machine was busier at first.
            false => whole = whole.min(time),
        }
        let during = format!("a first run of {whole:?} that was killed after {time:?}");
        site.is_between(None, State::Small, &during);
        site.completes(State::Small, &during);
    }
    survived(hit, "kills of a first run");
}

/// There with changes and additions, back with changes and removals.
#[test]
fn a_run_after_changes() {
    after_changes(&Site::new(kernels()));
}

#[test]
fn a_run_after_changes_of_bundles() {
    after_changes(&Site::of_layouts(kernels(), ["bundle"; 2]));
}

#[test]
fn a_run_after_another_layout() {
    after_changes(&Site::of_layouts(kernels(), ["files", "bundle"]));
}

#[test]
fn a_run_after_changes_of_shared_files() {
    after_changes(&Site::of_layouts(kernels(), ["shared"; 2]));
}

#[test]
fn a_run_after_files_are_shared() {
    after_changes(&Site::of_layouts(kernels(), ["files", "shared"]));
}

#[test]
fn a_run_after_files_are_not_shared_any_more() {
    after_changes(&Site::of_layouts(kernels(), ["shared", "files"]));
}

fn after_changes(site: &Site) {
    let mut chance = Chance::new();
    site.project.run("generate --allow-remove").fine();
    let mut state = State::Small;
    let mut turn = || {
        state = state.other();
        site.ask_for(state);
        state
    };
    let mut whole = duration(|| {
        turn();
        site.project.run("generate --allow-remove").fine();
    });
    let (points, mut hit) = (scaled(5, 100), [0, 0]);
    for attempt in 0.. {
        if hit.iter().all(|hit| *hit >= points) {
            break;
        }
        assert!(attempt < 9 * points, "only {hit:?} of {attempt} runs were hit");
        let new = turn();
        let time = whole.mul_f64(chance.fraction());
        match kill_after(site, time) {
            true => hit[new as usize] += 1,
            false => whole = whole.min(time),
        }
        let during = format!("a run of {whole:?} to {new:?} that was killed after {time:?}");
        site.is_between(Some(new.other()), new, &during);
        site.completes(new, &during);
    }
    let [back, there] = hit;
    survived(there, "kills of an incremental run");
    survived(back, "kills of a pruning run");
}

/// What was left over goes also where there is nothing else to do, with and without a record.
#[test]
fn what_a_killed_run_left_goes() {
    for forget in [false, true] {
        let site = Site::new(1);
        site.project.run("generate --allow-remove").fine();
        site.project.run("generate --allow-remove").fine();
        site.project.write("gitops/.kmodgen-aB3dE6/alpha/module.yaml", "half of it");
        site.project.write("gitops/.kmodgen-mine/notes", "mine\n");
        site.project.run("generate --check").fine();
        if forget {
            std::fs::remove_dir_all(site.project.cache()).unwrap();
        }
        site.project.run("generate --allow-remove").fine();
        assert!(!site.project.path("gitops/.kmodgen-aB3dE6").exists());
        assert_eq!(site.project.read("gitops/.kmodgen-mine/notes"), "mine\n");
    }
}
