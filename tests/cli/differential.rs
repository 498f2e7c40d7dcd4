//! A run that has a cache does what one without does: the same files, messages, stamp and depfile
//! after each of a sequence of edits. `KMODGEN_BEFORE` names another program, which has to do the same too.

mod edits;

use std::path::PathBuf;

use self::edits::{Change, State};
use crate::faults::chance::Chance;
use crate::faults::{scaled, survived};
use crate::scenario::{Project, Run};

/// A project of its own for each way to run.
struct Way {
    name: &'static str,
    project: Project,
    program: Option<PathBuf>,
    /// True if a run finds what the one before left in the cache.
    remembers: bool,
}

impl Way {
    fn all() -> Vec<Self> {
        let way = |name, program, remembers| Self { name, project: Project::empty(), program, remembers };
        let mut all = vec![way("with a cache", None, true), way("without a cache", None, false)];
        if let Some(program) = std::env::var_os("KMODGEN_BEFORE") {
            all.push(way("before, with a cache", Some(PathBuf::from(program)), true));
        }
        all
    }

    fn run(&self, arguments: &str) -> Run {
        if !self.remembers && self.project.cache().exists() {
            std::fs::remove_dir_all(self.project.cache()).unwrap();
        }
        let invocation = self.project.kmodgen(arguments);
        match &self.program {
            Some(program) => invocation.program(program).run(),
            None => invocation.run(),
        }
    }
}

/// Arguments of a run, such as someone would give.
fn arguments(chance: &mut Chance) -> String {
    let mut arguments = String::from("generate --offline");
    let options = [
        ("--allow-remove", 2),
        ("--force", 6),
        ("--explain", 4),
        ("--diff", 6),
        ("--format json", 3),
        ("-j 1", 3),
        ("--locked", 6),
    ];
    for (option, share) in options {
        if chance.below(share) == 0 {
            arguments = format!("{arguments} {option}");
        }
    }
    let last = match chance.below(12) {
        0 => " --check",
        1 => " --dry-run",
        2 => " --only alpha",
        3 => " --only .*rt",
        4..8 => " --stamp built/stamp --depfile built/stamp.d",
        _ => "",
    };
    arguments + last
}

fn sequence(clusters: bool, layout: Option<&'static str>) {
    let mut chance = Chance::new();
    let ways = Way::all();
    let mut state = State::new(clusters, layout);
    ways.iter().for_each(|way| state.write(&way.project));
    let mut log = Vec::new();
    let (turns, mut succeeded) = (scaled(12, 400), 0);
    for _ in 0..turns {
        // A run that nothing was changed before is the one for which the cache is made.
        for _ in 0..chance.below(3) {
            let (change, line) = Change::choose(&mut state, &ways[0].project, &mut chance);
            ways.iter().for_each(|way| change.apply(&state, &way.project));
            log.push(line);
        }
        let arguments = arguments(&mut chance);
        let runs: Vec<Run> = ways.iter().map(|way| way.run(&arguments)).collect();
        log.push(format!("{arguments}: exit code {}", runs[0].code));
        succeeded += usize::from(runs[0].code < 2);
        let expected = (runs[0].to_string(), ways[0].project.tree());
        for (way, run) in ways.iter().zip(&runs).skip(1) {
            let during = format!("{}, not {}, after\n{}", way.name, ways[0].name, log.join("\n"));
            assert_eq!(run.to_string(), expected.0, "{during}");
            let mut differing = way.project.tree().since(&expected.1);
            // A cache keeps templates in the depfile whose module is gone; it lacks none.
            let names_more = |path: &str| {
                let [more, all] = [&ways[0], way].map(|way| way.project.read(path));
                all.lines().all(|line| more.contains(line.trim_end_matches(" \\")))
            };
            differing.retain(|path| path != "~ built/stamp.d" || !names_more("built/stamp.d"));
            assert_eq!(differing, Vec::<String>::new(), "{during}");
        }
    }
    assert!(succeeded * 20 > turns, "only {succeeded} of {turns} runs had no error:\n{}", log.join("\n"));
    survived(succeeded, "runs with and without a cache");
}

#[test]
fn of_one_folder() {
    sequence(false, None);
}

#[test]
fn of_bundles() {
    sequence(false, Some("bundle"));
}

#[test]
fn of_bundles_of_clusters() {
    sequence(true, Some("bundle"));
}

#[test]
fn of_shared_files() {
    sequence(true, Some("shared"));
}

#[test]
fn of_clusters() {
    sequence(true, None);
}
