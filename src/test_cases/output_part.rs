//! Kinds of generated files.

use kmodgen_yaml::Node;

use crate::manifest::decode;
use crate::output::{CONFIG_MAP, DOCKERFILE, MODULE};
use crate::vocabulary::{Diagnostics, Invalid, quoted_list};

/// A kind of file that comes out of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputPart {
    /// A mapping's Dockerfile.
    Dockerfile,
    /// A mapping's ConfigMap.
    ConfigMap,
    /// A module's Module.
    Module,
}

impl OutputPart {
    pub(super) const ALL: [Self; 3] = [Self::Dockerfile, Self::ConfigMap, Self::Module];

    /// Parts that are compared with snapshots if a case does not name any: a ConfigMap has the bytes of
    /// its Dockerfile.
    pub(super) const USUAL: [Self; 2] = [Self::Dockerfile, Self::Module];

    /// Names in a case.
    pub(super) const WORDS: &'static [&'static str] = &["dockerfile", "configmap", "module"];

    /// The name of its file.
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::Dockerfile => DOCKERFILE,
            Self::ConfigMap => CONFIG_MAP,
            Self::Module => MODULE,
        }
    }

    /// Name in messages.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Dockerfile => "Dockerfile",
            Self::ConfigMap => "ConfigMap",
            Self::Module => "Module",
        }
    }

    pub(super) fn decode(node: &Node, faults: &mut Diagnostics) -> Option<Self> {
        let part = decode::text(node, "a kind of file", faults, |text| {
            let known = Self::WORDS.iter().zip(Self::ALL).find(|(word, _)| **word == text);
            known.map(|(_, part)| part).ok_or_else(|| {
                Invalid::new(format!("`{}` is not a kind of output file", text.escape_debug()))
                    .help(format!("write one of {}", quoted_list(Self::WORDS)))
            })
        })?;
        Some(part.value)
    }
}
