//! Things that a cluster needs, with who uses them and for what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Object that has to be in the cluster.
#[derive(Debug, Serialize)]
pub struct Need {
    /// Name of the object.
    pub name: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Users of the object.
    pub uses: Vec<Use>,
}

/// Purpose of an object or a server, with the modules that have it.
#[derive(Debug, Serialize)]
pub struct Use {
    /// The purpose.
    pub purpose: String,
    /// Names of the modules.
    pub modules: Vec<String>,
}

/// Permission that someone with enough rights has to give.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// The namespace.
    pub namespace: String,
    /// The service account that gets it; `None` if the namespace does.
    pub service_account: Option<String>,
    /// The permission.
    pub needs: String,
    /// Reasons.
    pub purposes: Vec<&'static str>,
    /// Command that gives it.
    pub command: String,
    /// Page of KMM's documentation that requires it.
    pub source: &'static str,
}

/// Kind of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerKind {
    /// Registry of images.
    Registry,
    /// Server of git repositories.
    Git,
    /// Server of archives and other files.
    Download,
    /// Server of RPM or Debian packages.
    Packages,
}

/// Server that nodes or builds access.
#[derive(Debug, Serialize)]
pub struct Server {
    /// Name of the server, with a port if it is not the usual one; `None` if an image names it.
    pub host: Option<String>,
    /// Kind of the server.
    pub kind: ServerKind,
    /// Users of the server.
    pub uses: Vec<Use>,
}

/// Modules by purpose.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Objects by namespace and name.
#[derive(Default)]
pub(super) struct NeedMap(BTreeMap<(String, String), Uses>);

/// Servers by kind and host.
#[derive(Default)]
pub(super) struct ServerMap(BTreeMap<(ServerKind, Option<String>), Uses>);

impl NeedMap {
    pub(super) fn add(&mut self, namespace: &str, name: &str, purpose: impl Into<String>, module: &str) {
        let uses = self.0.entry((namespace.to_owned(), name.to_owned())).or_default();
        uses.entry(purpose.into()).or_default().insert(module.to_owned());
    }
}

impl ServerMap {
    pub(super) fn add(&mut self, kind: ServerKind, host: Option<&str>, purpose: impl Into<String>, module: &str) {
        let uses = self.0.entry((kind, host.map(str::to_owned))).or_default();
        uses.entry(purpose.into()).or_default().insert(module.to_owned());
    }
}

/// Sorts permissions, and joins the reasons for the same one.
pub(super) fn permissions(mut all: Vec<Permission>) -> Vec<Permission> {
    all.sort();
    let mut joined: Vec<Permission> = Vec::new();
    for permission in all {
        match joined.last_mut() {
            Some(last) if last.command == permission.command => last.purposes.extend(permission.purposes),
            _ => joined.push(permission),
        }
    }
    for permission in &mut joined {
        permission.purposes.dedup();
    }
    joined
}

/// Returns objects in the order of their names.
pub(super) fn needs(NeedMap(all): NeedMap) -> Vec<Need> {
    all.into_iter().map(|((namespace, name), uses)| Need { name, namespace, uses: of(uses) }).collect()
}

/// Returns servers in the order of their kinds and names.
pub(super) fn servers(ServerMap(all): ServerMap) -> Vec<Server> {
    all.into_iter().map(|((kind, host), uses)| Server { host, kind, uses: of(uses) }).collect()
}

fn of(uses: Uses) -> Vec<Use> {
    uses.into_iter().map(|(purpose, modules)| Use { purpose, modules: modules.into_iter().collect() }).collect()
}
