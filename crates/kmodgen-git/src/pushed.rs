//! Outcome of `git push --porcelain`.

use super::problem::shown;

/// Outcome of a push that reached the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch is at the new commit.
    Landed,
    /// The branch was elsewhere.
    Moved,
    /// The server refused.
    Refused {
        /// Reason, escaped.
        reason: String,
        /// Messages for people, one a line.
        words: String,
    },
}

/// Reasons of git and of servers for a branch that someone else has moved or is moving.
const RACES: [&str; 5] =
    ["stale info", "cannot lock ref", "failed to lock", "failed to update ref", "incorrect old value"];

impl Pushed {
    /// Reads the line about a rejected branch; `None` if there is no such line.
    ///
    /// The format is `!`, a tab, the refs, a tab, and `[rejected] (REASON)` or
    /// `[remote rejected] (REASON)` (git-push(1), "Output").
    pub fn read(porcelain: &str, stderr: &str) -> Option<Self> {
        let summary = porcelain.lines().find_map(|line| line.strip_prefix("!\t")?.split_once('\t'))?.1;
        let reason = summary.split_once('(').map_or(summary, |(_, reason)| reason.trim_end_matches(')'));
        if RACES.iter().any(|race| reason.contains(race)) {
            return Some(Self::Moved);
        }
        let words: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("remote: ")).collect();
        Some(Self::Refused { reason: shown(reason), words: words.join("\n") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(summary: &str) -> Option<Pushed> {
        let text = format!("To https://h/a\n!\tabc:refs/heads/main\t{summary}\nDone\n");
        Pushed::read(&text, "remote: only on Mondays\nerror: failed to push some refs to 'https://h/a'")
    }

    #[test]
    fn rejections_are_races_or_refusals() {
        assert_eq!(read("[rejected] (stale info)"), Some(Pushed::Moved));
        assert_eq!(
            read("[remote rejected] (cannot lock ref 'refs/heads/main': is at a but expected b)"),
            Some(Pushed::Moved)
        );
        let refused = Pushed::Refused { reason: "pre-receive hook declined".into(), words: "only on Mondays".into() };
        assert_eq!(read("[remote rejected] (pre-receive hook declined)"), Some(refused));
        assert_eq!(Pushed::read("To https://h/a\n", "fatal: the remote end hung up unexpectedly"), None);
    }
}
