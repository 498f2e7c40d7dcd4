//! A module is one unit: whatever is edited, selected, forced or killed, each ConfigMap that a Module
//! names is there, in the output folder and on the branch.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::faults::chance::Chance;
use crate::faults::scaled;
use crate::publishing::Fleet;
use crate::scenario::{Project, Run, Tree};

const RELEASES: [&str; 4] =
    ["5.14.0-427.28.1.el9_4.x86_64", "5.14.0-503.11.1.el9_5.x86_64", "6.12.107+deb12-cloud-amd64", "6.8.0-51-generic"];

/// Builds and has ordered upgrades, has two Modules on one image, is another's image, is for a hub.
const MODULES: [(&str, &str); 4] = [
    ("plain", "kmods: [plain], image: registry.example.com/plain, version: '1', moduleSpec: {selector: {a: ''}}"),
    (
        "both",
        "kmods: [both], image: registry.example.com/both, moduleSpec: {selector: {a: '', c: '1'}}, additionalModules: [{name: both-b, moduleSpec: {selector: {b: '', c: '2'}}}]",
    ),
    (
        "ready",
        "prebuilt: 'registry.example.com/ready:1-${KERNEL_FULL_VERSION}', moduleSpec: {selector: {a: ''}, moduleLoader: {container: {modprobe: {moduleName: m}}}}",
    ),
    (
        "far",
        "kmods: [far], image: registry.example.com/far, moduleSpec: {selector: {a: ''}}, hub: {spokeNamespace: spokes, selector: {x: ''}}",
    ),
];

/// What the manifest says.
struct Wish {
    kernels: Vec<bool>,
    modules: Vec<bool>,
    /// A number in all Dockerfiles, in all Modules, and the version of one.
    numbers: [usize; 3],
    clusters: bool,
}

impl Wish {
    fn new(clusters: bool) -> Self {
        Self { kernels: vec![true; RELEASES.len()], modules: vec![true; MODULES.len()], numbers: [0; 3], clusters }
    }

    /// Changes something.
    fn change(&mut self, chance: &mut Chance) {
        match chance.below(4) {
            0 => flip(&mut self.kernels, chance),
            1 => flip(&mut self.modules, chance),
            _ => self.numbers[chance.below(3)] += 1,
        }
    }

    fn manifest(&self) -> String {
        let [base, label, version] = self.numbers;
        let chosen = |flags: &[bool], at: usize| flags[at];
        let kernels: Vec<&str> =
            (0..RELEASES.len()).filter(|at| chosen(&self.kernels, *at)).map(|at| RELEASES[at]).collect();
        let modules = (0..MODULES.len()).filter(|at| chosen(&self.modules, *at)).map(|at| {
            let (name, rest) = MODULES[at];
            let rest = rest
                .replace("version: '1'", &format!("version: '{version}'"))
                .replace("{a: ''}", &format!("{{a: '{label}'}}"));
            let builds = if rest.starts_with("prebuilt") { "" } else { "source: driver, " };
            format!("  - {{name: {name}, {builds}{rest}}}\n")
        });
        let clusters = "clusters:\n  east: {namespace: east}\n  west: {unless: {kernel: ['6[.]8.*']}}\n";
        format!(
            "apiVersion: kmodgen/v1\nnamespace: drivers\nsources: {{driver: {{path: src}}}}\n\
             baseImages: {{builder: 'registry.example.com/builder:1', runtime: 'registry.example.com/runtime:{base}', pin: false}}\nkernels: [{}]\nmodules:\n{}{}",
            kernels.join(", "),
            modules.collect::<String>(),
            if self.clusters { clusters } else { "" },
        )
    }
}

/// Turns one of several on or off, never the last off.
fn flip(flags: &mut [bool], chance: &mut Chance) {
    let at = chance.below(flags.len());
    flags[at] = !flags[at] || flags.iter().filter(|flag| **flag).count() == 1;
}

/// Flags of a run, such as someone would say.
fn flags(chance: &mut Chance) -> String {
    let mut flags = String::new();
    for (flag, share) in [("--force", 4), ("--allow-remove", 2)] {
        if chance.below(share) == 0 {
            flags += &format!(" {flag}");
        }
    }
    flags
}

fn only(chance: &mut Chance) -> String {
    let module = MODULES[chance.below(MODULES.len())].0;
    let release = RELEASES[chance.below(RELEASES.len())];
    match chance.below(6) {
        0 => format!(" --only {module}"),
        1 => format!(" --only {module}/{release}"),
        2 => format!(" --only {release}"),
        _ => String::new(),
    }
}

/// Edits a generated file by hand, but for the names in it.
fn edit(tree: &Tree, chance: &mut Chance) -> Option<String> {
    let paths = tree.paths();
    (!paths.is_empty()).then(|| paths[chance.below(paths.len())].to_owned())
}

fn is_whole(tree: &Tree, during: &str) {
    assert_eq!(tree.dangling(), Vec::<String>::new(), "{during}");
    let listed = tree.files().filter(|(path, _)| path.ends_with("kustomization.yaml") && !path.starts_with('.'));
    for (path, text) in listed {
        let folder = path.strip_suffix("kustomization.yaml").unwrap();
        let text = String::from_utf8_lossy(text).into_owned();
        for name in text.lines().filter_map(|line| line.strip_prefix("- \"")?.strip_suffix('"')) {
            let at = format!("{folder}{name}");
            let there = tree.file(&at).is_some() || tree.file(&format!("{at}/kustomization.yaml")).is_some();
            assert!(there, "{path} lists `{name}`: {during}");
        }
    }
}

fn ended(run: &Run, during: &str) {
    // 2 is for `--only` with what the manifest has not.
    assert!(run.code < 2 || run.stderr.contains("--only"), "{during}\n{run}");
}

fn sequence(clusters: bool) {
    let mut chance = Chance::new();
    let project = Project::empty().with("src/Makefile", "obj-m := driver.o\n");
    let mut wish = Wish::new(clusters);
    let mut log = Vec::new();
    for _ in 0..scaled(20, 2000) {
        match chance.below(5) {
            0..=2 => wish.change(&mut chance),
            3 => {
                if let Some(path) = edit(&project.output(), &mut chance) {
                    log.push(format!("edit {path}"));
                    project.append(&format!("gitops/{path}"), "# mine\n");
                }
            }
            _ => {}
        }
        project.write("kmodgen.yaml", wish.manifest());
        let arguments = format!("generate{}{}", flags(&mut chance), only(&mut chance));
        let kill = chance.below(4) == 0;
        log.push(format!("{arguments}{}", if kill { ", killed" } else { "" }));
        let during = log.join("\n");
        if kill {
            let mut command = project.kmodgen(&arguments).command();
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_secs(1).mul_f64(chance.fraction() / 50.0));
            let _ = child.kill();
            child.wait().unwrap();
        } else {
            ended(&project.run(&arguments), &during);
            is_whole(&project.output(), &during);
        }
        assert_eq!(project.output().dangling(), Vec::<String>::new(), "{during}");
    }
    wish.numbers[2] += 1;
    project.write("kmodgen.yaml", wish.manifest());
    project.run("generate --force --allow-remove").fine();
    project.run("generate --check").fine();
    is_whole(&project.output(), &log.join("\n"));
}

#[test]
fn of_a_folder() {
    sequence(false);
}

#[test]
fn of_clusters() {
    sequence(true);
}

#[test]
fn of_a_branch() {
    let mut chance = Chance::new();
    let fleet = Fleet::new();
    fleet.project.write("src/Makefile", "obj-m := driver.o\n");
    let mut wish = Wish::new(false);
    let mut log = Vec::new();
    for turn in 0..scaled(5, 400) {
        if turn > 0 && chance.below(2) == 0 {
            let path = edit(&fleet.tree("main", "clusters/prod"), &mut chance).unwrap();
            log.push(format!("edit {path}"));
            fleet.commit("main", &format!("echo '# mine' >> 'clusters/prod/{path}'"));
        } else {
            wish.change(&mut chance);
        }
        fleet.project.write("kmodgen.yaml", wish.manifest());
        let arguments = flags(&mut chance);
        log.push(format!("publish{arguments}"));
        let during = log.join("\n");
        ended(&fleet.publish(&arguments), &during);
        is_whole(&fleet.tree("main", "clusters/prod"), &during);
    }
}

/// An edited Module stays, and so do the ConfigMaps that it names.
#[test]
fn an_edited_module_on_a_branch_keeps_its_config_maps() {
    let fleet = Fleet::published();
    fleet.commit("main", "echo '# mine' >> clusters/prod/alpha/module.yaml");
    fleet.project.edit("kmodgen.yaml", "ubi-minimal:9.4", "ubi-minimal:9.5");
    let before = fleet.tree("main", "clusters/prod");
    fleet.publish("").differs().says("skipped module `alpha`: `alpha/module.yaml` is a conflict");
    let after = fleet.tree("main", "clusters/prod");
    assert!(after.since(&before).iter().all(|change| change.starts_with("~ beta/")), "{:?}", after.since(&before));
    is_whole(&after, "");
    fleet.publish("--force").fine();
    is_whole(&fleet.tree("main", "clusters/prod"), "");
}
