//! Files that `generate` writes for make and ninja: the stamp, and the depfile with all files that were read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use crate::adapters::fs::{self, Stamp};
use crate::cache::InputRecord;
use crate::cli::GenerateArgs;
use crate::commands::Exit;
use crate::depfile::{depfile, is_depfile};
use crate::holds;
use crate::lock;
use crate::output::KUSTOMIZATION;

/// Stamp and depfile of a run.
pub(super) struct MakeFiles<'a> {
    args: &'a GenerateArgs,
    stamp: Option<Stamp>,
    text: String,
    inputs: BTreeSet<PathBuf>,
    /// Paths that the run read and may change itself: the lock, and folders.
    own: Vec<PathBuf>,
}

impl<'a> MakeFiles<'a> {
    /// Starts before anything is read. Refuses to replace other files.
    pub(super) fn begin(args: &'a GenerateArgs) -> anyhow::Result<Self> {
        if let Some(path) = &args.depfile {
            if args
                .stamp
                .as_ref()
                .is_some_and(|stamp| std::path::absolute(stamp).ok() == std::path::absolute(path).ok())
            {
                bail!("--stamp and --depfile are both `{}`: choose different files", path.display());
            }
            let there = fs::read_text_if_any(path).map_err(|why| refused(path, &why))?;
            if !there.is_none_or(|text| is_depfile(&text)) {
                return Err(refused(path, "the file exists and is not a depfile: choose another file"));
            }
            fs::make_folder_of(path)?;
        }
        let stamp = args.stamp.as_deref().map(Stamp::begin).transpose()?;
        Ok(Self { args, stamp, text: String::new(), inputs: BTreeSet::new(), own: Vec::new() })
    }

    /// Adds files that were read for a cluster: the manifest and files in its folder. `root` is the output folder.
    pub(super) fn note(&mut self, manifest: &Path, root: &Path, read: [&[InputRecord]; 2]) -> anyhow::Result<()> {
        if self.args.depfile.is_none() {
            return Ok(());
        }
        let folder = manifest.parent().unwrap_or(Path::new(""));
        let target = match (&self.args.stamp, &self.args.output.output) {
            (Some(stamp), _) => stamp.clone(),
            (None, Some(output)) => output.join(KUSTOMIZATION),
            (None, None) => as_given(root, folder)?.join(KUSTOMIZATION),
        };
        let (there, mut absent): (Vec<_>, Vec<_>) =
            read.iter().copied().flatten().partition(|(_, digest)| digest.is_some());
        // `kmodgen hold`, which creates this file, makes the lock newer instead: the manifest's folder changes often.
        absent.retain(|(path, _)| path != holds::FILE_NAME);
        // Templates that others include where they are there.
        let absent = absent.iter().map(|(path, _)| fs::nearest_folder(&folder.join(path)).to_owned());
        self.own.extend(absent);
        self.inputs.extend(there.iter().map(|(path, _)| folder.join(path.trim_end_matches('/'))));
        self.inputs.extend(self.own.iter().cloned());
        let lock = folder.join(lock::FILE_NAME);
        let all = [manifest, &lock].into_iter().chain(self.inputs.iter().map(PathBuf::as_path));
        self.text = depfile(&target, all)?;
        Ok(())
    }

    /// Adds a file that the run wrote after it had read it.
    pub(super) fn wrote(&mut self, path: PathBuf) {
        self.own.push(path);
    }

    /// Writes both, after all else, unless an action is needed.
    pub(super) fn write(self, exit: Exit) -> anyhow::Result<Exit> {
        if exit == Exit::Success {
            if let Some(path) = &self.args.depfile {
                fs::write_file(path, &self.text)?;
            }
            self.stamp.map_or(Ok(()), |stamp| stamp.leave(&self.own))?;
        }
        Ok(exit)
    }
}

/// A path in a folder, as it is written from where the folder's path is.
fn as_given(path: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let absolute = |path: &Path| std::path::absolute(Path::new(".").join(path));
    let path = absolute(path)?;
    Ok(path.strip_prefix(absolute(folder)?).map(|below| folder.join(below)).unwrap_or(path))
}

fn refused(path: &Path, why: &str) -> anyhow::Error {
    anyhow!("cannot write depfile `{}`: {why}", path.display())
}
