//! A case: which part of the manifest is tried, with which changes, and what has to come of it.

use std::sync::Arc;

use kmodgen_yaml::Node;

use super::assertion::{self, ASSERTION, Assertion, Claim};
use super::output_part::OutputPart;
use crate::manifest::decode::{self, Fields};
use crate::manifest::schema::{Field, Record, Shape};
use crate::manifest::{API_VERSION, KERNEL_ITEM, MANIFEST, Variation, check_api_version, other_version};
use crate::vocabulary::{ClusterName, Diagnostic, Diagnostics, Invalid, ModuleName, Pattern, SourceId, Span, Spanned};

/// The folder of cases, beside the manifest.
pub const CASES: &str = "tests";

/// Fields of a case.
pub static CASE: Record = Record {
    name: "a test case",
    fields: &[
        Field { key: "apiVersion", takes: Shape::OneOf(&[API_VERSION]), says: "`kmodgen/v1`" },
        Field { key: "modules", takes: Shape::List(&Shape::Text), says: "the modules; default: all" },
        Field { key: "cluster", takes: Shape::Text, says: "the cluster; default: all" },
        Field {
            key: "releases",
            takes: Shape::OneOrList(&Shape::Text),
            says: "kernels of the manifest: releases, or patterns that match a whole release",
        },
        Field {
            key: "kernels",
            takes: Shape::List(&KERNEL_ITEM),
            says: "kernels of the test case, as in the manifest; without `releases`, they replace those of the manifest",
        },
        Field {
            key: "set",
            takes: Shape::PartOf(&MANIFEST),
            says: "changes to the manifest: maps are merged, modules are matched by `name`, `~` removes a field, other values are replaced",
        },
        Field {
            key: "snapshot",
            takes: Shape::Either(&[Shape::Bool, Shape::OneOrList(&Shape::OneOf(OutputPart::WORDS))]),
            says: "the files that are compared with snapshots, or `false` for none; default: `[dockerfile, module]`",
        },
        Field { key: "expect", takes: Shape::List(&Shape::Record(&ASSERTION)), says: "more assertions" },
    ],
};

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name: its file's, without the ending. A folder of the snapshots has it, too.
    pub name: String,
    /// Place of the case's start.
    pub span: Span,
    /// The modules that it is about; all where empty.
    pub modules: Vec<Spanned<ModuleName>>,
    /// The cluster that it is about; all where absent.
    pub cluster: Option<Spanned<ClusterName>>,
    /// Its kernels, and what it changes.
    pub variation: Variation,
    /// Parts that are compared with snapshots.
    pub snapshot: Vec<OutputPart>,
    /// Further expectations.
    pub expect: Vec<Assertion>,
}

impl Case {
    /// The name of the case in a file; `None` where a file of that name is none. Names with a dot in
    /// front are those of editors' own files.
    pub fn name_of(file: &str) -> Option<&str> {
        let stem = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"))?;
        (!stem.starts_with('.')).then_some(stem)
    }

    /// Reads the text of a case.
    ///
    /// # Errors
    /// `None` where anything is wrong; `faults` then says what.
    pub fn read(name: &str, source: SourceId, text: &str, faults: &mut Diagnostics) -> Option<Self> {
        let top = Span::new(source, 0, 0);
        let mut own = Diagnostics::default();
        if let Err(invalid) = check_name(name) {
            own.push(Diagnostic::invalid("case-name", top, invalid));
        }
        let case = match kmodgen_yaml::read(source, text) {
            Ok(Some(node)) => decode_case(name, &node, &mut own),
            Ok(None) => {
                let help = format!("start with `apiVersion: {API_VERSION}`");
                own.push(Diagnostic::error("empty-case", "the test case is empty").at(top, "").help(help));
                None
            }
            Err(errors) => {
                own.extend(errors);
                None
            }
        };
        let fine = !own.has_errors();
        faults.extend(own.into_sorted());
        case.filter(|_| fine)
    }

    /// Checks whether the case expects the manifest to be refused.
    pub(super) fn expects_error(&self) -> bool {
        self.expect.iter().any(|assertion| matches!(assertion.claim, Claim::Error(_)))
    }
}

/// A name that is a folder, a word of a shell and of a report.
fn check_name(name: &str) -> Result<(), Invalid> {
    fn legal(c: char) -> bool {
        c.is_ascii_alphanumeric() || "._-".contains(c)
    }
    if name.is_empty() || name.starts_with('-') || !name.chars().all(legal) {
        return Err(Invalid::new(format!("`{}` is not the name of a test case", name.escape_debug()))
            .help("name the file with letters, digits, `.`, `_` and `-`"));
    }
    Ok(())
}

fn decode_case(name: &str, node: &Arc<Node>, faults: &mut Diagnostics) -> Option<Case> {
    if let Some(fault) = other_version(node) {
        faults.push(fault);
        return None;
    }
    let mut fields = Fields::open(&CASE, node, faults)?;
    check_api_version(&mut fields, faults);
    let modules = fields.take("modules", faults).map(|node| filled(node, "modules", faults)).unwrap_or_default();
    let modules = modules.iter().filter_map(|node| decode::text(node, "a module", faults, ModuleName::parse)).collect();
    let cluster = fields.take("cluster", faults);
    let cluster = cluster.and_then(|node| decode::text(node, "`cluster`", faults, ClusterName::parse));
    let releases = fields.take("releases", faults).map(|node| patterns(node, faults)).unwrap_or_default();
    let kernels = fields.take("kernels", faults).cloned();
    if let Some(kernels) = &kernels {
        filled(kernels, "kernels", faults);
    }
    let set = fields.take("set", faults).cloned();
    if let Some(set) = &set {
        decode::entries(set, "`set`", faults);
    }
    let snapshot = fields.take("snapshot", faults).map(|node| parts(node, faults));
    let expect = fields.take("expect", faults).map(|node| filled(node, "expect", faults)).unwrap_or_default();
    let expect: Vec<Assertion> = expect.iter().filter_map(|node| assertion::decode(node, faults)).collect();
    fields.finish(faults);
    let case = Case {
        name: name.to_owned(),
        span: node.span.at_start(),
        modules,
        cluster,
        variation: Variation { set, releases, kernels },
        snapshot: snapshot.clone().unwrap_or_else(|| OutputPart::USUAL.to_vec()),
        expect,
    };
    let is_false = node.get("snapshot").is_some_and(|snapshot| is_plain(snapshot, "false"));
    let holds_nothing = is_false && node.get("expect").is_none();
    check_whole(case, snapshot, holds_nothing, faults)
}

/// Checks rules between the fields of a case.
fn check_whole(
    mut case: Case,
    snapshot: Option<Vec<OutputPart>>,
    holds_nothing: bool,
    faults: &mut Diagnostics,
) -> Option<Case> {
    if case.expects_error() {
        let others = case.expect.iter().filter(|other| !matches!(other.claim, Claim::Error(_)));
        faults.extend(others.map(|other| {
            Diagnostic::error("nothing-comes-out", "a case that expects an error produces no output to check")
                .at(other.span, "")
                .help("write a separate case")
        }));
        if snapshot.is_some_and(|parts| !parts.is_empty()) {
            faults.push(
                Diagnostic::error("nothing-comes-out", "a case that expects an error produces no output for snapshots")
                    .at(case.span, "this case")
                    .help("remove `snapshot`"),
            );
        }
        case.snapshot = Vec::new();
    } else if holds_nothing {
        faults.push(
            Diagnostic::error("tests-nothing", "the case checks nothing")
                .at(case.span, "")
                .help("remove `snapshot: false`, or add `expect`"),
        );
    }
    Some(case)
}

/// The items of a list that must not be empty: an empty one says "none" where it means "all".
fn filled<'n>(node: &'n Node, key: &str, faults: &mut Diagnostics) -> &'n [Arc<Node>] {
    let items = decode::items(node, &format!("`{key}`"), faults);
    if items.is_empty() && node.as_sequence().is_some() {
        faults.push(
            Diagnostic::error("empty-list", format!("`{key}` is empty"))
                .at(node.span, "")
                .help("fill it, or remove it"),
        );
    }
    items
}

/// Checks whether a node is this word, without quotes.
fn is_plain(node: &Node, word: &str) -> bool {
    node.as_scalar().is_some_and(|scalar| scalar.plain && scalar.text == word)
}

/// One pattern, or a list of them.
fn patterns(node: &Arc<Node>, faults: &mut Diagnostics) -> Vec<Spanned<Pattern>> {
    let nodes = if node.as_scalar().is_some() { std::slice::from_ref(node) } else { filled(node, "releases", faults) };
    nodes.iter().filter_map(|node| decode::pattern(node, "a release or pattern", faults, Pattern::parse)).collect()
}

/// `true`, `false`, one kind of file, or a list of them.
fn parts(node: &Arc<Node>, faults: &mut Diagnostics) -> Vec<OutputPart> {
    if is_plain(node, "true") {
        return OutputPart::USUAL.to_vec();
    }
    if is_plain(node, "false") {
        return Vec::new();
    }
    let nodes = if node.as_scalar().is_some() { std::slice::from_ref(node) } else { filled(node, "snapshot", faults) };
    nodes.iter().filter_map(|node| OutputPart::decode(node, faults)).collect()
}
