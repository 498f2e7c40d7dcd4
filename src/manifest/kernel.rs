//! Target kernels, in the manifest and in files of their own.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use kmodgen_yaml::Node;

use super::api_version::{API_VERSION, check_api_version, other_version};
use super::base_images::{BASE_IMAGES, BaseImages, Builder};
use super::declare::declare;
use super::decode::{self, Fields, may_have};
use super::misplaced;
use super::named_image::NamedImage;
use super::node_count::{self, NODE_COUNT, NodeCount};
use super::schema::{Field, Record, Shape};
use crate::vocabulary::{
    ClusterName, Diagnostic, Diagnostics, ImageRef, InputFiles, KernelRelease, RelPath, SourceMap, Spanned,
    architecture, architecture_of, flavour_of, not_utf8, written_out,
};

declare! {
    /// One target kernel.
    #[derive(Debug, Clone)]
    pub struct Kernel: KERNEL, "a kernel" {
        required release: Spanned<KernelRelease> {
            takes: Shape::Text,
            says: "the kernel release, as `uname -r` prints it",
            advice: "write `release: …`, as `uname -r` prints it",
            decode: decode::noun("a kernel release", KernelRelease::parse),
        }
        optional dtk: Spanned<ImageRef> {
            takes: Shape::Text,
            says: "its Driver Toolkit image",
            decode: decode::placed(ImageRef::parse),
        }
        optional pin: bool {
            takes: Shape::Bool,
            says: "`false` to use the tag of `dtk` as it is, without a digest from [the lock](lock.md#images)",
            decode: decode::flag,
        }
        default base_images: BaseImages {
            key: "baseImages",
            takes: Shape::Record(&BASE_IMAGES),
            says: "its own base images",
            decode: |node, _, faults| BaseImages::read(node, faults),
        }
        default labels: BTreeMap<String, String> {
            takes: Shape::TextMap,
            says: "labels of your own, for conditions and templates",
            decode: |node, _, faults| Some(decode::labels(node, faults)),
        }
        optional nodes: Spanned<NodeCount> {
            takes: NODE_COUNT,
            says: "number of nodes that run it, in all clusters or in each; if it is above 0, mappings are only removed with `--allow-remove`",
            decode: node_count::decode,
        }
    }
}

declare! {
    /// File with kernels, in place of one.
    struct Reference: REFERENCE, "a file of kernels" {
        required file: Spanned<String> {
            takes: Shape::Text,
            says: "instead of all these: a file with `apiVersion` and `kernels`",
            decode: decode::placed(|text| Ok(text.to_owned())),
        }
    }
}

/// An item of the manifest's list.
pub(crate) static ITEM: Shape = Shape::Either(&[Shape::TextOr(&KERNEL), Shape::Record(&REFERENCE)]);

/// Schema of a file of kernels.
pub static KERNEL_FILE: Record = Record {
    name: "a kernel file",
    fields: &[
        Field { key: "apiVersion", takes: Shape::OneOf(&[API_VERSION]), says: "`kmodgen/v1`" },
        Field {
            key: "kernels",
            takes: Shape::List(&Shape::TextOr(&KERNEL)),
            says: "releases and kernels, as in the manifest",
        },
    ],
};

impl Kernel {
    /// Returns its Driver Toolkit image.
    pub fn toolkit(&self) -> Option<NamedImage> {
        let name = self.dtk.clone()?;
        Some(NamedImage { name, pin: self.pin.unwrap_or(true) })
    }

    /// Returns the tag of its Driver Toolkit whose digest the lock has; `None` if the image is used as it is written.
    pub(super) fn toolkit_tag(&self) -> Option<Spanned<ImageRef>> {
        // Most are by digest: those need no copy.
        self.dtk.as_ref().filter(|dtk| dtk.digest().is_none())?;
        self.toolkit()?.tag()
    }

    /// Returns the tag of a builder on the kernel whose digest the lock has; `None` if the image is used as it is written.
    pub fn builder_tag(&self, builder: &NamedImage<Builder>) -> Option<Spanned<ImageRef>> {
        match &builder.name.value {
            Builder::Dtk => self.toolkit_tag(),
            Builder::Image(text) if builder.pin && !text.contains('@') => {
                let image = ImageRef::parse(&written_out(text, self.release.normalised())).ok()?;
                Some(Spanned::new(image.by_tag()?, builder.name.span))
            }
            Builder::Image(_) => None,
        }
    }

    /// Returns the number of nodes that run it, if that is known.
    pub fn node_count(&self) -> Option<u64> {
        self.nodes.as_ref().map(|nodes| nodes.total())
    }

    /// Returns whether nodes are known to run it.
    pub fn is_in_use(&self) -> bool {
        self.node_count().is_some_and(|nodes| nodes > 0)
    }

    /// Returns the kernel with the number of a cluster's nodes; `None` if it is for other clusters only. A cluster that
    /// no kernel names has all kernels, and all nodes may be its own.
    pub(super) fn in_cluster(&self, cluster: &ClusterName, is_named: bool) -> Option<Self> {
        // The numbers of all clusters are not copied for each of them.
        let Self { release, dtk, pin, base_images, labels, nodes } = self;
        let nodes = match nodes {
            Some(Spanned { value: NodeCount::PerCluster(counts), span }) => {
                let count = if is_named { *counts.get(cluster)? } else { self.node_count()? };
                Some(Spanned::new(NodeCount::Total(count), *span))
            }
            total => total.clone(),
        };
        Some(Self {
            release: release.clone(),
            dtk: dtk.clone(),
            pin: *pin,
            base_images: base_images.clone(),
            labels: labels.clone(),
            nodes,
        })
    }

    /// The architecture, as `uname -m` prints it: that of its label `arch`, or the one that its
    /// release names.
    pub fn architecture(&self) -> Option<&'static str> {
        match self.labels.get("arch") {
            Some(label) => architecture(label),
            None => architecture_of(self.release.as_str()),
        }
    }

    /// The flavour: its label `flavour`, or what its release says.
    pub fn flavour(&self) -> String {
        self.labels.get("flavour").cloned().unwrap_or_else(|| flavour_of(self.release.as_str()))
    }
}

/// Reads `kernels` lists, and the files that they name: by paths from the folder that comes with a list, or else from the
/// manifest's, which they cannot leave then.
pub(super) fn decode_lists<'n>(
    lists: impl IntoIterator<Item = (Option<&'n str>, &'n Node)>,
    files: &dyn InputFiles,
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
) -> Vec<Kernel> {
    let mut kernels = Vec::new();
    for (folder, node) in lists {
        for item in decode::items(node, "`kernels`", faults) {
            match item.get("file") {
                Some(_) => decode_file((item, folder), files, sources, faults, &mut kernels),
                None => kernels.extend(decode_kernel(item, faults)),
            }
        }
    }
    refuse_repeats(&kernels, faults);
    kernels
}

fn decode_kernel(node: &Node, faults: &mut Diagnostics) -> Option<Kernel> {
    if node.as_scalar().is_some() {
        let release = decode::text(node, "a kernel release", faults, KernelRelease::parse)?;
        return Some(Kernel {
            release,
            dtk: None,
            pin: None,
            base_images: BaseImages::default(),
            labels: BTreeMap::new(),
            nodes: None,
        });
    }
    if let Some(pin) = node.get("pin").filter(|_| !may_have(node, &KERNEL, "dtk")) {
        faults.push(
            Diagnostic::error("pin", "`pin` has no `dtk` beside it")
                .at(pin.span, "")
                .help("remove it; for other images of the kernel write `baseImages: {runtime: IMAGE, pin: false}`"),
        );
    }
    Kernel::decode(node, faults)
}

fn decode_file(
    (item, folder): (&Node, Option<&str>),
    files: &dyn InputFiles,
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
    kernels: &mut Vec<Kernel>,
) {
    let Some(Reference { file }) = Reference::decode(item, faults) else { return };
    let parsed = match folder {
        None => RelPath::parse(&file.value),
        Some(folder) => RelPath::parse_input(folder, &file.value),
    };
    let file = match parsed {
        Ok(path) => Spanned::new(path, file.span),
        Err(invalid) => {
            faults.push(Diagnostic::invalid("invalid-value", file.span, invalid));
            return;
        }
    };
    let Some((node, may_have_variables)) = read_yaml(&file, files, sources, faults) else { return };
    let misplaced = if may_have_variables { misplaced::find(&node, &KERNEL_FILE) } else { vec![] };
    decode_document(&node, faults, kernels);
    faults.replace_effects(misplaced);
}

/// Adds the kernels of a file of kernels.
fn decode_document(node: &Node, faults: &mut Diagnostics, kernels: &mut Vec<Kernel>) {
    if let Some(fault) = other_version(node) {
        faults.push(fault);
        return;
    }
    let Some(mut fields) = Fields::open(&KERNEL_FILE, node, faults) else { return };
    check_api_version(&mut fields, faults);
    if let Some(list) = fields.need("kernels", "write `kernels:`, and below it one release on each line", faults) {
        let items = decode::items(list, "`kernels`", faults);
        kernels.reserve(items.len());
        kernels.extend(items.iter().filter_map(|item| decode_kernel(item, faults)));
    }
    fields.finish(faults);
}

/// The kernels of a file of kernels that is read by itself; where nothing is wrong with it, one for each
/// item of its list.
pub fn read_kernel_file(node: &Node, faults: &mut Diagnostics) -> Vec<Kernel> {
    let mut kernels = Vec::new();
    decode_document(node, faults, &mut kernels);
    refuse_repeats(&kernels, faults);
    kernels
}

fn read_yaml(
    path: &Spanned<RelPath>,
    files: &dyn InputFiles,
    sources: &mut SourceMap,
    faults: &mut Diagnostics,
) -> Option<(std::sync::Arc<Node>, bool)> {
    let bytes = match files.read(&path.value) {
        Ok(bytes) => bytes,
        Err(why) => {
            faults.push(unreadable(path, &why).help("paths are relative to the manifest's folder"));
            return None;
        }
    };
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            faults.push(unreadable(path, &not_utf8(&bytes, error.valid_up_to())).help("save the file as UTF-8"));
            return None;
        }
    };
    let source = sources.add(path.value.as_str(), text);
    match kmodgen_yaml::read(source, text) {
        Ok(Some(node)) => Some((node, text.contains("${"))),
        Ok(None) => {
            faults
                .push(unreadable(path, &"it is empty").help("write `kernels:`, and below it one release on each line"));
            None
        }
        Err(errors) => {
            faults.extend(errors);
            None
        }
    }
}

fn unreadable(path: &Spanned<RelPath>, why: &dyn Display) -> Diagnostic {
    Diagnostic::error("unreadable-file", format!("cannot read `{}`: {why}", path.value)).at(path.span, "")
}

/// Refuses kernels that nothing tells apart. One release may be that of several kernels, for several
/// architectures or distributions, each with labels of its own; which of them a module is for is its
/// `kernels` to say.
fn refuse_repeats(kernels: &[Kernel], faults: &mut Diagnostics) {
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(kernels.len());
    let mut further: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, kernel) in kernels.iter().enumerate() {
        let release = kernel.release.as_str();
        let Some(earliest) = first.get(release) else {
            first.insert(release, at);
            continue;
        };
        let others = further.entry(release).or_default();
        let same =
            std::iter::once(earliest).chain(others.iter()).find(|other| kernels[**other].labels == kernel.labels);
        if let Some(earlier) = same {
            faults.push(
                Diagnostic::error(
                    "repeated-kernel",
                    format!("kernel release `{}` is listed twice", kernel.release.value),
                )
                .at(kernel.release.span, "again here")
                .context(kernels[*earlier].release.span, "first here")
                .help("keep one of them, or distinguish them by `labels`, such as `arch`"),
            );
        }
        others.push(at);
    }
}
