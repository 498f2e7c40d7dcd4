//! Publishers that race, and runs that are killed: no update is lost, and the repository is valid.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::Fleet;
use crate::faults::chance::Chance;
use crate::faults::{scaled, survived};
use crate::git_servers::world::World;

/// A generation of a publisher's: the runtime image that it asks for.
fn ask(fleet: &Fleet, generation: usize) {
    let text = fleet.project.read("kmodgen.yaml");
    let line = text.lines().find(|line| line.contains("runtime:")).unwrap().to_owned();
    fleet.project.write(
        "kmodgen.yaml",
        text.replace(&line, &format!("  runtime: registry.example.com/ubi:{generation}@sha256:{}", "c".repeat(64))),
    );
}

/// Every commit is on top of the one before it, each has the generations of both that were newest
/// then, and neither ever goes back.
#[test]
#[ignore = "needs python3"]
fn two_publishers() {
    let world = World::new();
    world.git("", &["init", "-q", "--bare", "-b", "main", "fleet.git"]);
    let (_server, port) = world.serve_http(&["--auth", "me:right"]);
    world.log_in("me", "right");
    let rounds = scaled(4, 50);
    thread::scope(|scope| {
        for path in ["a", "b"] {
            let world = &world;
            scope.spawn(move || {
                let fleet = Fleet::new();
                for generation in 1..=rounds {
                    ask(&fleet, generation);
                    let url = format!("http://127.0.0.1:{port}/fleet.git");
                    let run =
                        fleet.invocation(&format!("--repo {url} --push --path {path} --message {path}={generation}"));
                    let run = world.variables().iter().fold(run, |run, (name, value)| run.env(name, value));
                    run.run().fine();
                }
            });
        }
    });
    world.git("fleet.git", &["fsck", "--strict", "--full"]);
    let log = world.git("fleet.git", &["log", "--reverse", "--first-parent", "--format=%H %s", "main"]);
    assert_eq!(log.lines().count(), 2 * rounds, "every generation is a commit of its own:\n{log}");
    let mut newest = [0; 2];
    for line in log.lines() {
        let (commit, subject) = line.split_once(' ').unwrap();
        let (path, generation) = subject.split_once('=').unwrap();
        let generation: usize = generation.parse().unwrap();
        let at = usize::from(path == "b");
        assert_eq!(generation, newest[at] + 1, "{line}");
        newest[at] = generation;
        for (path, generation) in ["a", "b"].iter().zip(newest).filter(|(_, generation)| *generation > 0) {
            let file = format!("{commit}:{path}/alpha/6.12.107+deb12-cloud-amd64/Dockerfile");
            let text = world.git("fleet.git", &["show", &file]);
            assert!(text.contains(&format!("FROM registry.example.com/ubi:{generation}@")), "{line}: {path} went back");
        }
    }
    survived(2 * rounds, "publications that raced");
}

/// Publishers of one folder: the last one's is there in the end.
#[test]
fn one_folder_for_many() {
    let fleet = Fleet::published();
    let rounds = scaled(2, 25);
    thread::scope(|scope| {
        for publisher in 0..3 {
            let repository = fleet.project.path("fleet.git").display().to_string();
            scope.spawn(move || {
                let own = Fleet::new();
                for round in 0..rounds {
                    ask(&own, 100 * (publisher + 1) + round);
                    own.publish(&format!("--repo {repository}")).fine();
                }
            });
        }
    });
    fleet.is_sound();
    ask(&fleet, 7);
    fleet.publish("").fine();
    fleet.publish("--check").fine();
    survived(3 * rounds, "publications to one folder");
}

/// A run that has to wait publishes what the manifest says when its turn comes.
#[test]
#[ignore = "needs flock"]
fn who_waits_reads_again() {
    let fleet = Fleet::published();
    let line = "flock fleet.git sh -c 'touch held; while [ ! -e go ]; do sleep 0.01; done'";
    let mut shell = std::process::Command::new("sh");
    let mut holder = shell.args(["-c", line]).current_dir(fleet.project.path("")).spawn().unwrap();
    fleet.project.waits_for("held");
    ask(&fleet, 1);
    let mut waiting = fleet.invocation("").command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("waiting for another run")));
    ask(&fleet, 2);
    fleet.project.write("go", "");
    assert!(waiting.wait().unwrap().success() && holder.wait().unwrap().success());
    let file = "main:clusters/prod/alpha/6.12.107+deb12-cloud-amd64/Dockerfile";
    assert!(fleet.git("fleet.git", &["show", file]).contains("FROM registry.example.com/ubi:2@"));
}

fn whole(fleet: &Fleet) -> Duration {
    let time = |generation| {
        ask(fleet, generation);
        let start = Instant::now();
        fleet.publish("").fine();
        start.elapsed()
    };
    time(1).min(time(2)).min(time(3))
}

/// Whenever a run is killed, the branch is the old one or the new one, the repository is valid, and
/// the next run completes.
#[test]
fn runs_that_are_killed() {
    let fleet = Fleet::new();
    // Both ways of writing objects: few, and a pack.
    for kernels in [0, 40] {
        let more: String = (0..kernels).map(|number| format!("  - 6.1.{number}-1-amd64\n")).collect();
        fleet.project.edit("kmodgen.yaml", "modules:\n", &format!("{more}modules:\n"));
        let mut whole = whole(&fleet);
        let mut chance = Chance::new();
        let (points, mut hit) = (scaled(4, 100), 0);
        for attempt in 0.. {
            if hit == points {
                break;
            }
            assert!(attempt < 9 * points, "only {hit} of {attempt} runs were hit");
            let before = fleet.commits("main");
            ask(&fleet, 10 + attempt + 1000 * kernels);
            let time = whole.mul_f64(chance.fraction() * 1.1);
            let mut child = fleet.invocation("").command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(time);
            let _ = child.kill();
            match child.wait().unwrap().code() {
                None => hit += 1,
                // The machine was busier at first.
                Some(_) => whole = whole.min(time),
            }
            fleet.is_sound();
            let after = fleet.commits("main");
            assert!(after == before || after == before + 1, "killed after {time:?}");
            fleet.publish("").fine();
            assert_eq!(fleet.commits("main"), before + 1, "killed after {time:?}");
            fleet.publish("--check").fine();
            let left = fleet.git("fleet.git", &["count-objects", "-v"]);
            assert!(left.contains("garbage: 0"), "killed after {time:?}: {left}");
        }
        survived(hit, "kills of a publication");
    }
    fleet.is_sound();
}
