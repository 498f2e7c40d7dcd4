//! Commands that fetch sources.

use dockerfile_reader::Command;

use super::draft::{Draft, DraftSource, Fate};
use super::folder::join;
use super::shell_values::{SECRET, Values};

/// Ends of names of archives.
const ARCHIVES: &[&str] = &[".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tar.zst", ".tar", ".zip"];

impl Draft {
    /// Reads a pipeline that fetches, checks or unpacks a source, and returns the field that it is.
    pub(super) fn source_command(&mut self, values: &Values<'_, '_>, pipeline: &[&Command<'_>]) -> Option<String> {
        if pipeline.iter().any(|command| !command.redirects.is_empty() || !command.assignments.is_empty()) {
            return None;
        }
        let is_git = pipeline.iter().all(|command| command.program() == Some("git"));
        let words = pipeline.iter().map(|command| match is_git {
            true => values.words_with_secrets(command),
            false => values.words(command),
        });
        let words: Vec<Vec<String>> = words.collect::<Option<_>>()?;
        let words: Vec<Vec<&str>> = words.iter().map(|words| words.iter().map(String::as_str).collect()).collect();
        let folder = values.folder.as_str();
        match words.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
            [["git", rest @ ..]] => self.git(folder, rest),
            [["curl" | "wget", rest @ ..]] => {
                let (url, file) = download(rest)?;
                let file = join(folder, &file?);
                // A download that nothing unpacks stays, since lines that stay need the file.
                let is_unpacked = self.unpacked.contains(file.rsplit('/').next()?);
                if is_unpacked { self.add_archive(url, file) } else { None }
            }
            [["curl" | "wget", rest @ ..], ["tar", unpack @ ..]] => {
                let (url, _) = download(rest)?;
                let tar = Tar::parse(unpack)?;
                let file = format!("{url}|");
                let field = self.add_archive(url, file.clone())?;
                self.unpack(folder, &file, &tar);
                Some(field)
            }
            [["echo" | "printf", text @ ..], ["sha256sum", ..]] => self.checksum(folder, &text.join(" ")),
            [["tar", rest @ ..]] => {
                let tar = Tar::parse(rest)?;
                let file = join(folder, &tar.file);
                self.unpack(folder, &file, &tar)
            }
            [["unzip", rest @ ..]] => {
                let mut rest = rest.iter().filter(|word| !matches!(**word, "-q" | "-o"));
                let file = join(folder, rest.next()?);
                let into = if rest.next() == Some(&"-d") { rest.next()?.to_string() } else { String::new() };
                self.unpack(folder, &file, &Tar { file: String::new(), into, strip: 0 })
            }
            _ => None,
        }
    }

    /// The archive of an ADD, which unpacks no archives from URLs.
    pub(super) fn add_archive(&mut self, url: String, file: String) -> Option<String> {
        let name = name_of(&url, ARCHIVES);
        if !ARCHIVES.iter().any(|end| url.ends_with(end)) || !is_literal_url(&url) {
            return None;
        }
        let name = self.free_name(&source_name(&name));
        let field = format!("sources.{name}");
        self.sources.push(DraftSource { name, url, file, strip: 1, ..DraftSource::default() });
        Some(field)
    }

    /// Sets the checksum of the archive in a file.
    pub(super) fn set_checksum(&mut self, file: &str, sha256: &str) -> Option<String> {
        let is_checksum = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let source = self.sources.iter_mut().find(|source| source.file == file).filter(|_| is_checksum)?;
        source.sha256 = Some(sha256.to_ascii_lowercase());
        Some(format!("sources.{}.sha256", source.name))
    }

    fn checksum(&mut self, folder: &str, text: &str) -> Option<String> {
        let mut words = text.split_whitespace();
        let (sha256, file) = (words.next()?, words.next()?);
        self.set_checksum(&join(folder, file.trim_start_matches('*')), sha256)
    }

    fn unpack(&mut self, folder: &str, file: &str, tar: &Tar) -> Option<String> {
        let into = join(folder, &tar.into);
        let source = self.sources.iter_mut().find(|source| source.file == file)?;
        let stem = name_of(&source.url, ARCHIVES);
        // Without stripping, an archive makes a folder, usually of its own name.
        source.folder = if tar.strip == 0 { join(&into, &stem) } else { into };
        source.strip = tar.strip.max(1);
        Some(format!("sources.{}.archive", source.name))
    }

    /// Corrects the name of the folder that an archive makes, if the build goes there.
    pub(super) fn visit(&mut self, folder: &str) {
        let (parent, _) = folder.rsplit_once('/').unwrap_or_default();
        let is_known = self.sources.iter().any(|source| super::folder::below(folder, &source.folder).is_some());
        let made = self
            .sources
            .iter_mut()
            .rev()
            .find(|source| !source.is_git && source.folder.rsplit_once('/').is_some_and(|(of, _)| of == parent));
        if let Some(source) = made.filter(|_| !is_known) {
            source.folder = folder.to_owned();
        }
    }

    fn git(&mut self, folder: &str, words: &[&str]) -> Option<String> {
        match words {
            ["clone", rest @ ..] => self.clone_command(folder, rest),
            _ if words.iter().any(|word| word.contains(SECRET)) => None,
            ["-C", path, rest @ ..] => self.git(&join(folder, path), rest),
            ["init", rest @ ..] => {
                let path = rest.iter().find(|word| !word.starts_with('-')).unwrap_or(&".");
                self.add_git("", join(folder, path))
            }
            ["remote", "add", _, url] => {
                let name = self.free_name(&source_name(&name_of(url, &[".git"])));
                let source = self.git_source(folder).filter(|_| is_literal_url(url))?;
                source.url = (*url).to_owned();
                let old = format!("sources.{}", std::mem::replace(&mut source.name, name.clone()));
                let new = format!("sources.{name}");
                for (_, fate) in &mut self.fates {
                    if *fate == Fate::Field(old.clone()) {
                        *fate = Fate::Field(new.clone());
                    }
                }
                Some(format!("{new}.git"))
            }
            ["fetch", rest @ ..] => {
                let mut names = rest.iter().filter(|word| !word.starts_with('-') && word.parse::<u32>().is_err());
                let source = self.git_source(folder)?;
                if let Some(reference) = names.nth(1) {
                    source.reference = Some((*reference).to_owned());
                }
                Some(format!("sources.{}.ref", source.name))
            }
            ["checkout" | "switch" | "reset", rest @ ..] => {
                let reference = rest.iter().rfind(|word| !word.starts_with('-'))?;
                let source = self.git_source(folder)?;
                if *reference != "FETCH_HEAD" {
                    source.reference = Some((*reference).to_owned());
                }
                Some(format!("sources.{}.ref", source.name))
            }
            ["submodule", ..] => {
                let source = self.git_source(folder)?;
                source.has_submodules = true;
                Some(format!("sources.{}.submodules", source.name))
            }
            _ => None,
        }
    }

    fn git_source(&mut self, folder: &str) -> Option<&mut DraftSource> {
        self.sources.iter_mut().find(|source| source.is_git && source.folder == folder)
    }

    fn clone_command(&mut self, folder: &str, words: &[&str]) -> Option<String> {
        let (mut reference, mut has_submodules, mut names) = (None, false, Vec::new());
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            match *word {
                "-b" | "--branch" => reference = Some((*rest.next()?).to_owned()),
                "--depth" => drop(rest.next()?),
                "--recursive" | "--recurse-submodules" => has_submodules = true,
                "-q" | "--quiet" | "--single-branch" | "--no-tags" | "--shallow-submodules" => {}
                _ if word.starts_with("--depth=") => {}
                _ if word.starts_with("--branch=") => reference = word.strip_prefix("--branch=").map(str::to_owned),
                _ if word.starts_with('-') => return None,
                _ => names.push(*word),
            }
        }
        let [url, rest @ ..] = names.as_slice() else { return None };
        if words.iter().any(|word| word != url && word.contains(SECRET)) {
            return None;
        }
        let (url, secret) = without_login(url)?;
        let name = name_of(&url, &[".git"]);
        let field = self.add_git(&url, join(folder, rest.first().copied().unwrap_or(&name)))?;
        let source = self.sources.last_mut()?;
        (source.reference, source.has_submodules, source.secret) = (reference, has_submodules, secret);
        Some(field)
    }

    fn add_git(&mut self, url: &str, folder: String) -> Option<String> {
        if !url.is_empty() && !is_literal_url(url) {
            return None;
        }
        let name = self.free_name(&source_name(&name_of(url, &[".git"])));
        let field = format!("sources.{name}");
        self.sources.push(DraftSource { name, url: url.to_owned(), is_git: true, folder, ..DraftSource::default() });
        Some(field)
    }

    /// A name that no source has yet.
    fn free_name(&self, wanted: &str) -> String {
        let names = std::iter::once(wanted.to_owned()).chain((2..).map(|number| format!("{wanted}-{number}")));
        let mut free = names.filter(|name| self.sources.iter().all(|source| source.name != *name));
        free.next().unwrap_or_default()
    }
}

/// Takes the login out of a URL, if it is the `username` and `password` of a secret; `None` if it is another one.
fn without_login(url: &str) -> Option<(String, Option<String>)> {
    if !url.contains(SECRET) {
        return Some((url.to_owned(), None));
    }
    let (scheme, rest) = url.split_once("://")?;
    let (login, host) = rest.split_once('@')?;
    let (user, password) = login.split_once(&format!("{SECRET}:{SECRET}"))?;
    let (user, password) = (user.strip_prefix(SECRET)?, password.strip_suffix(SECRET)?);
    let (name, other) = (user.strip_suffix("/username")?, password.strip_suffix("/password")?);
    let is_one = name == other && !name.contains([SECRET, '/']) && !host.contains(SECRET);
    is_one.then(|| (format!("{scheme}://{host}"), Some(name.to_owned())))
}

/// Checks for a URL without a login and without variables but the release.
fn is_literal_url(url: &str) -> bool {
    let rest = url.replace("${KERNEL_VERSION}", "").replace("${KERNEL_FULL_VERSION}", "");
    let authority = rest.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    !rest.contains(['$', SECRET]) && (!authority.contains('@') || rest.starts_with("ssh://"))
}

/// A name of the manifest: lower-case letters, digits and `-`.
fn source_name(name: &str) -> String {
    const LONGEST: usize = 40;
    let plain = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let parts: String = plain.take(LONGEST).collect();
    let joined = parts.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if joined.is_empty() { "source".to_owned() } else { joined }
}

/// The name of a URL's last part without an end.
fn name_of(url: &str, ends: &[&str]) -> String {
    let last = url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let stem = ends.iter().find_map(|end| last.strip_suffix(end)).unwrap_or(last);
    let name: String = stem.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    if name.is_empty() { "source".to_owned() } else { name }
}

/// The URL and the file of a download.
fn download(words: &[&str]) -> Option<(String, Option<String>)> {
    let (mut url, mut file, mut keeps_name) = (None, None, false);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-o" | "--output" | "-O" | "--output-document" if *word != "-O" || !keeps_name => {
                // `-O` of curl has no argument, and that of wget has one.
                let next = rest.clone().next();
                match next {
                    Some(next) if *word != "-O" || !next.contains("://") => {
                        file = Some((*next).to_owned());
                        rest.next();
                    }
                    _ => keeps_name = true,
                }
            }
            "--retry" | "--connect-timeout" | "--tries" => drop(rest.next()),
            _ if word.starts_with('-') && !word.starts_with("--") => keeps_name |= word.contains('O'),
            _ if word.starts_with('-') => {}
            _ => url = Some((*word).to_owned()),
        }
    }
    let url = url?;
    let name = url.rsplit('/').next().map(str::to_owned);
    Some((url, file.filter(|file| file != "-").or(name)))
}

/// Archive that `tar` unpacks.
struct Tar {
    file: String,
    into: String,
    strip: usize,
}

impl Tar {
    fn parse(words: &[&str]) -> Option<Self> {
        let mut tar = Self { file: String::new(), into: String::new(), strip: 0 };
        let mut unpacks = false;
        let mut rest = words.iter().enumerate();
        while let Some((number, word)) = rest.next() {
            if let Some(strip) = word.strip_prefix("--strip-components=").or(word.strip_prefix("--strip=")) {
                tar.strip = strip.parse().ok()?;
            } else if *word == "--strip-components" {
                tar.strip = rest.next()?.1.parse().ok()?;
            } else if *word == "-C" || *word == "--directory" {
                tar.into = (*rest.next()?.1).to_owned();
            } else if word.starts_with("--") {
                unpacks |= *word == "--extract";
            } else if number == 0 || word.starts_with('-') {
                unpacks |= word.contains('x');
            } else if tar.file.is_empty() {
                tar.file = (*word).to_owned();
            } else {
                return None;
            }
        }
        unpacks.then_some(tar)
    }
}
