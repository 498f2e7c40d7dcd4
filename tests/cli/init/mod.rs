//! `init`: a first manifest from a repository, which the other commands accept as it is.

mod commands;
mod hostile;
mod layouts;
mod questions;

use std::path::Path;
use std::process::Command;

use crate::git_servers::world::World;
use crate::scenario::{Invocation, Project, Run};

/// Nodes with three kernels of OpenShift.
const NODES: &str = r#"{"kind": "List", "items": [
  {"kind": "Node", "metadata": {"name": "worker-0"}, "status": {"nodeInfo": {"architecture": "amd64",
    "kernelVersion": "5.14.0-427.28.1.el9_4.x86_64", "osImage": "Red Hat Enterprise Linux CoreOS 416.94.202407081958-0"}}},
  {"kind": "Node", "metadata": {"name": "worker-1"}, "status": {"nodeInfo": {"architecture": "amd64",
    "kernelVersion": "5.14.0-427.81.1.el9_4.x86_64+rt", "osImage": "Red Hat Enterprise Linux CoreOS 416.94.202501030250-0"}}},
  {"kind": "Node", "metadata": {"name": "worker-2"}, "status": {"nodeInfo": {"architecture": "amd64",
    "kernelVersion": "5.14.0-570.45.1.el9_6.x86_64", "osImage": "Red Hat Enterprise Linux CoreOS 9.6.20251015-1"}}}
]}"#;

/// An empty folder to run in, and a world with repositories.
struct Newcomer {
    project: Project,
    world: World,
}

impl Newcomer {
    fn new() -> Self {
        Self { project: Project::empty(), world: World::new() }
    }

    /// One with the repository `driver`, which has these files and the tags `v1.0` and `v1.1`.
    fn with(files: &[(&str, &str)]) -> Self {
        let newcomer = Self::new();
        for (path, text) in files {
            let path = newcomer.world.path("driver").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        newcomer.commits("driver");
        newcomer
    }

    /// One with a repository that has the files of a folder of e2e/layouts.
    fn with_layout(name: &str) -> Self {
        let newcomer = Self::new();
        let layout = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/layouts").join(name);
        let copied = Command::new("cp").arg("-R").arg(layout).arg(newcomer.world.path(name)).status();
        assert!(copied.unwrap().success());
        newcomer.commits(name);
        newcomer
    }

    fn commits(&self, name: &str) {
        self.world.git("", &["init", "-q", "-b", "main", name]);
        self.world.git(name, &["add", "-A"]);
        self.world.commit(name, "first");
        for tag in ["v1.0", "v1.1", "v2.0-rc1"] {
            self.world.git(name, &["tag", tag]);
        }
    }

    /// A run in the world's environment.
    fn invocation(&self, arguments: &str) -> Invocation {
        let run = self.project.kmodgen(arguments);
        self.world.variables().iter().fold(run, |run, (name, value)| run.env(name, value))
    }

    fn run(&self, arguments: &str) -> Run {
        self.invocation(arguments).run()
    }

    /// Runs `init` on a repository of the world.
    fn init(&self, name: &str, arguments: &str) -> Run {
        self.run(&format!("init {} {arguments}", self.world.file_url(name)))
    }

    /// A text of a run, with paths of the world as `[world]`.
    fn plain(&self, text: &str) -> String {
        text.replace(&*self.world.path("").to_string_lossy(), "[world]/")
    }

    /// Output and files of `init`.
    fn shown(&self, run: &Run) -> String {
        self.plain(&format!("{run}\n--- kmodgen.yaml\n{}", self.project.read("kmodgen.yaml")))
    }
}
