//! `kmodgen init`: propose a first manifest for a repository.

mod answers;
mod report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::anyhow;

use super::faults::{Faults, draw};
use super::kernels::read_input;
use super::new_manifest::{UnwrittenFiles, check_manifest};
use crate::adapters::git::{GitEnvironment, Inspection, RefNames, ResolveError, Resolver, folder_url};
use crate::adapters::{fs, ui};
use crate::cli::InitArgs;
use crate::commands::Exit;
use crate::init::{ClusterKernel, Reference, RepositoryFiles, Request, name_of_url, newest_release};
use crate::kernels::Import;
use crate::manifest::Selection;
use crate::settings::MANIFEST;
use crate::vocabulary::{Diagnostics, GitRef, GitUrl, Invalid, SourceMap};
use answers::Answers;

/// Name of the list of kernels.
const FLEET: &str = "fleet.yaml";

/// Namespace, unless the user names one.
const NAMESPACE: &str = "kmods";

/// Endings of archives, which sources can be and `init` cannot read.
const ARCHIVES: [&str; 8] = [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".zip", ".rpm"];

/// A list of kernels, in memory.
struct Fleet {
    list: Option<String>,
    kernels: Option<Vec<ClusterKernel>>,
}

/// Runs the command.
pub fn run(args: &InitArgs) -> anyhow::Result<Exit> {
    let answers = Answers::of(args)?;
    let wanted = args.reference.as_deref().map(GitRef::parse).transpose().map_err(|invalid| told(&invalid))?;
    let folder = args.output.clone().unwrap_or_default();
    let names: &[&str] = if args.nodes.is_some() { &[MANIFEST, FLEET] } else { &[MANIFEST] };
    for name in names {
        if fs::is_taken(&folder.join(name))? {
            return Ok(conflict(&folder.join(name)));
        }
    }
    let fleet = args.nodes.as_deref().map_or(Ok(Fleet { list: None, kernels: None }), Fleet::read)?;
    let (mut request, files) = look(args, wanted)?;
    request.kernels.clone_from(&fleet.kernels);
    let proposal = answers.complete(&mut request, &files);
    check_manifest(&proposal.manifest, &UnwrittenFiles::of(fleet.list.as_deref().map(|list| (FLEET, list))))?;
    let mut written: Vec<PathBuf> = Vec::new();
    // The manifest comes last: it names the list.
    for (name, text) in [(FLEET, fleet.list.as_deref()), (MANIFEST, Some(proposal.manifest.as_str()))] {
        let Some(text) = text else { continue };
        let path = folder.join(name);
        if !fs::write_new_file(&path, text)? {
            return Ok(conflict(&path));
        }
        written.push(path);
    }
    ui::result(&report::text(&proposal, &request, &written, &folder.join(MANIFEST), args.output.is_some()));
    Ok(if proposal.is_complete() { Exit::Success } else { Exit::ActionNeeded })
}

/// Reports a file that is there already.
fn conflict(path: &Path) -> Exit {
    ui::talk(&format!(
        "\x1b[1;31mconflict\x1b[0m: `{}` is there already; nothing is written\n  \
         help: move it away, or name another folder with `-o DIR`\n",
        path.display()
    ));
    Exit::ActionNeeded
}

fn told(invalid: &Invalid) -> anyhow::Error {
    anyhow!("{}", invalid.on_one_line())
}

fn unresolved(error: &ResolveError) -> anyhow::Error {
    match error.help() {
        Some(help) => anyhow!("{error}\n  help: {help}"),
        None => anyhow!("{error}"),
    }
}

impl Fleet {
    fn read(name: &str) -> anyhow::Result<Self> {
        let (mut sources, mut faults) = (SourceMap::default(), Diagnostics::default());
        let import = match read_input(name) {
            Ok(input) => Import::read(vec![input], &Selection::default(), false, &mut sources, &mut faults),
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        let Some(import) = import else { return Err(Faults::new(faults, sources).into()) };
        ui::talk(&draw(&faults.into_sorted(), &sources));
        let kernels = import.kernels().map(|kernel| ClusterKernel {
            release: kernel.release.to_string(),
            distribution: kernel.system.map(str::to_owned),
            is_openshift: kernel.is_openshift,
            nodes: kernel.nodes,
        });
        Ok(Self { kernels: Some(kernels.collect()), list: Some(import.list()) })
    }
}

/// Looks at the repository, as far as that needs no network that must not be used.
fn look(args: &InitArgs, wanted: Option<GitRef>) -> anyhow::Result<(Request, RepositoryFiles)> {
    let here = folder_url(&args.url);
    if here.is_none() && ARCHIVES.iter().any(|end| args.url.ends_with(end)) {
        return Err(anyhow!(
            "`{}` is an archive, and `init` reads git repositories\n  help: unpack it, run `git init`, `git add .` and \
             `git commit` in its folder, then `kmodgen init` with that folder; replace `git` and `ref` of the manifest's \
             source by `archive` and the URL",
            args.url.escape_debug()
        ));
    }
    let url = GitUrl::parse(here.as_deref().unwrap_or(&args.url)).map_err(|invalid| told(&invalid))?;
    let mut request = Request {
        url: url.as_str().to_owned(),
        name: name_of_url(url.as_str()),
        reference: Reference { name: String::new(), reason: String::new(), is_guess: false },
        namespace: NAMESPACE.to_owned(),
        image: None,
        kernels: None,
        is_read: true,
    };
    if args.offline && !url.as_str().starts_with("file://") {
        request.is_read = false;
        request.reference = match wanted {
            Some(wanted) => given(&wanted),
            None => Reference {
                name: "main".to_owned(),
                reason: "the repository was not looked at: write its newest tag, or its branch".to_owned(),
                is_guess: true,
            },
        };
        return Ok((request, RepositoryFiles::default()));
    }
    let resolver = Resolver::new(Duration::from_secs(args.timeout), GitEnvironment::from_process());
    let repository = resolver.inspect(&url).map_err(|error| unresolved(&error))?;
    if let Some(origin) = repository.names().origin.as_deref().and_then(server_of) {
        request.name = name_of_url(&origin);
        request.url = origin;
    }
    let (name, reference) = match wanted {
        Some(wanted) => (wanted.clone(), given(&wanted)),
        None => chosen(&repository),
    };
    let files = repository.files(&name).map_err(|error| unresolved(&error))?;
    request.reference = reference;
    Ok((request, files))
}

/// The URL of a server that a clone came from, if images can be built from it.
fn server_of(origin: &str) -> Option<String> {
    GitUrl::parse(origin).ok().map(|url| url.as_str().to_owned()).filter(|url| !url.starts_with("file://"))
}

fn given(wanted: &GitRef) -> Reference {
    Reference { name: wanted.to_string(), reason: "given with --ref".to_owned(), is_guess: false }
}

/// The newest release of a repository, else its default branch, else its commit.
fn chosen(repository: &Inspection) -> (GitRef, Reference) {
    let RefNames { tags, branch, head, .. } = repository.names();
    let tag = newest_release(tags.iter().map(String::as_str)).map(|tag| {
        let reason = match tags.len() {
            1 => "the only tag".to_owned(),
            number => format!("the newest release among {number} tags"),
        };
        (tag.to_owned(), format!("refs/tags/{tag}"), reason)
    });
    let branch = branch.as_ref().map(|branch| {
        (branch.clone(), format!("refs/heads/{branch}"), "the default branch, as no tag is a release".to_owned())
    });
    let commit = head.as_ref().map(|commit| {
        (commit.to_string(), commit.to_string(), "the commit of HEAD, as no tag is a release".to_owned())
    });
    for (short, full, reason) in [tag, branch, commit].into_iter().flatten() {
        let Ok(name) = GitRef::parse(&short) else { continue };
        // A branch and a tag may have one name.
        let name = if repository.is_ambiguous(&name) { GitRef::parse(&full).unwrap_or(name) } else { name };
        return (name.clone(), Reference { name: name.to_string(), reason, is_guess: false });
    }
    let reason = "the default branch".to_owned();
    (GitRef::head(), Reference { name: GitRef::head().to_string(), reason, is_guess: false })
}
