//! Reasons for a commit that cannot be made.

/// Reason for a commit that cannot be made, as a lower-case fragment.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Neither a variable nor a setting names the author or the committer.
    #[error("no git identity: {what} is not set")]
    NoIdentity {
        /// The setting that is missing.
        what: &'static str,
    },
    /// A variable's date has none of git's forms.
    #[error("cannot parse the date `{date}` in {variable}")]
    BadDate {
        /// The variable.
        variable: &'static str,
        /// Its value, escaped.
        date: String,
    },
    /// A signature is asked for and cannot be made.
    #[error("the commit cannot be signed: {0}")]
    Signing(#[from] SigningProblem),
}

impl CommitError {
    /// Advice on what to do instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoIdentity { .. } => {
                "run `git config --global user.name NAME` and `git config --global user.email ADDRESS`, or set \
                 GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL"
            }
            Self::BadDate { .. } => "write seconds since 1970 and a time zone, as in `1767225600 +0000`, or RFC 3339",
            Self::Signing(_) => "check git's `user.signingkey`, `gpg.format` and `gpg.program`",
        }
    }
}

/// Reason for a commit that cannot be signed. Names and messages of programs are escaped.
#[derive(Debug, thiserror::Error)]
pub enum SigningProblem {
    /// `gpg.format` is none that git knows.
    #[error("git's `gpg.format` is `{0}`")]
    UnknownFormat(String),
    /// The program is not on the PATH.
    #[error("`{0}` is not installed")]
    NotInstalled(String),
    /// The program, or a file for it, cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// The program ended with an error.
    #[error("{program} failed: {words}")]
    Failed {
        /// The program.
        program: String,
        /// Its standard error.
        words: String,
    },
    /// The time limit is over.
    #[error("`{0}` did not answer")]
    NoAnswer(String),
    /// The program printed something else.
    #[error("`{0}` gave no signature")]
    NoSignature(String),
    /// No setting names a key for ssh.
    #[error("neither `user.signingkey` nor `gpg.ssh.defaultKeyCommand` is set")]
    NoKey,
    /// The program of `gpg.ssh.defaultKeyCommand` printed something else.
    #[error("`{0}` printed no key")]
    NoKeyPrinted(String),
}
