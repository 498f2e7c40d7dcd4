//! Kubernetes objects as text: one function for each kind of file.

pub mod configmap;
pub mod kustomization;
mod metadata;
pub mod module;
pub mod namespace;
pub mod preflight;
