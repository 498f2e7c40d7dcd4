//! Import of Modules that people wrote: from objects to a manifest.
//!
//! [`adopt`] keeps every image as it is, so that KMM does the same for every kernel as before. [`convert`] makes fields
//! of a hand-written Dockerfile.

pub mod adopt;
pub mod convert;
