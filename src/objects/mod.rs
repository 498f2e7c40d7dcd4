//! Kubernetes objects that people have: in files, in folders with kustomizations, and as `oc get` prints them.
//!
//! [`Objects::read`] reads what it can and reports the rest as [`Problem`]s: a fault of one object hides no other one.
//! Every value keeps its place, and every field that no one asks for stays in the object's node.
//!
//! [`KernelMapper`] finds what KMM does with a Module on a kernel.

mod collection;
mod config_map;
mod fields;
mod folder;
mod input;
mod kernel_mapper;
mod kmm_module;
mod kustomization;
mod object;
mod problem;
mod read;
#[cfg(test)]
mod tests;

pub use collection::{Objects, SeparateDockerfile};
pub use config_map::{ConfigMap, DOCKERFILE_KEY, DataEntry};
pub use fields::json;
pub use input::{FolderStart, ObjectInput};
pub use kernel_mapper::{KernelMapper, Loading, Unresolvable};
pub use kmm_module::{KernelMapping, KmmModule, Spokes};
pub use kustomization::{Kustomization, KustomizeResource, ResourcePlace};
pub use object::{KubernetesObject, ObjectKind, Origin};
pub use problem::{Problem, ProblemKind};
