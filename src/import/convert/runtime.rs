//! Instructions of the last stage.

use dockerfile_reader::{Command, Instruction, Variables};

use super::draft::{Draft, Fate};
use super::files::StageKind;
use super::folder::{below, is_of_kernel};
use super::shell_values::Values;
use crate::manifest::ImagePlace;
use crate::vocabulary::is_kmod_file;

impl Draft {
    /// Reads a command of the last stage; `None` if it has to stay.
    pub(super) fn runtime_command(&mut self, values: &Values<'_, '_>, pipeline: &[&Command<'_>]) -> Option<Fate> {
        let [command] = pipeline else { return None };
        self.file_command(values, command, StageKind::Runtime)
    }

    /// Reads a COPY from the builder; `None` if it has to stay.
    pub(super) fn runtime_copy(
        &mut self,
        number: usize,
        copy: &Instruction<'_>,
        variables: &Variables<'_>,
    ) -> Option<Fate> {
        let mut paths = Vec::new();
        for word in copy.words() {
            let expansion = variables.expand(number, word).ok()?;
            if !expansion.undeclared.is_empty() || !expansion.unset.is_empty() {
                return None;
            }
            paths.push(expansion.value);
        }
        let to = paths.pop()?;
        if !paths.is_empty() && paths.iter().all(|path| is_kmod_file(path)) {
            return Some(self.copied_kmods(paths.iter().map(String::as_str), &to));
        }
        if paths.iter().all(|path| is_of_result(path.trim_end_matches('/'))) {
            if paths.iter().any(|path| is_whole_tree(path)) {
                self.links_in_tree = true;
                return Some(Fate::Field("modules[0].install.linkInTree".to_owned()));
            }
            for path in &paths {
                self.placed(&format!("{path}/"));
            }
            return Some(Fate::Done("copies the kmods that the build checked"));
        }
        self.copied_files(&paths, &to)
    }

    /// Reads a copy of files of the first source.
    fn copied_files(&mut self, paths: &[String], to: &str) -> Option<Fate> {
        let source = self.sources.first()?.folder.clone();
        let paths: Vec<&str> = paths.iter().map(|path| below(path, &source)).collect::<Option<_>>()?;
        if paths.iter().any(|path| path.is_empty()) {
            return None;
        }
        if to.contains("firmware") {
            let folder = ["/opt/lib/firmware", "/lib/firmware", "/usr/lib/firmware", "/firmware"]
                .iter()
                .find_map(|firmware| below(to.trim_end_matches('/'), firmware))?;
            if !folder.is_empty() {
                return None;
            }
            self.firmware.extend(paths.into_iter().map(str::to_owned));
            return Some(Fate::Field("modules[0].install.firmware".to_owned()));
        }
        let to =
            if paths.len() > 1 || to.ends_with('/') { format!("{}/", to.trim_end_matches('/')) } else { to.to_owned() };
        if below(to.trim_end_matches('/'), "/licenses") == Some("") {
            self.licenses.extend(paths.into_iter().map(str::to_owned));
            return Some(Fate::Field("modules[0].install.licenses".to_owned()));
        }
        if ImagePlace::parse(&to).is_err() {
            return None;
        }
        self.files.extend(paths.into_iter().map(|path| (path.to_owned(), to.clone())));
        Some(Fate::Field("modules[0].install.files".to_owned()))
    }
}

/// Checks for a folder that a build leaves kmods in.
fn is_of_result(path: &str) -> bool {
    is_of_kernel(path) || path == "/opt" || path == "/opt/lib"
}

/// Checks for the whole folder of a kernel, with its in-tree modules.
fn is_whole_tree(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path == "/lib/modules" || path.starts_with("/lib/modules/${KERNEL") && path.matches('/').count() == 3
}
