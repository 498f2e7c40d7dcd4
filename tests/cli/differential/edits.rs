//! Edits of a project, applied alike to several copies of it.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::faults::chance::Chance;
use crate::scenario::{Project, commit_id};

const RELEASES: [&str; 5] = [
    "5.14.0-427.28.1.el9_4.x86_64",
    "5.14.0-427.81.1.el9_4.x86_64+rt",
    "5.14.0-503.11.1.el9_5.x86_64",
    "6.12.107+deb12-cloud-amd64",
    "6.8.0-51-generic",
];

/// Numbers that appear in inputs. Each input that has one changes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Runtime,
    Variable,
    Selector,
    Version,
    Commit,
    Template,
    Patch,
    Label,
    Nodes,
}

const NUMBERS: [Number; 9] = [
    Number::Runtime,
    Number::Variable,
    Number::Selector,
    Number::Version,
    Number::Commit,
    Number::Template,
    Number::Patch,
    Number::Label,
    Number::Nodes,
];

/// Files that are read if they are there.
const OPTIONAL: [&str; 3] = ["templates/extra", "kernels.yaml", "patches/fix.patch"];

/// Inputs of a project.
pub(super) struct State {
    kernels: [bool; RELEASES.len()],
    modules: [bool; 3],
    /// Of the optional files.
    absent: [bool; OPTIONAL.len()],
    numbers: [usize; NUMBERS.len()],
    /// True if the manifest has an error.
    is_wrong: bool,
    clusters: bool,
    /// `None` if it is the default and stays.
    layout: Option<&'static str>,
}

impl State {
    pub(super) fn new(clusters: bool, layout: Option<&'static str>) -> Self {
        Self {
            kernels: [true; RELEASES.len()],
            modules: [true; 3],
            absent: [false; OPTIONAL.len()],
            numbers: [0; NUMBERS.len()],
            is_wrong: false,
            clusters,
            layout,
        }
    }

    fn number(&self, number: Number) -> usize {
        self.numbers[number as usize]
    }

    /// Writes the files whose texts differ, so that the others keep their times.
    pub(super) fn write(&self, project: &Project) {
        let inputs = [
            ("kmodgen.yaml", Some(self.manifest())),
            ("kmodgen.lock", Some(self.lock())),
            ("kernels.yaml", Some(self.kernels())),
            ("templates/own", Some(self.template())),
            ("templates/extra", Some("LABEL extra=1\n".to_owned())),
            ("patches/fix.patch", Some(self.patch())),
        ];
        for (path, text) in inputs {
            let text = text.filter(|_| !OPTIONAL.iter().zip(self.absent).any(|(name, absent)| *name == path && absent));
            let there = fs::read_to_string(project.path(path)).ok();
            match text {
                Some(text) if there.as_ref() != Some(&text) => project.write(path, text),
                None if there.is_some() => project.remove(path),
                _ => {}
            }
        }
    }

    fn manifest(&self) -> String {
        let modules = [
            format!(
                "  - name: alpha
    source: driver
    kmods: [alpha]
    image: registry.example.com/kmods/alpha
    version: 'v{}'
    template: templates/own
    steps: [{{make: {{vars: {{DEBUG: '{}'}}}}}}]
    moduleSpec: {{selector: {{a: 's{}'}}}}
",
                self.number(Number::Version),
                self.number(Number::Variable),
                self.number(Number::Selector),
            ),
            "  - name: beta
    source: tools
    kmods: [beta, beta_core]
    image: registry.example.com/kmods/beta
    when: {kernelVersion: '<6.10'}
    overrides: [{when: {flavour: rt}, packages: {builder: [bc]}}]
    moduleSpec:
      selector: {a: ''}
      moduleLoader: {container: {modprobe: {moduleName: beta, modulesLoadingOrder: [beta, beta_core]}}}
    additionalModules:
      - name: beta-b
        moduleSpec: {selector: {b: ''}, moduleLoader: {container: {modprobe: {moduleName: beta_core}}}}
"
            .to_owned(),
            "  - name: ready
    prebuilt: 'registry.example.com/ready:1-${KERNEL_FULL_VERSION}'
    moduleSpec: {selector: {a: ''}, moduleLoader: {container: {modprobe: {moduleName: m}}}}
"
            .to_owned(),
        ];
        let modules: String =
            modules.iter().zip(self.modules).filter(|(_, chosen)| *chosen).map(|(text, _)| &**text).collect();
        let clusters = "clusters:
  east: {namespace: east}
  west: {image: registry.west.example.com/kmods, unless: {kernel: ['6[.]8.*']}}
";
        format!(
            "apiVersion: kmodgen/v1
namespace: drivers
sources:
  driver: {{git: 'https://git.example.com/driver.git', ref: main, patches: [patches/fix.patch]}}
  tools: {{git: 'https://git.example.com/tools.git', ref: '{}'}}
baseImages: {{builder: 'registry.example.com/builder:1', runtime: 'registry.example.com/runtime:{}', pin: false}}
kernels: [{{file: kernels.yaml}}]
modules:
{modules}{}{}{}",
            commit_id('2'),
            self.number(Number::Runtime),
            if self.clusters { clusters } else { "" },
            if self.is_wrong { "unknown: 1\n" } else { "" },
            self.layout.map(|layout| format!("output: {{layout: {layout}}}\n")).unwrap_or_default(),
        )
    }

    fn kernels(&self) -> String {
        let (label, nodes) = (self.number(Number::Label), self.number(Number::Nodes));
        let kernel = |(release, chosen): (&&str, bool)| {
            chosen.then(|| format!("  - {{release: '{release}', labels: {{site: 's{label}'}}, nodes: {nodes}}}\n"))
        };
        let kernels: String = RELEASES.iter().zip(self.kernels).filter_map(kernel).collect();
        format!("apiVersion: kmodgen/v1\nkernels:\n{kernels}")
    }

    fn template(&self) -> String {
        let number = self.number(Number::Template);
        format!(
            "{{% extends 'kmodgen/kernel-devel' %}}{{% block labels %}}LABEL a={number}\n\
             {{% include 'templates/extra' ignore missing %}}{{% endblock %}}"
        )
    }

    fn patch(&self) -> String {
        format!("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new {}\n", self.number(Number::Patch))
    }

    fn lock(&self) -> String {
        let digit = char::from_digit(u32::try_from(self.number(Number::Commit) % 10).unwrap(), 10).unwrap();
        format!(
            "# Written by `kmodgen lock` and `kmodgen update`. Commit it beside the manifest.
version: 2
templates: 1
sources:
  - git: \"https://git.example.com/driver.git\"
    ref: \"main\"
    commit: \"{}\"
",
            commit_id(digit),
        )
    }
}

/// One edit.
#[derive(Debug)]
pub(super) enum Change {
    /// Of inputs, which the state has by now.
    Inputs,
    /// A line at the end of a generated file.
    Append(String),
    Remove(String),
    /// A folder in the place of a file.
    Folder(String),
    /// A link in the place of a file.
    Link(String),
    /// Other line ends.
    CarriageReturns(String),
    /// The same bytes, written again.
    Rewrite(String),
    /// Another time, so many seconds from now, or from long ago.
    Time(String, i32),
    /// A file that kmodgen did not write.
    Strange(String),
}

impl Change {
    /// Chooses an edit, with a line for the log; one of inputs is made in `state`.
    pub(super) fn choose(state: &mut State, project: &Project, chance: &mut Chance) -> (Self, String) {
        let tree = project.output();
        let paths = tree.paths();
        let path = |chance: &mut Chance| match paths.len() {
            0 => "module.yaml".to_owned(),
            number => format!("gitops/{}", paths[chance.below(number)]),
        };
        let change = match chance.below(20) {
            0 => Self::Append(path(chance)),
            1 => Self::Remove(path(chance)),
            2 => Self::Folder(path(chance)),
            3 => Self::Link(path(chance)),
            4 => Self::CarriageReturns(path(chance)),
            5 => Self::Rewrite(path(chance)),
            6 => Self::Time(path(chance), [-100, 0, 100][chance.below(3)]),
            7 => {
                let inputs = ["kmodgen.yaml", "kmodgen.lock", "kernels.yaml", "templates/own", "patches/fix.patch"];
                Self::Time(inputs[chance.below(inputs.len())].to_owned(), [-100, 0, 100][chance.below(3)])
            }
            8 => Self::Strange(format!("{}.orig", path(chance))),
            9 => match path(chance).rsplit_once('/') {
                Some((folder, _)) if folder != "gitops" => Self::Remove(folder.to_owned()),
                _ => Self::Remove("gitops".to_owned()),
            },
            _ => return (Self::Inputs, state.change(chance)),
        };
        let line = format!("{change:?}");
        (change, line)
    }

    /// Makes the edit in a project.
    pub(super) fn apply(&self, state: &State, project: &Project) {
        let read = |path: &str| fs::read(project.path(path)).ok();
        match self {
            Self::Inputs => state.write(project),
            Self::Append(path) => {
                if let Some(text) = read(path) {
                    project.write(path, [&text[..], b"# mine\n"].concat());
                }
            }
            Self::Remove(path) => remove(project, path),
            Self::Folder(path) => {
                remove(project, path);
                project.write(&format!("{path}/inside"), "mine\n");
            }
            Self::Link(path) => {
                remove(project, path);
                if project.path(path).parent().is_some_and(std::path::Path::is_dir) {
                    project.link(path, "/nonexistent");
                }
            }
            Self::CarriageReturns(path) => {
                if let Some(text) = read(path) {
                    project.write(path, String::from_utf8_lossy(&text).replace('\n', "\r\n"));
                }
            }
            Self::Rewrite(path) => {
                if let Some(text) = read(path) {
                    project.write(path, text);
                }
            }
            Self::Time(path, seconds) => {
                let distance = Duration::from_secs(seconds.unsigned_abs().into());
                let now = SystemTime::now();
                let time = if *seconds < 0 { now - distance } else { now + distance };
                if let Ok(file) = fs::OpenOptions::new().write(true).open(project.path(path)) {
                    file.set_modified(time).unwrap();
                }
            }
            Self::Strange(path) => {
                if project.path(path).parent().is_some_and(std::path::Path::is_dir) {
                    project.write(path, "kind: Secret\n");
                }
            }
        }
    }
}

impl State {
    /// Changes one input, and returns a line for the log. An error lasts until the next change.
    fn change(&mut self, chance: &mut Chance) -> String {
        (self.absent, self.is_wrong) = ([false; OPTIONAL.len()], false);
        if let (Some(layout), 0) = (&mut self.layout, chance.below(6)) {
            *layout = if *layout == "files" { "bundle" } else { "files" };
            return format!("layout {layout}");
        }
        match chance.below(10) {
            0 | 1 => {
                let at = chance.below(RELEASES.len());
                self.kernels[at] = !self.kernels[at];
                format!("kernel {}: {}", RELEASES[at], self.kernels[at])
            }
            2 => {
                let at = chance.below(self.modules.len());
                self.modules[at] = !self.modules[at];
                format!("module {at}: {}", self.modules[at])
            }
            3 => {
                let at = chance.below(OPTIONAL.len());
                self.absent[at] = true;
                format!("no {}", OPTIONAL[at])
            }
            4 => {
                self.is_wrong = true;
                "an error in the manifest".to_owned()
            }
            _ => {
                let number = NUMBERS[chance.below(NUMBERS.len())];
                self.numbers[number as usize] += 1;
                format!("{number:?} {}", self.number(number))
            }
        }
    }
}

/// Removes what is there, of any kind.
fn remove(project: &Project, path: &str) {
    let path = project.path(path);
    let Ok(metadata) = path.symlink_metadata() else { return };
    if metadata.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
}
