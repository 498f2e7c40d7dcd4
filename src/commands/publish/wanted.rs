//! Destination of `publish`: flags, and the manifest's values for flags that are absent.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

use crate::adapters::git::{PublishTo, is_url};
use crate::cli::PublishArgs;
use crate::manifest::{Publish, publish_repository};
use crate::settings::folder_or_here;
use crate::template::shell_word;
use crate::vocabulary::{FolderPath, GitBranch, Invalid};

/// Destination and options of `publish`.
pub(super) struct Wanted {
    /// A URL, or an absolute path.
    repo: String,
    /// The same as it was written.
    shown: String,
    pub(super) branch: GitBranch,
    pub(super) base: Option<GitBranch>,
    pub(super) path: FolderPath,
    pub(super) push: bool,
    pub(super) message: Option<String>,
    /// The manifest's folder.
    folder: PathBuf,
    run_hooks: bool,
}

/// A repository, and the folder in it that is published to.
pub(in crate::commands) struct Target {
    /// A URL, or an absolute path.
    pub(in crate::commands) repo: String,
    /// The same as it was written.
    pub(in crate::commands) shown: String,
    /// The folder.
    pub(in crate::commands) path: FolderPath,
}

impl Target {
    /// Flags win. `folder` is the manifest's. Returns `None` if the repository or the folder is not known.
    pub(in crate::commands) fn resolve(
        (repo, path): (Option<&str>, Option<&str>),
        manifest: &Publish,
        folder: &Path,
    ) -> anyhow::Result<Option<Self>> {
        let path = match path {
            Some(flag) => Some(parsed("--path", flag, FolderPath::parse)?),
            None => manifest.path.clone(),
        };
        let (shown, from) = match (repo, &manifest.repo) {
            (Some(flag), _) => {
                parsed("--repo", flag, publish_repository)?;
                (flag, Path::new(""))
            }
            (None, Some(written)) => (written.value.as_str(), folder),
            (None, None) => return Ok(None),
        };
        let Some(path) = path else { return Ok(None) };
        let (repo, shown) = if is_url(shown) {
            (shown.to_owned(), shown.to_owned())
        } else {
            (absolute(shown, from)?, from.join(shown).display().to_string())
        };
        Ok(Some(Self { repo, shown, path }))
    }
}

impl Wanted {
    /// Flags win. `folder` is the manifest's.
    pub(super) fn resolve(args: &PublishArgs, manifest: &Publish, folder: &Path) -> anyhow::Result<Self> {
        let missing = missing(args, manifest);
        if !missing.is_empty() {
            bail!(missing);
        }
        let target = Target::resolve((args.repo.as_deref(), args.path.as_deref()), manifest, folder)?;
        let Target { repo, shown, path } = target.context("no repository and folder to publish to")?;
        let branch = match &args.branch {
            Some(flag) => Some(parsed("--branch", flag, GitBranch::parse)?),
            None => manifest.branch.clone(),
        };
        let base = match &args.base {
            Some(flag) => Some(parsed("--base", flag, GitBranch::parse)?),
            None => manifest.base.clone(),
        };
        let wanted = Self {
            branch: branch.context("no branch to publish to")?,
            base,
            path,
            push: args.push || manifest.push,
            message: args.message.clone().or_else(|| manifest.message.as_ref().map(|message| message.value.clone())),
            repo,
            shown,
            folder: folder_or_here(folder),
            run_hooks: args.run_hooks,
        };
        let writes = !args.dry_run && !args.check;
        if args.offline && (is_url(&wanted.repo) || (wanted.push && writes)) {
            bail!("--offline requires a repository on disk and cannot push");
        }
        if writes && !wanted.push && is_url(&wanted.repo) && !wanted.repo.starts_with("file:") {
            bail!("publishing to a URL requires --push; to see the changes only, pass --dry-run");
        }
        Ok(wanted)
    }

    pub(super) fn place(&self) -> PublishTo<'_> {
        PublishTo {
            repository: &self.repo,
            shown: &self.shown,
            branch: &self.branch,
            base: self.base.as_ref(),
            path: self.path.as_rel_path(),
            manifest: &self.folder,
            run_hooks: self.run_hooks,
        }
    }
}

/// Returns the flags that name the repository and the folder, as a shell takes them, each after a space.
pub(super) fn place_flags(args: &PublishArgs) -> String {
    let flags = [("repo", &args.repo), ("path", &args.path)];
    let given = flags.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    given.map(|(name, value)| format!(" --{name} {}", shell_word(value))).collect()
}

/// Returns the flags that name the destination, as one string.
pub(super) fn flags(args: &PublishArgs) -> String {
    let said = [&args.repo, &args.branch, &args.path].map(|flag| flag.as_deref().unwrap_or_default());
    format!("publish\0{}", said.join("\0"))
}

/// Returns a message about the settings that neither flags nor the manifest have; empty if nothing is missing.
fn missing(args: &PublishArgs, manifest: &Publish) -> String {
    let said = [
        ("repo", "URL-or-PATH", args.repo.is_some() || manifest.repo.is_some()),
        ("branch", "BRANCH", args.branch.is_some() || manifest.branch.is_some()),
        ("path", "DIR", args.path.is_some() || manifest.path.is_some()),
    ];
    let missing: Vec<_> = said.into_iter().filter(|(_, _, said)| !said).collect();
    if missing.is_empty() {
        return String::new();
    }
    let flags: Vec<String> = missing.iter().map(|(key, value, _)| format!("--{key} {value}")).collect();
    let keys: Vec<String> = missing.iter().map(|(key, _, _)| format!("`publish.{key}`")).collect();
    format!("missing where to publish: pass {}, or write {} into the manifest", flags.join(" "), keys.join(", "))
}

fn parsed<T>(flag: &str, text: &str, parse: fn(&str) -> Result<T, Invalid>) -> anyhow::Result<T> {
    parse(text).map_err(|invalid| anyhow!("{flag}: {}", invalid.on_one_line()))
}

/// A path from the root.
fn absolute(text: &str, folder: &Path) -> anyhow::Result<String> {
    if text.is_empty() {
        bail!("the repository is an empty string: write a URL or a path");
    }
    let path: PathBuf = std::path::absolute(folder.join(text)).context("cannot determine the current folder")?;
    path.into_os_string().into_string().map_err(|_| anyhow!("the path of the repository is not UTF-8"))
}
