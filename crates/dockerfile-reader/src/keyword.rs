//! Names of instructions.

/// Kinds of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keyword {
    /// ADD.
    Add,
    /// ARG.
    Arg,
    /// CMD.
    Cmd,
    /// COPY.
    Copy,
    /// ENTRYPOINT.
    Entrypoint,
    /// ENV.
    Env,
    /// EXPOSE.
    Expose,
    /// FROM.
    From,
    /// HEALTHCHECK.
    Healthcheck,
    /// LABEL.
    Label,
    /// MAINTAINER, which is deprecated.
    Maintainer,
    /// ONBUILD.
    Onbuild,
    /// RUN.
    Run,
    /// SHELL.
    Shell,
    /// STOPSIGNAL.
    Stopsignal,
    /// USER.
    User,
    /// VOLUME.
    Volume,
    /// WORKDIR.
    Workdir,
    /// A name that BuildKit does not know.
    Unknown,
}

/// Flags of an instruction, each with whether it needs a value.
type KnownFlags = &'static [(&'static str, bool)];

/// Names and flags, as in BuildKit's `frontend/dockerfile/command` and `instructions/parse.go`.
const KEYWORDS: &[(&str, Keyword, KnownFlags)] = &[
    (
        "ADD",
        Keyword::Add,
        &[
            ("keep-git-dir", false),
            ("chown", true),
            ("chmod", true),
            ("link", false),
            ("checksum", true),
            ("exclude", true),
            ("unpack", false),
        ],
    ),
    ("ARG", Keyword::Arg, &[]),
    ("CMD", Keyword::Cmd, &[]),
    (
        "COPY",
        Keyword::Copy,
        &[("chown", true), ("from", true), ("chmod", true), ("link", false), ("parents", false), ("exclude", true)],
    ),
    ("ENTRYPOINT", Keyword::Entrypoint, &[]),
    ("ENV", Keyword::Env, &[]),
    ("EXPOSE", Keyword::Expose, &[]),
    ("FROM", Keyword::From, &[("platform", true)]),
    (
        "HEALTHCHECK",
        Keyword::Healthcheck,
        &[("interval", true), ("timeout", true), ("start-period", true), ("start-interval", true), ("retries", true)],
    ),
    ("LABEL", Keyword::Label, &[]),
    ("MAINTAINER", Keyword::Maintainer, &[]),
    ("ONBUILD", Keyword::Onbuild, &[]),
    ("RUN", Keyword::Run, &[("mount", true), ("network", true), ("security", true), ("device", true)]),
    ("SHELL", Keyword::Shell, &[]),
    ("STOPSIGNAL", Keyword::Stopsignal, &[]),
    ("USER", Keyword::User, &[]),
    ("VOLUME", Keyword::Volume, &[]),
    ("WORKDIR", Keyword::Workdir, &[]),
];

impl Keyword {
    /// Returns the kind for a name in any case.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let known = KEYWORDS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        known.map_or(Self::Unknown, |(_, keyword, _)| *keyword)
    }

    /// Returns the name in upper case; an empty string for [`Keyword::Unknown`].
    #[must_use]
    pub fn name(self) -> &'static str {
        KEYWORDS.iter().find(|(_, keyword, _)| *keyword == self).map_or("", |(name, ..)| name)
    }

    /// The flags that BuildKit accepts.
    pub(crate) fn flags(self) -> KnownFlags {
        KEYWORDS.iter().find(|(_, keyword, _)| *keyword == self).map_or(&[], |(.., flags)| flags)
    }

    /// Checks whether the instruction may have heredocs.
    pub(crate) fn takes_heredocs(self) -> bool {
        matches!(self, Self::Add | Self::Copy | Self::Run)
    }
}
