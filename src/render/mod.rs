//! What is written: one function per kind of file, each from plain values to text.

mod code;
pub mod configmap;
pub mod dockerfile;
pub mod header;
pub mod kustomization;
pub mod module;
pub mod namespace;
pub mod preflight;
mod skeleton;
mod step;
