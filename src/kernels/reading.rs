//! Taking inputs apart: they are others' objects, of which most fields do not matter, so that only
//! what is looked for has to be right.

use kmodgen_yaml::{Node, Scalar};

use super::facts::{Facts, Mention, MentionKind};
use crate::manifest::decode;
use crate::vocabulary::{Diagnostic, Diagnostics, ImageRef, Invalid, KernelRelease, Span, Spanned};

/// An input that is being read.
pub(super) struct Reading<'r> {
    pub(super) facts: &'r mut Facts,
    /// The image that the command line says the input is about.
    pub(super) image: Option<&'r ImageRef>,
    faults: &'r mut Diagnostics,
    /// Number of further messages about this input that are kept.
    room: usize,
}

/// Number of messages about one input that are kept: a file of another format is wrong in every line.
const MOST: usize = 100;

impl<'r> Reading<'r> {
    pub(super) fn new(facts: &'r mut Facts, image: Option<&'r ImageRef>, faults: &'r mut Diagnostics) -> Self {
        Self { facts, image, faults, room: MOST }
    }

    pub(super) fn tell(&mut self, diagnostic: Diagnostic) {
        if self.room > 0 {
            self.room -= 1;
            self.faults.push(diagnostic);
        }
    }

    /// Tells what is wrong at a node.
    pub(super) fn fault(&mut self, span: Span, invalid: Invalid) {
        self.tell(Diagnostic::invalid("invalid-input", span, invalid));
    }

    /// The text of a node, which is on one line and not empty.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        let Some(scalar) = node.as_scalar() else {
            self.tell(decode::wrong_kind(node, what, decode::Kind::String));
            return None;
        };
        match decode::line(&scalar.text) {
            Ok(text) if text.is_empty() || scalar.is_null() => {
                self.fault(node.span, Invalid::new(format!("{what} is empty")));
                None
            }
            Ok(text) => Some(text),
            Err(invalid) => {
                self.fault(
                    node.span,
                    Invalid { message: format!("in {what}: {}", invalid.message), help: None, ..invalid },
                );
                None
            }
        }
    }

    /// A key that the input chose, which is on one line.
    pub(super) fn key(&mut self, key: &Spanned<String>, what: &str) -> Option<String> {
        decode::line(&key.value)
            .map_err(|Invalid { message, .. }| self.fault(key.span, Invalid::new(format!("in {what}: {message}"))))
            .ok()
    }

    /// The text at a path below a node. Where it must be there, `advice` says how to get it.
    pub(super) fn need(&mut self, node: &Node, path: &[&str], whose: &str, advice: &str) -> Option<Spanned<String>> {
        match at(node, path).filter(|node| !is_nothing(node)) {
            Some(found) => {
                let text = self.text(found, &format!("`{}` of {whose}", path.join(".")))?;
                Some(Spanned::new(text, found.span))
            }
            None => {
                let start = Span { end: node.span.start, ..node.span };
                self.fault(start, Invalid::new(format!("{whose} has no `{}`", path.join("."))).help(advice));
                None
            }
        }
    }

    /// The text at a path below a node, if there is one.
    pub(super) fn find(&mut self, node: &Node, path: &[&str]) -> Option<String> {
        let found = at(node, path).filter(|node| !is_nothing(node))?;
        self.text(found, &format!("`{}`", path.join(".")))
    }

    /// A kernel release. One that KMM cannot work with is told of, and left out; what is no kernel's
    /// release at all is a fault.
    pub(super) fn release(&mut self, text: &str, span: Span) -> Option<Spanned<KernelRelease>> {
        if let Err(invalid) = KernelRelease::check_spelling(text) {
            self.fault(span, invalid);
            return None;
        }
        match KernelRelease::parse(text) {
            Ok(release) => Some(Spanned::new(release, span)),
            Err(Invalid { message, .. }) => {
                let warning = Diagnostic::warning("unusable-release", message).at(span, "");
                self.tell(warning.help("skipped: modules cannot be built or loaded for it"));
                None
            }
        }
    }

    /// Takes a release of a list for a fact.
    pub(super) fn list(&mut self, release: Spanned<KernelRelease>, architecture: Option<&'static str>) {
        self.facts.mentions.push(Mention {
            release,
            architecture,
            os: None,
            system: None,
            distribution: None,
            kind: MentionKind::List,
            origin: "text".into(),
        });
    }

    /// A Driver Toolkit image by digest; one without a digest is told of, since it cannot be pinned.
    pub(super) fn image(&mut self, text: &str, span: Span) -> Option<ImageRef> {
        match ImageRef::parse(text) {
            Ok(image) if image.digest().is_some() => Some(image),
            Ok(image) => {
                let message = format!("Driver Toolkit image `{image}` has no digest");
                let warning = Diagnostic::warning("unpinned-dtk", message).at(span, "");
                self.tell(warning.help("skipped: a tag can change without a change of the content hash"));
                None
            }
            Err(invalid) => {
                self.fault(span, invalid);
                None
            }
        }
    }
}

/// Returns the node at a path of keys.
pub(super) fn at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key).map(AsRef::as_ref))
}

/// Checks whether a value is null or an empty string.
pub(super) fn is_nothing(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar: &Scalar| scalar.is_null() || scalar.text.is_empty())
}

/// The name of a Kubernetes object, with its namespace before it.
pub(super) fn object_name(node: &Node, reading: &mut Reading<'_>) -> String {
    let name = reading.find(node, &["metadata", "name"]).unwrap_or_default();
    match reading.find(node, &["metadata", "namespace"]) {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    }
}
