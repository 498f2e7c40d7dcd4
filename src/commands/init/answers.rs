//! Namespace and image: from the command line, from a person at a terminal, or by default.

use super::{NAMESPACE, told};
use crate::adapters::ui;
use crate::cli::InitArgs;
use crate::init::{Proposal, RepositoryFiles, Request};
use crate::manifest::image_repository;
use crate::vocabulary::{Invalid, Namespace};

/// Values that the command line has.
pub(super) struct Answers {
    namespace: Option<String>,
    image: Option<String>,
    /// Set if a person can be asked for the others.
    asks: bool,
}

impl Answers {
    pub(super) fn of(args: &InitArgs) -> anyhow::Result<Self> {
        let namespace = args.namespace.as_deref().map(namespace).transpose().map_err(|invalid| told(&invalid))?;
        let image = args.image.as_deref().map(image).transpose().map_err(|invalid| told(&invalid))?;
        let reads_nodes = args.nodes.as_deref() == Some("-");
        Ok(Self { namespace, image, asks: !reads_nodes && ui::can_ask() })
    }

    /// Puts the answers into the request, and proposes a manifest with them.
    pub(super) fn complete(self, request: &mut Request, files: &RepositoryFiles) -> Proposal {
        request.namespace = match self.namespace {
            Some(namespace) => namespace,
            None if self.asks => ask("namespace", NAMESPACE, namespace).unwrap_or_else(|| NAMESPACE.to_owned()),
            None => NAMESPACE.to_owned(),
        };
        request.image = self.image;
        let proposal = Proposal::new(request, files);
        if request.image.is_some() || !self.asks {
            return proposal;
        }
        request.image = ask("image", &proposal.image, image);
        if request.image.is_some() { Proposal::new(request, files) } else { proposal }
    }
}

fn namespace(text: &str) -> Result<String, Invalid> {
    Namespace::parse(text).map(|namespace| namespace.to_string())
}

fn image(text: &str) -> Result<String, Invalid> {
    image_repository(text).map(|image| image.to_string())
}

/// Asks until the answer is right; `None` for the default.
fn ask(what: &str, default: &str, parse: impl Fn(&str) -> Result<String, Invalid>) -> Option<String> {
    loop {
        let answer = ui::ask(&format!("{what} [{default}]: ")).filter(|answer| !answer.is_empty())?;
        match parse(&answer) {
            Ok(answer) => return Some(answer),
            Err(invalid) => ui::talk(&format!("{}\n", invalid.on_one_line())),
        }
    }
}
