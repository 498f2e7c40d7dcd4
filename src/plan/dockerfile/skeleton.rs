//! Dockerfiles with blanks for the values of a kernel.
//!
//! Rendering a template takes far longer than filling in a skeleton, and most Dockerfiles of a fleet
//! differ in nothing but their kernel.

/// Values of a kernel that a Dockerfile prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct KernelValues<'k> {
    /// The kernel release.
    pub(super) release: &'k str,
    /// The package with its headers.
    pub(super) devel_package: &'k str,
    /// The image that compiles; `None` where KMM chooses it.
    pub(super) builder: Option<&'k str>,
}

/// A text with blanks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Skeleton(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Blank(Blank),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Blank {
    Release,
    DevelPackage,
    Builder,
}

/// Stand-ins of a kernel's values: printed as they are, and in no real value.
const STAND_INS: [[&str; 3]; 2] =
    [["@@release@@", "@@devel@@", "@@builder@@"], ["//release//", "//devel//", "//builder//"]];

impl Skeleton {
    /// The skeleton of what `print` prints. It is printed for two stand-ins of a kernel: where a value
    /// of the manifest looks like one of them, the two skeletons differ, and there is none.
    pub(super) fn of(print: impl Fn(&KernelValues<'_>) -> Option<String>, with_builder: bool) -> Option<Self> {
        let [one, other] = STAND_INS.map(|[release, devel_package, builder]| {
            let text = print(&KernelValues { release, devel_package, builder: with_builder.then_some(builder) })?;
            Some(Self::cut(&text, [release, devel_package, builder]))
        });
        if one == other { one } else { None }
    }

    fn cut(mut text: &str, [release, devel_package, builder]: [&str; 3]) -> Self {
        let marks = [(release, Blank::Release), (devel_package, Blank::DevelPackage), (builder, Blank::Builder)];
        let mut pieces = Vec::new();
        while let Some((at, mark, blank)) = marks.iter().filter_map(|(m, blank)| Some((text.find(m)?, m, blank))).min()
        {
            pieces.extend([Piece::Text(text[..at].to_owned()), Piece::Blank(*blank)]);
            text = &text[at + mark.len()..];
        }
        pieces.push(Piece::Text(text.to_owned()));
        Self(pieces)
    }

    /// The text for a kernel.
    pub(super) fn fill(&self, kernel: &KernelValues<'_>) -> String {
        let words = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Blank(Blank::Release) => kernel.release,
            Piece::Blank(Blank::DevelPackage) => kernel.devel_package,
            Piece::Blank(Blank::Builder) => kernel.builder.unwrap_or_default(),
        });
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::template::{BUILT_IN, NEWEST, PARTS, text};

    #[test]
    fn blanks_are_filled_with_the_kernels_own() {
        let print = |kernel: &KernelValues<'_>| {
            let KernelValues { release, devel_package, builder } = kernel;
            Some(format!("FROM {}\nRUN x {devel_package} {release} {release}\n", builder.unwrap_or("none")))
        };
        for builder in [Some("a"), None] {
            let kernel = KernelValues { release: "r", devel_package: "d", builder };
            let skeleton = Skeleton::of(print, builder.is_some()).unwrap();
            assert_eq!(Some(skeleton.fill(&kernel)), print(&kernel));
        }
    }

    #[test]
    fn a_value_that_looks_like_a_stand_in_has_no_skeleton() {
        for value in STAND_INS.iter().flatten() {
            assert_eq!(Skeleton::of(|kernel| Some(format!("{} {value}", kernel.release)), false), None);
        }
        assert_eq!(Skeleton::of(|_| None, false), None);
    }

    /// Checks that kmodgen's own templates print the kernel's values, ask whether there is a builder, and do nothing else
    /// with either: therefore filling in a skeleton has the same result as rendering.
    #[test]
    fn own_templates_only_print_the_kernel() {
        let tag = Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}").unwrap();
        let mention = Regex::new(r"(?-u:\b)(kernel|builder)(?-u:\b)").unwrap();
        let allowed = [
            "{{ kernel.release }}",
            "{{ kernel.devel_package }}",
            "{{ builder }}",
            "{% if builder %}",
            "{% if not builder %}",
            "{{ install_packages(builder_packages, \"builder\") }}",
            "{{ install_packages(kernel_packages, \"builder\") }}",
        ];
        let mut printed = 0;
        for version in 1..=NEWEST {
            for name in BUILT_IN.iter().chain(&PARTS) {
                let text = text(version, name).unwrap();
                for tag in tag.find_iter(text).map(|tag| tag.as_str()).filter(|tag| mention.is_match(tag)) {
                    assert!(allowed.contains(&tag), "v{version}/{name}: {tag}");
                    printed += 1;
                }
            }
        }
        assert!(printed > 5);
    }
}
