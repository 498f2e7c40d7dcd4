//! Dates of commits on servers.

use std::path::Path;

use super::problem::ServerProblem;
use super::server::Server;

/// Options to fetch commits without files and parents.
const ALONE: &[&str] = &["--depth=1", "--filter=tree:0"];

/// A commit on a server.
#[derive(Debug, Clone, Copy)]
pub struct Tip<'t> {
    /// The commit's id, in hexadecimal digits.
    pub commit: &'t str,
    /// A ref that leads to the commit.
    pub name: &'t str,
}

impl Server {
    /// Returns the committer date of each commit, in seconds since 1970. Fetches the commits alone, without files and
    /// parents: by id, and if the server refuses that, by ref. A server that only hands out files sends all.
    ///
    /// # Errors
    /// The outer error is about the machine, the inner ones are about the commits one by one.
    pub fn commit_dates(&self, tips: &[Tip<'_>]) -> Result<Vec<Result<i64, ServerProblem>>, ServerProblem> {
        let Some(first) = tips.first() else { return Ok(Vec::new()) };
        let repository = self.scratch.join("commits");
        // A repository has ids of one kind.
        let format = if first.commit.len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        self.run(&repository, self.limit, &["init", "--quiet", "--bare", "--template=", format])?.text()?;
        let by_id: Vec<&str> = tips.iter().map(|tip| tip.commit).collect();
        let by_name: Vec<&str> = tips.iter().map(|tip| tip.name).collect();
        let mut fetched = Err(ServerProblem::Server { detail: String::new() });
        for (options, names) in [(ALONE, &by_id), (ALONE, &by_name), (&[], &by_name)] {
            fetched = self.fetch_commits(&repository, options, names);
            if matches!(fetched, Ok(()) | Err(ServerProblem::TimedOut { .. })) {
                break;
            }
        }
        let dates = tips.iter().map(|tip| match (self.date(&repository, tip.commit)?, &fetched) {
            (Some(date), _) => Ok(date),
            (None, Ok(())) => Err(ServerProblem::Server { detail: "it did not send the commit".into() }),
            (None, Err(problem)) => Err(problem.clone()),
        });
        Ok(dates.collect())
    }

    fn fetch_commits(&self, repository: &Path, options: &[&str], names: &[&str]) -> Result<(), ServerProblem> {
        let always =
            ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--refmap=", "--", &self.url];
        self.transfer(repository, &[&["fetch"], options, &always, names].concat())
    }

    /// Reads the committer date of a commit; `None` if the repository does not have the commit.
    fn date(&self, repository: &Path, commit: &str) -> Result<Option<i64>, ServerProblem> {
        let Ok(text) = self.run(repository, self.limit, &["cat-file", "commit", commit])?.text() else {
            return Ok(None);
        };
        Ok(committer_date(&text))
    }
}

/// Returns the committer date of a commit, given its text.
fn committer_date(commit: &str) -> Option<i64> {
    let committer = commit.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("committer "));
    // `NAME <ADDRESS> SECONDS ZONE`.
    committer?.rsplit(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_committers() {
        let commit =
            "tree 0\nauthor A <a@b> 5 +0000\ncommitter A 7 <a@b> 1777636800 +0200\n\ncommitter B <b> 9 +0000\n";
        assert_eq!(committer_date(commit), Some(1_777_636_800));
        assert_eq!(committer_date("tree 0\n\ncommitter B <b> 9 +0000\n"), None);
    }
}
